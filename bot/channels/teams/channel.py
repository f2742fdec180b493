"""How is the Teams channel put together, served and shut down?"""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from typing import Any, Final

from aiohttp import web

from bot.channels.requests import RefusedError
from bot.channels.seen import Seen
from bot.channels.speed import PERSON_BURST, PERSON_RATE, Speed
from bot.channels.teams.answers import TeamsAnswers
from bot.channels.teams.board import TeamsBoard
from bot.channels.teams.came import Came, came_of
from bot.channels.teams.decode import (
    Press,
    fields_of,
    is_id,
    is_personal,
    person_of,
    press_of,
    team_of,
    typed_of,
)
from bot.channels.teams.desk import TeamsDesk
from bot.channels.teams.elements import attachment
from bot.channels.teams.events import Events
from bot.channels.teams.graph import Graph
from bot.channels.teams.ingress import Door
from bot.channels.teams.limits import Checked
from bot.channels.teams.mentions import Mentions
from bot.channels.teams.menu import Menu
from bot.channels.teams.outbound import Outbound
from bot.channels.teams.people import People
from bot.channels.teams.presses import Presses, Shown
from bot.channels.teams.roster import BOT
from bot.channels.teams.surfaces import TITLE
from bot.channels.teams.transport import Transport
from bot.channels.teams.visits import Visits
from bot.conversation import Conversation
from bot.forms import Counter, is_of_a_form
from bot.pins.port import Left
from bot.privacy import OWN, where_of
from bot.seal import Seal, Surface
from bot.tasks import Tasks, Work

PATH: Final = "/api/messages"
DRAIN: Final = 10.0
"""Seconds that work which has begun may take at shutdown."""

_LATE: Final = 10.0
"""Seconds after which Teams may have given up waiting, and sends a message once more."""

_SWEEP: Final = 60.0
_CARD: Final = "application/vnd.microsoft.card.adaptive"
_NO_STORE: Final = {"Cache-Control": "no-store"}

Body = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class TeamsSettings:
    """What the operator set for Teams: whose people are served, and by which hosts.

    ``targeted`` says that the tenant has messages which one person of a channel sees, ``app_id``
    who we are; without it we are on this machine only.
    """

    tenants: frozenset[str]
    hosts: frozenset[str]
    targeted: bool
    app_id: str | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """What a request is answered with; ``after`` is what goes on when the answer is out."""

    status: int
    body: str = ""
    after: Callable[[], None] | None = None


