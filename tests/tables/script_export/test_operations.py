"""The script of every operation gives the table that the operation gave."""

from __future__ import annotations

import ast
import datetime as dt
import sys
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from longshore.errors import IllegalOperation, LongshoreError
from longshore.tables import sandbox
from longshore.tables.operations import Operation, all_operations
from support.drawing import cells

from .conftest import Exporting, Started

UTC = dt.UTC
FRAME = pl.DataFrame(
    {
        "int": pl.Series([3, 1, None, 7, 3, -2], dtype=pl.Int64),
        "small": pl.Series([1, 2, 3, None, 5, 6], dtype=pl.Int8),
        "huge": pl.Series([2**63, 1, None, 5, 6, 7], dtype=pl.UInt64),
        "float": pl.Series([0.5, None, -2.25, 1e9, 0.1, 3.0], dtype=pl.Float64),
        "single": pl.Series([0.1, None, 2.5, 1.0, 0.1, 3.0], dtype=pl.Float32),
        "text": ["ab, cd", "", None, "O'Neill  3RD étage", " Kelvin\u212a\n", 'say "x", y'],
        "number": ["1", " 2.5", "nan", "x", None, "1e3"],
        "word": ["yes", "NO", "t", "", None, "2"],
        "day": ["03/04/2001", "31/12/1999", None, "x", "", "01/01/2020"],
        "date": pl.Series([dt.date(2001, 5, 3), None, dt.date(1999, 1, 1), None, dt.date(2020, 2, 29), None]),
        "moment": pl.Series([dt.datetime(2001, 5, 3, 4, 5, 6, 70000), None, dt.datetime(1999, 1, 1), None, None, None]),  # noqa: DTZ001
        "zoned": pl.Series([dt.datetime(2001, 5, 3, 4, tzinfo=UTC), None, None, None, None, None]).dt.convert_time_zone(
            "Europe/Berlin"
        ),
        "nanos": pl.Series([1, None, 3, 4, 5, 10**18], dtype=pl.Datetime("ns")),
        "time": pl.Series([dt.time(1, 2, 3), None, dt.time(4), None, None, dt.time(4)]),
        "span": pl.Series([dt.timedelta(days=1, seconds=2), None, None, dt.timedelta(0), None, None]),
        "flag": [True, None, False, True, None, False],
        "category": pl.Series(["b", "a", None, "b", "", "c"], dtype=pl.Categorical),
        "decimal": pl.Series([1, None, 3, 4, 5, 6]).cast(pl.Decimal(10, 2)),
        "binary": pl.Series([b"\x00\xff", None, b"x", b"x", b"", None]),
        "constant": [7] * 6,
        "empty": pl.Series([None] * 6, dtype=pl.String),
        "st*r": [1, None, 2, 3, 4, 5],
        "^caret": ["a", None, "b", "c", "", "a"],
        '"; import os #\n\\': ["x", "y", None, "x", "y", "z"],
    }
)
HOSTILE = FRAME.columns[-3:]
NUMBERS = ["int", "small", "huge", "float", "single", "decimal", "st*r"]
TEXTS = ["text", "number", "word", "day", "category", "^caret", HOSTILE[2]]
DATES = ["date", "moment", "zoned", "nanos"]
PATTERNS = [
    (r"a", "X"), (r"[a-d]+", "$1"), (r"([a-d])(,)?", r"\2\1"), (r"\d+", "#"), (r"(?i)K|y", "\\\\"), (r"$", "<"),
    (r"x?", "-"), (r"(?<=a)b", "!"), (r"\bO", "o"), (r'["]', "'"), (r"[<>&~#-]", "="), (r"\.|\s", "\n"), (r"<>|'", "·"),
]  # fmt: skip


