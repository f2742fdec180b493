"""How do the files of a folder become the guidance? Read, fit to shape, build, freeze.

Form and references are checked here, with file and line; what may be *said* is the matter of
``check``. The folder holds ``dialogs/`` (trees, and stories in ``dialogs/stories/``) and
``content/`` (everything else).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Final, TypeVar

from bot.guidance.model import (
    Adds,
    Answer,
    Basis,
    Card,
    Course,
    Crisis,
    CrisisNumber,
    Guidance,
    Kind,
    Office,
    Option,
    Promise,
    PromiseSentence,
    Question,
    Ref,
    Source,
    Statement,
    Tone,
    Tree,
)
from bot.guidance.problems import Problem, Report, nearest
from bot.guidance.read import Document, Node, read
from bot.guidance.shapes import (
    optional_text,
    phrases_of,
    text_of,
    urls_of,
    validate,
    words_of,
)

_T = TypeVar("_T")

NAMED_BY_FIRST_KEY: Final = ("tree", "topic", "summary")
"""Files that hold one thing each and carry its id as their name."""

_COLLECTIONS: Final = ("statements", "sources", "offices", "courses", "phrases")
_SINGLE: Final = ("crisis", "promise", "hosts", "avoid")


class GuidanceError(Exception):
    """The guidance cannot be used; ``problems`` say what is wrong, where and what to do."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        first = self.problems[0]
        super().__init__(f"{first.file}:{first.line}: {first.en} [{first.code}]")


@dataclass(frozen=True, slots=True)
class Files:
    """The documents of a guidance folder that fit their shapes, by first key."""

    by_key: Mapping[str, tuple[Document, ...]]
    version: str

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
            if key in _SINGLE or (
                key in NAMED_BY_FIRST_KEY and document.root[key].text == overlay.root[key].text
            ):
                continue
            if key in _COLLECTIONS:
                mine = overlay.root[key]
                rest = {k: v for k, v in document.root[key].entries() if mine.get(k) is None}
                table = {
                    **(document.root.table or {}),
                    key: replace(document.root[key], table=rest),
                }
                document = replace(document, root=replace(document.root, table=table))
            kept.append(document)
        return replace(self, by_key={**self.by_key, key: (*kept, overlay)})


def load(folder: Path) -> Guidance:
    """Load the guidance in ``folder``.

    Raises:
        GuidanceError: a file cannot be read, does not fit its shape or points to nothing.

    """
    report = Report()
    files = gather(folder, report)
    guidance = None if report.failed else build(files, report)
    if report.failed or guidance is None:
        raise GuidanceError([p for p in report.sorted() if p.severity == "error"])
    return guidance


def gather(folder: Path, report: Report) -> Files:
    """Read every content file of ``folder`` and fit it to its shape."""
    found: dict[str, list[Document]] = {}
    digest = hashlib.sha256()
    for path in _paths(folder):
        name = path.relative_to(folder).as_posix()
        document = read(path, name, report)
        if document is None or not validate(document, report):
            continue
        found.setdefault(document.key, []).append(document)
        if document.key != "stories":
            digest.update(f"{name}\0{len(document.content)}\0".encode())
            digest.update(document.content)
    if not found and not report.problems:
        report("C101", str(folder), 1, why="no dialogs/ and content/ in this folder")
    return Files({k: tuple(v) for k, v in found.items()}, digest.hexdigest()[:12])


def _paths(folder: Path) -> Iterable[Path]:
    for part in ("dialogs", "content"):
        yield from sorted((folder / part).rglob("*.yaml"))


def build(files: Files, report: Report) -> Guidance | None:
    """Build the guidance out of files that fit their shapes; nothing when that fails."""
    for key in (*_COLLECTIONS, *_SINGLE, "tree", "topic"):
        if not files.of(key):
            report("C117", f"content/{key}.yaml", 1, key=key)
    if report.failed:
        return None
    return _Builder(files, report).guidance()


