"""Do the stories still come true? Each tells a situation, the choices, and what must come of it."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import date

from bot.guidance.fit import text_of
from bot.guidance.load import Files
from bot.guidance.model import Guidance, Tree
from bot.guidance.problems import Report, nearest
from bot.guidance.read import Document, Node
from bot.guidance.screen import Screen
from bot.guidance.ticket import Ticket
from bot.guidance.walk import walk
from bot.guidance.words import LANGS, Words, plain


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
            report("C206", story.document.file, tree_node.line, id=tree_node.text, near=near,
                   wanted_en="tree", wanted_fr="un arbre")  # fmt: skip
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
            _check_expected(story, screen, guidance.offices, report)
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
        if len(picked.each()) > 1 and not question.many:
            count = len(picked.each())
            report("C806", story.document.file, picked.line, question=name, count=count)
            fine = False
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


def _check_expected(story: Story, screen: Screen, offices: Collection[str], report: Report) -> None:
    expect, file = story.node["expect"], story.document.file
    answer = screen.answer
    assert answer is not None

    def missed(node: Node, wanted: Words, found: Words) -> None:
        report("C803", file, node.line, wanted_en=wanted.en, wanted_fr=wanted.fr,
               found_en=found.en, found_fr=found.fr)  # fmt: skip

    def gives(what: object) -> Words:
        return Words(f"The walk gives {what}.", f"Le parcours donne {what}.")

    tone, named_answer = expect["tone"], expect.get("answer")
    if screen.tone != tone.text:
        missed(tone, Words(f"the tone {tone.text}", f"le ton {tone.text}"), gives(screen.tone))
    if named_answer is not None and answer.id != named_answer.text:
        name = named_answer.text
        missed(named_answer, Words(f"the answer {name}", f"la réponse {name}"), gives(answer.id))
    named = [office.id for office in screen.offices]
    for key in ("offices", "not_offices"):
        for item in _items(expect, key):
            name = text_of(item)
            if name not in offices:
                report("C203", file, item.line, id=name, near=nearest(name, offices))
            elif (name in named) != (key == "offices"):
                wanted = Words(f"the office {name}", f"le bureau {name}")
                if key == "not_offices":
                    wanted = Words(f"that {name} is not named", f"que {name} ne soit pas nommé")
                missed(item, wanted, gives(", ".join(named) or "—"))
    words = _all_words(screen)
    for key in ("says", "never_says"):
        for item in _items(expect, key):
            text = text_of(item)
            if (text.casefold() in words) != (key == "says"):
                wanted = Words(f"the words “{text}”", f"les mots « {text} »")
                found = Words("They are not there.", "Ils n’y sont pas.")
                if key == "never_says":
                    wanted = Words(f"that “{text}” is not said",
                                   f"que « {text} » ne soit pas dit")  # fmt: skip
                    found = Words("It is said.", "C’est dit.")
                missed(item, wanted, found)


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
