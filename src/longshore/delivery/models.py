"""What the database keeps of links and of resumable uploads; their bytes are on disk."""

from __future__ import annotations

import sqlalchemy as sa

from longshore.state.database import metadata

files = sa.Table(
    "cached_files",
    metadata,
    sa.Column("id", sa.String(32), primary_key=True, comment="its name in the cache folder"),
    sa.Column("size", sa.BigInteger, nullable=False),
    sa.Column("sha256", sa.String(64), nullable=False, comment="hexadecimal"),
    sa.Column("origin", sa.Text, unique=True, comment="device, inode, size and times of the file it is a copy of"),
    sa.Column("created", sa.Float, nullable=False, comment="seconds since 1970, as all times here"),
)

links = sa.Table(
    "links",
    metadata,
    sa.Column("uid", sa.String(64), primary_key=True, comment="whoever knows it may take the file"),
    sa.Column("file_id", sa.ForeignKey(files.c.id), comment="null for what is made or fetched when it is opened"),
    sa.Column("source", sa.JSON, comment="how to make or fetch it"),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("content_type", sa.Text, nullable=False),
    sa.Column("modified", sa.Float, nullable=False),
    sa.Column("one_time", sa.Boolean, nullable=False),
    sa.Column("download", sa.Boolean, nullable=False),
    sa.Column("created", sa.Float, nullable=False),
    sa.Column("expires", sa.Float, nullable=False),
    sa.Column("last_used", sa.Float, nullable=False),
    sa.Column("used", sa.Float, comment="when the last byte of a one-time file was delivered"),
    sa.Column("delivered", sa.JSON, nullable=False, comment="spans of bytes, ends not included"),
    sa.Column("doubtful", sa.JSON, nullable=False, comment="spans that were on their way when a transfer broke off"),
    sa.Column(
        "maybe_whole",
        sa.Boolean,
        nullable=False,
        server_default=sa.false(),
        comment="a process died with the last piece on its way: only what is not in `delivered` is given out",
    ),
    sa.Column("taker", sa.Text, comment="network address of who took bytes last"),
    sa.Column("taker_beat", sa.Integer, comment="goes up as it takes bytes; null: others may, too"),
    sa.Column("job_id", sa.String(36), comment="the job whose result it goes with"),
    sa.Index(
        "ix_links_job_id",
        "job_id",
        sqlite_where=sa.text("job_id IS NOT NULL"),
        postgresql_where=sa.text("job_id IS NOT NULL"),
    ),
    sa.Index("ix_links_expires", "expires"),
    sa.Index("ix_links_last_used", "last_used"),
    sa.Index("ix_links_file_id", "file_id"),
    sa.Index(
        "ix_links_bound",
        "taker_beat",
        sqlite_where=sa.text("taker_beat IS NOT NULL"),
        postgresql_where=sa.text("taker_beat IS NOT NULL"),
    ),
)

transfers = sa.Table(
    "transfers",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("uid", sa.ForeignKey(links.c.uid, ondelete="CASCADE"), nullable=False),
    sa.Column("spans", sa.JSON, nullable=False, comment="what it set out to send"),
    sa.Column("taker", sa.Text, nullable=False, comment="who gets it: a browser's cookie, or a mark of its own"),
    sa.Column("leaving", sa.JSON, comment="spans handed over before the last piece of its own; null until that one"),
    sa.Column("lease_owner", sa.String(120), nullable=False, comment="the web process that sends"),
    sa.Column("lease_beat", sa.Integer, nullable=False, server_default="0"),
    sa.Index("ix_transfers_uid", "uid"),
    sqlite_autoincrement=True,
)

resumable = sa.Table(
    "resumable_uploads",
    metadata,
    sa.Column("id", sa.String(32), primary_key=True, comment="whoever knows it may send the rest"),
    sa.Column("size", sa.BigInteger, nullable=False, comment="bytes that it will have"),
    sa.Column("name", sa.Text, nullable=False, comment="the client's name for the file"),
    sa.Column("kind", sa.String(20), nullable=False, comment="what it becomes: partition, path, dataset"),
    sa.Column("path", sa.Text, nullable=False, comment="the partition, or the path of a path file"),
    sa.Column("described", sa.Text, nullable=False, comment="the client's Upload-Metadata as it came"),
    sa.Column("options", sa.JSON, nullable=False, comment="the rest of it: how a dataset is read"),
    sa.Column("asked_by", sa.Text, comment="the user that began it"),
    sa.Column("created", sa.Float, nullable=False),
    sa.Column("expires", sa.Float, nullable=False),
    sa.Column("result", sa.JSON(none_as_null=True), comment="where the file is, once it is whole"),
    sa.Column("failure", sa.Text, comment="why it could not become what it should"),
    sa.Index("ix_resumable_uploads_expires", "expires"),
)
