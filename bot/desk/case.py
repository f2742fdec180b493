"""What is a case, where can it stand, and whom does it name? What may happen to it is in acts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final

from bot.guidance.words import Lang
from bot.platforms import Who

MIN_CLAIMERS: Final = 2
"""How many must be able to claim a case when it is offered; with fewer, contacts are shown."""

MIN_HOLDERS: Final = 2
"""How many must ask that a case be held, and that it be let go."""


class State(StrEnum):
    """Where a case stands."""

    QUEUED = "queued"
    ASKING = "asking"
    """More people read the office's channel than the person agreed to; they are asked again."""
    OFFERED = "offered"
    CHECKING = "checking"
    """Somebody has claimed it, and must say that they have no conflict before it opens."""
    CLAIMED = "claimed"
    ANSWERED = "answered"
    RESOLVED = "resolved"
    CLOSED = "closed"
    FALLBACK = "fallback"
    WITHDRAWN = "withdrawn"
    PURGED = "purged"


class Record(StrEnum):
    """Whether the office has put what it needs into its own file."""

    OPEN = "open"
    EXPORTED = "exported"
    NONE = "none"
    """The office says that it keeps no record of this case."""


class Reason(StrEnum):
    """Why a case was resolved: a class, never words."""

    ANSWERED = "answered"
    REFERRED = "referred"
    NO_ANSWER = "no_answer"
    MISUSE = "misuse"
    DELIVERED = "delivered"


class Why(StrEnum):
    """Why something may not be done.

    To whom a case is not open, be it because it is not theirs or because they were taken off, is
    told the same as where there is no such case.
    """

    NOT_YOURS = "not_yours"
    TAKEN = "taken"
    CONFLICT = "conflict"
    TOO_LATE = "too_late"
    NOT_NOW = "not_now"
    ALREADY = "already"


class NotAllowedError(Exception):
    """An act is not allowed now, or not to this person."""

    def __init__(self, why: Why) -> None:
        self.why = why
        super().__init__(why.value)


OPEN: Final = frozenset(
    {State.QUEUED, State.ASKING, State.OFFERED, State.CHECKING, State.CLAIMED, State.ANSWERED}
)
_WAITING: Final = frozenset({State.QUEUED, State.ASKING, State.OFFERED, State.CHECKING})
WORKED_ON: Final = frozenset({State.CLAIMED, State.ANSWERED})


@dataclass(frozen=True, slots=True)
class Roles:
    """Who has a special part in an office, by their ``Who.id``."""

    head: str | None = None
    deputy: str | None = None
    holders: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class People:
    """Everybody whom a case names; all of it is kept locked.

    ``readers`` are those to whom the person agreed, by id with their names; only they can ever
    claim or read it. ``excluded`` were taken off by the person, ``recused`` by themselves.
    ``opened`` says that somebody at the office could read it, whoever has it now. ``told`` says
    when somebody was told, by id, who has not looked since.
    """

    requester: Who = field(repr=False)
    readers: Mapping[str, str] = field(default_factory=dict, repr=False)
    excluded: frozenset[str] = field(default=frozenset(), repr=False)
    recused: frozenset[str] = field(default=frozenset(), repr=False)
    claimer: Who | None = field(default=None, repr=False)
    holds: tuple[str, ...] = field(default=(), repr=False)
    lifts: tuple[str, ...] = field(default=(), repr=False)
    opened: bool = False
    told: Mapping[str, datetime] = field(default_factory=dict, repr=False)

    @property
    def claimers(self) -> frozenset[str]:
        """Those who can claim the case."""
        out = self.excluded | self.recused | {self.requester.id}
        return frozenset(self.readers) - out


@dataclass(frozen=True, slots=True)
class Case:
    """One hand-off. Times are aware; ``turn`` counts the states that it has been in.

    ``mode`` is ``case`` or ``introduction``, ``topic`` a tree or page, never words.
    ``replied`` says whether the office has answered yet. Of a purged case nothing is left but its
    number, its office, its reason and its month.
    """

    number: str
    office: str
    topic: str
    lang: Lang
    mode: str
    state: State
    turn: int
    opened: datetime
    since: datetime
    people: People | None = field(repr=False)
    replied: bool = False
    reason: Reason | None = None
    record: Record = Record.OPEN

    @property
    def is_open(self) -> bool:
        """Whether somebody still has to do something about it."""
        return self.state in OPEN

    @property
    def is_waiting(self) -> bool:
        """Whether nobody at the office has it in hand."""
        return self.state in _WAITING

    @property
    def can_be_withdrawn(self) -> bool:
        """Whether the person can take it back: nobody has read it, or no office has it any more."""
        opened = self.people is not None and self.people.opened
        return self.state is State.FALLBACK or (self.is_waiting and not opened)

    @property
    def is_held(self) -> bool:
        """Whether two people hold it, so that nothing of it may be erased."""
        return self.people is not None and len(self.people.holds) >= MIN_HOLDERS


def people_of(case: Case) -> People:
    """Return whom a case names; a purged one names nobody.

    Raises:
        NotAllowedError: it is purged, and so nobody's.

    """
    if case.people is None:
        raise NotAllowedError(Why.NOT_YOURS)
    return case.people
