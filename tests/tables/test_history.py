"""Undo and redo without end, over restarts, as a library."""

from __future__ import annotations

import tempfile
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from longshore.errors import ColumnNotFound, IllegalOperation, SessionNotFound
from longshore.tables.core.table import Table, write_columns
from longshore.tables.history import History
from longshore.tables.replay.recipe import Recipe
from tables.conftest import MakeTable

CELL = {"columnIndex": st.just(0), "rowIndex": st.integers(0, 1), "newValue": st.integers(0, 9)}
FILL = {"columnIndex": st.just(1), "metric": st.sampled_from(["mean", "mode"])}
TYPE = {"columnIndex": st.just(1), "newDataType": st.sampled_from(["float", "string"])}
REPLACE = {"columnIndex": st.just(0), "toReplace": st.just([1]), "replaceWith": st.just([2])}
STEPS = st.one_of(
    st.tuples(st.just("newCellValue"), st.fixed_dictionaries(CELL)),
    st.tuples(st.just("fillWithAverage"), st.fixed_dictionaries(FILL)),
    st.tuples(st.just("changeColumnDataType"), st.fixed_dictionaries(TYPE)),
    st.tuples(st.just("findReplace"), st.fixed_dictionaries(REPLACE)),
)


@settings(max_examples=60, deadline=None)
@given(st.lists(STEPS, min_size=1, max_size=6), st.data())
def test_undo_is_the_identity_and_redo_its_inverse(steps: list[tuple[str, dict]], data: st.DataObject) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        frame = pl.DataFrame({"a": [1, 2, 3], "b": [1.5, None, 2.5]})
        columns, rows = write_columns(folder, frame.lazy(), frame.columns)
        history = History.start(Table(folder, tuple(columns), rows))
        seen = [history.table.scan().collect()]
        for operation, parameters in steps:
            if operation == "fillWithAverage" and history.table.columns[1].kind == "string":
                parameters = {**parameters, "metric": "mode"}
            history = history.apply(operation, **parameters)
            seen.append(history.table.scan().collect())
        for expected in reversed(seen[:-1]):
            history = history.undo()
            assert history.table.scan().collect().equals(expected)
        assert not history.undo_available
        history.save()
        history = History.load(folder)
        forward = data.draw(st.integers(0, len(steps)))
        for expected in seen[1 : forward + 1]:
            history = history.redo()
            assert history.table.scan().collect().equals(expected)
        assert history.redo_available == (forward < len(steps))


def test_the_ends_of_a_history(make_table: MakeTable) -> None:
    history = History.start(make_table(pl.DataFrame({"a": [1]})))
    with pytest.raises(IllegalOperation):
        history.undo()
    with pytest.raises(IllegalOperation):
        history.redo()
    with pytest.raises(ColumnNotFound):
        history.apply("renameColumn", column="z", newName="b")


def test_a_new_step_drops_the_undone_ones_and_their_files_can_be_collected(make_table: MakeTable) -> None:
    history = History.start(make_table(pl.DataFrame({"a": [1, 2]})))
    history = history.apply("deleteRows", rowIndices=[0]).undo().apply("renameColumn", column="a", newName="b")
    assert not history.redo_available
    assert len(history.collect()) == 1
    assert history.table.scan().collect()["b"].to_list() == [1, 2]
    assert history.undo().table.names == ["a"]


def test_loading_from_a_folder_without_a_history(tmp_path: Path) -> None:
    with pytest.raises(SessionNotFound):
        History.load(tmp_path)


def test_joins_with_other_tables_and_dropping_a_step_before_one(make_table: MakeTable) -> None:
    cities = make_table(pl.DataFrame({"city": ["Rome"], "land": ["Italy"]}))
    history = History.start(make_table(pl.DataFrame({"name": ["Ada", "Bob"], "city": ["Rome", "Oslo"]})))
    history = history.apply("renameColumn", column="name", newName="who")
    history = history.apply("join", {"cities": cities}, otherSessionID="cities", keys=[{"columnIndex": 1}])
    history = history.apply("appendFile", otherSessionID="itself")
    joined = [("Ada", "Rome", "Italy"), ("Bob", "Oslo", None)] * 2
    assert history.table.scan().collect().rows() == joined
    dropped, done = history.drop_step(1, {"cities": cities})
    assert [report.outcome for report in done.reports] == ["applied", "applied"]
    assert dropped.table.scan().collect().rows() == joined
    assert dropped.table.names == ["name", "city", "land"]
    _, without = history.drop_step(1)
    assert [report.reason for report in without.reports] == ["missingSource", None]
    recipe = Recipe.parse(history.recipe().to_document())
    other = History.start(make_table(pl.DataFrame({"name": ["Eve"], "city": ["Rome"]})))
    applied, _ = other.apply_recipe(recipe, others={"cities": cities})
    assert applied.table.scan().collect().rows() == [("Eve", "Rome", "Italy")] * 2
    with pytest.raises(SessionNotFound, match="'cities'"):
        other.apply_recipe(recipe)
