"""From whom did an activity come, and where is it answered?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from bot.channels.teams.decode import Person, chat_of, person_of
from bot.channels.teams.people import People
from bot.channels.teams.transport import Chat
from bot.guidance.words import Lang

_BOT: Final = "28:"
"""How the ids of programs begin, ours among them: no machine is answered."""


@dataclass(frozen=True, slots=True)
class Came:
    """An activity, from whom, and where it is answered."""

    activity: Mapping[str, Any] = field(repr=False)
    person: Person
    chat: Chat
    lang: Lang | None


def came_of(activity: Mapping[str, Any], people: People) -> Came | None:
    """Return from whom an activity comes and where it is answered; nothing where it is not said."""
    person = person_of(activity)
    chat = chat_of(activity, person) if person is not None else None
    if person is None or chat is None or person.id.startswith(_BOT):
        return None
    return Came(activity, person, chat, people.tongue(person, activity))
