"""What does a press mean? What a button is called, and where the person is, become a move.

The buttons of every platform are called the same: ``choose``, ``goto``, ``back``,
``page:whole:2`` and so on. Where the person is comes from a capsule that opens for them only.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from bot.conversation import (
    Act,
    Back,
    Change,
    Choose,
    Look,
    Move,
    Open,
    Rate,
    Say,
    StartOver,
)
from bot.guidance.pages import HOME, Part
from bot.guidance.screen import Trouble
from bot.guidance.words import LANGS
from bot.seal import Spot

_ACTS: Final[Mapping[str, Act]] = {
    "back": Back(),
    "rate:yes": Rate(helped=True),
    "rate:no": Rate(helped=False),
}
"""What needs nothing but the place."""


@dataclass(frozen=True, slots=True)
class Fields:
    """What the fields of a form hold: what was picked, by field, and what was typed."""

    picked: Mapping[str, tuple[str, ...]]
    question: str = ""
    typed: str = field(default="", repr=False)

    def first(self, name: str) -> str | None:
        """Return the first thing picked in a field."""
        found = self.picked.get(name, ())
        return found[0] if found else None


@dataclass(frozen=True, slots=True)
class Step:
    """A move, and the page of the reply that is asked for."""

    move: Move
    number: int = 1
    trouble: Trouble | None = None


def step_of(do: str, spot: Spot, fields: Fields) -> Step:
    """Return the move that a press means at ``spot``; what is not understood looks again."""
    name, _, rest = do.partition(":")
    lang, asking = spot.lang, spot.asking
    act: Act = Look()
    number, trouble = 1, None
    match name:
        case "first":
            picked = fields.first("lang")
            lang = next((one for one in LANGS if one == picked), lang)
            act = Say(fields.typed) if fields.typed.strip() else Open(fields.first("goto") or HOME)
        case "choose":
            act, trouble = _chosen(fields)
        case "goto":
            place = fields.first("goto")
            if fields.typed.strip():
                act = Say(fields.typed)
            elif place:
                act = Open(place)
            else:
                trouble = Trouble.NOTHING_PICKED
        case "open" | "return":
            act, asking = Open(rest or spot.came_from or HOME), None
        case "danger":
            act, asking = Open("crisis"), None
            lang = next((one for one in LANGS if one == rest), lang)
        case _ if do in _ACTS:
            act = _ACTS[do]
        case "change":
            act = Change(fields.first("change") or "")
            trouble = None if fields.first("change") else Trouble.NOTHING_PICKED
        case "start_over":
            act, asking = StartOver(), None
        case "why" | "outline" | "private":
            act = Look(_part(rest or name))
        case "language":
            lang = "en" if lang == "fr" else "fr"
            act = Look(_part(rest))
        case "page":
            part, _, page = rest.partition(":")
            act = Look(_part(part))
            number = int(page) if page.isdecimal() and len(page) <= 2 else 1  # noqa: PLR2004
        case _:
            asking = None
    move = Move(spot.place, lang, act, asking, spot.came_from, spot.version or None)
    return Step(move, number, trouble)


def _chosen(fields: Fields) -> tuple[Act, Trouble | None]:
    """Return what was chosen; Teams leaves out a field in which nothing is."""
    if not fields.question:
        return Look(), Trouble.NOTHING_PICKED
    return Choose(fields.question, fields.picked.get("pick", ())), None


def _part(name: str) -> Part:
    return Part(name) if name in tuple(Part) else Part.WHOLE


def again(spot: Spot) -> Step:
    """Return the step that looks at a spot once more."""
    return Step(Move(spot.place, spot.lang, Look(), spot.asking, spot.came_from, spot.version))
