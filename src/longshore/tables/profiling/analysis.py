"""The statistics of one column."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import numpy as np
import polars as pl

from longshore.tables.core import dtypes
from longshore.tables.core.column_expressions import col
from longshore.tables.core.json_values import to_values
from longshore.tables.core.table import Column, Table
from longshore.tables.profiling import tally as tally_module
from longshore.tables.profiling.tally import VALUE, Ranking, SortedTally, Tally, count_numbers, count_values, rank
from longshore.tables.profiling.words import Words, count_words

FREQUENCIES = 50
VALUES_AT_ONCE = 32_768
SAMPLED_PARTS, SAMPLED_ROWS = 5, 8_192
SAMPLED_FEW = 300
"""So many different values in the sample are one in a hundred."""


@dataclass(frozen=True)
class Moments:
    """Mean and sample deviation of numbers; None without values, and below two."""

    mean: float | None = None
    std: float | None = None


@dataclass(frozen=True)
class Counted:
    """A column with what has been counted in it: all that statistics and charts are made from.

    :param frame: the one column :data:`~.tally.VALUE`; categories are texts, binary values base64.
    """

    column: Column
    frame: pl.LazyFrame
    moments: Moments
    tally: Tally


def is_number(dtype: pl.DataType) -> bool:
    """Whether values of this type have a mean."""
    return dtype.is_numeric() or dtype.is_decimal()


def count(table: Table, column: Column) -> Counted:
    """Scan and count one column."""
    return count_frame(values_of(table.scan([column.name]), column), column, table.rows)


def count_frame(frame: pl.LazyFrame, column: Column, rows: int) -> Counted:
    """Count the one column of ``frame``, which is as :class:`Counted` has it."""
    if _is_sortable(column.dtype) and rows <= tally_module.SORTED_AT_ONCE:
        sorted_tally = count_numbers(frame, rows)
        return Counted(column, frame, moments_of(sorted_tally) if is_number(column.dtype) else Moments(), sorted_tally)
    values = pl.col(VALUE)
    few = column.dtype == pl.Boolean() or rows <= tally_module.FEW or _looks_few(frame, rows)
    wanted = {} if few else {"distinct": values.approx_n_unique()}
    if is_number(column.dtype):
        numbers = values.cast(pl.Float64)
        wanted |= {"mean": numbers.mean(), "std": numbers.std()}
    found = frame.select(**wanted).collect(engine="streaming").row(0, named=True) if wanted else {}
    tally = count_values(frame, found.pop("distinct", 0))
    return Counted(column, frame, Moments(**found), tally)


def _looks_few(frame: pl.LazyFrame, rows: int) -> bool:
    """Whether a sample from all over the column, of some ten milliseconds, holds next to no different values.

    A value that the sample misses is rare, and rows that are unlike the rest take less than the distance between two
    parts; so grouping the column stays within the memory that it takes for :data:`~.tally.FEW`, or not far above.
    """
    starts = np.linspace(0, max(0, rows - SAMPLED_ROWS), SAMPLED_PARTS).astype(int).tolist()
    sample = pl.concat([frame.slice(start, SAMPLED_ROWS) for start in starts])
    return int(sample.select(pl.col(VALUE).n_unique()).collect(engine="streaming").item()) <= SAMPLED_FEW


def _is_sortable(dtype: pl.DataType) -> bool:
    """Whether NumPy sorts values of this type as they are kept."""
    if dtype.is_integer():
        return dtype not in (pl.Int128(), pl.UInt128())
    return dtype.is_float() or dtype.is_temporal()


def moments_of(tally: SortedTally) -> Moments:
    """Mean and deviation from the distinct values, a part of them at a time."""
    number = tally.total
    if not number:
        return Moments()
    with np.errstate(over="ignore", invalid="ignore"):  # infinities have no deviation, the largest floats no sum
        mean = sum(float((v * n).sum()) for v, n in _weighted(tally)) / number
        squares = sum(float(((v - mean) ** 2 * n).sum()) for v, n in _weighted(tally))
    return Moments(mean, math.sqrt(squares / (number - 1)) if number > 1 else None)


def _weighted(tally: SortedTally) -> Iterator[tuple[Any, Any]]:
    for start in range(0, len(tally.values), VALUES_AT_ONCE):
        values = tally.values.slice(start, VALUES_AT_ONCE).cast(pl.Float64).to_numpy()
        yield values, tally.counts[start : start + VALUES_AT_ONCE]


def values_of(frame: pl.LazyFrame, column: Column) -> pl.LazyFrame:
    """The column of ``frame`` alone, as :class:`Counted` has it."""
    return frame.select(countable(col(column.name), column.dtype).alias(VALUE))


def countable(values: pl.Expr, dtype: pl.DataType) -> pl.Expr:
    """Values that order and hash as they are shown."""
    if dtypes.is_text(dtype):
        return values.cast(pl.String)
    return dtypes.text_form(values, dtype) if dtype == pl.Binary() else values


def describe(counted: Counted) -> dict[str, Any]:
    """The statistics of what has been counted, see :func:`~.columns.analyze`."""
    dtype, tally = counted.column.dtype, counted.tally
    found = {"invalid": counted.column.missing, "unique_count": len(tally.counts), **_frequencies(tally)}
    if dtypes.is_text(dtype):
        found |= _words(count_words(counted.frame, tally))
    elif is_number(dtype):
        assert isinstance(tally, SortedTally)  # noqa: S101 - only texts are hashed
        found |= _numbers(tally, counted.moments)
    elif dtype.is_temporal():
        assert isinstance(tally, SortedTally)  # noqa: S101
        found |= _moments(tally, dtype)
    return found


def _pairs(ranking: Ranking) -> list[list[Any]]:
    return [list(pair) for pair in zip(to_values(ranking.values), ranking.counts, strict=True)]


def _frequencies(tally: Tally, prefix: str = "") -> dict[str, Any]:
    ranking = rank(tally, FREQUENCIES)
    found: dict[str, Any] = {} if ranking.modes is None else {f"{prefix}mode": to_values(ranking.modes)}
    if prefix:
        found.setdefault(f"{prefix}mode", [])  # clients go through it without looking whether it is there
    found |= {f"{prefix}mode_frequency": ranking.highest, f"{prefix}frequencies": _pairs(ranking)}
    return found if prefix else found | {"mode_count": ranking.highest}


def _numbers(tally: SortedTally, moments: Moments) -> dict[str, Any]:
    low = tally.values[0] if tally.total else None
    high = tally.values[-1] if tally.total else None
    # A mean of equal values can be off by a rounding error, and their deviation with it.
    equal = low is not None and low == high
    mean = low if equal else moments.mean
    std = (0.0 if tally.total > 1 else None) if equal else moments.std
    quantiles = {f"{portion}%": _as_float(_number_quantile(tally, portion / 100)) for portion in (25, 50, 75)}
    return {
        "mean": _as_float(mean),
        "std": _as_float(std),
        "min": _exact(low, tally),
        **quantiles,
        "max": _exact(high, tally),
        "range": _exact(None if low is None else high - low, tally),
    }


def _number_quantile(tally: SortedTally, portion: float) -> Any:
    if isinstance(tally.values.dtype, pl.Decimal):
        return SortedTally(tally.values.cast(pl.Float64), tally.counts).quantile(portion)
    return tally.quantile(portion)


def _as_float(value: Any) -> float | None:
    return float(value) if value is not None and math.isfinite(value) else None


def _exact(value: Any, tally: SortedTally) -> Any:
    """A value of the column's own kind as JSON; the range of integers may be beyond their type."""
    if isinstance(value, Decimal):
        return str(value)
    if value is None or isinstance(value, int):
        return to_values(pl.Series([value], dtype=pl.Int128))[0]
    return to_values(pl.Series([value], dtype=pl.Float64))[0]


