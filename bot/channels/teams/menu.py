"""What stands in the menus of Teams? A command arrives as typed text, and leads to a place."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from bot.guidance.model import Guidance
from bot.guidance.pages import HOME
from bot.guidance.words import LANGS, Lang, Words, fold

_MOST_COMMANDS: Final = 10
"""Two less than Teams takes now: its check of translated menus was for long behind."""
_SHORT: Final = {
    "post_reported": "shortcut_post_reported",
    "saw_colleague_post": "menu_saw_colleague_post",
    "my_post_questioned": "menu_my_post_questioned",
    "political_activity": "menu_political_activity",
}
"""The phrases that stand in menus for walks with long titles; 32 letters are always taken."""


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


class Menu:
    """Reads what was typed where it is the title of a command."""

    def __init__(self, guidance: Guidance) -> None:
        self._places: dict[str, tuple[str, Lang]] = {
            fold(command.title[lang]): (command.place, lang)
            for command in commands(guidance)
            for lang in LANGS
            if command.place is not None
        }
        self._longest = max(map(len, self._places))

    def place(self, text: str, lang: Lang | None) -> tuple[str, Lang] | None:
        """Return the place that a command leads to, and its language; nothing if it is none.

        ``lang`` is the language of the person's Teams, where it is known.
        """
        if len(text) > 2 * self._longest:
            return None
        found = self._places.get(fold(text))
        return (found[0], lang or found[1]) if found is not None else None
