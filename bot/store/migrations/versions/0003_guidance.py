"""The tables of the life of the guidance: counts, pins and their turns, reviews that are due."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

_COUNTED = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "counts",
        sa.Column("week", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("kind", sa.String(8), primary_key=True),
        sa.Column("name", sa.String(100), primary_key=True),
        sa.Column("lang", sa.String(2), primary_key=True),
        sa.Column("many", sa.BigInteger, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "pins",
        sa.Column("id", _COUNTED, primary_key=True, autoincrement=True),
        sa.Column("platform", sa.String(8), nullable=False),
        sa.Column("tenant", sa.String(64), nullable=False),
        sa.Column("channel", sa.String(400), nullable=False),
        sa.Column("service", sa.String(400), nullable=False),
        sa.Column("summary", sa.String(40), nullable=False),
        sa.Column("langs", sa.String(5), nullable=False),
        sa.Column("state", sa.String(8), nullable=False),
        sa.Column("ref", sa.String(400), nullable=False),
        sa.Column("held", sa.String(8), nullable=False),
        sa.Column("shown", sa.String(32), nullable=False),
        sa.Column("told", sa.Integer, nullable=False),
        sa.Column("known", sa.Integer, nullable=False),
        sa.Column("due", sa.BigInteger),
        sa.Column("taken", sa.BigInteger, nullable=False),
        sa.Column("tries", sa.Integer, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_pins_due", "pins", ["due"])
    op.create_index("pins_place", "pins", ["platform", "channel", "summary"], unique=True)
    op.create_table(
        "turns",
        sa.Column("name", sa.String(20), primary_key=True),
        sa.Column("at", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "reviews",
        sa.Column("tree", sa.String(40), primary_key=True),
        sa.Column("review_by", sa.String(10), primary_key=True),
        sa.Column("stage", sa.String(10), primary_key=True),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("due", sa.BigInteger),
        sa.Column("tries", sa.Integer, nullable=False),
    )
    op.create_index("ix_reviews_due", "reviews", ["due"])


def downgrade() -> None:
    """Remove them."""
    for name in ("reviews", "turns", "pins", "counts"):
        op.drop_table(name)
