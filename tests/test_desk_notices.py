"""How often is somebody told of a case? Of what is new once, until they look or an hour has passed.

Whoever writes again and again fills no one's chat; and nobody misses what came after they looked.
The state machine does what both sides can do, with a platform that fails before or after a notice
has come, and looks at each notice as it is put in the outbox.
"""

from __future__ import annotations

import asyncio
import itertools
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import delete, select

from bot.desk.case import NotAllowedError, Reason
from bot.desk.port import Card
from bot.desk.records import NOTICE, TELL
from bot.platforms import LaterError, RefusedError, Who
from bot.store.tables import metadata, outbox
from tests.desk import HEAD, OFFICERS, Clock, World, person, world

ALICE, OLIVE = person(1), OFFICERS[0]
HOUR = timedelta(hours=1)


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[World]:
    async with world(f"sqlite:///{tmp_path}/cairn.db") as one:
        yield one


def told(desk: World, who: Who) -> int:
    """How many notices somebody has got."""
    return sum(user == who.user for chat in (desk.slack, desk.teams) for user, _ in chat.told)


async def write(desk: World, number: str, who: Who, times: int = 1) -> None:
    """Have somebody write something new so many times, each sent on its way at once."""
    act = desk.service.answer if who == ALICE else desk.service.reply
    for _ in range(times):
        await act(number, who, f"words {next(COUNT)}")
        await desk.deliver()


COUNT = itertools.count()


@pytest.mark.parametrize(("by", "to"), [(ALICE, OLIVE), (OLIVE, ALICE)], ids=["person", "office"])
async def test_t29_whoever_writes_forty_times_in_an_hour_is_announced_once(
    desk: World, by: Who, to: Who
):
    number = await desk.opened(ALICE)
    before = told(desk, to)
    for _ in range(40):
        await write(desk, number, by)
        desk.clock.move(seconds=80)
    assert told(desk, to) == before + 1
    assert len((await desk.service.read_own(number, ALICE)).words) == 41


@pytest.mark.parametrize(("by", "to"), [(ALICE, OLIVE), (OLIVE, ALICE)], ids=["person", "office"])
async def test_what_comes_first_after_somebody_looked_they_are_told_of_at_once(
    desk: World, by: Who, to: Who
):
    number = await desk.opened(ALICE)
    look = desk.service.read_own if to == ALICE else desk.service.read
    for _ in range(3):
        before = told(desk, to)
        await write(desk, number, by, 2)
        assert told(desk, to) == before + 1
        await look(number, to)


async def test_who_has_not_looked_is_told_again_an_hour_later(desk: World):
    number = await desk.opened(ALICE)
    await write(desk, number, ALICE)
    desk.clock.move(minutes=59)
    await write(desk, number, ALICE)
    assert told(desk, OLIVE) == 1
    desk.clock.move(minutes=1)
    await write(desk, number, ALICE)
    assert told(desk, OLIVE) == 2


async def test_a_clock_that_ran_ahead_and_was_put_back_keeps_nobody_from_being_told(desk: World):
    number = await desk.opened(ALICE)
    desk.clock.move(days=20)
    await write(desk, number, ALICE)
    desk.clock.move(days=-20)
    await write(desk, number, ALICE)
    assert told(desk, OLIVE) == 2


async def test_while_a_notice_waits_no_other_is_put_beside_it(desk: World):
    number = await desk.opened(ALICE)
    desk.slack.fault = lambda call: LaterError("down") if call == "tell" else None
    for _ in range(5):
        await write(desk, number, ALICE)
        desk.clock.move(hours=2)
    desk.slack.fault = lambda _: None
    await desk.deliver()
    assert told(desk, OLIVE) == 1


async def test_what_is_written_while_a_notice_arrives_is_told_to_whoever_looked_at_once(
    desk: World,
):
    number = await desk.opened(ALICE)
    tell = desk.slack.tell

    async def looked_at_once(who: Who, card: Card) -> None:
        desk.slack.tell = tell  # type: ignore[method-assign]
        await tell(who, card)
        await desk.service.read(number, OLIVE)
        await desk.service.answer(number, ALICE, "one thing more")

    desk.slack.tell = looked_at_once  # type: ignore[method-assign]
    await write(desk, number, ALICE)
    assert told(desk, OLIVE) == 2


async def test_a_notice_that_did_not_arrive_keeps_nobody_from_the_next_one(desk: World):
    number = await desk.opened(ALICE)
    desk.slack.fault = lambda call: RefusedError("blocked") if call == "tell" else None
    await write(desk, number, ALICE)
    desk.slack.fault = lambda _: None
    await write(desk, number, ALICE)
    assert told(desk, OLIVE) == 1


async def test_whoever_is_handed_a_case_is_told_though_its_former_claimer_just_was(desk: World):
    number = await desk.opened(ALICE)
    await write(desk, number, ALICE)
    await desk.service.hand_over(number, OLIVE, OFFICERS[1])
    await desk.deliver()
    assert (told(desk, OLIVE), told(desk, OFFICERS[1])) == (1, 1)
    await desk.service.clear(number, OFFICERS[1])
    await desk.service.read(number, OFFICERS[1])
    await write(desk, number, ALICE)
    assert (told(desk, OLIVE), told(desk, OFFICERS[1])) == (1, 2)


async def test_that_nobody_took_a_case_is_told_whatever_was_told_before(desk: World):
    number = await desk.opened(ALICE)
    await write(desk, number, OLIVE)
    await desk.service.hand_over(number, HEAD, None)
    desk.clock.move(days=5)
    await desk.keeper.tick()
    await desk.deliver()
    assert told(desk, ALICE) == 2


