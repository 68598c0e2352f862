"""Columns as numbers along an axis, and the part of the axis that is shown."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from longshore.errors import InvalidRequest, InvalidType, shorten
from longshore.tables.charting.parameters import MAX_SERIES, Window
from longshore.tables.core.column_expressions import col
from longshore.tables.core.json_values import to_values
from longshore.tables.core.table import Column, Table

X, Y = "x", "y"
_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_FIRST_MOMENT, _LAST_MOMENT = -62_135_596_800_000.0, 253_402_300_799_000.0
MARGIN = 0.03

Floats = np.ndarray[tuple[int], np.dtype[np.float64]]
Flags = np.ndarray[tuple[int], np.dtype[np.bool_]]
Indices = np.ndarray[tuple[int], np.dtype[np.int64]]

FARTHEST = 1e300
"""Larger numbers are not drawn: an axis over them would have a width beyond all floats."""


def is_number(column: Column) -> bool:
    """Whether the values have a place on a number axis."""
    return column.dtype.is_numeric() or column.dtype.is_decimal()


def is_zoned(column: Column) -> bool:
    """Whether a column holds instants: datetimes that know their time zone."""
    return isinstance(column.dtype, pl.Datetime) and column.dtype.time_zone is not None


def is_moment(column: Column) -> bool:
    """Whether the values have a place on a date axis."""
    return isinstance(column.dtype, pl.Date | pl.Datetime)


def require_numbers(
    table: Table, indices: Sequence[int | str] | None, field: str, most: int = MAX_SERIES
) -> list[Column]:
    """The number columns at ``indices``, or of these names, each once.

    :raises InvalidRequest: without any, or with too many.
    :raises ColumnNotFound, InvalidType: for an index without a column, a column without numbers.
    """
    if not indices:
        raise InvalidRequest(f"{field}: name at least one column, by its index or its name")
    columns = list({column.name: column for column in map(table.require_column, indices)}.values())
    if len(columns) > most:
        raise InvalidRequest(f"{field}: a chart shows at most {most} columns, these are {len(columns)}")
    for column in columns:
        if not is_number(column):
            raise InvalidType(
                f"this chart needs numbers, but column {shorten(column.name)!r} holds {column.kind} values"
            )
    return columns


def require_one(index: int | str | None, field: str) -> int | str:
    """``index`` itself.

    :raises InvalidRequest: if it is absent.
    """
    if index is None:
        raise InvalidRequest(f"{field}: name a column, by its index or its name")
    return index


def placed(column: Column) -> pl.Expr:
    """The values as floats: numbers as they are, moments as milliseconds since 1970 in UTC."""
    values = col(column.name)
    if isinstance(column.dtype, pl.Datetime):
        factor = {"ns": 1e-6, "us": 1e-3, "ms": 1.0}[column.dtype.time_unit]
        return values.to_physical().cast(pl.Float64) * factor  # with a zone, too, they count from 1970 in UTC
    if isinstance(column.dtype, pl.Date):
        return values.to_physical().cast(pl.Float64) * 86_400_000.0
    return values.cast(pl.Float64)


@dataclass(frozen=True)
class Span:
    """The shown part of an axis: two floats, or two moments in milliseconds."""

    low: float
    high: float
    is_temporal: bool = False
    is_zoned: bool = False
    """Whether the moments are of a column that knows its time zone."""

    @property
    def domain(self) -> list[float]:
        """Both ends, as a scale takes them."""
        return [self.low, self.high]

    def to_wire(self) -> dict[str, Any]:
        """``{"start", "end"}`` as the contract has it."""
        if self.is_temporal:
            return {"start": to_iso(self.low, self.is_zoned), "end": to_iso(self.high, self.is_zoned)}
        return {"start": self.low, "end": self.high}

    def contains(self, values: Floats) -> Flags:
        """Which of ``values`` are shown."""
        return (values >= self.low) & (values <= self.high)

    def bin_of(self, values: Floats, bins: int) -> Indices:
        """In which of ``bins`` parts of equal width each of the values inside lies, from 0; the last includes its end.

        Halved, since the width itself may be beyond all floats.
        """
        share = values / 2
        share -= self.low / 2
        share /= self.high / 2 - self.low / 2
        share *= bins
        return share.astype(np.int64).clip(0, bins - 1)


@dataclass(frozen=True)
class Limits:
    """The ends of an axis that a client set; None where the data decide."""

    low: float | None
    high: float | None
    is_temporal: bool = False
    is_zoned: bool = False

    @classmethod
    def read(cls, window: Window, axis: str, *, is_temporal: bool = False, is_zoned: bool = False) -> Limits:
        """Check a window.

        :raises InvalidRequest: for an end of the wrong kind, or a start after the end.
        """
        ends = [_end(value, f"axis.{axis}.{name}", is_temporal) for name, value in window]
        low, high = ends
        if low is not None and high is not None and low > high:
            raise InvalidRequest(f"axis.{axis}: the start lies after the end")
        return cls(low, high, is_temporal, is_zoned)

    @property
    def is_set(self) -> bool:
        """Whether a client set an end."""
        return self.low is not None or self.high is not None

    def admits(self, values: Floats) -> Flags:
        """Which of ``values`` lie between the ends that were set; missing values do not."""
        admitted: Flags = values == values  # NaN equals nothing
        if self.low is not None:
            admitted &= values >= self.low
        if self.high is not None:
            admitted &= values <= self.high
        return admitted

    def over(self, low: float | None, high: float | None, margin: float = 0.0) -> Span:
        """The shown part for data from ``low`` to ``high`` (None without any), widened where it has no width.

        :param margin: share of the width that is left free beside the data, at ends that were not set.
        """
        start, end = self._fallback(low, high)
        narrow = end - start <= max(abs(start), abs(end)) * 1e-9
        room = self._half(start, end) if narrow else (end - start) * margin
        if self.low is None or narrow:
            start -= room
        if self.high is None or narrow:
            end += room
        return Span(start, end, self.is_temporal, self.is_zoned)

    def _fallback(self, low: float | None, high: float | None) -> tuple[float, float]:
        unit = 86_400_000.0 if self.is_temporal else 1.0
        start = self.low if self.low is not None else low
        end = self.high if self.high is not None else high
        if start is None and end is None:
            return 0.0, unit
        if start is None:
            start = (end or 0.0) - unit
        if end is None:
            end = start + unit
        return min(start, end), max(start, end)

    def _half(self, start: float, end: float) -> float:
        if self.is_temporal:
            return 43_200_000.0
        return max(0.5, max(abs(start), abs(end)) * 1e-6)


def _end(value: int | float | str | None, field: str, is_temporal: bool) -> float | None:
    if value is None:
        return None
    if not is_temporal:
        if isinstance(value, str):
            raise InvalidRequest(f"{field}: give a number")
        return _float(value, field)
    if not isinstance(value, str):
        raise InvalidRequest(f"{field}: this is a date axis; give an ISO date such as 2024-01-31")
    try:
        moment = dt.datetime.fromisoformat(value)
        moment = moment if moment.tzinfo is not None else moment.replace(tzinfo=dt.UTC)
        return (moment - _EPOCH).total_seconds() * 1000
    except (ValueError, OverflowError):
        raise InvalidRequest(f"{field}: {shorten(value)!r} is no ISO date such as 2024-01-31") from None


def _float(value: float, field: str) -> float:
    try:
        return min(max(float(value), -FARTHEST), FARTHEST)
    except OverflowError:
        raise InvalidRequest(f"{field}: the number is too large") from None


def to_iso(milliseconds: float, is_zoned: bool) -> str:
    """A moment on a date axis in ISO 8601, with ``Z`` where its column knows a zone.

    >>> to_iso(86_400_000.0, True), to_iso(86_400_000.0, False)
    ('1970-01-02T00:00:00Z', '1970-01-02T00:00:00')
    """
    moment = round(min(max(milliseconds, _FIRST_MOMENT), _LAST_MOMENT))
    text: str = to_values(pl.Series([moment], dtype=pl.Int64).cast(pl.Datetime("ms", "UTC" if is_zoned else None)))[0]
    return text
