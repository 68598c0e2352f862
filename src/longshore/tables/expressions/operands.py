"""A part of an expression as the engine computes it: a column expression with its type and its greatest size.

Whatever a column is kept as, expressions know whole numbers (``Int64``), decimal ones (``Float64``), text, booleans,
dates, datetimes (in microseconds), times, durations, and ``Null``, which is all of them.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import polars as pl

from longshore.errors import InvalidType, InvalidValue, TooLarge, shorten
from longshore.tables.codegen import literals as write
from longshore.tables.codegen.dual_expression import DualExpr, by_name, call, lit
from longshore.tables.core import dtypes
from longshore.tables.core.portable import portable
from longshore.tables.core.table import Column
from longshore.tables.formats.scalars import fit_value

WHOLE, DECIMAL, TEXT, BOOLEAN = pl.Int64(), pl.Float64(), pl.String(), pl.Boolean()
DATE, DATETIME, NOTHING = pl.Date(), pl.Datetime("us"), pl.Null()

MAX_TIMES = 100
MAX_CHARACTERS = 1_000
MAX_CELL_BYTES = 10_000_000
"""Where a function multiplies text, a result that would be longer is missing."""
_NAMES = {"int": "a whole number", "float": "a number", "string": "text", "boolean": "a condition (true or false)"}


@dataclass(frozen=True)
class Size:
    """How long a text can be: so many times the longest text it is made from, and so many characters more.

    :raises TooLarge: over :data:`MAX_TIMES` or :data:`MAX_CHARACTERS`; an expression cannot fill the memory.
    """

    times: int = 1
    characters: int = 0

    def __post_init__(self) -> None:
        if self.times > MAX_TIMES or self.characters > MAX_CHARACTERS:
            raise TooLarge(
                f"the expression makes texts too long: at most {MAX_TIMES} times a column's text "
                f"and {MAX_CHARACTERS:,} characters more"
            )

    def __mul__(self, number: int) -> Size:
        return Size(self.times * number, self.characters * number)


@dataclass(frozen=True)
class Constant:
    """A value that is the same in every row and written out in the expression."""

    value: Any


@dataclass(frozen=True)
class Operand:
    """One part.

    :param written: as it stands in the expression, for error messages.
    :param constant: set for literals; missing for what depends on a row or was computed.
    """

    expr: DualExpr
    dtype: pl.DataType
    written: str
    size: Size = Size()
    constant: Constant | None = None

    @property
    def is_number(self) -> bool:
        """Whether it is a number, or NULL."""
        return self.dtype in (WHOLE, DECIMAL, NOTHING)

    @property
    def is_moment(self) -> bool:
        """Whether it is a date or a datetime."""
        return isinstance(self.dtype, pl.Date | pl.Datetime)

    @property
    def kind(self) -> str:
        """What it is, for error messages."""
        name = "nothing" if self.dtype == NOTHING else dtypes.kind(self.dtype)
        return _NAMES.get(name, name if name == "nothing" else f"a {name}")

    def now(self, expr: DualExpr, dtype: pl.DataType, size: Size | None = None) -> Operand:
        """Another operand that stands where this one did."""
        return replace(self, expr=expr, dtype=dtype, size=size or self.size, constant=None)


def of_column(column: Column) -> Operand:
    """A column.

    :raises InvalidType: for one that holds bytes.
    """
    dtype, expr = column.dtype, by_name(column.name)
    if dtype == pl.Binary():
        raise InvalidType(f"column {column.name!r} holds bytes; convert it to text before you compute with it")
    known = _known(dtype)
    return Operand(expr if dtype == known else expr.cast(known, strict=False), known, f'"{column.name}"')


def _known(dtype: pl.DataType) -> pl.DataType:
    """The type in which values of ``dtype`` are computed; whole numbers that 64 bits may not hold become decimal."""
    if dtypes.is_text(dtype):
        return TEXT
    if dtype.is_numeric():
        return WHOLE if dtype.is_integer() and dtype not in (pl.UInt64(), pl.Int128(), pl.UInt128()) else DECIMAL
    if isinstance(dtype, pl.Datetime):
        return pl.Datetime("us", dtype.time_zone)
    return pl.Duration("us") if isinstance(dtype, pl.Duration) else dtype


def of_value(value: Any, written: str) -> Operand:
    """A value that is written out, or that was learnt from the data."""
    if value is None:
        return Operand(lit(None, NOTHING), NOTHING, written, constant=Constant(None))
    dtype = _type_of(value)
    characters = max(1, len(value)) if isinstance(value, str) else 0
    return Operand(lit(value, dtype), dtype, written, Size(0, characters), Constant(value))


def _type_of(value: Any) -> pl.DataType:
    if isinstance(value, dt.datetime):
        return DATETIME
    known = {bool: BOOLEAN, int: WHOLE, float: DECIMAL, str: TEXT, dt.date: DATE}
    return known[type(value)]


def require(operand: Operand, function: str, wanted: str, *allowed: pl.DataType) -> Operand:
    """``operand`` itself when its type is among the allowed ones; NULL always is.

    :raises InvalidType: if not.
    """
    if operand.dtype in allowed or operand.dtype == NOTHING:
        return operand
    raise mismatch(operand, function, wanted)


def mismatch(operand: Operand, function: str, wanted: str, hint: str = "") -> InvalidType:
    """The error for an operand of a type that a function does not take."""
    return InvalidType(f"{function} needs {wanted}, but {shorten(operand.written, 60)} is {operand.kind}{hint}")


def require_number(operand: Operand, function: str) -> Operand:
    """A number; raises :class:`InvalidType`."""
    hint = "; convert it with CAST(... AS float)" if operand.dtype == TEXT else ""
    if not operand.is_number:
        raise mismatch(operand, function, "a number", hint)
    return operand if operand.dtype != NOTHING else as_type(operand, DECIMAL)


def require_text(operand: Operand, function: str) -> Operand:
    """Text; raises :class:`InvalidType`."""
    if operand.dtype not in (TEXT, NOTHING):
        raise mismatch(operand, function, "text", "; convert it with CAST(... AS text)")
    return as_type(operand, TEXT)


def require_condition(operand: Operand, function: str) -> Operand:
    """True or false; raises :class:`InvalidType`."""
    hint = ""
    if operand.is_number:
        hint = "; compare it, as in <> 0"
    if operand.dtype not in (BOOLEAN, NOTHING):
        raise mismatch(operand, function, "a condition (true or false)", hint)
    return as_type(operand, BOOLEAN)


def require_moment(operand: Operand, function: str) -> Operand:
    """A date or datetime between the years 1 and 9999, beyond which it is missing.

    Text that is written out is read as ISO 8601.

    :raises InvalidType: for something else.
    """
    read = as_moment(operand)
    if not read.is_moment:
        hint = "; make it one with parseDates, or TO_DATE(text, format)" if operand.dtype == TEXT else ""
        raise mismatch(operand, function, "a date", hint)
    return in_calendar(read)


def in_calendar(operand: Operand) -> Operand:
    """Missing outside the years 1 to 9999, where the engine's calendar ends."""
    return operand.now(call(known_dates if operand.dtype == DATE else known_datetimes, operand.expr), operand.dtype)