def _moments(tally: SortedTally, dtype: pl.DataType) -> dict[str, Any]:
    values = tally.values
    if isinstance(dtype, pl.Date | pl.Datetime):
        values = as_moments(values)
    elif isinstance(dtype, pl.Time):
        values = values.cast(pl.Duration("ns"))
    tally = SortedTally(values.to_physical(), tally.counts)
    middle = tally.quantile(0.5)
    ends = [tally.values[0], None if middle is None else int(middle), tally.values[-1]] if tally.total else [None] * 3
    found = pl.Series(ends, dtype=pl.Int64).cast(values.dtype)
    if isinstance(dtype, pl.Time):
        found = found.to_physical().cast(pl.Time)
    return dict(zip(("min", "median", "max"), moment_texts(found, dtype), strict=True))


def as_moments(values: pl.Series) -> pl.Series:
    """Dates and datetimes as datetimes: in UTC where they know their zone, else wall time without one."""
    if values.dtype == pl.Date():
        return values.cast(pl.Datetime("us"))
    return values if values.dtype.time_zone is None else values.dt.convert_time_zone("UTC")  # type: ignore[attr-defined]


def moment_texts(values: pl.Series, dtype: pl.DataType) -> list[Any]:
    """What was computed from a column of dates, datetimes, times or durations, as the column's own values are written.

    :param dtype: of the column; between two dates may lie a moment that is none.
    """
    texts = to_values(values)
    if not isinstance(dtype, pl.Date):
        return texts
    return [text if text is None else text.removesuffix("T00:00:00") for text in texts]


def _words(words: Words) -> dict[str, Any]:
    return {
        "word_count_min": words.count_min,
        "word_count_max": words.count_max,
        "word_count_average": words.count_average,
        "word_length_min": words.length_min,
        "word_length_max": words.length_max,
        "word_length_average": words.length_average,
        "word_total": words.total,
        "word_unique_count": len(words.tally.counts),
        **_frequencies(words.tally, "word_"),
    }
