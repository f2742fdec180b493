"""What does one person see in a window of their own, and what comes back from it?

A form knows no platform: each draws it as a modal or as a dialog. What a person does in it comes
back as a press, and a counter answers each press with the next form.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final, Protocol, TypeGuard

from bot.guidance.words import Lang
from bot.platforms import Place, Who

DESK: Final = "desk:"
PINS: Final = "pin:"
"""How everything begins that a form does: at the desk, and about pins."""


def is_of_a_form(do: object) -> TypeGuard[str]:
    """Tell whether a counter answers a press."""
    return isinstance(do, str) and do.startswith((DESK, PINS))


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


@dataclass(frozen=True, slots=True)
class Shown:
    """What will stand in a chat, in the elements of the platform that the form is shown on."""

    elements: Sequence[Mapping[str, Any]] = field(repr=False)


Part = Said | Picked | Written | Shown


@dataclass(frozen=True, slots=True)
class Button:
    """A button: what it does, which begins as those of forms do, and its words."""

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
class Press:
    """What a person did in a form or on a card.

    ``held`` is what the form held, or the value of the card. ``picked`` and ``written`` are its
    fields by name. ``at`` is what a card in an office's channel is called, as ``post`` returned it;
    ``where`` the channel that a form was asked for in, where that is known. ``once`` is the same
    where the same request comes again, and in no other press; empty where nobody can tell. It is
    no part of what a press means.
    """

    do: str
    held: str = field(default="", repr=False)
    picked: Mapping[str, tuple[str, ...]] = field(default_factory=dict, repr=False)
    written: Mapping[str, str] = field(default_factory=dict, repr=False)
    at: str = ""
    where: Place | None = None
    once: str = field(default="", repr=False, compare=False)


class Counter(Protocol):
    """The only way from a channel to the desk, or to the pins."""

    async def press(self, who: Who, press: Press, lang: Lang) -> Form:
        """Do what a press means, if this person may; return what they see next.

        ``lang`` is the language that the person reads, where the form does not tell it.
        """
        ...
