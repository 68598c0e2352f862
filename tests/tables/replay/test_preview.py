"""What a preview says is what the operation then does."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import polars as pl
import pytest

from longshore.errors import IllegalOperation, InvalidRequest
from longshore.tables.core.table import Table
from longshore.tables.operations import require_operation
from longshore.tables.replay.apply import apply
from longshore.tables.replay.preview import Preview, PreviewParameters, Retyped, preview

MakeTable = Callable[..., Table]


def look(table: Table, name: str, parameters: dict[str, Any], rows: list[int]) -> Preview:
    return preview(table, PreviewParameters(preview=name, parameters=parameters, row_indices=rows))


@pytest.fixture
def table(make_table: MakeTable) -> Table:
    return make_table(pl.DataFrame({"a": [1, None, 3, None], "b": ["x y", "z", None, "x y"]}))


def test_filled_values_and_how_many(table: Table) -> None:
    found = look(table, "fillWithAverage", {"column": "a", "metric": "median"}, [0, 1])
    assert (found.index, found.touched, found.data) == ([0, 1], ["a"], [[1.0], [2.0]])
    assert (found.rows, found.changed_cells, found.new, found.removed) == (4, 2, [], [])


def test_what_is_lost_is_counted_by_itself(table: Table) -> None:
    found = look(table, "findReplace", {"column": "b", "toReplace": ["z"], "replaceWith": [None]}, [1])
    assert (found.changed_cells, found.lost_cells, found.retyped) == (1, 1, [])
    filled = look(table, "fillWithCustomValue", {"column": "a", "newValue": 5}, [1])
    assert (filled.changed_cells, filled.lost_cells) == (2, 0)


def test_a_change_of_type_is_told(table: Table) -> None:
    found = look(table, "changeColumnDataType", {"column": "a", "newDataType": "string"}, [0])
    assert (found.changed_cells, found.lost_cells) == (0, 0)
    assert found.retyped == [Retyped("a", "int", "string")]
    lossy = look(table, "changeColumnDataType", {"column": "b", "newDataType": "int"}, [0])
    assert (lossy.changed_cells, lossy.lost_cells) == (3, 3)
    assert lossy.retyped == [Retyped("b", "string", "int")]


def test_rows_that_go(table: Table) -> None:
    found = look(table, "deleteRowsWithNA", {"column": "a"}, [0, 1, 2])
    assert (found.index, found.rows, found.changed_cells) == ([0, 2], 2, None)


def test_columns_that_come_and_go(table: Table) -> None:
    found = look(table, "splitColumn", {"column": "b", "delimiter": " "}, [0, 2])
    assert found.columns == ["a", "b", "b_0", "b_1"]
    assert (found.new, found.data) == (["b_0", "b_1"], [["x", "y"], [None, None]])
    assert look(table, "deleteColumns", {"columns": ["b"]}, [0]).removed == ["b"]


def test_nothing_is_written(table: Table) -> None:
    before = sorted(path.name for path in table.folder.iterdir())
    look(table, "fillWithAverage", {"column": "a", "metric": "mean"}, [0])
    assert sorted(path.name for path in table.folder.iterdir()) == before


def test_code_is_not_run_for_a_preview(table: Table) -> None:
    with pytest.raises(IllegalOperation, match="no preview"):
        look(table, "executeCommand", {"command": "raise SystemExit"}, [0])


def test_what_the_operation_refuses_is_refused(table: Table) -> None:
    with pytest.raises(InvalidRequest, match="metric"):
        look(table, "fillWithAverage", {"column": "a", "metric": "maximum"}, [0])


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("normalize", {"column": "a"}),
        ("sortRows", {"sortBy": [{"column": "b"}]}),
        ("deduplicate", {"columns": ["b"]}),
        ("renameColumn", {"column": "a", "newName": "c"}),
        ("changeColumnDataType", {"column": "a", "newDataType": "string"}),
        ("combineColumns", {"columnsToCombine": ["a", "b"], "seperator": "-"}),
        ("addRows", {"rows": [{"a": 5}]}),
    ],
)
def test_the_preview_is_what_happens(table: Table, name: str, parameters: dict[str, Any]) -> None:
    found = look(table, name, parameters, list(range(table.rows)))
    after = apply(table, require_operation(name).parse(parameters)).table
    assert found.columns == after.names
    assert found.rows == after.rows
    if found.touched and found.rows == table.rows:
        frame = after.scan().collect()
        assert found.data == [list(row) for row in frame.select(found.touched).rows()]


def test_what_it_learnt_is_told(table: Table) -> None:
    assert look(table, "fillWithAverage", {"column": "a", "metric": "mean"}, [0]).facts == {"value": 2.0}
