"""How are many rows written at once? By the driver itself, past what SQLAlchemy does for each.

To open a case takes a dozen statements that never change. They are compiled once for each
database; then only the driver is between us and it. All of it happens inside a transaction that
SQLAlchemy has begun, and commits or gives up.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, Final, cast

from sqlalchemy import ClauseElement
from sqlalchemy.dialects import sqlite
from sqlalchemy.dialects.postgresql import asyncpg
from sqlalchemy.ext.asyncio import AsyncConnection

_DIALECTS: Final = {
    "sqlite": sqlite.dialect(),
    "postgresql": asyncpg.dialect(),  # type: ignore[no-untyped-call]
}

Values = Mapping[str, object]


async def write(connection: AsyncConnection, *work: tuple[ClauseElement, Values]) -> None:
    """Run statements that return nothing, one after the other, with their values by name."""
    dialect = connection.dialect.name
    driver = _driver(connection)
    for statement, values in work:
        sql, names = _compiled(statement, dialect)
        given = [values[name] for name in names]
        if dialect == "sqlite":
            await (await driver.execute(sql, given)).close()
        else:
            await driver.execute(sql, *given)


async def rows(
    connection: AsyncConnection, statement: ClauseElement, values: Values
) -> Sequence[Sequence[Any]]:
    """Return the rows that a statement finds, as the driver gives them."""
    dialect = connection.dialect.name
    driver = _driver(connection)
    sql, names = _compiled(statement, dialect)
    given = [values[name] for name in names]
    if dialect == "sqlite":
        return cast("Sequence[Sequence[Any]]", await driver.execute_fetchall(sql, given))
    return cast("Sequence[Sequence[Any]]", await driver.fetch(sql, *given))


def _driver(connection: AsyncConnection) -> Any:
    begun = connection.sync_connection
    assert begun is not None
    return begun.connection.driver_connection


@lru_cache(maxsize=256)
def _compiled(statement: ClauseElement, dialect: str) -> tuple[str, tuple[str, ...]]:
    compiled: Any = statement.compile(dialect=_DIALECTS[dialect])
    return str(compiled), tuple(compiled.positiontup)
