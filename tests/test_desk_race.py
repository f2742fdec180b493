"""Does the desk stay right when many act at the same moment, in one process and in several?"""

from __future__ import annotations

import asyncio
import multiprocessing
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from itertools import repeat
from multiprocessing.queues import SimpleQueue
from multiprocessing.synchronize import Barrier
from pathlib import Path

import pytest
from sqlalchemy import select

from bot.desk.case import Case, NotAllowedError, People, Reason, State, Why
from bot.desk.port import Card
from bot.desk.service import MOST_A_DAY, MOST_OPEN, Desk, TooManyError
from bot.forms import Press
from bot.platforms import Place, Who
from bot.store import audit
from bot.store.outbox import LEASE
from bot.store.tables import audit as audit_table
from bot.store.tables import cases, messages, outbox
from tests.conftest import NOON
from tests.desk import (
    CHANNEL,
    OFFICE,
    OFFICERS,
    READERS,
    Channel,
    Chat,
    Clock,
    World,
    officer,
    person,
    world,
)
from tests.whole import sized

pytest_plugins = ["tests.postgres"]
pytestmark = pytest.mark.usefixtures("patient")
POSTGRES = pytest.mark.xdist_group("postgres")

WORKERS, CASES = 16, sized(250, 1_000)
PROCESSES, CASES_OF_PROCESSES = 4, 100
REPLICAS = 4
CLAIMERS = tuple(officer(number) for number in range(1, WORKERS + 1))


@asynccontextmanager
async def replicas(address: str, many: int) -> AsyncIterator[list[World]]:
    """Several desks on one database, each with a store of its own, before the same chats."""
    async with AsyncExitStack() as stack:
        clock, slack, teams = Clock(), Together("slack"), Chat("teams")
        slack.channels = {CHANNEL: Channel({who.user: who.name for who in READERS})}
        yield [
            await stack.enter_async_context(world(address, clock=clock, slack=slack, teams=teams))
            for _ in range(many)
        ]


class Together(Chat):
    """A chat that is slow, and remembers of which cases two cards were written at once."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.busy: Counter[str] = Counter()
        self.at_once: list[str] = []

    @asynccontextmanager
    async def _writing(self, card: Card) -> AsyncIterator[None]:
        if self.busy[card.value]:
            self.at_once.append(card.value)
        self.busy[card.value] += 1
        for _ in range(20):
            await asyncio.sleep(0)
        yield
        self.busy[card.value] -= 1

    async def post(self, place: Place, card: Card) -> str:
        async with self._writing(card):
            return await super().post(place, card)

    async def update(self, place: Place, ref: str, card: Card) -> None:
        async with self._writing(card):
            await super().update(place, ref, card)


async def offered(world: World, many: int) -> list[str]:
    """Cases that stand in the office's channel, put there in one transaction."""
    readers = {who.id: who.name for who in CLAIMERS}
    async with world.archive.records() as records:
        for number in range(many):
            case = Case(
                number=f"AAA-{number:03d}",
                office=OFFICE,
                topic="post_reported",
                lang="en",
                mode="case",
                state=State.OFFERED,
                turn=1,
                opened=NOON,
                since=NOON,
                people=People(person(number), readers),
            )
            kept = await records.add(case)
            await records.save(replace(kept, card=f"{number}.0"))
    return [f"AAA-{number:03d}" for number in range(many)]


