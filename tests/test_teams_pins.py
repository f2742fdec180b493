"""Do pinned summaries work in Teams: are they asked for, seen, posted, pinned where that may be
done, kept current and taken away; and does a pinned card stay the same, whoever presses it?
"""

from __future__ import annotations

import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from bot.app import utc_now
from bot.channels.teams import limits, places
from bot.channels.teams.board import TeamsBoard
from bot.channels.teams.connector import Connector
from bot.channels.teams.departures import departure_of
from bot.channels.teams.graph import HOST, Graph
from bot.channels.teams.outbound import Outbound
from bot.channels.teams.tokens import GRAPH, TokenSource
from bot.conversation import Conversation, Look, Move, Reply
from bot.forms import PINS
from bot.guidance.words import LANGS, Lang
from bot.pins.counter import PinCounter
from bot.pins.keeper import Keeper
from bot.pins.port import Drawn, Held, Room
from bot.pins.service import Pins
from bot.platforms import GoneError, LaterError, Place, PlatformError, RefusedError
from bot.seal import Envelope
from bot.store import open_store
from bot.store.pins import STANDING
from tests.conftest import NOON
from tests.slack_app import SEAL_KEY, department, guidance_of, logged
from tests.teams import cards, faults, payloads, screen
from tests.teams import graph as graphs
from tests.teams.fake import OTHER_TENANT, FakeTeams
from tests.teams.faults import Fault
from tests.teams.graph import FakeGraph
from tests.teams.login import Login
from tests.teams.person import Person
from tests.teams.state import Chat, Json, Message
from tests.teams_app import Running, running
from tests.test_teams_walk import targeted

SUMMARY = "elections"
CHANGED = "2026-11-20"
TONGUES: tuple[tuple[Lang, ...], ...] = (("en",), ("fr",), ("en", "fr"))


@dataclass
class Pinning:
    """What the program is made of here: the application, and pins with a store of their own."""

    cairn: Running
    fake: FakeTeams
    board: TeamsBoard
    pins: Pins
    keeper: Keeper
    counter: PinCounter

    def place(self, chat: Chat) -> Place:
        return Place("teams", self.fake.tenant, chat.id, self.fake.service_url)

    def say(self, phrase: str, lang: Lang = "en", **places: object) -> str:
        words = self.cairn.conversation.guidance.phrases[phrase][lang]
        return words.format(**places) if places else words

    async def settle(self) -> None:
        await self.counter.drain()
        await self.cairn.drain()


@asynccontextmanager
async def pinning(
    fake: FakeTeams,
    folder: Path,
    conversation: Conversation | None = None,
    graph: Graph | None = None,
) -> AsyncIterator[Pinning]:
    talk = conversation or guidance_of()
    async with running(fake, conversation=talk) as cairn:
        channel = cairn.channel
        board = TeamsBoard(channel.outbound, fake.bot["id"], graph, time.monotonic)
        channel.board = board
        store = await open_store(f"sqlite:///{folder / 'pins.db'}", [SEAL_KEY], utc_now)
        try:
            pins = Pins(store)
            here = talk.on("teams")
            keeper = Keeper(pins, {"teams": board}, {"teams": here})
            counter = PinCounter(
                pins, keeper, {"teams": board}, here, Envelope([SEAL_KEY], utc_now)
            )
            channel.serve(PINS, counter)
            yield Pinning(cairn, fake, board, pins, keeper, counter)
            await counter.drain()
        finally:
            await store.close()


@pytest.fixture
async def fake() -> AsyncIterator[FakeTeams]:
    async with FakeTeams(stands_at=NOON, rates=False) as fake:
        yield fake
        assert fake.violations == []
        assert fake.failures == []
        assert fake.inserted == []


@pytest.fixture
async def cairn(fake: FakeTeams, tmp_path: Path) -> AsyncIterator[Pinning]:
    async with pinning(fake, tmp_path) as cairn:
        yield cairn


@pytest.fixture
def board(cairn: Pinning) -> TeamsBoard:
    return cairn.board


@pytest.fixture
def alice(fake: FakeTeams) -> Person:
    return fake.person("alice")


@pytest.fixture
def bob(fake: FakeTeams) -> Person:
    return fake.person("bob", locale="fr-CA")


@pytest.fixture
def team(fake: FakeTeams, alice: Person, bob: Person) -> Chat:
    return fake.channel("team", alice, bob)


@pytest.fixture
def group(fake: FakeTeams, alice: Person, bob: Person) -> Chat:
    return fake.group("group", alice, bob)


def replies_of(talk: Conversation, summary: str, langs: Sequence[Lang]) -> list[Reply]:
    return [talk.respond(Move(f"summary:{summary}", lang, Look())) for lang in langs]


def drawn_by(board: TeamsBoard, summary: str = SUMMARY, langs: Sequence[Lang] = ("en",)) -> Drawn:
    return board.draw(replies_of(guidance_of().on("teams"), summary, langs), CHANGED)


async def asks(cairn: Pinning, person: Person, chat: Chat, command: str = "pin") -> Message:
    """Write a command, and return the card that answers it."""
    await person.mention(chat, command)
    await cairn.settle()
    return chat.messages[-1]


