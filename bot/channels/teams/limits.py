"""Is a card small enough for Teams? Every card passes here before it goes out.

Teams refuses a whole message for one byte too many. It counts the message as UTF-16: 100 kB by its
newer documents, 28 kB by the older ones; ours stay below 26 kB, envelope included.
"""

from __future__ import annotations

import codecs
import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

MESSAGE: Final = 26_000
"""Bytes of a whole message in UTF-16."""

ENVELOPE: Final = 1_200
"""Bytes of it that are not the card: who it is from and to, and the summary."""

DIALOG: Final = 400
"""Bytes of the answer that opens a dialog which are not its card."""

BESIDE: Final = 3_400
"""Bytes that a form takes beside the message that is seen in it before it is sent."""

_UTF_16: Final = codecs.getencoder("utf-16-le")
"""Looked up here, since that opens a file, for which nobody should wait in front of a card."""


class TooLargeError(Exception):
    """A card is larger than Teams takes; it says by how much, and never what stands in it."""

    def __init__(self, size: int, limit: int) -> None:
        super().__init__(f"card: {size} of {limit}")


class Checked(dict[str, Any]):
    """A card that keeps to the limit, and its JSON; nothing else can be sent.

    ``capsule`` is the one that its buttons carry; empty where they carry none.
    """

    def __init__(self, card: Mapping[str, Any], text: str, capsule: str) -> None:
        super().__init__(card)
        self.text = text
        self.capsule = capsule


def checked(card: Mapping[str, Any], capsule: str = "", around: int = ENVELOPE) -> Checked:
    """Return a card that keeps to the limit, and whose buttons carry ``capsule``.

    ``around`` are the bytes that are sent beside it.

    Raises:
        TooLargeError: it is larger than Teams takes.

    """
    return Checked(card, _small_enough(card, MESSAGE - around), capsule)


def fits_a_form(elements: Sequence[Mapping[str, Any]]) -> None:
    """See that elements leave room for the rest of a form in which they are shown.

    Raises:
        TooLargeError: they do not.

    """
    _small_enough(elements, MESSAGE - DIALOG - BESIDE)


def _small_enough(value: object, limit: int) -> str:
    """Return a value as JSON that is not longer than ``limit`` bytes."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    size = len(_UTF_16(text)[0])
    if size > limit:
        raise TooLargeError(size, limit)
    return text