def _cases() -> list[tuple[str, dict[str, Any]]]:
    every: list[tuple[str, dict[str, Any]]] = []
    for name in FRAME.columns:
        every += [
            ("moveColumn", {"column": name, "toIndex": 2}),
            ("sortRows", {"sortBy": [{"column": name, "ascending": False}, {"columnIndex": 0}]}),
            ("deduplicate", {"columns": [name], "keep": "last"}),
            ("deleteColumns", {"columns": [name, "int" if name != "int" else "text"]}),
            ("renameColumn", {"column": name, "newName": HOSTILE[2] + '\'"""'}),
            ("newCellValue", {"column": name, "rowIndex": 1, "newValue": None}),
            ("newCellValue", {"column": name, "rowIndex": 2, "newValue": "o'\"x\n", "convert": True}),
            ("fillWithCustomValue", {"column": name, "newValue": "o'\"x\n", "convert": True}),
            ("fillWithAverage", {"column": name, "metric": "mode"}),
            ("deleteRowsWithNA", {"column": name}),
            ("emptyStringToNaN", {"column": name}),
            ("generateDummies", {"column": name, "inplace": True}),
            ("generateDummies", {"column": name}),
            ("insertDuplicateColumn", {"column": name}),
            ("splitColumn", {"column": name, "delimiter": "1"}),
            ("splitColumn", {"column": name, "delimiter": r"\s*,\s*|-", "regex": True}),
            ("combineColumns", {"columnsToCombine": [name, "text"], "seperator": '"', "newName": HOSTILE[2] + "2"})
            if name != "text"
            else ("combineColumns", {"columnsToCombine": [0, 1], "seperator": "\\", "insertIndex": 24}),
            ("findReplace", {"column": name, "toReplace": ["1", "x", None], "replaceWith": ["x", None, "new"]}),
            ("findReplace", {"column": name, "toReplace": [3, 0.5, ""], "replaceWith": [4, 7, None]}),
            ("findReplace", {"column": name, "toReplace": ["1", "0"], "replaceWith": ["2", "3"], "matchRegex": True}),
            ("extract", {"column": name, "pattern": r"(\d)(?P<x>.)?"}),
            ("extract", {"column": name, "pattern": r"[a-z0-9]+"}),
            ("keepRows", {"filterType": "invalid", "filterColumns": [name]}),
            (
                "mergeValues",
                {"column": name, "merges": [{"from": ["x", "b"], "to": '"'}, {"from": [""], "to": None}]},
            ),
            ("mergeValues", {"column": name, "merges": [{"from": [3, 1], "to": 7}]}),
            ("dropRows", {"filterType": "duplicates", "filterColumns": [name]}),
            ("dropRows", {"searchQuery": "1", "searchColumns": [name]}),
            ("keepRows", {"searchQuery": r"\d\d", "searchIsRegex": True, "searchColumns": [name, "text"]}),
            ("fillDown", {"columnFrom": FRAME.columns.index(name), "columnTo": 23, "method": "bfill"}),
        ]
        every += [("changeColumnDataType", {"column": name, "newDataType": new}) for new in TYPES]
    for name in NUMBERS:
        every += [
            ("normalize", {"column": name, "rangeFrom": -1.5, "rangeTo": 2}),
            ("standardize", {"column": name}),
            ("discretize", {"column": name, "cutMode": "discretization", "numberOfBins": 3}),
            ("discretize", {"column": name, "cutMode": "quantiling", "numberOfBins": 2}),
            ("discretize", {"column": name, "cutMode": "discretization", "numberOfBins": "0,1,3"}),
            ("discretize", {"column": name, "cutMode": "discretization", "numberOfBins": "0.5,3"}),
            ("fillWithCustomValue", {"column": name, "newValue": 5}),
            ("newCellValue", {"column": name, "rowIndex": 5, "newValue": "12"}),
            ("keepRows", {"filterType": "outliers", "filterColumns": [name], "outliersStdDev": 1}),
            ("dropRows", {"filterType": "outliers", "filterColumns": [name, "int"], "outliersTrimPortion": 0.2}),
            ("changeColumnDataType", {"column": name, "newDataType": "date", "dateFormat": "%Y"}),
        ]
    for name in [*NUMBERS, *DATES]:
        every += [("fillWithAverage", {"column": name, "metric": metric}) for metric in ("mean", "median")]
        every += [("interpolate", {"column": name, "method": how}) for how in ("linear", "nearest", "zero", "slinear")]
        every += [("parseDates", {"column": name, "formats": formats}) for formats in (["epoch:s"], ["%Y", "epoch:us"])]
    for name in DATES:
        every += [("fillWithCustomValue", {"column": name, "newValue": "2010-10-10"})]
        every += [("newCellValue", {"column": name, "rowIndex": 5, "newValue": "2010-10-10T00:00:00"})]
        every += [("findReplace", {"column": name, "toReplace": ["2001-05-03"], "replaceWith": ["2002-05-03"]})]
    for name in TEXTS:
        every += [("changeCase", {"columns": [name], "case": case}) for case in ("upper", "lower", "title", "sentence")]
        every += [
            ("trimText", {"columns": [name], "ends": ends, "collapse": True}) for ends in ("both", "start", "none")
        ]
        every += [
            ("findReplace", {"column": name, "toReplace": [find], "replaceWith": [put], "matchRegex": True})
            for find, put in PATTERNS
        ]
        every += [("changeColumnDataType", {"column": name, "newDataType": "date", "dateFormat": "%d/%m/%Y"})]
        every += [("parseDates", {"column": name}), ("parseDates", {"column": name, "inPlace": False})]
        every += [
            ("parseDates", {"column": name, "formats": formats})
            for formats in (["%d/%m/%Y"], ["%Y", "epoch:s", "%m/%Y"], ["%d.%m.%y %H:%M", "epoch:ms"])
        ]
        every += [("changeColumnDataType", {"column": name, "newDataType": "datetime", "dateFormat": "%m/%Y"})]
        every += [("parseNumbers", {"column": name}), ("parseNumbers", {"column": name, "inPlace": False})]
        every += [("parseNumbers", {"column": name, "decimal": "comma", "percent": "number"})]
    every += [("derive", {"expression": text, "newName": HOSTILE[2] + "2", "insertIndex": 3}) for text in EXPRESSIONS]
    return [
        *every,
        ("parseDates", {"column": "number"}),
        ("trimText", {"columns": ["text", "number"], "collapse": False}),
        ("deleteRows", {"rowIndices": [5, 0, 5]}),
        ("deduplicate", {}),
        ("fillDown", {"columnFrom": 0, "columnTo": 23, "method": "pad"}),
        ("keepRows", {"searchQuery": "1"}),
        ("keepRows", {"where": "int >= AVG(int) OR text IS NULL"}),
        ("dropRows", {"where": "flag AND int > 0", "searchQuery": "1"}),
        ("dropRows", {"where": "\"st*r\" IN ('x', 'a\"b') OR date < '2005-01-01'"}),
        ("keepRows", {"searchQuery": "e", "filterType": "duplicates", "filterColumns": ["int", "constant"]}),
        ("dropRows", {"filterType": "invalid", "filterColumns": ["date", "st*r"]}),
        ("addRows", {"rows": [{}]}),
        ("addRows", {"rows": [dict.fromkeys(HOSTILE), {HOSTILE[2]: 'x"\n', "int": 5, "date": "2001-01-01"}]}),
        ("addRows", {"rows": [{"zoned": "2001-01-01T00:00:00+02:00", "category": "q", "decimal": 1.5}], "rowIndex": 0}),
        ("insertRow", {"rowIndex": 3, "values": {"time": "01:02", "flag": "yes", "single": 0.1, "huge": 2**64 - 1}}),
        ("insertRow", {"rowIndex": 6}),
        ("newCellValue", {"column": "huge", "rowIndex": 1, "newValue": 2**64 - 1}),
        ("newCellValue", {"column": "zoned", "rowIndex": 1, "newValue": "2001-01-01T00:00:00+02:00"}),
    ]


