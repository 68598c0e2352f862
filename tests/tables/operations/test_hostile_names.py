"""Operations do the same whatever the columns are called, also where the engine takes names for patterns."""

from __future__ import annotations

import datetime as dt
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import polars as pl
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from longshore.tables.core.column_expressions import col
from longshore.tables.history import History
from longshore.tables.operations import ITSELF, all_operations, require_operation
from longshore.tables.reading import read

PLAIN = ["int", "float", "text", "day", "date", "kind", "money"]
FRAME = pl.DataFrame(
    {
        "int": [3, 1, None, 7, 3],
        "float": [0.5, None, -2.25, 1e9, 0.5],
        "text": ["ab, cd", "", None, "x", "ab, cd"],
        "day": ["03/04/2001", "31/12/1999", None, "x", "01/01/2020"],
        "date": [dt.date(2001, 5, 3), None, dt.date(1999, 1, 1), None, dt.date(2001, 5, 3)],
        "kind": pl.Series(["b", "a", None, "b", ""], dtype=pl.Categorical),
        "money": ["€ 1.234,50", None, "(2)", "n/a", "5 %"],
    }
)
Names = dict[str, str]
STEPS: list[tuple[str, Callable[[Names], dict[str, Any]]]] = [
    ("addRows", lambda n: {"rows": [{n["int"]: 5, n["text"]: "x"}]}),
    ("appendFile", lambda n: {"otherSessionID": ITSELF}),
    ("changeCase", lambda n: {"columns": [n["text"], n["kind"]], "case": "title"}),
    ("changeColumnDataType", lambda n: {"column": n["int"], "newDataType": "float"}),
    ("changeColumnDataType", lambda n: {"column": n["int"], "newDataType": "bool"}),
    ("changeColumnDataType", lambda n: {"column": n["day"], "newDataType": "date", "dateFormat": "%d/%m/%Y"}),
    ("changeColumnDataType", lambda n: {"column": n["date"], "newDataType": "string"}),
    ("combineColumns", lambda n: {"columnsToCombine": [n["int"], n["text"], n["kind"]], "separator": ";"}),
    ("deduplicate", lambda n: {"columns": [n["int"], n["float"]]}),
    ("deduplicate", lambda n: {"columns": [n["text"]], "keep": "last"}),
    ("deleteColumns", lambda n: {"columns": [n["int"]]}),
    ("deleteRows", lambda n: {"rowIndices": [1]}),
    ("deleteRowsWithNA", lambda n: {"column": n["float"]}),
    ("derive", lambda n: {"expression": f"{_quoted(n['int'])} * AVG({_quoted(n['float'])})", "newName": "made"}),
    ("derive", lambda n: {"expression": "1", "newName": "made"}),
    ("discretize", lambda n: {"column": n["float"], "cutMode": "discretization", "numberOfBins": 3}),
    ("discretize", lambda n: {"column": n["int"], "cutMode": "quantiling", "numberOfBins": 2}),
    ("dropRows", lambda n: {"filterType": "outliers", "filterColumns": [n["int"]]}),
    ("dropRows", lambda n: {"filterType": "duplicates", "filterColumns": [n["int"], n["text"]]}),
    ("emptyStringToNaN", lambda n: {"column": n["text"]}),
    ("extract", lambda n: {"column": n["text"], "pattern": "([a-z])(?P<x>b)?"}),
    ("fillDown", lambda n: {"columnFrom": 0, "columnTo": 5, "method": "pad"}),
    ("fillWithAverage", lambda n: {"column": n["int"], "metric": "mean"}),
    ("fillWithAverage", lambda n: {"column": n["int"], "metric": "median"}),
    ("fillWithAverage", lambda n: {"column": n["int"], "metric": "mode"}),
    ("fillWithAverage", lambda n: {"column": n["kind"], "metric": "mode"}),
    ("fillWithCustomValue", lambda n: {"column": n["text"], "newValue": "new"}),
    ("findReplace", lambda n: {"column": n["text"], "toReplace": ["x"], "replaceWith": ["y"]}),
    ("findReplace", lambda n: {"column": n["text"], "toReplace": ["a"], "replaceWith": ["b"], "matchRegex": True}),
    ("generateDummies", lambda n: {"column": n["kind"], "inplace": True}),
    ("insertDuplicateColumn", lambda n: {"column": n["text"]}),
    ("insertRow", lambda n: {"rowIndex": 1, "values": {n["int"]: 5}}),
    ("interpolate", lambda n: {"column": n["float"], "method": "linear"}),
    ("interpolate", lambda n: {"column": n["float"], "method": "nearest"}),
    ("join", lambda n: {"otherSessionID": ITSELF, "keys": [{"column": n["int"]}, {"column": n["text"]}]}),
    ("join", lambda n: {"otherSessionID": ITSELF, "keys": [{"column": n["kind"]}], "how": "outer"}),
    ("join", lambda n: {"otherSessionID": ITSELF, "keys": [{"column": n["int"]}], "how": "inner"}),
    ("keepRows", lambda n: {"searchQuery": "a", "searchColumns": [n["text"], n["kind"]]}),
    ("keepRows", lambda n: {"filterType": "invalid", "filterColumns": [n["int"]]}),
    ("keepRows", lambda n: {"where": f"{_quoted(n['int'])} > 1 OR {_quoted(n['text'])} = 'x'"}),
    ("mergeValues", lambda n: {"column": n["text"], "merges": [{"from": ["x", ""], "to": "y"}]}),
    ("moveColumn", lambda n: {"column": n["text"], "toIndex": 0}),
    ("newCellValue", lambda n: {"column": n["text"], "rowIndex": 1, "newValue": "new"}),
    ("normalize", lambda n: {"column": n["float"]}),
    ("parseDates", lambda n: {"column": n["day"], "inPlace": False}),
    ("parseNumbers", lambda n: {"column": n["money"]}),
    ("parseNumbers", lambda n: {"column": n["money"], "inPlace": False}),
    ("renameColumn", lambda n: {"column": n["text"], "newName": "made"}),
    ("sortRows", lambda n: {"sortBy": [{"column": n["int"]}, {"column": n["kind"], "ascending": False}]}),
    ("splitColumn", lambda n: {"column": n["text"], "delimiter": ","}),
    ("splitColumn", lambda n: {"column": n["text"], "delimiter": "[ ,]+", "regex": True}),
    ("standardize", lambda n: {"column": n["float"]}),
    ("trimText", lambda n: {"columns": [n["text"], n["day"]]}),
]  # fmt: skip
HOSTILE = [
    "*", "^a.*$", "^.*$", "^$", "^*$", "^(", "$", "a", "ab", "a\nb", '"', "'", "\\", "len", "count", "index", "literal",
    "column_0", "c0", "x y", "日本", "\u202e", "a" * 3000, "pl.all()", "{}", "values", "value", "text",
]  # fmt: skip