@dataclass
class Race:
    """Who won which case, and how often anybody tried."""

    won: list[tuple[str, str]] = field(default_factory=list)
    lost: Counter[Why] = field(default_factory=Counter)

    async def run(self, desk: Desk, who: Who, numbers: Sequence[str]) -> None:
        """Try to claim every case; only that somebody else has it may be in the way."""
        for number in numbers:
            try:
                await desk.claim(number, who)
            except NotAllowedError as error:
                self.lost[error.why] += 1
            else:
                self.won.append((number, who.id))

    async def check(self, world: World, numbers: Sequence[str], workers: int) -> None:
        """Each case has one winner, who is its claimer, and it was written down once."""
        everybody_else = (workers - 1) * len(numbers)
        assert self.lost == {Why.TAKEN: everybody_else}, "everybody tried every case"
        assert sorted(number for number, _ in self.won) == list(numbers)
        winners = dict(self.won)
        for number in numbers:
            case = await world.service.look(number)
            assert case.state is State.CHECKING
            assert case.people is not None
            assert case.people.claimer is not None
            assert case.people.claimer.id == winners[number]
        async with world.store.transaction() as transaction:
            connection = transaction.connection
            acts = await connection.execute(select(audit_table.c.number, audit_table.c.act))
            assert sorted(tuple(row) for row in acts) == [(number, "claim") for number in numbers]
            sent = (await connection.execute(select(outbox.c.number))).scalars()
            assert sorted(sent) == list(numbers), "its card is changed once"
            assert (await audit.chain(connection)).broken is None


async def race(address: str, stores: int) -> None:
    async with replicas(address, stores) as worlds:
        numbers, result = await offered(worlds[0], CASES), Race()
        async with asyncio.TaskGroup() as group:
            for place, who in enumerate(CLAIMERS):
                desk = worlds[place % stores].service
                group.create_task(result.run(desk, who, numbers))
        await result.check(worlds[0], numbers, WORKERS)


@pytest.mark.long
async def test_of_sixteen_who_claim_at_once_exactly_one_has_a_case_on_sqlite(tmp_path: Path):
    await race(f"sqlite:///{tmp_path}/cairn.db", 1)


@pytest.mark.long
@POSTGRES
async def test_of_sixteen_who_claim_at_once_exactly_one_has_a_case_on_postgresql(
    new_database: Callable[[], str],
):
    await race(new_database(), REPLICAS)


def _claim_in_a_process(
    address: str, place: int, barrier: Barrier, told: SimpleQueue[Race | str]
) -> None:
    async def work() -> Race:
        async with world(address) as mine:
            numbers, result = [f"AAA-{n:03d}" for n in range(CASES_OF_PROCESSES)], Race()
            barrier.wait()
            await result.run(mine.service, CLAIMERS[place], numbers)
            return result

    try:
        told.put(asyncio.run(work()))
    except BaseException as error:
        told.put(repr(error))
        raise


def test_of_four_processes_on_one_file_exactly_one_has_a_case(tmp_path: Path):
    address = f"sqlite:///{tmp_path}/cairn.db"

    async def prepare() -> list[str]:
        async with world(address) as first:
            return await offered(first, CASES_OF_PROCESSES)

    async def check() -> None:
        async with world(address) as last:
            await total.check(last, numbers, PROCESSES)

    numbers, total = asyncio.run(prepare()), Race()
    context = multiprocessing.get_context("fork")
    barrier, told = context.Barrier(PROCESSES), context.SimpleQueue()
    started = [
        context.Process(
            target=_claim_in_a_process, args=(address, place, barrier, told), daemon=True
        )
        for place in range(PROCESSES)
    ]
    for process in started:
        process.start()
    for _ in started:
        result = told.get()
        assert isinstance(result, Race), result
        total.won += result.won
        total.lost += result.lost
    for process in started:
        process.join()
    asyncio.run(check())


async def test_send_that_is_pressed_twenty_times_at_once_is_one_case(address: str):
    async with replicas(address, 2) as worlds:
        sending = worlds[0].sending(person(1), number="AAA-001")
        done = await asyncio.gather(*(worlds[n % 2].service.open(sending) for n in range(20)))
        assert {case.number for case in done} == {"AAA-001"}
        async with worlds[0].store.transaction() as transaction:
            for table in (cases, messages, outbox, audit_table):
                rows = (await transaction.connection.execute(select(table.c.number))).scalars()
                assert list(rows) == ["AAA-001"], table.name
        await asyncio.gather(*(world.deliver() for world in worlds))
        assert len(worlds[0].slack.channels[CHANNEL].cards) == 1


