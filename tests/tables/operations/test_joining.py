"""Joins on random tables against pandas, and what they tell."""

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

from longshore.errors import ColumnNotFound, InvalidRequest, InvalidType, SessionNotFound, TooLarge
from longshore.tables.core.table import Table, write_columns
from longshore.tables.operations import ITSELF, among, bind, joining, require_operation
from longshore.tables.replay.apply import Outcome, apply
from support.drawing import cells

EXAMPLES = settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.too_slow])
KEYS: dict[str, tuple[pl.DataType, st.SearchStrategy[Any]]] = {
    "int": (pl.Int64(), st.integers(0, 4)),
    "text": (pl.String(), st.sampled_from(["", "a", "A", "日本", "é", "e\u0301"])),
    "date": (pl.Date(), st.dates(dt.date(2020, 1, 1), dt.date(2020, 1, 4))),
    "float": (pl.Float64(), st.sampled_from([-0.0, 0.0, 0.5, 1.0, 2.0])),
    "boolean": (pl.Boolean(), st.booleans()),
}


@st.composite
def frames(draw: st.DrawFn, own: str, most_rows: int = 10) -> pl.DataFrame:
    """Key columns with ties and missing values, one column of its own, and one that both tables have."""
    rows = draw(st.integers(0, most_rows))
    columns = {name: pl.Series(name, draw(cells(values, rows)), dtype=dtype) for name, (dtype, values) in KEYS.items()}
    columns[own] = pl.Series(own, range(rows), dtype=pl.Int64)
    columns["both"] = pl.Series("both", [f"{own}{n}" for n in range(rows)], dtype=pl.String)
    return pl.DataFrame(columns)


def table_of(folder: Path, df: pl.DataFrame) -> Table:
    written, rows = write_columns(folder, df.lazy(), df.columns)
    return Table(folder, tuple(written), rows)


def run(ours: pl.DataFrame, theirs: pl.DataFrame | None, operation: str = "join", **body: Any) -> Any:
    """The joined frame and what was told; the other table stands in a folder of its own. None joins it with itself."""
    with tempfile.TemporaryDirectory() as here, tempfile.TemporaryDirectory() as there:
        table = table_of(Path(here), ours)
        others = {} if theirs is None else {"o": table_of(Path(there), theirs)}
        named = ITSELF if theirs is None else "o"
        parsed = require_operation(operation).parse({"otherSessionID": named, **body})
        outcome = apply(table, bind(parsed, table, among(others)))
        after = outcome.table.scan().collect()
        for column in outcome.table.columns:
            assert after[column.name].null_count() == column.missing
            assert after[column.name].dtype == column.dtype
            assert (Path(here) / column.file).exists(), "a step's files stand in its own dataset's folder"
        assert after.height == outcome.table.rows
        assert table.scan().collect().equals(ours)
        assert not list(Path(here).glob(".*"))
        return after, outcome


def reference(ours: pl.DataFrame, theirs: pl.DataFrame, keys: list[str], how: str) -> pd.DataFrame:
    """As pandas merges, with missing keys made to match nothing, which pandas would let match each other."""
    left, right = ours.to_pandas(), theirs.to_pandas()
    kept = right.dropna(subset=keys)
    merged = left.merge(kept, on=keys, how="inner" if how == "inner" else "left", suffixes=("", "_other"))
    if how != "outer":
        return merged
    known = {tuple(row) for row in left[keys].dropna().itertuples(index=False)}
    alone = [row[keys].isna().any() or tuple(row[keys]) not in known for _, row in right.iterrows()]
    rest = right[pd.Series(alone, index=right.index, dtype=bool)].rename(columns={"both": "both_other"})
    rest = rest.rename(columns={name: f"{name}_other" for name in KEYS if name not in keys})
    return pd.concat([merged.astype(object), rest.astype(object)], ignore_index=True)[merged.columns]


def plain(frame: pd.DataFrame) -> list[tuple[Any, ...]]:
    rows = frame.astype(object).itertuples(index=False, name=None)
    return [tuple(None if pd.isna(value) else value for value in row) for row in rows]


@EXAMPLES
@given(
    frames("mine"),
    frames("yours"),
    st.lists(st.sampled_from(list(KEYS)), min_size=1, max_size=2, unique=True),
    st.sampled_from(["left", "inner", "outer"]),
)
def test_against_pandas(ours: pl.DataFrame, theirs: pl.DataFrame, keys: list[str], how: str) -> None:
    after, outcome = run(ours, theirs, keys=[{"column": key} for key in keys], how=how)
    expected = reference(ours, theirs, keys, how)
    assert after.columns == list(expected.columns)
    assert plain(after.to_pandas()) == plain(expected)
    check_counts(ours, theirs, keys, outcome)


