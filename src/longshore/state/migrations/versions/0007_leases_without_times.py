"""leases_without_times"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

LEASE_COMMENT = "signs of life of the lease's holder"


def upgrade() -> None:
    op.add_column("datasets", sa.Column("changed", sa.Float(), nullable=True, comment="when it was last written to"))
    # The end of the last lease told when a dataset was last written to; a failed import never had one.
    op.execute("UPDATE datasets SET changed = lease_until")
    op.drop_column("datasets", "lease_until")
    op.add_column("datasets", sa.Column("lease_beat", sa.Integer(), nullable=True, comment=LEASE_COMMENT))
    op.create_index(
        "ix_datasets_held",
        "datasets",
        ["lease_owner"],
        sqlite_where=sa.text("lease_owner IS NOT NULL"),
        postgresql_where=sa.text("lease_owner IS NOT NULL"),
    )
    op.create_table(
        "servers",
        sa.Column("name", sa.String(length=120), nullable=False, comment="of a web process that holds sockets"),
        sa.Column("lease_beat", sa.Integer(), nullable=False, comment="signs of life that it gave"),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_servers")),
    )
    op.add_column(
        "mailbox",
        sa.Column(
            "losses", sa.Integer(), nullable=False, server_default="0", comment="how often its worker died over it"
        ),
    )
    op.add_column(
        "mailbox", sa.Column("begun_by", sa.String(length=120), nullable=True, comment="the process that is at it")
    )

    op.drop_column("jobs", "lease_until")
    op.add_column("jobs", sa.Column("lease_beat", sa.Integer(), nullable=True, comment=LEASE_COMMENT))
    op.add_column(
        "jobs",
        sa.Column("raised", sa.Integer(), nullable=False, server_default="0", comment="how often its function raised"),
    )
    op.add_column(
        "jobs",
        sa.Column(
            "begun",
            sa.Boolean(),
            nullable=False,
            server_default=sa.false(),
            comment="that its function was begun; noted only of those that may not be begun twice",
        ),
    )
    op.add_column(
        "jobs",
        sa.Column("pause", sa.Float(), nullable=True, comment="seconds between the end of an attempt and the next"),
    )
    # Until now each beginning that was no loss counted as one that raised.
    op.execute("UPDATE jobs SET raised = attempts - losses WHERE status = 'RETRY' AND attempts > losses")
    op.execute("UPDATE jobs SET begun = attempts > 0 WHERE status = 'STARTED'")

    op.drop_column("duties", "lease_owner")
    op.drop_column("duties", "lease_until")

    # Transfers end with their web process, which was stopped for this.
    op.execute("DELETE FROM transfers")
    op.drop_column("transfers", "touched")
    op.add_column("transfers", sa.Column("lease_beat", sa.Integer(), nullable=False, server_default="0"))
    op.drop_column("links", "taker_until")
    op.add_column(
        "links",
        sa.Column(
            "taker_beat", sa.Integer(), nullable=True, comment="goes up as it takes bytes; null: others may, too"
        ),
    )
    op.create_index(
        "ix_links_bound",
        "links",
        ["taker_beat"],
        sqlite_where=sa.text("taker_beat IS NOT NULL"),
        postgresql_where=sa.text("taker_beat IS NOT NULL"),
    )


def downgrade() -> None:
    op.drop_index("ix_links_bound", "links")
    op.drop_column("links", "taker_beat")
    op.add_column("links", sa.Column("taker_until", sa.Float(), nullable=True))
    op.drop_column("transfers", "lease_beat")
    op.add_column("transfers", sa.Column("touched", sa.Float(), nullable=False, server_default="0"))
    op.add_column("duties", sa.Column("lease_owner", sa.String(length=120), nullable=True))
    op.add_column("duties", sa.Column("lease_until", sa.Float(), nullable=True))
    for name in ("pause", "begun", "raised", "lease_beat"):
        op.drop_column("jobs", name)
    op.add_column("jobs", sa.Column("lease_until", sa.Float(), nullable=True))
    for name in ("begun_by", "losses"):
        op.drop_column("mailbox", name)
    op.drop_table("servers")
    op.drop_index("ix_datasets_held", "datasets")
    op.drop_column("datasets", "lease_beat")
    op.add_column("datasets", sa.Column("lease_until", sa.Float(), nullable=True))
    op.execute("UPDATE datasets SET lease_until = changed")
    op.drop_column("datasets", "changed")
