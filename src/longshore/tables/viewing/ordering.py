"""Which rows a selection takes, in which order: lazy queries whose answer is a column of row numbers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import reduce
from operator import and_, or_
from pathlib import Path

import polars as pl

from longshore.errors import InvalidType
from longshore.tables.core import dtypes
from longshore.tables.core.portable import portable
from longshore.tables.core.table import ROW_NUMBER, Column
from longshore.tables.patterns import compile_pattern
from longshore.tables.viewing.parameters import Selection

Scan = Callable[[Path, Sequence[Column]], pl.LazyFrame]
"""Opens columns of a folder; the frame's columns are named after their sources' keys, see :func:`key`."""


def key(column: Column) -> str:
    """The column's name inside these queries: users' names may differ between versions of one view."""
    return f"{column.file}/{column.source}"


def needed(selection: Selection) -> list[Column]:
    """The columns that decide on rows and order, each once."""
    sort = [selection.sort_column] if selection.sort_column else []
    where = selection.where.columns if selection.where else ()
    columns = [*selection.filter_columns, *where, *selection.search_columns, *sort]
    return list({key(column): column for column in columns}.values())


PATTERN_ROWS = (20_000, 200_000)


def order_query(
    whole: pl.LazyFrame, selection: Selection, first_rows: int | None = None, limit: int | None = None
) -> pl.LazyFrame:
    """The numbers of the selected rows in order, as the one column :data:`ROW_NUMBER`.

    The limit stands directly after the sort: past a projection the engine would not turn the two into a
    search for the first few, which skips whole row groups by their statistics (text of 10 M rows: 0.08 s, not 0.5).

    :param whole: the :func:`needed` columns under their :func:`key`, and the row numbers.
    :param first_rows: look only at so many rows of the table; not for duplicates.
    :param limit: only so many of the selected rows.
    :raises InvalidType: for outliers of a column that holds no numbers.
    :raises InvalidPattern: for a malformed regular expression.
    """
    frame = whole
    if first_rows is not None:
        frame = frame.slice(0, first_rows)
    if selection.filter_type is not None:
        frame = frame.filter(_filter(whole, selection))
    if selection.where is not None:
        frame = frame.filter(selection.where.over(whole, key))
    if selection.query:
        frame = frame.filter(_search(selection))
    by = _sort_keys(selection)
    if by:
        descending = [
            not selection.ascending and index == 0 and selection.sort_column is not None for index in range(len(by))
        ]
        frame = frame.sort(by, descending=descending, nulls_last=True, maintain_order=True)
    if limit is not None:
        frame = frame.head(limit)
    return frame.select(ROW_NUMBER)


def head_tries(selection: Selection) -> tuple[int | None, ...]:
    """In how many of the table's rows the first of the view are sought; None for all.

    The engine ends a filter early by itself, but hands a pattern's callback long pieces first.
    """
    patterns = selection.is_regex or (selection.where is not None and selection.where.has_patterns)
    if patterns and selection.sort_column is None and selection.filter_type != "duplicates":
        return (*PATTERN_ROWS, None)
    return (None,)


def _filter(frame: pl.LazyFrame, selection: Selection) -> pl.Expr:
    columns = selection.filter_columns
    if selection.filter_type == "invalid":
        return reduce(and_, (pl.col(key(column)).is_null() for column in columns))
    if selection.filter_type == "duplicates":
        return pl.len().over([key(column) for column in columns]) > 1
    return reduce(and_, (_is_outlier(frame, column, selection) for column in columns))


def _is_outlier(frame: pl.LazyFrame, column: Column, selection: Selection) -> pl.Expr:
    """At least so many sample deviations from the mean, both taken without the trimmed ends.

    The deviation is the sample's (n - 1), as everywhere else in the product. A value that equals the
    mean is none, even where the deviation is 0.
    """
    if not (column.dtype.is_numeric() or isinstance(column.dtype, pl.Decimal)):
        raise InvalidType(f"outliers need numbers, but column {column.name!r} holds {column.kind} values")
    return is_outlier(frame, pl.col(key(column)), selection.std_dev, selection.trim_portion)


@portable
def is_outlier(frame: pl.LazyFrame, values: pl.Expr, std_dev: float, trim_portion: float) -> pl.Expr:
    """Which values lie at least so many sample deviations from the mean, both taken without the trimmed ends."""
    values = values.cast(pl.Float64)
    centre, deviation = _trimmed_moments(frame.select(values.alias("value")), trim_portion)
    if centre is None or deviation is None:
        return pl.lit(False)
    return ((values - centre).abs() >= std_dev * deviation) & (values != centre)


def _trimmed_moments(frame: pl.LazyFrame, portion: float) -> tuple[float | None, float | None]:
    """Mean and sample deviation without the ``int(n * portion)`` smallest and as many largest of n values."""
    values = pl.col("value").drop_nulls()
    if portion:
        cut = (values.len() * portion).floor().cast(pl.Int64)
        values = values.sort().slice(cut, values.len() - 2 * cut)
    row = frame.select(
        values.mean().alias("mean"), values.std().alias("std"), values.min().alias("min"), values.max().alias("max")
    )
    mean, std, low, high = row.collect().row(0)
    # The mean of equal values can be off by a rounding error, which would make each of them an outlier.
    return (low, 0.0) if low is not None and low == high else (mean, std)


def _search(selection: Selection) -> pl.Expr:
    pattern = compile_pattern(selection.query) if selection.is_regex else None
    matches = []
    for column in selection.search_columns:
        text = dtypes.text_form(pl.col(key(column)), column.dtype)
        found = pattern.contains(text) if pattern else text.str.contains(selection.query, literal=True)
        matches.append(found.fill_null(False))
    return reduce(or_, matches)


def _sort_keys(selection: Selection) -> list[pl.Expr]:
    """The sort column; before that, and for its ties, duplicates stand by the first of their columns."""
    columns = [selection.sort_column] if selection.sort_column else []
    if selection.filter_type == "duplicates":
        columns.append(selection.filter_columns[0])
    return [dtypes.sortable(pl.col(key(column)), column.dtype) for column in columns]
