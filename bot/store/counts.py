"""How often was something opened, by week? Numbers without people.

A row holds no finer time than its week. Rows are written in their own order, so that nothing tells
which of two came first. Once a week is over, what is too small to be shown is erased from it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from sqlalchemy import delete, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.disclosure import Cell
from bot.store.tables import counts

_KEY: Final = tuple(counts.primary_key.columns)


async def add(connection: AsyncConnection, found: Mapping[Cell, int]) -> None:
    """Add to the numbers of these cells."""
    build = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
    insert = build(counts)
    many = counts.c.many + insert.excluded.many
    statement = insert.on_conflict_do_update(index_elements=_KEY, set_={"many": many})
    # All replicas write in the same order, so that two of them cannot block each other.
    rows = [{**cell._asdict(), "many": found[cell]} for cell in sorted(found)]
    await connection.execute(statement, rows)


async def read(connection: AsyncConnection, last: int) -> dict[Cell, int]:
    """Return every number up to a week, small ones too; they are not to be shown like this."""
    found = select(*_KEY, counts.c.many).where(counts.c.week <= last)
    return {Cell(*row[:-1]): row[-1] for row in await connection.execute(found)}


async def settle(connection: AsyncConnection, last: int, step: int) -> bool:
    """Round the numbers of weeks up to ``last`` down to multiples of ``step``; erase what is less.

    Returns whether there was anything to do.
    """
    over = (counts.c.week <= last) & (counts.c.many % step != 0)
    # Locked in one order, so that two replicas cannot block each other.
    locked = select(counts.c.week).where(over).order_by(*_KEY).with_for_update()
    if not (await connection.execute(locked)).all():
        return False
    rounded = counts.c.many - counts.c.many % step
    await connection.execute(delete(counts).where(over, counts.c.many < step))
    await connection.execute(update(counts).where(over).values(many=rounded))
    return True
