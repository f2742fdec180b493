"""Does the fake Teams show what a bot sends, and refuse what Teams refuses?"""

from __future__ import annotations

import asyncio
import copy
import json
from collections.abc import AsyncIterator, Callable
from typing import Any
from urllib.parse import quote

import jwt
import pytest
from aiohttp import ClientError, ClientSession, web
from aiohttp.test_utils import TestServer
from yarl import URL

from tests.conftest import NOON
from tests.teams import cards, faults, payloads, screen
from tests.teams.fake import OTHER_TENANT, FakeTeams
from tests.teams.login import Login
from tests.teams.person import Person, RefusedError
from tests.teams.state import CARD, Json, walk

WORDS = "application/vnd.microsoft.activity.message"


def button(title: str, do: str = "next", **more: Any) -> Json:
    data = {"do": do}
    fallback = {"type": "Action.Submit", "title": title, "data": data}
    return {"type": "Action.Execute", "title": title, "verb": do, "data": data,
            "fallback": fallback, **more}  # fmt: skip


def say(text: str) -> Json:
    return {"type": "TextBlock", "text": text, "wrap": True}


def card(*body: Json) -> Json:
    return {"type": "AdaptiveCard", "version": "1.5", "body": list(body)}


def choices(name: str, *values: str, many: bool = False) -> Json:
    offered = [{"title": value.title(), "value": value} for value in values]
    return {"type": "Input.ChoiceSet", "id": name, "label": f"Your {name}", "style": "expanded",
            "isMultiSelect": many, "choices": offered}  # fmt: skip


FORM = card(
    say("**Can** I [post](https://canada.example/rules) *this*? 2\\*3 &amp; 4"),
    choices("channel", "blog", "media"),
    choices("about", "harm", "work", many=True),
    {"type": "Input.Text", "id": "why", "label": "Why", "maxLength": 20},
    {"type": "Input.Toggle", "id": "sure", "title": "I am sure", "valueOn": "yes"},
    {"type": "ActionSet", "actions": [
        button("Next"),
        {"type": "Action.OpenUrl", "title": "Read", "url": "https://canada.example/more"},
        {"type": "Action.Submit", "title": "Write", "data": {"msteams": {"type": "task/fetch"}}},
    ]},
)  # fmt: skip


def message(content: Json | None = None, **more: Any) -> Json:
    if content is None:
        return {"type": "message", **more}
    attachment = {"contentType": CARD, "content": content}
    return {"type": "message", "summary": "Cairn", "attachments": [attachment], **more}


def shown(content: Json) -> Json:
    return {"statusCode": 200, "type": CARD, "value": content}


def dialog(*body: Json) -> Json:
    actions = {"type": "ActionSet", "actions": [{"type": "Action.Submit", "title": "Send"}]}
    attachment = {"contentType": CARD, "content": card(*body, actions)}
    value = {"title": "A note", "height": "medium", "width": 400, "card": attachment}
    return {"task": {"type": "continue", "value": value}}


class Bot:
    """A bot that answers messages with a card by REST, and invokes as it is told."""

    def __init__(self, http: ClientSession) -> None:
        self._http = http
        self.got: list[Json] = []
        self.answers: dict[str, Callable[[Json], Any]] = {
            "adaptiveCard/action": lambda value: shown(card(say("done"))),
        }
        self.status = 200

    async def serve(self, request: web.Request) -> web.Response:
        activity = await request.json()
        self.got.append(activity)
        if activity["type"] == "invoke":
            answer = self.answers[activity["name"]](activity["value"])
            return web.json_response(answer, status=self.status)
        if activity.get("text"):
            await self.post(activity["serviceUrl"], activity["conversation"]["id"], message(FORM))
        return web.Response(status=self.status)

    async def call(
        self, method: str, url: str | URL, body: object = None, **more: Any
    ) -> tuple[int, Any, Any]:
        async with self._http.request(method, url, json=body, **more) as response:
            text = await response.text()
            return response.status, json.loads(text) if text else None, response.headers

    async def post(self, service: str, conversation: str, body: Json, query: str = "") -> Any:
        url = f"{service}v3/conversations/{conversation}/activities{query}"
        return await self.call("POST", url, body)


@pytest.fixture
async def fake() -> AsyncIterator[FakeTeams]:
    async with FakeTeams(stands_at=NOON) as fake:
        yield fake


