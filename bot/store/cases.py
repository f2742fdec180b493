"""How are cases kept? Rows in and out; what is locked in them, this module cannot open.

Every function belongs inside a transaction that has its ``turn``, so that two never look at the
same case and both act on what they saw.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, fields
from functools import lru_cache
from typing import Any, Final

from sqlalchemy import (
    BindParameter,
    Row,
    Select,
    bindparam,
    delete,
    func,
    insert,
    select,
    text,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store import quick
from bot.store.tables import case_keys, cases, messages, outbox, reminders

_TURN: Final = text(f"SELECT pg_advisory_xact_lock({int.from_bytes(b'desk')})")


@dataclass(frozen=True, slots=True)
class CaseRow:
    """A case as it is kept; times in seconds since 1970. ``people`` is locked."""

    number: str
    office: str
    topic: str
    lang: str
    mode: str
    state: str
    turn: int
    opened: int
    since: int
    replied: bool
    reason: str | None
    record: str
    held: bool
    card: str
    requester: bytes | None = field(repr=False)
    people: bytes | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class KeyRow:
    """The wrapped key of a case, and the name of the key that wraps it."""

    number: str
    key_id: bytes
    sealed: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class MessageRow:
    """Words of a case, locked; ``place`` counts those of one case from 0."""

    place: int
    at: int
    sender: str
    body: bytes = field(repr=False)


async def turn(connection: AsyncConnection) -> None:
    """Wait until no other transaction of the desk is open, and keep others waiting until the end.

    On SQLite every transaction that may write begins with the lock.
    """
    if connection.dialect.name == "postgresql":
        await connection.execute(_TURN)


async def find(connection: AsyncConnection, number: str) -> CaseRow | None:
    """Return a case, if there is one of that number."""
    return _one(await connection.execute(_FIND, {"of": number}))


_FIND: Final = select(cases).where(cases.c.number == text(":of"))
_KEY: Final = select(case_keys).where(case_keys.c.number == text(":of"))


def _one(result: Any) -> CaseRow | None:
    row = result.one_or_none()
    return _case(row) if row is not None else None


def _case(row: Row[Any]) -> CaseRow:
    return CaseRow(**row._mapping)  # noqa: SLF001 the public name of a row as a mapping


async def add(connection: AsyncConnection, row: CaseRow, key: KeyRow) -> None:
    """Keep a new case and its key."""
    await quick.write(connection, (_ADD, _values(row)), (_ADD_KEY, _values(key)))


async def save(connection: AsyncConnection, row: CaseRow) -> None:
    """Keep a case as it is now."""
    values = {name: value for name, value in _values(row).items() if name != "number"}
    await connection.execute(update(cases).where(cases.c.number == row.number).values(values))


async def key_of(connection: AsyncConnection, number: str) -> KeyRow | None:
    """Return the wrapped key of a case; nothing once it was destroyed."""
    row = (await connection.execute(_KEY, {"of": number})).one_or_none()
    return KeyRow(row.number, row.key_id, row.sealed) if row is not None else None


async def keys_not_under(connection: AsyncConnection, key_id: bytes, most: int) -> Sequence[KeyRow]:
    """Return keys that another key than this one wraps."""
    found = select(case_keys).where(case_keys.c.key_id != key_id)
    rows = await connection.execute(found.order_by(case_keys.c.number).limit(most))
    return [KeyRow(row.number, row.key_id, row.sealed) for row in rows]


async def save_key(connection: AsyncConnection, key: KeyRow, requester: bytes) -> None:
    """Keep a key under another wrapping, with the digest of who opened the case that goes with it.

    Both change in one transaction, so that nobody is looked up under a key that is gone.
    """
    of = key.number
    changed = {"key_id": key.key_id, "sealed": key.sealed}
    await connection.execute(update(case_keys).where(case_keys.c.number == of).values(changed))
    await connection.execute(
        update(cases).where(cases.c.number == of).values({"requester": requester})
    )


async def words_of(connection: AsyncConnection, number: str) -> Sequence[MessageRow]:
    """Return the words of a case in their order."""
    kept = messages.c
    found = select(kept.place, kept.at, kept.sender, kept.body).where(kept.number == number)
    rows = await connection.execute(found.order_by(kept.place))
    return [MessageRow(*row) for row in rows]


_ADD: Final = insert(cases)
_ADD_KEY: Final = insert(case_keys)
_ADD_WORDS: Final = insert(messages).values(
    {name: bindparam(name) for name in ("number", "place", "at", "sender", "body")}
)


def _values(row: CaseRow | KeyRow | MessageRow) -> dict[str, object]:
    """Return a row by its columns; ``asdict`` would copy every value."""
    return {one.name: getattr(row, one.name) for one in fields(row)}


async def next_place(connection: AsyncConnection, number: str) -> int:
    """Return the place of the next words of a case."""
    found = select(func.count()).where(messages.c.number == number)
    return int((await connection.execute(found)).scalar_one())


async def add_words(connection: AsyncConnection, number: str, row: MessageRow) -> None:
    """Keep words of a case."""
    await quick.write(connection, (_ADD_WORDS, {"number": number, **_values(row)}))


async def owned(connection: AsyncConnection, digests: Iterable[bytes]) -> Sequence[CaseRow]:
    """Return the cases that somebody opened, newest first."""
    found = select(cases).where(cases.c.requester.in_(list(digests)))
    rows = await connection.execute(found.order_by(cases.c.opened.desc(), cases.c.number))
    return [_case(row) for row in rows]


async def opened_by(
    connection: AsyncConnection, digests: Sequence[bytes]
) -> Sequence[tuple[str, str, int]]:
    """Return number, state and time of the cases that somebody opened."""
    values = {f"digest{place}": digest for place, digest in enumerate(digests)}
    found = await quick.rows(connection, _opened_by(len(values)), values)
    return [(row[0], row[1], row[2]) for row in found]


@lru_cache(maxsize=8)
def _opened_by(many: int) -> Select[tuple[str, str, int]]:
    names: list[BindParameter[bytes]] = [bindparam(f"digest{place}") for place in range(many)]
    return select(cases.c.number, cases.c.state, cases.c.opened).where(cases.c.requester.in_(names))


async def exists(connection: AsyncConnection, number: str) -> bool:
    """Tell whether there is a case of that number."""
    return bool(await quick.rows(connection, _EXISTS, {"number": number}))


_EXISTS: Final = select(cases.c.number).where(cases.c.number == bindparam("number"))


async def in_states(connection: AsyncConnection, states: Iterable[str]) -> Sequence[str]:
    """Return the numbers of the cases that stand in these states, in a fixed order."""
    found = select(cases.c.number).where(cases.c.state.in_(list(states)))
    return list((await connection.execute(found.order_by(cases.c.number))).scalars())


async def shred(connection: AsyncConnection, row: CaseRow) -> None:
    """Destroy the key of a case, then its words; keep the row given."""
    for table in (case_keys, messages, reminders):
        await connection.execute(delete(table).where(table.c.number == row.number))
    await save(connection, row)


async def is_sending(connection: AsyncConnection, number: str) -> bool:
    """Tell whether anything is still to be sent for a case."""
    found = select(outbox.c.id).where(outbox.c.number == number, ~outbox.c.parked).limit(1)
    return (await connection.execute(found)).first() is not None


async def remind_once(
    connection: AsyncConnection, number: str, turned: int, name: str, at: int
) -> bool:
    """Record a reminder; return false where it was recorded before."""
    kept = reminders.c
    there = select(kept.at).where(kept.number == number, kept.turn == turned, kept.name == name)
    if (await connection.execute(there)).first() is not None:
        return False
    row = {"number": number, "turn": turned, "name": name, "at": at}
    await connection.execute(insert(reminders), row)
    return True


async def counts(connection: AsyncConnection) -> dict[tuple[str, str], int]:
    """Return how many cases there are, by office and state."""
    found = select(cases.c.office, cases.c.state, func.count()).group_by(
        cases.c.office, cases.c.state
    )
    return {(office, state): many for office, state, many in await connection.execute(found)}