EXPRESSIONS = [
    *(f'"{name}"'.replace('"; ', '""; ') for name in FRAME.columns),
    "1", "NULL", "'a'", "TRUE", "2.5e300", "DATE '2020-01-31'", "int + 1 * 9223372036854775807", "-int", "+float",
    "int / constant", "int / (constant - 7)", "int % 2", "DIV(int, -2)", "small + huge", "decimal * single",
    "single > 1", "huge - 1",
    "float BETWEEN 0 AND 1", "int IN (1, 3, NULL)", "text IN ('', 'ab, cd')", "date IN ('2001-05-03')",
    "NOT flag OR int IS NULL AND text IS NOT NULL", "text || category || date || moment || zoned || nanos || flag",
    "text || time || span || float || decimal", "text LIKE '%c_'", "text ILIKE '%É%'", "text NOT LIKE '.*$'",
    "CASE WHEN int > 2 THEN 'many' WHEN int > 0 THEN 'few' WHEN flag THEN NULL ELSE text END",
    "CASE int WHEN 3 THEN float WHEN 1 THEN int END", "CASE WHEN flag THEN date ELSE moment END",
    "int > AVG(int) + STDDEV(float) - MEDIAN(small)", "SUM(int) + COUNT(text) + COUNT(*)", "MIN(text) || MAX(category)",
    "MIN(date)", "MAX(zoned)", "moment - MIN(moment)", "MAX(span)", "AVG(empty::float)", "MIN(time)",
    *(f"{name}(float)" for name in ("ABS", "SIGN", "ROUND", "FLOOR", "CEIL", "SQRT", "EXP", "LN", "LOG10")),
    "ROUND(float, 2) + ABS(int)", "POWER(float, int)", "GREATEST(int, float, 2)", "LEAST(date, moment, '2000-01-01')",
    "COALESCE(text, word, 'none')", "NULLIF(int, 3)", "IF(flag, int, -1)", "UPPER(text)", "LOWER(TRIM(text))",
    "LTRIM(text) || RTRIM(number)", "LENGTH(text)", "SUBSTR(text, 2)", "SUBSTR(text, int, 2)", "LEFT(text, int)",
    "RIGHT(text, int)", "REPLACE(text, 'a', '$1\\')", "REPEAT(text, 3)", "REPEAT(text, 0)", "LPAD(text, 4, '\"')",
    "RPAD(LEFT(text, 3), 5)", "CONCAT(text, int, NULL)", "CONCAT_WS('|', text, float, date)", "CONTAINS(text, 'b')",
    "CONTAINS(text, word)", "STARTS_WITH(text, 'a')", "ENDS_WITH(text, word)", "STRPOS(text, ',')", "STRPOS(text, '')",
    "SPLIT_PART(text, ' ', 2)", "REGEXP_LIKE(text, '(?<=a)b')", "REGEXP_LIKE(text, '[a-c]+')",
    "REGEXP_REPLACE(text, 'b', 'c')", "REGEXP_REPLACE(text, '(b)?', '<\\1>')", "REGEXP_REPLACE(text, '(?<=a)b', '-')",
    "REGEXP_EXTRACT(text, '([a-z])([a-z])', 2)", "REGEXP_EXTRACT(number, '[0-9]+')",
    *(f"{part}({name})" for part in ("YEAR", "QUARTER", "WEEK", "WEEKDAY", "HOUR", "SECOND")
      for name in ("date", "zoned")),
    "DATE_PART('dayofyear', nanos)", "MONTH(moment) + DAY(date)", "MINUTE(moment)", "DATE_TRUNC('month', zoned)",
    "DATE_TRUNC('hour', date)", "DATE_TRUNC('week', moment)", "DATE_DIFF('day', date, moment)",
    "DATE_DIFF('second', '2000-01-01', zoned)", "STRFTIME(date, '%d.%m.%Y \"%')", "STRFTIME(zoned, '%z %Z %B')",
    "TO_DATE(day, '%d/%m/%Y')", "TO_TIMESTAMP(day || ' 10:20', '%d/%m/%Y %H:%M')", "date + INTERVAL '1 month'",
    "zoned - INTERVAL '90 minutes'", "date + INTERVAL '2 hours'", "moment + span", "date - moment", "zoned - moment",
    *(f"{name}::{kind}" for name in ("int", "float", "text", "number", "word", "flag", "category", "decimal", "empty")
      for kind in ("int", "float", "text", "boolean")),
    *(f"{name}::{kind}" for name in ("date", "moment", "zoned", "nanos", "text")
      for kind in ("date", "timestamp", "time")),
    "('2001-02-03T04:05:0' || small)::timestamp", "huge::int", "time::text", "'12:30:00'::time",
    " + ".join(f"(int * {i} - ABS(small + {i}))" for i in range(40)),
    "REPLACE(" * 30 + "text" + ", 'a', 'b')" * 30,
    " ".join(["CASE", *(f"WHEN int = {i} THEN 'n{i}'" for i in range(120)), "END"]),
]  # fmt: skip
TYPES = ["int", "int8", "uint64", "float", "float32", "string", "datetime", "date", "time", "bool", "category"]
CASES = _cases()
CURVES = [
    *({"method": method} for method in ("quadratic", "cubic", "pchip", "akima", "barycentric", "krogh", "cubicspline")),
    {"method": "polynomial", "order": 2}, {"method": "spline", "order": 2},
]  # fmt: skip


