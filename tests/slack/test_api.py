"""Does the Web API of the fake answer, refuse and slow down as Slack does?"""

from __future__ import annotations

import json

import pytest
from aiohttp import ClientSession
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from tests.slack import screen
from tests.slack.fake import FakeSlack
from tests.slack.person import Person
from tests.slack.program import call
from tests.slack.samples import (
    NAV,
    SAFE,
    long,
    many,
    section,
)
from tests.slack.state import Channel

# ---- the Web API


async def test_arguments_come_as_json_as_a_form_and_in_the_query(
    fake: FakeSlack, alice: Person, team: Channel, http: ClientSession
):
    bearer = {"Authorization": f"Bearer {fake.bot_token}"}
    args = {"channel": team.id, "user": alice.id, "text": "hello"}
    url = f"{fake.api_url}chat.postEphemeral"
    for sent in ({"json": args}, {"data": args}, {"params": args}):
        async with http.post(url, headers=bearer, **sent) as response:  # type: ignore[arg-type]
            assert (await response.json())["ok"]
    async with http.get(url, params={**args, "token": fake.bot_token}) as response:
        assert (await response.json())["ok"]
    blocks = json.dumps([section("in a form")])
    async with http.post(url, headers=bearer, data={**args, "blocks": blocks}) as response:
        assert (await response.json())["ok"]
    assert [c.how for c in fake.calls] == ["POST json", "POST form", "POST query", "GET query",
                                           "POST form"]  # fmt: skip
    assert [screen.text(m) for m in alice.ephemerals] == ["hello"] * 4 + ["in a form"]
    assert all(c.arguments["text"] == "hello" for c in fake.calls)
    assert fake.violations == []


@pytest.mark.parametrize(
    ("body", "kind", "error"),
    [
        (b"{", "application/json", "invalid_json"),
        (b"[]", "application/json", "json_not_object"),
        (b"<a/>", "application/xml", "invalid_post_type"),
        (b"channel=C1&blocks=[", "application/x-www-form-urlencoded", "invalid_blocks_format"),
    ],
)
async def test_a_body_of_no_known_form_is_refused(
    fake: FakeSlack, http: ClientSession, body: bytes, kind: str, error: str
):
    headers = {"Authorization": f"Bearer {fake.bot_token}", "Content-Type": kind}
    url = f"{fake.api_url}chat.postMessage"
    async with http.post(url, data=body, headers=headers) as response:
        assert await response.json() == {"ok": False, "error": error}


async def test_methods_that_take_no_json_do_not_look_at_it(
    fake: FakeSlack, alice: Person, team: Channel, slack: AsyncWebClient
):
    fake.workspace.scopes |= {"channels:read"}
    assert (await call(slack, "users.info", user=alice.id))["error"] == "user_not_found"
    for method in ("conversations.info", "conversations.members"):
        answer = await call(slack, method, channel=team.id)
        assert answer["error"] == "invalid_arguments"
        assert answer["response_metadata"]["messages"] == [
            "[ERROR] missing required field: channel"
        ]
    assert (await slack.users_info(user=alice.id)).data["user"]["id"] == alice.id
    assert (await slack.conversations_info(channel=team.id)).data["channel"]["name"] == "team"


async def test_tokens(fake: FakeSlack, slack: AsyncWebClient, http: ClientSession):
    me = (await slack.auth_test()).data
    assert (me["team_id"], me["user_id"], me["bot_id"]) == ("T0CAIRN", "U0CAIRNBOT", "B0CAIRN")
    async with http.post(f"{fake.api_url}auth.test") as response:
        assert await response.json() == {"ok": False, "error": "not_authed"}
    for token, method, error in (
        ("xoxb-other", "auth.test", "invalid_auth"),
        (fake.app_token, "auth.test", "not_allowed_token_type"),
        (fake.bot_token, "apps.connections.open", "not_allowed_token_type"),
    ):
        other = AsyncWebClient(token=token, base_url=fake.api_url, session=http)
        assert (await call(other, method))["error"] == error
    fake.workspace.revoked = True
    assert (await call(slack, "auth.test"))["error"] == "token_revoked"


