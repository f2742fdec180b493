"""Does the fake Slack of these tests speak as Slack does, by its types and its own library?"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import ClientSession, web
from aiohttp.test_utils import TestServer
from slack_bolt.adapter.aiohttp import to_aiohttp_response, to_bolt_request
from slack_bolt.adapter.socket_mode.async_handler import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

from tests.slack import payloads, schemas, screen
from tests.slack.fake import FakeSlack
from tests.slack.person import Person
from tests.slack.samples import (
    NAV,
    SAFE,
    home,
    modal,
    option,
    radio,
    section,
)
from tests.slack.state import Json


@pytest.fixture
async def fake() -> AsyncIterator[FakeSlack]:
    """A workspace whose clock runs, as Slack's library looks at the one on the wall."""
    async with FakeSlack() as fake:
        yield fake


# ---- what Slack sends is what its types say


async def made_of(fake: FakeSlack) -> dict[str, list[Json]]:
    """One of everything that the fake sends, by the name of its type."""
    alice = fake.person("alice")
    team = fake.channel("team", alice)
    closed = fake.channel("closed", alice, is_private=True)
    blocks = [section("words"), radio("who", "me", "you"), NAV]
    bot, made, url = fake.workspace.bot, alice._made(), "https://example.invalid/response/1"
    posted = fake.put(team, bot, "text", blocks)
    whispered = fake.put(team, bot, "text", blocks, only_for=alice.id)
    threaded = fake.put(team, bot, "text", blocks, thread_ts=posted.ts)
    said, answered = (
        fake.put(alice.dm, alice.user, "hello"),
        fake.put(alice.dm, bot, "hello", blocks),
    )
    shared = fake.put(alice.dm, alice.user, "look")
    shared.files = [payloads.file(made, "screen.png", 1)]
    view, front = fake.open_view(alice.user, modal(*blocks)), fake.new_view(alice.user, "home")
    fake.fill_view(front, home(*blocks))
    common = {"action_id": "pick", "block_id": "who", "action_ts": "1.1"}
    actions = [
        {**NAV["elements"][0], "block_id": "nav", "action_ts": "1.1"},
        {"type": "radio_buttons", "selected_option": option("me"), **common},
        {"type": "checkboxes", "selected_options": [option("me")], **common},
        {"type": "overflow", "selected_option": option("me"), **common},
        {"type": "static_select", "selected_option": option("me"), **common},
        {"type": "plain_text_input", "value": "words", **common},
    ]

    def event(inner: Json) -> Json:
        return payloads.envelope(made, inner, "Ev00000001", team)

    plain, edited = payloads.direct_message(made, said), payloads.bot_message(made, answered)
    return {
        "SlashCommandBody": [
            payloads.slash(made, "/cairn", "x", at, url) for at in (team, alice.dm)
        ],
        "GlobalShortcutBody": [payloads.global_shortcut(made, "check")],
        "MessageShortcutBody": [payloads.message_shortcut(made, "help", posted, url)],
        "MessageActionBody": [
            payloads.action_in_message(made, action, message, url)
            for action in actions
            for message in (posted, whispered, threaded, answered)
        ],
        "ViewActionBody": [
            payloads.action_in_view(made, action, at) for action in actions for at in (view, front)
        ],
        "ViewSubmissionBody": [payloads.view_submission(made, view)],
        "ViewClosedBody": [payloads.view_closed(made, view, cleared=it) for it in (True, False)],
        "AppMentionBody": [event(payloads.app_mention(made, at)) for at in (posted, threaded)],
        "DirectMessageBody": [event(plain), event(edited)],
        "FileShareBody": [event(payloads.direct_message(made, shared))],
        "BotMessageBody": [event(payloads.integration_message(said, "B1"))],
        "MessageChangedBody": [
            event(payloads.message_changed(made, said, plain, "1.2")),
            event(payloads.message_changed(made, answered, edited, "1.2")),
        ],
        "MessageDeletedBody": [event(payloads.message_deleted(said, plain, "1.2"))],
        "AppHomeOpenedBody": [
            event(payloads.home_opened(made, alice.dm, tab, at))
            for tab in ("home", "messages")
            for at in (front, None)
        ],
        "AppUninstalledBody": [event(payloads.app_uninstalled())],
        "TokensRevokedBody": [event(payloads.tokens_revoked(made))],
        "ChannelLeftBody": [event(payloads.left(team, alice.user, "1.2"))],
        "GroupLeftBody": [event(payloads.left(closed, alice.user, "1.2"))],
    }


