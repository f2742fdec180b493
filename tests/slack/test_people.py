"""Can people do in the fake what they can do in Slack, and nothing else?"""

from __future__ import annotations

import json

import pytest
from aiohttp import ClientSession, web
from slack_sdk.web.async_client import AsyncWebClient

from tests.slack import schemas, screen
from tests.slack.fake import FakeSlack
from tests.slack.person import Person, RefusedError
from tests.slack.program import Program, call, respond
from tests.slack.samples import (
    NAV,
    SAFE,
    actions,
    button,
    field_of,
    home,
    long,
    modal,
    option,
    radio,
    section,
)
from tests.slack.state import Channel, Json

# ---- triggers and modals


async def opening(fake: FakeSlack, program: Program, slack: AsyncWebClient, view: Json) -> None:
    """Let the program open a modal on a command, and take whatever answer Slack gives."""

    async def answer(said: Json) -> None:
        if "command" in said or said.get("type") == "shortcut":
            await slack.views_open(trigger_id=said["trigger_id"], view=view)

    program.answer = answer


async def test_a_trigger_lives_three_seconds_and_once(
    fake: FakeSlack, alice: Person, slack: AsyncWebClient
):
    view = modal(section("a"))

    async def error(trigger_id: str) -> str:
        return str((await call(slack, "views.open", trigger_id=trigger_id, view=view)).get("error"))

    trigger = fake.trigger(alice.user).id
    fake.clock.advance(3)
    assert await error(trigger) == "None"
    assert await error(trigger) == "exchanged_trigger_id"
    trigger = fake.trigger(alice.user).id
    fake.clock.advance(3.01)
    assert await error(trigger) == "expired_trigger_id"
    assert await error("1.2.three") == "invalid_trigger_id"
    wrong = modal(section(long(3001)))
    answer = await call(slack, "views.open", trigger_id=fake.trigger(alice.user).id, view=wrong)
    assert answer["error"] == "invalid_arguments"
    assert answer["response_metadata"]["messages"] == [
        "[ERROR] must be less than 3001 characters [json-pointer:/view/blocks/0/text/text]"
    ]
    answer = await call(
        slack, "views.open", trigger_id=fake.trigger(alice.user).id, view=home(section("a"))
    )
    assert "[json-pointer:/view/type]" in answer["response_metadata"]["messages"][0]
    assert len(fake.violations) == 2
    assert len(alice.views) == 1


