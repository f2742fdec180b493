"""The fake Slack: one object that holds the workspaces and serves them over real HTTP."""

from __future__ import annotations

import copy
import itertools
from datetime import datetime
from types import TracebackType
from typing import Self

from aiohttp.test_utils import TestServer

from tests.slack import limits, payloads, schemas
from tests.slack.api import ApiError
from tests.slack.delivery import Delivering
from tests.slack.faults import Faults, Pace
from tests.slack.person import Person
from tests.slack.server import Server, new_response
from tests.slack.socket_mode import SocketMode
from tests.slack.state import (
    Call,
    Channel,
    Clock,
    Json,
    Message,
    ResponseUrl,
    Trigger,
    User,
    View,
    Workspace,
)

SCOPES = {"app_mentions:read", "channels:read", "chat:write", "commands", "groups:read",
          "im:history", "im:write", "pins:write", "users:read"}  # fmt: skip
TRIGGER_SECONDS = 3.0
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"


class FakeSlack(Delivering):
    """`async with FakeSlack() as fake:`; the package's docstring shows the rest."""

    def __init__(
        self,
        *,
        stands_at: datetime | None = None,
        scopes: set[str] | None = None,
        rates: bool = True,
        secret: str = "the-signing-secret-of-the-fake",
        deadline: float = 3.0,
    ) -> None:
        schemas.definitions()
        super().__init__(secret, deadline)
        self.clock = Clock(stands_at)
        self.pace = Pace(self.clock, on=rates)
        self.faults = Faults()
        self.calls: list[Call] = []
        self.violations: list[str] = []
        self.app_id = "A0CAIRN"
        self.app_token = "xapp-1-A0CAIRN-1-fake"
        self.page = 1000
        """Members on one page at most, however many were asked for: Slack may give fewer."""
        self.numbers = itertools.count(1)
        self.workspaces: dict[str, Workspace] = {}
        self.views: dict[str, View] = {}
        self.stacks: dict[str, list[View]] = {}
        """The open modals of each person, the lowest first."""
        self.triggers: dict[str, Trigger] = {}
        self.response_urls: dict[str, ResponseUrl] = {}
        self.echoes: list[tuple[Workspace, User, Json]] = []
        """Events about the bot's own messages in direct conversations; `echo` delivers them."""
        self.socket = SocketMode(self)
        self.workspace = self.add_workspace("T0CAIRN", "ministry", scopes)
        self._server: TestServer | None = None

    async def __aenter__(self) -> Self:
        application = Server(self).application
        application.router.add_get("/link", self.socket.serve)
        self._server = TestServer(application)
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
        await self.socket.close()
        await self.stop_sending()
        assert self._server is not None
        await self._server.close()

    # ---- addresses

    @property
    def url(self) -> str:
        assert self._server is not None
        return str(self._server.make_url("/"))

    @property
    def api_url(self) -> str:
        """For `CAIRN_SLACK_API_URL`, and for `base_url` of slack_sdk."""
        return f"{self.url}api/"

    @property
    def bot_token(self) -> str:
        return self.workspace.bot_token

    # ---- who and where

    def add_workspace(self, team: str, domain: str, scopes: set[str] | None = None) -> Workspace:
        bot = User(f"U{team[1:]}BOT", "cairn", team, "Cairn", is_bot=True)
        token = f"xoxb-{team}-fake"
        workspace = Workspace(team, domain, bot, f"B{team[1:]}", token, set(scopes or SCOPES))
        workspace.users[bot.id] = bot
        self.workspaces[team] = workspace
        return workspace

    def person(self, name: str, *, workspace: Workspace | None = None, **about: object) -> Person:
        """Somebody in a workspace; `about`: fields of `User`, as locale, is_restricted, team."""
        at = workspace or self.workspace
        about.setdefault("team", at.id)
        about.setdefault("id", self._new_id("U", name))
        user = User(name=name, **about)  # type: ignore[arg-type]
        at.users[user.id] = user
        self.stacks[user.id] = []
        return Person(self, at, user)

    def channel(
        self,
        name: str,
        *members: Person,
        bot: bool = True,
        workspace: Workspace | None = None,
        is_private: bool = False,
        is_ext_shared: bool = False,
    ) -> Channel:
        """A channel with its members, the bot among them unless told otherwise."""
        at = workspace or self.workspace
        channel = Channel(self._new_id("C", name), name, at.id)
        channel.is_private, channel.is_ext_shared = is_private, is_ext_shared
        channel.members = {m.user.id for m in members} | ({at.bot.id} if bot else set())
        at.channels[channel.id] = channel
        return channel

    def _new_id(self, kind: str, name: str) -> str:
        letters = "".join(letter for letter in name.upper() if letter in _LETTERS)
        return f"{kind}{next(self.numbers):05}{letters}"

    def open_dm(self, at: Workspace, user: User) -> Channel:
        channel = Channel(f"D{next(self.numbers):05}", user.name, at.id, {user.id, at.bot.id})
        channel.is_im = True
        at.channels[channel.id] = channel
        return channel

    def workspace_of(self, user: User) -> Workspace:
        return next(w for w in self.workspaces.values() if user.id in w.users)

    def stamp(self) -> str:
        """The `ts` of something new; no two are the same, even while the clock stands."""
        return f"{int(self.clock.time())}.{next(self.numbers):06}"

    # ---- messages

    def put(
        self,
        channel: Channel,
        user: User,
        text: str,
        blocks: list[Json] | None = None,
        thread_ts: str | None = None,
        only_for: str | None = None,
    ) -> Message:
        message = Message(channel, self.stamp(), user.id, text)
        message.thread_ts, message.only_for = thread_ts, only_for
        message.by_app = user.is_bot
        message.show(blocks or [], self.numbers)
        message.history.append(payloads.shown(message))
        channel.messages[message.ts] = message
        self._echo(message, None)
        return message

    def change(self, message: Message, text: str, blocks: list[Json] | None) -> None:
        """Blocks that are not given stay."""
        before = payloads.shown(message)
        message.text = text
        message.edited += 1
        if blocks is not None:
            message.show(blocks, self.numbers)
        message.history.append(payloads.shown(message))
        self._echo(message, before)

    def remove(self, message: Message) -> None:
        message.deleted = True
        if message.ts in message.channel.pins:
            message.channel.pins.remove(message.ts)

    def notice(self, channel: Channel, text: str) -> None:
        """A line of Slack's own in a channel."""
        at = self.workspaces[channel.team]
        self.put(channel, at.bot, text).is_notice = True

    def archive(self, channel: Channel) -> None:
        """Archive a channel, out of which Slack takes the bot."""
        channel.is_archived = True
        channel.members.discard(self.workspaces[channel.team].bot.id)

    def _echo(self, message: Message, before: Json | None) -> None:
        channel = message.channel
        if not channel.is_im or not message.by_app or message.only_for:
            return
        at = self.workspaces[channel.team]
        user = at.users[next(iter(channel.members - {at.bot.id}))]
        made = payloads.Made(self.app_id, at, user, message.ts, "")
        event = payloads.bot_message(made, message)
        if before is not None:
            event = payloads.message_changed(made, message, event | before, self.stamp())
        self.echoes.append((at, user, event))

    # ---- views

    def new_view(self, user: User, kind: str) -> View:
        view = View(f"V{next(self.numbers):06}", user, kind)
        self.views[view.id] = view
        return view

    def fill_view(self, view: View, payload: Json) -> None:
        view.payload = copy.deepcopy(payload)
        view.updates += 1
        view.hash = f"{int(self.clock.time())}.{next(self.numbers):08x}"
        view.show(payload["blocks"], self.numbers)

    def open_view(self, user: User, payload: Json) -> View:
        """A new modal; what was open before is gone."""
        for old in self.stacks[user.id]:
            old.open = False
        self.stacks[user.id] = []
        return self.push_view(user, payload)

    def push_view(self, user: User, payload: Json) -> View:
        view = self.new_view(user, "modal")
        stack = self.stacks[user.id]
        if stack:
            view.root, view.previous = stack[0], stack[-1]
        self.fill_view(view, payload)
        stack.append(view)
        return view

    def shown_view(self, at: Workspace, view: View) -> Json:
        return payloads.view_output(payloads.Made(self.app_id, at, view.user, "0", ""), view)

    # ---- triggers and response_urls

    def trigger(self, user: User, view: View | None = None) -> Trigger:
        number = next(self.numbers)
        trigger = Trigger(
            f"{number}.{number * 7}.{number:032x}", user, self.clock.monotonic(), view
        )
        self.triggers[trigger.id] = trigger
        return trigger

    def exchange(self, at: Workspace, trigger_id: str) -> Trigger:
        """Use a trigger up: it lives three seconds, and once."""
        trigger = self.triggers.get(trigger_id)
        if trigger is None or trigger.user.id not in at.users:
            raise ApiError("invalid_trigger_id")
        if trigger.used:
            raise ApiError("exchanged_trigger_id")
        if self.clock.monotonic() - trigger.at > TRIGGER_SECONDS:
            raise ApiError("expired_trigger_id")
        trigger.used = True
        return trigger

    def response_url(self, user: User, channel: Channel, original: Message | None = None) -> str:
        token = f"{user.team}-{next(self.numbers):08x}"
        at = self.clock.monotonic()
        self.response_urls[token] = ResponseUrl(token, user, channel, original, at)
        return f"{self.url}response/{token}"

    def take_response(self, url: ResponseUrl, args: Json, where: str) -> None:
        """What is posted to a `response_url`, or answered to a command."""
        known = {"text", "blocks", "attachments", "response_type", "replace_original",
                 "delete_original", "thread_ts", "unfurl_links", "unfurl_media", "mrkdwn",
                 "metadata"}  # fmt: skip
        if set(args) - known:
            self.violate(f"{where}: unknown arguments {sorted(set(args) - known)}")
        if args.get("response_type") not in (None, "ephemeral", "in_channel"):
            self.violate(f"{where}: response_type {args['response_type']!r}")
        for name in ("replace_original", "delete_original"):
            if not isinstance(args.get(name, False), bool):
                self.violate(f"{where}: {name} must be true or false")
        original = url.original
        if args.get("delete_original"):
            if original is None or not original.by_app:
                raise ApiError("cant_delete_message")
            return self.remove(original)
        self.check_message(args, where)
        if args.get("replace_original") and original is not None and original.by_app:
            return self.change(original, args.get("text", ""), args.get("blocks") or [])
        return new_response(self, url, args)

    # ---- what may be sent

    def violate(self, sentence: str) -> None:
        self.violations.append(sentence)

    def check_message(self, args: Json, where: str, sent: Json | None = None) -> None:
        """Refuse what Slack refuses, and note everything that it or we would rather not see."""
        shape = {k: v for k, v in args.items() if k in ("text", "blocks", "metadata")}
        wrong = schemas.problems("MessagePayload", shape)
        if wrong:
            self.violations += [f"{where}: {sentence}" for sentence in wrong]
            raise ApiError("invalid_blocks", *wrong)
        found = limits.message(sent if sent is not None else args, where)
        self.violations += [f"{where}: {sentence}" for sentence in found.sentences()]
        if found.refused:
            raise ApiError(found.error, *found.refused)

    def check_view(self, view: object, where: str, kind: str) -> None:
        if not isinstance(view, dict):
            raise ApiError("invalid_arguments", "must be an object [json-pointer:/view]")
        if view.get("type") != kind:
            wrong = [f"a view of type {kind!r} is needed here [json-pointer:/type]"]
        else:
            name = "ModalPayload" if kind == "modal" else "HomePayload"
            wrong = schemas.problems(name, view)
        if wrong:
            wrong = [sentence.replace("json-pointer:", "json-pointer:/view") for sentence in wrong]
            self.violations += [f"{where}: {sentence}" for sentence in wrong]
            raise ApiError("invalid_arguments", *wrong)
        found = limits.view(view)
        self.violations += [f"{where}: {sentence}" for sentence in found.sentences()]
        if found.refused:
            raise ApiError(found.error, *found.refused)
