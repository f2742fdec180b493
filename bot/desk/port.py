"""What does the desk need of a platform and of a mail server?

The desk knows no platform. It shows forms, which one person sees, and cards, which stand in a chat
and never hold a word of a case.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from bot.forms import Button
from bot.guidance.words import Lang
from bot.platforms import Place, Who


@dataclass(frozen=True, slots=True)
class Reader:
    """Somebody who is in an office's channel: their id in its directory, and their name."""

    user: str = field(repr=False)
    name: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Card:
    """What stands in a chat: neutral lines, and buttons that open a form.

    ``summary`` is what a notification shows. ``value`` goes with every press of a button: the
    number of the case, which tells nothing by itself.
    """

    summary: str
    lines: Sequence[str]
    buttons: Sequence[Button]
    value: str
    lang: Lang


# ---- what can be asked


class Platform(Protocol):
    """What the desk asks of Slack and of Teams. Each call is tried once, within ten seconds."""

    async def readers(self, place: Place) -> tuple[Reader, ...]:
        """Return the people who are in an office's channel now, without bots, by their names.

        Raises:
            OpenError: the channel is not private, is shared with others, or is archived.
            PlatformError: and each of the others; nobody is then known to be in it.

        """
        ...

    async def post(self, place: Place, card: Card) -> str:
        """Post a card in an office's channel; return what it is called there."""
        ...

    async def update(self, place: Place, ref: str, card: Card) -> None:
        """Put another card in place of one of ours."""
        ...

    async def remind(self, place: Place, ref: str, line: str) -> None:
        """Write a line below a card, so that those in the channel see it."""
        ...

    async def tell(self, who: Who, card: Card) -> None:
        """Write a card in the own chat of somebody whom ``route`` or ``user`` lets us reach."""
        ...


class Letters(Protocol):
    """What the desk asks of a mail server."""

    async def send(self, to: str, subject: str, text: str, ident: str) -> None:
        """Send a letter to one address; ``ident`` is the same for the same letter.

        Raises:
            LaterError: it may be tried again.
            RefusedError: the server will not take it.

        """
        ...
