"""Do three replicas behind a plain proxy serve as one, while they are killed and replaced?

Real processes on a real PostgreSQL, before the strict fake Slack. How fast it is `tests.load` tells
on a machine that does nothing else; here nothing is lost, and nothing is done twice.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any

import pytest
import pytest_asyncio

from tests import load
from tests.fleet import Fleet, Replica, fleet
from tests.slack import faults, payloads, screen
from tests.slack.delivery import Delivery, Outcome
from tests.slack.hands import RefusedError
from tests.slack.person import Person
from tests.slack.state import offered

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.xdist_group("fleet"),
]

RATE = 50.0
SECONDS = 60.0
SOONER = (
    "import bot.channels.seen, bot.channels.slack.form_presses, bot.jobs, bot.store.outbox;"
    " bot.jobs._EVERY = 1.0; bot.store.outbox.LEASE = 10;"
    " bot.channels.seen._PATIENCE = bot.channels.slack.form_presses.ANSWER = 20.0"
)
"""What takes minutes otherwise: a round of the timers, and how long the dead hold work.

Slack is patient here, so whoever has an answer to give it may take longer, too.
"""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def cairn(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Fleet]:
    # Other tests run on the same cores, and Slack is patient meanwhile.
    async with fleet(tmp_path_factory.mktemp("fleet"), before=SOONER, deadline=30.0) as cairn:
        yield cairn


@pytest.fixture(autouse=True)
def _behind_proxy(cairn: Fleet) -> None:
    cairn.behind_proxy()


async def _windowed(cairn: Fleet, person: Person) -> None:
    assert (await person.slash("/cairn", "", cairn.team)).ok
    await cairn.slack.until(lambda: person.views)


async def _walk(cairn: Fleet, name: str, at: list[Replica]) -> list[str]:
    """Walk by the first option of each question, each press at the next replica of those."""
    person = cairn.somebody(name)
    cairn.at(at[-1])
    await _windowed(cairn, person)
    await cairn.slack.until(lambda: "goto:en:home" in screen.text(person.view) or _home(person))
    await person.pick(person.view, _home(person), "post_reported")
    seen = []
    for step in range(20):
        cairn.at(at[step % len(at)])
        assert (await person.submit()).ok
        view = person.view
        seen.append(screen.text(view))
        asked = [b for b in view.blocks if b["block_id"].startswith("pick:")]
        if not asked:
            return seen
        first = offered(asked[0]["element"])[0]["value"]
        await person.pick(view, asked[0]["block_id"], first)
    raise AssertionError("a walk without an end")


def _home(person: Person) -> str:
    names = [block["block_id"] for block in person.view.blocks]
    return next((name for name in names if name == "goto:en:home"), "")


async def test_a_walk_goes_on_whichever_replica_gets_the_next_press(cairn: Fleet):
    one = await _walk(cairn, "alice", cairn.replicas[:1])
    each_other = await _walk(cairn, "bob", cairn.replicas)
    assert len(one) >= len(cairn.replicas)
    assert each_other == one


async def _ready_to_send(cairn: Fleet, name: str) -> Person:
    """Somebody who has only Send left to press."""
    person = cairn.somebody(name, real_name=name.title())
    crowd = load.Crowd(cairn)
    while not person.views or person.view.payload["callback_id"] != "desk:send":
        with suppress(RefusedError):  # the window is not in their language yet
            await crowd._go_on(person, f"My words of {name}")
        await asyncio.sleep(0.05)
    await person.pick(person.view, screen.block_of(person.view, "agree"), "yes")
    return person


async def _press_at(cairn: Fleet, person: Person, *replicas: Replica) -> list[Outcome]:
    """Submit the form in front of somebody, at several replicas in the same moment."""
    view, pressed = person.view, []
    for replica in replicas:
        cairn.at(replica)
        body = payloads.view_submission(person._made(view=view), view)
        pressed.append(asyncio.create_task(cairn.slack.deliver(Delivery.of("interaction", body))))
        await asyncio.sleep(0)  # it is under way, to where it is to go
    return await asyncio.gather(*pressed)


async def test_send_pressed_at_two_replicas_in_the_same_moment_is_one_case(cairn: Fleet):
    before = {row[0] for row in await cairn.rows("SELECT number FROM cases")}
    for turn in range(5):
        person = await _ready_to_send(cairn, f"sender{turn}")
        outcomes = await _press_at(cairn, person, *cairn.replicas[:2])
        cairn.behind_proxy()
        kept = {row[0] for row in await cairn.rows("SELECT number FROM cases")} - before
        assert len(kept) == 1
        told = [number for one in outcomes for number in kept if number in one.body]
        assert told, "at least one of the two answers says that it was sent"
        before |= kept
    assert await cairn.delivered(30)
    cards = cairn.cards()
    assert all(len(cards[number]) == 1 for number in before)


async def test_an_event_that_comes_to_all_replicas_at_once_is_answered_once(cairn: Fleet):
    people = [cairn.somebody(f"writer{number}") for number in range(5)]
    for person in people:
        said = person.say(person.dm, "can I post this?")
        event = payloads.direct_message(person._made(said.ts), said)
        body = payloads.envelope(person._made(), event, f"EvAll{person.id}", person.dm)
        tasks = []
        for replica in cairn.replicas:
            cairn.at(replica)
            tasks.append(asyncio.create_task(cairn.slack.deliver(Delivery.of("event", body))))
            await asyncio.sleep(0)
        assert all(one.ok for one in await asyncio.gather(*tasks))
    await cairn.slack.until(lambda: all(load._answers(one.dm) for one in people))
    # Where a second answer was to come, it would be under way by the time of this one.
    last = cairn.somebody("last")
    await last.message("can I post this?")
    await cairn.slack.until(lambda: load._answers(last.dm))
    assert [load._answers(one.dm) for one in people] == [1] * len(people)


async def _sent(cairn: Fleet, name: str) -> str:
    person = await _ready_to_send(cairn, name)
    assert (await person.submit()).ok
    number = load._number_sent(person.view)
    assert number is not None
    return number


@pytest.mark.long
async def test_a_timer_that_is_due_in_all_replicas_at_once_reminds_once(cairn: Fleet):
    number = await _sent(cairn, "patient")
    assert await cairn.delivered(30)
    (card,) = cairn.cards()[number]
    # Four hours of the office go by; each replica looks each second.
    await cairn.rows(f"UPDATE cases SET since = since - 5 * 3600 WHERE number = '{number}'")

    def lines() -> list[Any]:
        return [m for m in cairn.office.messages.values() if m.thread_ts == card.ts]

    await cairn.slack.until(lines)
    await asyncio.sleep(3)  # three more rounds of each
    assert await cairn.delivered(30)
    assert len(lines()) == 1
    rows = await cairn.rows(f"SELECT name FROM reminders WHERE number = '{number}'")
    assert rows == [("again",)]


@pytest.mark.long
async def test_what_killed_replicas_had_begun_another_one_takes_over(cairn: Fleet):
    first, second, _ = cairn.replicas
    slack = cairn.slack
    slack.tidy()
    slack.faults.add("chat.postMessage", faults.stall(60.0), times=None)
    cairn.at(first)
    number = await _sent(cairn, "early")
    await slack.until(lambda: any(c.method == "chat.postMessage" for c in slack.calls))
    await asyncio.gather(first.kill(), second.kill())
    slack.faults.heal()
    await slack.until(lambda: number in cairn.cards())
    assert await cairn.delivered(30)
    assert len(cairn.cards()[number]) == 1
    await asyncio.gather(first.start(), second.start())


async def test_under_load_nothing_is_lost_or_done_twice_whatever_is_killed_or_replaced(
    cairn: Fleet,
):
    """A minute in which two replicas are killed, the database restarts, and all are replaced."""
    await cairn.rows("TRUNCATE cases, case_keys, messages, reminders, outbox")
    for message in cairn.office.messages.values():
        message.deleted = True
    cairn.slack.acks.clear()
    crowd = load.Crowd(cairn)
    rolled: list[float] = []

    async def roll() -> None:
        rolled.append(asyncio.get_running_loop().time())
        await load.roll(cairn)
        rolled.append(asyncio.get_running_loop().time())

    work = load.at_times(
        (3, lambda: load.kill(crowd, cairn.replicas[0])),
        (10, lambda: load.restart_database(crowd)),
        (12, lambda: load.kill(crowd, cairn.replicas[1])),
        (20, roll),
    )
    plan = asyncio.ensure_future(work)
    async with load.meanwhile(load.keep_tidy(cairn), plan):
        await crowd.press(RATE, SECONDS, plan)
    load.tell(crowd, SECONDS, await cairn.proxied())
    assert await load.verdict(crowd, 60.0) == []
    assert len(crowd.sent) > 3
    assert crowd.replied
    began, ended = rolled
    meanwhile = [one for one in cairn.slack.acks if began < one.at < ended]
    assert meanwhile
    assert [one for one in meanwhile if not one.ok] == [], "a rolling restart loses no press"


async def test_what_the_replicas_log_is_json_and_holds_no_words(cairn: Fleet):
    for replica in cairn.replicas:
        errors = (replica.folder / "stderr").read_text("utf-8")
        for line in errors.splitlines():
            json.loads(line)
        assert "My words" not in replica.told
        assert "post this photo" not in replica.told