@pytest.fixture(scope="module")
def started(bare: Exporting) -> Started:
    return bare.read(FRAME, "table.parquet")


@pytest.mark.parametrize("declared", all_operations(), ids=lambda declared: declared.name)
def test_every_operation_says_its_code_and_is_tried(declared: type[Operation]) -> None:
    assert declared.code is not Operation.code, f"{declared.name} needs a method `code`; see docs/recipes.md"
    elsewhere = {"interpolate", "executeCommand", "join", "appendFile"}  # the last two in test_others.py
    assert declared.name in {name for name, _ in CASES} | elsewhere


@pytest.mark.parametrize("name", sorted({name for name, _ in CASES}))
def test_the_script_gives_the_same_table(name: str, started: Started) -> None:
    done = 0
    for operation, parameters in CASES:
        if operation == name:
            try:
                history = started.history.apply(operation, **parameters)
            except LongshoreError:
                continue  # not for a column of this type
            script = started.exporting.check(history, started)
            _check_looks(script)
            done += 1
    assert done >= 1


def _check_looks(script: str) -> None:
    """Nobody's text has become code, and lines are of a length that people read."""
    imported = [node for node in ast.walk(ast.parse(script)) if isinstance(node, ast.Import | ast.ImportFrom)]
    modules = {getattr(node, "module", None) or node.names[0].name for node in imported}
    assert "os" not in modules
    assert script.isprintable() or all(line.isprintable() for line in script.split("\n"))
    assert [line for line in script.split("\n") if len(line) > 120] == []


