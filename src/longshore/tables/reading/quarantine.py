"""The records of a file that were not read whole, as they were kept beside its table."""

from __future__ import annotations

from typing import Any

import polars as pl

from longshore.tables.core.table import Column, Table

MAX_LISTED = 1_000
"""Records in one answer: with texts of 2,000 characters each, a few megabytes."""

FIELDS: dict[str, pl.DataType] = {
    "line": pl.Int64(),
    "row": pl.Int64(),
    "code": pl.String(),
    "reason": pl.String(),
    "raw": pl.String(),
    "cut": pl.Boolean(),
}
"""Columns of the file in which they are kept."""


def set_aside(table: Table) -> Table | None:
    """The records that were not read whole when the first table of this one's history was imported.

    A table itself, so that it can be paged and exported like any other; None if there are none.
    """
    file = table.origin.aside_file if table.origin is not None else None
    if file is None:
        return None
    lines = pl.scan_parquet(table.folder / file, glob=False)
    rows, missing = lines.select(pl.len(), pl.col("row").null_count()).collect().row(0)
    columns = tuple(Column(name, dtype, file, name, missing if name == "row" else 0) for name, dtype in FIELDS.items())
    return Table(table.folder, columns, rows)


def list_set_aside(table: Table, first: int = 0, last: int | None = None) -> tuple[int, list[dict[str, Any]]]:
    """How many records are kept, and those from ``first`` to ``last`` in the order of the file.

    :param last: inclusive; at most :data:`MAX_LISTED` records come at once.
    """
    kept = set_aside(table)
    if kept is None:
        return 0, []
    first = max(first, 0)
    stop = first + MAX_LISTED if last is None else min(last + 1, first + MAX_LISTED)
    return kept.rows, kept.scan().slice(first, max(0, stop - first)).collect().to_dicts()
