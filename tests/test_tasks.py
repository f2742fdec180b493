"""Is work done in order for each person, to the end, and without one error stopping another?"""

from __future__ import annotations

import asyncio
import logging

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.channels.memory import LIFE_SECONDS, Memory
from bot.privacy import OWN
from bot.tasks import Tasks


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


# -- the memory of a conversation


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


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
