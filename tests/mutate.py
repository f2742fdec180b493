"""Is whatever comes in answered kindly or refused, however broken, and never with an error?

    python -m tests.mutate --bodies 100000

``cairn serve`` runs as a process of its own, on all its channels, with offices that take hand-offs.
One of everything that people and platforms send is recorded first, then changed in every way, and
sent over HTTP: rightly signed or with a good token, so that it gets past the door, and a share of
it not. A word that nobody may find again stands in every text.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import random
import re
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from aiohttp import ClientError, ClientSession, ClientTimeout, DummyCookieJar, TCPConnector
from aiohttp.test_utils import TestServer

from bot.app import open_conversation, web_application
from bot.channels.slack.channel import CHANNEL as SLACK
from bot.channels.slack.channel import PATH as SLACK_PATH
from bot.channels.teams.channel import CHANNEL as TEAMS
from bot.channels.teams.channel import PATH as TEAMS_PATH
from bot.desk import cards as on_cards
from bot.desk import consent, own, writing
from bot.desk import officer as at_office
from bot.guidance.words import LANGS
from bot.settings import read_settings
from tests import slack_app, teams_app
from tests import test_slack_threats as of_slack
from tests import test_teams_threats as of_teams
from tests.both_app import CASE_KEYS, MailBox, Running, organization_text
from tests.command import AT_DEBUG, Command, command
from tests.desk_hands import hand_of, somebody
from tests.slack.api import ApiError
from tests.slack.delivery import ABSENT, Delivery
from tests.slack.delivery import Outcome as SlackOutcome
from tests.slack.fake import FakeSlack
from tests.slack.person import Person as OnSlack
from tests.slack.state import Json
from tests.teams import cards
from tests.teams.delivery import Outcome as TeamsOutcome
from tests.teams.fake import FakeTeams
from tests.teams.login import Login
from tests.test_slack_threats import leaves, put

CANARY = "canary-mutated-4e1d"
FEWEST = 5_600
"""Bodies in the tests."""

MORE_MEMORY = 20 * 1024 * 1024
"""Bytes by which the process may grow once it is warm."""

_WARM = 10_000
_PATIENCE = 30.0
"""Seconds that an answer may take where much is asked at once."""

_WORKERS = 16
_PEOPLE = 8
"""Of whom everything is recorded, on each platform."""

_UNSIGNED = 0.15
_LONGEST = 900_000
"""Bytes of a body; more than three times what is taken anywhere."""

_PORTS = {"slack": 37, "teams": 37, "web": 16, "socket": 5, "raw": 4, "health": 1}
"""Out of a hundred bodies."""

# ---- how a body is changed

JUNK: tuple[object, ...] = (
    None, True, False, 0, -1, 1.5, 10**30, 1e308, "", " ", "x", "\x00", "\ud800", "\udfff\ud800",
    "é" * 300, "a" * 5_000, "9" * 400, "null", "{}", "[]", "%00", "<@U1>", "../..", "\u202e", [],
    {}, [[]], [None], [{}], {"": ""}, {"id": None}, {"id": []}, {"id": {"id": {}}}, {"value": 7},
    [1, "a", None, {}], {"type": "plain_text", "text": CANARY}, {"a": {"b": {"c": [{"d": [{}]}]}}},
    "a" * 100_000, "\u202e\u2066\u200b\u2028\ufeff" * 40, "\U0001f468\u200d\U0001f469" * 200,
    CANARY, f"{CANARY}\r\nSet-Cookie: a=b", f"<script>{CANARY}</script>", -(2**63) - 1, 2**64,
    5e-324, "Z" + "\u0300" * 2_000, {CANARY: CANARY}, [CANARY] * 200,
)  # fmt: skip
TYPES = (
    "application/json", "application/x-www-form-urlencoded", "application/json; charset=utf-16",
    "application/x-www-form-urlencoded; charset=latin-1", "text/plain", "multipart/form-data",
    "multipart/form-data; boundary=x", "application/octet-stream", "", ABSENT, "application/xml",
    "APPLICATION/JSON", "application/jsonx", "text/json", "x/" + "y" * 500, f"x/{CANARY}",
)  # fmt: skip
WORDS = (
    "type", "user", "team", "team_id", "user_id", "view", "state", "values", "actions", "event",
    "channel", "container", "action_id", "callback_id", "private_metadata", "event_id", "payload",
    "command", "text", "message", "previous_message", "subtype", "authorizations", "enterprise_id",
    "is_ext_shared_channel", "response_url", "trigger_id", "bot_id", "function_data", "inputs",
    "assistant_thread", "workflow_step", "block_id", "is_enterprise_install", "challenge", "value",
    "data", "verb", "do", "c", "held", "from", "conversation", "recipient", "channelData", "name",
    "action", "serviceUrl", "attachments", "entities", "locale", "replyToId", "membersAdded",
    "commandId", "commandContext", "messagePayload", "__class__", "constructor",
)  # fmt: skip
KINDS_OF_TYPE = (
    "view_submission", "view_closed", "block_actions", "shortcut", "message_action",
    "event_callback", "url_verification", "block_suggestion", "interactive_message",
    "dialog_submission", "dialog_cancellation", "workflow_step_edit", "function_executed",
    "app_rate_limited", "message", "app_mention", "app_home_opened", "message_changed",
)  # fmt: skip
KINDS_OF_ACTIVITY = (
    "message", "messageUpdate", "messageDelete", "messageReaction", "conversationUpdate",
    "installationUpdate", "invoke", "event", "typing", "endOfConversation", "contactRelationUpdate",
    "deleteUserData", "trace", "handoff", "command", "commandResult", "", " invoke", "Invoke",
)  # fmt: skip
NAMES = (
    "adaptiveCard/action", "task/fetch", "task/submit", "composeExtension/fetchTask",
    "composeExtension/submitAction", "composeExtension/query", "composeExtension/queryLink",
    "signin/verifyState", "signin/tokenExchange", "fileConsent/invoke", "config/fetch", "tab/fetch",
    "actionableMessage/executeAction", "message/submitAction", "", "__class__", "a" * 500,
)  # fmt: skip

Change = Callable[[random.Random, Any], Any]


def any_path(chance: random.Random, body: Json) -> tuple[str | int, ...]:
    """The path of some part of it: a text, or something that texts stand in."""
    path = chance.choice([*leaves(body)] or [("type",)])
    return path[: chance.randint(1, len(path))]


def part_of(body: Any, path: tuple[str | int, ...]) -> Any:
    for step in path:
        body = body[step]
    return body


def replaced(chance: random.Random, body: Json) -> Json:
    return put(body, any_path(chance, body), chance.choice(JUNK))


def retyped(chance: random.Random, body: Json) -> Json:
    paths = [path for path in leaves(body) if path[-1] in ("type", "subtype")]
    return put(body, chance.choice(paths or [("type",)]), chance.choice(KINDS_OF_TYPE))


def removed(chance: random.Random, body: Json) -> Json:
    path = any_path(chance, body)
    made = put(body, path, None)
    del part_of(made, path[:-1])[path[-1]]
    return made


def added(chance: random.Random, body: Json) -> Json:
    path = any_path(chance, body)[:-1]
    at = part_of(body, path)
    if not isinstance(at, dict):
        return replaced(chance, body)
    more = {**at, chance.choice(WORDS): chance.choice(JUNK)}
    return put(body, path, more) if path else more


def moved(chance: random.Random, body: Json) -> Json:
    """A part of it in the place of another."""
    return put(body, any_path(chance, body), part_of(body, any_path(chance, body)))


def wrapped(chance: random.Random, body: Json) -> Json:
    path = any_path(chance, body)
    at = part_of(body, path)
    for _ in range(chance.choice((1, 2, 33, 200))):
        at = [at] if chance.random() < 0.5 else {chance.choice(WORDS): at}
    return put(body, path, at)


def multiplied(chance: random.Random, body: Json) -> Json:
    """A list or a text of it many times over."""
    path = any_path(chance, body)
    at, times = part_of(body, path), chance.choice((2, 30, 300))
    many = at[:3_000] * times if isinstance(at, list | str) else [at] * min(times, 30)
    return put(body, path, many)


def of_another_kind(chance: random.Random, body: Json) -> Json:
    """A part of it written as another kind of value that reads alike."""
    path = any_path(chance, body)
    at = part_of(body, path)
    return put(body, path, chance.choice((json.dumps(at), [at], {"value": at}, str(at), bool(at))))


OF_BODIES: tuple[Change, ...] = (replaced, replaced, replaced, retyped, removed, removed, added,
                                 moved, wrapped, multiplied, of_another_kind)  # fmt: skip


def retyped_activity(chance: random.Random, body: Json) -> Json:
    return {**body, "type": chance.choice(KINDS_OF_ACTIVITY)}


def renamed(chance: random.Random, body: Json) -> Json:
    return {**body, "type": "invoke", "name": chance.choice(NAMES)}


def moved_about(chance: random.Random, body: Json) -> Json:
    """In another sort of chat, or pressed on another sort of surface."""
    kind = chance.choice(("personal", "groupChat", "channel", "meeting", None, 7, []))
    chat = body.get("conversation")
    return {**body, "conversation": {**(chat if isinstance(chat, dict) else {}),
                                     "conversationType": kind}}  # fmt: skip


def within(chance: random.Random, body: Json) -> Json:
    """Something else in what a press carries, where most of what we read stands."""
    paths = [path for path in leaves(body) if path[0] in ("value", "from", "conversation", "text")]
    path = chance.choice(paths or [("text",)])
    return put(body, path[: chance.randint(1, len(path))], chance.choice(JUNK))


OF_ACTIVITIES: tuple[Change, ...] = (*OF_BODIES, retyped_activity, renamed, moved_about, within,
                                     within, within)  # fmt: skip


def flipped(chance: random.Random, raw: bytes) -> bytes:
    changed = bytearray(raw or b"x")
    for _ in range(chance.choice((1, 2, 8, 64))):
        changed[chance.randrange(len(changed))] ^= 1 << chance.randrange(8)
    return bytes(changed)


def cut(chance: random.Random, raw: bytes) -> bytes:
    start, end = sorted(chance.randrange(len(raw) + 1) for _ in range(2))
    return raw[:start] + raw[end:] if chance.random() < 0.5 else raw[start:end]


def filled(chance: random.Random, raw: bytes) -> bytes:
    at = chance.randrange(len(raw) + 1)
    junk = chance.choice((
        b"\xff", b"\x00", b"%", b"%f", b"%zz", b"&", b"=", b"&payload=", b'"', b"{", b"[" * 300,
        b"\xed\xa0\x80", b"\xef\xbb\xbf", b"\r\n", b";", b"&a=b" * 80, b"\\ud800", b"\\u12",
        b"\\x", b"%u0041", b"%ED%A0%80", b"%C0%AF", b"NaN", b"Infinity", b"1e999", b"9" * 5_000,
        b"%00", chance.randbytes(40),
    ))  # fmt: skip
    return raw[:at] + junk + raw[at:]


def repeated(chance: random.Random, raw: bytes) -> bytes:
    start, end = sorted(chance.randrange(len(raw) + 1) for _ in range(2))
    return raw[:end] + raw[start:end] * chance.choice((1, 3)) + raw[end:]


def named_twice(chance: random.Random, raw: bytes) -> bytes:
    """A name of an object once more, with something else."""
    found = [*re.finditer(rb'"(\w+)": ?', raw)]
    if not found:
        return repeated(chance, raw)
    name = chance.choice(found)
    again = json.dumps(chance.choice(JUNK)).encode()
    return raw[: name.start()] + name[0] + again + b", " + raw[name.start() :]


OF_BYTES: tuple[Change, ...] = (flipped, flipped, cut, filled, filled, repeated, named_twice)


def changed_bytes(chance: random.Random, raw: bytes) -> bytes:
    for _ in range(chance.choice((1, 1, 2))):
        raw = chance.choice(OF_BYTES)(chance, raw)
    return raw


def changed(chance: random.Random, body: Any, ways: tuple[Change, ...]) -> Any:
    for _ in range(chance.choice((1, 1, 1, 2, 4))):
        way = chance.choice(ways)
        body = way(chance, body)
        # Many times over, and that once more, is a text that takes minutes to write.
        if way is multiplied or not isinstance(body, dict):
            break
    return body


def written(kind: str, body: Any) -> bytes:
    """The bytes in which Slack would send a body; half of a character is sent as well."""
    if kind == "event" or not isinstance(body, dict):
        return json.dumps(body).encode()
    form = body if kind == "command" else {"payload": json.dumps(body)}
    return urlencode(form, errors="surrogatepass").encode()


def of_slack_body(chance: random.Random, what: Delivery, number: int) -> tuple[bytes, str]:
    """A body that was made from one of Slack's, and mostly the type of content that fits it."""
    body, raw, kind = what.payload, what.body, what.content_type
    if "event_id" in body and chance.random() < 0.5:
        # Else nearly all would be taken for what has come already.
        body = {**body, "event_id": f"EvMUTATED{number}"}
        raw = written(what.kind, body)
    if chance.random() < 0.7:
        raw = written(what.kind, changed(chance, body, OF_BODIES))
    else:
        raw = changed_bytes(chance, raw)
    return raw[:_LONGEST], chance.choice(TYPES) if chance.random() < 0.15 else kind


