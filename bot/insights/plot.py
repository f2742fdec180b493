"""How are the numbers of one name drawn? Bars week by week, as places in a small picture.

English stands left and filled, French right and hatched. What is under ten or none is a dot.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from bot.guidance.words import LANGS, Lang
from bot.insights.report import Row
from bot.weeks import monday_of

WIDTH: Final = 360
HEIGHT: Final = 100
LEFT: Final = 36
TOP: Final = 9
BASE: Final = 79
"""The line that bars stand on, from the top."""

_GAP: Final = 2
_LEAST_HEIGHT: Final = 2.0
_EVERY: Final = 3
"""How many weeks lie from one date below the picture to the next."""


@dataclass(frozen=True, slots=True)
class Bar:
    """A number, or a dot where none is shown; ``x`` and ``width`` are its place."""

    lang: Lang
    x: float
    width: float
    height: float | None


@dataclass(frozen=True, slots=True)
class Tick:
    """A date below the picture."""

    x: float
    words: str


@dataclass(frozen=True, slots=True)
class Plot:
    """A picture; ``top`` is the number that its uppermost line stands for."""

    top: int
    bars: tuple[Bar, ...]
    ticks: tuple[Tick, ...]


def plot(row: Row, weeks: Sequence[int], top: int) -> Plot:
    """Return the picture of a row; ``top`` is the same for all that are to be compared."""
    slot = (WIDTH - LEFT) / len(weeks)
    width = (slot - 2 * _GAP) / len(LANGS)
    bars = []
    for number, week in enumerate(weeks):
        for place, lang in enumerate(LANGS):
            x = LEFT + number * slot + _GAP + place * width
            least = row.least[lang].get(week)
            height = max(least / top * (BASE - TOP), _LEAST_HEIGHT) if least else None
            bars.append(Bar(lang, round(x, 1), round(width - 1, 1), height and round(height, 1)))
    ticks = [
        Tick(round(LEFT + (number + 0.5) * slot, 1), f"{monday_of(week):%m-%d}")
        for number, week in enumerate(weeks)
        if number % _EVERY == 0
    ]
    return Plot(top, tuple(bars), tuple(ticks))


def top_of(rows: Iterable[Row]) -> int:
    """Return a round number that no number of the rows is above: 10, 20, 50, 100 and so on."""
    most = max((least for row in rows for found in row.least.values() for least in found.values()),
               default=0)  # fmt: skip
    top = step = 10
    while top < most:
        top = next((step * many for many in (2, 5, 10) if step * many >= most), step * 10)
        step *= 10
    return top
