"""What happens when somebody writes to Cairn in Teams, names it in a channel, or installs it?

Teams sends a message again when it was not answered in time, so each is looked up by its id first.
Cairn answers the person only, in their own chat; a channel gets nothing but the way to it.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Final, Protocol
from urllib.parse import quote

from bot.channels.memory import Memory
from bot.channels.teams.answers import PLATFORM, TeamsAnswers
from bot.channels.teams.decode import (
    Person,
    Press,
    chat_of,
    is_personal,
    person_of,
    press_of,
    typed_of,
)
from bot.channels.teams.limits import Checked
from bot.channels.teams.menu import Menu
from bot.channels.teams.outbound import Outbound
from bot.channels.teams.people import People
from bot.channels.teams.presses import Presses
from bot.channels.teams.transport import Chat, GoneError, TransportError
from bot.channels.typed import Typed, goes_on, typed_reply
from bot.conversation import Reply
from bot.guidance import understand
from bot.guidance.pages import HOME
from bot.guidance.words import Lang
from bot.privacy import OWN
from bot.seal import Spot, Surface
from bot.tasks import Tasks

Body = Mapping[str, Any]
_STORE: Final = 2.0
"""Seconds that an answer waits for the store."""

_CHAT: Final = "https://teams.microsoft.com/l/chat/0/0?users="
_ADDED: Final = frozenset({"add", "add-upgrade"})


class Seen(Protocol):
    """Tells whether an event comes for the first time; the store does."""

    async def first_time(self, platform: str, tenant: str, event: str) -> bool:
        """Return true exactly once for an event of a tenant."""
        ...


@dataclass(frozen=True, slots=True)
class Card:
    """The last card of a chat: the capsule that it carries, and the id of its message."""

    capsule: str
    id: str


@dataclass(frozen=True, slots=True)
class Came:
    """An activity, from whom, and where it is answered."""

    activity: Body
    person: Person
    chat: Chat
    lang: Lang | None


class Events:
    """Answers what people write, and what Teams tells of by itself."""

    def __init__(
        self,
        answers: TeamsAnswers,
        people: People,
        outbound: Outbound,
        tasks: Tasks,
        presses: Presses,
        *,
        seen: Seen,
        tenants: frozenset[str],
        targeted: bool,
        clock: Callable[[], float],
    ) -> None:
        """Take the parts of the channel, and what tells whether an activity is new.

        ``tenants`` are those that are served, ``targeted`` says that they have messages which
        one person of a channel sees.
        """
        self._answers = answers
        self._people = people
        self._outbound = outbound
        self._tasks = tasks
        self._presses = presses
        self._seen = seen
        self._tenants = tenants
        self._targeted = targeted
        self._cards: Memory[Card] = Memory(clock)
        self._menu = Menu(answers.guidance)

    def take(self, activity: Body) -> bool:
        """Have an activity answered, in its turn; return false when there is too much to do."""
        came = came_of(activity, self._people)
        if came is None:
            return True
        work: Callable[[], Awaitable[None]]
        line = ""
        match activity["type"]:
            case "message" if isinstance(activity.get("value"), dict):
                work = partial(self._submitted, came, press_of(activity["value"]))
            case "message" if is_personal(activity):
                typed = typed_of(activity)
                work = partial(self._written, came, typed)
                # In danger nothing that was asked before is waited for.
                line = "crisis" if self._answers.is_crisis(typed.text) else ""
            case "message":
                work, line = partial(self._mentioned, came, typed_of(activity)), "mention"
            case "messageUpdate" if is_personal(activity) and _is_edit(activity):
                work = partial(self._written, came, typed_of(activity, edited=True))
            case "installationUpdate" if is_personal(activity):
                if activity.get("action") not in _ADDED:
                    return True
                work = partial(self._welcome, came)
            case _:
                return True
        key = (*came.person.key, line) if line else came.person.key
        return self._tasks.spawn(key, partial(self._once, came, work))

    def remember(self, came: Came, capsule: str, activity_id: str) -> None:
        """Remember the card of a chat, so that what is typed next is read from there."""
        self._cards.keep((*came.person.key, came.chat.id), Card(capsule, activity_id))

    def sweep(self) -> None:
        """Drop what is older than half an hour."""
        self._cards.sweep()

    async def _once(self, came: Came, work: Callable[[], Awaitable[None]]) -> None:
        event = came.activity.get("id")
        edited = came.activity["type"] == "messageUpdate"
        if isinstance(event, str) and not edited:
            # A press may be answered twice, so it leaves no row.
            pressed = isinstance(came.activity.get("value"), dict)
            if not pressed and not await self._is_new(came, event):
                return
        await work()

    async def _is_new(self, came: Came, event: str) -> bool:
        try:
            async with asyncio.timeout(_STORE):
                name = f"{came.chat.id} {event}"
                return await self._seen.first_time(PLATFORM, came.person.tenant, name)
        except Exception as error:  # noqa: BLE001 guidance goes on while the database does not
            logging.getLogger(OWN).error(  # noqa: TRY400 the text may hold content
                "the store does not answer: %s", type(error).__name__
            )
            return True

    # -- the personal chat

    async def _welcome(self, came: Came) -> None:
        """Show the first screen to somebody who has just got Cairn."""
        card = self._answers.first(came.person, came.lang, Surface.MESSAGE)
        await self._outbound.send(came.chat, card, self._answers.neutral(came.lang or "en"))

    async def _written(self, came: Came, typed: Typed) -> None:
        person = came.person
        card = self._cards.recall((*person.key, came.chat.id))
        lang = came.lang or understand.language(typed.text[: understand.MAX_TYPED], "en")
        spot = self._spot(card, person, lang)
        if (chosen := self._menu.place(typed.text, came.lang)) is not None:
            await self._show(came, self._answers.at(*chosen), None)
            return
        reply = typed_reply(self._answers, spot, typed, lang)
        if reply.lang != (spot.lang if spot is not None else lang):
            self._people.remember(person, reply.lang)
        await self._show(came, reply, card if goes_on(spot, reply) else None)

    def _spot(self, card: Card | None, person: Person, lang: Lang) -> Spot | None:
        if card is None:
            return None
        opened = self._answers.open(card.capsule, person, Surface.MESSAGE, lang)
        return opened if isinstance(opened, Spot) else None

    async def _show(self, came: Came, reply: Reply, card: Card | None) -> None:
        """Change the card in place, or show a new one below what was written."""
        shown = self._answers.card(reply, came.person, Surface.MESSAGE)
        capsule, summary = self._answers.capsule(reply, came.person), reply.phrase("neutral_text")
        if card is not None and await self._replaced(came.chat, card.id, shown, summary):
            self.remember(came, capsule, card.id)
            return
        activity_id = await self._outbound.send(came.chat, shown, summary)
        self.remember(came, capsule, activity_id)

    async def _replaced(self, chat: Chat, activity_id: str, card: Checked, summary: str) -> bool:
        try:
            await self._outbound.update(chat, activity_id, card, summary)
        except GoneError:
            return False  # it was deleted
        return True

    async def _submitted(self, came: Came, press: Press) -> None:
        """Answer a press of a client that knows only to submit, by changing the card."""
        if not is_personal(came.activity):
            return
        lang = press.lang or came.lang or "en"
        card = came.activity.get("replyToId")
        known = self._cards.recall((*came.person.key, came.chat.id))
        if press.capsule is None and known is not None and known.id == card:
            press = replace(press, capsule=known.capsule)
        shown = self._presses.in_chat(press, came.person, lang)
        summary = self._answers.neutral(shown.lang)
        if isinstance(card, str) and await self._replaced(came.chat, card, shown.card, summary):
            self.remember(came, shown.capsule, card)
            return
        activity_id = await self._outbound.send(came.chat, shown.card, summary)
        self.remember(came, shown.capsule, activity_id)

    # -- a channel or a group

    async def _mentioned(self, came: Came, typed: Typed) -> None:
        """Show the way to the personal chat; what they wrote is read for signs of danger only."""
        if await self._is_outside(came):
            await self._outbound.send(came.chat, self._answers.refusal(), self._summary(came))
            return
        if self._answers.is_crisis(typed.text) and await self._in_danger(came, typed):
            return
        chosen = self._menu.place(typed.text, came.lang)
        card = self.channel_card(came, chosen[0] if chosen is not None else HOME)
        only_for = came.person.id if self._targeted else None
        try:
            await self._outbound.send(came.chat, card, self._summary(came), only_for=only_for)
        except TransportError:
            # Cairn is not in that channel any more; their own chat is.
            own = await self._outbound.open_personal(came.chat, came.person.id)
            first = self._answers.first(came.person, came.lang, Surface.MESSAGE)
            await self._outbound.send(own, first, self._summary(came))

    def channel_card(self, came: Came, place: str = HOME) -> Checked:
        """Return the way to the personal chat, for a channel or a group.

        ``place`` is where its dialog begins.
        """
        address = f"{_CHAT}{quote(came.chat.bot, safe='')}"
        return self._answers.channel_card(came.lang, address, place, alone=self._targeted)

    def _summary(self, came: Came) -> str:
        return self._answers.neutral(came.lang or "en")

    async def _in_danger(self, came: Came, typed: Typed) -> bool:
        """Show who helps now, in their own chat; return false where there is none."""
        lang = came.lang or understand.language(typed.text[: understand.MAX_TYPED], "en")
        crisis = self._answers.at("crisis", lang)
        card = self._answers.card(crisis, came.person, Surface.MESSAGE)
        summary = crisis.phrase("neutral_text")
        try:
            own = await self._outbound.open_personal(came.chat, came.person.id)
            await self._outbound.send(own, card, summary)
        except TransportError:
            # There is no other way left, and they wrote it where all could read it.
            only_for = came.person.id if self._targeted else None
            await self._outbound.send(came.chat, card, summary, only_for=only_for)
            return True
        return False

    async def _is_outside(self, came: Came) -> bool:
        """Tell whether somebody belongs to a tenant that is not served, as in a shared channel."""
        try:
            member = await self._outbound.member(came.chat, came.person.id)
        except TransportError:
            return False  # what they get says nothing that is not public
        return bool(self._tenants and member.tenant and member.tenant not in self._tenants)


def came_of(activity: Body, people: People) -> Came | None:
    """Return from whom an activity comes and where it is answered; nothing where it is not said."""
    person = person_of(activity)
    chat = chat_of(activity, person) if person is not None else None
    if person is None or chat is None or person.id == chat.bot:
        return None
    return Came(activity, person, chat, people.tongue(person, activity))


def _is_edit(activity: Body) -> bool:
    data = activity.get("channelData")
    return isinstance(data, dict) and data.get("eventType") == "editMessage"