async def test_scopes(http: ClientSession):
    async with FakeSlack(scopes={"commands", "chat:write"}) as fake:
        slack = AsyncWebClient(token=fake.bot_token, base_url=fake.api_url, session=http)
        alice = fake.person("alice")
        hidden = fake.channel("hidden", alice, is_private=True)
        for method, args, needed in (
            ("users.info", {"user": alice.id}, "users:read"),
            ("conversations.open", {"users": alice.id}, "im:write"),
            ("pins.add", {"channel": hidden.id}, "pins:write"),
        ):
            assert await call(slack, method, **args) == {
                "ok": False,
                "error": "missing_scope",
                "needed": needed,
                "provided": "chat:write,commands",
            }
        with pytest.raises(SlackApiError) as caught:
            await slack.conversations_members(channel=hidden.id)
        assert caught.value.response["needed"] == "groups:read"
        fake.workspace.scopes.add("groups:read")
        members = (await slack.conversations_members(channel=hidden.id, limit=1)).data
        assert members["members"] == [alice.id]
        rest = await slack.conversations_members(
            channel=hidden.id, limit=1, cursor=members["response_metadata"]["next_cursor"]
        )
        assert rest.data["members"] == [fake.workspace.bot.id]
        assert rest.data["response_metadata"]["next_cursor"] == ""


async def test_people(fake: FakeSlack, alice: Person, slack: AsyncWebClient):
    user = (await slack.users_info(user=alice.id)).data["user"]
    assert "locale" not in user
    user = (await slack.users_info(user=alice.id, include_locale=True)).data["user"]
    assert (user["locale"], user["is_restricted"], user["deleted"]) == ("fr-CA", False, False)
    guest = fake.person("guest", is_restricted=True, is_ultra_restricted=True)
    stranger = fake.person("stranger", is_stranger=True, team="T0OTHER")
    assert (await slack.users_info(user=guest.id)).data["user"]["is_ultra_restricted"]
    user = (await slack.users_info(user=stranger.id)).data["user"]
    assert (user["is_stranger"], user["team_id"]) == (True, "T0OTHER")
    with pytest.raises(SlackApiError, match="user_not_found"):
        await slack.users_info(user="U0NOBODY")


async def test_what_a_channel_says_of_itself(fake: FakeSlack, alice: Person, slack: AsyncWebClient):
    office = fake.channel("office", alice, is_private=True)

    async def said() -> dict[str, object]:
        channel = (await slack.conversations_info(channel=office.id)).data["channel"]
        return {name: channel[name] for name in sorted(channel) if name.startswith("is_")}

    before = await said()
    assert (before["is_private"], before["is_shared"], before["is_archived"]) == (
        True,
        False,
        False,
    )
    office.is_org_shared = True
    after = await said()
    assert {name for name in after if after[name] != before[name]} == {"is_org_shared", "is_shared"}
    office.is_org_shared, office.is_ext_shared = False, True
    after = await said()
    assert {name for name in after if after[name] != before[name]} == {"is_ext_shared", "is_shared"}
    office.is_ext_shared, office.is_pending_ext_shared = False, True
    after = await said()
    assert {name for name in after if after[name] != before[name]} == {"is_pending_ext_shared"}
    secret = fake.channel("secret", alice, is_private=True, bot=False)
    for method in ("conversations.info", "conversations.members"):
        with pytest.raises(SlackApiError, match="channel_not_found"):
            await slack.api_call(method, http_verb="GET", params={"channel": secret.id})


async def test_members_come_in_pages_that_may_be_shorter_than_asked_for(
    fake: FakeSlack, alice: Person, slack: AsyncWebClient
):
    office = fake.channel("office", alice, *map(fake.person, "bcd"), is_private=True)
    fake.page = 2
    found, cursor = [], None
    for _ in range(3):
        answer = await slack.conversations_members(channel=office.id, limit=200, cursor=cursor)
        found.append(answer.data["members"])
        cursor = answer.data["response_metadata"]["next_cursor"]
    assert [len(page) for page in found] == [2, 2, 1]
    assert {one for page in found for one in page} == office.members
    assert cursor == ""
    with pytest.raises(SlackApiError, match="invalid_limit"):
        await slack.conversations_members(channel=office.id, limit=1001)


