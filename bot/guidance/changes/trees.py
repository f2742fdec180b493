"""What changed in a tree? Its head, its questions with their options, and its answers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from bot.guidance.changes.notes import Notes, Noun, Nouns, joined, labelled, quoted
from bot.guidance.changes.statements import statements
from bot.guidance.meaning import things
from bot.guidance.model import Answer, Card, Draft, Guidance, Option, Question, Tone, Tree
from bot.guidance.words import Words

OFFICES: Final = Nouns(Words("the office", "le bureau"), Words("the offices", "les bureaux"))
_ONWARD: Final = Nouns(
    Words("the way on", "la suite"), Words("the ways on", "les suites"), Words("offers", "propose")
)
TITLE: Final = Noun("the title", "le titre")
_INTRO: Final = Noun("the introduction", "l’introduction", "e")
_OWNER: Final = Noun("its owner", "son responsable")
_REVIEW: Final = Noun("the review date", "la date de révision")
_FOR: Final = Noun("the public", "le public")
_START: Final = Noun("the start", "le départ")
_ASK: Final = Noun("the question", "la question", "e")
_HINT: Final = Noun("the sentence under it", "la phrase au-dessous", "e")
_OPTIONS: Final = Noun("the options", "les options", "es")
_LABEL: Final = Noun("its label", "son libellé")
_TYPED: Final = Noun("the words that may be typed", "les mots qu’on peut taper", "s")
_TONE: Final = Noun("the tone", "le ton")
_ADDED: Final = Noun("statement {} of what it adds", "l’énoncé {} de ce qu’elle ajoute")
_AUDIENCES: Final[Mapping[str, Words]] = {
    "everyone": Words("everyone", "tout le monde"),
    "managers": Words("managers", "gestionnaires"),
}


def compare_tree(notes: Notes, before: Tree, after: Tree) -> None:
    """Tell what changed in a tree."""
    if before.id != after.id:
        users = _leading_to(notes.both.after, after.id)
        notes.tell(None, _new_id(before.id, after.id), of=(after.id, *users))
    notes.text(None, TITLE, before.title, after.title)
    notes.text(None, _INTRO, before.intro, after.intro)
    if before.audience != after.audience:
        notes.turned(None, _FOR, *(quoted(_AUDIENCES[one.audience]) for one in (before, after)))
    if before.owner != after.owner:
        notes.turned(None, _OWNER, *(notes.both.office(one.owner) for one in (before, after)))
    if before.review_by != after.review_by:
        notes.turned(None, _REVIEW, *(_same(str(one.review_by)) for one in (before, after)))
    if _now(after, before.start) != after.start:
        notes.turned(None, _START, _target(before, before.start), _target(after, after.start))
    _compare_parts(notes, before, after)


def _same(text: str) -> Words:
    return Words(text, text)


def _new_id(before: str, after: str) -> Words:
    return Words(
        f"it has another id in the files: {after} (it was {before})",
        f"son identifiant dans les fichiers est désormais {after} (c’était {before})",
    )


def _now(tree: Tree, name: str) -> str:
    """Return what a question or an answer is called in ``tree``, by its name of before."""
    known = name in tree.questions or name in tree.answers
    return name if known else tree.renamed.get(name, name)


def _target(tree: Tree, name: str) -> Words:
    """Return what an option leads to, as people see it."""
    if name in tree.questions:
        return labelled("the question", "la question", tree.questions[name].ask)
    return labelled("the answer", "la réponse", tree.answers[name].title)


def _leading_to(guidance: Guidance, tree: str) -> list[str]:
    """Return the things that name a tree, by their names."""
    found = []
    for name, thing in things(guidance).items():
        match thing:
            case Tree():
                names = {one for answer in thing.answers.values() for one in answer.offer}
            case Card():
                names = {thing.tree}
            case Draft():
                names = {thing.tree, *thing.others}
            case _:
                continue
        if tree in names and name != tree:
            found.append(name)
    return found


def _compare_parts(notes: Notes, before: Tree, after: Tree) -> None:
    questions = {_now(after, name): question for name, question in before.questions.items()}
    for name, question in after.questions.items():
        where = labelled("question", "question", question.ask)
        if (old := questions.get(name)) is None:
            notes.tell(where, Words("it was added", "elle a été ajoutée"))
        else:
            _compare_question(notes, (before, after), old, question)
    for name, question in questions.items():
        if name not in after.questions:
            where = labelled("question", "question", question.ask)
            notes.tell(where, Words("it was removed", "elle a été retirée"))
    answers = {_now(after, name): answer for name, answer in before.answers.items()}
    for name, answer in after.answers.items():
        where = labelled("answer", "réponse", answer.title)
        if (former := answers.get(name)) is None:
            notes.tell(where, Words("it was added", "elle a été ajoutée"))
        else:
            _compare_answer(notes, where, former, answer)
    for name, answer in answers.items():
        if name not in after.answers:
            where = labelled("answer", "réponse", answer.title)
            notes.tell(where, Words("it was removed", "elle a été retirée"))


def _compare_question(
    notes: Notes, trees: tuple[Tree, Tree], before: Question, after: Question
) -> None:
    where = labelled("question", "question", after.ask)
    if before.id != after.id:
        notes.tell(where, _new_id(before.id, after.id))
    notes.text(where, _ASK, before.ask, after.ask)
    notes.text(where, _HINT, before.hint, after.hint)
    if before.many != after.many:
        notes.tell(
            where,
            Words("several options may be chosen", "on peut choisir plusieurs options")
            if after.many
            else Words("only one option may be chosen", "on ne peut choisir qu’une option"),
        )
    current = {_known(after, option).id: option for option in before.options}
    for option in after.options:
        if (old := current.get(option.id)) is None:
            notes.tell(where, joined(_option(option), Words("was added", "a été ajoutée")))
        else:
            at = Words(f"{where.en}, {_option(option).en}", f"{where.fr}, {_option(option).fr}")
            _compare_option(notes, at, trees, old, option)
    now = [option.id for option in after.options]
    for name, option in current.items():
        if name not in now:
            notes.tell(where, joined(_option(option), Words("was removed", "a été retirée")))
    notes.order(where, _OPTIONS, current, now)


def _known(question: Question, option: Option) -> Option:
    """Return what an option is now, by the id that it had."""
    return question.known.get(option.id, option)


def _option(option: Option) -> Words:
    return labelled("option", "option", option.label)


def _compare_option(
    notes: Notes, where: Words, trees: tuple[Tree, Tree], before: Option, after: Option
) -> None:
    if before.id != after.id:
        notes.tell(where, _new_id(before.id, after.id))
    notes.text(where, _LABEL, before.label, after.label)
    if _now(trees[1], before.go) != after.go:
        old, new = _target(trees[0], before.go), _target(trees[1], after.go)
        notes.tell(
            where,
            joined(
                Words("leads to", "mène à"), new, Words("and no longer to", "et non plus à"), old
            ),
        )
    if before.alone != after.alone:
        notes.tell(
            where,
            Words("cannot be combined with others", "ne se combine avec aucune autre")
            if after.alone
            else Words("can be combined with others", "se combine avec d’autres"),
        )
    notes.phrases(where, _TYPED, before.also, after.also)
    statements(notes, where, before.adds.say, after.adds.say, _ADDED)
    notes.names(where, before.adds.offices, after.adds.offices, notes.both.office, OFFICES,
                ordered=False)  # fmt: skip
    _compare_tone(notes, where, before.adds.tone, after.adds.tone)


def _compare_tone(notes: Notes, where: Words, before: Tone | None, after: Tone | None) -> None:
    if before != after:
        notes.turned(where, _TONE, *(
            quoted(notes.both.after.phrases[f"tone_{one}"]) if one is not None else None
            for one in (before, after)
        ))  # fmt: skip


def _compare_answer(notes: Notes, where: Words, before: Answer, after: Answer) -> None:
    if before.id != after.id:
        notes.tell(where, _new_id(before.id, after.id))
    notes.text(where, TITLE, before.title, after.title)
    _compare_tone(notes, where, before.tone, after.tone)
    statements(notes, where, before.say, after.say)
    notes.names(where, before.offices, after.offices, notes.both.office, OFFICES, ordered=False)
    offered = [notes.both.renamed.get(name, name) for name in before.offer]
    notes.names(where, offered, after.offer, notes.both.onward, _ONWARD)
