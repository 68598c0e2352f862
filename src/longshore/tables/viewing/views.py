"""Reads: any window of a table, filtered, searched and sorted.

::

    views = Views(folder, cache_bytes=2_000_000_000)
    page = views.page(table, ViewParameters.read({"sortColumnIndex": 2}), rows=(0, 99), columns=(0, 8))

The first page of a view runs a query that ends after a thousand row numbers; a thread then computes the
rest of them and, when rows are scattered, copies the columns into a form that is quick to read anywhere.
Tables never change, so what is computed for the column files of one stays right for ever.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from threading import Condition, Event
from typing import Any

import numpy as np
import polars as pl

from longshore.errors import is_disk_full
from longshore.tables.core.json_values import to_values
from longshore.tables.core.table import Column, Table
from longshore.tables.viewing.cache import Cache, Entry
from longshore.tables.viewing.copies import Copy, Writer, open_copy
from longshore.tables.viewing.order import Order
from longshore.tables.viewing.ordering import head_tries, key, needed, order_query
from longshore.tables.viewing.parameters import Selection, ViewParameters, resolve
from longshore.tables.viewing.reading import Reader, Rows, count_pieces

log = logging.getLogger(__name__)

MANY_PIECES = 8
"""From so many pieces on, copies of the columns are worth making."""
BATCH_ROWS = 40_000
"""Rows copied at a time: a page that comes meanwhile waits for no more than that (about 10 ms)."""

POLITENESS_SECONDS = 0.05
"""How long the copying waits for pages being read; without an end, a reader that never stops would starve it."""
MISSING_COLUMNS = 16
"""How many columns are looked through at once for missing values: a byte a row and column."""


@dataclass(frozen=True, slots=True)
class ViewSize:
    """How many rows a view has and, for each column of the table, how many values are missing in them."""

    rows: int
    missing: list[int]


@dataclass(frozen=True, slots=True)
class Page:
    """A window of a view.

    :param index: the rows' numbers in the table itself.
    :param columns: the columns' names.
    :param data: one list a row, ready for JSON, see :func:`~longshore.tables.core.json_values.to_values`.
    """

    index: list[int]
    columns: list[str]
    data: list[list[Any]]


class InProgress:
    """Counts what is going on, as a context manager, and lets others wait for a pause."""

    def __init__(self) -> None:
        self._count = 0
        self._changed = Condition()

    def __enter__(self) -> None:
        with self._changed:
            self._count += 1

    def __exit__(self, *_: object) -> None:
        with self._changed:
            self._count -= 1
            self._changed.notify_all()

    def wait_for_pause(self, seconds: float) -> bool:
        """Whether nothing is going on, waiting at most so long for it."""
        with self._changed:
            return self._changed.wait_for(lambda: self._count == 0, seconds)


class Views:
    """Answers reads; one for a process, safe for all its threads.

    :param cache_folder: disposable; several processes may share it.
    :param cache_bytes: how much this process keeps there.
    """

    def __init__(self, cache_folder: Path, cache_bytes: int) -> None:
        self._cache = Cache(cache_folder, cache_bytes)
        self._cache_bytes = cache_bytes
        self._reader = Reader()
        # Apart, since an order is waited for and copies are not. One thread each: the engine uses all cores by itself.
        self._orders = ThreadPoolExecutor(1, "view-order")
        self._copying = ThreadPoolExecutor(1, "view-copy")
        self._closing = Event()
        self._pages = InProgress()

    def close(self) -> None:
        """End the threads and empty the cache."""
        self._closing.set()
        for threads in (self._copying, self._orders):
            threads.shutdown(cancel_futures=True)
        self._cache.close()

    def size(self, table: Table, parameters: ViewParameters) -> ViewSize:
        """How large the view is.

        :raises ColumnNotFound, InvalidRequest, InvalidType, InvalidPattern, TimedOut: as :meth:`page`.
        """
        selection = resolve(table, parameters)
        if selection.has_all_rows:
            return ViewSize(table.rows, [column.missing for column in table.columns])
        order = self._order(table, selection)
        rows = order.all()
        unknown = [column for column in table.columns if column.missing and key(column) not in order.missing]
        for start in range(0, len(unknown), MISSING_COLUMNS):
            order.missing |= self._count_missing(table, unknown[start : start + MISSING_COLUMNS], rows)
        return ViewSize(len(rows), [order.missing[key(c)] if c.missing else 0 for c in table.columns])

    def page(self, table: Table, parameters: ViewParameters, rows: tuple[int, int], columns: tuple[int, int]) -> Page:
        """The window of ``rows`` and ``columns`` (first and last, inclusive, clipped to what exists).

        :raises ColumnNotFound: if the view names a column that the table has not.
        :raises InvalidRequest: for a filter without columns.
        :raises InvalidType: for outliers in a column that holds no numbers, or a condition that is none.
        :raises InvalidPattern: for a malformed regular expression.
        :raises TimedOut: if a regular expression takes too long.
        """
        selection = resolve(table, parameters)
        shown = table.columns[columns[0] : columns[1] + 1]
        order = None if selection.is_whole_table else self._order(table, selection)
        numbers = _span(table, *rows) if order is None else order.slice(*rows)
        frame = self._read(table, shown, numbers)
        if order is not None:
            order.complete()  # not before the page is read: they would share the processors
        values = {name: to_values(frame[name]) for name in frame.columns}
        data = [list(row) for row in zip(*(values[key(column)] for column in shown), strict=True)]
        return Page(numbers.tolist(), [column.name for column in shown], data if shown else [[] for _ in numbers])

    def rows_of(self, table: Table, parameters: ViewParameters) -> Rows | None:
        """The numbers of all rows of the view in its order, for exporting it; None for the table as it is.

        :raises ColumnNotFound, InvalidRequest, InvalidType, InvalidPattern, TimedOut: as :meth:`page`.
        """
        selection = resolve(table, parameters)
        return None if selection.is_whole_table else self._order(table, selection).all()

    def _order(self, table: Table, selection: Selection) -> Order:
        cache_key = ("order", table.folder, selection.key)

        def query(first_rows: int | None, limit: int | None) -> pl.LazyFrame:
            frame = self._reader.scan_numbered(table.folder, needed(selection))
            return order_query(frame, selection, first_rows, limit)

        def make(entry: Entry) -> Order:
            return Order(query, head_tries(selection), partial(self._keep, cache_key, entry), self._orders)

        order: Order = self._cache.get_or_add(cache_key, make).value
        return order

    def _keep(self, cache_key: tuple[Any, ...], entry: Entry, rows: Rows) -> Rows:
        if not len(rows):
            return rows
        try:
            entry.folder.mkdir()
            np.save(entry.folder / "rows.npy", rows)
            kept: Rows = np.load(entry.folder / "rows.npy", mmap_mode="r")
        except OSError as error:
            if not is_disk_full(error):
                raise
            return rows  # the answer does not need the cache
        self._cache.measure(cache_key, entry)
        return kept

    def _read(self, table: Table, columns: Sequence[Column], rows: Rows) -> pl.DataFrame:
        if not columns or not len(rows):
            return pl.DataFrame(schema={key(column): column.dtype for column in columns})
        start, count = int(rows[0]), len(rows)
        if np.array_equal(rows, np.arange(start, start + count)):
            return self._reader.span(table.folder, columns, start, count)
        copying = count_pieces(rows) >= MANY_PIECES and self._may_copy(table, columns)
        copies = self._copies(table, columns) if copying else None
        if copies is not None:
            return pl.DataFrame({name: copy.take(rows) for name, copy in copies.items()})
        with self._pages:
            frame = self._reader.scattered(table.folder, columns, rows)
        if copying:
            self._start_copying(table, columns)
        return frame

    def _may_copy(self, table: Table, columns: Sequence[Column]) -> bool:
        """Whether copies of so many columns have room; 16 bytes is a guess at a value's size."""
        return 2 * table.rows * len(columns) * 16 <= self._cache_bytes

    def _copies(self, table: Table, columns: Sequence[Column]) -> dict[str, Copy] | None:
        """The columns' copies, if all are there."""
        copies = {}
        for column in columns:
            entry = self._cache.get(_copy_key(table, column))
            if entry is None or entry.value is None:
                return None
            copies[key(column)] = entry.value
        return copies

    def _start_copying(self, table: Table, columns: Sequence[Column]) -> None:
        """Have those columns copied that nobody has had copied yet."""
        new: list[tuple[Column, Entry]] = []

        def make(column: Column, entry: Entry) -> None:
            new.append((column, entry))

        for column in columns:
            self._cache.get_or_add(_copy_key(table, column), partial(make, column))
        if new:
            self._copying.submit(self._write_copies, table, new)

    def _write_copies(self, table: Table, new: Sequence[tuple[Column, Entry]]) -> None:
        columns = [column for column, _ in new]
        try:
            with ExitStack() as stack:
                writers = [stack.enter_context(Writer(entry.folder, column.dtype)) for column, entry in new]
                for start in range(0, table.rows, BATCH_ROWS):
                    self._pages.wait_for_pause(POLITENESS_SECONDS)
                    if self._closing.is_set():
                        return
                    batch = self._reader.span(table.folder, columns, start, BATCH_ROWS)
                    for column, writer in zip(columns, writers, strict=True):
                        writer.add(batch[key(column)])
            for column, entry in new:
                entry.value = open_copy(entry.folder, column.dtype)
                self._cache.measure(_copy_key(table, column), entry)
        except Exception:
            log.exception("columns could not be copied into the cache; pages are read without copies")
        finally:
            for column, entry in new:
                if entry.value is None:  # the next page tries again
                    self._cache.discard(_copy_key(table, column), entry)

    def _count_missing(self, table: Table, columns: Sequence[Column], rows: Rows) -> dict[str, int]:
        frame = self._reader.scan(table.folder, columns).select(pl.all().is_null()).collect()
        return {name: int(frame[name].to_numpy()[rows].sum()) for name in frame.columns}


def _span(table: Table, first: int, last: int) -> Rows:
    return np.arange(first, max(first, min(last + 1, table.rows)), dtype=np.uint64)


def _copy_key(table: Table, column: Column) -> tuple[Any, ...]:
    return ("copy", table.folder, column.file, column.source)
