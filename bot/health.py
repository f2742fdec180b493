"""Can people be answered here, and is every part in order? Two questions with two answers.

A part that all replicas share, such as the database, makes none of them unready: without it people
still get guidance, and a proxy that finds nobody ready answers nobody. It is told all the same.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Final, TypeVar

_SOON: Final = 1.5
"""Seconds that a part has to say that it is well; whoever asks waits for all of them together."""

_Result = TypeVar("_Result")
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
    _looking: asyncio.Task[Mapping[str, bool]] | None = None

    async def state(self) -> State:
        """Return what is true now; whoever asks meanwhile is told of the same look."""
        if self._looking is None or self._looking.done():
            self._looking = asyncio.create_task(self._look())
        parts = await asyncio.shield(self._looking)
        ready = not self.draining and (not self.vital or any(parts[name] for name in self.vital))
        return State(ready, self.draining, parts)

    async def _look(self) -> Mapping[str, bool]:
        checks = {**self.shared, **self.vital}
        told = await asyncio.gather(*(soon(check()) for check in checks.values()))
        return {name: one is True for name, one in zip(checks, told, strict=True)}


async def soon(asked: Awaitable[_Result]) -> _Result | None:
    """Return what is asked for; nothing where it fails, or does not come soon."""
    asking = asyncio.ensure_future(asked)
    done, late = await asyncio.wait({asking}, timeout=_SOON)
    for one in late:
        # To end what hangs takes its own time, a connection above all; nobody waits for that.
        one.add_done_callback(_forgotten)
        one.cancel()
    if not done or asking.cancelled() or asking.exception() is not None:
        return None
    return asking.result()


def _forgotten(asked: asyncio.Future[_Result]) -> None:
    """Take note of how it ended, so that nobody is told that nobody did."""
    if not asked.cancelled():
        asked.exception()
