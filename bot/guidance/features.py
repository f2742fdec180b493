"""What can be compared in a typed text? Its words, pairs of words, and pieces of words.

Pieces make a mistyped word look like the word that was meant, and pairs tell "my post" from "the
post". Both languages share one set, so that a text that mixes them is read whole. This is all that
is looked at: the text itself goes no further.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Final, NamedTuple

from bot.guidance.words import fold

MOST_WORDS: Final = 400
_LONGEST: Final = 40
"""A word is cut after this many letters, so that no text takes long."""

_SIZES: Final = (3, 4, 5)


class Features(NamedTuple):
    """The words and pairs of a text, and the pieces of its words, each once."""

    words: frozenset[str]
    pieces: frozenset[str]


def features(text: str) -> Features:
    """Return what can be compared of a text; at most its first 400 words are looked at."""
    words = [word[:_LONGEST] for word in _written(text).split()[:MOST_WORDS]]
    pairs = {f"{one} {other}" for one, other in pairwise(words)}
    pieces = {
        marked[at : at + size]
        for marked in {f"_{word}_" for word in words}
        for size in _SIZES
        for at in range(len(marked) - size + 1)
    }
    return Features(frozenset(words) | pairs, frozenset(pieces))


def _written(text: str) -> str:
    """Return the text folded, with « j'ai » in one word: it has nothing to do with AI."""
    return f" {fold(text)}".replace(" j ai ", " jai ")