@pytest.fixture
async def bot(fake: FakeTeams) -> AsyncIterator[Bot]:
    async with ClientSession() as http:
        bot = Bot(http)
        application = web.Application()
        application.router.add_post("/api/messages", bot.serve)
        server = TestServer(application)
        await server.start_server(access_log=None)
        fake.app_url = str(server.make_url("/api/messages"))
        yield bot
        await server.close()


@pytest.fixture
def alice(fake: FakeTeams) -> Person:
    return fake.person("alice", locale="fr-CA")


def at(fake: FakeTeams, conversation: str, rest: str = "activities") -> str:
    return f"{fake.service_url}v3/conversations/{conversation}/{rest}"


async def test_a_message_is_answered_with_a_card_that_reads_in_plain_words(
    fake: FakeTeams, bot: Bot, alice: Person
):
    outcome = await alice.message("can I <b>post</b>?")
    assert (outcome.status, outcome.ok) == (200, True)
    assert screen.text(alice.sees()[0]) == "can I <b>post</b>?"
    assert screen.lines(alice.card) == [
        "Can I post this? 2*3 & 4", "Your channel", "( ) Blog", "( ) Media", "Your about",
        "[ ] Harm", "[ ] Work", "Why", "[____]", "[ ] I am sure",
        "[ Next ]", "[ Read ]", "[ Write ]",
    ]  # fmt: skip
    assert screen.links(alice.card) == ["https://canada.example/rules",
                                        "https://canada.example/more"]  # fmt: skip
    assert [call.kind for call in fake.calls] == ["send"]
    assert fake.violations == fake.failures == []


async def test_activities_look_as_those_of_teams(fake: FakeTeams, bot: Bot, alice: Person):
    await alice.install()
    await alice.message("a & b")
    team = fake.channel("team", alice)
    await alice.mention(team, "help")
    added, members, typed, named = bot.got
    assert (added["type"], added["action"]) == ("installationUpdate", "add")
    assert [m["id"] for m in members["membersAdded"]] == [fake.bot["id"], alice.id]
    for activity in bot.got:
        assert activity["channelId"] == "msteams"
        assert activity["serviceUrl"] == fake.service_url
        assert activity["timestamp"] == "2026-11-20T17:00:00.000Z"
        assert activity["localTimestamp"] == "2026-11-20T12:00:00.000-05:00"
        assert activity["from"]["aadObjectId"] == alice.user.aad
        assert activity["recipient"]["id"].startswith("28:")
        assert activity["channelData"]["tenant"] == {"id": fake.tenant}
        assert activity["conversation"]["tenantId"] == fake.tenant
    assert typed["conversation"]["conversationType"] == "personal"
    assert typed["attachments"] == [{"contentType": "text/html", "content": "<p>a &amp; b</p>"}]
    assert typed["entities"][0]["locale"] == typed["locale"] == "fr-CA"
    assert named["text"] == "<at>Cairn</at> help"
    assert named["entities"][0]["mentioned"] == fake.bot
    assert named["conversation"]["id"] == f"{team.id};messageid={named['id']}"
    assert named["channelData"]["team"] == {"id": team.team}


async def test_an_answer_to_a_press_is_seen_by_one_person_until_they_reload(
    fake: FakeTeams, bot: Bot, alice: Person
):
    bob = fake.person("bob")
    team = fake.channel("team", alice, bob)
    await alice.mention(team, "help")
    posted = team.messages[-1]
    mine, theirs = alice.sees(team)[-1], bob.sees(team)[-1]
    await bob.press(posted, "Next")
    assert (screen.text(theirs), screen.buttons(mine)) == ("done", ["Next", "Read", "Write"])
    with pytest.raises(RefusedError):
        await alice.press(theirs, "Next")
    bob.reload()
    assert screen.buttons(theirs) == ["Next", "Read", "Write"]
    await bob.press(posted, "Next")
    url = at(fake, team.id, f"activities/{posted.id}")
    status, _, _ = await bot.call("PUT", url, message(card(say("closed"))))
    assert (status, screen.text(mine), screen.text(theirs)) == (200, "closed", "closed")
    _, said, _ = await bot.post(fake.service_url, team.id, message(FORM))
    await bob.press(team.messages[-1], "Next")
    assert bot.got[-1]["conversation"]["id"] == f"{team.id};messageid={said['id']}"
    assert fake.violations == fake.failures == []


