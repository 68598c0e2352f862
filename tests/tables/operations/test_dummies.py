"""Indicator columns against pandas.get_dummies."""

from __future__ import annotations

import datetime as dt
import json
from decimal import Decimal
from typing import Any

import pandas as pd
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from longshore.errors import ColumnNotFound, IllegalOperation, InvalidRequest, TooLarge
from longshore.tables.operations import require_operation
from longshore.tables.replay.apply import apply
from tables.operations.test_against_pandas import EXAMPLES, KINDS, frames, run, untouched

COLUMNS = [*KINDS, "constant", "empty"]


@EXAMPLES
@given(frames(), st.sampled_from(COLUMNS), st.booleans())
def test_generate_dummies(df: pl.DataFrame, column: str, inplace: bool) -> None:
    after, outcome = run(df, "generateDummies", column=column, inplace=inplace)
    at = df.columns.index(column)
    reference = pd.get_dummies(pd.Series(df[column].to_list(), dtype=object), dtype=int)
    made = outcome.answer["newColumns"]
    kept = [] if inplace else [column]
    assert after.columns == [*df.columns[:at], *kept, *made, *df.columns[at + 1 :]]
    assert [after[name].to_list() for name in made] == [reference[value].to_list() for value in reference.columns]
    assert all(after[name].dtype == pl.Int64 for name in made)
    untouched(df, after, *([column] if inplace else []))
    json.dumps(outcome.facts, allow_nan=False)


@EXAMPLES
@given(frames(), st.sampled_from(COLUMNS))
def test_names_are_the_values_as_they_print(df: pl.DataFrame, column: str) -> None:
    _, outcome = run(df, "generateDummies", column=column)
    as_text, _ = run(df, "changeColumnDataType", column=column, newDataType="string")
    expected = {f"{column}_{text}" for text in as_text[column].drop_nulls()}
    # Floats that are equal but print differently (0.0 and -0.0) are one value.
    assert {name.replace("-0.0", "0.0") for name in outcome.answer["newColumns"]} == {
        name.replace("-0.0", "0.0") for name in expected
    }


SPECIAL = {
    "nanoseconds": pl.Series([1, 2, None, 1]).cast(pl.Datetime("ns")),
    "zone": pl.Series([1, 2_000_000, None, 1]).cast(pl.Datetime("us", "Europe/Berlin")),
    "duration": pl.Series([1, 2, None, 1]).cast(pl.Duration("us")),
    "time": pl.Series([dt.time(1), dt.time(2), None, dt.time(1)]),
    "decimal": pl.Series([Decimal("1.10"), Decimal("2.20"), None, Decimal("1.10")]),
    "categorical": pl.Series(["1b", "2a", None, "1b"]).cast(pl.Categorical()),
    "infinite": pl.Series([1.0, float("inf"), None, 1.0]),
    "float32": pl.Series([0.1, 0.2, None, 0.1], dtype=pl.Float32),
    "int128": pl.Series([1, 2**100, None, 1], dtype=pl.Int128),
    "uint64": pl.Series([1, 2**64 - 1, None, 1], dtype=pl.UInt64),
    "binary": pl.Series([b"\x00", b"\xff", None, b"\x00"]),
}


@pytest.mark.parametrize("name", SPECIAL)
def test_columns_of_rare_types(name: str) -> None:
    after, outcome = run(pl.DataFrame({"a": SPECIAL[name]}), "generateDummies", column="a")
    assert [after.to_series(index).to_list() for index in (1, 2)] == [[1, 0, 0, 1], [0, 1, 0, 0]]
    json.dumps(outcome.facts, allow_nan=False)


def test_facts_from_another_table_serve_again(make_table: Any) -> None:
    dummies = require_operation("generateDummies").parse({"column": "a", "inplace": True})
    facts = apply(make_table(pl.DataFrame({"a": ["1", "2"]})), dummies).facts
    numbers = apply(make_table(pl.DataFrame({"a": [2, 3, None]})), dummies, facts).table
    assert numbers.scan().collect().to_dict(as_series=False) == {"a_1": [0, 0, 0], "a_2": [1, 0, 0]}
    facts = apply(make_table(pl.DataFrame({"a": ["x", "2"]})), dummies).facts
    for other in ([True, None], [dt.date(2020, 1, 1), None], [2.5, None]):
        table = apply(make_table(pl.DataFrame({"a": other})), dummies, facts).table
        assert table.scan().collect().to_dict(as_series=False) == {"a_2": [0, 0], "a_x": [0, 0]}


def test_names_that_are_taken_empty_or_endless() -> None:
    df = pl.DataFrame({"a": ["x", "", "z" * 3000, "z" * 2000, "nul\x00"], "a_x": 1})
    after, outcome = run(df, "generateDummies", column="a")
    names = outcome.answer["newColumns"]
    assert names[:3] == ["a_", "a_nul", "a_x.1"]
    assert [len(name) for name in names[3:]] == [1024, 1024]
    assert len(set(after.columns)) == after.width


def test_a_thousand_values_are_the_limit() -> None:
    df = pl.DataFrame({"a": pl.int_range(1000, eager=True)})
    assert run(df, "generateDummies", column="a")[0].width == 1001
    with pytest.raises(TooLarge, match="1,000"):
        run(pl.DataFrame({"a": pl.int_range(1001, eager=True)}), "generateDummies", column="a")


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ({"columnIndex": 1}, ColumnNotFound),
        ({"columnIndex": 0, "inplace": 1}, InvalidRequest),
        ({"columnIndex": 0, "inplace": True}, IllegalOperation),
    ],
)
def test_refuses(body: dict[str, Any], error: type[Exception]) -> None:
    with pytest.raises(error):
        run(pl.DataFrame({"a": pl.Series([None, None], dtype=pl.String)}), "generateDummies", **body)
