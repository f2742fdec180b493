"""What does a whole tree look like? An outline in reading order, and a labelled diagram."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from string import ascii_uppercase

from bot.guidance.model import Answer, Question, Tree
from bot.guidance.words import Lang, plain


@dataclass(frozen=True, slots=True)
class Asked:
    """A question of the outline with its number, from 1."""

    number: int
    question: Question


@dataclass(frozen=True, slots=True)
class Ended:
    """An answer of the outline with its letter: A, B, … Z, AA."""

    letter: str
    answer: Answer


@dataclass(frozen=True, slots=True)
class Outline:
    """A tree in reading order: questions as a walk meets them, then the answers."""

    questions: tuple[Asked, ...]
    answers: tuple[Ended, ...]

    def mark(self, name: str) -> tuple[str, str]:
        """Return ``("outline_question", number)`` or ``("outline_answer", letter)`` of a name."""
        for asked in self.questions:
            if asked.question.id == name:
                return "outline_question", str(asked.number)
        letter = next(ended.letter for ended in self.answers if ended.answer.id == name)
        return "outline_answer", letter


def outline(tree: Tree) -> Outline:
    """Return the questions and answers of a tree in the order in which walks meet them."""
    order: list[str] = []
    todo = [tree.start]
    while todo:
        name = todo.pop(0)
        if name in order:
            continue
        order.append(name)
        if name in tree.questions:
            todo += [option.go for option in tree.questions[name].options]
    questions = [tree.questions[name] for name in order if name in tree.questions]
    answers = [tree.answers[name] for name in order if name in tree.answers]
    return Outline(
        tuple(Asked(number, question) for number, question in enumerate(questions, start=1)),
        tuple(Ended(_letter(index), answer) for index, answer in enumerate(answers)),
    )


def _letter(index: int) -> str:
    letters = len(ascii_uppercase)
    first = ascii_uppercase[index // letters - 1] if index >= letters else ""
    return first + ascii_uppercase[index % letters]


def mermaid(tree: Tree, lang: Lang) -> str:
    """Return the tree as a Mermaid flow chart with every option on its arrow."""
    plan = outline(tree)
    out = ["flowchart TD"]
    for asked in plan.questions:
        many = " ☑" if asked.question.many else ""
        text = _label(f"{asked.number}. {asked.question.ask[lang]}{many}")
        out.append(f"    {asked.question.id}{{{{{text}}}}}")
    for ended in plan.answers:
        text = _label(f"{ended.letter}. {ended.answer.title[lang]}")
        out.append(f"    {ended.answer.id}[{text}]:::{ended.answer.tone}")
    for asked in plan.questions:
        for option in asked.question.options:
            arrow = f"-->|{_label(option.label[lang])}|"
            out.append(f"    {asked.question.id} {arrow} {option.go}")
    out += [
        "    classDef usual_care fill:#e3efe3,stroke:#3c6e47,color:#16261a",
        "    classDef weigh fill:#e6edf5,stroke:#3d5f86,color:#14202e",
        "    classDef pause fill:#fbf0d9,stroke:#8a6414,color:#2b2007",
        "    classDef act_now fill:#f8e1dc,stroke:#9b3a26,color:#300f08",
    ]
    return "\n".join(out) + "\n"


def _label(text: str, width: int = 38) -> str:
    """Return text as a quoted Mermaid label, broken into short lines."""
    clean = plain(text).replace("&", "&amp;").replace('"', "&quot;").replace("<", "&lt;")
    rows: list[str] = [""]
    for word in clean.split(" "):
        if rows[-1] and len(rows[-1]) + len(word) >= width:
            rows.append("")
        rows[-1] = f"{rows[-1]} {word}".strip()
    return '"' + "<br/>".join(rows) + '"'


def outline_label(plan: Outline, name: str, phrase: Callable[..., str]) -> str:
    """Return “Question 3” or “Answer B” for a name, in the words of ``phrase``."""
    key, mark = plan.mark(name)
    return phrase(key, number=mark) if key == "outline_question" else phrase(key, letter=mark)
