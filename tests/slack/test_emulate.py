"""A second opinion: do we answer as another fake of Slack, made by other people, does?"""

from __future__ import annotations

import asyncio
import json
import socket
import subprocess
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import pytest
from aiohttp import ClientSession

from tests.slack import schemas
from tests.slack.fake import FakeSlack
from tests.slack.samples import NAV, home, modal, section
from tests.slack.state import Json

EMULATE = schemas.MODULES / "emulate" / "dist" / "api.js"


@pytest.fixture(scope="module")
def emulate() -> Iterator[str]:
    """The address of npm's `emulate`, started on a free port of this machine alone."""
    if schemas.NODE is None or not EMULATE.exists():
        pytest.skip(f"needs emulate from npm: {schemas.HOW}")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    script = Path(__file__).parent / "emulate.mjs"
    with subprocess.Popen(
        [schemas.NODE, str(script), str(port)], stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        yield f"http://127.0.0.1:{port}/api/"
        process.terminate()


async def ask(http: ClientSession, url: str, token: str, method: str, args: Json) -> Json:
    """Send as a form, with JSON inside where it must be: both fakes take that for every method."""
    form = {k: v if isinstance(v, str) else json.dumps(v) for k, v in args.items()}
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    async with http.post(f"{url}{method}", data=form, headers=headers) as response:
        answer: Json = await response.json()
        return answer


class Walk:
    """The same calls in the same order, to whichever fake it is given; `seen` keeps the answers."""

    def __init__(self, http: ClientSession, url: str, token: str, narrow: str) -> None:
        self._http, self._url = http, url
        self._token, self._narrow = token, narrow
        self.seen: dict[str, Json] = {}

    async def call(self, name: str, method: str, token: str | None = None, **args: object) -> Json:
        given = self._token if token is None else token
        self.seen[name] = await ask(self._http, self._url, given, method, args)
        return self.seen[name]

    async def run(
        self, bob: str, team: str, outside: str, trigger: Callable[[str], Awaitable[str]]
    ) -> dict[str, Json]:
        call = self.call
        await call("auth", "auth.test")
        await call("auth without a token", "auth.test", token="")
        await call("scope", "chat.postMessage", token=self._narrow, channel=team, text="a")
        await call("user", "users.info", user=bob)
        await call("no user", "users.info", user="U0")

        dm = (await call("open", "conversations.open", users=bob))["channel"]["id"]
        await call("open again", "conversations.open", users=bob)
        await call("open nobody", "conversations.open", users="")
        await call("open a stranger", "conversations.open", users="U0")
        await call("channel", "conversations.info", channel=team)
        await call("members", "conversations.members", channel=team)
        await call("no channel", "conversations.info", channel="C0")

        blocks = [section("a block"), NAV]
        post = "chat.postMessage"
        ts = (await call("post", post, channel=team, text="a", blocks=blocks))["ts"]
        await call("post to a conversation", post, channel=dm, text="a")
        await call("post to a person", post, channel=bob, text="a")
        await call("post nowhere", post, channel="C0", text="a")
        await call("post nothing", post, channel=outside)
        whisper = "chat.postEphemeral"
        await call("whisper", whisper, channel=team, user=bob, text="a")
        await call("whisper to nobody there", whisper, channel=outside, user=bob, text="a")
        await call("change", "chat.update", channel=team, ts=ts, text="b", blocks=blocks)
        await call("change nothing", "chat.update", channel=team, ts="1.000001", text="b")

        await call("pin", "pins.add", channel=team, timestamp=ts)
        await call("pin again", "pins.add", channel=team, timestamp=ts)
        await call("pin what is not there", "pins.add", channel=team, timestamp="1.000001")
        await call("pin nothing", "pins.add", channel=team)
        await call("pins", "pins.list", channel=team)
        await call("address", "chat.getPermalink", channel=team, message_ts=ts)
        await call("no address", "chat.getPermalink", channel=team, message_ts="1.000001")
        await call("unpin", "pins.remove", channel=team, timestamp=ts)
        await call("unpin again", "pins.remove", channel=team, timestamp=ts)
        await call("remove", "chat.delete", channel=team, ts=ts)
        await call("remove again", "chat.delete", channel=team, ts=ts)

        front = home(section("a"), NAV)
        await call("publish", "views.publish", user_id=bob, view=front)
        await call("publish over", "views.publish", user_id=bob, view=front, hash="old")
        view, token = modal(section("a"), NAV), await trigger("")
        opened = await call("show", "views.open", trigger_id=token, view=view)
        await call("show twice", "views.open", trigger_id=token, view=view)
        await call("show without a trigger", "views.open", trigger_id="1.2.3", view=view)
        known = opened["view"]["id"]
        await call("refill", "views.update", view_id=known, view=view, hash=opened["view"]["hash"])
        await call("refill over", "views.update", view_id=known, view=view, hash="old")
        await call("refill nothing", "views.update", view_id="V0", view=view)
        await call("push", "views.push", trigger_id=await trigger(known), view=view)
        return self.seen


NEEDED: dict[str, str] = {
    # what the program may lean on, in the answers that are good
    "auth": "url team user team_id user_id",
    "user": "user.id user.team_id user.name user.deleted user.is_bot user.is_admin user.profile",
    "open": "channel.id",
    "open again": "channel.id already_open no_op",
    "channel": "channel.id channel.name channel.is_private channel.is_member channel.is_archived",
    "members": "members response_metadata.next_cursor",
    "post": "channel ts message.type message.text message.user message.ts message.blocks",
    "post to a conversation": "channel ts message.text",
    "post to a person": "channel ts message.text",
    "whisper": "message_ts",
    "change": "channel ts text message.text message.blocks",
    "pin": "",
    "pins": "items",
    "address": "channel permalink",
    "unpin": "",
    "remove": "channel ts",
    **dict.fromkeys(
        ("publish", "show", "refill", "push"),
        "view.id view.team_id view.type view.blocks view.state.values view.hash view.callback_id "
        "view.private_metadata view.root_view_id view.previous_view_id view.app_id view.bot_id",
    ),
}
WRONG = {
    "auth without a token": "not_authed",
    "scope": "missing_scope",
    "no user": "user_not_found",
    "open nobody": "users_list_not_supplied",
    "open a stranger": "user_not_found",
    "no channel": "channel_not_found",
    "post nowhere": "channel_not_found",
    "post nothing": "no_text",
    "whisper to nobody there": "user_not_in_channel",
    "change nothing": "message_not_found",
    "pin again": "already_pinned",
    "pin what is not there": "message_not_found",
    "pin nothing": "no_item_specified",
    "no address": "message_not_found",
    "unpin again": "no_pin",
    "remove again": "message_not_found",
    "publish over": "hash_conflict",
    "show twice": "exchanged_trigger_id",
    "show without a trigger": "invalid_trigger_id",
    "refill over": "hash_conflict",
    "refill nothing": "not_found",
}


async def walk_ours() -> dict[str, Json]:
    scopes = {"chat:write", "users:read", "im:write", "channels:read", "pins:read", "pins:write"}
    async with ClientSession() as http, FakeSlack(scopes=scopes, rates=False) as fake:
        narrow = fake.add_workspace("T0NARROW", "narrow", {"commands"})
        bob = fake.person("bob")
        team, outside = fake.channel("team", bob), fake.channel("outside")

        async def trigger(view_id: str) -> str:
            return fake.trigger(bob.user, fake.views.get(view_id)).id

        walk = Walk(http, fake.api_url, fake.bot_token, narrow.bot_token)
        return await walk.run(bob.id, team.id, outside.id, trigger)


async def walk_theirs(url: str) -> dict[str, Json]:
    async with ClientSession() as http:

        async def get(method: str, **args: object) -> Json:
            return await ask(http, url, "xoxb-contract", method, args)

        async def trigger(view_id: str) -> str:
            args = {"view_id": view_id} if view_id else {}
            return str((await get("views.generateTriggerId", **args))["trigger_id"])

        users = {user["name"]: user["id"] for user in (await get("users.list"))["members"]}
        channels = {c["name"]: c["id"] for c in (await get("conversations.list"))["channels"]}
        walk = Walk(http, url, "xoxb-contract", "xoxb-narrow")
        return await walk.run(users["bob"], channels["team"], channels["general"], trigger)


@pytest.fixture(scope="module")
def answers(emulate: str) -> tuple[dict[str, Json], dict[str, Json]]:
    return asyncio.run(walk_ours()), asyncio.run(walk_theirs(emulate))


@pytest.mark.xdist_group("emulate")
@pytest.mark.parametrize("name", [*NEEDED, *WRONG])
def test_two_fakes_of_slack_agree(answers: tuple[dict[str, Json], dict[str, Json]], name: str):
    ours, theirs = answers[0][name], answers[1][name]
    assert (ours["ok"], ours.get("error")) == (theirs["ok"], theirs.get("error"))
    assert ours.get("error") == WRONG.get(name)
    for path in NEEDED.get(name, "").split():
        mine, other = ours, theirs
        for part in path.split("."):
            mine, other = mine[part], other[part]
        if mine is not None and other is not None:
            assert type(mine) is type(other), path


@pytest.mark.xdist_group("emulate")
def test_the_two_fakes_were_asked_the_same(answers: tuple[dict[str, Json], dict[str, Json]]):
    assert set(answers[0]) == set(answers[1]) == {*NEEDED, *WRONG}
    needed = {"ok", "error", "needed", "provided"}
    assert all(set(answers[which]["scope"]) >= needed for which in (0, 1))
