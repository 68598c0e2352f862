"""Intervals and their labels against pandas.cut and pandas.qcut."""

from __future__ import annotations

import json
import re
import warnings
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from longshore.errors import InvalidRequest, InvalidType, InvalidValue, TooLarge
from longshore.tables.operations import require_operation
from longshore.tables.replay.apply import apply
from tables.operations.test_against_pandas import EXAMPLES, FLOATS, frames, run, untouched

NUMBERS = ["int", "few", "float", "constant"]
ANY_FLOATS = (
    st.floats(-1e9, 1e9, allow_subnormal=False)
    | st.floats(-1, 1, allow_subnormal=False)
    | st.floats(1e-9, 1e-6)
    | st.sampled_from([0.1, 0.2, 0.3, 1.0, 2.0])
)


def with_one_zero(label: str) -> str:
    """A label without the sign of a zero: which of two equal zeros is the edge, no sort promises."""
    return re.sub(r"-0\.0(?=[,\]])", "0.0", label)


def compare(df: pl.DataFrame, column: str, mode: str, sent: int | str, bins: int | list[Any]) -> None:
    """Run both; where pandas refuses, so must we."""
    series = pd.Series(df[column].to_numpy())
    cut: Any = pd.cut if mode == "discretization" else pd.qcut
    try:
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            expected = cut(series, bins)
            labels = [with_one_zero(str(label)) for label in expected.cat.categories]
            # By code: beside missing values pandas prints the label (0, 1] as (0.0, 1.0].
            texts = [labels[code] if code >= 0 else None for code in expected.cat.codes]
    except ValueError:
        with pytest.raises(InvalidValue):
            run(df, "discretize", column=column, cutMode=mode, numberOfBins=sent)
        return
    if mode == "quantiling" and not series.notna().any():
        with pytest.raises(InvalidValue, match="no values"):
            run(df, "discretize", column=column, cutMode=mode, numberOfBins=sent)
        return
    after, outcome = run(df, "discretize", column=column, cutMode=mode, numberOfBins=sent)
    assert [label and with_one_zero(label) for label in after[column]] == texts
    assert after[column].dtype == pl.String
    assert [with_one_zero(label) for label in outcome.facts["labels"]] == labels
    assert outcome.answer["invalidated"] == after[column].null_count() - df[column].null_count()
    json.dumps(outcome.facts, allow_nan=False)
    untouched(df, after, column)


@EXAMPLES
@given(frames(), st.sampled_from(NUMBERS), st.integers(1, 8), st.sampled_from(["discretization", "quantiling"]))
def test_a_number_of_bins(df: pl.DataFrame, column: str, bins: int, mode: str) -> None:
    compare(df, column, mode, bins, bins)
    compare(df, column, mode, str(bins), bins)


@EXAMPLES
@given(
    st.lists(st.none() | ANY_FLOATS, min_size=1, max_size=20),
    st.integers(1, 10),
    st.sampled_from(["discretization", "quantiling"]),
)
def test_floats_of_every_size(values: list[float | None], bins: int, mode: str) -> None:
    compare(pl.DataFrame({"x": pl.Series(values, dtype=pl.Float64)}), "x", mode, bins, bins)


@EXAMPLES
@given(
    frames(),
    st.sampled_from(NUMBERS),
    st.lists(st.integers(-1000, 1000) | FLOATS, min_size=2, max_size=6),
    st.booleans(),
)
def test_edges(df: pl.DataFrame, column: str, edges: list[float], is_sorted: bool) -> None:
    edges = sorted(edges) if is_sorted else edges
    compare(df, column, "discretization", ", ".join(map(repr, edges)), edges)


@EXAMPLES
@given(frames(), st.sampled_from(NUMBERS), st.lists(st.floats(0, 1).map(lambda x: round(x, 2)), min_size=2, max_size=6))
def test_quantiles(df: pl.DataFrame, column: str, quantiles: list[float]) -> None:
    quantiles.sort()
    compare(df, column, "quantiling", ",".join(map(repr, quantiles)), quantiles)


def test_many_values_and_deciles() -> None:
    values = np.random.default_rng(5).normal(size=20_011).round(2)
    df = pl.DataFrame({"x": values})
    for bins in (3, 7, 10):
        compare(df, "x", "quantiling", bins, bins)
        compare(df, "x", "discretization", bins, bins)


@pytest.mark.parametrize(
    ("mode", "bins", "error"),
    [
        ("discretization", 0, InvalidValue),
        ("discretization", -3, InvalidValue),
        ("discretization", "", InvalidValue),
        ("discretization", "x", InvalidValue),
        ("discretization", "1.5", InvalidValue),
        ("discretization", "1,", InvalidValue),
        ("discretization", "1,nan", InvalidValue),
        ("discretization", "1,inf", InvalidValue),
        ("discretization", "1_0,20", InvalidValue),
        ("discretization", "3,2,1", InvalidValue),
        ("discretization", "1,2,2", InvalidValue),
        ("quantiling", "0,0.5,1.5", InvalidValue),
        ("quantiling", "-1,1", InvalidValue),
        ("discretization", 1001, TooLarge),
        ("quantiling", "1001", TooLarge),
        ("discretization", "9" * 5000, InvalidValue),
        ("discretization", True, InvalidRequest),
        ("discretization", 2.0, InvalidRequest),
        ("discretization", [1, 2], InvalidRequest),
        ("cut", 2, InvalidRequest),
    ],
)
def test_refuses(mode: str, bins: Any, error: type[Exception]) -> None:
    with pytest.raises(error):
        run(pl.DataFrame({"x": [1, 2, 3]}), "discretize", column="x", cutMode=mode, numberOfBins=bins)


@pytest.mark.parametrize("mode", ["discretization", "quantiling"])
def test_refuses_columns_without_a_scale(mode: str) -> None:
    for column, error in [
        (["a"], InvalidType),
        ([True], InvalidType),
        ([1.0, float("inf")], InvalidValue),
        ([-1.7e308, 1.7e308], InvalidValue),
        (pl.Series([None], dtype=pl.Int64), InvalidValue),
    ]:
        with pytest.raises(error):
            run(pl.DataFrame({"x": column}), "discretize", column="x", cutMode=mode, numberOfBins=2)


def test_edges_beyond_what_floats_count_exactly() -> None:
    edge = 2**53
    df = pl.DataFrame({"x": [edge, edge + 1, edge + 2]})
    body = {"cutMode": "discretization", "numberOfBins": f"0,{edge},{edge + 1}"}
    after, _ = run(df, "discretize", column="x", **body)
    assert after["x"].to_list() == [f"(0, {edge}]", f"({edge}, {edge + 1}]", None]


def test_facts_from_another_table_serve_again(make_table: Any) -> None:
    table = make_table(pl.DataFrame({"x": [0, 5, 10, 11, None]}))
    quantiles = require_operation("discretize").parse({"column": "x", "cutMode": "quantiling", "numberOfBins": 2})
    facts = {"edges": [0.0, 5.0, 10.0], "labels": ["low", "high"], "includeLowest": True}
    after = apply(table, quantiles, facts).table.scan().collect()
    assert after["x"].to_list() == ["low", "low", "high", None, None]
