"""What did the person type? A crisis, an option on screen, a word of command, or a topic.

What is on screen is compared with folded words (case, accents and punctuation ignored); a question
is weighed by what was learnt from the examples. What is typed is never kept and never echoed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import lru_cache
from math import inf
from typing import Final

from bot.guidance import learnt
from bot.guidance.examples import ASIDE
from bot.guidance.model import Guidance, Option, Question
from bot.guidance.words import LANGS, Lang, fold

MAX_TYPED: Final = 2000
"""A longer text is not read; the person is told so."""

MOST: Final = 3
"""So many topics are offered where it is not clear which one was meant."""

_COMMANDS: Final[Mapping[str, tuple[str, ...]]] = {
    "back": ("back", "retour", "precedent", "previous"),
    "start_over": ("start over", "restart", "recommencer", "a zero"),
    "why": ("why", "pourquoi"),
    "english": ("english", "anglais"),
    "french": ("francais", "french"),
    "home": (
        "home",
        "menu",
        "accueil",
        "help",
        "aide",
        "hi",
        "hello",
        "hey",
        "bonjour",
        "salut",
        "allo",
        "bonsoir",
        "good morning",
        "good afternoon",
        "cairn",
    ),
    "outline": ("outline", "plan"),
    "promise": ("promise", "privacy", "promesse", "confidentialite"),
    "draft": ("draft", "brouillon", "ebauche"),
}
_YES: Final = ("yes", "oui")
_NO: Final = ("no", "non")
_SAME: Final[Mapping[str, tuple[str, ...]]] = {
    **dict.fromkeys(("y", "yes", "yep", "yeah", "yup", "oui", "ouais", "ouaip", "o"), _YES),
    **dict.fromkeys(("n", "no", "nope", "nah", "non", "nan"), _NO),
    **dict.fromkeys(("none", "aucun", "aucune", "rien"), ("none",)),
}
"""What is typed for yes, for no and for none, and how the label of such an option begins."""

_SHORT_REPLIES: Final = frozenset((
    *_SAME,
    *fold("ok okay back retour next suivant why pourquoi more plus").split(),
))  # fmt: skip
_BY_WORD: Final = {word: name for name, words in _COMMANDS.items() for word in words}
_NUMBERS = re.compile(r"\s*\d{1,2}(?:(?:\s*[,;+]\s*|\s+(?:and|et)\s+|\s+)\d{1,2})*\s*")
_FEWEST_WORDS: Final = 3
"""A text of fewer is not held against the examples of danger."""

_EITHER: Final = 1.0
"""A lower score tells no language: « menu » and “photo” are words of both."""

_NEAR: Final = 0.72
_APART: Final = 0.08
"""Likeness from which on a text may be a mistyped label, and how far ahead of the next one."""

_LONGEST_LABEL: Final = 120
_DENIALS: Final = frozenset(
    fold("no not nobody none never nothing t pas ne non personne jamais aucun aucune rien").split()
)
"""By these words a text denies something; "t" is what is left of "isn't"."""


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a typed text is about.

    ``topics`` are ids, the best first. ``in_scope`` says that the best one is what is meant rather
    than something that the guidance does not cover, ``sure`` that it is well ahead of the others.
    ``aside`` names what the text is where it is not in scope: ``out_of_scope``, ``small_talk``,
    ``thanks`` or ``rude``; nothing where no word of it is known. ``crisis`` says that it speaks of
    danger, whatever else it is about.
    """

    topics: tuple[str, ...]
    in_scope: bool
    sure: bool
    aside: str | None
    crisis: bool
    lang: Lang


def meaning(guidance: Guidance, text: str, otherwise: Lang | None) -> Meaning:
    """Return what a text is about, and its language: ``otherwise`` where it hardly shows one.

    With nothing for ``otherwise`` the language that is a little more likely is taken.
    """
    scores = _scores(guidance, text)
    lang, crisis = _language(scores, otherwise), _is_crisis(guidance, text, scores)
    known = guidance.learnt
    if known is None or not scores:
        return Meaning((), in_scope=False, sure=False, aside=None, crisis=crisis, lang=lang)
    ranked = sorted(
        (name for name in guidance.topics if name in scores), key=lambda name: -scores[name]
    )
    aside = max(ASIDE, key=lambda name: scores[name])
    first, second = [*(scores[name] for name in ranked[:2]), -inf, -inf][:2]
    in_scope = first - scores[aside] >= known.limits.in_scope
    return Meaning(
        topics=tuple(ranked[:MOST]),
        in_scope=in_scope,
        sure=in_scope and first - second >= known.limits.sure,
        aside=None if in_scope else aside,
        crisis=crisis,
        lang=lang,
    )


