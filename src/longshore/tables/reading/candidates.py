"""What a column of text might be: types that most of its values fit, and the first value that does not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import polars as pl

from longshore.tables.core.column_expressions import col
from longshore.tables.formats.dates import read_family, stripped
from longshore.tables.formats.number_inference import number_digits
from longshore.tables.formats.scalars import BOOLEAN_WORDS
from longshore.tables.reading.plans import TOKENS
from longshore.tables.reading.scopes import CALENDAR, WRITTEN
from longshore.tables.reading.written import LEADING_ZERO, MARKS

MANY = 0.6
"""Share of a column's values that must fit a type for it to be told."""
_MOST_COLUMNS = 100
_GLANCE = 20


def candidates_of(
    sample: pl.DataFrame, certain: int, names: Sequence[str], texts: Sequence[int]
) -> dict[str, list[dict[str, Any]]]:
    """By column of text: each type that most of the looked-at values fit, how many do, and the first that does not.

    :param texts: the columns that stay text and need not.
    :param certain: how many of the sample's rows are the table's first ones.
    :return: ``type``, ``fits``, ``of`` (values that were looked at, blank ones and words for what is missing left
        out), ``first`` (``row`` and ``value``), and ``words`` (those for true and false).
    """
    found: dict[str, list[dict[str, Any]]] = {}
    for index in texts[:_MOST_COLUMNS]:
        if told := list(_of_column(sample.to_series(index), certain)):
            found[names[index]] = told
    return found


def _of_column(text: pl.Series, certain: int) -> Iterator[dict[str, Any]]:
    values = text.to_frame().select(stripped(col(text.name))).to_series()
    values = values.set(values.is_in(TOKENS), None)
    first = values.drop_nulls().head(_GLANCE)
    if first.is_empty():
        return
    column = col(text.name)
    readings: dict[str, pl.Expr] = {}
    if any(_is_likely([plan.plausible(value) for value in first]) for plan in WRITTEN):
        digits = pl.coalesce(number_digits(column, mark) for mark in MARKS)
        readings["float"] = pl.when(~column.str.contains(LEADING_ZERO)).then(digits)
    dates: dict[str, list[pl.Expr]] = {}
    for plan in CALENDAR:
        if _is_likely([plan.plausible(value) for value in first]) and plan.family is not None:
            dates.setdefault(plan.family.target, []).append(read_family(column, plan.family, plan.dtype))
    readings |= {target: pl.coalesce(reads) for target, reads in dates.items()}
    for kind, fits in _without_weaker_dates(values.to_frame(), readings).items():
        yield from _told(certain, values, fits, kind)
    lower = values.str.to_lowercase()
    words = lower.drop_nulls().unique(maintain_order=True).head(3).to_list()
    meanings = [BOOLEAN_WORDS.get(word) for word in words]
    if sorted(map(str, meanings)) == ["False", "True"]:
        told = sorted(words, key=lambda word: not BOOLEAN_WORDS[word])
        yield from _told(certain, values, lower.is_not_null(), "boolean", words=told)


def _without_weaker_dates(values: pl.DataFrame, readings: Mapping[str, pl.Expr]) -> dict[str, pl.Series]:
    """Which values each type reads; of days and moments only those that read most, the plainer ones first."""
    fits = {kind: values.select(reading.is_not_null()).to_series() for kind, reading in readings.items()}
    dates = [kind for kind in fits if kind != "float"]
    best = max(dates, key=lambda kind: int(fits[kind].sum()), default=None)
    return {kind: which for kind, which in fits.items() if kind in ("float", best)}


def _is_likely(fits: Sequence[bool]) -> bool:
    return sum(fits) >= MANY * len(fits)


def _told(certain: int, values: pl.Series, fits: pl.Series, kind: str, **more: Any) -> Iterator[dict[str, Any]]:
    of = len(values) - values.null_count()
    count = int(fits.sum())
    if count < MANY * of or (count == of and not more):
        return  # all that were looked at fit: others made it text, or it has several meanings, which is told
    told: dict[str, Any] = {"type": kind, "fits": count, "of": of, **more}
    others = (~fits.fill_null(True) & values.is_not_null()).head(certain).arg_true()
    if others.len():
        told["first"] = {"row": int(others[0]), "value": values[int(others[0])][:100]}
    yield told
