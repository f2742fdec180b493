"""Is each sentence of the privacy promise true? One test for each, and none without a test.

Where a sentence holds on several channels, each of them has its part of the proof.
"""

from __future__ import annotations

import gc
import re
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path
from types import FrameType

import pytest
from aiohttp import ClientSession
from aiohttp.test_utils import TestServer

from bot.app import utc_now, web_application
from bot.channels.terminal.chat import chat
from bot.channels.text import render as as_text
from bot.channels.web.render import renderer
from bot.channels.web.server import web_chat
from bot.conversation import Conversation, Look, Move, Open, Reply
from bot.guidance.model import Guidance
from bot.guidance.words import LANGS
from bot.seal import Bearer, ExpiredError, Seal, Surface
from bot.settings import read_settings
from tests.slack import screen
from tests.slack.fake import FakeSlack
from tests.slack_app import SEAL_KEY, Running, running
from tests.teams import screen as teams_screen
from tests.teams.fake import FakeTeams
from tests.teams_app import Running as InTeams
from tests.teams_app import running as in_teams

MARK = "promise-canary-4b1d"
PROVED: dict[str, Callable[..., object]] = {}
HERE = ("web", "terminal", "slack", "teams")


def proves(sentence: str) -> Callable[[Callable[..., object]], Callable[..., object]]:
    """Mark a test as the proof of a sentence of the promise, by its id."""

    def mark(test: Callable[..., object]) -> Callable[..., object]:
        PROVED[sentence] = test
        return test

    return mark


def files_open_for_writing() -> set[str]:
    """Return the files that this process may write to, standard streams and pipes aside."""
    found = set()
    for link in Path("/proc/self/fd").iterdir():
        try:
            target = str(link.readlink())
            info = Path(f"/proc/self/fdinfo/{link.name}").read_text()
            flags = int(info.split("flags:")[1].split()[0], 8)
        except (OSError, IndexError):
            continue
        if target.startswith("/") and not target.startswith("/dev/") and flags & 0o3:
            found.add(target)
    return found


def nothing_in(folder: Path) -> bool:
    """Whether a folder is empty."""
    return not list(folder.rglob("*"))


