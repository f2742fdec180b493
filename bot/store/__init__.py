"""What does Cairn keep, and where? Each table, and how long it is kept, is in docs/security."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Final

from bot.store.engine import open_engine, unhurried
from bot.store.errors import StoreError, Trouble
from bot.store.look import age_at
from bot.store.repository import Store, Transaction
from bot.store.upgrade import Age, migrate

__all__ = ["Store", "StoreError", "Transaction", "Trouble", "open_current", "open_store"]

_REFUSED: Final = {
    Age.ABSENT: Trouble.EMPTY,
    Age.OLDER: Trouble.OLDER,
    Age.NEWER: Trouble.NEWER,
}


async def open_store(url: str, seal_keys: Sequence[bytes], clock: Callable[[], datetime]) -> Store:
    """Open the database that an operator names, and bring it to this version.

    Raises:
        StoreError: it cannot be used; the sentence says what to do.

    """
    engine = open_engine(url)
    try:
        async with unhurried(url, engine) as patient:
            await migrate(patient)
    except BaseException:
        await engine.dispose()
        raise
    return Store(engine, seal_keys, clock)


async def open_current(
    url: str, seal_keys: Sequence[bytes], clock: Callable[[], datetime]
) -> Store:
    """Open a database that has the tables of this version already; no other one is touched.

    Raises:
        StoreError: it is empty, of another version, or cannot be used.

    """
    age = await age_at(url)
    if age in _REFUSED:
        raise StoreError(_REFUSED[age])
    return Store(open_engine(url), seal_keys, clock)
