"""Which shapes of dates and times are recognised.

The formats are chrono's (https://docs.rs/chrono/latest/chrono/format/strftime). chrono is lenient: ``%Y`` reads
"90" as the year 90 and ``%y`` reads "9" as 2009, so every family outside ISO 8601 also states the shape of its text.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

import polars as pl

from longshore.tables.core.portable import portable

Order = Literal["dayFirst", "monthFirst"]

# Six times faster without "%.f" and with a literal "Z": those come first.
_CLOCK = (" %H:%M", " %H:%M:%S", " %H:%M:%S%.f", " %I:%M %p", " %I:%M:%S %p")
_ISO_CLOCK = (" %H:%M:%S", "T%H:%M:%S", " %H:%M:%S%.f", "T%H:%M:%S%.f", " %H:%M", "T%H:%M")
_ZONES = ("Z", "%#z", " %#z", " UTC")
TWO_DIGIT_YEARS_END = 2030
"""The first year that two digits cannot mean: 29 is 2029, 30 is 1930."""
LITERAL_UTC = ("Z", "UTC")
"""Ends of formats that say UTC by themselves, without a ``%`` directive."""


@dataclass(frozen=True)
class Family:
    """Formats that may stand side by side in one column.

    :param target: ``date``, ``datetime``, ``zoned`` (instants, kept in UTC) or ``time``.
    :param start: how the text begins, where there is no shape.
    :param shape: a regular expression that every value must match; None where the formats are strict enough.
    :param order: set where day and month could be exchanged; ``rival`` then tells which families compete.
    """

    target: Literal["date", "datetime", "zoned", "time"]
    formats: tuple[str, ...]
    shape: str | None = None
    order: Order | None = None
    rival: str | None = None
    start: str = r"\d"


def _numeric(separator: str, year: str) -> list[Family]:
    """Families such as 31/12/1999: day first and month first, each alone and with a clock."""
    digits = r"\d{4}" if year == "%Y" else r"\d\d"
    mark = "\\" + separator
    # A two-digit year after dots must look like 01.08.90, or version numbers would become dates.
    part = r"\d\d" if (separator, year) == (".", "%y") else r"\d{1,2}"
    shape = rf"^{part}{mark}{part}{mark}{digits}"
    families = []
    orders: tuple[Order, ...] = ("dayFirst",) if separator == "." else ("dayFirst", "monthFirst")
    for order in orders:
        first, second = ("%d", "%m") if order == "dayFirst" else ("%m", "%d")
        day = f"{first}{separator}{second}{separator}{year}"
        families += _with_clock((day,), shape, None if separator == "." else order, separator + year)
    return families


def _with_clock(
    days: tuple[str, ...], shape: str, order: Order | None = None, rival: str | None = None
) -> list[Family]:
    clocked = tuple(day + clock for clock in _CLOCK for day in days)
    return [
        Family("date", days, shape + "$", order, rival and rival + " date"),
        Family("datetime", clocked + days, shape + r"( \d|$)", order, rival and rival + " datetime"),
    ]


def _build() -> tuple[Family, ...]:
    iso = ("%Y-%m-%d",)
    families = [
        Family("date", iso, start=r"\d{4}-\d"),
        Family("datetime", tuple(day + clock for day in iso for clock in _ISO_CLOCK) + iso, start=r"\d{4}-\d"),
        Family("zoned", tuple(iso[0] + clock + zone for zone in _ZONES for clock in _ISO_CLOCK), start=r"\d{4}-\d"),
        Family("time", ("%H:%M:%S%.f", "%H:%M"), start=r"\d{1,2}:\d\d"),
        Family("time", ("%I:%M %p", "%I:%M:%S %p"), start=r"\d{1,2}:\d\d"),
    ]
    for separator in "/.":
        families += _with_clock(
            (f"%Y{separator}%m{separator}%d",), rf"^\d{{4}}\{separator}\d{{1,2}}\{separator}\d{{1,2}}"
        )
    for separator in "/-.":
        families += _numeric(separator, "%Y") + _numeric(separator, "%y")
    # "%B" reads short and long English names alike, in any case.
    for separator in "- ":
        for year, digits in (("%Y", r"\d{4}"), ("%y", r"\d\d")):
            day = f"%d{separator}%B{separator}{year}"
            families += _with_clock((day,), rf"^\d{{1,2}}{separator}[A-Za-z]+{separator}{digits}")
    families += _with_clock(("%B %d, %Y", "%B %d %Y"), r"^[A-Za-z]+ \d{1,2},? \d{4}")
    return tuple(families)


FAMILIES = _build()
"""Every recognised family; where two fit, the earlier one is meant."""


@portable
def in_the_past(values: pl.Expr) -> pl.Expr:
    """Dates or moments whose year was written with two digits: 30 to 99 are of the last century, as in spreadsheets.

    chrono draws the line at 70, which makes a birth in 1963 one in 2063.
    """
    late = values.dt.year() >= TWO_DIGIT_YEARS_END
    return pl.when(late).then(values.dt.offset_by("-100y")).otherwise(values)


@portable
def read_format(text: pl.Expr, pattern: str, kind: str) -> pl.Expr:
    """Texts that follow one pattern as dates, datetimes, ``zoned`` datetimes in UTC or times; others are missing."""
    if kind == "time":
        return text.str.to_time(pattern, strict=False, cache=False)
    if kind == "date":
        days = text.str.to_date(pattern, strict=False, cache=False)
        return in_the_past(days) if "%y" in pattern else days
    moments = text.str.to_datetime(pattern, strict=False, cache=False, time_unit="us")
    moments = in_the_past(moments) if "%y" in pattern else moments
    if kind == "zoned" and pattern.endswith(LITERAL_UTC):
        return moments.dt.replace_time_zone("UTC")
    return moments


@portable
def read_formats(text: pl.Expr, patterns: Iterable[str], kind: str) -> pl.Expr:
    """The same with several patterns, the first that fits."""
    usual, *others = patterns
    values = read_format(text, usual, kind)
    if not others:
        return values
    # A pattern that does not fit costs ten times one that does, so the others see only what the usual one left.
    left = pl.when(values.is_null()).then(text)
    return pl.coalesce(values, *[read_format(left, pattern, kind) for pattern in others])


@portable
def misread_dates(text: pl.Expr, values: pl.Expr, kind: str, shape: str | None) -> pl.Expr | None:
    """Which values are none although a pattern read them: their year or their look is odd."""
    odd_year = None if kind == "time" else (values.dt.year() < 1000) | (values.dt.year() > 9999)
    odd_shape = None if shape is None else ~text.str.contains(shape)
    if odd_year is None or odd_shape is None:
        return odd_shape if odd_year is None else odd_year
    return odd_year | odd_shape
