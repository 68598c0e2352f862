"""Every operation on random tables, against pandas or a loop a child could check."""

from __future__ import annotations

import datetime as dt
import math
import re
import tempfile
from pathlib import Path
from typing import Any

import pandas as pd
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from longshore.errors import IllegalOperation, InvalidPattern, InvalidType, InvalidValue, NameTaken
from longshore.tables.core.table import Table, write_columns
from longshore.tables.operations import require_operation
from longshore.tables.replay.apply import Outcome, apply
from support.drawing import cells

EXAMPLES = settings(
    max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)

TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=6)
FLOATS = st.floats(-1e6, 1e6, allow_nan=False, width=32).map(lambda x: round(float(x), 3))
KINDS: dict[str, tuple[pl.DataType, st.SearchStrategy[Any]]] = {
    "int": (pl.Int64(), st.integers(-1000, 1000)),
    "few": (pl.Int64(), st.integers(0, 3)),
    "float": (pl.Float64(), FLOATS),
    "text": (pl.String(), TEXT | st.sampled_from(["", "a", "b", "aa", "1", "2.5"])),
    "date": (pl.Date(), st.dates(dt.date(1900, 1, 1), dt.date(2100, 1, 1))),
    "datetime": (pl.Datetime("us"), st.datetimes(dt.datetime(1900, 1, 1), dt.datetime(2100, 1, 1))),  # noqa: DTZ001
    "boolean": (pl.Boolean(), st.booleans()),
}


@st.composite
def frames(draw: st.DrawFn, most_rows: int = 12) -> pl.DataFrame:
    """Tables of every kind with missing values, ties, constant columns, one row, no rows."""
    rows = draw(st.integers(0, most_rows))
    columns = {}
    for name, (dtype, values) in KINDS.items():
        columns[name] = pl.Series(name, draw(cells(values, rows)), dtype=dtype)
    columns["constant"] = pl.Series("constant", [7] * rows, dtype=pl.Int64)
    columns["empty"] = pl.Series("empty", [None] * rows, dtype=pl.String)
    return pl.DataFrame(columns)


def run(df: pl.DataFrame, operation: str, **body: Any) -> tuple[pl.DataFrame, Outcome]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        written, rows = write_columns(folder, df.lazy(), df.columns)
        table = Table(folder, tuple(written), rows)
        outcome = apply(table, require_operation(operation).parse(body))
        after = outcome.table.scan().collect()
        for column in outcome.table.columns:
            assert after[column.name].null_count() == column.missing
            assert after[column.name].dtype == column.dtype
        assert after.height == outcome.table.rows
        assert table.scan().collect().equals(df), "an operation must leave the old table as it is"
        reopened = Table.from_record(folder, outcome.table.to_record())
        assert reopened == outcome.table
        assert not list(folder.glob(".*")), "no temporary file may stay"
        return after, outcome


def untouched(before: pl.DataFrame, after: pl.DataFrame, *but: str) -> None:
    rest = [name for name in before.columns if name not in but]
    assert after.select(rest).equals(before.select(rest))


@EXAMPLES
@given(frames(), st.sampled_from([*KINDS, "constant", "empty"]), TEXT)
def test_rename_column(df: pl.DataFrame, column: str, new_name: str) -> None:
    if not new_name.strip():
        with pytest.raises(InvalidValue):
            run(df, "renameColumn", column=column, newName=new_name)
        return
    if new_name in df.columns and new_name != column:
        with pytest.raises(NameTaken):
            run(df, "renameColumn", column=column, newName=new_name)
        return
    after, _ = run(df, "renameColumn", column=column, newName=new_name)
    pd.testing.assert_frame_equal(after.to_pandas(), df.to_pandas().rename(columns={column: new_name}))


@EXAMPLES
@given(frames(), st.lists(st.integers(0, 8), min_size=1, max_size=9))
def test_delete_columns(df: pl.DataFrame, indices: list[int]) -> None:
    if len(set(indices)) == df.width:
        with pytest.raises(IllegalOperation):
            run(df, "deleteColumns", columnIndices=indices)
        return
    after, _ = run(df, "deleteColumns", columnIndices=indices)
    reference = df.to_pandas()
    pd.testing.assert_frame_equal(after.to_pandas(), reference.drop(columns=reference.columns[indices]))


