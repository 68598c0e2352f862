"""Words for operations to write their code with: names, values and types as Python text.

Names and values come from anywhere. They enter a script only through these functions, as literals; a column that is
called ``"; import os #`` stays a text.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import polars as pl

from longshore.tables.core import dtypes
from longshore.tables.core.column_expressions import is_pattern
from longshore.tables.core.table import Column


@dataclass(frozen=True)
class Argument:
    """Another file that a step needs: the script's user names it on the command line.

    :param name: a Python identifier; the step's lines use it as the file's path.
    """

    name: str
    description: str

    def __post_init__(self) -> None:
        """:raises ValueError: for a name that is no identifier."""
        if not self.name.isidentifier():
            raise ValueError(f"{self.name!r} cannot be the name of a script's argument")


@dataclass(frozen=True)
class Code:
    """One step of a script.

    :param lines: statements of one line each that take the frame ``df`` to the next ``df``; they are broken later.
    :param note: a comment, such as which of the numbers were learnt from the data.
    :param arguments: files beside the input.
    """

    lines: tuple[str, ...]
    note: str = ""
    arguments: tuple[Argument, ...] = ()

    @classmethod
    def of(cls, *lines: str, note: str = "", arguments: Sequence[Argument] = ()) -> Code:
        """The step that these statements carry out."""
        return cls(lines, note, tuple(arguments))

    @classmethod
    def replacing(cls, *expressions: str, note: str = "") -> Code:
        """The step that gives columns new values, each expression bearing its column's name."""
        return cls((f"df = df.with_columns({', '.join(expressions)})",), note)

    @classmethod
    def nothing(cls) -> Code:
        """A step that found nothing to do."""
        return cls((), "Nothing had to be changed.")


def quote(text: str) -> str:
    r"""A text as a literal, in double quotes where that needs no escapes; nothing unprintable remains.

    >>> print(quote('a"b'), quote("it's\n"), quote("\u202e"))
    'a"b' "it's\n" "\u202e"
    """
    written = repr(text)
    if written[0] == "'" and '"' not in text:
        return f'"{written[1:-1]}"'
    return written


def raw(pattern: str) -> str:
    r"""A regular expression as a raw literal where one can hold it.

    >>> print(raw(r"\d+"), raw('"'))
    r"\d+" '"'
    """
    trailing = len(pattern) - len(pattern.rstrip("\\"))
    if "\\" in pattern and '"' not in pattern and pattern.isprintable() and trailing % 2 == 0:
        return f'r"{pattern}"'
    return quote(pattern)


def column(name: str) -> str:
    """A column as an expression; Polars would take some names for patterns."""
    return columns([name])


def columns(names: Iterable[str]) -> str:
    """Several columns as one expression.

    >>> columns(["a", "b"]), columns(["*"])
    ('pl.col("a", "b")', 'cs.by_name("*")')
    """
    listed = list(names)
    return f"{'cs.by_name' if any(map(is_pattern, listed)) else 'pl.col'}({', '.join(map(quote, listed))})"


def names(several: Iterable[str]) -> str:
    """Several columns where Polars takes names, as in ``df.drop("a", "b")``."""
    listed = list(several)
    return columns(listed) if any(map(is_pattern, listed)) else ", ".join(map(quote, listed))


def listed(values: Iterable[Any]) -> str:
    """A list of plain values."""
    return f"[{', '.join(map(plain, values))}]"


def plain(value: Any) -> str:
    """A Python value as a literal.

    >>> plain(2.0), plain(float("inf")), plain(None), plain(dt.date(2001, 5, 3))
    ('2.0', 'float("inf")', 'None', 'date(2001, 5, 3)')

    :raises TypeError: for a value of a type that tables do not hold.
    """
    if value is None or isinstance(value, bool | int):
        return repr(value)
    if isinstance(value, float):
        return repr(value) if math.isfinite(value) else f'float("{value!r}")'
    if isinstance(value, str):
        return quote(value)
    if isinstance(value, bytes):
        return repr(value)
    if isinstance(value, Decimal):
        return f'Decimal("{value}")'
    if isinstance(value, dt.timedelta):
        return f"timedelta(days={value.days}, seconds={value.seconds}, microseconds={value.microseconds})"
    if isinstance(value, dt.datetime | dt.date | dt.time):
        return _moment(value)
    raise TypeError(f"no literal for {type(value).__name__}")


