"""On which page does each part of a reply stand? Pages no longer than a platform shows.

What belongs together stays together; a page ends where the next part would make it too long. The
statements of an answer's first screen come first: on Slack all of them are on the first page, in
Teams the last few of a long French answer may be on the second. Each page ends with the sources
that its own statements lean on.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial

from bot.channels.composer import Asked, Composer, Part
from bot.channels.pen import Element, Pen
from bot.conversation import Reply
from bot.guidance.model import Ref


@dataclass(frozen=True, slots=True)
class Sheet:
    """How much the first page and each other one may weigh, as the pen does; and their elements."""

    first: int
    other: int
    elements: int


@dataclass(frozen=True)
class Page:
    """One page of a reply. ``ask`` is what its form field is for, if it ends with one."""

    number: int
    count: int
    ask: str | None
    compose: Callable[[], tuple[Element, ...]] = field(repr=False)

    @cached_property
    def elements(self) -> tuple[Element, ...]:
        """What it is drawn from; put together only for a page that is shown."""
        return self.compose()


def pages_of(reply: Reply, pen: Pen, sheet: Sheet) -> tuple[Page, ...]:
    """Return the reply in pages; there is at least one."""
    composer = Composer(reply, pen)
    above = [*composer.above()]
    asked = composer.asks()
    parts = [*composer.parts(), asked.part]
    pages = _fill(parts, composer, sheet, sum(map(pen.weigh, above)))
    count = len(pages)
    found = []
    for number, page in enumerate(pages, start=1):
        first = above if number == 1 else []
        compose = partial(_elements, composer, page, asked, first, (number, count))
        found.append(Page(number, count, asked.ask if number == count else None, compose))
    return tuple(found)


def page_of(pages: Sequence[Page], number: int) -> Page:
    """Return one page of a reply; a number that is too high gives the last one."""
    return pages[min(max(number, 1), len(pages)) - 1]


def _elements(
    composer: Composer,
    parts: Sequence[Part],
    asked: Asked,
    above: Sequence[Element],
    place: tuple[int, int],
) -> tuple[Element, ...]:
    """Return the elements of a page; ``place`` is its number, and how many there are."""
    number, count = place
    found = [*above, *composer.title(number, count)]
    refs: list[Ref] = []
    for part in parts:
        if part is not asked.part:
            found += part.elements
            refs += part.refs
    found += composer.notes(refs)
    if number == count:
        found += asked.part.elements
    found += composer.below()
    return tuple(found)


def _fill(parts: Sequence[Part], composer: Composer, sheet: Sheet, above: int) -> list[list[Part]]:
    """Return the parts by pages; a source that a part names counts where it is first named."""
    pages: list[list[Part]] = [[]]
    weight, count, named = above, 0, set[Ref]()
    for part in parts:
        own = sum([composer.pen.weigh(element) for element in part.elements])
        refs = set(part.refs)
        more = own + sum([composer.note_weight(ref) for ref in refs - named])
        most = sheet.first if len(pages) == 1 else sheet.other
        full = weight + more > most or count + len(part.elements) > sheet.elements
        if pages[-1] and (part.begins or full):
            pages.append([])
            weight, count, named = 0, 0, set()
            more = own + sum([composer.note_weight(ref) for ref in refs])
        pages[-1].append(part)
        weight += more
        count += len(part.elements)
        named |= refs
    return pages