def check_counts(ours: pl.DataFrame, theirs: pl.DataFrame, keys: list[str], outcome: Outcome) -> None:
    mine = [row for row in ours.select(keys).rows() if None not in row]
    yours = [row for row in theirs.select(keys).rows() if None not in row]
    told = outcome.answer
    assert told["matched"] == sum(row in yours for row in mine)
    assert told["unmatched"] == ours.height - told["matched"]
    assert told["otherUnmatched"] == theirs.height - sum(row in mine for row in yours)
    assert told["duplicateKeys"] == len({row for row in yours if yours.count(row) > 1})
    assert (told["rowsBefore"], told["rowsAfter"]) == (ours.height, outcome.table.rows)


@EXAMPLES
@given(frames("mine"), st.sampled_from([*KEYS, "mine"]), st.sampled_from(["left", "inner", "outer"]))
def test_a_table_with_itself(ours: pl.DataFrame, key: str, how: str) -> None:
    after, _ = run(ours, None, keys=[{"column": key}], how=how)
    alone, _ = run(ours, ours, keys=[{"column": key}], how=how)
    assert after.equals(alone)


NUMBERS = [
    (pl.Int64(), [1, 2**53, 2**53 + 1, 2**63 - 1, -(2**63), None]),
    (pl.Int8(), [1, 2, -128, None]),
    (pl.UInt64(), [1, 2**64 - 1, 2**53 + 1, None]),
    (pl.Int128(), [1, 2**100, -(2**63), None]),
    (pl.Float64(), [1.0, 2.5, 2.0**53, 2.0**63, -(2.0**63), 1e300, 2.0**100, None]),
    (pl.Float32(), [1.0, 2.5, 0.1, None]),
]


@pytest.mark.parametrize("mine", NUMBERS, ids=lambda each: str(each[0]))
@pytest.mark.parametrize("yours", NUMBERS, ids=lambda each: str(each[0]))
def test_numbers_are_compared_as_numbers_and_exactly(mine: Any, yours: Any) -> None:
    left = pl.DataFrame({"k": pl.Series(mine[1], dtype=mine[0])})
    right = pl.DataFrame({"k": pl.Series(yours[1], dtype=yours[0]), "v": range(len(yours[1]))})
    after, _ = run(left, right, keys=[{"column": "k"}])
    held = right["k"].to_list()
    expected = [held.index(value) if value is not None and value in held else None for value in left["k"].to_list()]
    assert after["v"].to_list() == expected


def test_moments_of_other_units_and_zones_are_compared_as_moments() -> None:
    noon = dt.datetime(2020, 1, 1, 12)  # noqa: DTZ001
    left = pl.DataFrame({"k": pl.Series([noon, None], dtype=pl.Datetime("ns"))})
    right = pl.DataFrame({"k": pl.Series([noon], dtype=pl.Datetime("ms")), "v": [1]})
    assert run(left, right, keys=[{"column": "k"}])[0]["v"].to_list() == [1, None]
    finer = left.select((pl.col("k") + pl.duration(nanoseconds=1)).cast(pl.Datetime("ns")))
    assert run(finer, right, keys=[{"column": "k"}])[0]["v"].to_list() == [None, None]
    utc = right.with_columns(pl.col("k").dt.replace_time_zone("UTC"))
    tokyo = utc.with_columns(pl.col("k").dt.convert_time_zone("Asia/Tokyo")).drop("v")
    assert run(tokyo, utc, keys=[{"column": "k"}])[0]["v"].to_list() == [1]
    with pytest.raises(InvalidType, match="changeColumnDataType"):
        run(left, utc, keys=[{"column": "k"}])


def test_categories_are_compared_as_text() -> None:
    left = pl.DataFrame({"k": pl.Series(["b", "a"], dtype=pl.Categorical())})
    right = pl.DataFrame({"k": ["a", "b"], "v": [1, 2]})
    assert run(left, right, keys=[{"column": "k"}])[0]["v"].to_list() == [2, 1]


@pytest.mark.parametrize("other", [pl.String(), pl.Date(), pl.Boolean(), pl.Decimal(10, 2)])
def test_keys_of_different_kinds_are_refused_with_a_hint(other: pl.DataType) -> None:
    right = pl.DataFrame({"k": pl.Series([None], dtype=other)})
    with pytest.raises(InvalidType, match=r"'k' is of type int .* changeColumnDataType"):
        run(pl.DataFrame({"k": [1]}), right, keys=[{"column": "k"}])


