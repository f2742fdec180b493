"""The table of what has been seen, for de-duplication."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "seen",
        sa.Column("digest", sa.LargeBinary(32), primary_key=True),
        sa.Column("hour", sa.Integer, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_seen_hour", "seen", ["hour"])


def downgrade() -> None:
    """Remove it."""
    op.drop_table("seen")
