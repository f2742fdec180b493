"""The tables of the hand-off: cases, their keys and words, what is to be sent, what was done."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

_COUNTED = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "cases",
        sa.Column("number", sa.String(8), primary_key=True),
        sa.Column("office", sa.String(40), nullable=False),
        sa.Column("topic", sa.String(40), nullable=False),
        sa.Column("lang", sa.String(2), nullable=False),
        sa.Column("mode", sa.String(12), nullable=False),
        sa.Column("state", sa.String(12), nullable=False),
        sa.Column("turn", sa.Integer, nullable=False),
        sa.Column("opened", sa.BigInteger, nullable=False),
        sa.Column("since", sa.BigInteger, nullable=False),
        sa.Column("replied", sa.Boolean, nullable=False),
        sa.Column("reason", sa.String(12)),
        sa.Column("record", sa.String(8), nullable=False),
        sa.Column("held", sa.Boolean, nullable=False),
        sa.Column("card", sa.String(400), nullable=False),
        sa.Column("requester", sa.LargeBinary(32)),
        sa.Column("people", sa.LargeBinary),
    )
    op.create_index("ix_cases_state", "cases", ["state"])
    op.create_index("ix_cases_requester", "cases", ["requester"])
    op.create_table(
        "case_keys",
        sa.Column("number", sa.String(8), sa.ForeignKey("cases.number"), primary_key=True),
        sa.Column("key_id", sa.LargeBinary(8), nullable=False),
        sa.Column("sealed", sa.LargeBinary(64), nullable=False),
    )
    op.create_table(
        "messages",
        sa.Column("id", _COUNTED, primary_key=True, autoincrement=True),
        sa.Column("number", sa.String(8), sa.ForeignKey("cases.number"), nullable=False),
        sa.Column("place", sa.Integer, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("sender", sa.String(8), nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("messages_place", "messages", ["number", "place"], unique=True)
    op.create_table(
        "outbox",
        sa.Column("id", _COUNTED, primary_key=True, autoincrement=True),
        sa.Column("number", sa.String(8), nullable=False),
        sa.Column("kind", sa.String(12), nullable=False),
        sa.Column("detail", sa.String(40), nullable=False),
        sa.Column("made", sa.BigInteger, nullable=False),
        sa.Column("due", sa.BigInteger, nullable=False),
        sa.Column("tries", sa.Integer, nullable=False),
        sa.Column("parked", sa.Boolean, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_outbox_number", "outbox", ["number"])
    op.create_index("ix_outbox_due", "outbox", ["due"])
    op.create_table(
        "reminders",
        sa.Column("number", sa.String(8), primary_key=True),
        sa.Column("turn", sa.Integer, primary_key=True),
        sa.Column("name", sa.String(16), primary_key=True),
        sa.Column("at", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "audit",
        sa.Column("place", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("number", sa.String(8), nullable=False),
        sa.Column("act", sa.String(16), nullable=False),
        sa.Column("key_id", sa.LargeBinary(8), nullable=False),
        sa.Column("actor", sa.LargeBinary(32), nullable=False),
        sa.Column("digest", sa.LargeBinary(32), nullable=False),
    )
    op.create_index("ix_audit_number", "audit", ["number"])
    op.create_index("ix_audit_actor", "audit", ["actor"])


def downgrade() -> None:
    """Remove them."""
    for name in ("audit", "reminders", "outbox", "messages", "case_keys", "cases"):
        op.drop_table(name)
