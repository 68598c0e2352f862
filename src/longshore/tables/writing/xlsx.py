"""Excel workbooks, row by row in constant memory."""

from __future__ import annotations

import datetime as dt
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from threading import Event
from typing import Any

import polars as pl
import xlsxwriter

from longshore.errors import TooLarge, shorten
from longshore.tables.core import dtypes
from longshore.tables.core.column_expressions import col
from longshore.tables.core.json_values import MAX_EXACT
from longshore.tables.core.table import Column, Table
from longshore.tables.viewing.reading import Rows
from longshore.tables.writing.channel import CHUNK_BYTES
from longshore.tables.writing.source import batches, rows_frame

# https://support.microsoft.com/office/excel-specifications-and-limits
MAX_ROWS = 1_048_575  # and the header
MAX_COLUMNS = 16_384
MAX_CHARACTERS = 32_767
BATCH_CELLS = 200_000

_OPTIONS = {
    "constant_memory": True,
    # A text stays a text, whatever it looks like.
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
}
_FIRST_DATE = dt.date(1900, 3, 1)  # before it Excel's calendar has a day that never was
_NOT_XML = str.maketrans({"\ufffe": "\ufffd", "\uffff": "\ufffd"})

Cell = Callable[[int, int, Any], object]


def check_limits(table: Table, rows: Rows | None) -> None:
    """Do nothing if a worksheet can hold the rows.

    :raises TooLarge: naming what is too much.
    """
    count = table.rows if rows is None else len(rows)
    if count > MAX_ROWS:
        raise TooLarge(f"an Excel sheet holds {MAX_ROWS:,} rows beside its header, and these are {count:,}; use csv")
    if table.width > MAX_COLUMNS:
        raise TooLarge(f"an Excel sheet holds {MAX_COLUMNS:,} columns, and these are {table.width:,}; use csv")
    for name in table.names:
        if len(name) > MAX_CHARACTERS:
            raise TooLarge(f"an Excel cell holds {MAX_CHARACTERS:,} characters, and a column's name has {len(name):,}")
    texts = [column.name for column in table.columns if dtypes.is_text(column.dtype) or column.dtype == pl.Binary()]
    if not texts or not count:
        return
    lengths = rows_frame(table, rows, Event()).select(
        dtypes.text_form(col(name), table.columns[table.index_of(name)].dtype).str.len_chars().max().alias(name)
        for name in texts
    )
    for name, longest in lengths.collect(engine="streaming").row(0, named=True).items():
        if longest is not None and longest > MAX_CHARACTERS:
            raise TooLarge(
                f"an Excel cell holds {MAX_CHARACTERS:,} characters; one in column {shorten(name)!r} has {longest:,}"
            )


def write(table: Table, rows: Rows | None) -> Iterator[bytes]:
    """The workbook's bytes; its one sheet has the columns' names in the first row.

    Dates are Excel dates; those that Excel cannot hold (before March 1900, with a time zone), durations
    and integers beyond 2^53 are text. Floats keep 16 digits, which is what xlsxwriter writes.
    """
    with tempfile.TemporaryDirectory(prefix="longshore-xlsx-") as folder:
        path = Path(folder) / "table.xlsx"
        _write_workbook(path, table, rows)
        with path.open("rb") as file:
            while chunk := file.read(CHUNK_BYTES):
                yield chunk


def _write_workbook(path: Path, table: Table, rows: Rows | None) -> None:
    with xlsxwriter.Workbook(path, {**_OPTIONS, "tmpdir": str(path.parent)}) as workbook:
        sheet = workbook.add_worksheet()
        for index, name in enumerate(table.names):
            _write_text(sheet)(0, index, name)
        cells = [_cell_writer(workbook, sheet, column) for column in table.columns]
        frame = rows_frame(table, rows, Event()).select(map(_prepare, table.columns))
        at = 1
        for batch in batches(frame, max(1, BATCH_CELLS // max(1, table.width))):
            at = _write_rows(batch, cells, at)


def _write_rows(batch: pl.DataFrame, cells: Sequence[Cell], at: int) -> int:
    for row in batch.iter_rows():
        for index, value in enumerate(row):
            if value is not None:
                cells[index](at, index, value)
        at += 1
    return at


def _is_text_here(dtype: pl.DataType) -> bool:
    zoned = isinstance(dtype, pl.Datetime) and dtype.time_zone is not None
    return zoned or isinstance(dtype, pl.Duration) or dtype == pl.Binary()


def _prepare(column: Column) -> pl.Expr:
    value = col(column.name)
    return dtypes.text_form(value, column.dtype).alias(column.name) if _is_text_here(column.dtype) else value


def _cell_writer(workbook: Any, sheet: Any, column: Column) -> Cell:
    dtype = column.dtype
    if dtype == pl.Boolean():
        return sheet.write_boolean  # type: ignore[no-any-return]
    if dtype.is_numeric():
        return _write_number(sheet)
    if dtype == pl.Date():
        return _write_date(sheet, workbook.add_format({"num_format": "yyyy-mm-dd"}))
    if isinstance(dtype, pl.Datetime) and not _is_text_here(dtype):
        return _write_date(sheet, workbook.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"}))
    if dtype == pl.Time():
        style = workbook.add_format({"num_format": "hh:mm:ss"})
        return lambda row, index, value: sheet.write_datetime(row, index, value, style)
    return _write_text(sheet)


def _write_text(sheet: Any) -> Cell:
    return lambda row, index, value: sheet.write_string(row, index, value.translate(_NOT_XML))


def _write_number(sheet: Any) -> Cell:
    def write(row: int, index: int, value: Any) -> None:
        exact = isinstance(value, float) or abs(value) <= MAX_EXACT
        if exact and abs(value) != float("inf"):
            sheet.write_number(row, index, value)
        else:
            sheet.write_string(row, index, str(value))

    return write


def _write_date(sheet: Any, style: Any) -> Cell:
    def write(row: int, index: int, value: dt.date) -> None:
        day = value.date() if isinstance(value, dt.datetime) else value
        if day >= _FIRST_DATE:
            sheet.write_datetime(row, index, value, style)
        else:
            sheet.write_string(row, index, value.isoformat())

    return write
