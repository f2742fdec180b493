"""What stands in a chat about a case? Its number and state, and never a word of it.

What an office sees beforehand is number, topic, language and age. What the person, the deputy or
the head sees is one neutral sentence with a button; so no locked screen tells anything.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from bot.desk.case import Case, State
from bot.desk.directory import Directory
from bot.desk.port import Card
from bot.forms import Button
from bot.guidance.model import Guidance
from bot.guidance.words import LANGS, Lang
from bot.moments import moment_words

CLAIM: Final = "desk:claim"
RECUSE: Final = "desk:recuse"
OPEN: Final = "desk:open"
READ: Final = "desk:read"

STATES: Final = {
    State.QUEUED: "new",
    State.OFFERED: "new",
    State.CHECKING: "taken",
    State.CLAIMED: "taken",
    State.ANSWERED: "taken",
    State.RESOLVED: "resolved",
    State.CLOSED: "closed",
}
"""What an office reads of a state; whether a case was withdrawn or sent elsewhere, it does not."""


class Cards:
    """Writes cards in the languages of their readers."""

    def __init__(self, guidance: Guidance, directory: Directory) -> None:
        self._guidance = guidance
        self._directory = directory

    def office(self, case: Case) -> Card:
        """Return what stands in the office's channel."""
        langs = self._langs(case.office)
        state = STATES.get(case.state, "gone")
        lines = [self._both(langs, "desk_card", number=case.number)]
        if state != "gone":
            lines += [self.about(case, lang) for lang in langs]
        lines.append(self._both(langs, f"desk_card_{state}"))
        return Card(
            summary=self._both(langs, "desk_summary"),
            lines=lines,
            buttons=[*self._buttons(state, langs)],
            value=case.number,
            lang=langs[0],
        )

    def elsewhere(self, case: Case) -> Card:
        """Return what stands in place of a second card of the same case."""
        langs = self._langs(case.office)
        lines = [
            self._both(langs, "desk_card", number=case.number),
            self._both(langs, "desk_card_elsewhere"),
        ]
        summary = self._both(langs, "desk_summary")
        return Card(summary, lines, [], case.number, langs[0])

    def again(self, case: Case) -> str:
        """Return the line that reminds an office of a case that nobody has claimed."""
        return self._both(self._langs(case.office), "desk_unclaimed", number=case.number)

    def waiting(self, case: Case) -> Card:
        """Return what the deputy, the head or the claimer gets in their own chat."""
        langs = self._langs(case.office)
        summary = self._both(langs, "desk_waiting")
        button = Button(OPEN, self._both(langs, "desk_open"))
        line = self._both(langs, "desk_card", number=case.number)
        return Card(summary, [summary, line], [button], case.number, langs[0])

    def notice(self, case: Case) -> Card:
        """Return what the person gets in their own chat."""
        say = self._guidance.phrases
        summary = say["desk_notice"][case.lang]
        line = say["desk_card"][case.lang].format(number=case.number)
        button = Button(READ, say["desk_read"][case.lang])
        return Card(summary, [summary, line], [button], case.number, case.lang)

    def letter(self, case: Case, name: str, reach: str) -> tuple[str, str]:
        """Return the subject and the text of the letter that introduces somebody to an office."""
        langs, say = self._langs(case.office), self._guidance.phrases
        subject = self._both(langs, "desk_letter_subject", number=case.number)
        texts = [
            say["desk_letter"][lang].format(
                name=name,
                reach=reach or say["desk_letter_directory"][lang],
                language=say[f"language_{case.lang}"][lang],
                number=case.number,
            )
            for lang in langs
        ]
        return subject, "\n\n".join(texts) + "\n"

    def about(self, case: Case, lang: Lang) -> str:
        """Return topic, language and age in one line; the age is the hour at which it came."""
        at = case.opened.astimezone(self._directory.contact(case.office).zone)
        say = self._guidance.phrases
        when = moment_words(say["desk_when"], at, lang)
        mode = say[f"desk_mode_{case.mode}"][lang]
        language = say[f"language_{case.lang}"][lang]
        parts = [mode, language, when]
        if case.mode == "case":
            parts.insert(1, topic_words(self._guidance, case.topic, lang))
        return " · ".join(parts)

    def _buttons(self, state: str, langs: Sequence[Lang]) -> Iterator[Button]:
        if state == "new":
            yield Button(CLAIM, self._both(langs, "desk_claim"))
            yield Button(RECUSE, self._both(langs, "desk_recuse"))
        elif state in ("taken", "resolved", "closed"):
            yield Button(OPEN, self._both(langs, "desk_open"))

    def _langs(self, office: str) -> Sequence[Lang]:
        """Return the languages of an office; where they are not known it reads both."""
        return self._directory.contact(office).languages or LANGS

    def _both(self, langs: Sequence[Lang], name: str, **places: object) -> str:
        words = self._guidance.phrases[name]
        return " · ".join(dict.fromkeys(words[lang].format(**places) for lang in langs))


def topic_words(guidance: Guidance, topic: str, lang: Lang) -> str:
    """Return what a case is about: the title of a walk or page, never words of a person."""
    kind, _, name = topic.partition(":")
    if topic in guidance.trees:
        return guidance.trees[topic].title[lang]
    if kind == "topic" and name in guidance.topics:
        return guidance.topics[name].title[lang]
    return guidance.phrases["desk_topic_other"][lang]