async def chooses(cairn: Pinning, person: Person, card: Message, lang: Lang = "en") -> None:
    """Go from that card to the post as it will be."""
    say = cairn.say
    label = say("pin_start_choose", lang)
    await person.press(card, label)
    await person.pick(person.dialog, say("pin_which", lang), SUMMARY)
    await person.press(person.dialog, say("pin_see", lang))


async def pins_it(cairn: Pinning, person: Person, chat: Chat, lang: Lang = "en") -> Message:
    """Pin a summary in both languages; return the post."""
    command = cairn.say("pin_command", lang)
    await chooses(cairn, person, await asks(cairn, person, chat, command), lang)
    await person.press(person.dialog, cairn.say("pin_put", lang))
    await cairn.settle()
    return chat.messages[-1]


# ---- asking for it


@pytest.mark.parametrize("kind", ["team", "group"])
@pytest.mark.parametrize("lang", LANGS)
async def test_who_asks_sees_the_very_post_and_then_it_stands_there(
    cairn: Pinning, kind: str, lang: Lang, request: pytest.FixtureRequest, fake: FakeTeams
):
    chat: Chat = request.getfixturevalue(kind)
    person: Person = request.getfixturevalue("alice" if lang == "en" else "bob")
    say = cairn.say
    card = await asks(cairn, person, chat, say("pin_command", lang))
    await chooses(cairn, person, card, lang)
    assert person.dialog is not None
    assert person.dialog.content is not None
    seen = person.dialog.content["body"]
    before = len(chat.messages)
    await person.press(person.dialog, say("pin_put", lang))
    await cairn.settle()
    assert len(chat.messages) == before + 1
    post = chat.messages[-1]
    assert post.content is not None
    stands = [one for one in post.content["body"] if one["type"] != "ActionSet"]
    assert [one for one in seen if one in stands] == stands
    guidance = cairn.cairn.conversation.guidance
    titles = guidance.summaries[SUMMARY].title
    ordered = [titles[lang], titles["fr" if lang == "en" else "en"]]
    assert post.activity["summary"] == " · ".join(ordered)
    assert say("pin_done_teams", lang) in screen.text(person.dialog)
    (pin,) = await cairn.pins.of(cairn.place(chat))
    assert (pin.state, pin.ref, pin.held) == (STANDING, post.id, Held.REFUSED)
    (link,) = screen.links(person.dialog)
    assert post.id in link
    assert person.user.aad not in repr(pin)
    assert person.id not in repr(pin)


@pytest.mark.parametrize("lang", LANGS)
async def test_whoever_presses_a_pinned_card_goes_on_alone_and_the_card_stays_as_it_is(
    cairn: Pinning, alice: Person, bob: Person, team: Chat, lang: Lang
):
    post = await pins_it(cairn, alice, team)
    alice.close()
    before, stands = len(team.messages), json.dumps(post.activity)
    actions = screen.actions(post.content or {})
    assert {one["type"] for one in actions} == {"Action.Submit", "Action.OpenUrl"}
    for one in actions:
        if one["type"] == "Action.Submit":
            assert one["data"]["msteams"] == {"type": "task/fetch"}
            assert "c" not in one["data"]  # no capsule: it would be somebody's
        else:
            assert one["url"] == "https://teams.microsoft.com/l/chat/0/0?users=28%3A" + (
                cairn.fake.bot["id"].removeprefix("28:")
            )
    for person in (alice, bob):
        # The language of a button is that of the part in which it stands.
        nth = ["en", "fr"].index(lang)
        await person.press(post, "start:political_activity", nth=nth)
        tree = cairn.cairn.conversation.guidance.trees["political_activity"]
        assert tree.questions[tree.start].ask[lang] in screen.text(person.dialog)
        person.close()
        await person.press(post, "start:home", nth=nth)
        assert cairn.say("home_title", lang) in screen.text(person.dialog)
        person.close()
    await cairn.settle()
    assert len(team.messages) == before
    assert post.updates == 0
    assert json.dumps(post.activity) == stands


async def test_what_opens_the_dialogs_is_in_both_languages_where_all_read_it(
    cairn: Pinning, alice: Person, bob: Person, team: Chat
):
    for person, command in ((alice, "pin"), (bob, "EPINGLER")):
        card = await asks(cairn, person, team, command)
        assert [cairn.say("pin_start", lang) in screen.text(card) for lang in LANGS] == [True, True]
        assert card.only_for is None
        await person.press(card, "pin:choose", nth=0)
        lang: Lang = "en" if person is alice else "fr"
        assert cairn.say("pin_title", lang) in screen.text(person.dialog)
        person.close()
    card = await asks(cairn, alice, team, "unpin")
    assert screen.buttons(card)[0] == cairn.say("pin_start_leave")


@pytest.mark.parametrize("command", ["pin it", "please pin", "retirer une publication", ""])
async def test_other_words_lead_to_the_private_chat_as_ever(
    cairn: Pinning, alice: Person, team: Chat, command: str
):
    card = await asks(cairn, alice, team, command)
    assert "pin:choose" not in json.dumps(card.content)
    assert cairn.say("mention_shared") in screen.text(card)


