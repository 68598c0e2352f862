"""resumable_uploads"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "resumable_uploads",
        sa.Column("id", sa.String(length=32), nullable=False, comment="whoever knows it may send the rest"),
        sa.Column("size", sa.BigInteger(), nullable=False, comment="bytes that it will have"),
        sa.Column("name", sa.Text(), nullable=False, comment="the client's name for the file"),
        sa.Column("kind", sa.String(length=20), nullable=False, comment="what it becomes: partition, path, dataset"),
        sa.Column("path", sa.Text(), nullable=False, comment="the partition, or the path of a path file"),
        sa.Column("described", sa.Text(), nullable=False, comment="the client's Upload-Metadata as it came"),
        sa.Column("options", sa.JSON(), nullable=False, comment="the rest of it: how a dataset is read"),
        sa.Column("asked_by", sa.Text(), nullable=True, comment="the user that began it"),
        sa.Column("created", sa.Float(), nullable=False),
        sa.Column("expires", sa.Float(), nullable=False),
        sa.Column("result", sa.JSON(), nullable=True, comment="where the file is, once it is whole"),
        sa.Column("failure", sa.Text(), nullable=True, comment="why it could not become what it should"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_resumable_uploads")),
    )
    with op.batch_alter_table("resumable_uploads", schema=None) as batch_op:
        batch_op.create_index("ix_resumable_uploads_expires", ["expires"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("resumable_uploads", schema=None) as batch_op:
        batch_op.drop_index("ix_resumable_uploads_expires")

    op.drop_table("resumable_uploads")
