"""How is work done after the answer has gone out? In order for each person, and to the end.

Every task is kept until it ends, an error in one is told by its type and stops nothing else, and
at shutdown what has begun is finished.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Hashable
from typing import Final

from bot.privacy import OWN, where_of

_MOST: Final = 20_000
"""Pieces of work waiting at once; beyond it, new ones are refused rather than memory filled."""

Work = Callable[[], Awaitable[None]]


class Tasks:
    """Runs pieces of work: those of one key one after the other, those of others meanwhile."""

    def __init__(self) -> None:
        self._waiting: dict[Hashable, list[Work]] = {}
        self._running: set[asyncio.Task[None]] = set()
        self._count = 0

    @property
    def count(self) -> int:
        """How many pieces of work have not ended yet."""
        return self._count

    def spawn(self, key: Hashable, work: Work) -> bool:
        """Do ``work`` after everything else of ``key``; return false when there is too much."""
        if self._count >= _MOST:
            logging.getLogger(OWN).error("too much work is waiting; a piece was refused")
            return False
        self._count += 1
        if (line := self._waiting.get(key)) is not None:
            line.append(work)
            return True
        self._waiting[key] = [work]
        task = asyncio.get_running_loop().create_task(self._run(key))
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        return True

    def is_busy(self, key: Hashable) -> bool:
        """Tell whether work of that key is waiting or being done."""
        return key in self._waiting

    async def _run(self, key: Hashable) -> None:
        line = self._waiting[key]
        try:
            while line:
                work = line.pop(0)
                try:
                    await work()
                except Exception as error:  # noqa: BLE001 the next piece must still run
                    logging.getLogger(OWN).error(  # noqa: TRY400 a traceback may hold content
                        "%s in %s", type(error).__name__, where_of(error)
                    )
                finally:
                    self._count -= 1
        finally:
            self._count -= len(line)
            del self._waiting[key]

    async def drain(self, within: float) -> bool:
        """Wait until all work has ended, ``within`` seconds at most; return whether it has.

        What is still running then is cancelled.
        """
        loop = asyncio.get_running_loop()
        until = loop.time() + within
        while self._running and loop.time() < until:
            await asyncio.wait(set(self._running), timeout=until - loop.time())
        left = set(self._running)
        for task in left:
            task.cancel()
        if left:
            await asyncio.wait(left)
        return not left
