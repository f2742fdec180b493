"""How is a form written? Words of the content, in one language, into parts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, tzinfo

from bot.forms import Button, Form, Part, Picked, Said, Style, Written
from bot.guidance.model import Guidance
from bot.guidance.words import Lang
from bot.moments import moment_words


@dataclass(slots=True)
class Pad:
    """Collects the parts of a form."""

    guidance: Guidance
    lang: Lang
    parts: list[Part] = field(default_factory=list)

    def say(self, phrase: str, /, **places: object) -> str:
        """Return one of the bot's own sentences."""
        words = self.guidance.phrases[phrase][self.lang]
        return words.format(**places) if places else words

    def heading(self, phrase: str, /, **places: object) -> None:
        """Write a heading."""
        self.parts.append(Said(self.say(phrase, **places), Style.HEADING))

    def text(self, phrase: str, /, **places: object) -> None:
        """Write a paragraph."""
        self.parts.append(Said(self.say(phrase, **places)))

    def plain(self, phrase: str, /, **places: object) -> None:
        """Write a paragraph that holds a name."""
        self.parts.append(Said(self.say(phrase, **places), Style.PLAIN))

    def small(self, phrase: str, /, **places: object) -> None:
        """Write a small line."""
        self.parts.append(Said(self.say(phrase, **places), Style.SMALL))

    def strong(self, phrase: str, /, **places: object) -> None:
        """Write what must be read first."""
        self.parts.append(Said(self.say(phrase, **places), Style.STRONG))

    def words(self, words: str, style: Style = Style.TEXT) -> None:
        """Write words that are no sentence of the bot."""
        self.parts.append(Said(words, style))

    def small_words(self, words: str) -> None:
        """Write a small line that is no sentence of the bot."""
        self.words(words, Style.SMALL)

    def when(self, at: datetime, zone: tzinfo) -> str:
        """Return a day and an hour as they are on a clock."""
        return moment_words(self.guidance.phrases["desk_when"], at.astimezone(zone), self.lang)

    def pick(
        self,
        name: str,
        label: str,
        choices: Iterable[tuple[str, str]],
        *,
        picked: Sequence[str] = (),
        many: bool = False,
        hint: str | None = None,
        optional: bool = False,
    ) -> None:
        """Write a field in which choices are made; ``label`` and ``hint`` name sentences."""
        told = self.say(hint) if hint is not None else None
        self.parts.append(Picked(name, self.say(label), [*choices], picked, many, told, optional))

    def write(
        self,
        name: str,
        label: str,
        *,
        filled: str = "",
        most: int,
        hint: str | None = None,
        lines: bool = True,
        optional: bool = False,
    ) -> None:
        """Write a field to write in; ``hint`` is words."""
        self.parts.append(Written(name, self.say(label), filled, most, hint, lines, optional))

    def button(self, do: str, name: str) -> Button:
        """Return a button."""
        return Button(do, self.say(name))

    def form(
        self, main: Button | None = None, *, buttons: Sequence[Button] = (), held: str = ""
    ) -> Form:
        """Return the form with the parts that were written."""
        return Form(self.lang, tuple(self.parts), main, tuple(buttons), held)


def with_trouble(form: Form, words: str) -> Form:
    """Return a form that says first what went wrong."""
    return replace(form, parts=(Said(words, Style.STRONG), *form.parts))
