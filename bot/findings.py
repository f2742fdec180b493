"""What did a look at a part of the program find, and what is to be done about it?"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from bot.guidance.words import Words


class Grade(StrEnum):
    """How grave a finding is."""

    GOOD = "good"
    NOTE = "note"
    FIX = "fix"


@dataclass(frozen=True, slots=True)
class Finding:
    """A sentence on a part of the program; where something must be done it says what."""

    grade: Grade
    words: Words


@dataclass(frozen=True, slots=True)
class Heard:
    """What time a platform says it is: its ``Date`` header, if any, and when that came here."""

    date: str | None
    at: datetime


def good(en: str, fr: str) -> Finding:
    """Return a finding that all is well."""
    return Finding(Grade.GOOD, Words(en, fr))


def note(en: str, fr: str) -> Finding:
    """Return something that an operator should know, and may have meant."""
    return Finding(Grade.NOTE, Words(en, fr))


def fix(en: str, fr: str) -> Finding:
    """Return something that must be mended."""
    return Finding(Grade.FIX, Words(en, fr))
