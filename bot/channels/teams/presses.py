"""What does a button do? Somebody waits for it, so its answer goes back in the same request.

In the chat the answer takes the place of the card; in a dialog it is the next card of the dialog.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Final

from bot.channels.steps import Fields, Step
from bot.channels.teams.answers import TeamsAnswers
from bot.channels.teams.decode import Person, Press
from bot.channels.teams.limits import Checked
from bot.channels.teams.outbound import Outbound
from bot.channels.teams.people import People
from bot.channels.teams.transport import Chat, TransportError
from bot.conversation import Reply
from bot.guidance.pages import HOME
from bot.guidance.screen import Trouble
from bot.guidance.words import Lang
from bot.seal import Spot, Surface

WALK: Final = "can_i_post"
"""The walk that “Check before I post” begins."""

_URGENT: Final = 3.0
"""Seconds that somebody in front of a dialog waits for what is sent to their chat."""


@dataclass(frozen=True, slots=True)
class Shown:
    """What a press leads to: a card in a language, with the capsule of where it leaves them."""

    card: Checked
    lang: Lang

    @property
    def capsule(self) -> str:
        """Where it leaves the person."""
        return self.card.capsule


class Presses:
    """Answers the buttons of cards, in the chat and in dialogs."""

    def __init__(self, answers: TeamsAnswers, people: People, outbound: Outbound) -> None:
        self._answers = answers
        self._people = people
        self._outbound = outbound

    def in_chat(self, press: Press, person: Person, lang: Lang) -> Shown:
        """Return what takes the place of a card of the chat."""
        answers, surface = self._answers, Surface.MESSAGE
        opened = answers.open(press.capsule, person, surface, lang)
        beside = answers.beside(press.do, opened)
        if beside is not None:
            card = self._form(press, beside, person, surface)
            return Shown(card, beside.lang)
        reply, number = self._stepped(press, opened, person)
        card = answers.card(reply, person, surface, number)
        return Shown(card, reply.lang)

    async def in_dialog(self, press: Press, person: Person, lang: Lang, chat: Chat) -> Checked:
        """Return the next card of a dialog."""
        answers, surface = self._answers, Surface.MODAL
        opened = answers.open(press.capsule, person, surface, lang)
        beside = answers.beside(press.do, opened)
        if beside is not None and press.do == "send":
            told = await self._send(beside, person, chat)
            return answers.copy(beside, person, surface, sent=told)
        if beside is not None:
            return self._form(press, beside, person, surface)
        reply, number = self._stepped(press, opened, person)
        return answers.card(reply, person, surface, number)

    def dialog_for(self, press: Press, person: Person, lang: Lang | None) -> Checked:
        """Return the first card of a dialog: where a card stands, or the first screen."""
        name, _, place = press.do.partition(":")
        if name == "private":
            opened = self._answers.open(press.capsule, person, Surface.MESSAGE, lang or "en")
            step = self._answers.step(press.do, opened, Fields({}))
            return self._answers.card(self._answers.reply(step), person, Surface.MODAL)
        if lang is None or place in ("", HOME):
            return self._answers.first(person, lang, Surface.MODAL)
        return self._answers.card(self._answers.at(place, lang), person, Surface.MODAL)

    def check_before_post(self, person: Person, lang: Lang, *, on_message: bool) -> Checked:
        """Return the first card of “Check before I post”; a message it was called on is let go."""
        reply = self._answers.at(WALK, lang)
        if on_message:
            reply = reply.with_trouble(Trouble.ABOUT_A_MESSAGE)
        return self._answers.card(reply, person, Surface.MODAL)

    def _form(self, press: Press, reply: Reply, person: Person, surface: Surface) -> Checked:
        if press.do == "trail":
            return self._answers.trail(reply, person, surface)
        number = press.do.partition(":")[2]
        piece = int(number) if number.isdecimal() and len(number) == 1 else 1
        return self._answers.copy(reply, person, surface, max(piece, 1))

    def _stepped(self, press: Press, opened: Step | Spot, person: Person) -> tuple[Reply, int]:
        """Return the reply to a press and its page."""
        reply, number, chosen = self._answers.stepped(press.do, opened, press.fields)
        if chosen is not None:
            self._people.remember(person, chosen)  # their next card is in it
        return reply, number

    async def _send(self, reply: Reply, person: Person, chat: Chat) -> str:
        """Send an answer to the person's chat; return the phrase that says what became of it."""
        card = self._answers.card(reply, person, Surface.MESSAGE)
        try:
            async with asyncio.timeout(_URGENT):
                own = await self._outbound.open_personal(chat, person.id)
                await self._outbound.send(own, card, self._answers.neutral(reply.lang))
        except (TransportError, TimeoutError):
            return "not_sent_here"
        return "sent_here"
