"""How is the database reached, and with which guarantees?

SQLite, for one process: write-ahead log, every commit on the disk before it counts, deleted bytes
overwritten. PostgreSQL, for several replicas: nothing waits for ever.
"""

from __future__ import annotations

import os
import sqlite3
import ssl
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing, contextmanager, suppress
from pathlib import Path
from typing import Final

import asyncpg  # type: ignore[import-untyped]  # it ships no types
from sqlalchemy import URL, Connection, event, make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import ArgumentError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry

from bot.store.errors import StoreError, Trouble, trouble_of
from bot.store.inline import connect

PATIENCE: Final = 5.0
"""Seconds to wait for a connection, a lock or the answer to one statement."""

_UPGRADE: Final = 3600.0
"""Seconds that one statement of a migration may take, and that others may wait for its end."""

_IDLE: Final = 300.0
"""Seconds that a migration may do nothing; then whoever made it is gone, and its lock goes too."""

READING: Final = {"cairn_reads": True}
"""Execution options of a connection that only reads, and so need not wait for who writes."""

_SQLITE: Final = "sqlite+aiosqlite"
_LAST_PORT: Final = 65_535
_PRAGMAS: Final = ("synchronous = FULL", "secure_delete = ON", "foreign_keys = ON")


def open_engine(url: str) -> AsyncEngine:
    """Return an engine for what an operator wrote in CAIRN_DATABASE_URL.

    Raises:
        StoreError: it names no database we know, or a file that cannot be used.

    """
    address = _address(url)
    if (path := _file(address)) is not None:
        _prepare(path)
        return _sqlite(URL.create(_SQLITE, database=str(path)))
    return _postgresql(url, address)


def open_to_look(url: str) -> AsyncEngine:
    """Return an engine through which no row is changed in SQLite, and nothing left beside its file.

    Raises:
        StoreError: as ``open_engine``, and where there is no file yet.

    """
    address = _address(url)
    if (path := _file(address)) is None:
        return _postgresql(url, address)
    with _opening():
        _need_folder(path)
        # Without a log nobody has it open, and to read it as if others wrote would make one and
        # leave it there. Whoever begins just now writes into a log of their own first.
        alone = int(not _log_of(path).exists())
        name = path.absolute().as_uri()
        how = f"{name}?mode=ro&immutable={alone}"
        with closing(sqlite3.connect(how, timeout=PATIENCE, uri=True)) as connection:
            _check(connection)
    query = {"mode": "ro", "immutable": str(alone), "uri": "true"}
    return _sqlite(URL.create(_SQLITE, database=name, query=query))


@asynccontextmanager
async def unhurried(url: str, engine: AsyncEngine) -> AsyncIterator[AsyncEngine]:
    """Give an engine for statements that may take long.

    On SQLite it is the same one, which limits no statement.
    """
    if engine.dialect.name != "postgresql":
        yield engine
        return
    patient = _postgresql(url, _address(url), upgrades=True)
    try:
        yield patient
    finally:
        await patient.dispose()


def file_of(url: str) -> Path | None:
    """Return the file of SQLite that an operator names, whether it is there or not.

    Raises:
        StoreError: it names no database we know.

    """
    return _file(_address(url))


def _log_of(path: Path) -> Path:
    """Return where SQLite's write-ahead log is, as long as anybody has the file open."""
    return path.with_name(f"{path.name}-wal")


def _address(url: str) -> URL:
    address = None
    # Raised from here, ours would carry along the other error, and that one quotes the address.
    with suppress(ArgumentError, ValueError):
        address = make_url(url)
    if address is not None and address.drivername == "sqlite":
        return address
    named = address is not None and address.drivername == "postgresql" and address.database
    if address is not None and named and (address.port or 0) <= _LAST_PORT:
        return address
    raise StoreError(Trouble.ADDRESS)


def _file(address: URL) -> Path | None:
    if address.drivername != "sqlite":
        return None
    name = address.database
    if not name or name == ":memory:" or address.host or address.query:
        raise StoreError(Trouble.ADDRESS)
    return Path(name)


