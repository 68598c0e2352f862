"""A table: columns at one moment, each standing in an immutable Parquet file.

A table never changes. An operation makes a new one that shares every column file it did not touch.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import polars as pl

from longshore.errors import ColumnNotFound, RowNotFound, StorageFull, is_disk_full
from longshore.storage.files import sync
from longshore.tables.core import dtypes
from longshore.tables.core.column_expressions import col, cols
from longshore.tables.core.origin import Origin

ROW_GROUP_ROWS = 20_000
"""Rows of a Parquet row group: a page of 100 rows decodes one group, measured at 1.7 ms against 3.6 ms for 100,000."""
PAGE_BYTES = 32_768
"""Bytes of a Parquet data page: reading 100 rows decodes one page a column (0.7 ms), 100 scattered rows take 45 ms.
Without it pages are as long as row groups: 2.5 and 120 ms; whole scans cost 10-20 % more with it."""

PARQUET: dict[str, Any] = {
    "row_group_size": ROW_GROUP_ROWS,
    "data_page_size": PAGE_BYTES,
    "compression_level": 1,  # of zstd: a quarter less work than the default of 3 for files 9 % larger
    "sync_on_close": "data",  # a version is committed only when its file will outlive a power cut
}
"""How every column file is written."""

ROW_GROUP_CELLS = 16_000_000
"""Of a row group, which stands in memory until it is written: 20,000 rows of 5,000 columns would take 2 GB."""
_MIN_ROWS = 250


def parquet_for(width: int) -> dict[str, Any]:
    """:data:`PARQUET` for a file of ``width`` columns: of many columns fewer rows make a group.

    >>> [parquet_for(width)["row_group_size"] for width in (1, 400, 5000, 50_000)]
    [20000, 20000, 3200, 320]
    """
    return {**PARQUET, "row_group_size": max(_MIN_ROWS, min(ROW_GROUP_ROWS, ROW_GROUP_CELLS // max(width, 1)))}


COLUMN_FILE_SUFFIX = ".parquet"
ROW_NUMBER = "\x00row"
"""Name of a row-number column inside queries; no user's column can be called so (names lose NUL when read)."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table.

    :param name: as the user sees it; unique in its table.
    :param dtype: the engine's type.
    :param file: name of the Parquet file, inside the table's folder.
    :param source: name of the column inside that file, which renaming never touches.
    :param missing: number of missing values.
    """

    name: str
    dtype: pl.DataType
    file: str
    source: str
    missing: int

    @property
    def kind(self) -> str:
        """The type's name for users, see :func:`longshore.tables.core.dtypes.kind`."""
        return dtypes.kind(self.dtype)


@dataclass(frozen=True)
class Table:
    """The columns of a dataset at one moment; all of them have ``rows`` rows in the same order.

    :param origin: of the first table of its history: the file that was read; None where nothing is known of it.
    """

    folder: Path
    columns: tuple[Column, ...]
    rows: int
    origin: Origin | None = None

    @property
    def width(self) -> int:
        """Number of columns."""
        return len(self.columns)

    @property
    def names(self) -> list[str]:
        """The columns' names in order."""
        return [column.name for column in self.columns]

    @cached_property
    def _positions(self) -> dict[str, int]:
        return {column.name: index for index, column in enumerate(self.columns)}

    def has(self, name: str) -> bool:
        """Whether a column has this name."""
        return name in self._positions

    def index_of(self, name: str) -> int:
        """Position of the column called ``name``.

        :raises ColumnNotFound: with the nearest name as a hint.
        """
        index = self._positions.get(name)
        if index is None:
            raise ColumnNotFound.named(name, self._positions)
        return index

    def position_of(self, column: int | str) -> int:
        """Position of the column at an index, counted from 0, or of a name; negative numbers are no index.

        :raises ColumnNotFound: if there is none.
        """
        if isinstance(column, str):
            return self.index_of(column)
        if not 0 <= column < self.width:
            raise ColumnNotFound.at(column, self.width)
        return column

    def require_column(self, column: int | str) -> Column:
        """The column at an index, or of a name, see :meth:`position_of`.

        :raises ColumnNotFound: if there is none.
        """
        return self.columns[self.position_of(column)]

    def require_row(self, index: int) -> int:
        """``index`` itself when there is such a row.

        :raises RowNotFound: if there is none.
        """
        if not 0 <= index < self.rows:
            raise RowNotFound.at(index, self.rows)
        return index

    @property
    def files(self) -> set[str]:
        """Names of the column files that this table needs."""
        return {column.file for column in self.columns}

    @property
    def kept_files(self) -> set[str]:
        """:attr:`files`, and those that tell where the rows came from."""
        return self.files | (self.origin.files if self.origin is not None else set())

    def scan(self, names: Iterable[str] | None = None) -> pl.LazyFrame:
        """A lazy frame of the named columns (all by default), opening only the files that hold them.

        Files stand side by side: a lazy horizontal concat does not push a projection down into its
        parts, so each part is narrowed before it is joined.
        """
        wanted = self.columns if names is None else [self.columns[self.index_of(name)] for name in names]
        return scan_columns(self.folder, wanted)

    def with_columns(self, columns: Sequence[Column], rows: int | None = None) -> Table:
        """This table with other columns."""
        return replace(self, columns=tuple(columns), rows=self.rows if rows is None else rows)

    def to_record(self) -> dict[str, Any]:
        """The table as JSON: what a version's record keeps. :meth:`from_record` reads it."""
        columns = [[c.name, dtypes.encode(c.dtype), c.file, c.source, c.missing] for c in self.columns]
        record: dict[str, Any] = {"rows": self.rows, "columns": columns}
        return record if self.origin is None else record | {"origin": self.origin.to_record()}

    @classmethod
    def from_record(cls, folder: Path, record: Mapping[str, Any]) -> Table:
        """The table that :meth:`to_record` described, with its files in ``folder``."""
        columns = tuple(
            Column(name, dtypes.decode(dtype), file, source, missing)
            for name, dtype, file, source, missing in record["columns"]
        )
        origin = record.get("origin")
        return cls(folder, columns, record["rows"], Origin.from_record(origin) if origin is not None else None)

    @staticmethod
    def files_in(record: Mapping[str, Any]) -> set[str]:
        """:attr:`kept_files` of the table that :meth:`to_record` described, without opening it."""
        origin = record.get("origin")
        return {column[2] for column in record["columns"]} | (Origin.from_record(origin).files if origin else set())


