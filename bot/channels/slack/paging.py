"""On which page does each part of a reply stand? Pages no longer than Slack shows.

What belongs together stays together; a page ends where the next part would make it too long. The
statements of an answer's first screen are always on its first page, and each page ends with the
sources that its own statements lean on.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from bot.channels.slack.blocks import Block
from bot.channels.slack.body import Asked, Composer, Part
from bot.conversation import Reply
from bot.guidance.model import Ref

CHARS: Final = 8_000
"""Letters of the parts of a page; with headings and buttons it stays below 9,000."""
BLOCKS: Final = 40


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a reply. ``ask`` is its form field, if it ends with one."""

    blocks: tuple[Block, ...]
    number: int
    count: int
    ask: str | None = None


def pages_of(reply: Reply) -> tuple[Page, ...]:
    """Return the reply in pages; there is at least one."""
    composer = Composer(reply)
    above = [*composer.above()]
    asked = composer.asks()
    parts = [*composer.parts(), asked.part]
    pages = _fill(parts, composer.note_size, sum(map(_size_of, above)))
    return tuple(
        _page(composer, page, asked, above if number == 1 else [], (number, len(pages)))
        for number, page in enumerate(pages, start=1)
    )


def page_of(reply: Reply, number: int) -> Page:
    """Return one page of the reply; a number that is too high gives the last one."""
    pages = pages_of(reply)
    return pages[min(max(number, 1), len(pages)) - 1]


def _page(
    composer: Composer,
    parts: Sequence[Part],
    asked: Asked,
    above: Sequence[Block],
    place: tuple[int, int],
) -> Page:
    number, count = place
    found = [*above, *composer.title(number, count)]
    refs: list[Ref] = []
    for part in parts:
        if part is not asked.part:
            found += part.blocks
            refs += part.refs
    found += composer.notes(refs)
    ends = number == count
    if ends:
        found += asked.part.blocks
    found += composer.below()
    return Page(tuple(found), number, count, asked.ask if ends else None)


def _fill(parts: Sequence[Part], note_size: Callable[[Ref], int], above: int) -> list[list[Part]]:
    """Return the parts by pages; the sources that a part names count where they are first named."""
    pages: list[list[Part]] = [[]]
    size, count, named = above, 0, set[Ref]()
    for part in parts:
        more = part.size + sum(note_size(ref) for ref in set(part.refs) - named)
        full = size + more > CHARS or count + len(part.blocks) > BLOCKS
        if pages[-1] and (part.begins or full):
            pages.append([])
            size, count, named = 0, 0, set()
            more = part.size + sum(note_size(ref) for ref in set(part.refs))
        pages[-1].append(part)
        size += more
        count += len(part.blocks)
        named.update(part.refs)
    return pages


def _size_of(block: Block) -> int:
    return len(block["text"]["text"]) if "text" in block else 0