@pytest.mark.parametrize("curve", CURVES, ids=lambda curve: curve["method"])
def test_curves_need_scipy_and_say_so(curve: dict[str, Any], full: Exporting) -> None:
    frame = pl.DataFrame(
        {"x": [None, 1.0, 4.0, None, 9.5, 2.0, None, 3.0, None], "i": [1, 2, None, 4, 7, 1, 0, None, 2]}
    )
    for name in frame.columns:
        script = full.read(frame).check(("interpolate", {"column": name, **curve}))
        assert "# Step 1 needs numpy and scipy as well." in script


def test_an_operation_without_code_cannot_be_exported(started: Started) -> None:
    class Silent(Operation):
        name = "silent"

        def transform(self, table: Any, facts: Any) -> Any:
            raise NotImplementedError

        def report(self, before: Any, after: Any, facts: Any) -> Any:
            raise NotImplementedError

    with pytest.raises(IllegalOperation, match="silent cannot be exported"):
        Silent(None).code(started.history.table, {})


TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=6)
KINDS: dict[str, tuple[pl.DataType, st.SearchStrategy[Any]]] = {
    "int": (pl.Int64(), st.integers(-1000, 1000)),
    "few": (pl.Int64(), st.integers(0, 3)),
    "float": (pl.Float64(), st.floats(-1e6, 1e6, allow_nan=False) | st.sampled_from([0.1, -0.0, float("inf")])),
    "text": (pl.String(), TEXT | st.sampled_from(["", "a", "b", "aa", "1", "2.5"])),
    "date": (pl.Date(), st.dates(dt.date(1900, 1, 1), dt.date(2100, 1, 1))),
    "datetime": (pl.Datetime("us"), st.datetimes(dt.datetime(1900, 1, 1), dt.datetime(2100, 1, 1))),  # noqa: DTZ001
    "boolean": (pl.Boolean(), st.booleans()),
}


def _is_usable(name: str) -> bool:
    """Whether the reader leaves it as it is, and the engine does not take it for a pattern."""
    return bool(name) and "\ufeff" not in name and name != "*" and not (name[0] == "^" and name[-1] == "$")


@st.composite
def frames(draw: st.DrawFn) -> pl.DataFrame:
    rows = draw(st.integers(0, 10))
    names = draw(st.lists(TEXT.map(str.strip).filter(_is_usable), min_size=7, max_size=7, unique=True))
    columns = [
        pl.Series(name, draw(cells(values, rows)), dtype=dtype)
        for name, (dtype, values) in zip(names, KINDS.values(), strict=True)
    ]
    return pl.DataFrame(columns)


