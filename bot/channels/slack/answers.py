"""How does a move become something that Slack shows? Reply, capsule and page, within limits."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

from bot.channels.answers import Answers
from bot.channels.slack import surfaces
from bot.channels.slack.decode import Person
from bot.channels.slack.limits import Checked, TooLargeError, checked_message, checked_view
from bot.channels.slack.pen import page_of
from bot.channels.steps import Step
from bot.conversation import Reply
from bot.guidance.pages import HOME
from bot.guidance.screen import Trouble
from bot.guidance.words import Lang
from bot.privacy import OWN
from bot.seal import Bearer, Spot, Surface

PLATFORM: Final = "slack"
Payload = dict[str, Any]
Shown = Callable[[Reply, str], Payload]


class SlackAnswers(Answers):
    """Puts replies of the conversation into the forms of Slack, each with its capsule."""

    def open(self, capsule: object, person: Person, surface: Surface, lang: Lang) -> Step | Spot:
        """Return the spot in a capsule, or the step of a friendly restart in ``lang``."""
        return self.opened(capsule, _bearer(person, surface), lang)

    def capsule(self, reply: Reply, person: Person, surface: Surface) -> str:
        """Return where the reply leaves the person, locked for them and for the surface."""
        return self.locked(reply, _bearer(person, surface))

    # -- each of the forms

    def modal(self, reply: Reply, person: Person, number: int = 1) -> Checked:
        """Return a page of the reply as a modal."""
        page = page_of(reply, number)
        return self._shown(reply, person, Surface.MODAL, lambda r, c: surfaces.modal(r, page, c))

    def message(self, reply: Reply, person: Person, number: int = 1) -> Checked:
        """Return a page of the reply as a message."""
        page = page_of(reply, number)
        return self._shown(
            reply, person, Surface.MESSAGE, lambda r, c: surfaces.message(r, page, c)
        )

    def posted(self, reply: Reply, person: Person) -> Checked:
        """Return the first page of the reply as a new message."""
        page = page_of(reply, 1)
        return self._shown(reply, person, Surface.MESSAGE, lambda r, c: surfaces.posted(r, page, c))

    def trail(self, reply: Reply, person: Person, surface: Surface) -> Checked:
        """Return the form that asks which choice to change."""
        modal = surface is Surface.MODAL
        build = surfaces.trail_modal if modal else surfaces.trail_message
        return self._shown(reply, person, surface, build)

    def copy(self, reply: Reply, person: Person, *, sent: str | None = None) -> Checked:
        """Return an answer as fields to copy from."""
        return self._shown(
            reply, person, Surface.MODAL, lambda r, c: surfaces.copy_modal(r, c, sent)
        )

    def home(self, reply: Reply, person: Person) -> Checked:
        """Return the Home tab."""
        return self._shown(reply, person, Surface.HOME, surfaces.home_tab)

    def first(self, person: Person, surface: Surface) -> Checked:
        """Return the first screen for somebody whose language is not known yet."""
        replies = self.both()
        build = surfaces.first_modal if surface is Surface.MODAL else surfaces.first_message
        return self._shown(replies[0], person, surface, lambda _, c: build(replies, c))

    def channel_reply(self, reply: Reply, link: str) -> Checked:
        """Return what a mention in a channel is answered with."""
        return checked_message(surfaces.channel_reply(reply, link))

    def refusal(self) -> Checked:
        """Return what people from elsewhere are told."""
        return checked_message(surfaces.refusal(self.both()))

    def _shown(self, reply: Reply, person: Person, surface: Surface, build: Shown) -> Checked:
        """Return what ``build`` makes of the reply; the first screen where that is too large."""
        checked = checked_message if surface is Surface.MESSAGE else checked_view
        try:
            return checked(build(reply, self.capsule(reply, person, surface)))
        except TooLargeError as error:
            logging.getLogger(OWN).error("a screen does not fit: %s", error)  # noqa: TRY400
        home = self.at(HOME, reply.lang).with_trouble(Trouble.NOT_SHOWN)
        capsule = self.capsule(home, person, surface)
        bare = replace(home, notices=())
        if surface is Surface.HOME:
            return checked(surfaces.home_tab(bare, capsule))
        plain = surfaces.modal if surface is Surface.MODAL else surfaces.message
        return checked(plain(bare, page_of(bare, 1), capsule))


def _bearer(person: Person, surface: Surface) -> Bearer:
    return Bearer(PLATFORM, person.tenant, person.user, surface)
