"""What does a person see, before any channel and before any language?

A screen points at the guidance instead of copying words out of it, so one screen serves both
languages and every channel. The functions here answer what all channels need in the same way:
groups, numbered notes, the checklist to copy.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from bot.guidance.model import (
    KIND_RANK,
    Answer,
    Basis,
    Card,
    Crisis,
    Kind,
    Office,
    Option,
    Page,
    Question,
    Ref,
    Statement,
    Tone,
    Tree,
)


class Sort(StrEnum):
    """Which sort of screen it is; a channel draws each sort in its own way."""

    HOME = "home"
    QUESTION = "question"
    ANSWER = "answer"
    WHY = "why"
    OUTLINE = "outline"
    TOPIC = "topic"
    SUMMARY = "summary"
    OFFICE = "office"
    OFFICES = "offices"
    TOPICS = "topics"
    PROMISE = "promise"
    CRISIS = "crisis"
    UNSURE = "unsure"
    DRAFT = "draft"


class Trouble(StrEnum):
    """What must be said of what the person sent; each has a kind sentence in ``phrases``."""

    UNKNOWN_PLACE = "unknown_place"
    TOO_LONG = "too_long"
    NOTHING_PICKED = "nothing_picked"
    NOT_AN_OPTION = "not_an_option"
    NEARLY = "nearly"
    NOT_UNDERSTOOD = "not_understood"
    MEANT = "meant"
    OUT_OF_SCOPE = "out_of_scope"
    SMALL_TALK = "small_talk"
    THANKS = "thanks"
    RUDE = "rude"
    UNKNOWN_LANGUAGE = "unknown_language"
    OTHER_LANGUAGE = "other_language"
    EXPIRED = "expired"
    NOT_OPENED = "not_opened"
    TAP_THE_CARD = "tap_the_card"
    FILES = "files"
    NOT_SHOWN = "not_shown"
    NO_DRAFTS = "no_drafts"
    OFFLINE = "offline"
    NO_WINDOW = "no_window"
    ABOUT_A_MESSAGE = "about_a_message"


class Review(StrEnum):
    """Whether the review date of a tree, or of what leads to it, has passed, and for how long."""

    CURRENT = "current"
    PASSED = "passed"
    WITHDRAWN = "withdrawn"


class Step(NamedTuple):
    """A question that was answered, and what was picked."""

    question: Question
    picked: tuple[Option, ...]


class Said(NamedTuple):
    """A statement on a screen, and the option that brought it (nothing: the answer itself)."""

    statement: Statement
    because: Option | None = None


@dataclass(frozen=True, slots=True)
class Screen:
    """One screen.

    ``place`` names where the person is: a ticket in its canonical form, ``topic:…`` or another
    page; giving it back leads to the same screen. ``picked`` are the ids chosen before at the
    question shown, or suggested by the marks of a draft (``suggested``); ``near`` is an option that
    typed words nearly name. ``offer`` names where to go on: trees,
    topics, or other places. ``first`` and ``more`` are the statements of the first screen and the
    rest. ``dropped`` are options picked before that are off the route now, ``forgotten`` counts
    parts of the ticket that this guidance does not know.
    """

    sort: Sort
    place: str
    tree: Tree | None = None
    trail: tuple[Step, ...] = ()
    question: Question | None = None
    picked: tuple[str, ...] = ()
    answer: Answer | None = None
    tone: Tone | None = None
    first: tuple[Said, ...] = ()
    more: tuple[Said, ...] = ()
    offices: tuple[Office, ...] = ()
    card: Card | None = None
    crisis: Crisis | None = None
    page: Page | None = None
    offer: tuple[str, ...] = ()
    suggested: bool = False
    near: Option | None = None
    dropped: tuple[Option, ...] = ()
    forgotten: int = 0
    review: Review = Review.CURRENT
    trouble: Trouble | None = None

    @property
    def said(self) -> tuple[Said, ...]:
        """Every statement of the screen, the first ones first."""
        return self.first + self.more


@dataclass(frozen=True, slots=True)
class Note:
    """A numbered note under a screen: a place in a source."""

    number: int
    ref: Ref


def by_kind(said: Iterable[Said]) -> list[tuple[Kind, list[Said]]]:
    """Return the statements in groups, ``do`` first; groups without statements are left out."""
    groups: dict[Kind, list[Said]] = {}
    for one in said:
        groups.setdefault(one.statement.kind, []).append(one)
    return sorted(groups.items(), key=lambda group: KIND_RANK[group[0]])


def notes(screen: Screen) -> dict[Ref, Note]:
    """Number the places in sources that the screen leans on, in the order in which they appear."""
    found: dict[Ref, Note] = {}

    def number(statements: Iterable[Statement]) -> None:
        for statement in statements:
            for ref in statement.refs:
                if ref not in found:
                    found[ref] = Note(len(found) + 1, ref)

    for part in (screen.first, screen.more):
        for _, group in by_kind(part):
            number(one.statement for one in group)
    if screen.sort is Sort.OFFICE:
        for office in screen.offices:
            number((*office.does, *office.does_not, *office.promise))
    if screen.crisis is not None:
        for line in screen.crisis.numbers:
            for ref in line.refs:
                found.setdefault(ref, Note(len(found) + 1, ref))
    return found


def checklist(screen: Screen) -> tuple[Statement, ...]:
    """Return what to do and what to keep: the statements of the checklist to copy."""
    return tuple(
        one.statement
        for kind, group in by_kind(screen.said)
        if kind in (Kind.DO, Kind.KEEP)
        for one in group
    )


def is_stated(statement: Statement) -> bool:
    """Whether a public source states the statement; otherwise it is labelled as practice."""
    return statement.basis is Basis.STATED
