"""How does the desk get at its cases? One transaction at a time, with the keys that open them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from bot.desk.records import Records
from bot.desk.vault import Vault
from bot.store import Store, Transaction


class Archive:
    """The store, with the keys of cases."""

    def __init__(self, store: Store, vault: Vault) -> None:
        self._store = store
        self._vault = vault

    @asynccontextmanager
    async def records(self) -> AsyncIterator[Records]:
        """Open the cases; nobody else has them until the block ends."""
        async with self._store.transaction() as transaction:
            records = Records(transaction, self._vault)
            await records.turn()
            yield records

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Transaction]:
        """Open the store for what is no case, so that nobody has to wait for cases."""
        async with self._store.transaction() as transaction:
            yield transaction

    async def leave_nothing(self) -> None:
        """See to it that nothing that was erased lives on in a log of the database."""
        await self._store.leave_nothing()
