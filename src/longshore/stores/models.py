"""The tables of the lists; in a database file of their own under STORAGE_ROOT, or in PostgreSQL beside the rest."""

from __future__ import annotations

import sqlalchemy as sa

metadata = sa.MetaData()

lists = sa.Table(
    "lists",
    metadata,
    sa.Column("user", sa.String(200), primary_key=True, comment="token of whose list it is"),
    sa.Column("name", sa.String(200), primary_key=True),
    sa.Column("next_id", sa.BigInteger, nullable=False, comment="number of the next item; never given twice"),
)

items = sa.Table(
    "list_items",
    metadata,
    sa.Column("user", sa.String(200), primary_key=True),
    sa.Column("name", sa.String(200), primary_key=True),
    sa.Column("id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("document", sa.Text, nullable=False, comment="JSON, without the id"),
    sqlite_with_rowid=False,
)
