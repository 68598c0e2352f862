"""Filling gaps and removing the rows that have them."""

from __future__ import annotations

from typing import Any

import pandas as pd
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from longshore.errors import ColumnNotFound, InvalidRequest, InvalidValue
from longshore.tables.operations import require_operation
from tables.operations.test_against_pandas import EXAMPLES, KINDS, frames, run, untouched

COLUMNS = [*KINDS, "constant", "empty"]


@EXAMPLES
@given(frames(), st.integers(0, 8), st.integers(0, 8), st.sampled_from(["pad", "bfill"]))
def test_fill_down(df: pl.DataFrame, one: int, other: int, method: str) -> None:
    first, last = sorted((one, other))
    after, outcome = run(df, "fillDown", columnFrom=first, columnTo=last, method=method)
    filled = df.columns[first : last + 1]
    for name in filled:
        series = pd.Series(df[name].to_list(), dtype=object)
        expected = series.ffill() if method == "pad" else series.bfill()
        assert after[name].to_list() == [None if pd.isna(value) else value for value in expected]
    untouched(df, after, *filled)
    gaps = sum(df[name].null_count() - after[name].null_count() for name in filled)
    assert outcome.answer == {"filled": gaps}


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ({"columnFrom": 0, "columnTo": 3, "method": "pad"}, ColumnNotFound),
        ({"columnFrom": -1, "columnTo": 0, "method": "pad"}, ColumnNotFound),
        ({"columnFrom": 1, "columnTo": 0, "method": "pad"}, InvalidRequest),
        ({"columnFrom": 0, "columnTo": 1, "method": "nearest"}, InvalidRequest),
        ({"columnFrom": True, "columnTo": 1}, InvalidRequest),
        ({"columnFrom": 0}, InvalidRequest),
    ],
)
def test_fill_down_refuses(body: dict[str, Any], error: type[Exception]) -> None:
    with pytest.raises(error):
        run(pl.DataFrame({"a": [1, None], "b": [None, 2], "c": [3, 3]}), "fillDown", **body)


def test_the_order_of_the_rows_matters_to_what_looks_at_neighbours() -> None:
    ordered = {name for name in ("fillDown", "interpolate") if require_operation(name).ordered}
    assert ordered == {"fillDown", "interpolate"}


@EXAMPLES
@given(frames(), st.sampled_from(COLUMNS), st.data())
def test_fill_with_custom_value(df: pl.DataFrame, column: str, data: st.DataObject) -> None:
    values = KINDS["text" if column == "empty" else "int" if column == "constant" else column][1]
    value = data.draw(values)
    sent = value.isoformat() if hasattr(value, "isoformat") else value
    after, outcome = run(df, "fillWithCustomValue", column=column, newValue=sent)
    assert after[column].to_list() == [value if old is None else old for old in df[column].to_list()]
    assert after[column].dtype == df[column].dtype
    assert outcome.answer == {"filled": df[column].null_count()}
    untouched(df, after, column)


@EXAMPLES
@given(frames(), st.sampled_from(["int", "few", "float", "date", "datetime", "boolean", "constant"]))
def test_fill_with_a_value_that_does_not_fit(df: pl.DataFrame, column: str) -> None:
    with pytest.raises(InvalidValue):
        run(df, "fillWithCustomValue", column=column, newValue="n/a")
    after, _ = run(df, "fillWithCustomValue", column=column, newValue="n/a", convert=True)
    if df[column].null_count() == 0:
        assert after.equals(df)
        return
    as_text, _ = run(df, "changeColumnDataType", column=column, newDataType="string")
    assert after[column].to_list() == as_text[column].fill_null("n/a").to_list()


@pytest.mark.parametrize("value", [None, "", "  "])
def test_gaps_are_not_filled_with_gaps(value: str | None) -> None:
    with pytest.raises(InvalidValue):
        run(pl.DataFrame({"a": [1, None]}), "fillWithCustomValue", column="a", newValue=value)


def test_a_list_is_no_value_to_fill_with() -> None:
    with pytest.raises(InvalidRequest, match="newValue"):
        run(pl.DataFrame({"a": [1, None]}), "fillWithCustomValue", column="a", newValue=[1])


@EXAMPLES
@given(frames(), st.sampled_from(COLUMNS))
def test_delete_rows_with_missing_values(df: pl.DataFrame, column: str) -> None:
    after, outcome = run(df, "deleteRowsWithNA", column=column)
    kept = df.to_pandas().dropna(subset=[column]).index.to_list()
    assert after.equals(df[kept])
    assert outcome.changed["rows"] == len(kept) - df.height
    assert outcome.answer == {"deleted": df.height - len(kept)}
