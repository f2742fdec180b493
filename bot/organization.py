"""What does a department add to the shared guidance? Its offices, hours, notices and approval.

The file is optional; without it Cairn names kinds of offices only. It may add statements, sources
and dated notices; it never removes or replaces anything.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

from bot.guidance.model import Answer, Card, Guidance, Office, Source, Statement, Tree
from bot.guidance.words import Lang, Words
from bot.handoff import OfficeDesk

FREE_TEXT: Final = ("web", "terminal", "teams")
"""Where people may write more than a question, unless an organization says otherwise."""

_LOOK_AHEAD: Final = 21


@dataclass(frozen=True, slots=True)
class Hours:
    """Opening and closing time of one day of the week, on the office's own clock."""

    opens: time
    closes: time


@dataclass(frozen=True, slots=True)
class Contact:
    """How to reach an office of this organization, and when it is open.

    ``week`` maps days (0 is Monday) to hours. ``exists`` is false where the organization has no
    such office, ``desk`` nothing where it takes no hand-offs.
    """

    office: str
    zone: ZoneInfo
    name: Words | None = None
    email: str | None = None
    phone: str | None = None
    url: Mapping[Lang, str] = field(default_factory=dict)
    languages: tuple[Lang, ...] = ()
    week: Mapping[int, Hours] = field(default_factory=dict)
    province: str | None = None
    closed_on: frozenset[date] = frozenset()
    always_open: bool = False
    exists: bool = True
    about: Words | None = None
    desk: OfficeDesk | None = None


@dataclass(frozen=True, slots=True)
class Opening:
    """Whether an office is open at a moment, and when that changes, on its own clock."""

    is_open: bool
    changes: datetime | None


@dataclass(frozen=True, slots=True)
class Notice:
    """A dated notice above screens: an election period, an outage. ``on`` empty: everywhere."""

    words: Words
    begins: date
    until: date
    on: frozenset[str]


@dataclass(frozen=True, slots=True)
class Approval:
    """Who approved which version of the guidance, and when."""

    version: str
    by: tuple[Words, ...]
    on: date


@dataclass(frozen=True, slots=True)
class Tool:
    """A generative AI tool that the organization lists, and up to which information."""

    words: Words
    url: Mapping[Lang, str]
    up_to: Words | None


@dataclass(frozen=True, slots=True)
class Organization:
    """A department's own file, read and checked.

    ``targeted_messages`` says that in its Teams a message in a channel can be for one person only,
    ``pin_by_graph`` that Cairn was granted to pin messages in its chats,
    ``free_text`` in which channels people may write more than a question, such as a draft.
    ``ceilings`` say by platform how sensitive that may be; ``legal_hold`` that nothing is purged,
    ``offline`` that no guidance is given for now, and offices are named only.
    """

    id: str
    name: Words
    zone: ZoneInfo
    ceiling: str
    retention: Words
    contacts: Mapping[str, Contact]
    notices: tuple[Notice, ...]
    tools: tuple[Tool, ...]
    approval: Approval | None
    additions: Mapping[str, tuple[Statement, ...]]
    sources: Mapping[str, Source]
    hosts: frozenset[str]
    tenants: Mapping[str, tuple[str, ...]]
    targeted_messages: bool = False
    pin_by_graph: bool = False
    free_text: tuple[str, ...] = FREE_TEXT
    ceilings: Mapping[str, str] = field(default_factory=dict)
    legal_hold: bool = False
    offline: bool = False

    def notices_on(self, today: date, names: frozenset[str]) -> tuple[Notice, ...]:
        """Return the notices for today above a screen that answers to ``names``."""
        return tuple(
            notice
            for notice in self.notices
            if notice.begins <= today <= notice.until and (not notice.on or notice.on & names)
        )


def extend(guidance: Guidance, organization: Organization) -> Guidance:
    """Return the guidance with what the organization adds to trees, answers and topics.

    An office that the organization does not have names the one that stands in for it here.
    """
    added = organization.additions

    def answer(tree: Tree, one: Answer) -> Answer:
        own = (*added.get(tree.id, ()), *added.get(f"{tree.id}/{one.id}", ()))
        return replace(one, say=one.say + own) if own else one

    def card(one: Card) -> Card:
        own = added.get(f"topic:{one.id}", ())
        return replace(one, say=one.say + own) if own else one

    def office(one: Office) -> Office:
        contact = organization.contacts.get(one.id)
        if contact is None or contact.exists:
            return one
        return replace(one, instead=stand_in(one.id, guidance.offices, organization.contacts))

    return replace(
        guidance,
        offices={name: office(one) for name, one in guidance.offices.items()},
        trees={
            name: replace(tree, answers={k: answer(tree, a) for k, a in tree.answers.items()})
            for name, tree in guidance.trees.items()
        },
        topics={name: card(topic) for name, topic in guidance.topics.items()},
        sources={**guidance.sources, **organization.sources},
        hosts=guidance.hosts | organization.hosts,
    )


def stand_in(
    name: str, offices: Mapping[str, Office], contacts: Mapping[str, Contact]
) -> str | None:
    """Return the office to turn to where the organization has none called ``name``, if any."""
    seen = {name}
    instead = offices[name].instead
    while instead is not None and instead not in seen:
        contact = contacts.get(instead)
        if contact is None or contact.exists:
            return instead
        seen.add(instead)
        instead = offices[instead].instead
    return None


def opening(contact: Contact, now: datetime) -> Opening | None:
    """Return whether the office is open at ``now`` (an aware time), and when that changes.

    Nothing is returned for an office whose hours are not known.
    """
    if contact.always_open:
        return Opening(is_open=True, changes=None)
    if not contact.week:
        return None
    here = now.astimezone(contact.zone)
    for ahead in range(_LOOK_AHEAD):
        day = here.date() + timedelta(days=ahead)
        hours = contact.week.get(day.weekday())
        if hours is None or is_holiday(contact, day):
            continue
        opens = datetime.combine(day, hours.opens, contact.zone)
        closes = datetime.combine(day, hours.closes, contact.zone)
        if opens <= here < closes:
            return Opening(is_open=True, changes=closes)
        if here < opens:
            return Opening(is_open=False, changes=opens)
    return Opening(is_open=False, changes=None)


def is_holiday(contact: Contact, day: date) -> bool:
    """Return whether an office is closed all day: a holiday, or the organization closes."""
    return day in contact.closed_on or day in _holidays(contact.province, day.year)


@lru_cache(maxsize=64)
def _holidays(province: str | None, year: int) -> frozenset[date]:
    """Return the federal and provincial holidays of a year."""
    from holidays.countries.canada import Canada  # costly to import, needed for hours only

    found = Canada(subdiv=province, years=year, categories=("public", "government"))  # type: ignore[no-untyped-call]
    return frozenset(found.keys())
