"""What changed outside the trees? Cards, offices, courses, sources, danger, promise and drafts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, TypeVar

from bot.guidance.changes.notes import Notes, Noun, Nouns, joined, labelled, quoted
from bot.guidance.changes.statements import compare_statement, shortened, statements
from bot.guidance.changes.trees import OFFICES, TITLE
from bot.guidance.model import (
    Card,
    Course,
    Crisis,
    CrisisNumber,
    Draft,
    Mark,
    Office,
    Page,
    Promise,
    PromiseSentence,
    Source,
    When,
)
from bot.guidance.words import Words

_T = TypeVar("_T")

_COURSES: Final = Nouns(Words("the course", "le cours"), Words("the courses", "les cours"))
_TOPICS: Final = Nouns(Words("the topic", "le sujet"), Words("the topics", "les sujets"))
_TREES: Final = Nouns(Words("the tree", "l’arbre"), Words("the trees", "les arbres"))
_CHANNELS: Final = Nouns(Words("the channel", "le canal"), Words("the channels", "les canaux"))
_CITES: Final = Nouns(Words("", ""), Words("its sources", "ses sources"), Words("cites", "cite"))
_CHOICES: Final = Nouns(Words("the choice", "le choix"), Words("the choices", "les choix"))
_TREE: Final = Noun("the tree that it leads to", "l’arbre où mène la suite")
_NAME: Final = Noun("the name", "le nom")
_DOES: Final = Noun("statement {} of what it does", "l’énoncé {} de ce qu’il fait")
_DOES_NOT: Final = Noun(
    "statement {} of what it does not do", "l’énoncé {} de ce qu’il ne fait pas"
)
_MAY: Final = Noun("statement {} of what may be promised", "l’énoncé {} de ce qu’on peut promettre")
_PAGE: Final = Noun("its page", "sa page", "e")
_ADDRESS: Final = Noun("the address", "l’adresse", "e")
_ABOUT: Final = Noun("the description", "la description", "e")
_THEME: Final = Noun("the theme", "le thème")
_MAILBOX: Final = Noun("the mailbox for comments", "la boîte pour les commentaires")
_ISSUER: Final = Noun("the issuer", "l’auteur")
_DATED: Final = Noun("the date of the text", "la date du texte", "e")
_READ: Final = Noun("the day on which it was read", "la date de sa lecture")
_EXTENT: Final = Noun("what was read of it", "ce qui en a été lu")
_NETWORK: Final = Noun("where it can be opened", "l’endroit où on peut l’ouvrir")
_INSTEAD: Final = Noun("the office that stands in for it", "le bureau qui le remplace")
_CITED: Final = Noun("the place that it cites", "le passage qu’il cite")
_BRING: Final = Noun("the words that bring it alone", "les mots qui l’affichent à eux seuls", "s")
_ANYWHERE: Final = Noun("the words that bring it anywhere", "les mots qui l’affichent partout", "s")
_WORDS: Final = Noun("its text", "son texte")
_TEXT: Final = Noun("the text", "le texte")
_WHEN: Final = Noun("when it is true", "le moment où elle est vraie")
_TIMES: Final[Mapping[When, Words]] = {
    When.ALWAYS: Words("always", "toujours"),
    When.HANDOFF: Words("where an office can be written to", "là où l’on peut écrire à un bureau"),
    When.NO_HANDOFF: Words("where no office can be written to",
                           "là où l’on ne peut écrire à aucun bureau"),
}  # fmt: skip
_EXTENTS: Final[Mapping[str, Words]] = {
    "whole": Words("all of it", "tout"),
    "part": Words("a part", "une partie"),
    "secondary": Words("what others say of it", "ce qu’en disent d’autres"),
}
_NETWORKS: Final[Mapping[str | None, Words]] = {
    None: Words("anywhere", "partout"),
    "gc": Words("the Government of Canada network", "le réseau du gouvernement du Canada"),
    "defence": Words("the Defence network", "le réseau de la Défense"),
}


def compare_card(notes: Notes, before: Card, after: Card) -> None:
    """Tell what changed in a topic or a summary."""
    both = notes.both
    notes.text(None, TITLE, before.title, after.title)
    statements(notes, None, before.say, after.say)
    if both.renamed.get(before.tree, before.tree) != after.tree:
        notes.turned(None, _TREE, both.onward(before.tree), both.onward(after.tree))
    notes.names(None, before.offices, after.offices, both.office, OFFICES, ordered=False)
    notes.names(None, before.courses, after.courses, both.course, _COURSES)
    notes.names(None, before.see, after.see, both.onward, _TOPICS)
    if before.mailbox != after.mailbox:
        notes.turned(None, _MAILBOX, *(
            Words(one.mailbox, one.mailbox) if one.mailbox is not None else None
            for one in (before, after)
        ))  # fmt: skip


def compare_office(notes: Notes, before: Office, after: Office) -> None:
    """Tell what changed in an office."""
    notes.text(None, _NAME, before.name, after.name)
    statements(notes, None, before.does, after.does, _DOES)
    statements(notes, None, before.does_not, after.does_not, _DOES_NOT)
    statements(notes, None, before.promise, after.promise, _MAY)
    notes.addresses(None, _PAGE, before.page, after.page)
    _compare_access(notes, None, before, after)
    if before.card_only != after.card_only:
        notes.tell(
            None,
            Words("it no longer takes hand-offs", "on ne peut plus rien lui transmettre")
            if after.card_only
            else Words("it may take hand-offs", "on peut lui transmettre une demande"),
        )
    if before.instead != after.instead:
        notes.turned(None, _INSTEAD, *(
            notes.both.office(one.instead) if one.instead is not None else None
            for one in (before, after)
        ))  # fmt: skip


def _compare_access(
    notes: Notes,
    where: Words | None,
    before: Office | Source | Course,
    after: Office | Source | Course,
) -> None:
    """Compare what pages have in common: their network, and a French name to confirm."""
    if before.network != after.network:
        notes.turned(where, _NETWORK, *(quoted(_NETWORKS[o.network]) for o in (before, after)))
    if before.fr_unverified != after.fr_unverified:
        notes.tell(
            where,
            Words("its French name is to be confirmed", "son nom français est à confirmer")
            if after.fr_unverified
            else Words("its French name is confirmed", "son nom français est confirmé"),
        )


def _each(
    notes: Notes,
    before: Mapping[str, _T],
    after: Mapping[str, _T],
    name: Callable[[_T], Words],
    compare: Callable[[Notes, Words, _T, _T], None],
    *,
    feminine: bool = False,
) -> None:
    """Compare what has names of its own: what was added, what is left, what was removed."""
    noun = Noun("it", "elle", "e") if feminine else Noun("it", "il")
    for key, new in after.items():
        old = before.get(key)
        if old is None:
            notes.tell(name(new), noun.was("added"))
        else:
            compare(notes, name(new), old, new)
    for key, old in before.items():
        if key not in after:
            notes.tell(name(old), noun.was("removed"))


def compare_courses(
    notes: Notes, before: Mapping[str, Course], after: Mapping[str, Course]
) -> None:
    """Tell what changed in the courses."""

    def one(notes: Notes, where: Words, before: Course, after: Course) -> None:
        notes.text(where, TITLE, before.title, after.title)
        notes.text(where, _ABOUT, before.about, after.about)
        if before.ref != after.ref:
            notes.turned(where, _CITED, *(notes.both.place(o.ref) for o in (before, after)))
        notes.addresses(where, _ADDRESS, before.url, after.url)
        if before.theme != after.theme:
            phrases = notes.both.after.phrases
            notes.turned(
                where, _THEME, *(quoted(phrases[f"learn_on_{o.theme}"]) for o in (before, after))
            )
        if before.url_unverified != after.url_unverified:
            notes.tell(
                where,
                Words("its address is to be confirmed", "son adresse est à confirmer")
                if after.url_unverified
                else Words("its address is confirmed", "son adresse est confirmée"),
            )
        _compare_access(notes, where, before, after)

    _each(notes, before, after, lambda course: quoted(course.title), one)


def compare_sources(
    notes: Notes, before: Mapping[str, Source], after: Mapping[str, Source]
) -> None:
    """Tell what changed in the catalogue of sources."""

    def one(notes: Notes, where: Words, before: Source, after: Source) -> None:
        notes.text(where, TITLE, before.title, after.title)
        notes.text(where, _ISSUER, before.issuer, after.issuer)
        notes.addresses(where, _ADDRESS, before.url, after.url)
        notes.text(where, _DATED, before.dated, after.dated)
        if before.read != after.read:
            notes.turned(where, _READ, *(Words(str(o.read), str(o.read)) for o in (before, after)))
        if before.extent != after.extent:
            notes.turned(where, _EXTENT, *(quoted(_EXTENTS[o.extent]) for o in (before, after)))
        for key in {**after.sections, **before.sections}:
            old, new = before.sections.get(key), after.sections.get(key)
            shown = labelled("the section", "la section", new or old or Words(key, key))
            notes.text(where, Noun(shown.en, shown.fr, "e"), old, new)
        _compare_access(notes, where, before, after)

    _each(notes, before, after, lambda source: quoted(source.title), one, feminine=True)


def compare_crisis(notes: Notes, before: Crisis, after: Crisis) -> None:
    """Tell what changed in the card for danger."""

    def one(notes: Notes, where: Words, before: CrisisNumber, after: CrisisNumber) -> None:
        notes.text(where, _WORDS, before.words, after.words)
        places = {str(ref): ref for ref in (*before.refs, *after.refs)}
        notes.names(
            where,
            [str(ref) for ref in before.refs],
            [str(ref) for ref in after.refs],
            lambda name: notes.both.place(places[name]),
            _CITES,
            ordered=False,
        )

    notes.text(None, TITLE, before.title, after.title)
    statements(notes, None, before.say, after.say)
    old = {number.number: number for number in before.numbers}
    new = {number.number: number for number in after.numbers}
    _each(notes, old, new, lambda n: Words(f"number {n.number}", f"numéro {n.number}"), one)
    notes.order(None, Noun("the numbers", "les numéros", "s"), old, list(new))
    notes.names(None, before.offices, after.offices, notes.both.office, OFFICES, ordered=False)
    notes.phrases(None, _BRING, before.words, after.words)
    notes.phrases(None, _ANYWHERE, before.phrases, after.phrases)


def compare_promise(notes: Notes, before: Promise, after: Promise) -> None:
    """Tell what changed in the privacy promise."""

    def one(notes: Notes, where: Words, before: PromiseSentence, after: PromiseSentence) -> None:
        notes.text(where, _WORDS, before.words, after.words)
        notes.names(where, before.channels, after.channels, lambda c: Words(c, c), _CHANNELS,
                    ordered=False)  # fmt: skip
        if before.when != after.when:
            notes.turned(where, _WHEN, *(quoted(_TIMES[o.when]) for o in (before, after)))

    for when in When:
        shown = labelled("the line", "la ligne", _TIMES[when])
        notes.text(None, Noun(shown.en, shown.fr, "e"), before.line[when], after.line[when])
    old = {sentence.id: sentence for sentence in before.sentences}
    new = {sentence.id: sentence for sentence in after.sentences}
    _each(notes, old, new, lambda s: labelled("sentence", "phrase", s.words), one, feminine=True)
    notes.order(None, Noun("the sentences", "les phrases", "es"), old, list(new))


def compare_draft(notes: Notes, before: Draft, after: Draft) -> None:
    """Tell what changed in the check of a draft."""
    both = notes.both

    def page(notes: Notes, where: Words, before: Page, after: Page) -> None:
        notes.text(where, TITLE, before.title, after.title)
        notes.text(where, _TEXT, before.text, after.text)

    def mark(notes: Notes, where: Words, before: Mark, after: Mark) -> None:
        compare_statement(notes, where, Noun("what it says", "ce qui en est dit"),
                          before.says, after.says)  # fmt: skip
        notes.names(where, _picks(before), _picks(after), lambda one: Words(one, one), _CHOICES)
        if before.words != after.words:
            notes.tell(where, Noun("its words", "ses mots", "s").was("changed"))
        if before.never != after.never:
            notes.tell(where, Noun("its exceptions", "ses exceptions", "es").was("changed"))

    if both.renamed.get(before.tree, before.tree) != after.tree:
        notes.turned(None, _TREE, both.onward(before.tree), both.onward(after.tree))
    others = [both.renamed.get(name, name) for name in before.others]
    notes.names(None, others, after.others, both.onward, _TREES)
    _each(notes, before.pages, after.pages, lambda one: labelled("page", "page", one.title), page,
          feminine=True)  # fmt: skip
    _each(notes, before.marks, after.marks,
          lambda one: joined(Words("mark", "marque"), shortened(one.says.words)), mark,
          feminine=True)  # fmt: skip


def _picks(mark: Mark) -> list[str]:
    return [
        f"{question}={option}" for question, options in mark.picks.items() for option in options
    ]
