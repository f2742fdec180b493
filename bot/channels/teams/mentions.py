"""What happens when somebody names Cairn in a channel or a group? It shows the way to their chat.

With a command about pins it shows the way to the dialogs of those.
What they wrote is read for signs of danger only.
"""

from __future__ import annotations

import asyncio
from typing import Final

from bot.channels.teams.answers import TeamsAnswers
from bot.channels.teams.came import Came
from bot.channels.teams.limits import Checked
from bot.channels.teams.menu import Menu
from bot.channels.teams.outbound import Outbound
from bot.channels.teams.surfaces import chat_link
from bot.channels.teams.transport import TransportError
from bot.channels.typed import Typed
from bot.guidance.pages import HOME
from bot.seal import Surface

_ROSTER: Final = 3.0
"""Seconds that an answer waits to be told from where somebody is."""

_DANGER: Final = 10.0
"""Seconds after which somebody in danger is answered where they wrote, not in their own chat."""


class Mentions:
    """Answers those who name Cairn where others read along."""

    def __init__(
        self,
        answers: TeamsAnswers,
        outbound: Outbound,
        menu: Menu,
        *,
        tenants: frozenset[str],
        targeted: bool,
    ) -> None:
        """Take the parts of the channel.

        ``tenants`` are those that are served, ``targeted`` says that they have messages which
        one person of a channel sees.
        """
        self._answers = answers
        self._outbound = outbound
        self._menu = menu
        self._tenants = tenants
        self._targeted = targeted

    async def answer(self, came: Came, typed: Typed) -> None:
        """Show the way to the personal chat; before that, in danger, who helps now."""
        if self._answers.is_crisis(typed.text) and not await self._helped_alone(came, typed):
            return
        if await self._is_outside(came):
            await self._outbound.send(came.chat, self._answers.refusal(), self._summary(came))
            return
        only_for = came.person.id if self._targeted else None
        if (asked := self._menu.pinning(typed.text)) is not None:
            lang = came.lang or (asked[1] if self._targeted else None)
            card = self._answers.pin_card(lang, asked[0], alone=self._targeted)
        else:
            chosen = self._menu.place(typed.text, came.lang)
            card = self.card(came, chosen[0] if chosen is not None else HOME)
        try:
            await self._outbound.send(came.chat, card, self._summary(came), only_for=only_for)
        except TransportError:
            # Cairn is not in that channel any more; their own chat is.
            own = await self._outbound.open_personal(came.chat, came.person.id)
            first = self._answers.first(came.person, came.lang, Surface.MESSAGE)
            await self._outbound.send(own, first, self._summary(came))

    def card(self, came: Came, place: str = HOME) -> Checked:
        """Return the way to the personal chat; ``place`` is where its dialog begins."""
        address = chat_link(came.chat.bot)
        return self._answers.channel_card(came.lang, address, place, alone=self._targeted)

    def _summary(self, came: Came) -> str:
        return self._answers.neutral(came.lang or "en")

    async def _helped_alone(self, came: Came, typed: Typed) -> bool:
        """Show who helps now in their own chat; where that cannot be, there, and return false."""
        lang = came.lang or self._answers.language(typed.text, "en")
        crisis = self._answers.at("crisis", lang)
        card = self._answers.card(crisis, came.person, Surface.MESSAGE)
        summary = crisis.phrase("neutral_text")
        try:
            async with asyncio.timeout(_DANGER):
                own = await self._outbound.open_personal(came.chat, came.person.id)
                await self._outbound.send(own, card, summary)
        except (TransportError, TimeoutError):
            await self._helped_there(came, card, summary)
            return False
        return True

    async def _helped_there(self, came: Came, card: Checked, summary: str) -> None:
        """Show who helps now where they wrote: no other way is left, and all could read it.

        Whoever else is there sees the card only where Teams cannot show it to one person.
        """
        try:
            only_for = came.person.id if self._targeted else None
            await self._outbound.send(came.chat, card, summary, only_for=only_for)
        except TransportError:
            if not self._targeted:
                raise
            await self._outbound.send(came.chat, card, summary)

    async def _is_outside(self, came: Came) -> bool:
        """Tell whether somebody belongs to a tenant that is not served, as in a shared channel."""
        try:
            async with asyncio.timeout(_ROSTER):
                member = await self._outbound.member(came.chat, came.person.id)
        except (TransportError, TimeoutError):
            return False  # what they get says nothing that is not public
        return bool(self._tenants and member.tenant and member.tenant.lower() not in self._tenants)
