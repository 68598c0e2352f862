"""Cells of a workbook as text: each by itself, exactly, and in a form that its plan reads back without loss.

Numbers are written as the shortest text that stands for their double, whole ones without a point; dates and times in
ISO 8601; durations as hours, minutes and seconds, of any number of hours.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime, time, timedelta
from itertools import islice
from typing import Any

import polars as pl

from longshore.tables.core.portable import portable

ERROR_MARK = "\ufdd0"
"""Stands before the name of an error, such as ``#DIV/0!``: no character that a text would have."""
NO_RESULT = ERROR_MARK + "="
"""Stands for the result of a formula that has none in the file: a name that no error has."""
DURATION_MARK = "\ufdd1"
"""Stands before a duration in ISO 8601."""
_BATCH_CELLS = 200_000
"""Cells that stand in memory as objects of Python at a time."""
_ISO_DURATION = re.compile(r"(-?)P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)(?:[.,](\d+))?S)?)?")
_CLOCK_SHAPE = r"^(-?)(\d+):([0-5]\d):([0-5]\d)(?:\.(\d{1,6}))?$"


@portable
def cell_texts(rows: Iterable[Sequence[Any]], width: int) -> tuple[pl.DataFrame, list[set[str]]]:
    """Rows of ``width`` cells as columns of text called c0, c1 and so on, and which kinds of cells each column has.

    The kinds are number, text, boolean, date, datetime, time, duration and error.

    :param rows: as calamine gives them; a cell in which nothing stands is an empty text, and becomes missing.
    """
    left = iter(rows)
    kinds: list[set[str]] = [set() for _ in range(width)]
    schema = {f"c{index}": pl.String() for index in range(width)}
    batches = [pl.DataFrame(schema=schema)]
    while batch := list(islice(left, max(1, _BATCH_CELLS // max(1, width)))):
        columns = zip(zip(*batch, strict=True), kinds, strict=True)
        batches.append(pl.DataFrame([_column_cells(cells, found) for cells, found in columns], schema=schema))
    return pl.concat(batches), kinds


def _column_cells(cells: Sequence[Any], kinds: set[str]) -> pl.Series:
    """Some cells of one column as text; their kinds are added to ``kinds``."""
    types = set(map(type, cells))
    parts = []
    for each in types:
        kind, write = _CELL_WRITERS[each]
        # By the very type: True is an int and a datetime is a date, too.
        own = cells if len(types) == 1 else [cell if type(cell) is each else None for cell in cells]
        text = write(own)
        if each is str and text.str.starts_with(DURATION_MARK).any():
            return _column_cells([_unmarked(cell) for cell in cells], kinds)
        filled = len(text) - text.null_count()
        if not filled:
            continue
        parts.append(text)
        errors = int(text.str.starts_with(ERROR_MARK).sum()) if each is str else 0
        if errors:
            kinds.add("error")
        if errors < filled:
            kinds.add(kind)
    if not parts:
        return pl.Series([None], dtype=pl.String).new_from_index(0, len(cells))
    return parts[0] if len(parts) == 1 else pl.select(pl.coalesce(parts)).to_series()


def _text_cells(cells: Sequence[str | None]) -> pl.Series:
    texts = pl.Series("", cells, dtype=pl.String)
    return pl.select(pl.when(texts != "").then(texts)).to_series()


def _number_cells(cells: Sequence[float | None]) -> pl.Series:
    numbers = pl.Series("", cells, dtype=pl.Float64)
    whole = numbers.cast(pl.Int64, strict=False)
    exact = pl.when(whole.cast(pl.Float64) == numbers).then(whole.cast(pl.String))
    return pl.select(pl.coalesce(exact, numbers.cast(pl.String))).to_series()


def _whole_cells(cells: Sequence[int | None]) -> pl.Series:
    return pl.Series("", cells, dtype=pl.Int64).cast(pl.String)


def _boolean_cells(cells: Sequence[bool | None]) -> pl.Series:
    return pl.Series("", cells, dtype=pl.Boolean).cast(pl.String)


def _date_cells(cells: Sequence[date | None]) -> pl.Series:
    return pl.Series("", cells, dtype=pl.Date).dt.to_string("%Y-%m-%d")


def _datetime_cells(cells: Sequence[datetime | None]) -> pl.Series:
    return pl.Series("", cells, dtype=pl.Datetime("us")).dt.to_string("%Y-%m-%d %H:%M:%S%.f")


def _time_cells(cells: Sequence[time | None]) -> pl.Series:
    return pl.Series("", cells, dtype=pl.Time).dt.to_string("%H:%M:%S%.f")


def _duration_cells(cells: Sequence[timedelta | None]) -> pl.Series:
    return pl.Series("", [None if cell is None else clock_text(cell) for cell in cells], dtype=pl.String)


_CELL_WRITERS: dict[type, tuple[str, Callable[[Any], pl.Series]]] = {
    str: ("text", _text_cells),
    float: ("number", _number_cells),
    int: ("number", _whole_cells),
    bool: ("boolean", _boolean_cells),
    date: ("date", _date_cells),
    datetime: ("datetime", _datetime_cells),
    time: ("time", _time_cells),
    timedelta: ("duration", _duration_cells),
}


def _unmarked(cell: Any) -> Any:
    """A marked duration; one of less than a day as a time of day, which is how calamine gives the others."""
    if not isinstance(cell, str) or not cell.startswith(DURATION_MARK):
        return cell
    found = _ISO_DURATION.fullmatch(cell, 1)
    if found is None:
        return cell[1:]
    days, hours, minutes, seconds = (int(part or 0) for part in found.group(2, 3, 4, 5))
    length = timedelta(days, seconds, int((found[6] or "").ljust(6, "0")[:6]), 0, minutes, hours)
    if found[1]:
        return -length
    return length if length >= timedelta(days=1) else (datetime.combine(date.min, time()) + length).time()


def clock_text(duration: timedelta) -> str:
    """Hours, minutes and seconds, as ``[h]:mm:ss`` shows them.

    >>> clock_text(timedelta(days=1, hours=6)), clock_text(timedelta(seconds=-90.25))
    ('30:00:00', '-00:01:30.250000')
    """
    length = abs(duration)
    hours, seconds = divmod(length.days * 86_400 + length.seconds, 3600)
    fraction = f".{length.microseconds:06}" if length.microseconds else ""
    return f"{'-' * (duration < timedelta(0))}{hours:02}:{seconds // 60:02}:{seconds % 60:02}{fraction}"


@portable
def read_clocks(texts: pl.Expr) -> pl.Expr:
    """Durations in microseconds of texts as :func:`clock_text` writes them; others are missing."""
    parts = texts.str.extract_groups(_CLOCK_SHAPE).struct
    hours, minutes, seconds = (parts.field(str(index)).cast(pl.Int64, strict=False) for index in (2, 3, 4))
    fraction = parts.field("5").fill_null("").str.pad_end(6, "0").cast(pl.Int64, strict=False)
    length = ((hours * 60 + minutes) * 60 + seconds) * 1_000_000 + fraction
    sign = pl.when(parts.field("1") == "-").then(-1).otherwise(1)
    return (length * sign).cast(pl.Duration("us")).alias(texts.meta.output_name())


@portable
def filled_rows(texts: pl.DataFrame) -> pl.Series:
    """In which rows anything stands."""
    return texts.select(pl.any_horizontal(pl.all().is_not_null())).to_series()


@portable
def without_errors(texts: pl.DataFrame) -> pl.DataFrame:
    """The same cells; where an error stood they are missing."""
    return texts.with_columns(pl.when(~pl.all().str.starts_with(ERROR_MARK)).then(pl.all()))
