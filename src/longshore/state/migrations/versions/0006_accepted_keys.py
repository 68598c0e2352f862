"""accepted_keys"""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("mailbox", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column(
                "ticket",
                sa.String(length=32),
                nullable=True,
                comment="tells after a broken commit whether it was accepted",
            )
        )
        batch_op.add_column(
            sa.Column("request_key", sa.String(length=64), nullable=True, comment="digest of session and requestID")
        )
        batch_op.add_column(
            sa.Column("warnings", sa.JSON(), nullable=True, comment="about the request; they go into its answer")
        )
        batch_op.create_index("ix_mailbox_request_key", ["request_key"], unique=False)
    if op.get_bind().dialect.name == "postgresql":
        _index_waiting(postgresql_where=sa.text("settled IS NULL"))
    op.create_table(
        "accepted_keys",
        sa.Column("key", sa.String(length=64), nullable=False, comment="digest of what tells a request apart"),
        sa.Column("content", sa.String(length=64), nullable=False, comment="digest of what was asked for"),
        sa.Column("entry_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["entry_id"], ["mailbox.id"], name=op.f("fk_accepted_keys_entry_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_accepted_keys")),
    )
    with op.batch_alter_table("accepted_keys", schema=None) as batch_op:
        batch_op.create_index("ix_accepted_keys_entry_id", ["entry_id"], unique=False)


def downgrade() -> None:
    op.drop_table("accepted_keys")
    if op.get_bind().dialect.name == "postgresql":
        _index_waiting()
    with op.batch_alter_table("mailbox", schema=None) as batch_op:
        batch_op.drop_index("ix_mailbox_request_key")
        for name in ("warnings", "request_key", "ticket"):
            batch_op.drop_column(name)


def _index_waiting(**options: Any) -> None:
    op.drop_index("ix_mailbox_waiting", table_name="mailbox")
    op.create_index("ix_mailbox_waiting", "mailbox", ["session_id", "id"], unique=False, **options)
