"""What state is a database in? Looked at without changing it, for ``cairn doctor``."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store import obstacles, outbox
from bot.store.engine import READING, file_of, open_to_look
from bot.store.errors import Trouble, told
from bot.store.outbox import Waiting
from bot.store.tables import case_keys
from bot.store.upgrade import Age, age_of


@dataclass(frozen=True, slots=True)
class Look:
    """What was seen; what follows ``obstacle`` only where the tables are those of this version.

    ``obstacle`` is what would keep Cairn from making its tables, or from writing in them.
    ``clock`` is the time that a database on another machine has, ``keys`` are the ids of the keys
    that lock cases. ``asked`` is what our own clock said when it was asked for theirs.
    """

    age: Age
    obstacle: Trouble | None = None
    clock: datetime | None = None
    asked: datetime | None = None
    waiting: Waiting | None = None
    keys: frozenset[bytes] = frozenset()


async def look(url: str) -> Look:
    """Return the state of the database that an operator names.

    Raises:
        StoreError: it cannot be used; the sentence says what to do.

    """
    file = file_of(url)
    with told():
        if file is not None and _is_missing(file):
            return Look(Age.ABSENT, obstacles.of_file(file))
        async with _reading(url) as connection:
            age = await connection.run_sync(age_of)
            found = await _seen(connection) if age is Age.CURRENT else Look(age)
            # At the end, since what is tried on a server gives up the transaction.
            if file is None:
                obstacle = await obstacles.of_server(connection, age)
            else:
                obstacle = obstacles.of_file(file)
            return replace(found, obstacle=obstacle)


async def age_at(url: str) -> Age:
    """Return how the tables of the database that an operator names stand to this version.

    Raises:
        StoreError: it cannot be used; the sentence says what to do.

    """
    file = file_of(url)
    with told():
        if file is not None and _is_missing(file):
            return Age.ABSENT
        async with _reading(url) as connection:
            return await connection.run_sync(age_of)


@asynccontextmanager
async def _reading(url: str) -> AsyncIterator[AsyncConnection]:
    engine = open_to_look(url)
    try:
        async with engine.connect() as connection:
            await connection.execution_options(**READING)
            yield connection
    finally:
        await engine.dispose()


def _is_missing(file: Path) -> bool:
    return file.parent.is_dir() and not file.exists()


async def _seen(connection: AsyncConnection) -> Look:
    clock, asked = await _clock(connection), datetime.now(UTC)
    waiting, keys = await outbox.waiting(connection), await _keys(connection)
    return Look(Age.CURRENT, None, clock, asked, waiting, keys)


async def _clock(connection: AsyncConnection) -> datetime | None:
    if connection.dialect.name != "postgresql":
        return None
    now: datetime = (await connection.execute(select(func.clock_timestamp()))).scalar_one()
    return now


async def _keys(connection: AsyncConnection) -> frozenset[bytes]:
    found = await connection.execute(select(case_keys.c.key_id).distinct())
    return frozenset(bytes(ident) for (ident,) in found)
