"""Do the stories still come true? Each tells a situation, the choices, and what must come of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from bot.guidance.load import Files
from bot.guidance.model import Guidance, Tree
from bot.guidance.problems import Report, nearest
from bot.guidance.read import Document, Node
from bot.guidance.screen import Screen
from bot.guidance.shapes import text_of
from bot.guidance.ticket import Ticket
from bot.guidance.walk import walk
from bot.guidance.words import LANGS, plain


@dataclass(frozen=True, slots=True)
class Story:
    """One story as written: where it stands and its node."""

    document: Document
    node: Node

    @property
    def ticket(self) -> Ticket:
        """The ticket of the choices that the story makes."""
        choices = {
            question: tuple(text_of(item) for item in picked.each())
            for question, picked in self.node["choices"].entries()
        }
        return Ticket(text_of(self.node["tree"]), choices)


def stories(files: Files) -> Iterator[Story]:
    """Yield every story."""
    for document in files.of("stories"):
        for node in document.root["stories"].each():
            yield Story(document, node)


def check_stories(files: Files, guidance: Guidance, today: date, report: Report) -> None:
    """Walk every story and hold the screen against what it expects; list what none reaches."""
    reached: set[tuple[str, str]] = set()
    for story in stories(files):
        tree_node = story.node["tree"]
        tree = guidance.trees.get(text_of(tree_node))
        if tree is None:
            near = nearest(text_of(tree_node), guidance.trees)
            report("C206", story.document.file, tree_node.line, id=tree_node.text, near=near)
            continue
        if not _choices_exist(story, tree, report):
            continue
        # A story is about what is said, so it is walked on a day when the tree is current.
        screen = walk(guidance, story.ticket, min(today, tree.review_by))
        if screen.answer is None:
            at = screen.question.id if screen.question else ""
            report("C802", story.document.file, story.node.line, question=at)
        elif _on_route(story, screen, report):
            reached.add((tree.id, screen.answer.id))
            _check_expected(story, screen, report)
    _check_reached(files, reached, report)


def _choices_exist(story: Story, tree: Tree, report: Report) -> bool:
    fine = True
    for name, picked in story.node["choices"].entries():
        question = tree.questions.get(name)
        if question is None:
            near = nearest(name, tree.questions)
            report("C804", story.document.file, picked.line, question=name, near=near)
            fine = False
            continue
        for item in picked.each():
            if text_of(item) not in question.known:
                near = nearest(text_of(item), question.known)
                report("C801", story.document.file, item.line, id=item.text, question=name,
                       near=near)  # fmt: skip
                fine = False
    return fine


def _on_route(story: Story, screen: Screen, report: Report) -> bool:
    asked = {step.question.id for step in screen.trail}
    for name, node in story.node["choices"].entries():
        if name not in asked:
            report("C804", story.document.file, node.line, question=name, near=None)
            return False
    return True


def _check_expected(story: Story, screen: Screen, report: Report) -> None:
    expect, file = story.node["expect"], story.document.file

    def missed(node: Node, en: str, fr: str, found: object) -> None:
        report("C803", file, node.line, wanted_en=en, wanted_fr=fr, found=found)

    tone, answer = expect["tone"], expect.get("answer")
    if screen.tone != tone.text:
        missed(tone, f"the tone {tone.text}", f"le ton {tone.text}", screen.tone)
    assert screen.answer is not None
    if answer is not None and screen.answer.id != answer.text:
        missed(answer, f"the answer {answer.text}", f"la réponse {answer.text}", screen.answer.id)
    named = [office.id for office in screen.offices]
    for item in _items(expect, "offices"):
        if item.text not in named:
            missed(item, f"the office {item.text}", f"le bureau {item.text}", ", ".join(named))
    for item in _items(expect, "not_offices"):
        if item.text in named:
            missed(item, f"no office {item.text}", f"pas de bureau {item.text}", ", ".join(named))
    words = _all_words(screen)
    for item in _items(expect, "says"):
        if text_of(item).casefold() not in words:
            missed(item, f"the words “{item.text}”", f"les mots « {item.text} »", "—")
    for item in _items(expect, "never_says"):
        if text_of(item).casefold() in words:
            missed(item, f"never the words “{item.text}”", f"jamais les mots « {item.text} »", "✓")


def _items(expect: Node, key: str) -> tuple[Node, ...]:
    node = expect.get(key)
    return node.each() if node is not None else ()


def _all_words(screen: Screen) -> str:
    said = [one.statement.words for one in screen.said]
    if screen.answer is not None:
        said.append(screen.answer.title)
    return "\n".join(plain(words[lang]) for words in said for lang in LANGS).casefold()


def _check_reached(files: Files, reached: set[tuple[str, str]], report: Report) -> None:
    for document in files.of("tree"):
        tree = text_of(document.root["tree"])
        for name, node in document.root["answers"].entries():
            if (tree, name) not in reached:
                report("C805", document.file, node.line, id=name)
