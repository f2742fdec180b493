"""How do nodes that fit their shapes become frozen objects? By looking up all they point to.

Each reference that leads nowhere is reported with its file and line, and with the name that was
most likely meant.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Final, TypeVar

from bot.guidance.fit import optional_text, phrases_of, text_of, urls_of, words_of
from bot.guidance.load import COLLECTIONS, MAY_LACK, NAMED_BY_FIRST_KEY, SINGLE, Files
from bot.guidance.model import (
    Adds,
    Answer,
    Basis,
    Card,
    Course,
    Crisis,
    CrisisNumber,
    Draft,
    Guidance,
    Kind,
    Mark,
    Materiality,
    Office,
    Option,
    Page,
    Promise,
    PromiseSentence,
    Question,
    Ref,
    Revision,
    Source,
    Statement,
    Tone,
    Tree,
    When,
)
from bot.guidance.problems import Report, nearest
from bot.guidance.read import Document, Node
from bot.guidance.words import LANGS, Lang, Words

_T = TypeVar("_T")
_NONE: Final = Words("", "")
_TREE: Final = Words("tree", "un arbre")
_TOPIC: Final = Words("topic", "un sujet")
_TREE_OR_TOPIC: Final = Words("tree and no topic", "un arbre ni un sujet")
_SUMMARY: Final = Words("summary", "un résumé")
_MENU: Final = {"trees": _TREE, "topics": _TOPIC, "summaries": _SUMMARY}
_Named = TypeVar("_Named", Tree, Card)


def build(files: Files, report: Report) -> Guidance | None:
    """Build the guidance out of files that fit their shapes; nothing when that fails."""
    for key in (*COLLECTIONS, *SINGLE, "tree", "topic"):
        if not files.of(key) and key not in MAY_LACK:
            report("C117", f"content/{key}.yaml", 1, key=key)
    if report.failed:
        return None
    return Builder(files, report).guidance()


class Builder:
    """Turns nodes into frozen objects, looking up everything that points elsewhere."""

    def __init__(self, files: Files, report: Report, file: str = "") -> None:
        self._files = files
        self._report = report
        self._file = file
        self._first_seen: dict[tuple[str, str], str] = {}
        self._office_ids = {name for _, name, _ in files.entries("offices")}
        self._course_ids = {name for _, name, _ in files.entries("courses")}
        self._sections = {
            name: {section for section, _ in node["sections"].entries()}
            for _, name, node in files.entries("sources")
        }
        self._trees = {text_of(d.root["tree"]) for d in files.of("tree")}
        self._topics = {text_of(d.root["topic"]) for d in files.of("topic")}
        self._onward = self._trees | self._topics
        self._statements: dict[str, Statement] = {}

    def guidance(self) -> Guidance:
        """Build everything; problems go to the report, and the caller looks there."""
        self._statements = self._collect("statements", self._shared_statement)
        return Guidance(
            version=self._files.version,
            sources=self._collect("sources", self.source),
            offices=self._collect("offices", self._office),
            courses=self._collect("courses", self._course),
            phrases=self._collect("phrases", lambda _, node: words_of(node)),
            statements=self._statements,
            trees=self._in_order("trees", self._each("tree", self._tree)),
            topics=self._in_order("topics", self._each("topic", self._card)),
            summaries=self._in_order("summaries", self._each("summary", self._card)),
            crisis=next(self._each("crisis", self._crisis)),
            promise=next(self._each("promise", self._promise)),
            hosts=frozenset(
                item.text or "" for d in self._files.of("hosts") for item in d.root["hosts"].each()
            ),
            draft=next(self._each("draft", self._draft)),
            learnt=self._files.learnt,
            revisions=tuple(
                _revision(item)
                for d in self._files.of("changes")
                for item in d.root["changes"].each()
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

    def _in_order(self, part: str, items: Iterator[_Named]) -> dict[str, _Named]:
        """Return the items by id: those on the menu in its order, then the others."""
        found: dict[str, _Named] = {item.id: item for item in items}
        listed: list[str] = []
        for document in self._files.of("menu"):
            self._file = document.file
            listed += self._listed("C206", document.root["menu"][part], found, _MENU[part])
        return {name: found[name] for name in dict.fromkeys([*listed, *found]) if name in found}

    def _once(self, key: str, name: str, line: int) -> None:
        first = self._first_seen.setdefault((key, name), f"{self._file}:{line}")
        if first != f"{self._file}:{line}":
            self._report("C115", self._file, line, id=name, first=first)

    # -- what points elsewhere

    def _known(self, code: str, node: Node, known: Collection[str], wanted: Words = _NONE) -> str:
        name = node.text or ""
        if name not in known:
            self._report(
                code,
                self._file,
                node.line,
                id=name,
                near=nearest(name, known),
                wanted_en=wanted.en,
                wanted_fr=wanted.fr,
            )
        return name

    def _listed(
        self, code: str, node: Node | None, known: Collection[str], wanted: Words = _NONE
    ) -> tuple[str, ...]:
        """Return the names of a list, each known and each once."""
        found: list[str] = []
        for item in node.each() if node is not None else ():
            name = self._known(code, item, known, wanted)
            if name in found:
                self._report("C213", self._file, item.line, id=name)
            found.append(name)
        return tuple(found)

    def _offices(self, node: Node | None) -> tuple[str, ...]:
        return self._listed("C203", node, self._office_ids)

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
            known = ", ".join(sorted(sections))
            self._report(
                "C205", self._file, node.line, source=source, id=section, near=near, known=known
            )
        return Ref(source, section)

    # -- statements

    def _shared_statement(self, name: str, node: Node) -> Statement:
        return self.statement(node, name)

    def statement(self, node: Node, name: str) -> Statement:
        """Build one statement; its basis decides which references it may carry."""
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
                found.append(self.statement(item, f"{owner}.{number}"))
                continue
            name = self._known("C202", use, self._statements)
            if any(statement.id == name for statement in found):
                self._report("C213", self._file, use.line, id=name)
            elif name in self._statements:
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
        renamed = {}
        for part in ("questions", "answers"):
            for key, node in root[part].entries():
                if (was := self._was(node, targets)) is not None:
                    renamed[was] = key
        if (was := self._was(root, self._trees)) is not None:
            renamed[was] = name
        return Tree(
            id=name,
            title=words_of(root["title"]),
            audience=text_of(root["for"]),
            owner=self._known("C203", root["owner"], self._office_ids),
            review_by=date.fromisoformat(text_of(root["review_by"])),
            intro=words_of(root["intro"]) if root.get("intro") is not None else None,
            start=self._known("C212", root["start"], questions),
            questions=questions,
            answers=answers,
            renamed=renamed,
        )

    def _was(self, node: Node, used: Collection[str]) -> str | None:
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
        names = self._listed("C202", node.get("say"), self._statements)
        tone = node.get("tone")
        return Adds(
            say=tuple(self._statements[n] for n in names if n in self._statements),
            offices=self._offices(node.get("offices")),
            tone=Tone(text_of(tone)) if tone is not None else None,
        )

    def _answer(self, name: str, node: Node, tree: str) -> Answer:
        return Answer(
            id=name,
            tone=Tone(text_of(node["tone"])),
            title=words_of(node["title"]),
            say=self._say(node["say"], f"{tree}.{name}"),
            offices=self._offices(node.get("offices")),
            offer=self._listed("C206", node.get("offer"), self._onward, _TREE_OR_TOPIC),
        )

    # -- the rest

    def _card(self, root: Node, key: str) -> Card:
        name = text_of(root[key])
        if Path(self._file).stem != name and Path(self._file).parent.name in (
            "topics",
            "summaries",
        ):
            self._report("C116", self._file, root.line, file=Path(self._file).name, id=name)
        return Card(
            id=name,
            title=words_of(root["title"]),
            say=self._say(root["say"], name),
            tree=self._known("C206", root["tree"], self._trees, _TREE),
            offices=self._offices(root["offices"]),
            courses=self._listed("C207", root.get("courses"), self._course_ids),
            see=self._listed("C206", root.get("see"), self._topics, _TOPIC),
            mailbox=optional_text(root.get("mailbox")),
        )

    def source(self, name: str, node: Node) -> Source:
        """Build one source of the catalogue."""
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
                self.statement(item, f"{name}.{part}.{number}")
                for number, item in enumerate(node[part].each(), start=1)
            )

        instead = optional_text(node.get("instead"))
        if instead is not None:
            self._known("C203", node["instead"], self._office_ids)
        return Office(
            id=name,
            name=words_of(node["name"]),
            does=said("does"),
            does_not=said("does_not"),
            promise=said("promise"),
            page=urls_of(node.get("page")),
            network=optional_text(node.get("network")),
            fr_unverified=node.get("fr_status") is not None,
            card_only=node.get("handoff") is not None,
            instead=instead if instead in self._office_ids else None,
        )

    def _course(self, name: str, node: Node) -> Course:
        about = node.get("about")
        return Course(
            id=name,
            title=words_of(node["title"]),
            about=words_of(about) if about is not None else None,
            ref=self._ref(node["source"]),
            theme=text_of(node["theme"]),
            url=urls_of(node.get("url")),
            network=optional_text(node.get("network")),
            fr_unverified=node.get("fr_status") is not None,
            url_unverified=node.get("url_status") is not None,
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
            words=phrases_of(node["words"]),
            phrases=phrases_of(node["phrases"]),
        )

    def _promise(self, root: Node, _: str) -> Promise:
        node = root["promise"]
        return Promise(
            line={when: words_of(node["line"][when]) for when in When},
            sentences=tuple(
                PromiseSentence(
                    id=text_of(s["id"]),
                    channels=tuple(text_of(c) for c in s["channels"].each()),
                    words=words_of(s),
                    when=When(optional_text(s.get("when")) or When.ALWAYS),
                )
                for s in node["sentences"].each()
            ),
        )

    def _draft(self, root: Node, _: str) -> Draft:
        node = root["draft"]
        tree = self._known("C206", node["tree"], self._trees, _TREE)
        return Draft(
            tree=tree,
            others=self._listed("C206", node["others"], self._trees, _TREE),
            pages={
                name: Page(name, words_of(one["title"]), words_of(one["text"]))
                for name, one in node["pages"].entries()
            },
            marks={name: self._mark(name, one) for name, one in node["marks"].entries()},
        )

    def _mark(self, name: str, node: Node) -> Mark:
        words, never = node.get("words"), node.get("never")
        names = node.get("names")
        listed = [phrases_of(words)] if words is not None else []
        for one in names.each() if names is not None else ():
            self._refs(one["source"])
            listed.append(phrases_of(one))
        return Mark(
            id=name,
            says=self.statement(node, f"draft.{name}"),
            picks={
                question: tuple(text_of(item) for item in options.each())
                for question, options in node["picks"].entries()
            },
            words=_together(listed),
            never=_together([phrases_of(never)] if never is not None else []),
        )


def _revision(node: Node) -> Revision:
    return Revision(
        on=date.fromisoformat(text_of(node["on"])),
        how=Materiality(text_of(node["how"])),
        of=tuple(text_of(item) for item in node["of"].each()),
        words=words_of(node),
    )


def _together(listed: Iterable[Mapping[Lang, tuple[str, ...]]]) -> tuple[str, ...]:
    """Return the words of lists in either language, each once: a draft may mix them."""
    return tuple(dict.fromkeys(word for one in listed for lang in LANGS for word in one[lang]))


def sources_of(document: Document, files: Files, report: Report) -> dict[str, Source]:
    """Build the sources that an organization's file adds."""
    builder = Builder(files, report, document.file)
    return {name: builder.source(name, node) for name, node in document.root["sources"].entries()}


def statements_of(
    nodes: Node, owner: str, files: Files, report: Report, file: str
) -> tuple[Statement, ...]:
    """Build the statements that an organization's file adds under ``owner``."""
    builder = Builder(files, report, file)
    return tuple(
        replace(builder.statement(item, f"{owner}.added.{number}"), from_organization=True)
        for number, item in enumerate(nodes.each(), start=1)
    )
