"""Do a thousand pins in Teams follow a change on the disk, whatever the service and the machine do?

The files are read anew as they are while people are served, the loops of the keeper are the real
ones, and so is the board; the fake Teams keeps the rates of the service by its clock. That clock is
also Cairn's: nothing sleeps. It lies in a file, for a process of its own that is killed by SIGKILL:

    python -m tests.test_pins_many_teams DATABASE FOLDER SERVICE BOT CLOCK DEADLY
"""

from __future__ import annotations

import asyncio
import json
import logging
import mmap
import os
import re
import shutil
import signal
import struct
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit

import aiohttp
import pytest
from sqlalchemy import insert, select

from bot.app import read_guidance
from bot.channels.teams.board import TeamsBoard
from bot.channels.teams.connector import Connector
from bot.channels.teams.outbound import Outbound
from bot.channels.teams.transport import BotFramework
from bot.conversation import Conversation
from bot.guidance.model import Guidance
from bot.organization import Organization
from bot.pins import keeper as keepers
from bot.pins.keeper import Keeper
from bot.pins.port import Drawn
from bot.pins.service import Pins
from bot.platforms import Place
from bot.reload import Reload, Source
from bot.store import engine, open_store
from bot.store.pins import STANDING, Pin
from bot.store.tables import pins
from tests.conftest import NOON, ROOT
from tests.desk import SEAL
from tests.pins import Loops
from tests.slack.state import Clock
from tests.teams import faults
from tests.teams.fake import FakeTeams
from tests.teams.faults import Pace
from tests.teams.state import Message

CHANNELS, SUMMARIES = 40, 25
PINS = CHANNELS * SUMMARIES
DAY = 86_400.0
TOLD = "elections"
"""The one summary whose readers are told what changed."""


class FileClock(Clock):
    """A clock that stands in a file, so that two processes have the same."""

    def __init__(self, path: Path) -> None:
        if not path.exists():
            path.write_bytes(struct.pack("d", 0.0))
        with path.open("r+b") as file:
            self._file = mmap.mmap(file.fileno(), 8)
        super().__init__(NOON)

    @property
    def _moved(self) -> float:
        return float(struct.unpack("d", self._file[:8])[0])

    @_moved.setter
    def _moved(self, seconds: float) -> None:
        if seconds:  # not where it begins, perhaps in the middle
            self._file[:8] = struct.pack("d", seconds)


