"""Which summaries stand in which channels, and what is to be done about them next?

A pin is its own outbox: where something is to be done, ``due`` says when. Whoever does it takes the
row for a while; who dies meanwhile leaves it to the next. A row holds no person and no word.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import ColumnElement, delete, func, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Row
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.tables import pins, turns

LEASE: Final = 60
"""Seconds for which whoever takes a pin has it; longer than one call of a platform may last."""

POSTING: Final = "posting"
STANDING: Final = "standing"
LEAVING: Final = "leaving"

_FIRST_TURN: Final = {
    "sqlite": sqlite.insert(turns).on_conflict_do_nothing(),
    "postgresql": postgresql.insert(turns).on_conflict_do_nothing(),
}


@dataclass(frozen=True, slots=True)
class Pin:
    """A summary in a channel.

    ``langs`` are its languages in their order, such as ``fr+en``; ``ref`` what the post is called,
    empty until it is posted; ``held`` whether the platform has it among its pins; ``shown`` a
    digest of what it shows, ``told`` how many revisions its readers know of, ``known`` how many
    whoever wants it so: one who knows of fewer is an older Cairn, and leaves it alone. ``due`` is
    in seconds since 1970, nothing where nothing is to be done; until ``taken`` somebody is doing
    it. ``tries`` counts those that failed in a row, below zero where the platform refused.

    One that is ``posting`` is wanted by somebody, who may see that its post is gone: then it is
    posted anew. One that is ``standing`` is forgotten with its post.
    """

    id: int
    platform: str
    tenant: str
    channel: str
    service: str
    summary: str
    langs: str
    state: str
    ref: str
    held: str
    shown: str
    told: int
    known: int
    due: int | None
    taken: int
    tries: int


@dataclass(frozen=True, slots=True)
class Sort:
    """What pins have in common that show the same."""

    platform: str
    summary: str
    langs: str


@dataclass(frozen=True, slots=True)
class Wanted:
    """What pins of a sort should show, and of how many revisions their readers should know.

    ``known`` is how many the one knows who says so.
    """

    mark: str
    told: int
    known: int


def _pin(row: Row[tuple[object, ...]]) -> Pin:
    return Pin(**row._mapping)  # noqa: SLF001 SQLAlchemy's name for it


async def of_channel(connection: AsyncConnection, platform: str, channel: str) -> tuple[Pin, ...]:
    """Return the pins of a channel that stay, the oldest first."""
    kept = pins.c
    found = select(pins).where(
        kept.platform == platform, kept.channel == channel, kept.state != LEAVING
    )
    return tuple(_pin(row) for row in await connection.execute(found.order_by(kept.id)))


async def find(connection: AsyncConnection, ident: int) -> Pin | None:
    """Return a pin, locked until the transaction ends."""
    found = select(pins).where(pins.c.id == ident).with_for_update()
    row = (await connection.execute(found)).first()
    return _pin(row) if row is not None else None


async def in_place(connection: AsyncConnection, values: dict[str, object]) -> Pin:
    """Write a new pin, or find the one that stands in its place; it is locked as by ``find``."""
    build = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
    # In one statement: another one could be deleted before it is read.
    added = (
        build(pins)
        .values(values)
        .on_conflict_do_update(
            index_elements=[pins.c.platform, pins.c.channel, pins.c.summary],
            set_={"tenant": values["tenant"], "service": values["service"]},
        )
    )
    return _pin((await connection.execute(added.returning(pins))).one())


async def change(connection: AsyncConnection, ident: int, **values: object) -> None:
    """Change a pin."""
    await connection.execute(update(pins).where(pins.c.id == ident).values(values))


async def forget(connection: AsyncConnection, ident: int) -> None:
    """Forget a pin."""
    await connection.execute(delete(pins).where(pins.c.id == ident))


async def forget_all(
    connection: AsyncConnection, platform: str, tenant: str, channel: str | None
) -> int:
    """Forget the pins of a channel, or of a whole tenant; return how many those were."""
    kept = pins.c
    where = [kept.platform == platform, kept.tenant == tenant]
    if channel is not None:
        where.append(kept.channel == channel)
    return (await connection.execute(delete(pins).where(*where))).rowcount


async def take(
    connection: AsyncConnection, platform: str, now: datetime, spacing: float, known: int
) -> Pin | None:
    """Take the pin of a platform that is due longest, so that nobody else does for a while.

    What somebody asked for comes before what stands already and is only to be changed. What is
    wanted by one who knows of more revisions than ``known`` is left to them. That is a turn; there
    is none within ``spacing`` seconds of the last one, whoever had it.
    """
    kept, at = pins.c, int(now.timestamp())
    due = (
        select(pins)
        .where(
            kept.platform == platform,
            kept.due <= at,
            kept.taken <= at,
            or_(kept.known <= known, kept.state == LEAVING),
        )
        .order_by(kept.state == STANDING, kept.due, kept.id)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    row = (await connection.execute(due)).first()
    if row is None or not await _turn(connection, platform, now, spacing):
        return None
    await change(connection, row.id, taken=at + LEASE)
    return _pin(row)


async def sorts(connection: AsyncConnection) -> Sequence[Sort]:
    """Return what stands somewhere."""
    kept = pins.c
    found = select(kept.platform, kept.summary, kept.langs).where(kept.state == STANDING).distinct()
    return [Sort(*row) for row in await connection.execute(found)]


async def wake(connection: AsyncConnection, sort: Sort, wanted: Wanted, now: int) -> int:
    """Have pins changed that show something else than is wanted; return how many those are."""
    kept = pins.c
    stale = or_(kept.shown != wanted.mark, kept.told < wanted.told)
    where = (*_of(sort), stale, kept.due.is_(None), kept.known <= wanted.known)
    found = update(pins).where(*where).values(due=now, known=wanted.known, tries=0)
    return (await connection.execute(found)).rowcount


async def ahead(connection: AsyncConnection, sort: Sort, known: int) -> int:
    """Return how many pins were last changed by one who knows of more revisions."""
    found = select(func.count()).where(*_of(sort), pins.c.known > known)
    return int((await connection.execute(found)).scalar_one())


async def dismiss(connection: AsyncConnection, sort: Sort, known: int, now: int) -> int:
    """Have pins taken away that show what is not there any more."""
    where = (*_of(sort), pins.c.known <= known)
    found = update(pins).where(*where).values(state=LEAVING, due=now, tries=0)
    return (await connection.execute(found)).rowcount


def _of(sort: Sort) -> tuple[ColumnElement[bool], ...]:
    kept = pins.c
    return (
        kept.platform == sort.platform,
        kept.summary == sort.summary,
        kept.langs == sort.langs,
        kept.state == STANDING,
    )


@dataclass(frozen=True, slots=True)
class Standing:
    """How many pins there are, and for how many something is still to be done."""

    count: int
    waiting: int


async def standing(connection: AsyncConnection, platform: str) -> Standing:
    """Return how many pins of a platform there are, and how many of them wait."""
    found = select(func.count(), func.count(pins.c.due)).where(pins.c.platform == platform)
    return Standing(*(await connection.execute(found)).one())


# ---- turns


async def _turn(connection: AsyncConnection, name: str, now: datetime, spacing: float) -> bool:
    """Take the next turn, and tell whether it was free."""
    at, kept = _milliseconds(now), turns.c
    await _first_turn(connection, name)
    next_one = at + round(spacing * 1000)
    found = update(turns).where(kept.name == name, kept.at <= at).values(at=next_one)
    return (await connection.execute(found)).rowcount == 1


async def pause(connection: AsyncConnection, name: str, now: datetime, wait: float) -> None:
    """Let nobody have a turn for ``wait`` seconds."""
    until = _milliseconds(now) + round(wait * 1000)
    await _first_turn(connection, name)
    later = update(turns).where(turns.c.name == name, turns.c.at < until).values(at=until)
    await connection.execute(later)


async def _first_turn(connection: AsyncConnection, name: str) -> None:
    await connection.execute(_FIRST_TURN[connection.dialect.name], {"name": name, "at": 0})


def _milliseconds(now: datetime) -> int:
    return round(now.timestamp() * 1000)
