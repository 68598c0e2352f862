"""executeCommand: what `df` is at the end becomes the table."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from longshore.errors import Disabled, InvalidRequest, InvalidValue
from longshore.tables import sandbox
from longshore.tables.core.table import Table
from longshore.tables.operations import require_operation
from longshore.tables.replay.apply import Outcome, apply

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the walls are Linux's")


@pytest.fixture(autouse=True)
def _enabled() -> Iterator[None]:
    sandbox.configure(sandbox.Limits(seconds=30, memory_bytes=3 * 2**30))
    yield
    sandbox.configure(None)


DF = pl.DataFrame({"id": [3, 1, 2], "city": ["Rom", None, "Oslo"], "n": [1, None, 2**60 + 1]})


def execute(table: Table, command: str) -> Outcome:
    outcome = apply(table, require_operation("executeCommand").parse({"command": command}))
    after = outcome.table.scan().collect()
    for column in outcome.table.columns:
        assert (after[column.name].null_count(), after[column.name].dtype) == (column.missing, column.dtype)
    assert after.height == outcome.table.rows
    assert not list(table.folder.glob(".*")), "no temporary file may stay"
    return outcome


def frame(outcome: Outcome) -> pl.DataFrame:
    return outcome.table.scan().collect()


def test_a_changed_column_is_written_and_the_others_are_kept(make_table: Any) -> None:
    table = make_table(DF, files=3)
    outcome = execute(table, "df['id'] = df['id'] * 2\nprint('done')")
    assert frame(outcome).equals(DF.with_columns(pl.col("id") * 2))
    assert outcome.table.columns[1:] == table.columns[1:]
    assert outcome.sentence == "Ran Python code: 1 column changed"
    assert outcome.changed == {"columns": [0], "removedColumns": [], "rows": 0}
    assert outcome.answer == {"printed": "done\n", "warnings": []}


def test_nothing_changed_writes_nothing(make_table: Any) -> None:
    table = make_table(DF)
    outcome = execute(table, "pass")
    assert outcome.table == table
    assert outcome.sentence == "Ran Python code: nothing changed"


def test_columns_added_removed_moved_and_renamed(make_table: Any) -> None:
    table = make_table(DF)
    outcome = execute(table, "df['new'] = np.sqrt([1, 4, np.nan])\ndf = df[['new', 'n', 'id']]")
    assert frame(outcome).equals(
        pl.DataFrame({"new": [1.0, 2.0, None], "n": DF["n"], "id": DF["id"]}),
    )
    assert outcome.table.columns[1:] == (table.columns[2], table.columns[0])
    renamed = execute(table, "df.columns = ['ID', ' city ', 'n']")
    assert renamed.table.names == ["ID", " city ", "n"]
    assert renamed.table.files == table.files


def test_rows_change(make_table: Any) -> None:
    outcome = execute(make_table(DF), "df = df.sort_values('id').head(2)")
    assert frame(outcome).equals(DF[[1, 2]])
    assert outcome.sentence == "Ran Python code: 1 row fewer"
    empty = execute(make_table(DF), "df = df[df.id > 9]")
    assert frame(empty).equals(DF.clear())
    grouped = execute(make_table(DF), "df = df.groupby('city')[['n']].sum()")
    assert grouped.answer["warnings"] == ["the index city was dropped; df.reset_index() makes it a column"]


def test_a_table_of_no_rows(make_table: Any) -> None:
    outcome = execute(make_table(DF.clear()), "df['x'] = df['id'] + 1")
    assert frame(outcome).schema["x"] == pl.Int64()


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ("[1, 'a', None]", pl.Series(["1", "a", None])),
        ("[True, 'x', 2.5]", pl.Series(["true", "x", "2.5"])),
        ("[[1, 2], {'a': 'ä'}, None]", pl.Series(["[1, 2]", '{"a": "ä"}', None])),
        ("[None, None, None]", pl.Series([None] * 3, dtype=pl.String)),
        ("pd.Categorical(['b', None, 'a'])", pl.Series(["b", None, "a"], dtype=pl.Categorical)),
        ("pd.Categorical([2, None, 1])", pl.Series([2, None, 1])),
        ("pd.Categorical([None] * 3)", pl.Series([None] * 3, dtype=pl.String)),
        ("pd.period_range('2020-01', periods=3, freq='M')", pl.Series(["2020-01", "2020-02", "2020-03"])),
        ("pd.arrays.SparseArray([0, 0, 1])", pl.Series([0, 0, 1])),
        ("[1j, 2, 3]", pl.Series(["1j", "(2+0j)", "(3+0j)"])),
        ("np.array([1, 2, 3], 'f2')", pl.Series([1, 2, 3], dtype=pl.Float32)),
        ("[1, None, 3]", pl.Series([1.0, None, 3.0])),
        ("[2**70, 1, 2]", pl.Series([str(2**70), "1", "2"])),
        ("[b'x', b'', None]", pl.Series([b"x", b"", None])),
        ("[object, object, None]", pl.Series(["<class 'object'>", "<class 'object'>", None])),
    ],
)
def test_values_become_storable(make_table: Any, values: str, expected: pl.Series) -> None:
    outcome = execute(make_table(DF), f"df['x'] = {values}")
    found = frame(outcome)["x"]
    assert found.dtype == expected.dtype or expected.dtype == pl.Null
    assert found.to_list() == expected.to_list()


def test_names_become_unique_text(make_table: Any) -> None:
    command = "df = pd.DataFrame([[1, 2, 3, 4, 5, 6]], columns=['a', 'a', 1, None, ('x', 'y'), 'a\\x00b'])"
    assert execute(make_table(DF), command).table.names == ["a", "a.1", "1", "column_3", "x_y", "ab"]
    levels = "df = pd.concat({'x': df[['id']], 'y': df[['n']]}, axis=1)"
    assert execute(make_table(DF), levels).table.names == ["x_id", "y_n"]


def test_fixed_offsets_become_utc(make_table: Any) -> None:
    outcome = execute(make_table(DF), "df['t'] = pd.to_datetime(['2020-01-01T02:00+02:00'] * 3)")
    assert frame(outcome)["t"].dtype == pl.Datetime("us", "UTC")
    assert frame(outcome)["t"].dt.hour().to_list() == [0, 0, 0]


def test_a_replay_obeys_the_same_gate(make_table: Any) -> None:
    operation = require_operation("executeCommand").parse({"command": "pass"})
    sandbox.configure(None)
    with pytest.raises(Disabled, match="EXECUTE_COMMANDS=true"):
        apply(make_table(DF), operation, facts={})


def test_a_failure_leaves_nothing_behind(make_table: Any) -> None:
    table = make_table(DF)
    before = sorted(table.folder.iterdir())
    with pytest.raises(InvalidValue, match="in line 2 with KeyError: 'x'"):
        execute(table, "df['id'] += 1\ndf['x']")
    assert sorted(table.folder.iterdir()) == before


@pytest.mark.parametrize("command", ["", 3, None, "x" * 100_001])
def test_what_is_no_command(command: Any) -> None:
    with pytest.raises(InvalidRequest):
        require_operation("executeCommand").parse({"command": command})


COMMANDS = [
    "df['a'] = df['a'] + 1",
    "df = df.sort_values('b', kind='stable')",
    "df = df.dropna()",
    "df['c'] = df['b'].str.upper()",
    "df = df.drop_duplicates()",
    "df = df.iloc[::-1]",
]


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    st.lists(st.tuples(st.none() | st.integers(-9, 9), st.none() | st.text("abä", max_size=2)), max_size=8),
    st.sampled_from(COMMANDS),
)
def test_the_same_as_pandas_here(make_table: Any, rows: list[tuple[Any, Any]], command: str) -> None:
    df = pl.DataFrame(rows, schema={"a": pl.Int64, "b": pl.String}, orient="row")
    nullable = "Int64" if df["a"].null_count() else "int64"
    here = {"df": df.to_pandas().astype({"a": nullable, "b": "str"}), "pd": pd, "np": np}
    exec(command, here)
    expected = here["df"].astype(object)
    after = frame(execute(make_table(df), command))
    assert after.columns == list(expected.columns)
    for name in after.columns:
        assert after[name].to_list() == [None if pd.isna(value) else value for value in expected[name]]
