"""The statistics of all columns of a table."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import polars as pl

from longshore.tables.columns import col
from longshore.tables.profiling.analysis import (
    Counted,
    Facts,
    count_with,
    countable,
    describe,
    first_scan,
    is_number,
    utc_moments,
)
from longshore.tables.profiling.tally import VALUE, SortedTally
from longshore.tables.table import Column, Table
from longshore.tables.viewing.json_ready import to_values

BINS = 20
TOP_VALUES = 10
COLUMNS_AT_ONCE = 64
FARTHEST, NARROWEST = 1e300, 1e-290
"""A histogram leaves out larger numbers, and there is none of narrower bins: its arithmetic would overflow."""
CELLS_IN_MEMORY = 2_000_000
"""Up to so many cells of a group of columns are read once and kept for all its statistics."""

Progress = Callable[[int, int], None]


def profile(table: Table, progress: Progress | None = None) -> dict[str, Any]:
    """The statistics of every column, with small histograms, ready for JSON.

    ::

        {"rows": 3, "columns": [{"name": "n", "index": 0, "dataType": "int", "statistics": {...},
                                 "histogram": {"edges": [21 numbers or ISO dates], "counts": [20]}},
                                {"name": "t", ..., "statistics": {...}, "top": [["a", 2], ["b", 1]]}]}

    ``statistics`` are those of :func:`~.analysis.analyze`. Numbers and dates have a ``histogram`` of 20 bins of
    equal width (None without values), all others their ten most frequent values as ``top``. One scan serves the
    moments of up to 64 columns; a second one, for each column, counts its values.

    :param progress: called as ``progress(done, total)`` after every column.
    """
    profiles: list[dict[str, Any]] = []
    for start in range(0, table.width, COLUMNS_AT_ONCE):
        for counted in _count_group(table, table.columns[start : start + COLUMNS_AT_ONCE]):
            index = len(profiles)
            profiles.append(_profile(index, counted))
            if progress is not None:
                progress(index + 1, table.width)
    return {"rows": table.rows, "columns": profiles}


def _count_group(table: Table, columns: Sequence[Column]) -> Iterator[Counted]:
    frame = table.scan([column.name for column in columns])
    names = {column.name: f"{VALUE}{index}" for index, column in enumerate(columns)}
    frame = frame.select(countable(col(c.name), c.dtype).alias(names[c.name]) for c in columns)
    if table.rows * len(columns) <= CELLS_IN_MEMORY:
        frame = frame.collect(engine="streaming").lazy()
    scans = [scan for column in columns for scan in first_scan(column, names[column.name], names[column.name])]
    found: dict[str, dict[str, Any]] = {}
    for name, value in frame.select(scans).collect(engine="streaming").row(0, named=True).items():
        internal, _, field = name.partition(" ")
        found.setdefault(internal, {})[field] = value
    for column in columns:
        internal = names[column.name]
        single = frame.select(pl.col(internal).alias(VALUE))
        yield count_with(single, column, table.rows, Facts(**found[internal]))


def _profile(index: int, counted: Counted) -> dict[str, Any]:
    column = counted.column
    statistics = describe(counted)
    shape: dict[str, Any] = {"top": statistics["frequencies"][:TOP_VALUES]}
    if isinstance(counted.tally, SortedTally) and (
        is_number(column.dtype) or isinstance(column.dtype, pl.Date | pl.Datetime)
    ):
        shape = {"histogram": _histogram(counted.tally, column.dtype)}
    return {"name": column.name, "index": index, "dataType": column.kind, "statistics": statistics, **shape}


def _histogram(tally: SortedTally, dtype: pl.DataType) -> dict[str, Any] | None:
    moments = utc_moments(tally.values) if isinstance(dtype, pl.Date | pl.Datetime) else None
    values = (tally.values if moments is None else moments.to_physical()).cast(pl.Float64).to_numpy()
    drawn = np.abs(values) <= FARTHEST
    if not drawn.any():
        return None
    values, weights = values[drawn], tally.counts[drawn]
    if 0 < (values[-1] - values[0]) / BINS < NARROWEST:
        return None
    try:
        counts, edges = np.histogram(values, BINS, weights=weights)
    except ValueError:  # values so near to each other that no twenty numbers lie between them
        return None
    shown = pl.Series(edges)
    if moments is not None:
        shown = shown.round().cast(pl.Int64).cast(moments.dtype)
    return {"edges": to_values(shown), "counts": counts.astype(int).tolist()}