@EXAMPLES
@given(frames().filter(lambda df: df.height > 0), st.data())
def test_delete_rows(df: pl.DataFrame, data: st.DataObject) -> None:
    rows = data.draw(st.lists(st.integers(0, df.height - 1), min_size=1))
    after, outcome = run(df, "deleteRows", rowIndices=rows)
    kept = [row for number, row in enumerate(df.rows()) if number not in set(rows)]
    assert after.rows() == kept
    assert outcome.changed["rows"] == -len(set(rows))


@EXAMPLES
@given(frames().filter(lambda df: df.height > 0), st.data())
def test_new_cell_value(df: pl.DataFrame, data: st.DataObject) -> None:
    column = data.draw(st.sampled_from(list(KINDS)))
    row = data.draw(st.integers(0, df.height - 1))
    value = data.draw(st.none() | KINDS[column][1])
    sent = value.isoformat() if isinstance(value, dt.date) else value
    after, _ = run(df, "newCellValue", column=column, rowIndex=row, newValue=sent)
    expected = df[column].to_list()
    expected[row] = value
    assert after[column].to_list() == expected
    untouched(df, after, column)


@EXAMPLES
@given(frames(), st.sampled_from([*KINDS, "constant", "empty"]), st.sampled_from(["mean", "median", "mode"]))
def test_fill_with_average(df: pl.DataFrame, column: str, metric: str) -> None:
    values = df[column]
    known = [value for value in values.to_list() if value is not None]
    if metric != "mode" and column in {"text", "boolean", "empty"}:
        with pytest.raises(InvalidType):
            run(df, "fillWithAverage", column=column, metric=metric)
        return
    if not known:
        with pytest.raises(InvalidValue):
            run(df, "fillWithAverage", column=column, metric=metric)
        return
    after, _ = run(df, "fillWithAverage", column=column, metric=metric)
    average = _average(known, metric)
    for old, new in zip(values.to_list(), after[column].to_list(), strict=True):
        if old is not None:
            assert new == old
        elif isinstance(average, pd.Timestamp):
            moment = pd.Timestamp(new)
            assert abs((moment - (average.floor("D") if column == "date" else average)).total_seconds()) < 1e-5
        elif isinstance(average, float):
            assert math.isclose(new, average, rel_tol=1e-9, abs_tol=1e-9)
        else:
            assert new == average
    untouched(df, after, column)


def _average(known: list[Any], metric: str) -> Any:
    series = pd.Series(pd.to_datetime(known) if isinstance(known[0], dt.date) else known)
    if metric != "mode":
        average = getattr(series, metric)()
        return average if isinstance(average, pd.Timestamp) else float(average)
    if isinstance(known[0], str):
        # pandas sorts text as Python does, by code point; counted by hand all the same.
        return min(set(known), key=lambda value: (-known.count(value), value))
    mode = series.mode().iloc[0]
    return mode if isinstance(mode, pd.Timestamp) else mode.item() if hasattr(mode, "item") else mode


@EXAMPLES
@given(frames(), st.sampled_from([*KINDS, "constant", "empty"]))
def test_empty_string_to_nan(df: pl.DataFrame, column: str) -> None:
    after, _ = run(df, "emptyStringToNaN", column=column)
    assert after[column].to_list() == [None if value == "" else value for value in df[column].to_list()]
    untouched(df, after, column)


VALUES = st.sampled_from(["", "a", "b", "aa", "1", "2.5", "zz"])


@EXAMPLES
@given(frames(), st.lists(st.tuples(VALUES, VALUES | st.none()), min_size=1, max_size=4))
def test_find_replace_whole_values_in_text(df: pl.DataFrame, pairs: list[tuple[str, str | None]]) -> None:
    find, put = zip(*pairs, strict=True)
    after, _ = run(df, "findReplace", column="text", toReplace=list(find), replaceWith=list(put))
    expected = []
    for value in df["text"].to_list():
        for old, new in pairs:
            if value is not None and value == old:
                value = new
        expected.append(value)
    assert after["text"].to_list() == expected
    untouched(df, after, "text")


@EXAMPLES
@given(
    frames(),
    st.sampled_from(["few", "float", "int"]),
    st.lists(
        st.tuples(st.integers(0, 3), st.integers(0, 5) | st.sampled_from([0.5, None, "2", "x"])), min_size=1, max_size=3
    ),
)
def test_find_replace_in_numbers(df: pl.DataFrame, column: str, pairs: list[tuple[int, Any]]) -> None:
    find, put = zip(*pairs, strict=True)
    after, _ = run(df, "findReplace", column=column, toReplace=list(find), replaceWith=list(put))
    expected = []
    for value in df[column].to_list():
        for old, new in pairs:
            if value is not None and _number(value) == old:
                value = new
        expected.append(value)
    numeric = all(_number(value) is not None for value in expected if value is not None)
    assert after[column].dtype.is_numeric() == numeric
    if numeric:
        assert after[column].to_list() == [None if value is None else _number(value) for value in expected]


