"""What is the guidance made of? Trees, topics, statements, sources and offices, all frozen.

Nothing here knows a file, a channel or the time. ``load`` makes these objects; ``walk`` and
``pages`` read them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Final

from bot.guidance.learnt import Learnt
from bot.guidance.words import Lang, Words


class Kind(StrEnum):
    """What a statement is for; screens group by kind, in this order."""

    DO = "do"
    DO_NOT = "do_not"
    KNOW = "know"
    KEEP = "keep"
    SUPPORT = "support"


class Basis(StrEnum):
    """Why a statement may be said: a public source states it, or it is reasonable practice."""

    STATED = "stated"
    PRACTICE = "practice"


class Tone(StrEnum):
    """What the reader should do next, from the mildest to the strongest; never a verdict."""

    USUAL_CARE = "usual_care"
    WEIGH = "weigh"
    PAUSE = "pause"
    ACT_NOW = "act_now"


TONE_RANK: Final[Mapping[Tone, int]] = {tone: rank for rank, tone in enumerate(Tone)}
KIND_RANK: Final[Mapping[Kind, int]] = {kind: rank for rank, kind in enumerate(Kind)}

FIRST_SCREEN: Final = 12
"""How many statements the first screen of an answer shows; the rest is one tap away."""


@dataclass(frozen=True, slots=True)
class Ref:
    """A place in a source: the ids of the source and of one of its sections."""

    source: str
    section: str


@dataclass(frozen=True, slots=True)
class Statement:
    """One sentence (or two) with its basis.

    ``refs`` are its sources when it is stated, and what it rests on when it is practice.
    ``fr_unverified`` says that a French official name in it still has to be settled by a person.
    ``from_organization`` marks what a department added to the shared guidance.
    """

    id: str
    kind: Kind
    words: Words
    basis: Basis
    refs: tuple[Ref, ...]
    fr_unverified: bool = False
    from_organization: bool = False


@dataclass(frozen=True, slots=True)
class Adds:
    """What choosing an option adds to the answer, wherever the walk ends."""

    say: tuple[Statement, ...] = ()
    offices: tuple[str, ...] = ()
    tone: Tone | None = None


@dataclass(frozen=True, slots=True)
class Option:
    """One thing a person may pick; ``go`` is a question or an answer of the same tree."""

    id: str
    label: Words
    go: str
    adds: Adds = Adds()
    alone: bool = False
    also: Mapping[Lang, tuple[str, ...]] = field(default_factory=dict)
    was: str | None = None


@dataclass(frozen=True, slots=True)
class Question:
    """A question with its options; ``many`` when several may be chosen.

    When several are chosen, the first one in the list decides where to go. ``known`` finds an
    option by its id or by the id it had before a rename.
    """

    id: str
    ask: Words
    hint: Words | None
    many: bool
    options: tuple[Option, ...]
    known: Mapping[str, Option]
    was: str | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """Where a tree ends: its own statements and offices, and where one may go on."""

    id: str
    tone: Tone
    title: Words
    say: tuple[Statement, ...]
    offices: tuple[str, ...]
    offer: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Tree:
    """A dialog tree. ``review_by`` is the last day on which its owner vouches for it."""

    id: str
    title: Words
    audience: str
    owner: str
    review_by: date
    intro: Words | None
    start: str
    questions: Mapping[str, Question]
    answers: Mapping[str, Answer]
    renamed: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Card:
    """A topic or a pinnable summary: a short answer that stands by itself.

    ``mailbox`` is the address that comments on the guidance go to, on the topic about comments.
    """

    id: str
    title: Words
    say: tuple[Statement, ...]
    tree: str
    offices: tuple[str, ...]
    courses: tuple[str, ...] = ()
    see: tuple[str, ...] = ()
    mailbox: str | None = None


@dataclass(frozen=True, slots=True)
class Source:
    """A public document. ``url`` lacks ``fr`` where no French address was seen."""

    id: str
    title: Words
    issuer: Words
    url: Mapping[Lang, str]
    dated: Words
    read: date
    extent: str
    sections: Mapping[str, Words]
    network: str | None = None
    fr_unverified: bool = False


@dataclass(frozen=True, slots=True)
class Office:
    """A kind of office: what it does, what it does not do, and what may be promised of it.

    ``card_only`` says that it never takes a hand-off. ``instead`` is the office that people are
    sent to where an organization does not have this one.
    """

    id: str
    name: Words
    does: tuple[Statement, ...]
    does_not: tuple[Statement, ...]
    promise: tuple[Statement, ...]
    page: Mapping[Lang, str] = field(default_factory=dict)
    network: str | None = None
    fr_unverified: bool = False
    card_only: bool = False
    instead: str | None = None


THEMES: Final = ("social_media", "safety", "ai", "values", "defence")
"""What courses are about, in the order in which they are listed."""


@dataclass(frozen=True, slots=True)
class Course:
    """A course, video or reading; ``theme`` is what it is about.

    ``url`` is empty where no address is known; ``url_unverified`` says that the address follows
    the pattern of its catalogue, and that nobody has seen the page.
    """

    id: str
    title: Words
    about: Words | None
    ref: Ref
    theme: str
    url: Mapping[Lang, str] = field(default_factory=dict)
    network: str | None = None
    fr_unverified: bool = False
    url_unverified: bool = False


@dataclass(frozen=True, slots=True)
class CrisisNumber:
    """A number to call now, with what it is for and the source that states it."""

    number: str
    words: Words
    refs: tuple[Ref, ...]


@dataclass(frozen=True, slots=True)
class Crisis:
    """The card for danger to life, self-harm, threats and doxxing; shown before anything else.

    ``words`` bring it where they are the whole message, ``phrases`` wherever they stand.
    """

    title: Words
    say: tuple[Statement, ...]
    numbers: tuple[CrisisNumber, ...]
    offices: tuple[str, ...]
    words: Mapping[Lang, tuple[str, ...]]
    phrases: Mapping[Lang, tuple[str, ...]]


CHANNELS: Final = ("web", "terminal", "slack", "teams")
HANDS_OVER: Final = ("slack", "teams")
"""Where something can be sent to an office: where the platform proves who the person is."""


class When(StrEnum):
    """When a sentence of the promise is true: by whether something can be sent to an office."""

    ALWAYS = "always"
    HANDOFF = "handoff"
    NO_HANDOFF = "no_handoff"


@dataclass(frozen=True, slots=True)
class PromiseSentence:
    """One sentence of the privacy promise, the channels it is true for, and when it is."""

    id: str
    channels: tuple[str, ...]
    words: Words
    when: When = When.ALWAYS


@dataclass(frozen=True, slots=True)
class Promise:
    """The privacy promise: a line for every first screen, and the whole of it by variant.

    Where nobody can tell yet whether something can be sent, the line that is always true is said.
    """

    line: Mapping[When, Words]
    sentences: tuple[PromiseSentence, ...]

    def told(self, channel: str, *, hands_over: bool) -> tuple[PromiseSentence, ...]:
        """Return the sentences of a channel where something can be sent, or where nothing can."""
        now = When.HANDOFF if hands_over else When.NO_HANDOFF
        return tuple(
            sentence
            for sentence in self.sentences
            if channel in sentence.channels and sentence.when in (When.ALWAYS, now)
        )


@dataclass(frozen=True, slots=True)
class Page:
    """A page of the draft check: what it asks or says in Cairn's own words."""

    id: str
    title: Words
    text: Words


