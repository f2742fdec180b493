"""How is what was written in a case shown? Letter by letter, and who wrote it when."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import tzinfo

from bot.desk.records import PERSON, Words
from bot.forms import Style
from bot.pad import Pad


def exchange(pad: Pad, words: Iterable[Words], zone: tzinfo, person: str, office: str) -> None:
    """Write what was written in a case.

    ``person`` and ``office`` name the sentences that say who wrote, and ``when``.
    """
    for one in words:
        pad.small(person if one.sender == PERSON else office, when=pad.when(one.at, zone))
        pad.words(one.text or pad.say("desk_letter_directory"), Style.QUOTED)
