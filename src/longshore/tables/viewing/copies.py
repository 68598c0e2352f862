"""Copies of columns that hand out scattered rows in microseconds.

Parquet is read in pages: 100 rows from all over a table of 10,000,000 take 45 ms a file. For sorted
views a column is therefore copied once into plain arrays that are mapped into memory: values of a fixed
width one after the other, texts as their bytes and the positions at which each starts. A copy belongs
to a column file, so all versions and views of a dataset share it.
"""

from __future__ import annotations

import mmap
from collections.abc import Iterable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Protocol

import numpy as np
import polars as pl

from longshore.tables.viewing.reading import Rows


class Copy(Protocol):
    """A column that can be read anywhere."""

    def take(self, rows: Rows) -> pl.Series:
        """The values in ``rows``, in that order, with the column's dtype."""


class Writer:
    """Writes the copy of one column, batch after batch.

    :param folder: a new folder; used as a context, it is open for :meth:`add` inside.
    """

    def __init__(self, folder: Path, dtype: pl.DataType) -> None:
        self._folder, self._dtype = folder, dtype
        self._fixed = _fixed_type(dtype)
        self._bytes = 0
        folder.mkdir(parents=True)

    def __enter__(self) -> Writer:
        with ExitStack() as files:
            self._valid = self._file(files, "valid")
            self._values = self._file(files, "values")
            if self._fixed is None:
                self._ends = self._file(files, "ends")
                self._ends.write(np.zeros(1, np.int64).tobytes())
            self._open = files.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    def _file(self, files: ExitStack, name: str) -> IO[bytes]:
        return files.enter_context((self._folder / name).open("wb"))

    def add(self, batch: pl.Series) -> None:
        """Append the values of the next rows."""
        self._valid.write(batch.is_not_null().cast(pl.UInt8).to_numpy().data)
        if self._fixed is not None:
            plain = batch.cast(pl.UInt8) if self._dtype == pl.Boolean() else batch.to_physical()
            self._values.write(np.ascontiguousarray(plain.fill_null(0).to_numpy(), self._fixed).data)
            return
        texts = _to_binary(batch)
        ends = texts.bin.size().fill_null(0).cast(pl.Int64).cum_sum() + self._bytes
        self._ends.write(ends.to_numpy().data)
        self._values.write(b"".join(texts.drop_nulls().to_list()))
        self._bytes = int(ends[-1]) if len(ends) else self._bytes


def open_copy(folder: Path, dtype: pl.DataType) -> Copy:
    """Map what a :class:`Writer` has written."""
    valid = _map(folder / "valid", np.dtype(np.uint8))
    fixed = _fixed_type(dtype)
    if fixed is not None:
        return _FixedCopy(dtype, valid, _map(folder / "values", fixed))
    with (folder / "values").open("rb") as file:
        size = (folder / "values").stat().st_size
        content = mmap.mmap(file.fileno(), size, access=mmap.ACCESS_READ) if size else b""
    return _TextCopy(dtype, valid, _map(folder / "ends", np.dtype(np.int64)), content)


@dataclass(frozen=True)
class _FixedCopy:
    dtype: pl.DataType
    valid: Any
    values: Any

    def take(self, rows: Rows) -> pl.Series:
        plain = pl.Series(self.values[rows])
        missing = pl.Series(self.valid[rows] == 0)
        series = plain.cast(pl.Boolean) if self.dtype == pl.Boolean() else plain.cast(self.dtype)
        return series.set(missing, None)


@dataclass(frozen=True)
class _TextCopy:
    dtype: pl.DataType
    valid: Any
    ends: Any
    content: Any

    def take(self, rows: Rows) -> pl.Series:
        at = rows.astype(np.int64)
        spans: Iterable[tuple[int, int, int]] = zip(
            self.valid[at].tolist(), self.ends[at].tolist(), self.ends[at + 1].tolist(), strict=True
        )
        texts = [self.content[start:end] if valid else None for valid, start, end in spans]
        return _from_binary(pl.Series(texts, dtype=pl.Binary), self.dtype)


def _map(path: Path, dtype: np.dtype[Any]) -> Any:
    return np.memmap(path, dtype, mode="r") if path.stat().st_size else np.empty(0, dtype)


def _fixed_type(dtype: pl.DataType) -> np.dtype[Any] | None:
    """The plain type of a value that has one; None for what is kept as bytes (texts, decimals, 128-bit integers)."""
    if dtype == pl.Boolean():
        return np.dtype(np.uint8)
    if dtype == pl.Date():
        return np.dtype(np.int32)
    if dtype == pl.Time() or isinstance(dtype, pl.Datetime | pl.Duration):
        return np.dtype(np.int64)
    if dtype.is_float() or (dtype.is_integer() and dtype not in (pl.Int128, pl.UInt128)):
        return np.dtype(str(dtype).lower())
    return None


def _to_binary(batch: pl.Series) -> pl.Series:
    return batch if batch.dtype == pl.Binary() else batch.cast(pl.String).cast(pl.Binary)


def _from_binary(series: pl.Series, dtype: pl.DataType) -> pl.Series:
    return series if dtype == pl.Binary() else series.cast(pl.String).cast(dtype)
