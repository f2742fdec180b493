"""What state is a database in? Looked at without changing it, for ``cairn doctor``."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path

from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store import outbox
from bot.store.engine import READING, open_engine
from bot.store.errors import told
from bot.store.outbox import Waiting
from bot.store.tables import case_keys
from bot.store.upgrade import configuration


class Age(StrEnum):
    """How the tables of a database stand to this version of Cairn."""

    ABSENT = "absent"
    OLDER = "older"
    CURRENT = "current"
    NEWER = "newer"


@dataclass(frozen=True, slots=True)
class Look:
    """What was seen; what follows the age only where the tables are those of this version.

    ``clock`` is the time that a database on another machine has, ``keys`` are the ids of the keys
    that lock cases. ``asked`` is what our own clock said when it was asked for theirs.
    """

    age: Age
    clock: datetime | None = None
    asked: datetime | None = None
    waiting: Waiting | None = None
    keys: frozenset[bytes] = frozenset()


async def look(url: str) -> Look:
    """Return the state of the database that an operator names.

    Raises:
        StoreError: it cannot be used; the sentence says what to do.

    """
    if _is_missing_file(url):
        return Look(Age.ABSENT)
    engine = open_engine(url)
    try:
        with told():
            async with engine.connect() as connection:
                await connection.execution_options(**READING)
                age = await connection.run_sync(_age)
                if age is not Age.CURRENT:
                    return Look(age)
                return Look(
                    age,
                    await _clock(connection),
                    datetime.now(UTC),
                    await outbox.waiting(connection),
                    await _keys(connection),
                )
    finally:
        await engine.dispose()


def _is_missing_file(url: str) -> bool:
    """Tell whether it is a file that is not there; to open it would make it."""
    if not url.startswith("sqlite:///"):
        return False
    path = Path(url.removeprefix("sqlite:///"))
    return path.parent.is_dir() and not path.exists()


def _age(connection: Connection) -> Age:
    scripts = ScriptDirectory.from_config(configuration(connection))
    heads = MigrationContext.configure(connection).get_current_heads()
    if not heads:
        return Age.ABSENT
    if set(heads) == set(scripts.get_heads()):
        return Age.CURRENT
    known = {script.revision for script in scripts.walk_revisions()}
    return Age.OLDER if known.issuperset(heads) else Age.NEWER


async def _clock(connection: AsyncConnection) -> datetime | None:
    if connection.dialect.name != "postgresql":
        return None
    now: datetime = (await connection.execute(select(func.clock_timestamp()))).scalar_one()
    return now


async def _keys(connection: AsyncConnection) -> frozenset[bytes]:
    found = await connection.execute(select(case_keys.c.key_id).distinct())
    return frozenset(bytes(ident) for (ident,) in found)
