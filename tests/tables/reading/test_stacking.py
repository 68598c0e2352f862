"""Many columns read as one: the same values as one by one, and none that raises doubts."""

from __future__ import annotations

from datetime import date

import polars as pl
import pytest

from longshore.tables.reading.plans import Booleans, Plan
from longshore.tables.reading.scopes import CALENDAR, NUMBERS
from longshore.tables.reading.stacking import read_stacked

INTEGERS, _, FLOATS = NUMBERS
ISO_DATES = CALENDAR[0]


def columns(plan: Plan | None, *texts: list[str | None]) -> list[tuple[pl.Series, Plan | None]]:
    return [(pl.Series(f"c{index}", each, dtype=pl.String), plan) for index, each in enumerate(texts)]


def test_columns_by_several_plans_keep_their_names_values_and_places() -> None:
    whole = columns(INTEGERS, *([str(number), None] for number in range(10)))
    days = columns(ISO_DATES, *([f"2024-01-{day:02}", "1999-12-31"] for day in range(1, 11)))
    mixed = [each for pair in zip(whole, days, strict=True) for each in pair]
    read = read_stacked(mixed)
    assert list(read) == [*range(0, 20, 2), *range(1, 20, 2)]
    assert [read[2 * number].to_list() for number in range(10)] == [[number, None] for number in range(10)]
    assert [read[2 * day - 1].to_list() for day in range(1, 11)] == [
        [date(2024, 1, day), date(1999, 12, 31)] for day in range(1, 11)
    ]
    assert [read[index].name for index in range(20)] == [text.name for text, _ in mixed]
    assert read[0].dtype == pl.Int64


@pytest.mark.parametrize(
    ("plan", "doubtful"), [(INTEGERS, "007"), (INTEGERS, "1.5"), (FLOATS, "NaN"), (FLOATS, "9007199254740993")]
)
def test_of_a_column_that_raises_doubts_only_its_neighbours_are_left(plan: Plan, doubtful: str) -> None:
    read = read_stacked(columns(plan, *[["1", "2"]] * 50, ["3", doubtful], *[["4", "5"]] * 50))
    assert 50 not in read
    assert len(read) > 80
    assert {index: values.to_list() for index, values in read.items()} == {
        index: [1, 2] if index < 50 else [4, 5] for index in read
    }


def test_what_is_long_few_or_read_by_the_whole_column_is_left() -> None:
    assert read_stacked(columns(INTEGERS, ["1"], ["2"])) == {}
    assert read_stacked(columns(INTEGERS, *[["1"] * 20_000] * 10)) == {}
    assert read_stacked(columns(Booleans(), *[["true"]] * 10)) == {}
    assert read_stacked(columns(None, *[["1"]] * 10)) == {}
