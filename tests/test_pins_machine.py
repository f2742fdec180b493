"""Do pins come to stand once and show what is said now, whatever people, platforms and time do?

A state machine over two processes of Cairn on one database, which need not say the same. What must
hold is looked up on the platforms and in the database itself. ``python -m tests.test_pins_machine
ADDRESS EXAMPLES STEPS`` runs it for longer.
"""

from __future__ import annotations

import asyncio
import re
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Coroutine
from contextlib import AsyncExitStack, suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from bot.guidance.model import Guidance, Materiality
from bot.platforms import LaterError, PlatformError
from bot.store import engine
from bot.store.pins import STANDING, Pin
from tests.desk import Clock
from tests.pins import (
    Call,
    Channel,
    Wall,
    World,
    at,
    down,
    no_fault,
    person,
    plain,
    refuses,
    revised,
    reworded,
    says,
    without,
    world,
)
from tests.whole import sized

pytest_plugins = ["tests.postgres"]
POSTGRES = pytest.mark.xdist_group("postgres")

SUMMARIES = ("generative_ai", "where_to_get_help")
GOES = "before_you_post"
PLACES = (("slack", "C0ONE"), ("slack", "C0TWO"), ("teams", "C0ONE"))
Key = tuple[str, str, str]


def beginning() -> Guidance:
    """The guidance with three summaries, one of which may go."""
    guidance = plain()
    cards = {name: guidance.summaries[name] for name in (*SUMMARIES, GOES)}
    return replace(guidance, summaries=cards)