class Time:
    """The clock as loops want it."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    @property
    def now(self) -> float:
        return self._clock.monotonic()

    def go_to(self, moment: float) -> None:
        self._clock.advance(max(moment - self.now, 0.0))


class Deadly(TeamsBoard):
    """A board whose process dies when so many changes were made, before it can note the last."""

    deadly = 0
    _made = 0

    async def update(self, place: Place, ref: str, drawn: Drawn) -> None:
        await super().update(place, ref, drawn)
        self._made += 1
        if self._made == self.deadly:
            os.kill(os.getpid(), signal.SIGKILL)


class Process:
    """A process of Cairn that keeps pins in Teams."""

    def __init__(self, pins: Pins, keeper: Keeper, board: TeamsBoard, loops: Loops) -> None:
        self.pins, self.keeper, self.board, self.loops = pins, keeper, board, loops

    async def work(self, seconds: float, left: int = 0) -> None:
        """Let time pass until no more pins than ``left`` wait."""
        for _ in range(int(seconds / 5) + 1):
            if (await self.pins.standing("teams")).waiting <= left:
                return
            await self.loops.let_pass(5)


@asynccontextmanager
async def process(
    address: str, talk: Conversation, service: str, bot: str, clock: Clock, deadly: int = 0
) -> AsyncIterator[Process]:
    async def sleep(seconds: float) -> None:
        clock.advance(seconds)

    hosts = frozenset({urlsplit(service).netloc})
    store = await open_store(address, (SEAL,), clock.now)
    try:
        async with aiohttp.ClientSession() as session:
            transport = BotFramework(Connector(session, hosts, None), app_id=None, keys=None)
            outbound = Outbound(transport, clock.monotonic, sleep)
            board = Deadly(outbound, bot, None, clock.monotonic)
            board.deadly = deadly
            kept = Pins(store)
            keeper = Keeper(kept, {"teams": board}, {"teams": talk.on("teams")})
            loops = Loops(keeper, 1, Time(clock))
            async with loops.running():
                yield Process(kept, keeper, board, loops)
    finally:
        await store.close()


# ---- the guidance in its files


def folder_of(tmp_path: Path) -> Path:
    """The shipped guidance with so many summaries, each of the shipped ones five times."""
    folder = tmp_path / "guidance"
    for part in ("dialogs", "content"):
        shutil.copytree(ROOT / part, folder / part)
    for path in sorted((folder / "content" / "summaries").glob("*.yaml")):
        words = path.read_text("utf-8")
        for number in range(2, SUMMARIES // 5 + 1):
            other = words.replace(f"summary: {path.stem}", f"summary: {path.stem}_{number}")
            path.with_stem(f"{path.stem}_{number}").write_text(other, "utf-8")
    return folder


def edit(folder: Path) -> None:
    """Say something new in each summary, and write in the change log what matters of it."""
    for path in sorted((folder / "content" / "summaries").glob("*.yaml")):
        words = path.read_text("utf-8")
        words = re.sub(r'(?m)^(    en: ")', r"\1Brand new. ", words, count=1)
        words = re.sub(r'(?m)^(    fr: ")', r"\1Tout nouveau. ", words, count=1)
        assert "Brand new" in words
        path.write_text(words, "utf-8")
    log = folder / "content" / "changes.yaml"
    entry = (
        f"  - on: 2026-11-20\n    how: substantive\n    of: [summary:{TOLD}]\n"
        '    en: "Entry in English."\n    fr: "Texte en français."\n'
    )
    log.write_text(log.read_text("utf-8").replace("known:\n", f"{entry}known:\n"), "utf-8")


def read(folder: Path) -> Guidance:
    return read_guidance(folder, None, None)[0]


# ---- the proof


async def filled(here: Process, fake: FakeTeams, guidance: Guidance) -> list[Message]:
    """Let pins stand that were posted long ago."""
    drawn = {name: here.keeper.draw("teams", name, "en+fr") for name in guidance.summaries}
    rows, posts = [], []
    for number in range(CHANNELS):
        chat = fake.channel(f"team {number}")
        for name, shown in drawn.items():
            post = fake.put(chat, fake.bot["id"], dict(shown.message))
            posts.append(post)
            rows.append(
                {
                    "platform": "teams", "tenant": fake.tenant, "channel": chat.id,
                    "service": fake.service_url, "summary": name, "langs": "en+fr",
                    "state": STANDING, "ref": post.id, "held": "refused", "shown": shown.mark,
                    "told": len(guidance.revisions), "known": len(guidance.revisions),
                    "due": None, "taken": 0, "tries": 0,
                }
            )  # fmt: skip
    async with here.pins._store.transaction() as transaction:
        await transaction.connection.execute(insert(pins), rows)
    return posts


class Watch:
    """When each call came, beside what the fake says of it."""

    def __init__(self, fake: FakeTeams) -> None:
        self.at: list[float] = []
        wait = fake.pace.wait

        def noted(*key: str) -> int:
            self.at.append(fake.clock.monotonic())
            return wait(*key)

        fake.pace.wait = noted  # type: ignore[method-assign]


@pytest.fixture(autouse=True)
def _patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "PATIENCE", 120.0)


@pytest.mark.long
async def test_a_thousand_pins_in_teams_follow_a_change_on_the_disk(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
):
    caplog.set_level(logging.INFO)
    folder, address = folder_of(tmp_path), f"sqlite:///{tmp_path}/cairn.db"
    guidance = read(folder)
    assert len(guidance.summaries) == SUMMARIES
    clock = FileClock(tmp_path / "clock")
    async with FakeTeams(stands_at=NOON) as fake:
        fake.clock, fake.pace = clock, Pace(clock, on=True)
        watch = Watch(fake)
        talk = Conversation(guidance, None, clock.now)
        bot, service = fake.bot["id"], fake.service_url

        async with process(address, talk, service, bot, clock) as here:
            posts = await filled(here, fake, guidance)
            before = {post.id: post.activity for post in posts}
            talk.follow(lambda _: here.keeper.ring())
            await reload(folder, talk)
            assert await here.loops.rounds.get() == PINS
            began = clock.monotonic()
            await here.work(600, PINS - 200)
            fake.faults.add("update", faults.limited("45"), times=2)
            fake.faults.add("update", faults.reset_after(), times=2)
            fake.faults.add("update", faults.status(502), times=2)
            await here.work(600, PINS - 400)

        assert await killed(address, folder, service, bot, tmp_path / "clock") == -signal.SIGKILL
        done = [post.activity != before[post.id] for post in posts]
        assert 500 < sum(done) < 800, "in the middle of it"

        async with process(address, talk, service, bot, clock) as here:
            with monkeypatch.context() as patient:
                patient.setattr(keepers, "_POLL", 60.0)
                await outage(here, fake)
            healed = clock.monotonic()
            await here.work(3_600)
            ended = clock.monotonic()
            assert (await here.pins.standing("teams")).waiting == 0
            assert await here.keeper.wake() == 0
            rows = await all_rows(here)

        look(posts, rows)
        assert fake.violations == []
        assert fake.limited == 0, "no call was one too many for Teams"
        assert most_in_a_second(watch.at) <= 25
        told = [line for line in caplog.messages if line.startswith("pins on teams: ")]
        counts = [int(line.split()[3]) for line in told]
        assert counts == sorted(counts)
        assert len(set(counts)) >= 4, "progress is to be seen"
        work = ended - began - DAY
        assert work < 1_800, "half an hour of work"
        assert ended - healed < 1_200
        figures = f"{work:.0f} s of work, {ended - healed:.0f} s after it, {len(fake.calls)} calls"
        print(figures)  # noqa: T201 for whoever asks


async def outage(here: Process, fake: FakeTeams) -> None:
    """Let Teams be down for a day."""
    fake.faults.add("*", faults.status(503), times=None)
    calls = len(fake.calls)
    await here.loops.let_pass(DAY)
    assert len(fake.calls) - calls < 400, "it is not asked for ever"
    fake.faults.heal()


async def reload(folder: Path, talk: Conversation) -> None:
    """Change the files, and have them read as they are while people are served."""

    def both() -> tuple[Guidance, Organization | None]:
        return read_guidance(folder, None, None)

    async def at_once(_: float) -> None:
        return

    source = Source(folder, None)
    reloading = Reload(source, source.stamps(), both, talk.swap, at_once)
    assert not await reloading.look()
    edit(folder)
    assert await reloading.look()


async def killed(address: str, folder: Path, service: str, bot: str, clock: Path) -> int:
    """Let another process work, and be killed in the middle; return how it ended."""
    arguments = [address, str(folder), service, bot, str(clock), "150"]
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.test_pins_many_teams", *arguments, cwd=ROOT
    )
    return await child.wait()


async def all_rows(here: Process) -> list[Pin]:
    async with here.pins._store.transaction() as transaction:
        found = await transaction.connection.execute(select(pins).order_by(pins.c.id))
        return [Pin(**row._mapping) for row in found]


def look(posts: list[Message], rows: list[Pin]) -> None:
    """See that each pin shows what is said now, and that each line was said once."""
    assert [row.ref for row in rows] == [post.id for post in posts], "none more and none less"
    for row, post in zip(rows, posts, strict=True):
        assert (row.state, row.due, row.taken) == (STANDING, None, 0)
        shown = json.dumps(post.content, ensure_ascii=False)
        assert "Brand new. " in shown
        assert "Tout nouveau. " in shown
        lines = [
            one.text for one in post.chat.messages if one.thread == post.id and one.id != post.id
        ]
        if row.summary == TOLD:
            [line] = lines
            assert "Entry in English." in line
            assert "Texte en français." in line
        else:
            assert lines == []
    assert sum(len(post.chat.messages) for post in posts[::SUMMARIES]) == PINS + CHANNELS


def most_in_a_second(at: list[float]) -> int:
    most = first = 0
    for last, moment in enumerate(at):
        while at[first] <= moment - 1.0:
            first += 1
        most = max(most, last - first + 1)
    return most


# ---- the process that is killed


async def live(arguments: list[str]) -> None:
    address, folder, service, bot, path, deadly = arguments
    clock = FileClock(Path(path))
    talk = Conversation(read(Path(folder)), None, clock.now)
    async with process(address, talk, service, bot, clock, int(deadly)) as here:
        await here.work(3_600)


if __name__ == "__main__":
    engine.PATIENCE = 120.0
    asyncio.run(live(sys.argv[1:]))
