"""Which very long texts are read, and by what, to see that work grows with the length only?"""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Final

from bot.app import utc_now
from bot.channels.slack.decode import plain_words
from bot.conversation import Conversation, Move, Say
from bot.guidance import draft, understand
from bot.guidance.model import Guidance
from bot.guidance.words import fold

MATCHED: Final = {"spaces": " ", "digits": "1 ", "lists": "1,", "words and": "1 and ",
                  "commas": ", "}  # fmt: skip
MARKED: Final = {"brackets": "<", "mentions": "<@", "links": "<http:", "labels": "<@a|",
                 "escapes": "&lt;", "pipes": "<@|", "closed": "<@a>"}  # fmt: skip
FOLDED: Final = {"letters": "a", "accents": "\u0301\u0327", "letters that grow": "ﷺ",
                 "lines": "\n", "ligatures": "œß", "French": "le la ",
                 "danger": "kill my kill "}  # fmt: skip
PIECES: Final = MATCHED | MARKED | FOLDED

HALT: Final = 300
"""Seconds. A million letters take five at most, and hours where work grows with the square."""


def of_bytes(piece: str, size: int) -> str:
    return piece * (size // len(piece.encode()))


def readers_of_typed_text(guidance: Guidance) -> dict[str, Callable[[str], object]]:
    """What of Cairn reads what somebody typed, by name."""
    question = next(iter(guidance.trees["post_reported"].questions.values()))
    talk = Conversation(guidance, None, utc_now)
    return {
        "fold": fold,
        "plain_words": plain_words,
        "is_crisis": lambda text: understand.is_crisis(guidance, text),
        "command": understand.command,
        "is_short_reply": understand.is_short_reply,
        "is_other_script": understand.is_other_script,
        "meaning": lambda text: understand.meaning(guidance, text, "en"),
        "marks": lambda text: draft.marks(guidance, text, personal=False),
        "options": lambda text: understand.options(question, text),
        "respond": lambda text: talk.respond(Move("post_reported", "en", Say(text))),
    }


def readings(guidance: Guidance) -> Iterator[tuple[str, str, Callable[[str], object]]]:
    """Every kind of text with the readers it is made for: kind, reader's name, reader."""
    readers = readers_of_typed_text(guidance)
    for kinds, names in (
        (MATCHED, ("is_short_reply", "options")),
        (MARKED, ("plain_words",)),
        (FOLDED, readers),
    ):
        yield from ((kind, name, readers[name]) for kind in kinds for name in names)


@contextmanager
def no_halt(what: str) -> Iterator[None]:
    """Fail by name where something halts, instead of leaving whoever waits without an end."""

    def halted(_signal: int, _frame: FrameType | None) -> None:
        raise AssertionError(f"{what}: a million letters are not read within {HALT} seconds")

    before = signal.signal(signal.SIGALRM, halted)
    signal.alarm(HALT)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)
