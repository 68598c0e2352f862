"""A cell is followed back to where it came from.

The reference is the data itself: every cell of the imported table says its row and column in its text, and every
change of a value only adds to that text. So each cell of the last table tells where it came from, and how often it was
changed, whatever happened to rows and columns in between.
"""

from __future__ import annotations

import re
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from longshore.errors import ColumnNotFound, LongshoreError, RowNotFound
from longshore.tables import sandbox
from longshore.tables.core.table import Table
from longshore.tables.history import History
from longshore.tables.operations import Change, Facts, OneColumn, Operation, Report, base
from longshore.tables.reading import ReadOptions, read
from longshore.tables.replay.lineage import Explanation, cells

TAG = re.compile(r"c(\d+)r(\d+)")

ROW = st.integers(0, 5)
COLUMN = st.integers(0, 4)
STEPS: dict[str, st.SearchStrategy[dict[str, Any]]] = {
    "renameColumn": st.fixed_dictionaries({"columnIndex": COLUMN, "newName": st.sampled_from("uvwxyz")}),
    "newCellValue": st.fixed_dictionaries({"columnIndex": COLUMN, "rowIndex": ROW}),
    "findReplace": st.fixed_dictionaries(
        {
            "columnIndex": COLUMN,
            "toReplace": st.sampled_from([["^"], ["(c.*r[024])"]]),
            "replaceWith": st.just([r"+\g<0>"]),
            "matchRegex": st.just(True),
        }
    ),
    "deleteRows": st.fixed_dictionaries({"rowIndices": st.lists(ROW, min_size=1, max_size=2)}),
    "deleteColumns": st.fixed_dictionaries({"columnIndices": st.lists(COLUMN, min_size=1, max_size=1)}),
    "moveColumn": st.fixed_dictionaries({"columnIndex": COLUMN, "toIndex": COLUMN}),
    "insertRow": st.fixed_dictionaries({"rowIndex": ROW}),
    "addRows": st.fixed_dictionaries({"rows": st.just([{}, {}])}),
    "sortRows": st.fixed_dictionaries(
        {"sortBy": st.lists(st.fixed_dictionaries({"columnIndex": COLUMN, "ascending": st.booleans()}), min_size=1)}
    ),
    "deduplicate": st.fixed_dictionaries({"columnIndices": st.just([0]), "keep": st.sampled_from(["first", "last"])}),
    "deleteRowsWithNA": st.fixed_dictionaries({"columnIndex": COLUMN}),
    "keepRows": st.fixed_dictionaries({"searchQuery": st.sampled_from(["r1", "r2", "c"])})
    | st.just({"where": "COUNT(*) > 0 AND NOT FALSE"}),
    "dropRows": st.fixed_dictionaries({"searchQuery": st.just("r3"), "searchColumnIndices": st.just([0])}),
    "insertDuplicateColumn": st.fixed_dictionaries({"columnIndex": COLUMN}),
    "combineColumns": st.fixed_dictionaries({"columnsToCombine": st.just([0, 1]), "seperator": st.just("&")}),
    "splitColumn": st.fixed_dictionaries({"columnIndex": COLUMN, "delimiter": st.just("r")}),
    "normalize": st.fixed_dictionaries({"columnIndex": COLUMN}),
}
STEP = st.one_of(*(st.tuples(st.just(name), parameters) for name, parameters in STEPS.items()))
TRAVEL = st.sampled_from(["undo", "redo", "goTo", "dropStep"]).map(lambda name: (name, {}))


def take(history: History, step: tuple[str, dict[str, Any]], pick: int) -> History:
    """The history after a step, or as it was where the step is refused."""
    name, parameters = step
    try:
        match name:
            case "undo":
                return history.undo()
            case "redo":
                return history.redo()
            case "goTo":
                return history.go_to(pick % len(history.steps))
            case "dropStep":
                return history.drop_step(1 + pick % max(1, history.position))[0]
            case "newCellValue":
                old = history.table.scan().collect().item(parameters["rowIndex"], parameters["columnIndex"])
                return history.apply(name, newValue=f"+{old}", **parameters) if old else history
        return history.apply(name, **parameters)
    except (LongshoreError, IndexError):
        return history


