"""jobs, job_results, duties"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "duties",
        sa.Column("name", sa.Text(), nullable=False, comment="of a schedule, or of a sweep"),
        sa.Column("last_run", sa.Float(), nullable=False, comment="the scheduled moment that was last carried out"),
        sa.Column("lease_owner", sa.String(length=120), nullable=True),
        sa.Column("lease_until", sa.Float(), nullable=True),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_duties")),
    )
    op.create_table(
        "job_results",
        sa.Column("id", sa.String(length=255), nullable=False, comment="the job's id, or that of a Celery task"),
        sa.Column("expires", sa.Float(), nullable=False, comment="seconds since 1970"),
        sa.Column("document", sa.LargeBinary(), nullable=False, comment="JSON, compressed"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_job_results")),
    )
    with op.batch_alter_table("job_results", schema=None) as batch_op:
        batch_op.create_index("ix_job_results_expires", ["expires"], unique=False)

    op.create_table(
        "jobs",
        sa.Column("number", sa.Integer(), autoincrement=True, nullable=False, comment="the order of acceptance"),
        sa.Column("id", sa.String(length=36), nullable=False, comment="a UUID, as Celery's own task ids are"),
        sa.Column("type", sa.Text(), nullable=False, comment="name under which the job was declared"),
        sa.Column("queue", sa.Text(), nullable=False),
        sa.Column(
            "status", sa.String(length=10), nullable=False, comment="PENDING STARTED RETRY SUCCESS FAILURE REVOKED"
        ),
        sa.Column("cancelling", sa.Boolean(), nullable=False, comment="somebody asked to stop it; its worker will"),
        sa.Column("made_by", sa.Text(), nullable=True, comment="user token of who asked, if any"),
        sa.Column("submitted", sa.Float(), nullable=False, comment="seconds since 1970, as all times here"),
        sa.Column("due", sa.Float(), nullable=False, comment="not to be begun before this"),
        sa.Column("started", sa.Float(), nullable=True, comment="begin of the last attempt"),
        sa.Column("finished", sa.Float(), nullable=True),
        sa.Column("expires", sa.Float(), nullable=True, comment="when the result is forgotten; set at the end"),
        sa.Column("attempts", sa.Integer(), nullable=False, comment="how often it was begun"),
        sa.Column("losses", sa.Integer(), nullable=False, comment="how often its process died over it"),
        sa.Column("lease_owner", sa.String(length=120), nullable=True, comment="the process that runs it"),
        sa.Column("lease_until", sa.Float(), nullable=True),
        sa.Column("progress_done", sa.Float(), nullable=True),
        sa.Column("progress_total", sa.Float(), nullable=True),
        sa.Column("progress_message", sa.Text(), nullable=True),
        sa.Column("result_place", sa.String(length=10), nullable=True, comment="store or file; null without a result"),
        sa.Column("result_bytes", sa.BigInteger(), nullable=True),
        sa.Column("error", sa.Text(), nullable=True, comment="code of a failure"),
        sa.Column("message", sa.Text(), nullable=True, comment="sentence of a failure, for a person"),
        sa.Column("peak_bytes", sa.BigInteger(), nullable=True, comment="most memory that its process had, resident"),
        sa.Column("log_tail", sa.Text(), nullable=True, comment="the last lines that a failed job wrote"),
        sa.Column(
            "announced", sa.Boolean(), nullable=False, comment="false: whoever watches has to be told of its end"
        ),
        sa.Column("idempotency_key", sa.Text(), nullable=True, comment="with who asked: a key is that user's own"),
        sa.Column(
            "inputs_digest",
            sa.String(length=64),
            nullable=True,
            comment="SHA-256 of the inputs: a key answers only for the same ones",
        ),
        sa.Column("inputs", sa.LargeBinary(), nullable=True, comment="JSON, compressed; null once expired"),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_jobs")),
        sa.UniqueConstraint("id", name=op.f("uq_jobs_id")),
        sa.UniqueConstraint("type", "idempotency_key", name=op.f("uq_jobs_type_idempotency_key")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("jobs", schema=None) as batch_op:
        batch_op.create_index("ix_jobs_expires", ["expires"], unique=False)
        batch_op.create_index(
            "ix_jobs_running",
            ["lease_owner"],
            unique=False,
            sqlite_where=sa.text("status = 'STARTED'"),
            postgresql_where=sa.text("status = 'STARTED'"),
        )
        batch_op.create_index("ix_jobs_status", ["status", "number"], unique=False)
        batch_op.create_index("ix_jobs_type", ["type", "number", "status"], unique=False)
        batch_op.create_index(
            "ix_jobs_untold",
            ["finished"],
            unique=False,
            sqlite_where=sa.text("finished IS NOT NULL AND NOT announced"),
            postgresql_where=sa.text("finished IS NOT NULL AND NOT announced"),
        )
        batch_op.create_index(
            "ix_jobs_waiting",
            ["queue", "due", "number"],
            unique=False,
            sqlite_where=sa.text("status IN ('PENDING', 'RETRY')"),
            postgresql_where=sa.text("status IN ('PENDING', 'RETRY')"),
        )


def downgrade() -> None:
    with op.batch_alter_table("jobs", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_jobs_waiting",
            sqlite_where=sa.text("status IN ('PENDING', 'RETRY')"),
            postgresql_where=sa.text("status IN ('PENDING', 'RETRY')"),
        )
        batch_op.drop_index(
            "ix_jobs_untold",
            sqlite_where=sa.text("finished IS NOT NULL AND NOT announced"),
            postgresql_where=sa.text("finished IS NOT NULL AND NOT announced"),
        )
        batch_op.drop_index("ix_jobs_type")
        batch_op.drop_index("ix_jobs_status")
        batch_op.drop_index(
            "ix_jobs_running",
            sqlite_where=sa.text("status = 'STARTED'"),
            postgresql_where=sa.text("status = 'STARTED'"),
        )
        batch_op.drop_index("ix_jobs_expires")

    op.drop_table("jobs")
    with op.batch_alter_table("job_results", schema=None) as batch_op:
        batch_op.drop_index("ix_job_results_expires")

    op.drop_table("job_results")
    op.drop_table("duties")
