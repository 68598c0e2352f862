"""What type a column has in which the values of two columns stand together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import polars as pl

from longshore.tables.codegen import literals as write
from longshore.tables.core import dtypes
from longshore.tables.core.column_expressions import col
from longshore.tables.core.table import Column, Table

TEXT = pl.String()


@dataclass(frozen=True)
class Meeting:
    """Two columns that become one.

    :param dtype: holds every value of both without loss.
    """

    here: Column
    there: Column
    dtype: pl.DataType

    @property
    def differs(self) -> bool:
        """Whether their types had to be brought together, in a way that people see."""
        return self.here.kind != self.there.kind or self.here.kind != dtypes.kind(self.dtype)

    def to_wire(self) -> dict[str, Any]:
        """The types as JSON."""
        became = dtypes.kind(self.dtype)
        return {"column": self.here.name, "here": self.here.kind, "there": self.there.kind, "became": became}


def meet(ours: Table, here: Column, theirs: Table, there: Column) -> Meeting:
    """The type for the values of both columns: the narrowest that loses nothing, text when there is no other.

    A column without any value has no say. Whether integers fit a float, or nanoseconds microseconds, is looked up in
    the data.
    """
    if here.dtype == there.dtype:
        return Meeting(here, there, here.dtype)
    if there.missing == theirs.rows:
        return Meeting(here, there, here.dtype)
    if here.missing == ours.rows:
        return Meeting(here, there, there.dtype)
    for dtype in _candidates(here.dtype, there.dtype):
        if _holds(ours, here, dtype) and _holds(theirs, there, dtype):
            return Meeting(here, there, dtype)
    return Meeting(here, there, TEXT)


def become(values: pl.Expr, old: pl.DataType, new: pl.DataType) -> pl.Expr:
    """The values of a column of type ``old`` in one of type ``new``."""
    if old == new:
        return values
    if new == TEXT:
        return dtypes.text_form(values, old)
    if isinstance(new, pl.Datetime) and isinstance(old, pl.Datetime) and new.time_zone and old.time_zone:
        return values.dt.convert_time_zone(new.time_zone).cast(new, strict=False)
    return values.cast(new, strict=False)


def become_code(values: str, old: pl.DataType, new: pl.DataType) -> str:
    """:func:`become` in a script."""
    if old == new:
        return values
    if new == TEXT:
        return write.text_form(values, old)
    if isinstance(new, pl.Datetime) and isinstance(old, pl.Datetime) and new.time_zone and old.time_zone:
        values += f".dt.convert_time_zone({write.quote(new.time_zone)})"
    return f"{values}.cast({write.type_of(new)}, strict=False)"


def _candidates(here: pl.DataType, there: pl.DataType) -> list[pl.DataType]:
    """Types that may hold both, narrowest first."""
    if here.is_integer() and there.is_integer():
        return [here, there, pl.Int64(), pl.Int128()]
    if (here.is_integer() or here.is_float()) and (there.is_integer() or there.is_float()):
        return [pl.Float64()]
    if isinstance(here, pl.Datetime) and isinstance(there, pl.Datetime) and _zoned(here) == _zoned(there):
        return [pl.Datetime(unit, here.time_zone) for unit in ("us", "ns")]
    if pl.Date() in (here, there):
        return [dtype for dtype in (here, there) if isinstance(dtype, pl.Datetime) and not _zoned(dtype)]
    if isinstance(here, pl.Duration) and isinstance(there, pl.Duration):
        return [pl.Duration("us"), pl.Duration("ns")]
    return []


def _zoned(dtype: pl.Datetime) -> bool:
    return dtype.time_zone is not None


def _holds(table: Table, column: Column, dtype: pl.DataType) -> bool:
    """Whether every value is the same after a way to ``dtype`` and back."""
    if column.dtype == dtype:
        return True
    values = col(column.name)
    back = become(become(values, column.dtype, dtype), dtype, column.dtype)
    kept = table.scan([column.name]).select(values.eq_missing(back).all())
    return bool(kept.collect(engine="streaming").item())
