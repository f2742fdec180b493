"""What does the desk need of a platform, and what does it show there?

The desk knows no platform. It shows forms, which one person sees in a window of their own, and
cards, which stand in a chat and never hold a word of a case. What a person does in either comes
back as a press. Every failure of a platform is one of the errors below and holds no content:

    PlatformError
    ├── LaterError    it may be tried again, not before ``wait`` seconds from now
    ├── GoneError     the card is not there any more; a new one may be posted
    ├── OpenError     the office's channel is not private any more, so nothing is posted there
    └── RefusedError  the platform will not do it, however often it is asked
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from bot.guidance.words import Lang


class PlatformError(Exception):
    """A platform did not do what was asked; ``code`` says why in a word, and holds no content."""

    def __init__(self, code: str) -> None:
        self.code = code
        super().__init__(code)


class LaterError(PlatformError):
    """It may be tried again ``wait`` seconds from now; whether it was done is not known."""

    def __init__(self, code: str, wait: float = 0.0) -> None:
        self.wait = wait
        super().__init__(code)


class GoneError(PlatformError):
    """The card is not there any more."""


class OpenError(PlatformError):
    """The office's channel is not private: public, shared with others, or archived."""


class RefusedError(PlatformError):
    """The platform will not do it: no such channel, the app was removed or blocked."""


# ---- who and where


def ident(platform: str, user: str) -> str:
    """Return somebody's name among the people of all platforms.

    No platform tells two people apart by capital letters, and a file may write an id in either.
    """
    return f"{platform}:{user}".casefold()


@dataclass(frozen=True, slots=True)
class Who:
    """A person as the verified envelope names them.

    ``user`` is who they are in the platform's directory; ``name`` is what it calls them, empty
    where it was not asked. ``route`` is what the platform needs to reach their own chat later.
    """

    platform: str
    tenant: str
    user: str = field(repr=False)
    name: str = field(default="", repr=False)
    route: Mapping[str, str] = field(default_factory=dict, repr=False)

    @property
    def id(self) -> str:
        """Their name among the people of all platforms.

        Without the tenant: Slack names the workspace in one request and the organization in the
        next, and a user's own id is the same in both. Whom we serve at all is seen to before.
        """
        return ident(self.platform, self.user)


@dataclass(frozen=True, slots=True)
class Place:
    """Where an office works: a private channel on Slack, a channel or group chat in Teams.

    ``service`` is the address of the service in Teams.
    """

    platform: str
    tenant: str
    channel: str
    service: str = ""


@dataclass(frozen=True, slots=True)
class Reader:
    """Somebody who is in an office's channel: their id in its directory, and their name."""

    user: str = field(repr=False)
    name: str = field(repr=False)


# ---- what is shown


class Style(StrEnum):
    """How words stand in a form."""

    HEADING = "heading"
    TEXT = "text"
    SMALL = "small"
    STRONG = "strong"
    PLAIN = "plain"
    """A paragraph that holds a name: as ``TEXT``, but no marks are read in it."""
    QUOTED = "quoted"
    """What a person wrote: shown letter by letter, with no format, link or mention."""


@dataclass(frozen=True, slots=True)
class Said:
    """Words in a form. Only the marks of the content are read in them, and none when quoted."""

    words: str = field(repr=False)
    style: Style = Style.TEXT


@dataclass(frozen=True, slots=True)
class Picked:
    """A field in which choices are made: ids and words, of which ``picked`` are marked."""

    name: str
    label: str
    choices: Sequence[tuple[str, str]] = field(repr=False)
    picked: Sequence[str] = field(default=(), repr=False)
    many: bool = False
    hint: str | None = None
    optional: bool = False


@dataclass(frozen=True, slots=True)
class Written:
    """A field to write in, ``most`` letters long; ``filled`` stands in it at first."""

    name: str
    label: str
    filled: str = field(default="", repr=False)
    most: int = 2_000
    hint: str | None = None
    lines: bool = True
    optional: bool = False


Part = Said | Picked | Written


@dataclass(frozen=True, slots=True)
class Button:
    """A button: what it does, which begins with ``desk:``, and its words."""

    do: str
    words: str


@dataclass(frozen=True, slots=True)
class Form:
    """What one person sees in a modal or a dialog.

    ``main`` sends the fields; it is nothing where there is nothing to send. ``held`` goes with
    every press of the form and says, locked for this person, where they are.
    """

    lang: Lang
    parts: Sequence[Part]
    main: Button | None = None
    buttons: Sequence[Button] = ()
    held: str = field(default="", repr=False)


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


@dataclass(frozen=True, slots=True)
class Press:
    """What a person did in a form or on a card.

    ``held`` is what the form held, or the value of the card. ``picked`` and ``written`` are its
    fields by name. ``at`` is what a card in an office's channel is called, as ``post`` returned it.
    """

    do: str
    held: str = field(default="", repr=False)
    picked: Mapping[str, tuple[str, ...]] = field(default_factory=dict, repr=False)
    written: Mapping[str, str] = field(default_factory=dict, repr=False)
    at: str = ""


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


class Counter(Protocol):
    """The only way from a channel to the desk."""

    async def press(self, who: Who, press: Press, lang: Lang) -> Form:
        """Do what a press means, if this person may; return what they see next.

        ``lang`` is the language that the person reads, where the form does not tell it.
        """
        ...
