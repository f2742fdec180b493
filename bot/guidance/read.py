"""What does a content file say, and on which line? YAML read without guessing any type.

Every scalar stays the text that was written, so ``no``, ``08`` and dates are never turned into
something else. The line stands beside each value, and nothing else is kept from YAML.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import yaml

from bot.guidance.problems import Report

_Loader: type[yaml.SafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

_QUOTED: Final = ('"', "|", ">")

MAX_BYTES: Final = 1_000_000
"""A content file larger than this is refused: no person wrote it by hand."""

_MAX_DEPTH: Final = 20
"""How deep lists and tables may stand in each other; no form of the guidance comes near it."""


@dataclass(frozen=True, slots=True)
class Node:
    """A value with its line: a text, a list of nodes or a table of nodes.

    ``quoted`` says that a text stood between double quotes. In a table, the line of a value is
    the line of its key.
    """

    line: int
    text: str | None = None
    items: tuple[Node, ...] | None = None
    table: Mapping[str, Node] | None = None
    quoted: bool = False

    def __getitem__(self, key: str) -> Node:
        assert self.table is not None
        return self.table[key]

    def get(self, key: str) -> Node | None:
        """Return the node under ``key`` in a table, or nothing."""
        return self.table.get(key) if self.table is not None else None

    def entries(self) -> Iterator[tuple[str, Node]]:
        """Yield the keys of a table with their nodes; nothing when there is no table."""
        if self.table is not None:
            yield from self.table.items()

    def each(self) -> tuple[Node, ...]:
        """Return the nodes of a list, or the node itself where one stands for a list of one."""
        return self.items if self.items is not None else (self,)

    @property
    def kind(self) -> str:
        """The form of the value: ``text``, ``list`` or ``table``."""
        if self.text is not None:
            return "text"
        return "list" if self.items is not None else "table"


@dataclass(frozen=True, slots=True)
class Document:
    """One content file: its name as reports show it, its first key and its nodes."""

    file: str
    key: str
    root: Node
    content: bytes = field(repr=False)


class _RefusedError(Exception):
    """The rest of a file is not read; ``code`` is the rule that it does not keep."""

    def __init__(self, code: str, line: int) -> None:
        self.code = code
        self.line = line
        super().__init__(code)


def read(path: Path, name: str, report: Report) -> Document | None:
    """Read the file at ``path``; whatever is wrong goes to ``report`` under ``name``."""
    try:
        size = path.stat().st_size
        if size > MAX_BYTES:
            report("C107", name, 1, size=size, limit=MAX_BYTES)
            return None
        content = path.read_bytes()
    except OSError:
        report("C101", name, 1)
        return None
    return read_bytes(content, name, report)


def read_bytes(content: bytes, name: str, report: Report) -> Document | None:
    """Read the bytes of a content file; whatever is wrong goes to ``report``."""
    if len(content) > MAX_BYTES:
        report("C107", name, 1, size=len(content), limit=MAX_BYTES)
        return None
    found = Report()
    try:
        content.decode("utf-8")
        root = _Reader(content, name, found).root()
    except UnicodeDecodeError as error:
        report("C106", name, _line(content, error.start))
        return None
    except yaml.reader.ReaderError as error:
        report("C109", name, _line(content, error.position))
        return None
    except yaml.MarkedYAMLError as error:
        quoted = "quoted scalar" in (error.context or "")
        mark = error.context_mark if quoted else error.problem_mark or error.context_mark
        report("C118" if quoted else "C102", name, mark.line + 1 if mark else 1)
        return None
    except _RefusedError as error:
        report(error.code, name, error.line)
        return None
    if root is None or root.table is None or not (root.table or found.problems):
        report("C103", name, 1)
        return None
    report.problems += found.problems
    if found.problems:
        return None
    return Document(name, next(iter(root.table)), root, content)


def _line(content: bytes, position: int) -> int:
    return content[:position].count(b"\n") + 1


class _Reader:
    """Makes nodes of what the parser tells, piece by piece.

    ``yaml.compose`` would make them in C, one call within the other for whatever stands within
    something else: a file of dashes ends the process there. Here the depth is known at each step.
    """

    def __init__(self, content: bytes, name: str, report: Report) -> None:
        self._events: Iterator[yaml.Event] = yaml.parse(content, Loader=_Loader)
        self._name = name
        self._report = report
        self._anchors: set[str | None] = set()

    def root(self) -> Node | None:
        """Return what the file holds; nothing where it is empty.

        Raises:
            yaml.YAMLError: it is no YAML.
            _RefusedError: it is more than one document, or something stands too deep in it.

        """
        next(self._events)  # the stream begins
        if isinstance(next(self._events), yaml.StreamEndEvent):
            return None
        event = next(self._events)
        root = self._node(event, _line_of(event), 0)
        next(self._events)  # the document ends
        if not isinstance(event := next(self._events), yaml.StreamEndEvent):
            raise _RefusedError("C102", _line_of(event))
        return root

    def _node(self, event: yaml.Event, line: int, depth: int) -> Node:
        if depth > _MAX_DEPTH:
            raise _RefusedError("C105", line)
        if isinstance(event, yaml.AliasEvent):
            return self._shortcut(event)
        if isinstance(event, yaml.NodeEvent) and event.anchor is not None:
            self._named(event)
        if isinstance(event, yaml.ScalarEvent):
            return Node(line, text=event.value, quoted=event.style in _QUOTED)
        if isinstance(event, yaml.SequenceStartEvent):
            return Node(line, items=self._items(depth + 1))
        return Node(line, table=self._table(depth + 1))

    def _items(self, depth: int) -> tuple[Node, ...]:
        found: list[Node] = []
        while not isinstance(event := next(self._events), yaml.SequenceEndEvent):
            found.append(self._node(event, _line_of(event), depth))
        return tuple(found)

    def _table(self, depth: int) -> Mapping[str, Node]:
        found: dict[str, Node] = {}
        while not isinstance(event := next(self._events), yaml.MappingEndEvent):
            line = _line_of(event)
            key = self._node(event, line, depth)
            value = self._node(next(self._events), line, depth)
            if key.text is None:
                self._report("C102", self._name, line)
            elif key.text in found:
                first = found[key.text].line
                self._report("C104", self._name, line, key=key.text, first=first)
            else:
                found[key.text] = value
        return found

    def _named(self, event: yaml.NodeEvent) -> None:
        if event.anchor in self._anchors:
            raise _RefusedError("C102", _line_of(event))
        self._anchors.add(event.anchor)

    def _shortcut(self, event: yaml.AliasEvent) -> Node:
        """Report that something stands for something else: what a line says must stand there."""
        line = _line_of(event)
        if event.anchor not in self._anchors:
            # As a rule words between stars, without quotation marks.
            raise _RefusedError("C102", line)
        self._report("C105", self._name, line)
        return Node(line, text="")


def _line_of(event: yaml.Event) -> int:
    assert event.start_mark is not None
    return event.start_mark.line + 1
