"""How does a place travel through a chat platform? Locked into a capsule, for one person.

A capsule is ``1`` and URL-safe text of a nonce of 12 bytes and the place under AES-256-GCM. It is
bound to the platform, the tenant, the person and the surface that it was made for, so copied
elsewhere it does not open; after 24 hours it is dead. What is inside is written by
``guidance.short``.
"""

from __future__ import annotations

import os
import struct
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from bot.guidance.model import Guidance
from bot.guidance.short import Shorthand
from bot.guidance.words import Lang

KEY_SIZE: Final = 32
MAX_LENGTH: Final = 400
LIFE: Final = timedelta(hours=24)

_FORM: Final = "1"
_NONCE: Final = 12
_TAG: Final = 16
_HEAD: Final = struct.Struct(">I4sB")
_AGE: Final = struct.Struct(">I")
_LONGEST: Final = 2_900
"""Letters of what a form of the desk holds: Slack takes 3,000 beside a form."""

_SKEW_MINUTES: Final = 5
_FRENCH: Final = 1
_ASKING: Final = 2
_CAME_FROM: Final = 4
_BESIDE: Final = 64
"""Bytes enough for an id of 40 letters, or for the name of a page."""


class Surface(StrEnum):
    """Where on a platform a capsule may be used."""

    MODAL = "modal"
    MESSAGE = "message"
    HOME = "home"
    DESK = "desk"
    PINS = "pins"


@dataclass(frozen=True, slots=True)
class Bearer:
    """For whom and for where a capsule is made; all of it from the verified envelope."""

    platform: str
    tenant: str
    user: str
    surface: Surface


@dataclass(frozen=True, slots=True)
class Spot:
    """What a capsule holds: where the person is, and in which language.

    ``version`` is the guidance's version under which it was sealed, by its first eight digits.
    """

    place: str
    lang: Lang
    asking: str | None = None
    came_from: str | None = None
    version: str = ""


class NotOpenedError(Exception):
    """A capsule cannot be used; the person gets a friendly restart."""


class ExpiredError(NotOpenedError):
    """The capsule is genuine and more than 24 hours old."""


class Seal:
    """Locks spots of the guidance into capsules and opens them again."""

    def __init__(
        self, keys: Sequence[bytes], guidance: Guidance, clock: Callable[[], datetime]
    ) -> None:
        """Take the keys, the first of which seals while all of them open, and the clock."""
        self._lock = _Lock(keys)
        self._clock = clock
        self.follow(guidance)

    def follow(self, guidance: Guidance) -> None:
        """Lock for another guidance from now on; what was locked before is opened all the same."""
        self._shorthand = Shorthand(guidance)
        self._version = bytes.fromhex(guidance.version[:8])

    def lock(self, spot: Spot, bearer: Bearer) -> str:
        """Return the capsule of ``spot`` for ``bearer``."""
        flags = _FRENCH if spot.lang == "fr" else 0
        body = self._shorthand.shorten(spot.place)
        if spot.asking is not None:
            flags |= _ASKING
            asking = spot.asking.encode()
            body += bytes((len(asking),)) + asking
        if spot.came_from is not None:
            flags |= _CAME_FROM
            body += self._shorthand.shorten(spot.came_from)
        plain = _HEAD.pack(_minute(self._clock()), self._version, flags) + body
        return self._lock.lock(plain, bearer)

    def open(self, capsule: str, bearer: Bearer) -> Spot:
        """Return what is locked in ``capsule``.

        Raises:
            ExpiredError: it is more than 24 hours old.
            NotOpenedError: it was made for somebody or somewhere else, or is no capsule.

        """
        plain = self._lock.open(capsule, bearer, MAX_LENGTH)
        if len(plain) < _HEAD.size:
            raise NotOpenedError
        minute, version, flags = _HEAD.unpack_from(plain)
        _must_be_young(minute, self._clock())
        try:
            return self._spot(plain[_HEAD.size :], flags, version.hex())
        except (ValueError, IndexError):
            raise NotOpenedError from None

    def _spot(self, body: bytes, flags: int, version: str) -> Spot:
        place, rest = self._shorthand.lengthen(body)
        asking = came_from = None
        if flags & _ASKING:
            asking, rest = rest[1 : 1 + rest[0]].decode(), rest[1 + rest[0] :]
        if flags & _CAME_FROM:
            came_from, rest = self._shorthand.lengthen(rest)
        return Spot(place, "fr" if flags & _FRENCH else "en", asking, came_from, version)


