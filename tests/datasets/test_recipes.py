"""The history as the server keeps it: listed, travelled, exported as a recipe, applied, mended."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from datasets.conftest import Bench
from longshore.datasets.service import READS, Asker
from longshore.errors import IllegalOperation, InvalidRequest
from longshore.tables.reading import ReadOptions

CSV = b"name,price,count\na,1.5,1\nb,,2\na,2.5,3\n"
REORDERED = b"count,name,price\n5,x,10\n6,y,\n"
NO_PRICE = b"name,count\na,1\n"


@pytest.fixture
def cleaned(bench: Bench) -> str:
    session = bench.upload(CSV, "movies.csv")
    bench.change(session, "fillWithAverage", columnIndex=1, metric="mean")
    bench.change(session, "renameColumn", columnIndex=0, newName="who")
    bench.change(session, "normalize", column="count")
    return session


def recipe_of(bench: Bench, session: str) -> Any:
    return json.loads(json.dumps(bench.service.read("recipe", session, {}).to_wire()["recipe"]))


def versions(bench: Bench, session: str) -> list[int]:
    return [step["version"] for step in bench.service.history(session).to_wire()["steps"]]


def files(bench: Bench, session: str) -> set[str]:
    return {path.name for path in bench.service.folder(session).iterdir()}


def state(bench: Bench, session: str) -> Any:
    return bench.service.history(session).to_wire(), bench.rows(session), files(bench, session)


def test_the_history_says_which_step_is_current(bench: Bench, cleaned: str) -> None:
    bench.change(cleaned, "undo")
    history = bench.service.read("history", cleaned, {}).to_wire()
    assert (history["position"], history["version"]) == (2, 2)
    assert [step["current"] for step in history["steps"]] == [False, False, True, False]
    assert history["steps"][1]["facts"] == {"value": 2.0}
    assert history["steps"][1]["rows"] == 3


@pytest.mark.parametrize("body", [{"version": 1}, {"position": 1}])
def test_going_to_a_version_keeps_undo_and_redo(bench: Bench, cleaned: str, body: dict[str, int]) -> None:
    answer = bench.change(cleaned, "goTo", "g", **body)
    assert (answer["success"], answer["version"], answer["changed"]) == (True, 1, True)
    assert bench.service.version(cleaned).table.names == ["name", "price", "count"]
    assert bench.queue.events("dataChanged")[-1]["version"] == 1
    assert bench.change(cleaned, "redo")["version"] == 2
    assert bench.change(cleaned, "goTo", version=3)["version"] == 3
    assert bench.change(cleaned, "undo")["version"] == 2


def test_going_nowhere(bench: Bench, cleaned: str) -> None:
    heard = len(bench.queue.events("dataChanged"))
    answer = bench.change(cleaned, "goTo", version=3)
    assert (answer["success"], answer["changed"]) == (True, False)
    assert len(bench.queue.events("dataChanged")) == heard
    assert "quiet" not in bench.queue.events("goTo")[-1]
    assert bench.change(cleaned, "goTo", version=9)["error"] == "InvalidValue"
    assert bench.change(cleaned, "goTo", position=-1)["error"] == "InvalidValue"
    for body in ({}, {"version": 1, "position": 1}, {"version": True}, {"version": "1"}):
        with pytest.raises(InvalidRequest):
            bench.service.accept(cleaned, "goTo", body, Asker())


def test_a_recipe_holds_the_current_branch_with_names_and_kinds(bench: Bench, cleaned: str) -> None:
    bench.change(cleaned, "undo")
    recipe = recipe_of(bench, cleaned)
    assert (recipe["format"], recipe["formatVersion"], recipe["name"]) == ("longshore-recipe", 1, "movies.csv")
    assert recipe["reading"]["settings"]["format"] == "delimited"
    assert [step["operation"] for step in recipe["steps"]] == ["fillWithAverage", "renameColumn"]
    assert recipe["steps"][0]["columns"] == [{"parameter": "columnIndex", "index": 1, "name": "price", "kind": "float"}]
    assert recipe["steps"][0]["facts"] == {"value": 2.0}


def test_a_script_holds_the_current_branch(bench: Bench, cleaned: str) -> None:
    bench.change(cleaned, "undo")
    found = bench.service.read("script", cleaned, {}).to_wire()
    assert found["name"] == "movies.py"
    names: dict[str, Any] = {}
    exec(compile(found["script"], "movies.py", "exec"), names)
    source = bench.settings.root_storage_path / "again.csv"
    source.write_bytes(CSV)
    table = names["clean"](names["read"](str(source)))
    assert table.equals(bench.service.version(cleaned).table.scan().collect())
    bench.change(cleaned, "dropStep", version=1)
    assert "fill_null" not in bench.service.read("script", cleaned, {}).to_wire()["script"]


def test_a_recipe_of_a_dataset_that_is_still_read(bench: Bench) -> None:
    bench.settings.uploads_folder.mkdir(parents=True, exist_ok=True)
    path = bench.settings.uploads_folder / "body"
    path.write_bytes(CSV)
    session, _ = bench.service.create(path, "t.csv", ReadOptions(), Asker())
    assert bench.service.history(session).to_wire()["steps"] == []
    with pytest.raises(IllegalOperation):
        bench.service.recipe(session)


def test_applying_a_recipe_to_a_file_with_other_columns_order(bench: Bench, cleaned: str) -> None:
    other = bench.upload(REORDERED)
    answer = bench.change(other, "applyRecipe", "r", recipe=recipe_of(bench, cleaned))
    assert (answer["success"], answer["version"], answer["applied"], answer["applies"]) == (True, 3, 3, True)
    assert bench.rows(other) == [(0.0, "x", 10.0), (1.0, "y", 10.0)]
    assert bench.service.version(other).table.names == ["count", "who", "price"]
    assert versions(bench, other) == [0, 1, 2, 3]
    assert bench.queue.events("dataChanged")[-1] == {
        "sessionID": other, "requestID": "r", "operation": "applyRecipe", "version": 3,
    }  # fmt: skip
    assert bench.change(other, "undo")["version"] == 2


def test_keeping_the_recipes_facts(bench: Bench, cleaned: str) -> None:
    other = bench.upload(REORDERED)
    bench.change(other, "applyRecipe", recipe=recipe_of(bench, cleaned), facts="keep")
    assert bench.rows(other)[1] == (2.5, "y", 2.0)


def test_strict_failure_leaves_everything_as_before_and_tells_where(bench: Bench, cleaned: str) -> None:
    other = bench.upload(b"name,price\na,1.5\nb,\n")
    before = state(bench, other)
    answer = bench.change(other, "applyRecipe", recipe=recipe_of(bench, cleaned))
    assert (answer["success"], answer["error"], answer["applies"]) == (False, "ColumnNotFound", False)
    assert answer["errorDescription"].startswith("step 3 of the recipe, normalize: no column 'count'")
    assert [step["outcome"] for step in answer["steps"]] == ["applied", "applied", "failed"]
    assert state(bench, other) == before


@pytest.mark.parametrize("mode", ["strict", "lenient"])
def test_a_dry_run_changes_nothing_and_reports(bench: Bench, cleaned: str, mode: str) -> None:
    other = bench.upload(NO_PRICE)
    before = state(bench, other)
    heard = len(bench.queue.events("dataChanged"))
    answer = bench.change(other, "applyRecipe", recipe=recipe_of(bench, cleaned), mode=mode, dryRun=True)
    assert (answer["success"], answer["dryRun"], answer["version"]) == (True, True, 0)
    assert answer["steps"][0]["reason"] == "missingColumn"
    assert answer["applies"] is (mode == "lenient")
    assert state(bench, other) == before
    assert len(bench.queue.events("dataChanged")) == heard


def test_lenient_leaves_out_what_does_not_apply(bench: Bench, cleaned: str) -> None:
    other = bench.upload(NO_PRICE)
    answer = bench.change(other, "applyRecipe", recipe=recipe_of(bench, cleaned), mode="lenient")
    assert (answer["applied"], answer["skipped"], answer["version"]) == (2, 1, 2)
    nothing = bench.upload(b"z\n1\n")
    answer = bench.change(nothing, "applyRecipe", recipe=recipe_of(bench, cleaned), mode="lenient")
    assert (answer["success"], answer["applied"], answer["version"]) == (True, 0, 0)


@pytest.mark.parametrize(
    "body",
    [{}, {"recipe": None}, {"recipe": []}, {"recipe": {"format": "x"}}, {"mode": "quick"}, {"facts": 1}, {"dryRun": 1}],
)
def test_what_is_no_recipe_is_refused_before_it_is_accepted(bench: Bench, cleaned: str, body: Any) -> None:
    given = {"recipe": recipe_of(bench, cleaned), **body} if "recipe" not in body and body else body
    with pytest.raises(InvalidRequest):
        bench.service.accept(cleaned, "applyRecipe", given, Asker())


def test_a_worker_killed_within_a_recipe_leaves_nothing_and_the_next_does_it_once(bench: Bench, cleaned: str) -> None:
    other = bench.upload(REORDERED)
    entry = bench.service.accept(other, "applyRecipe", {"recipe": recipe_of(bench, cleaned)}, Asker("r", "asker"))
    script = Path(__file__).with_name("die_in_recipe.py")
    killed = subprocess.run([sys.executable, script, str(bench.settings.root_storage_path), other], check=False)
    assert killed.returncode == 9
    assert versions(bench, other) == [0]
    assert bench.service.version(other).number == 0
    bench.drainer.drain(other)
    assert bench.service.wait(other, entry, 1)["version"] == 3
    assert versions(bench, other) == [0, 1, 2, 3]
    assert bench.rows(other) == [(0.0, "x", 10.0), (1.0, "y", 10.0)]


def test_dropping_a_middle_step_can_be_undone(bench: Bench, cleaned: str) -> None:
    before = bench.rows(cleaned)
    answer = bench.change(cleaned, "dropStep", version=1)
    assert (answer["success"], answer["version"], answer["applied"], answer["skipped"]) == (True, 4, 2, 0)
    assert [step["step"] for step in answer["steps"]] == [2, 3]
    assert bench.rows(cleaned)[1] == ("b", None, 0.5)
    assert [step.dropped for step in bench.service.history(cleaned).steps] == [False, True, False, False, False]
    assert [step["operation"] for step in recipe_of(bench, cleaned)["steps"]] == ["renameColumn", "normalize"]
    assert bench.change(cleaned, "undo")["version"] == 3
    assert bench.rows(cleaned) == before
    assert len(recipe_of(bench, cleaned)["steps"]) == 3
    assert bench.change(cleaned, "redo")["version"] == 4
    assert bench.change(cleaned, "dropStep", version=2)["version"] == 5
    assert bench.service.version(cleaned).table.names == ["name", "price", "count"]
    assert bench.rows(cleaned)[1] == ("b", None, 0.5)
    assert bench.change(cleaned, "dropStep", version=2)["error"] == "IllegalOperation"


def test_a_dry_run_of_dropping_tells_what_would_break(bench: Bench) -> None:
    session = bench.upload(CSV)
    bench.change(session, "insertDuplicateColumn", columnIndex=1)
    bench.change(session, "normalize", column="price_copy")
    before = state(bench, session)
    answer = bench.change(session, "dropStep", version=1, dryRun=True)
    assert [step["outcome"] for step in answer["steps"]] == ["skipped"]
    assert "did you mean 'price'" in answer["steps"][0]["errorDescription"]
    assert state(bench, session) == before


def test_dropping_keeps_only_the_files_that_are_needed(bench: Bench, cleaned: str) -> None:
    bench.change(cleaned, "dropStep", version=1)
    with bench.database.reading() as connection:
        from longshore.datasets import records

        assert files(bench, cleaned) == records.needed_files(connection, cleaned)


def test_every_read_has_an_answer(bench: Bench, cleaned: str) -> None:
    assert {"metadata", "data", "history", "recipe"} <= set(READS)
    assert bench.service.read("metadata", cleaned, {}).to_wire()["version"] == 3
