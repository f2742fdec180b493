"""How is one difference told? As a sentence in each language, with the language left behind."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final

from bot.guidance.model import Guidance, Ref
from bot.guidance.words import LANGS, Lang, Words, plain


@dataclass(frozen=True, slots=True)
class Change:
    """One difference between two states of the guidance.

    ``of`` names the things that it concerns, as ``meaning`` does; it is empty where only an order
    on screen changed. ``title`` is the heading that ``words`` stand under. ``left_behind`` is the
    language that did not change with the other. ``before`` and ``after`` are the words that were
    changed, added or removed, where there are any.
    """

    of: tuple[str, ...]
    title: Words
    words: Words
    left_behind: Lang | None = None
    before: Words | None = None
    after: Words | None = None


@dataclass(frozen=True, slots=True)
class Noun:
    """What something is called; ``ending`` is what French adds to a participle that goes with it.

    The endings are those of grammar: nothing, ``e``, ``s`` or ``es``.
    """

    en: str
    fr: str
    ending: str = ""

    @property
    def words(self) -> Words:
        """The noun alone."""
        return Words(self.en, self.fr)

    def was(self, verb: str) -> Words:
        """Return a sentence that says what was done: ``added``, ``removed`` or ``changed``."""
        return joined(self.words, self.done(verb))

    def done(self, verb: str) -> Words:
        """Return the same without the noun."""
        many = self.ending.endswith("s")
        return Words(
            f"{'were' if many else 'was'} {verb}",
            f"{'ont' if many else 'a'} été {_PARTICIPLES[verb]}{self.ending}",
        )


_NAMES: Final = Words("names", "nomme")


@dataclass(frozen=True, slots=True)
class Nouns:
    """What the things of a list are called, one and several, and how a place names them."""

    one: Words
    many: Words
    verb: Words = _NAMES


_PARTICIPLES: Final = {"added": "ajouté", "removed": "retiré", "changed": "modifié"}
_ONLY: Final[Mapping[Lang, Words]] = {
    "en": Words("in English only", "en anglais seulement"),
    "fr": Words("in French only", "en français seulement"),
}
OTHER: Final[Mapping[Lang, Lang]] = {"en": "fr", "fr": "en"}


@dataclass(frozen=True)
class Both:
    """The guidance before and after."""

    before: Guidance
    after: Guidance

    @cached_property
    def renamed(self) -> Mapping[str, str]:
        """The new ids of trees that were renamed, by the old ones."""
        found = {}
        for old in self.before.trees:
            for tree in self.after.trees.values():
                if old not in self.after.trees and tree.renamed.get(old) == tree.id:
                    found[old] = tree.id
        return found

    def office(self, name: str) -> Words:
        """Return the name of an office, as it is now where it still exists."""
        return quoted((self.after.offices.get(name) or self.before.offices[name]).name)

    def course(self, name: str) -> Words:
        """Return the title of a course."""
        return quoted((self.after.courses.get(name) or self.before.courses[name]).title)

    def onward(self, name: str) -> Words:
        """Return the title of a tree or a topic that a person may go on with."""
        for guidance in (self.after, self.before):
            found = guidance.trees.get(name) or guidance.topics.get(name)
            if found is not None:
                return quoted(found.title)
        return quoted(Words(name, name))

    def place(self, ref: Ref) -> Words:
        """Return the title of a source and of its section."""
        for guidance in (self.after, self.before):
            source = guidance.sources.get(ref.source)
            if source is not None and ref.section in source.sections:
                section = source.sections[ref.section]
                return quoted(
                    Words(f"{source.title.en}, {section.en}", f"{source.title.fr}, {section.fr}")
                )
        return quoted(Words(f"{ref.source} {ref.section}", f"{ref.source} {ref.section}"))


@dataclass(frozen=True, slots=True)
class Notes:
    """Takes down what is found about one thing, under its title."""

    both: Both
    of: tuple[str, ...]
    title: Words
    found: list[Change] = field(default_factory=list)

    def tell(
        self,
        where: Words | None,
        what: Words,
        *,
        left_behind: Lang | None = None,
        before: Words | None = None,
        after: Words | None = None,
        of: tuple[str, ...] | None = None,
    ) -> None:
        """Take down ``what``, in a place of the thing or in the whole of it."""
        if where is not None:
            what = Words(f"{where.en}: {what.en}", f"{where.fr}\u00a0: {what.fr}")
        words = Words(*(f"{what[lang][0].upper()}{what[lang][1:]}." for lang in LANGS))
        self.found.append(Change(of or self.of, self.title, words, left_behind, before, after))

    def text(
        self, where: Words | None, noun: Noun, before: Words | None, after: Words | None
    ) -> None:
        """Compare a text that may be missing."""
        if before == after:
            return
        if before is None or after is None:
            what, behind = noun.was("added" if before is None else "removed"), None
        else:
            done, behind = worded(noun, before, after)
            what = joined(noun.words, done)
        self.tell(where, what, left_behind=behind, before=before, after=after)

    def turned(
        self, where: Words | None, noun: Noun, before: Words | None, after: Words | None
    ) -> None:
        """Tell that a value is another now; each is given by its name, or nothing."""
        if before is None and after is not None:
            what = joined(noun.words, Words("is now", "est désormais"), after)
        elif after is None and before is not None:
            what = joined(noun.words, Words("is no longer", "n’est plus"), before)
        else:
            assert before is not None
            assert after is not None
            what = joined(
                noun.words,
                Words("goes from", "passe de"), before, Words("to", "à"), after,
            )  # fmt: skip
        self.tell(where, what)

    def names(
        self,
        where: Words | None,
        before: Sequence[str],
        after: Sequence[str],
        name: Callable[[str], Words],
        nouns: Nouns,
        *,
        ordered: bool = True,
    ) -> None:
        """Compare what is named somewhere."""
        verb = nouns.verb
        parts = [
            joined(how, nouns.many if listed[1:] else nouns.one, in_a_row([*map(name, listed)]))
            for how, listed in (
                (Words(f"no longer {verb.en}", f"ne {verb.fr} plus"), _without(before, after)),
                (Words(f"now {verb.en}", f"{verb.fr} désormais"), _without(after, before)),
            )
            if listed
        ]
        if not parts and ordered and tuple(before) != tuple(after):
            parts = [joined(verb, nouns.many, _REORDERED)]
        if parts:
            self.tell(where, in_a_row(parts))

    def order(
        self, where: Words | None, noun: Noun, before: Iterable[str], after: list[str]
    ) -> None:
        """Compare the order of what is there before and after."""
        stayed = [name for name in before if name in after]
        if stayed != [name for name in after if name in stayed]:
            verb = Words("are", "sont") if noun.ending.endswith("s") else Words("is", "est")
            self.tell(where, joined(noun.words, verb, _REORDERED))

    def phrases(
        self,
        where: Words | None,
        noun: Noun,
        before: Mapping[Lang, tuple[str, ...]],
        after: Mapping[Lang, tuple[str, ...]],
    ) -> None:
        """Compare lists of words that a person may type, which need not match in number."""
        changed = [lang for lang in LANGS if before.get(lang, ()) != after.get(lang, ())]
        if changed:
            only = _ONLY[changed[0]] if len(changed) == 1 else _NOTHING
            self.tell(where, joined(noun.was("changed"), only))

    def addresses(
        self,
        where: Words | None,
        noun: Noun,
        before: Mapping[Lang, str],
        after: Mapping[Lang, str],
    ) -> None:
        """Compare web addresses, of which the French one may be missing."""
        changed = [lang for lang in LANGS if before.get(lang) != after.get(lang)]
        if not changed:
            return
        verb = "added" if not before else "changed" if after else "removed"
        one = len(changed) == 1 and verb == "changed"
        # A French address that is found or lost leaves nothing behind: English had one before.
        behind = OTHER[changed[0]] if one and changed[0] in before and changed[0] in after else None
        self.tell(
            where,
            joined(noun.was(verb), _ONLY[changed[0]] if one else _NOTHING),
            left_behind=behind,
            before=_shown(before),
            after=_shown(after),
        )


_NOTHING: Final = Words("", "")
_REORDERED: Final = Words("in another order", "dans un autre ordre")


def _without(some: Collection[str], others: Collection[str]) -> list[str]:
    return [name for name in some if name not in others]


def _shown(addresses: Mapping[Lang, str]) -> Words | None:
    if not addresses:
        return None
    return Words(addresses.get("en", "—"), addresses.get("fr", "—"))


def worded(noun: Noun, before: Words, after: Words) -> tuple[Words, Lang | None]:
    """Return how words were changed, and the language that was left behind."""
    changed = [lang for lang in LANGS if before[lang] != after[lang]]
    if len(changed) > 1:
        return noun.done("changed"), None
    return joined(noun.done("changed"), _ONLY[changed[0]]), OTHER[changed[0]]


def joined(*words: Words) -> Words:
    """Return words one after the other."""
    return Words(*(" ".join(one[lang] for one in words if one[lang]) for lang in LANGS))


def in_a_row(words: Sequence[Words]) -> Words:
    """Return words as a list with commas and an “and”."""
    found = {}
    for lang, link in (("en", " and "), ("fr", " et ")):
        listed = [one.fr if lang == "fr" else one.en for one in words]
        found[lang] = link.join([", ".join(listed[:-1]), listed[-1]] if listed[1:] else listed)
    return Words(found["en"], found["fr"])


def quoted(words: Words) -> Words:
    """Return words without their marks, between quotation marks."""
    en, fr = (" ".join(plain(words[lang]).split("\n")) for lang in LANGS)
    return Words(f"“{en}”", f"«\u00a0{fr}\u00a0»")


def labelled(en: str, fr: str, words: Words) -> Words:
    """Return words between quotation marks, after what they are."""
    return joined(Words(en, fr), quoted(words))