async def test_in_their_own_chat_somebody_reads_what_can_be_pinned_and_where(
    cairn: Pinning, alice: Person, bob: Person
):
    guidance = cairn.cairn.conversation.guidance
    for person, text, lang in ((alice, "Pin", "en"), (bob, "retirer", "fr")):
        await person.message(text)
        await cairn.settle()
        assert guidance.topics["pin_summary"].title[lang] in screen.text(person.card)


async def test_where_one_person_can_be_spoken_to_only_they_see_what_opens_the_dialogs(
    fake: FakeTeams, tmp_path: Path, alice: Person, bob: Person, team: Chat
):
    async with pinning(fake, tmp_path, targeted()) as cairn:
        await bob.mention(team, "épingler")
        await cairn.settle()
        assert alice.whispers == []
        (card,) = bob.whispers
        assert screen.lines(card)[0] == cairn.say("pin_start", "fr")
        assert cairn.say("pin_start") not in screen.text(card)
        await bob.press(card, cairn.say("pin_start_choose", "fr"))
        assert cairn.say("pin_title", "fr") in screen.text(bob.dialog)


async def test_a_guest_pins_nothing_and_is_told_so(cairn: Pinning, alice: Person, fake: FakeTeams):
    gail = fake.person("gail", guest=True)
    team = fake.channel("with a guest", alice, gail)
    card = await asks(cairn, gail, team)
    for do in ("pin:choose", "pin:leave"):
        await gail.press(card, do, nth=0)
        assert screen.text(gail.dialog).endswith(cairn.say("pin_members_only"))
        gail.close()
    assert await cairn.pins.of(cairn.place(team)) == ()


async def test_where_people_of_another_tenant_read_nothing_is_posted(
    cairn: Pinning, alice: Person, fake: FakeTeams
):
    luc = fake.person("luc", tenant=OTHER_TENANT)
    shared = fake.channel("shared", alice, luc, sort="shared")
    card = await asks(cairn, alice, shared)
    await alice.press(card, cairn.say("pin_start_choose"))
    assert cairn.say("pin_no_shared") in screen.text(alice.dialog)
    alice.close()
    outcome = await luc.press(card, "pin:choose", nth=0)
    assert outcome is not None
    assert outcome.status == 403
    fake.failures.clear()
    assert shared.messages[-1] is card


async def test_a_counter_that_fails_leaves_a_button_to_press_again(
    cairn: Pinning, alice: Person, team: Chat, monkeypatch: pytest.MonkeyPatch
):
    card = await asks(cairn, alice, team)

    async def fails(*_: object) -> None:
        raise RuntimeError

    with monkeypatch.context() as broken:
        broken.setattr(cairn.counter, "press", fails)
        await alice.press(card, cairn.say("pin_start_choose"))
    assert cairn.say("pin_failed") in screen.text(alice.dialog)
    assert screen.buttons(alice.dialog) == [cairn.say("pin_again")]


@pytest.mark.long
@pytest.mark.parametrize("kind", ["team", "group"])
async def test_what_was_pinned_is_taken_away_by_whoever_asks(
    cairn: Pinning, alice: Person, bob: Person, kind: str, request: pytest.FixtureRequest
):
    chat: Chat = request.getfixturevalue(kind)
    post = await pins_it(cairn, alice, chat)
    card = await asks(cairn, bob, chat, "retirer")
    await bob.press(card, cairn.say("pin_start_leave", "fr"))
    await bob.press(bob.dialog, cairn.say("pin_leave", "fr"))
    await cairn.settle()
    assert cairn.say("pin_left", "fr") in screen.text(bob.dialog)
    assert post.deleted
    assert await cairn.pins.of(cairn.place(chat)) == ()


@pytest.mark.long
@pytest.mark.parametrize("kind", ["team", "group"])
async def test_who_was_taken_out_meanwhile_pins_nothing_and_takes_nothing_away(
    cairn: Pinning, alice: Person, bob: Person, kind: str, request: pytest.FixtureRequest
):
    chat: Chat = request.getfixturevalue(kind)
    post = await pins_it(cairn, alice, chat)
    put = await asks(cairn, bob, chat, "épingler")
    take = await asks(cairn, alice, chat, "unpin")
    await chooses(cairn, bob, put, "fr")
    alice.close()
    await alice.press(take, cairn.say("pin_start_leave"))
    for person in (alice, bob):
        chat.members.pop(person.id)
    before = len(chat.messages)
    await bob.press(bob.dialog, cairn.say("pin_put", "fr"))
    await alice.press(alice.dialog, cairn.say("pin_leave"))
    await cairn.settle()
    assert cairn.say("pin_expired", "fr") in screen.text(bob.dialog)
    assert cairn.say("pin_expired") in screen.text(alice.dialog)
    assert len(chat.messages) == before
    assert not post.deleted


# ---- who reads there


async def room_of(cairn: Pinning, chat: Chat, *, known: bool = True) -> Room:
    if known and chat.team:
        cairn.board.met(chat.id, chat.team)
    return await cairn.board.room(cairn.place(chat))


@pytest.mark.parametrize(
    ("sort", "room"),
    [
        ("standard", Room.OPEN),
        ("private", Room.OPEN),
        ("shared", Room.SHARED),
        ("unknownFutureValue", Room.SHARED),
    ],
)
async def test_of_a_channel_its_sort_says_who_may_read_it_however_many_they_are(
    cairn: Pinning, fake: FakeTeams, sort: str, room: Room
):
    people = [fake.person(f"p{number}") for number in range(201)]
    assert await room_of(cairn, fake.channel("all", *people, sort=sort)) is room
    assert [call.kind for call in fake.calls] == ["channels"]


