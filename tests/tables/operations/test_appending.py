"""Appending on random tables against pandas, and the types that values meet in."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pandas as pd
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from longshore.errors import InvalidType, InvalidValue
from longshore.tables.core import dtypes
from tables.operations.test_joining import frames, plain, run

EXAMPLES = settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.too_slow])
NAMES = ["int", "text", "date", "float", "boolean", "both"]


@EXAMPLES
@given(
    frames("mine"), frames("yours"), st.lists(st.sampled_from(NAMES), max_size=6, unique=True), st.booleans(), st.data()
)
def test_against_pandas(
    ours: pl.DataFrame, theirs: pl.DataFrame, left_out: list[str], new_columns: bool, data: st.DataObject
) -> None:
    theirs = theirs.drop(left_out).select(data.draw(st.permutations(theirs.drop(left_out).columns)))
    if not new_columns and not set(theirs.columns) & set(ours.columns):
        with pytest.raises(InvalidValue, match="in common"):
            run(ours, theirs, "appendFile", newColumns=False)
        return
    after, outcome = run(ours, theirs, "appendFile", newColumns=new_columns)
    both = [ours.to_pandas().astype(object), theirs.to_pandas().astype(object)]
    expected = pd.concat(both, ignore_index=True)
    if not new_columns:
        expected = expected[ours.columns]
    assert after.columns == list(expected.columns)
    assert plain(after.to_pandas()) == plain(expected)
    assert outcome.answer["added"] == outcome.changed["rows"] == theirs.height
    assert outcome.answer["onlyHere"] == [name for name in ours.columns if name not in theirs.columns]
    assert outcome.answer["onlyThere"] == ["yours"]
    assert outcome.answer["typesDiffer"] == []


@EXAMPLES
@given(frames("mine"))
def test_a_table_to_itself(ours: pl.DataFrame) -> None:
    after, outcome = run(ours, None, "appendFile")
    assert after.equals(pl.concat([ours, ours]))
    assert (outcome.answer["onlyHere"], outcome.answer["onlyThere"]) == ([], [])


US, NS, MS = pl.Datetime("us"), pl.Datetime("ns"), pl.Datetime("ms")
NOON = dt.datetime(2020, 1, 1, 12)  # noqa: DTZ001
MIDNIGHT = dt.datetime(2020, 1, 1)  # noqa: DTZ001
CASES: list[tuple[pl.Series, pl.Series, pl.DataType, list[Any]]] = [
    (pl.Series([1]), pl.Series([2.5]), pl.Float64(), [1.0, 2.5]),
    (pl.Series([2.5]), pl.Series([1]), pl.Float64(), [2.5, 1.0]),
    (pl.Series([2**53 + 1]), pl.Series([2.5]), pl.String(), ["9007199254740993", "2.5"]),
    (pl.Series([1], dtype=pl.Int8), pl.Series([300], dtype=pl.Int32), pl.Int32(), [1, 300]),
    (pl.Series([-1], dtype=pl.Int64), pl.Series([2**64 - 1], dtype=pl.UInt64), pl.Int128(), [-1, 2**64 - 1]),
    (pl.Series([1], dtype=pl.Int64), pl.Series([7], dtype=pl.UInt64), pl.Int64(), [1, 7]),
    (pl.Series([0.1], dtype=pl.Float32), pl.Series([2.5]), pl.Float64(), [0.10000000149011612, 2.5]),
    (pl.Series([True]), pl.Series([1]), pl.String(), ["true", "1"]),
    (pl.Series(["x"]), pl.Series([1]), pl.String(), ["x", "1"]),
    (pl.Series([dt.date(2020, 1, 1)]), pl.Series([NOON]), US, [MIDNIGHT, NOON]),
    (pl.Series([NOON], dtype=US), pl.Series([NOON], dtype=NS), US, [NOON, NOON]),
    (pl.Series([NOON], dtype=MS), pl.Series([NOON], dtype=US), US, [NOON, NOON]),
    (pl.Series([1577880000000000001]).cast(NS), pl.Series([NOON], dtype=US), NS, [NOON, NOON]),
    (pl.Series([NOON]).dt.replace_time_zone("UTC"), pl.Series([NOON]), pl.String(),
     ["2020-01-01T12:00:00Z", "2020-01-01T12:00:00"]),
    (pl.Series(["a"], dtype=pl.Categorical()), pl.Series(["b"]), pl.String(), ["a", "b"]),
    (pl.Series([Decimal("1.50")]), pl.Series([2]), pl.String(), ["1.50", "2"]),
    (pl.Series([None], dtype=pl.String), pl.Series([2]), pl.Int64(), [None, 2]),
    (pl.Series([2]), pl.Series([None], dtype=pl.String), pl.Int64(), [2, None]),
    (pl.Series([], dtype=pl.String), pl.Series([2.5]), pl.Float64(), [2.5]),
]  # fmt: skip


@pytest.mark.parametrize(("mine", "yours", "dtype", "values"), CASES)
def test_types_meet_without_loss_and_it_is_told(
    mine: pl.Series, yours: pl.Series, dtype: pl.DataType, values: list[Any]
) -> None:
    ours = pl.DataFrame({"c": mine, "row": pl.Series(range(len(mine)), dtype=pl.Int64)})
    after, outcome = run(ours, pl.DataFrame({"c": yours}), "appendFile")
    assert after["c"].dtype == dtype
    assert after["c"].to_list() == values
    here, there = dtypes.kind(mine.dtype), dtypes.kind(yours.dtype)
    if here == there == dtypes.kind(dtype):
        assert outcome.answer["typesDiffer"] == []
    else:
        told = {"column": "c", "here": here, "there": there, "became": dtypes.kind(dtype)}
        assert outcome.answer["typesDiffer"] == [told]
        words = [dtypes.in_words(kind) for kind in (here, there, dtypes.kind(dtype))]
        assert "c ({} and {} to {})".format(*words) in outcome.sentence


def test_zones_are_brought_together_as_moments() -> None:
    utc = pl.Series([NOON]).dt.replace_time_zone("UTC")
    tokyo = utc.dt.convert_time_zone("Asia/Tokyo")
    after, _ = run(pl.DataFrame({"c": utc}), pl.DataFrame({"c": tokyo}), "appendFile")
    assert after["c"].to_list() == [utc[0], utc[0]]
    assert after["c"].dtype == pl.Datetime("us", "UTC")


def every_type() -> dict[str, pl.Series]:
    """A value and a missing one of each type that a table can hold."""
    moments = pl.Series([NOON, None])
    kept = {
        **{str(dtype): pl.Series([1, None], dtype=dtype) for dtype in (pl.Int8, pl.Int64, pl.UInt64, pl.Int128)},
        **{str(dtype): pl.Series([1.5, None], dtype=dtype) for dtype in (pl.Float32, pl.Float64)},
        "decimal": pl.Series([Decimal("1.5"), None]),
        "wide decimal": pl.Series([Decimal("1.50"), None], dtype=pl.Decimal(20, 2)),
        "text": pl.Series(["a", None]),
        "category": pl.Series(["a", None], dtype=pl.Categorical()),
        "boolean": pl.Series([True, None]),
        "date": pl.Series([MIDNIGHT.date(), None]),
        **{unit: moments.cast(pl.Datetime(unit)) for unit in ("ms", "us", "ns")},
        "utc": moments.dt.replace_time_zone("UTC"),
        "tokyo": moments.cast(NS).dt.replace_time_zone("Asia/Tokyo"),
        "duration": pl.Series([dt.timedelta(1), None]),
        "fine duration": pl.Series([dt.timedelta(1), None], dtype=pl.Duration("ns")),
        "time": pl.Series([dt.time(1), None]),
        "binary": pl.Series([b"x", None]),
    }
    return {name: values for name, values in kept.items() if dtypes.is_storable(values.dtype)}


@pytest.mark.parametrize("here", every_type())
def test_no_pair_of_types_loses_a_value_or_fails_by_accident(here: str) -> None:
    ours = pl.DataFrame({"k": every_type()[here]})
    for there, values in every_type().items():
        theirs = pl.DataFrame({"k": values, "v": [1, 2]})
        appended, _ = run(ours, theirs, "appendFile")
        assert appended["k"].is_null().to_list() == [False, True, False, True], there
        try:
            joined, outcome = run(ours, theirs, "join", keys=[{"column": "k"}], how="outer")
        except InvalidType:
            assert here != there
        else:
            assert joined["k"].null_count() == 2
            assert joined.height == 4 - outcome.answer["matched"]
            assert here != there or outcome.answer["matched"] == 1
