"""Dates written as text: which of the known ways a whole column follows, and reading it.

The whole column decides. Of the families of formats that the file reader knows, the one is taken that reads
most values; where day and month could be exchanged and both orders read equally many with different meanings,
none is taken, and the caller is told how to choose.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache, lru_cache
from typing import Any, Literal, NotRequired

import polars as pl
from typing_extensions import TypedDict

from longshore.errors import InvalidValue, shorten
from longshore.tables.core.column_expressions import col
from longshore.tables.core.dtypes import SPACES
from longshore.tables.core.portable import portable
from longshore.tables.formats.date_families import FAMILIES, Family, Order, in_the_past, misread_dates, read_formats

SAMPLE_ROWS = 5_000
"""Families that read nothing of so many first values are not tried on the whole column."""
FEW = 200_000
"""Up to so many different values are counted first, and then read once each."""
TIMES = "\x00times"


@portable
def parse_dates(text: pl.Expr, date_format: str, target: pl.DataType) -> pl.Expr:
    """``text`` read as ``target`` (date, datetime or time); what does not follow the format is missing.

    :param date_format: strptime's letters as Python documents them. A missing day or month counts as the first.
        An offset (``%z``) is applied: the result is UTC.
    """
    text, date_format = _complete(text, _as_engine_writes(date_format))
    if "%H" not in date_format and "%I" not in date_format and "%T" not in date_format:
        days = text.str.to_date(date_format, strict=False, cache=False)
        if "%Y" in date_format:
            # The engine reads "90" as the year 90; a year has four digits.
            days = pl.when(days.dt.year() >= 1000).then(days)
        elif "%y" in date_format:
            days = in_the_past(days)
        return days if target == pl.Date() else days.cast(target, strict=False)
    if not any(letter in date_format for letter in ("%d", "%e", "%j", "%D", "%F")):
        times = text.str.to_time(date_format, strict=False, cache=False)
        return times if target == pl.Time() else pl.lit(None, dtype=target)
    if "z" in date_format:
        moments = text.str.to_datetime(date_format, strict=False, time_unit="us", time_zone="UTC", cache=False)
        moments = moments.dt.replace_time_zone(None)
    else:
        moments = text.str.to_datetime(date_format, strict=False, time_unit="us", cache=False)
    if "%y" in date_format:
        moments = in_the_past(moments)
    if target == pl.Date():
        return moments.dt.date()
    return moments.dt.time() if target == pl.Time() else moments.cast(target)


_LETTERS = re.compile(r"(?:%-?[YymdejBbhHIMSpFTDR%]|%[:#]?z|%\.f|\.%f|[^%])+")
MAX_FORMAT = 100
_YEARS = ("%Y", "%y", "%F", "%D")


def require_format(date_format: str) -> str:
    """``date_format`` itself when it is a format of dates, with a year, in letters that are known.

    :raises InvalidValue: if not.
    """
    if (
        len(date_format) > MAX_FORMAT
        or not _LETTERS.fullmatch(date_format)
        or not any(year in date_format.replace("%-", "%") for year in _YEARS)
    ):
        raise InvalidValue(
            f"{shorten(date_format)!r} is no date format; write it with %Y or %y for the year, %m %B or %b, %d, "
            "and %H %I %M %S %p %f %z for a clock"
        )
    try:
        pl.select(parse_dates(pl.lit("-"), date_format, pl.Datetime("us")))
    except pl.exceptions.PolarsError as error:
        raise InvalidValue(
            f"dates cannot be read as {shorten(date_format)!r}; a clock needs hours with minutes, and %I needs %p"
        ) from error
    return date_format


def _as_engine_writes(date_format: str) -> str:
    """Python's letters in chrono's spelling: a fraction is ``%.f`` with its dot."""
    return date_format.replace(".%f", "%.f").replace("%-", "%")


def _complete(text: pl.Expr, date_format: str) -> tuple[pl.Expr, str]:
    """Add a first month and a first day where the format has none: the engine reads whole dates only."""
    has_year = any(letter in date_format for letter in ("%Y", "%y"))
    if not has_year or any(
        letter in date_format for letter in ("%d", "%e", "%j", "%D", "%F", "%U", "%W", "%V", "%x", "%c")
    ):
        return text, date_format
    if not any(letter in date_format for letter in ("%m", "%b", "%B", "%h")):
        text, date_format = text + "|1", date_format + "|%m"
    return text + "|1", date_format + "|%d"


def read_family(text: pl.Expr, family: Family, target: pl.DataType) -> pl.Expr:
    """``text`` read in the formats of one family as ``target``; what follows none of them is missing."""
    return read_dates(text, family.formats, family.target, family.shape, target)


@lru_cache(maxsize=1024)
def _read_column(name: str, family: Family, target: pl.DataType) -> pl.Expr:
    """:func:`read_family` of a column, which takes longer to put together than to carry out on a short one."""
    return read_family(col(name), family, target)


@portable
def read_dates(text: pl.Expr, patterns: Sequence[str], kind: str, shape: str | None, target: pl.DataType) -> pl.Expr:
    """Texts of a ``kind`` that follow one of the patterns, as ``target``; what follows none of them is missing."""
    values = read_formats(text, patterns, kind)
    misread = misread_dates(text, values, kind, shape)
    if misread is not None:
        values = pl.when(~misread).then(values)
    if kind == "zoned":
        values = values.dt.convert_time_zone("UTC").dt.replace_time_zone(None)
    if target == pl.Time():
        return values if kind == "time" else values.cast(pl.Datetime("us")).dt.time()
    if target == pl.Date():
        return values.cast(pl.Date)
    return values.cast(target)


_OLDER = {"dmy": "dayFirst", "mdy": "monthFirst"}
"""How histories were once written."""


class FamilyFacts(TypedDict):
    """A family as a history keeps it; of older ones, some keys are not there."""

    target: Literal["date", "datetime", "zoned", "time"]
    formats: list[str]
    shape: NotRequired[str | None]
    order: NotRequired[Order | Literal["dmy", "mdy"] | None]
    rival: NotRequired[str | None]
    start: NotRequired[str]


def to_facts(family: Family) -> FamilyFacts:
    """A family as a history keeps it; :func:`from_facts` reads it."""
    return {
        "target": family.target,
        "formats": list(family.formats),
        "shape": family.shape,
        "order": family.order,
        "rival": family.rival,
        "start": family.start,
    }


def from_facts(facts: FamilyFacts) -> Family:
    """The family that :func:`to_facts` wrote."""
    kept: dict[str, Any] = {**facts, "formats": tuple(facts["formats"])}
    order = kept.get("order")
    kept["order"] = _OLDER.get(order, order) if order is not None else None
    return Family(**kept)


@portable
def stripped(values: pl.Expr) -> pl.Expr:
    """Texts without spaces around them; blank ones are missing."""
    text = values.cast(pl.String).str.strip_chars(SPACES)
    return pl.when(text != "").then(text)


def weighed(frame: pl.LazyFrame, name: str) -> pl.LazyFrame:
    """The values that are not blank, with the number of rows that each stands for in :data:`TIMES`.

    Dates often repeat; where they do, each is there once, the most frequent first.
    """
    values = frame.select(stripped(col(name)).alias(name)).drop_nulls()
    if values.select(col(name).approx_n_unique()).collect(engine="streaming").item() > FEW:
        return values.with_columns(pl.lit(1, dtype=pl.Int64).alias(TIMES))
    grouped = values.group_by(col(name)).agg(pl.len().cast(pl.Int64).alias(TIMES)).collect(engine="streaming")
    return grouped.sort(TIMES, col(name), descending=[True, False]).lazy()


def rows_where(condition: pl.Expr) -> pl.Expr:
    """The number of rows in which something holds, over :func:`weighed` values."""
    return pl.col(TIMES).filter(condition).sum()


def find_family(frame: pl.LazyFrame, name: str, target: pl.DataType) -> Family:
    """The family that reads the most values of a text column.

    :raises InvalidValue: when none reads at least half of them, or when day and month could be either.
    """
    values = weighed(frame, name)
    sample = values.select(col(name)).head(SAMPLE_ROWS).unique().collect(engine="streaming")
    reads = sample.select(
        _read_column(name, family, target).count().alias(str(i)) for i, family in enumerate(_candidates(target))
    )
    likely = [family for family, count in zip(_candidates(target), reads.row(0), strict=True) if count]
    total = values.select(pl.col(TIMES).sum()).collect(engine="streaming").item()
    counts = _count(values, name, likely, target, total)
    best = max((read for _, read in counts), default=0)
    if best == 0 or best * 2 < total:
        raise InvalidValue(
            f"no date format fits column {name!r}; say how its dates are written with dateFormat, such as %d/%m/%Y"
        )
    winners = [family for family, read in counts if read == best]
    for rival in winners[1:]:
        if rival.rival is not None and rival.rival == winners[0].rival and _differ(values, name, winners[0], rival):
            raise InvalidValue(
                f"column {name!r} could be day first or month first; "
                f"choose with dateFormat: {winners[0].formats[0]} or {rival.formats[0]}"
            )
    return winners[0]


@cache
def _candidates(target: pl.DataType) -> tuple[Family, ...]:
    """Families that can give the target; a date is also found in a datetime, and the other way round."""
    times = target == pl.Time()
    return tuple(family for family in FAMILIES if times or family.target != "time")


def _count(
    values: pl.LazyFrame, name: str, families: Sequence[Family], target: pl.DataType, total: int
) -> list[tuple[Family, int]]:
    """How many rows each family reads; once one reads them all, only its rivals can still matter."""
    counted: list[tuple[Family, int]] = []
    for family in families:
        whole = next((found for found, read in counted if read == total), None)
        if whole is not None and (whole.rival is None or family.rival != whole.rival):
            continue
        reads = rows_where(_read_column(name, family, target).is_not_null())
        counted.append((family, values.select(reads).collect(engine="streaming").item() or 0))
    return counted


def _differ(frame: pl.LazyFrame, name: str, one: Family, other: Family) -> bool:
    first, second = (read_family(col(name), family, pl.Datetime("us")) for family in (one, other))
    return bool(frame.select((first != second).any()).collect().item())