async def test_conversations_with_one_person(fake: FakeSlack, alice: Person, slack: AsyncWebClient):
    gone = fake.person("gone", deleted=True)
    opened = (await slack.conversations_open(users=alice.id)).data
    assert opened["channel"]["id"].startswith("D")
    assert "already_open" not in opened
    again = (await slack.conversations_open(users=[alice.id], return_im=True)).data
    assert (again["already_open"], again["channel"]["user"]) == (True, alice.id)
    for users, error in (
        (gone.id, "user_disabled"),
        ("U0", "user_not_found"),
        (fake.workspace.bot.id, "cannot_dm_bot"),
        ("", "users_list_not_supplied"),
    ):
        assert (await call(slack, "conversations.open", users=users))["error"] == error
    posted = await slack.chat_postMessage(channel=alice.id, text="hello", **SAFE)
    assert posted.data["channel"] == opened["channel"]["id"] == alice.dm.id
    assert screen.text(alice.sees()[-1]) == "hello"
    error = (await call(slack, "chat.postMessage", channel=gone.id, text="a"))["error"]
    assert error == "channel_not_found"
    assert fake.violations == []


async def test_who_may_post_where(fake: FakeSlack, alice: Person, slack: AsyncWebClient):
    fake.pace.on = False
    outside = fake.channel("outside", alice, bot=False)
    secret = fake.channel("secret", alice, bot=False, is_private=True)
    old = fake.channel("old", alice)
    old.is_archived = True
    inside = fake.channel("inside")

    async def error(method: str, channel: str) -> str:
        args = {"user": alice.id} if method.endswith("Ephemeral") else SAFE
        answer = await call(slack, method, channel=channel, text="a", **args)
        return str(answer.get("error"))

    for channel, expected in (
        (outside.id, "not_in_channel"),
        (secret.id, "channel_not_found"),
        (old.id, "is_archived"),
        ("C0", "channel_not_found"),
        ("", "invalid_arguments"),
    ):
        assert await error("chat.postMessage", channel) == expected
    assert await error("chat.postEphemeral", outside.id) == "not_in_channel"
    assert await error("chat.postEphemeral", secret.id) == "channel_not_found"
    assert await error("chat.postEphemeral", inside.id) == "user_not_in_channel"
    fake.workspace.scopes.add("chat:write.public")
    assert await error("chat.postMessage", outside.id) == "None"
    assert await error("chat.postMessage", secret.id) == "channel_not_found"
    assert fake.violations == []


async def test_messages_are_changed_and_removed(
    fake: FakeSlack, alice: Person, team: Channel, slack: AsyncWebClient
):
    blocks = [section("one"), NAV]
    ts = (await slack.chat_postMessage(channel=team.id, text="a", blocks=blocks, **SAFE))["ts"]
    message = team.messages[ts]
    await slack.chat_update(channel=team.id, ts=ts, text="b", blocks=[section("two")])
    assert (screen.text(message), message.text, message.edited) == ("two", "b", 1)
    assert [version["text"] for version in message.history] == ["a", "b"]
    await call(slack, "chat.update", channel=team.id, ts=ts, text="c")
    assert screen.text(message) == "two", "blocks that are not given stay"
    assert fake.violations.pop() == (
        "chat.update: without blocks the old ones stay; say which are meant"
    )
    said = alice.say(team, "mine")
    whispered = await slack.chat_postEphemeral(channel=team.id, user=alice.id, text="psst")
    for method, at, error in (
        ("chat.update", said.ts, "cant_update_message"),
        ("chat.update", "1.1", "message_not_found"),
        ("chat.update", whispered["message_ts"], "message_not_found"),
        ("chat.delete", said.ts, "cant_delete_message"),
        ("chat.delete", whispered["message_ts"], "message_not_found"),
    ):
        assert (await call(slack, method, channel=team.id, ts=at, text="a"))["error"] == error
    fake.violations.clear()  # chat.delete takes no text
    await slack.chat_delete(channel=team.id, ts=ts)
    answer = await call(slack, "chat.update", channel=team.id, ts=ts, text="a", blocks=[])
    assert answer["error"] == "message_not_found"
    assert [m.text for m in team.shown()] == ["mine"]
    assert [m.text for m in alice.sees(team)] == ["mine", "psst"]
    alice.reload()
    assert alice.ephemerals == []


