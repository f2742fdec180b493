"""Does the Teams channel keep what the threat model says: T3, T7, T9, T10, T12, T14 and T30?"""

from __future__ import annotations

import asyncio
import json
import re
import socket
import sqlite3
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientConnectionError

from bot.app import utc_now
from bot.channels.teams.answers import TeamsAnswers
from bot.channels.teams.channel import PATH
from bot.channels.teams.decode import press_of, typed_of
from bot.channels.teams.menu import Menu
from bot.conversation import Conversation, Look, Move, Reply, Say
from bot.guidance.words import LANGS, Lang
from bot.seal import Bearer, Seal, Spot, Surface
from tests.command import AT_DEBUG, Command, command
from tests.long_texts import no_halt, of_bytes
from tests.slack_app import SEAL_KEY, Hurry, department, guidance_of, logged
from tests.teams import cards, faults, payloads, screen
from tests.teams.delivery import Outcome
from tests.teams.fake import OTHER_TENANT, FakeTeams
from tests.teams.login import Login
from tests.teams.person import Person
from tests.teams.state import Chat, Json, Shown
from tests.teams_app import Running, running, settings_for
from tests.test_slack_threats import CORPUS, NEUTRAL, leaves, named, put
from tests.test_teams_ingress import as_served

CANARY = "canary-threats-3d6a"


@pytest.fixture
async def fake() -> AsyncIterator[FakeTeams]:
    """Teams without rates, since these tests do in seconds what people do in days."""
    async with FakeTeams(rates=False) as fake:
        yield fake
    assert fake.violations == []
    assert fake.inserted == []
    bodies = [call.body for call in fake.calls if call.kind in ("send", "reply", "update")]
    assert {body["summary"] for body in bodies if body} <= NEUTRAL


@pytest.fixture
async def cairn(fake: FakeTeams) -> AsyncIterator[Running]:
    async with running(fake, teams_tenants=fake.tenant) as cairn:
        hurry(cairn)
        yield cairn


@pytest.fixture
def alice(fake: FakeTeams) -> Person:
    return fake.person("alice")


@pytest.fixture
def bob(fake: FakeTeams) -> Person:
    return fake.person("bob")


@pytest.fixture
def luc(fake: FakeTeams) -> Person:
    return fake.person("luc", locale="fr-CA")


def hurry(cairn: Running) -> Hurry:
    """Let Cairn wait for nothing when it speaks to Teams; return its clock."""
    clock, outbound = Hurry(time.monotonic()), cairn.channel.outbound
    outbound._clock, outbound._sleep, cairn.channel._clock = clock, clock.sleep, clock
    for pace in (outbound._chats, outbound._hours, outbound._tenants):
        pace._clock = clock
    return clock


def called(fake: FakeTeams) -> str:
    """Everything that went out, as text."""
    calls = [(c.method, c.conversation, c.target, c.query, c.body) for c in fake.calls]
    return json.dumps(calls, ensure_ascii=False)


def said(fake: FakeTeams) -> str:
    """Everything that somebody reads of it, without who it is from and where it goes."""
    bodies = [call.body or {} for call in fake.calls if call.kind in ("send", "update")]
    read = [(body.get("attachments"), body.get("summary"), body.get("text")) for body in bodies]
    return re.sub(r"users=[^\"]*", "", json.dumps(read, ensure_ascii=False))


def heard(fake: FakeTeams) -> set[str]:
    """The ids of all people who can see something that Cairn has said."""
    found: set[str] = set()
    for chat in fake.chats.values():
        for message in chat.all.values():
            if message.sender == fake.bot["id"]:
                found |= {message.only_for} if message.only_for else {*chat.members}
    return found


def phrase(name: str, lang: Lang = "en") -> str:
    return guidance_of().guidance.phrases[name][lang]


CRISIS = guidance_of().guidance.crisis.title
DANGER: dict[Lang, str] = {"en": "I want to kill myself", "fr": "je veux me tuer"}


# ---- one of everything that comes in


async def inbound(cairn: Running, name: str) -> dict[str, Json]:
    """One of everything that Teams sends, for a person who stands at a question everywhere.

    Nothing of it has been sent yet, each of it may be; its capsules open.
    """
    fake, person = cairn.fake, cairn.fake.person(name)
    team, group = fake.channel(f"team-{name}", person), fake.group(f"group-{name}", person)
    await person.message("menu")
    await person.mention(team, "help")
    await cairn.drain()
    await person.pick(person.card, "goto:en:home", "post_reported")
    await person.press(person.card, "goto")
    await cairn.drain()
    card, in_team = person.card, team.messages[-1].seen_by(person.user)
    found = _written(person, team, group) | _told(person, team)
    found |= _pressed(person, card, in_team)
    await person.press(card, "private:whole")
    assert person.dialog is not None
    found |= _in_dialog(person, person.dialog)
    person.close()
    fake.calls.clear()
    return found


def _written(person: Person, team: Chat, group: Chat) -> dict[str, Json]:
    made, chat = person._made, person.chat
    shared = payloads.message(made(chat), "look at this")
    shared["attachments"].append(
        {"contentType": "application/vnd.microsoft.teams.file.download.info", "name": "x.png",
         "contentUrl": "https://tenant.sharepoint.com/x.png", "content": {"fileType": "png"}}
    )  # fmt: skip
    undone = payloads.edited(made(chat), "may I?")
    undone["channelData"]["eventType"] = "undeleteMessage"
    return {
        "written": payloads.message(made(chat), "can I post this?"),
        "answered": payloads.message(made(chat), "1"),
        "written with a file": shared,
        "edited": payloads.edited(made(chat), "may I?"),
        "undeleted": undone,
        "deleted": made(chat).activity("messageDelete"),
        "mention": payloads.mention(made(group), "help"),
        "mention in a thread": payloads.mention(made(team, team.messages[-1].thread), "help"),
    }


def _told(person: Person, team: Chat) -> dict[str, Json]:
    made, chat = person._made, person.chat
    reaction = [{"type": "like"}]
    return {
        "installed": payloads.installation(made(chat), "add"),
        "upgraded": payloads.installation(made(chat), "add-upgrade"),
        "removed": payloads.installation(made(chat), "remove"),
        "installed in a team": payloads.installation(made(team), "add"),
        "members": payloads.members(made(chat), "membersAdded", [person.user.account]),
        "members of a team": payloads.members(made(team), "membersRemoved", [person.user.account]),
        "reaction": made(chat).activity("messageReaction", reactionsAdded=reaction),
        "typing": made(chat).activity("typing"),
        "read": made(chat).activity("event", name="application/vnd.microsoft.readReceipt"),
        "handed off": made(chat).activity("handoff"),
    }


def _pressed(person: Person, card: Shown, in_team: Shown) -> dict[str, Json]:
    made, message = person._made, card.message
    content = card.content or {}
    assert message is not None
    assert in_team.message is not None
    actions = {a.get("verb") or a["data"]["do"]: a for a in screen.actions(content)}
    picked = {"pick:en:channel": "media_query"}
    found = {}
    for verb, data in (("choose", picked), ("back", {}), ("language:whole", picked),
                       ("open:home", {"say": "can I post this?"})):  # fmt: skip
        action = actions[verb]
        value = payloads.execute_value(action, {**action["data"], **data})
        found[f"press {verb}"] = payloads.invoke(
            made(card.chat), "adaptiveCard/action", value, message
        )
        old = {**action["fallback"]["data"], **data, "say": "can I post this?"}
        found[f"submit {verb}"] = payloads.submit(made(card.chat), old, message)
    value = payloads.task_value(actions["private:whole"]["data"])
    found["dialog"] = payloads.invoke(made(card.chat), "task/fetch", value, message)
    start = screen.actions(in_team.content or {})[0]["data"]
    found["dialog of a channel"] = payloads.invoke(
        made(in_team.chat, in_team.message.thread), "task/fetch", payloads.task_value(start),
        in_team.message,
    )  # fmt: skip
    return found


