"""What was done with cases, by whom? Each row is chained to the one before by its digest.

Whoever changes, removes or adds a row breaks the chain from there on. A chain that was cut at its
end is whole again; so an operator keeps its head elsewhere: ``cairn cases`` prints it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from sqlalchemy import BindParameter, Select, bindparam, func, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store import quick
from bot.store.tables import audit

_START: Final = bytes(32)
_ADD: Final = insert(audit)
_LAST: Final = select(audit.c.place, audit.c.digest).where(
    audit.c.place == select(func.max(audit.c.place)).scalar_subquery()
)


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that was done. ``at`` in seconds since 1970; ``actor`` empty where time did it."""

    at: int
    number: str
    act: str
    key_id: bytes
    actor: bytes


@dataclass(frozen=True, slots=True)
class Chain:
    """How the chain stands: its length and head; ``broken`` is the first place that is wrong."""

    length: int
    head: bytes
    broken: int | None


async def add(connection: AsyncConnection, entry: Entry) -> None:
    """Write down what was done, in the transaction that does it and has its ``turn``."""
    last = await quick.rows(connection, _LAST, {})
    place, before = (last[0][0] + 1, last[0][1]) if last else (0, _START)
    row = {
        "place": place,
        "at": entry.at,
        "number": entry.number,
        "act": entry.act,
        "key_id": entry.key_id,
        "actor": entry.actor,
        "digest": _digest(before, place, entry),
    }
    await quick.write(connection, (_ADD, row))


async def chain(connection: AsyncConnection) -> Chain:
    """Return how the chain stands; every row is looked at."""
    before, length, broken = _START, 0, None
    rows = await connection.stream(select(audit).order_by(audit.c.place))
    async for row in rows:
        entry = Entry(row.at, row.number, row.act, row.key_id, row.actor)
        right = row.place == length and row.digest == _digest(before, length, entry)
        if broken is None and not right:
            broken = length
        before, length = row.digest, length + 1
    return Chain(length, before, broken)


async def of_case(connection: AsyncConnection, number: str) -> list[Entry]:
    """Return what was done with a case, in its order."""
    kept = audit.c
    found = select(kept.at, kept.number, kept.act, kept.key_id, kept.actor)
    rows = await connection.execute(found.where(kept.number == number).order_by(kept.place))
    return [Entry(*row) for row in rows]


async def count(connection: AsyncConnection, act: str, actors: Iterable[bytes], since: int) -> int:
    """Return how often somebody has done something after a moment, in seconds since 1970."""
    values = {f"actor{place}": actor for place, actor in enumerate(actors)}
    given = {"act": act, "since": since, **values}
    return int((await quick.rows(connection, _count(len(values)), given))[0][0])


@lru_cache(maxsize=8)
def _count(many: int) -> Select[int]:
    names: list[BindParameter[bytes]] = [bindparam(f"actor{place}") for place in range(many)]
    kept = audit.c
    return select(func.count()).where(
        kept.act == bindparam("act"), kept.actor.in_(names), kept.at > bindparam("since")
    )


def _digest(before: bytes, place: int, entry: Entry) -> bytes:
    told = hashlib.sha256(before)
    parts = (str(place), str(entry.at), entry.number, entry.act)
    for part in (*(one.encode() for one in parts), entry.key_id, entry.actor):
        told.update(len(part).to_bytes(4, "big") + part)
    return told.digest()