async def send_at_once(worlds: Sequence[World], who: Who, many: int) -> list[str]:
    """Press Send for several cases at once; return the numbers of those that were taken."""
    sendings = [worlds[0].sending(who) for _ in range(many)]
    done = await asyncio.gather(
        *(worlds[n % len(worlds)].service.open(one) for n, one in enumerate(sendings)),
        return_exceptions=True,
    )
    refused = [one for one in done if not isinstance(one, Case)]
    assert all(isinstance(one, TooManyError) for one in refused), refused
    return [one.number for one in done if isinstance(one, Case)]


async def test_the_limits_hold_for_somebody_who_sends_from_everywhere_at_once(address: str):
    async with replicas(address, 2) as worlds:
        first, clock, me = worlds[0], worlds[0].clock, person(1)
        numbers = await send_at_once(worlds, me, 12)
        assert len(numbers) == MOST_OPEN == 3
        assert len(await send_at_once(worlds, person(2), 12)) == MOST_OPEN, "each has their own"
        await first.deliver()
        for number in numbers:
            await first.service.claim(number, OFFICERS[0])
            await first.service.clear(number, OFFICERS[0])
            await first.service.resolve(number, OFFICERS[0], Reason.ANSWERED)
        assert len(await send_at_once(worlds, me, 12)) == MOST_A_DAY - MOST_OPEN == 2
        clock.move(days=1)
        assert len(await send_at_once(worlds, me, 12)) == 1, "two are open still"


async def test_who_takes_back_each_case_at_once_still_sends_no_more_than_five_a_day(address: str):
    async with replicas(address, 2) as worlds:
        first, me, sent = worlds[0], person(1), 0
        for _ in range(4):
            numbers = await send_at_once(worlds, me, 4)
            sent += len(numbers)
            for number in numbers:
                await first.service.withdraw(number, me)
        assert sent == MOST_A_DAY
        first.clock.move(days=1)
        assert len(await send_at_once(worlds, me, 4)) == MOST_OPEN


async def test_while_one_delivers_nobody_else_has_the_same_thing(address: str):
    async with replicas(address, 2) as worlds:
        one, other = worlds
        slack = one.slack
        assert isinstance(slack, Together)
        numbers = []
        for number in range(1, 13):
            numbers += [await one.send(person(number)) for _ in range(2)]
        done = await asyncio.gather(*(worlds[n % 2].deliver() for n in range(8)))
        assert sum(done) == len(numbers)
        assert slack.at_once == []
        for act in (Desk.claim, Desk.clear):
            desks = [worlds[n % 2].service for n in range(len(numbers))]
            await asyncio.gather(*map(act, desks, numbers, repeat(OFFICERS[0])))
        done = await asyncio.gather(*(worlds[n % 2].deliver() for n in range(8)))
        assert sum(done) == 2 * len(numbers)
        assert slack.at_once == []
        cards = slack.channels[CHANNEL].cards.values()
        assert sorted(card.value for card in cards) == sorted(numbers), "each case has one card"
        assert not await other.delivery.once()


async def test_a_request_that_comes_to_each_replica_at_once_acts_once(address: str):
    async with replicas(address, REPLICAS) as worlds:
        number = await worlds[0].opened(person(1))
        olive = OFFICERS[0]
        reply = Press("desk:reply", number, {}, {"reply": "An answer"}, once="1")
        answer = Press("desk:answer", number, {}, {"answer": "Thanks"}, once="2")
        for _ in range(2):
            await asyncio.gather(*(one.counter.press(olive, reply, "en") for one in worlds))
            await asyncio.gather(*(one.counter.press(person(1), answer, "en") for one in worlds))
        assert len((await worlds[0].service.read(number, olive)).words) == 3


async def test_what_somebody_has_taken_and_left_goes_to_one_other_after_its_time(address: str):
    async with replicas(address, 2) as worlds:
        one, other = worlds
        await one.send()
        assert await one.posting.take() is not None
        taken = await asyncio.gather(*(worlds[n % 2].posting.take() for n in range(8)))
        assert taken == [None] * 8
        one.clock.move(seconds=LEASE)
        taken = await asyncio.gather(*(worlds[n % 2].posting.take() for n in range(8)))
        assert [thing.tries for thing in taken if thing is not None] == [2]
        one.clock.move(seconds=LEASE)
        assert await other.deliver() == 1
