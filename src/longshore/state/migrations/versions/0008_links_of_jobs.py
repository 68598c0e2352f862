"""links_of_jobs"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "links", sa.Column("job_id", sa.String(length=36), nullable=True, comment="the job whose result it goes with")
    )
    op.create_index(
        "ix_links_job_id",
        "links",
        ["job_id"],
        sqlite_where=sa.text("job_id IS NOT NULL"),
        postgresql_where=sa.text("job_id IS NOT NULL"),
    )


def downgrade() -> None:
    op.drop_index("ix_links_job_id", "links")
    op.drop_column("links", "job_id")
