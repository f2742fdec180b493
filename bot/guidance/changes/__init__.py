"""What changed between two states of the guidance? Told from what the difference means to people.

Files may be split, sorted and commented anew: nothing is told of that. A shared statement is told
once, with the places where it stands. All is told in the order of the guidance.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from bot.guidance.changes.content import (
    compare_card,
    compare_courses,
    compare_crisis,
    compare_draft,
    compare_office,
    compare_promise,
    compare_sources,
)
from bot.guidance.changes.notes import Both, Change, Notes, Noun
from bot.guidance.changes.statements import compare_shared
from bot.guidance.changes.trees import compare_tree
from bot.guidance.meaning import title
from bot.guidance.model import Guidance
from bot.guidance.words import Words

__all__ = ["Change", "changes"]

_Compare = Callable[[Notes, Any, Any], None]


@dataclass(frozen=True, slots=True)
class _Part:
    """A part of the guidance whose members have names: ``prefix`` makes them names of things."""

    name: str
    prefix: str
    noun: Noun
    compare: _Compare


_CARDS: Final = (
    _Part("trees", "", Noun("the tree", "l’arbre"), compare_tree),
    _Part("topics", "topic:", Noun("the topic", "le sujet"), compare_card),
    _Part("summaries", "summary:", Noun("the summary", "le résumé"), compare_card),
)
_OFFICES: Final = _Part("offices", "office:", Noun("the office", "le bureau"), compare_office)
_WHOLE: Final[tuple[tuple[str, _Compare], ...]] = (
    ("courses", compare_courses),
    ("sources", compare_sources),
    ("crisis", compare_crisis),
    ("promise", compare_promise),
    ("draft", compare_draft),
)
_LISTS: Final = {
    "trees": Noun("the trees", "les arbres", "s"),
    "topics": Noun("the topics", "les sujets", "s"),
    "summaries": Noun("the summaries", "les résumés", "s"),
    "offices": Noun("the offices", "les bureaux", "s"),
}
_ON_SCREEN: Final = Words("Order on screen", "Ordre à l’écran")


def changes(before: Guidance, after: Guidance) -> tuple[Change, ...]:
    """Return what changed, in the order of the guidance; equal guidance gives nothing."""
    both = Both(before, after)
    found: list[Change] = []
    for part in _CARDS:
        _compare_each(both, found, part)
    compare_shared(both, found)
    _compare_each(both, found, _OFFICES)
    for name, compare in _WHOLE:
        notes = Notes(both, (name,), title(after, name), found)
        compare(notes, getattr(before, name), getattr(after, name))
    for listed, noun in _LISTS.items():
        names = [both.renamed.get(name, name) for name in getattr(before, listed)]
        Notes(both, (), _ON_SCREEN, found).order(None, noun, names, [*getattr(after, listed)])
    return tuple(found)


def _compare_each(both: Both, found: list[Change], part: _Part) -> None:
    renamed = both.renamed if part.name == "trees" else {}
    old = {renamed.get(name, name): one for name, one in getattr(both.before, part.name).items()}
    new = getattr(both.after, part.name)
    for name, one in new.items():
        thing = f"{part.prefix}{name}"
        notes = Notes(both, (thing,), title(both.after, thing), found)
        if name not in old:
            notes.tell(None, part.noun.was("added"))
        elif old[name] != one:
            part.compare(notes, old[name], one)
    for name in old:
        if name not in new:
            thing = f"{part.prefix}{name}"
            notes = Notes(both, (thing,), title(both.before, thing), found)
            notes.tell(None, part.noun.was("removed"))
