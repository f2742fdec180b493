"""Can a team pin a summary in its channel on Slack, and does everybody who taps it stay private?

The counter, the keeper and the store are the real ones; Slack is the strict fake, over HTTP.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest

from bot.channels.pinned import asked
from bot.channels.slack import form_presses, forms
from bot.channels.slack.board import SlackBoard
from bot.conversation import Conversation, Look, Move, Reply
from bot.forms import PINS, Counter, Form, Press, Said
from bot.guidance.words import LANGS, Lang
from bot.pins.port import Board, Held, Room
from bot.platforms import GoneError, LaterError, Place, PlatformError, RefusedError, Who
from tests.conftest import NOON
from tests.slack import faults, limits, payloads, schemas, screen
from tests.slack.delivery import Delivery
from tests.slack.fake import FakeSlack
from tests.slack.person import Person
from tests.slack.state import Channel, Json, Message
from tests.slack_app import (
    Running,
    department,
    farewells,
    guidance_of,
    hurry,
    logged,
    running,
    violations,
)
from tests.test_slack_faults import RETRIED

PHRASES = guidance_of().guidance.phrases
SUMMARIES = tuple(guidance_of().guidance.summaries)
TONGUES: tuple[tuple[Lang, ...], ...] = (("en",), ("fr",), ("en", "fr"), ("fr", "en"))


def say(phrase: str, lang: Lang = "en") -> str:
    return PHRASES[phrase][lang]


def replies(summary: str, *langs: Lang, talk: Conversation | None = None) -> list[Reply]:
    conversation = (talk or guidance_of()).on("slack")
    return [conversation.respond(Move(f"summary:{summary}", lang, Look())) for lang in langs]


@pytest.fixture
async def fake() -> AsyncIterator[FakeSlack]:
    async with FakeSlack(rates=False) as fake:
        yield fake
    assert violations(fake) == []


@pytest.fixture
async def cairn(fake: FakeSlack) -> AsyncIterator[Running]:
    with logged() as log:
        async with running(fake) as cairn:
            hurry(cairn)
            yield cairn
    assert "Traceback" not in log.getvalue()
    assert not any(user in log.getvalue() for user in fake.workspace.users if "BOT" not in user)


@pytest.fixture
def board(cairn: Running) -> SlackBoard:
    board: Board = cairn.channel.board  # it is what pins ask for
    assert isinstance(board, SlackBoard)
    return board


@pytest.fixture
def alice(fake: FakeSlack) -> Person:
    return fake.person("alice", locale="en-CA")


@pytest.fixture
def team(fake: FakeSlack, alice: Person) -> Channel:
    return fake.channel("team", alice)


def at(channel: Channel) -> Place:
    return Place("slack", "T0CAIRN", channel.id)


def called(fake: FakeSlack, method: str) -> list[Json]:
    return [call.arguments for call in fake.calls if call.method == method]


async def pinned(board: SlackBoard, team: Channel, *langs: Lang) -> Message:
    """A summary that stands in a channel, among its pins."""
    drawn = board.draw(replies("elections", *(langs or ("en",))), None)
    ref = await board.post(at(team), drawn)
    await board.hold(at(team), ref)
    return team.messages[ref]


# ---- what is known of a channel


async def test_a_channel_of_the_organization_that_cairn_is_in_is_open(
    fake: FakeSlack, board: SlackBoard, team: Channel, alice: Person
):
    closed = fake.channel("closed", alice, is_private=True)
    assert await board.room(at(team)) is Room.OPEN
    assert await board.room(at(closed)) is Room.OPEN
    team.is_org_shared = True
    assert await board.room(at(team)) is Room.OPEN, "its workspaces are of one organization"


async def test_where_cairn_is_not_it_says_so(
    fake: FakeSlack, board: SlackBoard, team: Channel, alice: Person
):
    team.members.remove(fake.workspace.bot.id)
    assert await board.room(at(team)) is Room.ABSENT
    secret = fake.channel("secret", alice, is_private=True, bot=False)
    assert await board.room(at(secret)) is Room.ABSENT


@pytest.mark.parametrize("flag", ["is_ext_shared", "is_pending_ext_shared"])
async def test_a_channel_that_another_organization_reads_or_will_read_is_shared(
    fake: FakeSlack, board: SlackBoard, team: Channel, flag: str
):
    setattr(team, flag, True)
    assert await board.room(at(team)) is Room.SHARED
    team.is_org_shared = True
    assert await board.room(at(team)) is Room.SHARED
    team.members.remove(fake.workspace.bot.id)
    assert await board.room(at(team)) is Room.SHARED, "nobody is told to invite Cairn for nothing"


async def test_an_archived_channel_and_one_that_cairn_may_not_post_in_are_told_apart(
    fake: FakeSlack, board: SlackBoard, team: Channel
):
    team.is_read_only = True
    assert await board.room(at(team)) is Room.RESTRICTED
    fake.archive(team)
    assert await board.room(at(team)) is Room.ARCHIVED


async def test_peoples_own_chats_are_personal_and_the_chat_with_cairn_needs_no_call(
    fake: FakeSlack, board: SlackBoard, alice: Person
):
    fake.calls.clear()
    assert await board.room(at(alice.dm)) is Room.PERSONAL
    assert fake.calls == []
    talk = fake.channel("mpdm-alice--bob-1", alice, is_private=True)
    talk.is_mpim = True
    assert await board.room(at(talk)) is Room.PERSONAL
    fake.workspace.scopes.add("mpim:read")
    assert await board.room(at(talk)) is Room.PERSONAL


async def test_what_slack_does_not_say_for_certain_is_not_open(
    fake: FakeSlack, board: SlackBoard, team: Channel
):
    fake.workspace.scopes.remove("channels:read")
    with pytest.raises(RefusedError, match=r"^missing_scope$"):
        await board.room(at(team))
    fake.workspace.scopes.add("channels:read")
    for fault in (faults.html(), faults.truncated(), faults.reset(), faults.limited("7")):
        fake.faults.add("conversations.info", fault)
        with pytest.raises(LaterError):
            await board.room(at(team))


# ---- the post


@pytest.mark.parametrize("talk", [guidance_of, department])
@pytest.mark.parametrize("langs", TONGUES)
@pytest.mark.parametrize("summary", SUMMARIES)
def test_every_summary_fits_into_one_message_that_slack_takes(
    board_alone: SlackBoard, summary: str, langs: tuple[Lang, ...], talk: Callable[[], Conversation]
):
    drawn = board_alone.draw(replies(summary, *langs, talk=talk()), "2026-11-20")
    sent = {"channel": "C1", "unfurl_links": False, "unfurl_media": False, **drawn.message}
    fake = FakeSlack()
    fake.violations += limits.message(dict(sent)).sentences()
    assert violations(fake) == []
    assert schemas.problems("MessagePayload", dict(drawn.message)) == []
    assert len(drawn.mark) <= 32
    buttons = [block for block in drawn.message["blocks"] if block["type"] == "actions"]
    assert [block for block in drawn.message["blocks"] if block not in buttons] == drawn.elements


@pytest.fixture(scope="module")
def board_alone() -> SlackBoard:
    """A board that draws, and asks nobody."""
    return SlackBoard(None)  # type: ignore[arg-type]


@pytest.mark.parametrize("langs", TONGUES)
def test_each_language_has_its_own_buttons_and_the_sources_stand_once(
    board_alone: SlackBoard, langs: tuple[Lang, ...]
):
    drawn = board_alone.draw(replies("elections", *langs), None)
    rows = [block for block in drawn.message["blocks"] if block["type"] == "actions"]
    assert [row["block_id"] for row in rows] == [f"controls:{lang}" for lang in langs]
    for row in rows:
        assert [one["action_id"] for one in row["elements"]] == [
            "start:political_activity",
            "start:home",
        ]
        assert not any("value" in one for one in row["elements"]), "nothing of a person is in it"
    dividers = [block for block in drawn.elements if block["type"] == "divider"]
    assert len(dividers) == 2 * (len(langs) - 1)
    assert json.dumps(drawn.elements).count("*Sources*") == 1, "the word is the same in both"


def test_a_post_differs_by_its_words_and_its_date_and_by_nothing_else(board_alone: SlackBoard):
    def mark(*langs: Lang, changed: str | None = None) -> str:
        return board_alone.draw(replies("elections", *langs), changed).mark

    assert mark("en") == mark("en")
    marks = {mark("en"), mark("fr"), mark("en", "fr"), mark("fr", "en"),
             mark("en", changed="2026-11-20")}  # fmt: skip
    assert len(marks) == 5


def test_a_summary_that_does_not_fit_is_refused_and_not_cut(board_alone: SlackBoard):
    (reply,) = replies("elections", "en")
    said = reply.screen.first * 8
    long = replace(reply, screen=replace(reply.screen, first=said))
    with pytest.raises(RefusedError, match=r"^too_large$"):
        board_alone.draw([long], None)


async def test_a_post_is_pinned_changed_noted_and_taken_away(
    fake: FakeSlack, board: SlackBoard, team: Channel, alice: Person
):
    message = await pinned(board, team, "en", "fr")
    assert team.pins == [message.ts]
    assert message.text == "Elections and political activities · Élections et activités politiques"
    later = board.draw(replies("generative_ai", "fr"), "2026-11-20")
    await board.update(at(team), message.ts, later)
    assert screen.lines(message)[1] == "# L’IA générative au travail"
    await board.note(at(team), message.ts, "What changed (2026-11-20): one word.")
    line = team.shown()[-1]
    assert (line.thread_ts, line.text) == (message.ts, "What changed (2026-11-20): one word.")
    assert called(fake, "chat.postMessage")[-1]["reply_broadcast"] is False
    address = await board.address(at(team), message.ts)
    assert (
        address == f"https://ministry.slack.com/archives/{team.id}/p{message.ts.replace('.', '')}"
    )
    await board.remove(at(team), message.ts)
    assert message.deleted
    assert team.pins == []
    await board.remove(at(team), message.ts)  # again does no harm


async def test_a_post_that_is_pinned_already_is_pinned(
    fake: FakeSlack, board: SlackBoard, team: Channel
):
    message = await pinned(board, team)
    assert await board.hold(at(team), message.ts) is Held.PINNED
    assert team.pins == [message.ts]


def _restricted(fake: FakeSlack, team: Channel) -> None:
    team.pins_restricted = True


def _full(fake: FakeSlack, team: Channel) -> None:
    team.pins += [f"{number}.1" for number in range(100)]


def _ungranted(fake: FakeSlack, team: Channel) -> None:
    fake.workspace.scopes.remove("pins:write")


@pytest.mark.parametrize("hinder", [_restricted, _full, _ungranted])
async def test_where_pinning_is_refused_the_post_stands_and_can_be_taken_away(
    fake: FakeSlack,
    board: SlackBoard,
    team: Channel,
    hinder: Callable[[FakeSlack, Channel], None],
):
    hinder(fake, team)
    ref = await board.post(at(team), board.draw(replies("elections", "en"), None))
    assert await board.hold(at(team), ref) is Held.REFUSED
    assert not team.messages[ref].deleted
    await board.remove(at(team), ref)
    assert team.messages[ref].deleted


# ---- how Slack fails

Call = Callable[[SlackBoard, Place, str], Awaitable[object]]


def _drawn() -> Any:
    return SlackBoard(None).draw(replies("elections", "en"), None)  # type: ignore[arg-type]


CALLS: dict[str, tuple[str, Call]] = {
    "room": ("conversations.info", lambda b, place, _: b.room(place)),
    "post": ("chat.postMessage", lambda b, place, _: b.post(place, _drawn())),
    "update": ("chat.update", lambda b, place, ref: b.update(place, ref, _drawn())),
    "hold": ("pins.add", lambda b, place, ref: b.hold(place, ref)),
    "note": ("chat.postMessage", lambda b, place, ref: b.note(place, ref, "It changed.")),
    "remove": ("chat.delete", lambda b, place, ref: b.remove(place, ref)),
    "address": ("chat.getPermalink", lambda b, place, ref: b.address(place, ref)),
}


@pytest.mark.parametrize("call", CALLS)
async def test_what_may_pass_is_tried_once_and_told_as_such(
    cairn: Running, board: SlackBoard, team: Channel, call: str
):
    fake, (method, ask) = cairn.fake, CALLS[call]
    message = await pinned(board, team)
    for name, fault in {**RETRIED, "token": faults.error("token_revoked")}.items():
        cairn.channel.outbound._lanes.clear()
        fake.calls.clear()
        fake.faults.heal()
        fake.faults.add(method, fault, times=None)
        with pytest.raises(LaterError) as raised:
            await ask(board, at(team), message.ts)
        assert len(called(fake, method)) == 1, name
        assert str(raised.value) == raised.value.code
        assert raised.value.__cause__ is None
    fake.faults.heal()


def _deleted(fake: FakeSlack, message: Message) -> None:
    fake.remove(message)


def _archived(fake: FakeSlack, message: Message) -> None:
    fake.archive(message.channel)


def _kicked(fake: FakeSlack, message: Message) -> None:
    message.channel.members.discard(fake.workspace.bot.id)


def _closed(fake: FakeSlack, message: Message) -> None:
    _kicked(fake, message)
    message.channel.is_private = True


@pytest.mark.parametrize("lose", [_deleted, _archived, _kicked, _closed])
async def test_a_post_that_was_deleted_or_is_out_of_reach_is_gone_and_removing_it_does_no_harm(
    fake: FakeSlack,
    board: SlackBoard,
    team: Channel,
    lose: Callable[[FakeSlack, Message], None],
):
    message = await pinned(board, team)
    lose(fake, message)
    with pytest.raises(GoneError):
        await board.update(at(team), message.ts, _drawn())
    with pytest.raises(GoneError):
        await board.hold(at(team), message.ts)
    await board.remove(at(team), message.ts)


async def test_that_nobody_may_change_a_post_does_not_take_it_away(
    fake: FakeSlack, board: SlackBoard, team: Channel
):
    message = await pinned(board, team)
    fake.faults.add("chat.update", faults.error("edit_window_closed"))
    with pytest.raises(RefusedError, match=r"^edit_window_closed$"):
        await board.update(at(team), message.ts, _drawn())


async def test_where_nobody_may_post_that_is_refused(
    fake: FakeSlack, board: SlackBoard, team: Channel
):
    team.is_read_only = True
    with pytest.raises(RefusedError, match=r"^restricted_action_read_only_channel$"):
        await board.post(at(team), _drawn())
    for code in ("restricted_action", "is_archived", "not_in_channel", "channel_not_found"):
        fake.faults.add("chat.postMessage", faults.error(code))
        with pytest.raises(RefusedError, match=f"^{code}$"):
            await board.post(at(team), _drawn())


async def test_a_post_is_deleted_even_where_slack_has_no_time_to_take_it_out_of_the_pins(
    fake: FakeSlack, board: SlackBoard, team: Channel
):
    message = await pinned(board, team)
    fake.faults.add("pins.remove", faults.limited("30"))
    await board.remove(at(team), message.ts)
    assert message.deleted
    assert team.pins == []


async def test_a_change_every_so_often_leaves_room_for_the_cards_of_people():
    async with FakeSlack(stands_at=NOON) as fake, running(fake) as cairn:
        board, clock, alice = cairn.channel.board, hurry(cairn), fake.person("alice")

        def pass_by(seconds: float) -> None:
            fake.clock.advance(seconds)
            clock.now += seconds

        posts = []
        for number in range(12):
            posts.append(await pinned(board, fake.channel(f"team{number}", alice)))
            pass_by(60)
        card = await cairn.channel.outbound.post(alice.id, forms.line_of("A card"))
        fake.calls.clear()
        for turn in range(90):
            message = posts[turn % len(posts)]
            await board.update(at(message.channel), message.ts, _drawn())
            if turn % 3:
                chat = alice.dm.id
                await cairn.channel.outbound.update_once(chat, card, forms.line_of("Another"))
            pass_by(board.spacing)
        assert {call.status for call in fake.calls} == {200}
        assert len(fake.calls) == 150


# ---- /cairn pin


def test_only_the_reserved_words_alone_ask_about_pins():
    assert asked("pin") == asked("  PIN ") == ("pin:choose", "en")
    assert asked("épingler") == asked("Epingler") == ("pin:choose", "fr")
    assert (asked("unpin"), asked("retirer")) == (("pin:leave", "en"), ("pin:leave", "fr"))
    for said in ("", "pin it", "pins", "can I pin this?", "retirer ma publication"):
        assert asked(said) is None


async def begin(cairn: Running, person: Person, channel: Channel, word: str = "pin") -> str:
    """Type the command, and return what the window says."""
    outcome = await person.slash("/cairn", word, channel)
    assert outcome.ok
    assert outcome.body == "", "the channel and the answer say nothing"
    await cairn.drain()
    return screen.text(person.view)


async def pin(
    cairn: Running, person: Person, channel: Channel, summary: str = "elections",
    tongue: str = "pin_lang_both", lang: Lang = "en",
) -> str:  # fmt: skip
    """Pin a summary from the command to the end, and return what the window says then."""
    await begin(cairn, person, channel, "pin" if lang == "en" else "épingler")
    title = guidance_of().guidance.summaries[summary].title[lang]
    await person.fill(say("pin_which", lang), title)
    await person.fill(say("pin_lang", lang), say(tongue, lang))
    for _ in range(2):
        assert (await person.submit()).ok
        await cairn.drain()
    return screen.text(person.view)


@pytest.mark.parametrize(("lang", "locale"), [("en", "en-CA"), ("fr", "fr-CA")])
async def test_a_summary_is_chosen_seen_and_pinned(
    cairn: Running, fake: FakeSlack, team: Channel, lang: Lang, locale: str
):
    person = fake.person("bob", locale=locale)
    team.members.add(person.id)
    word = "pin" if lang == "en" else "épingler"
    assert say("pin_title", lang) in await begin(cairn, person, team, word)
    assert team.shown() == []
    await person.fill(say("pin_which", lang),
                      guidance_of().guidance.summaries["elections"].title[lang])  # fmt: skip
    await person.submit()
    preview = screen.lines(person.view)
    assert team.shown() == []
    await person.submit()
    await cairn.drain()
    assert say("pin_done", lang) in screen.text(person.view)
    (message, _) = team.shown()
    assert team.pins == [message.ts]
    buttons = [f"[ {words} ]" for words in screen.buttons(message)]
    seen = [line for line in screen.lines(message) if line not in buttons]
    start = preview.index("---") + 1
    assert preview[start : start + len(seen)] == seen, "what was seen is what stands there"
    address = await cairn.channel.board.address(at(team), message.ts)
    assert screen.links(person.view)[-1] == address


async def test_the_window_opens_with_one_call_and_in_the_language_of_the_person(
    cairn: Running, fake: FakeSlack, team: Channel
):
    marie = fake.person("marie", locale="fr-CA")
    team.members.add(marie.id)
    fake.calls.clear()
    assert say("pin_title", "fr") in await begin(cairn, marie, team, "pin")
    methods = [call.method for call in fake.calls]
    assert methods == ["users.info", "conversations.info", "views.open"]


@pytest.mark.parametrize("word", ["unpin", "retirer"])
async def test_a_summary_is_taken_away(
    cairn: Running, fake: FakeSlack, alice: Person, team: Channel, word: str
):
    assert say("pin_leave_none") in await begin(cairn, alice, team, word)
    await pin(cairn, alice, team)
    message = team.shown()[0]
    await begin(cairn, alice, team, word)
    await alice.submit()
    await cairn.drain()
    assert say("pin_left") in screen.text(alice.view)
    assert message.deleted
    assert team.pins == []
    assert say("pin_leave_none") in await begin(cairn, alice, team, word)


async def test_who_was_taken_out_of_a_private_channel_pins_nothing_with_a_form_of_it(
    cairn: Running, fake: FakeSlack, alice: Person
):
    bob = fake.person("bob")
    secret = fake.channel("secret", alice, bob, is_private=True)
    assert say("pin_done") in await pin(cairn, alice, secret)
    stands = len(secret.shown())
    await begin(cairn, bob, secret)
    title = guidance_of().guidance.summaries["generative_ai"].title.en
    await bob.fill(say("pin_which"), title)
    await bob.submit()
    secret.members.discard(bob.id)
    await bob.submit()
    await cairn.drain()
    assert say("pin_expired") in screen.text(bob.view)
    assert len(secret.shown()) == stands
    secret.members.add(bob.id)
    await begin(cairn, bob, secret, "unpin")
    secret.members.discard(bob.id)
    await bob.submit()
    await cairn.drain()
    assert say("pin_expired") in screen.text(bob.view)
    assert len(secret.shown()) == stands


async def test_who_is_not_in_a_public_channel_may_be_at_any_moment_and_is_not_looked_for(
    fake: FakeSlack, board: SlackBoard, team: Channel
):
    bob = fake.person("bob")
    assert await board.has(at(team), Who("slack", "T0CAIRN", bob.id))
    assert called(fake, "conversations.members") == []


async def test_where_slack_does_not_say_that_a_channel_is_public_its_people_are_looked_at(
    fake: FakeSlack, board: SlackBoard, alice: Person
):
    bob = fake.person("bob")
    secret = fake.channel("secret", alice, is_private=True)
    assert await board.has(at(secret), Who("slack", "T0CAIRN", alice.id))
    assert not await board.has(at(secret), Who("slack", "T0CAIRN", bob.id))
    secret.members.discard(fake.workspace.bot.id)
    with pytest.raises(PlatformError):
        await board.has(at(secret), Who("slack", "T0CAIRN", alice.id))


async def test_a_large_private_channel_is_read_to_its_end_and_a_very_large_one_is_refused(
    fake: FakeSlack, board: SlackBoard, alice: Person
):
    large = fake.channel("large", alice, is_private=True)
    large.members |= {f"A{number:05}" for number in range(3_000)}
    assert alice.user.id == max(large.members - {fake.workspace.bot.id}), "on the last page"
    assert await board.has(at(large), Who("slack", "T0CAIRN", alice.id))
    assert len(called(fake, "conversations.members")) > 1
    large.members |= {f"A{number:05}" for number in range(3_000, 6_000)}
    with pytest.raises(PlatformError):
        await board.has(at(large), Who("slack", "T0CAIRN", alice.id))


def _shared(fake: FakeSlack, team: Channel) -> None:
    team.is_ext_shared = True


def _old(fake: FakeSlack, team: Channel) -> None:
    fake.archive(team)


def _left(fake: FakeSlack, team: Channel) -> None:
    team.members.discard(fake.workspace.bot.id)


def _quiet(fake: FakeSlack, team: Channel) -> None:
    team.is_read_only = True


@pytest.mark.parametrize("lang", LANGS)
@pytest.mark.parametrize(
    ("change", "room"),
    [(_shared, "shared"), (_old, "archived"), (_left, "absent"), (_quiet, "restricted")],
)
async def test_where_nothing_can_be_pinned_the_window_says_why(
    cairn: Running,
    fake: FakeSlack,
    team: Channel,
    change: Callable[[FakeSlack, Channel], None],
    room: str,
    lang: Lang,
):
    person = fake.person("bob", locale=f"{lang}-CA")
    team.members.add(person.id)
    change(fake, team)
    assert say(f"pin_no_{room}", lang) in await begin(cairn, person, team)
    assert team.shown() == []


async def test_in_ones_own_chat_nothing_is_pinned(cairn: Running, alice: Person):
    assert say("pin_no_personal") in await begin(cairn, alice, alice.dm)
    assert alice.sees() == []


async def test_where_pins_are_refused_the_window_says_how_to_pin_by_hand(
    cairn: Running, fake: FakeSlack, alice: Person, team: Channel
):
    fake.workspace.scopes.remove("pins:write")
    text = await pin(cairn, alice, team)
    assert say("pin_done_slack") in text
    assert say("pin_address") in text
    assert len(team.shown()) == 1


async def test_a_thread_in_the_payload_changes_nothing(
    cairn: Running, fake: FakeSlack, alice: Person, team: Channel
):
    body = payloads.slash(alice._made(), "/cairn", "pin", team,
                          fake.response_url(alice.user, team))  # fmt: skip
    body["thread_ts"] = alice.say(team, "hello").ts
    outcome = await fake.deliver(Delivery.of("command", body))
    assert outcome.ok
    await cairn.drain()
    assert say("pin_title") in screen.text(alice.view)


@pytest.mark.parametrize(
    "about",
    [
        {"is_restricted": True},
        {"is_restricted": True, "is_ultra_restricted": True},
        {"is_stranger": True, "team": "T0OTHER"},
    ],
)
@pytest.mark.parametrize("word", ["pin", "unpin"])
async def test_guests_and_people_from_elsewhere_neither_pin_nor_unpin(
    cairn: Running, fake: FakeSlack, alice: Person, team: Channel, about: dict[str, Any], word: str
):
    await pin(cairn, alice, team)
    guest = fake.person("guest", **about)
    team.members.add(guest.id)
    assert screen.lines(guest_view := await _window(cairn, guest, team, word))[1] == say(
        "pin_members_only"
    )
    assert screen.buttons(guest_view) == []
    assert len(team.pins) == 1


async def _window(cairn: Running, person: Person, channel: Channel, word: str) -> Any:
    await begin(cairn, person, channel, word)
    return person.view


async def test_where_the_directory_is_silent_nobody_is_taken_for_a_member(
    cairn: Running, fake: FakeSlack, team: Channel
):
    guest = fake.person("guest", is_restricted=True)
    team.members.add(guest.id)
    fake.faults.add("users.info", faults.error("internal_error"), times=None)
    assert say("slack_pin_again") in await begin(cairn, guest, team)


async def test_nothing_of_the_person_is_in_the_store(
    cairn: Running, fake: FakeSlack, alice: Person, team: Channel
):
    await pin(cairn, alice, team)
    await begin(cairn, alice, team, "unpin")
    kept = b"".join(path.read_bytes() for path in cairn.folder.rglob("*") if path.is_file())
    assert team.id.encode() in kept, "the channel is kept, so the test looks in the right place"
    for secret in (alice.id, alice.user.name, alice.dm.id):
        assert secret.encode() not in kept


# ---- when there is little time


@pytest.fixture
def counter(cairn: Running) -> Waiting:
    """A counter that answers when it is let."""
    waiting = Waiting()
    served: Counter = waiting
    cairn.channel.serve(PINS, served)
    return waiting


class Waiting:
    """Shows one form, as soon as its gate is open, and notes the presses."""

    def __init__(self) -> None:
        self.gate = asyncio.Event()
        self.got: list[tuple[Who, Press, Lang]] = []
        self.error: Exception | None = None

    async def press(self, who: Who, press: Press, lang: Lang) -> Form:
        self.got.append((who, press, lang))
        await self.gate.wait()
        if self.error is not None:
            raise self.error
        return Form(lang, [Said("Which summary?")])


async def test_the_counter_is_told_the_channel_and_the_tenant(
    cairn: Running, counter: Waiting, alice: Person, team: Channel
):
    counter.gate.set()
    await begin(cairn, alice, team)
    await begin(cairn, alice, team, "retirer")
    places = [press for _, press, _ in counter.got]
    assert places == [Press("pin:choose", where=at(team)), Press("pin:leave", where=at(team))]
    assert {lang for _, _, lang in counter.got} == {"en"}, "the language of the profile"


async def test_a_slow_counter_gets_a_window_that_asks_to_wait(
    cairn: Running,
    counter: Waiting,
    alice: Person,
    team: Channel,
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setattr(form_presses, "SOON", 0.01)
    await alice.slash("/cairn", "pin", team)
    await cairn.fake.until(lambda: alice.views)
    assert say("desk_wait") in screen.text(alice.view)
    counter.gate.set()
    await cairn.drain()
    assert "Which summary?" in screen.text(alice.view)


async def test_with_a_trigger_that_is_too_old_only_they_are_told_to_try_again(
    cairn: Running, counter: Waiting, alice: Person, team: Channel, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(form_presses, "STALE", -1.0)
    await alice.slash("/cairn", "pin", team)
    await cairn.drain()
    assert screen.lines(alice.ephemerals[-1]) == [say("slack_pin_again")]
    assert (alice.views, counter.got, team.shown()) == ([], [], [])


async def test_where_slack_opens_no_window_only_they_are_told_to_try_again(
    cairn: Running, fake: FakeSlack, counter: Waiting, alice: Person, team: Channel
):
    counter.gate.set()
    fake.faults.add("views.open", faults.limited())
    await alice.slash("/cairn", "épingler", team)
    await cairn.drain()
    assert screen.lines(alice.ephemerals[-1]) == [say("slack_pin_again")]
    assert team.shown() == []


@pytest.mark.parametrize("error", [ValueError("secret words"), LaterError("unreachable")])
async def test_a_counter_that_fails_says_so_and_not_how(
    cairn: Running, counter: Waiting, alice: Person, team: Channel, error: Exception
):
    counter.error = error
    counter.gate.set()
    assert say("slack_pin_again") in await begin(cairn, alice, team)


async def test_before_a_counter_is_there_only_they_are_told_so(
    cairn: Running, alice: Person, team: Channel
):
    cairn.channel._forms._counters.clear()
    await alice.slash("/cairn", "pin", team)
    assert screen.lines(alice.ephemerals[-1]) == [say("slack_pin_off")]
    assert team.shown() == []


# ---- whoever taps


async def test_everybody_who_taps_gets_a_window_of_their_own_and_the_post_stays_as_it_is(
    cairn: Running, fake: FakeSlack, board: SlackBoard, team: Channel
):
    message = await pinned(board, team)
    people = [fake.person(f"p{number}", locale="en-CA") for number in range(20)]
    team.members |= {one.id for one in people}
    before = screen.lines(message)
    await asyncio.gather(*(one.press(message, "start:political_activity") for one in people))
    await cairn.drain()
    title = guidance_of().guidance.trees["political_activity"].title.en
    assert all(title in screen.text(one.view) for one in people)
    assert len({one.view.private_metadata for one in people}) == 20, "each capsule is their own"
    assert (screen.lines(message), message.edited) == (before, 0)
    assert team.shown()[0] is message
    assert [m for m in team.shown() if m.ts > message.ts and not m.is_notice] == []


@pytest.mark.parametrize("langs", TONGUES)
async def test_in_a_post_of_both_languages_the_button_chooses_the_language(
    cairn: Running, fake: FakeSlack, board: SlackBoard, team: Channel, langs: tuple[Lang, ...]
):
    message = await pinned(board, team, *langs)
    marie = fake.person("marie", locale="fr-CA")
    team.members.add(marie.id)
    await marie.message("bonjour")  # from now on her language is known
    await cairn.drain()
    tree = guidance_of().guidance.trees["political_activity"]
    for lang in langs:
        await marie.press(message, "start:political_activity", block_id=f"controls:{lang}")
        await cairn.drain()
        expected = lang if len(langs) == 2 else "fr"
        assert tree.title[expected] in screen.text(marie.view)


async def test_somebody_from_elsewhere_who_taps_is_turned_away_in_their_own_chat(
    cairn: Running, fake: FakeSlack, board: SlackBoard, team: Channel
):
    message = await pinned(board, team)
    team.is_ext_shared = True
    stranger = fake.person("stranger", is_stranger=True, team="T0OTHER")
    team.members.add(stranger.id)
    before = screen.lines(message)
    await stranger.press(message, "start:home")
    await cairn.drain()
    assert stranger.views == []
    assert "open to all" in screen.text(stranger.sees()[-1])
    assert screen.lines(message) == before


async def test_where_slack_opens_no_window_the_walk_comes_for_them_alone(
    cairn: Running, fake: FakeSlack, board: SlackBoard, team: Channel, alice: Person
):
    message = await pinned(board, team)
    before = screen.lines(message)
    fake.faults.add("views.open", faults.limited())
    await alice.press(message, "start:political_activity")
    await cairn.drain()
    title = guidance_of().guidance.trees["political_activity"].title.en
    assert title in screen.text(alice.ephemerals[-1])
    assert screen.lines(message) == before
    assert [m for m in team.shown() if m.ts > message.ts and not m.is_notice] == []


# ---- when Cairn is taken out


@pytest.fixture
def gone(cairn: Running) -> list[tuple[str, str, str | None]]:
    """What the channel tells of being removed."""
    told: list[tuple[str, str, str | None]] = []

    async def left(platform: str, tenant: str, channel: str | None) -> None:
        told.append((platform, tenant, channel))

    cairn.channel.on_left = left
    return told


@pytest.mark.parametrize("private", [False, True])
async def test_being_taken_out_of_a_channel_is_told(
    cairn: Running,
    fake: FakeSlack,
    alice: Person,
    gone: list[tuple[str, str, str | None]],
    private: bool,
):
    team = fake.channel("team", alice, is_private=private)
    await fake.take_out(team, alice.user)
    await cairn.drain()
    assert gone == [("slack", "T0CAIRN", team.id)]


async def test_its_pins_are_forgotten_and_those_of_other_channels_are_not(
    cairn: Running, fake: FakeSlack, alice: Person, team: Channel
):
    other = fake.channel("other", alice)
    await pin(cairn, alice, team)
    await pin(cairn, alice, other)
    await fake.take_out(team, alice.user)
    await cairn.drain()
    team.members.add(fake.workspace.bot.id)
    assert say("pin_leave_none") in await begin(cairn, alice, team, "unpin")
    assert say("pin_leave_title") in await begin(cairn, alice, other, "unpin")


async def test_being_removed_altogether_is_told_in_whichever_order_the_events_come(
    cairn: Running, fake: FakeSlack, gone: list[tuple[str, str, str | None]]
):
    # The revoked token comes first, and by the time of the second event Slack denies knowing us.
    fake.workspace.revoked = True
    events = farewells(fake.person("somebody"))
    await fake.deliver(events["revoked"])
    await fake.until(lambda: cairn.channel.people.identity is None)
    assert gone == [], "a token alone that was revoked may be followed by another one"
    assert (await fake.deliver(events["uninstalled"])).ok
    await cairn.drain()
    assert gone == [("slack", "T0CAIRN", None)]


async def test_an_organization_is_told_by_both_of_its_names(
    cairn: Running, fake: FakeSlack, gone: list[tuple[str, str, str | None]]
):
    body = json.loads(farewells(fake.person("somebody"))["uninstalled"].body)
    body["authorizations"][0]["enterprise_id"] = "E0ORG"
    await fake.deliver(Delivery.of("event", body))
    await cairn.drain()
    assert gone == [("slack", "T0CAIRN", None), ("slack", "E0ORG", None)]


async def test_what_fails_there_is_logged_by_its_type_and_stops_nothing(
    fake: FakeSlack, alice: Person, team: Channel
):
    async def left(platform: str, tenant: str, channel: str | None) -> None:
        raise PlatformError("secret words")

    with logged() as log:
        async with running(fake) as cairn:
            cairn.channel.on_left = left
            assert (await fake.take_out(team, alice.user)).ok
            await cairn.drain()
            await alice.slash("/cairn", "", fake.channel("other", alice))
    assert "PlatformError" in log.getvalue()
    assert "secret words" not in log.getvalue()
    assert alice.views
