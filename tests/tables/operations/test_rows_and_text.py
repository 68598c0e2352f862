"""Rows sorted, dropped and added, text trimmed and taken apart: on random tables, against pandas and plain Python."""

from __future__ import annotations

import datetime as dt
import re
import tempfile
from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from longshore.errors import ColumnNotFound, InvalidPattern, InvalidRequest, InvalidType, InvalidValue, RowNotFound
from longshore.tables.core.table import Table, write_columns
from longshore.tables.operations import require_operation
from longshore.tables.operations.text import title
from longshore.tables.replay.apply import Outcome, apply
from longshore.tables.viewing import ViewParameters, Views
from support.drawing import cells

EXAMPLES = settings(
    max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)
WORDS = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=8)
KINDS: dict[str, tuple[pl.DataType, st.SearchStrategy[Any]]] = {
    "few": (pl.Int64(), st.integers(0, 2)),
    "float": (pl.Float64(), st.sampled_from([0.0, -0.0, 1.5, -2.25, 1e300])),
    "text": (pl.String(), st.sampled_from(["", "a", " a  b ", "ä", "日本", "A1", "1a\n", "x=1", "\u3000x"]) | WORDS),
    "date": (pl.Date(), st.dates(dt.date(2000, 1, 1), dt.date(2000, 1, 4))),
    "boolean": (pl.Boolean(), st.booleans()),
}  # fmt: skip


@st.composite
def frames(draw: st.DrawFn, most_rows: int = 12) -> pl.DataFrame:
    rows = draw(st.integers(0, most_rows))
    columns = {"row": pl.Series("row", range(rows), dtype=pl.Int64)}
    for name, (dtype, values) in KINDS.items():
        columns[name] = pl.Series(name, draw(cells(values, rows)), dtype=dtype)
    return pl.DataFrame(columns)


def run(df: pl.DataFrame, operation: str, **body: Any) -> tuple[pl.DataFrame, Outcome]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        written, rows = write_columns(folder, df.lazy(), df.columns)
        table = Table(folder, tuple(written), rows)
        outcome = apply(table, require_operation(operation).parse(body))
        after = outcome.table.scan().collect()
        for column in outcome.table.columns:
            assert (after[column.name].null_count(), after[column.name].dtype) == (column.missing, column.dtype)
        assert after.height == outcome.table.rows
        assert table.scan().collect().equals(df), "an operation must leave the old table as it is"
        assert not list(folder.glob(".*")), "no temporary file may stay"
        return after, outcome


COLUMN_LISTS = st.lists(st.sampled_from([*KINDS]), min_size=1, max_size=3, unique=True)


@EXAMPLES
@given(frames(), COLUMN_LISTS, st.lists(st.booleans(), min_size=3, max_size=3))
def test_sort_rows(df: pl.DataFrame, columns: list[str], ascending: list[bool]) -> None:
    keys = [{"column": name, "ascending": up} for name, up in zip(columns, ascending, strict=False)]
    after, _ = run(df, "sortRows", sortBy=keys)
    expected = df.to_pandas().astype({"boolean": object, "date": object})
    for name, up in reversed(list(zip(columns, ascending, strict=False))):
        expected = expected.sort_values(name, ascending=up, kind="stable", na_position="last")
    assert after["row"].to_list() == expected["row"].to_list()
    assert after.equals(df[after["row"].to_list()])


@EXAMPLES
@given(frames(), COLUMN_LISTS | st.none(), st.sampled_from(["first", "last"]))
def test_deduplicate(df: pl.DataFrame, columns: list[str] | None, keep: Any) -> None:
    if columns is None:
        df = df.drop("row")
    after, outcome = run(df, "deduplicate", keep=keep, **({"columns": columns} if columns else {}))
    kept = (~df.to_pandas().duplicated(columns, keep=keep)).tolist()
    assert after.equals(df.filter(pl.Series(kept, dtype=pl.Boolean)))
    assert outcome.answer == {"removed": kept.count(False)}


VIEWS: list[dict[str, Any]] = [
    {"filterType": "invalid", "filterColumns": ["text", "few"]},
    {"filterType": "duplicates", "filterColumns": ["few", "boolean"]},
    {"filterType": "outliers", "filterColumns": ["few"], "outliersStdDev": 1.0},
    {"searchQuery": "a"},
    {"searchQuery": "0", "searchColumns": ["float", "date"]},
    {"searchQuery": r"^\S", "searchIsRegex": True, "searchColumnIndices": [3]},
    {"filterType": "duplicates", "filterColumnIndices": [1], "searchQuery": "a", "searchColumns": ["text"]},
]


