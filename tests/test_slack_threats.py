"""Does the Slack channel keep what the threat model says: T3, T5, T8 to T11, T14, T15 and T20?"""

from __future__ import annotations

import asyncio
import json
import re
import sqlite3
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bot.app import utc_now
from bot.channels.slack.answers import SlackAnswers
from bot.channels.slack.decode import Person as Somebody
from bot.channels.slack.mrkdwn import literal
from bot.channels.slack.pen import PEN
from bot.channels.steps import Fields
from bot.conversation import Conversation, Move, Reply, Say
from bot.guidance.model import Guidance
from bot.guidance.screen import Sort
from bot.guidance.ticket import Ticket
from bot.guidance.words import LANGS, Lang, lines
from bot.seal import Bearer, NotOpenedError, Seal, Spot, Surface
from tests.command import AT_DEBUG
from tests.conftest import ROOT, SAMPLE
from tests.long_texts import PIECES, no_halt, of_bytes, readings
from tests.slack import faults, payloads, screen
from tests.slack.delivery import Delivery, Outcome
from tests.slack.fake import FakeSlack
from tests.slack.person import Person
from tests.slack.state import Channel, Json, View, elements_of, offered
from tests.slack_app import (
    SEAL_KEY,
    Running,
    farewells,
    guidance_of,
    hand_over,
    hurry,
    inbound,
    logged,
    running,
    served,
    violations,
)
from tests.whole import one_now

CANARY = "canary-threats-9b7e"
NEUTRAL = {
    "You have a private message from Cairn.",
    "Vous avez un message privé de Cairn.",
    "You have a private message from Cairn. · Vous avez un message privé de Cairn.",
}
"""T20: all that a notification on a lock screen ever says."""


@pytest.fixture
async def fake() -> AsyncIterator[FakeSlack]:
    """Slack without rates, since these tests do in seconds what people do in days."""
    async with FakeSlack(rates=False) as fake:
        yield fake
    assert violations(fake) == []
    assert {call.arguments["text"] for call in fake.calls if "text" in call.arguments} <= NEUTRAL
    for outcome in fake.deliveries:
        assert (outcome.json or {}).get("text", min(NEUTRAL)) in NEUTRAL


@pytest.fixture
async def cairn(fake: FakeSlack) -> AsyncIterator[Running]:
    async with running(fake) as cairn:
        hurry(cairn)
        yield cairn


@pytest.fixture
def alice(fake: FakeSlack) -> Person:
    return fake.person("alice")


@pytest.fixture
def luc(fake: FakeSlack) -> Person:
    return fake.person("luc", locale="fr-CA")


def called(fake: FakeSlack) -> str:
    """Everything that went out, as text."""
    return json.dumps([call.arguments for call in fake.calls], ensure_ascii=False)


def heard(fake: FakeSlack) -> set[str]:
    """The ids of all people who can see something that Cairn has said."""
    found: set[str] = set()
    for workspace in fake.workspaces.values():
        for channel in workspace.channels.values():
            for message in channel.messages.values():
                if message.by_app:
                    found |= {message.only_for} if message.only_for else channel.members
    found |= {view.user.id for view in fake.views.values()}
    return found - {workspace.bot.id for workspace in fake.workspaces.values()}


def addressed(fake: FakeSlack) -> set[str]:
    """The ids of all people whom a call was about, or went to."""
    found: set[str] = set()
    for call in fake.calls:
        args = call.arguments
        match call.method:
            case "auth.test":
                continue
            case "views.open":
                found.add(fake.triggers[args["trigger_id"]].user.id)
            case "views.update":
                found.add(fake.views[args["view_id"]].user.id)
            case "views.publish":
                found.add(args["user_id"])
            case "users.info" | "chat.postEphemeral":
                found.add(args["user"])
            case "chat.postMessage" | "chat.update":
                channel = fake.workspace.channels.get(args["channel"])
                found |= channel.members if channel else {args["channel"]}
            case "response_url":
                continue  # the fake shows it to whoever pressed: see `heard`
            case _:
                raise AssertionError(call.method)
    return found - {fake.workspace.bot.id}


# ---- T3: a word that nobody may find again

ADDRESSES = {
    "action_ts", "api_app_id", "app_id", "app_installed_team_id", "bot_id", "channel",
    "channel_id", "client_msg_id", "event_ts", "hash", "id", "message_ts", "previous_view_id",
    "response_url", "root_view_id", "team", "team_id", "thread_ts", "trigger_id", "ts", "user",
    "user_id", "user_team", "view_id", "deleted_ts", "context_team_id", "is_enterprise_install",
}  # fmt: skip
"""Where something is, or whose; Slack makes them, and an answer needs them to arrive."""

ROUTES = {
    "action_id", "block_id", "callback_id", "channel_type", "command", "event_id",
    "private_metadata", "subtype", "tab", "type", "value",
}  # fmt: skip
"""What tells the requests apart, and what came from us."""

Path_ = tuple[str | int, ...]


def leaves(value: object, path: Path_ = ()) -> Iterator[Path_]:
    """The path of every text in it."""
    if isinstance(value, dict):
        for name, part in value.items():
            yield from leaves(part, (*path, name))
    elif isinstance(value, list):
        for number, part in enumerate(value):
            yield from leaves(part, (*path, number))
    elif isinstance(value, str):
        yield path


def named(path: Path_) -> str:
    """The name of a leaf: the last of its path that is one."""
    return next((str(part) for part in reversed(path) if isinstance(part, str)), "")


def put(body: Json, path: Path_, value: object) -> Json:
    """The same body with something else at one place."""
    made: Any = json.loads(json.dumps(body))
    at = made
    for part in path[:-1]:
        at = at[part]
    at[path[-1]] = value
    return made  # type: ignore[no-any-return]


def poisoned(what: Delivery) -> Delivery:
    """The same, with the canary at the end of every text that somebody may have typed."""
    body = json.loads(json.dumps(what.payload))
    for path in leaves(body):
        if named(path) not in ADDRESSES | ROUTES:
            body = put(body, path, f"can I post {CANARY}")
    typed = ("text", "title", "name")
    if what.kind != "command":
        body |= dict.fromkeys(("unknown", *typed), CANARY)
    return Delivery.of(what.kind, body)


FORGED: dict[str, tuple[str, ...]] = {
    "action_id": (CANARY, f"open:{CANARY}", f"start:{CANARY}"),
    "callback_id": (CANARY, f"open:{CANARY}"),
    "value": (CANARY, f"can_i_post?{CANARY}={CANARY}"),
}


def one_by_one(what: Delivery) -> Iterator[Delivery]:
    """The same, each time with the canary in another place that tells requests apart."""
    done = set()
    for path in leaves(what.payload):
        plain = tuple(part for part in path if isinstance(part, str))
        if named(path) in ROUTES and plain not in done:
            done.add(plain)
            for value in FORGED.get(named(path), (CANARY,)):
                yield Delivery.of(what.kind, put(what.payload, path, value))


HEADERS = {
    "X-Slack-Retry-Reason": CANARY, "X-Slack-Retry-Num": CANARY, "User-Agent": CANARY,
    "Cookie": f"a={CANARY}", "X-Forwarded-For": CANARY, "Referer": CANARY, CANARY: CANARY,
    "Accept-Language": CANARY, "Authorization": f"Bearer {CANARY}",
}  # fmt: skip