async def test_a_walk_through_a_modal(
    fake: FakeSlack, program: Program, alice: Person, slack: AsyncWebClient, team: Channel
):
    first = modal(
        radio("who", "me", "you"), field_of("why", max_length=10), NAV, callback_id="step"
    )
    await opening(fake, program, slack, first)
    assert (await alice.slash("/cairn", "can I post?", team)).ok
    said = program.got[0]
    assert (said["command"], said["text"], said["channel_id"]) == ("/cairn", "can I post?", team.id)
    view = alice.view
    assert screen.lines(view) == ["== Cairn ==", "who", "( ) Me", "( ) You", "why", "[____]",
                                  "[ Back ]", "[ Close ] [ Next ]"]  # fmt: skip
    assert screen.options(view) == ["Me", "You"]
    with pytest.raises(RefusedError, match=r"please complete: \['who', 'why'\]"):
        await alice.submit()
    with pytest.raises(RefusedError, match="no option 'they'"):
        await alice.pick(view, "who", "they")
    with pytest.raises(RefusedError, match="takes 10 characters"):
        await alice.type(view, "why", long(11))
    with pytest.raises(RefusedError, match="0 buttons fit 'forward'"):
        await alice.press(view, "forward")
    assert await alice.pick(view, "who", "You") is None, "an input tells nobody"
    await alice.type(view, "why", "because")
    assert len(program.got) == 1
    await alice.press(view, label="Back")
    pressed = program.got[1]
    assert (pressed["type"], pressed["actions"][0]["value"]) == ("block_actions", "sealed")
    assert pressed["container"] == {"type": "view", "view_id": view.id}
    assert "response_url" not in pressed
    values = pressed["view"]["state"]["values"]
    assert values["who"]["pick"] == {"type": "radio_buttons", "selected_option": option("you")}
    assert values["why"]["type"] == {"type": "plain_text_input", "value": "because"}

    program.answer = lambda _: {"response_action": "errors", "errors": {"why": "Say more"}}
    assert (await alice.submit()).ok
    assert screen.lines(view)[5:7] == ["[because]", "! Say more"]
    program.answer = lambda _: {
        "response_action": "update",
        "view": modal(radio("who", "me", "you"), section("Step two"), title="Two"),
    }
    before = view.hash
    await alice.submit()
    assert alice.view is view, "a view that is updated stays the same view"
    assert (view.title, view.updates, view.hash != before) == ("Two", 2, True)
    assert screen.lines(view)[1:4] == ["who", "( ) Me", "(o) You"], "what stays keeps its value"
    program.answer = lambda _: {"response_action": "push", "view": modal(section("Step three"))}
    await alice.submit()
    assert [screen.lines(v)[0] for v in alice.views] == ["== Two ==", "== Cairn =="]
    assert (alice.view.previous, alice.view.root) == (view, view)
    with pytest.raises(RefusedError, match="not in front of"):
        await alice.submit(view)
    program.answer = lambda _: ""
    await alice.submit()
    assert alice.views == [view], "an empty answer closes the modal on top"
    program.answer = lambda _: {"response_action": "clear"}
    await alice.submit()
    assert alice.views == []
    assert not view.open
    assert (fake.failures, fake.violations) == ([], [])


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ({"response_action": "errors", "errors": {"nav": "no input"}}, "no input block 'nav'"),
        ({"response_action": "errors", "errors": {}}, "no error said"),
        ({"response_action": "update", "view": modal(section(long(3001)))}, "3001 characters"),
        ({"response_action": "update", "view": modal({"type": "nonsense"})}, "'nonsense'"),
        ({"response_action": "reopen"}, "response_action"),
        ("thank you", "no JSON object"),
        (web.Response(status=500), "status 500"),
        (web.Response(status=204), "status 204"),
    ],
)
async def test_an_answer_to_a_modal_that_slack_refuses_is_shown_as_a_failure(
    fake: FakeSlack, program: Program, alice: Person, answer: object, said: str
):
    view = fake.open_view(alice.user, modal(field_of("why"), NAV))
    await alice.type(view, "why", "because")
    program.answer = lambda _: answer
    outcome = await alice.submit()
    assert said in outcome.failure
    assert said in fake.failures[0]
    assert alice.views == [view]
    assert view.updates == 1


async def test_values_stay_where_both_ids_stay_and_only_there(fake: FakeSlack, alice: Person):
    view = fake.open_view(alice.user, modal(field_of("a", initial_value="at first"), field_of("b")))
    assert view.filled["a"]["type"]["value"] == "at first"
    await alice.type(view, "a", "mine")
    await alice.type(view, "b", "mine too")
    other = field_of("b")
    other["element"]["action_id"] = "renamed"
    fake.fill_view(view, modal(field_of("a", initial_value="another"), other))
    assert view.filled["a"]["type"]["value"] == "mine", "the new initial value is not shown"
    assert view.filled["b"] == {"renamed": {"type": "plain_text_input", "value": None}}
    fake.fill_view(view, modal(field_of("a2", initial_value="another")))
    assert view.filled["a2"]["type"]["value"] == "another"
    fake.fill_view(
        view, modal(radio("r", "x", "y", kind="checkboxes", initial_options=[option("x")]))
    )
    assert screen.lines(view)[2:4] == ["[x] X", "[ ] Y"]
    await alice.pick(view, "r")
    assert screen.lines(view)[2:4] == ["[ ] X", "[ ] Y"]
    await alice.pick(view, "r", "x", "y")
    fake.fill_view(view, modal(radio("r", "x", "z", kind="checkboxes")))
    assert screen.lines(view)[2:4] == ["[ ] X", "[ ] Z"], "an option that is gone is not chosen"


