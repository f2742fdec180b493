"""How does a channel write? Its pen: marks within a text, and the elements that hold texts."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from bot.guidance.words import Line, Span, lines

Element = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Field:
    """A form field in which choices are made.

    ``name`` tells it from any other, the language and the question included, since platforms keep
    what was picked in a field for as long as its name stays. ``choices`` are ids and words.
    """

    name: str
    kind: str
    label: str
    choices: Sequence[tuple[str, str]]
    picked: Sequence[str] = ()
    many: bool = False
    hint: str | None = None
    placeholder: str | None = None
    optional: bool = False


class Pen(ABC):
    """How a channel writes. What it takes as ``words`` has no marks; ``text`` has its own."""

    channel: str
    """The channel's name among those that a sentence of the promise is for."""

    @abstractmethod
    def literal(self, words: str, /) -> str:
        """Return words as text that shows just them: no format, link or mention."""

    def marked(self, words: str, /) -> str:
        """Return words of the content, which have its marks, as text."""
        return _marked(self, words)

    @abstractmethod
    def link(self, address: str, words: str, /) -> str:
        """Return a link."""

    @abstractmethod
    def strong(self, words: str, /) -> str:
        """Return words that stand out."""

    @abstractmethod
    def emphasis(self, words: str, /) -> str:
        """Return words that are set apart."""

    @abstractmethod
    def bullet(self, text: str, /) -> str:
        """Return one item of a list."""

    @abstractmethod
    def below(self, rows: Sequence[str], /) -> str:
        """Return rows one below the other."""

    @abstractmethod
    def joined(self, rows: Iterable[str], /) -> list[str]:
        """Return rows in as few texts as the channel's length for one allows."""

    @abstractmethod
    def kicker(self, words: str, /) -> Element:
        """Return the line above the title: the walk or sort of page."""

    @abstractmethod
    def title(self, words: str, /) -> Element:
        """Return the title of a screen."""

    @abstractmethod
    def heading(self, words: str, /) -> Element:
        """Return the heading of a part."""

    @abstractmethod
    def text(self, text: str, /) -> Element:
        """Return a paragraph."""

    @abstractmethod
    def small(self, text: str, /) -> Element:
        """Return a small line."""

    @abstractmethod
    def field(self, field: Field, /) -> list[Element]:
        """Return a form field, and what must be read before it."""

    @abstractmethod
    def weigh(self, element: Element, /) -> int:
        """Return how much of a page an element takes, in letters about."""


@lru_cache(maxsize=32768)
def _marked(pen: Pen, words: str) -> str:
    return pen.below([_line(pen, line) for line in lines(words)])


def _line(pen: Pen, line: Line) -> str:
    text = "".join([_span(pen, span) for span in line.spans])
    return pen.bullet(text) if line.bullet else text


def _span(pen: Pen, span: Span) -> str:
    if span.href is not None:
        return pen.link(span.href, span.text)
    if span.strong:
        return pen.strong(span.text)
    return pen.emphasis(span.text) if span.emphasis else pen.literal(span.text)