async def test_pins(fake: FakeSlack, alice: Person, team: Channel, slack: AsyncWebClient):
    outside = fake.channel("outside", alice, bot=False)
    ts = (await slack.chat_postMessage(channel=team.id, text="a", **SAFE))["ts"]

    async def error(method: str, channel: Channel = team, timestamp: str = ts) -> str:
        answer = await call(slack, method, channel=channel.id, timestamp=timestamp)
        return str(answer.get("error"))

    assert await error("pins.remove") == "no_pin"
    assert await error("pins.add") == "None"
    assert (team.pins, team.shown()[-1].text) == ([ts], "pinned a message to this channel.")
    assert await error("pins.add") == "already_pinned"
    assert await error("pins.add", timestamp="1.1") == "message_not_found"
    assert await error("pins.add", timestamp=team.shown()[-1].ts) == "not_pinnable"
    assert await error("pins.add", timestamp="") == "no_item_specified"
    assert await error("pins.add", outside) == "not_in_channel"
    team.pins_restricted = True
    assert await error("pins.remove") == "restricted_action"
    team.pins_restricted = False
    assert await error("pins.remove") == "None"
    team.pins += many(100)
    assert await error("pins.add") == "too_many_pins"
    fake.archive(team)
    assert await error("pins.add") == "is_archived"


async def test_pins_are_listed_the_newest_first(
    fake: FakeSlack, team: Channel, slack: AsyncWebClient
):
    fake.pace.on = False
    first, second = [
        (await slack.chat_postMessage(channel=team.id, text=text, **SAFE))["ts"] for text in "ab"
    ]
    for ts in (first, second):
        await slack.pins_add(channel=team.id, timestamp=ts)
    with pytest.raises(SlackApiError, match="missing_scope"):
        await slack.pins_list(channel=team.id)
    fake.workspace.scopes.add("pins:read")
    items = (await slack.pins_list(channel=team.id))["items"]
    assert [item["message"]["ts"] for item in items] == [second, first]
    await slack.chat_delete(channel=team.id, ts=second)
    items = (await slack.pins_list(channel=team.id))["items"]
    assert [item["message"]["ts"] for item in items] == [first]
    assert fake.violations == []


async def test_a_message_has_an_address(fake: FakeSlack, team: Channel, slack: AsyncWebClient):
    ts = (await slack.chat_postMessage(channel=team.id, text="a", **SAFE))["ts"]
    found = (await slack.chat_getPermalink(channel=team.id, message_ts=ts)).data
    address = f"https://ministry.slack.com/archives/{team.id}/p{ts.replace('.', '')}"
    assert (found["channel"], found["permalink"]) == (team.id, address)
    for channel, at, error in (
        (team.id, "1.1", "message_not_found"),
        ("C0", ts, "channel_not_found"),
    ):
        with pytest.raises(SlackApiError, match=error):
            await slack.chat_getPermalink(channel=channel, message_ts=at)


async def test_in_a_channel_that_is_archived_read_only_or_left_nothing_is_changed(
    fake: FakeSlack, alice: Person, team: Channel, slack: AsyncWebClient
):
    fake.pace.on = False
    ts = (await slack.chat_postMessage(channel=team.id, text="a", **SAFE))["ts"]

    async def error(method: str) -> str:
        args = {} if method == "chat.delete" else {"text": "b"}
        answer = await call(slack, method, channel=team.id, ts=ts, **args)
        return str(answer.get("error"))

    team.is_read_only = True
    said = (await slack.conversations_info(channel=team.id)).data["channel"]
    assert (said["is_read_only"], said["is_member"]) == (True, True)
    answer = await call(slack, "chat.postMessage", channel=team.id, text="b", **SAFE)
    assert answer["error"] == "restricted_action_read_only_channel"
    assert await error("chat.update") == "None"
    team.members.remove(fake.workspace.bot.id)
    assert await error("chat.update") == await error("chat.delete") == "not_in_channel"
    team.members.add(fake.workspace.bot.id)
    fake.archive(team)
    assert await error("chat.update") == "is_inactive"
    said = (await slack.conversations_info(channel=team.id)).data["channel"]
    assert (said["is_archived"], said["is_member"]) == (True, False)


async def test_a_chat_of_several_people_is_seen_with_a_scope_of_its_own(
    fake: FakeSlack, alice: Person, slack: AsyncWebClient
):
    talk = fake.channel("mpdm-alice--bob-1", alice, is_private=True)
    talk.is_mpim = True
    with pytest.raises(SlackApiError) as caught:
        await slack.conversations_info(channel=talk.id)
    assert caught.value.response["needed"] == "mpim:read"
    fake.workspace.scopes.add("mpim:read")
    assert (await slack.conversations_info(channel=talk.id))["channel"]["is_mpim"] is True


