"""Does the desk keep what it promises, whatever people, offices, platforms and time do?

A state machine over the real service, delivery and store, on both databases. What must hold is
looked up in the database itself, past the service. ``python -m tests.test_desk_machine`` runs it
for longer.
"""

from __future__ import annotations

import asyncio
import itertools
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Coroutine
from contextlib import AsyncExitStack, suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import delete, select

from bot.desk.case import NotAllowedError, Reason, Record, State
from bot.desk.hours import is_open
from bot.desk.records import NoCaseError
from bot.desk.service import TooFewError, TooManyError
from bot.platforms import LaterError, RefusedError, Who
from bot.store import audit
from bot.store.tables import case_keys, cases, messages, metadata, outbox, reminders
from tests.desk import (
    BY_MAIL,
    CHANNEL,
    HOLDERS,
    NEXT_KEY,
    OFFICE,
    READERS,
    Clock,
    World,
    officer,
    person,
    world,
)
from tests.whole import sized

pytest_plugins = ["tests.postgres"]
POSTGRES = pytest.mark.xdist_group("postgres")

PEOPLE = [person(1), person(2, "slack")]
NEWCOMER = officer(9)
STRANGER = Who("slack", "T0CAIRN", "U0STRANGER", "A stranger")
EVERYBODY = [*PEOPLE, *READERS, *HOLDERS, NEWCOMER, STRANGER]
NO = (NotAllowedError, NoCaseError, TooFewError, TooManyError)
UNREAD = {State.QUEUED, State.ASKING, State.OFFERED, State.CHECKING}


