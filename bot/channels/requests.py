"""How is the body of a request read? Within bounds of time, size and depth, or not at all."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Sequence
from typing import Any, Final, NoReturn

from aiohttp import StreamReader, web
from aiohttp.http import HttpProcessingError

MAX_BODY: Final = 256 * 1024
MAX_DEPTH: Final = 32
_SLOWEST: Final = 5.0
"""Seconds within which a body must have come; Slack itself waits for three."""

_HALF: Final = re.compile("[\ud800-\udfff]")
"""Half of a character: JSON can name it, and no bytes can."""

_LOST: Final = "\N{REPLACEMENT CHARACTER}"

Body = dict[str, Any]


class RefusedError(Exception):
    """A request may not come in; ``status`` is all that its sender learns."""

    def __init__(self, status: int) -> None:
        self.status = status
        super().__init__(str(status))


async def read_body(content: StreamReader, declared: int | None) -> bytes:
    """Return the bytes of a body.

    Raises:
        RefusedError: 413 too large, 408 too slow, 400 broken off.

    """
    try:
        async with asyncio.timeout(_SLOWEST):
            return await _read_bounded(content, declared)
    except TimeoutError:
        raise RefusedError(408) from None


async def _read_bounded(content: StreamReader, declared: int | None) -> bytes:
    if declared is not None and declared > MAX_BODY:
        raise RefusedError(413)
    raw = bytearray()
    try:
        async for chunk in content.iter_any():
            raw += chunk
            if len(raw) > MAX_BODY:
                raise RefusedError(413)
    except (HttpProcessingError, web.RequestPayloadError, ConnectionError):
        raise RefusedError(400) from None
    return bytes(raw)


def _each_once(pairs: Sequence[tuple[str, Any]]) -> Body:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError
    return found


def _no_number(_: str) -> NoReturn:
    raise ValueError


def json_object(text: str) -> Body:
    """Return the object that ``text`` holds.

    Whatever another reader of JSON could take in another way is refused. Half a character, which
    some keyboards leave of an emoji, becomes the sign for what is lost.

    Raises:
        ValueError: it is no object, nested too deep, has a name twice, or a number that is none.

    """
    found = json.loads(text, object_pairs_hook=_each_once, parse_constant=_no_number)
    if not isinstance(found, dict):
        raise ValueError  # noqa: TRY004 a bad request, not a mistake of ours
    # What reads a request later may go through it by recursion.
    level: list[Any] = [found]
    for _ in range(MAX_DEPTH):
        level = [
            inner
            for outer in level
            for inner in (outer.values() if type(outer) is dict else outer)
            if type(inner) is dict or type(inner) is list
        ]
        if not level:
            return _whole(found) if "\\ud" in text or "\\uD" in text else found
    raise ValueError


def _whole(value: Any) -> Any:
    """Return the same, with whole characters only."""
    if isinstance(value, str):
        return _HALF.sub(_LOST, value)
    if isinstance(value, list):
        return [_whole(one) for one in value]
    if isinstance(value, dict):
        return {_whole(name): _whole(one) for name, one in value.items()}
    return value
