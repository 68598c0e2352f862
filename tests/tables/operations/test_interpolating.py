"""Interpolation against pandas' Series.interpolate with its defaults."""

from __future__ import annotations

import datetime as dt
import subprocess
import sys
import warnings
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from longshore.errors import InvalidRequest, InvalidType, InvalidValue, TooLarge
from tables.operations.test_against_pandas import EXAMPLES, frames, run, untouched

METHODS = [
    "linear", "nearest", "zero", "slinear", "quadratic", "cubic", "polynomial", "spline", "pchip", "akima",
    "barycentric", "krogh", "piecewise_polynomial", "from_derivatives", "cubicspline",
]  # fmt: skip
VALUES = st.lists(
    st.none() | st.integers(-1000, 1000) | st.floats(-1e4, 1e4, width=32).map(lambda x: round(x, 3)), max_size=14
)


@EXAMPLES
@pytest.mark.parametrize("method", METHODS)
@given(VALUES, st.integers(1, 4))
def test_numbers(method: str, values: list[float | None], order: int) -> None:
    extra = {"order": order} if method in ("polynomial", "spline") else {}
    df = pl.DataFrame({"x": pl.Series(values, dtype=pl.Float64, strict=False)})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            expected = pd.Series(df["x"].to_numpy()).interpolate(method=method, **extra)  # type: ignore[call-overload]
        except Exception:
            with pytest.raises(InvalidValue):
                run(df, "interpolate", column="x", method=method, **extra)
            return
    after, outcome = run(df, "interpolate", column="x", method=method, **extra)
    np.testing.assert_allclose(after["x"].cast(pl.Float64).to_numpy(), expected.to_numpy(), rtol=1e-6, atol=1e-6)
    assert outcome.answer == {"filled": df["x"].null_count() - after["x"].null_count()}


@EXAMPLES
@given(frames(), st.sampled_from(["int", "few", "constant"]), st.sampled_from(["linear", "nearest", "zero"]))
def test_integers(df: pl.DataFrame, column: str, method: str) -> None:
    after, _ = run(df, "interpolate", column=column, method=method)
    expected = pd.Series(df[column].cast(pl.Float64).to_numpy()).interpolate(method=method)  # type: ignore[call-overload]
    np.testing.assert_allclose(after[column].cast(pl.Float64).to_numpy(), expected.to_numpy(), rtol=1e-9, atol=1e-9)
    if method != "linear" or df[column].null_count() == 0:
        assert after[column].dtype == pl.Int64
    untouched(df, after, column)


@EXAMPLES
@given(frames(), st.sampled_from(["date", "datetime"]))
def test_dates(df: pl.DataFrame, column: str) -> None:
    after, _ = run(df, "interpolate", column=column, method="linear")
    expected = df[column].cast(pl.Datetime("us")).to_pandas().interpolate()
    if column == "date":
        expected = expected.dt.floor("D")
    for new, moment in zip(after[column].to_list(), expected, strict=True):
        if pd.isna(moment):
            assert new is None
        else:
            assert abs(pd.Timestamp(new) - moment) <= pd.Timedelta(microseconds=2)
    assert after[column].dtype == df[column].dtype
    untouched(df, after, column)


def test_known_dates_keep_their_nanoseconds() -> None:
    moments = pl.Series([1_600_000_000_123_456_789, None, 1_600_000_000_123_456_793]).cast(pl.Datetime("ns"))
    after, _ = run(pl.DataFrame({"m": moments}), "interpolate", column="m")
    assert after["m"].to_physical().to_list()[::2] == moments.to_physical().to_list()[::2]
    assert after["m"].null_count() == 0


def test_dates_by_the_methods_that_join_neighbours() -> None:
    df = pl.DataFrame({"d": [None, dt.date(2020, 1, 1), None, None, dt.date(2020, 1, 7), None]})
    expected = {
        "linear": [None, 1, 3, 5, 7, 7],
        "slinear": [None, 1, 3, 5, 7, None],
        "nearest": [None, 1, 1, 7, 7, None],
        "zero": [None, 1, 1, 1, 7, None],
    }
    for method, days in expected.items():
        after, _ = run(df, "interpolate", column="d", method=method)
        assert after["d"].to_list() == [day and dt.date(2020, 1, day) for day in days]


@pytest.mark.parametrize("method", METHODS)
def test_one_value_alone_is_left_or_refused(method: str) -> None:
    df = pl.DataFrame({"x": [None, 2.0, None]})
    extra = {"order": 2} if method in ("polynomial", "spline") else {}
    if method in ("linear", "nearest", "zero", "krogh", "barycentric"):
        after, _ = run(df, "interpolate", column="x", method=method, **extra)
        assert after["x"].to_list()[:2] == [None, 2.0]
    else:
        with pytest.raises(InvalidValue, match=r"needs \d values"):
            run(df, "interpolate", column="x", method=method, **extra)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("values", [[], [None, None], [1.0, 2.0], [3.0]])
def test_nothing_to_do(method: str, values: list[float | None]) -> None:
    df = pl.DataFrame({"x": pl.Series(values, dtype=pl.Float64)})
    extra = {"order": 3} if method in ("polynomial", "spline") else {}
    after, outcome = run(df, "interpolate", column="x", method=method, **extra)
    assert after.equals(df)
    assert outcome.answer == {"filled": 0}


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ({"column": "t"}, InvalidType),
        ({"column": "b"}, InvalidType),
        ({"column": "time"}, InvalidType),
        ({"column": "d", "method": "cubic"}, InvalidType),
        ({"column": "x", "method": "polynomial"}, InvalidRequest),
        ({"column": "x", "method": "spline", "order": 6}, InvalidRequest),
        ({"column": "x", "method": "spline", "order": 0}, InvalidRequest),
        ({"column": "x", "method": "spline", "order": 2.5}, InvalidRequest),
        ({"column": "x", "method": "magic"}, InvalidRequest),
        ({"column": "x", "method": "pchip"}, InvalidValue),
    ],
)
def test_refuses(body: dict[str, Any], error: type[Exception]) -> None:
    df = pl.DataFrame(
        {
            "t": ["a", None],
            "b": [True, None],
            "time": [dt.time(1), None],
            "d": [dt.date(2020, 1, 1), None],
            "x": [1.0, None],
        }
    )
    with pytest.raises(error):
        run(df, "interpolate", **body)


def test_infinity_has_no_curve() -> None:
    with pytest.raises(InvalidValue, match="infinite"):
        run(pl.DataFrame({"x": [1.0, None, float("inf"), 3.0]}), "interpolate", column="x", method="pchip")


@pytest.mark.parametrize(("method", "rows"), [("krogh", 1_002), ("barycentric", 1_002), ("spline", 10_002)])
def test_methods_whose_work_explodes_have_a_limit(method: str, rows: int) -> None:
    df = pl.DataFrame({"x": pl.int_range(rows, eager=True).cast(pl.Float64)}).with_columns(
        pl.when(pl.int_range(pl.len()) != 5).then("x")
    )
    with pytest.raises(TooLarge, match="pchip"):
        run(df, "interpolate", column="x", method=method, order=3)


def test_scipy_is_imported_when_a_curve_is_drawn_and_not_before() -> None:
    code = "import sys, longshore.tables.operations; sys.exit('scipy' in sys.modules or 'pandas' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