class DeskMachine(RuleBasedStateMachine):
    """Everything that anybody can do with cases, in any order."""

    runner: asyncio.Runner
    world: World
    runs = itertools.count()

    numbers = Bundle("numbers")

    @initialize()
    def begin(self) -> None:
        self.sent: dict[str, tuple[Who, str, frozenset[str]]] = {}
        self.cleared: dict[str, set[str]] = {}
        self.withdrawn_unread: set[str] = set()
        self.recused: dict[str, set[str]] = {}
        self.run(self._empty())

    async def _empty(self) -> None:
        async with self.world.store.transaction() as transaction:
            for table in reversed(metadata.sorted_tables):
                await transaction.connection.execute(delete(table))
        self.world.slack.channels[CHANNEL].members = {who.user: who.name for who in READERS}
        self.world.slack.fault = self.world.teams.fault = lambda _: None
        self.world.post.fault = None

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        return self.runner.run(work)

    def attempt(self, work: Coroutine[Any, Any, Any]) -> Any:
        """What it leads to; nothing where it is refused."""
        with suppress(*NO):
            return self.run(work)
        return None

    # -- people

    @rule(
        target=numbers,
        who=st.sampled_from(PEOPLE),
        office=st.sampled_from([OFFICE, OFFICE, OFFICE, BY_MAIL]),
        out=st.sets(st.sampled_from(READERS).map(lambda who: who.id), max_size=4),
    )
    def send(self, who: Who, office: str, out: set[str]) -> str:
        number = self.world.number()
        text = f"canary {number}"
        excluded = frozenset(out) if office == OFFICE else frozenset()
        sending = self.world.sending(who, text, number=number, office=office, excluded=excluded)
        if self.attempt(self.world.service.open(sending)) is not None:
            self.sent[number] = (who, text, excluded)
            again = self.run(self.world.service.open(sending))
            assert again.number == number
        return number

    @rule(number=numbers, who=st.sampled_from(PEOPLE))
    def withdraw(self, number: str, who: Who) -> None:
        if self.attempt(self.world.service.withdraw(number, who)) is not None:
            self.withdrawn_unread.add(number)

    @rule(number=numbers, who=st.sampled_from(EVERYBODY))
    def answer(self, number: str, who: Who) -> None:
        done = self.attempt(self.world.service.answer(number, who, f"answer {number}"))
        assert done is None or who.id == self.sent[number][0].id

    @rule(number=numbers, who=st.sampled_from(PEOPLE))
    def agree(self, number: str, who: Who) -> None:
        members = self.world.slack.channels[CHANNEL].members
        now = {Who("slack", "", user).id: name for user, name in members.items()}
        self.attempt(self.world.service.agree(number, who, now))

    # -- the office

    @rule(number=numbers, who=st.sampled_from(EVERYBODY))
    def claim(self, number: str, who: Who) -> None:
        done = self.attempt(self.world.service.claim(number, who))
        if done is not None:
            requester, _, excluded = self.sent[number]
            assert who.id not in excluded | self.recused.get(number, set()) | {requester.id}

    @rule(number=numbers, who=st.sampled_from(READERS))
    def clear(self, number: str, who: Who) -> None:
        if self.attempt(self.world.service.clear(number, who)) is not None:
            self.cleared.setdefault(number, set()).add(who.id)

    @rule(number=numbers, who=st.sampled_from(EVERYBODY))
    def recuse(self, number: str, who: Who) -> None:
        if self.attempt(self.world.service.recuse(number, who)) is not None:
            self.recused.setdefault(number, set()).add(who.id)

    @rule(number=numbers, who=st.sampled_from(READERS), to=st.sampled_from([None, *READERS]))
    def hand_over(self, number: str, who: Who, to: Who | None) -> None:
        if self.attempt(self.world.service.hand_over(number, who, to)) is not None:
            self.cleared.setdefault(number, set()).discard(who.id)

    @rule(number=numbers, who=st.sampled_from(EVERYBODY))
    def reply(self, number: str, who: Who) -> None:
        done = self.attempt(self.world.service.reply(number, who, f"reply {number}"))
        assert done is None or who.id in self.cleared[number]

    @rule(number=numbers, who=st.sampled_from(READERS), record=st.sampled_from(Record))
    def finish(self, number: str, who: Who, record: Record) -> None:
        service = self.world.service
        self.attempt(service.resolve(number, who, Reason.ANSWERED))
        self.attempt(service.keep(number, who, record))
        self.attempt(service.close(number, who))

    @rule(number=numbers, who=st.sampled_from(EVERYBODY))
    def resolve(self, number: str, who: Who) -> None:
        self.attempt(self.world.service.resolve(number, who, Reason.REFERRED))

    @rule(number=numbers, who=st.sampled_from(EVERYBODY))
    def reopen(self, number: str, who: Who) -> None:
        self.attempt(self.world.service.reopen(number, who))

    @rule(number=numbers, who=st.sampled_from(EVERYBODY), lifted=st.booleans())
    def hold(self, number: str, who: Who, lifted: bool) -> None:
        service = self.world.service
        act = service.lift if lifted else service.hold
        done = self.attempt(act(number, who))
        assert done is None or who in HOLDERS

    # -- platforms, time and accidents

    @rule(joined=st.booleans())
    def membership(self, joined: bool) -> None:
        members = self.world.slack.channels[CHANNEL].members
        if joined:
            members[NEWCOMER.user] = NEWCOMER.name
        else:
            members.pop(NEWCOMER.user, None)

    @rule(fault=st.sampled_from([None, LaterError("down"), RefusedError("removed")]))
    def platforms(self, fault: Exception | None) -> None:
        for chat in (self.world.slack, self.world.teams):
            chat.fault = lambda _: fault
        self.world.post.fault = fault

    @rule()
    def deliver(self) -> None:
        self.run(self.world.deliver())

    @rule()
    def crash_in_delivery(self) -> None:
        """Somebody takes the next thing and is never heard of again."""
        self.run(self.world.posting.take())

    @rule(hours=st.sampled_from([1, 3, 9, 24, 72, 24 * 15, 24 * 31]))
    def wait(self, hours: int) -> None:
        self.world.clock.move(hours=hours)

    @rule()
    def tick(self) -> None:
        self.run(self.world.keeper.tick())

    @rule()
    def purge(self) -> None:
        self.run(self.world.keeper.purge())

    @rule()
    def rekey(self) -> None:
        self.run(self.world.keeper.rekey(most=1))

    # -- what always holds

    @invariant()
    def all_is_well(self) -> None:
        if hasattr(self, "sent"):
            self.run(self._look())

    async def _look(self) -> None:
        async with self.world.store.transaction() as transaction:
            connection = transaction.connection
            rows = {row.number: row for row in await connection.execute(select(cases))}
            keys = set((await connection.execute(select(case_keys.c.number))).scalars())
            words = set((await connection.execute(select(messages.c.number))).scalars())
            recorded = await connection.execute(select(reminders))
            assert max(Counter(tuple(row)[:3] for row in recorded).values(), default=1) == 1
        assert set(rows) == set(self.sent), "every accepted Send is exactly one case"
        for number, row in rows.items():
            state = State(row.state)
            erased = row.people is None
            assert erased == (number not in keys), number
            assert not erased or (number not in words and row.requester is None)
            if state is State.PURGED:
                assert erased
                assert not row.held
                assert row.topic == row.card == ""
            if row.held:
                assert not erased, "what is held is not erased"

    @rule(number=numbers)
    def who_reads(self, number: str) -> None:
        if number in self.sent:
            self.run(self._probe(number))

    async def _probe(self, number: str) -> None:
        case = await self.world.service.look(number)
        await self._who_reads(number, case.state, case.people is None)

    async def _who_reads(self, number: str, state: State, erased: bool) -> None:
        requester, text, excluded = self.sent[number]
        readers = []
        for who in EVERYBODY:
            try:
                read = await self.world.service.read(number, who)
            except NO:
                continue
            assert read.words[0].text == text
            readers.append(who.id)
        officers = [ident for ident in readers if ident != requester.id]
        assert not erased or not readers, "what is erased is read by nobody"
        assert len(officers) <= 1, "at most one officer reads it"
        assert not set(officers) & excluded, "whoever was taken off never reads it"
        assert set(officers) <= self.cleared.get(number, set()), "only who has no conflict"
        if state in UNREAD or number in self.withdrawn_unread:
            assert not officers, "nobody reads it before the conflict check"

    def teardown(self) -> None:
        # It takes as long as the steps themselves, so every fourth run is followed to its end.
        if hasattr(self, "sent") and next(self.runs) % 4 == 0:
            self.run(self._to_the_end())

    async def _to_the_end(self) -> None:
        """Every case reaches an end in its time, or visibly waits for somebody."""
        slack, teams, post = self.world.slack, self.world.teams, self.world.post
        slack.fault = teams.fault = lambda _: None
        post.fault = None
        for number in self.sent:
            await self._probe(number)
        for _ in range(8):
            self._to_an_open_hour()
            await self.world.deliver()
            await self.world.keeper.tick()
            await self.world.keeper.purge()
        async with self.world.store.transaction() as transaction:
            rows = await transaction.connection.execute(select(cases))
            left = [row for row in rows if row.state != State.PURGED]
            waiting = (await transaction.connection.execute(select(outbox))).all()
            assert (await audit.chain(transaction.connection)).broken is None
        for row in left:
            held = row.held and row.state in {"closed", "fallback", "withdrawn"}
            no_record = row.state == "closed" and row.record == "open"
            worked_on = row.state == "claimed"
            assert held or no_record or worked_on, row
        assert all(row.parked for row in waiting)

    def _to_an_open_hour(self) -> None:
        """Move the clock by fifteen days and more, to an hour at which the office is open."""
        clock = self.world.clock
        clock.now = clock.now.replace(hour=17, minute=0)  # noon in the office, or one o'clock
        clock.move(days=15)
        while not is_open(self.world.directory.contact(OFFICE), clock.now):
            clock.move(days=1)


