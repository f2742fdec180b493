"""Which statement became which? Lists of statements are compared by what they say.

A shared statement is itself wherever it stands. One that is written where it stands has no name,
so it is found again by its words, then by being much alike, then by standing in the same place.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from difflib import SequenceMatcher
from itertools import pairwise
from typing import Any, Final

from bot.guidance.changes.notes import (
    Both,
    Change,
    Notes,
    Noun,
    in_a_row,
    joined,
    quoted,
    worded,
)
from bot.guidance.meaning import seen, things, title
from bot.guidance.model import Basis, Card, Crisis, Guidance, Ref, Statement, Tree
from bot.guidance.words import LANGS, Lang, Words, plain

_ALIKE: Final = 0.5
"""How much of two statements must be the same for one to have become the other."""

_SHOWN: Final = 60
_SHARED: Final = Words("Shared statements", "Énoncés communs")
_STATEMENT: Final = Noun("statement {}", "l’énoncé {}")
_BASIS: Final[Mapping[Basis, Words]] = {
    Basis.STATED: Words("stated by a source", "énoncé par une source"),
    Basis.PRACTICE: Words("practice", "pratique"),
}
_TO: Final = Words("to", "à")
_REORDERED: Final = Words(
    "the statements are in another order", "les énoncés sont dans un autre ordre"
)


def statements(
    notes: Notes,
    where: Words | None,
    before: Sequence[Statement],
    after: Sequence[Statement],
    noun: Noun = _STATEMENT,
) -> None:
    """Compare two lists of statements; ``noun`` has a place for the number of one."""
    pairs = paired(before, after)
    for old, new in sorted(pairs.items(), key=lambda pair: pair[1]):
        if not _by_name(before[old], after[new]):
            compare_statement(notes, where, _numbered(noun, new), before[old], after[new])
    for new in sorted({*range(len(after))} - {*pairs.values()}):
        notes.tell(where, _numbered(noun, new).was("added"), after=after[new].words)
    for old in sorted({*range(len(before))} - {*pairs}):
        notes.tell(where, _numbered(noun, old).was("removed"), before=before[old].words)
    order = [pairs[old] for old in sorted(pairs)]
    if order != sorted(order):
        notes.tell(where, _REORDERED)


def _numbered(noun: Noun, index: int) -> Noun:
    return Noun(noun.en.format(index + 1), noun.fr.format(index + 1), noun.ending)


def compare_statement(
    notes: Notes, where: Words | None, noun: Noun, before: Statement, after: Statement
) -> None:
    """Tell all that differs between two states of one statement, in one sentence."""
    parts, behind = _differences(notes.both, before, after)
    if parts:
        _tell(notes, where, joined(noun.words, in_a_row(parts)), behind, (before, after))


def _tell(
    notes: Notes,
    where: Words | None,
    what: Words,
    behind: Lang | None,
    states: tuple[Statement, Statement],
) -> None:
    before, after = states
    if before.words == after.words:
        notes.tell(where, what)
    else:
        notes.tell(where, what, left_behind=behind, before=before.words, after=after.words)


def _differences(
    both: Both, before: Statement, after: Statement
) -> tuple[list[Words], Lang | None]:
    parts, behind = [], None
    if before.words != after.words:
        done, behind = worded(_STATEMENT, before.words, after.words)
        parts.append(done)
    if before.kind != after.kind:
        kinds = [quoted(both.after.phrases[f"kind_{one.kind}"]) for one in (before, after)]
        parts.append(joined(Words("moves from", "passe de"), kinds[0], _TO, kinds[1]))
    if before.basis != after.basis:
        bases = [quoted(_BASIS[one.basis]) for one in (before, after)]
        parts.append(joined(Words("goes from", "passe de"), bases[0], _TO, bases[1]))
    parts += _cited(both, before.refs, after.refs)
    if after.fr_unverified and not before.fr_unverified:
        parts.append(Words("has a French name to confirm", "porte un nom français à confirmer"))
    elif before.fr_unverified and not after.fr_unverified:
        parts.append(Words("has its French name confirmed", "a son nom français confirmé"))
    return parts, behind


def _cited(both: Both, before: Sequence[Ref], after: Sequence[Ref]) -> Iterator[Words]:
    for verb, some, others in (
        (Words("no longer cites", "ne cite plus"), before, after),
        (Words("now cites", "cite désormais"), after, before),
    ):
        listed = [both.place(ref) for ref in some if ref not in others]
        if listed:
            yield joined(verb, in_a_row(listed))


# -- which became which


def paired(before: Sequence[Statement], after: Sequence[Statement]) -> dict[int, int]:
    """Return where each statement that is still there stands now, by where it stood."""
    pairs: dict[int, int] = {}
    for same in (_by_name, _by_meaning):
        free = [new for new in range(len(after)) if new not in pairs.values()]
        for old in range(len(before)):
            if old not in pairs:
                new = next((n for n in free if same(before[old], after[n])), None)
                if new is not None:
                    pairs[old] = new
                    free.remove(new)
    _pair_by_likeness(before, after, pairs)
    _pair_by_place(before, after, pairs)
    return pairs


def _is_shared(statement: Statement) -> bool:
    """Whether a statement has a name of its own; others are called after where they stand."""
    return "." not in statement.id


def _by_name(one: Statement, other: Statement) -> bool:
    return _is_shared(one) and one.id == other.id


def _by_meaning(one: Statement, other: Statement) -> bool:
    return bool(seen(one) == seen(other))


def _may_become(one: Statement, other: Statement) -> bool:
    """Two shared statements are two, however much they are alike."""
    return not (_is_shared(one) and _is_shared(other))


def _pair_by_likeness(
    before: Sequence[Statement], after: Sequence[Statement], pairs: dict[int, int]
) -> None:
    taken = {*pairs.values()}
    found = []
    for old in range(len(before)):
        for new in range(len(after)):
            if old in pairs or new in taken or not _may_become(before[old], after[new]):
                continue
            likeness = _likeness(before[old].words, after[new].words)
            if likeness >= _ALIKE:
                found.append((-likeness, abs(old - new), old, new))
    for _, _, old, new in sorted(found):
        if old not in pairs and new not in pairs.values():
            pairs[old] = new


def _likeness(one: Words, other: Words) -> float:
    """Return 0 for nothing in common, 1 for much; words that stayed in a language count double."""
    ratios = [SequenceMatcher(None, one[lang], other[lang]).ratio() for lang in LANGS]
    return sum(ratios) / 2 if max(ratios) < 1 else 1 + min(ratios)


def _pair_by_place(
    before: Sequence[Statement], after: Sequence[Statement], pairs: dict[int, int]
) -> None:
    """Pair what was written anew from scratch: as many old as new between the same neighbours."""
    fixed = [(-1, -1), *sorted(pairs.items()), (len(before), len(after))]
    for (old, new), (next_old, next_new) in pairwise(fixed):
        left = range(old + 1, next_old)
        right = [place for place in range(new + 1, next_new) if place not in pairs.values()]
        between = list(zip(left, right, strict=False))
        if len(left) == len(right) and all(_may_become(before[o], after[n]) for o, n in between):
            pairs.update(between)


# -- shared statements


def compare_shared(both: Both, found: list[Change]) -> None:
    """Tell of each shared statement that changed, once, with the places where it stands."""
    old, new = both.before.statements, both.after.statements
    changed = [name for name in new if name in old and old[name] != new[name]]
    if not changed:
        return
    before, after = _users(both.before), _users(both.after)
    for name in changed:
        stayed = {both.renamed.get(user, user) for user in before.get(name, ())}
        of = tuple(user for user in after.get(name, ()) if user in stayed)
        states = old[name], new[name]
        parts, behind = _differences(both, *states)
        if of and parts:
            places = in_a_row([quoted(title(both.after, user)) for user in of])
            shown = shortened(states[1].words)
            what = joined(Words("the statement", "l’énoncé"), shown, in_a_row(parts))
            stands = Words(
                f"{what.en}; it stands in: {places.en}",
                f"{what.fr}; il figure dans\u00a0: {places.fr}",
            )
            _tell(Notes(both, of, _SHARED, found), None, stands, behind, states)


def shortened(words: Words) -> Words:
    """Return how words begin, between quotation marks."""
    en, fr = (
        text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…"
        for text in (plain(words[lang]) for lang in LANGS)
    )
    return quoted(Words(en, fr))


def _users(guidance: Guidance) -> dict[str, list[str]]:
    """Return which things say each shared statement."""
    found: dict[str, list[str]] = {}
    for thing, part in things(guidance).items():
        for statement in {one.id: one for one in _said(part)}.values():
            found.setdefault(statement.id, []).append(thing)
    return {name: users for name, users in found.items() if name in guidance.statements}


def _said(thing: Any) -> Iterator[Statement]:
    if isinstance(thing, Tree):
        for question in thing.questions.values():
            for option in question.options:
                yield from option.adds.say
        for answer in thing.answers.values():
            yield from answer.say
    elif isinstance(thing, (Card, Crisis)):
        yield from thing.say
