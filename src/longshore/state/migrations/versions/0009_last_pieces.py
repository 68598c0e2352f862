"""last_pieces"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "links",
        sa.Column(
            "maybe_whole",
            sa.Boolean(),
            nullable=False,
            server_default=sa.false(),
            comment="a process died with the last piece on its way: only what is not in `delivered` is given out",
        ),
    )
    op.add_column(
        "transfers",
        sa.Column(
            "leaving",
            sa.JSON(),
            nullable=True,
            comment="spans handed over before the last piece of its own; null until that one",
        ),
    )


def downgrade() -> None:
    op.drop_column("transfers", "leaving")
    op.drop_column("links", "maybe_whole")
