"""With which keys does the Bot Framework sign its requests?

It publishes them, and changes them without notice. They are fetched without holding up anything
else, once for all who wait, and kept for a day. A key that is not known is looked for once a
minute at most, whoever asks; while nothing can be fetched, the known ones go on.
"""

from __future__ import annotations

import asyncio
import base64
import json
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

import aiohttp
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey, RSAPublicNumbers

from bot.channels.teams.connector import read_at_most
from bot.channels.teams.transport import UnauthorizedError, UnreachableError

_MAX_AGE: Final = 24 * 3600.0
_WITHIN: Final = 5.0
"""Seconds for both documents together."""

_PAUSE: Final = 60.0
_PAUSE_WITHOUT_KEYS: Final = 5.0
_LARGEST: Final = 512 * 1024
_SHORTEST_KEY: Final = 2048
_LONGEST_KEY: Final = 8192
_OK: Final = 200
_BASE64: Final = re.compile(r"[A-Za-z0-9_-]+", re.ASCII)
_LOOPBACK: Final = frozenset({"127.0.0.1", "::1", "localhost"})


@dataclass(frozen=True, slots=True)
class Key:
    """A key that signs, and the channels that may use it."""

    public_key: RSAPublicKey
    endorsements: frozenset[str]


class Keys:
    """The keys that the Bot Framework publishes, by their ids."""

    def __init__(
        self,
        metadata_url: str,
        session: aiohttp.ClientSession,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Take the address of the OpenID metadata, the shared session and a monotonic clock.

        Nothing is fetched that is not https, unless the metadata is on this machine by http.
        """
        self._metadata_url = metadata_url
        self._session = session
        self._clock = clock
        self._local = _is_local(metadata_url)
        self._keys: Mapping[str, Key] = {}
        self._fresh_until = 0.0
        self._closed_until = clock()
        self._flight: asyncio.Task[None] | None = None

    async def get(self, key_id: str) -> Key:
        """Return a key.

        Raises:
            UnauthorizedError: there is no such key.
            UnreachableError: no key is known at all, since none could be fetched.

        """
        now = self._clock()
        if (known := self._keys.get(key_id)) is not None and now < self._fresh_until:
            return known
        if self._flight is None and now >= self._closed_until:
            self._flight = asyncio.create_task(self._refresh())
        if self._flight is not None:
            # Waiting in this way, nobody who gives up ends it for the others.
            await asyncio.wait({self._flight})
        if not self._keys:
            raise UnreachableError("no_keys")
        if (known := self._keys.get(key_id)) is None:
            raise UnauthorizedError("key")
        return known

    async def _refresh(self) -> None:
        """Fetch the keys if that can be done, and say when it may be done again."""
        had_some = bool(self._keys)
        try:
            fetched = await self._fetch()
        finally:
            self._flight = None
        now = self._clock()
        if fetched:
            self._keys = fetched
            self._fresh_until = now + _MAX_AGE
        # After the first time a key may already have changed; a pause is for those who guess.
        pause = _PAUSE if had_some else 0.0 if fetched else _PAUSE_WITHOUT_KEYS
        self._closed_until = now + pause

    async def _fetch(self) -> Mapping[str, Key]:
        try:
            async with asyncio.timeout(_WITHIN):
                metadata = await self._document(self._metadata_url)
                found = await self._document(metadata["jwks_uri"])
            return dict(filter(None, map(_key, found["keys"])))
        except (aiohttp.ClientError, OSError, ValueError, TypeError, KeyError, RuntimeError):
            return {}  # RuntimeError: nested without end, or the session is closed by now

    async def _document(self, address: Any) -> Any:
        if not isinstance(address, str):
            raise TypeError
        if not (_is_https(address) or (self._local and _is_local(address))):
            raise ValueError
        async with self._session.get(address, allow_redirects=False) as answer:
            body = await read_at_most(answer, _LARGEST)
            if answer.status != _OK or body is None:
                raise ValueError
        return json.loads(body)


def _is_https(address: str) -> bool:
    parts = urlsplit(address)
    return parts.scheme == "https" and bool(parts.hostname) and "@" not in parts.netloc


def _is_local(address: str) -> bool:
    parts = urlsplit(address)
    return parts.scheme == "http" and parts.hostname in _LOOPBACK and "@" not in parts.netloc


def _key(written: Any) -> tuple[str, Key] | None:
    """Return a key and its id, if it is an RSA key that may verify what RS256 signed."""
    if (
        not isinstance(written, dict)
        or written.get("kty") != "RSA"
        or written.get("use", "sig") != "sig"
        or written.get("alg", "RS256") != "RS256"
        or written.get("key_ops", ["verify"]) != ["verify"]
    ):
        return None
    key_id, endorsements = written.get("kid"), written.get("endorsements")
    if not isinstance(key_id, str) or not key_id:
        return None
    try:
        numbers = RSAPublicNumbers(_number(written.get("e")), _number(written.get("n")))
        if not _SHORTEST_KEY <= numbers.n.bit_length() <= _LONGEST_KEY:
            return None
        public_key = numbers.public_key()
    except ValueError:
        return None
    named = endorsements if isinstance(endorsements, list) else []
    return key_id, Key(public_key, frozenset(name for name in named if isinstance(name, str)))


def _number(text: Any) -> int:
    if not isinstance(text, str) or not _BASE64.fullmatch(text):
        raise ValueError
    return int.from_bytes(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