@given(
    steps=st.lists(st.tuples(STEP | STEP | STEP | TRAVEL, st.integers(0, 20)), max_size=12),
    rows=st.integers(1, 5),
    width=st.integers(2, 4),
)
@settings(max_examples=250, deadline=None)
def test_every_cell_leads_to_where_its_text_says(
    steps: list[tuple[tuple[str, dict[str, Any]], int]], rows: int, width: int
) -> None:
    with tempfile.TemporaryDirectory() as place:
        lines = [",".join(f"n{c}" for c in range(width))]
        lines += [",".join(f"c{c}r{r}" for c in range(width)) for r in range(rows)]
        path = Path(place) / "t.csv"
        path.write_text("\n\n".join(lines))
        history = History.start(read(path, Path(place) / "columns").table)
        for step, pick in steps:
            history = take(history, step, pick)
        frame = history.table.scan().collect()
        for row in range(frame.height):
            for column, name in enumerate(frame.columns):
                check(history.explain(row, column), frame.item(row, column), row, name)


def check(found: Explanation, value: str | None, row: int, name: str) -> None:
    assert (found.now.value, found.now.row, found.now.column) == (value, row, name)
    for earlier, later in zip(found.steps, found.steps[1:], strict=False):
        assert earlier.after == later.before
    assert not found.steps or found.steps[-1].after == found.now
    if found.original is None:
        first = found.steps[0]
        assert first.what in (("rowAdded",), ("columnMade",))
        if first.what == ("columnMade",):
            assert first.operation in ("combineColumns", "splitColumn")
            assert first.reads
            wanted = "&".join(place.value for place in first.reads if place.value is not None)
            assert first.after.value in (wanted or None, *wanted.split("r"), None)
        else:
            assert (first.operation in ("insertRow", "addRows"), first.after.value) == (True, None)
        return
    assert value is not None
    assert [tuple(map(int, tag)) for tag in TAG.findall(value)] == [
        (int(found.original.place.column.removeprefix("n")), found.original.place.row)
    ]
    assert found.original.place.value == value.lstrip("+")
    assert found.original.line == 3 + 2 * found.original.place.row
    changes = [step for step in found.steps if "changed" in step.what]
    assert sum(len(s.after.value) - len(s.before.value) for s in changes if s.before) == value.count("+")
    assert not found.steps or found.steps[0].before == found.original.place


Start = Callable[..., History]


@pytest.fixture
def start(tmp_path: Path) -> Start:
    def make(text: str, **options: Any) -> History:
        path = tmp_path / "t.csv"
        path.write_text(text)
        return History.start(read(path, tmp_path / "columns", options=ReadOptions(**options)).table)

    return make


def test_what_a_step_did_is_told(start: Start) -> None:
    history = start("a,b\n3,x\n1,y\n2,z\n")
    history = history.apply("sortRows", sortBy=[{"column": "a"}])
    history = history.apply("changeColumnDataType", column="a", newDataType="float")
    history = history.apply("insertDuplicateColumn", column="a")
    history = history.apply("renameColumn", column="a_copy", newName="c")
    history = history.apply("normalize", column="c")
    found = history.explain(2, "c")
    assert [(s.operation, s.what) for s in found.steps] == [
        ("sortRows", ("moved",)),
        ("changeColumnDataType", ("changed",)),
        ("insertDuplicateColumn", ("copied",)),
        ("renameColumn", ("renamed",)),
        ("normalize", ("changed",)),
    ]
    assert found.original is not None
    assert (found.original.place.value, found.original.place.column, found.original.line) == (3, "a", 2)
    assert [s.number for s in history.explain(2, "a").steps] == [1, 2]
    assert found.to_wire()["steps"][-1]["before"] == {"value": 3.0, "dataType": "float", "column": "c", "rowIndex": 2}


def test_cells_that_a_step_left_as_they_were_do_not_list_it(start: Start) -> None:
    history = start("a,b\nx,1\ny,2\n").apply("findReplace", column="a", toReplace=["x"], replaceWith=["z"])
    assert len(history.explain(0, 0).steps) == 1
    assert history.explain(1, 0).steps == ()
    assert history.explain(0, 1).steps == ()


def test_a_sampled_row_has_its_line(start: Start) -> None:
    text = "k\n" + "".join(f"{n}\n" for n in range(200))
    history = start(text, sample_size=0.1, seed=1).apply("sortRows", sortBy=[{"column": "k", "ascending": False}])
    for row in range(history.table.rows):
        found = history.explain(row, 0)
        assert found.original is not None
        assert found.original.line == found.now.value + 2


def test_without_a_file_there_is_no_line(start: Start) -> None:
    history = start("a\n1\n")
    table = Table(history.table.folder, history.table.columns, history.table.rows)
    found = History.start(table).explain(0, 0)
    assert found.original is not None
    assert (found.original.line, found.original.unit) == (None, None)