class NoticesMachine(RuleBasedStateMachine):
    """Two who write to each other, look or do not, and a platform that fails now and then."""

    runner: asyncio.Runner
    world: World

    @initialize()
    def begin(self) -> None:
        self.run(self._begin())

    async def _begin(self) -> None:
        async with self.world.store.transaction() as transaction:
            for table in reversed(metadata.sorted_tables):
                await transaction.connection.execute(delete(table))
        for chat in (self.world.slack, self.world.teams):
            chat.fault = lambda _: None
            chat.told.clear()
        self.number = await self.world.opened(ALICE)
        self.last_row = await self._newest()
        self.has_news = {ALICE.id: False, OLIVE.id: False}
        self.came_to = {ALICE.id: 0, OLIVE.id: 0}
        """How many notices have come since they looked."""
        self.put: dict[str, datetime] = {}
        """When the last notice was put on its way, to whom has not looked since."""

    def run(self, work: Any) -> Any:
        return self.runner.run(work)

    async def _rows(self) -> list[Any]:
        async with self.world.store.transaction() as transaction:
            found = select(outbox).where(outbox.c.kind.in_((NOTICE, TELL))).order_by(outbox.c.id)
            return list(await transaction.connection.execute(found))

    async def _newest(self) -> int:
        return max((row.id for row in await self._rows()), default=0)

    # -- what they do

    @rule(by=st.sampled_from([ALICE, OLIVE]))
    def writes(self, by: Who) -> None:
        act = self.world.service.answer if by == ALICE else self.world.service.reply
        self.run(self._act(by, lambda: act(self.number, by, f"words {next(COUNT)}")))

    @rule()
    def resolves(self) -> None:
        work = self.world.service.resolve
        self.run(self._act(OLIVE, lambda: work(self.number, OLIVE, Reason.ANSWERED)))

    @rule(by=st.sampled_from([ALICE, OLIVE]))
    def reopens(self, by: Who) -> None:
        self.run(self._act(by, lambda: self.world.service.reopen(self.number, by)))

    async def _act(self, by: Who, act: Callable[[], Any]) -> None:
        to, kind = (OLIVE, TELL) if by == ALICE else (ALICE, NOTICE)
        before = [row for row in await self._rows() if row.kind == kind and not row.parked]
        try:
            await act()
        except NotAllowedError:
            return
        self.has_news[to.id] = True
        new = [row for row in await self._rows() if row.id > self.last_row]
        self.last_row = max([row.id for row in new], default=self.last_row)
        assert all(row.kind == kind for row in new), "nobody is told of what they do themselves"
        if not new:
            return
        assert len(new) == 1
        if to.id in self.put:
            assert not before, "one waits, and they have not looked"
            assert self.world.clock.now - self.put[to.id] >= HOUR
        assert all(row.tries for row in before), "one is still to be sent"
        self.put[to.id] = self.world.clock.now

    @rule(who=st.sampled_from([ALICE, OLIVE]))
    def looks(self, who: Who) -> None:
        look = self.world.service.read_own if who == ALICE else self.world.service.read
        self.run(look(self.number, who))
        self.has_news[who.id], self.came_to[who.id] = False, 0
        self.put.pop(who.id, None)

    # -- platforms and time

    @rule(minutes=st.sampled_from([1, 10, 29, 31, 60]))
    def waits(self, minutes: int) -> None:
        self.world.clock.move(minutes=minutes)

    @rule(comes=st.booleans())
    def delivery_fails(self, comes: bool) -> None:
        """The platform cannot be reached, or what it answered was lost when a notice had come."""

        def fault(who: Who) -> Callable[[str], LaterError | None]:
            def fail(call: str) -> LaterError | None:
                if call != "tell":
                    return None
                self.came_to[who.id] += comes
                return LaterError("down")

            return fail

        self.world.slack.fault, self.world.teams.fault = fault(OLIVE), fault(ALICE)
        self.run(self.world.deliver())

    @rule()
    def delivery_works(self) -> None:
        for chat in (self.world.slack, self.world.teams):
            chat.fault = lambda _: None
            chat.told.clear()
        self.world.clock.move(minutes=15)  # also what was put off is due
        self.run(self.world.deliver())
        for who in (ALICE, OLIVE):
            self.came_to[who.id] += told(self.world, who)
            assert self.came_to[who.id] or not self.has_news[who.id], "they were not told of it"


@pytest.mark.long
def test_nobody_is_told_twice_within_an_hour_nor_left_untold_whatever_happens():
    shared = Path("/dev/shm")
    with (
        tempfile.TemporaryDirectory(dir=shared if shared.is_dir() else None) as folder,
        asyncio.Runner() as runner,
    ):
        stack = AsyncExitStack()

        async def enter() -> World:
            address = f"sqlite:///{folder}/cairn.db"
            return await stack.enter_async_context(world(address, clock=Clock()))

        parts = {"world": runner.run(enter()), "runner": runner}
        try:
            run_state_machine_as_test(
                type("OnThis", (NoticesMachine,), parts),
                settings=settings(
                    max_examples=100,
                    stateful_step_count=25,
                    deadline=None,
                    phases=(Phase.explicit, Phase.reuse, Phase.generate),
                    suppress_health_check=list(HealthCheck),
                ),
            )
        finally:
            runner.run(stack.aclose())