def scan_columns(folder: Path, columns: Sequence[Column]) -> pl.LazyFrame:
    """A lazy frame of ``columns`` under their users' names, in the given order."""
    by_file: dict[str, list[Column]] = {}
    for column in columns:
        by_file.setdefault(column.file, []).append(column)
    parts = [
        pl.scan_parquet(folder / file, glob=False).select(col(c.source).alias(c.name) for c in held)
        for file, held in by_file.items()
    ]
    if not parts:
        return pl.LazyFrame()
    if len(parts) == 1:
        return parts[0]
    return pl.concat(parts, how="horizontal").select(cols(c.name for c in columns))


def new_file_name() -> str:
    """A fresh name for a column file."""
    return secrets.token_hex(8) + COLUMN_FILE_SUFFIX


def write_columns(folder: Path, frame: pl.LazyFrame, names: Sequence[str]) -> tuple[list[Column], int]:
    """Compute ``frame`` in a stream and keep its columns in one new Parquet file.

    The file is written under a temporary name, synced and renamed, so a killed process leaves
    either the whole file or a leftover that the collector removes. A float's NaN becomes missing:
    tables hold no NaN.

    :param names: the users' names, in the order of the frame's columns.
    :return: the columns and their number of rows.
    :raises StorageFull: when the disk has no room; the temporary file is removed.
    """
    schema = frame.collect_schema()
    sources = [f"c{index}" for index in range(len(schema))]
    prepared = frame.select(
        (col(name).fill_nan(None) if dtype.is_float() else col(name)).alias(source)
        for (name, dtype), source in zip(schema.items(), sources, strict=True)
    )
    file = new_file_name()
    with placing(folder / file) as partial:
        prepared.sink_parquet(partial, **parquet_for(len(schema)))
    counts = pl.scan_parquet(folder / file, glob=False).select(pl.len().alias("rows"), pl.all().null_count()).collect()
    row = counts.row(0)
    columns = [
        Column(name, dtype, file, source, missing)
        for name, dtype, source, missing in zip(names, schema.dtypes(), sources, row[1:], strict=True)
    ]
    return columns, row[0]


class placing:  # noqa: N801 - reads as a statement: `with placing(path) as partial`
    """Write under a temporary name beside ``target``; on success rename for good, on failure leave nothing.

    :raises StorageFull: in place of the engine's or the system's error when the disk is full.
    """

    def __init__(self, target: Path) -> None:
        self.target = target
        self.partial = target.with_name(f".{target.name}.{os.getpid()}.partial")

    def __enter__(self) -> Path:
        self.target.parent.mkdir(parents=True, exist_ok=True)
        return self.partial

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if error is None:
            self.partial.replace(self.target)
            sync(self.target.parent)  # the bytes were synced when the file was closed, its name was not
            return
        self.partial.unlink(missing_ok=True)
        if is_disk_full(error):
            raise StorageFull.now() from error
