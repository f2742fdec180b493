"""How is a request sent to the service of Teams, and never to another host?

An address comes with each activity. Before anything is sent there it is held against the hosts
that the operator allows, and the token goes to those by https only. Each call is one attempt;
patience lives elsewhere.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

import aiohttp
from yarl import URL

from bot.channels.sessions import is_named
from bot.channels.teams.transport import (
    BlockedError,
    ForeignHostError,
    GoneError,
    LimitedError,
    TooLargeError,
    TransportError,
    UnreachableError,
)

if TYPE_CHECKING:
    from bot.channels.teams.tokens import TokenSource

_WITHIN: Final = aiohttp.ClientTimeout(total=10)
_LARGEST_ANSWER: Final = 256 * 1024
"""Bytes: two hundred people as the service tells of them take about half of it."""

_LONGEST_WAIT: Final = 60.0
_LONGEST_ADDRESS: Final = 512
_ADDRESS: Final = re.compile(
    r"(?P<scheme>https?)://"
    r"(?P<host>[a-z0-9.-]{1,253})"
    r"(?::(?P<port>[1-9][0-9]{0,4}))?"
    r"(?:/(?!\.{1,2}(?:/|\Z))[A-Za-z0-9._~-]+)*/?",
    re.ASCII,
)
_NAME: Final = re.compile(
    r"(?:(?!xn--)[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}", re.ASCII
)
"""A host by its name: no number, no trailing dot, no letters that look like others."""

_LOOPBACK: Final = frozenset({"127.0.0.1", "localhost"})
_UP: Final = frozenset({"", ".", ".."})
"""Parts of a path that would lead to another one."""

_CODE: Final = re.compile(r"[A-Za-z]{1,40}", re.ASCII)
"""What a code of the service looks like. It holds no digit, so it can be no id."""

_SECONDS: Final = re.compile(r"[0-9]{1,6}(?:\.[0-9]{1,6})?", re.ASCII)
_UNAUTHORIZED: Final = 401
_FORBIDDEN: Final = 403
_NOT_FOUND: Final = 404
_PRECONDITION: Final = 412
_TOO_LARGE: Final = 413
_LIMITED: Final = 429


def may_send_to(address: str, hosts: frozenset[str]) -> bool:
    """Whether anything may be sent to a service address.

    ``hosts`` holds names (``smba.trafficmanager.net``), everything below a name
    (``*.botframework.com``), and for trying on this machine ``127.0.0.1`` or ``localhost``, with
    or without a port. Names are reached by https on its usual port, this machine by http.
    """
    parts = _ADDRESS.fullmatch(address) if len(address) <= _LONGEST_ADDRESS else None
    if parts is None:
        return False
    host, port = parts["host"], parts["port"]
    if parts["scheme"] == "http":
        return host in _LOOPBACK and (host in hosts or f"{host}:{port or 80}" in hosts)
    if port not in (None, "443") or not _NAME.fullmatch(host):
        return False
    return is_named(host, hosts)


async def read_at_most(answer: aiohttp.ClientResponse, limit: int) -> bytes | None:
    """Return the body of an answer, or nothing where it is longer than ``limit`` bytes."""
    body = bytearray()
    async for part in answer.content.iter_chunked(limit):
        body += part
        if len(body) > limit:
            return None
    return bytes(body)


@dataclass(frozen=True, slots=True)
class _Answer:
    status: int
    retry_after: str | None
    body: bytes | None
    """Nothing where it was too long."""


class Connector:
    """Sends one request at a time to the service that a chat belongs to."""

    def __init__(
        self,
        session: aiohttp.ClientSession,
        hosts: frozenset[str],
        tokens: TokenSource | None,
        failed: Callable[[str], None] | None = None,
    ) -> None:
        """Take the shared session, what ``may_send_to`` may allow, and the source of tokens.

        Without ``tokens`` no request carries one, as on this machine. ``failed`` is told the code
        of each call that was not done.
        """
        self._session = session
        self._hosts = hosts
        self._tokens = tokens
        self._failed = failed

    async def call(
        self,
        method: str,
        service_url: str,
        path: Sequence[str],
        body: Mapping[str, Any] | None = None,
        query: str = "",
    ) -> Mapping[str, Any]:
        """Send a request, and return the object that is answered: empty where there is no body.

        ``path`` holds the parts of the path as they are. After a 401 one more attempt is made, if
        there is another token to make it with.

        Raises:
            ForeignHostError: the address is not allowed, or a part of the path is none.
            TransportError: and each of the others, as ``transport`` lists them.

        """
        try:
            return await self._called(method, service_url, path, body, query)
        except TransportError as error:
            if self._failed is not None:
                self._failed(error.code)
            raise

    async def _called(
        self,
        method: str,
        service_url: str,
        path: Sequence[str],
        body: Mapping[str, Any] | None,
        query: str,
    ) -> Mapping[str, Any]:
        address = self._address(service_url, path, query)
        data = None if body is None else _encoded(body)
        tokens = self._tokens if address.scheme == "https" else None
        token = await tokens.get() if tokens else None
        answer = await self._once(method, address, data, token)
        if answer.status == _UNAUTHORIZED and tokens and token:
            tokens.forget(token)
            another = await tokens.get()
            if another != token:
                answer = await self._once(method, address, data, another)
        return _read(answer)

    def _address(self, service_url: str, path: Sequence[str], query: str) -> URL:
        if not may_send_to(service_url, self._hosts) or not _UP.isdisjoint(path):
            raise ForeignHostError("foreign_address")
        try:
            whole = "/".join([service_url.rstrip("/"), *(quote(part, safe="") for part in path)])
            return URL(f"{whole}?{query}" if query else whole, encoded=True)
        except ValueError:  # it holds the id
            raise ForeignHostError("foreign_address") from None

    async def _once(
        self, method: str, address: URL, data: bytes | None, token: str | None
    ) -> _Answer:
        headers = {"Accept": "application/json"}
        if data is not None:
            headers["Content-Type"] = "application/json; charset=utf-8"
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        try:
            async with self._session.request(
                method, address, data=data, headers=headers, allow_redirects=False, timeout=_WITHIN
            ) as answer:
                body = await read_at_most(answer, _LARGEST_ANSWER)
                return _Answer(answer.status, answer.headers.get("Retry-After"), body)
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError):
            raise UnreachableError("unreachable") from None


def _encoded(body: Mapping[str, Any]) -> bytes:
    try:
        return json.dumps(body, ensure_ascii=False, allow_nan=False).encode()
    except ValueError:  # it holds the words
        raise TransportError("not_text") from None


def _read(answer: _Answer) -> Mapping[str, Any]:
    """Return the object of an answer, or raise what it means."""
    found = _object(answer.body)
    if answer.status // 100 != 2:  # noqa: PLR2004 the class of all that went well
        raise _told(answer, _code(found))
    if found is None:
        raise UnreachableError("unreadable")
    return found


def _told(answer: _Answer, code: str | None) -> TransportError:
    status = answer.status
    if status == _LIMITED:
        return LimitedError(_seconds(answer.retry_after))
    if status == _TOO_LARGE or code == "MessageSizeTooBig":
        return TooLargeError("too_large")
    if status == _UNAUTHORIZED:
        return TransportError("unauthorized_outbound")
    if status == _FORBIDDEN:
        return BlockedError(code or "blocked")
    if status == _NOT_FOUND:
        return GoneError(code or "gone")
    if status == _PRECONDITION or status // 100 != 4:  # noqa: PLR2004 what is not our mistake
        return UnreachableError(f"status_{status}")
    return TransportError(code or f"status_{status}")


def _object(body: bytes | None) -> Mapping[str, Any] | None:
    if body is None:
        return None
    try:
        found = json.loads(body) if body.strip() else {}
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _code(answer: Mapping[str, Any] | None) -> str | None:
    error = answer.get("error") if answer else None
    code = error.get("code") if isinstance(error, dict) else None
    return code if isinstance(code, str) and _CODE.fullmatch(code) else None


def _seconds(text: str | None) -> float:
    """Return the seconds of a Retry-After header: one where it says nothing that can be read."""
    said = float(text) if text and _SECONDS.fullmatch(text.strip()) else 1.0
    return min(max(said, 1.0), _LONGEST_WAIT)
