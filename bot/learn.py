"""What do the examples teach? Weights for ``content/learnt.bin``; ``make learn`` writes them.

For whoever adds examples; the bot itself never learns. Two plain methods are added up: a logistic
regression, which finds what sets topics apart, and a complement naive Bayes, which holds better
where familiar words meet in a new way. From which score on a meaning counts is found by leaving
out one writer after the other. Everything is sorted and nothing is drawn by
chance, so the same examples give the same weights.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, hstack
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import ComplementNB

from bot.guidance import learnt
from bot.guidance.examples import ASIDE, CRISIS, NO_CRISIS, Example, examples
from bot.guidance.features import features
from bot.guidance.learnt import FRENCH, SQUARE, TOP, ZERO, Learnt, Limits, Rows
from bot.guidance.words import LANGS, Lang

Numbers = NDArray[np.float64]
Bools = NDArray[np.bool_]

_LEAST: Final = (2, 3)
"""How often a pair of words, and a piece of a word, must be seen to be learnt from."""

_STRENGTH: Final = 4.0
_SMOOTHING: Final = 0.3
_BAYES: Final = 2.0
_BAYES_OF_DANGER: Final = 1.0
"""How much the second method counts beside the first; found on writers left out."""

_STRENGTH_OF_DANGER: Final = 16.0
"""Few texts are of danger and no two are alike, so each may weigh more."""

_REFUSED: Final = 0.035
"""The part of real questions of a writer who was left out that may be taken for something else.

