"""Splitting, combining and copying columns."""

from __future__ import annotations

import re
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from longshore.errors import ColumnNotFound, InvalidPattern, InvalidRequest, InvalidValue, NameTaken, TooLarge
from longshore.tables.operations import require_operation
from longshore.tables.replay.apply import apply
from tables.operations.test_against_pandas import EXAMPLES, KINDS, TEXT, frames, run, untouched

COLUMNS = [*KINDS, "constant", "empty"]


def printed(df: pl.DataFrame, column: str) -> list[str | None]:
    after, _ = run(df, "changeColumnDataType", column=column, newDataType="string")
    return after[column].to_list()


def check_split(df: pl.DataFrame, after: pl.DataFrame, column: str, parts: list[list[str] | None]) -> None:
    width = max((len(each) for each in parts if each is not None), default=1)
    names = [f"{column}_{number}" for number in range(width)]
    at = df.columns.index(column)
    assert after.columns == [*df.columns[: at + 1], *names, *df.columns[at + 1 :]]
    for number, name in enumerate(names):
        expected = [(each[number] or None) if each is not None and number < len(each) else None for each in parts]
        assert after[name].to_list() == expected
    untouched(df, after)


@EXAMPLES
@given(
    frames(),
    st.lists(st.text("a,;é ", max_size=8) | st.none(), min_size=12, max_size=12),
    st.sampled_from([",", ";", ", ", "é", "aa", "zz", ".", "$"]),
)
def test_split_as_python_splits(df: pl.DataFrame, texts: list[str | None], delimiter: str) -> None:
    df = df.with_columns(text=pl.Series(texts[: df.height], dtype=pl.String))
    after, outcome = run(df, "splitColumn", column="text", delimiter=delimiter)
    check_split(df, after, "text", [None if t is None else t.split(delimiter) for t in df["text"].to_list()])
    assert outcome.answer["newColumns"][0] == "text_0"


@EXAMPLES
@given(frames(), st.sampled_from(COLUMNS), st.sampled_from(["-", "0", "1", "e", ".", "T"]))
def test_split_any_column_as_it_prints(df: pl.DataFrame, column: str, delimiter: str) -> None:
    after, _ = run(df, "splitColumn", column=column, delimiter=delimiter)
    check_split(df, after, column, [None if t is None else t.split(delimiter) for t in printed(df, column)])


PATTERNS = [",", "[,;]", r"\s*,\s*", "(,)|(;)", "a+", r"(?<=a),", r"(a)\1", "x?", "^", "$", r"\b", "(?i)É", "."]


@EXAMPLES
@given(
    st.lists(st.text("a,;é \n", max_size=6) | st.none() | TEXT, max_size=6),
    st.sampled_from(PATTERNS),
)
def test_split_by_a_pattern_as_python_splits_less_the_groups(texts: list[str | None], pattern: str) -> None:
    df = pl.DataFrame({"t": pl.Series(texts, dtype=pl.String)})
    after, _ = run(df, "splitColumn", column="t", delimiter=pattern, regex=True)
    step = re.compile(pattern).groups + 1
    check_split(df, after, "t", [None if text is None else re.split(pattern, text)[::step] for text in texts])


def test_split_names_that_are_taken_get_a_number() -> None:
    df = pl.DataFrame({"a": ["x-y"], "a_0": [1], "a_1": [2], "a_1.1": [3]})
    after, _ = run(df, "splitColumn", column="a", delimiter="-")
    assert after.columns == ["a", "a_0.1", "a_1.2", "a_0", "a_1", "a_1.1"]


def test_split_with_facts_from_another_table_keeps_the_rest_in_the_last_part(make_table: Any) -> None:
    table = make_table(pl.DataFrame({"a": ["1-2-3-4", "5", None]}))
    after = apply(table, require_operation("splitColumn").parse({"column": "a", "delimiter": "-"}), {"parts": 2})
    assert after.table.scan().collect().rows() == [("1-2-3-4", "1", "2-3-4"), ("5", "5", None), (None, None, None)]


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ({"column": "a", "delimiter": ""}, InvalidRequest),
        ({"column": "a", "delimiter": 1}, InvalidRequest),
        ({"column": "a"}, InvalidRequest),
        ({"column": "a", "delimiter": "(", "regex": True}, InvalidPattern),
        ({"column": "a", "delimiter": "-", "regex": "yes"}, InvalidRequest),
        ({"columnIndex": 1, "delimiter": "-"}, ColumnNotFound),
        ({"column": "a", "delimiter": "-"}, TooLarge),
        ({"column": "a", "delimiter": "-|b", "regex": True}, TooLarge),
    ],
)
def test_split_refuses(body: dict[str, Any], error: type[Exception]) -> None:
    with pytest.raises(error):
        run(pl.DataFrame({"a": ["-" * 1000, None]}), "splitColumn", **body)


