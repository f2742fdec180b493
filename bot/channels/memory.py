"""Where were we, when a person types “yes”? The last capsule of a conversation, for 30 minutes.

In memory only, bounded, and under a name from which nobody can be read; what is kept is locked.
The language of a person's profile is remembered in the same way, so that it is not asked for at
each press.
"""

from __future__ import annotations

import os
from collections import OrderedDict
from collections.abc import Callable
from hashlib import blake2b
from typing import Final, Generic, TypeVar

LIFE_SECONDS: Final = 30 * 60.0
_MOST: Final = 20_000

_Kept = TypeVar("_Kept")


class Memory(Generic[_Kept]):
    """Keeps one thing a name for half an hour, and the newest 20,000 at most."""

    def __init__(self, clock: Callable[[], float]) -> None:
        """Take a monotonic clock in seconds."""
        self._clock = clock
        self._secret = os.urandom(16)
        self._kept: OrderedDict[bytes, tuple[float, _Kept]] = OrderedDict()

    def keep(self, name: tuple[str, ...], kept: _Kept) -> None:
        """Keep a thing in place of what was kept under that name."""
        key = self._key(name)
        self._kept.pop(key, None)
        self._kept[key] = (self._clock() + LIFE_SECONDS, kept)
        self.sweep()

    def recall(self, name: tuple[str, ...]) -> _Kept | None:
        """Return what was kept under that name within the last half hour."""
        self.sweep()
        found = self._kept.get(self._key(name))
        return found[1] if found is not None else None

    def sweep(self) -> None:
        """Drop what is older than half an hour; called at each use, and from time to time."""
        now = self._clock()
        while self._kept:
            until, _ = next(iter(self._kept.values()))
            if until > now and len(self._kept) <= _MOST:
                break
            self._kept.popitem(last=False)

    def __len__(self) -> int:
        return len(self._kept)

    def _key(self, name: tuple[str, ...]) -> bytes:
        return blake2b("\0".join(name).encode(), key=self._secret, digest_size=16).digest()
