"""Values of one type as another: which types people can name, what converts, and how, in the engine and in scripts."""

from __future__ import annotations

import re

import numpy as np
import polars as pl

from longshore.errors import InvalidType, InvalidValue, shorten
from longshore.tables.codegen import literals as write
from longshore.tables.core import dtypes
from longshore.tables.core.portable import portable
from longshore.tables.core.table import Column
from longshore.tables.formats.dates import parse_dates
from longshore.tables.formats.scalars import BOOLEAN_WORDS, integer_range

_TARGETS: dict[str, pl.DataType] = {
    **dict.fromkeys(["int", "integer", "int64"], pl.Int64()),
    "int8": pl.Int8(),
    "int16": pl.Int16(),
    "int32": pl.Int32(),
    "uint8": pl.UInt8(),
    "uint16": pl.UInt16(),
    "uint32": pl.UInt32(),
    "uint64": pl.UInt64(),
    **dict.fromkeys(["float", "double", "number", "float64"], pl.Float64()),
    "float32": pl.Float32(),
    **dict.fromkeys(["str", "string", "text", "object", "unicode"], pl.String()),
    **dict.fromkeys(["datetime", "datetime64", "datetime64[ns]", "datetime64[us]", "timestamp"], pl.Datetime("us")),
    "date": pl.Date(),
    "time": pl.Time(),
    **dict.fromkeys(["bool", "boolean"], pl.Boolean()),
    **dict.fromkeys(["category", "categorical"], pl.Categorical()),
}


_NUMPY_TARGETS = {
    "b": pl.Boolean(),
    "U": pl.String(),
    "S": pl.String(),
    "O": pl.String(),
}


_NUMPY_SIZED: dict[str, dict[int, pl.DataType]] = {
    "i": {1: pl.Int8(), 2: pl.Int16(), 4: pl.Int32(), 8: pl.Int64()},
    "u": {1: pl.UInt8(), 2: pl.UInt16(), 4: pl.UInt32(), 8: pl.UInt64()},
    "f": {2: pl.Float32(), 4: pl.Float32(), 8: pl.Float64(), 16: pl.Float64()},
}


# Only these reach numpy: of others it divides by zero (`M8[D/0]`), which ends the process.
_NUMPY_SPELLING = re.compile(
    r"[<>=|]?(?:[?bBhHiIlLqQefdgOSU]|[iuf]\d{1,2}|[SU]\d{1,9}|M8(?:\[\d{0,3}(?:Y|M|W|D|h|m|s|ms|us|ns)\])?)"
    r"|datetime64\[\d{0,3}(?:Y|M|W|D|h|m|s|ms|us|ns)\]",
    re.ASCII,
)


def _numpy_target(name: str) -> pl.DataType | None:
    """The type that numpy spells so, such as ``<i4``, ``U10``, ``f`` or ``M8[D]``; None for what it does not know.

    A text has no greatest length here, and bytes have no order.
    """
    if _NUMPY_SPELLING.fullmatch(name) is None:
        return None
    try:
        dtype = np.dtype(name)
    except (TypeError, ValueError, SyntaxError):
        return None
    if dtype.kind == "M":
        is_days = np.datetime_data(dtype)[0] in ("Y", "M", "W", "D")
        return pl.Date() if is_days else pl.Datetime("us")
    return _NUMPY_TARGETS.get(dtype.kind) or _NUMPY_SIZED.get(dtype.kind, {}).get(dtype.itemsize)


def require_target(name: str) -> pl.DataType:
    """The dtype that people call ``name``.

    :raises InvalidType: for an unknown one, listing those there are.
    """
    found = _TARGETS.get(name.strip().lower()) or _numpy_target(name.strip())
    if found is None:
        raise InvalidType(
            f"no type {shorten(name)!r}; use int, float, string, datetime, date, time, boolean or category"
        )
    return found


def refuse_nonsense(column: Column, target: pl.DataType, date_format: str | None) -> None:
    """Do nothing when values of ``column`` can convert in a way people agree on.

    :raises InvalidType: otherwise.
    """
    source = column.dtype
    if source.is_temporal() and (target.is_numeric() or target == pl.Boolean()):
        raise InvalidType(f"column {column.name!r} holds {column.kind}s, which do not turn into {dtypes.kind(target)}s")
    if target.is_temporal() and source.is_numeric() and date_format is None:
        raise InvalidType(
            f"column {column.name!r} holds numbers; say how they write a date with dateFormat, such as %Y or %Y%m%d"
        )
    if target.is_temporal() and source == pl.Boolean():
        raise InvalidType(f"column {column.name!r} holds booleans, which are no dates")
    if source == pl.Binary() and not dtypes.is_text(target):
        raise InvalidType(f"column {column.name!r} holds bytes, which turn into text only")
    if target.is_temporal() and source.is_temporal() and not _is_castable(source, target):
        raise InvalidType(f"column {column.name!r} holds {column.kind}s, which do not turn into {dtypes.kind(target)}s")