@pytest.mark.parametrize("known", [True, False])
async def test_where_teams_does_not_say_the_sort_its_people_are_looked_at(
    cairn: Pinning, fake: FakeTeams, alice: Person, known: bool
):
    sort = "" if known else "standard"
    gail, luc = fake.person("gail", guest=True), fake.person("luc", tenant=OTHER_TENANT)
    many = [fake.person(f"p{number}") for number in range(200)]
    for name, people, room in (
        ("own", [alice], Room.OPEN),
        ("guest", [alice, gail], Room.OPEN),
        ("elsewhere", [alice, luc], Room.SHARED),
        ("200", many, Room.OPEN),
        ("201", [*many, alice], Room.SHARED),
    ):
        chat = fake.channel(name, *people, sort=sort)
        assert await room_of(cairn, chat, known=known) is room, name


async def test_the_team_of_a_channel_is_known_from_a_press_there(
    cairn: Pinning, fake: FakeTeams, alice: Person
):
    people = [fake.person(f"p{number}") for number in range(201)]
    team = fake.channel("all", alice, *people)
    await asks(cairn, alice, team)
    fake.calls.clear()
    await alice.press(team.messages[-1], cairn.say("pin_start_choose"))
    assert cairn.say("pin_which") in screen.text(alice.dialog)
    assert [call.kind for call in fake.calls] == ["member", "channels"]


async def test_a_team_that_is_not_found_says_nothing_of_its_channels(
    cairn: Pinning, fake: FakeTeams, team: Chat
):
    cairn.board.met(team.id, "19:nowhere@thread.tacv2")
    assert await cairn.board.room(cairn.place(team)) is Room.OPEN
    assert [call.kind for call in fake.calls] == ["channels", "members"]


async def test_a_group_chat_is_open_to_guests_and_to_nobody_from_elsewhere(
    cairn: Pinning, fake: FakeTeams, alice: Person, group: Chat
):
    gail, luc = fake.person("gail", guest=True), fake.person("luc", tenant=OTHER_TENANT)
    assert await room_of(cairn, group) is Room.OPEN
    assert await room_of(cairn, fake.group("guest", alice, gail)) is Room.OPEN
    assert await room_of(cairn, fake.group("elsewhere", alice, luc)) is Room.SHARED


async def test_of_whom_no_tenant_is_told_may_be_from_elsewhere(
    cairn: Pinning, fake: FakeTeams, alice: Person
):
    anonymous = fake.person("anonymous")
    anonymous.user.tenant = ""
    assert await room_of(cairn, fake.group("meeting", alice, anonymous)) is Room.SHARED


async def test_a_chat_of_somebodys_own_is_personal(cairn: Pinning, alice: Person):
    two = "19:253f5895_f1b94dcf@unq.gbl.spaces"
    for name in (alice.chat.id, two):
        place = replace(cairn.place(alice.chat), channel=name)
        assert await cairn.board.room(place) is Room.PERSONAL
    assert cairn.fake.calls == []


@pytest.mark.parametrize("kind", ["team", "group"])
@pytest.mark.parametrize("known", [True, False])
async def test_where_cairn_is_not_it_is_absent(
    cairn: Pinning, kind: str, known: bool, request: pytest.FixtureRequest
):
    chat: Chat = request.getfixturevalue(kind)
    chat.bot = False
    assert await room_of(cairn, chat, known=known) is Room.ABSENT
    nowhere = replace(chat, id=chat.id.replace("19:", "19:x"), team="")
    assert await room_of(cairn, nowhere) is Room.ABSENT


# ---- the post


@pytest.mark.parametrize("langs", TONGUES)
@pytest.mark.parametrize("talk", [guidance_of, department])
def test_every_summary_fits_into_a_message_and_into_the_dialog_before_it(
    langs: tuple[Lang, ...], talk: Callable[[], Conversation]
):
    here = talk().on("teams")
    board = TeamsBoard(None, "28:" + "0" * 36, None, time.monotonic)  # type: ignore[arg-type]
    for summary in here.guidance.summaries:
        drawn = board.draw(replies_of(here, summary, langs), CHANGED)
        assert cards.activity(dict(drawn.message)).sentences == []
        assert len(drawn.mark) <= 32
        assert drawn.mark == board.draw(replies_of(here, summary, langs), CHANGED).mark
        assert drawn.mark != board.draw(replies_of(here, summary, langs), None).mark
        card = drawn.message["attachments"][0]["content"]
        body = [one for one in card["body"] if one["type"] != "ActionSet"]
        assert body == [*drawn.elements]
        assert not any(one["type"] == "ActionSet" for one in drawn.elements)


