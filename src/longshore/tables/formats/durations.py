"""Lengths of time as text: clocks beyond a day (``30:15:00``), ISO 8601 (``PT1H30M``), and words (``2h 15min``)."""

from __future__ import annotations

import re

import polars as pl

from longshore.tables.core.portable import portable

_LONG_CLOCK = r"^(-?)(\d{1,7}):([0-5]\d):([0-5]\d)(?:\.(\d{1,6}))?$"
_ISO_LENGTH = (
    r"^(-?)P(?:(\d{1,6})W)?(?:(\d{1,6})D)?(?:T(?:(\d{1,7})H)?(?:(\d{1,8})M)?(?:(\d{1,9})(?:[.,](\d{1,6}))?S)?)?$"
)
_LENGTH_IN_WORDS = (
    r"(?i)^(-?)(?:(\d{1,6}) ?(?:w|wk|weeks?|wochen?))?[, ]{0,2}"
    r"(?:(\d{1,6}) ?(?:d|days?|tage?|jours?|d[ií]as?))?[, ]{0,2}"
    r"(?:(\d{1,7}) ?(?:h|hrs?|hours?|std\.?|stunden?|heures?|horas?))?[, ]{0,2}"
    r"(?:(\d{1,8}) ?(?:m|mins?\.?|minute[sn]?|minutos?))?[, ]{0,2}"
    r"(?:(\d{1,9})(?:[.,](\d{1,6}))? ?(?:s|secs?|sek\.?|second[es]?s?|sekunden?|segundos?))?$"
)


_SHAPES = {
    name: re.compile(pattern, re.ASCII)
    for name, pattern in (("clock", _LONG_CLOCK), ("iso", _ISO_LENGTH), ("words", _LENGTH_IN_WORDS))
}


@portable
def read_durations(text: pl.Expr) -> pl.Expr:
    """Lengths of time in microseconds; what is none is missing.

    :param text: without blanks at its ends.
    """

    def part(pattern: str, group: int) -> pl.Expr:
        return text.str.extract(pattern, group).cast(pl.Int64).fill_null(0)

    def fraction(pattern: str, group: int) -> pl.Expr:
        return text.str.extract(pattern, group).str.pad_end(6, "0").cast(pl.Int64).fill_null(0)

    clock = (part(_LONG_CLOCK, 2) * 3600 + part(_LONG_CLOCK, 3) * 60 + part(_LONG_CLOCK, 4)) * 1_000_000 + fraction(
        _LONG_CLOCK, 5
    )
    found = [pl.when(text.str.contains(_LONG_CLOCK)).then(clock)]
    for pattern in (_ISO_LENGTH, _LENGTH_IN_WORDS):
        seconds = part(pattern, 2) * 604_800 + part(pattern, 3) * 86_400 + part(pattern, 4) * 3600
        length = (seconds + part(pattern, 5) * 60 + part(pattern, 6)) * 1_000_000 + fraction(pattern, 7)
        found.append(pl.when(text.str.contains(pattern) & text.str.contains(r"\d")).then(length))
    sign = pl.when(text.str.starts_with("-")).then(-1).otherwise(1)
    return (pl.coalesce(found) * sign).cast(pl.Duration("us"))


def shape_of(text: str) -> str | None:
    """How a length of time is written: ``clock``, ``iso`` or ``words``; None for anything else.

    >>> [shape_of(each) for each in ("30:15:00", "PT90M", "2h 15min", "15 m", "2020")]
    ['clock', 'iso', 'words', 'words', None]
    """
    if not any(map(str.isdigit, text)):
        return None
    return next((name for name, shape in _SHAPES.items() if shape.match(text)), None)