@dataclass(frozen=True, slots=True)
class Mark:
    """What in a draft is worth a thought, and what is said of it.

    ``picks`` are options of the tree's questions that are marked beforehand. ``words`` and
    ``never`` are as in ``content/draft.yaml``; a mark without words is found in another way.
    """

    id: str
    says: Statement
    picks: Mapping[str, tuple[str, ...]]
    words: tuple[str, ...]
    never: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Draft:
    """The check of a draft: its pages, its marks, and the trees that one goes on with."""

    tree: str
    others: tuple[str, ...]
    pages: Mapping[str, Page]
    marks: Mapping[str, Mark]


class Materiality(StrEnum):
    """What a change of the guidance means to somebody who read it before."""

    EDITORIAL = "editorial"
    CLARIFYING = "clarifying"
    SUBSTANTIVE = "substantive"


@dataclass(frozen=True, slots=True)
class Revision:
    """One entry of the change log: when, how much it matters, what it concerns, and its sentence.

    ``of`` holds the names of things, as ``meaning`` gives them.
    """

    on: date
    how: Materiality
    of: tuple[str, ...]
    words: Words


@dataclass(frozen=True, slots=True)
class Guidance:
    """All trees and content, loaded, checked and frozen. ``version`` is a hash of the files.

    ``learnt`` is what typed words are understood by; without it only what is on screen is.
    ``revisions`` is the change log, the oldest first; new entries only ever come at its end.
    """

    version: str
    trees: Mapping[str, Tree]
    topics: Mapping[str, Card]
    summaries: Mapping[str, Card]
    statements: Mapping[str, Statement]
    sources: Mapping[str, Source]
    offices: Mapping[str, Office]
    courses: Mapping[str, Course]
    crisis: Crisis
    promise: Promise
    phrases: Mapping[str, Words]
    hosts: frozenset[str]
    draft: Draft
    learnt: Learnt | None = None
    revisions: tuple[Revision, ...] = ()
