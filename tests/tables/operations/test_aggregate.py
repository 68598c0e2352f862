"""Aggregating random tables against pandas."""

from __future__ import annotations

import datetime as dt
import tempfile
from pathlib import Path
from typing import Any

import pandas as pd
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from longshore.errors import ColumnNotFound, InvalidRequest, InvalidType, InvalidValue, NameTaken
from longshore.tables import aggregate
from longshore.tables.core.free_names import free_name
from longshore.tables.core.table import Table
from longshore.tables.operations.aggregate import FUNCTIONS, AggregateParameters, describe
from tables.operations.test_appending import every_type
from tables.operations.test_joining import KEYS, frames, table_of

EXAMPLES = settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.too_slow])
ANY = ["count", "countDistinct", "min", "max", "first", "last", "mode"]
ORDERED = ["int", "float", "date", "text", "mine"]


def run(df: pl.DataFrame, by: list[Any], aggregates: list[dict[str, Any]], **more: Any) -> pl.DataFrame:
    with tempfile.TemporaryDirectory() as here, tempfile.TemporaryDirectory() as there:
        table = table_of(Path(here), df)
        made = aggregate(table, {"by": by, "aggregates": aggregates, **more}, Path(there))
        after = made.scan().collect()
        for column in made.columns:
            assert (after[column.name].dtype, after[column.name].null_count()) == (column.dtype, column.missing)
            assert (Path(there) / column.file).exists()
        assert Table.from_record(Path(there), made.to_record()) == made
        return after


REFERENCE: dict[str, Any] = {
    "count": lambda values: int(values.count()),
    "countDistinct": lambda values: values.nunique(),
    "sum": lambda values: values.sum(),
    "mean": lambda values: values.mean(),
    "median": lambda values: values.median(),
    "std": lambda values: values.std(),
    "min": lambda values: min(values.dropna(), default=None),
    "max": lambda values: max(values.dropna(), default=None),
    "first": lambda values: next(iter(values.dropna()), None),
    "last": lambda values: next(iter(values.dropna()[::-1]), None),
    "mode": lambda values: next(iter(values.mode()), None),
}


@EXAMPLES
@given(
    frames("mine", most_rows=14),
    st.lists(st.sampled_from(list(KEYS)), max_size=2, unique=True),
    st.lists(
        st.tuples(st.sampled_from(ORDERED), st.sampled_from(ANY))
        | st.tuples(st.sampled_from(["int", "float", "mine"]), st.sampled_from(FUNCTIONS)),
        min_size=1, max_size=4, unique=True,
    ),
)  # fmt: skip
def test_against_pandas(df: pl.DataFrame, by: list[str], asked: list[tuple[str, str]]) -> None:
    after = run(df, by, [{"column": column, "function": function} for column, function in asked], countRows=True)
    reference = df.to_pandas()
    groups: list[tuple[tuple[Any, ...], pd.DataFrame]]
    if by:
        found = reference.groupby(by, sort=False, dropna=False, observed=True)
        groups = [(tuple(part[by].iloc[0]), part) for _, part in found]
    else:
        groups = [((), reference)]
    assert after.columns == [*by, "rows", *(f"{column}_{function}" for column, function in asked)]
    assert after.height == len(groups), "an empty table has no groups, and one row without any"
    for row, (key, part) in zip(after.rows(), groups, strict=True):
        wanted = [*key, len(part), *(REFERENCE[function](part[column]) for column, function in asked)]
        assert [alike(value) for value in row] == [near(value) for value in wanted]


def near(value: Any) -> Any:
    return pytest.approx(value, rel=1e-9, abs=1e-9) if isinstance(value, float) and not pd.isna(value) else alike(value)


def alike(value: Any) -> Any:
    if pd.isna(value):
        return None
    return pd.Timestamp(value) if isinstance(value, dt.date) else value


def test_groups_come_in_the_order_of_their_first_rows_however_many_there_are() -> None:
    keys = [(n * 7919) % 100_003 for n in range(250_000)]
    after = run(pl.DataFrame({"k": keys, "n": range(250_000)}), ["k"], [
        {"column": "n", "function": "first", "newName": "f"}, {"column": "n", "function": "last", "newName": "l"},
    ])  # fmt: skip
    assert after["k"].to_list() == list(dict.fromkeys(keys))
    assert after["f"].to_list() == list(range(100_003))
    last = {key: n for n, key in enumerate(keys)}
    assert after["l"].to_list() == [last[key] for key in dict.fromkeys(keys)]


