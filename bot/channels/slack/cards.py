"""Which card does a talk go on in? Its last one, for half an hour, so that “2” is understood."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from bot.channels.memory import Memory
from bot.channels.slack.decode import Person


@dataclass(frozen=True, slots=True)
class Card:
    """A message of ours: the capsule that it carries, and its name in its channel."""

    capsule: str
    ts: str


class Cards:
    """Remembers the last card of each person's chat, and of each thread in it."""

    def __init__(self, clock: Callable[[], float]) -> None:
        """Take a monotonic clock in seconds."""
        self._memory: Memory[Card] = Memory(clock)

    def keep(self, person: Person, channel: str, thread: str | None, card: Card) -> None:
        """Remember the card in place of the one before."""
        self._memory.keep((*person.key, channel, thread or ""), card)

    def recall(self, person: Person, channel: str, thread: str | None) -> Card | None:
        """Return the last card of that chat or thread, or the card that the thread hangs on."""
        found = self._memory.recall((*person.key, channel, thread or ""))
        if found is None and thread is not None:
            above = self._memory.recall((*person.key, channel, ""))
            return above if above is not None and above.ts == thread else None
        return found

    def sweep(self) -> None:
        """Drop what is older than half an hour."""
        self._memory.sweep()
