"""How does a move become something that Teams shows? Reply, capsule and page, within limits."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final

from bot.channels.answers import Answers
from bot.channels.steps import Step
from bot.channels.teams import surfaces
from bot.channels.teams.decode import Person
from bot.channels.teams.elements import Element
from bot.channels.teams.limits import Checked, TooLargeError, checked
from bot.channels.teams.menu import Pinning
from bot.channels.teams.pen import page_of
from bot.conversation import Reply
from bot.guidance.pages import HOME
from bot.guidance.screen import Trouble
from bot.guidance.words import LANGS, Lang
from bot.privacy import OWN
from bot.seal import Bearer, Spot, Surface

PLATFORM: Final = "teams"
_Shown = Callable[[Reply, str], Element]


class TeamsAnswers(Answers):
    """Puts replies of the conversation into cards, each with its capsule."""

    def open(self, capsule: object, person: Person, surface: Surface, lang: Lang) -> Step | Spot:
        """Return the spot in a capsule, or the step of a friendly restart in ``lang``."""
        return self.opened(capsule, _bearer(person, surface), lang)

    # -- each of the forms

    def card(self, reply: Reply, person: Person, surface: Surface, number: int = 1) -> Checked:
        """Return a page of the reply as a card."""

        def build(reply: Reply, capsule: str) -> Element:
            return surfaces.card(reply, page_of(reply, number, len(capsule)), capsule, surface)

        return self._shown(reply, person, surface, build)

    def trail(self, reply: Reply, person: Person, surface: Surface) -> Checked:
        """Return the form that asks which choice to change."""
        return self._shown(reply, person, surface, lambda r, c: surfaces.trail_form(r, c, surface))

    def copy(
        self,
        reply: Reply,
        person: Person,
        surface: Surface,
        number: int = 1,
        *,
        sent: str | None = None,
    ) -> Checked:
        """Return an answer as a field to copy from."""
        return self._shown(
            reply,
            person,
            surface,
            lambda r, c: surfaces.copy_form(r, c, surface, number, sent),
        )

    def first(self, person: Person, lang: Lang | None, surface: Surface) -> Checked:
        """Return the first screen; in both languages where the person's is not known."""
        if lang is not None:
            return self.card(self.at(HOME, lang), person, surface)
        replies = self.both()
        return self._shown(
            replies[0], person, surface, lambda _, c: surfaces.first_card(replies, c, surface)
        )

    def channel_card(self, lang: Lang | None, chat: str, place: str, *, alone: bool) -> Checked:
        """Return what a mention in a channel or a group is answered with."""
        replies = self._homes(lang, alone=alone)
        return checked(surfaces.channel_card(replies, chat, place, alone=alone))

    def pin_card(self, lang: Lang | None, pinning: Pinning, *, alone: bool) -> Checked:
        """Return what a mention with a command about pins is answered with."""
        return checked(surfaces.pin_card(self._homes(lang, alone=alone), pinning))

    def refusal(self) -> Checked:
        """Return what people from elsewhere are told."""
        return checked(surfaces.refusal(self.both()))

    def neutral(self, lang: Lang) -> str:
        """Return what a notification says."""
        return self.guidance.phrases["neutral_text"][lang]

    def _homes(self, lang: Lang | None, *, alone: bool) -> Sequence[Reply]:
        """Return the first screen in each language that those who see it may read."""
        known = LANGS if lang is None or not alone else (lang,)
        ordered: Sequence[Lang] = sorted(known, key=lambda one: one != lang)
        return [self.at(HOME, one) for one in ordered]

    def _shown(self, reply: Reply, person: Person, surface: Surface, build: _Shown) -> Checked:
        """Return what ``build`` makes of the reply; the first screen where that is too large."""
        bearer = _bearer(person, surface)
        capsule = self.locked(reply, bearer)
        try:
            return checked(build(reply, capsule), capsule)
        except TooLargeError as error:
            logging.getLogger(OWN).error("a screen does not fit: %s", error)  # noqa: TRY400
        home = replace(self.at(HOME, reply.lang).with_trouble(Trouble.NOT_SHOWN), notices=())
        capsule = self.locked(home, bearer)
        card = surfaces.card(home, page_of(home, 1, len(capsule)), capsule, surface)
        return checked(card, capsule)


def _bearer(person: Person, surface: Surface) -> Bearer:
    return Bearer(PLATFORM, person.tenant, person.user, surface)
