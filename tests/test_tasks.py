"""Is work done in order for each person, to the end, and without one error stopping another?"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from bot.channels.memory import LIFE_SECONDS, Memory
from bot.privacy import OWN
from bot.tasks import _MOST_OF_ONE, _MOST_URGENT, Tasks


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


async def test_work_of_one_person_is_done_in_order_and_that_of_others_meanwhile():
    tasks, done, gate = Tasks(), [], asyncio.Event()

    async def wait() -> None:
        await gate.wait()
        done.append("first")

    async def note(name: str) -> None:
        done.append(name)

    tasks.spawn("alice", wait)
    tasks.spawn("alice", lambda: note("second"))
    tasks.spawn("bob", lambda: note("bob"))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert done == ["bob"]
    gate.set()
    assert await tasks.drain(5)
    assert done == ["bob", "first", "second"]


async def test_an_error_stops_nothing_else_and_its_words_are_not_logged(
    caplog: pytest.LogCaptureFixture,
):
    tasks, done = Tasks(), []

    async def fail() -> None:
        raise RuntimeError("what-somebody-typed")

    async def note() -> None:
        done.append(1)

    with caplog.at_level(logging.DEBUG, OWN):
        tasks.spawn("alice", fail)
        tasks.spawn("alice", note)
        assert await tasks.drain(5)
    assert done == [1]
    assert "RuntimeError in fail" in caplog.text
    assert "what-somebody-typed" not in caplog.text


async def test_what_has_begun_is_finished_at_shutdown_and_nothing_waits_for_ever():
    tasks, gate = Tasks(), asyncio.Event()

    async def wait() -> None:
        await gate.wait()

    tasks.spawn("alice", wait)
    tasks.spawn("alice", wait)
    assert not await tasks.drain(0.01)
    assert tasks.count == 0


async def test_too_much_work_is_refused_rather_than_memory_filled(
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setattr("bot.tasks._MOST", 2)
    tasks, gate = Tasks(), asyncio.Event()

    async def wait() -> None:
        await gate.wait()

    assert tasks.spawn("a", wait)
    assert tasks.spawn("b", wait)
    assert not tasks.spawn("c", wait)
    gate.set()
    assert await tasks.drain(5)
    assert tasks.spawn("c", wait)
    assert await tasks.drain(5)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 3), st.booleans()), max_size=30))
def test_whatever_is_spawned_each_line_keeps_its_order(work: list[tuple[str, int, bool]]):
    done: dict[str, list[int]] = {}

    async def run() -> None:
        tasks = Tasks()
        for number, (key, pauses, fails) in enumerate(work):

            async def one(
                key: str = key, number: int = number, pauses: int = pauses, fails: bool = fails
            ) -> None:
                for _ in range(pauses):
                    await asyncio.sleep(0)
                done.setdefault(key, []).append(number)
                if fails:
                    raise ValueError

            tasks.spawn(key, one)
        assert await tasks.drain(5)
        assert tasks.count == 0

    logging.getLogger(OWN).disabled = True
    try:
        asyncio.run(run())
    finally:
        logging.getLogger(OWN).disabled = False
    for key, numbers in done.items():
        assert numbers == [n for n, (k, _, _) in enumerate(work) if k == key]


async def test_nobody_has_so_much_waiting_that_nothing_is_taken_from_others():
    tasks, gate, done = Tasks(), asyncio.Event(), Counter[str]()

    async def wait(name: str) -> None:
        await gate.wait()
        done[name] += 1

    def spawn(name: str, *, urgent: bool = False) -> bool:
        return tasks.spawn(name, lambda: wait(name), urgent=urgent)

    taken = sum([spawn("mallory") for _ in range(1000)])
    await asyncio.sleep(0)  # the first of them begins, and waits no more
    taken += sum([spawn("mallory") for _ in range(1000)])
    assert taken == tasks.count == _MOST_OF_ONE + 1
    assert spawn("alice")
    assert not tasks.is_full
    gate.set()
    assert await tasks.drain(5)
    assert done == {"mallory": _MOST_OF_ONE + 1, "alice": 1}
    assert spawn("mallory")
    assert await tasks.drain(5)


async def test_what_is_urgent_has_its_turn_however_much_is_waiting(
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setattr("bot.tasks._MOST", 3)
    tasks, gate, done = Tasks(), asyncio.Event(), []

    async def wait() -> None:
        await gate.wait()

    async def help_them(name: str) -> None:
        done.append(name)

    assert [tasks.spawn(("x", n), wait) for n in range(4)] == [True, True, True, False]
    assert tasks.is_full
    names = [f"in danger {n}" for n in range(50)]
    assert all([tasks.spawn(one, lambda one=one: help_them(one), urgent=True) for one in names])
    await asyncio.sleep(0)
    assert done == names
    gate.set()
    assert await tasks.drain(5)


async def test_nobody_fills_memory_with_what_is_urgent():
    tasks, gate, done = Tasks(), asyncio.Event(), []

    async def help_them(number: int) -> None:
        await gate.wait()
        done.append(number)

    for number in range(1000):
        tasks.spawn("mallory", lambda number=number: help_them(number), urgent=True)
    assert tasks.count == _MOST_URGENT
    gate.set()
    assert await tasks.drain(5)
    assert done == list(range(_MOST_URGENT))


async def test_what_is_refused_is_logged_once_a_minute_and_names_nobody(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    monkeypatch.setattr("bot.tasks._MOST", 40)
    clock, gate = Clock(), asyncio.Event()
    tasks = Tasks(clock)

    async def wait() -> None:
        await gate.wait()

    with caplog.at_level(logging.DEBUG, OWN):
        for second in range(120):
            clock.now = float(second)
            for _ in range(100):
                tasks.spawn("mallory", wait)
            for number in range(100):
                tasks.spawn(("other", number), wait)
    gate.set()
    assert await tasks.drain(5)
    told = Counter((one.levelname, one.getMessage()) for one in caplog.records)
    assert told == {
        ("WARNING", "too much of one person is waiting; a piece was refused"): 2,
        ("ERROR", "too much work is waiting; a piece was refused"): 2,
    }
    assert "mallory" not in caplog.text


class Flooded(RuleBasedStateMachine):
    """Some write, some of it urgent, and their answers go out: a model of who gets which turn."""

    MOST = 12

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.patch = pytest.MonkeyPatch()
        self.patch.setattr("bot.tasks._MOST", self.MOST)
        self.patch.setattr("bot.tasks._MOST_OF_ONE", 4)
        self.patch.setattr("bot.tasks._MOST_URGENT", 2)
        self.tasks = Tasks(Clock())
        self.number = 0
        self.gates: dict[tuple[str, bool], asyncio.Semaphore] = {}
        self.running: dict[tuple[str, bool], int] = {}
        self.waiting: dict[tuple[str, bool], list[int]] = {}
        self.done: dict[tuple[str, bool], list[int]] = {}

    def turn(self) -> None:
        """Let everything go on that can."""

        async def turns() -> None:
            for _ in range(5):
                await asyncio.sleep(0)

        self.loop.run_until_complete(turns())

    @property
    def all(self) -> int:
        return len(self.running) + sum(map(len, self.waiting.values()))

    @rule(name=st.sampled_from("abcd"), urgent=st.booleans(), fails=st.booleans())
    def write(self, name: str, urgent: bool, fails: bool) -> None:
        key, number = (name, urgent), self.number
        self.number += 1
        gate = self.gates.setdefault(key, asyncio.Semaphore(0))

        async def work() -> None:
            await gate.acquire()
            self.done.setdefault(key, []).append(number)
            if fails:
                raise ValueError

        async def spawn() -> bool:
            return self.tasks.spawn(key, work, urgent=urgent)

        line = self.waiting.setdefault(key, [])
        own = len(line) < (2 if urgent else 4)
        expected = own and (urgent or self.all < self.MOST)
        assert self.loop.run_until_complete(spawn()) is expected
        if expected and key in self.running:
            line.append(number)
        elif expected:
            self.running[key] = number
        self.turn()

    @precondition(lambda self: self.running)
    @rule(data=st.data())
    def answer(self, data: st.DataObject) -> None:
        """One of those that have begun ends, and the next of the same person begins."""
        key = data.draw(st.sampled_from(sorted(self.running)))
        number = self.running.pop(key)
        self.gates[key].release()
        self.turn()
        assert self.done[key][-1] == number
        if self.waiting[key]:
            self.running[key] = self.waiting[key].pop(0)

    @invariant()
    def what_waits_is_counted_and_bounded(self) -> None:
        assert self.tasks.count == self.all
        assert self.tasks.is_full is (self.all >= self.MOST)
        for name, urgent in self.gates:
            key = (name, urgent)
            assert self.tasks.is_busy(key) is (key in self.running)
            assert self.done.get(key, []) == sorted(self.done.get(key, []))

    def teardown(self) -> None:
        for gate in self.gates.values():
            for _ in range(self.number):
                gate.release()
        assert self.loop.run_until_complete(self.tasks.drain(5))
        assert self.tasks.count == 0
        self.loop.close()
        self.patch.undo()


class TestFlooded(Flooded.TestCase):  # type: ignore[name-defined,misc]
    settings = settings(max_examples=100, stateful_step_count=40, deadline=None)

    @pytest.fixture(autouse=True)
    def quiet(self, caplog: pytest.LogCaptureFixture) -> None:
        caplog.set_level(logging.CRITICAL, OWN)


# -- the memory of a conversation


def test_what_is_kept_is_gone_after_half_an_hour_even_when_nobody_asks():
    clock = Clock()
    memory: Memory[str] = Memory(clock)
    memory.keep(("T", "U"), "place")
    clock.now = LIFE_SECONDS - 1
    assert memory.recall(("T", "U")) == "place"
    clock.now = LIFE_SECONDS
    memory.sweep()
    assert len(memory) == 0
    assert memory.recall(("T", "U")) is None


def test_the_memory_is_bounded_and_drops_the_oldest(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("bot.channels.memory._MOST", 3)
    memory: Memory[int] = Memory(Clock())
    for number in range(5):
        memory.keep(("T", str(number)), number)
    assert [memory.recall(("T", str(n))) for n in range(5)] == [None, None, 2, 3, 4]


def test_names_are_not_readable_and_not_confused():
    memory: Memory[str] = Memory(Clock())
    memory.keep(("T1", "U2"), "one")
    assert memory.recall(("T1U", "2")) is None
    assert not any(b"U2" in key for key in memory._kept)


@given(
    st.lists(
        st.one_of(
            st.tuples(st.just("keep"), st.sampled_from("abcd"), st.integers(0, 9)),
            st.tuples(st.just("wait"), st.floats(0, 2000), st.just(0)),
        ),
        max_size=30,
    )
)
def test_a_memory_behaves_as_a_table_with_times(steps: list[tuple[str, object, int]]):
    clock = Clock()
    memory: Memory[int] = Memory(clock)
    table: dict[str, tuple[float, int]] = {}
    for what, value, number in steps:
        if what == "wait":
            assert isinstance(value, float)
            clock.now += value
        else:
            assert isinstance(value, str)
            memory.keep((value,), number)
            table[value] = (clock.now, number)
        for name in "abcd":
            at, kept = table.get(name, (float("-inf"), 0))
            expected = kept if clock.now < at + LIFE_SECONDS else None
            assert memory.recall((name,)) == expected