async def test_what_is_filled_in_goes_with_the_press(fake: FakeTeams, bot: Bot, alice: Person):
    await alice.message("hello")
    form = alice.card
    await alice.press(form, "next")
    assert bot.got[-1]["value"] == {
        "action": {"type": "Action.Execute", "title": "Next", "verb": "next",
                   "data": {"do": "next", "sure": "false"}},
        "trigger": "manual",
    }  # fmt: skip
    alice.reload()
    await alice.type(form, "why", "lost")
    alice.reload()
    assert "[lost]" not in screen.lines(form)
    await alice.pick(form, "Your channel", "Media")
    await alice.pick(form, "about", "work", "harm")
    await alice.type(form, "why", "because")
    await alice.toggle(form, "sure")
    assert {"(o) Media", "[x] Harm", "[because]", "[x] I am sure"} <= set(screen.lines(form))
    await alice.press(form, "Next")
    filled = {"channel": "media", "about": "harm,work", "why": "because", "sure": "yes"}
    assert bot.got[-1]["value"]["action"]["data"] == {"do": "next", **filled}
    assert bot.got[-1]["replyToId"] == alice.cards[-1].message.id
    assert fake.violations == fake.failures == []


async def test_an_old_client_sends_the_fallback_as_a_message(
    fake: FakeTeams, bot: Bot, alice: Person
):
    await alice.message("hello")
    await alice.press(alice.card, "Next", old_client=True)
    sent = bot.got[-1]
    assert (sent["type"], "text" in sent) == ("message", False)
    assert sent["value"] == {"do": "next", "channel": "", "about": "", "why": "", "sure": "false"}
    assert sent["replyToId"] == alice.card.message.id


async def test_nobody_does_what_the_client_does_not_offer(fake: FakeTeams, bot: Bot, alice: Person):
    hidden = {"type": "Container", "isVisible": False, "items": [choices("secret", "a")]}
    needed = {"type": "Input.Text", "id": "name", "label": "Name", "isRequired": True}
    actions = [button("Go"), button("Same", "one"), button("Same", "two"),
               button("Off", "off", isEnabled=False)]  # fmt: skip
    content = card(say("x"), hidden, needed, {"type": "ActionSet", "actions": actions})
    await bot.post(fake.service_url, alice.chat.id, message(content))
    for attempt in (
        alice.pick(alice.card, "secret", "a"),
        alice.pick(alice.card, "name", "a"),
        alice.press(alice.card, "Next"),
        alice.press(alice.card, "Go"),
        alice.press(alice.card, "Same"),
        fake.person("bob", installed=False).message("hello"),
    ):
        with pytest.raises(RefusedError):
            await attempt
    await alice.type(alice.card, "name", "alice")
    with pytest.raises(RefusedError, match="cannot be pressed"):
        await alice.press(alice.card, "Off")
    await bot.post(fake.service_url, alice.chat.id, message(FORM))
    for attempt in (
        alice.pick(alice.card, "channel", "letter"),
        alice.pick(alice.card, "channel", "blog", "media"),
        alice.type(alice.card, "why", "w" * 21),
        alice.press(fake.channel("team").all.get("1", alice.cards[0]), "Open"),
    ):
        with pytest.raises(RefusedError):
            await attempt
    assert bot.got == []


async def test_dialogs_open_go_on_and_close(fake: FakeTeams, bot: Bot, alice: Person):
    note = {"type": "Input.Text", "id": "note", "label": "Note"}
    bot.answers["task/fetch"] = lambda value: dialog(say("Write"), note)
    bot.answers["task/submit"] = lambda value: dialog(say("Sure?"))
    await alice.message("hello")
    await alice.press(alice.card, "Write")
    opened = alice.dialog
    assert screen.lines(opened)[:3] == ["== A note ==", "Write", "Note"]
    with pytest.raises(RefusedError):
        await alice.press(alice.card, "Next")
    await alice.type(opened, "note", "mine")
    await alice.press(opened, "Send")
    assert bot.got[-1]["value"]["data"] == {"note": "mine"}
    assert (alice.dialog, screen.lines(opened)[1]) == (opened, "Sure?")
    bot.answers["task/submit"] = lambda value: {"task": {"type": "message", "value": "Sent."}}
    await alice.press(opened, "Send")
    assert (alice.dialog, alice.told) == (None, ["Sent."])
    assert fake.violations == fake.failures == []