def in_files(folder: Path) -> list[str]:
    """The names of files that hold the canary."""
    found = [path for path in folder.rglob("*") if path.is_file()]
    return [path.name for path in found if CANARY.encode() in path.read_bytes()]


async def test_nothing_of_what_somebody_sends_is_found_again_anywhere(
    cairn: Running, fake: FakeSlack
):
    kinds = await inbound(cairn, "bob")
    fake.calls.clear()
    with logged() as told:
        for name, what in kinds.items():
            for sent in (poisoned(what), *one_by_one(what)):
                outcome = await hand_over(fake, sent, headers=HEADERS)
                assert outcome.status in (200, 400, 403), name
                assert CANARY not in outcome.body, name
            await cairn.drain()
    assert fake.calls
    assert CANARY not in called(fake)
    assert CANARY not in told.getvalue()
    assert "Traceback" not in told.getvalue()
    assert in_files(cairn.folder) == []


BREAKS: dict[str, faults.Fault] = {
    "500": faults.status(500),
    "HTML": faults.html(),
    "truncated": faults.truncated(),
    "reset": faults.reset(),
    "an error with words": faults.error("fatal_error"),
    "a rate": faults.limited("soon"),
}


@pytest.mark.parametrize("broken", BREAKS)
async def test_nothing_is_found_again_when_slack_fails(
    broken: str, cairn: Running, fake: FakeSlack
):
    kinds = await inbound(cairn, "bob")
    fake.calls.clear()
    fake.faults.add("*", BREAKS[broken], times=None)
    with logged() as told:
        for name, what in kinds.items():
            outcome = await hand_over(fake, poisoned(what))
            assert outcome.status == 200, name
            assert CANARY not in outcome.body
            await cairn.drain()
    assert CANARY not in called(fake)
    assert CANARY not in told.getvalue()
    assert "Traceback" not in told.getvalue()
    assert in_files(cairn.folder) == []


async def test_nothing_is_found_again_when_the_store_fails(cairn: Running, fake: FakeSlack):
    kinds = await inbound(cairn, "bob")
    with closing(sqlite3.connect(cairn.folder / "cairn.db")) as database:
        database.execute("DROP TABLE seen")
        database.commit()
    fake.calls.clear()
    with logged() as told:
        for name, what in kinds.items():
            assert (await hand_over(fake, poisoned(what))).status == 200, name
            await cairn.drain()
    assert "the store does not answer" in told.getvalue()
    assert CANARY not in told.getvalue()
    assert "Traceback" not in told.getvalue()
    assert {"chat.update", "chat.postEphemeral"} <= {call.method for call in fake.calls}


class Broken(Conversation):
    """A conversation that fails, with the words that were typed in its error."""

    def respond(self, move: Move) -> Reply:
        if isinstance(move.act, Say):
            raise ZeroDivisionError(move.act.text)
        raise KeyError(CANARY)


async def test_nothing_is_found_again_when_we_fail(fake: FakeSlack):
    async with running(fake) as builder:
        kinds = await inbound(builder, "bob")
    broken = Broken(guidance_of().guidance, None, utc_now)
    with logged() as told:
        async with running(fake, conversation=broken) as cairn:
            for what in kinds.values():
                outcome = await hand_over(fake, poisoned(what))
                assert CANARY not in outcome.body
                assert outcome.status in (200, 500)
            await cairn.drain()
    assert "KeyError in respond" in told.getvalue()
    assert CANARY not in told.getvalue()
    assert "Traceback" not in told.getvalue()


async def test_nothing_is_found_again_of_what_is_not_signed(cairn: Running, fake: FakeSlack):
    kinds = await inbound(cairn, "bob")
    fake.calls.clear()
    address = fake.app_url
    with logged() as told:
        for what in kinds.values():
            for sent in (poisoned(what), *one_by_one(what)):
                outcome = await hand_over(fake, sent, secret=CANARY, headers=HEADERS)
                assert (outcome.status, outcome.body) == (401, "")
        for end in (f"?{CANARY}", f"/{CANARY}", f"/../{CANARY}", f"#{CANARY}"):
            fake.app_url = address + end
            await hand_over(fake, poisoned(what), secret=CANARY, headers=HEADERS)
    assert fake.calls == []
    assert CANARY not in told.getvalue()
    assert in_files(cairn.folder) == []


async def test_the_running_command_leaves_no_trace_of_what_was_sent(
    fake: FakeSlack, tmp_path: Path
):
    """A full pass: everything that Slack sends, well signed and badly, with faults, and the end."""
    async with running(fake) as builder:
        kinds = [(name, what) for n in range(2) for name, what in (
            await inbound(builder, f"bob{n}")).items()]  # fmt: skip
    fake.calls.clear()
    async with served(fake, tmp_path, start=AT_DEBUG) as cairn:
        for number, (name, what) in enumerate(kinds):
            for method in ("views.open", "chat.postMessage", "response_url"):
                if number % 3 == 0:
                    fake.faults.add(method, list(BREAKS.values())[number % len(BREAKS)])
            assert (await hand_over(fake, poisoned(what), headers=HEADERS)).status == 200, name
            assert (await hand_over(fake, poisoned(what), secret=CANARY)).status == 401
        fake.faults.heal()
        fake.workspace.revoked = True
        for what in farewells(fake.person("eve")).values():
            await hand_over(fake, poisoned(what))
        async with asyncio.timeout(10):
            while (await hand_over(fake, poisoned(kinds[0][1]))).status != 503:
                pass
        assert [name for name, held in cairn.written() if CANARY.encode() in held] == []
        assert await cairn.stop() == 0
        assert [name for name, held in cairn.written() if CANARY.encode() in held] == []
        assert {name for name, _ in cairn.written()} == {"cairn.db", "stderr", "stdout"}
        assert '"level": "debug"' in cairn.told
        assert "Traceback" not in cairn.told
    assert {"chat.postMessage", "views.open", "response_url"} <= {c.method for c in fake.calls}
    assert CANARY not in called(fake)


# ---- T5: sent again


async def again(fake: FakeSlack, first: Outcome) -> list[Outcome]:
    """The same event three times more, at once and without order, with and without the headers."""
    body = first.delivery.body
    retried = [fake.redeliver(first, retry=n, reason="http_timeout") for n in (1, 2, 3)]
    return await asyncio.gather(*retried, *(fake.send(body) for _ in range(3)))


async def test_an_event_that_comes_again_is_answered_once(
    cairn: Running, fake: FakeSlack, alice: Person
):
    team = fake.channel("team", alice)
    said = alice.say(alice.dm, "hello")
    does: list[Callable[[], Any]] = [
        lambda: alice.message("can I post this?"),
        lambda: alice.message("", files=["a.png"]),
        lambda: alice.edit(said.ts, "may a public servant post this?"),
        lambda: alice.mention(team, "help"),
        alice.open_home,
    ]
    for do in does:
        before = len(fake.calls)
        first = await do()
        outcomes = await again(fake, first)
        await cairn.drain()
        assert {outcome.status for outcome in outcomes} == {200}
        said_now = [c.method for c in fake.calls[before:] if c.method != "users.info"]
        assert len(said_now) == 1, said_now