@settings(EXAMPLES, max_examples=210)
@given(frames(), st.sampled_from(VIEWS))
def test_keep_and_drop_what_the_view_shows(df: pl.DataFrame, view: dict[str, Any]) -> None:
    kept, _ = run(df, "keepRows", **view)
    dropped, _ = run(df, "dropRows", **view)
    with tempfile.TemporaryDirectory() as name:
        written, rows = write_columns(Path(name), df.lazy(), df.columns)
        views = Views(Path(name) / "cache", 10**6)
        shown = views.rows_of(Table(Path(name), tuple(written), rows), ViewParameters.read(view))
        views.close()
    chosen = sorted(shown.tolist())
    assert kept.equals(df[chosen])
    assert dropped.equals(df[[row for row in range(df.height) if row not in chosen]])


def test_keep_rows_needs_a_view() -> None:
    with pytest.raises(InvalidRequest, match="give filterType, where or searchQuery"):
        run(pl.DataFrame({"a": [1]}), "keepRows")
    with pytest.raises(InvalidType):
        run(pl.DataFrame({"a": ["x"]}), "dropRows", filterType="outliers", filterColumns=["a"])
    with pytest.raises(InvalidPattern):
        run(pl.DataFrame({"a": ["x"]}), "dropRows", searchQuery="(", searchIsRegex=True)


@EXAMPLES
@given(frames(), frames(4), st.data())
def test_add_rows(df: pl.DataFrame, new: pl.DataFrame, data: st.DataObject) -> None:
    if new.is_empty():
        return
    place = data.draw(st.none() | st.integers(0, df.height))
    as_json = [{k: v.isoformat() if isinstance(v, dt.date) else v for k, v in row.items()} for row in new.to_dicts()]
    rows = [list(row.values()) if data.draw(st.booleans()) else row for row in as_json]
    after, outcome = run(df, "addRows", rows=rows, **({} if place is None else {"rowIndex": place}))
    at = df.height if place is None else place
    assert after.equals(pl.concat([df[:at], new, df[at:]]))
    assert outcome.answer == {"rowIndex": at}


def test_insert_row_of_every_type() -> None:
    zoned = pl.Datetime("ms", "Europe/Berlin")
    df = pl.DataFrame(
        {
            "decimal": pl.Series([Decimal("1.20")], dtype=pl.Decimal(10, 2)),
            "zoned": pl.Series([dt.datetime(2020, 1, 1)], dtype=zoned),  # noqa: DTZ001
            "category": pl.Series(["a"], dtype=pl.Categorical),
            "time": [dt.time(1)],
            "u8": pl.Series([1], dtype=pl.UInt8),
            "duration": [dt.timedelta(1)],
        }
    )
    values = {"decimal": "3.5", "zoned": "2020-06-01T10:00:00Z", "category": "neu", "time": "02:30", "u8": 255}
    after, outcome = run(df, "insertRow", rowIndex=0, values=values)
    assert after.schema == df.schema
    assert after.row(0)[:1] + after.row(0)[2:] == (Decimal("3.50"), "neu", dt.time(2, 30), 255, None)
    assert after["zoned"].dt.convert_time_zone("UTC").dt.hour()[0] == 10
    assert after[1:].equals(df)
    assert outcome.sentence == "Added 1 row before row 0"
    empty, _ = run(df, "insertRow", rowIndex=1)
    assert empty.row(1) == (None,) * 6


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ({"rows": [["x"]]}, InvalidValue),
        ({"rows": [[1, 2]]}, InvalidValue),
        ({"rows": [{"b": 1}]}, ColumnNotFound),
        ({"rows": [[[1]]]}, InvalidRequest),
        ({"rows": []}, InvalidRequest),
        ({"rows": [[1]], "rowIndex": 3}, RowNotFound),
        ({"rows": [[1]], "rowIndex": -1}, RowNotFound),
        ({"rows": [[True]]}, InvalidValue),
        ({"rows": [[300.5]]}, InvalidValue),
    ],
)
def test_rows_that_do_not_fit(body: dict[str, Any], error: type[Exception]) -> None:
    with pytest.raises(error):
        run(pl.DataFrame({"a": [1, 2]}), "addRows", **body)


