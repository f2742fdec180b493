"""How does a database get the tables of this version? At every start, one process at a time."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, func, select
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.store.errors import StoreError, Trouble, told

_LOCK: Final = int.from_bytes(b"cairn")
"""The advisory lock that replicas take in turn on PostgreSQL; any number, always the same."""


class Age(StrEnum):
    """How the tables of a database stand to this version of Cairn."""

    ABSENT = "absent"
    OLDER = "older"
    CURRENT = "current"
    NEWER = "newer"


async def migrate(engine: AsyncEngine) -> None:
    """Bring the database to this version, wholly or not at all; see also ``unhurried``.

    Raises:
        StoreError: it was made by a newer version, or does not answer.

    """
    with told():
        # On SQLite the transaction itself, which begins with the lock, makes others wait.
        async with engine.begin() as connection:
            if engine.dialect.name == "postgresql":
                await connection.execute(select(func.pg_advisory_xact_lock(_LOCK)))
            await connection.run_sync(_upgrade)


def configuration(connection: Connection) -> Config:
    """Return Alembic's configuration for work on this connection; it needs no file."""
    config = Config()
    config.set_main_option("script_location", "bot.store:migrations")
    config.attributes["connection"] = connection
    return config


def age_of(connection: Connection) -> Age:
    """Return how the tables of a database stand to this version; it is only read."""
    scripts = ScriptDirectory.from_config(configuration(connection))
    heads = MigrationContext.configure(connection).get_current_heads()
    if not heads:
        return Age.ABSENT
    if set(heads) == set(scripts.get_heads()):
        return Age.CURRENT
    known = {script.revision for script in scripts.walk_revisions()}
    return Age.OLDER if known.issuperset(heads) else Age.NEWER


def _upgrade(connection: Connection) -> None:
    if age_of(connection) is Age.NEWER:
        raise StoreError(Trouble.NEWER)
    command.upgrade(configuration(connection), "head")
