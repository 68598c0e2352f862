"""cached_files, links, transfers"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "cached_files",
        sa.Column("id", sa.String(length=32), nullable=False, comment="its name in the cache folder"),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False, comment="hexadecimal"),
        sa.Column(
            "origin", sa.Text(), nullable=True, comment="device, inode, size and times of the file it is a copy of"
        ),
        sa.Column("created", sa.Float(), nullable=False, comment="seconds since 1970, as all times here"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cached_files")),
        sa.UniqueConstraint("origin", name=op.f("uq_cached_files_origin")),
    )
    op.create_table(
        "links",
        sa.Column("uid", sa.String(length=64), nullable=False, comment="whoever knows it may take the file"),
        sa.Column(
            "file_id", sa.String(length=32), nullable=True, comment="null for what is made or fetched when it is opened"
        ),
        sa.Column("source", sa.JSON(), nullable=True, comment="how to make or fetch it"),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("content_type", sa.Text(), nullable=False),
        sa.Column("modified", sa.Float(), nullable=False),
        sa.Column("one_time", sa.Boolean(), nullable=False),
        sa.Column("download", sa.Boolean(), nullable=False),
        sa.Column("created", sa.Float(), nullable=False),
        sa.Column("expires", sa.Float(), nullable=False),
        sa.Column("last_used", sa.Float(), nullable=False),
        sa.Column("used", sa.Float(), nullable=True, comment="when the last byte of a one-time file was delivered"),
        sa.Column("delivered", sa.JSON(), nullable=False, comment="spans of bytes, ends not included"),
        sa.Column(
            "doubtful", sa.JSON(), nullable=False, comment="spans that were on their way when a transfer broke off"
        ),
        sa.Column("taker", sa.Text(), nullable=True, comment="network address of who took bytes last"),
        sa.Column("taker_until", sa.Float(), nullable=True, comment="until then nobody else gets any"),
        sa.ForeignKeyConstraint(["file_id"], ["cached_files.id"], name=op.f("fk_links_file_id")),
        sa.PrimaryKeyConstraint("uid", name=op.f("pk_links")),
    )
    with op.batch_alter_table("links", schema=None) as batch_op:
        batch_op.create_index("ix_links_expires", ["expires"], unique=False)
        batch_op.create_index("ix_links_file_id", ["file_id"], unique=False)
        batch_op.create_index("ix_links_last_used", ["last_used"], unique=False)

    op.create_table(
        "transfers",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("uid", sa.String(length=64), nullable=False),
        sa.Column("spans", sa.JSON(), nullable=False, comment="what it set out to send"),
        sa.Column("taker", sa.Text(), nullable=False, comment="who gets it: a browser's cookie, or a mark of its own"),
        sa.Column("lease_owner", sa.String(length=120), nullable=False, comment="the web process that sends"),
        sa.Column("touched", sa.Float(), nullable=False, comment="when bytes last went out"),
        sa.ForeignKeyConstraint(["uid"], ["links.uid"], name=op.f("fk_transfers_uid"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_transfers")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("transfers", schema=None) as batch_op:
        batch_op.create_index("ix_transfers_uid", ["uid"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("transfers", schema=None) as batch_op:
        batch_op.drop_index("ix_transfers_uid")

    op.drop_table("transfers")
    with op.batch_alter_table("links", schema=None) as batch_op:
        batch_op.drop_index("ix_links_last_used")
        batch_op.drop_index("ix_links_file_id")
        batch_op.drop_index("ix_links_expires")

    op.drop_table("links")
    op.drop_table("cached_files")
