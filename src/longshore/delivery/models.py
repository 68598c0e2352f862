"""What the database keeps of links and of resumable uploads; their bytes are on disk."""

from __future__ import annotations

import sqlalchemy as sa

from longshore.database import metadata

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
    sa.Column("taker", sa.Text, comment="network address of who took bytes last"),
    sa.Column("taker_until", sa.Float, comment="until then nobody else gets any"),
    sa.Index("ix_links_expires", "expires"),
    sa.Index("ix_links_last_used", "last_used"),
    sa.Index("ix_links_file_id", "file_id"),
)

transfers = sa.Table(
    "transfers",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("uid", sa.ForeignKey(links.c.uid, ondelete="CASCADE"), nullable=False),
    sa.Column("spans", sa.JSON, nullable=False, comment="what it set out to send"),
    sa.Column("taker", sa.Text, nullable=False, comment="who gets it: a browser's cookie, or a mark of its own"),
    sa.Column("lease_owner", sa.String(120), nullable=False, comment="the web process that sends"),
    sa.Column("touched", sa.Float, nullable=False, comment="when bytes last went out"),
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