class TeamsChannel:
    """Teams: takes activities by HTTP, and answers them."""

    def __init__(
        self,
        settings: TeamsSettings,
        conversation: Conversation,
        seal: Seal,
        seen: Seen,
        transport: Transport,
        *,
        graph: Graph | None = None,
        clock: Callable[[], float] = time.monotonic,
        slowed: Callable[[], None] | None = None,
    ) -> None:
        """Take the parts, and a monotonic clock in seconds.

        Without ``graph`` nothing is pinned in chats. ``slowed`` is called when somebody asks
        faster than a person can.
        """
        self._clock = clock
        self._speed = Speed(clock, burst=PERSON_BURST, rate=PERSON_RATE)
        self._slowed = slowed
        self.tasks = Tasks()
        self._settling: dict[tuple[str, ...], Work] = {}
        self.outbound = Outbound(transport, clock)
        self.people = People(clock)
        self._answers = TeamsAnswers(conversation, seal)
        self._presses = Presses(self._answers, self.people, self.outbound)
        menu = Menu(conversation.guidance)
        conversation.follow(menu.follow)
        self._mentions = Mentions(
            self._answers,
            self.outbound,
            menu,
            tenants=settings.tenants,
            targeted=settings.targeted,
        )
        self._events = Events(
            self._answers,
            self.people,
            self.outbound,
            self.tasks,
            presses=self._presses,
            mentions=self._mentions,
            menu=menu,
            seen=seen,
            on_left=self._left,
            clock=clock,
        )
        bot = f"{BOT}{settings.app_id}" if settings.app_id else ""
        self.platform = TeamsDesk(self.outbound, bot)
        self.board = TeamsBoard(self.outbound, bot, graph, clock)
        self.on_left: Left = _nobody_asks
        self._visits = Visits(self._answers, self.outbound)
        self._door = Door(transport, settings.tenants, settings.hosts)
        self._invokes: Mapping[str, Callable[[Came], Awaitable[Answer]]] = {
            "adaptiveCard/action": self._pressed,
            "task/fetch": self._dialog,
            "task/submit": self._dialog_pressed,
            "composeExtension/fetchTask": self._extension,
            "composeExtension/submitAction": self._dialog_pressed,
        }

    def serve(self, kind: str, counter: Counter) -> None:
        """Have presses that begin with ``kind`` answered by a counter."""
        self._visits.serve(kind, counter)

    async def post(self, request: web.Request) -> web.StreamResponse:
        """Answer a request by HTTP."""
        since = self._clock()
        try:
            activity = await self._door.read(
                request.headers, request.content, request.content_length
            )
        except RefusedError as refused:
            # What was not read of the request is not wanted: the connection ends here.
            return web.Response(status=refused.status, headers={"Connection": "close"})
        answer = await self.answer(activity)
        kind = "application/json" if answer.body else "text/plain"
        response = web.Response(
            status=answer.status, text=answer.body, content_type=kind, headers=_NO_STORE
        )
        in_time = False
        try:
            await response.prepare(request)
            await response.write_eof()
            in_time = self._clock() - since < _LATE
            if answer.after is not None:
                # The answer to the press must be there before the card is changed in the chat.
                answer.after()
        except ConnectionError:
            return response  # nobody is there any more
        finally:
            if not in_time and answer.status == HTTPStatus.OK:
                self._events.not_answered(activity)
        return response

    async def answer(self, activity: Body) -> Answer:
        """Answer an activity that may come in."""
        person = person_of(activity)
        hasty = person is not None and not self._speed.allows(*person.key)
        if hasty and not self._answers.is_crisis(_typed(activity)):
            # Teams asks them to try again.
            if self._slowed is not None:
                self._slowed()
            return Answer(429)
        try:
            if activity["type"] == "invoke":
                return await self._invoked(activity)
            return Answer(200 if self._events.take(activity) else 503)
        except Exception as error:  # noqa: BLE001 the last line of defence
            logging.getLogger(OWN).error(  # noqa: TRY400 a traceback may hold content
                "%s in %s", type(error).__name__, where_of(error)
            )
            return Answer(500)

    async def _invoked(self, activity: Body) -> Answer:
        came = came_of(activity, self.people)
        answer = self._invokes.get(str(activity.get("name")))
        if answer is None:
            return Answer(501)
        return await answer(came) if came is not None else Answer(400)

    async def _pressed(self, came: Came) -> Answer:
        """Answer a press with the card that takes the place of the one that was pressed."""
        if not is_personal(came.activity):
            return _in_place(self._mentions.card(came))
        action = _dict(_dict(came.activity, "value"), "action")
        press = press_of(action.get("data"), action.get("verb"))
        shown = self._presses.in_chat(press, came.person, press.lang or came.lang or "en")
        card = came.activity.get("replyToId")
        after = partial(self._stays, came, shown, card) if is_id(card) else None
        return _in_place(shown.card, after)

    def _stays(self, came: Came, shown: Shown, card: str) -> None:
        """Remember what a press led to, now that the person sees it, and keep it in the chat."""
        self._events.remember(came, shown.capsule, card)
        since, summary = self._clock(), self._answers.neutral(shown.lang)

        async def settle() -> None:
            if self._events.stands_at(came, shown.capsule):  # else they have already gone on
                await self.outbound.settle(came.chat, card, shown.card, summary, since)

        name = (*came.person.key, came.chat.id)
        waits = name in self._settling
        self._settling[name] = settle  # of those that wait only the last one still stands
        if waits:
            return

        async def settle_last() -> None:
            await self._settling.pop(name)()

        if not self.tasks.spawn(came.person.key, settle_last):
            del self._settling[name]

    async def _dialog(self, came: Came) -> Answer:
        press = press_of(_dict(came.activity, "value").get("data"))
        if (card := await self._at_a_counter(came, press, Surface.MESSAGE)) is not None:
            return _in_dialog(card)
        return _in_dialog(self._presses.dialog_for(press, came.person, press.lang or came.lang))

    async def _dialog_pressed(self, came: Came) -> Answer:
        press = press_of(_dict(came.activity, "value").get("data"))
        if (card := await self._at_a_counter(came, press, Surface.MODAL)) is not None:
            return _in_dialog(card)
        lang = press.lang or came.lang or "en"
        return _in_dialog(await self._presses.in_dialog(press, came.person, lang, came.chat))

    async def _at_a_counter(self, came: Came, press: Press, surface: Surface) -> Checked | None:
        """Return what a press of a form leads to; nothing where it is none, or none is served."""
        if not is_of_a_form(press.do):
            return None
        if (team := team_of(came.activity)) is not None:
            self.board.met(came.chat.id.partition(";")[0], team)
        return await self._visits.answer(came, press.lang, surface)

    async def _extension(self, came: Came) -> Answer:
        on_message = _dict(came.activity, "value").get("commandContext") == "message"
        card = self._presses.check_before_post(
            came.person, came.lang or "en", on_message=on_message
        )
        return _in_dialog(card)

    async def _left(self, platform: str, tenant: str, channel: str | None) -> None:
        """Tell that Cairn was removed to whoever asks for it by now."""
        await self.on_left(platform, tenant, channel)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Serve until the block ends; what has begun by then is finished."""
        sweeping = asyncio.create_task(self._sweep())
        try:
            yield
        finally:
            sweeping.cancel()
            await asyncio.gather(sweeping, return_exceptions=True)
            if not await self.tasks.drain(DRAIN):
                logging.getLogger(OWN).error("some answers to Teams were not finished in time")

    async def _sweep(self) -> None:
        while True:
            await asyncio.sleep(_SWEEP)
            self.sweep()

    def sweep(self) -> None:
        """Drop from memory what is not needed any more."""
        for part in (self._events, self.people, self.outbound, self.board):
            part.sweep()


async def _nobody_asks(_platform: str, _tenant: str, _channel: str | None) -> None:
    """Do nothing: no pins are kept."""


def _typed(activity: Body) -> str:
    """Return what somebody typed: in a message, or in the field of a card."""
    value = _dict(activity, "value")
    held = (value, _dict(value, "data"), _dict(_dict(value, "action"), "data"))
    return typed_of(activity).text or " ".join(fields_of(one).typed for one in held)


def _in_place(card: Checked, after: Callable[[], None] | None = None) -> Answer:
    """Return the answer that puts a card in place of the one that was pressed."""
    return Answer(200, f'{{"statusCode":200,"type":"{_CARD}","value":{card.text}}}', after)


def _in_dialog(card: Checked) -> Answer:
    """Return the answer that shows a card in a dialog; it never reaches the compose box."""
    value = {"title": TITLE, "height": "large", "width": "medium", "card": attachment(card)}
    body = {"task": {"type": "continue", "value": value}}
    return Answer(200, json.dumps(body, ensure_ascii=False))


def _dict(body: Body, name: str) -> Body:
    found = body.get(name)
    return found if isinstance(found, dict) else {}


CHANNEL: Final = web.AppKey("teams", TeamsChannel)
"""Where an application keeps its channel while it runs."""
