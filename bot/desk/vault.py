"""How are the words of a case locked? Under a key of its own, which is wrapped by an operator's.

To destroy the key of a case is to destroy its words, wherever a copy of them may lie. Whoever has
the database alone can open nothing, and can look nobody up: names are digests under the same keys.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256, Hash
from cryptography.hazmat.primitives.hmac import HMAC
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

_KEY: Final = 32
_NONCE: Final = 12
_ID: Final = 8
_HALVES: Final = "surrogatepass"
"""A platform may send half of a character, in a name too; it is kept as what it is."""


class NotLockedHereError(Exception):
    """Something cannot be opened: it was changed, moved, or its key is not among ours."""


@dataclass(frozen=True, slots=True)
class Wrapped:
    """The key of a case as it is kept: locked under one of the operator's keys, which it names."""

    key_id: bytes
    sealed: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Digest:
    """A name that can be compared and not read, under the key that it names."""

    key_id: bytes
    value: bytes


class CaseKey:
    """The key of one case, while it is in use."""

    __slots__ = ("_aead", "_number")

    def __init__(self, number: str, raw: bytes) -> None:
        self._number = number
        self._aead = AESGCM(raw)

    def lock(self, name: str, text: str) -> bytes:
        """Return a text locked as the part ``name`` of this case and of no other."""
        nonce = os.urandom(_NONCE)
        return nonce + self._aead.encrypt(nonce, text.encode(errors=_HALVES), self._bound(name))

    def open(self, name: str, sealed: bytes) -> str:
        """Return the text of a part.

        Raises:
            NotLockedHereError: it was changed, or belongs to another part or case.

        """
        try:
            plain = self._aead.decrypt(sealed[:_NONCE], sealed[_NONCE:], self._bound(name))
        except (InvalidTag, ValueError):
            raise NotLockedHereError from None
        return plain.decode(errors=_HALVES)

    def _bound(self, name: str) -> bytes:
        return f"{self._number} {name}".encode()


@dataclass(frozen=True, slots=True)
class _Wrapper:
    ident: bytes
    aead: AESGCM = field(repr=False)
    names: bytes = field(repr=False)


class Vault:
    """Makes, wraps and opens the keys of cases; the first of the operator's keys wraps."""

    def __init__(self, keys: Sequence[bytes]) -> None:
        """Take the keys of CAIRN_CASE_KEYS, of 32 bytes each; at least one."""
        if not keys:
            raise ValueError("without a key nothing can be locked")
        self._wrappers = {(one := _wrapper(key)).ident: one for key in keys}
        self._first = next(iter(self._wrappers.values()))

    @property
    def key_id(self) -> bytes:
        """The name of the key that wraps now; it tells nothing of the key."""
        return self._first.ident

    @property
    def key_ids(self) -> frozenset[bytes]:
        """The names of all keys that open."""
        return frozenset(self._wrappers)

    def new(self, number: str) -> tuple[CaseKey, Wrapped]:
        """Return a fresh key for a case, and the same key as it is kept."""
        raw = os.urandom(_KEY)
        return CaseKey(number, raw), self._wrap(number, raw)

    def open(self, number: str, wrapped: Wrapped) -> CaseKey:
        """Return the key of a case.

        Raises:
            NotLockedHereError: none of the operator's keys opens it.

        """
        return CaseKey(number, self._unwrap(number, wrapped))

    def rewrap(self, number: str, wrapped: Wrapped) -> Wrapped:
        """Return the same key wrapped by the first of the operator's keys."""
        return self._wrap(number, self._unwrap(number, wrapped))

    def digest(self, ident: str, key_id: bytes | None = None) -> Digest:
        """Return a name as a digest under one of the operator's keys, the first by default."""
        wrapper = self._first if key_id is None else self._wrappers[key_id]
        mac = HMAC(wrapper.names, SHA256())
        mac.update(ident.encode())
        return Digest(wrapper.ident, mac.finalize())

    def digests(self, ident: str) -> list[bytes]:
        """Return a name under each of the operator's keys, to look somebody up."""
        return [self.digest(ident, key_id).value for key_id in self._wrappers]

    def _wrap(self, number: str, raw: bytes) -> Wrapped:
        nonce = os.urandom(_NONCE)
        sealed = self._first.aead.encrypt(nonce, raw, _bound(number))
        return Wrapped(self._first.ident, nonce + sealed)

    def _unwrap(self, number: str, wrapped: Wrapped) -> bytes:
        wrapper = self._wrappers.get(wrapped.key_id)
        if wrapper is None:
            raise NotLockedHereError
        sealed = wrapped.sealed
        try:
            return wrapper.aead.decrypt(sealed[:_NONCE], sealed[_NONCE:], _bound(number))
        except (InvalidTag, ValueError):
            raise NotLockedHereError from None


def _wrapper(key: bytes) -> _Wrapper:
    told = Hash(SHA256())
    told.update(b"cairn case key" + key)
    return _Wrapper(told.finalize()[:_ID], AESGCM(_derived(key, b"wrap")), _derived(key, b"names"))


def _derived(key: bytes, purpose: bytes) -> bytes:
    return HKDF(SHA256(), length=_KEY, salt=None, info=b"cairn case " + purpose).derive(key)


def _bound(number: str) -> bytes:
    return f"{number} key".encode()