def _sqlite(address: URL) -> AsyncEngine:
    engine = create_async_engine(
        address,
        # The driver would begin by itself, late and without the lock; we begin in _begin.
        connect_args={"async_creator_fn": connect, "timeout": PATIENCE, "isolation_level": None},
        # One may write at a time anyway, and our queue is fair where that of SQLite is a lottery.
        pool_size=1,
        max_overflow=0,
        pool_timeout=PATIENCE,
        # Every transaction of ours ends by itself; to end it once more costs a way to the thread.
        pool_reset_on_return=None,
        hide_parameters=True,
    )
    event.listen(engine.sync_engine, "connect", _set_pragmas)
    event.listen(engine.sync_engine, "begin", _begin)
    return engine


def _prepare(path: Path) -> None:
    """Create the file for its owner alone, switch it to the write-ahead log, and look it over."""
    with _opening():
        _need_folder(path)
        # Only where it is new: to close a file that SQLite holds open drops the locks on it.
        with suppress(FileExistsError):
            os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
        with closing(sqlite3.connect(path, timeout=PATIENCE)) as connection:
            _write_ahead(connection)
            _check(connection)


def _need_folder(path: Path) -> None:
    if not path.parent.is_dir():
        raise StoreError(Trouble.NO_FOLDER)


@contextmanager
def _opening() -> Iterator[None]:
    """Put in our words what a file raises that cannot be opened."""
    try:
        yield
    except (OSError, sqlite3.DatabaseError, UnicodeDecodeError) as error:
        raise StoreError(trouble_of(error, Trouble.FILE), type(error).__name__) from None


def _check(connection: sqlite3.Connection) -> None:
    # Reads every page; better to be told now than in the middle of a case.
    (answer,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    if answer != "ok":
        raise StoreError(Trouble.DAMAGED)


def _write_ahead(connection: sqlite3.Connection) -> None:
    end = time.monotonic() + PATIENCE
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            # Of two processes that switch at the same moment, SQLite refuses one without waiting.
            # Nobody is served yet while this waits, so that it may hold the whole thread.
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > end:
                raise
            time.sleep(0.01)
        else:
            return


def _set_pragmas(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
    cursor = connection.cursor()
    for pragma in _PRAGMAS:
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin(connection: Connection) -> None:
    # Whoever reads first and writes later could not be made to wait; so take the lock at once.
    reads = connection.get_execution_options().get("cairn_reads", False)
    connection.exec_driver_sql("BEGIN" if reads else "BEGIN IMMEDIATE")


def _postgresql(url: str, address: URL, *, upgrades: bool = False) -> AsyncEngine:
    trusted = _trusted(address)

    async def connect() -> asyncpg.Connection:
        limit, idle = (_UPGRADE, _IDLE) if upgrades else (PATIENCE, PATIENCE)
        # The driver reads the address itself; where an authority is named, as psql would.
        return await asyncpg.connect(
            url,
            **trusted,
            timeout=PATIENCE,
            command_timeout=limit,
            server_settings={
                "application_name": "cairn",
                "statement_timeout": str(int(limit * 1000)),
                "idle_in_transaction_session_timeout": str(int(idle * 1000)),
            },
        )

    return create_async_engine(
        "postgresql+asyncpg://",
        async_creator=connect,
        pool_pre_ping=True,
        pool_size=5,
        max_overflow=5,
        pool_timeout=PATIENCE,
        hide_parameters=True,
    )


def _trusted(address: URL) -> dict[str, ssl.SSLContext]:
    """Return how the server proves who it is, where it must and its authority is not named.

    The driver would look for a file in a home folder, which a container does not have; the
    authorities of the machine are meant.
    """
    mode = address.query.get("sslmode")
    if mode not in ("verify-ca", "verify-full") or "sslrootcert" in address.query:
        return {}
    context = ssl.create_default_context()
    context.check_hostname = mode == "verify-full"
    return {"ssl": context}


async def checkpoint(engine: AsyncEngine) -> None:
    """Empty SQLite's write-ahead log into the file, so that no deleted row lives on in it."""
    if engine.dialect.name != "sqlite":
        return
    async with engine.connect() as connection:
        # Past SQLAlchemy, since it would begin a transaction, and within one this cannot be done.
        raw = (await connection.get_raw_connection()).driver_connection
        assert raw is not None
        await raw.execute("PRAGMA wal_checkpoint(TRUNCATE)")