def language(guidance: Guidance, text: str, otherwise: Lang) -> Lang:
    """Return the language of a text; ``otherwise`` where it hardly shows one."""
    return _language(_scores(guidance, text), otherwise)


def is_crisis(guidance: Guidance, text: str) -> bool:
    """Whether the text speaks of danger: in so many words, or as the examples do."""
    return _is_crisis(guidance, text, _scores(guidance, text))


def says_danger(guidance: Guidance, text: str) -> bool:
    """Whether the text holds a crisis phrase, or is nothing but one of the crisis words."""
    folded = fold(text)
    padded = f" {folded} "
    crisis = guidance.crisis
    return any(
        _padded(word).strip() == folded for lang in LANGS for word in crisis.words[lang]
    ) or any(_padded(phrase) in padded for lang in LANGS for phrase in crisis.phrases[lang])


def _is_crisis(guidance: Guidance, text: str, scores: Mapping[str, float]) -> bool:
    if says_danger(guidance, text):
        return True
    known = guidance.learnt
    # Of a word or two too little can be told; those that are known stand in the content.
    if known is None or not scores or len(fold(text[:MAX_TYPED]).split()) < _FEWEST_WORDS:
        return False
    return scores[learnt.CRISIS] >= known.limits.crisis[_language(scores, None)]


def _scores(guidance: Guidance, text: str) -> Mapping[str, float]:
    return guidance.learnt.scores(text[:MAX_TYPED]) if guidance.learnt is not None else {}


def _language(scores: Mapping[str, float], otherwise: Lang | None) -> Lang:
    french = scores.get(learnt.FRENCH, 0.0)
    if otherwise is not None and abs(french) < _EITHER:
        return otherwise
    return "fr" if french > 0 else "en"


@lru_cache(maxsize=4096)
def _padded(phrase: str) -> str:
    """Return a phrase of the content, folded, between spaces. Never called with typed words."""
    return f" {fold(phrase)} "


def command(text: str) -> str | None:
    """Return the command that the text is, such as ``back`` or ``french``, if it is one."""
    return _BY_WORD.get(fold(text))


def is_short_reply(text: str) -> bool:
    """Whether the text answers something on screen, such as ``2`` or ``oui``, and asks nothing."""
    return _NUMBERS.fullmatch(text) is not None or fold(text) in _SHORT_REPLIES


def is_other_script(text: str) -> bool:
    """Whether the text has letters, and none of those of English or French."""
    return not fold(text) and any(letter.isalpha() for letter in text)


# -- the question on screen


def options(question: Question, text: str) -> tuple[str, ...]:
    """Return the ids of the options that the text picks: by number, by label, by yes or no.

    Several numbers may be given where several options may be chosen. Nothing is guessed: a text
    that is not exactly one of these picks nothing.
    """
    if _NUMBERS.fullmatch(text):
        numbers = [int(n) for n in re.findall(r"\d+", text)]
        within = all(1 <= n <= len(question.options) for n in numbers)
        if within and (question.many or len(numbers) == 1):
            return tuple(question.options[n - 1].id for n in numbers)
        return ()
    wanted = fold(text)
    for option in question.options:
        if wanted and wanted in _names(option):
            return (option.id,)
    same = _SAME.get(wanted, ())
    begin = [option for option in question.options if _first_word(option) in same]
    return (begin[0].id,) if len(begin) == 1 else ()


def yes_or_no(text: str) -> str:
    """Return ``yes`` or ``no`` where the text says one of them in either language, else nothing."""
    return _SAME.get(fold(text), ("",))[0]


def nearly(question: Question, text: str) -> Option | None:
    """Return the option that a text nearly names, mistyped or in part; none where two could be.

    A text that denies something else than an option does is not near it.
    """
    wanted = fold(text)
    if not wanted or len(wanted) > _LONGEST_LABEL:
        return None
    likeness = sorted(
        (max(_likenesses(wanted, one)), at) for at, one in enumerate(question.options)
    )
    best, at = likeness[-1]
    second = likeness[-2][0] if len(likeness) > 1 else 0.0
    return question.options[at] if best >= _NEAR and best - second >= _APART else None


def _likenesses(wanted: str, option: Option) -> Iterator[float]:
    denied = _DENIALS & {*wanted.split()}
    for name in _names(option):
        same = denied == _DENIALS & {*name.split()}
        yield SequenceMatcher(None, name, wanted, autojunk=False).ratio() if same else 0.0


def _names(option: Option) -> Iterator[str]:
    """Yield the words that name an option, folded: its labels, and what else may be typed."""
    for lang in LANGS:
        yield from (
            _padded(word).strip() for word in (option.label[lang], *option.also.get(lang, ()))
        )


def _first_word(option: Option) -> str:
    return _padded(option.label.en).split()[0]
