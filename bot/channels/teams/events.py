"""What happens when somebody writes to Cairn in Teams, names it in a channel, or installs it?

Teams sends a message again when it was not answered in time, so each is looked up by its id first.
Cairn answers the person only, in their own chat; a channel gets nothing but the way to it.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Final

from bot.channels.memory import Memory
from bot.channels.seen import Seen, is_new
from bot.channels.teams.answers import PLATFORM, TeamsAnswers
from bot.channels.teams.came import Came, came_of
from bot.channels.teams.decode import Person, Press, is_id, is_personal, press_of, typed_of
from bot.channels.teams.departures import departure_of
from bot.channels.teams.limits import Checked
from bot.channels.teams.mentions import Mentions
from bot.channels.teams.menu import Menu
from bot.channels.teams.outbound import Outbound
from bot.channels.teams.people import People
from bot.channels.teams.presses import Presses, Shown
from bot.channels.teams.retries import Retries
from bot.channels.teams.transport import BlockedError, Chat, TooLargeError, TransportError
from bot.channels.typed import Typed, goes_on, shortened, typed_reply
from bot.conversation import Reply
from bot.guidance.pages import HOME
from bot.guidance.screen import Trouble
from bot.guidance.words import Lang
from bot.pins.port import Left
from bot.privacy import OWN
from bot.seal import Spot, Surface
from bot.tasks import Tasks

Body = Mapping[str, Any]
_ADDED: Final = frozenset({"add", "add-upgrade"})
_CRISIS: Final = ("crisis",)
"""The line of words of danger: it has its turn whatever else waits."""

_NEEDED: Final = ("type", "id", "timestamp", "conversation", "replyToId")
"""What is kept of an activity while it waits for its turn."""


@dataclass(frozen=True, slots=True)
class Card:
    """The last card of a chat: the capsule that it carries, and the id of its message."""

    capsule: str
    id: str


class Events:
    """Answers what people write, and what Teams tells of by itself."""

    def __init__(
        self,
        answers: TeamsAnswers,
        people: People,
        outbound: Outbound,
        tasks: Tasks,
        *,
        presses: Presses,
        mentions: Mentions,
        menu: Menu,
        seen: Seen,
        on_left: Left,
        clock: Callable[[], float],
    ) -> None:
        """Take the parts of the channel, what tells whether an activity is new, and a clock.

        ``on_left`` is told where Cairn was removed.
        """
        self._answers = answers
        self._people = people
        self._outbound = outbound
        self._tasks = tasks
        self._presses = presses
        self._mentions = mentions
        self._menu = menu
        self._seen = seen
        self._on_left = on_left
        self._cards: Memory[Card] = Memory(clock)
        self._retries = Retries(clock)

    def take(self, activity: Body) -> bool:
        """Have an activity answered, in its turn; return false when there is too much to do."""
        work: Callable[[], Awaitable[None]]
        if (left := departure_of(activity)) is not None:
            work = partial(self._on_left, PLATFORM, left.tenant, left.channel)
            return self._tasks.spawn((PLATFORM, left.tenant, left.channel), work)
        came = came_of(activity, self._people)
        if came is None or self._retries.is_one(came):
            return True
        # What waits keeps what it needs, and not the activity: many could wait.
        came = replace(came, activity=_needed(activity))
        line: tuple[str, ...] = ()
        match activity["type"]:
            case "message" if isinstance(activity.get("value"), dict):
                press = press_of(activity["value"])
                _, line = self._kept(Typed(press.fields.typed))
                work = partial(self._submitted, came, press)
            case "message" if is_personal(activity):
                typed, line = self._kept(typed_of(activity))
                work = partial(self._written, came, typed)
            case "message":
                typed, line = self._kept(typed_of(activity))
                work = partial(self._mentions.answer, came, typed)
                if not line:
                    line = ("mention", came.chat.id)
                    if self._tasks.is_busy((*came.person.key, *line)):
                        return True  # the way to their chat is on its way to them
            case "messageUpdate" if is_personal(activity) and _is_edit(activity):
                typed, line = self._kept(typed_of(activity, edited=True))
                work = partial(self._written, came, typed)
            case "installationUpdate" if is_personal(activity):
                if activity.get("action") not in _ADDED:
                    return True
                work = partial(self._welcome, came)
            case _:
                return True
        key, once = (*came.person.key, *line), partial(self._once, came, work)
        urgent = line == _CRISIS
        # What goes beyond what one person has waiting is dropped: Teams would show them an error
        # or send it again; who is in danger has the same card on its way to them.
        return self._tasks.spawn(key, once, urgent=urgent) or urgent or not self._tasks.is_full

    def _kept(self, typed: Typed) -> tuple[Typed, tuple[str, ...]]:
        """Return what to keep of words, and their line: in danger nothing else is waited for."""
        if self._answers.is_crisis(typed.text):
            return typed, _CRISIS
        return shortened(typed), ()

    def not_answered(self, activity: Body) -> None:
        """Note that Teams got no answer in time, so that it will send the activity once more."""
        if (came := came_of(activity, self._people)) is not None:
            self._retries.expect(came)

    def remember(self, came: Came, capsule: str, activity_id: str) -> None:
        """Remember the card of a chat, so that what is typed next is read from there."""
        self._cards.keep((*came.person.key, came.chat.id), Card(capsule, activity_id))

    def stands_at(self, came: Came, capsule: str) -> bool:
        """Tell whether a card is still the last one of its chat."""
        card = self._cards.recall((*came.person.key, came.chat.id))
        return card is not None and card.capsule == capsule

    def sweep(self) -> None:
        """Drop what is older than half an hour."""
        self._cards.sweep()
        self._retries.sweep()

    async def _once(self, came: Came, work: Callable[[], Awaitable[None]]) -> None:
        event = came.activity.get("id")
        # A press may be answered twice, so it leaves no row.
        pressed = isinstance(came.activity.get("value"), dict)
        if isinstance(event, str) and not pressed and not await self._is_new(came, event):
            return
        try:
            await work()
        except BlockedError:
            return  # they removed or blocked Cairn, and want to hear nothing

    async def _is_new(self, came: Came, event: str) -> bool:
        name = f"{came.chat.id} {event}"
        if came.activity["type"] == "messageUpdate":
            # It has the id of the message that was changed, and that may be changed again.
            name = f"{name} {came.activity.get('timestamp')}"
        return await is_new(self._seen, PLATFORM, came.person.tenant, name)

    # -- the personal chat

    async def _welcome(self, came: Came) -> None:
        """Show the first screen to somebody who has just got Cairn."""
        card = self._answers.first(came.person, came.lang, Surface.MESSAGE)
        await self._outbound.send(came.chat, card, self._answers.neutral(came.lang or "en"))

    async def _written(self, came: Came, typed: Typed) -> None:
        person = came.person
        card = self._cards.recall((*person.key, came.chat.id))
        lang = came.lang or self._answers.language(typed.text, "en")
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
        await self._put(came, self._shown(reply, came.person), card.id if card else None)

    def _shown(self, reply: Reply, person: Person) -> Shown:
        card = self._answers.card(reply, person, Surface.MESSAGE)
        return Shown(card, reply.lang)

    async def _put(self, came: Came, shown: Shown, card: str | None) -> None:
        """Put what is shown in place of a card, or below everything where that cannot be."""
        summary = self._answers.neutral(shown.lang)
        if card is not None and await self._replaced(came.chat, card, shown.card, summary):
            self.remember(came, shown.capsule, card)
            return
        try:
            activity_id = await self._outbound.send(came.chat, shown.card, summary)
        except TooLargeError:
            logging.getLogger(OWN).error("Teams says that a card is too large")  # noqa: TRY400
            home = self._answers.at(HOME, shown.lang).with_trouble(Trouble.NOT_SHOWN)
            shown = self._shown(home, came.person)
            activity_id = await self._outbound.send(came.chat, shown.card, summary)
        self.remember(came, shown.capsule, activity_id)

    async def _replaced(self, chat: Chat, activity_id: str, card: Checked, summary: str) -> bool:
        try:
            await self._outbound.update(chat, activity_id, card, summary)
        except TransportError:
            return False  # it was deleted, or cannot be changed any more
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
        await self._put(came, shown, card if is_id(card) else None)


def _needed(activity: Body) -> Body:
    needed = {name: activity[name] for name in _NEEDED if name in activity}
    # That there is one says that it was a press.
    return {**needed, "value": {}} if isinstance(activity.get("value"), dict) else needed


def _is_edit(activity: Body) -> bool:
    data = activity.get("channelData")
    return isinstance(data, dict) and data.get("eventType") == "editMessage"
