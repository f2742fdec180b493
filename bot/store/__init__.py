"""What does Cairn keep, and where? Today only that an event has come, for a day."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from bot.store.engine import open_engine
from bot.store.errors import StoreError, Trouble
from bot.store.repository import Store, Transaction
from bot.store.upgrade import migrate

__all__ = ["Store", "StoreError", "Transaction", "Trouble", "open_store"]


async def open_store(url: str, seal_keys: Sequence[bytes], clock: Callable[[], datetime]) -> Store:
    """Open the database that an operator names, and bring it to this version.

    Raises:
        StoreError: it cannot be used; the sentence says what to do.

    """
    engine = open_engine(url)
    try:
        await migrate(engine)
    except BaseException:
        await engine.dispose()
        raise
    return Store(engine, seal_keys, clock)
