"""The fake Teams: one object that holds people and chats and serves them over real HTTP."""

from __future__ import annotations

import base64
import hashlib
import itertools
import uuid
from datetime import datetime
from types import TracebackType
from typing import TYPE_CHECKING, Self

from aiohttp.test_utils import TestServer

from tests.slack.state import Clock
from tests.teams.delivery import Delivering
from tests.teams.faults import Faults, Pace
from tests.teams.person import Person
from tests.teams.server import Server
from tests.teams.state import Call, Chat, Json, Message, User

if TYPE_CHECKING:
    from tests.teams.login import Login

APP_ID = "4d1f7a52-90c6-4f0b-8c37-6b2f5e1d9a04"
TENANT = "8a6c0f3e-2b57-4d8e-9a41-c5d7e8f90b12"
OTHER_TENANT = "f27b9d40-6e13-4a5c-b8d2-071c3e5a6f98"


class FakeTeams(Delivering):
    """`async with FakeTeams() as fake:`; the package's docstring shows the rest."""

    def __init__(
        self,
        *,
        login: Login | None = None,
        stands_at: datetime | None = None,
        rates: bool = True,
        bearer: str = "",
    ) -> None:
        super().__init__()
        self.login = login
        """It signs each delivery, if there is one."""
        self.bearer = bearer
        """The token that every call of the program must carry; empty: none is asked for."""
        self.clock = Clock(stands_at)
        self.pace = Pace(self.clock, on=rates)
        self.faults = Faults()
        self.calls: list[Call] = []
        self.violations: list[str] = []
        self.inserted: list[Json] = []
        """What the message extension would put into somebody's compose box."""
        self.limited = 0
        """How often Teams said that it was too much."""
        self.tenant = login.tenant if login else TENANT
        self.bot = {"id": f"28:{login.app_id if login else APP_ID}", "name": "Cairn"}
        self.people: list[Person] = []
        self.chats: dict[str, Chat] = {}
        self._numbers = itertools.count(1)
        self._server: TestServer | None = None

    async def __aenter__(self) -> Self:
        self._server = TestServer(Server(self).application)
        await self._server.start_server(shutdown_timeout=0.2, access_log=None)
        await self.start_sending()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self.faults.closing.set()
        await self.stop_sending()
        assert self._server is not None
        await self._server.close()

    @property
    def service_url(self) -> str:
        """What activities carry as `serviceUrl`."""
        assert self._server is not None
        return str(self._server.make_url("/teams/"))

    # ---- who and where

    def person(
        self,
        name: str,
        *,
        locale: str = "en-CA",
        tenant: str = "",
        guest: bool = False,
        installed: bool = True,
    ) -> Person:
        """Somebody of the tenant, or of another (`OTHER_TENANT`); a guest has its id from ours.

        With `installed` they have the app already, and the program was told long ago.
        """
        key = _letters("user", name, tenant)
        aad = str(uuid.uuid5(uuid.NAMESPACE_OID, f"{tenant}/{name}"))
        user = User(f"29:1{key}", name, aad, tenant or self.tenant, locale, guest)
        person = Person(self, user)
        self.people.append(person)
        chat = Chat(f"a:1{_letters('chat', name, tenant)}", "personal", name, user.tenant)
        chat.members, chat.bot = {user.id: user}, installed
        self.chats[chat.id] = chat
        return person

    def personal(self, user: User) -> Chat:
        """The conversation of somebody with the bot."""
        for chat in self.chats.values():
            if chat.kind == "personal" and user.id in chat.members:
                return chat
        raise AssertionError(f"{user.name} is nobody here")

    def channel(
        self,
        name: str,
        *people: Person,
        bot: bool = True,
        team: Chat | None = None,
        sort: str = "standard",
    ) -> Chat:
        """A channel of a team with its members, the bot among them unless told otherwise.

        `team` is the first channel of the team; without it, it is a team of its own.
        """
        chat = self._chat(f"19:{_letters('channel', name)}@thread.tacv2", "channel", name, people)
        chat.bot, chat.sort = bot, sort
        chat.team = team.team if team else f"19:{_letters('team', name)}@thread.tacv2"
        return chat

    def team(self, name: str, *people: Person) -> Chat:
        """The first channel of a team, whose id is that of the team as well."""
        chat = self.channel(name, *people)
        chat.team = chat.id
        return chat

    def group(self, name: str, *people: Person, bot: bool = True) -> Chat:
        chat = self._chat(f"19:{_letters('group', name)}@thread.v2", "groupChat", name, people)
        chat.bot = bot
        return chat

    def _chat(self, chat_id: str, kind: str, name: str, people: tuple[Person, ...]) -> Chat:
        members = {person.id: person.user for person in people}
        self.chats[chat_id] = Chat(chat_id, kind, name, self.tenant, members)
        return self.chats[chat_id]

    # ---- messages

    def new_id(self) -> str:
        """Milliseconds since 1970, as Teams' ids; no two are the same."""
        return str(int(self.clock.time() * 1000) + next(self._numbers))

    def put(
        self,
        chat: Chat,
        sender: str,
        activity: Json,
        *,
        thread: str = "",
        only_for: str | None = None,
        made_id: str = "",
    ) -> Message:
        message = Message(made_id or self.new_id(), chat, sender, activity, thread, only_for)
        if chat.kind == "channel" and not thread:
            message.thread = message.id
        chat.all[message.id] = message
        return message

    def violate(self, sentence: str) -> None:
        self.violations.append(sentence)


def _letters(*of: str) -> str:
    digest = hashlib.sha256("/".join(of).encode()).digest()
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")
