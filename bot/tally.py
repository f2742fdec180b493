"""How do counts get from an answer to the database? In memory first, and some minutes later there.

An answer never waits for it and never fails with it. Where the database does not take the numbers,
they stay here and are tried again, until the week that they belong to is closed.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from random import SystemRandom
from typing import Final

from bot.disclosure import STEP, Cell
from bot.errors import CairnError
from bot.guidance.words import Lang
from bot.privacy import OWN, where_of
from bot.store import Store, counts
from bot.weeks import last_closed, last_shown, week_of

_PAUSE: Final = (600.0, 1_200.0)
"""Seconds between two batches, drawn anew each time: no batch tells when it was begun."""

_MOST: Final = 5_000
"""Cells in memory; the guidance has names for a few hundred in each week."""

Sleep = Callable[[float], Awaitable[None]]


class Tally:
    """Numbers that wait to be written."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        """Take a clock of aware times."""
        self._clock = clock
        self._waiting: Counter[Cell] = Counter()
        self._writing = asyncio.Lock()

    def count(self, kind: str, name: str, lang: Lang) -> None:
        """Count one more; what does not fit in memory is let go."""
        cell = Cell(week_of(self._clock()), kind, name, lang)
        if cell in self._waiting or len(self._waiting) < _MOST:
            self._waiting[cell] += 1

    async def write(self, store: Store) -> None:
        """Write what waits, and settle the weeks that are over; where it fails, all of it waits."""
        async with self._writing:
            try:
                await self._write(store)
            except CairnError as error:
                logging.getLogger(OWN).error("the store: %s", error.words.en)  # noqa: TRY400
            except Exception as error:  # noqa: BLE001 the next batch must come
                logging.getLogger(OWN).error(  # noqa: TRY400 a traceback may hold content
                    "%s in %s", type(error).__name__, where_of(error)
                )

    async def _write(self, store: Store) -> None:
        now = self._clock()
        closed = last_closed(now)
        # A week that may have been shown does not change any more.
        batch = {cell: many for cell, many in self._waiting.items() if cell.week > closed}
        self._waiting = Counter()
        written = False
        try:
            async with store.transaction() as transaction:
                if batch:
                    await counts.add(transaction.connection, batch)
                settled = await counts.settle(transaction.connection, last_shown(now), STEP)
            written = True
        finally:
            if not written:
                self._waiting.update(batch)
        if settled:
            await store.leave_nothing()

    @asynccontextmanager
    async def running(self, store: Store, sleep: Sleep = asyncio.sleep) -> AsyncIterator[None]:
        """Write from time to time until the block ends, and once more then."""
        task = asyncio.create_task(self._run(store, sleep))
        try:
            yield
        finally:
            async with self._writing:  # what is half written would be written twice
                task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            await self.write(store)

    async def _run(self, store: Store, sleep: Sleep) -> None:
        random = SystemRandom()
        while True:
            await sleep(random.uniform(*_PAUSE))
            await self.write(store)