def test_sums_of_great_integers_do_not_wrap() -> None:
    df = pl.DataFrame({"n": [2**62, 2**62, 2**62]})
    assert run(df, [], [{"column": "n", "function": "sum"}]).rows() == [(3 * 2.0**62,)]
    small = pl.DataFrame({"n": pl.Series([100, 100], dtype=pl.Int8)})
    assert run(small, [], [{"column": "n", "function": "sum"}]).rows() == [(200,)]


def test_dates_durations_booleans_and_categories() -> None:
    days = [dt.date(2020, 1, 1), dt.date(2020, 1, 3)]
    df = pl.DataFrame({
        "d": days, "t": [dt.timedelta(1), dt.timedelta(2)], "b": [True, False],
        "c": pl.Series(["z", "a"], dtype=pl.Categorical()),
    })  # fmt: skip
    asked = [("d", "mean"), ("d", "median"), ("t", "sum"), ("b", "sum"), ("b", "mean"), ("c", "min"), ("c", "mode")]
    after = run(df, [], [{"column": column, "function": function} for column, function in asked])
    middle = dt.datetime(2020, 1, 2)  # noqa: DTZ001
    assert after.rows() == [(middle, middle, dt.timedelta(3), 1, 0.5, "a", "a")]


@pytest.mark.parametrize("function", ["sum", "mean", "median", "std"])
def test_what_text_does_not_have(function: str) -> None:
    with pytest.raises(InvalidType, match=f"{function} needs numbers.* 'k' is of type string"):
        run(pl.DataFrame({"k": ["a"]}), [], [{"column": "k", "function": function}])


def test_names() -> None:
    df = pl.DataFrame({"rows": [1], "rows_sum": [2]})
    total = {"column": "rows", "function": "sum"}
    assert run(df, ["rows"], []).columns == ["rows", "rows.1"]
    assert run(df, ["rows_sum", 0], [total, total]).columns == ["rows_sum", "rows", "rows_sum.1", "rows_sum.2"]
    assert run(df, [1, "rows_sum"], [{**total, "newName": "n"}]).columns == ["rows_sum", "n"]
    for names in (["rows"], ["n", "n"]):
        with pytest.raises(NameTaken):
            run(df, ["rows"], [{**total, "newName": name} for name in names])
    with pytest.raises(InvalidValue):
        run(df, [], [{**total, "newName": " "}])
    assert free_name("rows", {"rows"}) == "rows.1"


def test_what_cannot_be_asked() -> None:
    df = pl.DataFrame({"a": [1]})
    for by in (["nope"], [1], [-1]):
        with pytest.raises(ColumnNotFound):
            run(df, by, [])
    for aggregates in ([{"column": "a"}], [{"function": "sum"}], [{"column": "a", "function": "var"}], {}):
        with pytest.raises(InvalidRequest):
            run(df, [], aggregates)  # type: ignore[arg-type]
    with pytest.raises(InvalidRequest):
        run(df, [True], [])


def test_the_sentence(tmp_path: Path) -> None:
    table = table_of(tmp_path, pl.DataFrame({"Genre": ["a"] * 3201, "b": [1] * 3201}))
    by = AggregateParameters(by=["Genre"])
    assert describe(table, by, "movies.json") == "Aggregated 3,201 rows of movies.json by Genre"
    assert describe(table, AggregateParameters(), "m") == "Aggregated 3,201 rows of m into one row"


@pytest.mark.parametrize("function", FUNCTIONS)
def test_every_function_answers_on_every_type_or_says_that_it_cannot(function: str) -> None:
    for name, values in every_type().items():
        df = pl.DataFrame({"k": values, "g": [1, 1]})
        for by in ([], ["g"], ["k"]):
            try:
                after = run(df, by, [{"column": "k", "function": function}])
            except InvalidType:
                assert function in ("sum", "mean", "median", "std")
                assert not values.dtype.is_numeric()
            else:
                assert after.height == (2 if by == ["k"] else 1), name