def _number(value: Any) -> float | None:
    try:
        return float(value)
    except ValueError:
        return None


PATTERNS = [
    (r"a", "X"), (r"(.)\1", r"<\1>"), (r"^", ">"), (r"$", "<"), (r"\d+", "#"), (r"(?P<c>[ab])", r"\g<c>\g<c>"),
    (r"a*", "-"), (r"(?<=a)b", "!"), (r"\w", "$1"), (r"(?i)A|b", r"\\"), (r"\s|\b", "|"), (r"x?", "\\n"),
]  # fmt: skip


@EXAMPLES
@given(frames(), st.lists(st.sampled_from(PATTERNS), min_size=1, max_size=3))
def test_find_replace_patterns_mean_what_python_means(df: pl.DataFrame, pairs: list[tuple[str, str]]) -> None:
    find, put = zip(*pairs, strict=True)
    after, _ = run(df, "findReplace", column="text", toReplace=list(find), replaceWith=list(put), matchRegex=True)
    expected = []
    for value in df["text"].to_list():
        if value is not None:
            for pattern, replacement in pairs:
                value = re.sub(pattern, replacement, value)
        expected.append(value)
    assert after["text"].to_list() == expected


@EXAMPLES
@given(frames())
def test_change_text_to_numbers(df: pl.DataFrame) -> None:
    after, outcome = run(df, "changeColumnDataType", column="text", newDataType="float")
    expected = [_python_number(value) for value in df["text"].to_list()]
    assert after["text"].to_list() == expected
    lost = sum(new is None for new in expected) - df["text"].null_count()
    assert outcome.answer["invalidated"] == lost


def _python_number(text: str | None) -> float | None:
    """What counts as a number in a cell: decimal notation and infinity, as `pandas.to_numeric` reads them."""
    pattern = r"\s*[-+]?((\d+\.?\d*|\.\d+)(e[-+]?\d+)?|inf|infinity)\s*"
    if text is None or not re.fullmatch(pattern, text, re.ASCII | re.IGNORECASE):
        return None
    return float(text)


@EXAMPLES
@given(frames())
def test_change_numbers(df: pl.DataFrame) -> None:
    after, outcome = run(df, "changeColumnDataType", column="float", newDataType="int")
    assert after["float"].to_list() == [None if value is None else int(value) for value in df["float"].to_list()]
    assert outcome.answer["cut"] == sum(value is not None and int(value) != value for value in df["float"].to_list())
    after, outcome = run(df, "changeColumnDataType", column="int", newDataType="float64")
    assert outcome.answer["cut"] == sum(
        value is not None and int(float(value)) != value for value in df["int"].to_list()
    )
    pd.testing.assert_series_equal(after["int"].to_pandas(), df["int"].to_pandas().astype("float64"))
    after, _ = run(df, "changeColumnDataType", column="few", newDataType="bool")
    assert after["few"].to_list() == [None if value is None else value != 0 for value in df["few"].to_list()]
    after, outcome = run(df, "changeColumnDataType", column="int", newDataType="int8")
    assert after["int"].to_list() == [v if v is not None and -128 <= v < 128 else None for v in df["int"].to_list()]
    assert outcome.answer["invalidated"] == sum(v is not None and not -128 <= v < 128 for v in df["int"].to_list())
    assert outcome.answer["cut"] == 0


NOON = dt.datetime.fromisoformat("2024-01-01T12:00")


@pytest.mark.parametrize(
    ("values", "target", "cut", "told"),
    [
        ([1.5, 3.0, None, -0.25], "int", 2, "; 2 values lost the fraction"),
        (["1.5", " 2 ", "x", "9007199254740993"], "int", 1, "; 1 value lost the fraction"),
        ([2**53 + 1, 2**53, 2**63 - 1], "float", 2, "; 2 values lost the last digits"),
        ([0.1, 0.5, math.inf], "float32", 1, "; 1 value lost the last digits"),
        ([NOON, NOON.replace(hour=0)], "date", 1, "; 1 value lost the time of day"),
        ([NOON], "string", 0, ""),
        ([2, 0], "bool", 0, ""),
    ],
)
def test_what_a_conversion_cuts_off_is_told(values: list[Any], target: str, cut: int, told: str) -> None:
    _, outcome = run(pl.DataFrame({"a": values}), "changeColumnDataType", column="a", newDataType=target)
    assert outcome.answer["cut"] == cut
    assert outcome.sentence.endswith(told)
    assert ("lost" in outcome.sentence) == (cut > 0)


