"""What did the person type? A crisis, an option on screen, a word of command, or a topic.

Literal for now: words are folded (case, accents and punctuation ignored) and compared. What is
typed is never kept and never echoed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Final

from bot.guidance.model import Card, Guidance, Question
from bot.guidance.words import LANGS, Lang, fold

MAX_TYPED: Final = 2000
"""A longer text is not read; the person is told so."""

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
}
_SHORT_REPLIES: Final = frozenset(
    fold(
        "yes no oui non y n o ok okay back retour next suivant why pourquoi more plus none aucun"
    ).split()
)
_BY_WORD: Final = {word: name for name, words in _COMMANDS.items() for word in words}
_FRENCH: Final = frozenset(
    fold(
        "le la les des du une est et je mon ma mes qu que pas pour dans sur au aux ce cette puis il"
        " elle nous vous en sont mais avec un j l d c"
    ).split()
)
_ENGLISH: Final = frozenset(
    fold(
        "the is are and i my to of can do with this that it for what how should on in a an be was"
        " about if"
    ).split()
)
_CLOSE: Final = 0.5
"""How much of its telling words a typed text must share with a phrase to mean its topic."""

_NUMBERS = re.compile(r"\s*\d{1,2}(?:(?:\s*[,;+]\s*|\s+(?:and|et)\s+|\s+)\d{1,2})*\s*")
_COMMON: Final = frozenset(
    fold(
        "a an and are at be by can could do does for from have how i if in is it may me my of on or"
        " our should so that the this to we what when where which who why with you your about am"
        " au aux avec ce ces cette dans de des du en est et il je la le les ma mes mon ne nous ou"
        " par pas peut peux pour puis qu que quel quelle quels qui sa se ses si son sont sur ta te"
        " tu un une vos votre vous faire fait etre c d j l m n s t y comment quand quoi dois"
    ).split()
)


def is_crisis(guidance: Guidance, text: str) -> bool:
    """Whether the text holds one of the crisis phrases, as whole words."""
    padded = f" {fold(text)} "
    return any(
        _padded(phrase) in padded for lang in LANGS for phrase in guidance.crisis.phrases[lang]
    )


@lru_cache(maxsize=4096)
def _padded(phrase: str) -> str:
    """Return a phrase of the content, folded, between spaces. Never called with typed words."""
    return f" {fold(phrase)} "


def command(text: str) -> str | None:
    """Return the command that the text is, such as ``back`` or ``language``, if it is one."""
    return _BY_WORD.get(fold(text))


def is_short_reply(text: str) -> bool:
    """Whether the text answers something on screen, such as ``2`` or ``oui``, and asks nothing."""
    return _NUMBERS.fullmatch(text) is not None or fold(text) in _SHORT_REPLIES


def is_other_script(text: str) -> bool:
    """Whether the text has letters, and none of those of English or French."""
    return not fold(text) and any(letter.isalpha() for letter in text)


def options(question: Question, text: str) -> tuple[str, ...]:
    """Return the ids of the options that the text picks: by number, or by label.

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
        names = [option.label.en, option.label.fr]
        names += [word for lang in LANGS for word in option.also.get(lang, ())]
        if wanted and wanted in {fold(name) for name in names}:
            return (option.id,)
    return ()


def topics(guidance: Guidance, text: str, most: int = 3) -> tuple[Card, ...]:
    """Return the topics whose titles and phrases share the most telling words with the text."""
    wanted = _telling(text[:MAX_TYPED])
    if not wanted:
        return ()
    scored = []
    for order, card in enumerate(guidance.topics.values()):
        phrases = [card.title[lang] for lang in LANGS]
        phrases += [phrase for lang in LANGS for phrase in card.phrases.get(lang, ())]
        best = max((_overlap(wanted, _telling(phrase)) for phrase in phrases), default=0.0)
        if best >= _CLOSE:
            scored.append((-best, order, card))
    return tuple(card for _, _, card in sorted(scored, key=lambda s: s[:2])[:most])


def language(text: str, otherwise: Lang) -> Lang:
    """Return the language most of the common words of the text belong to."""
    words = fold(text).split()
    french = sum(word in _FRENCH for word in words)
    english = sum(word in _ENGLISH for word in words)
    if french == english:
        return otherwise
    return "fr" if french > english else "en"


def _telling(text: str) -> frozenset[str]:
    return frozenset(word for word in fold(text).split() if word not in _COMMON)


def _overlap(wanted: Iterable[str], phrase: frozenset[str]) -> float:
    both = phrase.intersection(wanted)
    if not both:
        return 0.0
    return 2 * len(both) / (len(phrase) + len(frozenset(wanted)))
