"""The statistics of one column."""

from __future__ import annotations

import math
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import polars as pl

from longshore.tables import dtypes
from longshore.tables.columns import col
from longshore.tables.profiling.tally import VALUE, Ranking, SortedTally, Tally, count_values, rank
from longshore.tables.profiling.words import Words, count_words
from longshore.tables.table import Column, Table
from longshore.tables.viewing.json_ready import to_values

FREQUENCIES = 50


@dataclass(frozen=True)
class Facts:
    """What the first scan of a column finds.

    :param distinct: about how many distinct values there are (off by some per cent).
    :param mean: of numbers; None without values.
    :param std: sample deviation of numbers; None below two values.
    :param size_bytes: of all texts together.
    """

    distinct: int
    mean: float | None = None
    std: float | None = None
    size_bytes: int = 0


@dataclass(frozen=True)
class Counted:
    """A column with what has been counted in it: all that statistics and charts are made from.

    :param frame: the one column :data:`~.tally.VALUE`; categories are texts, binary values base64.
    """

    column: Column
    frame: pl.LazyFrame
    rows: int
    facts: Facts
    tally: Tally


def analyze(table: Table, column_name: str) -> dict[str, Any]:
    """The statistics of a column, ready for JSON.

    Every type has ``invalid`` (missing values), ``unique_count``, ``mode`` (a list, at most 1,000; absent when all of
    several values are equally frequent), ``mode_frequency`` = ``mode_count`` (None without values) and
    ``frequencies`` (the 50 most frequent as [value, count], ties by value). Numbers have ``mean std min 25% 50% 75%
    max range`` (sample deviation, linear quantiles); texts ``word_...``; dates and datetimes ``min median max`` as
    UTC moments with ``Z``; times and durations the same as ISO 8601 texts. Values are as
    :func:`~longshore.tables.viewing.json_ready.to_values` writes them; what does not exist is None.

    :raises ColumnNotFound: if the table has no such column.
    """
    return describe(count(table, table.columns[table.index_of(column_name)]))


def is_number(dtype: pl.DataType) -> bool:
    """Whether values of this type have a mean."""
    return dtype.is_numeric() or dtype.is_decimal()


def count(table: Table, column: Column) -> Counted:
    """Scan and count one column."""
    frame = values_of(table.scan([column.name]), column)
    facts = frame.select(first_scan(column, VALUE)).collect(engine="streaming").row(0, named=True)
    return count_with(frame, column, table.rows, Facts(**{name.partition(" ")[2]: v for name, v in facts.items()}))


def count_with(frame: pl.LazyFrame, column: Column, rows: int, facts: Facts) -> Counted:
    """Count a column whose first scan has been made."""
    return Counted(column, frame, rows, facts, count_values(frame, facts.distinct, rows))


def values_of(frame: pl.LazyFrame, column: Column) -> pl.LazyFrame:
    """The column of ``frame`` alone, as :class:`Counted` has it."""
    return frame.select(countable(col(column.name), column.dtype).alias(VALUE))


def countable(values: pl.Expr, dtype: pl.DataType) -> pl.Expr:
    """Values that order and hash as they are shown."""
    if dtypes.is_text(dtype):
        return values.cast(pl.String)
    return dtypes.text_form(values, dtype) if dtype == pl.Binary() else values


def first_scan(column: Column, name: str, prefix: str = "") -> list[pl.Expr]:
    """Expressions for :class:`Facts` over the column called ``name``, each called ``"<prefix> <field>"``."""
    values = col(name)
    found = {"distinct": values.approx_n_unique()}
    if dtypes.is_text(column.dtype):
        found["size_bytes"] = values.str.len_bytes().sum()
    elif is_number(column.dtype):
        numbers = values.cast(pl.Float64)
        found |= {"mean": numbers.mean(), "std": numbers.std()}
    return [expression.alias(f"{prefix} {field}") for field, expression in found.items()]


def describe(counted: Counted) -> dict[str, Any]:
    """The statistics of what has been counted, see :func:`analyze`."""
    dtype, tally = counted.column.dtype, counted.tally
    found = {"invalid": counted.column.missing, "unique_count": len(tally.counts), **_frequencies(tally)}
    if dtypes.is_text(dtype):
        found |= _words(count_words(counted.frame, tally, counted.facts.size_bytes))
    elif is_number(dtype):
        assert isinstance(tally, SortedTally)  # noqa: S101 - only texts are hashed
        found |= _numbers(tally, counted.facts)
    elif dtype.is_temporal():
        assert isinstance(tally, SortedTally)  # noqa: S101
        found |= _moments(tally, dtype)
    return found


def _pairs(ranking: Ranking) -> list[list[Any]]:
    return [list(pair) for pair in zip(to_values(ranking.values), ranking.counts, strict=True)]


def _frequencies(tally: Tally, prefix: str = "") -> dict[str, Any]:
    ranking = rank(tally, FREQUENCIES)
    found: dict[str, Any] = {} if ranking.modes is None else {f"{prefix}mode": to_values(ranking.modes)}
    found |= {f"{prefix}mode_frequency": ranking.highest, f"{prefix}frequencies": _pairs(ranking)}
    return found if prefix else found | {"mode_count": ranking.highest}


def _numbers(tally: SortedTally, facts: Facts) -> dict[str, Any]:
    low = tally.values[0] if tally.total else None
    high = tally.values[-1] if tally.total else None
    # A mean of equal values can be off by a rounding error, and their deviation with it.
    equal = low is not None and low == high
    mean = low if equal else facts.mean
    std = (0.0 if tally.total > 1 else None) if equal else facts.std
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
        values = utc_moments(values)
    elif isinstance(dtype, pl.Time):
        values = values.cast(pl.Duration("ns"))
    tally = SortedTally(values.to_physical(), tally.counts)
    middle = tally.quantile(0.5)
    ends = [tally.values[0], None if middle is None else int(middle), tally.values[-1]] if tally.total else [None] * 3
    found = pl.Series(ends, dtype=pl.Int64).cast(values.dtype)
    if isinstance(dtype, pl.Time):
        found = found.to_physical().cast(pl.Time)
    return dict(zip(("min", "median", "max"), to_values(found), strict=True))


def utc_moments(values: pl.Series) -> pl.Series:
    """Dates and datetimes as datetimes in UTC; those without a zone count as UTC."""
    unit = values.dtype.time_unit if isinstance(values.dtype, pl.Datetime) else "us"
    moments = values.cast(pl.Datetime(unit)) if values.dtype == pl.Date() else values
    if moments.dtype.time_zone is None:  # type: ignore[attr-defined]
        return moments.dt.replace_time_zone("UTC")
    return moments.dt.convert_time_zone("UTC")


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
