"""The statistics of all columns of a table."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import polars as pl

from longshore.tables.core.column_expressions import col
from longshore.tables.core.table import Column, Table
from longshore.tables.profiling.analysis import Counted, count_frame, countable
from longshore.tables.profiling.cache import StatisticsCache
from longshore.tables.profiling.columns import summarize, summarize_shown
from longshore.tables.profiling.shown import Shown
from longshore.tables.profiling.tally import VALUE

COLUMNS_AT_ONCE = 64
CELLS_IN_MEMORY = 2_000_000
"""Up to so many cells of a group of columns are read once and kept for all its statistics."""

Progress = Callable[[int, int], None]


def profile(
    table: Table,
    progress: Progress | None = None,
    cache: StatisticsCache | None = None,
    columns: Sequence[str] | None = None,
    shown: Shown | None = None,
) -> dict[str, Any]:
    """The statistics of every column, with small histograms, ready for JSON.

    ::

        {"rows": 3, "columns": [{"name": "n", "index": 0, "dataType": "int", "statistics": {...},
                                 "histogram": {"edges": [21 numbers or ISO dates], "counts": [20]}},
                                {"name": "t", ..., "statistics": {...}, "top": [["a", 2], ["b", 1]]}]}

    ``statistics`` are those of :func:`~.columns.analyze`. Numbers and dates have a ``histogram`` of 20 bins of
    equal width (None without values), all others their ten most frequent values as ``top``.

    :param cache: where the answers are kept for the next time; only columns that are not in it are counted.
    :param progress: called as ``progress(done, total)`` after every column.
    :param columns: names of those that are wanted; None for all.
    :param shown: the rows of a view, whose statistics are wanted; histograms have the bins of all rows.
    :raises ColumnNotFound: if the table has no such column.
    """
    cache = cache if cache is not None else StatisticsCache(0)
    wanted = range(table.width) if columns is None else [table.index_of(name) for name in dict.fromkeys(columns)]
    profiles: list[dict[str, Any]] = []
    for start in range(0, len(wanted), COLUMNS_AT_ONCE):
        group = wanted[start : start + COLUMNS_AT_ONCE]
        chosen = [table.columns[index] for index in group]
        summaries = _summaries(table, chosen, cache) if shown is None else _shown(table, chosen, shown, cache)
        for index, (column, found) in zip(group, summaries, strict=True):
            profiles.append({"name": column.name, "index": index, **found})
            if progress is not None:
                progress(len(profiles), len(wanted))
    return {"rows": table.rows if shown is None else len(shown.numbers), "columns": profiles}


def _shown(
    table: Table, columns: Sequence[Column], shown: Shown, cache: StatisticsCache
) -> Iterator[tuple[Column, dict[str, Any]]]:
    for column in columns:
        found = cache.get(table, column, shown.key)
        if found is None:
            found = summarize_shown(table, column, shown, cache)
            cache.put(table, column, found, shown.key)
        yield column, found


def _summaries(
    table: Table, columns: Sequence[Column], cache: StatisticsCache
) -> Iterator[tuple[Column, dict[str, Any]]]:
    kept = [cache.get(table, column) for column in columns]
    counted = _count_group(table, [c for c, found in zip(columns, kept, strict=True) if found is None])
    for column, found in zip(columns, kept, strict=True):
        if found is None:
            found = summarize(next(counted))
            cache.put(table, column, found)
        yield column, found


def _count_group(table: Table, columns: Sequence[Column]) -> Iterator[Counted]:
    frame = table.scan([column.name for column in columns])
    names = {column.name: f"{VALUE}{index}" for index, column in enumerate(columns)}
    frame = frame.select(countable(col(c.name), c.dtype).alias(names[c.name]) for c in columns)
    if table.rows * len(columns) <= CELLS_IN_MEMORY:
        frame = frame.collect(engine="streaming").lazy()
    for column in columns:
        single = frame.select(pl.col(names[column.name]).alias(VALUE))
        yield count_frame(single, column, table.rows)
