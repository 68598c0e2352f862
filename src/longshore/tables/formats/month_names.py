"""Dates with the name of a month, in many languages: ``3. März 2020``, ``5 de mayo de 2021``, ``Mon, 3rd May 2020``.

The names are CLDR's (https://cldr.unicode.org), kept in ``month_names.json`` by ``scripts/generate_month_names.py``.
Some mean different months in two languages (``listopad`` is October in Croatian and November in Polish), so all
names of a column decide together which languages they may be of.
"""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Iterable, Mapping
from functools import cache
from importlib import resources

import polars as pl

from longshore.tables.core.portable import portable
from longshore.tables.formats.date_families import TWO_DIGIT_YEARS_END

_WEEKDAY = r"(?:(?:mon|tues?|wed(?:nes)?|thu(?:rs)?|fri|sat(?:ur)?|sun)(?:day)?\.?,? )?"
_ORDINAL = r"(?:\.|st|nd|rd|th|er|re|os?|[ºª°])?"
_OF = r"(?:de |del |di |of )?"
_YEAR = r"(\d{4}|\d{2})"
_HOUR = r"(?:,?[ T](\d{1,2}:\d{2}(?::\d{2})?))?"
DAY_FIRST = rf"(?i)^{_WEEKDAY}(\d{{1,2}}){_ORDINAL}[-/ ]?{_OF}([^\W\d]+)\.?,?[-/ ]?{_OF}{_YEAR}{_HOUR}$"
"""Day, name, year and clock, with an English weekday before them or without."""
NAME_FIRST = rf"(?i)^{_WEEKDAY}([^\W\d]+)\.? (\d{{1,2}}){_ORDINAL},? (\d{{4}}){_HOUR}$"
"""Name, day, year and clock, as Americans write them."""


@portable
def iso_of_named_months(text: pl.Expr, months: Mapping[str, int], is_day_first: bool) -> pl.Expr:
    """Dates with names of months in ISO 8601, with their clock if they have one; anything else is missing.

    :param months: their numbers by their names, in small letters.
    """
    day, name, year, clock = (
        text.str.extract(DAY_FIRST if is_day_first else NAME_FIRST, group)
        for group in ((1, 2, 3, 4) if is_day_first else (2, 1, 3, 4))
    )
    month = name.str.to_lowercase().replace_strict(dict(months), default=None, return_dtype=pl.Int64)
    late = year.cast(pl.Int64) + 2000 >= TWO_DIGIT_YEARS_END
    century = pl.when(year.str.len_chars() == 4).then(pl.lit("")).when(late).then(pl.lit("19")).otherwise(pl.lit("20"))
    date = pl.concat_str(century, year, pl.lit("-"), month, pl.lit("-"), day)
    seconds = pl.when(clock.str.len_chars() < 6).then(pl.lit(":00")).otherwise(pl.lit(""))
    return pl.when(clock.is_null()).then(date).otherwise(pl.concat_str(date, pl.lit(" "), clock, seconds))


def months_for(names: Iterable[str]) -> dict[str, int] | None:
    """The numbers of months for all names that a column has, if some language has them all and no other contradicts.

    >>> months_for(["März", "mai"])["märz"], months_for(["listopad"]), months_for(["listopad", "styczeń"])["listopad"]
    (3, None, 11)
    """
    wanted = {name.lower() for name in names}
    fitting = [months for months in _languages() if wanted <= months.keys()]
    meanings = {tuple(months[name] for name in sorted(wanted)) for months in fitting}
    if len(meanings) != 1:
        return None
    # A later value may have another name of the year; only one that all these languages agree on counts.
    agreed: dict[str, int | None] = {}
    for months in fitting:
        for name, number in months.items():
            agreed[name] = number if agreed.get(name, number) == number else None
    return {name: number for name, number in agreed.items() if number is not None}


@cache
def _languages() -> tuple[dict[str, int], ...]:
    """Per language the numbers of months by name, also by the name without accents."""
    text = resources.files("longshore.tables.formats").joinpath("month_names.json").read_text(encoding="utf-8")
    languages = []
    for names in json.loads(text).values():
        bare = {_without_accents(name): number for name, number in names.items()}
        languages.append(bare | names)
    return tuple(languages)


def _without_accents(name: str) -> str:
    return "".join(letter for letter in unicodedata.normalize("NFD", name) if not unicodedata.combining(letter))
