"""``longshore replay``: a recipe on a file, without a server."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest
from click.testing import CliRunner, Result

from longshore.cli.main import main
from longshore.tables import History, ReadOptions, read
from longshore.tables.replay.recipe import RecipeReading

CSV = "skip me\nname;price\na;1.5\nb;\nc;2.5\n"


@pytest.fixture
def recipe(tmp_path: Path) -> Path:
    source = tmp_path / "first.csv"
    source.write_text(CSV)
    options = {"initialSkip": 1, "delimiter": ";"}
    result = read(source, tmp_path / "work", options=ReadOptions.model_validate(options))
    history = History.start(result.table).apply("fillWithAverage", columnIndex=1, metric="mean")
    history = history.apply("renameColumn", column="name", newName="who")
    path = tmp_path / "recipe.json"
    path.write_text(json.dumps(history.recipe("first.csv", RecipeReading(options=options)).to_document()))
    return path


def run(*arguments: object) -> Result:
    return CliRunner().invoke(main, ["replay", *map(str, arguments)])


def test_the_same_file_gives_the_same_table(tmp_path: Path, recipe: Path) -> None:
    result = run(recipe, tmp_path / "first.csv", "-o", tmp_path / "out.parquet")
    assert result.exit_code == 0, result.output
    assert "2 of 2 steps applied: 3 rows, 2 columns" in result.output
    assert pl.read_parquet(tmp_path / "out.parquet").rows() == [("a", 1.5), ("b", 2.0), ("c", 2.5)]
    assert not list(tmp_path.glob(".longshore-*"))


@pytest.mark.parametrize("suffix", ["csv", "json", "ndjson", "arrow", "xlsx"])
def test_the_ending_decides_the_format(tmp_path: Path, recipe: Path, suffix: str) -> None:
    assert run(recipe, tmp_path / "first.csv", "-o", tmp_path / f"out.{suffix}").exit_code == 0
    assert (tmp_path / f"out.{suffix}").stat().st_size > 0


def test_kept_facts(tmp_path: Path, recipe: Path) -> None:
    other = tmp_path / "other.csv"
    other.write_text("skip\nprice;name\n10;x\n;y\n")
    assert run(recipe, other, "-o", tmp_path / "out.csv", "--keep-facts").exit_code == 0
    assert (tmp_path / "out.csv").read_text().splitlines()[0] == "price,who"
    assert pl.read_csv(tmp_path / "out.csv")["price"].to_list() == [10, 2]


def test_strict_fails_with_1_and_writes_nothing(tmp_path: Path, recipe: Path) -> None:
    other = tmp_path / "other.csv"
    other.write_text("skip\nname;cost\nx;1\n")
    result = run(recipe, other, "-o", tmp_path / "out.csv")
    assert result.exit_code == 1
    assert "step 1 of the recipe, fillWithAverage: no column 'price'" in result.output
    assert not (tmp_path / "out.csv").exists()
    lenient = run(recipe, other, "-o", tmp_path / "out.csv", "--lenient")
    assert lenient.exit_code == 0
    assert "skipped" in lenient.output
    assert (tmp_path / "out.csv").read_text().startswith("who,cost")


def test_a_dry_run_writes_nothing(tmp_path: Path, recipe: Path) -> None:
    before = sorted(path.name for path in tmp_path.iterdir())
    assert run(recipe, tmp_path / "first.csv", "-o", tmp_path / "out.csv", "--dry-run").exit_code == 0
    assert run(recipe, tmp_path / "first.csv", "--dry-run").exit_code == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == before


@pytest.mark.parametrize("output", ["out.docx", "out", "nowhere/out.csv"])
def test_an_output_that_cannot_be(tmp_path: Path, recipe: Path, output: str) -> None:
    result = run(recipe, tmp_path / "first.csv", "-o", tmp_path / output)
    assert result.exit_code == 1
    assert "Traceback" not in result.output
    assert result.output.startswith("longshore: ")


def test_what_is_no_recipe(tmp_path: Path) -> None:
    source = tmp_path / "first.csv"
    source.write_text(CSV)
    for text in ("{", "[]", '{"format": "longshore-recipe", "formatVersion": 9, "steps": []}', "[" * 100_000):
        (tmp_path / "r.json").write_text(text)
        result = run(tmp_path / "r.json", source, "--dry-run")
        assert result.exit_code == 1
        assert result.output.startswith("longshore: ")
    assert run(tmp_path / "r.json", source).exit_code == 2


@pytest.fixture
def joining(tmp_path: Path) -> Path:
    (tmp_path / "people.csv").write_text("name,city\nAda,Rome\n")
    (tmp_path / "cities.csv").write_text("city,land\nRome,Italy\n")
    people, cities = (read(tmp_path / name, tmp_path / f"{name}.work").table for name in ("people.csv", "cities.csv"))
    history = History.start(people).apply("join", {"c=1": cities}, otherSessionID="c=1", keys=[{"column": "city"}])
    path = tmp_path / "joining.json"
    path.write_text(json.dumps(history.recipe("people.csv").to_document()))
    return path


def test_other_tables_are_named_as_sources(tmp_path: Path, joining: Path) -> None:
    (tmp_path / "towns.csv").write_text("land;city\nItalia;Rome\n")
    source = f"c=1={tmp_path / 'towns.csv'}"
    result = run(joining, tmp_path / "people.csv", "-o", tmp_path / "out.csv", "--source", source)
    assert result.exit_code == 0, result.output
    assert (tmp_path / "out.csv").read_text().splitlines() == ["name,city,land", "Ada,Rome,Italia"]
    assert not list(tmp_path.glob(".longshore-*"))


def test_a_source_that_is_not_given_or_not_there(tmp_path: Path, joining: Path) -> None:
    people, out = tmp_path / "people.csv", tmp_path / "out.csv"
    missing = run(joining, people, "-o", out)
    assert (missing.exit_code, out.exists()) == (1, False)
    assert "no other table called 'c=1'" in missing.output
    lenient = run(joining, people, "-o", out, "--lenient")
    assert lenient.exit_code == 0
    assert "skipped" in lenient.output
    for source in ("cities.csv", "=x", f"a={tmp_path}", "a=nowhere.csv"):
        refused = run(joining, people, "-o", out, "--source", source)
        assert refused.exit_code == 2
        assert "Traceback" not in refused.output


def test_a_recipe_as_a_script(tmp_path: Path, recipe: Path) -> None:
    output = tmp_path / "clean.py"
    done = CliRunner().invoke(main, ["script", str(recipe), str(tmp_path / "first.csv"), "-o", str(output)])
    assert done.exit_code == 0, done.output
    command = [sys.executable, "-I", str(output), str(tmp_path / "first.csv"), str(tmp_path / "out.parquet")]
    subprocess.run(command, check=True)
    assert pl.read_parquet(tmp_path / "out.parquet").rows() == [("a", 1.5), ("b", 2.0), ("c", 2.5)]
    printed = CliRunner().invoke(main, ["script", str(recipe), str(tmp_path / "first.csv")])
    assert printed.output == output.read_text()
    assert not list(tmp_path.glob(".longshore-*"))


def test_a_script_of_a_recipe_with_another_table_asks_for_its_file(tmp_path: Path, joining: Path) -> None:
    people, cities, script = tmp_path / "people.csv", tmp_path / "cities.csv", tmp_path / "clean.py"
    done = CliRunner().invoke(
        main, ["script", str(joining), str(people), "-o", str(script), "--source", f"c=1={cities}"]
    )
    assert done.exit_code == 0, done.output
    command = [
        sys.executable,
        "-I",
        str(script),
        "--other-file",
        str(cities),
        str(people),
        str(tmp_path / "out.parquet"),
    ]
    subprocess.run(command, check=True)
    assert pl.read_parquet(tmp_path / "out.parquet").rows() == [("Ada", "Rome", "Italy")]
    asked = subprocess.run([sys.executable, "-I", str(script), "--help"], check=True, capture_output=True, text=True)
    assert "the dataset c=1 as it was for this step, exported as Parquet or CSV" in " ".join(asked.stdout.split())
    missing = CliRunner().invoke(main, ["script", str(joining), str(people)])
    assert missing.exit_code == 1
    assert "no other table called 'c=1'" in missing.output


def test_a_recipe_that_does_not_apply_gives_no_script(tmp_path: Path, recipe: Path) -> None:
    other = tmp_path / "other.csv"
    other.write_text("skip\nname;cost\nx;1\n")
    done = CliRunner().invoke(main, ["script", str(recipe), str(other), "-o", str(tmp_path / "clean.py")])
    assert (done.exit_code, (tmp_path / "clean.py").exists()) == (1, False)
    assert "no column 'price'" in done.output


@pytest.mark.parametrize("place", ["parameter", "step", "recipe", "option"])
def test_a_misspelt_recipe_is_refused_and_writes_nothing(tmp_path: Path, recipe: Path, place: str) -> None:
    document = json.loads(recipe.read_text())
    wrong = {
        "parameter": document["steps"][0]["parameters"],
        "step": document["steps"][0],
        "recipe": document,
        "option": document["reading"]["options"],
    }
    wrong[place]["metrik"] = "mean"
    recipe.write_text(json.dumps(document))
    result = run(recipe, tmp_path / "first.csv", "-o", tmp_path / "out.csv")
    assert result.exit_code != 0
    assert "metrik" in result.output
    assert not (tmp_path / "out.csv").exists()


def test_options_that_an_earlier_version_kept_are_read(tmp_path: Path, recipe: Path) -> None:
    document = json.loads(recipe.read_text())
    document["reading"]["options"] |= {"name": "first.csv", "wait": True, "requestID": "r"}
    recipe.write_text(json.dumps(document))
    assert run(recipe, tmp_path / "first.csv", "-o", tmp_path / "out.csv").exit_code == 0


def test_a_column_that_was_text_when_the_recipe_was_made_is_text_again(tmp_path: Path) -> None:
    first, second = tmp_path / "first.csv", tmp_path / "second.csv"
    first.write_text("name;price\na;1,5 €\nb;?? €\n")
    second.write_text("name;price\nc;1.002,5 €\nd;7 €\n")
    history = History.start(read(first, tmp_path / "work").table)
    history = history.apply("findReplace", columnIndex=1, toReplace=["??"], replaceWith=["0"])
    history = history.apply("parseNumbers", column="price", decimal="comma")
    path = tmp_path / "recipe.json"
    path.write_text(json.dumps(history.recipe("first.csv", RecipeReading()).to_document()))
    assert read(second, tmp_path / "alone").table.columns[1].kind == "float"
    result = run(path, second, "-o", tmp_path / "out.csv")
    assert result.exit_code == 0, result.output
    assert pl.read_csv(tmp_path / "out.csv")["price"].to_list() == [1002.5, 7.0]