def test_an_outer_joins_key_column_holds_both_sides_values() -> None:
    left = pl.DataFrame({"k": [1, 2], "a": ["x", "y"]})
    right = pl.DataFrame({"z": [2.0, 2.5, None], "b": [7, 8, 9]})
    after, outcome = run(left, right, keys=[{"column": "k", "otherColumn": "z"}], how="outer")
    assert after.rows() == [(1.0, "x", None), (2.0, "y", 7), (2.5, None, 8), (None, None, 9)]
    assert outcome.answer["typesDiffer"] == [{"column": "k", "here": "int", "there": "float", "became": "float"}]


def test_chosen_columns_names_and_suffixes() -> None:
    left = pl.DataFrame({"k": [1], "a": ["x"], "a_other": ["y"]})
    right = pl.DataFrame({"a": ["A"], "k": [1], "b": ["B"]})
    keys = [{"columnIndex": 0, "otherColumnIndex": 1}]
    assert run(left, right, keys=keys)[0].columns == ["k", "a", "a_other", "a_other.1", "b"]
    assert run(left, right, keys=keys, suffix="!")[0].columns == ["k", "a", "a_other", "a!", "b"]
    assert run(left, right, keys=keys, columns=[2, "k", "b"])[0].columns == ["k", "a", "a_other", "b", "k_other"]
    assert run(left, right, keys=keys, columns=[])[0].columns == left.columns
    for body in ({"columns": ["nope"]}, {"columns": [3]}, {"columns": [-1]}, {"keys": [{"column": "a_other"}]}):
        with pytest.raises(ColumnNotFound):
            run(left, right, **{"keys": keys, **body})


def test_a_lookup_writes_only_the_new_columns(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    table = table_of(tmp_path / "a", pl.DataFrame({"k": [3, 1, 3, None], "a": list("wxyz")}))
    other = table_of(tmp_path / "b", pl.DataFrame({"k": [1, 3, 9, 9], "v": ["one", "three", "n", "n"]}))
    parsed = require_operation("join").parse({"otherSessionID": "o", "keys": [{"column": "k"}]})
    outcome = apply(table, bind(parsed, table, among({"o": other})))
    assert outcome.table.columns[:2] == table.columns
    assert outcome.changed == {"columns": [2], "removedColumns": [], "rows": 0}
    assert outcome.table.scan(["v"]).collect()["v"].to_list() == ["three", "one", "three", None]
    assert outcome.sentence == (
        "Joined 1 column of o by k (left): 3 of 4 rows matched, 4 rows now; "
        "1 key of the other table stood in several of its rows"
    )


def test_too_many_rows_are_refused_before_they_are_made(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(joining, "ALWAYS_ALLOWED_ROWS", 10)
    frame = pl.DataFrame({"k": [1] * 50})
    monkeypatch.setattr(joining.Join, "transform", lambda *_: pytest.fail("nothing may be joined"))
    with pytest.raises(TooLarge, match=r"2,500 rows, and at most 1,000"):
        run(frame, frame, keys=[{"column": "k"}])


def test_big_tables_keep_their_order() -> None:
    rows = 300_000
    left = pl.DataFrame({"k": [(n * 7919) % 1000 for n in range(rows)], "n": range(rows)})
    right = pl.DataFrame({"k": [n % 1100 for n in range(2200)], "m": range(2200)})
    after, _ = run(left, right, keys=[{"column": "k"}], how="outer")
    matched = after.head(2 * rows)
    assert matched["n"].to_list() == [n // 2 for n in range(2 * rows)]
    assert (matched["m"] % 1100).to_list() == matched["k"].to_list()
    assert (matched["m"] // 1100).to_list() == [0, 1] * rows
    assert after.tail(200)["m"].to_list() == [*range(1000, 1100), *range(2100, 2200)]


def test_malformed_requests() -> None:
    join = require_operation("join")
    good = {"otherSessionID": "o", "keys": [{"column": "k"}]}
    for bad in (
        {"keys": []}, {"keys": None}, {"how": "cross"}, {"otherSessionID": 7}, {"otherSessionID": ""},
        {"keys": [{"column": "k", "columnIndex": 0}]}, {"suffix": "x" * 101}, {"columns": [True]}, {"columns": "a"},
        {"keys": [{"column": "k", "otherColumn": "k", "otherColumnIndex": 0}]},
    ):  # fmt: skip
        with pytest.raises(InvalidRequest):
            join.parse({**good, **bad})


def test_without_the_other_table(tmp_path: Path) -> None:
    table = table_of(tmp_path, pl.DataFrame({"k": [1]}))
    parsed = require_operation("join").parse({"otherSessionID": "o", "keys": [{"column": "k"}]})
    with pytest.raises(SessionNotFound, match="'o'"):
        apply(table, parsed)
    with pytest.raises(SessionNotFound, match="'o'"):
        bind(parsed, table, among({}))