@portable
def known_dates(days: pl.Expr) -> pl.Expr:
    """Dates between the years 1 and 9999; others are missing."""
    return pl.when(days.to_physical().is_between(-719_162, 2_932_896)).then(days)


@portable
def known_datetimes(moments: pl.Expr) -> pl.Expr:
    """Datetimes, in microseconds, between the years 1 and 9999; others are missing."""
    # Compared as numbers: so the limits have no zone, and cost nothing.
    ticks = moments.to_physical()
    return pl.when(ticks.is_between(-62_135_596_800_000_000, 253_402_300_799_999_999)).then(moments)


def as_moment(operand: Operand) -> Operand:
    """Text that is written out as a date or datetime, when it reads as one; others as they are, NULL as a date."""
    if operand.dtype == NOTHING:
        return as_type(operand, DATE)
    if operand.constant is None or operand.dtype != TEXT:
        return operand
    for dtype in (DATE, DATETIME):
        try:
            return of_value(fit_value(operand.constant.value, dtype), operand.written)
        except InvalidValue:
            continue
    return operand


def whole_constant(operand: Operand, function: str, least: int, most: int) -> int:
    """The value of a whole number that is written out.

    :raises InvalidValue: for anything else, or one out of the range.
    """
    value = operand.constant.value if operand.constant is not None else None
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise InvalidValue(f"{function} needs a whole number from {least} to {most:,} that is written out")
    return value


