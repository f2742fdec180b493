"""Does somebody ask faster than a person can? Then the others go first.

Each has a bucket of turns that fills again with time. A bucket is known by a name from which
nobody can be read, in memory only, and for as long as it is not full again: some ten seconds.
"""

from __future__ import annotations

import os
from collections import OrderedDict
from collections.abc import Callable
from hashlib import blake2b
from typing import Final

_MOST: Final = 20_000
_ROUNDING: Final = 1e-6


class Speed:
    """Lets each one through ``burst`` times at once, then ``rate`` times a second."""

    def __init__(self, clock: Callable[[], float], *, burst: int, rate: float) -> None:
        """Take a monotonic clock in seconds."""
        self._clock = clock
        self._burst = burst
        self._rate = rate
        self._secret = os.urandom(16)
        self._full_at: OrderedDict[bytes, float] = OrderedDict()

    def allows(self, *name: str) -> bool:
        """Tell whether this one may go on now, and take one of their turns if so."""
        now = self._clock()
        encoded = "\0".join(name).encode("utf-8", "surrogatepass")
        key = blake2b(encoded, key=self._secret, digest_size=16).digest()
        full_at = max(self._full_at.pop(key, now), now)
        left = self._burst - (full_at - now) * self._rate
        allowed = left > 1 - _ROUNDING
        self._full_at[key] = full_at + 1 / self._rate if allowed else full_at
        self._forget(now)
        return allowed

    def _forget(self, now: float) -> None:
        """Drop the buckets that are full again, oldest use first."""
        while self._full_at:
            key, full_at = next(iter(self._full_at.items()))
            if full_at > now and len(self._full_at) <= _MOST:
                break
            del self._full_at[key]

    def __len__(self) -> int:
        return len(self._full_at)


PERSON_BURST: Final = 100
PERSON_RATE: Final = 10.0
"""Far above what fingers do: only a program is slowed."""
