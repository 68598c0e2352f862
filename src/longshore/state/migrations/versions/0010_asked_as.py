"""asked_as"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "mailbox",
        sa.Column(
            "asked_as",
            sa.Text(),
            nullable=True,
            comment="another name by which the operation was asked for; the answer has it",
        ),
    )


def downgrade() -> None:
    op.drop_column("mailbox", "asked_as")