async def test_everything_it_sends_is_what_the_official_types_say(fake: FakeSlack):
    for name, bodies in (await made_of(fake)).items():
        for body in bodies:
            assert schemas.problems(name, json.loads(json.dumps(body))) == [], name


async def test_the_types_refuse_a_body_with_one_field_less_or_more(fake: FakeSlack):
    for name, (body, *_) in (await made_of(fake)).items():
        assert schemas.problems(name, {**body, "surprise": 1}), name
        needed = "user_id" if name == "SlashCommandBody" else "type"
        assert schemas.problems(name, {k: v for k, v in body.items() if k != needed}), name


# ---- with Slack's own library, over HTTP and over the socket


def bolt(fake: FakeSlack, session: ClientSession) -> AsyncApp:
    """A program made with slack_bolt, which knows Slack better than we do."""
    client = AsyncWebClient(token=fake.bot_token, base_url=fake.api_url, session=session)
    app = AsyncApp(client=client, signing_secret=fake.secret, process_before_response=True)

    @app.command("/cairn")
    async def command(ack: Any, body: Json, client: AsyncWebClient) -> None:
        await client.views_open(trigger_id=body["trigger_id"], view=modal(radio("who", "me"), NAV))
        await ack()

    @app.view("")
    async def submitted(ack: Any, view: Json) -> None:
        chosen = view["state"]["values"]["who"]["pick"]["selected_option"]["value"]
        await ack(response_action="update", view=modal(section(f"You said {chosen}"), NAV))

    @app.action("back")
    async def pressed(ack: Any, body: Json, respond: Any) -> None:
        await ack()
        if "response_url" in body:
            await respond(text="pressed", replace_original=True)

    @app.event("app_home_opened")
    async def opened(event: Json, client: AsyncWebClient) -> None:
        await client.views_publish(user_id=event["user"], view=home(section("Home"), NAV))

    @app.event("message")
    async def said(event: Json, say: Any) -> None:
        if "bot_id" not in event:
            await say(text=f"You said {event['text']}", blocks=[section("card"), NAV], **SAFE)

    return app


async def walk_with_bolt(fake: FakeSlack, alice: Person) -> None:
    await alice.slash()
    await alice.pick(alice.view, "who", "me")
    await alice.submit()
    assert screen.lines(alice.view)[1] == "You said me"
    await alice.press(alice.view, "back")
    await alice.open_home()
    await alice.press(alice.home, "back")
    await alice.message("hello")
    await fake.until(lambda: len(alice.sees()) == 2)
    await fake.echo()
    card = alice.sees()[-1]
    assert (card.text, screen.lines(card)) == ("You said hello", ["card", "[ Back ]"])
    await alice.press(card, "back")
    await fake.until(lambda: screen.text(card) == "pressed")
    assert (fake.failures, fake.violations) == ([], [])


@asynccontextmanager
async def running(fake: FakeSlack) -> AsyncIterator[AsyncSocketModeHandler]:
    async with ClientSession() as session:
        fake.app_url = ""
        app = bolt(fake, session)
        handler = AsyncSocketModeHandler(app, fake.app_token, web_client=app.client)
        try:
            await handler.connect_async()
            await fake.socket.connected()
            yield handler
        finally:
            await handler.close_async()


async def test_a_bolt_app_over_http(fake: FakeSlack):
    session = ClientSession()
    app = bolt(fake, session)

    async def serve(request: web.Request) -> web.Response:
        response = await app.async_dispatch(await to_bolt_request(request))
        return await to_aiohttp_response(response)

    application = web.Application()
    application.router.add_post("/", serve)
    server = TestServer(application)
    await server.start_server(access_log=None)
    fake.app_url = str(server.make_url("/"))
    await walk_with_bolt(fake, fake.person("alice"))
    assert (await fake.send(b"{}", secret="other")).status == 401
    await server.close()
    await session.close()


async def test_a_bolt_app_over_the_socket(fake: FakeSlack):
    async with running(fake):
        await walk_with_bolt(fake, fake.person("alice"))
    assert fake.socket.refused == []


async def test_the_socket_is_renewed_and_dies(fake: FakeSlack):
    alice = fake.person("alice")
    outcome = await alice.open_home()
    assert outcome.failure.startswith("no answer"), "nobody is connected"
    fake.failures.clear()
    async with running(fake):
        await fake.socket.disconnect()
        await fake.socket.connected()
        assert (await alice.open_home()).ok
        await fake.socket.cut()
        await fake.socket.connected()
        assert (await alice.open_home()).ok
        fake.socket.silence()
        fake.deadline = 0.1
        assert not (await alice.open_home()).ok
        assert fake.failures == ["event app_home_opened: no answer in 0.1 s ()"]
