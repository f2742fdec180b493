"""Is a pin lost, or seen too often, where the process dies at any point on the way?

A life is a process that is killed at a point of its own, by SIGKILL, and the next life finds out
what the one before has left. A point lies before each statement or message to the database, before
each call of a platform and after it; they are numbered by counting them. What a platform shows is
in a file that outlives every life.
"""

from __future__ import annotations

import pickle
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from bot.forms import Press
from bot.guidance.model import Guidance, Materiality
from bot.pins import counter as counters
from bot.pins.counter import LEAVE, PUT, REMOVE
from bot.store import engine
from bot.store.pins import LEAVING, STANDING, Pin
from tests.conftest import NOON
from tests.desk import Clock
from tests.lives import Points, alone, spawn
from tests.pins import (
    SUMMARY,
    Call,
    Channel,
    Wall,
    World,
    at,
    person,
    plain,
    revised,
    reworded,
    says,
    world,
)
from tests.whole import one_now

pytest_plugins = ["tests.postgres"]
POSTGRES = pytest.mark.xdist_group("postgres")

LEAST = {"post": 15, "again": 15, "refresh": 20, "unpin": 10}
"""How many points there are at the least, or they were not seen."""


def guidance_of(number: int) -> Guidance:
    """The guidance after so many changes of the summary."""
    guidance = plain()
    for one in range(number):
        guidance = reworded(guidance, SUMMARY, f"Sentence {one}")
        guidance = revised(guidance, Materiality.SUBSTANTIVE, SUMMARY)
    return guidance


class Lasting(Wall):
    """A platform that outlives the process, in a file; and what the lives have noted there."""

    def __init__(self, clock: Clock, path: Path, point: Points) -> None:
        super().__init__("slack", clock)
        self._path = path
        self.noted: list[tuple[Any, ...]] = []
        self.channels = {}
        if path.exists():
            self.channels, self.noted = pickle.loads(path.read_bytes())
        for _ in range(sum(len(channel.posts) for channel in self.channels.values())):
            next(self._numbers)
        self._point = point
        self.fault = self._before
        self.fault_after = self._after

    def _before(self, _: Call) -> None:
        self._point()

    def _after(self, _: Call) -> None:
        self.keep()
        self._point()

    def note_down(self, *what: object) -> None:
        self.noted.append(what)
        self.keep()

    def keep(self) -> None:
        new = self._path.with_suffix(".new")
        new.write_bytes(pickle.dumps((self.channels, self.noted)))
        new.replace(self._path)


