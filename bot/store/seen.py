"""Has this come before? One row a key for an event, which tells nothing without the seal keys.

While keys are being changed, a replica may hold the new key before another does. So every key of
a replica leaves its own row, and it is the first time only where none of them was there: two
replicas that share a key agree, whichever other keys they hold.
"""

from __future__ import annotations

import hmac
from collections.abc import Sequence
from datetime import datetime
from typing import Final

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from sqlalchemy import delete
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.tables import seen

_KEPT: Final = 24
"""Hours that a row is kept at the least; after one more it goes."""

_MARK: Final = {
    "sqlite": sqlite.insert(seen).on_conflict_do_nothing(),
    "postgresql": postgresql.insert(seen).on_conflict_do_nothing(),
}


def derive(seal_key: bytes) -> bytes:
    """Return the key for digests that belongs to a seal key."""
    return HKDF(SHA256(), length=32, salt=None, info=b"cairn seen").derive(seal_key)


def digests(keys: Sequence[bytes], *parts: str) -> list[bytes]:
    """Return the digests of an event, one a key, in the order in which rows are to be written."""
    # A platform may send half of a character; it counts as what it is.
    encoded = [part.encode("utf-8", "surrogatepass") for part in parts]
    message = b"".join(len(part).to_bytes(8, "big") + part for part in encoded)
    return sorted({hmac.digest(key, message, "sha256") for key in keys})


async def mark(connection: AsyncConnection, rows: Sequence[bytes], now: datetime) -> bool:
    """Write digests down, and tell whether none of them was there.

    Everyone writes in the same order, so two that have several in common cannot block each other.
    """
    statement = _MARK[connection.dialect.name]
    new = True
    for row in rows:
        done = await connection.execute(statement, {"digest": row, "hour": _hour(now)})
        new = done.rowcount == 1 and new
    return new


async def forget(connection: AsyncConnection, now: datetime) -> int:
    """Delete the rows that are old, and those of a clock that once ran a day ahead."""
    hour = _hour(now)
    kept = seen.c.hour.between(hour - _KEPT, hour + _KEPT)
    return (await connection.execute(delete(seen).where(~kept))).rowcount


def _hour(moment: datetime) -> int:
    return int(moment.timestamp() // 3600)