class PinMachine(RuleBasedStateMachine):
    """Everything that can happen to pins, in any order."""

    runner: asyncio.Runner
    world: World

    @initialize()
    def begin(self) -> None:
        self.wanted: dict[Key, str] = {}
        self.deleted: set[Key] = set()
        """Wanted ones whose post somebody may have deleted: they need not stand any more."""
        self.strays: Counter[tuple[str, str]] = Counter()
        """Posts that nobody knows of, since a process died or an answer was lost."""
        self.lost_lines = 0
        self.refused_lines = False
        self.newest = beginning()
        for name, wall in self.world.walls.items():
            wall.channels = {channel: Channel() for one, channel in PLACES if one == name}
            wall.fault = wall.fault_after = no_fault
            wall.most_a_minute = None
            wall.calls.clear()
        self.world.say(self.newest)
        self.run(self.world.empty())
        self.world.clock.move(hours=2)
        self.world.next_round = 0.0

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        return self.runner.run(work)

    # -- people

    @rule(
        place=st.sampled_from(PLACES),
        summary=st.sampled_from([*SUMMARIES, *SUMMARIES, GOES]),
        langs=st.sampled_from(["en", "fr", "both"]),
        replica=st.integers(0, 1),
    )
    def pin(self, place: tuple[str, str], summary: str, langs: str, replica: int) -> None:
        platform, channel = place
        form = self.run(
            self.world.pin(channel, summary, langs, person(1, platform), replica=replica)
        )
        # Where the platform refuses to change what stands, it is changed when that may be done.
        done = ("pin_done", f"pin_done_{platform}", "pin_soon", "pin_no_restricted")
        if any(says(form, one) for one in done):
            self._wants((*place, summary), "en+fr" if langs == "both" else langs)
        else:
            assert says(form, "pin_later") or says(form, "pin_expired")

    def _wants(self, key: Key, langs: str) -> None:
        self.wanted[key] = langs
        self.deleted.discard(key)

    @rule(place=st.sampled_from(PLACES), langs=st.sampled_from(["en", "fr"]))
    def pin_and_die(self, place: tuple[str, str], langs: str) -> None:
        """The process dies as soon as it is written down what is wanted."""
        summary = SUMMARIES[0]
        known = len(self.world.first.talk.guidance.revisions)
        self.run(self.world.first.pins.put(at(*place), summary, langs, known))
        self._wants((*place, summary), langs)

    @rule(
        place=st.sampled_from(PLACES),
        summary=st.sampled_from([*SUMMARIES, GOES]),
        replica=st.integers(0, 1),
    )
    def unpin(self, place: tuple[str, str], summary: str, replica: int) -> None:
        platform, channel = place
        rows = {(row.platform, row.channel, row.summary) for row in self.run(self.world.rows())}
        form = self.run(self.world.unpin(channel, summary, person(1, platform), replica))
        key = (*place, summary)
        if any(says(form, one) for one in ("pin_left", "pin_left_soon", "pin_left_by_hand")):
            self.wanted.pop(key, None)
            self.deleted.discard(key)
            self.strays[place] += says(form, "pin_left_by_hand")
        else:
            none, later = says(form, "pin_leave_none"), says(form, "pin_later")
            assert none or later or says(form, "trouble_nothing_picked")
            assert none or later or key not in rows, "it is on its way out"
            assert not later or self.world.walls[platform].fault is down, "who is there is told"

    @rule(place=st.sampled_from(PLACES))
    def delete_by_hand(self, place: tuple[str, str]) -> None:
        platform, channel = place
        wall = self.world.walls[platform]
        if wall.posts(channel):
            wall.delete_by_hand(channel)
            self.deleted |= {key for key in self.wanted if key[:2] == place}

    @rule(place=st.sampled_from(PLACES))
    def remove_cairn(self, place: tuple[str, str]) -> None:
        """And add it again at once: what it forgot stands there for ever."""
        platform, channel = place
        self.run(self.world.first.pins.forget(platform, at(platform).tenant, channel))
        for key in [key for key in self.wanted if key[:2] == place]:
            del self.wanted[key]
        self.strays[place] = len(self.world.walls[platform].posts(channel))

    # -- the guidance

    @rule(
        how=st.sampled_from([*Materiality, Materiality.SUBSTANTIVE]),
        summary=st.sampled_from(SUMMARIES),
        shows=st.booleans(),
    )
    def publish(self, how: Materiality, summary: str, shows: bool) -> None:
        number = len(self.newest.revisions) + 1
        guidance = reworded(self.newest, summary, f"Sentence {number}") if shows else self.newest
        self.newest = revised(guidance, how, summary)

    @rule()
    def abandon(self) -> None:
        """A summary goes out of the guidance."""
        if GOES in self.newest.summaries:
            self.newest = without(self.newest, GOES)

    @rule(replica=st.integers(0, 1))
    def reload(self, replica: int) -> None:
        self.world.replicas[replica].talk.swap(self.newest, None)

    # -- platforms, time and accidents

    @rule(
        fault=st.sampled_from([no_fault, down, refuses("update"), refuses("note"),
                               refuses("hold"), refuses("remove"), "lost"]),
        most=st.sampled_from([None, None, 3]),
    )  # fmt: skip
    def platforms(self, fault: Any, most: int | None) -> None:
        for name, wall in self.world.walls.items():
            wall.fault = no_fault if fault == "lost" else fault
            wall.fault_after = partial(self._lost, name) if fault == "lost" else no_fault
            wall.most_a_minute = most
        self.refused_lines |= fault not in (no_fault, down, "lost")

    def _lost(self, platform: str, call: Call) -> PlatformError:
        """It is done, and no answer comes."""
        self.strays[platform, call.channel] += call.method == "post"
        self.lost_lines += call.method == "note"
        return LaterError("lost")

    @rule(seconds=st.sampled_from([5, 20, 90]))
    def keep(self, seconds: int) -> None:
        self.run(self.world.rest(seconds=seconds))

    @rule(replica=st.integers(0, 1))
    def look(self, replica: int) -> None:
        self.run(self.world.replicas[replica].keeper.wake())

    @rule(hours=st.sampled_from([0.01, 0.3, 2, 30]))
    def wait(self, hours: float) -> None:
        """All processes are off meanwhile."""
        self.world.clock.move(hours=hours)

    @rule(platform=st.sampled_from(["slack", "teams"]), replica=st.integers(0, 1))
    def die_before_a_call(self, platform: str, replica: int) -> None:
        self.run(self._take(platform, replica))

    @rule(platform=st.sampled_from(["slack", "teams"]), replica=st.integers(0, 1))
    def die_after_a_call(self, platform: str, replica: int) -> None:
        self.run(self._die_after(platform, replica))

    async def _take(self, platform: str, replica: int) -> Pin | None:
        acting = self.world.acting(replica)
        known = len(acting.talk.guidance.revisions)
        return await acting.pins.take(platform, self.world.walls[platform].spacing, known)

    async def _die_after(self, platform: str, replica: int) -> None:
        pin = await self._take(platform, replica)
        if pin is None:
            return
        wall = self.world.walls[platform]
        before, closed_until = len(wall.calls), wall.closed_until
        with suppress(PlatformError):
            await self.world.acting(replica).keeper._call(pin)
            for call in wall.calls[before:]:
                self.strays[platform, call.channel] += call.method == "post"
                self.lost_lines += call.method == "note"
        # Where it was told to wait, that died with it: the next one asks, and is told again.
        wall.closed_until = closed_until

    # -- what always holds

    @invariant()
    def nothing_is_lost(self) -> None:
        if hasattr(self, "wanted"):
            self.run(self._look())

    async def _look(self) -> None:
        rows = {(row.platform, row.channel, row.summary): row for row in await self.world.rows()}
        for key in set(self.wanted) - self.deleted:
            assert key in rows or key[2] == GOES, "nobody forgets what is wanted"
            assert key not in rows or key[2] == GOES or rows[key].langs == self.wanted[key]
        for row in rows.values():
            assert row.due is not None or (row.state == STANDING and row.ref)
            assert row.ref or row.state != STANDING

    def teardown(self) -> None:
        if hasattr(self, "wanted"):
            self.run(self._to_the_end())

    async def _to_the_end(self) -> None:
        """Everything is well again, and everything is as it should be soon after."""
        for wall in self.world.walls.values():
            wall.fault = wall.fault_after = no_fault
            wall.most_a_minute = None
        self.world.say(self.newest)
        # What was refused is tried again a day later, what failed an hour later.
        self.world.clock.move(days=1)
        self.world.next_round = 0.0
        await self.world.rest(minutes=20)
        rows = await self.world.rows()
        for row in rows:
            assert (row.state, row.due, row.taken <= self.world.now) == (STANDING, None, True), row
        found = {(row.platform, row.channel, row.summary): row for row in rows}
        gone = set() if GOES in self.newest.summaries else {GOES}
        must = {key for key in self.wanted if key[2] not in gone} - self.deleted
        assert must <= set(found) <= set(self.wanted)
        for key in must:
            self._is_right(found[key])
        for place in PLACES:
            platform, channel = place
            known = {row.ref for row in rows if (row.platform, row.channel) == place}
            posts = self.world.walls[platform].channels[channel].posts
            strays = [ref for ref, post in posts.items() if not post.deleted and ref not in known]
            assert len(strays) <= self.strays[place], "posted once more than needed"

    def _is_right(self, row: Pin) -> None:
        wall = self.world.walls[row.platform]
        channel = wall.channels[row.channel]
        post = channel.posts[row.ref]
        assert not post.deleted
        assert row.langs == self.wanted[row.platform, row.channel, row.summary]
        drawn = self.world.first.keeper.draw(row.platform, row.summary, row.langs)
        assert post.text == wall.words_of(drawn)
        assert row.ref in channel.pinned or self.refused_lines
        told = Counter(
            number
            for line in post.lines
            for number in {int(found) for found in re.findall(r"\b[EF](\d+)\b", line)}
        )
        news = {
            number
            for number, one in enumerate(self.newest.revisions, start=1)
            if number > post.known
            and one.how is Materiality.SUBSTANTIVE
            and f"summary:{row.summary}" in one.of
        }
        assert set(told) <= news
        assert self.refused_lines or set(told) == news
        assert sum(told.values()) <= len(news) + self.lost_lines * len(news)


def run_machine(address: str, examples: int, steps: int) -> None:
    with asyncio.Runner() as runner:
        stack = AsyncExitStack()

        async def enter() -> World:
            clock = Clock()
            walls = {"slack": Wall("slack", clock), "teams": Wall("teams", clock, 0.5)}
            return await stack.enter_async_context(
                world(address, replicas=2, clock=clock, walls=walls, department=False)
            )

        here = {"world": runner.run(enter()), "runner": runner}
        try:
            run_state_machine_as_test(
                type("OnThis", (PinMachine,), here),
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


EXAMPLES, STEPS = sized(50, 200), 30


@pytest.fixture(autouse=True)
def _patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "PATIENCE", 120.0)


def test_what_is_wanted_stands_and_is_current_on_sqlite():
    # In memory, where there is such a folder: what a disk does with each commit is not in question.
    shared = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=shared if shared.is_dir() else None) as folder:
        run_machine(f"sqlite:///{folder}/cairn.db", EXAMPLES, STEPS)


@pytest.mark.long
@POSTGRES
def test_what_is_wanted_stands_and_is_current_on_postgresql(new_database: Callable[[], str]):
    run_machine(new_database(), EXAMPLES // 2, STEPS)


if __name__ == "__main__":
    run_machine(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