@dataclass(slots=True)
class Life:
    """One process, from its start to its end."""

    kind: str
    number: int
    here: World
    wall: Lasting
    point: Points

    async def live(self) -> None:
        """Settle what the last life has left, then do something; die on the way."""
        if self.wall.noted and self.wall.noted[-1][0] != "settled":
            begun = max(n for n, one in enumerate(self.wall.noted) if one[0] == "life")
            done = len(self.wall.noted) > begun + 1
            await self.settle(self.wall.noted[begun][1], acknowledged=done)
        channel = f"C{self.number}"
        self.wall.channels[channel] = Channel()
        press = await self._ready(channel)
        self.wall.note_down("life", channel)
        self.point.counts = True
        if press is None:
            self.here.say(guidance_of(self.number + 1))
            self.here.next_round = 0.0
            await self.here.rest(minutes=1)
        elif await self._press(press):
            self.wall.note_down("acknowledged")
            self.point()
        self.point.counts = False
        await self.settle(channel, acknowledged=True)

    async def _ready(self, channel: str) -> Press | None:
        """Come to the point at which one press is all that is missing, or none."""
        kind = self.kind
        if kind != "post":
            await self.here.pin(channel, langs="en" if kind == "again" else "both")
        if kind == "unpin":
            form = await self.here.press(person(), Press(LEAVE, where=at(channel=channel)))
            [row] = await self._rows(channel)
            return Press(REMOVE, form.held, {"pins": (str(row.id),)})
        if kind == "refresh":
            return None
        form = await self.here.seen(channel, langs="fr" if kind == "again" else "both")
        return Press(PUT, form.held)

    async def _press(self, press: Press) -> bool:
        form = await self.here.press(person(), press)
        return says(form, "pin_left" if self.kind == "unpin" else "pin_done")

    async def settle(self, channel: str, *, acknowledged: bool) -> None:
        """Find out what became of it; whoever does not know whether it was done asks again."""
        kind = self.kind
        rows = await self._rows(channel)
        if kind in ("post", "again"):
            langs = "fr" if kind == "again" else "en+fr"
            wanted = [row.state for row in rows if row.langs == langs]
            assert wanted or not acknowledged, "what was said to be done is lost"
            if not wanted:
                await self.here.pin(channel, langs="fr" if kind == "again" else "both")
        elif kind == "unpin" and any(row.state != LEAVING for row in rows):
            assert not acknowledged, "what was said to be gone is there"
            await self.here.unpin(channel)
        self.here.next_round = 0.0
        await self.here.rest(minutes=3)
        await self._look(channel)
        await self.here.first.pins.forget("slack", at().tenant, channel)
        self.wall.note_down("settled")

    async def _look(self, channel: str) -> None:
        kind = self.kind
        rows, posts = await self._rows(channel), self.wall.posts(channel)
        if kind == "unpin":
            assert (rows, posts) == ([], []), "it is gone, and nobody remembers it"
            return
        [row] = rows
        assert (row.state, row.due, row.held) == (STANDING, None, "pinned")
        langs = "fr" if kind == "again" else "en+fr"
        post = self.wall.channels[channel].posts[row.ref]
        assert post in posts
        assert post.text == self.here.current(langs=langs)
        assert self.wall.channels[channel].pinned == [row.ref], "one more is not pinned, at least"
        self._count("posts", len(posts) - 1)
        assert len(posts) == 1 or kind == "post"
        if kind == "refresh":
            assert len(set(post.lines)) == 1
            self._count("lines", len(post.lines) - 1)
        else:
            assert post.lines == []

    def _count(self, what: str, more: int) -> None:
        """Note where something was seen once more than needed; never more than once more."""
        assert more in (0, 1), what
        self.wall.note_down("twice", what, more)

    async def _rows(self, channel: str) -> list[Pin]:
        return [row for row in await self.here.rows() if row.channel == channel]


@dataclass(frozen=True, slots=True)
class Plan:
    """Where lives take place, and what each of them does."""

    address: str
    folder: Path
    kind: str

    async def live(self, number: int, deadly: int) -> None:
        point = Points(deadly)
        point.watch_databases()
        clock = Clock(NOON + timedelta(hours=number))
        wall = Lasting(clock, self.folder / "wall", point)
        async with world(
            self.address,
            clock=clock,
            walls={"slack": wall},
            guidance=guidance_of(number if self.kind == "refresh" else 0),
            department=False,
        ) as here:
            await alone(here.first.store)
            await Life(self.kind, number, here, wall, point).live()

    def twice(self) -> Counter[str]:
        """What was seen once more than needed, and how often."""
        found: Counter[str] = Counter()
        for entry in Lasting(Clock(), self.folder / "wall", Points()).noted:
            if entry[0] == "twice":
                found[entry[1]] += entry[2]
        return found


@pytest.fixture(autouse=True)
def _patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody gives up because this machine is busy."""
    monkeypatch.setattr(engine, "PATIENCE", 120.0)
    monkeypatch.setattr(counters, "PATIENCE", 60.0)


def die_everywhere(plan: Plan) -> None:
    """Die at each point once."""
    guidance_of(0)  # what each life needs is read once, in the parent of them all
    deadly = 0
    while spawn(partial(plan.live, deadly, deadly)):
        deadly += 1
    assert deadly >= LEAST[plan.kind]
    twice = plan.twice()
    # What was done is not noted at once, so some who died in between did it once more.
    assert (twice["posts"] > 0) == (plan.kind == "post")
    assert (twice["lines"] > 0) == (plan.kind == "refresh")


@pytest.mark.parametrize("kind", one_now(*LEAST))
def test_no_pin_is_lost_wherever_the_process_dies_on_sqlite(kind: str, tmp_path: Path):
    die_everywhere(Plan(f"sqlite:///{tmp_path}/cairn.db", tmp_path, kind))


@pytest.mark.long
@POSTGRES
@pytest.mark.parametrize("kind", LEAST)
def test_no_pin_is_lost_wherever_the_process_dies_on_postgresql(
    kind: str, tmp_path: Path, new_database: Callable[[], str]
):
    die_everywhere(Plan(new_database(), tmp_path, kind))
