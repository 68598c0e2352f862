"""The rows of an export as a lazy frame that the engine pulls in pieces."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from threading import Event
from typing import Any

import numpy as np
import polars as pl
from polars.io.plugins import register_io_source

from longshore.tables.core.table import Table
from longshore.tables.viewing.ordering import key
from longshore.tables.viewing.reading import Reader, Rows
from longshore.tables.writing.channel import ConsumerGone

PIECE_CELLS = 10_000_000
"""Values held at once when rows come in another order than the table's; each piece scans the whole table."""

PIECE_ROWS = (20_000, 1_000_000)
SPAN_ROWS = 50_000


def rows_frame(table: Table, rows: Rows | None, stop: Event) -> pl.LazyFrame:
    """The table's ``rows`` in the order given, all of them by default, under the users' column names.

    :param stop: ends the reading when set.
    """
    if rows is None:
        return table.scan()
    schema = {column.name: column.dtype for column in table.columns}
    return register_io_source(partial(_read_pieces, table, rows, stop), schema=schema, is_pure=True)


def _read_pieces(
    table: Table,
    rows: Rows,
    stop: Event,
    with_columns: list[str] | None,
    predicate: pl.Expr | None,
    n_rows: int | None,
    batch_size: int | None,
) -> Iterator[pl.DataFrame]:
    rows = rows if n_rows is None else rows[:n_rows]
    reader = Reader()
    for start in range(0, len(rows), step := _piece_rows(table, rows)):
        if stop.is_set():
            raise ConsumerGone
        frame = reader.scattered(table.folder, table.columns, rows[start : start + step])
        frame = frame.select(pl.col(key(column)).alias(column.name) for column in table.columns)
        frame = frame if with_columns is None else frame.select(with_columns)
        yield frame if predicate is None else frame.filter(predicate)


def _piece_rows(table: Table, rows: Rows) -> int:
    if bool(np.all(rows[:-1] <= rows[1:])):
        return SPAN_ROWS
    least, most = PIECE_ROWS
    return max(least, min(most, PIECE_CELLS // max(1, table.width)))


def batches(frame: pl.LazyFrame, rows: int) -> Iterator[Any]:
    """``frame`` in pieces of about so many rows, in order."""
    return iter(frame.collect_batches(chunk_size=rows, maintain_order=True))