async def test_a_field_is_filled_by_its_label(fake: FakeSlack, alice: Person):
    boxes = radio("many", "x", "y", kind="checkboxes")
    boxes["label"]["text"] = "Which &amp; why"
    view = fake.open_view(alice.user, modal(field_of("a"), field_of("b"), radio("r", "x"), boxes))
    view.block("a")["label"]["text"] = "Your words"
    await alice.fill("Your words", "because")
    await alice.fill("Which & why", "X", "Y")
    assert view.filled["a"]["type"]["value"] == "because"
    assert len(view.filled["many"]["pick"]["selected_options"]) == 2
    with pytest.raises(RefusedError, match="0 fields are called 'your words'"):
        await alice.fill("your words", "x")


async def test_a_private_channel_shows_nothing_from_the_outside(fake: FakeSlack, alice: Person):
    office = fake.channel("office", alice, is_private=True)
    card = fake.put(office, fake.workspace.bot, "text", [NAV])
    bob = fake.person("bob")
    assert (alice.sees(office), bob.sees(office), bob.sees(alice.dm)) == ([card], [], [])
    with pytest.raises(RefusedError, match="bob does not see"):
        await bob.press(card, "back")


async def test_views_are_updated_pushed_and_closed(
    fake: FakeSlack, program: Program, alice: Person, slack: AsyncWebClient
):
    bob = fake.person("bob")
    view = fake.open_view(alice.user, modal(NAV, notify_on_close=True, external_id="mine"))

    async def push(said: Json) -> None:
        await slack.views_push(trigger_id=said["trigger_id"], view=modal(NAV))

    program.answer = push
    await alice.press(view, "back")
    await alice.press(alice.view, "back")
    assert len(alice.views) == 3
    program.answer = lambda _: None
    top = alice.view
    outcome = await alice.press(top, "back")
    trigger = outcome.delivery.payload["trigger_id"]
    answer = await call(slack, "views.push", trigger_id=trigger, view=modal(NAV))
    assert answer["error"] == "push_limit_reached"
    free = fake.trigger(bob.user).id
    assert (await call(slack, "views.push", trigger_id=free, view=modal(NAV)))[
        "error"
    ] == "not_found"

    named = modal(NAV, external_id="mine")
    answer = await call(slack, "views.open", trigger_id=trigger, view=named)
    assert answer["error"] == "duplicate_external_id"
    updated = (await slack.views_update(view_id=view.id, hash=view.hash, view=modal(NAV))).data
    assert (updated["view"]["id"], updated["view"]["hash"]) == (view.id, view.hash)
    answer = await call(slack, "views.update", view_id=view.id, hash="old", view=modal(NAV))
    assert answer["error"] == "hash_conflict"
    assert (await call(slack, "views.update", view_id="V0", view=modal(NAV)))[
        "error"
    ] == "not_found"
    assert (await call(slack, "views.update", view=modal(NAV)))["error"] == "invalid_arguments"
    notify = modal(NAV, notify_on_close=True)
    await slack.views_update(view_id=view.id, view=notify)

    got = len(program.got)
    assert await alice.close() is None, "nobody asked to be told"
    assert (len(program.got), len(alice.views)) == (got, 2)
    assert await alice.close() is None
    closed = await alice.close(everything=True)
    assert closed is not None
    assert (program.got[-1]["type"], program.got[-1]["is_cleared"]) == ("view_closed", True)
    assert (await call(slack, "views.update", view_id=view.id, view=modal(NAV)))[
        "error"
    ] == "not_found"
    with pytest.raises(RefusedError, match="no modal open"):
        await alice.submit()


async def test_a_home_is_published_for_one_person(
    fake: FakeSlack, program: Program, alice: Person, slack: AsyncWebClient
):
    async def publish(said: Json) -> None:
        if said["type"] == "event_callback":
            await slack.views_publish(user_id=said["event"]["user"], view=home(section("Hi"), NAV))

    program.answer = publish
    with pytest.raises(RefusedError, match="nothing was published"):
        assert alice.home
    await alice.open_home()
    assert "view" not in program.got[0]["event"]
    assert screen.lines(alice.home) == ["Hi", "[ Back ]"]
    await alice.press(alice.home, "back")
    assert program.got[1]["view"]["type"] == "home"
    await alice.open_home()
    assert program.got[2]["event"]["view"]["id"] == alice.home.id
    await alice.open_messages_tab()
    assert program.got[3]["event"]["tab"] == "messages"
    bob = fake.person("bob")
    with pytest.raises(RefusedError, match="not in front of bob"):
        await bob.press(alice.home, "back")
    answer = await call(slack, "views.publish", user_id="U0", view=home(section("a")))
    assert answer["error"] == "invalid_arguments"
    answer = await call(slack, "views.publish", user_id=alice.id, hash="old", view=home(NAV))
    assert answer["error"] == "hash_conflict"