async def test_the_message_extension_carries_the_draft_and_what_it_inserts_is_noted(
    fake: FakeTeams, bot: Bot, alice: Person
):
    private = fake.group("friends", alice, bot=False)
    bot.answers["composeExtension/fetchTask"] = lambda value: dialog(say("Check"))
    bot.answers["composeExtension/submitAction"] = lambda value: {}
    await alice.extension("check", context="message", html="<p>my draft</p>", at=private)
    assert bot.got[-1]["value"]["messagePayload"]["body"]["content"] == "<p>my draft</p>"
    assert bot.got[-1]["conversation"]["id"] == private.id
    await alice.press(alice.dialog, "Send")
    assert bot.got[-1]["value"]["commandId"] == "check"
    assert bot.got[-1]["value"]["messagePayload"]["body"]["content"] == "<p>my draft</p>"
    assert (alice.dialog, fake.inserted) == (None, [])
    await alice.extension("check")
    inserted = {"composeExtension": {"type": "result", "attachments": []}}
    bot.answers["composeExtension/submitAction"] = lambda value: inserted
    await alice.press(alice.dialog, "Send")
    assert fake.inserted == [inserted["composeExtension"]]


async def test_only_mentions_reach_the_bot_and_whispers_reach_one_person(
    fake: FakeTeams, bot: Bot, alice: Person
):
    bob = fake.person("bob")
    group = fake.group("g", alice, bob)
    alice.say(group, "not for the bot")
    assert bot.got == []
    whisper = message(card(say("psst")), recipient={"id": alice.id})
    only = "?isTargetedActivity=true"
    status, said, _ = await bot.post(fake.service_url, group.id, whisper, only)
    assert (status, screen.text(alice.whispers[0]), bob.whispers) == (201, "psst", [])
    assert [m.text for m in group.messages] == ["not for the bot"]
    assert (await bot.post(fake.service_url, alice.chat.id, whisper, only))[0] == 400
    url = at(fake, group.id, f"activities/{said['id']}")
    assert (await bot.call("PUT", url, whisper))[0] == 400
    assert (await bot.call("DELETE", url + only))[0] == 200
    assert alice.whispers == []
    assert (await bot.call("PUT", url + only, whisper))[0] == 404


async def test_the_connector_refuses_what_is_not_there_or_not_allowed(
    fake: FakeTeams, bot: Bot, alice: Person
):
    text = message(text="hello")
    other = fake.group("without", alice, bot=False)
    team = fake.channel("team", alice)
    bob = fake.person("bob")
    bob.block()
    carol = fake.person("dana", installed=False)
    found = []
    for method, url, body in (
        ("POST", at(fake, "a:nowhere"), text),
        ("POST", at(fake, f"{team.id};messageid=1"), text),
        ("POST", at(fake, other.id), text),
        ("POST", at(fake, bob.chat.id), text),
        ("POST", at(fake, carol.chat.id), text),
        ("PUT", at(fake, alice.chat.id, "activities/1"), text),
        ("DELETE", at(fake, alice.chat.id, "activities/1"), None),
        ("POST", at(fake, alice.chat.id, "activities/1"), text),
        ("GET", at(fake, alice.chat.id, f"members/{bob.id}"), None),
        ("POST", at(fake, alice.chat.id), []),
        ("POST", at(fake, alice.chat.id), message()),
        ("POST", at(fake, alice.chat.id), message(text="é" * 50_000)),
    ):
        status, said, _ = await bot.call(method, url, body)
        found.append((status, said["error"]["code"]))
    assert found == [
        (404, "ConversationNotFound"), (404, "ConversationNotFound"),
        (403, "BotNotInConversationRoster"), (403, "MessageWritesBlocked"),
        (403, "MessageWritesBlocked"), (404, "ActivityNotFoundInConversation"),
        (404, "ActivityNotFoundInConversation"), (404, "ActivityNotFoundInConversation"),
        (404, "MemberNotFoundInConversation"), (400, "BadArgument"), (400, "BadArgument"),
        (413, "MessageSizeTooBig"),
    ]  # fmt: skip
    assert fake.calls[0].bearer == ""
    fake.bearer = "right"
    headers = {"Authorization": "Bearer wrong"}
    url = at(fake, alice.chat.id)
    assert (await bot.call("POST", url, text, headers=headers))[0] == 401
    assert fake.calls[-1].bearer == "wrong"


