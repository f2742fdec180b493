"""Which files make up the guidance? Read those of a folder, and fit each to its shape.

What they point to is looked up in ``build``; what may be *said* is the matter of ``check``. The
folder holds ``dialogs/`` (trees, and stories in ``dialogs/stories/``) and
``content/`` (everything else).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from bot.guidance.fit import validate
from bot.guidance.learnt import FILE as LEARNT
from bot.guidance.learnt import Learnt, LearntError
from bot.guidance.learnt import read as read_learnt
from bot.guidance.problems import Problem, Report
from bot.guidance.read import Document, Node, read

NAMED_BY_FIRST_KEY: Final = ("tree", "topic", "summary")
"""Files that hold one thing each and carry its id as their name."""

COLLECTIONS: Final = ("statements", "sources", "offices", "courses", "phrases")
_ENDINGS: Final = (".yaml", ".yml")
SINGLE: Final = ("crisis", "promise", "hosts", "avoid", "menu", "draft", "changes")
MAY_LACK: Final = ("changes",)
"""Guidance of before the change log can still be read, so as to say what changed since."""


class GuidanceError(Exception):
    """The guidance cannot be used; ``problems`` say what is wrong, where and what to do."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        first = self.problems[0]
        super().__init__(f"{first.file}:{first.line}: {first.en} [{first.code}]")


@dataclass(frozen=True, slots=True)
class Files:
    """The documents of a guidance folder that fit their shapes, by first key.

    ``learnt`` is no part of the version: it changes what is found, and nothing that is said.
    """

    by_key: Mapping[str, tuple[Document, ...]]
    version: str
    learnt: Learnt | None = None

    def of(self, key: str) -> tuple[Document, ...]:
        """Return the documents whose first key is ``key``."""
        return self.by_key.get(key, ())

    def all(self) -> Iterator[Document]:
        """Yield every document."""
        for documents in self.by_key.values():
            yield from documents

    def entries(self, key: str) -> Iterator[tuple[Document, str, Node]]:
        """Yield the entries of every document of a collection, such as ``statements``."""
        for document in self.of(key):
            for name, node in document.root[key].entries():
                yield document, name, node

    def with_overlay(self, overlay: Document) -> Files:
        """Return the files with ``overlay`` laid over them: it stands in for its namesakes."""
        kept: list[Document] = []
        key = overlay.key
        for document in self.of(key):
            if key in SINGLE or (
                key in NAMED_BY_FIRST_KEY and document.root[key].text == overlay.root[key].text
            ):
                continue
            if key in COLLECTIONS:
                mine = overlay.root[key]
                rest = {k: v for k, v in document.root[key].entries() if mine.get(k) is None}
                table = {
                    **(document.root.table or {}),
                    key: replace(document.root[key], table=rest),
                }
                kept.append(replace(document, root=replace(document.root, table=table)))
            else:
                kept.append(document)
        return replace(self, by_key={**self.by_key, key: (*kept, overlay)})


def gather(folder: Path, report: Report) -> Files:
    """Read every content file of ``folder`` and fit it to its shape."""
    found: dict[str, list[Document]] = {}
    digest = hashlib.sha256()
    for path in _paths(folder):
        name = path.relative_to(folder).as_posix()
        if path.suffix == ".yml":
            report("C119", name, 1)
            continue
        document = read(path, name, report)
        if document is None or not validate(document, report):
            continue
        same = found.setdefault(document.key, [])
        if document.key in SINGLE and same:
            report("C120", name, document.root.line, key=document.key, first=same[0].file)
        same.append(document)
        if document.key != "stories":
            digest.update(f"{name}\0{len(document.content)}\0".encode())
            digest.update(document.content)
    if not found and not report.problems:
        report("C101", str(folder), 1)
    by_key = {k: tuple(v) for k, v in found.items()}
    return Files(by_key, digest.hexdigest()[:12], _learnt(folder))


def _learnt(folder: Path) -> Learnt | None:
    """Return the weights; without them people are served, and what they type is not understood."""
    try:
        return read_learnt(folder / LEARNT)
    except LearntError:
        return None


def _paths(folder: Path) -> Iterable[Path]:
    for part in ("dialogs", "content"):
        yield from sorted(p for p in (folder / part).rglob("*") if p.suffix in _ENDINGS)
