"""Rows as JSON has them."""

from __future__ import annotations

from typing import Any

import polars as pl

from longshore.tables.core import dtypes

MAX_EXACT = 2**53
"""Beyond it neighbouring integers are one and the same number in JavaScript."""


def to_rows(frame: pl.DataFrame) -> list[list[Any]]:
    """One list a row, see :func:`to_values`.

    >>> to_rows(pl.DataFrame({"n": [1, None], "t": ["a", "b"]}))
    [[1, 'a'], [None, 'b']]
    """
    if frame.width == 0:
        return [[] for _ in range(frame.height)]
    return [list(row) for row in zip(*map(to_values, frame.get_columns()), strict=True)]


def to_values(series: pl.Series) -> list[Any]:
    """A column's values for JSON.

    Numbers and booleans stay; integers beyond 2^53 and decimals become text, which keeps every digit;
    dates, times and durations are ISO 8601; missing and non-finite numbers are None.
    """
    series = series.alias("values")  # the engine would take some names for patterns
    dtype = series.dtype
    if dtype in (pl.String, pl.Boolean):
        return series.to_list()
    if dtype.is_integer():
        return _integers(series)
    if dtype.is_float():
        return series.set(~series.is_finite(), None).to_list()
    return series.to_frame().select(dtypes.text_form(pl.col("values"), dtype)).to_series().to_list()


def _integers(series: pl.Series) -> list[int | str | None]:
    values: list[int | str | None] = series.to_list()
    low, high = series.min(), series.max()
    if low is None or (low >= -MAX_EXACT and high <= MAX_EXACT):  # type: ignore[operator]
        return values
    return [value if value is None or abs(value) <= MAX_EXACT else str(value) for value in values]  # type: ignore[arg-type]
