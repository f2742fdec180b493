"""How are a day and an hour said in each language, on the clock that they are read from?"""

from __future__ import annotations

from datetime import datetime
from typing import Final

from bot.guidance.words import Lang, Words

_ZONES_FR: Final = {
    "NST": "HNT", "NDT": "HAT", "AST": "HNA", "ADT": "HAA", "EST": "HNE", "EDT": "HAE",
    "CST": "HNC", "CDT": "HAC", "MST": "HNR", "MDT": "HAR", "PST": "HNP", "PDT": "HAP",
}  # fmt: skip
_DAYS: Final = {
    "en": ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
    "fr": ("lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche"),
}
_MONTHS: Final = {
    "en": ("January", "February", "March", "April", "May", "June", "July", "August", "September",
           "October", "November", "December"),
    "fr": ("janvier", "février", "mars", "avril", "mai", "juin", "juillet", "août", "septembre",
           "octobre", "novembre", "décembre"),
}  # fmt: skip
_NOON: Final = 12


def moment_words(words: Words, at: datetime, lang: Lang) -> str:
    """Return words with the ``{day}``, the ``{time}`` and the ``{zone}`` of a moment filled in."""
    return words[lang].format(
        day=day_words(at, lang), time=hour_words(at, lang), zone=zone_words(at, lang)
    )


def day_words(at: datetime, lang: Lang) -> str:
    """Return the day: “Monday, November 2”, « lundi 2 novembre »."""
    day, month = _DAYS[lang][at.weekday()], _MONTHS[lang][at.month - 1]
    return f"{day} {at.day} {month}" if lang == "fr" else f"{day}, {month} {at.day}"


def hour_words(at: datetime, lang: Lang) -> str:
    """Return the time of day: “8:30 a.m.”, « 8 h 30 »."""
    if lang == "fr":
        return f"{at.hour} h {at.minute:02d}" if at.minute else f"{at.hour} h"
    half = "a.m." if at.hour < _NOON else "p.m."
    return f"{(at.hour + 11) % 12 + 1}:{at.minute:02d} {half}"


def zone_words(at: datetime, lang: Lang) -> str:
    """Return the short name of the clock, such as EST or HNE."""
    zone = at.tzname() or ""
    return _ZONES_FR.get(zone, zone) if lang == "fr" else zone
