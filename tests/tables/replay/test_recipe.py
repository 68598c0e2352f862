"""Recipes: the steps of one table carried out on another; a step taken out of the middle."""

from __future__ import annotations

import contextlib
import json
import tempfile
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic.fields import FieldInfo

from longshore.errors import ColumnNotFound, IllegalOperation, InvalidRequest, InvalidType, InvalidValue, TooLarge
from longshore.tables.core.table import Table, write_columns
from longshore.tables.history import History
from longshore.tables.replay.recipe import DEEPEST, Recipe, RecipeStep, replay
from tables.conftest import MakeTable

FRAME = pl.DataFrame({"name": ["a", "b", "a", None], "price": [1.5, None, 2.5, 2.0], "count": [1, 2, 3, None]})
STEPS = st.one_of(
    st.tuples(
        st.just("newCellValue"),
        st.fixed_dictionaries(
            {"columnIndex": st.just(2), "rowIndex": st.integers(0, 1), "newValue": st.integers(0, 9)}
        ),
    ),
    st.tuples(st.just("fillWithAverage"), st.just({"columnIndex": 1, "metric": "mean"})),
    st.tuples(st.just("fillDown"), st.just({"columnFrom": 0, "columnTo": 2, "method": "pad"})),
    st.tuples(st.just("normalize"), st.just({"column": "price"})),
    st.tuples(st.just("deleteRows"), st.just({"rowIndices": [1]})),
    st.tuples(st.just("insertDuplicateColumn"), st.just({"columnIndex": 0})),
    st.tuples(st.just("findReplace"), st.just({"columnIndex": 2, "toReplace": [1], "replaceWith": [2]})),
)


def start(folder: Path, frame: pl.DataFrame = FRAME) -> History:
    columns, rows = write_columns(folder, frame.lazy(), frame.columns)
    return History.start(Table(folder, tuple(columns), rows))


def made(folder: Path, steps: list[tuple[str, dict[str, Any]]]) -> History:
    history = start(folder)
    for operation, parameters in steps:
        if history.table.rows > 2 or operation != "deleteRows":
            with contextlib.suppress(InvalidType):
                history = history.apply(operation, **parameters)
    return history


