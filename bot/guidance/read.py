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

MAX_BYTES: Final = 1_000_000
"""A content file larger than this is refused: no person wrote it by hand."""

_MAX_DEPTH: Final = 20
_MAX_BRACKETS: Final = 200


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


def read(path: Path, name: str, report: Report) -> Document | None:
    """Read the file at ``path``; whatever is wrong goes to ``report`` under ``name``."""
    try:
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
    try:
        content.decode("utf-8")
        if _too_deep(content):
            report("C105", name, 1)
            return None
        composed = yaml.compose(content, Loader=_Loader)
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
    if composed is None or not isinstance(composed, yaml.MappingNode) or not composed.value:
        report("C103", name, 1)
        return None
    before = len(report.problems)
    root = _Reader(name, report).node(composed, composed.start_mark.line + 1, 0)
    if len(report.problems) > before or not root.table:
        return None
    return Document(name, next(iter(root.table)), root, content)


def _line(content: bytes, position: int) -> int:
    return content[:position].count(b"\n") + 1


def _too_deep(content: bytes) -> bool:
    """Whether brackets are nested deeper than any person writes; the parser would give way."""
    depth = deepest = 0
    for byte in content:
        if byte in b"[{":
            depth += 1
            deepest = max(deepest, depth)
        elif byte in b"]}":
            depth -= 1
    return deepest > _MAX_BRACKETS


class _Reader:
    def __init__(self, name: str, report: Report) -> None:
        self._name = name
        self._report = report
        self._seen: set[int] = set()

    def node(self, node: yaml.Node, line: int, depth: int) -> Node:
        if id(node) in self._seen or depth > _MAX_DEPTH:
            self._report("C105", self._name, line)
            return Node(line, text="")
        self._seen.add(id(node))
        if isinstance(node, yaml.MappingNode):
            return Node(line, table=self._table(node, depth))
        if isinstance(node, yaml.SequenceNode):
            found = tuple(self.node(n, n.start_mark.line + 1, depth + 1) for n in node.value)
            return Node(line, items=found)
        return Node(
            line, text=str(node.value), quoted=getattr(node, "style", None) in ('"', "|", ">")
        )

    def _table(self, node: yaml.MappingNode, depth: int) -> Mapping[str, Node]:
        found: dict[str, Node] = {}
        for key_node, value_node in node.value:
            line = key_node.start_mark.line + 1
            if not isinstance(key_node, yaml.ScalarNode):
                self._report("C102", self._name, line)
                continue
            key = str(key_node.value)
            if key in found:
                self._report("C104", self._name, line, key=key, first=found[key].line)
                continue
            found[key] = self.node(value_node, line, depth + 1)
        return found
