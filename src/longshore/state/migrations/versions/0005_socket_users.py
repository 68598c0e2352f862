"""socket_users"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("sockets", schema=None) as batch_op:
        batch_op.add_column(sa.Column("user", sa.Text(), nullable=True, comment="whose it is, where that is known"))


def downgrade() -> None:
    with op.batch_alter_table("sockets", schema=None) as batch_op:
        batch_op.drop_column("user")
