"""Which work on SQLite is worth a thread? What may wait: for a lock, or for the disk.

aiosqlite hands every call to a thread and back, forty times in a transaction of ten statements.
Within a transaction that has its lock, a statement on a few rows takes less time than that; so it
runs where it is called. To begin, to commit, and whatever is no plain statement goes to the thread.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from typing import Any, Final

import aiosqlite

_PLAIN: Final = ("SELECT", "INSERT", "UPDATE", "DELETE")
_WAITING: Final = frozenset({"commit", "rollback", "close"})


class Inline(aiosqlite.Connection):
    """A connection that runs plain statements where they are called."""

    async def _execute(self, fn: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        if not self._running or not self._connection or _may_wait(fn, args):
            return await super()._execute(fn, *args, **kwargs)  # type: ignore[no-untyped-call]
        return fn(*args, **kwargs)


def connect(database: str, **how: Any) -> Inline:
    """Return a connection that is not open yet, as ``aiosqlite.connect`` does."""

    def open_it() -> sqlite3.Connection:
        found: sqlite3.Connection = sqlite3.connect(database, **{**how, "check_same_thread": False})
        return found

    connection = Inline(open_it, iter_chunk_size=64)
    # As SQLAlchemy does with its own: who dies without closing shall not be kept by the thread.
    connection._thread.daemon = True  # noqa: SLF001 there is no other way to it
    return connection


def _may_wait(fn: Callable[..., Any], args: tuple[Any, ...]) -> bool:
    name = getattr(fn, "__name__", "")
    if name in ("execute", "executemany"):
        return not str(args[0]).lstrip().upper().startswith(_PLAIN)
    if name == "close":
        return isinstance(getattr(fn, "__self__", None), sqlite3.Connection)
    return name in _WAITING
