"""Is every change of the guidance told once, in words, with the language left behind?"""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.app import read_guidance
from bot.cli import main
from bot.guidance.build import build
from bot.guidance.changelog import PAGES, print_log
from bot.guidance.changes import Change, changes
from bot.guidance.load import Files
from bot.guidance.meaning import digests, seen, things, title
from bot.guidance.model import (
    Basis,
    Guidance,
    Kind,
    Materiality,
    Option,
    Question,
    Ref,
    Revision,
    Statement,
    Tone,
    When,
)
from bot.guidance.problems import Report
from bot.guidance.words import LANGS, Lang, Words, plain
from bot.history import HistoryError, Lost, guidance_at
from bot.organization import extend
from tests.conftest import ROOT, SAMPLE, TODAY

NOW = read_guidance(ROOT, None, TODAY)[0]
TREE = "post_reported"


# -- editing what is frozen


def put(whole: Any, path: tuple[str | int, ...], value: Any) -> Any:
    """Return ``whole`` with another value at ``path``: attributes, keys and places in lists."""
    if not path:
        return value(whole) if callable(value) else value
    step, *rest = path
    if isinstance(whole, Mapping):
        return {**whole, step: put(whole[step], tuple(rest), value)}
    if isinstance(whole, tuple):
        assert isinstance(step, int)
        return (*whole[:step], put(whole[step], tuple(rest), value), *whole[step + 1 :])
    changed = replace(whole, **{step: put(getattr(whole, str(step)), tuple(rest), value)})
    if isinstance(changed, Question):
        known = {o.was: o for o in changed.options if o.was} | {o.id: o for o in changed.options}
        changed = replace(changed, known=known)
    return changed


def swap(whole: Any, old: Statement, new: Statement) -> Any:
    """Return ``whole`` with one statement in the place of another, wherever that one stands."""
    if whole is old:
        return new
    if isinstance(whole, Mapping):
        return {name: swap(one, old, new) for name, one in whole.items()}
    if isinstance(whole, tuple):
        return tuple(swap(one, old, new) for one in whole)
    if is_dataclass(whole) and not isinstance(whole, (Statement, Words)):
        names = [f.name for f in fields(whole) if f.name != "learnt"]
        return replace(whole, **{name: swap(getattr(whole, name), old, new) for name in names})
    return whole


def said(whole: Any) -> Iterator[Statement]:
    """Every statement in a part of the guidance."""
    if isinstance(whole, Statement):
        yield whole
    elif isinstance(whole, Mapping):
        for one in whole.values():
            yield from said(one)
    elif isinstance(whole, tuple):
        for one in whole:
            yield from said(one)
    elif is_dataclass(whole):
        for f in fields(whole):
            yield from said(getattr(whole, f.name))


SAID = {name: list(said(thing)) for name, thing in things(NOW).items()}
STATEMENTS = list({id(one): one for listed in SAID.values() for one in listed}.values())
MEANT = digests(NOW)


def users(statement: Statement) -> set[str]:
    return {name for name, found in SAID.items() if any(one is statement for one in found)}


def only(found: tuple[Change, ...]) -> Change:
    assert len(found) == 1, [change.words.en for change in found]
    return found[0]


def concerned(found: tuple[Change, ...]) -> set[str]:
    return {thing for change in found for thing in change.of}


def differing(after: Guidance) -> set[str]:
    new = digests(after)
    return {name for name in {*MEANT, *new} if MEANT.get(name) != new.get(name)}


def quoted(words: Words) -> Words:
    en, fr = (" ".join(plain(words[lang]).split("\n")) for lang in LANGS)
    return Words(f"“{en}”", f"«\u00a0{fr}\u00a0»")


FOUND_TREE = NOW.trees[TREE]
QUESTION = FOUND_TREE.questions[FOUND_TREE.start]
ANSWER = next(a for a in FOUND_TREE.answers.values() if len({"." in s.id for s in a.say}) == 2)
OWN = next(place for place, one in enumerate(ANSWER.say) if "." in one.id)
AT_QUESTION = ("trees", TREE, "questions", QUESTION.id)
AT_ANSWER = ("trees", TREE, "answers", ANSWER.id)
IN_QUESTION = Words(f"Question {quoted(QUESTION.ask).en}", f"Question {quoted(QUESTION.ask).fr}")
IN_ANSWER = Words(f"Answer {quoted(ANSWER.title).en}", f"Réponse {quoted(ANSWER.title).fr}")
FIRST = QUESTION.options[0]
IN_OPTION = Words(
    f"{IN_QUESTION.en}, option {quoted(FIRST.label).en}",
    f"{IN_QUESTION.fr}, option {quoted(FIRST.label).fr}",
)
TOPIC = NOW.topics["learning"]
EXTRA = Statement(
    "x.1", Kind.DO, Words("A new one.", "Un nouveau."), Basis.PRACTICE, ANSWER.say[OWN].refs
)


def office(name: str) -> Words:
    return quoted(NOW.offices[name].name)


def other(known: Mapping[str, Any], *used: str) -> str:
    return next(name for name in known if name not in used)


