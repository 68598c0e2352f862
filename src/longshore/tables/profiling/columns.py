"""All that is told of one column."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl

from longshore.tables.profiling.analysis import Counted, count, describe, is_number, utc_moments
from longshore.tables.profiling.cache import StatisticsCache
from longshore.tables.profiling.tally import SortedTally
from longshore.tables.table import Table
from longshore.tables.viewing.json_ready import to_values

BINS = 20
TOP_VALUES = 10
FARTHEST, NARROWEST = 1e300, 1e-290
"""A histogram leaves out larger numbers, and there is none of narrower bins: its arithmetic would overflow."""


def analyze(table: Table, column_name: str, cache: StatisticsCache | None = None) -> dict[str, Any]:
    """The statistics of a column, ready for JSON.

    Every type has ``invalid`` (missing values), ``unique_count``, ``mode`` (a list, at most 1,000; absent when all of
    several values are equally frequent), ``mode_frequency`` = ``mode_count`` (None without values) and
    ``frequencies`` (the 50 most frequent as [value, count], ties by value). Numbers have ``mean std min 25% 50% 75%
    max range`` (sample deviation, linear quantiles); texts ``word_...``; dates and datetimes ``min median max`` as
    UTC moments with ``Z``; times and durations the same as ISO 8601 texts. Values are as
    :func:`~longshore.tables.viewing.json_ready.to_values` writes them; what does not exist is None.

    :param cache: where the answers are kept for the next time.
    :raises ColumnNotFound: if the table has no such column.
    """
    column = table.columns[table.index_of(column_name)]
    cache = cache if cache is not None else StatisticsCache(0)
    found = cache.get(table, column)
    if found is None:
        found = summarize(count(table, column))
        cache.put(table, column, found)
    statistics: dict[str, Any] = found["statistics"]
    return statistics


def summarize(counted: Counted) -> dict[str, Any]:
    """What :func:`~.whole.profile` has of a column: ``dataType``, ``statistics``, ``histogram`` or ``top``."""
    column = counted.column
    statistics = describe(counted)
    shape: dict[str, Any] = {"top": statistics["frequencies"][:TOP_VALUES]}
    if isinstance(counted.tally, SortedTally) and (
        is_number(column.dtype) or isinstance(column.dtype, pl.Date | pl.Datetime)
    ):
        shape = {"histogram": _histogram(counted.tally, column.dtype)}
    return {"dataType": column.kind, "statistics": statistics, **shape}


def _histogram(tally: SortedTally, dtype: pl.DataType) -> dict[str, Any] | None:
    moments = utc_moments(tally.values) if isinstance(dtype, pl.Date | pl.Datetime) else None
    values = (tally.values if moments is None else moments.to_physical()).cast(pl.Float64).to_numpy()
    first, end = np.searchsorted(values, -FARTHEST, "left"), np.searchsorted(values, FARTHEST, "right")
    if first == end:
        return None
    values, below = values[first:end], np.concatenate([[0], tally.ends])[first : end + 1]
    if 0 < (values[-1] - values[0]) / BINS < NARROWEST:
        return None
    try:
        edges = np.histogram_bin_edges(values[[0, -1]], BINS)
    except ValueError:  # values so near to each other that no twenty numbers lie between them
        return None
    starts = np.searchsorted(values, edges[:-1], "left")  # the last bin includes its end
    counts = np.diff(below[starts], append=below[-1])
    shown = pl.Series(edges)
    if moments is not None:
        shown = shown.round().cast(pl.Int64).cast(moments.dtype)
    return {"edges": to_values(shown), "counts": counts.tolist()}