@pytest.mark.long
async def test_each_of_them_is_seen_whole_before_it_is_posted(
    fake: FakeTeams, tmp_path: Path, alice: Person
):
    """Whatever else stands in the form leaves room for it, also where it takes another's place."""
    async with pinning(fake, tmp_path, department()) as cairn:
        for summary in cairn.cairn.conversation.guidance.summaries:
            team = fake.channel(summary, alice)
            for langs in ("en", "both"):  # the second takes the place of the first
                card = await asks(cairn, alice, team)
                await alice.press(card, cairn.say("pin_start_choose"))
                await alice.pick(alice.dialog, cairn.say("pin_which"), summary)
                await alice.pick(alice.dialog, cairn.say("pin_lang"), langs)
                await alice.press(alice.dialog, cairn.say("pin_see"))
                assert cairn.say("pin_preview") in screen.text(alice.dialog), summary
                await alice.press(alice.dialog, cairn.say("pin_put"))
                await cairn.settle()
                alice.close()
            (pin,) = await cairn.pins.of(cairn.place(team))
            assert (pin.summary, pin.langs) == (summary, "en+fr")


def test_what_does_not_fit_is_not_drawn():
    talk = guidance_of().on("teams")
    replies = replies_of(talk, "where_to_get_help", ("en", "fr")) * 2
    board = TeamsBoard(None, "", None, time.monotonic)  # type: ignore[arg-type]
    with pytest.raises(RefusedError, match="too_large"):
        board.draw(replies, CHANGED)


def test_what_would_fit_into_a_message_and_not_into_the_dialog_before_it_is_not_drawn():
    talk = guidance_of().on("teams")
    board = TeamsBoard(None, "", None, time.monotonic)  # type: ignore[arg-type]
    replies = replies_of(talk, "where_to_get_help", ("en", "fr"))
    room = limits.MESSAGE - limits.DIALOG - limits.BESIDE
    free = (
        room - cards.size([*board.draw(replies, "x").elements])
    ) // 4  # letters of each language
    drawn = board.draw(replies, "x" * (free - 10))
    assert cards.size(dict(drawn.message)) < limits.MESSAGE - limits.ENVELOPE - 100
    with pytest.raises(RefusedError, match="too_large"):
        board.draw(replies, "x" * (free + 10))


def test_a_post_says_nothing_of_the_hour(monkeypatch: pytest.MonkeyPatch):
    board = TeamsBoard(None, "", None, time.monotonic)  # type: ignore[arg-type]
    guidance, organization = department().guidance, department().organization
    marks = set()
    for hour in (3, 15):
        at = NOON.replace(hour=hour)
        talk = Conversation(guidance, organization, lambda at=at: at).on("teams")
        drawn = board.draw(replies_of(talk, "where_to_get_help", LANGS), CHANGED)
        marks.add(drawn.mark)
    assert len(marks) == 1


async def test_a_post_is_changed_in_place_with_a_line_in_its_thread_and_removed_with_its_pin(
    cairn: Pinning, board: TeamsBoard, team: Chat, fake: FakeTeams
):
    place = cairn.place(team)
    ref = await board.post(place, drawn_by(board))
    (post,) = team.messages
    assert (post.id, post.thread) == (ref, ref)
    changed = drawn_by(board, SUMMARY, ("en", "fr"))
    await board.update(place, ref, changed)
    assert (post.updates, post.content) == (1, changed.message["attachments"][0]["content"])
    await board.note(place, ref, "What changed: *this*")
    line = team.messages[-1]
    assert (line.thread, line.text) == (ref, "What changed: *this*")
    assert line.activity["textFormat"] == "plain"
    await board.remove(place, ref)
    await board.remove(place, ref)
    assert post.deleted
    assert [call.kind for call in fake.calls] == ["send", "update", "send", "delete", "delete"]


async def test_in_a_group_chat_a_line_stands_below(cairn: Pinning, board: TeamsBoard, group: Chat):
    ref = await board.post(cairn.place(group), drawn_by(board))
    await board.note(cairn.place(group), ref, "What changed")
    assert [(one.text, one.thread) for one in group.messages] == [("", ""), ("What changed", "")]


async def test_a_link_opens_teams_at_the_post(
    cairn: Pinning, board: TeamsBoard, team: Chat, group: Chat
):
    tenant = cairn.fake.tenant
    in_channel = await board.address(cairn.place(team), "1648741500652")
    name = team.id.removeprefix("19:").removesuffix("@thread.tacv2")
    assert in_channel == (
        f"https://teams.microsoft.com/l/message/19%3A{name}%40thread.tacv2/1648741500652"
        f"?tenantId={tenant}&parentMessageId=1648741500652"
    )
    in_chat = await board.address(cairn.place(group), "1648741500652")
    assert in_chat is not None
    assert in_chat.endswith("&context=%7B%22contextType%22%3A%22chat%22%7D")


# ---- what goes wrong

CALLS: dict[str, tuple[str, Callable[[TeamsBoard, Place, str], Awaitable[Any]]]] = {
    "room": ("members", lambda board, place, ref: board.room(place)),
    "post": ("send", lambda board, place, ref: board.post(place, drawn_by(board))),
    "update": ("update", lambda board, place, ref: board.update(place, ref, drawn_by(board))),
    "note": ("send", lambda board, place, ref: board.note(place, ref, "A line")),
    "remove": ("delete", lambda board, place, ref: board.remove(place, ref)),
}
FAULTS: dict[str, tuple[Fault, type[PlatformError], str]] = {
    "401": (faults.status(401), LaterError, "unauthorized_outbound"),
    "400": (faults.status(400), RefusedError, "BadArgument"),
    "412": (faults.status(412), LaterError, "status_412"),
    "413": (faults.status(413), RefusedError, "too_large"),
    "429": (faults.limited("7"), LaterError, "limited"),
    "500": (faults.status(500), LaterError, "status_500"),
    "HTML": (faults.html(), LaterError, "unreadable"),
    "time-out": (faults.stall(), LaterError, "late"),
}


