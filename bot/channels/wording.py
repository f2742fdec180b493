"""How are hours, days and lists said in each language? Shared by every channel."""

from __future__ import annotations

from typing import Final

from bot.conversation import ContactCard, Reply
from bot.guidance.words import Lang

_DAYS: Final = {
    "en": ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
    "fr": ("lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche"),
}
_MONTHS: Final = {
    "en": "January February March April May June July August September October November"
    " December".split(),
    "fr": "janvier février mars avril mai juin juillet août septembre octobre novembre"
    " décembre".split(),
}


def clock_words(reply: Reply, card: ContactCard) -> str | None:
    """Return whether the office is open, in words, on its own clock; nothing when unknown."""
    if card.contact is None or card.opening is None:
        return None
    opening = card.opening
    if opening.changes is None:
        return reply.phrase("open_always" if opening.is_open else "closed")
    lang = reply.lang
    at = opening.changes
    hour = _hour(at.hour, at.minute, lang)
    if opening.is_open:
        return reply.phrase("open_until", time=hour, zone=at.tzname())
    month = _MONTHS[lang][at.month - 1]
    day = f"{_DAYS[lang][at.weekday()]} {at.day} {month}"
    if lang == "en":
        day = f"{_DAYS[lang][at.weekday()]}, {month} {at.day},"
    return reply.phrase("closed_until", day=day, time=hour, zone=at.tzname())


def _hour(hour: int, minute: int, lang: Lang) -> str:
    if lang == "fr":
        return f"{hour} h {minute:02d}" if minute else f"{hour} h"
    half = "a.m." if hour < 12 else "p.m."  # noqa: PLR2004 noon
    return f"{(hour + 11) % 12 + 1}:{minute:02d} {half}"


def languages_words(reply: Reply, langs: tuple[Lang, ...]) -> str:
    """Return the languages of service, in words."""
    return ", ".join(reply.phrase(f"language_{lang}") for lang in langs)
