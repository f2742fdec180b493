"""How is the Slack channel put together, served and shut down?"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Final

import aiohttp
from aiohttp import web

from bot.channels.requests import Body, RefusedError
from bot.channels.seen import Seen
from bot.channels.sessions import hosts_of, new_session
from bot.channels.slack.answers import SlackAnswers
from bot.channels.slack.board import SlackBoard
from bot.channels.slack.cards import Cards
from bot.channels.slack.client import SlackSettings, client_of
from bot.channels.slack.decode import fields_of, person_of, plain_words, workspace_of
from bot.channels.slack.desk import SlackDesk
from bot.channels.slack.directory import Directory
from bot.channels.slack.errors import TOKEN
from bot.channels.slack.events import Events
from bot.channels.slack.form_presses import FormPresses
from bot.channels.slack.ingress import Door, Incoming
from bot.channels.slack.outbound import Outbound
from bot.channels.slack.people import People
from bot.channels.slack.presses import Presses
from bot.channels.slack.router import Answer, Router
from bot.channels.slack.sockets import SocketMode
from bot.channels.slack.windows import Windows
from bot.channels.speed import PERSON_BURST, PERSON_RATE, Speed
from bot.conversation import Conversation
from bot.forms import Counter
from bot.pins.port import Left
from bot.privacy import OWN, where_of
from bot.seal import Seal
from bot.tasks import Tasks

PATH: Final = "/slack/events"
DRAIN: Final = 10.0
"""Seconds that work which has begun may take at shutdown."""

_SWEEP: Final = 60.0


class SlackChannel:
    """Slack: takes requests by HTTP, by Socket Mode or both, and answers them."""

    def __init__(
        self,
        settings: SlackSettings,
        conversation: Conversation,
        seal: Seal,
        seen: Seen,
        session: aiohttp.ClientSession,
        *,
        clock: Callable[[], datetime],
        failed: Callable[[str], None] | None = None,
        slowed: Callable[[], None] | None = None,
    ) -> None:
        """Take the parts, the shared session, and a clock of aware times.

        ``failed`` is told the code of each call that Slack did not do; ``slowed`` is called when
        somebody asks faster than a person can.
        """
        client = client_of(settings, session)
        self.tasks = Tasks()
        self._speed = Speed(time.monotonic, burst=PERSON_BURST, rate=PERSON_RATE)
        self._slowed = slowed
        self._told_of = failed
        self.outbound = Outbound(client, session, time.monotonic, failed=self._failed)
        self.people = People(settings.workspaces, self.outbound, time.monotonic)
        answers = SlackAnswers(conversation, seal)
        self._answers = answers
        self._cards = Cards(time.monotonic)
        events = Events(
            answers,
            self.people,
            self.outbound,
            self.tasks,
            self._cards,
            seen=seen,
            on_left=self._left,
        )
        self._windows = Windows(self.outbound, time.monotonic)
        presses = Presses(
            answers, self.people, self.outbound, self.tasks, self._cards, windows=self._windows
        )
        self._directory = Directory(self.outbound, time.monotonic)
        self.platform = SlackDesk(self.outbound, self._directory)
        self.board = SlackBoard(self.outbound)
        self.on_left: Left = _nobody_asks
        self._forms = FormPresses(
            answers,
            self.people,
            self._directory,
            self.outbound,
            self.tasks,
            windows=self._windows,
            clock=time.monotonic,
        )
        self._router = Router(presses, self._forms, events)
        self._door = Door(settings.signing_secrets, clock)
        self._sockets = (
            SocketMode(
                settings.app_token,
                client,
                self.answer,
                session=lambda: new_session(settings.api_url, hosts_of(settings.api_url)),
            )
            if settings.app_token
            else None
        )

    def serve(self, kind: str, counter: Counter) -> None:
        """Have presses that begin with ``kind`` answered by a counter."""
        self._forms.serve(kind, counter)

    def _failed(self, code: str) -> None:
        """Take note of a call that Slack did not do, by its word for why."""
        if code in TOKEN:
            self.people.doubt_identity(removed=False)
        if self._told_of is not None:
            self._told_of(code)

    async def _left(self, platform: str, tenant: str, channel: str | None) -> None:
        await self.on_left(platform, tenant, channel)

    @property
    def is_ready(self) -> bool:
        """Whether Slack has accepted the token, and the socket is open if there is one."""
        connected = self._sockets is None or self._sockets.is_connected
        return self.people.identity is not None and connected

    async def answer(self, incoming: Incoming) -> Answer:
        """Answer a request that has come in, by whichever way."""
        served = self.people.serves(workspace_of(incoming.body))
        if incoming.body.get("type") != "url_verification" and not incoming.body.get("ssl_check"):
            if served is None and not _is_farewell(incoming.body):
                return Answer(503)
            if served is False:
                return Answer(403)
            person = person_of(incoming.body)
            # What Cairn itself posts comes back as events; that is nobody's haste.
            own = self.people.identity is not None and self.people.identity.user
            hasty = (
                person is not None and person.user != own and not self._speed.allows(*person.key)
            )
            if hasty and not self._answers.is_crisis(_typed(incoming.body)):
                # Slack asks them to try again, and sends an event again by itself.
                if self._slowed is not None:
                    self._slowed()
                return Answer(429)
        try:
            return await self._router.dispatch(incoming.body, incoming.age)
        except Exception as error:  # noqa: BLE001 the last line of defence
            logging.getLogger(OWN).error(  # noqa: TRY400 a traceback may hold content
                "%s in %s", type(error).__name__, where_of(error)
            )
            return Answer(500)

    async def post(self, request: web.Request) -> web.Response:
        """Answer a request by HTTP."""
        try:
            incoming = await self._door.read(
                request.headers, request.content, request.content_length
            )
        except RefusedError as refused:
            # What was not read of the request is not wanted: the connection ends here.
            return web.Response(status=refused.status, headers={"Connection": "close"})
        answer = await self.answer(incoming)
        kind = "application/json" if answer.body else "text/plain"
        return web.Response(
            status=answer.status, text=answer.body, content_type=kind, headers=_NO_STORE
        )

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Serve until the block ends; what has begun by then is finished."""
        background = [
            asyncio.create_task(self.people.keep_identity()),
            asyncio.create_task(self._sweep()),
        ]
        if self._sockets is not None:
            background.append(asyncio.create_task(self._sockets.run()))
        try:
            yield
        finally:
            for task in background:
                task.cancel()
            await asyncio.gather(*background, return_exceptions=True)
            if not await self.tasks.drain(DRAIN):
                logging.getLogger(OWN).error("some answers to Slack were not finished in time")

    async def _sweep(self) -> None:
        while True:
            await asyncio.sleep(_SWEEP)
            self.sweep()

    def sweep(self) -> None:
        """Drop from memory what is older than half an hour."""
        parts = (self._cards, self._windows, self._directory, self.people, self.outbound)
        for part in parts:
            part.sweep()


def _typed(body: Body) -> str:
    """Return what somebody typed: in a message, after a command, or in the field of a form."""
    event, form = body.get("event"), body.get("view") or body
    if isinstance(event, dict):
        changed = event.get("message")
        return plain_words((changed if isinstance(changed, dict) else event).get("text"))
    typed = fields_of(form.get("state")).typed if isinstance(form, dict) else ""
    return typed or plain_words(body.get("text"))


def _is_farewell(body: Body) -> bool:
    """Tell whether Slack says that the app was removed: by then no token tells who we were."""
    event = body.get("event")
    return isinstance(event, dict) and event.get("type") == "app_uninstalled"


async def _nobody_asks(_platform: str, _tenant: str, _channel: str | None) -> None:
    """Do nothing: there is nobody who wants to know where Cairn was removed."""


_NO_STORE: Final = {"Cache-Control": "no-store"}
CHANNEL: Final = web.AppKey("slack", SlackChannel)
"""Where an application keeps its channel while it runs."""
