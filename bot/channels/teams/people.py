"""In which language does somebody read? The one they chose lately, else that of their Teams."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from bot.channels.memory import Memory
from bot.channels.teams.decode import Person, language_of
from bot.guidance.words import Lang


class People:
    """Remembers for half an hour, in memory only, which language somebody chose."""

    def __init__(self, clock: Callable[[], float]) -> None:
        """Take a monotonic clock in seconds."""
        self._tongues: Memory[Lang] = Memory(clock)

    def tongue(self, person: Person, activity: Mapping[str, Any]) -> Lang | None:
        """Return the language to answer an activity in; nothing where it cannot be told."""
        return self._tongues.recall(person.key) or language_of(activity)

    def remember(self, person: Person, lang: Lang) -> None:
        """Remember the language that somebody chose."""
        self._tongues.keep(person.key, lang)

    def sweep(self) -> None:
        """Drop what is older than half an hour."""
        self._tongues.sweep()