Such a writer is further from the others than people are: fewer of other questions are refused."""

_WRONG: Final = 0.03
"""The part of cards shown at once that may be on another topic."""

_FALSE_ALARMS: Final = 0.003
"""The part of ordinary texts of a writer who was left out that may bring the card for danger."""

_CLOSELY: Final[Mapping[str, Any]] = {"max_iter": 300, "tol": 1e-4}
_ROUGHLY: Final[Mapping[str, Any]] = {"max_iter": 60, "tol": 2e-3}
"""How closely weights are fitted: those that are kept, and those that limits are found with."""

_ABOUT_SAFETY: Final = "personal_safety"
"""What people ask about their own safety may well bring the card, and is no false alarm."""

_FEWEST: Final = 100
"""A writer of fewer examples is not left out by themselves."""


class Vocabulary(NamedTuple):
    """The features that are learnt from, in two blocks, with the square of the rarity of each."""

    words: dict[str, int]
    pieces: dict[str, int]
    squares: tuple[list[int], list[int]]

    @property
    def blocks(self) -> tuple[dict[str, int], dict[str, int]]:
        """The two blocks: to each feature, its place."""
        return self.words, self.pieces


class Model(NamedTuple):
    """A weight for each feature and column, and where each column starts."""

    weights: Numbers
    starts: Numbers


def learn(folder: Path) -> None:
    """Learn from the examples of a guidance folder, and write the weights beside them."""
    found = [*examples(folder)]
    topics = sorted({one.topic for one in found} - {CRISIS, NO_CRISIS, *ASIDE})
    vocabulary = _vocabulary(found)
    matrix = _matrix(found, vocabulary)
    columns = (*topics, *ASIDE, FRENCH, learnt.CRISIS)
    limits = _limits(found, matrix, topics)
    model = _fit(found, matrix, topics, np.ones(len(found), dtype=bool), closely=True)
    rare = np.sqrt(np.array([*vocabulary.squares[0], *vocabulary.squares[1]]) / SQUARE)
    weights = model.weights * rare[:, None]
    largest = np.abs(weights).max(axis=0)
    bytes_ = (np.rint(weights / largest * TOP) + ZERO).astype(np.uint8)
    cut = len(vocabulary.words)
    words = Rows([*vocabulary.words], vocabulary.squares[0], bytes_[:cut].tobytes())
    pieces = Rows([*vocabulary.pieces], vocabulary.squares[1], bytes_[cut:].tobytes())
    head = Learnt(
        columns=columns,
        scales=tuple(float(f"{one / TOP:.6g}") for one in largest),
        starts=tuple(float(f"{one:.6g}") for one in model.starts),
        limits=limits,
        fingerprint=learnt.fingerprint(folder),
        words=learnt.Block({}, {}),
        pieces=learnt.Block({}, {}),
    )
    learnt.write(folder / learnt.FILE, head, words, pieces)


# -- from texts to numbers


def _vocabulary(found: Sequence[Example]) -> Vocabulary:
    counts: tuple[Counter[str], Counter[str]] = (Counter(), Counter())
    for one in found:
        for counter, names in zip(counts, features(one.text), strict=True):
            counter.update(names)
    kept = (
        sorted(n for n, c in counts[0].items() if " " not in n or c >= _LEAST[0]),
        sorted(n for n, c in counts[1].items() if c >= _LEAST[1]),
    )
    squares = tuple(
        [_square(len(found), counter[name]) for name in names]
        for counter, names in zip(counts, kept, strict=True)
    )
    words, pieces = ({name: at for at, name in enumerate(names)} for names in kept)
    return Vocabulary(words, pieces, (squares[0], squares[1]))


def _square(total: int, count: int) -> int:
    """Return the square of how rare a feature is, as a whole number."""
    rarity = np.log((1 + total) / (1 + count)) + 1
    return round(float(rarity * rarity * SQUARE))


def _matrix(found: Sequence[Example], vocabulary: Vocabulary) -> Any:
    read = [features(one.text) for one in found]
    parts = []
    for block, names in enumerate(vocabulary.blocks):
        squares = np.array(vocabulary.squares[block], dtype=np.float64) / SQUARE
        ends, places, values = [0], [], []
        for one in read:
            known = sorted(names[name] for name in one[block] if name in names)
            length = np.sqrt(squares[known].sum()) or 1.0
            places += known
            values += [*(np.sqrt(squares[known]) / length)]
            ends.append(len(places))
        shape = (len(found), len(names))
        parts.append(csr_matrix((values, places, ends), shape=shape))
    return hstack(parts).tocsr()


# -- from numbers to weights


def _fit(
    found: Sequence[Example], matrix: Any, topics: Sequence[str], taken: Bools, *, closely: bool
) -> Model:
    """Return the weights that the ``taken`` examples teach, a row a feature."""
    options = _CLOSELY if closely else _ROUGHLY
    meant = np.array([one.topic for one in found])
    french = np.array([one.lang == "fr" for one in found])
    asked = taken & ~np.isin(meant, (CRISIS, NO_CRISIS))
    names = [*topics, *ASIDE]
    places = np.array([names.index(name) for name in meant[asked]])
    apart = _regression(options).fit(matrix[asked], places)
    bayes = ComplementNB(alpha=_SMOOTHING).fit(matrix[asked], places)
    told = bayes.feature_log_prob_
    weights = apart.coef_ + _BAYES * (told - told.mean(axis=0))
    starts = apart.intercept_
    tongue = _regression(options).fit(matrix[taken], french[taken])
    danger = _regression(options, _STRENGTH_OF_DANGER).fit(matrix[taken], (meant == CRISIS)[taken])
    bayes = ComplementNB(alpha=_SMOOTHING).fit(matrix[taken], (meant == CRISIS)[taken])
    apart_by = bayes.feature_log_prob_[1] - bayes.feature_log_prob_[0]
    return Model(
        np.vstack([weights, tongue.coef_, danger.coef_ + _BAYES_OF_DANGER * apart_by]).T,
        np.concatenate([starts, tongue.intercept_, danger.intercept_]),
    )


def _regression(options: Mapping[str, Any], strength: float = _STRENGTH) -> LogisticRegression:
    return LogisticRegression(C=strength, **options)


# -- from which score on a meaning counts


class _Left(NamedTuple):
    """What the weights of all other writers say of an example."""

    ahead: float
    margin: float
    right: bool
    danger: float


def _limits(found: Sequence[Example], matrix: Any, topics: Sequence[str]) -> Limits:
    real: list[_Left] = []
    ordinary: dict[Lang, list[float]] = {lang: [] for lang in LANGS}
    for one, left in _left_out(found, matrix, topics):
        if one.topic != _ABOUT_SAFETY:
            ordinary[one.lang].append(left.danger)
        if one.topic not in (CRISIS, NO_CRISIS, *ASIDE):
            real.append(left)
    return Limits(
        in_scope=_rounded(np.quantile([one.ahead for one in real], _REFUSED)),
        sure=_rounded(_margin(real)),
        crisis={
            lang: _rounded(np.quantile(scores, 1 - _FALSE_ALARMS))
            for lang, scores in ordinary.items()
        },
    )


def _left_out(
    found: Sequence[Example], matrix: Any, topics: Sequence[str]
) -> Iterator[tuple[Example, _Left]]:
    """Yield each example of a writer with what the examples of all others say of it."""
    writers = np.array([one.writer for one in found])
    danger = np.array([one.topic in (CRISIS, NO_CRISIS) for one in found])
    for writer, count in sorted(Counter(writers.tolist()).items()):
        if count < _FEWEST:
            continue
        # Texts of danger have few writers, and nothing is judged on them: they are always learnt.
        places = np.flatnonzero((writers == writer) & ~danger)
        model = _fit(found, matrix, topics, (writers != writer) | danger, closely=False)
        scores = matrix[places] @ model.weights + model.starts
        for at, row in zip(places.tolist(), scores, strict=True):
            ranked = np.argsort(-row[: len(topics)], kind="stable")
            first, second = row[ranked[0]], row[ranked[1]]
            yield (
                found[at],
                _Left(
                    ahead=float(first - row[len(topics) : -2].max()),
                    margin=float(first - second),
                    right=topics[ranked[0]] == found[at].topic,
                    danger=float(row[-1]),
                ),
            )


def _margin(real: Sequence[_Left]) -> float:
    """Return the least margin from which on few enough first topics are wrong."""
    best = max(one.margin for one in real)
    wrong = 0
    ranked = sorted(real, key=lambda one: -one.margin)
    for count, one in enumerate(ranked, start=1):
        wrong += not one.right
        if wrong <= _WRONG * count:
            best = one.margin
    return best


def _rounded(number: Any) -> float:
    return round(float(number), 3)


if __name__ == "__main__":
    learn(Path(sys.argv[1] if len(sys.argv) > 1 else "."))