def _is_castable(source: pl.DataType, target: pl.DataType) -> bool:
    try:
        pl.Series([0], dtype=pl.Int64).cast(source).cast(target)
    except pl.exceptions.InvalidOperationError:
        return False
    return True


def convert(values: pl.Expr, source: pl.DataType, target: pl.DataType, date_format: str | None = None) -> pl.Expr:
    """``values`` of type ``source`` as ``target``; what cannot convert is missing.

    Fractions are cut off on the way to an integer, as pandas' ``astype`` does; numbers other than 0 are
    true; text is stripped first and may write numbers as ``1e3``, booleans as yes / no / t / f / 1 / 0.
    """
    if dtypes.is_text(target):
        return dtypes.text_form(values, source).cast(target)
    if dtypes.is_text(source):
        return _from_text(values.cast(pl.String), target, date_format)
    if target.is_integer():
        return _whole(values, source, target)
    if target == pl.Boolean():
        return values != 0
    if target.is_temporal() and source.is_numeric():
        return _from_text(values.cast(pl.Int64, strict=False).cast(pl.String), target, date_format)
    if target == pl.Datetime("us") and isinstance(source, pl.Datetime) and source.time_zone:
        return values.dt.convert_time_zone("UTC").dt.replace_time_zone(None).cast(target)
    return values.cast(target, strict=False)


def _from_text(text: pl.Expr, target: pl.DataType, date_format: str | None) -> pl.Expr:
    stripped = text.str.strip_chars()
    if target.is_integer():
        exact = stripped.cast(target, strict=False)
        return pl.coalesce(exact, _whole(stripped.cast(pl.Float64, strict=False), pl.Float64(), target))
    if target.is_float():
        number = stripped.cast(pl.Float64, strict=False)
        return number.cast(target)
    if target == pl.Boolean():
        return stripped.str.to_lowercase().replace_strict(BOOLEAN_WORDS, default=None, return_dtype=pl.Boolean)
    if date_format is None:
        raise InvalidValue("say how the dates are written with dateFormat, such as %d/%m/%Y")
    return parse_dates(stripped, date_format, target)


def _whole(values: pl.Expr, source: pl.DataType, target: pl.DataType) -> pl.Expr:
    """Integers of ``target``: fractions cut off, values out of its range missing."""
    return whole_numbers(values, target) if source.is_float() else values.cast(target, strict=False)


@portable
def whole_numbers(values: pl.Expr, target: pl.DataType) -> pl.Expr:
    """Floats as integers of ``target``: fractions cut off, values out of its range missing."""
    low, high = integer_range(target)
    # Compare as floats before the cast: float 2**63 is out of int64's range but equals its rounded bound.
    inside = values.is_between(float(low), float(high), closed="left" if high >= 2**53 else "both")
    return pl.when(inside).then(values.truncate()).cast(target, strict=False)


def convert_code(values: str, source: pl.DataType, target: pl.DataType, date_format: str | None = None) -> str:
    """:func:`convert` in a script."""
    into = write.type_of(target)
    if dtypes.is_text(target):
        return write.text_form(values, source) + ("" if target == pl.String() else f".cast({into})")
    if dtypes.is_text(source):
        text = write.text_form(values, source)
        return _from_text_code(f"{text}.str.strip_chars()", target, date_format)
    if target.is_integer() and source.is_float():
        return f"whole_numbers({values}, {into})"
    if target == pl.Boolean():
        return f"{values} != 0"
    if target.is_temporal() and source.is_numeric():
        return _from_text_code(f"{values}.cast(pl.Int64, strict=False).cast(pl.String)", target, date_format)
    if target == pl.Datetime("us") and isinstance(source, pl.Datetime) and source.time_zone:
        values += '.dt.convert_time_zone("UTC").dt.replace_time_zone(None)'
    return f"{values}.cast({into}, strict=False)"


def _from_text_code(stripped: str, target: pl.DataType, date_format: str | None) -> str:
    """:func:`_from_text` in a script."""
    into = write.type_of(target)
    if target.is_integer():
        floats = f"whole_numbers({stripped}.cast(pl.Float64, strict=False), {into})"
        return f"pl.coalesce({stripped}.cast({into}, strict=False), {floats})"
    if target.is_float():
        cast = "" if target == pl.Float64() else f".cast({into})"
        return f"{stripped}.cast(pl.Float64, strict=False).fill_nan(None){cast}"
    if target == pl.Boolean():
        words = ", ".join(f"{write.quote(word)}: {BOOLEAN_WORDS[word]}" for word in sorted(BOOLEAN_WORDS))
        lower = f"{stripped}.str.to_lowercase()"
        return f"{lower}.replace_strict({{{words}}}, default=None, return_dtype=pl.Boolean)"
    return f"parse_dates({stripped}, {write.quote(date_format or '')}, {into})"
