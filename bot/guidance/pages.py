"""Which screens stand outside the walks? Home, topics, summaries, offices, promise and crisis.

A place is the text that names where a person is: a ticket, or one of the pages here. The same
place always leads to the same screen.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from enum import StrEnum
from typing import Final

from bot.guidance.model import FIRST_SCREEN, Card, Guidance
from bot.guidance.screen import Said, Screen, Sort, Trouble
from bot.guidance.ticket import MAX_LENGTH, Ticket, read_ticket
from bot.guidance.walk import offices_of, walk

HOME: Final = "home"


class Part(StrEnum):
    """Which part of a place a person looks at; most of the time the whole of it."""

    WHOLE = "whole"
    WHY = "why"
    OUTLINE = "outline"


def at_place(guidance: Guidance, place: str, today: date, part: Part = Part.WHOLE) -> Screen:
    """Return the screen at ``place``; one that does not exist leads home and says so."""
    if len(place) > MAX_LENGTH:
        return replace(home(), trouble=Trouble.TOO_LONG)
    name, colon, rest = place.partition(":")
    if colon or name in _PAGES:
        return _page(guidance, name, rest)
    return seen(guidance, read_ticket(place), today, part)


def seen(guidance: Guidance, ticket: Ticket, today: date, part: Part) -> Screen:
    """Return the screen of a walk, or the part of it that tells why or outlines the tree."""
    screen = walk(guidance, ticket, today)
    if part is Part.OUTLINE and screen.tree is not None:
        return replace(screen, sort=Sort.OUTLINE)
    if part is Part.WHY and screen.sort is Sort.ANSWER:
        return replace(screen, sort=Sort.WHY)
    return screen


def home() -> Screen:
    """Return the first screen: what Cairn can do."""
    return Screen(Sort.HOME, HOME)


def unsure(topics: tuple[str, ...]) -> Screen:
    """Return the screen that asks which of these topics was meant."""
    return Screen(Sort.UNSURE, f"unsure:{'+'.join(topics)}", offer=topics)


def crisis(guidance: Guidance) -> Screen:
    """Return the card for danger now."""
    card = guidance.crisis
    return Screen(
        Sort.CRISIS,
        "crisis",
        crisis=card,
        first=tuple(Said(statement) for statement in card.say),
        offices=offices_of(guidance, card.offices),
    )


def _page(guidance: Guidance, name: str, rest: str) -> Screen:
    if name == "topic" and rest in guidance.topics:
        return _card(guidance, Sort.TOPIC, guidance.topics[rest])
    if name == "summary" and rest in guidance.summaries:
        return _card(guidance, Sort.SUMMARY, guidance.summaries[rest])
    if name == "unsure":
        topics = tuple([one for one in rest.split("+") if one in guidance.topics])
        if topics:
            return unsure(topics)
    if name == "office" and rest in guidance.offices:
        return Screen(Sort.OFFICE, f"office:{rest}", offices=(guidance.offices[rest],))
    if not rest and name in _PAGES:
        if name == "crisis":
            return crisis(guidance)
        return Screen(_PAGES[name], name)
    return replace(home(), trouble=Trouble.UNKNOWN_PLACE)


_PAGES: Final = {
    "home": Sort.HOME,
    "topics": Sort.TOPICS,
    "offices": Sort.OFFICES,
    "promise": Sort.PROMISE,
    "crisis": Sort.CRISIS,
}


def _card(guidance: Guidance, sort: Sort, card: Card) -> Screen:
    said = tuple(Said(statement) for statement in card.say)
    return Screen(
        sort,
        f"{sort}:{card.id}",
        tree=None,
        card=card,
        first=said[:FIRST_SCREEN],
        more=said[FIRST_SCREEN:],
        offices=offices_of(guidance, card.offices),
        offer=tuple(dict.fromkeys((card.tree, *card.see))),
    )
