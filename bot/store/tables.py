"""Which tables are there? Migrations make them; a test holds the two together."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Column, Integer, LargeBinary, MetaData, Table

metadata: Final = MetaData()

seen: Final = Table(
    "seen",
    metadata,
    Column("digest", LargeBinary(32), primary_key=True),
    # Hours since 1970, so that a row does not tell the minute of a visit.
    Column("hour", Integer, nullable=False, index=True),
    sqlite_with_rowid=False,
)
