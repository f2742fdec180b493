"""Does Teams send this once more? So it does with what it got no answer to in time.

It mostly keeps the id, by which the store knows it again, but sometimes gives it another one. So
what was not answered is also known again by whose it is and its words: for a minute, once, and by
a digest only.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Final

from bot.channels.memory import Memory
from bot.channels.teams.came import Came

_WITHIN: Final = 60.0
"""Seconds after which the same words are said anew."""


class Retries:
    """Knows again the messages whose answers came too late or never arrived."""

    def __init__(self, clock: Callable[[], float]) -> None:
        """Take a monotonic clock in seconds."""
        self._clock = clock
        self._expected: Memory[float] = Memory(clock)

    def expect(self, came: Came) -> None:
        """Note that Teams got no answer to a message in time."""
        if (name := _name(came)) is not None:
            self._expected.keep(name, self._clock())

    def is_one(self, came: Came) -> bool:
        """Tell whether a message is one that was expected; the next one like it is not."""
        name = _name(came)
        since = self._expected.recall(name) if name is not None else None
        if name is None or since is None or self._clock() - since > _WITHIN:
            return False
        self._expected.keep(name, -math.inf)
        return True

    def sweep(self) -> None:
        """Drop what is older than half an hour."""
        self._expected.sweep()


def _name(came: Came) -> tuple[str, ...] | None:
    """Return whose a message is and its words; nothing where it is none, or a press."""
    activity = came.activity
    if activity["type"] != "message" or isinstance(activity.get("value"), dict):
        return None
    # As ASCII, since half of a character has no bytes.
    return (*came.person.key, came.chat.id, ascii(activity.get("text")))
