"""Does the store keep what it must, forget what it must, and tell nothing, on both databases?"""

from __future__ import annotations

import asyncio
import hmac
import logging
import os
import sqlite3
import stat
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, closing, contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, inspect, select, text
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.store import Store, StoreError, Trouble, engine, open_store, repository
from bot.store.tables import metadata, seen
from bot.store.upgrade import configuration, migrate
from tests.conftest import NOON

pytest_plugins = ["tests.postgres"]

OLD, NEW, NEWEST = (bytes([n]) * 32 for n in (1, 2, 3))
POSTGRES = pytest.mark.xdist_group("postgres")
CANARY = "Kanarienvogel"

Opener = Callable[..., Awaitable[Store]]
Patience = Callable[..., None]


class Clock:
    """A clock that is moved by hand."""

    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> datetime:
        return self.now

    def move(self, **time: float) -> None:
        self.now += timedelta(**time)


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> Patience:
    """Sets how long the store waits; at first longer than any busy machine makes it."""

    def set_to(seconds: float, *, health: float = 60.0) -> None:
        monkeypatch.setattr(engine, "PATIENCE", seconds)
        monkeypatch.setattr(repository, "_SOON", health)

    set_to(60.0)
    return set_to


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def sqlite_address(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/cairn.db"


@pytest.fixture
async def empty(address: str) -> AsyncIterator[AsyncEngine]:
    """An engine on a database without tables."""
    made = engine.open_engine(address)
    yield made
    await made.dispose()


@pytest.fixture
async def shared(empty: AsyncEngine) -> AsyncEngine:
    """An engine on a database with its tables."""
    await migrate(empty)
    return empty


@pytest.fixture
async def opened(clock: Clock) -> AsyncIterator[Opener]:
    """Opens stores and closes them after the test."""
    async with AsyncExitStack() as stack:

        async def make(address: str, *keys: bytes) -> Store:
            store = await open_store(address, keys or (OLD,), clock)
            stack.push_async_callback(store.close)
            return store

        yield make


async def rows(store: Store) -> list[tuple[bytes, int]]:
    async with store.transaction() as transaction:
        return [tuple(row) for row in await transaction.connection.execute(select(seen))]


async def give_up(store: Store, *event: str) -> bool:
    """Mark an event in a transaction that fails later."""
    with suppress(KeyError):
        async with store.transaction() as transaction:
            first = await transaction.first_time(*event)
            await transaction.connection.execute(text("CREATE TABLE effect (number INTEGER)"))
            raise KeyError
    return first


def on_disk(folder: Path) -> dict[str, bytes]:
    """Every file of a folder and what is in it."""
    return {path.name: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def everything(error: BaseException | None) -> str:
    """The text of an error and of all that it came from, whether shown or not."""
    if error is None:
        return ""
    own = f"{error!r} {error} {getattr(error, '__notes__', '')}"
    return own + everything(error.__cause__) + everything(error.__context__)


# What is seen once


async def test_an_event_comes_for_the_first_time_once(address: str, opened: Opener):
    store = await opened(address)
    assert await store.first_time("slack", "T1", "Ev1")
    assert not await store.first_time("slack", "T1", "Ev1")


@pytest.mark.parametrize(
    "other",
    [
        ("teams", "T1", "Ev1"),
        ("slack", "T2", "Ev1"),
        ("slack", "T1", "Ev2"),
        ("slackT", "1", "Ev1"),
        ("slack", "T1E", "v1"),
        ("", "slackT1", "Ev1"),
        ("slack", "T1", "Ev1\ud800"),
    ],
)
async def test_another_platform_tenant_or_event_is_another(
    address: str, opened: Opener, other: tuple[str, str, str]
):
    store = await opened(address)
    assert await store.first_time("slack", "T1", "Ev1")
    assert await store.first_time(*other)
    assert not await store.first_time(*other)


async def test_of_fifty_callers_on_three_replicas_one_is_first(address: str, opened: Opener):
    replicas = [await opened(address, *keys) for keys in ((OLD,), (NEW, OLD), (OLD, NEW))]
    for event in ("Ev1", "Ev2", "Ev3"):
        calls = [replicas[n % 3].first_time("slack", "T1", event) for n in range(50)]
        assert sum(await asyncio.gather(*calls)) == 1


async def test_it_is_remembered_after_a_restart(address: str, opened: Opener):
    store = await opened(address)
    assert await store.first_time("slack", "T1", "Ev1")
    await store.close()
    assert not await (await opened(address)).first_time("slack", "T1", "Ev1")


def test_processes_that_start_together_agree(address: str):
    script = """
import asyncio, sys
from datetime import UTC, datetime
from bot.store import open_store

async def main():
    store = await open_store(sys.argv[1], [bytes(32)], lambda: datetime.now(UTC))
    mine = [await store.first_time("slack", "T1", str(event)) for event in range(30)]
    await store.close()
    print(sum(mine))

print("ready", flush=True)
sys.stdin.readline()
asyncio.run(main())
"""
    processes = [
        subprocess.Popen(
            [sys.executable, "-W", "error", "-c", script, address],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(4)
    ]
    for process in processes:
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        process.stdin.write("\n")
        process.stdin.flush()
    said = [process.communicate(timeout=60) for process in processes]
    assert [errors for _, errors in said] == [""] * 4
    assert sum(int(out) for out, _ in said) == 30


async def test_an_effect_and_its_event_are_kept_together_or_not_at_all(
    address: str, opened: Opener
):
    store = await opened(address)
    await give_up(store, "slack", "T1", "Ev1")
    async with store.transaction() as transaction:
        assert await transaction.first_time("slack", "T1", "Ev1")
        await transaction.connection.execute(text("CREATE TABLE effect (number INTEGER)"))
    async with store.transaction() as transaction:
        assert not await transaction.first_time("slack", "T1", "Ev1")
        await transaction.connection.execute(text("SELECT number FROM effect"))


async def test_whoever_is_cancelled_leaves_nothing_locked(address: str, opened: Opener):
    store = await opened(address)
    loop = asyncio.get_running_loop()
    for tenths in range(60):
        event = ("slack", "T1", str(tenths))
        task = asyncio.create_task(store.first_time(*event))
        loop.call_later(tenths / 10_000, task.cancel)
        await asyncio.wait([task])
        # Cancelled on the way or just done: nobody else is first twice.
        later = [await store.first_time(*event), await store.first_time(*event)]
        assert later in ([[False, False]] if not task.cancelled() else [[True, False], [False] * 2])


# Keys that change


@pytest.mark.parametrize(
    ("before", "after"),
    [((OLD,), (NEW, OLD)), ((NEW, OLD), (OLD,)), ((OLD, NEW), (NEW, OLD)), ((NEW, OLD), (NEW,))],
)
async def test_replicas_that_share_a_key_agree(
    address: str, opened: Opener, before: tuple[bytes, ...], after: tuple[bytes, ...]
):
    one, other = await opened(address, *before), await opened(address, *after)
    for event in "abcdefghij":
        assert await one.first_time("slack", "T1", event)
        assert not await other.first_time("slack", "T1", event)


async def test_a_whole_change_of_keys_repeats_nothing(address: str, opened: Opener):
    store = await opened(address, OLD)
    assert await store.first_time("slack", "T1", "Ev1")
    for keys in ((NEW, OLD), (NEW,)):
        store = await opened(address, *keys)
        assert not await store.first_time("slack", "T1", "Ev1")


async def test_a_store_without_a_key_is_refused(shared: AsyncEngine, clock: Clock):
    with pytest.raises(ValueError, match="seal key"):
        Store(shared, [], clock)


# What is forgotten


@pytest.mark.parametrize("start", [{"minutes": 0}, {"minutes": 59, "seconds": 59}])
async def test_after_a_day_and_at_most_an_hour_more_it_is_forgotten(
    address: str, opened: Opener, clock: Clock, start: dict[str, float]
):
    store = await opened(address)
    clock.move(**start)
    await store.first_time("slack", "T1", "Ev1")
    clock.move(hours=24, seconds=-1)
    await store.first_time("slack", "T1", "Ev2")
    assert await store.forget_old() == 0
    assert not await store.first_time("slack", "T1", "Ev1")
    clock.move(hours=1, seconds=1)
    assert await store.forget_old() == 1
    assert await store.first_time("slack", "T1", "Ev1")
    assert not await store.first_time("slack", "T1", "Ev2")


async def test_a_clock_that_once_ran_ahead_leaves_no_row_for_years(
    address: str, opened: Opener, clock: Clock
):
    store = await opened(address)
    clock.move(days=3000)
    await store.first_time("slack", "T1", "Ev1")
    clock.move(days=-3000, hours=-3)
    await store.first_time("slack", "T1", "Ev2")
    clock.move(hours=-20)
    assert await store.forget_old() == 1
    assert not await store.first_time("slack", "T1", "Ev2")


async def test_a_row_tells_the_hour_and_no_minute(address: str, opened: Opener, clock: Clock):
    store = await opened(address)
    clock.move(minutes=37)
    await store.first_time("slack", "T1", "Ev1")
    ((digest, hour),) = await rows(store)
    assert len(digest) == 32
    assert datetime.fromtimestamp(hour * 3600, UTC) == NOON


KEYS = st.lists(st.sampled_from([OLD, NEW, NEWEST]), min_size=1, max_size=3)
EVENT = st.sampled_from([("a", "bc", ""), ("ab", "c", ""), ("", "", "abc")])
STEP = st.one_of(
    st.tuples(st.just("see"), KEYS, EVENT),
    st.tuples(st.just("fail"), KEYS, EVENT),
    st.tuples(st.just("move"), st.sampled_from([-90000, -3600, 1, 3599, 3600, 82800, 90000])),
    st.tuples(st.just("forget")),
)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(STEP, max_size=25))
async def test_it_does_what_a_plain_set_would(shared: AsyncEngine, steps: list[tuple]):
    clock, model = Clock(), {}
    async with shared.begin() as connection:
        await connection.execute(delete(seen))
    for step in steps:
        hour = int(clock.now.timestamp() // 3600)
        if step[0] == "move":
            clock.move(seconds=step[1])
        elif step[0] == "forget":
            old = [row for row, then in model.items() if abs(then - hour) > 24]
            assert await Store(shared, [OLD], clock).forget_old() == len(old)
            for row in old:
                del model[row]
        else:
            expected = all((key, step[2]) not in model for key in step[1])
            store = Store(shared, step[1], clock)
            if step[0] == "fail":
                assert await give_up(store, *step[2]) is expected
                continue
            assert await store.first_time(*step[2]) is expected
            for key in step[1]:
                model.setdefault((key, step[2]), hour)


# What is told to nobody


async def test_nothing_of_an_event_is_found_anywhere(
    address: str,
    opened: Opener,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
):
    caplog.set_level(logging.DEBUG)
    store = await opened(address)
    event = (f"p{CANARY}", f"t{CANARY}", f"e{CANARY}")
    await store.first_time(*event)
    await store.first_time(*event)
    async with store.transaction() as transaction:
        await transaction.first_time(*event)
        await transaction.connection.execute(text("DROP TABLE seen"))
    with pytest.raises(StoreError) as caught:
        await store.first_time(*event)
    error = everything(caught.value)
    postgres = address.partition("?host=")[2]
    found = on_disk(Path(postgres or tmp_path))
    assert len(found) >= 3
    assert [name for name, held in found.items() if CANARY.encode() in held] == []
    assert CANARY not in error + caplog.text + "".join(capfd.readouterr())
    assert CANARY not in repr((store, transaction))
    assert "[parameters" not in error
    assert not await store.healthy()


async def test_a_digest_is_the_same_in_every_version(address: str, opened: Opener):
    def hmac256(key: bytes, message: bytes) -> bytes:
        return hmac.digest(key, message, "sha256")

    await (await opened(address, OLD)).first_time("slack", "T1", "é")
    derived = hmac256(hmac256(bytes(32), OLD), b"cairn seen\x01")
    sizes = [bytes(7) + bytes([size]) for size in (5, 2, 2)]
    message = sizes[0] + b"slack" + sizes[1] + b"T1" + sizes[2] + "é".encode()
    ((digest, _),) = await rows(await opened(address))
    assert digest == hmac256(derived, message)


async def test_a_forgotten_digest_is_gone_from_the_file(
    sqlite_address: str, opened: Opener, clock: Clock, tmp_path: Path
):
    def remaining() -> int:
        held = b"".join(on_disk(tmp_path).values())
        return sum(digest in held for digest in digests)

    store = await opened(sqlite_address)
    for event in range(300):
        await store.first_time("slack", "T1", str(event))
    digests = [digest for digest, _ in await rows(store)]
    assert remaining() == 300
    clock.move(hours=26)
    await store.first_time("slack", "T1", "today")
    assert await store.forget_old() == 300
    assert remaining() == 0
    await store.close()
    assert list(on_disk(tmp_path)) == ["cairn.db"]
    assert remaining() == 0


async def test_on_closing_the_log_is_emptied_though_another_process_has_it_open(
    sqlite_address: str, opened: Opener, tmp_path: Path
):
    store = await opened(sqlite_address)
    await store.first_time("slack", "T1", "Ev1")
    with closing(sqlite3.connect(tmp_path / "cairn.db")) as other:
        assert other.execute("SELECT count(*) FROM seen").fetchone() == (1,)
        assert on_disk(tmp_path)["cairn.db-wal"] != b""
        await store.close()
        assert on_disk(tmp_path)["cairn.db-wal"] == b""


# Opening and migrating


async def test_four_replicas_may_start_on_an_empty_database(address: str, opened: Opener):
    stores = await asyncio.gather(*(opened(address) for _ in range(4)))
    assert all(await asyncio.gather(*(store.healthy() for store in stores)))


async def test_migrations_make_the_tables_and_can_be_undone(empty: AsyncEngine):
    for _ in range(2):
        await migrate(empty)
        await migrate(empty)
        async with empty.begin() as connection:
            assert await connection.run_sync(
                lambda c: compare_metadata(MigrationContext.configure(c), metadata) == []
            )
        async with empty.begin() as connection:
            await connection.run_sync(lambda c: command.downgrade(configuration(c), "base"))
            names = await connection.run_sync(lambda c: inspect(c).get_table_names())
            assert names == ["alembic_version"]


async def test_a_migration_that_fails_leaves_nothing_behind(
    empty: AsyncEngine, monkeypatch: pytest.MonkeyPatch
):
    def broken(*args: object) -> None:
        command.upgrade(*args)
        raise KeyError

    monkeypatch.setattr("bot.store.upgrade.command", type("", (), {"upgrade": broken}))
    with pytest.raises(KeyError):
        await migrate(empty)
    async with empty.begin() as connection:
        assert await connection.run_sync(lambda c: inspect(c).get_table_names()) == []


@pytest.mark.long
@POSTGRES
async def test_a_migration_may_take_longer_than_anything_else_and_others_wait_for_its_end(
    new_database: Callable[[], str],
    opened: Opener,
    patience: Patience,
    monkeypatch: pytest.MonkeyPatch,
):
    begun: list[str] = []

    def slow(config: Config, revision: str) -> None:
        connection = config.attributes["connection"]
        if MigrationContext.configure(connection).get_current_revision() is None:
            begun.append(revision)
            connection.exec_driver_sql("SELECT pg_sleep(3)")
        command.upgrade(config, revision)

    monkeypatch.setattr("bot.store.upgrade.command", type("", (), {"upgrade": slow}))
    patience(2.0, health=60.0)
    address = new_database()
    stores = await asyncio.gather(*(opened(address) for _ in range(3)))
    assert begun == ["head"], "one did it, and the others waited"
    assert all(await asyncio.gather(*(store.healthy() for store in stores)))
    with pytest.raises(StoreError) as error:
        async with stores[0].transaction() as transaction:
            await transaction.connection.execute(text("SELECT pg_sleep(3)"))
    assert error.value.kind in ("QueryCanceledError", "TimeoutError")


@POSTGRES
async def test_a_migration_whose_process_is_gone_keeps_its_lock_for_minutes_only(
    new_database: Callable[[], str],
):
    address = new_database()
    usual = engine.open_engine(address)
    async with engine.unhurried(address, usual) as patient, patient.connect() as connection:
        limits = {
            name: (await connection.execute(text(f"SHOW {name}"))).scalar()
            for name in ("statement_timeout", "idle_in_transaction_session_timeout")
        }
    await usual.dispose()
    assert limits == {
        "statement_timeout": "1h",
        "idle_in_transaction_session_timeout": "5min",
    }


async def test_a_database_of_a_newer_version_is_refused(address: str, opened: Opener):
    store = await opened(address)
    async with store.transaction() as transaction:
        await transaction.connection.execute(text("UPDATE alembic_version SET version_num = '9'"))
    with pytest.raises(StoreError) as error:
        await opened(address)
    assert error.value.trouble is Trouble.NEWER
    assert "newer" in error.value["en"]
    assert "plus récente" in error.value["fr"]


async def test_opening_says_nothing_and_leaves_logging_alone(
    address: str, opened: Opener, capfd: pytest.CaptureFixture[str]
):
    before = list(logging.root.handlers), logging.root.level, logging.root.manager.disable
    await opened(address)
    assert (list(logging.root.handlers), logging.root.level, logging.root.manager.disable) == before
    assert "".join(capfd.readouterr()) == ""


@pytest.mark.parametrize(
    "url",
    [
        "",
        "hunter2",
        "mysql://u:hunter2@h/d",
        "sqlite://",
        "sqlite:///:memory:",
        "sqlite://hunter2/cairn.db",
        "sqlite:///hunter2?mode=memory",
        "sqlite+aiosqlite:///hunter2",
        "postgresql://u:hunter2@h",
        "postgresql://u:p@h:hunter2/d",
        "postgresql+asyncpg://u:hunter2@h/d",
    ],
)
async def test_an_address_that_cannot_be_used_is_not_repeated(url: str, opened: Opener):
    with pytest.raises(StoreError) as error:
        await opened(url)
    assert error.value.trouble is Trouble.ADDRESS
    assert "CAIRN_DATABASE_URL" in error.value["en"]
    assert "CAIRN_DATABASE_URL" in error.value["fr"]
    assert error.value["en"] != error.value["fr"]
    assert "hunter2" not in error.value["fr"] + everything(error.value)


# SQLite


async def test_sqlite_writes_safely_and_overwrites_what_is_deleted(
    sqlite_address: str, opened: Opener, patience: Patience
):
    patience(5.0)
    store = await opened(sqlite_address)
    wanted = {"journal_mode": "wal", "synchronous": 2, "secure_delete": 1, "foreign_keys": 1}
    wanted["busy_timeout"] = 5000
    async with store.transaction() as transaction:
        for pragma, value in wanted.items():
            answer = await transaction.connection.execute(text(f"PRAGMA {pragma}"))
            assert answer.scalar() == value, pragma


async def test_the_files_are_for_their_owner_alone(
    sqlite_address: str, opened: Opener, tmp_path: Path
):
    before = os.umask(0)
    try:
        await (await opened(sqlite_address)).first_time("slack", "T1", "Ev1")
    finally:
        os.umask(before)
    modes = {name: stat.S_IMODE((tmp_path / name).stat().st_mode) for name in on_disk(tmp_path)}
    assert modes == {"cairn.db": 0o600, "cairn.db-wal": 0o600, "cairn.db-shm": 0o600}


async def test_a_relative_path_is_one_from_where_cairn_starts(
    opened: Opener, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(tmp_path)
    await opened("sqlite:///here.db")
    assert (tmp_path / "here.db").is_file()


async def test_a_folder_that_is_missing_is_told(tmp_path: Path, opened: Opener):
    with pytest.raises(StoreError) as error:
        await opened(f"sqlite:///{tmp_path}/hunter2/cairn.db")
    assert error.value.trouble is Trouble.NO_FOLDER
    assert "hunter2" not in everything(error.value)


@pytest.mark.parametrize("make", [Path.mkdir, lambda path: path.write_text("no database" * 999)])
async def test_a_file_that_is_no_database_is_told(
    tmp_path: Path, opened: Opener, make: Callable[[Path], None]
):
    make(tmp_path / "hunter2")
    with pytest.raises(StoreError) as error:
        await opened(f"sqlite:///{tmp_path}/hunter2")
    assert error.value.trouble is Trouble.FILE
    assert "hunter2" not in error.value["fr"] + error.value["en"]


@contextmanager
def locked(path: Path) -> Iterator[sqlite3.Connection]:
    """Another process that writes and does not finish."""
    with closing(sqlite3.connect(path, isolation_level=None, check_same_thread=False)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield other


async def test_a_transaction_takes_the_lock_when_it_begins(
    sqlite_address: str, opened: Opener, tmp_path: Path
):
    store = await opened(sqlite_address)
    async with store.transaction():
        with (
            closing(sqlite3.connect(tmp_path / "cairn.db", timeout=0)) as other,
            pytest.raises(sqlite3.OperationalError, match="locked"),
        ):
            other.execute("BEGIN IMMEDIATE")


async def test_a_lock_is_waited_for(sqlite_address: str, opened: Opener, tmp_path: Path):
    store = await opened(sqlite_address)
    with locked(tmp_path / "cairn.db") as other:
        task = asyncio.create_task(store.first_time("slack", "T1", "Ev1"))
        started = time.monotonic()
        threading.Timer(0.2, other.rollback).start()
        assert await task
        assert time.monotonic() - started >= 0.2


def test_two_that_switch_to_the_write_ahead_log_at_once_both_come_through(tmp_path: Path):
    with (
        closing(sqlite3.connect(tmp_path / "cairn.db", timeout=0)) as mine,
        locked(tmp_path / "cairn.db") as other,
    ):
        threading.Timer(0.2, other.rollback).start()
        engine._write_ahead(mine)
        assert mine.execute("PRAGMA journal_mode").fetchone() == ("wal",)


async def test_a_lock_that_stays_is_an_error_without_values(
    sqlite_address: str,
    opened: Opener,
    tmp_path: Path,
    patience: Patience,
):
    patience(0.2)
    store = await opened(sqlite_address)
    patience(60.0)
    with locked(tmp_path / "cairn.db"):
        started = time.monotonic()
        with pytest.raises(StoreError) as error:
            await store.first_time(CANARY, CANARY, CANARY)
        assert time.monotonic() - started >= 0.2
        assert not await store.healthy(), "nothing can be kept"
    assert error.value.trouble is Trouble.FAILED
    assert error.value.kind == "OperationalError"
    assert "[parameters" not in everything(error.value)
    assert await store.healthy()
    assert await store.first_time(CANARY, CANARY, CANARY)


# PostgreSQL


@POSTGRES
async def test_when_postgresql_is_gone_it_is_told_soon_and_mends_itself(line, opened: Opener):
    store = await opened(line.address)
    assert await store.healthy()
    await line.cut()
    with pytest.raises(StoreError) as error:
        await store.first_time("slack", "T1", "Ev1")
    with pytest.raises(StoreError) as unopened:
        await opened(line.address)
    assert not await store.healthy()
    assert "secret-word" not in everything(error.value) + everything(unopened.value)
    await line.mend()
    assert await store.healthy()
    assert await store.first_time("slack", "T1", "Ev1")
    await line.cut()
    await line.mend()
    assert not await store.first_time("slack", "T1", "Ev1")


@pytest.mark.long
@POSTGRES
async def test_when_postgresql_is_silent_nothing_waits_for_ever(
    line, opened: Opener, patience: Patience
):
    async def silent_midway(store: Store) -> None:
        async with store.transaction() as transaction:
            line.silent = True
            await transaction.first_time("slack", "T1", "Ev1")

    store = await opened(line.address)
    await store._engine.dispose()
    patience(2.0)
    async with asyncio.timeout(20):
        with pytest.raises(StoreError) as error:
            await silent_midway(store)
        assert error.value.kind == "TimeoutError"
        with pytest.raises(StoreError):
            await store.first_time("slack", "T1", "Ev1")
        assert not await store.healthy()
        line.silent = False
        patience(60.0, health=0.3)
        assert await store.first_time("slack", "T1", "Ev1")
        line.silent = True
        assert not await store.healthy()
        line.silent = False
        patience(3.0)
        assert not await store.first_time("slack", "T1", "Ev1")
        line.silent = True
        await store.close()
        line.silent = False


@POSTGRES
async def test_postgresql_itself_ends_what_takes_too_long(
    new_database: Callable[[], str], opened: Opener, patience: Patience
):
    patience(5.0)
    store = await opened(new_database())
    async with store.transaction() as transaction:
        for name in ("statement_timeout", "idle_in_transaction_session_timeout"):
            answer = await transaction.connection.execute(text(f"SHOW {name}"))
            assert answer.scalar() == "5s"


@POSTGRES
async def test_what_an_operator_adds_to_the_address_means_what_it_means_to_psql(
    new_database: Callable[[], str], opened: Opener
):
    address = new_database()
    assert await (await opened(address + "&sslmode=disable")).healthy()
    with pytest.raises(StoreError) as error:
        await opened(address.replace("/cairn", "/nowhere", 1))
    assert error.value.kind == "InvalidCatalogNameError"
