"""Which places do the tests draw: all that say something else, or those that show all of it?"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from bot.guidance.model import Guidance
from bot.guidance.screen import Screen
from bot.guidance.ticket import Ticket, read_ticket
from bot.guidance.walk import routes, walk
from tests.conftest import TODAY
from tests.whole import WHOLE


def distinct(guidance: Guidance, tree: str) -> tuple[str, ...]:
    """A place for every screen of a tree that says something else than those before.

    Several files of tests need them; they are found once in a process.
    """
    key = _key(guidance, tree)
    if key not in _DISTINCT:
        places: dict[object, str] = {}
        for ticket in steps(guidance, tree):
            screen = walk(guidance, ticket, TODAY)
            places.setdefault(what_it_says(screen), screen.place)
        _DISTINCT[key] = tuple(places.values())
    return _DISTINCT[key]


_Key = tuple[str, int, str]
_DISTINCT: dict[_Key, tuple[str, ...]] = {}
_TELLING: dict[_Key, tuple[str, ...]] = {}


def _key(guidance: Guidance, tree: str) -> _Key:
    return guidance.version, len(guidance.sources), tree


def steps(guidance: Guidance, tree: str) -> Iterator[Ticket]:
    """Yield a ticket to every question by each way to it, and to every answer, each once."""
    yield Ticket(tree)
    known = set()
    for ticket in routes(guidance.trees[tree]):
        prefix = Ticket(tree)
        for question, picked in ticket.choices.items():
            prefix = prefix.with_choice(question, picked)
            if (place := str(prefix)) not in known:
                known.add(place)
                yield prefix


def what_it_says(screen: Screen) -> object:
    if screen.question is not None:
        last = screen.trail[-1].question.id if screen.trail else None
        return screen.question.id, last
    return (
        screen.answer and screen.answer.id,
        screen.tone,
        tuple(one.statement.id for one in screen.said),
        tuple(office.id for office in screen.offices),
    )


def drawn(guidance: Guidance, tree: str) -> tuple[str, ...]:
    """The places of a tree to draw: every distinct one in `make proof`, else the telling ones.

    A screen is telling where it holds what none before it held: a question after another one, a
    statement or an office under an answer, two of them one after the other, or so many of them.
    The longest come first, so that each answer is drawn at its longest.
    """
    if WHOLE:
        return distinct(guidance, tree)
    key = _key(guidance, tree)
    if key not in _TELLING:
        _TELLING[key] = _telling(guidance, distinct(guidance, tree))
    return _TELLING[key]


def _telling(guidance: Guidance, places: tuple[str, ...]) -> tuple[str, ...]:
    screens = [walk(guidance, read_ticket(place), TODAY) for place in places]
    known: set[object] = set()
    found = []
    for screen in sorted(screens, key=lambda one: -_letters(one)):
        if new := _held(screen) - known:
            known |= new
            found.append(screen.place)
    return tuple(found)


def _held(screen: Screen) -> set[object]:
    """What a screen holds, as far as it may make a difference to how it is drawn."""
    if screen.answer is None:
        return {what_it_says(screen)}
    said = [one.statement.id for one in screen.said]
    offices = [office.id for office in screen.offices]
    answer = screen.answer.id
    return {
        (answer, screen.tone),
        (len(said), len(offices)),
        *((answer, one) for one in (*said, *offices)),
        *pairwise(said),
        *pairwise(offices),
    }


def _letters(screen: Screen) -> int:
    words = [one.statement.words for one in screen.said]
    return sum(len(one.en) + len(one.fr) for one in words)


def pages(guidance: Guidance) -> list[str]:
    """Return every place outside the walks."""
    return [
        "home", "topics", "offices", "promise", "crisis", "draft", "draft:own", "draft:other",
        "marks:", f"marks:{'+'.join(guidance.draft.marks)}",
        *(f"topic:{name}" for name in guidance.topics),
        *(f"summary:{name}" for name in guidance.summaries),
        *(f"office:{name}" for name in guidance.offices),
    ]  # fmt: skip
