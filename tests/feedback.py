"""What the tests of feedback share: a conversation that counts, and screens that ask."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from bot.conversation import Conversation, Look, Move, Rate, Reply
from bot.guidance.model import Guidance
from bot.guidance.walk import routes
from bot.guidance.words import Lang
from bot.organization import Organization
from tests.conftest import still


@dataclass
class Counted:
    """A conversation, and what it has counted of whether screens helped."""

    conversation: Conversation
    told: list[tuple[str, str, Lang]] = field(default_factory=list)


def counting(guidance: Guidance, organization: Organization | None = None) -> Counted:
    """Return a conversation with a count that is kept here."""
    told: list[tuple[str, str, Lang]] = []

    def count(kind: str, name: str, lang: Lang) -> None:
        if kind == "helped":
            told.append((kind, name, lang))

    return Counted(Conversation(guidance, organization, still, count=count), told)


def answer_of(conversation: Conversation) -> str:
    """Return the place of an answer that asks whether it helped: the longest of a main walk."""
    tree = conversation.guidance.trees["can_i_post"]
    places = sorted(map(str, routes(tree)), key=len, reverse=True)
    return next(place for place in places if conversation.respond(at(place)).may_rate)


def at(place: str, lang: Lang = "en") -> Move:
    """Return the move that looks at a place."""
    return Move(place, lang, Look())


def rated(conversation: Conversation, place: str, lang: Lang, *, helped: bool) -> Reply:
    """Return the screen after somebody has said whether it helped."""
    return conversation.respond(Move(place, lang, Rate(helped=helped)))


def written(folder: Path) -> list[tuple[object, ...]]:
    """Return what the database of an application holds of whether screens helped."""
    query = "SELECT name, lang, many FROM counts WHERE kind = 'helped' ORDER BY name"
    with closing(sqlite3.connect(folder / "cairn.db")) as connection:
        return connection.execute(query).fetchall()
