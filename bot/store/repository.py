"""What can be asked of the store, and what happens together or not at all?"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from bot.store.engine import checkpoint
from bot.store.errors import FAULTS, told
from bot.store.obstacles import WRITE_NOTHING
from bot.store.seen import derive, digests, forget, mark
from bot.store.tables import seen

_SOON: Final = 2.0
"""Seconds within which a healthy database answers."""


@dataclass(frozen=True, slots=True)
class Transaction:
    """One transaction of the store; ``connection`` is for the tables of other modules.

    Only the database belongs inside: while it is open, others may have to wait.
    """

    connection: AsyncConnection
    now: datetime
    keys: Sequence[bytes] = field(repr=False)

    async def first_time(self, platform: str, tenant: str, event: str) -> bool:
        """Tell whether this event of this tenant comes for the first time in 24 hours.

        Where it is False, the effect that goes with the event must not be written. Where the
        transaction is given up, the event counts as not having come.
        """
        rows = digests(self.keys, platform, tenant, event)
        return await mark(self.connection, rows, self.now)


class Store:
    """The database, for everything that Cairn keeps."""

    def __init__(
        self, engine: AsyncEngine, seal_keys: Sequence[bytes], clock: Callable[[], datetime]
    ) -> None:
        if not seal_keys:
            raise ValueError("without a seal key every event would look new")
        self._engine = engine
        self._keys = tuple(derive(key) for key in seal_keys)
        self._clock = clock

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Transaction]:
        """Open a transaction that may write; it is kept when the block ends without an error.

        Raises:
            StoreError: the database did not do it; whether it kept anything is then unknown.

        """
        with told():
            async with self._engine.begin() as connection:
                yield Transaction(connection, self._clock(), self._keys)

    async def first_time(self, platform: str, tenant: str, event: str) -> bool:
        """Tell whether an event that has no effect in the store comes for the first time."""
        async with self.transaction() as transaction:
            return await transaction.first_time(platform, tenant, event)

    async def forget_old(self) -> int:
        """Delete what was seen more than a day ago, and return how many rows that were."""
        async with self.transaction() as transaction:
            gone = await forget(transaction.connection, transaction.now)
        if gone:
            await self.leave_nothing()
        return gone

    @asynccontextmanager
    async def alone(self, name: str) -> AsyncIterator[bool]:
        """Tell whether this process alone may do a certain work until the block ends.

        Of several replicas on PostgreSQL one may at a time; one that dies lets go of it at once.
        SQLite has one process.

        Raises:
            StoreError: the database did not say it.

        """
        if self._engine.dialect.name != "postgresql":
            yield True
            return
        key = int.from_bytes(sha256(f"cairn {name}".encode()).digest()[:8], signed=True)
        with told():
            connection = await self._engine.connect()
        try:
            with told():
                # The lock is the session's. A transaction around the work would be ended as idle.
                await connection.execution_options(isolation_level="AUTOCOMMIT")
                locked = select(func.pg_try_advisory_lock(key))
                mine = bool((await connection.execute(locked)).scalar())
            try:
                yield mine
            finally:
                if mine:
                    await self._let_go(connection, key)
        finally:
            await connection.close()

    async def _let_go(self, connection: AsyncConnection, key: int) -> None:
        try:
            await connection.execute(select(func.pg_advisory_unlock(key)))
        except FAULTS:
            # Back in the pool, it would hold the lock for as long as the process lives.
            await connection.invalidate()

    async def leave_nothing(self) -> None:
        """See to it that no deleted row lives on in SQLite's log.

        Raises:
            StoreError: the database did not do it.

        """
        with told():
            await checkpoint(self._engine)

    async def healthy(self) -> bool:
        """Tell whether the database answers soon, and keeps what it is given.

        What is written is what stands there already, so that nothing is left of it.
        """
        try:
            async with asyncio.timeout(_SOON), self._engine.begin() as connection:
                await connection.execute(select(seen.c.hour).limit(1))
                await connection.execute(WRITE_NOTHING)
        except FAULTS:
            return False
        return True

    async def close(self) -> None:
        """Let go of the database; on SQLite no deleted row is left behind in the log."""
        try:
            await self.leave_nothing()
        finally:
            await self._engine.dispose()
