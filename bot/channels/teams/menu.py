"""What stands in the menus of Teams? A command arrives as typed text, and leads to a place."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from bot.guidance.model import Guidance
from bot.guidance.pages import HOME
from bot.guidance.words import LANGS, Lang, Words, fold

_MOST_COMMANDS: Final = 10
"""Two less than Teams takes: its check of translated menus was for long behind. Where a menu has
the two of pins as well, the app is for a Teams of today."""

PIN_TOPIC: Final = "topic:pin_summary"
_SHORT: Final = {
    "post_reported": "shortcut_post_reported",
    "saw_colleague_post": "menu_saw_colleague_post",
    "my_post_questioned": "menu_my_post_questioned",
    "political_activity": "menu_political_activity",
}
"""The phrases that stand in menus for walks with long titles; 32 letters are always taken."""


class Pinning(StrEnum):
    """What a command about pins opens: the press that its dialog begins with."""

    CHOOSE = "pin:choose"
    LEAVE = "pin:leave"


_PINNING: Final = {Pinning.CHOOSE: "pin_command", Pinning.LEAVE: "pin_command_leave"}
"""The phrases that are typed for it."""


@dataclass(frozen=True, slots=True)
class Command:
    """What a menu of commands offers: the words it types, and the place they lead to.

    Without a place it changes the language.
    """

    title: Words
    about: Words
    place: str | None


def commands(guidance: Guidance) -> tuple[Command, ...]:
    """Return the commands of the personal chat: Home, the walks, danger, the other language."""
    say = guidance.phrases
    walks = [
        Command(say[_SHORT[name]] if name in _SHORT else tree.title, say["shortcut_about"], name)
        for name, tree in guidance.trees.items()
    ]
    return (
        Command(say["home"], say["home_title"], HOME),
        *walks[: _MOST_COMMANDS - 3],
        Command(say["crisis_button"], guidance.crisis.title, "crisis"),
        Command(say["other_language"], say["other_language_hint"], None),
    )


def pin_commands(guidance: Guidance) -> tuple[Command, ...]:
    """Return the commands of teams and group chats: to pin a summary, and to take one away.

    In a person's own chat they lead to what can be pinned, and how.
    """
    say = guidance.phrases
    return (
        Command(say[_PINNING[Pinning.CHOOSE]], say["pin_title"], PIN_TOPIC),
        Command(say[_PINNING[Pinning.LEAVE]], say["pin_leave_title"], PIN_TOPIC),
    )


class Menu:
    """Reads what was typed where it is the title of a command."""

    def __init__(self, guidance: Guidance) -> None:
        self.follow(guidance)

    def follow(self, guidance: Guidance) -> None:
        """Read the titles of another guidance from now on."""
        self._places: dict[str, tuple[str, Lang]] = {
            fold(command.title[lang]): (command.place, lang)
            for command in (*commands(guidance), *pin_commands(guidance))
            for lang in LANGS
            if command.place is not None
        }
        self._pinning: dict[str, tuple[Pinning, Lang]] = {
            fold(guidance.phrases[phrase][lang]): (pinning, lang)
            for pinning, phrase in _PINNING.items()
            for lang in LANGS
        }
        self._longest = max(map(len, self._places))

    def pinning(self, text: str) -> tuple[Pinning, Lang] | None:
        """Return what a command about pins opens, and its language; nothing if it is none."""
        return self._pinning.get(fold(text)) if len(text) <= self._longest else None

    def place(self, text: str, lang: Lang | None) -> tuple[str, Lang] | None:
        """Return the place that a command leads to, and its language; nothing if it is none.

        ``lang`` is the language of the person's Teams, where it is known.
        """
        if len(text) > 2 * self._longest:
            return None
        found = self._places.get(fold(text))
        return (found[0], lang or found[1]) if found is not None else None
