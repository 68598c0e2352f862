"""Single values given by people: read as a column's type, written as JSON."""

from __future__ import annotations

import datetime as dt
import math
from decimal import Decimal, InvalidOperation
from typing import Any

import polars as pl

from longshore.errors import InvalidRequest, InvalidValue, shorten
from longshore.tables.core import dtypes

Scalar = str | int | float | bool | None
"""A JSON value that is no list and no object."""

_TRUE = frozenset(
    {"true", "t", "yes", "y", "1", "on", "ja", "j", "oui", "sí", "si", "sim", "ano", "tak", "да", "wahr", "vrai"}
)
_FALSE = frozenset(
    {"false", "f", "no", "n", "0", "off", "nein", "nee", "non", "não", "nao", "ne", "nie", "нет", "falsch", "faux"}
)
BOOLEAN_WORDS = {**dict.fromkeys(_TRUE, True), **dict.fromkeys(_FALSE, False)}
"""Texts that count as booleans when a person or a conversion says so, in some languages."""


def require_scalar(value: Any, field: str) -> Scalar:
    """``value`` itself unless it is a list or an object.

    :raises InvalidRequest: naming ``field``.
    """
    if value is None or isinstance(value, str | int | float | bool):
        return value
    raise InvalidRequest(f"{field}: give text, a number, true, false or null")


def fit_value(value: Scalar, dtype: pl.DataType) -> Any:
    """``value`` as a column of ``dtype`` holds it; None for missing.

    Text that reads as the type fits (a grid sends text); empty text is missing in every column that is not text.

    :raises InvalidValue: when it does not fit.
    """
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return None
    if dtypes.is_text(dtype):
        return as_text(value)
    if isinstance(value, str):
        value = value.strip()
        if value == "":
            return None
    try:
        fitted = _convert(value, dtype)
    except (ValueError, OverflowError, InvalidOperation):
        fitted = None
    if fitted is None:
        raise InvalidValue(
            f"{shorten(str(value))!r} does not fit a column of type {dtypes.kind(dtype)}; "
            'send "convert": true to turn the column into text'
        )
    return fitted


def as_text(value: Scalar) -> str | None:
    """A JSON scalar as the text a column would hold."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def _convert(value: str | float | bool, dtype: pl.DataType) -> Any:
    if dtype == pl.Boolean():
        return _to_boolean(value)
    if isinstance(value, bool):
        return None
    if dtype.is_integer():
        return _to_integer(value, dtype)
    if dtype.is_float():
        number = float(value)
        return number if math.isfinite(number) else None
    if dtype.is_decimal():
        return Decimal(str(value))
    if isinstance(value, str):
        return _to_temporal(value, dtype)
    return None


def _to_boolean(value: str | float) -> bool | None:
    if isinstance(value, bool):
        return value
    return BOOLEAN_WORDS.get(str(value).lower())


def _to_integer(value: str | float, dtype: pl.DataType) -> int | None:
    number = Decimal(value)
    # Look at the exponent first: int(Decimal("1e999999999")) would fill the memory.
    if not number.is_finite() or number.adjusted() > 40 or number != number.to_integral_value():
        return None
    whole = int(number)
    low, high = integer_range(dtype)
    return whole if low <= whole <= high else None


def integer_range(dtype: pl.DataType) -> tuple[int, int]:
    """Least and greatest value of an integer type.

    >>> integer_range(pl.Int8())
    (-128, 127)
    """
    bits = int("".join(filter(str.isdigit, str(dtype))))
    if dtype.is_unsigned_integer():
        return 0, 2**bits - 1
    return -(2 ** (bits - 1)), 2 ** (bits - 1) - 1


def _to_temporal(value: str, dtype: pl.DataType) -> Any:
    if isinstance(dtype, pl.Datetime):
        moment = dt.datetime.fromisoformat(value)
        if dtype.time_zone is None:
            return moment if moment.tzinfo is None else moment.astimezone(dt.UTC).replace(tzinfo=None)
        return moment if moment.tzinfo is not None else moment.replace(tzinfo=dt.UTC)
    if dtype == pl.Date():
        moment = dt.datetime.fromisoformat(value)
        return moment.date() if moment.time() == dt.time() else None
    if dtype == pl.Time():
        return dt.time.fromisoformat(value)
    return None


def literal(value: Any, dtype: pl.DataType) -> pl.Expr:
    """A fitted value as an expression of exactly this type."""
    return pl.lit(value).cast(dtype) if value is not None else pl.lit(None, dtype=dtype)


def to_json(value: Any) -> Any:
    """A fitted value as a history keeps it: numbers, text and booleans as they are, dates in ISO 8601."""
    if isinstance(value, dt.datetime | dt.date | dt.time):
        return value.isoformat()
    if isinstance(value, dt.timedelta):
        return {"seconds": value.total_seconds()}
    if isinstance(value, Decimal):
        return str(value)
    return value


def from_json(value: Any, dtype: pl.DataType) -> Any:
    """What :func:`to_json` wrote, for a column of ``dtype``."""
    if isinstance(value, dict):
        return dt.timedelta(seconds=value["seconds"])
    return fit_value(value, dtype)
