"""May this request come in? Size, then signature over the raw bytes, then a bounded parse.

Nothing that was not signed is parsed, and nothing of a request is ever written to a log: a
refusal is a status and nothing else.
"""

from __future__ import annotations

import hmac
import logging
import math
import re
import time
from binascii import a2b_qp
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import Any, Final

from aiohttp import StreamReader

from bot.channels.requests import Body, RefusedError, json_object, read_body
from bot.privacy import OWN

_WINDOW: Final = 300
"""Seconds by which the time of a request may differ from ours, either way."""

_LISTS: Final = ("actions", "authorizations", "response_urls")
_KINDS: Final[Mapping[str, tuple[type, ...]]] = {
    **dict.fromkeys(_LISTS, (list,)),
    **dict.fromkeys(
        ("type", "subtype", "command", "callback_id", "action_id", "block_id", "team_id",
         "user_id"),
        (str,),
    ),
    **dict.fromkeys(("user", "team", "channel", "enterprise", "bot"), (str, dict)),
    **dict.fromkeys(
        ("event", "view", "container", "message", "previous_message", "item", "assistant_thread",
         "function_data", "inputs"),
        (dict,),
    ),
}  # fmt: skip
"""Of which kinds the parts of a request are that the router or we read by name."""

_NEEDED: Final[Mapping[str, tuple[str, ...]]] = {
    "view_submission": ("view",),
    "view_closed": ("view",),
    "block_actions": ("actions",),
    "shortcut": ("callback_id",),
    "event_callback": ("event",),
}
"""Without which parts a request of a type means nothing."""

_LATELY: Final = 60.0
_BETWEEN_LINES: Final = 60.0
"""Seconds from one line in the log on the clock to the next."""

_TIMESTAMP: Final = re.compile(r"[0-9]{10}", re.ASCII)
_SIGNATURE: Final = re.compile(r"v0=[0-9a-f]{64}", re.ASCII)
_MAX_FIELDS: Final = 64


@dataclass(frozen=True, slots=True)
class Incoming:
    """A request that was signed: its fields, and how many seconds ago it was sent, about."""

    body: Body = field(repr=False)
    age: float = 0.0


class Door:
    """Looks at requests before anything else sees them."""

    def __init__(self, secrets: Sequence[str], clock: Callable[[], datetime]) -> None:
        """Take the accepted signing secrets and a clock of aware times."""
        self._secrets = [secret.encode() for secret in secrets]
        self._clock = clock
        self._shortest = (math.inf, math.inf)
        self._since = 0.0
        self._told = -math.inf

    async def read(
        self, headers: Mapping[str, str], content: StreamReader, declared: int | None
    ) -> Incoming:
        """Return the request if it may come in.

        Raises:
            RefusedError: 408 too slow, 415 packed, 413 too large, 401 not signed by Slack or too
                old, 400 not readable.

        """
        if "Content-Encoding" in headers:
            raise RefusedError(415)  # Slack packs nothing, and what is packed has no bounds
        raw = await read_body(content, declared)
        age = self._age(self.verify(headers, raw))
        return Incoming(parse(headers.get("Content-Type", ""), raw), age)

    def _age(self, sent: int) -> float:
        """Return how long ago a request was sent, about.

        The shortest way that a request took within the last minutes tells how our clock differs
        from Slack's; clocks are set now and then, so what is older does not count.
        """
        now = self._clock().timestamp()
        late = now - sent
        before, lately = self._shortest
        if abs(now - self._since) > _LATELY:
            before, lately, self._since = lately, late, now
        self._shortest = (before, min(lately, late))
        return late - min(self._shortest)

    def verify(self, headers: Mapping[str, str], raw: bytes) -> int:
        """Return when the request was sent, if Slack signed these bytes just now.

        Raises:
            RefusedError: 401.

        """
        stamp = headers.get("X-Slack-Request-Timestamp", "")
        signature = headers.get("X-Slack-Signature", "")
        if not _TIMESTAMP.fullmatch(stamp) or not _SIGNATURE.fullmatch(signature):
            raise RefusedError(401)
        signed = b"v0:" + stamp.encode() + b":" + raw
        # Every secret is tried, so that how long it takes tells nothing about which one fits.
        fits = [
            hmac.compare_digest(b"v0=" + hmac.digest(secret, signed, sha256).hex().encode(), mark)
            for mark in (signature.encode(),)
            for secret in self._secrets
        ]
        if not any(fits):
            raise RefusedError(401)
        off = self._clock().timestamp() - int(stamp)
        if abs(off) > _WINDOW:
            self._tell(off)
            raise RefusedError(401)
        return int(stamp)

    def _tell(self, off: float) -> None:
        """Tell an operator, now and then, why what Slack has signed is refused."""
        now = time.monotonic()
        if now >= self._told + _BETWEEN_LINES:
            self._told = now
            logging.getLogger(OWN).error(
                "a request that Slack has signed is refused: by this machine's clock it is %d"
                " seconds old; set the clock by NTP",
                off,
            )