async def test_what_slack_refuses_is_refused_and_noted_even_if_nobody_looks(
    fake: FakeSlack, team: Channel, slack: AsyncWebClient
):
    fake.pace.on = False
    for blocks, error, said in (
        ([{"type": "nonsense"}], "invalid_blocks", "[json-pointer:/blocks/0]"),
        ([section(long(3001))], "invalid_blocks", "[json-pointer:/blocks/0/text/text]"),
        ([section(long(2999)) for _ in range(4)], "msg_blocks_too_long", "[json-pointer:/blocks]"),
        (None, "no_text", "[json-pointer:/text]"),
    ):
        text = "fallback" if blocks else ""
        answer = await call(
            slack, "chat.postMessage", channel=team.id, text=text, blocks=blocks, **SAFE
        )
        assert answer["error"] == error
        assert answer["response_metadata"]["messages"][0].startswith("[ERROR] ")
        assert answer["response_metadata"]["messages"][0].endswith(said)
        assert fake.violations.pop().startswith("chat.postMessage: ")
    answer = await call(slack, "chat.postMessage", channel=team.id, text=long(40_001), **SAFE)
    assert answer["error"] == "msg_too_long"
    await call(slack, "chat.postMessage", channel=team.id, text="a", colour="red", **SAFE)
    assert fake.violations[-1] == "chat.postMessage: unknown arguments ['colour']"
    assert (await call(slack, "chat.shout"))["error"] == "unknown_method"
    await call(slack, "chat.postMessage", channel=team.id, text="a")
    assert "must be false" in fake.violations[-1]
    assert len(team.shown()) == 2


async def test_two_workspaces_do_not_see_each_other(fake: FakeSlack, http: ClientSession):
    other = fake.add_workspace("T0OTHER", "other")
    bob = fake.person("bob", workspace=other)
    slack = AsyncWebClient(token=other.bot_token, base_url=fake.api_url, session=http)
    assert (await slack.auth_test()).data["team_id"] == "T0OTHER"
    await slack.chat_postMessage(channel=bob.id, text="hello", **SAFE)
    mine = AsyncWebClient(token=fake.bot_token, base_url=fake.api_url, session=http)
    for method, args in (("chat.postMessage", {"channel": bob.dm.id, "text": "a", **SAFE}),):
        assert (await call(mine, method, **args))["error"] == "channel_not_found"
    assert [m.text for m in bob.sees()] == ["hello"]


# ---- the pace


async def test_one_message_a_second_to_a_channel(
    fake: FakeSlack, team: Channel, slack: AsyncWebClient
):
    other = fake.channel("other")
    await slack.chat_postMessage(channel=team.id, text="a", **SAFE)
    await slack.chat_postMessage(channel=other.id, text="a", **SAFE)
    with pytest.raises(SlackApiError) as caught:
        await slack.chat_postMessage(channel=team.id, text="b", **SAFE)
    response = caught.value.response
    assert (response.status_code, response.headers["Retry-After"]) == (429, "1")
    assert response.data == {"ok": False, "error": "ratelimited"}
    alice = fake.person("alice-ünd-co")
    assert (await call(slack, "chat.postMessage", channel=alice.id, text="a", **SAFE))["ok"]
    answer = await call(slack, "chat.postMessage", channel=alice.dm.id, text="a", **SAFE)
    assert answer["error"] == "ratelimited", "the same conversation by its other name"
    fake.calls = fake.calls[:3]
    fake.clock.advance(1)
    await slack.chat_postMessage(channel=team.id, text="b", **SAFE)
    assert [(c.method, c.status) for c in fake.calls][2:] == [
        ("chat.postMessage", 429),
        ("chat.postMessage", 200),
    ]


@pytest.mark.parametrize(
    ("method", "tier"),
    [("pins.add", 20), ("chat.update", 50), ("views.open", 100), ("apps.connections.open", 5)],
)
async def test_calls_a_minute(fake: FakeSlack, http: ClientSession, method: str, tier: int):
    token = fake.app_token if method.startswith("apps") else fake.bot_token
    slack = AsyncWebClient(token=token, base_url=fake.api_url, session=http)
    for _ in range(tier):
        assert (await call(slack, method)).get("error") != "ratelimited"
    fake.clock.advance(20)
    with pytest.raises(SlackApiError) as caught:
        await slack.api_call(method)
    assert caught.value.response.headers["Retry-After"] == "40"
    fake.clock.advance(40)
    assert (await call(slack, method)).get("error") != "ratelimited"
    fake.pace.on = False
    assert (await call(slack, method)).get("error") != "ratelimited"