def of_an_activity(chance: random.Random, body: Json, number: int) -> bytes:
    """A body that was made from one of Teams'."""
    if chance.random() < 0.5:
        body = {**body, "id": f"f:mutated-{number}"}
    if chance.random() < 0.75:
        return json.dumps(changed(chance, body, OF_ACTIVITIES)).encode()[:_LONGEST]
    return changed_bytes(chance, json.dumps(body).encode())[:_LONGEST]


def of_a_form(chance: random.Random, fields: list[tuple[str, str]]) -> bytes:
    """A body that was made from a form of the web chat."""
    fields = [*fields]
    for _ in range(chance.choice((1, 1, 2, 4))):
        at = chance.randrange(len(fields)) if fields else 0
        name, value = fields[at] if fields else ("do", "say")
        match chance.randrange(8):
            case 0:
                fields[at : at + 1] = []
            case 1:
                fields[at : at + 1] = [(name, value[:5_000])] * chance.choice((2, 39, 60))
            case 2:
                fields.append((chance.choice(WORDS), CANARY))
            case 3:
                fields[at : at + 1] = [(name, value[:90] * chance.choice((2, 30, 3_000)))]
            case 4:
                fields[at : at + 1] = [(f"{name}[]", value), (value, name)]
            case 5:
                chance.shuffle(fields)
            case _:
                junk = chance.choice(JUNK)
                text = junk if isinstance(junk, str) else json.dumps(junk)
                fields[at : at + 1] = [(name, text)]
    raw = urlencode(fields, errors="surrogatepass").encode()
    return (changed_bytes(chance, raw) if chance.random() < 0.4 else raw)[:_LONGEST]