def files(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def frame_of(history: History) -> pl.DataFrame:
    return history.table.scan().collect()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path


@settings(max_examples=60, deadline=None)
@given(st.lists(STEPS, max_size=5), st.sampled_from(["learn", "keep"]), st.sampled_from(["strict", "lenient"]))
def test_a_recipe_on_the_same_file_gives_the_same_table_also_through_json(steps: Any, facts: Any, mode: Any) -> None:
    with tempfile.TemporaryDirectory() as name:
        history = made(Path(name), steps)
        recipe = Recipe.parse(json.loads(json.dumps(history.recipe("t.csv").to_document())))
        assert recipe == history.recipe("t.csv")
        again, done = History.start(history.steps[0].table).apply_recipe(recipe, mode=mode, facts=facts)
        assert frame_of(again).equals(frame_of(history))
        assert [report.outcome for report in done.reports] == ["applied"] * len(recipe.steps)
        assert again.recipe("t.csv") == recipe


@settings(max_examples=60, deadline=None)
@given(st.lists(STEPS, min_size=1, max_size=5))
def test_dropping_the_last_step_gives_the_table_of_undo_and_undo_brings_it_back(steps: Any) -> None:
    with tempfile.TemporaryDirectory() as name:
        history = made(Path(name), steps)
        if history.position == 0:
            return
        dropped, done = history.drop_step(history.position)
        assert frame_of(dropped).equals(frame_of(history.undo()))
        assert done.reports == ()
        assert dropped.recipe() == history.undo().recipe()
        assert frame_of(dropped.undo()).equals(frame_of(history))


@settings(max_examples=60, deadline=None)
@given(st.lists(STEPS, min_size=2, max_size=5), st.data())
def test_dropping_a_step_is_replaying_the_recipe_without_it(steps: Any, data: st.DataObject) -> None:
    with tempfile.TemporaryDirectory() as name:
        history = made(Path(name), steps)
        if history.position == 0:
            return
        for _ in range(2):
            recipe = history.recipe()
            numbers = [n for n in range(1, len(history.steps)) if history.steps[n].operation != "dropStep"]
            left = [n for n in numbers if n in [e.number for e in effective_of(history)]]
            if not left:
                return
            number = data.draw(st.sampled_from(left))
            at = left.index(number)
            expected = replay(
                history.steps[0].table, [*recipe.steps[:at], *recipe.steps[at + 1 :]], mode="lenient"
            ).table
            history, _ = history.drop_step(number)
            assert frame_of(history).equals(expected.scan().collect())


def effective_of(history: History) -> Any:
    from longshore.tables.replay.drop_step import effective

    return effective(history._made())


def test_columns_are_found_by_name_in_a_file_with_another_order(folder: Path, make_table: MakeTable) -> None:
    steps = [("fillWithAverage", {"columnIndex": 1, "metric": "mean"}), ("deleteColumns", {"columnIndices": [0]})]
    recipe = made(folder, steps).recipe()
    other = start(folder, FRAME.select("count", "price", "name"))
    again, _ = other.apply_recipe(recipe)
    assert again.table.names == ["count", "price"]
    assert again.steps[1].parameters["columnIndex"] == 1
    assert frame_of(again)["price"].to_list() == [1.5, 2.0, 2.5, 2.0]


def test_a_range_of_columns_must_stand_side_by_side(folder: Path) -> None:
    recipe = made(folder, [("fillDown", {"columnFrom": 1, "columnTo": 2, "method": "pad"})]).recipe()
    swapped, _ = start(folder, FRAME.select("count", "price", "name")).apply_recipe(recipe)
    assert frame_of(swapped)["name"].to_list() == ["a", "b", "a", None]
    assert frame_of(swapped)["count"].to_list() == [1, 2, 3, 3]
    with pytest.raises(ColumnNotFound, match="side by side"):
        start(folder, FRAME.select("count", "name", "price")).apply_recipe(recipe)


def test_sort_keys_and_new_rows_are_matched_by_name_too(folder: Path) -> None:
    steps = [
        ("addRows", {"rows": [["z", 9.0, 7]]}),
        ("insertRow", {"rowIndex": 0, "values": ["y", 8.0, 6]}),
        ("sortRows", {"sortBy": [{"columnIndex": 1, "ascending": False}, {"column": "name"}]}),
    ]
    history = made(folder, steps)
    assert history.position == 3
    recipe = Recipe.parse(json.loads(json.dumps(history.recipe().to_document())))
    same, _ = History.start(history.steps[0].table).apply_recipe(recipe)
    assert frame_of(same).equals(frame_of(history))
    again, _ = start(folder, FRAME.select("count", "price", "name")).apply_recipe(recipe)
    assert frame_of(again).select(FRAME.columns).equals(frame_of(history))
    assert [(c.parameter, c.name) for c in recipe.steps[2].columns] == [
        ("sortBy.columnIndex", "price"),
        ("sortBy.column", "name"),
    ]


def test_a_recipe_without_names_goes_by_index(folder: Path) -> None:
    step = RecipeStep(operation="fillWithAverage", parameters={"columnIndex": 1, "metric": "mean"})
    assert replay(start(folder).table, [step]).table.columns[1].missing == 0


def test_strict_failure_leaves_everything_as_before(folder: Path) -> None:
    steps = [("fillWithAverage", {"columnIndex": 1, "metric": "mean"}), ("normalize", {"columnIndex": 2})]
    recipe = made(folder, steps).recipe()
    other = start(folder, FRAME.drop("count"))
    before = files(folder)
    with pytest.raises(ColumnNotFound, match=r"step 2 of the recipe, normalize: no column 'count'"):
        other.apply_recipe(recipe)
    assert files(folder) == before


def test_lenient_reports_each_step_with_its_reason(folder: Path) -> None:
    steps = [
        ("fillWithAverage", {"columnIndex": 1, "metric": "mean"}),
        ("normalize", {"columnIndex": 2}),
        ("newCellValue", {"columnIndex": 0, "rowIndex": 3, "newValue": "z"}),
        ("renameColumn", {"columnIndex": 0, "newName": "who"}),
    ]
    recipe = made(folder, steps).recipe()
    unknown = RecipeStep(operation="explode", parameters={})
    malformed = RecipeStep(operation="renameColumn", parameters={"column": 7})
    frame = FRAME.head(2).drop("count").with_columns(pl.col("price").cast(pl.String))
    done = replay(start(folder, frame).table, [*recipe.steps, unknown, malformed], mode="lenient")
    assert [(report.outcome, report.reason) for report in done.reports] == [
        ("skipped", "differentType"),
        ("skipped", "missingColumn"),
        ("skipped", "valueFails"),
        ("applied", None),
        ("skipped", "malformed"),
        ("skipped", "malformed"),
    ]
    assert done.table.names == ["who", "price"]
    assert "step" in done.reports[0].to_wire()


def test_kept_facts_are_used_and_hostile_ones_refused(folder: Path) -> None:
    recipe = made(folder, [("fillWithAverage", {"columnIndex": 1, "metric": "mean"})]).recipe()
    other = start(folder, FRAME.with_columns(price=pl.Series([10.0, None, 20.0, 30.0])))
    kept, _ = other.apply_recipe(recipe, facts="keep")
    assert frame_of(kept)["price"].to_list() == [10.0, 2.0, 20.0, 30.0]
    for facts in ({}, {"value": ["x"]}, {"value": {"a": 1}}, {"value": True}):
        step = recipe.steps[0].model_copy(update={"facts": facts})
        done = replay(other.table, [step], facts="keep")
        assert isinstance(done.failure, InvalidValue), facts
    split = RecipeStep(operation="splitColumn", parameters={"column": "name", "delimiter": ","}, facts={"parts": 10**9})
    assert isinstance(replay(other.table, [split], facts="keep").failure, TooLarge)


def test_facts_of_an_older_spelling_mean_the_same(folder: Path) -> None:
    frame = pl.DataFrame({"day": ["31/01/2001", "05/03/2001", "06/02/2001"]})
    recipe = start(folder, frame).apply("changeColumnDataType", column="day", newDataType="date").recipe()
    step = recipe.steps[0]
    assert step.facts["dates"]["order"] == "dayFirst"
    older = step.model_copy(update={"facts": {"dates": {**step.facts["dates"], "order": "dmy"}}})
    done = replay(start(folder, frame).table, [older], facts="keep")
    assert done.failure is None
    assert done.table.scan().collect()["day"].to_list() == [date(2001, 1, 31), date(2001, 3, 5), date(2001, 2, 6)]


@pytest.mark.parametrize(
    "document",
    [None, [], {}, {"format": "longshore-recipe"}, {"format": "longshore-recipe", "formatVersion": 2, "steps": []},
     {"format": "longshore-recipe", "formatVersion": True, "steps": []},
     {"format": "longshore-recipe", "formatVersion": 1, "steps": {}},
     {"format": "longshore-recipe", "formatVersion": 1, "steps": [{"operation": 1}]},
     {"format": "longshore-recipe", "formatVersion": 1, "steps": [{"operation": "undo", "columns": [{"index": 0}]}]}],
)  # fmt: skip
def test_what_is_no_recipe_is_refused(document: Any) -> None:
    with pytest.raises(InvalidRequest):
        Recipe.parse(document)


def test_a_recipe_that_is_too_deep_or_too_big_is_refused() -> None:
    deep: Any = 1
    for _ in range(DEEPEST):
        deep = [deep]
    document = {"format": "longshore-recipe", "formatVersion": 1, "steps": [], "name": deep}
    with pytest.raises(TooLarge, match="deep"):
        Recipe.parse(document)
    with pytest.raises(TooLarge, match="bytes"):
        Recipe.parse({**document, "name": "x" * (33 * 2**20)})


def test_a_dropped_renaming_leaves_later_steps_on_the_column(folder: Path) -> None:
    steps = [
        ("renameColumn", {"columnIndex": 1, "newName": "cost"}),
        ("fillWithAverage", {"column": "cost", "metric": "mean"}),
        ("normalize", {"columnIndex": 1}),
    ]
    history, done = made(folder, steps).drop_step(1)
    assert done.skipped == 0
    assert history.table.names == FRAME.columns
    assert history.recipe().steps[0].parameters["column"] == "price"
    assert history.undo().table.names[1] == "cost"


def test_dropping_the_step_that_made_a_column_reports_those_that_need_it(folder: Path) -> None:
    steps = [
        ("insertDuplicateColumn", {"columnIndex": 1}),
        ("normalize", {"column": "price_copy"}),
        ("fillWithAverage", {"column": "price", "metric": "mean"}),
    ]
    history, done = made(folder, steps).drop_step(1)
    assert [(report.number, report.outcome) for report in done.reports] == [(2, "skipped"), (3, "applied")]
    assert [step.operation for step in history.recipe().steps] == ["fillWithAverage"]
    assert "1 step no longer applied" in history.steps[-1].sentence
    with pytest.raises(IllegalOperation, match="already"):
        history.drop_step(2)
    history.save()
    assert History.load(folder).recipe() == history.recipe()


def test_what_cannot_be_dropped(folder: Path) -> None:
    history = made(folder, [("normalize", {"columnIndex": 1})])
    with pytest.raises(IllegalOperation, match="read the file"):
        history.drop_step(0)
    with pytest.raises(InvalidValue):
        history.drop_step(2)
    dropped, _ = history.drop_step(1)
    with pytest.raises(IllegalOperation, match="undo"):
        dropped.drop_step(2)


def test_going_to_any_step(folder: Path) -> None:
    history = made(folder, [("normalize", {"columnIndex": 1}), ("deleteRows", {"rowIndices": [0]})])
    there = history.go_to(1)
    assert (there.table.rows, there.undo_available, there.redo_available) == (4, True, True)
    with pytest.raises(InvalidValue, match="0 to 2"):
        history.go_to(3)


def test_another_kind_matters_only_where_the_operation_does_something_else_with_it(folder: Path) -> None:
    recipe = made(
        folder, [("renameColumn", {"columnIndex": 2, "newName": "n"}), ("normalize", {"column": "n"})]
    ).recipe()
    as_float, _ = start(folder, FRAME.with_columns(pl.col("count").cast(pl.Float64))).apply_recipe(recipe)
    assert as_float.position == 2
    done = replay(start(folder, FRAME.with_columns(pl.col("count").cast(pl.String))).table, recipe.steps)
    assert isinstance(done.failure, InvalidType)
    assert [report.outcome for report in done.reports] == ["applied", "failed"]


def test_a_name_that_was_not_given_is_not_mistaken_for_the_column_that_has_it(folder: Path) -> None:
    steps = [
        ("renameColumn", {"columnIndex": 2, "newName": "total"}),
        ("normalize", {"column": "total"}),
    ]
    recipe = made(folder, steps).recipe()
    other = start(folder, FRAME.with_columns(total=pl.Series([9.0, 8.0, 7.0, 6.0])))
    after, done = other.apply_recipe(recipe, mode="lenient")
    assert [report.outcome for report in done.reports] == ["skipped", "skipped"]
    assert after == other


def test_steps_that_name_rows_are_pointed_out_where_rows_may_differ(make_table: MakeTable) -> None:
    history = History.start(make_table(FRAME, files=3)).apply("deleteRows", rowIndices=[0])
    history = history.apply("normalize", columnIndex=1)
    history = history.apply("newCellValue", columnIndex=0, rowIndex=1, newValue="z")
    assert [report.note is None for report in history.drop_step(1)[1].reports] == [True, False]
    assert [report.note is None for report in history.drop_step(2)[1].reports] == [True]


def test_every_parameter_that_names_a_column_is_understood() -> None:
    """Whoever declares an operation marks such parameters, or a recipe would take them for plain numbers."""
    from longshore.tables.operations import all_operations
    from longshore.tables.replay.recipe import _controls, _key_lists

    for declared in all_operations():
        model = declared.parameters_model()
        understood = {*_controls(model), *_key_lists(model)}
        ours = {name: info for name, info in model.model_fields.items() if not of_the_other(info)}
        names = {info.alias or name for name, info in ours.items() if info.annotation is not bool}
        assert {name for name in names if "column" in name.lower() or name == "sortBy"} <= understood, declared.name


def of_the_other(info: FieldInfo) -> bool:
    extra = info.json_schema_extra
    return isinstance(extra, dict) and str(extra.get("x-control")).startswith("other-")


@pytest.mark.parametrize("facts", ["learn", "keep"])
@pytest.mark.parametrize(
    "step",
    [
        {"operation": "normalize", "parameters": {"columnIndex": 10**30}},
        {"operation": "normalize", "parameters": {"columnIndex": -1}},
        {"operation": "x" * 100, "parameters": {}},
        {"operation": "dropStep", "parameters": {"version": 1}},
        {"operation": "applyRecipe", "parameters": {}},
        {"operation": "import", "parameters": {"name": "/etc/passwd"}},
        {"operation": "fillDown", "parameters": {"columnFrom": 0, "columnTo": 10**9}},
        {"operation": "discretize", "parameters": {"column": "price", "cutMode": "discretization", "numberOfBins": 2},
         "facts": {"edges": ["a"], "labels": [[]], "includeLowest": True}},
        {"operation": "generateDummies", "parameters": {"column": "name", "inplace": True},
         "facts": {"dtype": "nonsense", "values": [1, {}]}},
    ],
)  # fmt: skip
def test_hostile_steps_are_reported_and_leave_no_files(folder: Path, step: Any, facts: Any) -> None:
    recipe = Recipe.parse({"format": "longshore-recipe", "formatVersion": 1, "steps": [step]})
    table = start(folder).table
    before = files(folder)
    done = replay(table, recipe.steps, mode="lenient", facts=facts)
    if done.made:
        assert facts == "learn"
        done.discard()
    assert files(folder) == before


def test_numbers_that_json_does_not_have_are_refused() -> None:
    step = {"operation": "normalize", "parameters": {}, "facts": {"min": float("nan")}}
    with pytest.raises(InvalidRequest, match="NaN"):
        Recipe.parse({"format": "longshore-recipe", "formatVersion": 1, "steps": [step]})
