"""What in a draft would the guidance ask about? Marks, found by the words of content/draft.yaml.

A mark is a question to think about and no verdict. The draft itself is looked through and let go:
only the names of its marks go on, so that nobody can find it again.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from functools import lru_cache
from typing import Final

from bot.guidance.model import Guidance, Mark
from bot.guidance.words import fold, unaccented

PERSONAL: Final = "personal"
"""The mark of personal data; its kinds are found by their digits and not by words."""

OWN_WORK: Final = "own_work"
"""The mark of one's own work; an organization's name belongs to it."""

_NOT_WORD: Final = re.compile(r"[^A-Za-z0-9]+")
_GAP: Final = " | "


def marks(
    guidance: Guidance, text: str, *, personal: bool, names: Collection[str] = ()
) -> tuple[str, ...]:
    """Return the ids of the marks of a draft, in the order of the content.

    ``personal`` says that it holds personal data, ``names`` are those of the person's organization.
    """
    folded = f" {fold(text)} "
    capitals = f" {_NOT_WORD.sub(' ', unaccented(text)).strip()} "
    own = any(f" {fold(name)} " in folded for name in names)
    return tuple(
        mark.id
        for mark in guidance.draft.marks.values()
        if (mark.id == PERSONAL and personal)
        or (mark.id == OWN_WORK and own)
        or _has(mark, folded, capitals)
    )


def _has(mark: Mark, folded: str, capitals: str) -> bool:
    small, large, never = _patterns(mark.words, mark.never)
    return any(
        pattern is not None and pattern.search(never.sub(_GAP, text) if never else text) is not None
        for pattern, text in ((small, folded), (large, capitals))
    )


_Pattern = re.Pattern[str] | None


@lru_cache(maxsize=64)
def _patterns(
    words: tuple[str, ...], never: tuple[str, ...]
) -> tuple[_Pattern, _Pattern, _Pattern]:
    """Return patterns for words in any case, for words in capitals, and for what is no such word.

    They are made of the content only, and each looks for plain words, so that no draft takes long.
    """
    capitals = [word for word in words if word.isupper()]
    return (
        _any_of(_written(word) for word in words if not word.isupper()),
        _any_of(re.escape(unaccented(word)) for word in capitals),
        _any_of((_written(word) for word in never), re.IGNORECASE),
    )


def _any_of(written: Iterable[str], flags: re.RegexFlag = re.NOFLAG) -> _Pattern:
    # The longest first, so that "our team at" is taken out whole.
    listed = sorted(written, key=len, reverse=True)
    return re.compile(f"(?<= )(?:{'|'.join(listed)})(?= )", flags) if listed else None


def _written(word: str) -> str:
    """Return a word or several as a pattern; ``*`` stands for the rest of a word."""
    return " ".join(_parts(word))


def _parts(word: str) -> Iterator[str]:
    for part in word.split():
        folded = re.escape(fold(part))
        yield f"{folded}[a-z0-9]*" if part.endswith("*") else folded
