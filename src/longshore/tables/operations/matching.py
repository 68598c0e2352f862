"""How values of two columns are compared when tables are joined: exactly, and never by a missing value."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from longshore.errors import InvalidType
from longshore.tables.codegen import literals as write
from longshore.tables.core import dtypes
from longshore.tables.core.column_expressions import col
from longshore.tables.core.portable import portable
from longshore.tables.core.table import Column

_UNITS = {"ms": 1_000_000, "us": 1_000, "ns": 1}
"""Nanoseconds in a unit of time."""
_WIDE = (pl.UInt64(), pl.Int128())


@dataclass(frozen=True)
class KeyPair:
    """A key column of this table and the one of the other that it is compared with.

    :param target: the type of the comparison.
    :param ours, theirs: both columns' values in one type in which equal means equal; what has no equal in the other
        column's type (2.5 among integers) is missing there, and so never matches.
    """

    here: Column
    there: Column
    target: pl.DataType
    ours: pl.Expr
    theirs: pl.Expr

    @property
    def is_plain(self) -> bool:
        """Whether both columns are compared as they are."""
        text = pl.String()
        return self.here.dtype == self.there.dtype and (self.target != text or self.here.dtype == text)


def pair(here: Column, there: Column) -> KeyPair:
    """How the two columns are compared: numbers as numbers, text as text, moments as moments.

    :raises InvalidType: when their types cannot be compared.
    """
    ours, theirs = col(here.name), col(there.name)
    target = _compared_as(here.dtype, there.dtype)
    if target is None:
        raise InvalidType(
            f"column {here.name!r} is of type {here.kind} and {there.name!r} of the other table of type {there.kind}, "
            "which cannot be compared; make them alike with changeColumnDataType first"
        )
    return KeyPair(here, there, target, comparable(ours, here.dtype, target), comparable(theirs, there.dtype, target))


def _compared_as(here: pl.DataType, there: pl.DataType) -> pl.DataType | None:
    if dtypes.is_text(here) and dtypes.is_text(there):
        return pl.String()
    if here == there:
        return here
    if here.is_float() and there.is_float():
        return pl.Float64()
    if (here.is_integer() or here.is_float()) and (there.is_integer() or there.is_float()):
        return pl.Int128() if here in _WIDE or there in _WIDE else pl.Int64()
    if isinstance(here, pl.Datetime) and isinstance(there, pl.Datetime):
        # Moments of two zones can be compared; a moment and a wall clock's time cannot.
        alike = (here.time_zone is None) == (there.time_zone is None)
        return pl.Datetime(_coarser(here, there)) if alike else None  # type: ignore[arg-type]
    if isinstance(here, pl.Duration) and isinstance(there, pl.Duration):
        return pl.Duration(_coarser(here, there))  # type: ignore[arg-type]
    return None


def _coarser(here: pl.Datetime | pl.Duration, there: pl.Datetime | pl.Duration) -> str:
    return max(here.time_unit, there.time_unit, key=_UNITS.__getitem__)


@portable
def comparable(values: pl.Expr, dtype: pl.DataType, target: pl.DataType) -> pl.Expr:
    """The values in the type of the comparison; those that it cannot hold exactly are missing."""
    if isinstance(dtype, pl.Datetime | pl.Duration) and isinstance(target, pl.Datetime | pl.Duration):
        factor = _UNITS[target.time_unit] // _UNITS[dtype.time_unit]
        ticks = values.to_physical()
        return ticks if factor == 1 else pl.when(ticks % factor == 0).then(ticks // factor)
    if dtype == target:
        return values
    if dtype.is_float() and target.is_integer():
        limit = 2.0 ** (127 if target == pl.Int128() else 63)
        whole = (values == values.floor()) & (values >= -limit) & (values < limit)
        return pl.when(whole).then(values).cast(target, strict=False)
    return values.cast(target)


def comparable_code(column: Column, target: pl.DataType) -> str:
    """:func:`comparable` in a script."""
    values, dtype = write.column(column.name), column.dtype
    if dtypes.is_text(dtype):
        return write.as_text(column)
    if dtype == target and not isinstance(dtype, pl.Datetime | pl.Duration):
        return values
    return f"comparable({values}, {write.type_of(dtype)}, {write.type_of(target)})"