def text_constant(operand: Operand, function: str, what: str) -> str:
    """The value of a text that is written out.

    :raises InvalidValue: for anything else.
    """
    value = operand.constant.value if operand.constant is not None else None
    if not isinstance(value, str):
        raise InvalidValue(f"{function} needs {what} as text that is written out, between single quotes")
    return value


def as_type(operand: Operand, dtype: pl.DataType) -> Operand:
    """Converted without loss between types that go together, see :func:`common_type`."""
    if operand.dtype == dtype:
        return operand
    expr, zone = operand.expr, getattr(operand.dtype, "time_zone", None)
    if operand.dtype == NOTHING:
        return operand.now(lit(None, dtype), dtype)
    if zone is not None:
        expr = expr.dt.convert_time_zone("UTC").dt.replace_time_zone(None)
    return operand.now(expr if zone is not None and dtype == DATETIME else expr.cast(dtype, strict=False), dtype)


def common_type(operands: Sequence[Operand], function: str) -> pl.DataType:
    """The type that values of several operands have together.

    Whole and decimal numbers are decimal; dates and datetimes, or datetimes of different zones, are datetimes in UTC.

    :raises InvalidType: where there is none.
    """
    found: pl.DataType = NOTHING
    for operand in operands:
        met = _meet(found, operand.dtype)
        if met is None:
            other = next(each for each in operands if each.dtype == found or found == DATETIME)
            raise InvalidType(
                f"{function} needs values of one type, but {shorten(other.written, 40)} is {other.kind} "
                f"and {shorten(operand.written, 40)} is {operand.kind}"
            )
        found = met
    return found


def _meet(one: pl.DataType, other: pl.DataType) -> pl.DataType | None:
    if one == other or other == NOTHING:
        return one
    if one == NOTHING:
        return other
    if {one, other} == {WHOLE, DECIMAL}:
        return DECIMAL
    moments = pl.Date | pl.Datetime
    return DATETIME if isinstance(one, moments) and isinstance(other, moments) else None


def together(operands: Sequence[Operand], function: str) -> tuple[list[Operand], pl.DataType]:
    """Operands in one type; text that is written out becomes a date beside dates.

    :raises InvalidType: where there is none.
    """
    if any(operand.is_moment for operand in operands):
        operands = [as_moment(operand) for operand in operands]
    dtype = common_type(operands, function)
    return [as_type(operand, dtype) for operand in operands], dtype


def widest(operands: Sequence[Operand]) -> Size:
    """The size of whichever text is longest."""
    sizes = [operand.size for operand in operands]
    return Size(max(size.times for size in sizes), max(size.characters for size in sizes))


def added(operands: Sequence[Operand]) -> Size:
    """The size of the texts put together."""
    return Size(sum(each.size.times for each in operands), sum(each.size.characters for each in operands))


def decimal(operand: Operand) -> DualExpr:
    """A number as a decimal one."""
    return as_type(operand, DECIMAL).expr


def finite(expr: DualExpr) -> DualExpr:
    """NaN, which compares like no number, as missing."""
    return expr.fill_nan(None)


def printed(operand: Operand) -> Operand:
    """The text that a person reads."""
    if operand.dtype in (TEXT, NOTHING):
        return as_type(operand, TEXT)
    size = Size(0, 40)  # the longest: a datetime with its offset
    inside = in_calendar(operand) if operand.is_moment else operand
    text = DualExpr(
        dtypes.text_form(inside.expr.made, operand.dtype), write.text_form(inside.expr.inside, operand.dtype)
    )
    return operand.now(text, TEXT, size)