@given(st.integers(0, 3), st.integers(0, 3))
def test_move_column_writes_nothing(index: int, place: int) -> None:
    df = pl.DataFrame({name: [1] for name in "abcd"})
    after, outcome = run(df, "moveColumn", columnIndex=index, toIndex=place)
    names = list("abcd")
    names.insert(place, names.pop(index))
    assert after.columns == names
    assert len(outcome.table.files) == 1
    with pytest.raises(ColumnNotFound):
        run(df, "moveColumn", columnIndex=0, toIndex=4)


@EXAMPLES
@given(frames(), st.sampled_from(["both", "start", "end", "none"]), st.booleans())
def test_trim_text(df: pl.DataFrame, ends: str, collapse: bool) -> None:
    after, outcome = run(df, "trimText", columns=["text"], ends=ends, collapse=collapse)
    strip = {"both": str.strip, "start": str.lstrip, "end": str.rstrip, "none": str}[ends]
    spaces = re.compile(r"\s+")
    expected = [None if v is None else (spaces.sub(" ", strip(v)) if collapse else strip(v)) for v in df["text"]]
    assert after["text"].to_list() == expected
    changed = sum(old != new for old, new in zip(df["text"], expected, strict=True))
    assert outcome.answer == {"changedCells": changed}


@EXAMPLES
@given(frames(), st.sampled_from(["upper", "lower", "title", "sentence"]))
def test_change_case(df: pl.DataFrame, case: str) -> None:
    after, _ = run(df, "changeCase", columns=["text"], case=case)
    reference = {"upper": str.upper, "lower": str.lower, "title": title, "sentence": _sentence}[case]
    assert after["text"].to_list() == [None if value is None else reference(value) for value in df["text"]]


def _sentence(text: str) -> str:
    lower = text.lower()
    start = next((i for i, c in enumerate(lower) if c.isalnum()), len(lower))
    return lower[:start] + lower[start : start + 1].upper() + lower[start + 1 :]


@given(st.text(st.characters(max_codepoint=127)))
def test_titles_by_the_engine_and_by_python_agree(text: str) -> None:
    after, _ = run(pl.DataFrame({"t": [text, None]}), "changeCase", columns=["t"], case="title")
    assert after["t"].to_list() == [title(text), None]


def test_text_operations_keep_categories_and_refuse_numbers() -> None:
    df = pl.DataFrame({"c": pl.Series([" a", None], dtype=pl.Categorical), "n": [1, 2]})
    after, _ = run(df, "trimText", columns=["c"])
    assert after["c"].dtype == pl.Categorical()
    assert after["c"].to_list() == ["a", None]
    with pytest.raises(InvalidType):
        run(df, "changeCase", columns=["n"], case="upper")


PATTERNS = [
    r"(\w)(\d)?", r"(?P<first>.)(?P<rest>.*)", r"a", r"(a|b)+", r"(?i)(A)|(b)", r"(?<=a)(.)", r"(.)\1",
    r"(?x) (\w)  # a comment", r"^(\S*)\s", r"(?P<key>\w+)=(?P<value>\d+)", r"\s$", r"(\d)$", r"()x", r"(x)?(?(1)=|a)",
    r"[^\x00-\x7f]+", r"(?s:.)\n",
]  # fmt: skip


@settings(EXAMPLES, max_examples=320)
@given(frames(), st.sampled_from(PATTERNS))
def test_extract(df: pl.DataFrame, pattern: str) -> None:
    after, outcome = run(df, "extract", column="text", pattern=pattern)
    groups = re.compile(pattern).groups or 1
    new = after.columns[4 : 4 + groups]
    assert after.columns == [*df.columns[:4], *new, *df.columns[4:]]
    with_group = pattern if re.compile(pattern).groups else f"({pattern})"
    # An object column keeps pandas on Python's own expressions.
    expected = df["text"].to_pandas().astype(object).str.extract(with_group) if df.height else pd.DataFrame()
    for index, name in enumerate(new):
        values = [None if pd.isna(v) or v == "" else v for v in expected.iloc[:, index]] if df.height else []
        assert after[name].to_list() == values
    assert outcome.answer["found"] == {name: after.height - after[name].null_count() for name in new}


def test_extract_names() -> None:
    df = pl.DataFrame({"t": ["a1"], "year": ["x"]})
    assert run(df, "extract", column="t", pattern="(a)(?P<year>1)")[0].columns == ["t", "t_1", "year.1", "year"]
    with pytest.raises(InvalidPattern):
        run(df, "extract", column="t", pattern="(")
