"""Is whatever comes in answered kindly or refused, however broken, and never with an error?"""

from __future__ import annotations

import json
import random
from collections.abc import AsyncIterator, Callable
from typing import Any
from urllib.parse import urlencode

import pytest

from tests.slack.api import ApiError
from tests.slack.delivery import ABSENT, Delivery, Outcome
from tests.slack.fake import FakeSlack
from tests.slack.state import Json
from tests.slack_app import Running, hurry, inbound, logged, running
from tests.test_slack_threats import called, leaves, poisoned, put

CANARY = "canary-threats-9b7e"
SEEDS = 8
BODIES = 250
"""Bodies of each seed: two thousand in all, each sent well signed and badly."""

JUNK: tuple[object, ...] = (
    None, True, False, 0, -1, 1.5, 10**30, 1e308, "", " ", "x", "\x00", "\ud800", "\udfff\ud800",
    "é" * 300, "a" * 5_000, "9" * 400, "null", "{}", "[]", "%00", "<@U1>", "../..", "\u202e", [],
    {}, [[]], [None], [{}], {"": ""}, {"id": None}, {"id": []}, {"id": {"id": {}}}, {"value": 7},
    [1, "a", None, {}], {"type": "plain_text", "text": CANARY}, {"a": {"b": {"c": [{"d": [{}]}]}}},
)  # fmt: skip
TYPES = (
    "application/json", "application/x-www-form-urlencoded", "application/json; charset=utf-16",
    "application/x-www-form-urlencoded; charset=latin-1", "text/plain", "multipart/form-data",
    "multipart/form-data; boundary=x", "application/octet-stream", "", ABSENT, "application/xml",
    "APPLICATION/JSON", "application/jsonx", "x/" + "y" * 500,
)  # fmt: skip
WORDS = (
    "type", "user", "team", "team_id", "user_id", "view", "state", "values", "actions", "event",
    "channel", "container", "action_id", "callback_id", "private_metadata", "event_id", "payload",
    "command", "text", "message", "previous_message", "subtype", "authorizations", "enterprise_id",
    "is_ext_shared_channel", "response_url", "trigger_id", "bot_id", "function_data", "inputs",
    "assistant_thread", "workflow_step", "block_id", "is_enterprise_install", "challenge",
)  # fmt: skip
KINDS_OF_TYPE = (
    "view_submission", "view_closed", "block_actions", "shortcut", "message_action",
    "event_callback", "url_verification", "block_suggestion", "interactive_message",
    "dialog_submission", "dialog_cancellation", "workflow_step_edit", "function_executed",
    "app_rate_limited", "message", "app_mention", "app_home_opened", "message_changed",
)  # fmt: skip

Change = Callable[[random.Random, Any], Any]


def any_path(chance: random.Random, body: Json) -> tuple[str | int, ...]:
    """The path of some part of it: a text, or something that texts stand in."""
    path = chance.choice([*leaves(body)] or [("type",)])
    return path[: chance.randint(1, len(path))]


def replaced(chance: random.Random, body: Json) -> Json:
    return put(body, any_path(chance, body), chance.choice(JUNK))


def retyped(chance: random.Random, body: Json) -> Json:
    paths = [path for path in leaves(body) if path[-1] in ("type", "subtype")]
    return put(body, chance.choice(paths or [("type",)]), chance.choice(KINDS_OF_TYPE))


def removed(chance: random.Random, body: Json) -> Json:
    path = any_path(chance, body)
    made: Any = put(body, path, None)
    at = made
    for part in path[:-1]:
        at = at[part]
    del at[path[-1]]
    return made  # type: ignore[no-any-return]


def added(chance: random.Random, body: Json) -> Json:
    path = any_path(chance, body)[:-1]
    at: Any = body
    for part in path:
        at = at[part]
    if not isinstance(at, dict):
        return replaced(chance, body)
    more = {**at, chance.choice(WORDS): chance.choice(JUNK)}
    return put(body, path, more) if path else more


def moved(chance: random.Random, body: Json) -> Json:
    """A part of it in the place of another."""
    source = any_path(chance, body)
    at: Any = body
    for part in source:
        at = at[part]
    return put(body, any_path(chance, body), at)


def wrapped(chance: random.Random, body: Json) -> Json:
    path = any_path(chance, body)
    at: Any = body
    for part in path:
        at = at[part]
    for _ in range(chance.choice((1, 2, 33, 200))):
        at = [at] if chance.random() < 0.5 else {chance.choice(WORDS): at}
    return put(body, path, at)


