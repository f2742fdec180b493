"""Can every tree be walked to a good end? Its shape, its size and what it would show at worst."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from typing import Final

from bot.guidance.load import Files
from bot.guidance.model import FIRST_SCREEN, Answer, Guidance, Option, Statement, Tone, Tree
from bot.guidance.problems import Report, nearest
from bot.guidance.read import Document, Node
from bot.guidance.short import collisions, longest, tree_collisions
from bot.guidance.walk import count_routes
from bot.guidance.words import LANGS, fold

MIN_OPTIONS: Final = 2
MAX_OPTIONS: Final = 10
"""Slack shows at most ten radio buttons or check boxes."""

MAX_ROUTES: Final = 20_000
MAX_TICKET: Final = 500
MAX_SHORT: Final = 198
"""Bytes of a place in short form, so that a capsule of it has 400 characters at most."""

MAX_SCREEN: Final = 6_000
"""Characters of statements in one screen; Slack refuses messages of some 12,000 in all."""

SOURCE_DAYS: Final = 365
_FEWEST_LETTERS: Final = 2
_NOTICE: Final = timedelta(days=30)
_NOT_A_CLEARANCE: Final = ("not_a_clearance", "no_action_is_full")


def check_trees(files: Files, guidance: Guidance, today: date, report: Report) -> None:
    """Check every tree, and what concerns the whole guidance."""
    for document in files.of("tree"):
        tree = guidance.trees[document.root["tree"].text or ""]
        _check_shape(tree, document, report)
        if _check_circles(tree, document, report):
            _check_reach(tree, document, report)
            _check_size(guidance, tree, document, report)
            _check_worst(tree, document, report)
        _check_answers(tree, document, report)
        _check_date(tree, document, today, report)
    for one, other in tree_collisions(guidance):
        document = next(d for d in files.of("tree") if other in _names(guidance, d))
        report("C607", document.file, document.root["tree"].line, one=one, other=other)
    _check_marks(files, guidance, report)
    _check_unused(files, guidance, report)
    _check_sources(files, guidance, today, report)


def _names(guidance: Guidance, document: Document) -> tuple[str, ...]:
    """Return the name of the tree of a document, and the names it had before."""
    tree = guidance.trees[document.root["tree"].text or ""]
    return (tree.id, *(old for old, now in tree.renamed.items() if now == tree.id))


def _line(document: Document, part: str, name: str) -> int:
    return document.root[part][name].line


def _check_shape(tree: Tree, document: Document, report: Report) -> None:
    for question in tree.questions.values():
        line = _line(document, "questions", question.id)
        count = len(question.options)
        if count < MIN_OPTIONS:
            report("C303", document.file, line, count=count)
        if count > MAX_OPTIONS:
            report("C602", document.file, line, count=count, limit=MAX_OPTIONS)
        nodes = document.root["questions"][question.id]["options"].each()
        for index, option in enumerate(question.options):
            if option.alone and not _may_stand_alone(option, index, count, many=question.many):
                report("C305", document.file, nodes[index].line)


def _may_stand_alone(option: Option, index: int, count: int, *, many: bool) -> bool:
    adds = option.adds
    return many and index == count - 1 and not (adds.say or adds.offices or adds.tone)


def _check_circles(tree: Tree, document: Document, report: Report) -> bool:
    done: set[str] = set()
    path: list[str] = []

    def visit(name: str) -> bool:
        if name in done or name not in tree.questions:
            return True
        if name in path:
            circle = [*path[path.index(name) :], name]
            line = _line(document, "questions", name)
            report("C302", document.file, line, circle=" → ".join(circle))
            return False
        path.append(name)
        fine = all([visit(option.go) for option in tree.questions[name].options])
        path.pop()
        done.add(name)
        return fine

    return all([visit(name) for name in tree.questions])


def _check_reach(tree: Tree, document: Document, report: Report) -> None:
    reached: set[str] = set()
    todo = [tree.start]
    while todo:
        name = todo.pop()
        if name not in reached:
            reached.add(name)
            if name in tree.questions:
                todo += [option.go for option in tree.questions[name].options]
    for part, names in (("questions", tree.questions), ("answers", tree.answers)):
        for name in names:
            if name not in reached:
                report("C301", document.file, _line(document, part, name), id=name)


def _check_size(guidance: Guidance, tree: Tree, document: Document, report: Report) -> None:
    size = count_routes(tree)
    line = document.root["tree"].line
    if size.routes > MAX_ROUTES:
        report("C306", document.file, line, count=size.routes, limit=MAX_ROUTES)
    if size.longest_ticket > MAX_TICKET:
        report("C605", document.file, line, count=size.longest_ticket, limit=MAX_TICKET)
    if (size_in_bytes := longest(guidance, tree)) > MAX_SHORT:
        report("C606", document.file, line, count=size_in_bytes, limit=MAX_SHORT)
    for one, other in collisions(tree):
        report("C607", document.file, line, one=one, other=other)


def _check_marks(files: Files, guidance: Guidance, report: Report) -> None:
    """Look at whether the marks of a draft suggest options that their tree has."""
    questions = guidance.trees[guidance.draft.tree].questions
    for document in files.of("draft"):
        for name, node in document.root["draft"]["marks"].entries():
            for item in _words_of(node):
                if len(fold((item.text or "").rstrip("*"))) < _FEWEST_LETTERS:
                    report("C215", document.file, item.line, word=item.text)
            for question, options in node["picks"].entries():
                known = questions[question].known if question in questions else {}
                for item in options.each():
                    if item.text not in known:
                        report("C214", document.file, item.line, mark=name, question=question,
                               id=item.text, near=nearest(item.text or "", known))  # fmt: skip


def _words_of(mark: Node) -> Iterator[Node]:
    """Yield the words of a mark, its exceptions and its names."""
    names = mark.get("names")
    lists = [mark.get("words"), mark.get("never"), *(names.each() if names is not None else ())]
    for listed in lists:
        for lang in LANGS:
            yield from listed[lang].each() if listed is not None else ()


def _check_worst(tree: Tree, document: Document, report: Report) -> None:
    for answer, statements in worst(tree):
        for lang in LANGS:
            lengths = sorted((len(s.words[lang]) for s in statements), reverse=True)
            for part in (lengths[:FIRST_SCREEN], lengths[FIRST_SCREEN:]):
                if sum(part) > MAX_SCREEN:
                    line = _line(document, "answers", answer.id)
                    report(
                        "C603",
                        document.file,
                        line,
                        id=answer.id,
                        count=sum(part),
                        limit=MAX_SCREEN,
                    )


def worst(tree: Tree) -> Iterator[tuple[Answer, tuple[Statement, ...]]]:
    """Yield each answer with all statements that any route to it may add."""
    added: dict[str, dict[str, Statement]] = {tree.start: {}}
    for name in _in_order(tree):
        question = tree.questions[name]
        here = dict(added.get(name, {}))
        for option in question.options:
            here.update({s.id: s for s in option.adds.say})
        for option in question.options:
            # Where several may be chosen, every option may come along on every way out.
            own = (
                here
                if question.many
                else {**added.get(name, {}), **{s.id: s for s in option.adds.say}}
            )
            added.setdefault(option.go, {}).update(own)
    for answer in tree.answers.values():
        every = {s.id: s for s in answer.say} | added.get(answer.id, {})
        yield answer, tuple(every.values())


def _in_order(tree: Tree) -> Iterable[str]:
    """Return the questions so that each comes after all that lead to it."""
    order: list[str] = []
    seen: set[str] = set()

    def visit(name: str) -> None:
        if name in seen or name not in tree.questions:
            return
        seen.add(name)
        for option in tree.questions[name].options:
            visit(option.go)
        order.append(name)

    visit(tree.start)
    return reversed(order)


def _check_answers(tree: Tree, document: Document, report: Report) -> None:
    for answer in tree.answers.values():
        line = _line(document, "answers", answer.id)
        if not answer.offices and not answer.offer:
            report("C304", document.file, line)
        if len(answer.say) > FIRST_SCREEN:
            report("C604", document.file, line, count=len(answer.say), limit=FIRST_SCREEN)
        if answer.tone is Tone.USUAL_CARE and not any(
            statement.id in _NOT_A_CLEARANCE for statement in answer.say
        ):
            report("C307", document.file, line)


def _check_date(tree: Tree, document: Document, today: date, report: Report) -> None:
    line = document.root["review_by"].line
    if tree.review_by < today:
        report("C509", document.file, line, date=tree.review_by)
    elif tree.review_by < today + _NOTICE:
        report("C510", document.file, line, date=tree.review_by)


def _check_sources(files: Files, guidance: Guidance, today: date, report: Report) -> None:
    for document, name, node in files.entries("sources"):
        if guidance.sources[name].read < today - timedelta(days=SOURCE_DAYS):
            read = guidance.sources[name].read
            report("C511", document.file, node["read"].line, date=read, days=SOURCE_DAYS)


def _check_unused(files: Files, guidance: Guidance, report: Report) -> None:
    used = set(_used(guidance))
    for document, name, node in files.entries("statements"):
        if name not in used:
            report("C210", document.file, node.line, id=name)


def _used(guidance: Guidance) -> Iterator[str]:
    for tree in guidance.trees.values():
        for question in tree.questions.values():
            for option in question.options:
                yield from (statement.id for statement in option.adds.say)
        for answer in tree.answers.values():
            yield from (statement.id for statement in answer.say)
    for card in (*guidance.topics.values(), *guidance.summaries.values()):
        yield from (statement.id for statement in card.say)
    yield from (statement.id for statement in guidance.crisis.say)