@pytest.mark.long
@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("case", FAULTS)
async def test_what_goes_wrong_is_one_attempt_and_told_as_pins_know_it(
    cairn: Pinning,
    board: TeamsBoard,
    team: Chat,
    call: str,
    case: str,
    monkeypatch: pytest.MonkeyPatch,
):
    kind, run = CALLS[call]
    place = cairn.place(team)
    ref = await board.post(place, drawn_by(board))
    fault, wanted, code = FAULTS[case]
    if case == "time-out":
        monkeypatch.setattr(places, "_WITHIN", 1.0)
    cairn.fake.calls.clear()
    cairn.fake.faults.add(kind, fault)
    if (call, case) == ("remove", "HTML"):
        wanted, code = LaterError, "unreadable"
    with pytest.raises(PlatformError) as failed:
        await run(board, place, ref)
    assert type(failed.value) is wanted
    assert failed.value.code == str(failed.value) == code
    assert failed.value.__cause__ is None
    assert [one.kind for one in cairn.fake.calls] == [kind]
    if isinstance(failed.value, LaterError):
        assert failed.value.wait == {"401": 60.0, "429": 7.0}.get(case, 0.0)


async def test_a_post_that_was_deleted_or_from_where_cairn_was_removed_is_gone(
    cairn: Pinning, board: TeamsBoard, team: Chat
):
    place, drawn = cairn.place(team), drawn_by(board)
    ref = await board.post(place, drawn)
    with pytest.raises(GoneError, match="ActivityNotFoundInConversation"):
        await board.update(place, "1", drawn)
    with pytest.raises(GoneError):
        await board.note(place, "1", "A line")
    team.bot = False
    with pytest.raises(GoneError, match="BotNotInConversationRoster"):
        await board.update(place, ref, drawn)
    with pytest.raises(GoneError, match="BotNotInConversationRoster"):
        await board.note(place, ref, "A line")


async def test_where_cairn_is_not_any_more_nothing_is_left_to_remove_and_nothing_is_posted(
    cairn: Pinning, board: TeamsBoard, team: Chat
):
    place, drawn = cairn.place(team), drawn_by(board)
    ref = await board.post(place, drawn)
    team.bot = False
    await board.remove(place, ref)
    with pytest.raises(RefusedError, match="BotNotInConversationRoster"):
        await board.post(place, drawn)
    del cairn.fake.chats[team.id]
    with pytest.raises(GoneError, match="ConversationNotFound"):
        await board.update(place, ref, drawn)


@pytest.mark.parametrize("call", ["post", "update", "note", "remove"])
async def test_where_teams_lets_cairn_write_nothing_for_now_nothing_is_forgotten(
    cairn: Pinning, board: TeamsBoard, team: Chat, call: str
):
    """As where an administrator switched it off, or the channel takes no messages."""
    kind, run = CALLS[call]
    ref = await board.post(cairn.place(team), drawn_by(board))
    cairn.fake.faults.add(kind, replace(faults.status(403), error="BotDisabledByAdmin"))
    with pytest.raises(RefusedError, match="BotDisabledByAdmin"):
        await run(board, cairn.place(team), ref)


async def test_no_limit_of_teams_is_exceeded_however_many_posts_change():
    """At the pace of the board, with five in each channel; what is too soon is told as such."""
    async with FakeTeams(stands_at=NOON) as fake, running(fake) as cairn:
        alice = fake.person("alice")
        outbound = Outbound(cairn.channel.outbound._transport, fake.clock.monotonic)
        board = TeamsBoard(outbound, fake.bot["id"], None, fake.clock.monotonic)
        drawn = drawn_by(board)
        waiting = [fake.channel(f"team {number}", alice) for number in range(40) for _ in range(5)]
        waits = []
        while waiting:
            chat = waiting.pop(0)
            place = Place("teams", fake.tenant, chat.id, fake.service_url)
            try:
                await board.note(place, await board.post(place, drawn), "A line")
            except LaterError as error:
                waiting.append(chat)
                waits.append(error.wait)
            fake.clock.advance(board.spacing)
        assert waits
        assert min(waits) > 0
        assert fake.limited == 0
        assert fake.violations == []


# ---- Microsoft Graph


@dataclass
class Granted:
    """Pins of a tenant that let Cairn pin in chats."""

    cairn: Pinning
    graph: FakeGraph
    login: Login
    chat: Chat
    place: Place
    ref: str

    @property
    def board(self) -> TeamsBoard:
        return self.cairn.board


def graph_of(graph: FakeGraph, login: Login) -> Graph:
    tokens = TokenSource(
        login.app_id, login.password, login.tenant, scope=GRAPH, http_client=login.http_client
    )
    return Graph(Connector(graph.session, frozenset({HOST}), tokens))


