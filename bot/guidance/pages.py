"""Which screens stand outside the walks? Home, topics, summaries, offices, promise and crisis.

A place is the text that names where a person is: a ticket, or one of the pages here. The same
place always leads to the same screen.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from datetime import date
from enum import StrEnum
from typing import Final

from bot.guidance.model import FIRST_SCREEN, Card, Guidance
from bot.guidance.screen import Said, Screen, Sort, Trouble
from bot.guidance.ticket import MARKS, MAX_LENGTH, Ticket, read_ticket
from bot.guidance.walk import offices_of, review_of, walk

HOME: Final = "home"
OFFICES: Final = "offices"
DRAFT: Final = "draft"
OWN_DRAFT: Final = "draft:own"
OTHERS_DRAFT: Final = "draft:other"


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
        return _page(guidance, name, rest, today)
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


def marked(guidance: Guidance, marks: tuple[str, ...]) -> Screen:
    """Return what is said of the marks of a draft, and the way on with them."""
    draft = guidance.draft
    said = tuple(Said(draft.marks[name].says) for name in marks)
    go_on = Ticket(draft.tree, {MARKS: marks}) if marks else Ticket(draft.tree)
    return Screen(
        Sort.DRAFT,
        f"marks:{'+'.join(marks)}",
        page=draft.pages["found" if marks else "nothing"],
        first=said,
        offer=(str(go_on), OWN_DRAFT),
    )


def _draft_page(guidance: Guidance, name: str) -> Screen:
    """Return a page of the draft check that comes before its marks."""
    draft = guidance.draft
    offer = {
        "": (OWN_DRAFT, OTHERS_DRAFT),
        "own": (draft.tree,),
        "other": draft.others,
    }[name]
    page = draft.pages[name or "ask"]
    return Screen(Sort.DRAFT, f"draft:{name}" if name else DRAFT, page=page, offer=offer)


def _page(guidance: Guidance, name: str, rest: str, today: date) -> Screen:
    found: Screen | None = None
    match name:
        case "topic" if rest in guidance.topics:
            found = _card(guidance, Sort.TOPIC, guidance.topics[rest], today)
        case "summary" if rest in guidance.summaries:
            found = _card(guidance, Sort.SUMMARY, guidance.summaries[rest], today)
        case "office" if rest in guidance.offices:
            found = Screen(Sort.OFFICE, f"office:{rest}", offices=(guidance.offices[rest],))
        case "unsure" if topics := _named(rest, guidance.topics):
            found = unsure(topics)
        case "marks":
            found = marked(guidance, _named(rest, guidance.draft.marks))
        case "draft" if rest in ("", "own", "other"):
            found = _draft_page(guidance, rest)
        case "crisis" if not rest:
            found = crisis(guidance)
        case _ if not rest and name in _PAGES:
            found = Screen(_PAGES[name], name)
    return found or replace(home(), trouble=Trouble.UNKNOWN_PLACE)


def _named(rest: str, known: Collection[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for name in rest.split("+") if name in known))


_PAGES: Final = {
    "home": Sort.HOME,
    "topics": Sort.TOPICS,
    OFFICES: Sort.OFFICES,
    "promise": Sort.PROMISE,
    "crisis": Sort.CRISIS,
    "draft": Sort.DRAFT,
}


def _card(guidance: Guidance, sort: Sort, card: Card, today: date) -> Screen:
    """Return a topic or a summary; it is reviewed with the tree that it leads to."""
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
        review=review_of(guidance.trees[card.tree], today),
    )
