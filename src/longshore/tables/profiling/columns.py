"""All that is told of one column."""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np
import polars as pl

from longshore.tables.core.json_values import to_values
from longshore.tables.core.table import Column, Table
from longshore.tables.profiling.analysis import Counted, as_moments, count, describe, is_number, moment_texts
from longshore.tables.profiling.cache import StatisticsCache
from longshore.tables.profiling.shown import Shown, count_shown
from longshore.tables.profiling.tally import SortedTally

BINS = 20
TOP_VALUES = 10
FARTHEST, NARROWEST = 1e300, 1e-290
"""A histogram leaves out larger numbers, and there is none of narrower bins: its arithmetic would overflow."""


def analyze(
    table: Table, column_name: str, cache: StatisticsCache | None = None, shown: Shown | None = None
) -> dict[str, Any]:
    """The statistics of a column, ready for JSON.

    Every type has ``invalid`` (missing values), ``unique_count``, ``mode`` (a list, at most 1,000; absent when all of
    several values are equally frequent), ``mode_frequency`` = ``mode_count`` (None without values) and
    ``frequencies`` (the 50 most frequent as [value, count], ties by value). Numbers have ``mean std min 25% 50% 75%
    max range`` (sample deviation, linear quantiles); texts ``word_...``; dates, datetimes,
    times and durations ``min median max`` as ISO 8601 texts, with ``Z`` where the column knows its zone. Values are as
    :func:`~longshore.tables.core.json_values.to_values` writes them; what does not exist is None.

    :param cache: where the answers are kept for the next time.
    :param shown: the rows of a view, whose statistics are wanted; None for all.
    :raises ColumnNotFound: if the table has no such column.
    """
    column = table.columns[table.index_of(column_name)]
    cache = cache if cache is not None else StatisticsCache(0)
    view = "" if shown is None else shown.key
    found = cache.get(table, column, view)
    if found is None:
        found = summarize_all(table, column) if shown is None else summarize_shown(table, column, shown, cache)
        cache.put(table, column, found, view)
    statistics: dict[str, Any] = found["statistics"]
    return statistics


def summarize_all(table: Table, column: Column) -> dict[str, Any]:
    """:func:`summarize` of a column of all rows."""
    return summarize(count(table, column))


def summarize_shown(table: Table, column: Column, shown: Shown, cache: StatisticsCache) -> dict[str, Any]:
    """:func:`summarize` of a column of the rows that a view shows, beside the same of all rows."""
    whole = cache.get(table, column)
    if whole is None:
        whole = summarize_all(table, column)
        cache.put(table, column, whole)
    return summarize(count_shown(table, column, shown), whole)


def summarize(counted: Counted, like: dict[str, Any] | None = None) -> dict[str, Any]:
    """What :func:`~.whole.profile` has of a column: ``dataType``, ``statistics``, ``histogram`` or ``top``.

    :param like: the same of all rows, when this is of some of them: the histogram then has the same bins.
    """
    column = counted.column
    statistics = describe(counted)
    shape: dict[str, Any] = {"top": statistics["frequencies"][:TOP_VALUES]}
    if isinstance(counted.tally, SortedTally) and (
        is_number(column.dtype) or isinstance(column.dtype, pl.Date | pl.Datetime)
    ):
        bins = like.get("histogram") if like is not None else None
        shape = {
            "histogram": _histogram(counted.tally, column.dtype)
            if like is None
            else _same_bins(counted.tally, column.dtype, bins)
        }
    return {"dataType": column.kind, "statistics": statistics, **shape}


def _histogram(tally: SortedTally, dtype: pl.DataType) -> dict[str, Any] | None:
    moments = as_moments(tally.values) if isinstance(dtype, pl.Date | pl.Datetime) else None
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
    shown = to_values(pl.Series(edges))
    if moments is not None:
        shown = moment_texts(pl.Series(edges).round().cast(pl.Int64).cast(moments.dtype), dtype)
    return {"edges": shown, "counts": counts.tolist()}


def _same_bins(tally: SortedTally, dtype: pl.DataType, whole: dict[str, Any] | None) -> dict[str, Any] | None:
    """How many values lie in each bin of a histogram of more values than these."""
    if whole is None:
        return None
    values, edges = tally.values, pl.Series(whole["edges"])
    if isinstance(dtype, pl.Date | pl.Datetime):
        values = as_moments(values)
        edges = pl.Series(map(dt.datetime.fromisoformat, whole["edges"])).cast(values.dtype).to_physical()
    numbers = values.to_physical().cast(pl.Float64).to_numpy()
    first, end = np.searchsorted(numbers, -FARTHEST, "left"), np.searchsorted(numbers, FARTHEST, "right")
    starts = np.searchsorted(numbers, edges.cast(pl.Float64).to_numpy()[1:-1], "left").clip(first, end)
    below = np.concatenate([[0], tally.ends])
    return {"edges": whole["edges"], "counts": np.diff(below[[first, *starts, end]]).tolist()}
