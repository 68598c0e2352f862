"""Rescaling numbers, against pandas."""

from __future__ import annotations

import json
import math
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from longshore.errors import InvalidRequest, InvalidType, InvalidValue
from longshore.tables.operations import require_operation
from longshore.tables.replay.apply import apply
from tables.operations.test_against_pandas import EXAMPLES, FLOATS, frames, run, untouched

NUMBERS = ["int", "few", "float", "constant"]
FULL_FLOATS = st.floats(allow_nan=False, allow_infinity=False)


@EXAMPLES
@given(frames(), st.sampled_from(NUMBERS), FLOATS, FLOATS)
def test_normalize(df: pl.DataFrame, column: str, one: float, other: float) -> None:
    low, high = min(one, other), max(one, other)
    if low == high:
        with pytest.raises(InvalidValue):
            run(df, "normalize", column=column, rangeFrom=low, rangeTo=high)
        return
    after, outcome = run(df, "normalize", column=column, rangeFrom=low, rangeTo=high)
    if df[column].n_unique() - (df[column].null_count() > 0) < 2:
        assert after.equals(df)
        return
    values = pd.Series(df[column].to_list(), dtype=float)
    expected = (values - values.min()) / (values.max() - values.min()) * (high - low) + low
    np.testing.assert_allclose(after[column].to_numpy(), expected.to_numpy(), rtol=1e-9, atol=1e-7)
    assert (after[column].min(), after[column].max()) == (low, high), "both ends are met exactly"
    assert after[column].dtype == pl.Float64
    assert outcome.facts == {"min": df[column].min(), "max": df[column].max()}
    untouched(df, after, column)


@EXAMPLES
@given(st.lists(st.none() | FULL_FLOATS, max_size=10))
def test_normalize_any_floats(values: list[float | None]) -> None:
    df = pl.DataFrame({"x": pl.Series(values, dtype=pl.Float64)})
    after, outcome = run(df, "normalize", column="x")
    json.dumps(outcome.facts, allow_nan=False)
    if df["x"].drop_nulls().n_unique() < 2:
        assert after.equals(df)
        return
    assert after["x"].null_count() == df["x"].null_count()
    assert (after["x"].min(), after["x"].max()) == (0.0, 1.0)


@EXAMPLES
@given(frames(), st.sampled_from(NUMBERS))
def test_standardize(df: pl.DataFrame, column: str) -> None:
    after, _ = run(df, "standardize", column=column)
    if df[column].drop_nulls().n_unique() < 2:
        assert after.equals(df)
        return
    values = pd.Series(df[column].to_list(), dtype=float)
    expected = (values - values.mean()) / values.std()
    np.testing.assert_allclose(after[column].to_numpy(), expected.to_numpy(), rtol=1e-8, atol=1e-8)
    assert after[column].dtype == pl.Float64
    untouched(df, after, column)


@EXAMPLES
@given(st.lists(st.none() | FULL_FLOATS, max_size=10))
def test_standardize_any_floats(values: list[float | None]) -> None:
    df = pl.DataFrame({"x": pl.Series(values, dtype=pl.Float64)})
    after, outcome = run(df, "standardize", column="x")
    json.dumps([outcome.facts, outcome.answer], allow_nan=False)
    assert after["x"].null_count() == df["x"].null_count()
    if outcome.facts["deviation"] > 0:
        assert math.isclose(after["x"].std(), 1, rel_tol=1e-6)  # type: ignore[arg-type]
        assert abs(after["x"].mean()) < 1e-6  # type: ignore[arg-type, operator]
    else:
        assert after.equals(df)


@pytest.mark.parametrize(
    "values",
    [
        pl.Series([1, None, 2**63 - 1, -(2**63)]),
        pl.Series([1, None, 2**64 - 1], dtype=pl.UInt64),
        pl.Series([Decimal("0.1"), None, Decimal("12.5")]),
        pl.Series([0.1, None, 2.5], dtype=pl.Float32),
        pl.Series([1e300, None, -1.7e308]),
        pl.Series([1e-320, None, 5e-324]),
        pl.Series([-5, None, 100], dtype=pl.Int8),
    ],
)
def test_extreme_numbers_and_rare_types(values: pl.Series) -> None:
    for operation in ("normalize", "standardize"):
        after, outcome = run(pl.DataFrame({"x": values}), operation, column="x")
        assert after["x"].dtype == (pl.Float32 if values.dtype == pl.Float32 else pl.Float64)
        assert after["x"].null_count() == 1
        assert after["x"].is_finite().all()
        json.dumps(outcome.facts, allow_nan=False)


@pytest.mark.parametrize("operation", ["normalize", "standardize"])
def test_refuses_what_is_no_scale(operation: str) -> None:
    for values in (["1"], [True], [pd.Timestamp("2020-01-01")]):
        with pytest.raises(InvalidType):
            run(pl.DataFrame({"x": values}), operation, column="x")
    with pytest.raises(InvalidValue, match="infinite"):
        run(pl.DataFrame({"x": [1.0, float("inf")]}), operation, column="x")


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ({"rangeFrom": 1}, InvalidValue),
        ({"rangeFrom": 2, "rangeTo": 1}, InvalidValue),
        ({"rangeFrom": "0"}, InvalidRequest),
        ({"rangeTo": True}, InvalidRequest),
        ({"rangeTo": float("inf")}, InvalidRequest),
        ({"rangeTo": 10**400}, InvalidRequest),
    ],
)
def test_normalize_refuses(body: dict[str, Any], error: type[Exception]) -> None:
    with pytest.raises(error):
        run(pl.DataFrame({"x": [1, 2]}), "normalize", column="x", **body)


def test_facts_from_another_table_serve_again(make_table: Any) -> None:
    table = make_table(pl.DataFrame({"x": [0, 20]}))
    normalize = require_operation("normalize").parse({"column": "x"})
    assert apply(table, normalize, {"min": 0, "max": 10}).table.scan().collect()["x"].to_list() == [0, 2]
    standardize = require_operation("standardize").parse({"column": "x"})
    facts = {"mean": 10.0, "deviation": 5.0, "scale": 1.0}
    assert apply(table, standardize, facts).table.scan().collect()["x"].to_list() == [-2, 2]