async def test_a_personal_chat_is_opened_and_a_member_is_told(
    fake: FakeTeams, bot: Bot, alice: Person
):
    bob = fake.person("bob", tenant=OTHER_TENANT)
    gail = fake.person("gail", guest=True)
    url = f"{fake.service_url}v3/conversations"
    ask = {"bot": fake.bot, "members": [{"id": alice.id}], "tenantId": fake.tenant,
           "channelData": {"tenant": {"id": fake.tenant}}}  # fmt: skip
    assert (await bot.call("POST", url, ask))[:2] == (201, {"id": alice.chat.id})
    assert (await bot.call("POST", url, ask | {"members": [{"id": bob.id}]}))[0] == 400
    assert (await bot.call("POST", url, ask | {"tenantId": OTHER_TENANT}))[0] == 400
    told = []
    for person in (alice, bob, gail):
        _, said, _ = await bot.call("GET", at(fake, person.chat.id, f"members/{person.id}"))
        told.append((said["aadObjectId"], said["tenantId"], said["userRole"]))
    assert told == [
        (alice.user.aad, fake.tenant, "user"), (bob.user.aad, OTHER_TENANT, "user"),
        (gail.user.aad, fake.tenant, "guest"),
    ]  # fmt: skip


async def test_a_roster_is_told_page_by_page_in_a_channel_and_at_once_in_a_chat(
    fake: FakeTeams, bot: Bot, alice: Person
):
    people = [fake.person(f"p{number}") for number in range(70)]
    team, group = fake.channel("team", *people), fake.group("group", *people)
    url = at(fake, team.id, "pagedmembers")
    _, first, _ = await bot.call("GET", f"{url}?pageSize=1")  # Teams takes that for 50
    token = quote(first["continuationToken"], safe="")
    _, second, _ = await bot.call(
        "GET", URL(f"{url}?pageSize=50&continuationToken={token}", encoded=True)
    )
    told = [one["id"] for one in first["members"] + second["members"]]
    assert told == [person.id for person in people]
    assert "continuationToken" not in second
    _, whole, _ = await bot.call("GET", f"{at(fake, group.id, 'pagedmembers')}?pageSize=50")
    assert [one["id"] for one in whole["members"]] == told
    assert set(whole) == {"members"}
    assert (await bot.call("GET", f"{url}?continuationToken=other"))[0] == 400
    other = fake.group("without", alice, bot=False)
    assert (await bot.call("GET", at(fake, other.id, "pagedmembers")))[0] == 403
    assert fake.violations == []
    assert (await bot.call("GET", f"{url}?pageSize=x"))[0] == 400
    assert (await bot.call("GET", f"{url}?page=2"))[0] == 400
    assert len(fake.violations) == 2
    fake.violations.clear()


async def test_a_conversation_takes_so_many_messages_in_so_much_time(
    fake: FakeTeams, bot: Bot, alice: Person
):
    async def send() -> tuple[int, str | None]:
        status, _, headers = await bot.post(fake.service_url, alice.chat.id, message(text="hello"))
        return status, headers.get("Retry-After")

    assert [await send() for _ in range(8)] == [(201, None)] * 7 + [(429, "1")]
    fake.clock.advance(1)
    assert [await send() for _ in range(2)] == [(201, None), (429, "1")]
    fake.clock.advance(1)
    for _ in range(52):
        assert (await send())[0] == 201
        fake.clock.advance(0.5)
    assert await send() == (429, "2")
    bob = fake.person("bob")
    assert (await bot.post(fake.service_url, bob.chat.id, message(text="hello")))[0] == 201


@pytest.mark.parametrize(
    ("fault", "seen"),
    [
        (faults.status(502), 502),
        (faults.status(403), 403),
        (faults.limited("7"), 429),
        (faults.reset(), "ServerDisconnectedError"),
        (faults.reset_after(), "ServerDisconnectedError"),
        (faults.stall(30), "TimeoutError"),
        (faults.truncated(), "JSONDecodeError"),
    ],
)
async def test_faults_happen_as_often_as_told(
    fake: FakeTeams, bot: Bot, alice: Person, fault: faults.Fault, seen: object
):
    fake.faults.add("send", fault)
    found: object = ""
    try:
        async with asyncio.timeout(0.3 if fault.kind == "stall" else 5):
            found = (await bot.post(fake.service_url, alice.chat.id, message(text="one")))[0]
    except (ClientError, TimeoutError, ValueError) as error:
        found = type(error).__name__
    assert found == seen
    assert len(alice.sees()) == (1 if fault.after else 0)
    assert (await bot.post(fake.service_url, alice.chat.id, message(text="two")))[0] == 201


