"""What does a pinned summary say? The same on Slack and in Teams, in one language or in both.

A post is what ``pinned`` yields in each language, then the buttons of that language (``starts``),
and at the end of the whole, once, what ``sources`` yields.

It says less than the summary does when somebody opens it alone: both languages must fit into one
post that is read again and again. A source is named by its title and section, an office by how it
is reached. Nothing in it depends on the hour, since a post stands for months.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from hashlib import blake2b
from typing import Final

from bot.channels.composer import Composer
from bot.channels.controls import Control
from bot.channels.pen import Element, Pen
from bot.channels.wording import absent_words, both, heading, place_words
from bot.conversation import ContactCard, Reply
from bot.guidance.model import Ref
from bot.guidance.pages import HOME
from bot.guidance.screen import Review, by_kind, is_stated, notes
from bot.guidance.words import Lang, fold

_ASKED: Final[Mapping[str, tuple[str, Lang]]] = {
    "pin": ("pin:choose", "en"),
    "epingler": ("pin:choose", "fr"),
    "unpin": ("pin:leave", "en"),
    "retirer": ("pin:leave", "fr"),
}


def asked(text: str) -> tuple[str, Lang] | None:
    """Return what somebody who types just one word asks of pins, and the language of the word."""
    return _ASKED.get(fold(text))


def pinned(reply: Reply, pen: Pen, changed: str | None) -> Iterator[Element]:
    """Yield a summary in the language of the reply, without its buttons and sources.

    Its version is not told, since it would change with every other page; ``changed`` is the day
    of its own last change.
    """
    composer = _Pinned(reply, pen)
    yield pen.kicker(reply.phrase("summary_of"))
    yield pen.title(heading(reply))
    yield from composer.above()
    yield from composer.summary()
    kept = reply.phrase("pin_kept", date=changed) if changed else reply.phrase("pin_kept_new")
    yield pen.small(pen.literal(f"{reply.approval[reply.lang]} {kept}"))


class _Pinned(Composer):
    """Puts a summary into fewer words: each heading is a line of the text below it."""

    def summary(self) -> Iterator[Element]:
        """Yield the statements, the offices and the tools."""
        withdrawn = self._screen.review is Review.WITHDRAWN
        if not withdrawn:
            for kind, group in by_kind(self._screen.said):
                yield from self._block(f"kind_{kind}", map(self._said, group))
        cited = self._addresses()
        yield from self._block(
            "offices_heading",
            [self.pen.bullet(self._office_line(card, cited)) for card in self._reply.cards],
        )
        yield from self._block("tools_title", map(self._tool, self._reply.tools))
        if not withdrawn and not all(is_stated(one.statement) for one in self._screen.said):
            yield self.pen.small(self.pen.literal(self._say("practice_meaning")))

    def _block(self, title: str, rows: Iterable[str]) -> Iterator[Element]:
        found = [*rows]
        if found:
            yield from map(self.pen.text, self.pen.joined([self._title(title), *found]))

    def _title(self, phrase: str) -> str:
        return self.pen.strong(self._say(phrase))

    def _office_line(self, card: ContactCard, cited: dict[str, int]) -> str:
        """Return an office in one line; a page that a note names already is that note."""
        lang, contact = self._lang, card.contact
        name = contact.name[lang] if contact and contact.name else card.office.name[lang]
        if contact is not None and not contact.exists:
            absent = self.pen.literal(absent_words(self._reply, card))
            return f"{self.pen.strong(name)} · {absent}"
        urls = card.office.page if contact is None else contact.url
        reach = [self.pen.strong(name)]
        if contact is not None and contact.phone and contact.phone not in name:
            reach.append(self.pen.literal(contact.phone))
        if contact is not None and contact.email:
            reach.append(self.pen.link(f"mailto:{contact.email}", contact.email))
        if urls:
            address = urls.get(lang, urls["en"])
            if address in cited:
                reach[0] += f" {self.pen.literal(f'[{cited[address]}]')}"
            else:
                reach.append(self.pen.link(address, self._say("office_page")))
        return " · ".join(reach)

    def _addresses(self) -> dict[str, int]:
        """Return the address of each source, and the number of the first note that names it."""
        found: dict[str, int] = {}
        for ref, note in self._notes.items():
            url = self._reply.sources[ref.source].url
            found.setdefault(url.get(self._lang, url["en"]), note.number)
        return found


def sources(replies: Sequence[Reply], pen: Pen) -> Iterator[Element]:
    """Yield the sources of a summary, each once, with its notes and in each of the languages.

    Its notes have the same numbers in every language.
    """
    numbered = notes(replies[0].screen)
    by_source: dict[str, list[Ref]] = {}
    for ref in numbered:
        by_source.setdefault(ref.source, []).append(ref)
    rows = [pen.strong(both(replies, "notes"))]
    for refs in by_source.values():
        numbers = " ".join([pen.literal(f"[{numbered[ref].number}]") for ref in refs])
        named = [_named(reply, pen, refs, replies) for reply in replies]
        rows.append(f"{numbers} {' · '.join(named)}")
    if by_source:
        yield from map(pen.small, pen.joined(rows))


def _named(reply: Reply, pen: Pen, refs: Sequence[Ref], replies: Sequence[Reply]) -> str:
    """Return a source by its title and sections.

    It is a link in each language that it can be read in; where that is none of them, in each.
    """
    source, lang = reply.sources[refs[0].source], reply.lang
    title = source.title[lang]
    found = dict.fromkeys(source.sections[ref.section][lang] for ref in refs)
    told = "; ".join(section for section in found if section not in title)
    tail = f", {told}" if told else ""
    if lang not in source.url:
        tail += f" ({reply.phrase('in_english')})"
    if source.network:
        tail += f" ({reply.phrase(f'network_{source.network}')})"
    address = source.url.get(lang, source.url["en"])
    read_here = lang in source.url or not any(one.lang in source.url for one in replies)
    words = pen.link(address, title) if read_here else pen.literal(title)
    return f"{words}{pen.literal(tail)}"


def starts(reply: Reply) -> Iterator[Control]:
    """Yield what a pinned summary begins, for whoever taps, in private: its walk, and Cairn."""
    card = reply.screen.card
    assert card is not None
    yield Control(f"start:{card.tree}", place_words(reply, card.tree))
    yield Control(f"start:{HOME}", reply.phrase("pin_ask"))


def neutral(replies: Sequence[Reply]) -> str:
    """Return what a notification of the post shows: what it is called."""
    return " · ".join(dict.fromkeys(heading(reply) for reply in replies))


def mark(drawn: str) -> str:
    """Return a digest by which two posts are told apart."""
    return blake2b(drawn.encode(), digest_size=16).hexdigest()
