"""What the database keeps of periodic work: the last moment of each schedule that was carried out."""

from __future__ import annotations

import sqlalchemy as sa

from longshore.state.database import metadata

last_runs = sa.Table(
    "duties",  # its name of old, which databases keep
    metadata,
    sa.Column("name", sa.Text, primary_key=True, comment="of a schedule, or of a sweep"),
    sa.Column("last_run", sa.Float, nullable=False, comment="the scheduled moment that was last carried out"),
)
"""What has to be done by one process however many there are: schedules and sweeps."""