def spoiled(change: Callable[[Json], object]) -> Json:
    content = copy.deepcopy(FORM)
    change(content)
    return content


def _one(content: Json, kind: str) -> Json:
    return next(element for element in walk(content) if element["type"] == kind)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda c: c["body"][0].update(type="TextBlok"), "'TextBlok'"),
        (lambda c: c["body"][0].update(txt="a"), "'txt' was unexpected"),
        (lambda c: c.update(version="1.6"), "version '1.6'"),
        (lambda c: c.update(body=[]), "without a body"),
        (lambda c: c["body"][1].update(id="why"), "two inputs with the id 'why'"),
        (lambda c: c["body"][1].update(choices=[]), "no choices"),
        (lambda c: c["body"][1]["choices"][0].update(title=" "), "an empty choice"),
        (lambda c: c["body"][1]["choices"][0].update(value="media"), "two choices 'media'"),
        (lambda c: c["body"][1].update(value="letter"), "'letter', which is no choice"),
        (lambda c: c["body"][2]["choices"][0].update(value="a,b"), "has a comma"),
        (lambda c: c["body"][3].pop("label"), "has no label"),
        (lambda c: c["body"][5]["actions"].extend([button("x")] * 4), "7 actions in a row"),
        (lambda c: _one(c, "Action.Execute").pop("fallback"), "no Action.Submit as its fallback"),
        (lambda c: _one(c, "Action.Execute").update(fallback="drop"), "no Action.Submit"),
        (lambda c: _one(c, "Action.Execute").update(title=""), "has no title"),
        (lambda c: _one(c, "Action.Execute").pop("verb"), "has no verb"),
        (lambda c: _one(c, "Action.OpenUrl").update(url="http://canada.example"), "a link to"),
        (lambda c: c["body"][0].update(text="[a](javascript:x)"), "a link to 'javascript:x'"),
        (lambda c: c["body"][0].update(text=" "), "an empty TextBlock"),
        (lambda c: c["body"][0].update(text="é" * 13_000), "bytes in UTF-16"),
        (lambda c: c.update(refresh={}), "refresh"),
    ],
)
async def test_a_card_that_is_not_right_is_noted_wherever_it_comes_from(
    fake: FakeTeams, bot: Bot, alice: Person, change: Callable[[Json], object], sentence: str
):
    wrong = spoiled(change)
    await alice.message("hello")
    assert fake.violations == []
    bot.answers["adaptiveCard/action"] = lambda value: shown(wrong)
    await alice.press(alice.card, "Next")
    await bot.post(fake.service_url, alice.chat.id, message(wrong))
    posted = next(iter(alice.cards)).message
    url = at(fake, alice.chat.id, f"activities/{posted.id}")
    await bot.call("PUT", url, message(wrong))
    places = [found.partition(":")[0] for found in fake.violations if sentence in found]
    assert places == ["answer to adaptiveCard/action", "send", "update"]


@pytest.mark.parametrize(
    ("sent", "sentence"),
    [
        (message(FORM, text="hello"), "a text beside a card"),
        (message(FORM, summary=""), "without a summary"),
        (message(FORM, sumary="x"), "unknown fields ['sumary']"),
        (message(FORM, conversation={"id": "a:other"}), "conversation is 'a:other'"),
        (message(FORM) | {"attachments": [{"contentType": "text/html", "content": {}}]},
         "an attachment of type 'text/html'"),
    ],
)  # fmt: skip
async def test_a_message_that_is_not_right_is_noted(
    fake: FakeTeams, bot: Bot, alice: Person, sent: Json, sentence: str
):
    await bot.post(fake.service_url, alice.chat.id, sent)
    assert [sentence in found for found in fake.violations] == [True]