def _in_dialog(person: Person, dialog: Shown) -> dict[str, Json]:
    made, chat = person._made, person.chat
    data = {**screen.actions(dialog.content or {})[0]["data"], "pick:en:channel": "media_query"}
    written = payloads.message_payload(made(chat), "<p>what somebody wrote</p>")
    compose = payloads.extension_value("check", "compose", "r1", None)
    on_message = payloads.extension_value("check", "message", "r2", written)
    search = payloads.extension_value("search", "compose", "r3", None)
    invokes = {
        "dialog pressed": ("task/submit", payloads.task_value(data)),
        "dialog typed": ("task/submit", payloads.task_value({**data, "do": "goto", "say": "why"})),
        "extension": ("composeExtension/fetchTask", compose),
        "extension on a message": ("composeExtension/fetchTask", on_message),
        "extension pressed": ("composeExtension/submitAction", {**on_message, "data": data}),
        "a search": ("composeExtension/query", search),
        "a link": ("composeExtension/queryLink", {"url": "https://canada.ca/"}),
        "signed in": ("signin/verifyState", {"state": "123456"}),
        "a file": ("fileConsent/invoke", {"action": "accept", "context": {}, "uploadInfo": {}}),
        "feedback": ("message/submitAction", {"actionName": "feedback", "actionValue": {}}),
    }
    return {n: payloads.invoke(made(chat), name, value) for n, (name, value) in invokes.items()}


UNKNOWN = ("a search", "a link", "signed in", "a file", "feedback")
"""Invokes that nobody of ours can cause, which are answered with 501."""


# ---- T3: a word that nobody may find again

ADDRESSES = {
    "aadObjectId", "c", "conversationType", "id", "localTimestamp", "localTimezone", "replyToId",
    "serviceUrl", "teamsChannelId", "teamsTeamId", "tenantId", "timestamp", "channelId",
    "requestId", "createdDateTime", "contentUrl", "userIdentityType",
}  # fmt: skip
"""Where something is, or whose; Teams makes them, and an answer needs them to arrive."""

ROUTES = {"action", "commandContext", "commandId", "contentType", "do", "eventType", "type", "verb",
          "pick:en:channel", "uploadInfo", "actionName"}  # fmt: skip
"""What tells the requests apart, and what came from us."""


def poisoned(body: Json) -> Json:
    """The same, with the canary in every text that somebody may have typed."""
    for path in [*leaves(body)]:
        route = path == ("name",) and body["type"] in ("invoke", "event")
        if named(path) not in ADDRESSES | ROUTES and not route:
            body = put(body, path, f"can I post {CANARY}")
    more = dict.fromkeys(("unknown", "summary", "speak", "topicName", "label", "code"), CANARY)
    return {**body, **more, "suggestedActions": {"actions": [{"value": CANARY}]}}


FORGED: dict[str, tuple[str, ...]] = {
    "verb": (CANARY, f"open:{CANARY}", f"private:{CANARY}"),
    "do": (CANARY, f"open:{CANARY}", f"start:{CANARY}"),
    "c": (CANARY, "1" + CANARY * 20),
    "pick:en:channel": (CANARY, f"media_query,{CANARY}"),
    "id": (CANARY, f"29:{CANARY}", f"{CANARY}/../..", f"{CANARY}?{CANARY}"),
    "serviceUrl": (CANARY, f"https://{CANARY}.example/", f"http://{CANARY}@127.0.0.1/"),
}


def one_by_one(kinds: dict[str, Json]) -> Iterator[Json]:
    """All of them, each time with the canary in another place that tells requests apart."""
    done = set()
    for body in kinds.values():
        for path in leaves(body):
            place = (body["type"], body.get("name"), path)
            if place not in done and named(path) in ADDRESSES | ROUTES | {"name"}:
                done.add(place)
                for value in FORGED.get(named(path), (CANARY,)):
                    yield put(body, path, value)


def headers(fake: FakeTeams) -> dict[str, str]:
    return fake.headers() | {
        "User-Agent": CANARY, "Cookie": f"a={CANARY}", "X-Forwarded-For": CANARY,
        "Referer": CANARY, CANARY: CANARY, "Accept-Language": CANARY, "X-MS-Trace": CANARY,
    }  # fmt: skip


def in_files(folder: Path) -> list[str]:
    """The names of files that hold the canary."""
    found = [path for path in folder.rglob("*") if path.is_file()]
    return [path.name for path in found if CANARY.encode() in path.read_bytes()]


def assert_nothing_is_found(cairn: Running, told: str) -> None:
    assert CANARY not in told
    assert "Traceback" not in told
    assert in_files(cairn.folder) == []


async def test_nothing_of_what_somebody_sends_is_found_again_anywhere(
    cairn: Running, fake: FakeTeams
):
    kinds = await inbound(cairn, "bob")
    with logged() as told:
        for name, body in kinds.items():
            expected = 501 if name in UNKNOWN else 200
            outcome = await fake.send(poisoned(body), headers(fake))
            assert outcome.status == expected, name
            assert CANARY not in outcome.body, name
        await cairn.drain()
        assert CANARY not in called(fake)
        assert {"send", "update", "member"} <= {call.kind for call in fake.calls}
        for sent in one_by_one(kinds):
            outcome = await fake.send(sent, headers(fake))
            assert outcome.status in (200, 400, 403, 501), sent
            assert CANARY not in outcome.body, sent
        await cairn.drain()
    assert_nothing_is_found(cairn, told.getvalue())
    assert CANARY not in said(fake)
    fake.violations.clear()


BREAKS: dict[str, faults.Fault] = {
    "500": faults.status(500),
    "HTML": faults.html(),
    "truncated": faults.truncated(),
    "reset": faults.reset(),
    "403": faults.status(403),
    "413": faults.status(413),
    "a rate": faults.limited("soon"),
}


async def test_nothing_is_found_again_when_teams_fails(cairn: Running, fake: FakeTeams):
    kinds = await inbound(cairn, "bob")
    with logged() as told:
        for fault in BREAKS.values():
            fake.faults.heal()
            fake.faults.add("*", fault, times=None)
            for name, body in kinds.items():
                again = poisoned(body) | {"id": fake.new_id()}
                outcome = await fake.send(again, headers(fake))
                assert outcome.status in (200, 501), name
                assert CANARY not in outcome.body
            await cairn.drain()
    assert len(fake.calls) > 100
    assert CANARY not in called(fake)
    assert_nothing_is_found(cairn, told.getvalue())


def break_store(cairn: Running) -> None:
    with closing(sqlite3.connect(cairn.folder / "cairn.db")) as database:
        database.execute("DROP TABLE seen")
        database.commit()


async def test_nothing_is_found_again_when_the_store_fails(cairn: Running, fake: FakeTeams):
    kinds = await inbound(cairn, "bob")
    break_store(cairn)
    with logged() as told:
        for name, body in kinds.items():
            outcome = await fake.send(poisoned(body), headers(fake))
            assert outcome.status in (200, 501), name
        await cairn.drain()
    assert "the store does not answer" in told.getvalue()
    assert {"send", "update"} <= {call.kind for call in fake.calls}
    assert_nothing_is_found(cairn, told.getvalue())


class Broken(Conversation):
    """A conversation that fails, with the words that were typed in its error."""

    def respond(self, move: Move) -> Reply:
        if isinstance(move.act, Say):
            raise ZeroDivisionError(move.act.text)
        raise KeyError(CANARY)