def parse(content_type: str, raw: bytes) -> Body:
    """Return the fields of a signed request: JSON, a form, or JSON within a form.

    Raises:
        RefusedError: 400, the bytes are none of these.

    """
    try:
        if content_type.partition(";")[0].strip().lower() == "application/json":
            body = json_object(raw.decode())
        else:
            fields = _form(raw)
            if "payload" not in fields:
                return fields
            body = json_object(fields["payload"])
        _must_have_shape(body)
        _must_be_whole(body)
    except (ValueError, RecursionError):
        raise RefusedError(400) from None
    return body


def _must_be_whole(body: Body) -> None:
    """Look at whether a request has what it means nothing without.

    Raises:
        ValueError: something is missing.

    """
    needed = _NEEDED.get(str(body.get("type")), ())
    if any(not body.get(name) for name in needed):
        raise ValueError
    if "event" in needed and not body["event"].get("type"):
        raise ValueError
    if "view" in needed and "callback_id" not in body["view"]:
        raise ValueError
    if "actions" in needed and "action_id" not in body["actions"][0]:
        raise ValueError


def _must_have_shape(part: Body) -> None:
    """Look at whether what is read of a request by name is of the kind that Slack sends.

    Raises:
        ValueError: it is not.

    """
    for name, kinds in _KINDS.items():
        if not isinstance(part.get(name), (*kinds, type(None))):
            raise ValueError(name)  # noqa: TRY004 a bad request, not a mistake of ours
    for name in _LISTS:
        for one in part.get(name) or ():
            if not isinstance(one, dict):
                raise ValueError(name)  # noqa: TRY004
            _must_have_shape(one)
    for name in ("event", "message", "view"):
        if part.get(name) is not None:
            _must_have_shape(part[name])


def _form(raw: bytes) -> dict[str, Any]:
    """Return the fields of a form; where a name comes twice the last one counts.

    Raises:
        ValueError: too many fields, a broken escape, or bytes that are no UTF-8.

    """
    parts = raw.split(b"&", _MAX_FIELDS)
    if len(parts) > _MAX_FIELDS:
        raise ValueError
    pairs = [part.partition(b"=") for part in parts if part]
    return {_unquoted(name): _unquoted(value) for name, _, value in pairs}


def _unquoted(quoted: bytes) -> str:
    """Return a text without its escapes.

    The escapes of forms are those of quoted-printable with another sign; a form of Slack has a
    thousand of them, and the library reads those some twenty times as fast as ``urllib`` does.
    """
    spaced = quoted.replace(b"+", b" ")
    if escapes := spaced.count(b"%"):
        plainer = spaced.replace(b"=", b"%3D").replace(b"\r", b"%0D").replace(b"\n", b"%0A")
        printable = plainer.replace(b"%", b"=")
        spaced = a2b_qp(printable)
        if len(spaced) != len(printable) - 2 * printable.count(b"="):
            raise ValueError(f"one of {escapes} escapes is broken")
    return spaced.decode()