@EXAMPLES
@given(frames(), st.sampled_from([*KINDS, "constant"]))
def test_change_to_text_and_back(df: pl.DataFrame, column: str) -> None:
    as_text, _ = run(df, "changeColumnDataType", column=column, newDataType="string")
    assert as_text[column].dtype == pl.String
    if column in {"date", "datetime"}:
        form = "%Y-%m-%d" if column == "date" else "%Y-%m-%dT%H:%M:%S.%f"
        back, outcome = run(as_text, "changeColumnDataType", column=column, newDataType=column, dateFormat=form)
    else:
        names = {"int": "int", "few": "int", "constant": "int", "float": "float", "boolean": "bool", "text": "string"}
        back, outcome = run(as_text, "changeColumnDataType", column=column, newDataType=names[column])
    assert back[column].to_list() == df[column].to_list()
    assert outcome.answer["invalidated"] == 0


def test_a_malformed_pattern_changes_nothing() -> None:
    with pytest.raises(InvalidPattern, match="character 1"):
        run(pl.DataFrame({"t": ["a"]}), "findReplace", column="t", toReplace=["a("], replaceWith=[""], matchRegex=True)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (["13/02/2020", "01/03/2020"], [dt.date(2020, 2, 13), dt.date(2020, 3, 1)]),
        (["02/13/2020", "03/01/2020"], [dt.date(2020, 2, 13), dt.date(2020, 3, 1)]),
        (["Jun 12 1998", "Dec 1 2001"], [dt.date(1998, 6, 12), dt.date(2001, 12, 1)]),
        (["1/8/90 0:00", "12/13/99 10:30"], [dt.date(1990, 1, 8), dt.date(1999, 12, 13)]),
        (["2020-02-13T10:00:00Z", "2020-03-01T23:30:00+02:00"], [dt.date(2020, 2, 13), dt.date(2020, 3, 1)]),
        (["12-Jun-98", "1-Dec-01"], [dt.date(1998, 6, 12), dt.date(2001, 12, 1)]),
        (["5/5/2020", "6/6/2020"], [dt.date(2020, 5, 5), dt.date(2020, 6, 6)]),
    ],
)
def test_the_whole_column_decides_the_order_of_day_and_month(values: list[str], expected: list[dt.date]) -> None:
    after, _ = run(pl.DataFrame({"d": values}), "changeColumnDataType", column="d", newDataType="date")
    assert after["d"].to_list() == expected


def test_dates_that_could_be_either_are_not_guessed() -> None:
    with pytest.raises(InvalidValue, match="dateFormat"):
        run(pl.DataFrame({"d": ["1/2/2020"]}), "changeColumnDataType", column="d", newDataType="date")


@pytest.mark.parametrize(
    ("values", "put", "dtype"),
    [
        ([dt.date(2001, 5, 3), None], "new", pl.String()),
        ([dt.date(2001, 5, 3), None], "2002-01-01", pl.Date()),
        ([dt.time(1, 2, 3), None], "new", pl.String()),
        ([dt.timedelta(days=1), None], "new", pl.String()),
        ([b"x", None], "new", pl.String()),
    ],
    ids=["date", "date by date", "time", "duration", "bytes"],
)
def test_find_replace_turns_to_text_what_holds_no_text(values: list[Any], put: str, dtype: pl.DataType) -> None:
    after, _ = run(pl.DataFrame({"x": values}), "findReplace", column="x", toReplace=[None], replaceWith=[put])
    assert after["x"].dtype == dtype
    assert str(after["x"][1]) == put


@pytest.mark.parametrize(
    ("values", "new"),
    [([dt.date(2001, 5, 3)], "time"), ([dt.time(1)], "date"), ([dt.timedelta(1)], "datetime"), ([b"1"], "int")],
    ids=["date to time", "time to date", "duration to datetime", "bytes to int"],
)
def test_conversions_that_mean_nothing_are_refused(values: list[Any], new: str) -> None:
    with pytest.raises(InvalidType):
        run(pl.DataFrame({"x": values}), "changeColumnDataType", column="x", newDataType=new)