def _steps() -> st.SearchStrategy[tuple[str, dict[str, Any]]]:
    index = st.integers(0, 6)
    column = {"columnIndex": index}
    scalar = st.none() | st.integers(-5, 5) | st.sampled_from(["a", "", "1", "x y", 2.5, True]) | TEXT
    pair = st.lists(st.tuples(scalar, scalar), min_size=1, max_size=3)
    several = {"columnIndices": st.lists(index, min_size=1, max_size=3)}

    def call(name: str, **fields: Any) -> st.SearchStrategy[tuple[str, dict[str, Any]]]:
        return st.tuples(st.just(name), st.fixed_dictionaries(fields))

    replaced = st.tuples(index, pair).map(
        lambda x: (
            "findReplace",
            {"columnIndex": x[0], "toReplace": [a for a, _ in x[1]], "replaceWith": [b for _, b in x[1]]},
        )
    )
    matched = st.tuples(index, st.sampled_from(PATTERNS)).map(
        lambda x: (
            "findReplace",
            {"columnIndex": x[0], "toReplace": [x[1][0]], "replaceWith": [x[1][1]], "matchRegex": True},
        )
    )
    return st.one_of(
        replaced,
        matched,
        call("renameColumn", **column, newName=TEXT),
        call("changeColumnDataType", **column, newDataType=st.sampled_from(TYPES)),
        call("fillWithCustomValue", **column, newValue=scalar, convert=st.booleans()),
        call("newCellValue", **column, rowIndex=st.integers(0, 3), newValue=scalar, convert=st.booleans()),
        call("fillWithAverage", **column, metric=st.sampled_from(["mean", "median", "mode"])),
        call("interpolate", **column, method=st.sampled_from(["linear", "nearest", "zero"])),
        call("normalize", **column, rangeFrom=st.sampled_from([0.0, -1.0]), rangeTo=st.sampled_from([1.0, 0.1])),
        call("standardize", **column),
        call(
            "discretize",
            **column,
            cutMode=st.sampled_from(["discretization", "quantiling"]),
            numberOfBins=st.integers(1, 4),
        ),
        call("generateDummies", **column, inplace=st.booleans()),
        call("splitColumn", **column, delimiter=st.sampled_from(["-", "0", "a", " "]), regex=st.just(False)),
        call("extract", **column, pattern=st.sampled_from([r"\d", "(a)(b)?", "[^a]"])),
        call("combineColumns", columnsToCombine=st.just([3, 1, 5]), seperator=TEXT, newName=TEXT, insertIndex=index),
        call("keepRows", searchQuery=TEXT, searchIsRegex=st.just(False)),
        call("dropRows", filterType=st.just("outliers"), filterColumnIndices=st.just([2]), outliersStdDev=st.just(1.0)),
        call("sortRows", sortBy=st.just([{"columnIndex": 3, "ascending": False}, {"columnIndex": 2}])),
        call("deduplicate", **several),
        call("changeCase", **several, case=st.sampled_from(["upper", "lower", "title", "sentence"])),
        call("trimText", **several, collapse=st.booleans()),
        call("fillDown", columnFrom=st.just(0), columnTo=index),
        call("insertRow", rowIndex=st.integers(0, 2), values=st.just({})),
        call("deleteRowsWithNA", **column),
        call("moveColumn", **column, toIndex=index),
        call("insertDuplicateColumn", **column),
        call("deleteColumns", **several),
        call("emptyStringToNaN", **column),
        call("deleteRows", rowIndices=st.lists(st.integers(0, 3), min_size=1)),
    )


@settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.function_scoped_fixture],
)
@given(df=frames(), wanted=st.lists(_steps(), min_size=1, max_size=6))
def test_random_histories_on_random_tables(
    df: pl.DataFrame, wanted: list[tuple[str, dict[str, Any]]], bare: Exporting
) -> None:
    started = bare.read(df, "table.parquet")
    history, done = started.history, 0
    for operation, parameters in wanted:
        try:
            history = history.apply(operation, **parameters)
            done += 1
        except LongshoreError:
            continue
    assume(done)
    bare.check(history, started)


@pytest.mark.skipif(sys.platform != "linux", reason="commands run on Linux only")
def test_a_command_needs_pandas_and_says_so(full: Exporting) -> None:
    sandbox.configure(sandbox.Limits(seconds=30, memory_bytes=3 * 2**30))
    frame = pl.DataFrame({"id": [3, 1, 2], "city": ["Rom", None, "Oslo"], "n": [1, None, 2**60 + 1]})
    frame = frame.with_columns(kind=pl.Series(["a", "b", None], dtype=pl.Categorical))
    commands = [
        "df['ratio'] = df['id'] / 2\nnote = '''two\nlines'''\ndf['note'] = note",
        "df = df[df.id > 1].rename(columns={'city': 'id'})",
        "df = df.groupby('city').sum(numeric_only=True).reset_index()",
        "df.loc[0, 'id'] = 9; df[''] = [None, float('nan'), 2.0]",
    ]
    try:
        for command in commands:
            script = full.read(frame).check(("executeCommand", {"command": command}))
            assert "# Step 1 needs numpy and pandas and pyarrow as well." in script
            assert "Read it before you run it" in script
    finally:
        sandbox.configure(None)
