"""begun_tasks"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "begun_tasks",
        sa.Column("id", sa.Text(), nullable=False, comment="Celery's"),
        sa.Column("message", sa.Text(), nullable=False, comment="what sends it again, in JSON"),
        sa.Column(
            "may_repeat", sa.Boolean(), nullable=False, comment="whether it is sent again when its process is lost"
        ),
        sa.Column(
            "lease_owner",
            sa.Text(),
            nullable=True,
            comment="the process that runs it; none when it was sent again and not begun",
        ),
        sa.Column("beat", sa.Integer(), nullable=False, comment="signs of life of that process"),
        sa.Column("losses", sa.Integer(), nullable=False, comment="processes that were lost with it"),
        sa.Column("begun", sa.Float(), nullable=False, comment="about when, seconds since 1970"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_begun_tasks")),
    )


def downgrade() -> None:
    op.drop_table("begun_tasks")