def _quoted(name: str) -> str:
    doubled = name.replace('"', '""')
    return f'"{doubled}"'


def test_every_operation_is_tried() -> None:
    assert {name for name, _ in STEPS} | {"executeCommand"} == {declared.name for declared in all_operations()}


def _do(names: Names, step: tuple[str, Callable[[Names], dict[str, Any]]]) -> tuple[Any, ...]:
    """The values that a step leaves, their types, and from which rows they come."""
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "source"
        FRAME.rename(names).write_parquet(source)
        history = History.start(read(source, Path(folder) / "work").table).apply(step[0], **step[1](names))
        table = history.table
        told = [history.explain(row, column) for row in range(table.rows) for column in (0, table.width - 1)]
        where = [[step.before.row if step.before is not None else None for step in each.steps] for each in told]
        frame = table.scan().collect()
        single = [table.scan([name]).collect().to_series().to_list() for name in table.names]
        assert single == [series.to_list() for series in frame.get_columns()]
        return frame.rows(), frame.dtypes, where


@cache
def expected(place: int) -> tuple[Any, ...]:
    """What a step does with plain names: not when the file is loaded, which each process does."""
    return _do(dict(zip(PLAIN, PLAIN, strict=True)), STEPS[place])


def test_rows_keep_their_numbers_where_an_operation_says_so() -> None:
    for place, (name, _) in enumerate(STEPS):
        values, _, where = expected(place)
        keeps = len(values) == FRAME.height and where == [[row] for row in range(FRAME.height) for _ in range(2)]
        if require_operation(name).keeps_rows:
            # A new column's cells come from no cell, so only those that come from one tell.
            told = [(row, before) for row, steps in enumerate(where) for before in steps if before is not None]
            assert len(values) == FRAME.height, name
            assert all(row // 2 == before for row, before in told), name
        else:
            assert not keeps, name


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    names=st.lists(st.sampled_from(HOSTILE), min_size=7, max_size=7, unique=True), place=st.integers(0, len(STEPS) - 1)
)
def test_names_change_nothing(names: list[str], place: int) -> None:
    assert _do(dict(zip(PLAIN, names, strict=True)), STEPS[place]) == expected(place)


@given(st.lists(st.sampled_from(HOSTILE), min_size=2, max_size=5, unique=True))
def test_a_column_of_exactly_this_name(names: list[str]) -> None:
    frame = pl.DataFrame({name: [number] for number, name in enumerate(names)})
    for number, name in enumerate(names):
        assert frame.lazy().select(col(name)).collect().to_dict(as_series=False) == {name: [number]}
        assert col(name).meta.output_name() == name
