"""How is work done after the answer has gone out? In order for each person, and to the end.

Every task is kept until it ends, an error in one is told by its type and stops nothing else, and
at shutdown what has begun is finished. One person can have so much waiting and no more, so that
nobody takes the turn of all others; what is urgent has its turn whatever else waits.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Hashable
from typing import Final

from bot.privacy import OWN, where_of

_MOST: Final = 20_000
"""Pieces of work waiting at once; beyond it, new ones are refused rather than memory filled."""

_MOST_OF_ONE: Final = 30
"""Pieces waiting for one key: more than anybody types before the first is answered."""

_MOST_URGENT: Final = 5
"""Urgent pieces waiting for one key: each brings the same help, and the last is never far off."""

_TOLD_EACH: Final = 60.0
"""Seconds between two lines of the log that say the same of what was refused."""

Work = Callable[[], Awaitable[None]]


class Tasks:
    """Runs pieces of work: those of one key one after the other, those of others meanwhile."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """Take a monotonic clock in seconds."""
        self._clock = clock
        self._waiting: dict[Hashable, list[Work]] = {}
        self._running: set[asyncio.Task[None]] = set()
        self._count = 0
        self._told_at: dict[str, float] = {}

    @property
    def count(self) -> int:
        """How many pieces of work have not ended yet."""
        return self._count

    @property
    def is_full(self) -> bool:
        """Whether so much is waiting in all that nothing is taken from anybody, unless urgent."""
        return self._count >= _MOST

    def spawn(self, key: Hashable, work: Work, *, urgent: bool = False) -> bool:
        """Do ``work`` after everything else of ``key``; return false when there is too much.

        That is so when too much waits for this key already, or, unless it is ``urgent``, in all.
        """
        line = self._waiting.get(key)
        if line is not None and len(line) >= (_MOST_URGENT if urgent else _MOST_OF_ONE):
            self._tell(logging.WARNING, "too much of one person is waiting; a piece was refused")
            return False
        if self.is_full and not urgent:
            self._tell(logging.ERROR, "too much work is waiting; a piece was refused")
            return False
        self._count += 1
        if line is not None:
            line.append(work)
            return True
        self._waiting[key] = [work]
        task = asyncio.get_running_loop().create_task(self._run(key))
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        return True

    def _tell(self, level: int, words: str) -> None:
        """Say once in a while that work is refused: whoever floods us must not flood the log."""
        now = self._clock()
        told_at = self._told_at.get(words)
        if told_at is None or now - told_at >= _TOLD_EACH:
            self._told_at[words] = now
            logging.getLogger(OWN).log(level, words)

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