async def test_nothing_is_found_again_when_we_fail(fake: FakeTeams):
    async with running(fake) as builder:
        kinds = await inbound(builder, "bob")
    broken = Broken(guidance_of().guidance, None, utc_now)
    with logged() as told:
        async with running(fake, conversation=broken) as cairn:
            for body in kinds.values():
                outcome = await fake.send(poisoned(body), headers(fake))
                assert CANARY not in outcome.body
                assert outcome.status in (200, 500, 501)
            await cairn.drain()
            assert_nothing_is_found(cairn, told.getvalue())
    assert "KeyError in respond" in told.getvalue()
    assert "ZeroDivisionError in respond" in told.getvalue()
    assert CANARY not in told.getvalue()


# ---- T3, as a process of its own


@asynccontextmanager
async def served(fake: FakeTeams, folder: Path, login: Login) -> AsyncIterator[Command]:
    """The real command in a process of its own, which tells all that it can."""
    async with command(folder, settings_for(fake, folder, login), start=AT_DEBUG) as cairn:
        fake.app_url = f"{cairn.url}{PATH[1:]}"
        yield cairn


@pytest.mark.long
async def test_the_running_command_leaves_no_trace_of_what_was_sent(tmp_path: Path):
    """A full pass: everything that Teams sends, with a token and without, and with faults."""
    async with Login() as login, FakeTeams(login=login, rates=False) as fake:
        async with running(fake, login=login) as builder:
            kinds = await inbound(builder, "bob")
        async with served(fake, tmp_path, login) as cairn:
            for fault in (faults.truncated(), faults.status(400), faults.status(413)):
                fake.faults.add("send", fault)
            fake.faults.add("update", faults.status(400), times=2)
            for name, body in kinds.items():
                outcome = await fake.send(poisoned(body), headers(fake))
                assert outcome.status == (501 if name in UNKNOWN else 200), name
                forged = headers(fake) | {"Authorization": f"Bearer {CANARY}"}
                assert (await fake.send(poisoned(body), forged)).status == 401
            await fake.until(lambda: fake.faults.left == 0)
            assert in_files(cairn.folder) == []
            assert await cairn.stop() == 0
            assert in_files(cairn.folder) == []
            assert {path.name for path in cairn.folder.iterdir()} == {
                "cairn.db",
                "stderr",
                "stdout",
            }
            assert '"level": "debug"' in cairn.told
            assert "Traceback" not in cairn.told
        assert {"send", "update", "member"} <= {call.kind for call in fake.calls}
        assert CANARY not in called(fake)


# ---- T7: addresses that are not of the service

HOSTS = "smba.trafficmanager.net,*.botframework.com"
TRICKS = (
    "https://evil.example/", "http://evil.example/", "https://evil.example/smba.trafficmanager.net/",
    "https://evil.example/?https://smba.trafficmanager.net/", "http://smba.trafficmanager.net/",
    "https://evil.example#smba.trafficmanager.net", "https://smba.trafficmanager.net.evil.example/",
    "https://evil-smba.trafficmanager.net/", "https://x.smba.trafficmanager.net/",
    "https://trafficmanager.net/", "https://evil.trafficmanager.net/", "https://botframework.com/",
    "https://evilbotframework.com/", "https://x.botframework.com.evil.example/",
    "https://*.botframework.com/", "https://.botframework.com/", "https://a..botframework.com/",
    "https://smba.trafficmanager.net@evil.example/", "https://u@smba.trafficmanager.net/",
    "https://u:p@smba.trafficmanager.net/", "https://smba.trafficmanager.net:443@evil.example/",
    "https://smba.trafficmanager.net%40evil.example/", "https://smba.trafficmanager.net%2eevil.example/",
    "https://smba.trafficmanager.net\\@evil.example/", "https://smba.trafficmanager.net\\.evil.example/",
    "https:\\\\smba.trafficmanager.net/", "https:smba.trafficmanager.net/", "https:///evil.example/",
    "//smba.trafficmanager.net/", "smba.trafficmanager.net", "https://smba.trafficmanager.net./",
    "https://smba.trafficmanager.net:8443/", "https://smba.trafficmanager.net:80/",
    "https://smba.trafficmanager.net:0443/", "https://smba.trafficmanager.net:/",
    "https://smba.trafficmanager.net:99999/", "https://xn--smba-x.botframework.com/",
    "https://ѕmba.trafficmanager.net/", "https://smba。trafficmanager。net/", "https://ｓmba.trafficmanager.net/",
    "https://SMBA.trafficmanager.net/", "https://127.0.0.1/", "https://0/", "https://2130706433/",
    "https://0x7f000001/", "https://[::1]/", "https://[::ffff:127.0.0.1]/", "https://[smba.trafficmanager.net]/",
    "https://169.254.169.254/latest/meta-data/", "http://169.254.169.254/", "https://localhost/",
    "http://localhost/", "http://[::1]/", "http://0.0.0.0/", "http://127.1/", "http://127.0.0.1/",
    "https://smba.trafficmanager.net/../../evil/", "https://smba.trafficmanager.net/./",
    "https://smba.trafficmanager.net/a//b", "https://smba.trafficmanager.net/?x=1",
    "https://smba.trafficmanager.net/#x", "https://smba.trafficmanager.net/%2e%2e/",
    "https://smba.trafficmanager.net\n.evil.example/", "https://smba.trafficmanager.net\t/",
    "https://smba.trafficmanager.net/\r\nHost: evil.example", " https://smba.trafficmanager.net/",
    "https://smba.trafficmanager.net\x00.evil.example/", "https://smba.trafficmanager.net /",
    "ftp://smba.trafficmanager.net/", "file:///etc/passwd", "javascript:alert(1)", "data:,x",
    "ws://smba.trafficmanager.net/", "HTTPS://smba.trafficmanager.net/", "https://", "x",
    "https://smba.trafficmanager.net/" + "a" * 600, "https://" + "a." * 130 + "botframework.com/",
)  # fmt: skip


async def test_to_an_address_that_is_not_of_the_service_nothing_is_ever_sent(
    monkeypatch: pytest.MonkeyPatch,
):
    """Even where the Bot Framework itself has signed that address, which it never would."""
    assert len(TRICKS) >= 40
    async with Login() as login, FakeTeams(login=login, rates=False) as fake:
        own = fake.service_url.split("/")[2]
        async with running(fake, login=login, teams_service_hosts=f"{HOSTS},{own}") as cairn:
            kinds = await inbound(cairn, "bob")
            asked: list[str] = []

            async def connect(request: Any, **_: object) -> Any:
                asked.append(str(request.url))
                raise ClientConnectionError

            session = cairn.channel.outbound._transport._connector._session  # type: ignore[attr-defined]
            monkeypatch.setattr(session.connector, "connect", connect)
            hurry(cairn)
            with logged() as told:
                for number, trick in enumerate([*TRICKS, own, f"http://{own}@evil.example/"]):
                    # Each of them by some kinds of activities, and the first ones by all.
                    some = [*kinds.values()][
                        slice(None) if number < 3 else slice(number % 10, None, 10)
                    ]
                    signed = fake.headers(serviceurl=trick)
                    for body in some:
                        outcome = await fake.send(body | {"serviceUrl": trick}, signed)
                        assert (outcome.status, outcome.body) == (403, ""), trick
                await cairn.drain()
                assert asked == []
                # So the recorder does see connections.
                for body in kinds.values():
                    assert (await fake.deliver(body, expect=False)).status in (200, 501)
                await cairn.drain()
                assert asked
                assert {address.split("/")[2] for address in asked} == {own}
        assert_no_traceback(told.getvalue())


def assert_no_traceback(told: str) -> None:
    assert "Traceback" not in told


# ---- T9: who somebody is