OF_BODIES: tuple[Change, ...] = (replaced, replaced, replaced, retyped, removed, removed, added,
                                 moved, wrapped)  # fmt: skip


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
    junk = chance.choice((b"\xff", b"\x00", b"%", b"%f", b"%zz", b"&", b"=", b"&payload=", b'"',
                          b"{", b"[" * 300, b"\xed\xa0\x80", b"\xef\xbb\xbf", b"\r\n", b";",
                          b"&a=b" * 80, chance.randbytes(40)))  # fmt: skip
    return raw[:at] + junk + raw[at:]


def repeated(chance: random.Random, raw: bytes) -> bytes:
    start, end = sorted(chance.randrange(len(raw) + 1) for _ in range(2))
    return raw[:end] + raw[start:end] * chance.choice((1, 3)) + raw[end:]


OF_BYTES: tuple[Change, ...] = (flipped, flipped, cut, filled, filled, repeated)


def written(kind: str, body: Any) -> bytes:
    """The bytes in which Slack would send a body; half of a character is sent as well."""
    if kind == "event" or not isinstance(body, dict):
        return json.dumps(body).encode()
    form = body if kind == "command" else {"payload": json.dumps(body)}
    return urlencode(form, errors="surrogatepass").encode()


def mutated(chance: random.Random, what: Delivery) -> tuple[bytes, str]:
    """A body that was made from one of Slack's, and mostly the type of content that fits it."""
    body, raw, kind = what.payload, what.body, what.content_type
    if chance.random() < 0.7:
        for _ in range(chance.choice((1, 1, 1, 2, 4))):
            body = chance.choice(OF_BODIES)(chance, body)
            if not isinstance(body, dict):
                break
        raw = written(what.kind, body)
    else:
        for _ in range(chance.choice((1, 1, 2))):
            raw = chance.choice(OF_BYTES)(chance, raw)
    if chance.random() < 0.15:
        kind = chance.choice(TYPES)
    return raw, kind


@pytest.fixture
async def fake() -> AsyncIterator[FakeSlack]:
    async with FakeSlack(rates=False) as fake:
        yield fake


@pytest.fixture
async def cairn(fake: FakeSlack) -> AsyncIterator[Running]:
    async with running(fake) as cairn:
        hurry(cairn)
        yield cairn


def is_kind(fake: FakeSlack, outcome: Outcome, seen: set[str]) -> bool:
    """Whether an answer is nothing at all, or something that Slack would show."""
    said = outcome.json
    if not outcome.body or (said is not None and "challenge" in said):
        return True
    if said is None:
        return False
    shape = json.dumps({**said.get("view", said), "private_metadata": ""})[:400]
    if shape in seen:
        return True
    seen.add(shape)
    try:
        if "view" in said:
            fake.check_view(said["view"], "answer", "modal")
        else:
            fake.check_message({k: said[k] for k in ("text", "blocks")}, "answer")
    except (ApiError, KeyError):
        return False
    return True


@pytest.mark.parametrize("seed", range(SEEDS))
async def test_whatever_comes_in_is_answered_kindly_or_refused(
    seed: int, cairn: Running, fake: FakeSlack
):
    chance, seen, wrong = random.Random(seed), set[str](), []
    kinds = [poisoned(what) for what in (await inbound(cairn, "bob")).values()]
    kinds += [*(await inbound(cairn, "eve")).values()]
    statuses: dict[int, int] = {}
    with logged() as told:
        for number in range(BODIES):
            what = kinds[number % len(kinds)]
            raw, kind = mutated(chance, what)
            outcome = await fake.send(raw, content_type=kind, secret="another")
            assert (outcome.status, outcome.body) == (401, ""), raw[:200]
            outcome = await fake.send(raw, content_type=kind)
            statuses[outcome.status] = statuses.get(outcome.status, 0) + 1
            good = outcome.status in (200, 400, 403, 413) and is_kind(fake, outcome, seen)
            if not good or CANARY in outcome.body:
                wrong.append((number, what.name, outcome.status, outcome.failure, raw[:2_000]))
        await cairn.drain()
    assert wrong == []
    # What Bolt stumbles over is refused; an error of ours would be told under our name.
    lines = [line for line in told.getvalue().splitlines() if " ERROR cairn " in line]
    assert [line for line in lines if "SlackError" not in line] == []
    assert "Traceback" not in told.getvalue()
    assert CANARY not in told.getvalue()
    assert CANARY not in called(fake)
    # Something of all of them got in, and something was refused: else this would prove nothing.
    assert statuses[200] > BODIES // 4
    assert statuses[400] > BODIES // 20
    # And everybody else is answered as before.
    alice = fake.person("alice")
    await alice.slash()
    await alice.message("can I post this?")
    await cairn.drain()
    assert alice.view.title == "Cairn"
    assert [message for message in alice.sees() if message.by_app]
    assert fake.failures == []


def test_there_are_two_thousand_of_them():
    assert SEEDS * BODIES >= 2_000
