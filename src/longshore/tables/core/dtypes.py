"""Column types: their names on the wire, in the history, and the text form of their values."""

from __future__ import annotations

import re
from typing import Literal, get_args

import polars as pl

from longshore.errors import InvalidValue
from longshore.tables.core.portable import portable

Kind = Literal["int", "float", "string", "datetime", "date", "time", "duration", "boolean"]
"""The names of the contract; a dtype outside them goes by its engine's name."""

KINDS: tuple[str, ...] = get_args(Kind)

SPACES = "".join(filter(str.isspace, map(chr, range(0x3001))))
"""Every character that Python counts as space, among them the no-break and the ideographic space."""

_SIMPLE: dict[str, pl.DataType] = {
    "int8": pl.Int8(),
    "int16": pl.Int16(),
    "int32": pl.Int32(),
    "int64": pl.Int64(),
    "int128": pl.Int128(),
    "uint8": pl.UInt8(),
    "uint16": pl.UInt16(),
    "uint32": pl.UInt32(),
    "uint64": pl.UInt64(),
    "float32": pl.Float32(),
    "float64": pl.Float64(),
    "string": pl.String(),
    "boolean": pl.Boolean(),
    "date": pl.Date(),
    "time": pl.Time(),
    "categorical": pl.Categorical(),
    "binary": pl.Binary(),
}
_NAMES = {dtype: name for name, dtype in _SIMPLE.items()}
_PARAMETRISED = re.compile(r"(datetime|duration|decimal)\[([^,\]]+)(?:, ?([^\]]+))?\]")


def encode(dtype: pl.DataType) -> str:
    """The name under which a dtype stands in a version's record, such as ``datetime[us, UTC]``.

    >>> encode(pl.Datetime("us", "UTC"))
    'datetime[us, UTC]'
    """
    if isinstance(dtype, pl.Datetime):
        zone = f", {dtype.time_zone}" if dtype.time_zone else ""
        return f"datetime[{dtype.time_unit}{zone}]"
    if isinstance(dtype, pl.Duration):
        return f"duration[{dtype.time_unit}]"
    if isinstance(dtype, pl.Decimal):
        return f"decimal[{dtype.precision}, {dtype.scale}]"
    name = _NAMES.get(dtype)
    if name is None:
        raise InvalidValue(f"columns of type {dtype} cannot be kept; convert them to text first")
    return name


def decode(name: str) -> pl.DataType:
    """The dtype that :func:`encode` named.

    >>> decode("duration[ms]")
    Duration(time_unit='ms')
    """
    simple = _SIMPLE.get(name)
    if simple is not None:
        return simple
    match = _PARAMETRISED.fullmatch(name)
    if match is None:
        raise ValueError(f"unknown dtype {name!r}")
    family, first, second = match.groups()
    if family == "datetime":
        return pl.Datetime(first, second)  # type: ignore[arg-type]
    if family == "duration":
        return pl.Duration(first)  # type: ignore[arg-type]
    return pl.Decimal(int(first), int(second))


def kind(dtype: pl.DataType) -> str:
    """The type's name for users: one of :data:`KINDS`, or the engine's own name in lower case.

    >>> kind(pl.Int32()), kind(pl.Datetime("ns")), kind(pl.Categorical())
    ('int', 'datetime', 'categorical')
    """
    if dtype.is_integer():
        return "int"
    if dtype.is_float():
        return "float"
    return encode(dtype).partition("[")[0]


_IN_WORDS = {
    "int": "whole number",
    "float": "number",
    "string": "text",
    "datetime": "date and time",
    "boolean": "yes or no",
}


def in_words(kind: str) -> str:
    """What sentences call a type, by its name for users; the workbench has the same words.

    >>> in_words("int"), in_words("datetime"), in_words("date")
    ('whole number', 'date and time', 'date')
    """
    return _IN_WORDS.get(kind, kind)


def compat_kind(dtype: pl.DataType) -> Literal["int", "float", "string", "datetime"]:
    """The type's name for clients of the older table service, which had only these.

    >>> compat_kind(pl.Date()), compat_kind(pl.Boolean()), compat_kind(pl.Decimal(10, 2))
    ('datetime', 'string', 'float')
    """
    if dtype.is_integer():
        return "int"
    if dtype.is_float() or dtype.is_decimal():
        return "float"
    return "datetime" if isinstance(dtype, pl.Date | pl.Datetime) else "string"


def is_storable(dtype: pl.DataType) -> bool:
    """Whether a column of this dtype can be kept as it is (nested and object columns become text)."""
    return dtype in _NAMES or isinstance(dtype, pl.Datetime | pl.Duration | pl.Decimal)


def is_text(dtype: pl.DataType) -> bool:
    """Whether the values are text (plain or categorical)."""
    return dtype == pl.String() or isinstance(dtype, pl.Categorical | pl.Enum)


def sortable(values: pl.Expr, dtype: pl.DataType) -> pl.Expr:
    """The values as they are to be compared: categories sort by their codes, and people mean the text."""
    return values.cast(pl.String) if is_text(dtype) and dtype != pl.String() else values


def text_form(expr: pl.Expr, dtype: pl.DataType) -> pl.Expr:
    """The values as the text a person reads: ISO 8601 for dates, ``2.0`` for the float 2, ``true`` / ``false``.

    Missing stays missing. Datetimes and times print seconds always and a fraction only where there is one.
    """
    if dtype == pl.String():
        return expr
    if isinstance(dtype, pl.Datetime):
        return datetime_text(expr, dtype.time_zone)
    if dtype == pl.Time():
        return time_text(expr)
    if isinstance(dtype, pl.Duration):
        return expr.dt.to_string("iso")
    if dtype == pl.Binary():
        return expr.bin.encode("base64")
    return expr.cast(pl.String)


@portable
def time_text(times: pl.Expr) -> pl.Expr:
    """Times of day in ISO 8601."""
    return trim_fraction(times.dt.strftime("%H:%M:%S%.f"))


@portable
def trim_fraction(texts: pl.Expr) -> pl.Expr:
    """Texts without the zeros at their end that ``%.f`` prints in blocks of three."""
    return texts.str.replace(r"(\.\d*?)0+$", "$1").str.strip_suffix(".")


@portable
def datetime_text(moments: pl.Expr, zone: str | None = None) -> pl.Expr:
    """Datetimes in ISO 8601: in UTC with ``Z`` where they have a time zone, else wall time."""
    utc = moments if zone in (None, "UTC") else moments.dt.convert_time_zone("UTC")
    text = trim_fraction(utc.dt.strftime("%Y-%m-%dT%H:%M:%S%.f"))
    return text if zone is None else text + "Z"