async def test_an_event_whose_first_delivery_was_lost_is_answered_when_it_comes_again(
    cairn: Running, fake: FakeSlack, alice: Person
):
    """The header of a second try is no reason to leave it."""
    there, fake.app_url = fake.app_url, "http://127.0.0.1:9/nobody"
    lost = await alice.message("can I post this?")
    assert lost.status == 0
    fake.failures.clear()
    fake.app_url = there
    await again(fake, lost)
    await cairn.drain()
    assert len([message for message in alice.sees() if message.by_app]) == 1


# ---- T8: a capsule of somebody or somewhere else


SPOT = Spot("post_reported?channel=media_query", "en")


def seal_at(hours: float = 0.0, key: bytes = SEAL_KEY) -> Seal:
    """A seal of the same guidance, whose clock is some hours away from the present."""
    return Seal((key,), guidance_of().guidance, lambda: utc_now() + timedelta(hours=hours))


def bearer(person: Person, surface: Surface) -> Bearer:
    return Bearer("slack", person.workspace.id, person.id, surface)


def flipped(capsule: str) -> Iterator[str]:
    """The capsule with each of its bits turned, and with each of its letters changed."""
    raw = urlsafe_b64decode(capsule[1:] + "==")
    for bit in range(len(raw) * 8):
        changed = bytearray(raw)
        changed[bit // 8] ^= 1 << bit % 8
        yield "1" + urlsafe_b64encode(bytes(changed)).rstrip(b"=").decode()
    for at, letter in enumerate(capsule):
        for bit in range(7):
            yield capsule[:at] + chr(ord(letter) ^ 1 << bit) + capsule[at + 1 :]
        yield capsule[:at] + capsule[at + 1 :]
        yield capsule[:at] + letter + capsule[at:]


@pytest.mark.parametrize("surface", Surface)
def test_no_capsule_with_a_bit_turned_is_opened(surface: Surface, guidance: Guidance):
    seal, whose = seal_at(), Bearer("slack", "T0CAIRN", "U1", surface)
    ends = set()
    for asking in ("a", "ab", "abc"):  # so that its last letter holds spare bits, and none
        spot = Spot("post_reported?channel=media_query", "fr", asking, "can_i_post")
        capsule = seal.lock(spot, whose)
        assert seal.open(capsule, whose).place == spot.place
        tampered = {one for one in flipped(capsule) if one != capsule}
        assert len(tampered) > 800
        for one in tampered:
            with pytest.raises(NotOpenedError):
                seal.open(one, whose)
        ends.add(len(capsule) % 4)
    assert len(ends) == 3


def foreign(person: Person, other: Person, surface: Surface) -> dict[str, object]:
    """Capsules that are good, and not for this person, here and now; and what is none."""
    mine = bearer(person, surface)
    elsewhere = [one for one in Surface if one is not surface]
    found: dict[str, object] = {
        "another person's": seal_at().lock(SPOT, bearer(other, surface)),
        "another workspace's": seal_at().lock(SPOT, replace(mine, tenant="T0OTHER")),
        "another platform's": seal_at().lock(SPOT, replace(mine, platform="teams")),
        "under another key": seal_at(key=bytes(32)).lock(SPOT, mine),
        "from tomorrow": seal_at(24).lock(SPOT, mine),
        "none": "", "no text": None, "a number": 7, "a list": ["1"], "too long": "1" + "A" * 5_000,
        "another form": "2" + seal_at().lock(SPOT, mine)[1:], "no base64": "1é" * 30,
        "half a character": "1\ud800" * 30, "cut": seal_at().lock(SPOT, mine)[:-3],
        "a ticket": "post_reported?channel=media_query",
    }  # fmt: skip
    found |= {f"of a {one}": seal_at().lock(SPOT, bearer(person, one)) for one in elsewhere}
    return found


def old(person: Person, surface: Surface) -> str:
    return seal_at(-24.05).lock(SPOT, bearer(person, surface))


def restart(lang: Lang, *, expired: bool = False) -> str:
    return guidance_of().guidance.phrases[f"trouble_{'expired' if expired else 'not_opened'}"][lang]


async def at_question(cairn: Running, person: Person, tongue: str) -> View:
    """A person at the first question of a walk, in a window."""
    await person.slash()
    await cairn.drain()
    await person.pick(person.view, f"goto:{tongue}:home", "post_reported")
    await person.submit()
    return person.view


@pytest.mark.parametrize("tongue", LANGS)
async def test_a_window_with_a_capsule_that_cannot_be_opened_starts_again_kindly(
    tongue: Lang, cairn: Running, fake: FakeSlack, alice: Person, luc: Person
):
    person, other = (alice, luc) if tongue == "en" else (luc, alice)
    view = await at_question(cairn, person, tongue)
    made = payloads.view_submission(person._made(view=view), view)
    bad = [*foreign(person, other, Surface.MODAL).items()]
    bad += [("changed", one) for one in [*flipped(view.private_metadata)][::3]]
    bad = [one for one in bad if one[1] != view.private_metadata]
    assert len(bad) > 200
    with logged() as told:
        for name, capsule in (*bad, ("old", old(person, Surface.MODAL))):
            body = put(made, ("view", "private_metadata"), capsule)
            outcome = await fake.deliver(Delivery.of("interaction", body))
            assert outcome.status == 200, name
            assert outcome.json is not None
            shown = fake.new_view(person.user, "modal")
            fake.fill_view(shown, outcome.json["view"])
            assert restart(tongue, expired=name == "old") in screen.text(shown), name
    assert '"level": "error"' not in told.getvalue()
    # Nothing is lost: what is shown then can be gone on with.
    shown = fake.push_view(person.user, outcome.json["view"])
    await person.pick(shown, f"goto:{tongue}:home", "post_reported")
    await person.submit()
    assert screen.options(person.view) == screen.options(view)
    assert fake.failures == []


@pytest.mark.parametrize("tongue", LANGS)
async def test_a_message_with_a_capsule_that_cannot_be_opened_starts_again_kindly(
    tongue: Lang, cairn: Running, fake: FakeSlack, alice: Person, luc: Person
):
    person, other = (alice, luc) if tongue == "en" else (luc, alice)
    question = {"en": "can I post this?", "fr": "puis-je publier ceci?"}[tongue]
    await person.message(question)
    await cairn.drain()
    (card,) = [message for message in person.sees() if message.by_app]
    capsule = next(e["value"] for b in card.blocks for e in elements_of(b) if "value" in e)
    bad = [*foreign(person, other, Surface.MESSAGE).items()]
    bad += [("changed", one) for one in [*flipped(capsule)][::29] if one != capsule]
    with logged() as told:
        for name, given in (*bad, ("old", old(person, Surface.MESSAGE))):
            block = card.block(f"controls:{tongue}")
            button = {**block["elements"][0], "block_id": block["block_id"], "action_ts": "1.1"}
            address = fake.response_url(person.user, card.channel, card)
            body = payloads.action_in_message(
                person._made(), {**button, "value": given}, card, address
            )
            outcome = await fake.deliver(Delivery.of("interaction", body))
            await cairn.drain()
            assert (outcome.status, outcome.body) == (200, "")
            assert restart(tongue, expired=name == "old") in screen.text(card), name
    assert '"level": "error"' not in told.getvalue()
    await person.pick(card, f"goto:{tongue}:home", "post_reported")
    await person.press(card, "goto")
    await cairn.drain()
    assert card.block(f"pick:{tongue}:channel")
    assert fake.failures == []


async def test_a_home_with_a_capsule_that_cannot_be_opened_is_shown_again(
    cairn: Running, fake: FakeSlack, alice: Person, luc: Person
):
    for person, other, tongues in ((alice, luc, ("en", "fr")), (luc, alice, ("fr", "en"))):
        await person.open_home()
        await cairn.drain()
        good = person.home.private_metadata
        bad = [*foreign(person, other, Surface.HOME).values(), old(person, Surface.HOME)]
        bad += [one for one in [*flipped(good)][::41] if one != good]
        phrase = guidance_of().guidance.phrases["home_title"]
        with logged() as told:
            for capsule in bad:
                for pressed in (None, "home_language"):
                    home = person.home
                    home.payload = {**home.payload, "private_metadata": capsule}
                    await (person.press(home, pressed) if pressed else person.open_home())
                    await cairn.drain()
                    assert person.home.private_metadata not in (good, capsule)
        assert '"level": "error"' not in told.getvalue()
        await person.open_home()
        await cairn.drain()
        # Each press of the language has changed it.
        tongue = tongues[len(bad) % 2]
        assert screen.text(person.home).count(phrase[tongue]) == 1  # type: ignore[index]
    assert fake.failures == []


JUNK_DO = (
    "", "choose", "goto", "goto:x", "first", "open", "open:", "open:nowhere", "open:topic:nope",
    "open:office:", "open:summary:x", "open:can_i_post?who=employee&who=x", "return", "back",
    "change", "change:", "change:nope", "start_over", "why", "why:x", "outline", "private",
    "private:x", "private:whole", "language", "language:", "language:zz", "page", "page::",
    "page:whole:0", "page:whole:99", "page:why:-1", "page:whole:٣", "page:nope:1", "page:whole:1e9",
    "trail", "copy", "send", "start", "start:", "start:nowhere", "start:crisis", "chat", "look",
    "nothing", "home_language", "send:x", "lost_ffff", "é", "\ud800", "a" * 255,
)  # fmt: skip
JUNK_VALUES = (
    "", "nope", "1", "../../etc/passwd", "lost_0000", "topic:nope", "office:", "crisis", "home:x",
    "can_i_post?who=employee", "?&=+", "post_reported?channel=media_query+media_query", "\ud800",
    "\x00", "é" * 75, "A" * 900, None, 7, True, [], {}, ["media_query"],
)  # fmt: skip


def answers_of(cairn: Running) -> SlackAnswers:
    """What makes the screens; its capsules are good in the application that runs."""
    return SlackAnswers(cairn.conversation, seal_at())


def first_options(answers: SlackAnswers, tree: str) -> Iterator[Reply]:
    """The replies on the way through a tree, when the first option is picked each time."""
    ticket = Ticket(tree, {})
    while True:
        reply = answers.at(str(ticket), "en")
        yield reply
        if (question := reply.screen.question) is None:
            return
        ticket = Ticket(tree, {**ticket.choices, question.id: (question.options[0].id,)})


def an_answer(answers: SlackAnswers) -> str:
    """The place to which the first options lead."""
    return [*first_options(answers, "post_reported")][-1].screen.place


def several(answers: SlackAnswers) -> str:
    """The place of a question of which several options may be picked."""
    replies = (r for tree in answers.at("home", "en").guidance.trees
               for r in first_options(answers, tree))  # fmt: skip
    return next(r.screen.place for r in replies if r.screen.question and r.screen.question.many)


def every_screen(cairn: Running, person: Person) -> dict[str, Json]:
    """A window of every sort of screen there is, for that person."""
    answers, who = answers_of(cairn), Somebody(person.workspace.id, person.id, person.user.team)
    answer = an_answer(answers)
    places = {
        "home": "home", "topics": "topics", "offices": "offices", "promise": "promise",
        "crisis": "crisis", "topic": "topic:can_i_post", "summary": "summary:before_you_post",
        "office": "office:values_ethics", "question": "post_reported",
        "several": several(answers), "answer": answer,
    }  # fmt: skip
    found = {name: answers.modal(answers.at(place, "en"), who) for name, place in places.items()}
    found["first"] = answers.first(who, Surface.MODAL)
    found["trail"] = answers.trail(answers.at(answer, "en"), who, Surface.MODAL)
    found["copy"] = answers.copy(answers.at(answer, "en"), who)
    for part in ("why", "outline"):
        step = answers.step(part, Spot(answer, "en"), Fields({}))
        found[part] = answers.modal(answers.reply(step), who)
    for place in ("unsure:can_i_post+wrongdoing", "draft", "draft:own", "marks:party+attack"):
        found[place] = answers.modal(answers.at(place, "en"), who)
    return found


def test_the_screens_that_are_tampered_with_are_of_every_sort(fake_sorts: set[str]):
    assert fake_sorts == set(Sort)


@pytest.fixture
async def fake_sorts(cairn: Running) -> set[str]:
    answers = answers_of(cairn)
    answer = an_answer(answers)
    replies = [answers.at(place, "en") for place in (
        "home", "topics", "offices", "promise", "crisis", "topic:can_i_post", "post_reported",
        "draft", "unsure:can_i_post+wrongdoing", "summary:before_you_post",
        "office:values_ethics", answer)]  # fmt: skip
    replies += [answers.reply(answers.step(part, Spot(answer, "en"), Fields({})))
                for part in ("why", "outline")]  # fmt: skip
    return {reply.screen.sort for reply in replies}


def tampered(body: Json) -> Iterator[Json]:
    """What a window says when it is sent, with each of its fields changed."""
    values = body["view"]["state"]["values"]
    for block, held in [*values.items()][:3]:
        at = ("view", "state", "values")
        for action, element in held.items():
            for junk in JUNK_VALUES:
                one = {"type": element["type"], "selected_option": {"value": junk}, "value": junk,
                       "selected_options": [{"value": junk}] * 60}  # fmt: skip
                yield put(body, at, {**values, block: {action: one}})
            for junk in (None, 7, "x", [], [None], {}, [[]], {"value": None}):
                one = dict.fromkeys(("selected_option", "selected_options", "value"), junk)
                yield put(body, at, {**values, block: {action: one}})
                yield put(body, at, {**values, block: {action: junk}})
                yield put(body, at, {**values, block: junk})
        for name in ("", "pick", "pick::", "pick:fr:danger", "goto:en:home", "x" * 255, "\ud800"):
            yield put(body, at, {name: held})
    for junk in (None, [], "x", 7, {"values": None}, {"values": []}, {"values": {"a": 1}}):
        yield put(body, ("view", "state"), junk)
    for name in ("pick", "goto", "change", "lang", "say", "copy"):
        filled = {"type": "radio_buttons", "selected_option": {"value": "x"}, "value": "x"}
        yield put(body, ("view", "state", "values"), {f"{name}:en:x": {name: filled}})


@pytest.mark.long
async def test_a_window_that_was_tampered_with_gets_a_kind_answer(
    cairn: Running, fake: FakeSlack, alice: Person
):
    wrong, seen = [], set[str]()
    with logged() as told:
        for name, payload in every_screen(cairn, alice).items():
            view = fake.new_view(alice.user, "modal")
            fake.fill_view(view, payload)
            body = payloads.view_submission(alice._made(view=view), view)
            dos = JUNK_DO if name in ("home", "several", "answer") else JUNK_DO[::4]
            bodies = [*tampered(body), *(put(body, ("view", "callback_id"), do) for do in dos)]
            for sent in bodies:
                outcome = await hand_over(fake, Delivery.of("interaction", sent))
                if outcome.status != 200 or outcome.json is None:
                    wrong.append((name, outcome.status, sent["view"]["callback_id"]))
                    continue
                shown = json.dumps({**outcome.json["view"], "private_metadata": "1"})
                if shown not in seen:
                    seen.add(shown)
                    fake.check_view(outcome.json["view"], name, "modal")
    assert wrong == []
    assert '"level": "error"' not in told.getvalue()
    assert heard(fake) == {alice.id}


@pytest.mark.long
async def test_a_button_that_was_tampered_with_gets_a_kind_answer(
    cairn: Running, fake: FakeSlack, alice: Person
):
    wrong: list[tuple[str, ...]] = []
    with logged() as told:
        for name, payload in every_screen(cairn, alice).items():
            view = fake.new_view(alice.user, "modal")
            for do in JUNK_DO if name in ("home", "answer") else JUNK_DO[::5]:
                fake.fill_view(view, payload)
                action = {"type": "button", "action_id": do, "block_id": "controls:en",
                          "value": CANARY}  # fmt: skip
                body = payloads.action_in_view(alice._made(view=view), action, view)
                before = len(fake.calls)
                outcome = await hand_over(fake, Delivery.of("interaction", body))
                await cairn.drain()
                wrong += [(name, do, c.method, c.error) for c in fake.calls[before:] if c.error]
                wrong += [(name, do, str(outcome.status), "")] if outcome.status != 200 else []
    assert wrong == []
    assert '"level": "error"' not in told.getvalue()
    assert heard(fake) == addressed(fake) == {alice.id}


async def test_a_card_that_was_tampered_with_gets_a_kind_answer(
    cairn: Running, fake: FakeSlack, alice: Person
):
    answers, who = answers_of(cairn), Somebody(alice.workspace.id, alice.id, alice.user.team)
    wrong: list[tuple[str, ...]] = []
    with logged() as told:
        for place in ("home", an_answer(answers)):
            message = answers.message(answers.at(place, "en"), who)
            card = fake.put(alice.dm, fake.workspace.bot, message["text"], message["blocks"])
            capsule = next(e["value"] for b in card.blocks for e in elements_of(b) if "value" in e)
            for do in JUNK_DO:
                fake.change(card, message["text"], message["blocks"])
                action = {"type": "button", "action_id": do, "block_id": "controls:en",
                          "value": capsule}  # fmt: skip
                address = fake.response_url(alice.user, card.channel, card)
                body = payloads.action_in_message(alice._made(), action, card, address)
                before = len(fake.calls)
                outcome = await hand_over(fake, Delivery.of("interaction", body))
                await cairn.drain()
                wrong += [(place, do, c.method, c.error) for c in fake.calls[before:] if c.error]
                wrong += [(place, do, str(outcome.status), "")] if outcome.status != 200 else []
    assert wrong == []
    assert '"level": "error"' not in told.getvalue()
    assert heard(fake) == addressed(fake) == {alice.id}


# ---- T9: who somebody is


def with_another_user(what: Delivery, other: Person) -> Delivery:
    """The same body, which names another person wherever it does not say who sent it."""
    body, user = json.loads(json.dumps(what.payload)), {"id": other.id, "team_id": "T0OTHER"}
    names = {"user_id": other.id, "bot_user_id": other.id, "users": [other.id], "actor": user}
    if what.kind == "command":
        return Delivery.of(what.kind, {**body, "user": json.dumps(user), "users": other.id})
    body |= names if what.kind == "interaction" else {**names, "user": user}
    body |= {"authed_users": [other.id], "authorizations": [{"user_id": other.id}]}
    inner = [body.get(name) for name in ("view", "container", "message", "state", "channel")]
    inner += [*body.get("actions", []), body.get("event", {}).get("previous_message")]
    for part in inner:
        if isinstance(part, dict):
            part |= {**names, "user": other.id, "team_id": "T0CAIRN"}
    for action in body.get("actions", []):
        action["selected_user"] = other.id
    values = (body.get("view") or body).get("state", {}).get("values", {})
    values["user:en:x"] = {"user": {"type": "users_select", "selected_user": other.id}}
    return Delivery.of(what.kind, body)


async def test_only_the_envelope_says_who_somebody_is(
    cairn: Running, fake: FakeSlack, alice: Person
):
    kinds = await inbound(cairn, "bob")
    fake.calls.clear()
    for name, what in kinds.items():
        before = len(fake.calls)
        outcome = await hand_over(fake, with_another_user(what, alice))
        await cairn.drain()
        assert outcome.status == 200, name
        assert alice.id not in called(fake), name
        assert alice.id not in outcome.body, name
        quiet = ("close", "deleted", "our own", "another integration", "chat opened", "submit",
                 "home opened again")  # fmt: skip
        assert name in quiet or len(fake.calls) > before, name
    assert alice.id not in heard(fake) | addressed(fake)
    (bob,) = heard(fake)
    assert addressed(fake) == {bob}


# ---- T10: who is served


FROM_ELSEWHERE = "Cairn serves the people of the organization that runs it"


@pytest.fixture
def stranger(fake: FakeSlack) -> Person:
    """Somebody of another organization, met in a channel that both share."""
    return fake.person("sam", team="T0OTHER", is_stranger=True)


@pytest.fixture
def shared(fake: FakeSlack, stranger: Person, alice: Person) -> Channel:
    return fake.channel("shared", stranger, alice, is_ext_shared=True)


async def test_a_stranger_in_a_shared_channel_is_told_where_the_public_guidance_is(
    cairn: Running, fake: FakeSlack, stranger: Person, shared: Channel
):
    await stranger.mention(shared, "can I post this?")
    await cairn.drain()
    assert [FROM_ELSEWHERE in screen.text(message) for message in stranger.ephemerals] == [True]
    assert len(screen.links(stranger.ephemerals[0])) == 2
    assert heard(fake) == {stranger.id}
    assert [call.method for call in fake.calls[1:]] == ["chat.postEphemeral"]


async def test_a_stranger_who_writes_to_cairn_gets_no_walk_and_no_answer(
    cairn: Running, fake: FakeSlack, stranger: Person
):
    stranger.dm.is_ext_shared = True
    for text in ("can I post this?", "help", "2"):
        await stranger.message(text)
    await cairn.drain()
    told = [screen.text(message) for message in stranger.sees() if message.by_app]
    assert [FROM_ELSEWHERE in text for text in told] == [True, True, True]
    assert heard(fake) == {stranger.id}
    assert {call.method for call in fake.calls[1:]} == {"chat.postMessage"}


async def test_in_a_shared_channel_people_of_the_house_are_answered_as_ever(
    cairn: Running, fake: FakeSlack, alice: Person, shared: Channel
):
    await alice.mention(shared, "help")
    await cairn.drain()
    (whisper,) = alice.ephemerals
    assert FROM_ELSEWHERE not in screen.text(whisper)
    await alice.press(whisper, "start:home")
    assert alice.view.title == "Cairn"
    assert heard(fake) == addressed(fake) == {alice.id}


async def test_a_workspace_that_is_not_served_cannot_press_a_card_of_ours(
    cairn: Running, fake: FakeSlack, shared: Channel, alice: Person
):
    """Where Slack says that the press comes from the stranger's own workspace."""
    await alice.mention(shared, "help")
    await cairn.drain()
    (whisper,) = alice.ephemerals
    address = fake.response_url(alice.user, shared, whisper)
    button = {**whisper.blocks[-1]["elements"][0], "block_id": "controls:en", "action_ts": "1.1"}
    body = payloads.action_in_message(alice._made(), button, whisper, address)
    body["team"], body["user"] = {"id": "T0OTHER"}, {"id": "U0OTHER", "team_id": "T0OTHER"}
    before = len(fake.calls)
    assert (await hand_over(fake, Delivery.of("interaction", body))).status == 403
    assert len(fake.calls) == before


@pytest.mark.parametrize("kind", ["is_restricted", "is_ultra_restricted"])
async def test_a_guest_gets_the_guidance_as_everybody_does(
    kind: str, cairn: Running, fake: FakeSlack
):
    guest = fake.person("gus", **{kind: True})
    team = fake.channel("team", guest)
    await guest.slash(channel=team)
    await guest.message("can I post this?")
    await guest.mention(team, "help")
    await guest.open_home()
    await cairn.drain()
    assert guest.view.title == "Cairn"
    assert screen.text(guest.home)
    assert len(guest.ephemerals) == 1
    assert len([message for message in guest.sees() if message.by_app]) == 1
    assert heard(fake) == addressed(fake) == {guest.id}


async def test_no_machine_is_answered(cairn: Running, fake: FakeSlack, alice: Person):
    robot = fake.person("robot", is_bot=True)
    team = fake.channel("team", alice, robot)
    said = fake.put(team, robot.user, "<@U0CAIRNBOT> help")
    own = fake.put(alice.dm, fake.workspace.bot, "help")
    made = robot._made()
    events = {
        "bot_id": payloads.app_mention(made, said) | {"bot_id": "B0OTHER"},
        "bot_message": payloads.app_mention(made, said) | {"subtype": "bot_message"},
        "our own": payloads.bot_message(made, own),
        "our own, without its mark": payloads.direct_message(made, own),
        "integration": payloads.integration_message(own, "B0OTHER"),
        "changed": payloads.message_changed(made, own, {"text": "before"}, fake.stamp()),
    }
    before = len(fake.calls)
    for name, event in events.items():
        outcome = await fake.event(fake.workspace, robot.user, event, team)
        await cairn.drain()
        assert outcome.status == 200, name
        assert len(fake.calls) == before, name


async def test_somebody_who_has_left_gets_nothing_and_breaks_nothing(
    cairn: Running, fake: FakeSlack
):
    gone = fake.person("gone")
    kinds = await inbound(cairn, "leaver")
    gone.user.deleted = True
    next(u for u in fake.workspace.users.values() if u.name == "leaver").deleted = True
    with logged() as told:
        for what in kinds.values():
            assert (await hand_over(fake, what)).status == 200
        await gone.message("can I post this?")
        await gone.open_home()
        await cairn.drain()
    assert "Traceback" not in told.getvalue()
    assert gone.id not in fake.workspace.homes


async def test_another_organization_is_refused(cairn: Running, fake: FakeSlack):
    kinds = await inbound(cairn, "bob")
    fake.calls.clear()
    for name, what in kinds.items():
        text = json.dumps(what.payload).replace("T0CAIRN", "T0OTHER")
        body = {**json.loads(text), "enterprise_id": "E0OTHER", "enterprise": {"id": "E0OTHER"}}
        outcome = await hand_over(fake, Delivery.of(what.kind, body))
        assert (outcome.status, outcome.body) == (403, ""), name
    await cairn.drain()
    assert fake.calls == []


# ---- T11: what somebody types is never written, and our words say what they say


_INJECTIONS = (
    "<!channel>", "<!here>", "<!everyone>", "<!subteam^S0123|all>", "<@U0CAIRNBOT>", "<@U00001>",
    "<#C00001|general>", "<https://evil.example|canada.ca>", "<https://evil.example>",
    "https://evil.example/login", "http://169.254.169.254/latest", "<mailto:a@evil.example|help>",
    "<tel:+15551234|call>", "<!date^1392734382^{date}^https://evil.example|now>",
    "&lt;!channel&gt;", "&amp;lt;!here&amp;gt;", "*bold* _italic_ ~gone~ `code`", "```code```",
    "> quoted", "&gt; quoted", ":rotating_light: :smile:", "[canada.ca](https://evil.example)",
    "**bold**", "![x](https://evil.example/x.png)", "<img src=x onerror=alert(1)>",
    "<script>alert(1)</script>", "{{7*7}}", "${7*7}", "{reply}", "%s%n", "{0.__class__}",
    "\u202eevil\u202c", "\u200b\u2060\ufeff", "\x00\x07\x1b[31m", "\r\nSet-Cookie: a=b",
    '"}]},"blocks":[', "\\u003c!channel\\u003e", "</textarea>", "'; DROP TABLE seen; --",
    "../../etc/passwd", "open:promise", "start:can_i_post", "can_i_post?who=employee",
    "/cairn pin", "pin", "unpin", "language", "goto:en:home", "U0CAIRNBOT", "xoxb-T0CAIRN-fake",
    "ＣＡＩＲＮ＜！channel＞", "𝕘𝕠 𝕒𝕨𝕒𝕪", "a\u0301" * 40, "\U0001f469\u200d\U0001f692" * 9,
)  # fmt: skip
_AROUND = (
    "{0} {1}", "can I post {1} {0} on my own account?", "puis-je publier {0}{1}", "{1}{0}{1}",
    "{0} journalist {0} {1}", "my manager said {1}: {0}",
)  # fmt: skip
CORPUS = [
    (f"zq{number:03}xj", around.format(payload, f"zq{number:03}xj"))
    for number, (payload, around) in enumerate((p, a) for a in _AROUND for p in _INJECTIONS)
]
"""Three hundred texts, each with a mark by which it would be known again."""

_PART = 54


@pytest.mark.parametrize("first", one_now(*range(0, len(CORPUS), _PART)))
async def test_nothing_that_somebody_types_is_ever_said_again(
    first: int, cairn: Running, fake: FakeSlack
):
    """Typed in a window, the chat and after the command; a third of it as all else as well."""
    assert len(CORPUS) >= 300
    typist = fake.person("typist")
    team = fake.channel("team", typist)
    said = typist.say(typist.dm, "hello")
    answers, who = answers_of(cairn), Somebody(typist.workspace.id, typist.id, typist.user.team)
    windows = [answers.first(who, Surface.MODAL), answers.modal(answers.at("home", "fr"), who)]
    view = fake.open_view(typist.user, windows[0])
    for number, (_, text) in enumerate(CORPUS[first : first + _PART]):
        fake.fill_view(view, windows[number % 2])
        field_name = next(b["block_id"] for b in view.blocks if b["block_id"].startswith("say"))
        await typist.type(view, field_name, text)
        if number % 2 == 0:
            await typist.pick(view, "lang", "fr")
        await typist.submit(view)
        await typist.message(text)
        await typist.slash("/cairn", text, team)
        if number % 3 == 0:
            await typist.message("", files=[text])
            await typist.edit(said.ts, text)
            await typist.mention(team, text)
        await cairn.drain()
        view = typist.view
    bodies = [outcome.body for outcome in fake.deliveries]
    out = called(fake) + "".join(bodies) + json.dumps(bodies)
    assert fake.failures == []
    assert re.findall(r"zq\d{3}xj", out) == []
    # A capsule is random letters, and now and then they spell a word.
    assert re.findall(r"(?<![A-Za-z0-9_-])evil(?![A-Za-z0-9_-])", out) == []
    assert heard(fake) == addressed(fake) == {typist.id}


@dataclass(frozen=True)
class Read:
    """A run of letters as a person sees it in Slack, and what is done to it."""

    text: str
    marks: frozenset[str] = frozenset()
    href: str | None = None


@dataclass
class Reader:
    """Reads mrkdwn as Slack's clients do; where they differ, as the one that sees more in it.

    It is written from Slack's description and not from our writer. A letter of no width counts
    as a letter: beside one, a sign begins and ends nothing.
    """

    text: str
    found: list[list[Read]] = field(default_factory=list)
    bullets: list[bool] = field(default_factory=list)

    def __post_init__(self) -> None:
        for line in self.text.split("\n"):
            bullet = line.startswith("• ")
            self.bullets.append(bullet)
            rest = line.removeprefix("• ")
            quoted = frozenset({"quote"} if re.match(r"&gt;|>", rest) else ())
            self.found.append(self._joined(self._links(rest, quoted)))

    def marks(self) -> set[str]:
        return {m for row in self.found for one in row for m in one.marks} | {
            "link" for row in self.found for one in row if one.href is not None
        }

    def plain(self) -> str:
        rows = ["".join(one.text for one in row) for row in self.found]
        return "\n".join(("• " if b else "") + r for b, r in zip(self.bullets, rows, strict=True))

    def _links(self, line: str, marks: frozenset[str]) -> Iterator[Read]:
        parts = re.split(r"(<[^<>]*>)", line)
        for number, part in enumerate(parts):
            if number % 2 == 0:
                yield from self._formats(part, marks, parts, number)
                continue
            target, _, label = part[1:-1].partition("|")
            if target[:1] in "@#!":
                yield Read(label or target, marks | {"mention"})
            else:
                href = self._letters(target)
                shown = [*self._formats(label, marks, [label], 0)] if label else [Read(href)]
                yield from (Read(one.text, one.marks, href) for one in shown)

    def _formats(
        self, text: str, marks: frozenset[str], parts: list[str], number: int
    ) -> Iterator[Read]:
        before = parts[number - 1][-1:] if number else ""
        after = parts[number + 1][:1] if number + 1 < len(parts) else ""
        at = 0
        while at < len(text):
            opened = re.compile(r"```|[*_~`]|:(?=[\w+'-]+:)").search(text, at)
            if opened is None:
                break
            sign, start = opened[0], opened.start()
            end = self._end(text, start, sign, before, after)
            if end is None:
                yield Read(self._letters(text[at : start + len(sign)]), marks)
                at = start + len(sign)
                continue
            yield Read(self._letters(text[at:start]), marks)
            inner = text[start + len(sign) : end]
            name = {"*": "strong", "_": "emphasis", "~": "struck", ":": "emoji"}.get(sign, "code")
            if sign in "*_~":
                yield from self._formats(inner, marks | {name}, [inner], 0)
            else:
                yield Read(self._letters(inner), marks | {name})
            at = end + len(sign)
        yield Read(self._letters(text[at:]), marks)

    def _end(self, text: str, start: int, sign: str, before: str, after: str) -> int | None:
        """Where a sign that stands at `start` ends what it begins, if it begins anything."""
        if sign == ":":
            return text.index(":", start + 1)
        left = text[start - 1 : start] or (before if start == 0 else "")
        inside = start + len(sign)
        if self._is_letter(left) or text[inside : inside + 1] in ("", " ", "\t", "\u2060"):
            return None
        for match in re.finditer(re.escape(sign), text[inside:]):
            end = inside + match.start()
            right = text[end + len(sign) : end + len(sign) + 1]
            right = right or (after if end + len(sign) == len(text) else "")
            if end > inside and not self._is_letter(right) and text[end - 1] not in " \t\u2060":
                return end
        return None

    @staticmethod
    def _is_letter(one: str) -> bool:
        return one.isalnum() or one == "\u2060"

    @staticmethod
    def _letters(text: str) -> str:
        """The letters that are seen; everything that Slack would read otherwise is an error."""
        rest = re.sub(r"&(?:amp|lt|gt);", "", text)
        assert not set(rest) & set("&<>"), text
        plain = text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
        return plain.replace("\u2060", "")

    @staticmethod
    def _joined(runs: Iterator[Read]) -> list[Read]:
        """Runs of the same kind as one."""
        found: list[Read] = []
        for one in runs:
            if found and (found[-1].marks, found[-1].href) == (one.marks, one.href):
                found[-1] = replace(found[-1], text=found[-1].text + one.text)
            elif one.text:
                found.append(one)
        return found


def meant(text: str) -> list[tuple[bool, list[Read]]]:
    """The lines of a text of the content, as they are meant."""
    found = []
    for line in lines(text):
        runs = [
            Read(
                span.text,
                frozenset({"strong"} if span.strong else {"emphasis"} if span.emphasis else ()),
                span.href,
            )
            for span in line.spans
        ]
        found.append((line.bullet, Reader._joined(iter(runs))))
    return found


def in_yaml(path: Path) -> Iterator[str]:
    """Every text of a file, whatever it is for."""

    def walk(value: object) -> Iterator[str]:
        if isinstance(value, dict):
            for part in value.values():
                yield from walk(part)
        elif isinstance(value, list):
            for part in value:
                yield from walk(part)
        elif isinstance(value, str):
            yield value

    yield from walk(yaml.safe_load(path.read_text("utf-8")))


def our_words() -> list[str]:
    files = [*sorted((ROOT / "dialogs").glob("*.yaml")), *sorted((ROOT / "content").glob("*.yaml"))]
    return sorted({text for path in (*files, SAMPLE) for text in in_yaml(path)})


def test_our_words_read_in_slack_as_they_are_meant():
    words = our_words()
    assert len(words) > 2_000
    for text in words:
        reader = Reader(PEN.marked(text))
        assert [*zip(reader.bullets, reader.found, strict=True)] == meant(text), text


def test_our_words_read_in_slack_as_they_are_meant_where_no_marks_are_read():
    for text in our_words():
        reader = Reader(literal(text))
        assert (reader.plain(), reader.marks()) == (text, set()), text


def test_the_reader_sees_what_slack_would():
    """A reader that sees nothing would prove nothing."""
    for text, marks in {
        "*a* b": {"strong"}, "(_a b_)": {"emphasis"}, "~a~": {"struck"}, "`a`": {"code"},
        "```a```": {"code"}, ":a:": {"emoji"}, "x:100:5": {"emoji"}, "<!here>": {"mention"},
        "<@U1|x>": {"mention"}, "<https://a.b|c>": {"link"}, "&gt; a": {"quote"}, "a*b*c": set(),
        "* a *": set(), "2 * 3 * 4": set(), "a_b_c": set(), "*a": set(), "&lt;!here&gt;": set(),
    }.items():  # fmt: skip
        assert Reader(text).marks() == marks, text


_TRICKY = st.lists(
    st.sampled_from([*"*_~`:<>&|!@#()[]\\/-+.'\"• \n\t", "a", "é", "100", "**", "```", "&lt;",
                     "&amp;", "<!here>", "<https://a.b|c>", "https://a.b", ":x:", "\u2060", "𝕘",
                     "\u200b", "\u0301"]), max_size=40,
).map("".join)  # fmt: skip


@given(st.one_of(_TRICKY, st.text(max_size=200)))
@settings(max_examples=2_000, deadline=None)
@example("a:100:b")
@example("12:30:45")
@example("*a*_b_~c~`d`")
@example("a *b* c")
def test_words_without_marks_are_shown_letter_for_letter(text: str):
    reader = Reader(literal(text))
    assert reader.marks() - {"quote"} == set()
    assert reader.plain() == text.replace("\u2060", "")


@given(_TRICKY)
@settings(max_examples=300, deadline=None)
@example("> a")
def test_no_line_of_ours_begins_a_quotation(text: str):
    assert "quote" not in Reader(literal(text)).marks()


# ---- T14: long texts


@pytest.mark.long
@pytest.mark.parametrize("kind", PIECES)
def test_a_million_letters_are_read_without_a_halt(kind: str, guidance: Guidance):
    """Work that grew with the square of the length would not end here for hours."""
    text = of_bytes(PIECES[kind], 1_000_000) + "x"
    for _, name, read in (one for one in readings(guidance) if one[0] == kind):
        with no_halt(f"{name} of {kind}"):
            read(text)


async def test_a_message_of_forty_thousand_letters_is_answered(
    cairn: Running, fake: FakeSlack, alice: Person
):
    for piece in ("can I post this? ", "a", "Puis-je écrire ça à mes collègues? ", "1 "):
        text = (piece * 40_000)[:40_000]
        person = fake.person(f"p{len(fake.deliveries)}")
        await person.message(text)
        await person.slash("/cairn", text)
        await cairn.drain()
        (answer,) = [message for message in person.sees() if message.by_app]
        assert guidance_of().guidance.phrases["trouble_too_long"].en in screen.text(answer)
        assert person.view.title == "Cairn"
    assert fake.failures == []


async def test_danger_is_heard_at_the_end_of_a_text_that_is_too_long(
    cairn: Running, fake: FakeSlack, alice: Person
):
    await alice.message("a" * 39_000 + " I want to kill myself")
    await cairn.drain()
    (answer,) = [message for message in alice.sees() if message.by_app]
    assert guidance_of().guidance.crisis.title.en in screen.text(answer)


# ---- T15: nobody is told that somebody came


async def every_page(cairn: Running, person: Person) -> None:
    """Go to each page that is no walk, from the first screen."""
    fake, talk, view = cairn.fake, cairn.conversation.guidance, person.view
    pages = ["topics", "offices", "promise", "crisis", *(f"topic:{name}" for name in talk.topics)]
    pages += [f"summary:{name}" for name in talk.summaries]
    pages += [f"office:{name}" for name in talk.offices]
    for page in pages:
        body = payloads.view_submission(person._made(view=view), view)
        chosen = {"goto:en:home": {"goto": {"selected_option": {"value": page}}}}
        body = put(body, ("view", "state", "values"), chosen)
        assert (await hand_over(fake, Delivery.of("interaction", body))).status == 200


async def every_question(cairn: Running, person: Person) -> set[str]:
    """Pick each option of each question of each tree; return the questions."""
    answers, view = answers_of(cairn), person.view
    who = Somebody(person.workspace.id, person.id, person.user.team)
    been: set[str] = set()
    ways = [*cairn.conversation.guidance.trees]
    while ways:
        place = ways.pop()
        shown = answers.modal(answers.at(place, "en"), who)
        cairn.fake.fill_view(view, shown)
        for option in offered(asked(view)["element"]):
            cairn.fake.fill_view(view, shown)
            await person.pick(view, asked(view)["block_id"], option["value"])
            await person.submit(view)
            spot = seal_at().open(view.private_metadata, bearer(person, Surface.MODAL))
            screen_now = answers.at(spot.place, "en").screen
            if screen_now.question is not None and screen_now.tree is not None:
                name = f"{screen_now.tree.id}/{screen_now.question.id}"
                ways += [spot.place] if name not in been else []
                been.add(name)
    return been


@pytest.mark.long
async def test_a_whole_visit_is_known_to_nobody_else_and_leaves_no_row(
    cairn: Running, fake: FakeSlack, alice: Person
):
    """Every question of every tree, every page, by window, chat and Home."""
    manager = fake.person("manager")
    team = fake.channel("team", alice, manager)
    await alice.slash(channel=team)
    await cairn.drain()
    before = len(fake.calls)
    await every_page(cairn, alice)
    been = await every_question(cairn, alice)
    trees = cairn.conversation.guidance.trees.values()
    assert len(been) == sum(len(tree.questions) - 1 for tree in trees)
    # A window is answered within the request itself: nothing else was called.
    assert len(fake.calls) == before
    for pressed in ("why", "look", "copy", "look", "open:crisis", "open:home", "language:whole"):
        buttons = [e["action_id"] for b in alice.view.blocks for e in elements_of(b)]
        if pressed in buttons:
            await alice.press(alice.view, pressed)
            await cairn.drain()
    for text in ("can I post this?", "1", "why", "help", "I want to kill myself"):
        await alice.message(text)
        await alice.mention(team, text)
    await alice.open_home()
    await cairn.drain()
    assert fake.failures == []
    assert heard(fake) == addressed(fake) == {alice.id}
    assert [m for m in manager.sees(team) if m.by_app] == []
    with closing(sqlite3.connect(cairn.folder / "cairn.db")) as database:
        tables = [name for (name,) in database.execute(
            "SELECT name FROM sqlite_master WHERE type = 'table'")]  # fmt: skip
        kept = {name for name in tables if database.execute(f"SELECT 1 FROM {name}").fetchone()}
        assert kept == {"seen", "alembic_version"}
        assert [row[1] for row in database.execute("PRAGMA table_info(seen)")] == ["digest", "hour"]
    for path in cairn.folder.iterdir():
        held = path.read_bytes()
        for word in (alice.id, alice.user.name, alice.dm.id, "T0CAIRN", "can_i_post", "Ev0"):
            assert word.encode() not in held, (path.name, word)


def asked(view: View) -> Json:
    """The field of a window that asks a question of a walk."""
    return next(block for block in view.blocks if block["block_id"].startswith("pick:"))


# ---- T20: what a lock screen shows


async def test_a_notification_says_nothing_of_what_it_is_about(
    cairn: Running, fake: FakeSlack, alice: Person, luc: Person
):
    """That it says one of three sentences is checked after each test here; this says them all."""
    for person in (alice, luc):
        team = fake.channel(f"team-{person.user.name}", person)
        fake.faults.add("views.open", faults.limited())
        outcome = await person.slash(channel=team)
        assert outcome.json is not None
        for text in ("can I post this?", "I want to kill myself", "2", "quoi?", "privacy"):
            await person.message(text)
            await person.mention(team, text)
        await cairn.drain()
    stranger = fake.person("sam", team="T0OTHER", is_stranger=True)
    await stranger.message("help")
    await cairn.drain()
    texts = {call.arguments["text"] for call in fake.calls if "text" in call.arguments}
    texts |= {(outcome.json or {}).get("text") for outcome in fake.deliveries} - {None}
    assert texts == NEUTRAL