def with_another_user(body: Json, other: Person) -> Json:
    """The same, which names another person wherever it does not say who sent it."""
    user = {**other.user.account, "tenantId": other.user.tenant, "userPrincipalName": other.id}
    named_ = {"user": user, "from": user, "userId": other.id, "tenantId": OTHER_TENANT,
              "aadObjectId": other.user.aad, "members": [user], "recipient": user}  # fmt: skip
    made = json.loads(json.dumps(body))
    made |= {"user": user, "relatesTo": {"user": user, "conversation": {"id": other.chat.id}}}
    made["entities"] = [
        {"type": "mention", "mentioned": user, "text": "<at>x</at>"},
        {"locale": "en-CA"},
    ]
    made["channelData"] |= {"user": user, "onBehalfOf": [user], "from": user}
    value = made.get("value")
    if isinstance(value, dict):
        inner = [value, value.get("action"), value.get("data"), value.get("context")]
        inner += [part.get("data") for part in inner if isinstance(part, dict)]
        for part in inner:
            if isinstance(part, dict):
                part.update(named_)
    return made  # type: ignore[no-any-return]


async def test_only_the_envelope_says_who_somebody_is(
    cairn: Running, fake: FakeTeams, alice: Person
):
    kinds = await inbound(cairn, "bob")
    (bob,) = (person for person in fake.people if person.user.name == "bob")
    for name, body in kinds.items():
        outcome = await fake.send(with_another_user(body, alice), fake.headers())
        await cairn.drain()
        assert outcome.status == (501 if name in UNKNOWN else 200), name
        if outcome.body:
            assert shown_by(outcome) == shown_by(await fake.deliver(body)), name
        for word in (alice.id, alice.user.aad, alice.chat.id, OTHER_TENANT):
            assert word not in called(fake) + outcome.body, name
    assert heard(fake) == {bob.id}
    assert fake.failures == []


def capsule_of(shown: Shown) -> str:
    found = {a["data"]["c"] for a in screen.actions(shown.content or {}) if "c" in a["data"]}
    assert len(found) == 1
    return str(found.pop())


async def at_question(cairn: Running, person: Person) -> Shown:
    """A person at the second question of a walk, in their chat."""
    tongue = person.user.locale[:2]
    await person.message("menu")
    await cairn.drain()
    await person.pick(person.card, f"goto:{tongue}:home", "post_reported")
    await person.press(person.card, "goto")
    await person.pick(person.card, f"pick:{tongue}:channel", "media_query")
    await person.press(person.card, "choose")
    await cairn.drain()
    return person.card


def pressed(person: Person, capsule: object, at: Chat | None = None, do: str = "look") -> Json:
    value = {"action": {"type": "Action.Execute", "verb": do, "data": {"c": capsule}}}
    made = person._made(at or person.chat)
    return payloads.invoke(made, "adaptiveCard/action", value) | {"replyToId": "1760000000000"}


def in_dialog(person: Person, name: str, capsule: object, do: str = "look") -> Json:
    value = payloads.task_value({"do": do, "c": capsule})
    return payloads.invoke(person._made(person.chat), name, value)


def shown_by(outcome: Outcome) -> str:
    """What a person reads in the answer to a press."""
    told = outcome.json or {}
    card = told["value"] if "value" in told else told["task"]["value"]["card"]["content"]
    return screen.text(card)


def seal_at(hours: float = 0.0, key: bytes = SEAL_KEY) -> Seal:
    """A seal of the same guidance, whose clock is some hours away from the present."""
    return Seal((key,), guidance_of().guidance, lambda: utc_now() + timedelta(hours=hours))


SPOT = Spot("post_reported?channel=media_query", "en")


def asked_at(lang: Lang) -> str:
    """The question that is read where that spot is."""
    question = guidance_of().respond(Move(SPOT.place, lang, Look())).screen.question
    assert question is not None
    return question.ask[lang]


HERS = asked_at("en")


def bearer(person: Person, surface: Surface) -> Bearer:
    return Bearer("teams", person.user.tenant, person.user.aad, surface)


def foreign(person: Person, other: Person, surface: Surface) -> dict[str, object]:
    """Capsules that are good, and not for this person, here and now; and what is none."""
    mine = bearer(person, surface)
    good = seal_at().lock(SPOT, mine)
    found: dict[str, object] = {
        "another person's": seal_at().lock(SPOT, bearer(other, surface)),
        "another tenant's": seal_at().lock(SPOT, replace(mine, tenant=OTHER_TENANT)),
        "another platform's": seal_at().lock(SPOT, replace(mine, platform="slack")),
        "by the other id": seal_at().lock(SPOT, replace(mine, user=person.id)),
        "under another key": seal_at(key=bytes(32)).lock(SPOT, mine),
        "from tomorrow": seal_at(24).lock(SPOT, mine),
        "none": "", "no text": None, "a number": 7, "a list": [good], "an object": {"c": good},
        "too long": "1" + "A" * 5_000, "another form": "2" + good[1:], "no base64": "1é" * 30,
        "half a character": "1\ud800" * 30, "cut": good[:-3], "a ticket": SPOT.place,
        "twice": good + good, "with a space": good + " ",
    }  # fmt: skip
    found |= {
        f"of a {one}": seal_at().lock(SPOT, bearer(person, one))
        for one in Surface
        if one is not surface
    }
    return found


@pytest.mark.parametrize("tongue", LANGS)
async def test_a_capsule_of_somebody_or_somewhere_else_starts_again_kindly(
    tongue: Lang, cairn: Running, fake: FakeTeams, alice: Person, luc: Person
):
    person, other = (alice, luc) if tongue == "en" else (luc, alice)
    good = seal_at().lock(SPOT, bearer(person, Surface.MESSAGE))
    ways: list[tuple[Surface, Callable[[object], Json]]] = [
        (Surface.MESSAGE, lambda capsule: pressed(person, capsule)),
        (Surface.MODAL, lambda capsule: in_dialog(person, "task/submit", capsule)),
        (Surface.MODAL, lambda c: in_dialog(person, "composeExtension/submitAction", c)),
        (Surface.MESSAGE, lambda c: in_dialog(person, "task/fetch", c, "private:whole")),
    ]
    with logged() as told:
        for surface, make in ways:
            old = seal_at(-24.05).lock(SPOT, bearer(person, surface))
            for name, capsule in [*foreign(person, other, surface).items(), ("old", old)]:
                outcome = await fake.deliver(make(capsule))
                text = shown_by(outcome)
                assert (
                    phrase("trouble_expired" if name == "old" else "trouble_not_opened", tongue)
                    in text
                )
                assert asked_at(tongue) not in text, name
                assert phrase("home_title", tongue) in text, name
        assert HERS in shown_by(await fake.deliver(pressed(person, good)))
        await cairn.drain()
    assert '"level": "error"' not in told.getvalue()
    assert fake.failures == []


async def test_the_card_of_another_person_says_nothing_of_where_they_are(
    cairn: Running, fake: FakeTeams, alice: Person, bob: Person
):
    """Where bob could press it at all: forwarded, or with the data of hers in his own request."""
    hers = await at_question(cairn, alice)
    assert HERS in screen.text(hers)
    assert hers.content is not None
    assert hers.message is not None
    group = fake.group("g", alice, bob)
    for action in screen.actions(hers.content):
        for at in (bob.chat, group):
            value = payloads.execute_value(action, action["data"])
            press = payloads.invoke(bob._made(at), "adaptiveCard/action", value, hers.message)
            fetch = payloads.invoke(
                bob._made(at), "task/fetch", payloads.task_value(action["data"]), hers.message
            )
            for sent in (press, fetch):
                outcome = await fake.deliver(sent)
                assert HERS not in shown_by(outcome)
                assert "brought to my attention" not in shown_by(outcome).split("\n")[0]
        old = payloads.submit(bob._made(bob.chat), action["data"], hers.message)
        assert (await fake.deliver(old)).status == 200
        await cairn.drain()
    assert all(HERS not in screen.text(card) for card in bob.cards)
    # And hers is as it was: Teams would not change it for him, and she goes on from there.
    assert HERS in screen.text(alice.card)
    await alice.message("1")
    await cairn.drain()
    assert HERS not in screen.text(alice.card)