@pytest.mark.parametrize(
    ("name", "answer", "failure"),
    [
        ("adaptiveCard/action", {}, "no statusCode, type and value"),
        ("adaptiveCard/action", {"task": {}}, "no statusCode, type and value"),
        ("adaptiveCard/action", shown(FORM) | {"statusCode": 400}, "statusCode 400"),
        ("adaptiveCard/action", shown(FORM) | {"type": "text"}, "type 'text'"),
        ("adaptiveCard/action", shown(FORM) | {"type": WORDS, "value": ""}, "or an empty one"),
        ("task/fetch", {}, "no task with type and value"),
        ("task/fetch", {"task": {"type": "go", "value": {}}}, "a task of type 'go'"),
        ("task/fetch", {"task": {"type": "continue", "value": {}}}, "an attachment without"),
        ("task/fetch", {"task": {"type": "continue", "value": {"url": "x"}}}, "a dialog with"),
    ],
)
async def test_an_answer_of_another_shape_is_a_failure(
    fake: FakeTeams, bot: Bot, alice: Person, name: str, answer: Json, failure: str
):
    bot.answers[name] = lambda value: answer
    await alice.message("hello")
    await alice.press(alice.card, "Next" if name == "adaptiveCard/action" else "Write")
    assert [failure in found for found in fake.failures] == [True]
    assert alice.dialog is None
    assert "Next" in screen.buttons(alice.card)


async def test_a_dialog_takes_no_execute_and_other_statuses_are_failures(
    fake: FakeTeams, bot: Bot, alice: Person
):
    bot.answers["task/fetch"] = lambda value: dialog(
        say("x"), {"type": "ActionSet", "actions": [button("Go")]}
    )
    await alice.message("hello")
    await alice.press(alice.card, "Write")
    assert ["'Go' in a dialog" in found for found in fake.violations] == [True]
    alice.close()
    bot.status = 202
    await alice.press(alice.card, "Next")
    assert fake.failures == ["adaptiveCard/action: status 202"]
    await alice.press(alice.card, "Next", old_client=True)
    bot.status = 500
    await alice.press(alice.card, "Next", old_client=True)
    assert fake.failures[1:] == ["message: status 500"]
    assert cards.size("é") == 6


async def test_what_was_typed_may_be_changed(fake: FakeTeams, bot: Bot, alice: Person):
    first = await alice.message("helo")
    typed = alice.sees()[0]
    await alice.edit(typed.message, "hello")
    assert (bot.got[-1]["type"], bot.got[-1]["text"]) == ("messageUpdate", "hello")
    assert (bot.got[-1]["id"], screen.text(typed)) == (first.activity["id"], "hello")
    with pytest.raises(RefusedError):
        await alice.edit(alice.cards[0].message, "mine")


async def test_deliveries_can_be_repeated_and_forged(fake: FakeTeams, bot: Bot, alice: Person):
    first = await alice.message("hello")
    await fake.redeliver(first)
    await fake.redeliver(first, new_id=True)
    ids = [(activity["id"], activity["timestamp"]) for activity in bot.got]
    assert (ids[0] == ids[1], ids[0][0] == ids[2][0], ids[0][1] == ids[2][1]) == (
        True, False, False,
    )  # fmt: skip
    made = payloads.Made("1", NOON, "https://elsewhere.example/", fake.bot, alice.user, alice.chat)
    noted = len(fake.deliveries)
    await fake.send(payloads.invoke(made, "adaptiveCard/action", {}), {"X-Own": "1"})
    assert bot.got[-1]["serviceUrl"] == "https://elsewhere.example/"
    assert len(fake.deliveries) == noted


async def test_a_login_signs_each_delivery_and_names_app_and_tenant():
    seen = []

    async def serve(request: web.Request) -> web.Response:
        seen.append(request.headers["Authorization"].removeprefix("Bearer "))
        return web.Response()

    application = web.Application()
    application.router.add_post("/", serve)
    server = TestServer(application)
    await server.start_server(access_log=None)
    async with Login() as login, FakeTeams(login=login) as fake:
        fake.app_url = str(server.make_url("/"))
        alice = fake.person("alice")
        await alice.message("hello")
        await fake.send(b"{}", fake.headers(aud="another"))
        assert (fake.bot["id"], alice.user.tenant) == (f"28:{login.app_id}", login.tenant)
        claims = [jwt.decode(token, options={"verify_signature": False}) for token in seen]
        assert [c["serviceurl"] for c in claims] == [fake.service_url] * 2
        assert [c["aud"] for c in claims] == [login.app_id, "another"]
    await server.close()
