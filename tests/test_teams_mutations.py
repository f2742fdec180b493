"""Is whatever comes in answered kindly or refused, however broken, and never with an error?"""

from __future__ import annotations

import json
import random
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from tests.slack_app import logged
from tests.teams import cards
from tests.teams.delivery import Outcome
from tests.teams.fake import FakeTeams
from tests.teams.login import Login
from tests.teams.state import Json
from tests.teams_app import Running, running
from tests.test_slack_mutations import JUNK, OF_BODIES, OF_BYTES
from tests.test_slack_threats import leaves, put
from tests.test_teams_threats import CANARY, hurry, inbound, poisoned, said, shown_by, unjudged

__all__ = ["unjudged"]

SEEDS = 4
BODIES = 500
"""Bodies of each seed: two thousand in all, each sent with a token and without."""

TYPES = (
    "application/json", "application/json; charset=utf-16", "application/x-www-form-urlencoded",
    "text/plain", "multipart/form-data; boundary=x", "", None, "application/xml", "text/json",
    "APPLICATION/JSON", "application/jsonx", "x/" + "y" * 500,
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

Change = Callable[[random.Random, Json], Json]


def retyped(chance: random.Random, body: Json) -> Json:
    return {**body, "type": chance.choice(KINDS_OF_ACTIVITY)}


def renamed(chance: random.Random, body: Json) -> Json:
    return {**body, "type": "invoke", "name": chance.choice(NAMES)}


def moved_about(chance: random.Random, body: Json) -> Json:
    """In another sort of chat, or pressed on another sort of surface."""
    kind = chance.choice(("personal", "groupChat", "channel", "meeting", None, 7, []))
    chat = body.get("conversation")
    chat = chat if isinstance(chat, dict) else {}
    return {**body, "conversation": {**chat, "conversationType": kind}}


def within(chance: random.Random, body: Json) -> Json:
    """Something else in what a press carries, where most of what we read stands."""
    paths = [path for path in leaves(body) if path[0] in ("value", "from", "conversation", "text")]
    path = chance.choice(paths or [("text",)])
    return put(body, path[: chance.randint(1, len(path))], chance.choice(JUNK))


OF_ACTIVITIES: tuple[Change, ...] = (
    *OF_BODIES,
    retyped,
    renamed,
    moved_about,
    within,
    within,
    within,
)


def mutated(chance: random.Random, body: Json) -> bytes:
    """A body that was made from one of Teams'."""
    if chance.random() < 0.75:
        made: Any = body
        for _ in range(chance.choice((1, 1, 1, 2, 4))):
            made = chance.choice(OF_ACTIVITIES)(chance, made)
            if not isinstance(made, dict):
                break
        return json.dumps(made).encode()
    raw = json.dumps(body).encode()
    for _ in range(chance.choice((1, 1, 2))):
        raw = chance.choice(OF_BYTES)(chance, raw)
    return raw


@pytest.fixture
async def cairn(unjudged: None) -> AsyncIterator[Running]:
    async with (
        Login() as login,
        FakeTeams(login=login, rates=False) as fake,
        running(fake, login=login) as cairn,
    ):
        hurry(cairn)
        yield cairn


def is_kind(outcome: Outcome, seen: set[str]) -> bool:
    """Whether an answer is nothing at all, or something that Teams would show."""
    if not outcome.body:
        return True
    told = outcome.json
    if told is None or outcome.status != 200 or not shown_by(outcome):
        return False
    shape = json.dumps(told)[:400]
    if shape in seen:
        return True
    seen.add(shape)
    dialog = "task" in told
    card = told["task"]["value"]["card"]["content"] if dialog else told["value"]
    return cards.card(card, dialog=dialog).sentences == []


@pytest.mark.parametrize("seed", range(SEEDS))
async def test_whatever_comes_in_is_answered_kindly_or_refused(seed: int, cairn: Running):
    fake = cairn.fake
    chance, seen, wrong = random.Random(seed), set[str](), []
    kinds = [poisoned(body) for body in (await inbound(cairn, "bob")).values()]
    kinds += [*(await inbound(cairn, "eve")).values()]
    statuses: dict[int, int] = {}
    headers = fake.headers()
    with logged() as told:
        for number in range(BODIES):
            raw = mutated(chance, kinds[number % len(kinds)])
            kind = chance.choice(TYPES) if chance.random() < 0.1 else headers["Content-Type"]
            sent = {n: v for n, v in headers.items() if n != "Content-Type"}
            sent |= {} if kind is None else {"Content-Type": kind}
            outcome = await fake.send(raw, sent)
            statuses[outcome.status] = statuses.get(outcome.status, 0) + 1
            good = outcome.status in (200, 400, 401, 403, 413, 415, 501) and is_kind(outcome, seen)
            if not good or CANARY in outcome.body:
                wrong.append((number, outcome.status, outcome.failure, raw[:2_000]))
            del sent["Authorization"]
            outcome = await fake.send(raw, sent)
            assert (outcome.status, outcome.body) == (401, ""), raw[:200]
        await cairn.drain()
    assert wrong == []
    # What cannot be sent is told by its kind; an error of ours would be told by another.
    lines = [line for line in told.getvalue().splitlines() if " ERROR cairn " in line]
    known = ("GoneError in", "TransportError in", "ForeignHostError in")
    assert [line for line in lines if not any(one in line for one in known)] == []
    assert "Traceback" not in told.getvalue()
    assert CANARY not in told.getvalue()
    assert CANARY not in said(fake)
    # Something of all of them got in, and something was refused: else this would prove nothing.
    assert statuses[200] > BODIES // 4
    assert statuses[400] > BODIES // 20
    assert statuses[403] > 0
    # And everybody else is answered as before.
    alice = fake.person("alice")
    await alice.message("can I post this?")
    await cairn.drain()
    assert alice.cards
    await alice.press(alice.card, "open:home")
    assert fake.failures == []


def test_there_are_two_thousand_of_them():
    assert SEEDS * BODIES >= 2_000