async def test_in_a_group_a_press_shows_nothing_but_the_way_to_the_own_chat(
    cairn: Running, fake: FakeTeams, alice: Person, bob: Person
):
    hers = await at_question(cairn, alice)
    group, capsule = fake.group("g", alice, bob), capsule_of(hers)
    for do in ("look", "back", "why", "open:crisis", "copy", "send", "language:whole"):
        outcome = await fake.deliver(pressed(alice, capsule, group, do))
        assert phrase("mention_shared") in shown_by(outcome)
        assert HERS not in shown_by(outcome)
        value = {"do": do, "c": capsule}
        made = alice._made(group)
        submitted = made.from_client("message", value=value, replyToId="1")
        assert (await fake.deliver(submitted)).status == 200
    await cairn.drain()
    assert group.messages == []


# ---- T10: who is served


FROM_ELSEWHERE = "Cairn serves the people of the organization that runs it"


async def test_a_guest_gets_the_guidance_as_everybody_does(cairn: Running, fake: FakeTeams):
    guest = fake.person("gus", guest=True)
    team = fake.channel("team", guest)
    await guest.install()
    await guest.message("can I post this?")
    await guest.mention(team, "help")
    await cairn.drain()
    assert len(guest.cards) == 2
    assert phrase("mention_shared") in screen.text(team.messages[-1].seen_by(guest.user))
    await guest.press(team.messages[-1], phrase("open_private"))
    assert phrase("home_title") in screen.text(guest.dialog or {})
    assert fake.failures == []
    assert heard(fake) == {guest.id}


async def test_somebody_of_another_tenant_is_refused_whatever_they_do(
    cairn: Running, fake: FakeTeams, alice: Person
):
    """In a shared channel their tenant is not that of the channel, and both are looked at."""
    stranger = fake.person("sam", tenant=OTHER_TENANT)
    shared = fake.channel("shared", alice, stranger)
    await alice.mention(shared, "help")
    await cairn.drain()
    before = len(fake.calls)
    card = shared.messages[-1]
    outcomes = [
        await stranger.mention(shared, "help"),
        await stranger.message("can I post this?"),
        await stranger.press(card, phrase("open_private")),
        await stranger.extension("check", at=shared),
        *await stranger.install(),
        *await stranger.install(shared),
    ]
    assert {outcome.status for outcome in outcomes if outcome} == {403}
    assert {outcome.body for outcome in outcomes if outcome} == {""}
    await cairn.drain()
    assert len(fake.calls) == before
    assert stranger.cards == []
    assert stranger.dialog is None
    assert len(fake.failures) == len(outcomes)


def from_here(activity: Json, tenant: str) -> Json:
    """The same as if Teams named only the tenant of the channel, as it may in a shared one."""
    return put(activity, ("channelData", "tenant", "id"), tenant)


@pytest.mark.parametrize("letters", [str, str.upper])
async def test_whom_the_roster_knows_to_be_from_elsewhere_is_told_where_the_public_guidance_is(
    letters: Callable[[str], str], cairn: Running, fake: FakeTeams, alice: Person
):
    stranger = fake.person("sam", tenant=letters(OTHER_TENANT))
    alice.user.tenant = letters(alice.user.tenant)
    shared = fake.channel("shared", alice, stranger)
    for person in (stranger, alice):
        made = payloads.mention(person._made(shared), "can I post this?")
        await fake.deliver(from_here(made, fake.tenant))
        await cairn.drain()
    theirs, hers = (screen.text(message) for message in shared.messages)
    assert FROM_ELSEWHERE in theirs
    assert len(screen.links(shared.messages[0])) == 2
    assert phrase("mention_shared") in hers
    assert FROM_ELSEWHERE not in hers


