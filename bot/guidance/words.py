"""What is a piece of bilingual text, and what do its few marks mean?

Four marks exist in words: ``**bold**``, ``_italic_``, ``- list`` at the start of a line, and
``[words](https://...)``. Every channel turns them into its own form from the same spans.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Literal

Lang = Literal["en", "fr"]

LANGS: Final[tuple[Lang, Lang]] = ("en", "fr")

_MARK = re.compile(
    r"\*\*(?P<strong>[^*\n]+)\*\*"
    r"|(?<!\w)_(?P<emphasis>[^_\n]+)_(?!\w)"
    r"|\[(?P<words>[^\]\n]+)\]\((?P<href>[^)\s]+)\)"
)
_NOT_WORD = re.compile(r"[^a-z0-9]+")
_SLICE: Final = 128
_LIGATURES = str.maketrans({"œ": "oe", "æ": "ae", "Œ": "oe", "Æ": "ae"})


@dataclass(frozen=True, slots=True)
class Words:
    """The same text in both official languages."""

    en: str
    fr: str

    def __getitem__(self, lang: Lang) -> str:
        return self.fr if lang == "fr" else self.en


@dataclass(frozen=True, slots=True)
class Span:
    """A run of text with at most one mark on it; ``href`` is set for links only."""

    text: str
    strong: bool = False
    emphasis: bool = False
    href: str | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """One line of text; ``bullet`` when it is an item of a list."""

    spans: tuple[Span, ...]
    bullet: bool = False


@lru_cache(maxsize=8192)
def lines(text: str) -> tuple[Line, ...]:
    """Return the lines of ``text`` with their marks read."""
    found = []
    for raw in text.strip().split("\n"):
        stripped = raw.strip()
        bullet = stripped.startswith("- ")
        found.append(Line(tuple(_spans(stripped[2:] if bullet else stripped)), bullet))
    return tuple(found)


def _spans(text: str) -> Iterable[Span]:
    at = 0
    for match in _MARK.finditer(text):
        if match.start() > at:
            yield Span(text[at : match.start()])
        if match["strong"]:
            yield Span(match["strong"], strong=True)
        elif match["emphasis"]:
            yield Span(match["emphasis"], emphasis=True)
        else:
            yield Span(match["words"], href=match["href"])
        at = match.end()
    if at < len(text):
        yield Span(text[at:])


def links(text: str) -> tuple[str, ...]:
    """Return the addresses linked in ``text``, in order."""
    return tuple(span.href for line in lines(text) for span in line.spans if span.href)


def plain(text: str) -> str:
    """Return ``text`` without its marks; a link keeps its words only."""
    return "\n".join(
        ("- " if line.bullet else "") + "".join(span.text for span in line.spans)
        for line in lines(text)
    )


def fold(text: str) -> str:
    """Return ``text`` in lower case, without accents or punctuation, words one space apart.

    Two spellings that a hurried person would take for the same fold to the same string.
    """
    return _NOT_WORD.sub(" ", unaccented(text.translate(_LIGATURES).casefold())).strip()


def unaccented(text: str) -> str:
    """Return ``text`` with each letter without its accents."""
    # Normalizing takes quadratic time on long runs of combining marks, so it is done in slices;
    # where a slice ends cannot matter, since the marks are dropped.
    bare = (
        unicodedata.normalize("NFKD", text[at : at + _SLICE]) for at in range(0, len(text), _SLICE)
    )
    return "".join(c for part in bare for c in part if not unicodedata.combining(c))
