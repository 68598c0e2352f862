"""Dates of whole columns, and what the answer shows for them."""

from __future__ import annotations

import datetime as dt
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from longshore.errors import InvalidRequest, InvalidType, InvalidValue, LongshoreError
from longshore.tables.core.table import Table, write_columns
from longshore.tables.operations import require_operation
from longshore.tables.replay.apply import Outcome, apply

EXAMPLES = settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def run(values: Sequence[Any] | pl.Series, **body: Any) -> tuple[list[Any], Outcome]:
    series = values if isinstance(values, pl.Series) else pl.Series(values, dtype=pl.String)
    df = pl.DataFrame({"before": pl.Series(range(len(series)), dtype=pl.Int64), "d": series})
    with tempfile.TemporaryDirectory() as name:
        written, rows = write_columns(Path(name), df.lazy(), df.columns)
        table = Table(Path(name), tuple(written), rows)
        outcome = apply(table, require_operation("parseDates").parse({"column": "d", **body}))
        after = outcome.table.scan().collect()
        for column in outcome.table.columns:
            assert (after[column.name].null_count(), after[column.name].dtype) == (column.missing, column.dtype)
        assert after["before"].equals(df["before"])
        return after.to_series(-1).to_list(), outcome


DAYS = st.dates(dt.date(1930, 1, 1), dt.date(2029, 12, 31))
WRITTEN = ["%Y-%m-%d", "%d/%m/%Y", "%m/%d/%Y", "%d.%m.%Y", "%d-%m-%y", "%d %B %Y", "%b %d, %Y", "%Y/%m/%d"]


@EXAMPLES
@given(st.lists(st.none() | DAYS, max_size=15), st.sampled_from(WRITTEN), st.booleans())
def test_dates_come_back_from_every_way_of_writing(days: list[dt.date | None], written: str, spaced: bool) -> None:
    space = " " if spaced else ""
    texts = [None if day is None else space + day.strftime(written) + space for day in days]
    order = {"%d/%m/%Y": "dayFirst", "%m/%d/%Y": "monthFirst", "%d-%m-%y": "dayFirst"}.get(written, "auto")
    if not any(days):
        with pytest.raises(InvalidValue, match="no values"):
            run(texts, order=order)
        return
    found, outcome = run(texts, order=order)
    assert found == days
    assert outcome.answer["invalidated"] == 0
    known = sum(day is not None for day in days)
    assert [each["reads"] for each in outcome.answer["evidence"] if each["chosen"]] == [known]


@EXAMPLES
@given(st.lists(DAYS, min_size=1, max_size=15), st.booleans())
def test_the_order_is_decided_by_the_whole_column(days: list[dt.date], day_first: bool) -> None:
    form = "%d/%m/%Y" if day_first else "%m/%d/%Y"
    found, outcome = run([day.strftime(form) for day in days])
    deciding = sum(day.day > 12 for day in days)
    differing = any(day.day <= 12 and day.day != day.month for day in days)
    chosen = {each["format"]: each for each in outcome.answer["evidence"]}
    if deciding:
        assert found == days
        assert outcome.answer["order"] == ("dayFirst" if day_first else "monthFirst")
        assert not outcome.answer["ambiguous"]
        assert chosen[form]["decides"] == deciding
    else:
        assert outcome.answer["order"] == "dayFirst"
        assert outcome.answer["ambiguous"] == differing
        assert found == [dt.datetime.strptime(day.strftime(form), "%d/%m/%Y").date() for day in days]  # noqa: DTZ007
    assert ("could come first" in outcome.sentence) == outcome.answer["ambiguous"]


@EXAMPLES
@given(st.lists(st.tuples(DAYS, st.sampled_from(["%Y-%m-%d", "%d/%m/%Y", "%d.%m.%Y", "junk %d"])), max_size=15))
def test_several_formats_in_one_column_are_counted(values: list[tuple[dt.date, str]]) -> None:
    texts = [day.strftime(form) for day, form in values] + ["31/12/1999"]
    found, outcome = run(texts)
    assert found == [None if "junk" in form else day for day, form in values] + [dt.date(1999, 12, 31)]
    junk = [(row, text) for row, text in enumerate(texts) if "junk" in text]
    assert outcome.answer["invalidated"] == len(junk)
    assert outcome.answer["unread"] == [{"row": row, "value": text} for row, text in junk[:5]]
    reads = {each["format"]: each["reads"] for each in outcome.answer["evidence"] if each["chosen"]}
    assert sum(reads.values()) == len(texts) - len(junk)


def test_a_format_that_only_one_late_value_has_is_found() -> None:
    found, outcome = run(["x"] * 12_000 + ["2020-01-01"])
    assert found[-1] == dt.date(2020, 1, 1)
    assert outcome.answer["invalidated"] == 12_000
    found, _ = run(["2020-01-01"] * 12_000 + ["3 March 2021"])
    assert found[-1] == dt.date(2021, 3, 3)


def test_conflicting_values_follow_the_greater_number() -> None:
    found, outcome = run(["13/02/2020", "14/02/2020", "02/13/2020", "01/02/2020"])
    assert found == [dt.date(2020, 2, 13), dt.date(2020, 2, 14), None, dt.date(2020, 2, 1)]
    assert outcome.answer["unread"] == [{"row": 2, "value": "02/13/2020"}]


