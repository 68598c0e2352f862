"""A computed column is the same in a script, whatever the expression."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from longshore.errors import LongshoreError

from ..operations.test_deriving import (
    CALLS,
    CASTS,
    EXTREMES,
    OPERATIONS,
    Term,
    conditions,
    frames,
    moments,
    numbers,
    texts,
)
from .conftest import Exporting, Started

SETTINGS = settings(
    max_examples=200,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.function_scoped_fixture],
)


@SETTINGS
@given(frames(), numbers(3) | texts(3) | conditions(3) | moments(3))
def test_random_expressions_on_random_tables(full: Exporting, df: pl.DataFrame, term: Term) -> None:
    full.read(df, "table.parquet").check(("derive", {"expression": term[0]}))


@pytest.fixture(scope="module")
def extremes(full: Exporting) -> Started:
    return full.read(EXTREMES, "table.parquet")


@SETTINGS
@given(st.lists(CALLS | OPERATIONS | CASTS, min_size=1, max_size=8))
def test_extreme_values(extremes: Started, expressions: list[str]) -> None:
    history, done = extremes.history, 0
    for number, expression in enumerate(expressions):
        try:
            history = history.apply("derive", expression=expression, newName=f"new{number}")
            done += 1
        except LongshoreError:
            continue
    assume(done)
    extremes.exporting.check(history, extremes)