def of_a_request(
    chance: random.Random, path: str, headers: Mapping[str, str], body: bytes
) -> bytes:
    """A request whose frame lies: about its length, its pieces or its headers."""
    lines = [f"{name}: {value}".encode() for name, value in headers.items()]
    method, version, target = b"POST", b"HTTP/1.1", path.encode()
    length = b"Content-Length: %d" % len(body)
    piece = b"%x\r\n%s\r\n" % (len(body), body)
    pieces, whole = piece + b"0\r\n\r\n", b"Transfer-Encoding: chunked"
    lies: tuple[tuple[list[bytes], bytes], ...] = (
        ([whole], pieces), ([whole], piece), ([whole], b"zz\r\n" + body), ([whole], b"-5\r\n\r\n"),
        ([whole], b"F" * 17 + b"\r\n" + body), ([whole], b"0x5\r\nabcde\r\n0\r\n\r\n"),
        ([whole], piece + b"0\r\nX-After: " + CANARY.encode() + b"\r\n\r\n"),
        ([whole], b"5;" + b"x" * 9_000 + b"\r\nabcde\r\n0\r\n\r\n"), ([whole, whole], pieces),
        ([whole, length], pieces), ([length, whole], body), ([length, b"Content-Length: 3"], body),
        ([b"Transfer-Encoding: chunked, identity"], pieces), ([b"Transfer-Encoding: gzip"], body),
        ([b"Transfer-Encoding:\x0bchunked"], pieces), ([b"Transfer-Encoding : chunked"], pieces),
        ([b"Content-Length: %d" % (len(body) // 2)], body), ([b"Content-Length: +5"], body),
        ([b"Content-Length: %d" % (len(body) + 9)], body), ([b"Content-Length: -1"], body),
        ([b"Content-Length: 5, 5"], body), ([b"Content-Length: 0x10"], body),
        ([b"Content-Length: " + b"9" * 40], body), ([b"Content-Length: 262145"], body), ([], body),
        ([length, b"X: \x00" + CANARY.encode()], body), ([length, b"X Y: 1"], body),
        ([length, b"X: 1\r\n folded: " + CANARY.encode()], body), ([length, b": 1"], body),
        ([length, b"X: " + CANARY.encode() * 2_000], body), ([length, *[b"X: 1"] * 3_000], body),
        ([length, b"X: 1\nY: 2"], body), ([length, b"Host: " + CANARY.encode()], body),
        ([length, b"Expect: 100-continue"], body), ([length, b"Expect: " + CANARY.encode()], body),
        ([length, b"Upgrade: websocket", b"Connection: Upgrade"], body),
        ([length, b"Content-Encoding: gzip"], body), ([length, b"Content-Encoding: br"], body),
    )  # fmt: skip
    more, sent = chance.choice(lies)
    if chance.random() < 0.2:
        method = chance.choice((b"GET", b"PUT", b"TRACE", b"OPTIONS", b"CONNECT", b"post", b"HEAD",
                                b"P\x00T", b"PATCH", b"X" * 300))  # fmt: skip
        version = chance.choice((b"HTTP/1.1", b"HTTP/1.0", b"HTTP/0.9", b"HTTP/2.0", b"",
                                 b"HTTP/1.1\x00", b"HTTX/1.1"))  # fmt: skip
        target = chance.choice((
            target, b"*", b"//", b"http://x/" + CANARY.encode(), b"/%00", b"/\xff",
            b"/" + CANARY.encode(), b"/" + b"a" * 9_000, b"/?" + b"%" * 50, b"/../../etc/passwd",
            b"/static/..%2f..%2fpyproject.toml",
        ))  # fmt: skip
    head = [b"%s %s %s" % (method, target, version), b"Host: 127.0.0.1", *lines, *more]
    raw = b"\r\n".join([*head, b"Connection: close", b"", b""]) + sent
    return changed_bytes(chance, raw) if chance.random() < 0.3 else raw


# ---- one of everything that comes in


class _Forms(HTMLParser):
    """The fields that each button of a page would send."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.sent: list[list[tuple[str, str]]] = []
        self._hidden: list[tuple[str, str]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._hidden = []
        elif tag == "input" and given.get("type") in ("hidden", "radio"):
            self._hidden.append((given["name"], given.get("value", "")))
        elif tag == "textarea" and "name" in given:
            self._hidden.append((given["name"], f"can I post {CANARY}?"))
        elif tag == "button" and given.get("name") == "do":
            self.sent.append([*self._hidden, ("do", given["value"])])


@dataclass(frozen=True)
class Recorded:
    """What people and platforms send, by the port at which it comes in."""

    slack: list[Delivery]
    teams: list[Json]
    web: list[list[tuple[str, str]]]


async def _of_the_desk(cairn: Running, platform: str) -> None:
    """Somebody writes to an office, its officers do what officers do, and both read it."""
    asker = somebody(cairn, platform, f"Alice of {platform}")
    officer = hand_of(cairn, cairn.officers[0])
    await asker.walk("find_office", who="employee", need="post")
    await asker.press(writing.OFFICES)
    await asker.pick("office", "values_ethics")
    await asker.press(writing.WRITE)
    await asker.write("text", "What should I do now?")
    await asker.pick("out", "odile")
    await asker.press(writing.REVIEW)
    await asker.pick("agree", "yes")
    await asker.press(consent.SEND)
    await asker.close()
    card = [*cairn.office.messages.values()][-1]  # type: ignore[union-attr]
    await officer.open(card, on_cards.CLAIM)
    await officer.press(at_office.CLEAR)
    await officer.press(at_office.EXPORT)
    await officer.press(on_cards.OPEN)
    await officer.write("reply", "Thank you for asking.")
    await officer.press(at_office.PREVIEW)
    await officer.press(at_office.REPLY)
    await officer.close()
    await asker.open(asker.own[-1], on_cards.READ)
    await asker.write("answer", "Thank you.")
    await asker.press(own.ANSWER)
    await asker.close()


async def _of_pins(cairn: Running) -> None:
    """Somebody pins a summary on each platform, and takes it away."""
    said = cairn.conversation.guidance.phrases
    title = cairn.conversation.guidance.summaries["elections"].title.en
    one = cairn.slack.person("pia", locale="en-CA")
    team = cairn.slack.channel("pins", one)
    await one.slash("/cairn", "pin", team)
    await cairn.settle()
    await one.fill(said["pin_which"].en, title)
    await one.fill(said["pin_lang"].en, said["pin_lang_both"].en)
    for word in ("", "", "unpin", ""):
        await (one.slash("/cairn", word, team) if word else one.submit())
        await cairn.settle()
    other = cairn.teams.person("Pia", locale="en-CA")
    chat = cairn.teams.channel("pins", other)
    await other.mention(chat, "pin")
    await cairn.settle()
    await other.press(chat.messages[-1], said["pin_start_choose"].en)
    await other.pick(other.dialog, said["pin_which"].en, title)
    await other.press(other.dialog, said["pin_see"].en)
    await other.press(other.dialog, said["pin_put"].en)
    await cairn.settle()


async def _of_the_web(url: str, chance: random.Random) -> list[list[tuple[str, str]]]:
    """What the buttons of some pages would send."""
    found: list[list[tuple[str, str]]] = []
    async with ClientSession() as http:
        for lang in LANGS:
            async with http.get(url, headers={"Accept-Language": lang}) as answer:
                found += _Forms(await answer.text()).sent
        for _ in range(40):
            async with http.post(url, data=chance.choice(found)) as answer:
                found += _Forms(await answer.text()).sent[:12]
    return found


async def recorded(
    slack: FakeSlack, teams: FakeTeams, environ: Mapping[str, str], officers: Sequence[OnSlack]
) -> Recorded:
    """Do all that can be done, and return what is sent meanwhile; nothing waits for rates."""
    settings, place = read_settings(environ), Path(environ["CAIRN_ORGANIZATION"]).parent
    conversation = open_conversation(settings)
    application = web_application(settings, conversation)
    server = TestServer(application)
    await server.start_server(access_log=None, shutdown_timeout=1.0)
    try:
        slack.app_url = str(server.make_url(SLACK_PATH))
        teams.app_url, url = str(server.make_url(TEAMS_PATH)), str(server.make_url("/"))
        await slack.until(lambda: application[SLACK].is_ready)
        parts = settings, conversation, application
        on_slack = slack_app.Running(slack, *parts, application[SLACK], url, place)
        in_teams = teams_app.Running(teams, *parts, application[TEAMS], url, place)
        slack_app.hurry(on_slack)
        of_teams.hurry(in_teams)
        office = next(one for one in slack.workspace.channels.values() if one.name == "ethics")
        cairn = Running(slack, teams, application, conversation, office, [*officers], MailBox(),
                        place)  # fmt: skip
        sent, acts = [], []
        for number in range(_PEOPLE):
            sent += [*(await slack_app.inbound(on_slack, f"bob{number}")).values()]
            acts += [*(await of_teams.inbound(in_teams, f"bob{number}")).values()]
        for platform in ("slack", "teams"):
            await _of_the_desk(cairn, platform)
        await _of_pins(cairn)
        sent += [outcome.delivery for outcome in slack.deliveries]
        acts += [outcome.activity for outcome in teams.deliveries]
        return Recorded(
            [_with_our_canary(of_slack.poisoned(one)) if n % 3 else one
             for n, one in enumerate(sent)],
            [json.loads(json.dumps(of_teams.poisoned(one)).replace(of_teams.CANARY, CANARY))
             if n % 3 else one for n, one in enumerate(acts)],
            await _of_the_web(url, random.Random(1)),
        )  # fmt: skip
    finally:
        await server.close()


def _with_our_canary(what: Delivery) -> Delivery:
    text = json.dumps(what.payload).replace(of_slack.CANARY, CANARY)
    return Delivery.of(what.kind, json.loads(text))


# ---- the process


@dataclass(frozen=True)
class Served(Command):
    """``cairn serve`` while it runs, both platforms, and what was recorded of them."""

    slack: FakeSlack
    teams: FakeTeams
    what: Recorded


@asynccontextmanager
async def served(folder: Path) -> AsyncIterator[Served]:
    """Cairn as a process of its own, telling all that it can, after everything was recorded."""
    async with (
        Login() as login,
        FakeSlack(rates=False, deadline=_PATIENCE) as slack,
        FakeTeams(login=login, rates=False) as teams,
    ):
        officers = [slack.person(name) for name in ("olive", "oscar", "odile")]
        office = slack.channel("ethics", *officers, is_private=True)
        organization = organization_text(
            on="slack", channel=office.id, tenant=slack.workspace.id,
            deputy=officers[1].id, head=officers[2].id,
        )  # fmt: skip
        place = folder / "organization.yaml"
        place.write_text(organization, "utf-8")
        environ = {
            **teams_app.settings_for(teams, folder, login),
            **slack_app.settings_for(slack, folder),
            "CAIRN_CASE_KEYS": CASE_KEYS,
            "CAIRN_ORGANIZATION": str(place),
            "CAIRN_WEB": "true",
        }
        what = await recorded(slack, teams, environ, officers)
        environ["CAIRN_SLACK_APP_TOKEN"] = slack.app_token
        async with command(folder, environ, start=AT_DEBUG) as cairn:
            slack.app_url = f"{cairn.url}{SLACK_PATH[1:]}"
            teams.app_url = f"{cairn.url}{TEAMS_PATH[1:]}"
            await slack.socket.connected(30)
            yield Served(cairn.process, cairn.port, cairn.folder, slack, teams, what)


# ---- what is sent, and what is said of it


@dataclass
class Found:
    """What was answered, and all that should not have been."""

    statuses: dict[str, Counter[int]] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)
    warm: int = 0
    grown: int = 0
    seconds: float = 0.0
    slowest: float = 0.0
    """Seconds from one body of a sender to its next one, at most."""

    @property
    def bodies(self) -> int:
        return sum(sum(counted.values()) for counted in self.statuses.values())

    def note(self, port: str, status: int, sentence: str, raw: bytes) -> None:
        """Count an answer; with a sentence it was wrong."""
        self.statuses.setdefault(port, Counter())[status] += 1
        if sentence:
            self.wrong.append(f"{port} {status}: {sentence}; {raw[:600]!r}")


_GOOD = (200, 201, 202, 400, 401, 403, 404, 405, 408, 411, 413, 414, 415, 417, 429, 431)


class Sender:
    """Sends mutated bodies to a process, and looks at each answer."""

    def __init__(self, cairn: Served, found: Found, http: ClientSession) -> None:
        self._cairn, self._found, self._http = cairn, found, http
        self._seen: set[str] = set()
        self._sent = 0
        self._signed: dict[str, str] = {}

    async def send(self, chance: random.Random, number: int) -> None:
        """Send one body to one of the ports."""
        (port,) = chance.choices([*_PORTS], [*_PORTS.values()])
        await getattr(self, f"_to_{port}")(chance, number)

    async def _to_slack(self, chance: random.Random, number: int) -> None:
        fake = self._cairn.slack
        raw, kind = of_slack_body(chance, chance.choice(self._cairn.what.slack), number)
        if chance.random() < _UNSIGNED:
            outcome = await fake.send(raw, content_type=kind, secret=CANARY)
            refused = outcome.status in (401, 413) and not outcome.body
            told = "" if refused else "it came in unsigned"
        else:
            outcome = await fake.send(raw, content_type=kind)
            # Without an answer of ours Slack says that it did not work, and keeps what was typed;
            # so it is too where thirty presses of one person wait, as nobody presses.
            pressed = b"view_submission" in raw or b"block_actions" in raw
            form = outcome.status == 503 and not outcome.body and pressed
            status = 200 if form else outcome.status
            told = outcome.failure or self._judged(status, outcome.body, raw)
            told = told or self._unkind_on_slack(outcome)
        self._found.note("slack", outcome.status, told, raw)

    async def _to_teams(self, chance: random.Random, number: int) -> None:
        fake = self._cairn.teams
        raw = of_an_activity(chance, chance.choice(self._cairn.what.teams), number)
        headers = self._headers()
        if chance.random() < 0.1:
            headers["Content-Type"] = chance.choice(TYPES)
        headers = {name: value for name, value in headers.items() if value != ABSENT}
        if chance.random() < _UNSIGNED:
            del headers["Authorization"]
            outcome = await fake.send(raw, headers, _PATIENCE)
            told = "" if (outcome.status, outcome.body) == (401, "") else "it came in unsigned"
        else:
            outcome = await fake.send(raw, headers, _PATIENCE)
            # An invoke that nobody of ours can cause is said to be not known, as Teams wants it.
            unknown = outcome.status == 501 and not outcome.body
            status = 200 if unknown else outcome.status
            told = outcome.failure or self._judged(status, outcome.body, raw)
            told = told or ("" if self._is_kind_in_teams(outcome) else f"says {outcome.body[:300]}")
        self._found.note("teams", outcome.status, told, raw)

    async def _to_web(self, chance: random.Random, number: int) -> None:
        raw = of_a_form(chance, chance.choice(self._cairn.what.web))
        kind = chance.choice(TYPES) if chance.random() < 0.15 else TYPES[1]
        headers = {"Content-Type": kind} if kind != ABSENT else {}
        headers |= {"Accept-Language": chance.choice((CANARY, "fr", "en;q=x", "fr;q=1e999, en")),
                    "Cookie": f"a={CANARY}", "Referer": CANARY, "Origin": CANARY}  # fmt: skip
        pieces = _in_pieces(chance, raw) if chance.random() < 0.1 else raw
        path = "" if chance.random() < 0.9 else chance.choice(("static/x", CANARY, "x/" * 90))
        async with self._http.post(
            self._cairn.url + path, data=pieces, headers=headers, allow_redirects=False,
            skip_auto_headers=["Content-Type"],
        ) as answer:  # fmt: skip
            body, status = await answer.text(errors="replace"), answer.status
        told = self._judged(status, body)
        if not told and "</html>" not in body:
            told = "says nothing that can be read"
        self._found.note("web", status, told, raw)

    async def _to_socket(self, chance: random.Random, number: int) -> None:
        """What comes through Slack's own socket is acknowledged, or not, and harms nothing."""
        what, fake = chance.choice(self._cairn.what.slack), self._cairn.slack
        kind = {"command": "slash_commands", "event": "events_api"}.get(what.kind, "interactive")
        body = json.loads(json.dumps(changed(chance, what.payload, OF_BODIES)))
        if chance.random() < 0.1:
            kind = chance.choice(("", "hello", "disconnected", CANARY, "a" * 500))
        said, status = "", 200
        try:
            said = json.dumps(await fake.socket.send(kind, body, 0.5))
        except TimeoutError:
            status = 0
        except ConnectionError:
            await fake.socket.connected(_PATIENCE)
            status = 0
        told = "the canary" if CANARY in said else ""
        self._found.note("socket", status, told, json.dumps(body).encode())

    async def _to_raw(self, chance: random.Random, number: int) -> None:
        """Frames that lie; whoever sends half of one hears nothing, and that is right."""
        fake, what = self._cairn.slack, self._cairn.what
        path, body, headers = "/", urlencode(chance.choice(what.web)).encode(), {}
        match chance.randrange(3):
            case 0:
                one = chance.choice(what.slack)
                path, body, headers = SLACK_PATH, one.body, fake.sign(one.body)
                headers["Content-Type"] = one.content_type
            case 1:
                path, body = TEAMS_PATH, json.dumps(chance.choice(what.teams)).encode()
                headers = self._cairn.teams.headers()
            case _:
                headers["Content-Type"] = TYPES[1]
        raw = of_a_request(chance, path, headers, body)
        answer = await exchanged(self._cairn.port, raw, 8.0 if chance.random() < 0.01 else 0.4)
        statuses = [int(found) for found in re.findall(rb"(?m)^HTTP/1\.[01] (\d{3})", answer)]
        # One that was whole after all may come while thirty presses of that person wait.
        bad = [one for one in statuses if one not in (*_GOOD, 100, 501, 503)]
        told = f"answers {bad}" if bad else ""
        self._found.note("raw", statuses[-1] if statuses else 0, told, raw)

    async def _to_health(self, chance: random.Random, number: int) -> None:
        path = chance.choice(("health/live", "health/ready", "metrics", f"metrics?{CANARY}",
                              f"health/{CANARY}", "health/ready/"))  # fmt: skip
        async with self._http.get(self._cairn.url + path, headers={"Cookie": CANARY}) as answer:
            body, status = await answer.text(), answer.status
        self._found.note("health", status, self._judged(status, body), path.encode())

    def _judged(self, status: int, body: str, raw: bytes = b"") -> str:
        if status not in _GOOD:
            return "not an answer that should be"
        # Whoever writes to an office is shown what they wrote, in their own window; and the address
        # of our own chat calls us what the platform does.
        shown = b"desk:" in raw or b"desk%3A" in raw
        said = re.sub(r"/l/chat/0/0\?users=[^\"]*", "", body)
        return "the canary" if CANARY in said and not shown else ""

    def _headers(self) -> dict[str, str]:
        """Those of Teams; a token is signed anew now and then, for that takes a while."""
        if self._sent % 500 == 0:
            self._signed = self._cairn.teams.headers()
        self._sent += 1
        return {**self._signed}

    def _unkind_on_slack(self, outcome: SlackOutcome) -> str:
        """What is wrong with an answer that is neither nothing nor something Slack would show."""
        said, fake = outcome.json, self._cairn.slack
        if not outcome.body or (said is not None and "challenge" in said):
            return ""
        if said == {"response_action": "clear"}:
            return ""  # the window closes
        if said is None:
            return "says what is no JSON"
        if '"block_id": "failed:' in json.dumps(said):
            return ""  # the view that came is shown again; Slack sends none that it would not show
        shape = json.dumps({**said.get("view", said), "private_metadata": ""})[:400]
        if shape in self._seen:
            return ""
        self._seen.add(shape)
        before = len(fake.violations)
        try:
            if "view" in said:
                fake.check_view(said["view"], "answer", "modal")
            else:
                fake.check_message({k: said[k] for k in ("text", "blocks")}, "answer")
        except (ApiError, KeyError) as error:
            return f"says what Slack would not show: {error!r} {fake.violations[before:]}"
        return ""

    def _is_kind_in_teams(self, outcome: TeamsOutcome) -> bool:
        """Whether an answer is nothing at all, or something that Teams would show."""
        if not outcome.body:
            return True
        told = outcome.json
        if told is None or outcome.status != 200 or not of_teams.shown_by(outcome):
            return False
        shape = json.dumps(told)[:400]
        if shape in self._seen:
            return True
        self._seen.add(shape)
        dialog = "task" in told
        card = told["task"]["value"]["card"]["content"] if dialog else told["value"]
        return cards.card(card, dialog=dialog).sentences == []


async def _in_pieces(chance: random.Random, raw: bytes) -> AsyncIterator[bytes]:
    while raw:
        size = chance.randint(1, len(raw))
        yield raw[:size]
        raw = raw[size:]


async def exchanged(port: int, raw: bytes, seconds: float) -> bytes:
    """Send these bytes, and return what comes back until the other side closes, or in time."""
    answer = b""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        async with asyncio.timeout(seconds):
            writer.write(raw)
            await writer.drain()
            while piece := await reader.read(65_536):
                answer += piece
    except (TimeoutError, ConnectionError):
        pass  # half of a request, or one that was cut off
    finally:
        writer.transport.abort()
    return answer


async def mutate(cairn: Served, bodies: int, seed: int) -> Found:
    """Send so many bodies, and return what came of them."""
    found, numbers, began = Found(), iter(range(bodies)), time.monotonic()
    warm = min(_WARM, bodies // 2)
    cairn.slack.calls.clear()
    cairn.teams.calls.clear()
    timeout = ClientTimeout(total=_PATIENCE)
    async with ClientSession(
        cookie_jar=DummyCookieJar(), timeout=timeout, connector=TCPConnector(limit=_WORKERS)
    ) as http:
        sender = Sender(cairn, found, http)

        async def work() -> None:
            for number in numbers:
                chance = random.Random(f"{seed} {number}")
                since = time.monotonic()
                try:
                    await sender.send(chance, number)
                except (ClientError, TimeoutError, ConnectionError) as error:
                    found.note("broken", 0, f"no answer: {type(error).__name__}", b"%d" % number)
                found.slowest = max(found.slowest, time.monotonic() - since)
                if number == warm:
                    found.warm = cairn.memory
                if number % 5_000 == 0:
                    found.wrong += _forget(cairn)

        await asyncio.gather(*(work() for _ in range(_WORKERS)))
        found.grown = cairn.memory - found.warm
        found.seconds = time.monotonic() - began
        async with http.get(f"{cairn.url}metrics") as answer:
            if CANARY in await answer.text():
                found.wrong.append("the canary in the metrics")
    return found


def _forget(cairn: Served) -> list[str]:
    """Let the fakes not keep all that was said to them; return what is wrong with what was."""
    said = [
        {name: call.arguments.get(name) for name in ("text", "blocks", "attachments")}
        for call in cairn.slack.calls
        if not call.method.startswith("views.")  # somebody's own window, in which they write
    ]
    found = ["the canary in a message on Slack"] if CANARY in json.dumps(said) else []
    found += ["the canary in a message in Teams"] if CANARY in of_teams.said(cairn.teams) else []
    cairn.slack.calls.clear()
    cairn.teams.calls.clear()
    return found


async def goes_on(cairn: Served) -> None:
    """See that everybody is answered as ever."""
    alice, amy = cairn.slack.person("alice"), cairn.teams.person("amy")
    await alice.slash()
    await cairn.slack.until(lambda: alice.views, _PATIENCE)
    assert alice.view.title == "Cairn"
    await amy.message("menu")
    await cairn.teams.until(lambda: amy.cards, _PATIENCE)
    await amy.press(amy.card, "language:whole")
    async with ClientSession() as http, http.get(cairn.url) as answer:
        assert answer.status == 200
        assert "</html>" in await answer.text()
    assert cairn.slack.failures == cairn.teams.failures == []


_KNOWN = ("SlackError", "GoneError", "TransportError", "ForeignHostError", "LimitedError",
          "UnreachableError")  # fmt: skip
"""What cannot be sent is told by its kind; an error of ours would be told by another."""


def left_behind(cairn: Served) -> list[str]:
    """What should not stand in any file or in the log."""
    found = [f"the canary in {name}" for name, data in dict(cairn.written()).items()
             if CANARY.encode() in data]  # fmt: skip
    log = cairn.told.splitlines()
    found += [line for line in log if "Traceback" in line]
    # What was foreseen is told in a sentence, and what was not by its kind and place.
    errors = [re.search(r'"by": "cairn", "event": "(\w+) in ', line) for line in log]
    return found + [one.string for one in errors if one and one[1] not in _KNOWN]


async def whole_run(folder: Path, bodies: int, seed: int) -> Found:
    """Send so many bodies to a process, see that it goes on, stop it, and look at what is left."""
    async with served(folder) as cairn:
        found = await mutate(cairn, bodies, seed)
        found.wrong += left_behind(cairn)
        await goes_on(cairn)
        status = await cairn.stop()
        found.wrong += [] if status == 0 else [f"it ended with {status}"]
        found.wrong += left_behind(cairn) + _forget(cairn)
    return found


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.mutate", description=__doc__)
    parser.add_argument("--bodies", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    arguments = parser.parse_args()
    logging.getLogger("aiohttp.server").disabled = True  # that of the fakes, in this process
    with tempfile.TemporaryDirectory() as spare:
        found = asyncio.run(whole_run(Path(spare), arguments.bodies, arguments.seed))
    for port, counted in found.statuses.items():
        told = ", ".join(f"{status or 'none'}: {many}" for status, many in sorted(counted.items()))
        print(f"{port}: {told}")  # noqa: T201
    print(  # noqa: T201
        f"{found.bodies} bodies, seed {arguments.seed}, in {found.seconds:.0f} s"
        f" ({found.bodies / found.seconds:.0f} a second); memory {found.warm / 2**20:.0f} MiB when"
        f" warm, and {found.grown / 2**20:+.1f} MiB since; the slowest took {found.slowest:.1f} s"
    )
    print("\n".join(dict.fromkeys(found.wrong)) or "nothing wrong was found")  # noqa: T201
    return int(bool(found.wrong) or found.grown > MORE_MEMORY)


if __name__ == "__main__":
    sys.exit(main())