def machine_on(new_world: Callable[[], Any], runner: asyncio.Runner) -> type[DeskMachine]:
    """The machine on one database."""
    return type("OnThis", (DeskMachine,), {"world": new_world(), "runner": runner})


def run_machine(address: str, examples: int, steps: int) -> None:
    with asyncio.Runner() as runner:
        stack = AsyncExitStack()

        async def enter() -> World:
            keys = (NEXT_KEY, bytes([7]) * 32)
            return await stack.enter_async_context(world(address, keys=keys, clock=Clock()))

        machine = machine_on(lambda: runner.run(enter()), runner)
        try:
            run_state_machine_as_test(
                machine,
                settings=settings(
                    max_examples=examples,
                    stateful_step_count=steps,
                    deadline=None,
                    # To make a failure smaller takes minutes here; the steps are printed as it is.
                    phases=(Phase.explicit, Phase.reuse, Phase.generate),
                    suppress_health_check=list(HealthCheck),
                ),
            )
        finally:
            runner.run(stack.aclose())


EXAMPLES, STEPS = sized(100, 500), 30


def test_what_is_promised_holds_on_sqlite():
    # In memory, where there is such a folder: what a disk does with each commit is not in question.
    shared = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=shared if shared.is_dir() else None) as folder:
        run_machine(f"sqlite:///{folder}/cairn.db", EXAMPLES, STEPS)


@pytest.mark.long
@POSTGRES
def test_what_is_promised_holds_on_postgresql(new_database: Callable[[], str]):
    run_machine(new_database(), EXAMPLES, STEPS)


if __name__ == "__main__":
    run_machine(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
