"""How short can a place be written? Ids become tags of two bytes, good under any version.

A tag is a hash of an id, so it means the same under any version: what still fits is found again,
an id that was renamed is found by its old name, and a tag that nothing has any more reads as an
id that nothing has, which the walk then counts as forgotten.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from hashlib import blake2b
from typing import Final

from bot.guidance.model import Guidance, Question, Tree
from bot.guidance.ticket import MARKS, Ticket, read_ticket

_SIZE: Final = 2
_PAGE: Final = 0xFF
"""First byte of a place that is no ticket; for a ticket it is the number of its choices."""

_LOST: Final = "lost_"


def tag(name: str) -> bytes:
    """Return the two bytes that stand for an id."""
    return blake2b(name.encode(), digest_size=_SIZE).digest()


class Shorthand:
    """Writes the places of one guidance in bytes, and reads bytes of any version of it."""

    def __init__(self, guidance: Guidance) -> None:
        """Note the tag of every id of the guidance."""
        self._trees = {tag(name): tree for name, tree in _known_trees(guidance)}
        self._tags = {name: tag(name) for name in _names(guidance)}
        self._questions: dict[str, dict[bytes, str]] = {
            tree.id: {tag(name): name for name in (*tree.questions, *tree.renamed)}
            for tree in guidance.trees.values()
        }
        self._options: dict[str, dict[bytes, str]] = {
            tree.id: {
                tag(question.id) + tag(name): name
                for question in tree.questions.values()
                for name in question.known
            }
            for tree in guidance.trees.values()
        }
        marked = guidance.draft.tree
        if marked in self._questions:
            self._questions[marked][tag(MARKS)] = MARKS
            names = guidance.draft.marks
            self._options[marked].update({tag(MARKS) + tag(name): name for name in names})

    def shorten(self, place: str) -> bytes:
        """Return a place in bytes: a ticket in tags, another page by its name."""
        ticket = read_ticket(place)
        if not ticket.tree or ":" in place or self._tag(ticket.tree) not in self._trees:
            name = place.encode()[: _PAGE - 1]
            return bytes((_PAGE, len(name))) + name
        out = bytearray((len(ticket.choices),))
        out += self._tag(ticket.tree)
        for question, picked in ticket.choices.items():
            out += self._tag(question)
            out.append(len(picked))
            for option in picked:
                out += self._tag(option)
        return bytes(out)

    def _tag(self, name: str) -> bytes:
        return self._tags.get(name) or tag(name)

    def lengthen(self, data: bytes) -> tuple[str, bytes]:
        """Return the place at the start of ``data``, and the bytes after it.

        Raises:
            ValueError: the bytes end too early; they were not written by ``shorten``.

        """
        reader = _Reader(data)
        first = reader.take(1)[0]
        if first == _PAGE:
            return reader.take(reader.take(1)[0]).decode(), reader.rest()
        tree = self._trees.get(mark := reader.take(_SIZE))
        name = tree.id if tree is not None else _lost(mark)
        choices: dict[str, tuple[str, ...]] = {}
        for _ in range(first):
            asked = reader.take(_SIZE)
            picked = [reader.take(_SIZE) for _ in range(reader.take(1)[0])]
            question = self._questions.get(name, {}).get(asked) or _lost(asked)
            choices[question] = tuple(self._option(tree, question, one) for one in picked)
        return str(Ticket(name, choices)), reader.rest()

    def _option(self, tree: Tree | None, question: str, mark: bytes) -> str:
        if tree is None:
            return _lost(mark)
        now = tree.renamed.get(question, question)
        return self._options[tree.id].get(self._tag(now) + mark) or _lost(mark)


def collisions(tree: Tree) -> Iterator[tuple[str, str]]:
    """Yield pairs of ids of a tree that have the same tag where they must differ."""
    yield from _alike((*tree.questions, *tree.renamed))
    for question in tree.questions.values():
        yield from _alike(question.known)


def tree_collisions(guidance: Guidance) -> Iterator[tuple[str, str]]:
    """Yield pairs of names of trees that have the same tag."""
    yield from _alike(name for name, _ in _known_trees(guidance))


def longest(guidance: Guidance, tree: Tree) -> int:
    """Return the most bytes that a place of the tree may take, every option picked where many."""
    marked = guidance.draft.marks if tree.id == guidance.draft.tree else ()
    known: dict[str, int] = {}

    def measure(at: str) -> int:
        question = tree.questions.get(at)
        if question is None:
            return 0
        if at not in known:
            own = _SIZE + 1 + _SIZE * (_together(question) if question.many else 1)
            known[at] = own + max(measure(option.go) for option in question.options)
        return known[at]

    marks = _SIZE + 1 + _SIZE * len(marked) if marked else 0
    return 1 + _SIZE + marks + measure(tree.start)


def _together(question: Question) -> int:
    return max(1, sum(not option.alone for option in question.options))


def _known_trees(guidance: Guidance) -> Iterator[tuple[str, Tree]]:
    for tree in guidance.trees.values():
        yield tree.id, tree
        yield from ((old, tree) for old, now in tree.renamed.items() if now == tree.id)


def _names(guidance: Guidance) -> Iterator[str]:
    """Yield every id that a place of a tree may hold."""
    for name, tree in _known_trees(guidance):
        yield name
        yield from tree.renamed
        for question in tree.questions.values():
            yield question.id
            yield from question.known


def _alike(names: Iterable[str]) -> Iterator[tuple[str, str]]:
    seen: dict[bytes, str] = {}
    for name in names:
        other = seen.setdefault(tag(name), name)
        if other != name:
            yield other, name


def _lost(mark: bytes) -> str:
    """Return an id that no tree may have, so that the walk counts it as forgotten."""
    return f"{_LOST}{mark.hex()}"


class _Reader:
    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def take(self, count: int) -> bytes:
        taken = self._data[self._at : self._at + count]
        if len(taken) < count:
            raise ValueError
        self._at += count
        return taken

    def rest(self) -> bytes:
        return self._data[self._at :]
