"""Processes that die at a point of their own, by SIGKILL.

    point = Points(7)
    killed = spawn(lambda: work(point))     # in ``work``: point.counts = True, when it matters

A point lies before each statement to SQLite and before each message to PostgreSQL, and wherever a
test passes one. They are numbered by counting them; between two of them nothing happens that the
outside could see.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sqlite3
import sys
import traceback
from asyncio import selector_events
from collections.abc import Callable, Coroutine
from typing import Any

from sqlalchemy import text

from bot.store import Store

_OTHERS = text(
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
    " AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
)


class Points:
    """Counts points while it is told to, and dies at one of them."""

    def __init__(self, deadly: int = -1) -> None:
        self._deadly = deadly
        self._passed = 0
        self.counts = False

    def __call__(self, *_: object) -> None:
        if self.counts:
            if self._passed == self._deadly:
                os.kill(os.getpid(), signal.SIGKILL)
            self._passed += 1

    def watch_databases(self) -> None:
        """Pass a point before whatever this process tells a database, in whichever way."""
        connect, write = sqlite3.connect, selector_events._SelectorSocketTransport.write

        def watched(*args: Any, **how: Any) -> sqlite3.Connection:
            connection = connect(*args, **how)
            connection.set_trace_callback(self)
            return connection

        def written(transport: Any, data: bytes) -> None:
            self()
            write(transport, data)

        sqlite3.connect = watched
        selector_events._SelectorSocketTransport.write = written


def spawn(life: Callable[[], Coroutine[Any, Any, None]]) -> bool:
    """Run it in a process of its own; tell whether that was killed before the end.

    Whatever it raises is shown, and fails the test.
    """
    child = os.fork()
    if not child:
        code = 1
        try:
            asyncio.run(life())
            code = 0
        except BaseException:  # noqa: BLE001 nothing else may go on in this process
            traceback.print_exc()
        finally:
            sys.stderr.flush()
            os._exit(code)
    _, status = os.waitpid(child, 0)
    killed = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
    assert killed or status == 0, "a life has failed; what it said stands above"
    return killed


async def alone(store: Store) -> None:
    """Wait until PostgreSQL has seen that those before are dead."""
    others = store._engine.dialect.name != "sqlite"
    while others:
        async with store.transaction() as transaction:
            others = (await transaction.connection.execute(_OTHERS)).scalar_one() > 0