class Envelope:
    """Locks what a form must know of itself, for one person and for a day."""

    def __init__(self, keys: Sequence[bytes], clock: Callable[[], datetime]) -> None:
        """Take the keys, the first of which seals while all of them open, and the clock."""
        self._lock = _Lock(keys)
        self._clock = clock

    def lock(self, text: str, bearer: Bearer) -> str:
        """Return a text locked for ``bearer``."""
        return self._lock.lock(_AGE.pack(_minute(self._clock())) + text.encode(), bearer)

    def open(self, sealed: str, bearer: Bearer) -> str:
        """Return the text.

        Raises:
            ExpiredError: it is more than 24 hours old.
            NotOpenedError: it was made for somebody or somewhere else, or is none.

        """
        plain = self._lock.open(sealed, bearer, _LONGEST)
        if len(plain) < _AGE.size:
            raise NotOpenedError
        (minute,) = _AGE.unpack_from(plain)
        _must_be_young(minute, self._clock())
        return plain[_AGE.size :].decode()


class _Lock:
    """Locks bytes for a bearer."""

    def __init__(self, keys: Sequence[bytes]) -> None:
        self._keys = [AESGCM(key) for key in keys]

    def lock(self, plain: bytes, bearer: Bearer) -> str:
        nonce = os.urandom(_NONCE)
        sealed = self._keys[0].encrypt(nonce, plain, _bound(bearer))
        return _FORM + urlsafe_b64encode(nonce + sealed).rstrip(b"=").decode()

    def open(self, capsule: str, bearer: Bearer, longest: int) -> bytes:
        raw, bound = _bytes_of(capsule, longest), _bound(bearer)
        if len(raw) < _NONCE + _TAG:
            raise NotOpenedError
        for key in self._keys:
            try:
                return key.decrypt(raw[:_NONCE], raw[_NONCE:], bound)
            except InvalidTag:
                continue
        raise NotOpenedError


def _must_be_young(minute: int, now: datetime) -> None:
    age = _minute(now) - minute
    if age >= LIFE // timedelta(minutes=1):
        raise ExpiredError
    if age < -_SKEW_MINUTES:
        raise NotOpenedError


def capsule_length(size: int) -> int:
    """Return the most characters of a capsule for a walk that takes ``size`` bytes.

    Beside the walk it may name a question that is asked again, or the page that was opened.
    """
    raw = _NONCE + _HEAD.size + size + _BESIDE + _TAG
    return len(_FORM) + -(-raw * 4 // 3)


def new_key() -> bytes:
    """Return a fresh key."""
    return os.urandom(KEY_SIZE)


def _bytes_of(capsule: str, longest: int) -> bytes:
    if not len(_FORM) < len(capsule) <= longest or not capsule.startswith(_FORM):
        raise NotOpenedError
    try:
        text = capsule.removeprefix(_FORM).encode("ascii")
        raw = urlsafe_b64decode(text + b"=" * (-len(text) % 4))
    except ValueError:
        raise NotOpenedError from None
    if urlsafe_b64encode(raw).rstrip(b"=") != text:
        # The spare bits of the last letter must be zero, so that a capsule has one spelling only.
        raise NotOpenedError
    return raw


def _bound(bearer: Bearer) -> bytes:
    """Return the bearer as bytes that no other bearer has."""
    parts = (bearer.platform, bearer.tenant, bearer.user, bearer.surface)
    encoded = [part.encode() for part in parts]
    return b"".join([struct.pack(">H", len(part)) + part for part in encoded])


def _minute(moment: datetime) -> int:
    return int(moment.timestamp()) // 60
