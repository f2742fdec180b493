"""What is still to be sent? Written with what it follows from, in one transaction.

A row holds no words: only the number of a case, and what kind of thing is to be brought about. It
is taken for a while and deleted when it is done; whoever dies meanwhile leaves it to the next.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, cast

from sqlalchemy import bindparam, delete, func, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store import quick
from bot.store.tables import outbox

LEASE: Final = 120
"""Seconds for which whoever takes a row has it; longer than any one attempt may last."""

FARTHEST: Final = 900
"""Seconds for which anything waits at the most; what is due later was written by a clock that ran
ahead and was put back, and is due now."""

CLOCKS: Final = 60
"""Seconds by which the clocks of two replicas may differ; the longest wait is so much shorter."""


@dataclass(frozen=True, slots=True)
class ToSend:
    """Something to be sent. ``made`` in seconds since 1970; ``tries`` counts this one too."""

    id: int
    number: str
    kind: str
    detail: str
    made: int
    tries: int


async def put(connection: AsyncConnection, number: str, kind: str, detail: str, now: int) -> None:
    """Have something sent, once this transaction is kept."""
    row = {"number": number, "kind": kind, "detail": detail, "made": now, "due": now}
    await quick.write(connection, (_PUT, {**row, "tries": 0, "parked": False}))


_PUT: Final = insert(outbox).values(
    {
        name: bindparam(name)
        for name in ("number", "kind", "detail", "made", "due", "tries", "parked")
    }
)


async def tries(connection: AsyncConnection, number: str, kind: str, detail: str) -> int | None:
    """Return how often such a thing of a case was tried that waits, the least if several do.

    Nothing where none waits.
    """
    values = {"of": number, "kind": kind, "detail": detail}
    ((least,),) = await quick.rows(connection, _TRIES, values)
    return cast("int | None", least)


_TRIES: Final = select(func.min(outbox.c.tries)).where(
    outbox.c.number == bindparam("of"),
    outbox.c.kind == bindparam("kind"),
    outbox.c.detail == bindparam("detail"),
    ~outbox.c.parked,
)


async def take(connection: AsyncConnection, now: int) -> ToSend | None:
    """Take the oldest thing that is due, so that nobody else does for a while.

    Of one case the oldest goes first; as long as it is not through, nothing newer is taken.
    """
    kept = outbox.c
    older = outbox.alias("older")
    waits = (
        select(older.c.id)
        .where(older.c.number == kept.number, older.c.id < kept.id, ~older.c.parked)
        .exists()
    )
    due = (
        select(kept.id, kept.number, kept.kind, kept.detail, kept.made, kept.tries)
        .where(or_(kept.due <= now, kept.due > now + FARTHEST), ~kept.parked, ~waits)
        .order_by(kept.id)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    row = (await connection.execute(due)).first()
    if row is None:
        return None
    tries = row.tries + 1
    await connection.execute(
        update(outbox).where(kept.id == row.id).values(due=now + LEASE, tries=tries)
    )
    return ToSend(row.id, row.number, row.kind, row.detail, row.made, tries)


async def done(connection: AsyncConnection, ident: int) -> None:
    """Forget what was sent."""
    await connection.execute(delete(outbox).where(outbox.c.id == ident))


async def later(connection: AsyncConnection, ident: int, due: int) -> None:
    """Have it tried again, not before ``due``."""
    await connection.execute(update(outbox).where(outbox.c.id == ident).values(due=due))


async def park(connection: AsyncConnection, ident: int) -> None:
    """Set aside what cannot be sent; an operator is told."""
    await connection.execute(update(outbox).where(outbox.c.id == ident).values(parked=True))


@dataclass(frozen=True, slots=True)
class Waiting:
    """How many rows wait, when the oldest was made (seconds since 1970), how many are set aside."""

    count: int
    oldest: int | None
    parked: int


async def waiting(connection: AsyncConnection) -> Waiting:
    """Return what an operator should know of it."""
    kept = outbox.c
    found = select(kept.parked, func.count(), func.min(kept.made)).group_by(kept.parked)
    rows = {
        bool(parked): (many, oldest) for parked, many, oldest in await connection.execute(found)
    }
    many, oldest = rows.get(False, (0, None))
    return Waiting(many, oldest, rows.get(True, (0, None))[0])
