"""Functions of dates and times. A datetime with a zone is read in its zone."""

from __future__ import annotations

import re
from collections.abc import Callable

import polars as pl

from longshore.errors import InvalidValue, shorten
from longshore.tables.codegen.dual_expression import DualExpr, call
from longshore.tables.expressions.functions import function
from longshore.tables.expressions.operands import (
    DATE,
    DATETIME,
    TEXT,
    WHOLE,
    Operand,
    Size,
    as_type,
    in_calendar,
    require_moment,
    require_text,
    text_constant,
)
from longshore.tables.formats.dates import parse_dates, require_format

_PARTS: dict[str, Callable[[DualExpr], DualExpr]] = {
    "year": lambda x: x.dt.year(),
    "quarter": lambda x: x.dt.quarter(),
    "month": lambda x: x.dt.month(),
    "week": lambda x: x.dt.week(),
    "day": lambda x: x.dt.day(),
    "weekday": lambda x: x.dt.weekday(),
    "dayofyear": lambda x: x.dt.ordinal_day(),
    "hour": lambda x: x.dt.hour(),
    "minute": lambda x: x.dt.minute(),
    "second": lambda x: x.dt.second(),
}
_TRUNCATED = {
    "year": "1y", "quarter": "1q", "month": "1mo", "week": "1w", "day": "1d", "hour": "1h", "minute": "1m",
    "second": "1s",
}  # fmt: skip
_UNITS = {
    "week": 7 * 86_400, "day": 86_400, "hour": 3_600, "minute": 60, "second": 1
}  # fmt: skip
_WRITTEN = re.compile(r"(?:%-?[YymdHIMSjeBbAapZz%FTDR]|%\.f|[^%])*")


def _chosen(operand: Operand, name: str, known: dict[str, object]) -> str:
    wanted = text_constant(operand, name, f"one of {', '.join(known)}").lower().removesuffix("s")
    if wanted not in known:
        raise InvalidValue(f"{name} knows no {shorten(wanted, 40)!r}; use one of {', '.join(known)}")
    return wanted


def part(name: str, moment: Operand, function_name: str) -> Operand:
    """A part of a date as a whole number; the hour of a date without a clock is 0."""
    read = require_moment(moment, function_name)
    if name in ("hour", "minute", "second"):
        read = read if isinstance(read.dtype, pl.Datetime) else as_type(read, DATETIME)
    return read.now(_PARTS[name](read.expr).cast(pl.Int64), WHOLE)


@function("DATE_PART('part', date)", least=2, most=2)
def _date_part(which: Operand, moment: Operand) -> Operand:
    """A part of a date: year, quarter, month, week, day, weekday (1 is Monday), dayofyear, hour, minute, second."""
    return part(_chosen(which, "DATE_PART", dict(_PARTS)), moment, "DATE_PART")


@function("YEAR(date)")
def _year(moment: Operand) -> Operand:
    """The year."""
    return part("year", moment, "YEAR")


@function("QUARTER(date)")
def _quarter(moment: Operand) -> Operand:
    """The quarter, 1 to 4."""
    return part("quarter", moment, "QUARTER")


@function("MONTH(date)")
def _month(moment: Operand) -> Operand:
    """The month, 1 to 12."""
    return part("month", moment, "MONTH")


@function("WEEK(date)")
def _week(moment: Operand) -> Operand:
    """The week of ISO 8601, 1 to 53."""
    return part("week", moment, "WEEK")


@function("DAY(date)")
def _day(moment: Operand) -> Operand:
    """The day of the month."""
    return part("day", moment, "DAY")


@function("WEEKDAY(date)")
def _weekday(moment: Operand) -> Operand:
    """The day of the week; 1 is Monday, 7 Sunday."""
    return part("weekday", moment, "WEEKDAY")


@function("HOUR(datetime)")
def _hour(moment: Operand) -> Operand:
    """The hour, 0 to 23."""
    return part("hour", moment, "HOUR")


@function("MINUTE(datetime)")
def _minute(moment: Operand) -> Operand:
    """The minute."""
    return part("minute", moment, "MINUTE")


@function("SECOND(datetime)")
def _second(moment: Operand) -> Operand:
    """The second."""
    return part("second", moment, "SECOND")


@function("DATE_TRUNC('unit', date)", least=2, most=2)
def _truncate(unit: Operand, moment: Operand) -> Operand:
    """The start of the year, quarter, month, week (Monday), day, hour, minute or second that a date lies in."""
    name = _chosen(unit, "DATE_TRUNC", dict(_TRUNCATED))
    read = require_moment(moment, "DATE_TRUNC")
    if read.dtype == DATE and name in ("hour", "minute", "second"):
        return read
    return in_calendar(read.now(read.expr.dt.truncate(_TRUNCATED[name]), read.dtype))


@function("DATE_DIFF('unit', from, to)", "DATEDIFF", least=3, most=3)
def _difference(unit: Operand, start: Operand, end: Operand) -> Operand:
    """How many whole weeks, days, hours, minutes or seconds lie between two dates; negative backwards."""
    seconds = _UNITS[_chosen(unit, "DATE_DIFF", dict(_UNITS))]
    first, last = (as_type(require_moment(each, "DATE_DIFF"), DATETIME) for each in (start, end))
    gap = last.expr.to_physical() - first.expr.to_physical()
    length = seconds * 1_000_000
    return first.now(gap.sign() * (gap.abs() // length), WHOLE)


@function("STRFTIME(date, format)", least=2, most=2)
def _written(moment: Operand, layout: Operand) -> Operand:
    """A date as text, in strptime's letters, such as %d.%m.%Y."""
    letters = text_constant(layout, "STRFTIME", "a format")
    if not _WRITTEN.fullmatch(letters):
        raise InvalidValue("STRFTIME knows the letters %Y %m %d %H %M %S %y %j %e %I %p %B %b %A %a %z %F %T %.f %%")
    read = require_moment(moment, "STRFTIME")
    if read.dtype == DATE:
        read = as_type(read, DATETIME)
    if "%z" in letters.lower() and getattr(read.dtype, "time_zone", None) is None:
        raise InvalidValue("STRFTIME can only write the zone of datetimes that have one")
    return read.now(read.expr.dt.strftime(letters), TEXT, Size(0, 10 * len(letters)))


@function("TO_DATE(text, format)", least=2, most=2)
def _to_date(operand: Operand, layout: Operand) -> Operand:
    """Text read as a date in strptime's letters, such as %d/%m/%Y; missing where it does not fit."""
    return _read("TO_DATE", operand, layout, DATE)


@function("TO_TIMESTAMP(text, format)", least=2, most=2)
def _to_datetime(operand: Operand, layout: Operand) -> Operand:
    """Text read as a datetime in strptime's letters; missing where it does not fit."""
    return _read("TO_TIMESTAMP", operand, layout, DATETIME)


def _read(name: str, operand: Operand, layout: Operand, target: pl.DataType) -> Operand:
    letters = require_format(text_constant(layout, name, "a format"))
    text = require_text(operand, name)
    return text.now(call(parse_dates, text.expr.str.strip_chars(), letters, target), target)
