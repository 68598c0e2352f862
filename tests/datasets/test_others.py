"""Changes that read another dataset: what is accepted, held, recorded, masked, done again."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from datasets.conftest import Bench
from longshore.datasets import drain, others, records
from longshore.datasets.reconcile import GRACE_SECONDS, Reconciler
from longshore.datasets.service import Asker
from longshore.errors import InvalidRequest, SessionNotFound
from longshore.tables.reading import ReadOptions
from longshore.tables.replay.apply import apply
from longshore.tables.replay.preview import PreviewParameters

PEOPLE = b"name,city\nAda,Rome\nBob,Oslo\nCid,\n"
CITIES = b"city,land\nRome,Italy\nOslo,Norway\nBonn,Germany\n"
KEYS = [{"column": "city"}]
NOWHERE = "0" * 30


@pytest.fixture
def people(bench: Bench) -> str:
    return bench.upload(PEOPLE, "people.csv")


@pytest.fixture
def cities(bench: Bench) -> str:
    return bench.upload(CITIES, "cities.csv")


def names(bench: Bench, session: str) -> list[str]:
    return bench.service.version(session).table.names


def files(bench: Bench, session: str) -> set[str]:
    return {path.name for path in bench.service.folder(session).iterdir()}


def needed(bench: Bench, session: str) -> set[str]:
    with bench.database.reading() as connection:
        return records.needed_files(connection, session)


def test_a_join_is_a_step_that_undo_and_redo_walk(bench: Bench, people: str, cities: str) -> None:
    bench.change(cities, "deleteRows", rowIndices=[1])
    answer = bench.change(people, "join", otherSessionID=cities, keys=KEYS)
    assert (answer["success"], answer["version"], answer["matched"], answer["otherUnmatched"]) == (True, 1, 1, 1)
    joined = [("Ada", "Rome", "Italy"), ("Bob", "Oslo", None), ("Cid", None, None)]
    assert bench.rows(people) == joined
    step = bench.service.history(people).to_wire()["steps"][1]
    types = {"city": "string", "land": "string"}
    assert step["facts"]["other"] == {"name": "cities.csv", "rows": 2, "columns": 2, "version": 1, "types": types}
    bench.change(cities, "undo")
    bench.service.delete(cities)
    assert bench.rows(people) == joined, "what was joined stands in this dataset's own files"
    assert bench.change(people, "undo")["version"] == 0
    assert names(bench, people) == ["name", "city"]
    assert bench.change(people, "redo")["version"] == 1
    assert bench.rows(people) == joined
    assert files(bench, people) == needed(bench, people), "nothing of the other dataset is held any more"


def test_appending_and_self_reference(bench: Bench, people: str, cities: str) -> None:
    answer = bench.change(people, "appendFile", otherSessionID=cities)
    assert (answer["added"], answer["onlyHere"], answer["onlyThere"]) == (3, ["name"], ["land"])
    assert bench.rows(people)[3] == (None, "Rome", "Italy")
    for own in (people, "itself"):
        assert bench.change(people, "appendFile", otherSessionID=own)["success"]
    assert len(bench.rows(people)) == 24
    assert bench.change(cities, "join", otherSessionID=cities, keys=KEYS)["matched"] == 3
    assert names(bench, cities) == ["city", "land", "land_other"]
    assert bench.service.history(cities).to_wire()["steps"][1]["parameters"]["otherSessionID"] == "itself"


def test_no_answer_of_this_dataset_has_the_others_id(bench: Bench, people: str, cities: str) -> None:
    twin = bench.upload(b"city,zone\nRome,1\n", "cities.csv")
    bench.queue.sent.clear()
    bench.change(people, "insertDuplicateColumn", column="name")
    bench.change(people, "join", otherSessionID=cities, keys=KEYS)
    bench.change(people, "join", otherSessionID=twin, keys=KEYS)
    bench.change(people, "appendFile", otherSessionID=cities)
    dropped = bench.change(people, "dropStep", version=1)
    history, recipe = bench.service.history(people).to_wire(), bench.service.recipe(people).to_document()
    script = bench.service.script(people).to_wire()["script"]
    assert script.count("the dataset cities.csv as it was") == 3
    told = json.dumps([history, recipe, script, dropped, bench.queue.sent])
    assert history["steps"][5]["facts"]["later"][0]["step"]["operation"] == "join"
    assert cities not in told
    assert twin not in told
    used = [step["parameters"]["otherSessionID"] for step in history["steps"][2:5]]
    assert used == ["cities.csv", "cities.csv (2)", "cities.csv"]
    assert [step["parameters"]["otherSessionID"] for step in recipe["steps"]] == used


def test_a_recipe_is_told_its_sources(bench: Bench, people: str, cities: str) -> None:
    bench.change(people, "join", otherSessionID=cities, keys=[{"columnIndex": 1, "otherColumnIndex": 0}], columns=[1])
    bench.change(people, "appendFile", otherSessionID="itself")
    recipe = bench.service.recipe(people).to_document()
    other = bench.upload(b"city,who\nBonn,Eve\n")
    moved = bench.upload(b"note,land,city\nx,Deutschland,Bonn\n", "towns.csv")
    answer = bench.change(other, "applyRecipe", recipe=recipe, sources={"cities.csv": moved})
    assert (answer["success"], answer["applied"]) == (True, 2), answer
    assert bench.rows(other) == [("Bonn", "Eve", "Deutschland")] * 2
    assert bench.service.history(other).to_wire()["steps"][1]["parameters"]["otherSessionID"] == "towns.csv"
    assert moved not in json.dumps([bench.service.history(other).to_wire(), bench.service.recipe(other).to_document()])
    kept = bench.upload(b"city,who\nBonn,Eve\n")
    assert bench.change(kept, "applyRecipe", recipe=recipe, sources={"cities.csv": moved}, facts="keep")["success"]
    assert bench.rows(kept) == bench.rows(other)


def test_a_recipe_without_its_sources(bench: Bench, people: str, cities: str) -> None:
    bench.change(people, "join", otherSessionID=cities, keys=KEYS)
    bench.change(people, "renameColumn", column="name", newName="who")
    recipe = bench.service.recipe(people).to_document()
    target = bench.upload(PEOPLE)
    strict = bench.change(target, "applyRecipe", recipe=recipe)
    assert (strict["success"], strict["error"]) == (False, "SessionNotFound")
    assert "'cities.csv'" in strict["errorDescription"]
    lenient = bench.change(target, "applyRecipe", recipe=recipe, mode="lenient")
    assert [(step["outcome"], step.get("reason")) for step in lenient["steps"]] == [
        ("skipped", "missingSource"), ("applied", None),
    ]  # fmt: skip
    assert names(bench, target) == ["who", "city"]


def test_a_recipe_does_not_choose_by_itself_what_is_read(bench: Bench, people: str, cities: str) -> None:
    bench.change(people, "join", otherSessionID=cities, keys=KEYS)
    recipe = bench.service.recipe(people).to_document()
    recipe["steps"][0]["parameters"]["otherSessionID"] = cities
    target = bench.upload(PEOPLE)
    answer = bench.change(target, "applyRecipe", recipe=recipe, mode="lenient")
    assert answer["steps"][0]["reason"] == "missingSource"


@pytest.mark.parametrize("bad", [NOWHERE, "../../etc", "x", "A" * 30])
def test_what_is_not_there_is_refused_by_the_parameters_name(bench: Bench, people: str, bad: str) -> None:
    with pytest.raises(SessionNotFound, match=r"^otherSessionID: there is no dataset"):
        bench.service.accept(people, "join", {"otherSessionID": bad, "keys": KEYS}, Asker())
    recipe = bench.service.recipe(people).to_document()
    with pytest.raises(SessionNotFound, match=r"^sources\.a\.csv: there is no dataset"):
        bench.service.accept(people, "applyRecipe", {"recipe": recipe, "sources": {"a.csv": bad}}, Asker())


def test_malformed_sources(bench: Bench, people: str) -> None:
    recipe = bench.service.recipe(people).to_document()
    for sources in ([], "x", {"a": 1}, {"a": None}, {str(n): NOWHERE for n in range(101)}):
        with pytest.raises(InvalidRequest):
            bench.service.accept(people, "applyRecipe", {"recipe": recipe, "sources": sources}, Asker())


def test_another_dataset_deleted_or_still_read_when_the_turn_comes(bench: Bench, people: str, cities: str) -> None:
    entry = bench.service.accept(people, "join", {"otherSessionID": cities, "keys": KEYS}, Asker("r"))
    bench.service.delete(cities)
    bench.drainer.drain(people)
    answer = bench.service.wait(people, entry, 1)
    assert (answer["error"], answer["status"]) == ("SessionNotFound", 404)
    assert answer["errorDescription"].startswith("otherSessionID: there is no dataset")
    path = bench.settings.uploads_folder / "body"
    path.write_bytes(CITIES)
    waiting, _ = bench.service.create(path, "cities.csv", ReadOptions(), Asker())
    answer = bench.change(people, "join", otherSessionID=waiting, keys=KEYS)
    assert (answer["error"], answer["errorDescription"][:16]) == ("IllegalOperation", "otherSessionID: ")
    assert bench.service.version(people).number == 0


def test_another_dataset_deleted_while_it_is_read(
    bench: Bench, people: str, cities: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def delete_first(*about: Any) -> Any:
        bench.service.delete(cities)
        return apply(*about)

    monkeypatch.setattr(drain, "apply", delete_first)
    assert bench.change(people, "join", otherSessionID=cities, keys=KEYS)["success"]
    assert bench.rows(people)[0] == ("Ada", "Rome", "Italy")
    assert not bench.service.folder(cities).exists()
    assert files(bench, people) == needed(bench, people)


def test_files_that_went_between_the_look_and_the_link(
    bench: Bench, people: str, cities: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    look_up = others.OtherSessions._look_up

    def overtaken(self: others.OtherSessions, named: str, version: int | None) -> Any:
        found = look_up(self, named, version)
        bench.service.delete(cities)
        return found

    monkeypatch.setattr(others.OtherSessions, "_look_up", overtaken)
    answer = bench.change(people, "join", otherSessionID=cities, keys=KEYS)
    assert answer["errorDescription"].startswith("otherSessionID: there is no dataset")


def test_a_file_system_without_links(bench: Bench, people: str, cities: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(others.os, "link", refuse)
    assert bench.change(people, "join", otherSessionID=cities, keys=KEYS)["matched"] == 2


def test_what_a_killed_worker_held_is_let_go(bench: Bench, people: str, cities: str) -> None:
    left = bench.service.folder(people) / f"{others.PINS}dead"
    left.mkdir()
    (left / "x.parquet").touch()
    bench.change(people, "renameColumn", column="name", newName="who")
    assert left.exists(), "only who holds others looks"
    assert bench.change(people, "join", otherSessionID=cities, keys=KEYS)["success"]
    assert not left.exists()
    left.mkdir()
    old = time.time() - GRACE_SECONDS - 60
    os.utime(left, (old, old))
    Reconciler(bench.service, bench.queue).sweep()
    assert not left.exists()


def test_dropping_a_step_before_a_join_reads_the_version_of_then(bench: Bench, people: str, cities: str) -> None:
    bench.change(people, "renameColumn", column="name", newName="who")
    bench.change(people, "join", otherSessionID=cities, keys=KEYS)
    bench.change(cities, "newCellValue", column="land", rowIndex=0, newValue="changed")
    answer = bench.change(people, "dropStep", version=1)
    assert [step["outcome"] for step in answer["steps"]] == ["applied"]
    assert bench.rows(people)[0] == ("Ada", "Rome", "Italy")
    assert names(bench, people) == ["name", "city", "land"]
    bench.change(people, "undo")
    assert names(bench, people) == ["who", "city", "land"]


def test_a_version_that_is_gone_makes_the_join_not_apply(bench: Bench, people: str, cities: str) -> None:
    bench.change(cities, "deleteRows", rowIndices=[0])
    bench.change(people, "renameColumn", column="name", newName="who")
    bench.change(people, "join", otherSessionID=cities, keys=KEYS)
    bench.change(cities, "undo")
    bench.change(cities, "renameColumn", column="land", newName="country")
    answer = bench.change(people, "dropStep", version=1, dryRun=True)
    assert (answer["steps"][0]["outcome"], answer["steps"][0]["reason"]) == ("skipped", "missingSource")
    assert "version 1 of cities.csv is no longer in its history" in answer["steps"][0]["errorDescription"]
    bench.service.delete(cities)
    answer = bench.change(people, "dropStep", version=1)
    assert (answer["success"], answer["skipped"], names(bench, people)) == (True, 1, ["name", "city"])
    assert bench.change(people, "undo")["version"] == 2
    assert names(bench, people) == ["who", "city", "land"]


# -- aggregate -----------------------------------------------------------------------------------------------------

SALES = b"shop,price\nA,1\nB,2\nA,\n,5\n"
SUM = [{"column": "price", "function": "sum"}]


def folders(bench: Bench) -> set[str]:
    return {path.name for path in bench.settings.datasets_folder.iterdir()}


def test_an_aggregate_is_a_new_dataset_and_changes_nothing_here(bench: Bench) -> None:
    session = bench.upload(SALES, "sales.csv")
    before = bench.service.history(session).to_wire(), files(bench, session)
    heard = len(bench.queue.events("dataChanged"))
    answer = bench.change(session, "aggregate", "r", by=["shop"], aggregates=SUM, countRows=True)
    new = answer["newSessionID"]
    assert (answer["success"], answer["rows"], answer["columns"], answer["version"]) == (True, 3, 3, 0)
    assert bench.rows(new) == [("A", 2, 1), ("B", 1, 2), (None, 1, 5)]
    assert (bench.service.history(session).to_wire(), files(bench, session)) == before
    assert len(bench.queue.events("dataChanged")) == heard
    assert bench.queue.events("aggregate")[-1]["newSessionID"] == new
    described, history = bench.service.describe(new).to_wire(), bench.service.history(new).to_wire()
    assert (described["name"], described["state"]) == ("sales by shop", "ready")
    step = history["steps"][0]
    assert (step["operation"], step["sentence"]) == ("aggregate", "Aggregated 4 rows of sales.csv by shop")
    assert step["parameters"] == {"by": ["shop"], "aggregates": SUM, "countRows": True}
    told = json.dumps(
        [described, history, bench.service.recipe(new).to_document(), bench.service.read("metadata", new, {}).to_wire()]
    )
    assert session not in told
    assert bench.change(new, "renameColumn", column="rows", newName="n")["version"] == 1
    assert bench.change(new, "dropStep", version=0)["error"] == "IllegalOperation"
    assert bench.change(new, "undo")["version"] == 0
    assert bench.service.export(new, "csv")[0] == "sales by shop.csv"
    bench.service.delete(session)
    assert bench.rows(new)[0] == ("A", 2, 1)


def test_an_aggregate_that_fails_leaves_nothing(bench: Bench) -> None:
    session = bench.upload(SALES)
    before = folders(bench)
    answer = bench.change(session, "aggregate", aggregates=[{"column": "shop", "function": "mean"}])
    assert (answer["success"], answer["error"]) == (False, "InvalidType")
    assert bench.change(session, "aggregate", by=["nope"])["error"] == "ColumnNotFound"
    assert folders(bench) == before


def test_nobody_chooses_the_new_datasets_id(bench: Bench, people: str) -> None:
    session = bench.upload(SALES)
    with pytest.raises(InvalidRequest, match="unknown parameter 'newSessionID'"):
        bench.change(session, "aggregate", newSessionID=people, by=["shop"])
    assert len(bench.rows(people)) == 3


@pytest.mark.parametrize("moment", ["written", "recorded"])
def test_a_worker_killed_in_an_aggregate_leaves_no_half_dataset_and_no_second_one(bench: Bench, moment: str) -> None:
    session = bench.upload(SALES, "sales.csv")
    entry = bench.service.accept(session, "aggregate", {"by": ["shop"], "aggregates": SUM}, Asker("r"))
    script = Path(__file__).with_name("die_in_aggregate.py")
    arguments = [sys.executable, str(script), str(bench.settings.root_storage_path), session, moment]
    assert subprocess.run(arguments, check=False).returncode == 9
    half = folders(bench) - {session}
    assert len(half) == 1, "its files are there"
    with pytest.raises(SessionNotFound):
        bench.service.describe(next(iter(half)))
    bench.drainer.drain(session)
    answer = bench.service.wait(session, entry, 1)
    assert answer["success"]
    assert folders(bench) - {session} == half == {answer["newSessionID"]}
    assert files(bench, answer["newSessionID"]) == needed(bench, answer["newSessionID"])
    assert bench.rows(answer["newSessionID"]) == [("A", 1), ("B", 2), (None, 5)]
    bench.drainer.drain(session)
    assert folders(bench) - {session} == half


def look(bench: Bench, session: str, name: str, **parameters: Any) -> dict[str, Any]:
    asked = PreviewParameters(preview=name, parameters=parameters, row_indices=[0, 1, 2])
    return bench.service.preview(session, asked).to_wire()


def test_a_join_is_counted_before_anything_is_joined(bench: Bench, people: str, cities: str) -> None:
    found = look(bench, people, "join", otherSessionID=cities, keys=KEYS)
    counted = {name: found["facts"][name] for name in ("matched", "unmatched", "otherUnmatched", "duplicateKeys")}
    assert counted == {"matched": 2, "unmatched": 1, "otherUnmatched": 1, "duplicateKeys": 0}
    assert (found["newColumns"], found["rows"], found["data"]["data"]) == (["land"], 3, [["Italy"], ["Norway"], [None]])
    assert cities not in json.dumps(found)
    assert names(bench, people) == ["name", "city"]


def test_an_append_tells_how_the_tables_differ(bench: Bench, people: str, cities: str) -> None:
    found = look(bench, people, "appendFile", otherSessionID=cities)
    assert (found["facts"]["onlyHere"], found["facts"]["onlyThere"], found["rows"]) == (["name"], ["land"], 6)
    assert look(bench, people, "appendFile", otherSessionID=people)["rows"] == 6, "with itself"


def test_a_preview_with_another_dataset_that_is_not_there(bench: Bench, people: str) -> None:
    with pytest.raises(SessionNotFound, match="otherSessionID"):
        look(bench, people, "join", otherSessionID=NOWHERE, keys=KEYS)
    with pytest.raises(InvalidRequest, match="otherSessionID"):
        look(bench, people, "join", keys=KEYS)