def test_clocks_and_offsets_make_datetimes_in_utc() -> None:
    found, outcome = run(["2020-01-01T10:00:00+02:00", "2020-01-01", "2020-01-01 09:30"])
    assert found == [dt.datetime(2020, 1, 1, 8), dt.datetime(2020, 1, 1), dt.datetime(2020, 1, 1, 9, 30)]  # noqa: DTZ001
    assert outcome.facts["dtype"] == "datetime[us]"


@pytest.mark.parametrize(
    ("numbers", "expected", "form"),
    [
        ([1_600_000_000, 0, None], [dt.datetime(2020, 9, 13, 12, 26, 40), dt.datetime(1970, 1, 1), None], "epoch:s"),  # noqa: DTZ001
        ([1_600_000_000_000, -1], [dt.datetime(2020, 9, 13, 12, 26, 40), None], "epoch:ms"),  # noqa: DTZ001
        ([1_600_000_000_000_000], [dt.datetime(2020, 9, 13, 12, 26, 40)], "epoch:us"),  # noqa: DTZ001
        ([20200131, 20201331], [dt.date(2020, 1, 31), None], "%Y%m%d"),
    ],
)
def test_whole_numbers(numbers: list[int | None], expected: list[Any], form: str) -> None:
    found, outcome = run(pl.Series(numbers, dtype=pl.Int64))
    assert outcome.answer["dateFormats"] == [form]
    if -1 in numbers:
        expected = [expected[0], dt.datetime(1969, 12, 31, 23, 59, 59, 999_000)]  # noqa: DTZ001
    assert found == expected


def test_formats_that_a_person_gives_are_tried_in_turn() -> None:
    found, outcome = run(["1/2/2020", "2020", "x", None, " "], formats=["%m/%d/%Y", "%Y"], inPlace=False)
    assert found == [dt.date(2020, 1, 2), dt.date(2020, 1, 1), None, None, None]
    assert outcome.table.names == ["before", "d", "d_date"]
    assert [each["reads"] for each in outcome.answer["evidence"]] == [1, 1]
    assert outcome.answer["invalidated"] == 1
    found, _ = run(["0", "9" * 30], formats=["epoch:s"])
    assert found == [dt.datetime(1970, 1, 1), None]  # noqa: DTZ001


LETTERS = [
    "%Y",
    "%m",
    "%d",
    "%H",
    "%I",
    "%p",
    "%M",
    "%S",
    "%f",
    "%z",
    "%y",
    "%j",
    "%B",
    "-",
    "/",
    " ",
    "%",
    "%Q",
    "%-d",
]
ANY = st.text(max_size=12) | st.sampled_from(["2020-01-01", "1/2/20", "31.12.1999 23:59"])


@EXAMPLES
@given(st.lists(st.sampled_from(LETTERS), min_size=1, max_size=7).map("".join), st.lists(st.none() | ANY, max_size=5))
def test_any_format_reads_or_is_refused(form: str, values: list[str | None]) -> None:
    try:
        found, outcome = run(values, formats=[form])
    except LongshoreError as error:
        refused: LongshoreError | None = error
    else:
        refused = None
        lost = sum(new is None and (old or "").strip() != "" for old, new in zip(values, found, strict=True))
        assert outcome.answer["invalidated"] == lost
    assert refused is None or isinstance(refused, InvalidValue)


@EXAMPLES
@given(st.lists(st.none() | st.text(max_size=12), max_size=6), st.sampled_from(["auto", "dayFirst", "yearFirst"]))
def test_any_text_reads_or_is_refused(values: list[str | None], order: str) -> None:
    try:
        found, _ = run(values, order=order)
    except InvalidValue as error:
        found = []
        assert "date" in error.description  # noqa: PT017 - both ways are fine
    assert all(value is None or isinstance(value, dt.date) for value in found)


def test_the_order_that_a_person_names_refuses_the_others() -> None:
    assert run(["01/02/2020"], order="monthFirst")[0] == [dt.date(2020, 1, 2)]
    assert run(["2020/02/01"], order="yearFirst")[0] == [dt.date(2020, 2, 1)]
    for order in ("monthFirst", "yearFirst"):
        with pytest.raises(InvalidValue, match="say how they are written"):
            run(["01.02.2020"], order=order)


def test_what_cannot_be_dates() -> None:
    with pytest.raises(InvalidType, match="float"):
        run(pl.Series([1.5]))
    with pytest.raises(InvalidType, match="already"):
        run(pl.Series([dt.date(2020, 1, 1)]))
    with pytest.raises(InvalidRequest, match="one of them"):
        run(["1"], order="dayFirst", formats=["%Y"])
    with pytest.raises(InvalidRequest):
        run(["1"], order="weekFirst")
    for values in ([], [None], ["", " "]):
        with pytest.raises(InvalidValue, match="no values"):
            run(values)
    for form in ("%Q", "nonsense", "%H:%M", "%"):
        with pytest.raises(InvalidValue, match="no date format"):
            run(["1"], formats=[form])
    with pytest.raises(InvalidValue, match="no known date format"):
        run(["a", "12:30"])


def test_a_column_of_one_category() -> None:
    found, _ = run(pl.Series(["2020-01-01", None], dtype=pl.Categorical))
    assert found == [dt.date(2020, 1, 1), None]
