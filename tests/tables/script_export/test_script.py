"""Scripts as wholes: what is in them, what can never be, and that they run as their users run them."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from longshore.tables.codegen.literals import Argument, columns, quote, raw
from longshore.tables.core.portable import PORTABLE, portable
from longshore.tables.core.table import Table
from longshore.tables.history import History
from longshore.tables.operations import Change, Code, Facts, Operation, Report
from longshore.tables.reading import read
from longshore.tables.script_export.layout import WIDTH, lay_out
from longshore.tables.script_export.script import ScriptStep, make_script
from longshore.tables.script_export.sources import Sources

from .conftest import Exporting

DATA = Path(__file__).parents[2] / "data"
CSV = b"name,price,count\na,1.5,1\nb,,2\na,2.5,3\n"
NASTY = [
    '"; import os #',
    "'''\n\"\"\"",
    "\\",
    "a\nimport os\n",
    "\u202eexec",
    "{df}",
    "%s%(x)s",
    "\\N{BULLET}",
    "\r",
    "x\u2028y",
]
CLEANING: list[tuple[str, dict[str, Any]]] = [
    ("fillWithAverage", {"column": "IMDB Rating", "metric": "mean"}),
    ("changeColumnDataType", {"column": "Title", "newDataType": "string"}),
    ("deleteColumns", {"columns": ["US DVD Sales"]}),
    ("findReplace", {"column": "Distributor", "toReplace": [r"\s+Pictures$"], "replaceWith": [""], "matchRegex": True}),
    ("findReplace", {"column": "Major Genre", "toReplace": ["Thriller/Suspense"], "replaceWith": ["Thriller"]}),
    ("splitColumn", {"column": "Director", "delimiter": " "}),
    ("discretize", {"column": "Rotten Tomatoes Rating", "cutMode": "quantiling", "numberOfBins": 4}),
    ("generateDummies", {"column": "MPAA Rating", "inplace": True}),
    ("normalize", {"column": "IMDB Votes"}),
    ("standardize", {"column": "US Gross"}),
    ("dropRows", {"filterType": "outliers", "filterColumns": ["Production Budget"], "outliersStdDev": 3}),
    ("sortRows", {"sortBy": [{"column": "Release Date", "ascending": False}, {"column": "Title"}]}),
    ("interpolate", {"column": "Running Time min", "method": "linear"}),
    ("combineColumns", {"columnsToCombine": ["Source", "Creative Type"], "seperator": " / ", "newName": "kind"}),
    ("deduplicate", {"columns": ["Title"]}),
]


def test_the_movies_cleaned_by_a_script_on_the_command_line(tmp_path: Path, bare: Exporting) -> None:
    source = DATA / "movies.json"
    result = read(source, tmp_path / "columns")
    history = History.start(result.table)
    for operation, parameters in CLEANING:
        history = history.apply(operation, **parameters)
    script = tmp_path / "clean.py"
    script.write_text(history.script("movies.json", result.settings))
    packages = bare.runner.work / "packages"
    starting = (
        f"import sys, runpy; sys.path.append({str(packages)!r}); runpy.run_path(sys.argv.pop(1), run_name='__main__')"
    )
    for ending in ("parquet", "csv"):
        output = tmp_path / f"out.{ending}"
        command = [sys.executable, "-I", "-S", "-W", "error", "-c", starting, script, source, output]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert (done.returncode, done.stderr) == (0, "")
    assert_frame_equal(pl.read_parquet(tmp_path / "out.parquet"), history.table.scan().collect(), check_exact=True)
    assert pl.read_csv(tmp_path / "out.csv", infer_schema=False).height == history.table.rows


class Below(Operation):
    """Put another file's rows below."""

    name = "below"

    def transform(self, table: Table, facts: Facts) -> Change:
        return Change.nothing(table)

    def report(self, before: Table, after: Table, facts: Facts) -> Report:
        return Report("")

    def code(self, table: Table, facts: Facts) -> Code:
        return Code.of("df = pl.concat([df, pl.read_parquet(more)])", arguments=[Argument("more", "100 % of it")])


def test_steps_may_ask_for_other_files(tmp_path: Path, bare: Exporting) -> None:
    frame = pl.DataFrame({"a": [1]})
    started = bare.read(frame, "t.parquet")
    frame.write_parquet(tmp_path / "more.parquet")
    table = started.history.table
    for count, options in ((1, ["--more"]), (2, ["--more-1", "--more-2"])):
        step = ScriptStep(Below(None), table, {}, "Put rows below")
        script = tmp_path / "script.py"
        script.write_text(make_script([step] * count, table, "t", started.result.settings))
        files = [word for option in options for word in (option, tmp_path / "more.parquet")]
        subprocess.run([sys.executable, script, *files, started.source, tmp_path / "out.parquet"], check=True)
        assert pl.read_parquet(tmp_path / "out.parquet").rows() == [(1,)] * (count + 1)
        asked = subprocess.run([sys.executable, script, "--help"], check=True, capture_output=True, text=True)
        assert asked.stdout.count("100 % of it") == count
    with pytest.raises(ValueError, match="cannot be the name"):
        Argument("more; import os", "")


