"""What was learnt from the examples? For each feature, how much it speaks for each meaning.

The weights are whole numbers, learnt by ``make learn`` and kept in ``content/learnt.bin``, so that
no machine learns while it answers, and all of them answer alike. Reading a text is a look-up of its
features and one sum.
"""

from __future__ import annotations

import hashlib
import json
import zlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from math import sqrt
from pathlib import Path
from typing import Final

from bot.guidance.examples import ASIDE, paths
from bot.guidance.features import Features, features
from bot.guidance.words import Lang

FILE: Final = "content/learnt.bin"
FRENCH: Final = ":french"
CRISIS: Final = ":crisis"
"""Columns that are no topics; no topic may have such a name."""

ZERO: Final = 128
"""What stands for a weight of nothing, so that no byte is negative."""

TOP: Final = 127
SQUARE: Final = 10_000
"""Rarities are kept as whole numbers: their squares, this many times over."""

_FORM: Final = "cairn-learnt 1"
_AT_ONCE: Final = 256
"""So many bytes can be added in lanes of two bytes."""


class LearntError(Exception):
    """The file of weights cannot be read; ``make learn`` writes it anew."""


@dataclass(frozen=True, slots=True)
class Block:
    """The features of one sort: to each, its weights in lanes, and the square of its rarity."""

    lanes: Mapping[str, int] = field(repr=False)
    squares: Mapping[str, int] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Limits:
    """From which score on a meaning counts, found on writers left out of the learning.

    ``in_scope`` is how far the best topic must be ahead of what is no topic, ``sure`` how far
    ahead of the second topic, ``crisis`` the score of a text of danger in each language.
    """

    in_scope: float
    sure: float
    crisis: Mapping[Lang, float]


@dataclass(frozen=True, slots=True)
class Learnt:
    """The weights, the columns they are for, and the examples that they were learnt from."""

    columns: tuple[str, ...]
    scales: tuple[float, ...]
    starts: tuple[float, ...]
    limits: Limits
    fingerprint: str
    words: Block
    pieces: Block

    def scores(self, text: str) -> dict[str, float]:
        """Return how much a text speaks for each column; nothing that is known speaks for none."""
        found: Features = features(text)
        totals = [0.0] * len(self.columns)
        known = False
        for block, names in ((self.words, found.words), (self.pieces, found.pieces)):
            sums, square = _added(block, names, len(totals))
            if square:
                known = True
                length = sqrt(square / SQUARE)
                totals = [total + one / length for total, one in zip(totals, sums, strict=True)]
        if not known:
            return {}
        # Rounded, so that the last bit of a number decides nothing anywhere.
        return {
            name: round(start + scale * total, 6)
            for name, start, scale, total in zip(
                self.columns, self.starts, self.scales, totals, strict=True
            )
        }


def _added(block: Block, names: Collection[str], width: int) -> tuple[list[int], int]:
    """Return the sum of the weights of features, a number a column, and of their squares."""
    lanes = block.lanes
    known = [name for name in names if name in lanes]
    sums = [-ZERO * len(known)] * width
    for at in range(0, len(known), _AT_ONCE):
        total = sum([lanes[name] for name in known[at : at + _AT_ONCE]])
        raw = total.to_bytes(2 * width, "little")
        sums = [
            one + raw[2 * column] + (raw[2 * column + 1] << 8) for column, one in enumerate(sums)
        ]
    return sums, sum([block.squares[name] for name in known])


def fingerprint(folder: Path) -> str:
    """Return a hash of everything that weights are learnt from, to tell when they are stale."""
    digest = hashlib.sha256(_FORM.encode())
    for lang, path in paths(folder):
        content = path.read_bytes()
        digest.update(f"\n{lang}/{path.name} {len(content)}\n".encode())
        digest.update(content)
    return digest.hexdigest()


# -- the file


@dataclass(frozen=True, slots=True)
class Rows:
    """The features of one sort as they are written: names, squares, and a byte a weight."""

    names: Sequence[str]
    squares: Sequence[int]
    weights: bytes = field(repr=False)


def write(path: Path, learnt: Learnt, words: Rows, pieces: Rows) -> None:
    """Write weights to a file: the head of ``learnt`` with the rows."""
    head = {
        "form": _FORM,
        "columns": learnt.columns,
        "scales": learnt.scales,
        "starts": learnt.starts,
        "limits": {
            "in_scope": learnt.limits.in_scope,
            "sure": learnt.limits.sure,
            "crisis": dict(learnt.limits.crisis),
        },
        "fingerprint": learnt.fingerprint,
        "words": [" ".join(name.replace(" ", "+") for name in words.names), words.squares],
        "pieces": [" ".join(pieces.names), pieces.squares],
    }
    plain = json.dumps(head, separators=(",", ":")).encode() + b"\n" + words.weights
    path.write_bytes(zlib.compress(plain + pieces.weights, 9))


def read(path: Path) -> Learnt:
    """Read the weights of a file.

    Raises:
        LearntError: the file is not there, or not one that ``write`` wrote.

    """
    try:
        head, _, rows = zlib.decompress(path.read_bytes()).partition(b"\n")
        found = json.loads(head)
        if found["form"] != _FORM or not {*ASIDE, FRENCH, CRISIS} <= {*found["columns"]}:
            raise LearntError
        width = len(found["columns"])
        numbers = [*found["scales"], *found["starts"]]
        if len(numbers) != 2 * width or not all(isinstance(one, float) for one in numbers):
            raise LearntError
        words = [name.replace("+", " ") for name in found["words"][0].split(" ")]
        pieces = found["pieces"][0].split(" ")
        if len(rows) != width * (len(words) + len(pieces)):
            raise LearntError
        return Learnt(
            columns=tuple(found["columns"]),
            scales=tuple(found["scales"]),
            starts=tuple(found["starts"]),
            limits=Limits(**found["limits"]),
            fingerprint=found["fingerprint"],
            words=_block(words, found["words"][1], rows[: width * len(words)]),
            pieces=_block(pieces, found["pieces"][1], rows[width * len(words) :]),
        )
    except (OSError, zlib.error, ValueError, LookupError, TypeError, AttributeError) as error:
        raise LearntError from error


def _block(names: Sequence[str], squares: Sequence[int], weights: bytes) -> Block:
    step = 2 * len(weights) // len(names)
    lanes = bytearray(2 * len(weights))
    lanes[0::2] = weights
    view = bytes(lanes)
    numbers = [int.from_bytes(view[at : at + step], "little") for at in range(0, len(view), step)]
    return Block(dict(zip(names, numbers, strict=True)), dict(zip(names, squares, strict=True)))
