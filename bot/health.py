"""Can people be answered here, and is every part in order? Two questions with two answers.

A part that all replicas share, such as the database, makes none of them unready: without it people
still get guidance, and a proxy that finds nobody ready answers nobody. It is told all the same.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

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

    ``vital`` are those without which nobody can be answered here, ``shared`` those without which
    some things cannot be done, and on no other replica either.
    """

    vital: dict[str, Check] = field(default_factory=dict)
    shared: dict[str, Check] = field(default_factory=dict)
    draining: bool = False

    async def state(self) -> State:
        """Return what is true now."""
        vital = {name: await check() for name, check in self.vital.items()}
        shared = {name: await check() for name, check in self.shared.items()}
        ready = not self.draining and all(vital.values())
        return State(ready, self.draining, {**shared, **vital})