def contents(folder: Path) -> dict[str, bytes]:
    """Every file of a folder."""
    return {path.name: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def held_in_memory(text: str) -> int:
    """Count the strings in memory that hold ``text``, other than ``text`` itself."""
    gc.collect()
    return sum(
        isinstance(held, str) and text in held and held is not text
        for holder in gc.get_objects()
        if not isinstance(holder, FrameType)
        for held in gc.get_referents(holder)
    )


def fresh(text: str) -> str:
    """Return a copy that is another object, as if it had come from outside."""
    return "".join(list(text))


def walk_in_terminal(conversation: Conversation, *texts: str) -> list[str]:
    shown: list[str] = []
    chat(conversation, "en", "can_i_post", iter(texts), shown.append)
    return shown


async def ask(conversation: Conversation, **fields: str) -> str:
    server = TestServer(web_application(read_settings({}), conversation))
    await server.start_server(access_log=None)
    async with ClientSession() as http, http.post(server.make_url("/"), data=fields) as response:
        page = await response.text()
    await server.close()
    return page


def test_every_sentence_that_holds_here_has_its_proof(guidance: Guidance):
    here = {s.id for s in guidance.promise.sentences if set(s.channels) & set(HERE)}
    assert here == set(PROVED)


def test_each_channel_tells_its_own_sentences_and_no_others(conversation: Conversation):
    shown = walk_in_terminal(conversation, "promise")[2].replace("\n", " ")
    for sentence in conversation.guidance.promise.sentences:
        words = " ".join(sentence.words.en.replace("**", "").split()[:5])
        assert (words in shown) is ("terminal" in sentence.channels)


@proves("no_record")
async def test_nothing_asked_is_recorded(
    conversation: Conversation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(tmp_path)
    typed = MARK[::-1]
    before = files_open_for_writing()
    await ask(conversation, place="can_i_post", do="say", text=fresh(typed), lang="en")
    walk_in_terminal(conversation, "1", fresh(typed))
    assert files_open_for_writing() <= before
    assert nothing_in(tmp_path)
    assert held_in_memory(typed) == 0


async def on_slack(cairn: Running) -> str:
    """Walk, write and ask in every way that Slack knows; return what was typed."""
    typed = f"{MARK} can I post this?"
    alice = cairn.fake.person("alice", locale="en-CA")
    team = cairn.fake.channel("team", alice, cairn.fake.person("bob"))
    await alice.slash("/cairn", typed, team)
    await alice.mention(team, typed)
    await alice.message(typed)
    await alice.message("post")
    await alice.shortcut("post_reported.en")
    view = alice.view
    await alice.pick(view, "pick:en:channel", "media_query")
    await alice.submit(view)
    await alice.press(view, "back")
    await alice.open_home()
    await cairn.drain()
    return typed


@proves("no_record")
async def test_nothing_asked_on_slack_is_recorded_but_that_an_event_came(tmp_path: Path):
    async with FakeSlack(rates=False) as fake, running(fake, folder=tmp_path) as cairn:
        await on_slack(cairn)
    rows = 0
    with closing(sqlite3.connect(tmp_path / "cairn.db")) as database:
        tables = database.execute("select name from sqlite_master where type = 'table'")
        for (name,) in tables.fetchall():
            found = database.execute(f"select * from {name}").fetchall()
            if name == "alembic_version":
                continue
            assert name == "seen"
            assert all(len(digest) == 32 and isinstance(hour, int) for digest, hour in found)
            rows = len(found)
    assert rows == 4  # a mention, two messages and Home; presses leave no row
    written = contents(tmp_path)
    assert set(written) <= {"cairn.db", "cairn.db-wal", "cairn.db-shm"}
    assert not any(MARK.encode() in data for data in written.values())


async def on_teams(cairn: InTeams) -> str:
    """Walk, write and ask in every way that Teams knows; return what was typed."""
    typed = f"{MARK} can I post this?"
    alice = cairn.fake.person("alice", installed=False)
    team = cairn.fake.channel("team", alice, cairn.fake.person("bob"))
    await alice.install()
    await alice.message(typed)
    await cairn.drain()
    await alice.mention(team, typed)
    await cairn.drain()
    await alice.message("menu")
    await cairn.drain()
    await alice.type(alice.card, "say", typed)
    await alice.press(alice.card, "goto")
    await cairn.drain()
    await alice.press(alice.card, "private:whole")
    await alice.press(alice.dialog, "open:crisis")
    await alice.extension("check_before_post", context="message", html=f"<p>{typed}</p>", at=team)
    await alice.pick(alice.dialog, "pick:en:who", "employee")
    await alice.press(alice.dialog, "choose")
    await cairn.drain()
    return typed


@proves("no_record")
async def test_nothing_asked_in_teams_is_recorded_but_that_a_message_came(tmp_path: Path):
    async with FakeTeams(rates=False) as fake, in_teams(fake, folder=tmp_path) as cairn:
        await on_teams(cairn)
        assert fake.violations == fake.failures == fake.inserted == []
    with closing(sqlite3.connect(tmp_path / "cairn.db")) as database:
        found = database.execute("select * from seen").fetchall()
    assert all(len(digest) == 32 and isinstance(hour, int) for digest, hour in found)
    assert len(found) == 4  # installed, two messages and a mention; presses leave no row
    written = contents(tmp_path)
    assert set(written) <= {"cairn.db", "cairn.db-wal", "cairn.db-shm"}
    assert not any(MARK.encode() in data for data in written.values())


@proves("place_sealed")
async def test_in_teams_the_place_is_locked_in_buttons_and_expires():
    async with FakeTeams(rates=False) as fake, in_teams(fake) as cairn:
        alice = fake.person("alice")
        await alice.message("A post was reported")
        await cairn.drain()
        await alice.pick(alice.card, "pick:en:channel", "media_query")
        await alice.press(alice.card, "choose")
        await alice.press(alice.card, "private:whole")
        places = [(alice.card, Surface.MESSAGE), (alice.dialog, Surface.MODAL)]
        seal = Seal([SEAL_KEY], cairn.conversation.guidance, utc_now)
        tomorrow = Seal(
            [SEAL_KEY], cairn.conversation.guidance, lambda: utc_now() + timedelta(hours=24)
        )
        for shown, surface in places:
            assert "media_query" not in str(shown.content)
            bearer = Bearer("teams", alice.user.tenant, alice.user.aad, surface)
            locked = {action["data"]["c"] for action in teams_screen.actions(shown.content)}
            for capsule in locked:
                assert seal.open(capsule, bearer).place == "post_reported?channel=media_query"
                with pytest.raises(ExpiredError):
                    tomorrow.open(capsule, bearer)


@proves("place_memory")
async def test_in_teams_the_last_place_is_in_memory_locked_and_for_half_an_hour():
    async with FakeTeams(rates=False) as fake, in_teams(fake) as cairn:
        await on_teams(cairn)
        memory = cairn.channel._events._cards
        kept = [card for _, card in memory._kept.values()]
        assert kept
        for card in kept:
            assert set(card.__slots__) == {"capsule", "id"}
            assert card.capsule.startswith("1")
        for remembers in (memory, cairn.channel.people._tongues):
            clock = remembers._clock
            remembers._clock = lambda clock=clock: clock() + 30 * 60
        cairn.channel.sweep()
        assert len(memory) == len(cairn.channel.people._tongues) == 0


@proves("nobody_told")
@proves("nothing_sent")
async def test_in_teams_everything_goes_to_the_person_who_asked_but_the_way_to_their_chat():
    async with FakeTeams(rates=False) as fake, in_teams(fake) as cairn:
        typed = await on_teams(cairn)
        alice, bob = fake.people
        ours = [
            message
            for chat in fake.chats.values()
            for message in chat.all.values()
            if message.sender.startswith("28:")
        ]
        shared = [message for message in ours if message.chat is not alice.chat]
        assert len(ours) > len(shared) == 1
        words = teams_screen.text(shared[0])
        assert "Let us talk in private" in words
        assert typed not in str([message.content for message in ours])
        assert not {alice.user.name, alice.user.aad} & set(words.split())
        assert all(call.conversation != bob.chat.id for call in fake.calls)


@proves("employer_copy")
async def test_teams_tells_that_the_employer_keeps_a_copy_where_something_is_posted():
    async with FakeTeams(rates=False) as fake, in_teams(fake) as cairn:
        alice = fake.person("alice")
        await alice.message("hello")
        await cairn.drain()
        assert "belongs to your employer, which keeps its own copy" in teams_screen.text(alice.card)
        await alice.press(alice.card, "open:promise")
        assert "belongs to your employer and keeps its own copy" in teams_screen.text(alice.card)


@proves("place_sealed")
async def test_on_slack_the_place_is_locked_in_buttons_and_forms_and_expires():
    async with FakeSlack(rates=False) as fake, running(fake) as cairn:
        alice = fake.person("alice", locale="en-CA")
        await alice.shortcut("post_reported.en")
        view = alice.view
        await alice.pick(view, "pick:en:channel", "media_query")
        await alice.submit(view)
        await alice.message("menu")
        await cairn.drain()
        locked = [view.private_metadata]
        locked += [
            element["value"]
            for block in alice.sees()[-1].blocks
            for element in block.get("elements", ())
            if "value" in element
        ]
        assert len(locked) > 4
        seal = Seal([SEAL_KEY], cairn.conversation.guidance, utc_now)
        tomorrow = Seal(
            [SEAL_KEY], cairn.conversation.guidance, lambda: utc_now() + timedelta(hours=24)
        )
        team = fake.workspace.id
        for number, capsule in enumerate(locked):
            assert "post_reported" not in capsule
            surface = Surface.MESSAGE if number else Surface.MODAL
            bearer = Bearer("slack", team, alice.id, surface)
            assert seal.open(capsule, bearer).lang == "en"
            with pytest.raises(ExpiredError):
                tomorrow.open(capsule, bearer)


@proves("place_memory")
async def test_on_slack_the_last_place_is_in_memory_locked_and_for_half_an_hour():
    async with FakeSlack(rates=False) as fake, running(fake) as cairn:
        await on_slack(cairn)
        memory = cairn.channel._cards._memory
        kept = [card for _, card in memory._kept.values()]
        assert kept
        for card in kept:
            assert set(card.__slots__) == {"capsule", "ts"}
            assert card.capsule.startswith("1")
        for remembers in (memory, cairn.channel.people._tongues):
            clock = remembers._clock
            remembers._clock = lambda clock=clock: clock() + 30 * 60
        cairn.channel.sweep()
        assert len(memory) == len(cairn.channel.people._tongues) == 0


@proves("nobody_told")
@proves("nothing_sent")
async def test_on_slack_everything_goes_to_the_person_who_asked():
    async with FakeSlack(rates=False) as fake, running(fake) as cairn:
        await on_slack(cairn)
        alice = next(u for u in fake.workspace.users.values() if u.name == "alice")
        bob = next(u for u in fake.workspace.users.values() if u.name == "bob")
        bot = fake.workspace.bot.id
        ours = [
            (channel, message)
            for channel in fake.workspace.channels.values()
            for message in channel.messages.values()
            if message.user == bot
        ]
        assert ours
        for channel, message in ours:
            assert alice.id == message.only_for or channel.members == {alice.id, bot}
        assert bob.id not in str([call.arguments for call in fake.calls])


@proves("employer_copy")
async def test_slack_tells_that_the_employer_keeps_a_copy_where_something_is_posted():
    async with FakeSlack(rates=False) as fake, running(fake) as cairn:
        alice = fake.person("alice", locale="en-CA")
        await alice.message("hello")
        await cairn.drain()
        assert "belongs to your employer, which keeps its own copy" in screen.text(alice.sees()[-1])
        await alice.shortcut("can_i_post.en")
        await alice.press(alice.view, "open:home")
        await cairn.drain()
        await alice.press(alice.view, "open:promise")
        await cairn.drain()
        assert "belongs to your employer and keeps its own copy" in screen.text(alice.view)


@proves("place_web")
async def test_on_the_web_the_place_is_in_the_form_only_and_does_not_expire(
    guidance: Guidance, clock_at: Callable[[str], Callable[[], datetime]]
):
    now = Conversation(guidance, None, clock_at("2026-11-20T12:00:00-05:00"))
    page = await ask(now, place="can_i_post", do="choose", question="who",
                     pick="separate_agency", lang="en")  # fmt: skip
    place = fresh("can_i_post?who=separate_agency")
    assert f'name="place" value="{place}"' in page
    assert 'href="/?' not in page
    del page
    assert held_in_memory(place) == 0
    later = Conversation(guidance, None, clock_at("2027-03-30T12:00:00-04:00"))
    assert place in await ask(later, place=fresh(place), lang="en")


@proves("place_terminal")
def test_in_the_terminal_the_place_is_gone_at_the_end(conversation: Conversation):
    place = fresh("can_i_post?who=separate_agency")
    walk_in_terminal(conversation, "3", "quit")
    assert held_in_memory(place) == 0


def outward(conversation: Conversation) -> set[str]:
    """Return the addresses that the program connected to while people walked about."""
    import socket

    reached: set[str] = set()
    real = socket.socket.connect

    def connect(self: socket.socket, address: object) -> None:
        reached.add(str(address))
        real(self, address)  # type: ignore[arg-type]

    socket.socket.connect = connect  # type: ignore[method-assign]
    try:
        for place in ("can_i_post?who=employee", "crisis", "office:psc", "topic:monitoring"):
            conversation.respond(Move(place, "en", Look()))
        walk_in_terminal(conversation, "1", "danger", "back", "home")
    finally:
        socket.socket.connect = real  # type: ignore[method-assign]
    return reached


@proves("nobody_told")
def test_nobody_is_told_that_somebody_came(conversation: Conversation):
    assert outward(conversation) == set()


@proves("nothing_sent")
def test_nothing_can_be_sent_from_here(department: Conversation):
    reply = department.respond(Move("home", "en", Open("office:values_ethics")))
    assert reply.cards[0].contact is not None
    assert "effects" not in Reply.__dataclass_fields__
    assert {route.method for route in web_chat(department)} == {"GET", "POST", "*"}


def told(conversation: Conversation, channel: str, sentence: str) -> bool:
    """Whether the promise page of a channel shows a sentence in both languages."""
    page = renderer() if channel == "web" else as_text
    words = next(s.words for s in conversation.guidance.promise.sentences if s.id == sentence)
    shown = {
        lang: " ".join(page(conversation.respond(Move("promise", lang, Look()))).split())
        for lang in LANGS
    }
    return all(" ".join(words[lang].split()) in shown[lang] for lang in LANGS)


@proves("employer_network")
def test_the_web_chat_tells_of_the_employers_network(conversation: Conversation):
    assert told(conversation, "web", "employer_network")


@proves("screen_history")
def test_the_terminal_tells_of_the_history_of_its_window(conversation: Conversation):
    assert told(conversation, "terminal", "screen_history")


@proves("not_anonymous")
def test_nobody_is_led_to_believe_that_this_is_anonymous(conversation: Conversation):
    assert told(conversation, "web", "not_anonymous")
    assert told(conversation, "terminal", "not_anonymous")
    for words in conversation.guidance.phrases.values():
        assert not re.search(r"anonym", words.en + words.fr, re.IGNORECASE)


@proves("doors_outside")
def test_the_doors_outside_are_there_with_what_they_may_promise(conversation: Conversation):
    for name in ("union", "eap", "ombud", "psic"):
        reply = conversation.respond(Move("home", "fr", Open(f"office:{name}")))
        assert reply.screen.offices[0].promise
    assert told(conversation, "web", "doors_outside")