@pytest.fixture
async def granted(fake: FakeTeams, tmp_path: Path, group: Chat) -> AsyncIterator[Granted]:
    async with (
        Login() as login,
        FakeGraph(fake, login) as graph,
        pinning(fake, tmp_path, graph=graph_of(graph, login)) as cairn,
    ):
        place = cairn.place(group)
        ref = await cairn.board.post(place, drawn_by(cairn.board))
        yield Granted(cairn, graph, login, group, place, ref)


async def test_where_the_tenant_granted_it_a_post_in_a_chat_is_pinned(granted: Granted):
    assert await granted.board.hold(granted.place, granted.ref) is Held.PINNED
    assert granted.graph.pinned(granted.chat) == [granted.ref]
    path = f"/v1.0/chats/{granted.chat.id}/pinnedMessages"
    assert granted.graph.calls == [("POST", path)]
    await granted.board.remove(granted.place, granted.ref)
    assert granted.graph.pinned(granted.chat) == []


@pytest.mark.parametrize("code", ["Conflict", "AlreadyExists", "something_else"])
async def test_to_pin_it_again_does_no_harm_whatever_graph_says_then(granted: Granted, code: str):
    granted.graph.again = code
    for _ in range(2):
        assert await granted.board.hold(granted.place, granted.ref) is Held.PINNED
    assert granted.graph.pinned(granted.chat) == [granted.ref]


@pytest.mark.parametrize("status", [400, 409, 422])
async def test_what_graph_refuses_is_pinned_by_hand(granted: Granted, status: int):
    granted.graph.answers.append(graphs.refusal(status, "TooManyPins"))
    assert await granted.board.hold(granted.place, granted.ref) is Held.REFUSED


async def test_without_the_permission_a_post_stands_and_people_pin_it(granted: Granted):
    granted.graph.granted = False
    assert await granted.board.hold(granted.place, granted.ref) is Held.REFUSED
    assert await granted.board.hold(granted.place, "1") is Held.REFUSED


async def test_a_message_that_graph_does_not_find_is_pinned_by_hand(granted: Granted):
    assert await granted.board.hold(granted.place, "1") is Held.REFUSED


@pytest.mark.parametrize(
    ("answer", "code", "wait"),
    [
        (graphs.limited("9"), "limited", 9.0),
        (graphs.limited(None), "limited", 1.0),
        (graphs.refusal(503, "ServiceUnavailable"), "status_503", 0.0),
        (graphs.refusal(412, "PreconditionFailed"), "status_412", 0.0),
        (web.Response(text="<html>", status=201), "unreadable", 0.0),
    ],
)
async def test_where_graph_cannot_now_it_is_tried_later(
    granted: Granted, answer: web.Response, code: str, wait: float
):
    granted.graph.answers.append(answer)
    with pytest.raises(LaterError) as failed:
        await granted.board.hold(granted.place, granted.ref)
    assert (failed.value.code, failed.value.wait) == (code, wait)


async def test_without_a_token_for_graph_it_is_tried_when_an_operator_may_have_seen_to_it(
    granted: Granted,
):
    granted.login.refuses = "invalid_client"
    with pytest.raises(LaterError) as failed:
        await granted.board.hold(granted.place, granted.ref)
    assert (failed.value.code, failed.value.wait) == ("login_invalid_client", 60.0)
    assert granted.graph.calls == []


async def test_a_token_that_graph_does_not_take_is_renewed_once(granted: Granted):
    granted.graph.answers.append(graphs.refusal(401, "InvalidAuthenticationToken"))
    assert await granted.board.hold(granted.place, granted.ref) is Held.PINNED
    assert len(granted.graph.calls) == 2
    granted.graph.answers += [graphs.refusal(401, "InvalidAuthenticationToken") for _ in range(2)]
    with pytest.raises(LaterError, match="unauthorized_outbound"):
        await granted.board.hold(granted.place, granted.ref)
    assert len(granted.login.given) == 2  # it is asked for a new one once a minute at most


async def test_in_a_channel_graph_is_not_asked(granted: Granted, team: Chat):
    ref = await granted.board.post(granted.cairn.place(team), drawn_by(granted.board))
    assert await granted.board.hold(granted.cairn.place(team), ref) is Held.REFUSED
    assert granted.graph.calls == []


async def test_whoever_asks_is_told_that_it_is_pinned(granted: Granted, alice: Person):
    post = await pins_it(granted.cairn, alice, granted.chat)
    assert granted.cairn.say("pin_done") in screen.text(alice.dialog)
    assert granted.graph.pinned(granted.chat) == [post.id]


async def test_graph_is_asked_only_where_the_organization_says_so():
    talk = department()
    assert talk.organization is not None
    for granted in (False, True):
        own = replace(talk.organization, pin_by_graph=granted)
        async with Login() as login, FakeTeams(login=login) as fake:
            told = Conversation(talk.guidance, own, utc_now)
            async with running(fake, conversation=told, login=login) as cairn:
                assert (cairn.channel.board._graph is not None) is granted


# ---- where Cairn was removed


@pytest.fixture
def left(cairn: Pinning) -> list[tuple[str, str, str | None]]:
    """What was told."""
    told: list[tuple[str, str, str | None]] = []

    async def note(platform: str, tenant: str, channel: str | None) -> None:
        told.append((platform, tenant, channel))
        await cairn.pins.forget(platform, tenant, channel)

    cairn.cairn.channel.on_left = note
    return told


