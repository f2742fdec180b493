"""Which owners are still to be told that something of theirs is to be reviewed?

A row is written once for a tree, its date and a stage, whoever comes first; so each is told once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.tables import reviews

LEASE: Final = 120
"""Seconds for which whoever takes rows has them; longer than one attempt may last."""

_ADD: Final = {
    "sqlite": sqlite.insert(reviews).on_conflict_do_nothing(),
    "postgresql": postgresql.insert(reviews).on_conflict_do_nothing(),
}


@dataclass(frozen=True, slots=True)
class Review:
    """A tree, its date as YYYY-MM-DD, the stage that has begun, and how often it was tried."""

    tree: str
    review_by: str
    stage: str
    tries: int = 0


async def add(connection: AsyncConnection, review: Review, now: int) -> bool:
    """Have an owner told, and return whether that is new; ``now`` in seconds since 1970."""
    row = {
        "tree": review.tree,
        "review_by": review.review_by,
        "stage": review.stage,
        "at": now,
        "due": now,
        "tries": 0,
    }
    return (await connection.execute(_ADD[connection.dialect.name], row)).rowcount == 1


async def take(connection: AsyncConnection, now: int) -> Sequence[Review]:
    """Take all rows that are due, so that nobody else does for a while."""
    kept = reviews.c
    due = (
        select(kept.tree, kept.review_by, kept.stage, kept.tries)
        .where(kept.due <= now)
        .order_by(kept.tree, kept.review_by, kept.stage)
        .with_for_update(skip_locked=True)
    )
    found = [Review(*row) for row in await connection.execute(due)]
    for one in found:
        await settle(connection, one, now + LEASE)
    return found


async def settle(
    connection: AsyncConnection, review: Review, due: int | None, *, tried: bool = False
) -> None:
    """Have an owner told, not before ``due``; nothing: no more. ``tried`` counts an attempt."""
    kept = reviews.c
    where = (
        kept.tree == review.tree,
        kept.review_by == review.review_by,
        kept.stage == review.stage,
    )
    values = {"due": due, "tries": review.tries + tried}
    await connection.execute(update(reviews).where(*where).values(values))