class _Builder:
    """Turns nodes into frozen objects, looking up everything that points elsewhere."""

    def __init__(self, files: Files, report: Report) -> None:
        self._files = files
        self._report = report
        self._file = ""
        self._first_seen: dict[tuple[str, str], str] = {}
        self._office_ids = {name for _, name, _ in files.entries("offices")}
        self._course_ids = {name for _, name, _ in files.entries("courses")}
        self._sections = {
            name: {section for section, _ in node["sections"].entries()}
            for _, name, node in files.entries("sources")
        }
        self._trees = {d.root["tree"].text for d in files.of("tree")}
        self._topics = {d.root["topic"].text for d in files.of("topic")}
        self._statements: dict[str, Statement] = {}

    def guidance(self) -> Guidance:
        self._statements = self._collect("statements", self._shared_statement)
        return Guidance(
            version=self._files.version,
            sources=self._collect("sources", self._source),
            offices=self._collect("offices", self._office),
            courses=self._collect("courses", self._course),
            phrases=self._collect("phrases", lambda _, node: words_of(node)),
            statements=self._statements,
            trees={t.id: t for t in self._each("tree", self._tree)},
            topics={t.id: t for t in self._each("topic", self._card)},
            summaries={s.id: s for s in self._each("summary", self._card)},
            crisis=next(self._each("crisis", self._crisis)),
            promise=next(self._each("promise", self._promise)),
            hosts=frozenset(
                item.text or "" for d in self._files.of("hosts") for item in d.root["hosts"].each()
            ),
        )

    # -- walking the files

    def _collect(self, key: str, make: Callable[[str, Node], _T]) -> dict[str, _T]:
        found: dict[str, _T] = {}
        for document, name, node in self._files.entries(key):
            self._file = document.file
            self._once(key, name, node.line)
            found[name] = make(name, node)
        return found

    def _each(self, key: str, make: Callable[[Node, str], _T]) -> Iterator[_T]:
        for document in self._files.of(key):
            self._file = document.file
            if key in NAMED_BY_FIRST_KEY:
                name = document.root[key]
                self._once(key, name.text or "", name.line)
            yield make(document.root, key)

    def _once(self, key: str, name: str, line: int) -> None:
        first = self._first_seen.setdefault((key, name), f"{self._file}:{line}")
        if first != f"{self._file}:{line}":
            self._report("C115", self._file, line, id=name, first=first)

    # -- what points elsewhere

    def _known(self, code: str, node: Node, known: Iterable[str | None]) -> str:
        name = node.text or ""
        names = [k for k in known if k is not None]
        if name not in names:
            self._report(code, self._file, node.line, id=name, near=nearest(name, names))
        return name

    def _offices(self, node: Node | None) -> tuple[str, ...]:
        if node is None:
            return ()
        return tuple(self._known("C203", item, self._office_ids) for item in node.each())

    def _refs(self, node: Node | None) -> tuple[Ref, ...]:
        return tuple(self._ref(item) for item in node.each()) if node is not None else ()

    def _ref(self, node: Node) -> Ref:
        source, _, section = (node.text or "").partition(" ")
        sections = self._sections.get(source)
        if sections is None:
            near = nearest(source, self._sections)
            self._report("C204", self._file, node.line, id=source, near=near)
        elif section not in sections:
            near = nearest(section, sections)
            self._report("C205", self._file, node.line, source=source, id=section, near=near)
        return Ref(source, section)

    # -- statements

    def _shared_statement(self, name: str, node: Node) -> Statement:
        return self._statement(node, name)

    def _statement(self, node: Node, name: str) -> Statement:
        basis = Basis(text_of(node["basis"]))
        source, rests_on = node.get("source"), node.get("rests_on")
        if basis is Basis.STATED and (source is None or rests_on is not None):
            self._report("C501", self._file, node.line)
        if basis is Basis.PRACTICE and (rests_on is None or source is not None):
            self._report("C502", self._file, node.line)
        kind = node.get("kind")
        return Statement(
            id=name,
            kind=Kind(text_of(kind)) if kind is not None else Kind.KNOW,
            words=words_of(node),
            basis=basis,
            refs=self._refs(source if basis is Basis.STATED else rests_on),
            fr_unverified=node.get("fr_status") is not None,
        )

    def _say(self, node: Node, owner: str) -> tuple[Statement, ...]:
        found = []
        for number, item in enumerate(node.each(), start=1):
            use = item.get("use")
            if use is None:
                found.append(self._statement(item, f"{owner}.{number}"))
                continue
            name = self._known("C202", use, self._statements)
            if name in self._statements:
                found.append(self._statements[name])
        return tuple(found)

    # -- trees

    def _tree(self, root: Node, _: str) -> Tree:
        name = text_of(root["tree"])
        if Path(self._file).stem != name and Path(self._file).parent.name == "dialogs":
            self._report("C116", self._file, root.line, file=Path(self._file).name, id=name)
        questions = {k: self._question(k, node) for k, node in root["questions"].entries()}
        answers = {k: self._answer(k, node, name) for k, node in root["answers"].entries()}
        targets = [*questions, *answers]
        for key, node in root["answers"].entries():
            if key in questions:
                self._report("C211", self._file, node.line, id=key)
        for _, node in root["questions"].entries():
            for option in node["options"].each():
                self._known("C201", option["go"], targets)
        self._known("C201", root["start"], questions)
        renamed = {}
        for part in ("questions", "answers"):
            for key, node in root[part].entries():
                if (was := self._was(node, targets)) is not None:
                    renamed[was] = key
        if (was := self._was(root, [t for t in self._trees if t])) is not None:
            renamed[was] = name
        return Tree(
            id=name,
            title=words_of(root["title"]),
            audience=text_of(root["for"]),
            owner=self._known("C203", root["owner"], self._office_ids),
            review_by=date.fromisoformat(text_of(root["review_by"])),
            intro=words_of(root["intro"]) if root.get("intro") is not None else None,
            start=text_of(root["start"]),
            questions=questions,
            answers=answers,
            renamed=renamed,
        )

    def _was(self, node: Node, used: Sequence[str]) -> str | None:
        was = node.get("was")
        if was is None:
            return None
        if was.text in used:
            self._report("C209", self._file, was.line, id=was.text)
        return was.text

    def _question(self, name: str, node: Node) -> Question:
        options = tuple(self._option(item) for item in node["options"].each())
        ids = [option.id for option in options]
        for index, item in enumerate(node["options"].each()):
            if ids[index] in ids[:index]:
                self._report("C208", self._file, item.line, id=ids[index])
            self._was(item, ids)
        hint = node.get("hint")
        was = node.get("was")
        return Question(
            id=name,
            ask=words_of(node["ask"]),
            hint=words_of(hint) if hint is not None else None,
            many=node.get("choose") is not None,
            options=options,
            known={o.was: o for o in options if o.was} | {o.id: o for o in options},
            was=was.text if was is not None else None,
        )

    def _option(self, node: Node) -> Option:
        adds, also, was = node.get("adds"), node.get("also"), node.get("was")
        return Option(
            id=text_of(node["id"]),
            label=words_of(node),
            go=text_of(node["go"]),
            adds=self._adds(adds) if adds is not None else Adds(),
            alone=node.get("alone") is not None,
            also=phrases_of(also) if also is not None else {},
            was=was.text if was is not None else None,
        )

    def _adds(self, node: Node) -> Adds:
        say = []
        for item in (node.get("say") or Node(node.line, items=())).each():
            name = self._known("C202", item, self._statements)
            if name in self._statements:
                say.append(self._statements[name])
        tone = node.get("tone")
        return Adds(
            say=tuple(say),
            offices=self._offices(node.get("offices")),
            tone=Tone(text_of(tone)) if tone is not None else None,
        )

    def _answer(self, name: str, node: Node, tree: str) -> Answer:
        offer = node.get("offer")
        known = [*self._trees, *self._topics]
        return Answer(
            id=name,
            tone=Tone(text_of(node["tone"])),
            title=words_of(node["title"]),
            say=self._say(node["say"], f"{tree}.{name}"),
            offices=self._offices(node.get("offices")),
            offer=tuple(self._known("C206", o, known) for o in offer.each()) if offer else (),
        )

    # -- the rest

    def _card(self, root: Node, key: str) -> Card:
        name = text_of(root[key])
        if Path(self._file).stem != name and Path(self._file).parent.name in (
            "topics",
            "summaries",
        ):
            self._report("C116", self._file, root.line, file=Path(self._file).name, id=name)
        courses, see, phrases = root.get("courses"), root.get("see"), root.get("phrases")
        return Card(
            id=name,
            title=words_of(root["title"]),
            say=self._say(root["say"], name),
            tree=self._known("C206", root["tree"], self._trees),
            offices=self._offices(root["offices"]),
            courses=tuple(self._known("C207", c, self._course_ids) for c in courses.each())
            if courses
            else (),
            see=tuple(self._known("C206", s, self._topics) for s in see.each()) if see else (),
            phrases=phrases_of(phrases) if phrases is not None else {},
        )

    def _source(self, name: str, node: Node) -> Source:
        return Source(
            id=name,
            title=words_of(node["title"]),
            issuer=words_of(node["issuer"]),
            url=urls_of(node.get("url")),
            dated=words_of(node["dated"]),
            read=date.fromisoformat(text_of(node["read"])),
            extent=text_of(node["extent"]),
            sections={key: words_of(value) for key, value in node["sections"].entries()},
            network=optional_text(node.get("network")),
            fr_unverified=node.get("fr_status") is not None,
        )

    def _office(self, name: str, node: Node) -> Office:
        def said(part: str) -> tuple[Statement, ...]:
            return tuple(
                self._statement(item, f"{name}.{part}.{number}")
                for number, item in enumerate(node[part].each(), start=1)
            )

        return Office(
            id=name,
            name=words_of(node["name"]),
            does=said("does"),
            does_not=said("does_not"),
            promise=said("promise"),
            page=urls_of(node.get("page")),
            network=optional_text(node.get("network")),
            fr_unverified=node.get("fr_status") is not None,
        )

    def _course(self, name: str, node: Node) -> Course:
        about = node.get("about")
        return Course(
            id=name,
            title=words_of(node["title"]),
            about=words_of(about) if about is not None else None,
            ref=self._ref(node["source"]),
            url=urls_of(node.get("url")),
            network=optional_text(node.get("network")),
            fr_unverified=node.get("fr_status") is not None,
        )

    def _crisis(self, root: Node, _: str) -> Crisis:
        node = root["crisis"]
        return Crisis(
            title=words_of(node["title"]),
            say=self._say(node["say"], "crisis"),
            numbers=tuple(
                CrisisNumber(text_of(n["number"]), words_of(n), self._refs(n["source"]))
                for n in node["numbers"].each()
            ),
            offices=self._offices(node["offices"]),
            phrases=phrases_of(node["phrases"]),
        )

    def _promise(self, root: Node, _: str) -> Promise:
        node = root["promise"]
        return Promise(
            line=words_of(node["line"]),
            sentences=tuple(
                PromiseSentence(
                    text_of(s["id"]), tuple(text_of(c) for c in s["channels"].each()), words_of(s)
                )
                for s in node["sentences"].each()
            ),
        )


def sources_of(document: Document, files: Files, report: Report) -> dict[str, Source]:
    """Build the sources that an organization's file adds."""
    builder = _Builder(files, report)
    builder._file = document.file
    return {name: builder._source(name, node) for name, node in document.root["sources"].entries()}


def statements_of(
    nodes: Node, owner: str, files: Files, report: Report, file: str
) -> tuple[Statement, ...]:
    """Build the statements that an organization's file adds under ``owner``."""
    builder = _Builder(files, report)
    builder._file = file
    return tuple(
        replace(builder._statement(item, f"{owner}.added.{number}"), from_organization=True)
        for number, item in enumerate(nodes.each(), start=1)
    )
