"""Which tables are there? Migrations make them; a test holds the two together."""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
)

metadata: Final = MetaData()

seen: Final = Table(
    "seen",
    metadata,
    Column("digest", LargeBinary(32), primary_key=True),
    # Hours since 1970, so that a row does not tell the minute of a visit.
    Column("hour", Integer, nullable=False, index=True),
    sqlite_with_rowid=False,
)

_COUNTED: Final = BigInteger().with_variant(Integer, "sqlite")
"""Numbers that the database gives: SQLite counts only in a column that is called INTEGER."""

cases: Final = Table(
    "cases",
    metadata,
    Column("number", String(8), primary_key=True),
    Column("office", String(40), nullable=False),
    # A tree or a page; and so on: none of these is a word of a person.
    Column("topic", String(40), nullable=False),
    Column("lang", String(2), nullable=False),
    Column("mode", String(12), nullable=False),
    Column("state", String(12), nullable=False, index=True),
    Column("turn", Integer, nullable=False),
    # Seconds since 1970.
    Column("opened", BigInteger, nullable=False),
    Column("since", BigInteger, nullable=False),
    Column("replied", Boolean, nullable=False),
    Column("reason", String(12)),
    Column("record", String(8), nullable=False),
    Column("held", Boolean, nullable=False),
    # What the card is called in the office's channel.
    Column("card", String(400), nullable=False),
    # Who opened it, as a digest under the key that wraps the key of the case.
    Column("requester", LargeBinary(32), index=True),
    # Everybody whom the case names, locked under its key.
    Column("people", LargeBinary),
)

case_keys: Final = Table(
    "case_keys",
    metadata,
    Column("number", String(8), ForeignKey("cases.number"), primary_key=True),
    Column("key_id", LargeBinary(8), nullable=False),
    Column("sealed", LargeBinary(64), nullable=False),
)

messages: Final = Table(
    "messages",
    metadata,
    Column("id", _COUNTED, primary_key=True, autoincrement=True),
    Column("number", String(8), ForeignKey("cases.number"), nullable=False),
    # Its place in the case, which it is locked to.
    Column("place", Integer, nullable=False),
    Column("at", BigInteger, nullable=False),
    # person, office
    Column("sender", String(8), nullable=False),
    Column("body", LargeBinary, nullable=False),
    Index("messages_place", "number", "place", unique=True),
    sqlite_autoincrement=True,
)

LONGEST_DETAIL: Final = 40

outbox: Final = Table(
    "outbox",
    metadata,
    Column("id", _COUNTED, primary_key=True, autoincrement=True),
    Column("number", String(8), nullable=False, index=True),
    Column("kind", String(12), nullable=False),
    # The name of what is said, or of whom it is said to.
    Column("detail", String(LONGEST_DETAIL), nullable=False),
    Column("made", BigInteger, nullable=False),
    Column("due", BigInteger, nullable=False, index=True),
    Column("tries", Integer, nullable=False),
    Column("parked", Boolean, nullable=False),
    # A number is never given again: whoever comes late must not forget another row than theirs.
    sqlite_autoincrement=True,
)

reminders: Final = Table(
    "reminders",
    metadata,
    Column("number", String(8), primary_key=True),
    Column("turn", Integer, primary_key=True),
    Column("name", String(16), primary_key=True),
    Column("at", BigInteger, nullable=False),
)

audit: Final = Table(
    "audit",
    metadata,
    Column("place", BigInteger, primary_key=True, autoincrement=False),
    Column("at", BigInteger, nullable=False),
    Column("number", String(8), nullable=False, index=True),
    Column("act", String(16), nullable=False),
    # Who did it, as a digest, and the key that it is under; empty where time did.
    Column("key_id", LargeBinary(8), nullable=False),
    Column("actor", LargeBinary(32), nullable=False, index=True),
    Column("digest", LargeBinary(32), nullable=False),
)

counts: Final = Table(
    "counts",
    metadata,
    # The Monday of the week, in days since 1970; no finer time is kept.
    Column("week", Integer, primary_key=True, autoincrement=False),
    # tree, topic, answer, channel, helped
    Column("kind", String(8), primary_key=True),
    Column("name", String(100), primary_key=True),
    Column("lang", String(2), primary_key=True),
    Column("many", BigInteger, nullable=False),
    # The number of a row would tell which of two came first.
    sqlite_with_rowid=False,
)

pins: Final = Table(
    "pins",
    metadata,
    Column("id", _COUNTED, primary_key=True, autoincrement=True),
    Column("platform", String(8), nullable=False),
    Column("tenant", String(64), nullable=False),
    # Where it stands; who pinned it is not kept.
    Column("channel", String(400), nullable=False),
    Column("service", String(400), nullable=False),
    Column("summary", String(40), nullable=False),
    # en, fr or en+fr
    Column("langs", String(5), nullable=False),
    # posting, standing, leaving
    Column("state", String(8), nullable=False),
    # What the post is called there; empty until it is posted.
    Column("ref", String(400), nullable=False),
    # Whether the platform has it among its pins: unknown, pinned, refused
    Column("held", String(8), nullable=False),
    # A digest of what the post shows, and how many revisions its readers have been told of.
    Column("shown", String(32), nullable=False),
    Column("told", Integer, nullable=False),
    # Of how many whoever wants it so knows: one who knows of fewer leaves it alone.
    Column("known", Integer, nullable=False),
    # Seconds since 1970; nothing where nothing is to be done.
    Column("due", BigInteger, index=True),
    # Until when whoever does it has it, in seconds since 1970.
    Column("taken", BigInteger, nullable=False),
    Column("tries", Integer, nullable=False),
    Index("pins_place", "platform", "channel", "summary", unique=True),
    # A number is never given again: whoever comes late must not change another pin than theirs.
    sqlite_autoincrement=True,
)

turns: Final = Table(
    "turns",
    metadata,
    Column("name", String(20), primary_key=True),
    # Milliseconds since 1970 before which nobody has the next turn.
    Column("at", BigInteger, nullable=False),
)

reviews: Final = Table(
    "reviews",
    metadata,
    Column("tree", String(40), primary_key=True),
    # The last day on which its owner vouches for it, as YYYY-MM-DD.
    Column("review_by", String(10), primary_key=True),
    # soon, over, withdrawn
    Column("stage", String(10), primary_key=True),
    Column("at", BigInteger, nullable=False),
    # Seconds since 1970; nothing once the owner has been told, or cannot be.
    Column("due", BigInteger, index=True),
    Column("tries", Integer, nullable=False),
)