async def test_while_the_roster_cannot_be_read_nobody_waits_and_nothing_private_is_said(
    cairn: Running, fake: FakeTeams, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("bot.channels.teams.mentions._ROSTER", 0.05)
    stranger = fake.person("sam", tenant=OTHER_TENANT)
    shared = fake.channel("shared", stranger)
    fake.faults.add("member", faults.stall(), times=None)
    made = payloads.mention(stranger._made(shared), "can I post this?")
    await fake.deliver(from_here(made, fake.tenant))
    await cairn.drain(5)
    assert phrase("mention_shared") in screen.text(shared.messages[-1])


async def test_no_machine_is_answered(cairn: Running, fake: FakeTeams, alice: Person):
    group = fake.group("g", alice)
    for account in (fake.bot, {"id": "28:another-bot", "name": "another", "aadObjectId": "x"}):
        for activity in (payloads.mention(alice._made(group), "help"),
                         payloads.message(alice._made(alice.chat), "help"),
                         payloads.installation(alice._made(alice.chat), "add"),
                         pressed(alice, "x")):  # fmt: skip
            outcome = await fake.send(activity | {"from": account}, fake.headers())
            assert outcome.status == (400 if activity["type"] == "invoke" else 200)
    await cairn.drain()
    assert fake.calls == []


# ---- T12: what somebody types is never said again


@pytest.fixture
def unjudged(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the fake not hold each of very many cards against the schema; other tests do."""
    monkeypatch.setattr("tests.teams.server.cards.activity", lambda _: cards.Finding())


def typed_in_every_way(person: Person, group: Chat, text: str, card: str, modal: str) -> list[Json]:
    """A text as everything that somebody can write, or that comes along with it."""
    made, chat = person._made, person.chat
    data = {"say": text, "goto:en:home": text, "pick:en:channel": text, "lang": text,
            "change:en": text, text: text}  # fmt: skip
    execute = payloads.execute_value({"verb": "goto", "type": text}, {**data, "c": card})
    first = payloads.task_value({**data, "do": "first", "c": modal})
    written = payloads.message_payload(made(chat), text) | {"subject": text, "summary": text}
    on_message = payloads.extension_value(text, "message", text, written)
    shared = made(chat).activity("message", text="")
    shared["attachments"] = [{"contentType": text, "name": text, "content": text}]
    return [
        payloads.message(made(chat), text),
        payloads.edited(made(chat), text),
        payloads.mention(made(group), text),
        payloads.invoke(made(chat), "adaptiveCard/action", execute),
        payloads.invoke(made(chat), "task/submit", first),
        payloads.invoke(made(chat), "composeExtension/fetchTask", on_message),
        made(chat).from_client("message", value={**data, "do": text, "c": card}, replyToId="17"),
        shared,
    ]


async def test_nothing_that_somebody_types_is_ever_said_again(
    cairn: Running, fake: FakeTeams, unjudged: None
):
    """Each of the tricks in every way, and each of the texts that it stands in by two of them."""
    assert len(CORPUS) >= 300
    kinds = await inbound(cairn, "typist")
    (typist,) = fake.people
    group = fake.group("g", typist)
    card = kinds["press open:home"]["value"]["action"]["data"]["c"]
    modal = kinds["dialog typed"]["value"]["data"]["c"]
    tricks = len(CORPUS) // 6
    outcomes = []
    for number, (_, text) in enumerate(CORPUS):
        ways = typed_in_every_way(typist, group, text, card, modal)
        first = (number % tricks + 2 * (number // tricks)) % len(ways)
        for activity in (ways * 2)[first : first + 2]:
            activity["from"] |= {"name": text}
            outcomes.append(await fake.deliver(activity))
        await cairn.drain()
    assert fake.failures == []
    bodies = [outcome.body for outcome in outcomes]
    out = called(fake) + "".join(bodies) + json.dumps(bodies)
    assert re.findall(r"zq\d{3}xj", out) == []
    assert "evil" not in out
    assert len([call for call in fake.calls if call.kind in ("send", "update")]) > len(CORPUS)
    assert heard(fake) == {typist.id}


# ---- T14: long texts

PIECES = {
    "letters": "a", "spaces": " ", "digits": "1 ", "mentions": "<at>", "begun mentions": "<at ",
    "ended mentions": "</at>", "names": "<at>a</at>", "signs": "&", "numbers": "&#", "digit": "9",
    "entities": "&amp;", "half entities": "&am", "whole numbers": "&#39;", "tags": "<",
    "accents": "\u0301\u0327", "letters that grow": "ﷺ", "danger": "kill my kill ",
}  # fmt: skip


@pytest.mark.parametrize("kind", PIECES)
def test_a_million_letters_are_read_without_a_halt(kind: str):
    """Work that grew with the square of the length would not end here for hours."""
    menu = Menu(guidance_of().guidance)
    for before in ("", "&#", "<at "):
        text = before + of_bytes(PIECES[kind], 1_000_000)
        with no_halt(f"{before} and {kind}"):
            typed_of({"text": text})
            press_of({"do": text, "say": text, text: text, "pick:en:x": text}, text)
            assert menu.place(text, "en") is None


async def test_a_message_of_forty_thousand_letters_is_answered(cairn: Running, fake: FakeTeams):
    for number, piece in enumerate(
        ("can I post this? ", "a", "Puis-je écrire ça? ", "1 ", "&#65", "9")
    ):
        text = ("&#" if piece == "9" else "") + (piece * 40_000)[:40_000]
        person = fake.person(f"p{number}")
        await person.message(text)
        await cairn.drain()
        assert phrase("trouble_too_long") in screen.text(person.card), piece
        outcome = await fake.deliver(put(pressed(person, capsule_of(person.card), do="goto"),
                                         ("value", "action", "data", "say"), text))  # fmt: skip
        assert phrase("trouble_too_long") in shown_by(outcome)
    assert fake.failures == []


async def test_a_number_of_thousands_of_digits_is_a_text_like_any_other(
    cairn: Running, fake: FakeTeams, alice: Person, luc: Person
):
    """Python does not make a number of more than 4,300 digits, and raises."""
    for digits in (4_299, 4_301, 100_000):
        for before in ("&#", "&#0", "&#x"):
            assert (await alice.message(before + "9" * digits)).status == 200
            await cairn.drain()
            known = "not_understood" if digits < 4_300 or before == "&#x" else "too_long"
            assert phrase(f"trouble_{known}") in screen.text(alice.card)
    group = fake.group("g", luc)
    for text in (f"{DANGER['fr']} &#{'9' * 5_000}", f"&#{'9' * 5_000}; {DANGER['fr']}"):
        assert (await luc.mention(group, text)).status == 200
        assert (await luc.message(text)).status == 200
        await cairn.drain()
        assert [CRISIS.fr in screen.text(card) for card in luc.cards[-2:]] == [True, True]
    assert fake.failures == []


# ---- T30: somebody is in danger


async def in_danger(person: Person, tongue: Lang, at: Chat, card: Shown) -> dict[str, Json]:
    """Everything in which somebody can type that they are in danger."""
    made, text = person._made, DANGER[tongue]
    data = {"say": text, "c": capsule_of(card)}
    assert card.message is not None
    await person.press(card, "private:whole")
    assert person.dialog is not None
    modal = {"do": "goto", "say": text, "c": capsule_of(person.dialog)}
    person.close()
    execute = payloads.execute_value({"verb": "goto", "type": "Action.Execute"}, data)
    return {
        "card": payloads.invoke(made(card.chat), "adaptiveCard/action", execute, card.message),
        "dialog": payloads.invoke(made(at), "task/submit", payloads.task_value(modal)),
        "extension": payloads.invoke(
            made(at), "composeExtension/submitAction",
            {**payloads.extension_value("check", "compose", "r", None), "data": modal},
        ),
        "chat": payloads.message(made(card.chat), text),
        "chat, at length": payloads.message(made(card.chat), "x " * 20_000 + text),
        "changed": payloads.edited(made(card.chat), text),
        "submitted": payloads.submit(made(card.chat), {**data, "do": "goto"}, card.message),
        "mention": payloads.mention(made(at), text),
    }  # fmt: skip


@pytest.mark.parametrize("tongue", LANGS)
@pytest.mark.parametrize("broken", ["nothing", "the store", "the store, without an end"])
async def test_who_is_in_danger_is_told_at_once_who_helps_wherever_they_type_it(
    broken: str, tongue: Lang, cairn: Running, fake: FakeTeams, alice: Person, luc: Person,
    monkeypatch: pytest.MonkeyPatch,
):  # fmt: skip
    person = alice if tongue == "en" else luc
    await person.message("menu")
    await cairn.drain()
    kinds = await in_danger(person, tongue, fake.group("g", person), person.card)
    if broken == "the store":
        break_store(cairn)
    elif broken != "nothing":
        monkeypatch.setattr("bot.channels.seen._PATIENCE", 0.05)
        monkeypatch.setattr(cairn.channel._events, "_seen", Endless())
    for name, activity in kinds.items():
        before = [*person.cards]
        outcome = await fake.deliver(activity)
        assert outcome.status == 200, name
        if activity["type"] == "invoke":
            assert CRISIS[tongue] in shown_by(outcome), name
            continue
        await cairn.drain(5)
        new = [card for card in person.cards if card not in before] or [person.cards[0]]
        assert CRISIS[tongue] in screen.text(new[-1]), name
    assert fake.failures == []


class Endless:
    """A store that never answers."""

    async def first_time(self, *_: str) -> bool:
        await asyncio.Event().wait()
        return True


@pytest.mark.parametrize("name", ["card", "dialog", "extension"])
async def test_who_waits_for_an_answer_is_helped_without_any_call(
    name: str, cairn: Running, fake: FakeTeams, alice: Person
):
    await alice.message("menu")
    await cairn.drain()
    kinds = await in_danger(alice, "en", fake.group("g", alice), alice.card)
    break_store(cairn)
    fake.faults.add("*", faults.stall(), times=None)
    outcome = await fake.deliver(kinds[name])
    assert CRISIS.en in shown_by(outcome)
    fake.faults.heal()


@pytest.mark.parametrize("name", ["chat", "changed", "submitted", "mention"])
async def test_who_writes_is_helped_as_soon_as_teams_takes_anything(
    name: str, cairn: Running, fake: FakeTeams, alice: Person
):
    """Also while all that they asked before is waited for in vain."""
    await alice.message("menu")
    await cairn.drain()
    group = fake.group("g", alice)
    kinds = await in_danger(alice, "en", group, alice.card)
    held = asyncio.Event()

    async def until_later(_: float) -> None:
        await held.wait()

    outbound, clock = cairn.channel.outbound, hurry(cairn)
    outbound._sleep = until_later
    fake.faults.add("update", faults.status(503), times=1)
    fake.faults.add("member", faults.status(503), times=1)
    await alice.message("help")
    await alice.mention(group, "help")
    await fake.until(lambda: fake.faults.left == 0)
    outbound._sleep = clock.sleep
    fake.faults.add("*", faults.status(503), times=4)
    before = [*alice.cards]
    await fake.deliver(kinds[name])
    await fake.until(lambda: any(CRISIS.en in screen.text(card) for card in alice.cards), 5)
    new = [card for card in alice.cards if card not in before]
    assert name == "submitted" or len(new) == 1
    held.set()
    await cairn.drain()


async def test_danger_in_a_channel_is_answered_there_only_where_there_is_no_own_chat(
    cairn: Running, fake: FakeTeams, alice: Person, bob: Person
):
    team = fake.channel("team", alice, bob)
    for break_own in (
        alice.block,
        lambda: fake.faults.add("create", faults.status(503), times=None),
    ):
        break_own()
        before = len(team.messages)
        await alice.mention(team, DANGER["en"])
        await cairn.drain()
        _, *answers = team.messages[before:]
        assert [CRISIS.en in screen.text(message) for message in answers] == [True]
        assert alice.cards == []
        alice.chat.blocked = False
    fake.faults.heal()
    await alice.mention(team, DANGER["en"])
    await cairn.drain()
    assert CRISIS.en in screen.text(alice.card)
    assert CRISIS.en not in screen.text(team.messages[-1])


async def test_a_call_that_never_ends_does_not_keep_help_from_who_is_in_danger(
    cairn: Running, fake: FakeTeams, alice: Person, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("bot.channels.teams.mentions._DANGER", 0.05)
    team = fake.channel("team", alice)
    fake.faults.add("create", faults.stall(), times=None)
    await alice.mention(team, DANGER["en"])
    await cairn.drain(5)
    assert CRISIS.en in screen.text(team.messages[-1])


async def test_where_one_person_can_be_spoken_to_help_is_shown_to_them_alone_if_that_works(
    fake: FakeTeams, alice: Person, bob: Person
):
    found = department()
    assert found.organization is not None
    own = replace(found.organization, targeted_messages=True)
    talk = Conversation(found.guidance, own, utc_now)
    async with running(fake, conversation=talk) as cairn:
        hurry(cairn)
        team = fake.channel("team", alice, bob)
        alice.block()
        await alice.mention(team, DANGER["en"])
        await cairn.drain()
        assert CRISIS.en in screen.text(alice.whispers[-1])
        assert [message.sender for message in team.messages] == [alice.id]
        fake.faults.add(
            "send", faults.status(400), times=2
        )  # as where the tenant has no such messages
        await alice.mention(team, DANGER["en"])
        await cairn.drain()
        assert CRISIS.en in screen.text(team.messages[-1])


async def test_a_stranger_in_danger_is_helped_before_they_are_told_that_they_are_not_served(
    cairn: Running, fake: FakeTeams
):
    stranger = fake.person("sam", tenant=OTHER_TENANT)
    stranger.chat.bot = False
    shared = fake.channel("shared", stranger)
    made = payloads.mention(stranger._made(shared), DANGER["en"])
    await fake.deliver(from_here(made, fake.tenant))
    await cairn.drain()
    assert CRISIS.en in screen.text(shared.messages[0])


# ---- sent again


def cards_in(chat: Chat, fake: FakeTeams) -> int:
    return len([m for m in chat.all.values() if m.sender == fake.bot["id"]])


async def test_what_comes_again_under_its_id_is_answered_once(
    cairn: Running, fake: FakeTeams, alice: Person
):
    team = fake.channel("team", alice)
    await alice.message("hello")
    await cairn.drain()
    mine = alice.sees()[0].message
    assert mine is not None
    does: list[Callable[[], Any]] = [
        lambda: alice.message("can I post this?"),
        lambda: alice.message("1"),
        lambda: alice.edit(mine, "may a public servant post this?"),
        lambda: alice.mention(team, "help"),
        alice.install,
        lambda: alice.install(action="add-upgrade"),
    ]
    for do in does:
        before = len(fake.calls)
        first = await do()
        (first, *_) = first if isinstance(first, list) else [first]
        await asyncio.gather(*(fake.redeliver(first) for _ in range(3)))
        await cairn.drain()
        await fake.redeliver(first)
        await cairn.drain()
        answers = [call for call in fake.calls[before:] if call.kind in ("send", "update")]
        assert len(answers) == 1
    assert fake.failures == []


async def test_a_message_that_is_changed_twice_is_read_twice(
    cairn: Running, fake: FakeTeams, alice: Person
):
    await alice.message("helo")
    await cairn.drain()
    mine = alice.sees()[0].message
    assert mine is not None
    for text in ("helo thre", "can I post this?"):
        before = len(fake.calls)
        await alice.edit(mine, text)
        await cairn.drain()
        assert len(fake.calls) == before + 1


async def test_a_press_that_comes_again_shows_the_same_card(
    cairn: Running, fake: FakeTeams, alice: Person
):
    card = await at_question(cairn, alice)
    assert card.message is not None
    kinds = {
        "adaptiveCard/action": pressed(alice, capsule_of(card), do="why"),
        "task/fetch": in_dialog(alice, "task/fetch", capsule_of(card), "private:whole"),
    }
    for activity in kinds.values():
        activity["replyToId"] = card.message.id
        first = await fake.deliver(activity)
        again = [await fake.redeliver(first, new_id=new) for new in (False, True)]
        await cairn.drain()
        assert {shown_by(outcome) for outcome in again} == {shown_by(first)}
    for number in range(3):
        old = alice._made(alice.chat).from_client(
            "message", value={"do": "back", "c": capsule_of(card)}, replyToId=card.message.id
        )
        await fake.redeliver(await fake.deliver(old), new_id=bool(number))
        await cairn.drain()
        assert len(alice.cards) == 1
    assert fake.failures == []


@dataclass
class Line:
    """The way to the program, which breaks off or is slow while a request is on it."""

    cairn: Running
    login: Login
    now: float = 1_000.0

    def __post_init__(self) -> None:
        # The clock by which it is known how late an answer is, and how old a note of that.
        events = self.cairn.channel._events
        self.cairn.channel._clock = events._retries._clock = lambda: self.now
        as_served(self.cairn)

    async def lost(self, activity: Json) -> None:
        """Send it and go away, all while the program stands still."""
        with socket.create_connection(self._place()) as sender:
            sender.sendall(self._written(activity))
        await self._done()

    async def late(self, activity: Json, seconds: float) -> None:
        """Send it, and let time pass before the answer."""
        keys: Any = self.cairn.channel.outbound._transport
        keys = keys._callers._extractor.open_id_metadata._keys
        # It waits for the keys, which are looked for anew.
        keys._fresh_until = keys._closed_until = 0.0
        self.login.hold, asked = asyncio.Event(), self.login.asked["metadata"]
        reader, writer = await asyncio.open_connection(*self._place())
        writer.write(self._written(activity))
        await self.cairn.fake.until(lambda: self.login.asked["metadata"] > asked)
        self.now += seconds
        self.login.hold.set()
        self.login.hold = None
        assert (await reader.readline()).split()[1] == b"200"
        writer.transport.abort()
        await self._done()

    def _place(self) -> tuple[str, int]:
        host, port = self.cairn.fake.app_url.split("/")[2].split(":")
        return host, int(port)

    def _written(self, activity: Json) -> bytes:
        body = json.dumps(activity).encode()
        rows = {"Host": "x", **self.cairn.fake.headers(), "Content-Length": len(body)}
        head = "".join(f"{name}: {value}\r\n" for name, value in rows.items())
        return f"POST {PATH} HTTP/1.1\r\n{head}\r\n".encode() + body

    async def _done(self) -> None:
        for _ in range(50):  # turns of the loop, in which the program hears of it
            await asyncio.sleep(0)
        await self.cairn.drain()


@pytest.fixture
async def line() -> AsyncIterator[Line]:
    async with Login() as login, FakeTeams(login=login, rates=False) as fake:
        async with running(fake, login=login) as cairn:
            with logged() as told:
                yield Line(cairn, login)
            assert '"level": "error"' not in told.getvalue()
            assert_no_traceback(told.getvalue())
        assert fake.failures == fake.violations == []


async def at_first_question(line: Line) -> tuple[Person, list[str]]:
    """A person at the first question of a walk, and what the questions are that follow."""
    alice = line.cairn.fake.person("alice")
    await alice.message(phrase("shortcut_post_reported"))
    await line.cairn.drain()
    answers = TeamsAnswers(guidance_of(), seal_at())
    asked, place = [], "post_reported"
    while (question := answers.at(place, "en").screen.question) is not None:
        asked.append(question.ask.en)
        place = f"{place}{'&' if '?' in place else '?'}{question.id}={question.options[1].id}"
    assert len(asked) > 4
    assert stands_at(alice, asked) == 0
    return alice, asked


def stands_at(person: Person, asked: list[str]) -> int:
    """At which of the questions their card is; those before it stand in its trail."""
    shown = [question in screen.text(person.card) for question in asked]
    assert shown == sorted(shown, reverse=True)
    return sum(shown) - 1


@pytest.mark.parametrize("how", ["lost", "lost and given up", "late"])
@pytest.mark.parametrize("new_id", [False, True])
async def test_what_teams_got_no_answer_to_in_time_is_not_answered_to_the_next_question(
    new_id: bool, how: str, line: Line
):
    fake = line.cairn.fake
    alice, asked = await at_first_question(line)
    first = payloads.message(alice._made(alice.chat), "2")
    as_served(line.cairn, goes_on=how != "lost and given up")
    await (line.late(first, 10.5) if how == "late" else line.lost(first))
    assert stands_at(alice, asked) == 1
    line.now += 59
    await fake.redeliver(Outcome(first), new_id=new_id)
    await line.cairn.drain()
    assert stands_at(alice, asked) == 1
    # What she types herself then is an answer, though it is the same.
    await alice.message("2")
    await line.cairn.drain()
    assert stands_at(alice, asked) == 2
    assert cards_in(alice.chat, fake) == 1


async def test_the_same_words_are_said_anew_where_the_answer_came_in_time_or_a_minute_is_over(
    line: Line,
):
    alice, asked = await at_first_question(line)
    for number in (1, 3):
        typed = payloads.message(alice._made(alice.chat), "2")
        await (line.late(typed, 9.5) if number == 1 else line.lost(typed))
        assert stands_at(alice, asked) == number
        line.now += 0 if number == 1 else 61
        await alice.message("2")
        await line.cairn.drain()
        assert stands_at(alice, asked) == number + 1


async def test_the_same_words_of_another_or_elsewhere_are_no_retry(line: Line):
    fake, cairn = line.cairn.fake, line.cairn
    alice, _ = await at_first_question(line)
    bob = fake.person("bob")
    group = fake.group("g", alice)
    await line.lost(payloads.message(alice._made(alice.chat), "can I post this?"))
    await bob.message("can I post this?")
    await alice.mention(group, "can I post this?")
    await cairn.drain()
    assert len(bob.cards) == 1
    assert cards_in(group, fake) == 1
    assert cards_in(alice.chat, fake) == 2


async def test_a_press_whose_answer_was_lost_leaves_what_is_typed_at_the_card_on_screen(
    line: Line,
):
    alice, asked = await at_first_question(line)
    card = alice.card
    assert card.message is not None
    await alice.pick(card, "pick:en:channel", screen.inputs(card)[0]["choices"][1]["value"])
    (action,) = (a for a in screen.actions(card.content or {}) if a.get("verb") == "choose")
    value = payloads.execute_value(action, {**action["data"], **card.filled})
    made = alice._made(alice.chat)
    await line.lost(payloads.invoke(made, "adaptiveCard/action", value, card.message))
    assert stands_at(alice, asked) == 0
    await alice.message("2")
    await line.cairn.drain()
    assert stands_at(alice, asked) == 1


async def test_a_message_that_broke_off_on_its_way_is_answered_when_it_comes_again(line: Line):
    fake = line.cairn.fake
    alice = fake.person("alice")
    activity = payloads.message(alice._made(alice.chat), "can I post this?")
    whole = line._written(activity)
    for size in (whole.index(b"\r\n\r\n") + 4, len(whole) - 1):
        with socket.create_connection(line._place()) as sender:
            sender.sendall(whole[:size])
        await line._done()
    assert alice.cards == []
    await fake.redeliver(Outcome(activity))
    await line.cairn.drain()
    assert cards_in(alice.chat, fake) == 1


# ---- several at once, and what is kept of them


async def test_two_who_do_the_same_at_once_each_get_their_own(
    cairn: Running, fake: FakeTeams, alice: Person, bob: Person
):
    group = fake.group("g", alice, bob)
    await asyncio.gather(alice.mention(group, "help"), bob.mention(group, "help"),
                         alice.message("menu"), bob.message("menu"))  # fmt: skip
    await cairn.drain()
    assert cards_in(group, fake) == 2
    for message in group.messages[-2:]:
        for person in (alice, bob):
            await person.press(message, phrase("open_private"))
            assert phrase("home_title") in screen.text(person.dialog or {})
            person.close()
    await alice.pick(alice.card, "goto:en:home", "post_reported")
    await bob.pick(bob.card, "goto:en:home", "can_i_post")
    await asyncio.gather(alice.press(alice.card, "goto"), bob.press(bob.card, "goto"))
    await asyncio.gather(*(person.message("1") for person in (alice, bob)))
    await cairn.drain()
    titles = {name: tree.title.en for name, tree in guidance_of().guidance.trees.items()}
    assert titles["post_reported"] in screen.text(alice.card)
    assert titles["can_i_post"] in screen.text(bob.card)
    assert fake.failures == []


def let_pass(cairn: Running, seconds: float) -> None:
    """Let time pass for everything that the channel keeps in memory."""
    channel = cairn.channel
    for memory in (
        channel._events._cards,
        channel._events._retries._expected,
        channel.people._tongues,
    ):
        memory._clock = lambda: time.monotonic() + seconds
    outbound = channel.outbound
    for pace in (outbound._chats, outbound._hours, outbound._tenants):
        pace._clock = lambda: time.monotonic() + seconds


@pytest.mark.parametrize(("seconds", "known"), [(1_790, True), (1_810, False)])
async def test_a_short_answer_is_understood_for_half_an_hour(
    seconds: float, known: bool, cairn: Running, fake: FakeTeams, alice: Person
):
    card = await at_question(cairn, alice)
    let_pass(cairn, seconds)
    await alice.message("1")
    await cairn.drain()
    assert (phrase("trouble_tap_the_card") in screen.text(alice.card)) is not known
    assert (HERS in screen.text(card)) is not known


@pytest.mark.parametrize(("hours", "known"), [(23.9, True), (24.1, False)])
async def test_a_card_can_be_gone_on_with_for_a_day(
    hours: float, known: bool, cairn: Running, fake: FakeTeams, alice: Person
):
    card = await at_question(cairn, alice)
    cairn.channel._answers._seal._clock = lambda: utc_now() + timedelta(hours=hours)
    await alice.press(card, "outline")
    assert (phrase("trouble_expired") in screen.text(card)) is not known
    # What is typed to it then is pointed to the card, and not read as a new question either.
    await alice.message("1")
    await cairn.drain()
    assert (phrase("trouble_tap_the_card") in screen.text(alice.card)) is False


async def test_what_is_kept_of_people_is_let_go_after_half_an_hour(cairn: Running, fake: FakeTeams):
    """Of each of them a few bytes, and a flood in one chat keeps nothing of the others."""
    for number in range(30):
        person = fake.person(f"p{number}", locale="de-DE")
        await person.message("français")
        await person.message("1")
        await person.mention(fake.group(f"g{number}", person), "help")
    await cairn.drain()
    channel = cairn.channel
    paces = (channel.outbound._chats, channel.outbound._hours, channel.outbound._tenants)
    kept = (channel._events._cards, channel.people._tongues, *paces[:2])
    assert all(len(one) >= 30 for one in kept)
    for pace in paces:
        for _ in range(500):
            pace.take("a chat where much too much was said, and then nothing any more")
    let_pass(cairn, 2 * 3_600)
    channel.sweep()
    assert [len(one) for one in (*kept, *paces)] == [0] * 7
    assert len(channel.outbound._lines) == 0
    assert cairn.channel.tasks.count == 0
