"""sent_queues"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "sent_queues",
        sa.Column(
            "name",
            sa.Text(),
            nullable=False,
            comment="of a queue that nobody served when something was sent to it",
        ),
        sa.Column("sent", sa.Float(), nullable=False, comment="about when that was the last time, seconds since 1970"),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_sent_queues")),
    )


def downgrade() -> None:
    op.drop_table("sent_queues")
