"""Can people be answered here, and is every part in order? Two questions with two answers.

A part that all replicas share, such as the database, makes none of them unready: without it people
still get guidance, and a proxy that finds nobody ready answers nobody. It is told all the same.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

_SOON: Final = 1.5
"""Seconds that a part has to say that it is well; whoever asks waits for all of them together."""

Check = Callable[[], Awaitable[bool]]
"""Tells whether a part of the program can do its work."""


@dataclass(frozen=True, slots=True)
class State:
    """What is true at a moment: ``ready`` to answer people, and which parts do their work."""

    ready: bool
    draining: bool
    parts: Mapping[str, bool]

    @property
    def whole(self) -> bool:
        """Whether nothing is amiss."""
        return self.ready and all(self.parts.values())


@dataclass(slots=True)
class Health:
    """The parts of the program, and whether it is being stopped.

    ``vital`` are those of which one at least must work, since without any nobody can be answered
    here; ``shared`` those without which some things cannot be done, on no replica.
    """

    vital: dict[str, Check] = field(default_factory=dict)
    shared: dict[str, Check] = field(default_factory=dict)
    draining: bool = False

    async def state(self) -> State:
        """Return what is true now."""
        checks = {**self.shared, **self.vital}
        told = await asyncio.gather(*(_soon(check) for check in checks.values()))
        parts = dict(zip(checks, told, strict=True))
        ready = not self.draining and (not self.vital or any(parts[name] for name in self.vital))
        return State(ready, self.draining, parts)


async def _soon(check: Check) -> bool:
    asked = asyncio.ensure_future(check())
    done, late = await asyncio.wait({asked}, timeout=_SOON)
    for one in late:
        # To end what hangs takes its own time, a connection above all; nobody waits for that.
        one.add_done_callback(_forgotten)
        one.cancel()
    return all(
        not one.cancelled() and one.exception() is None and one.result() for one in done
    ) and (not late)


def _forgotten(asked: asyncio.Future[bool]) -> None:
    """Take note of how it ended, so that nobody is told that nobody did."""
    if not asked.cancelled():
        asked.exception()