# ---- what people do in messages


async def test_pressing_and_picking_in_messages(
    fake: FakeSlack, program: Program, alice: Person, team: Channel
):
    bob = fake.person("bob")
    blocks = [
        section("Choose", block_id="now", accessory=radio("", "x", "y")["element"]),
        actions(
            button("One", "go", value="1"),
            button("Two", "stay", value="2", url="https://example.invalid"),
            {"type": "overflow", "action_id": "more", "options": [option("later")]},
        )
        | {"block_id": "row"},
        actions(button("One", "go", value="3")),
    ]
    message = fake.put(team, fake.workspace.bot, "text", blocks)
    whisper = fake.put(team, fake.workspace.bot, "psst", [NAV], only_for=alice.id)
    await alice.pick(message, "now", "x")
    assert program.got[-1]["actions"][0]["selected_option"] == option("x")
    await alice.press(message, "go", value="3")
    assert program.got[-1]["actions"][0]["value"] == "3"
    assert program.got[-1]["state"]["values"]["now"]["pick"]["selected_option"] == option("x")
    await alice.press(message, label="Two")
    await alice.pick(message, "row", "later")
    assert program.got[-1]["actions"][0]["type"] == "overflow"
    with pytest.raises(RefusedError, match="2 buttons fit 'go'"):
        await alice.press(message, "go")
    await alice.press(message, "go", block_id="row")
    await alice.press(whisper, "back")
    assert program.got[-1]["container"]["is_ephemeral"]
    assert "message" not in program.got[-1]
    with pytest.raises(RefusedError, match="bob does not see"):
        await bob.press(whisper, "back")
    with pytest.raises(RefusedError, match="bob is not in team"):
        await bob.mention(team, "hello")
    alice.reload()
    with pytest.raises(RefusedError, match="alice does not see"):
        await alice.press(whisper, "back")
    assert screen.links(message) == ["https://example.invalid"]
    program.answer = lambda _: {"text": "thank you"}
    await alice.press(message, label="Two")
    assert "Slack ignores" in fake.violations[0]


async def test_messages_mentions_and_edits_are_told(
    fake: FakeSlack, program: Program, alice: Person, team: Channel
):
    await alice.message("hello")
    await alice.message("look", files=["screen.png"])
    await alice.message("more", thread_ts=alice.sees()[0].ts)
    await alice.edit(alice.sees()[0].ts, "hello again")
    await alice.delete(alice.sees()[1].ts)
    shared = fake.channel("shared", alice, is_ext_shared=True)
    await alice.mention(shared, "help")
    await alice.shortcut("check_before_post")
    await alice.shortcut("help_with_post", alice.say(team, "a post"))
    inner = [got.get("event", got) for got in program.got]
    assert [(e["type"], e.get("subtype")) for e in inner] == [
        ("message", None),
        ("message", "file_share"),
        ("message", None),
        ("message", "message_changed"),
        ("message", "message_deleted"),
        ("app_mention", None),
        ("shortcut", None),
        ("message_action", None),
    ]
    assert inner[2]["thread_ts"] == inner[0]["ts"]
    await alice.message("R&D < https://example.invalid/?a=1&b=2")
    sent = "R&amp;D &lt; <https://example.invalid/?a=1&amp;b=2>"
    assert program.got.pop()["event"]["text"] == sent
    assert screen.text(alice.sees()[-1]) == "R&D < https://example.invalid/?a=1&b=2"
    assert inner[3]["previous_message"]["text"] == "hello"
    assert (program.got[0]["is_ext_shared_channel"], program.got[5]["is_ext_shared_channel"]) == (
        False,
        True,
    )
    assert len({got["event_id"] for got in program.got[:6]}) == 6
    with pytest.raises(RefusedError, match="no message of alice"):
        await alice.edit("1.1", "a")