@pytest.fixture
def _code_runs() -> Iterator[None]:
    sandbox.configure(sandbox.Limits(seconds=30, memory_bytes=3 * 2**30))
    yield
    sandbox.configure(None)


@pytest.mark.skipif(sys.platform != "linux", reason="the walls are Linux's")
@pytest.mark.usefixtures("_code_runs")
def test_code_cuts_the_link_only_where_it_wrote(start: Start) -> None:
    history = start("a,b\n1,x\n2,y\n").apply("executeCommand", command="df['a'] = df['a'] * 2")
    kept = history.explain(1, "b")
    assert (kept.steps, kept.original is not None) == ((), True)
    changed = history.explain(1, "a")
    (step,) = changed.steps
    assert (changed.original, step.what, step.before) == (None, ("unknown",), None)
    assert "code was run" in (step.note or "")
    made = history.apply("executeCommand", command="df = df.iloc[::-1].head(1)").explain(0, "b")
    assert [s.what for s in made.steps] == [("unknown",)]


def test_steps_that_cannot_be_planned_again_say_so(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    history = start("a,b\n1,x\n2,y\n").apply("normalize", column="a").apply("deleteRows", rowIndices=[0])

    def refuse(*_: object) -> Change:
        raise KeyError("facts of another version")

    monkeypatch.setattr(base.require_operation("normalize"), "transform", refuse)
    found = history.explain(0, "a")
    assert [s.what for s in found.steps] == [("unknown",), ("moved",)]
    assert "cannot be followed" in (found.steps[0].note or "")
    assert history.explain(0, "b").original is not None


def test_an_operation_that_loses_row_numbers_is_not_guessed_at(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    class Forgetful(Operation):
        """Reverse the rows, and lose their numbers."""

        name = "forgetful"
        example = {"columnIndex": 0}  # noqa: RUF012
        parameters: OneColumn

        def transform(self, table: Table, facts: Facts) -> Change:
            return Change(table.columns, rows=lambda frame: frame.drop("\x00row").reverse())

        def report(self, before: Table, after: Table, facts: Facts) -> Report:
            return Report("Reversed")

    monkeypatch.setitem(base._registry, "forgetful", Forgetful)
    found = start("a\n1\n2\n").apply("forgetful", columnIndex=0).explain(0, 0)
    assert [s.what for s in found.steps] == [("unknown",)]
    assert "which row is which" in (found.steps[0].note or "")


def test_only_so_many_moves_are_followed(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cells, "MAX_MOVES", 3)
    history = start("a,b\n1,x\n2,y\n")
    for ascending in (False, True, False):
        history = history.apply("sortRows", sortBy=[{"column": "a", "ascending": ascending}])
    assert history.explain(0, 0).original is not None
    found = history.apply("insertRow", rowIndex=0).explain(1, 0)
    assert (found.original, found.steps[0].what) == (None, ("unknown",))


def test_no_such_cell(start: Start) -> None:
    history = start("a\n1\n")
    with pytest.raises(RowNotFound):
        history.explain(1, 0)
    with pytest.raises(RowNotFound):
        history.explain(-1, 0)
    with pytest.raises(ColumnNotFound):
        history.explain(0, 1)
    with pytest.raises(ColumnNotFound, match="no column 'b'"):
        history.explain(0, "b")


def test_dates_and_big_numbers_are_told_as_in_a_page(start: Start) -> None:
    history = start("d,n\n2020-01-02,9007199254740993\n")
    assert history.explain(0, "d").now.value == "2020-01-02"
    assert history.explain(0, "n").now.value == "9007199254740993"
    assert isinstance(history.table.columns[1].dtype, pl.Int64)


def test_rows_of_another_table_are_added_and_ours_are_followed(start: Start, tmp_path: Path) -> None:
    path = tmp_path / "other.csv"
    path.write_text("k,v\n1,x\n2,y\n")
    other = read(path, tmp_path / "other").table
    history = start("k,a\n2,b\n1,c\n")
    history = history.apply("join", {"other": other}, otherSessionID="other", keys=[{"column": "k"}])
    assert [s.what for s in history.explain(0, "v").steps] == [("columnMade",)]
    assert history.explain(1, "a").steps == ()
    history = history.apply("appendFile", {"other": other}, otherSessionID="other")
    found = history.explain(1, "k")
    assert found.original is not None
    assert (found.original.line, found.steps) == (3, ())
    assert [s.what for s in history.explain(2, "k").steps] == [("rowAdded",)]
