"""What the database keeps of datasets: the sessions, their steps, the mailbox, who listens."""

from __future__ import annotations

import sqlalchemy as sa

from longshore.state.database import PackedJSON, metadata

SESSION_ID_LENGTH = 30

datasets = sa.Table(
    "datasets",
    metadata,
    sa.Column("id", sa.String(SESSION_ID_LENGTH), primary_key=True),
    sa.Column("name", sa.Text, nullable=False, comment="the uploaded file's name, as data"),
    sa.Column("state", sa.String(10), nullable=False, comment="importing, ready or failed"),
    sa.Column("created", sa.Float, nullable=False, comment="seconds since 1970"),
    sa.Column("source_bytes", sa.BigInteger, nullable=False),
    sa.Column("reading", sa.JSON, comment="the settings with which the file was read"),
    sa.Column("warnings", sa.JSON, comment="what the reader has to tell about the file"),
    sa.Column("position", sa.Integer, nullable=False, comment="of the current step; 0 is the import"),
    sa.Column("next_number", sa.Integer, nullable=False, comment="number that the next step gets"),
    sa.Column("lease_owner", sa.String(120), comment="the one process that may write, or null"),
    sa.Column("lease_beat", sa.Integer, comment="signs of life of the lease's holder"),
    sa.Column("changed", sa.Float, comment="when it was last written to"),
    sa.Index(
        "ix_datasets_held",
        "lease_owner",
        sqlite_where=sa.text("lease_owner IS NOT NULL"),
        postgresql_where=sa.text("lease_owner IS NOT NULL"),
    ),
)

steps = sa.Table(
    "steps",
    metadata,
    sa.Column("session_id", sa.ForeignKey(datasets.c.id, ondelete="CASCADE"), primary_key=True),
    sa.Column("position", sa.Integer, primary_key=True, comment="place in the history, 0 is the import"),
    sa.Column("number", sa.Integer, nullable=False, comment="`version` on the wire; never used twice in a session"),
    sa.Column("operation", sa.Text, nullable=False),
    sa.Column("parameters", PackedJSON, nullable=False),
    sa.Column("facts", PackedJSON, nullable=False),
    sa.Column("sentence", sa.Text, nullable=False),
    sa.Column("request_id", sa.JSON),
    sa.Column("made_by", sa.Text, comment="user token of who asked, if any"),
    sa.Column("created", sa.Float, nullable=False, comment="seconds since 1970"),
    sa.Column("rows", sa.BigInteger, nullable=False),
    sa.Column("columns", sa.Integer, nullable=False),
    sa.Column("table", PackedJSON, nullable=False, comment="which column files the version consists of"),
)

mailbox = sa.Table(
    "mailbox",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=True, comment="the order of acceptance"),
    sa.Column("session_id", sa.ForeignKey(datasets.c.id, ondelete="CASCADE"), nullable=False),
    sa.Column("request_id", sa.JSON),
    sa.Column("operation", sa.Text, nullable=False),
    sa.Column("parameters", PackedJSON, nullable=False),
    sa.Column("socket_id", sa.String(64), comment="who waits for the answer on Socket.IO"),
    sa.Column("made_by", sa.Text),
    sa.Column("accepted", sa.Float, nullable=False, comment="seconds since 1970"),
    sa.Column("attempts", sa.Integer, nullable=False, comment="how often a worker began it"),
    sa.Column("losses", sa.Integer, nullable=False, server_default="0", comment="how often its worker died over it"),
    sa.Column("begun_by", sa.String(120), comment="the process that is at it"),
    sa.Column("settled", sa.Float, comment="when the answer was committed; null while it waits"),
    sa.Column("announced", sa.Boolean, nullable=False, comment="whether the answer was handed to the message queue"),
    sa.Column("answer", PackedJSON, comment="what the asking client receives"),
    sa.Column("ticket", sa.String(32), comment="tells after a broken commit whether it was accepted"),
    sa.Column("request_key", sa.String(64), comment="digest of session and requestID"),
    sa.Column("warnings", sa.JSON, comment="about the request; they go into its answer"),
    sa.Column("asked_as", sa.Text, comment="another name by which the operation was asked for; the answer has it"),
    sa.Index(
        "ix_mailbox_waiting",
        "session_id",
        "id",
        sqlite_where=sa.text("settled IS NULL"),
        postgresql_where=sa.text("settled IS NULL"),
    ),
    sa.Index("ix_mailbox_request_key", "request_key"),
    sa.Index("ix_mailbox_unfinished", "announced", "settled"),
    sqlite_autoincrement=True,
)

accepted_keys = sa.Table(
    "accepted_keys",
    metadata,
    sa.Column("key", sa.String(64), primary_key=True, comment="digest of what tells a request apart"),
    sa.Column("content", sa.String(64), nullable=False, comment="digest of what was asked for"),
    sa.Column("entry_id", sa.ForeignKey(mailbox.c.id, ondelete="CASCADE"), nullable=False),
    sa.Index("ix_accepted_keys_entry_id", "entry_id"),
)
"""Requests that are known when they come again, for as long as their entry lasts."""

servers = sa.Table(
    "servers",
    metadata,
    sa.Column("name", sa.String(120), primary_key=True, comment="of a web process that holds sockets"),
    sa.Column("lease_beat", sa.Integer, nullable=False, comment="signs of life that it gave"),
)

sockets = sa.Table(
    "sockets",
    metadata,
    sa.Column("socket_id", sa.String(64), primary_key=True),
    sa.Column("session_id", sa.ForeignKey(datasets.c.id, ondelete="CASCADE"), primary_key=True),
    sa.Column("server", sa.String(120), nullable=False, comment="the web process that holds the socket"),
    sa.Column("joined", sa.Float, nullable=False, comment="seconds since 1970"),
    sa.Column("user", sa.Text, comment="whose it is, where that is known"),
    sa.Index("ix_sockets_session_id", "session_id"),
)