def _moment(value: dt.datetime | dt.date | dt.time) -> str:
    if isinstance(value, dt.datetime) and value.tzinfo is not None:
        value = value.astimezone(dt.UTC)
    parts: list[Any] = []
    if isinstance(value, dt.date):
        parts += [value.year, value.month, value.day]
    if isinstance(value, dt.datetime | dt.time):
        clock = [value.hour, value.minute, value.second, value.microsecond]
        while len(clock) > 2 and clock[-1] == 0:
            clock.pop()
        parts += clock
        if value.tzinfo is not None:
            parts.append("tzinfo=timezone.utc")
    name = type(value).__name__
    return f"{name}({', '.join(map(str, parts))})"


def type_of(dtype: pl.DataType) -> str:
    """A dtype as Polars writes it.

    >>> type_of(pl.Int64()), type_of(pl.Datetime("us", "UTC"))
    ('pl.Int64', 'pl.Datetime("us", "UTC")')
    """
    if isinstance(dtype, pl.Datetime):
        zone = f", {quote(dtype.time_zone)}" if dtype.time_zone else ""
        return f'pl.Datetime("{dtype.time_unit}"{zone})'
    if isinstance(dtype, pl.Duration):
        return f'pl.Duration("{dtype.time_unit}")'
    if isinstance(dtype, pl.Decimal):
        return f"pl.Decimal({dtype.precision}, {dtype.scale})"
    if isinstance(dtype, pl.Enum):
        return f"pl.Enum({listed(dtype.categories.to_list())})"
    return f"pl.{type(dtype).__name__}"


_OBVIOUS = (pl.Int64(), pl.Float64(), pl.String(), pl.Boolean(), pl.Date(), pl.Datetime("us"))
"""Types that Polars gives a literal by itself."""


def is_obvious(dtype: pl.DataType) -> bool:
    """Whether plain Python values mean this type by themselves."""
    return dtype in _OBVIOUS


def value(fitted: Any, dtype: pl.DataType) -> str:
    """A value that fits ``dtype`` as an expression of exactly this type."""
    if fitted is None:
        return f"pl.lit(None, {type_of(dtype)})"
    if dtype in _OBVIOUS and not (isinstance(fitted, int) and abs(fitted) >= 2**31):
        return f"pl.lit({plain(fitted)})"
    if dtype == pl.Int64():
        return f"pl.lit({plain(fitted)}, pl.Int64)"
    return f"pl.lit({plain(fitted)}).cast({type_of(dtype)})"


def filler(fitted: Any, dtype: pl.DataType) -> str:
    """The same where Polars takes plain Python values too, as in ``fill_null(0)``."""
    written = value(fitted, dtype)
    return plain(fitted) if dtype in _OBVIOUS and fitted is not None else written


def text_of(one: Column) -> str:
    """A column's text form, as :func:`longshore.tables.core.dtypes.text_form` makes it."""
    return text_form(column(one.name), one.dtype)


def text_form(values: str, dtype: pl.DataType) -> str:
    """:func:`text_of` for any expression of a type; it stands before a dot."""
    if dtype == pl.String():
        return values
    if isinstance(dtype, pl.Datetime):
        zone = "" if dtype.time_zone is None else f", {quote(dtype.time_zone)}"
        return f"datetime_text({values}{zone})"
    if dtype == pl.Time():
        return f"time_text({values})"
    if isinstance(dtype, pl.Duration):
        return f'{values}.dt.to_string("iso")'
    if dtype == pl.Binary():
        return f'{values}.bin.encode("base64")'
    return f"{values}.cast(pl.String)"


def as_text(one: Column) -> str:
    """A text column's values as ``String``."""
    return text_of(one) if dtypes.is_text(one.dtype) else column(one.name)


def printable(text: str) -> str:
    """A text as a comment can hold it: on one line, with nothing that an editor would hide."""
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape", "backslashreplace").decode()
        for character in text
    )