async def test_the_bot_hears_its_own_messages_when_asked_to(
    fake: FakeSlack, program: Program, alice: Person, slack: AsyncWebClient
):
    posted = await slack.chat_postMessage(channel=alice.id, text="hello", **SAFE)
    await slack.chat_update(channel=posted["channel"], ts=posted["ts"], text="changed")
    assert program.got == []
    await fake.echo()
    first, second = (got["event"] for got in program.got)
    assert (first["bot_id"], first.get("subtype")) == (fake.workspace.bot_id, None)
    assert (second["subtype"], second["message"]["text"]) == ("message_changed", "changed")
    for got, name in zip(program.got, ("DirectMessageBody", "MessageChangedBody"), strict=True):
        assert schemas.problems(name, got) == []


# ---- response_url


async def test_a_response_url_works_five_times_in_thirty_minutes(
    fake: FakeSlack, program: Program, alice: Person, team: Channel, http: ClientSession
):
    await alice.slash("/cairn", "", team)
    url = program.got[0]["response_url"]
    assert await respond(http, url, text="only you") == (200, "ok")
    assert await respond(http, url, text="all", response_type="in_channel", **SAFE) == (200, "ok")
    assert [(m.text, m.only_for) for m in alice.sees(team)] == [
        ("only you", alice.id),
        ("all", None),
    ]
    for _ in range(3):
        assert await respond(http, url, text="again") == (200, "ok")
    assert await respond(http, url, text="six") == (404, '{"ok": false, "error": "used_url"}')
    await alice.slash("/cairn", "", team)
    url = program.got[1]["response_url"]
    fake.clock.advance(30 * 60)
    assert (await respond(http, url, text="in time"))[0] == 200
    fake.clock.advance(1)
    assert await respond(http, url, text="late") == (404, '{"ok": false, "error": "expired_url"}')
    assert (await respond(http, f"{fake.url}response/nothing", text="a"))[0] == 404
    assert fake.violations == []


async def test_a_response_url_replaces_and_removes_what_was_pressed(
    fake: FakeSlack, program: Program, alice: Person, team: Channel, http: ClientSession
):
    bot = fake.workspace.bot
    posted = fake.put(team, bot, "posted", [NAV])
    whispered = fake.put(team, bot, "whispered", [NAV], only_for=alice.id)
    for message in (posted, whispered):
        await alice.press(message, "back")
        url = program.got[-1]["response_url"]
        await respond(http, url, text="new", blocks=[section("new")], replace_original=True)
        assert (message.text, screen.text(message)) == ("new", "new")
        assert (await respond(http, url, delete_original=True))[0] == 200
        assert message.deleted
    assert alice.sees(team) == []


async def test_what_is_posted_to_a_response_url_is_checked(
    fake: FakeSlack, program: Program, alice: Person, http: ClientSession
):
    await alice.slash()
    url = program.got[0]["response_url"]
    status, body = await respond(http, url, text="a", blocks=[{"type": "nonsense"}])
    assert (status, json.loads(body)["error"]) == (400, "invalid_blocks")
    assert (await respond(http, url))[0] == 400
    assert (await respond(http, url, text="a", response_type="loud", colour=1))[0] == 200
    assert (await respond(http, url, text="a", replace_original="true"))[0] == 200
    assert len(fake.violations) == 5


async def test_an_answer_to_a_command_is_a_message(
    fake: FakeSlack, program: Program, alice: Person, team: Channel
):
    for answer in ("plain words", {"text": "fallback", "blocks": [section("in a block")]}):
        program.answer = lambda _, answer=answer: answer
        await alice.slash("/cairn", "", team)
    program.answer = lambda _: {"text": "loud", "response_type": "in_channel", **SAFE}
    await alice.slash("/cairn", "", team)
    assert [screen.text(m) for m in alice.ephemerals] == ["plain words", "in a block"]
    assert [screen.text(m) for m in team.shown()] == ["loud"]
    assert fake.violations == []
    program.answer = lambda _: {"text": "a", "blocks": [section(long(3001))]}
    outcome = await alice.slash("/cairn", "", team)
    assert "Slack refuses the answer" in outcome.failure
    assert len(fake.failures) == len(fake.violations) == 1
