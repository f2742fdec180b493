"""What would keep Cairn from writing in a database? Found out without leaving anything in it."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from sqlalchemy import Executable, and_, func, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.errors import FAULTS, Trouble, cause_of, trouble_of
from bot.store.tables import metadata
from bot.store.upgrade import Age

WRITE_NOTHING: Final = text("UPDATE alembic_version SET version_num = version_num")
"""A row of its own: whoever is served never waits for it."""

_LEAST: Final = 65_536
"""Bytes that SQLite needs on the disk for its log and its index."""

_READ_ONLY: Final = text("SELECT current_setting('transaction_read_only') = 'on'")
"""It is also on where the server only follows another one."""

_MAY_MAKE: Final = select(
    func.coalesce(func.has_schema_privilege(func.current_schema(), "CREATE"), False)
)
"""No schema at all is the current one where its use is not granted."""

_MAY_WRITE: Final = select(
    and_(
        *(
            func.has_table_privilege(table.name, right)
            for table in metadata.tables.values()
            for right in ("SELECT", "INSERT", "UPDATE", "DELETE")
        ),
        *(
            func.has_sequence_privilege(func.pg_get_serial_sequence(table.name, "id"), "USAGE")
            for table in metadata.tables.values()
            if "id" in table.c
        ),
    )
)

_FILL_A_MEGABYTE: Final = (
    text("SET LOCAL work_mem = '64kB'"),
    text("SET LOCAL temp_tablespaces = ''"),
    text("SELECT count(*) FROM generate_series(1, 100000)"),
)
"""With so little memory the numbers go to the disk of the tables, and are gone with the answer."""


def of_file(path: Path) -> Trouble | None:
    """Return what would keep SQLite from writing in a file, or from making it.

    Raises:
        OSError: its folder cannot be looked at.

    """
    beside = [path.with_name(path.name + more) for more in ("", "-wal", "-shm")]
    needed = [path.parent, *(one for one in beside if one.exists())]
    if not all(os.access(one, os.W_OK) for one in needed):
        return Trouble.READ_ONLY
    disk = os.statvfs(path.parent)
    # Some file systems do not count.
    if disk.f_blocks and disk.f_bavail * disk.f_frsize < _LEAST:
        return Trouble.FULL
    return None


async def of_server(connection: AsyncConnection, age: Age) -> Trouble | None:
    """Return what would keep PostgreSQL from making tables or writing in them.

    The transaction is given up. A disk with the server's own log alone is not looked at: where it
    is full, the server does not run.
    """
    if age is Age.NEWER:
        return None
    if (await connection.execute(_READ_ONLY)).scalar_one():
        return Trouble.READ_ONLY
    needed = _MAY_WRITE if age is Age.CURRENT else _MAY_MAKE
    if not (await connection.execute(needed)).scalar_one():
        return Trouble.DENIED
    refused = await _refused(connection, [WRITE_NOTHING]) if age is Age.CURRENT else None
    if refused is not None:
        return refused
    # Other refusals, as by a limit to what goes to the disk, say nothing of it.
    full = await _refused(connection, _FILL_A_MEGABYTE)
    return full if full is Trouble.FULL else None


async def _refused(connection: AsyncConnection, statements: Sequence[Executable]) -> Trouble | None:
    """Try what is to be done, give it up, and return why it was refused."""
    try:
        for statement in statements:
            await connection.execute(statement)
    except FAULTS as error:
        return trouble_of(cause_of(error), Trouble.FAILED)
    finally:
        await connection.rollback()
    return None