def test_split_into_as_many_parts_as_are_allowed() -> None:
    after, _ = run(pl.DataFrame({"a": ["-".join(["x"] * 1000)]}), "splitColumn", column="a", delimiter="-")
    assert after.width == 1001


@EXAMPLES
@given(
    frames(),
    st.lists(st.integers(0, 8), min_size=2, max_size=5).filter(lambda indices: len(set(indices)) > 1),
    st.sampled_from(["", ",", " - ", "é"]),
    st.integers(0, 9),
)
def test_combine(df: pl.DataFrame, indices: list[int], separator: str, at: int) -> None:
    sources = [df.columns[index] if index % 2 else index for index in indices]
    after, _ = run(df, "combineColumns", columnsToCombine=sources, seperator=separator, newName="both", insertIndex=at)
    texts = [printed(df, df.columns[index]) for index in indices]
    expected = []
    for row in range(df.height):
        parts = [column[row] for column in texts]
        known = [part for part in parts if part is not None]
        expected.append(separator.join(known) if known else None)
    assert after["both"].to_list() == expected
    assert after.columns == [*df.columns[:at], "both", *df.columns[at:]]
    untouched(df, after)


def test_combine_defaults_and_both_spellings() -> None:
    df = pl.DataFrame({"a": ["x"], "b": [1.0]})
    for spelling in ("seperator", "separator"):
        operation = require_operation("combineColumns").parse({"columnsToCombine": [1, 0], spelling: "+"})
        assert operation.recorded() == {"columnsToCombine": [1, 0], "seperator": "+"}
        after, _ = run(df, "combineColumns", columnsToCombine=[1, 0], **{spelling: "+"})
        assert after.rows(named=True) == [{"merged_column": "1.0+x", "a": "x", "b": 1.0}]


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"columnsToCombine": [0]}, InvalidRequest),
        ({"columnsToCombine": []}, InvalidRequest),
        ({"columnsToCombine": [0, 0]}, ColumnNotFound),
        ({"columnsToCombine": [0, "a"]}, ColumnNotFound),
        ({"columnsToCombine": [0, 2]}, ColumnNotFound),
        ({"columnsToCombine": [0, -1]}, ColumnNotFound),
        ({"columnsToCombine": [0, True]}, InvalidRequest),
        ({"columnsToCombine": "ab"}, InvalidRequest),
        ({"newName": "a"}, NameTaken),
        ({"newName": " "}, InvalidValue),
        ({"insertIndex": 3}, ColumnNotFound),
        ({"insertIndex": -1}, ColumnNotFound),
        ({"seperator": 1}, InvalidRequest),
        ({"separator": ","}, InvalidRequest),
    ],
)
def test_combine_refuses(change: dict[str, Any], error: type[Exception]) -> None:
    body = {"columnsToCombine": [0, 1], "seperator": " ", **change}
    with pytest.raises(error):
        run(pl.DataFrame({"a": ["x"], "b": ["y"]}), "combineColumns", **body)


def test_combine_needs_a_separator() -> None:
    with pytest.raises(InvalidRequest, match="seperator"):
        run(pl.DataFrame({"a": ["x"], "b": ["y"]}), "combineColumns", columnsToCombine=[0, 1])


@EXAMPLES
@given(frames(), st.sampled_from(COLUMNS))
def test_insert_duplicate(df: pl.DataFrame, column: str) -> None:
    after, outcome = run(df, "insertDuplicateColumn", column=column)
    reference = df.to_pandas()
    reference.insert(df.columns.index(column) + 1, f"{column}_copy", reference[column])
    assert after.columns == list(reference.columns)
    assert after[f"{column}_copy"].equals(df[column])
    untouched(df, after)
    assert len(outcome.table.files) == 1, "a copy writes nothing"


def test_a_copy_of_a_copied_column_gets_a_number(make_table: Any) -> None:
    table = make_table(pl.DataFrame({"a": [1], "b": [2]}))
    copying = require_operation("insertDuplicateColumn").parse({"columnIndex": 0})
    for _ in range(3):
        table = apply(table, copying).table
    assert table.names == ["a", "a_copy.2", "a_copy.1", "a_copy", "b"]
    changed = apply(table, require_operation("newCellValue").parse({"column": "a_copy", "rowIndex": 0, "newValue": 9}))
    assert changed.table.scan().collect().rows() == [(1, 1, 1, 9, 2)]
    rewritten = apply(changed.table, require_operation("deleteRows").parse({"rowIndices": [0]})).table
    assert rewritten.scan().collect().shape == (0, 5)
