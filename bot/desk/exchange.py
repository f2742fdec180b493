"""How is what was written in a case shown? Letter by letter, who wrote it when, and in pages.

A page holds whole messages, as many as there is room for; the newest come first. Which page a
button leads to stands in what it does, by the message where the page begins or ends: so nothing is
passed over, whatever is written meanwhile.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import tzinfo
from typing import Final

from bot.desk.records import PERSON, Words
from bot.forms import Button, Form, Part, Said, Style, Written
from bot.pad import Pad
from bot.room import ROOM, size, taken_up

_FROM: Final = "from"
_BEFORE: Final = "before"
_PAGED: Final = re.compile(rf"(desk:[a-z]+):({_FROM}|{_BEFORE}):(\d{{1,6}})")

_PIECE: Final = 2_900
"""Letters of a copy that one field holds."""

_AROUND: Final = 700
"""What two buttons more, and the line that tells which messages these are, take up at most."""


def act_of(do: str) -> str:
    """Return what a button does, whichever page it leads to."""
    found = _PAGED.fullmatch(do)
    return found[1] if found is not None else do


@dataclass(frozen=True, slots=True)
class Page:
    """The messages that are seen at once: those from ``first`` to before ``last``, of ``count``."""

    first: int
    last: int
    count: int

    @property
    def is_newest(self) -> bool:
        """Whether nothing comes after it."""
        return self.last == self.count

    def line(self, pad: Pad) -> str:
        """Return which messages these are; nothing where they are all there are."""
        seen = self.last - self.first
        if seen in (0, self.count):
            return ""
        if seen == 1:
            return pad.say("exchange_one", number=self.last, count=self.count)
        return pad.say("exchange_some", first=self.first + 1, last=self.last, count=self.count)

    def earlier(self, pad: Pad, do: str) -> Iterator[Button]:
        """Yield the button that leads to what was written before it."""
        if self.first:
            yield pad.button(f"{do}:{_BEFORE}:{self.first}", "exchange_earlier")

    def later(self, pad: Pad, do: str) -> Iterator[Button]:
        """Yield the button that leads to what was written after it."""
        if not self.is_newest:
            yield pad.button(f"{do}:{_FROM}:{self.last}", "exchange_later")


def page_of(
    do: str, sizes: Sequence[int], room: int, *, oldest: bool = False, least: int = 1
) -> Page:
    """Return the page that a button leads to: as many messages as there is room for.

    ``sizes`` are those of the messages. A page has at least one of them. Where the button names
    none, it is the newest page or, with ``oldest``, the first; that one has at least ``least``.
    """
    count, found = len(sizes), _PAGED.fullmatch(do)
    at, onward = 0 if oldest else count, oldest
    if found is not None:
        onward, least = found[2] == _FROM, 1
        lowest, highest = (0, count - 1) if onward else (1, count)
        at = max(min(int(found[3]), highest), lowest)
    shown = 0
    for number in range(at, count) if onward else range(at - 1, -1, -1):
        room -= sizes[number]
        if room < 0 and shown >= least:
            break
        shown += 1
    return Page(at, at + shown, count) if onward else Page(at - shown, at, count)


@dataclass(frozen=True, slots=True)
class Exchange:
    """What was written in a case, as one side reads it.

    ``person`` and ``office`` name the sentences that say who wrote, and ``when``.
    """

    words: Sequence[Words] = field(repr=False)
    zone: tzinfo
    person: str
    office: str

    def within(
        self, form: Form, at: int, pad: Pad, do: str, pressed: str, *, least: int = 1
    ) -> Form:
        """Return a form with the page that was asked for, before its part ``at``.

        ``do`` is what shows such a form, ``pressed`` what was pressed. Where the rest of the form
        leaves too little room, the newest page has ``least`` messages.
        """
        messages = [self._shown(pad, one) for one in self.words]
        sizes = [sum(map(size, parts)) for parts in messages]
        page = page_of(pressed, sizes, ROOM - _AROUND - taken_up(form), least=least)
        parts = [part for message in messages[page.first : page.last] for part in message]
        if line := page.line(pad):
            parts.insert(0, Said(line, Style.SMALL))
        buttons = [*page.earlier(pad, do), *page.later(pad, do), *form.buttons]
        return replace(form, parts=[*form.parts[:at], *parts, *form.parts[at:]], buttons=buttons)

    def copied(self, form: Form, pad: Pad, do: str, pressed: str, head: str) -> Form:
        """Return a form with the page that was asked for in fields to copy from, below ``head``.

        Without a page it is the first, as a record begins where the case does. What the form asks
        stands below the last page only; from each other one its main button leads on.
        """
        rows = [f"{self._said(pad, one)}\n{one.text}" for one in self.words]
        sizes = [sum(map(size, _fields(pad, [row]))) for row in rows]
        room = ROOM - _AROUND - taken_up(form) - sum(map(size, _fields(pad, [head])))
        page = page_of(pressed, sizes, room, oldest=True)
        parts: list[Part] = [one for one in form.parts if isinstance(one, Said)]
        asked, main = [one for one in form.parts if not isinstance(one, Said)], form.main
        if line := page.line(pad):
            parts += [Said(pad.say("exchange_copy")), Said(line, Style.SMALL)]
        if not page.is_newest:
            (main,), asked = page.later(pad, do), []
        named = f"{page.first}_{page.last}"
        parts += _fields(pad, [head, *rows[page.first : page.last]], named)
        buttons = [*page.earlier(pad, do), *form.buttons]
        return replace(form, parts=[*parts, *asked], main=main, buttons=buttons)

    def _shown(self, pad: Pad, one: Words) -> Sequence[Said]:
        text = one.text or pad.say("desk_letter_directory")
        return Said(self._said(pad, one), Style.SMALL), Said(text, Style.QUOTED)

    def _said(self, pad: Pad, one: Words) -> str:
        """Return who wrote something, and when."""
        name = self.person if one.sender == PERSON else self.office
        return pad.say(name, when=pad.when(one.at, self.zone))


def _fields(pad: Pad, rows: Sequence[str], named: str = "") -> Sequence[Written]:
    """Return fields to copy from.

    Their names say what is in them: a window keeps what stands in a field for as long as it is
    called the same.
    """
    label = pad.say("desk_copy")
    return [
        Written(f"copy{number}_{named}", label, piece, _PIECE, optional=True)
        for number, piece in enumerate(_pieces(rows), start=1)
    ]


def _pieces(rows: Sequence[str]) -> Iterator[str]:
    """Yield rows in pieces that a field can hold; a row stands whole in one where it can."""
    piece = ""
    for row in rows:
        joined = f"{piece}\n\n{row}" if piece else row
        if _letters(joined) > _PIECE and piece:
            yield piece
            joined = row
        while _letters(joined) > _PIECE:
            cut = joined.encode("utf-16-le")[: 2 * _PIECE].decode("utf-16-le", "ignore")
            yield cut
            joined = joined[len(cut) :]
        piece = joined
    yield piece


def _letters(text: str) -> int:
    """Return how many letters a field counts, by which an emoji is two."""
    return len(text.encode("utf-16-le")) // 2