async def test_removed_from_a_group_chat_its_pins_are_forgotten(
    cairn: Pinning, left: list[Any], alice: Person, group: Chat
):
    await pins_it(cairn, alice, group)
    await alice.uninstall(group)
    await cairn.settle()
    assert set(left) == {("teams", cairn.fake.tenant, group.id)}
    assert await cairn.pins.of(cairn.place(group)) == ()


async def test_removed_from_a_team_the_pins_of_its_channels_end_when_they_are_to_change(
    cairn: Pinning, left: list[Any], alice: Person, fake: FakeTeams
):
    general = fake.team("general", alice)
    other = fake.channel("other", alice, team=general)
    for chat in (general, other):
        await pins_it(cairn, alice, chat)
        alice.close()
    await alice.uninstall(other)
    await cairn.settle()
    # It is told under the id of the team, and says nothing of its other channels.
    assert set(left) == {("teams", fake.tenant, general.id)}
    assert await cairn.pins.of(cairn.place(general)) == ()
    (pin,) = await cairn.pins.of(cairn.place(other))
    with pytest.raises(GoneError):
        await cairn.keeper.bring(replace(pin, shown="something else"))
    assert await cairn.pins.of(cairn.place(other)) == ()


async def test_with_a_channel_its_own_pins_go_and_no_others(
    cairn: Pinning, left: list[Any], alice: Person, fake: FakeTeams
):
    general = fake.team("general", alice)
    other = fake.channel("other", alice, team=general)
    await pins_it(cairn, alice, general)
    await alice.delete_channel(other)
    await cairn.settle()
    assert left == [("teams", fake.tenant, other.id)]
    assert len(await cairn.pins.of(cairn.place(general))) == 1


async def test_who_takes_cairn_out_of_their_own_chat_changes_no_channel(
    cairn: Pinning, left: list[Any], alice: Person, group: Chat
):
    await pins_it(cairn, alice, group)
    await alice.uninstall()
    await cairn.settle()
    assert left == []


async def test_that_somebody_else_leaves_is_no_departure(
    cairn: Pinning, left: list[Any], fake: FakeTeams, alice: Person, bob: Person, team: Chat
):
    for key, who in (("membersRemoved", bob.user.account), ("membersAdded", fake.bot)):
        await fake.deliver(payloads.members(alice._made(team), key, [who]))
    await fake.deliver(payloads.installation(alice._made(team), "add"))
    await cairn.settle()
    assert left == []


async def test_what_fails_on_being_told_stops_nothing(cairn: Pinning, alice: Person, group: Chat):
    async def fails(*_: object) -> None:
        raise RuntimeError(alice.user.aad)

    cairn.cairn.channel.on_left = fails
    with logged() as log:
        await alice.uninstall(group)
        await cairn.settle()
    assert "RuntimeError" in log.getvalue()
    assert alice.user.aad not in log.getvalue()


def event(**more: Any) -> Json:
    return {
        "type": "conversationUpdate",
        "recipient": {"id": "28:us"},
        "conversation": {
            "id": "19:a@thread.tacv2;messageid=1",
            "conversationType": "channel",
            "tenantId": "T",
        },
        "channelData": {"tenant": {"id": "T"}},
        **more,
    }


def data(kind: str, **more: Any) -> Json:
    return {"tenant": {"id": "T"}, "eventType": kind, **more}


@pytest.mark.parametrize(
    ("activity", "channel"),
    [
        (event(membersRemoved=[{"id": "28:us"}]), "19:a@thread.tacv2"),
        (event(membersRemoved=[{"id": "29:x"}, {"id": "28:us"}]), "19:a@thread.tacv2"),
        (event(membersRemoved=[{"id": "28:another"}]), None),
        (event(membersRemoved=["28:us"]), None),
        (event(membersRemoved="28:us"), None),
        (event(membersRemoved=[{}], recipient={}), None),
        (event(type="installationUpdate", action="remove"), "19:a@thread.tacv2"),
        (event(type="installationUpdate", action="remove-upgrade"), "19:a@thread.tacv2"),
        (event(type="installationUpdate", action="add"), None),
        (event(type="installationUpdate", action=["remove"]), None),
        (event(channelData=data("teamDeleted")), "19:a@thread.tacv2"),
        (event(channelData=data("channelDeleted", channel={"id": "19:b"})), "19:b"),
        (event(channelData=data("channelDeleted")), None),
        (event(channelData=data("channelRenamed", channel={"id": "19:b"})), None),
        (event(channelData=data("teamArchived")), None),
        (event(channelData={"tenant": {"id": "T"}, "eventType": ["teamDeleted"]}), None),
        (event(membersRemoved=[{"id": "28:us"}], channelData={}), None),
        (event(membersRemoved=[{"id": "28:us"}], conversation={"tenantId": "T"}), None),
        (
            event(
                membersRemoved=[{"id": "28:us"}],
                conversation={"id": "a:1", "conversationType": "personal", "tenantId": "T"},
            ),
            None,
        ),
        ({"type": "message", "membersRemoved": [{"id": "28:us"}]}, None),
    ],
)
def test_what_tells_of_a_departure(activity: Json, channel: str | None):
    found = departure_of(activity)
    assert (found and (found.tenant, found.channel)) == (("t", channel) if channel else None)