NEW_OFFICE = other(NOW.offices, *ANSWER.offices)
SOURCE = next(iter(NOW.sources.values()))
COURSE = next(iter(NOW.courses.values()))
SENTENCE = NOW.promise.sentences[0]
NUMBER = NOW.crisis.numbers[0]
ELSEWHERE = next(
    a for a in FOUND_TREE.answers.values() if a.id not in {o.go for o in QUESTION.options}
)
GOES = FOUND_TREE.questions[FIRST.go]


@dataclass(frozen=True)
class Case:
    """An edit and what is told of it: the thing, both sentences, and the language left behind."""

    path: tuple[str | int, ...]
    value: Any
    of: str
    en: str
    fr: str
    left_behind: Lang | None = None


CASES = {
    "a statement in French only": Case(
        (*AT_ANSWER, "say", OWN, "words"), lambda w: Words(w.en, w.fr + " Bon."), TREE,
        f"{IN_ANSWER.en}: statement {OWN + 1} was changed in French only.",
        f"{IN_ANSWER.fr}\u00a0: l’énoncé {OWN + 1} a été modifié en français seulement.", "en"),
    "a statement in English only": Case(
        (*AT_ANSWER, "say", OWN, "words"), lambda w: Words(w.en + " Good.", w.fr), TREE,
        f"{IN_ANSWER.en}: statement {OWN + 1} was changed in English only.",
        f"{IN_ANSWER.fr}\u00a0: l’énoncé {OWN + 1} a été modifié en anglais seulement.", "fr"),
    "a statement written anew in both languages": Case(
        (*AT_ANSWER, "say", OWN, "words"), Words("Qqq.", "Zzz."), TREE,
        f"{IN_ANSWER.en}: statement {OWN + 1} was changed.",
        f"{IN_ANSWER.fr}\u00a0: l’énoncé {OWN + 1} a été modifié."),
    "the basis of a statement": Case(
        (*AT_ANSWER, "say", OWN, "basis"),
        lambda b: Basis.STATED if b is Basis.PRACTICE else Basis.PRACTICE, TREE,
        f"{IN_ANSWER.en}: statement {OWN + 1} goes from "
        + ("“practice” to “stated by a source”." if ANSWER.say[OWN].basis is Basis.PRACTICE
           else "“stated by a source” to “practice”."),
        f"{IN_ANSWER.fr}\u00a0: l’énoncé {OWN + 1} passe de "
        + ("«\u00a0pratique\u00a0» à «\u00a0énoncé par une source\u00a0»."
           if ANSWER.say[OWN].basis is Basis.PRACTICE
           else "«\u00a0énoncé par une source\u00a0» à «\u00a0pratique\u00a0».")),
    "one more statement": Case(
        (*AT_ANSWER, "say"), lambda say: (EXTRA, *say), TREE,
        f"{IN_ANSWER.en}: statement 1 was added.",
        f"{IN_ANSWER.fr}\u00a0: l’énoncé 1 a été ajouté."),
    "one statement fewer": Case(
        (*AT_ANSWER, "say"), lambda say: say[:-1], TREE,
        f"{IN_ANSWER.en}: statement {len(ANSWER.say)} was removed.",
        f"{IN_ANSWER.fr}\u00a0: l’énoncé {len(ANSWER.say)} a été retiré."),
    "the order of statements": Case(
        (*AT_ANSWER, "say"), lambda say: (*say[1:], say[0]), TREE,
        f"{IN_ANSWER.en}: the statements are in another order.",
        f"{IN_ANSWER.fr}\u00a0: les énoncés sont dans un autre ordre."),
    "the title of an answer in English only": Case(
        (*AT_ANSWER, "title"), lambda w: Words("Talk", w.fr), TREE,
        "Answer “Talk”: the title was changed in English only.",
        f"{IN_ANSWER.fr}\u00a0: le titre a été modifié en anglais seulement.", "fr"),
    "the tone of an answer": Case(
        (*AT_ANSWER, "tone"), Tone.USUAL_CARE, TREE,
        f"{IN_ANSWER.en}: the tone goes from {quoted(NOW.phrases[f'tone_{ANSWER.tone}']).en}"
        f" to {quoted(NOW.phrases['tone_usual_care']).en}.",
        f"{IN_ANSWER.fr}\u00a0: le ton passe de {quoted(NOW.phrases[f'tone_{ANSWER.tone}']).fr}"
        f" à {quoted(NOW.phrases['tone_usual_care']).fr}."),
    "one office for another": Case(
        (*AT_ANSWER, "offices"), (*ANSWER.offices[1:], NEW_OFFICE), TREE,
        f"{IN_ANSWER.en}: no longer names the office {office(ANSWER.offices[0]).en} and now names"
        f" the office {office(NEW_OFFICE).en}.",
        f"{IN_ANSWER.fr}\u00a0: ne nomme plus le bureau {office(ANSWER.offices[0]).fr} et nomme"
        f" désormais le bureau {office(NEW_OFFICE).fr}."),
    "an option that is gone": Case(
        (*AT_QUESTION, "options"), lambda options: options[1:], TREE,
        f"{IN_QUESTION.en}: option {quoted(FIRST.label).en} was removed.",
        f"{IN_QUESTION.fr}\u00a0: option {quoted(FIRST.label).fr} a été retirée."),
    "an option more": Case(
        (*AT_QUESTION, "options"),
        lambda options: (*options, Option("more", Words("More", "Plus"), FIRST.go)), TREE,
        f"{IN_QUESTION.en}: option “More” was added.",
        f"{IN_QUESTION.fr}\u00a0: option «\u00a0Plus\u00a0» a été ajoutée."),
    "an option with another id": Case(
        (*AT_QUESTION, "options", 0), lambda o: replace(o, id="newer", was=o.id), TREE,
        f"{IN_OPTION.en}: it has another id in the files: newer (it was {FIRST.id}).",
        f"{IN_OPTION.fr}\u00a0: son identifiant dans les fichiers est désormais newer (c’était"
        f" {FIRST.id})."),
    "an option that leads elsewhere": Case(
        (*AT_QUESTION, "options", 0, "go"), ELSEWHERE.id, TREE,
        f"{IN_OPTION.en}: leads to the answer {quoted(ELSEWHERE.title).en} and no longer to the"
        f" question {quoted(GOES.ask).en}.",
        f"{IN_OPTION.fr}\u00a0: mène à la réponse {quoted(ELSEWHERE.title).fr} et non plus à la"
        f" question {quoted(GOES.ask).fr}."),
    "the label of an option in French only": Case(
        (*AT_QUESTION, "options", 0, "label"), lambda w: Words(w.en, "Autre"), TREE,
        f"{IN_OPTION.en}: its label was changed in French only.",
        f"{IN_QUESTION.fr}, option «\u00a0Autre\u00a0»\u00a0: son libellé a été modifié en"
        " français seulement.", "en"),
    "the order of options": Case(
        (*AT_QUESTION, "options"), lambda options: (*options[1:], options[0]), TREE,
        f"{IN_QUESTION.en}: the options are in another order.",
        f"{IN_QUESTION.fr}\u00a0: les options sont dans un autre ordre."),
    "several choices where there was one": Case(
        (*AT_QUESTION, "many"), not QUESTION.many, TREE,
        f"{IN_QUESTION.en}: several options may be chosen.",
        f"{IN_QUESTION.fr}\u00a0: on peut choisir plusieurs options."),
    "the review date": Case(
        ("trees", TREE, "review_by"), date(2030, 1, 31), TREE,
        f"The review date goes from {FOUND_TREE.review_by} to 2030-01-31.",
        f"La date de révision passe de {FOUND_TREE.review_by} à 2030-01-31."),
    "the title of a tree": Case(
        ("trees", TREE, "title"), Words("A", "Un"), TREE,
        "The title was changed.", "Le titre a été modifié."),
    "a topic with a course fewer": Case(
        ("topics", "learning", "courses"), TOPIC.courses[1:], "topic:learning",
        f"No longer names the course {quoted(NOW.courses[TOPIC.courses[0]].title).en}.",
        f"Ne nomme plus le cours {quoted(NOW.courses[TOPIC.courses[0]].title).fr}."),
    "a summary that leads to another tree": Case(
        ("summaries", "elections", "tree"), "find_office", "summary:elections",
        f"The tree that it leads to goes from {quoted(NOW.trees['political_activity'].title).en}"
        f" to {quoted(NOW.trees['find_office'].title).en}.",
        f"L’arbre où mène la suite passe de {quoted(NOW.trees['political_activity'].title).fr}"
        f" à {quoted(NOW.trees['find_office'].title).fr}."),
    "what an office may promise": Case(
        ("offices", "ombud", "promise"), lambda said: (*said, EXTRA), "office:ombud",
        f"Statement {len(NOW.offices['ombud'].promise) + 1} of what may be promised was added.",
        f"L’énoncé {len(NOW.offices['ombud'].promise) + 1} de ce qu’on peut promettre a été"
        " ajouté."),
    "a source read again": Case(
        ("sources", SOURCE.id, "read"), date(2030, 1, 31), "sources",
        f"{quoted(SOURCE.title).en}: the day on which it was read goes from {SOURCE.read} to"
        " 2030-01-31.",
        f"{quoted(SOURCE.title).fr}\u00a0: la date de sa lecture passe de {SOURCE.read} à"
        " 2030-01-31."),
    "the English address of a source": Case(
        ("sources", SOURCE.id, "url"), {**SOURCE.url, "en": "https://lakes.example"}, "sources",
        f"{quoted(SOURCE.title).en}: the address was changed in English only.",
        f"{quoted(SOURCE.title).fr}\u00a0: l’adresse a été modifiée en anglais seulement.", "fr"),
    "a course about something else": Case(
        ("courses", COURSE.id, "about"), Words("Other.", "Autre."), "courses",
        f"{quoted(COURSE.title).en}: the description was changed."
        if COURSE.about else f"{quoted(COURSE.title).en}: the description was added.",
        f"{quoted(COURSE.title).fr}\u00a0: la description a été modifiée."
        if COURSE.about else f"{quoted(COURSE.title).fr}\u00a0: la description a été ajoutée."),
    "what a number is for": Case(
        ("crisis", "numbers", 0, "words"), lambda w: Words(w.en, "Autre"), "crisis",
        f"Number {NUMBER.number}: its text was changed in French only.",
        f"Numéro {NUMBER.number}\u00a0: son texte a été modifié en français seulement.", "en"),
    "words that bring the card for danger": Case(
        ("crisis", "words"), lambda w: {**w, "fr": (*w["fr"], "sauvez-moi")}, "crisis",
        "The words that bring it alone were changed in French only.",
        "Les mots qui l’affichent à eux seuls ont été modifiés en français seulement."),
    "a sentence of the promise": Case(
        ("promise", "sentences", 0, "channels"), SENTENCE.channels[1:], "promise",
        f"Sentence {quoted(SENTENCE.words).en}: no longer names the channel"
        f" {SENTENCE.channels[0]}.",
        f"Phrase {quoted(SENTENCE.words).fr}\u00a0: ne nomme plus le canal"
        f" {SENTENCE.channels[0]}."),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_an_edit_is_told_in_a_sentence_that_says_that_and_only_that(case: Case):
    after = put(NOW, case.path, case.value)
    change = only(changes(NOW, after))
    assert change.of == (case.of,)
    assert (change.words.en, change.words.fr) == (case.en, case.fr)
    assert change.left_behind == case.left_behind
    assert change.title == title(after, case.of)
    assert differing(after) == {case.of}


def test_equal_guidance_gives_nothing(files: Files):
    report = Report()
    again = build(files, report)
    assert again is not None
    assert changes(NOW, again) == ()
    assert digests(NOW) == digests(again)


# -- whole things


def test_a_thing_that_comes_or_goes_is_told_once():
    topics = {name: one for name, one in NOW.topics.items() if name != "feedback"}
    without = replace(NOW, topics=topics)
    gone, came = only(changes(NOW, without)), only(changes(without, NOW))
    assert gone.of == came.of == ("topic:feedback",)
    assert gone.words == Words("The topic was removed.", "Le sujet a été retiré.")
    assert came.words == Words("The topic was added.", "Le sujet a été ajouté.")
    assert gone.title == title(NOW, "topic:feedback")


def renamed(guidance: Guidance, old: str, new: str) -> Guidance:
    """Return the guidance with a tree under another id, and everything that leads to it."""

    def here(names: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(new if name == old else name for name in names)

    trees = {}
    for name, tree in guidance.trees.items():
        answers = {k: replace(a, offer=here(a.offer)) for k, a in tree.answers.items()}
        trees[here((name,))[0]] = replace(tree, answers=answers)
    trees[new] = replace(trees[new], id=new, renamed={**trees[new].renamed, old: new})
    cards = {
        part: {
            name: replace(card, tree=here((card.tree,))[0])
            for name, card in getattr(guidance, part).items()
        }
        for part in ("topics", "summaries")
    }
    draft = replace(
        guidance.draft,
        tree=here((guidance.draft.tree,))[0],
        others=here(guidance.draft.others),
    )
    return replace(guidance, trees=trees, draft=draft, **cards)


def test_a_tree_with_another_id_is_renamed_and_not_a_new_one():
    after = renamed(NOW, TREE, "post_brought")
    change = only(changes(NOW, after))
    assert change.of[0] == "post_brought"
    assert "post_brought (it was post_reported)" in change.words.en
    assert {*change.of} == differing(after) - {TREE}
    assert "topic:post_reported" in change.of


def test_a_question_and_an_answer_with_another_id_are_renamed_with_all_that_leads_there():
    tree = NOW.trees[TREE]
    old, ended = FIRST.go, ANSWER.id
    now = {old: "other_question", ended: "other_answer"}
    questions = {}
    for name, question in tree.questions.items():
        options = tuple(replace(o, go=now.get(o.go, o.go)) for o in question.options)
        key = now.get(name, name)
        known = {o.id: o for o in options}
        questions[key] = replace(question, id=key, options=options, known=known)
    answers = {now.get(k, k): replace(a, id=now.get(k, k)) for k, a in tree.answers.items()}
    tree = replace(tree, questions=questions, answers=answers, renamed={**tree.renamed, **now})
    found = changes(NOW, put(NOW, ("trees", TREE), tree))
    assert [change.of for change in found] == [(TREE,), (TREE,)]
    assert f"other_question (it was {old})" in found[0].words.en
    assert f"other_answer (it was {ended})" in found[1].words.en


def test_without_was_the_old_option_goes_and_a_new_one_comes():
    found = changes(NOW, put(NOW, (*AT_QUESTION, "options", 0, "id"), "newer"))
    label = quoted(FIRST.label).en
    assert [change.words.en for change in found] == [
        f"{IN_QUESTION.en}: option {label} was added.",
        f"{IN_QUESTION.en}: option {label} was removed.",
    ]


@pytest.mark.parametrize("part", ["trees", "topics", "summaries", "offices"])
def test_another_order_on_screen_is_told_and_changes_the_meaning_of_nothing(part: str):
    turned = dict(reversed(getattr(NOW, part).items()))
    after = replace(NOW, **{part: turned})
    change = only(changes(NOW, after))
    assert change.of == ()
    assert change.words.en.endswith("are in another order.")
    assert differing(after) == set()


# -- shared statements


def shared_by_most() -> Statement:
    return max(NOW.statements.values(), key=lambda one: len(users(one)))


def test_a_shared_statement_is_told_once_with_every_place_where_it_stands():
    old = shared_by_most()
    new = replace(old, words=Words(old.words.en, old.words.fr + " Voilà."))
    after = swap(NOW, old, new)
    change = only(changes(NOW, after))
    assert {*change.of} == users(old) == differing(after)
    assert len(change.of) > 2
    assert change.left_behind == "en"
    assert "was changed in French only; it stands in: " in change.words.en
    for thing in change.of:
        for lang in LANGS:
            assert title(NOW, thing)[lang] in change.words[lang]
    assert (change.before, change.after) == (old.words, new.words)


def test_sharing_a_sentence_that_says_the_same_changes_nothing():
    own = ANSWER.say[OWN]
    after = swap(NOW, own, replace(own, id="shared_now"))
    after = replace(after, statements={**after.statements, "shared_now": own})
    assert changes(NOW, after) == ()
    assert differing(after) == set()


def test_one_shared_statement_in_the_place_of_another_goes_and_comes():
    place = next(i for i, one in enumerate(ANSWER.say) if "." not in one.id)
    names = {one.id for one in ANSWER.say}
    new = next(one for one in NOW.statements.values() if one.id not in names)
    found = changes(NOW, put(NOW, (*AT_ANSWER, "say", place), new))
    assert [change.words.en for change in found] == [
        f"{IN_ANSWER.en}: statement {place + 1} was added.",
        f"{IN_ANSWER.en}: statement {place + 1} was removed.",
    ]


# -- any edit whatever


TEXTS = st.text("abcdefgh éàçœ", min_size=1, max_size=60).map(lambda text: f"{text.strip()}.")
TURNED = {Basis.STATED: Basis.PRACTICE, Basis.PRACTICE: Basis.STATED}
SOME_REF = Ref(SOURCE.id, next(iter(SOURCE.sections)))


@pytest.mark.long
@given(
    st.sampled_from(STATEMENTS),
    st.sampled_from(["en", "fr", "basis", "kind", "refs", "fr_unverified"]),
    TEXTS,
)
@settings(max_examples=40, deadline=None)
def test_any_edit_of_a_statement_is_told_once_of_all_that_say_it(
    statement: Statement, what: str, text: str
):
    new = {
        "en": lambda: replace(statement, words=Words(text, statement.words.fr)),
        "fr": lambda: replace(statement, words=Words(statement.words.en, text)),
        "basis": lambda: replace(statement, basis=TURNED[statement.basis]),
        "kind": lambda: replace(
            statement, kind=Kind.KEEP if statement.kind is not Kind.KEEP else Kind.DO
        ),
        "refs": lambda: replace(
            statement,
            refs=(*statement.refs, SOME_REF) if SOME_REF not in statement.refs else (),
        ),
        "fr_unverified": lambda: replace(statement, fr_unverified=not statement.fr_unverified),
    }[what]()
    after = swap(NOW, statement, new)
    change = only(changes(NOW, after))
    assert {*change.of} == users(statement) == differing(after)
    assert change.left_behind == {"en": "fr", "fr": "en"}.get(what)
    told = {"en": "in English only", "fr": "in French only", "basis": "“practice”",
            "kind": "moves from", "refs": "cite", "fr_unverified": "French name"}[what]  # fmt: skip
    assert told in change.words.en


UNSEEN = {"id", "known", "was", "renamed"}
"""Names: what is called anew is another thing, or is renamed, which has tests of its own."""

Values = Callable[[Any, Guidance, tuple[Any, ...]], list[Any]]


def toggled(known: Callable[[Guidance], Any], *, ordered: bool = True) -> Values:
    """Lists of names: one fewer, one more, and another order where people see it."""

    def values(value: Any, guidance: Guidance, _: tuple[Any, ...]) -> list[Any]:
        more = [name for name in known(guidance) if name not in value][:1]
        return [value[1:], (*value, *more), *([value[::-1]] if ordered else [])]

    return values


def one_of(known: Callable[[Guidance], Any]) -> Values:
    return lambda value, guidance, _: [n for n in known(guidance) if n != value][:1]


def texts(value: Any, *_: Any) -> list[Any]:
    if value is None:
        return [Words("A.", "Un.")]
    return [Words(f"{value.en} X", value.fr), Words(value.en, f"{value.fr} X"), Words("A", "Un")]


def listed(value: Any, *_: Any) -> list[Any]:
    return [(EXTRA, *value), value[:-1], value[::-1]]


def named_in(tree: Any) -> list[str]:
    return [*tree.questions, *tree.answers]


def inside(value: Any, guidance: Guidance, path: tuple[Any, ...]) -> list[Any]:
    return [n for n in named_in(guidance.trees[path[1]]) if n != value][:1]


EDITS: dict[str, Values] = {
    "about": texts,
    "adds.offices": toggled(lambda g: g.offices, ordered=False),
    "adds.say": lambda value, g, _: [
        value[1:],
        (*value, *[s for s in g.statements.values() if s not in value][:1]),
        value[::-1],
    ],
    "alone": lambda value, *_: [not value],
    "also": lambda value, *_: [{**value, "en": (*value.get("en", ()), "zz")}],
    "ask": texts,
    "audience": lambda value, *_: ["managers" if value == "everyone" else "everyone"],
    "card_only": lambda value, *_: [not value],
    "channels": lambda value, *_: [value[1:] or ("web",)],
    "courses": toggled(lambda g: g.courses),
    "dated": texts,
    "does": listed,
    "does_not": listed,
    "extent": lambda value, *_: ["whole" if value != "whole" else "part"],
    "fr_unverified": lambda value, *_: [not value],
    "go": inside,
    "hint": texts,
    "instead": one_of(lambda g: g.offices),
    "intro": texts,
    "issuer": texts,
    "label": texts,
    "line": lambda value, *_: [{**value, k: texts(v)[0]} for k, v in value.items()],
    "mailbox": lambda *_: ["comments@lakes.example"],
    "many": lambda value, *_: [not value],
    "name": texts,
    "network": lambda value, *_: ["gc" if value != "gc" else None],
    "never": lambda value, *_: [(*value, "zz")],
    "number": lambda *_: [],
    "offer": toggled(lambda g: [*g.trees, *g.topics]),
    "offices": toggled(lambda g: g.offices, ordered=False),
    "options": lambda value, *_: [value[:-1], value[::-1]],
    "others": toggled(lambda g: g.trees),
    "owner": one_of(lambda g: g.offices),
    "page": lambda value, *_: [{**value, "fr": "https://lakes.example"}],
    "phrases": lambda value, *_: [{**value, "fr": (*value["fr"], "zz")}],
    "picks": lambda value, *_: [{**value, "zz": ("one",)}],
    "promise": listed,
    "read": lambda value, *_: [value + timedelta(days=1)],
    "ref": lambda value, *_: [SOME_REF] if value != SOME_REF else [],
    "refs": lambda value, *_: [(*value, SOME_REF)] if SOME_REF not in value else [value[:-1]],
    "review_by": lambda value, *_: [value + timedelta(days=1)],
    "say": listed,
    "sections": lambda value, *_: [
        {**value, "zz": Words("A", "Un")},
        *({**value, k: texts(v)[1]} for k, v in [*value.items()][:1]),
    ],
    "see": toggled(lambda g: g.topics),
    "start": lambda value, g, path: [n for n in g.trees[path[1]].questions if n != value][:1],
    "text": texts,
    "theme": lambda value, *_: ["ai" if value != "ai" else "safety"],
    "title": texts,
    "tone": lambda value, *_: [Tone.PAUSE if value is not Tone.PAUSE else Tone.WEIGH],
    "tree": one_of(lambda g: g.trees),
    "url": lambda value, *_: [{**value, "en": "https://lakes.example"}],
    "url_unverified": lambda value, *_: [not value],
    "when": one_of(lambda g: list(When)),
    "words": lambda value, *_: (
        texts(value)
        if isinstance(value, Words)
        else [(*value, "zz")]
        if isinstance(value, tuple)
        else [{**value, "en": (*value["en"], "zz")}]
    ),
}
"""What else a field may hold. A new field of the model is added here, and told by `changes`."""

WITHIN = {"questions", "answers", "options", "adds", "numbers", "sentences", "pages", "marks"}
PARTS = ("trees", "topics", "summaries", "offices", "courses", "sources",
         "crisis", "promise", "draft")  # fmt: skip


def places(whole: Any, path: tuple[Any, ...]) -> Iterator[tuple[str, tuple[Any, ...]]]:
    """Every field of a part of the guidance that a person would see, with what it belongs to."""
    if isinstance(whole, Mapping):
        for name, one in whole.items():
            yield from places(one, (*path, name))
    elif isinstance(whole, tuple):
        for number, one in enumerate(whole):
            yield from places(one, (*path, number))
    else:
        for f in fields(whole):
            if f.name in WITHIN:
                yield from places(getattr(whole, f.name), (*path, f.name))
            # What a mark says is a statement, of which every edit is tried above.
            if f.name not in UNSEEN and f.name not in WITHIN - {"options"} and f.name != "says":
                yield f"{type(whole).__name__}.{f.name}", (*path, f.name)


def all_places(guidance: Guidance) -> list[tuple[str, tuple[Any, ...]]]:
    return [one for part in PARTS for one in places(getattr(guidance, part), (part,))]


def at(whole: Any, path: tuple[Any, ...]) -> Any:
    for step in path:
        whole = whole[step] if isinstance(whole, (Mapping, tuple)) else getattr(whole, step)
    return whole


def values(guidance: Guidance, label: str, path: tuple[Any, ...]) -> list[Any]:
    """What else may stand at a place."""
    name = f"adds.{path[-1]}" if path[-2] == "adds" else path[-1]
    value = at(guidance, path)
    edits = EDITS.get(name) or EDITS[path[-1]]
    return [new for new in edits(value, guidance, path) if seen(new) != seen(value)]


def thing_at(path: tuple[Any, ...]) -> str:
    prefixes = {"trees": "", "topics": "topic:", "summaries": "summary:", "offices": "office:"}
    return f"{prefixes[path[0]]}{path[1]}" if path[0] in prefixes else path[0]


ONE_EACH = {label: path for label, path in reversed(all_places(NOW)) if values(NOW, label, path)}


@pytest.mark.parametrize("label", sorted(ONE_EACH))
def test_every_field_of_the_model_has_its_sentence(label: str):
    path = ONE_EACH[label]
    for new in values(NOW, label, path):
        after = put(NOW, path, new)
        change = only(changes(NOW, after))
        assert change.of == (thing_at(path),)
        assert differing(after) == {thing_at(path)}
        for lang in LANGS:
            sentence = change.words[lang]
            assert sentence[0] == sentence[0].upper()
            assert sentence.endswith(".")
            assert "  " not in sentence
            assert "None" not in sentence


@pytest.mark.long
@given(st.data())
@settings(max_examples=40, deadline=None)
def test_a_digest_changes_exactly_where_something_is_told(data: st.DataObject):
    after = NOW
    edited = set()
    for _ in range(data.draw(st.integers(1, 4))):
        found = all_places(after)
        label, path = found[data.draw(st.integers(0, len(found) - 1))]
        choices = values(after, label, path)
        if choices:
            after = put(after, path, data.draw(st.sampled_from(choices)))
            edited.add(thing_at(path))
    found_changes = changes(NOW, after)
    assert concerned(found_changes) == differing(after) <= edited
    order = [name for name in things(after) if name in edited]
    told = [change.of[0] for change in found_changes if len(change.of) == 1]
    assert told == sorted(told, key=order.index)


# -- the change log


def test_the_two_pages_of_the_change_log_are_current(capsys: pytest.CaptureFixture[str]):
    for lang, name in PAGES.items():
        assert main(["changes", "--lang", lang]) == 0
        printed = capsys.readouterr().out
        assert (ROOT / name).read_text() == printed, f"run: python -m tests.write_known ({name})"


def test_the_log_has_the_newest_day_first_with_what_each_entry_matters_and_concerns():
    entries = (
        Revision(date(2026, 11, 1), Materiality.SUBSTANTIVE, ("crisis",), Words("One.", "Un.")),
        Revision(date(2026, 11, 2), Materiality.CLARIFYING, (TREE,), Words("Two.", "Deux.")),
        Revision(date(2026, 11, 2), Materiality.EDITORIAL, ("topic:gone",), Words("3.", "3.")),
    )
    log = print_log(replace(NOW, revisions=entries), "en")
    told = log[log.index("\n## ") :]
    assert told == (
        "\n## 2026-11-02\n\n"
        "- **Editorial.** 3.\n  _Concerns: topic:gone_\n"
        f"- **Clarifying.** Two.\n  _Concerns: {FOUND_TREE.title.en}_\n"
        "\n## 2026-11-01\n\n"
        "- **Substantive.** One.\n  _Concerns: The card for danger_\n"
    )


def test_what_an_organization_adds_is_no_change_of_the_guidance():
    guidance, organization = read_guidance(ROOT, SAMPLE, TODAY)
    assert organization is not None
    assert guidance.revisions == NOW.revisions
    assert extend(NOW, organization).revisions == NOW.revisions
    assert digests(guidance) != digests(NOW), "so the log is checked before anything is added"


# -- since a revision of git


@dataclass(frozen=True)
class Repository:
    """A folder of guidance under git."""

    home: Path
    guidance: Path

    def git(self, *arguments: str) -> str:
        who = ("-c", "user.name=Nobody", "-c", "user.email=nobody@lakes.example")
        quiet = ("-c", "commit.gpgsign=false", "-c", "core.hooksPath=/dev/null")
        done = subprocess.run(
            ["git", *who, *quiet, *arguments], cwd=self.home, check=True, capture_output=True
        )
        return done.stdout.decode()

    def commit(self) -> str:
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message", "as it is")
        return self.git("rev-parse", "HEAD").strip()

    def edit(self, name: str, before: str, after: str) -> None:
        path = self.guidance / name
        text = path.read_text()
        assert text.count(before) == 1
        path.write_text(text.replace(before, after))


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repository:
    if shutil.which("git") is None:
        pytest.skip("git is not installed")
    made = Repository(tmp_path, tmp_path / "cairn")
    for part in ("dialogs", "content"):
        shutil.copytree(ROOT / part, made.guidance / part)
    made.git("init", "--quiet")
    made.commit()
    monkeypatch.setenv("CAIRN_GUIDANCE", str(made.guidance))
    return made


TITLE = NOW.crisis.title.fr


@pytest.mark.long
def test_what_changed_since_a_revision_is_printed_with_what_to_write_of_it(
    repository: Repository, capsys: pytest.CaptureFixture[str]
):
    repository.edit("content/crisis.yaml", f'fr: "{TITLE}"', f'fr: "{TITLE}!"')
    assert main(["changes", "HEAD"]) == 0
    out = capsys.readouterr().out
    assert "\n## The card for danger\n\n- The title was changed in French only.\n" in out
    assert f"\n  - French, before: {TITLE}\n  - French, now: {TITLE}!\n" in out
    assert "English, before" not in out
    assert "\n## Left behind\n\n- English (1): The card for danger\n" in out
    assert main(["changes", "HEAD", "--lang", "fr"]) == 0
    assert "- Le titre a été modifié en français seulement.\n" in capsys.readouterr().out

    # What it prints is what the check asks for.
    entry, known = re.findall(r"```yaml\n(.*?)```", out, re.DOTALL)
    assert "of: [crisis]" in entry
    entry = re.sub(r"how: .*", "how: editorial", entry).replace('""', '"Qqq."', 1)
    path = repository.guidance / "content" / "changes.yaml"
    text = path.read_text().replace("known:\n", entry.replace('""', '"Zzz."') + "known:\n")
    path.write_text(re.sub(r'  crisis: "\w+"\n', lambda _: known, text))
    assert main(["check"]) == 0
    assert capsys.readouterr().out == "0 errors, 0 warnings\n"
    assert main(["changes", "HEAD"]) == 0
    assert "`content/changes.yaml` describes all of it." in capsys.readouterr().out


def test_nothing_changed_is_said(repository: Repository, capsys: pytest.CaptureFixture[str],
                                 monkeypatch: pytest.MonkeyPatch):  # fmt: skip
    monkeypatch.setenv("CAIRN_ORGANIZATION", str(SAMPLE))
    assert main(["changes", "HEAD", "--lang", "fr"]) == 0
    out = capsys.readouterr().out
    assert "Rien n’a changé." in out
    assert "`content/changes.yaml` décrit le tout." in out


def test_an_earlier_revision_by_any_of_its_names(repository: Repository):
    first = repository.git("rev-parse", "HEAD").strip()
    repository.git("tag", "approved")
    repository.edit("content/crisis.yaml", f'fr: "{TITLE}"', f'fr: "{TITLE}!"')
    repository.commit()
    for name in (first, first[:10], "HEAD~1", "approved"):
        assert guidance_at(repository.guidance, name).crisis.title.fr == TITLE
    assert guidance_at(repository.guidance, "HEAD").crisis.title.fr == f"{TITLE}!"
    assert guidance_at(repository.guidance, first).version == NOW.version
    assert repository.git("status", "--porcelain") == ""


@pytest.mark.parametrize(
    "revision",
    ["nowhere", "", "-h", "--output=x", "--all", "HEAD:cairn", "HEAD~99", "HEAD..HEAD", "a\0b",
     "HEAD --", "$(touch x)", "; touch x", "@{-1}"],
)  # fmt: skip
def test_what_is_no_revision_is_refused(repository: Repository, revision: str):
    before = sorted(repository.home.rglob("x"))
    with pytest.raises(HistoryError) as told:
        guidance_at(repository.guidance, revision)
    assert told.value.lost is Lost.NO_REVISION
    assert sorted(repository.home.rglob("x")) == before


def test_the_command_says_in_one_sentence_what_it_cannot_do(
    repository: Repository, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    assert main(["changes", "--lang", "en", "--", "-x"]) == 2
    assert "There is no such revision." in capsys.readouterr().err
    monkeypatch.setenv("LANG", "fr_CA.UTF-8")
    assert main(["changes", "nulle_part"]) == 2
    assert "Cette révision n’existe pas." in capsys.readouterr().err


def test_guidance_in_another_form_cannot_be_compared_and_the_file_is_named(
    repository: Repository,
):
    path = repository.guidance / "content" / "offices.yaml"
    text = path.read_text()
    path.write_text("bureaux: {}\n")
    other_form = repository.commit()
    shutil.rmtree(repository.guidance / "dialogs")
    path.write_text(text)
    without_trees = repository.commit()
    for revision in (other_form, without_trees):
        with pytest.raises(HistoryError) as told:
            guidance_at(repository.guidance, revision)
        assert told.value.lost is Lost.UNREADABLE
    with pytest.raises(HistoryError, match=r"content/offices\.yaml: C108"):
        guidance_at(repository.guidance, other_form)


def test_a_link_in_the_history_is_not_followed(repository: Repository):
    (repository.guidance / "content" / "linked.yaml").symlink_to("/etc/hostname")
    revision = repository.commit()
    assert guidance_at(repository.guidance, revision).version == NOW.version


def test_without_a_repository_or_without_git_the_reason_is_told(
    repository: Repository, tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
):  # fmt: skip
    lonely = tmp_path_factory.mktemp("lonely")
    # A hook of git tells its children which repository they are in; the folder says another.
    monkeypatch.setenv("GIT_DIR", str(repository.home / ".git"))
    with pytest.raises(HistoryError) as told:
        guidance_at(lonely, "HEAD")
    assert told.value.lost is Lost.NO_REPOSITORY
    monkeypatch.setenv("PATH", str(lonely))
    with pytest.raises(HistoryError) as told:
        guidance_at(repository.guidance, "HEAD")
    assert told.value.lost is Lost.NO_GIT
