"""Which counts may be shown? Only those from which no small one can be found.

Every cell stands for itself: of one cell nothing is shown but its own number, rounded down, and
that only once its week is over and changes no more. Nothing else of the counts has any effect on
what is shown: no total, no row that is there though it is too small, no order. A cell under ten and
one that is not there at all are the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Final, NamedTuple

from bot.weeks import last_shown

STEP: Final = 10
"""Numbers under this are not shown, and others are rounded down to a multiple of it."""


class Cell(NamedTuple):
    """What is counted: the week as the day of its Monday since 1970, kind, name, language."""

    week: int
    kind: str
    name: str
    lang: str


def shown(many: Mapping[Cell, int], now: datetime) -> dict[Cell, int]:
    """Return what may be shown of true counts: of each cell the least that it can be."""
    last = last_shown(now)
    return {
        cell: number - number % STEP
        for cell, number in sorted(many.items())
        if cell.week <= last and number >= STEP
    }