def test_the_script_says_what_was_done_and_learnt(bare: Exporting) -> None:
    script = bare.read(CSV).check(("fillWithAverage", {"column": "price", "metric": "mean"}))
    assert (
        "    # 1. Filled 1 missing value in price with the mean (2)\n    # The mean was learnt from the data.\n"
        in script
    )
    assert '    df = df.with_columns(pl.col("price").fill_null(2.0))\n' in script


def test_undone_and_dropped_steps_are_not_in_it(bare: Exporting) -> None:
    started = bare.read(CSV)
    history = started.history.apply("deleteRows", rowIndices=[0]).apply("renameColumn", column="name", newName="who")
    history = history.apply("fillWithCustomValue", column="price", newValue=9).apply("deleteColumns", columns=["count"])
    history = history.undo()
    assert ".drop(" not in bare.check(history, started)
    dropped, _ = history.drop_step(1)
    script = bare.check(dropped, started)
    assert "int_range" not in script
    assert "fill_null(9.0)" in script
    again, _ = dropped.apply("standardize", column="count").drop_step(2)
    assert ".rename(" not in bare.check(again, started)
    reopened = History.load(again.save().parent)
    assert bare.check(reopened, started) == bare.check(again, started)


@pytest.mark.parametrize("text", NASTY)
def test_nobodys_text_becomes_code(text: str, bare: Exporting) -> None:
    frame = pl.DataFrame({text.strip() or "empty": [text, "x", None], "n": [1, 2, None]})
    started = bare.read(frame, "t.parquet")
    name = started.history.table.names[0]
    history = started.history.apply("findReplace", column=name, toReplace=["x"], replaceWith=[text])
    history = history.apply("splitColumn", column=name, delimiter=text).apply(
        "fillWithCustomValue", column=name, newValue=text
    )
    history = history.apply("renameColumn", column="n", newName=f"n{text}").apply("generateDummies", column=name)
    history = history.apply("addRows", rows=[{name: text}]).apply("keepRows", searchQuery=text)
    script = bare.check(history, started, name=text + ".csv")
    used = {node.id for node in ast.walk(ast.parse(script)) if isinstance(node, ast.Name)}
    assert not used & {"os", "exec", "eval"}
    assert all(line.isprintable() for line in script.split("\n"))


def test_a_name_does_not_choose_the_scripts_encoding(bare: Exporting, tmp_path: Path) -> None:
    started = bare.read(CSV)
    script = bare.check(started.history, started, name="coding: utf-7 +AAo-import os.csv")
    path = tmp_path / "script.py"
    path.write_text(script)
    assert "coding" not in "".join(script.splitlines()[:2])
    compile(path.read_bytes(), str(path), "exec")


def test_names_that_polars_takes_for_patterns(bare: Exporting) -> None:
    started = bare.read(b"*,^a.*$,ab\n1,x,\n,y,3\n")
    history = started.history.apply("fillWithCustomValue", column="*", newValue=7)
    history = history.apply("moveColumn", column="^a.*$", toIndex=0).apply("deleteColumns", columns=["*"])
    assert bare.check(history.apply("renameColumn", column="^a.*$", newName="*"), started)
    assert columns(["^x$"]) == 'cs.by_name("^x$")'


def test_thousands_of_columns(bare: Exporting) -> None:
    names = [f"column number {i}" for i in range(3000)]
    content = "\n".join([",".join(names), ",".join("1" for _ in names), ",".join("" for _ in names)])
    script = bare.read(content.encode()).check(("fillDown", {"columnFrom": 0, "columnTo": 2999}))
    assert max(map(len, script.split("\n"))) <= 120


def test_all_helpers_stand_side_by_side() -> None:
    sources = Sources()
    for name in PORTABLE:
        sources.add(name)
    text = "\n".join(["from __future__ import annotations", *sources.imports, *sources.definitions.values()])
    names: dict[str, Any] = {}
    exec(compile(text, "helpers", "exec"), names)
    assert set(PORTABLE) <= set(names)
    assert "longshore" not in text
    assert "portable" not in text


def test_two_helpers_of_one_name_are_refused() -> None:
    with pytest.raises(ValueError, match="two portable functions"):
        portable(PORTABLE["insert_columns"])


@pytest.mark.parametrize("text", [*NASTY, "it's", 'say "x"', "é", "\ud800", ""])
def test_literals_mean_what_they_say(text: str) -> None:
    assert ast.literal_eval(quote(text)) == text
    assert ast.literal_eval(raw(text)) == text
    assert quote(text).isprintable()


@pytest.mark.parametrize(
    "statement",
    [
        f"df = df.with_columns(pl.when({'a' * 50}).then(pl.col({'b' * 50!r})).otherwise(f({'c' * 30})).alias('x'))",
        f"values = [{', '.join(map(str, range(200)))}]",
        f"df = df.select(pl.col('{'x' * 50}').eq_missing(value).alias(name) for name, value in {'y' * 40}.items())",
        f"x = table['{'k' * 60}']['{'l' * 60}']",
        f"x = f({', '.join(repr('t' * 40) for _ in range(5))}, key=lambda text: re.sub('(', ')', text))",
    ],
)
def test_long_statements_are_broken_without_changing_them(statement: str) -> None:
    lines = lay_out(statement, "    ")
    assert ast.dump(ast.parse("if 1:\n" + "\n".join(lines))) == ast.dump(ast.parse(f"if 1:\n    {statement}"))
    assert len(lines) > 1 or "table[" in statement
    assert max(map(len, lines)) <= WIDTH + 30
