"""How fast may we speak? Teams counts what a bot sends to a chat, and to a whole tenant.

A chat takes 7 messages in a second, 8 in two, 60 in half a minute and 1,800 an hour; a tenant
about 30 a second. Two buckets a chat and one a tenant keep below all of them.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Rate:
    """How many may be sent at once, and how many come back each second."""

    burst: float
    each_second: float


CHAT: Final = Rate(5, 1.5)
HOUR: Final = Rate(150, 0.45)
TENANT: Final = Rate(5, 25)


@dataclass(slots=True)
class _Bucket:
    left: float
    since: float


class Pace:
    """Buckets by name; a full one is forgotten."""

    def __init__(self, rate: Rate, clock: Callable[[], float]) -> None:
        """Take the rate, and a monotonic clock in seconds."""
        self._rate = rate
        self._clock = clock
        self._buckets: OrderedDict[Hashable, _Bucket] = OrderedDict()

    def take(self, name: Hashable) -> float:
        """Take one out, and return in how many seconds it may be sent; 0 is now."""
        bucket = self._filled(name)
        bucket.left -= 1
        return max(0.0, -bucket.left / self._rate.each_second)

    def wait(self, name: Hashable) -> float:
        """Return in how many seconds one may be sent if none is taken before; 0 is now."""
        return max(0.0, (1 - self._filled(name).left) / self._rate.each_second)

    def close(self, name: Hashable, seconds: float) -> None:
        """Let nothing be sent for a while: the service said so."""
        bucket = self._filled(name)
        bucket.left = min(bucket.left, 1 - seconds * self._rate.each_second)

    def _filled(self, name: Hashable) -> _Bucket:
        now = self._clock()
        bucket = self._buckets.get(name)
        if bucket is None:
            bucket = self._buckets[name] = _Bucket(self._rate.burst, now)
        gained = (now - bucket.since) * self._rate.each_second
        bucket.left = min(self._rate.burst, bucket.left + gained)
        bucket.since = now
        self._buckets.move_to_end(name)
        return bucket

    def sweep(self) -> None:
        """Forget the buckets that are full again."""
        rate, now = self._rate, self._clock()
        while self._buckets:
            name, bucket = next(iter(self._buckets.items()))
            if bucket.left + (now - bucket.since) * rate.each_second < rate.burst:
                break
            del self._buckets[name]

    def __len__(self) -> int:
        return len(self._buckets)
