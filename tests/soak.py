"""Does Cairn run for long, with faults all the time, and need no more for it than at the start?

    python -m tests.soak --minutes 60                # `cairn serve` on SQLite, before a fake Slack
    python -m tests.soak --minutes 60 --postgres

People walk through the guidance, send cases and pin summaries; officers claim; a file of the
guidance is written anew. Slack is limited, fails, is silent, breaks off, and does things without
saying so. One line a minute tells how it stands. It ends with 1 where memory grows, something that
is due to be sent is not tried, something is set aside or still waits fifteen minutes after the last
fault, or something that was acknowledged is lost.

So many calls fail that more than half of all attempts to deliver a case do: what fails seven times
has waited for a quarter of an hour by its own schedule, and is no worse for it.

What is read anew takes memory for the first few times, so that happens early. A run of less than a
quarter of an hour tells little of memory.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import re
import shutil
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any, Final

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.guidance.words import LANGS
from bot.store.engine import READING, open_engine
from tests.both_app import CASE_KEYS, organization_text
from tests.conftest import ROOT
from tests.postgres import new_server
from tests.slack import faults, screen, state
from tests.slack.fake import FakeSlack
from tests.slack.hands import RefusedError
from tests.slack.person import Person
from tests.slack_app import Served, guidance_of, served

WALKERS: Final = 60
AT_ONCE: Final = 4
LONGEST: Final = 900.0
"""Seconds by which anything may be late that is due to be tried; and after the last fault those
within which everything must have been sent."""

EARLY: Final = 10
"""How often the guidance is written anew at the start, in quick succession."""

GROWTH: Final = 1.05
"""How much more memory the last third may need than the second."""

WORDS: Final = "A question that nobody else has asked"
NUMBER: Final = re.compile(r"\b[2-9A-Z]{3}-[2-9A-Z]{3}\b")
PASSING: Final = (
    faults.limited("1"), faults.limited("3"), faults.limited(None), faults.status(500),
    faults.status(503), faults.reset(), faults.reset_after(), faults.stall(4.0),
    faults.truncated(), faults.html(), faults.error("internal_error"),
)  # fmt: skip
METHODS: Final = (
    "chat.postMessage", "chat.update", "views.open", "views.update", "views.publish", "users.info",
    "conversations.info", "conversations.members", "conversations.open", "pins.add", "response_url",
)  # fmt: skip
SEEN: Final = (
    "SELECT count(*), coalesce(min(made), 0), coalesce(sum(CASE WHEN parked THEN 1 ELSE 0 END), 0),"
    " coalesce(min(CASE WHEN parked THEN NULL ELSE due END), 0) FROM outbox"
)


@dataclass
class Soak:
    """What goes on, and what was seen of it."""

    fake: FakeSlack
    cairn: Served
    engine: AsyncEngine
    office: state.Channel
    officers: list[Person]
    team: state.Channel
    walkers: list[Person]
    summaries: Sequence[str]
    chance: Random
    acknowledged: set[str] = field(default_factory=set)
    done: Counter[str] = field(default_factory=Counter)
    memory: list[tuple[float, int]] = field(default_factory=list)
    oldest: float = 0.0
    overdue: float = 0.0
    parked: int = 0
    read: int = 0
    others: int = 0

    # ---- people

    async def work(self) -> None:
        """Do what people do, one thing after the other."""
        ways: Sequence[tuple[Callable[[], Awaitable[None]], int]] = (
            (self.walk, 30), (self.ask, 10), (self.send, 4), (self.claim, 3), (self.pin, 1),
        )  # fmt: skip
        while True:
            way = self.chance.choices([one for one, _ in ways], [often for _, often in ways])[0]
            # What a fault has taken from a person, that person tries again; so do we.
            try:
                await way()
            except (RefusedError, TimeoutError, StopIteration, IndexError, AssertionError):
                self.done["given up"] += 1
            else:
                self.done[way.__name__] += 1
            await asyncio.sleep(self.chance.uniform(0.05, 0.3))

    async def walk(self) -> None:
        person = await self._window(self.chance.choice(self.walkers))
        for _ in range(self.chance.randint(2, 6)):
            if not person.views or "submit" not in person.view.payload:
                break  # an answer, or a window that has given way
            await self._step(person)
        if person.views:
            await person.close(everything=True)

    async def _step(self, person: Person) -> None:
        view = person.view
        for block in view.blocks:
            element = block.get("element", {})
            if element.get("type") in ("radio_buttons", "checkboxes", "static_select"):
                options = [one["value"] for one in state.offered(element)]
                await person.pick(view, block["block_id"], self.chance.choice(options))
        await person.submit(view)

    async def ask(self) -> None:
        person = self.chance.choice(self.walkers)
        await person.message(self.chance.choice(("can I post this?", "puis-je publier ceci?")))

    async def send(self) -> None:
        self.others += 1
        lang = self.chance.choice(LANGS)
        person = await self._window(self.fake.person(f"asker{self.others}", locale=f"{lang}-CA"))
        await self._choose(person, f"goto:{lang}:home", "find_office")
        await self._choose(person, f"pick:{lang}:who", "employee")
        await self._choose(person, f"pick:{lang}:need", "post")
        await self._press(person, "desk:offices", "desk:write")
        await person.pick(person.view, screen.block_of(person.view, "office"), "values_ethics")
        await self._press(person, "desk:write", "desk:review")
        await person.type(person.view, screen.block_of(person.view, "text"), WORDS)
        await self._press(person, "desk:review", "desk:send")
        await person.pick(person.view, screen.block_of(person.view, "agree"), "yes")
        await person.submit()
        with suppress(TimeoutError):
            await self.fake.until(lambda: not _has(person, "desk:send"), 8.0)
        if person.views and not _has(person, "desk:send") and not _has(person, "desk:write"):
            self.acknowledged |= set(NUMBER.findall(screen.text(person.view)))

    async def claim(self) -> None:
        officer = self.chance.choice(self.officers)
        officer.reload()
        cards = [one for one in self.office.shown() if "desk:claim" in str(one.blocks)]
        await officer.press(self.chance.choice(cards), "desk:claim")
        await self.fake.until(lambda: _has(officer, "desk:clear"), 8.0)
        await self._press(officer, "desk:clear", "desk:preview")

    async def pin(self) -> None:
        person = self.chance.choice(self.walkers)
        person.reload()
        channel = self.team
        await person.slash(text="pin", channel=channel)
        await self.fake.until(lambda: _has(person, "pin:see"), 8.0)
        summary = self.chance.choice(self.summaries)
        await person.pick(person.view, screen.block_of(person.view, "summary"), summary)
        await self._press(person, "pin:see", "pin:put")
        await self._press(person, "pin:put", "")

    async def _window(self, person: Person) -> Person:
        person.reload()
        await person.slash()
        await self.fake.until(lambda: person.views, 8.0)
        return person

    async def _choose(self, person: Person, block: str, choice: str) -> None:
        # Of somebody new the language is looked up after the window was opened.
        await self.fake.until(lambda: block in _blocks(person), 8.0)
        await person.pick(person.view, block, choice)
        await person.submit()

    async def _press(self, person: Person, do: str, then: str) -> None:
        payload = person.view.payload
        if "submit" in payload and payload["callback_id"] == do:
            await person.submit()
        else:
            await person.press(person.view, do)
        if then:
            await self.fake.until(lambda: _has(person, then), 8.0)

    # ---- what goes wrong, and what is changed

    async def break_things(self) -> None:
        """Let one call fail every other second, and all of them for a while every few minutes."""
        while True:
            for _ in range(60):
                method, fault = self.chance.choice(METHODS), self.chance.choice(PASSING)
                self.fake.faults.add(method, fault, self.chance.randint(1, 2))
                await asyncio.sleep(self.chance.uniform(1.0, 3.0))
            self.fake.faults.heal()
            self.fake.faults.add("*", self.chance.choice(PASSING[3:6]), None)
            await asyncio.sleep(15.0)
            self.fake.faults.heal()

    async def write_anew(self, folder: Path) -> None:
        """Have a file of the guidance written now and then, as an author does."""
        path = folder / "content" / "phrases.yaml"
        words = path.read_bytes()
        for number in range(1_000_000):
            await asyncio.sleep(15.0 if number < EARLY else 90.0)
            path.write_bytes(words + f"# written {number}\n".encode())

    # ---- how it stands

    async def look(self, since: float) -> None:
        """Print one line, and forget what the fake has noted."""
        async with self.engine.connect() as connection:
            await connection.execution_options(**READING)
            rows, oldest, parked, due = (await connection.execute(text(SEEN))).one()
        now = time.time() if rows - parked else 0.0
        age, late = max(0.0, now - oldest), max(0.0, now - due)
        self.oldest, self.overdue = max(self.oldest, age), max(self.overdue, late)
        self.parked = int(parked)
        memory = self.cairn.memory
        self.memory.append((time.monotonic() - since, memory))
        files = _open_files(self.cairn)
        did = ", ".join(f"{name} {many}" for name, many in sorted(self.done.items()))
        print(  # noqa: T201
            f"{(time.monotonic() - since) / 60:5.1f} min  {memory / 2**20:6.1f} MiB  {files} files "
            f" outbox {rows} (oldest {age:.0f} s, late {late:.0f} s, set aside {parked})  {did}"
            f"  log: {self._log()}",
            flush=True,
        )
        self._forget()

    def _log(self) -> str:
        """What was logged since the last time, by kind."""
        path = self.cairn.folder / "stderr"
        with path.open("rb") as file:
            file.seek(self.read)
            lines = file.read()
        lines = lines[: lines.rfind(b"\n") + 1]
        self.read += len(lines)
        kinds = Counter(filter(None, map(_kind, lines.decode("utf-8", "replace").splitlines())))
        return "; ".join(f"{kind} ×{many}" for kind, many in kinds.most_common(6)) or "–"

    def _forget(self) -> None:
        fake = self.fake
        fake.calls.clear()
        fake.echoes.clear()
        open_views = {view.id for stack in fake.stacks.values() for view in stack}
        homes = {view.id for view in fake.workspace.homes.values()}
        for name in [one for one in fake.views if one not in open_views | homes]:
            del fake.views[name]
        for kept in (fake.triggers, fake.response_urls):
            for name in list(kept)[:-2_000]:
                del kept[name]  # type: ignore[attr-defined]
        for channel in fake.workspace.channels.values():
            if channel.is_im:
                for stamp in list(channel.messages)[:-4]:
                    del channel.messages[stamp]

    # ---- what came of it

    async def drain(self) -> None:
        """Wait until nothing is left to be sent; what was tried often waits for five minutes."""
        self.fake.faults.heal()
        end = time.monotonic() + LONGEST
        while time.monotonic() < end:
            async with self.engine.connect() as connection:
                rows, _, parked, _ = (await connection.execute(text(SEEN))).one()
            if rows == parked:
                return
            await asyncio.sleep(1.0)

    async def judge(self) -> list[str]:
        """Return what is wrong."""
        async with self.engine.connect() as connection:
            kept = {row[0] for row in await connection.execute(text("SELECT number FROM cases"))}
            rows, _, parked, _ = (await connection.execute(text(SEEN))).one()
        shown = {one for card in self.office.shown() for one in NUMBER.findall(str(card.blocks))}
        wrong = []
        if lost := self.acknowledged - kept:
            wrong.append(f"{len(lost)} cases were acknowledged and are lost")
        if unseen := kept - shown:
            wrong.append(f"{len(unseen)} cases did not reach the office")
        if rows - parked or parked:
            wrong.append(f"{rows - parked} rows still wait to be sent, {parked} were set aside")
        if self.overdue > LONGEST:
            wrong.append(f"something was due for {self.overdue:.0f} s and not tried")
        if not self.acknowledged or not all(self.done[name] for name in ("walk", "ask", "send")):
            wrong.append("nothing has happened, so that nothing was shown")
        before, after = self._thirds()
        print(  # noqa: T201
            f"memory: second third {before / 2**20:.1f} MiB, last third {after / 2**20:.1f} MiB;"
            f" cases {len(kept)}, acknowledged {len(self.acknowledged)};"
            f" the longest wait {self.oldest:.0f} s, the latest attempt {self.overdue:.0f} s late"
        )
        if after > before * GROWTH:
            wrong.append("memory grows")
        return wrong

    def _thirds(self) -> tuple[float, float]:
        third = self.memory[-1][0] / 3
        second = [many for at, many in self.memory if third <= at < 2 * third]
        last = [many for at, many in self.memory if at >= 2 * third]
        return statistics.median(second), statistics.median(last)


def _open_files(cairn: Served) -> int:
    return len([*Path(f"/proc/{cairn.process.pid}/fd").iterdir()])


def _blocks(person: Person) -> list[str]:
    return [block["block_id"] for block in person.view.blocks] if person.views else []


def _has(person: Person, do: str) -> bool:
    if not person.views:
        return False
    payload = person.view.payload
    elements = [one for block in person.view.blocks for one in state.elements_of(block)]
    main = payload["callback_id"] if "submit" in payload else None
    return do in [main, *(one.get("action_id") for one in elements)]


def _kind(line: str) -> str:
    """What a line of the log tells, without its time and its numbers; nothing for mere news."""
    with suppress(ValueError):
        record: dict[str, Any] = json.loads(line)
        if str(record.get("level", "")).upper() in ("INFO", "DEBUG"):
            return ""
        line = str(record.get("message") or record.get("event") or "record")
    found = re.sub(r"^\S+ \S+ (WARNING|ERROR|INFO) \S+ ", r"\1 ", line)
    return "" if found.startswith("INFO ") else re.sub(r"[0-9]+", "#", found)[:70]


@contextmanager
def database(folder: Path, *, postgres: bool) -> Iterator[str]:
    """The address of an empty database."""
    if not postgres:
        yield f"sqlite:///{folder}/cairn.db"
        return
    with new_server() as new:
        yield new()


@asynccontextmanager
async def soaking(folder: Path, address: str, seed: int) -> AsyncIterator[Soak]:
    """Cairn as a process, with a folder of guidance that may be written to."""
    for part in ("dialogs", "content"):
        shutil.copytree(ROOT / part, folder / "guidance" / part)
    async with FakeSlack(rates=False, deadline=30.0) as fake:
        officers = [fake.person(name) for name in ("olive", "oscar", "odile")]
        office = fake.channel("ethics", *officers, is_private=True)
        walkers = [fake.person(f"walker{n}", locale=f"{LANGS[n % 2]}-CA") for n in range(WALKERS)]
        team = fake.channel("team", *walkers)
        organization = folder / "organization.yaml"
        organization.write_text(
            organization_text(
                on="slack", channel=office.id, tenant=fake.workspace.id,
                deputy=officers[1].id, head=officers[2].id,
            ), "utf-8",
        )  # fmt: skip
        written = folder / "written"
        written.mkdir()
        async with served(
            fake, written, guidance=str(folder / "guidance"), organization=str(organization),
            case_keys=CASE_KEYS, database_url=address,
        ) as cairn:  # fmt: skip
            engine = open_engine(address)
            try:
                yield Soak(
                    fake, cairn, engine, office, officers, team, walkers,
                    tuple(guidance_of().guidance.summaries), Random(seed),
                )  # fmt: skip
            finally:
                await engine.dispose()
                await cairn.stop()


async def soak(folder: Path, address: str, minutes: float, seed: int) -> list[str]:
    """Run for so long, and return what is wrong."""
    async with soaking(folder, address, seed) as it:
        since = time.monotonic()
        every = min(60.0, minutes * 60 / 12)
        work = [asyncio.create_task(it.work()) for _ in range(AT_ONCE)]
        others = [
            asyncio.create_task(it.break_things()),
            asyncio.create_task(it.write_anew(folder / "guidance")),
        ]
        while time.monotonic() - since < minutes * 60:
            await asyncio.sleep(every)
            await it.look(since)
            for task in (*work, *others):
                if task.done():
                    task.result()
        for task in (*work, *others):
            task.cancel()
        await asyncio.gather(*work, *others, return_exceptions=True)
        await it.drain()
        return await it.judge()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--postgres", action="store_true")
    parser.add_argument("--seed", type=int, default=int(time.time()))
    given = parser.parse_args()
    print(f"seed {given.seed}", flush=True)  # noqa: T201
    with tempfile.TemporaryDirectory(prefix="cairn-soak-") as spare:
        folder = Path(spare)
        with database(folder, postgres=given.postgres) as address:
            wrong = asyncio.run(soak(folder, address, given.minutes, given.seed))
    print("\n".join(wrong) or "nothing is wrong")  # noqa: T201
    return int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main())
