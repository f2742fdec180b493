"""Room in the outbox for the name of a card, which may be as long as in `cases`."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Widen the column; on SQLite, which cannot, the table is copied."""
    with op.batch_alter_table("outbox", table_kwargs={"sqlite_autoincrement": True}) as batch:
        batch.alter_column("detail", type_=sa.String(400), existing_nullable=False)


def downgrade() -> None:
    """Narrow it again; a card whose name is cut off is then taken for gone."""
    with op.batch_alter_table("outbox", table_kwargs={"sqlite_autoincrement": True}) as batch:
        batch.alter_column(
            "detail",
            type_=sa.String(40),
            existing_nullable=False,
            postgresql_using="left(detail, 40)",
        )
