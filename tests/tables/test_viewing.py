"""Views against pandas, uncached and cached, alone and together."""

import datetime as dt
import json
import re
import threading
from dataclasses import replace
from decimal import Decimal
from functools import partial

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from longshore.errors import ColumnNotFound, InvalidPattern, InvalidRequest, InvalidType, InvalidValue, TimedOut
from longshore.tables.patterns import compile_pattern
from longshore.tables.viewing import PageParameters, ViewParameters, Views, ordering
from longshore.tables.viewing import order as order_module
from longshore.tables.viewing import views as views_module
from support.drawing import cells


@pytest.fixture
def views(tmp_path):
    views = Views(tmp_path / "cache", 50_000_000)
    yield views
    views.close()


def ask(**fields):
    return ViewParameters.read({key: value for key, value in fields.items() if value is not None})


def index(views, table, parameters, first=0, last=10**9):
    return views.page(table, parameters, (first, last), (0, table.width)).index


VALUES = {
    "n": st.integers(-3, 3),
    "x": st.sampled_from([0.0, 1.5, -2.25, 2.0, 1e6]),
    "t": st.sampled_from(["", "a", "ab", "B", "é", "日本", "😀", "\uffff", "2.0"]),
    "d": st.sampled_from([dt.date(2020, 1, 1), dt.date(1999, 12, 31)]),
    "b": st.booleans(),
}
FRAMES = st.integers(0, 30).flatmap(
    lambda rows: st.fixed_dictionaries({name: cells(values, rows) for name, values in VALUES.items()})
)
SCHEMA = {"n": pl.Int64, "x": pl.Float64, "t": pl.String, "d": pl.Date, "b": pl.Boolean}
SOME = st.lists(st.integers(0, 4), min_size=1, max_size=3, unique=True)
CONDITIONS = {
    "n > 0": lambda r, _: r["n"] is not None and r["n"] > 0,
    "NOT (n > 0)": lambda r, _: r["n"] is not None and r["n"] <= 0,
    "t IN ('a', 'B', '日本') OR t IS NULL": lambda r, _: r["t"] in ("a", "B", "日本", None),
    "x >= -2.25 AND x < 2 AND b": lambda r, _: r["x"] is not None and -2.25 <= r["x"] < 2 and r["b"] is True,
    "\"d\" >= DATE '2020-01-01' OR t NOT IN ('a')": lambda r, _: (
        (r["d"] is not None and r["d"] >= dt.date(2020, 1, 1)) or (r["t"] is not None and r["t"] != "a")
    ),
    "n >= AVG(n)": lambda r, data: r["n"] is not None and r["n"] >= np.mean([n for n in data["n"] if n is not None]),
    "COUNT(*) > 5": lambda _, data: len(data["n"]) > 5,
    "FALSE": lambda _, __: False,
}
"""Each with whether a row fulfils it, by its values and by the whole table's."""
PARAMETERS = st.fixed_dictionaries(
    {},
    optional={
        "filterType": st.sampled_from(["invalid", "duplicates", "outliers"]),
        "outliersStdDev": st.sampled_from([1, 0.5, 2.0]),
        "outliersTrimPortion": st.sampled_from([0, 0.1, 0.3]),
        "where": st.sampled_from(sorted(CONDITIONS)),
        "searchQuery": st.sampled_from(["a", "2", ".0", "tru", "1999", "日", "."]),
        "searchColumnIndices": SOME,
        "searchIsRegex": st.booleans(),
        "sortColumnIndex": st.integers(0, 4),
        "sortAscending": st.booleans(),
    },
)


def text(value):
    if isinstance(value, bool):
        return str(value).lower()
    return value.isoformat() if isinstance(value, dt.date) else str(value)


def expected_rows(data, p):
    """The view by pandas' duplicates and plain Python."""
    names = list(SCHEMA)
    rows = list(range(len(data["n"])))
    kind = p.get("filterType")
    if kind:
        chosen = [names[i] for i in p["filterColumnIndices"]]
        keep = np.ones(len(rows), bool)
        for name in chosen:
            if kind == "invalid":
                keep &= np.array([value is None for value in data[name]], bool)
            elif kind == "outliers":
                keep &= outliers(data[name], p.get("outliersStdDev", 2), p.get("outliersTrimPortion", 0))
        if kind == "duplicates":
            keep = pd.DataFrame({name: pd.Series(data[name], dtype=object) for name in chosen}).duplicated(keep=False)
        rows = [row for row in rows if keep[row]]
        if kind == "duplicates":
            rows = in_order(rows, data[chosen[0]])
    if where := p.get("where"):
        rows = [row for row in rows if CONDITIONS[where]({name: data[name][row] for name in names}, data)]
    if query := p.get("searchQuery"):
        searched = [names[i] for i in p.get("searchColumnIndices", range(5))]
        pattern = re.compile(query if p.get("searchIsRegex") else re.escape(query))
        rows = [
            r for r in rows if any(pattern.search(text(v)) for v in (data[n][r] for n in searched) if v is not None)
        ]
    if "sortColumnIndex" in p:
        rows = in_order(rows, data[names[p["sortColumnIndex"]]], p.get("sortAscending", True))
    return rows


def in_order(rows, values, ascending=True):
    present = [row for row in rows if values[row] is not None]
    missing = [row for row in rows if values[row] is None]
    return sorted(present, key=values.__getitem__, reverse=not ascending) + missing


def outliers(values, deviations, portion):
    valid = np.sort(np.array([v for v in values if v is not None], float))
    cut = int(len(valid) * portion)
    valid = valid[cut : len(valid) - cut]
    if len(valid) < 2:
        same = len(valid) == 1
        return np.array([same and v is not None and v != valid[0] for v in values], bool)
    mean, std = valid.mean(), valid.std(ddof=1)
    if valid[0] == valid[-1]:
        mean, std = valid[0], 0.0
    return np.array([v is not None and v != mean and abs(v - mean) >= deviations * std - 1e-9 for v in values], bool)


@pytest.mark.parametrize("files", [1, 3])
def test_random_views_agree_with_pandas(views, make_table, files, monkeypatch):
    monkeypatch.setattr(order_module, "HEAD_ROWS", 4)

    @settings(max_examples=120, deadline=None, suppress_health_check=list(HealthCheck))
    @given(FRAMES, PARAMETERS, SOME, st.integers(1, 7))
    def check(data, fields, filtered, step):
        if fields.get("filterType"):
            if fields["filterType"] == "outliers":
                filtered = sorted({i % 2 for i in filtered})
                if fields.get("outliersStdDev") in (1, 2.0):  # a value may lie exactly on the border, up to rounding
                    fields["outliersStdDev"] = fields["outliersStdDev"] + 0.0137
            fields["filterColumnIndices"] = filtered
        table = make_table(pl.DataFrame(data, schema=SCHEMA), files=files)
        parameters = ViewParameters.read(fields)
        expected = expected_rows(data, fields)
        pages = [
            views.page(table, parameters, (at, at + step - 1), (0, 4)) for at in range(0, len(expected) + step, step)
        ]
        assert [row for page in pages for row in page.index] == expected
        rows = [row for page in pages for row in page.data]
        assert rows == [[jsonable(data[name][i]) for name in SCHEMA] for i in expected]
        size = views.size(table, parameters)
        assert size.rows == len(expected)
        assert size.missing == [sum(data[name][i] is None for i in expected) for name in SCHEMA]
        all_rows = views.rows_of(table, parameters)
        assert (list(range(len(data["n"]))) if all_rows is None else all_rows.tolist()) == expected

    check()


def jsonable(value):
    return value.isoformat() if isinstance(value, dt.date) else value


def big(rows=30_000, seed=1):
    rng = np.random.default_rng(seed)
    return pl.DataFrame(
        {
            "id": np.arange(rows),
            "key": rng.integers(0, 50, rows),
            "x": rng.normal(size=rows).round(3),
            "word": rng.choice(["aé", "b", "日本", ""], rows),
            "when": pl.Series(rng.integers(0, 10**15, rows)).cast(pl.Datetime("us")),
        }
    ).with_columns(
        pl.when(pl.col("id") % 7 == 0).then(None).otherwise(pl.col(name)).alias(name) for name in ["x", "word", "when"]
    )


def test_copied_columns_answer_as_parquet_does(views, make_table, monkeypatch):
    frame = big().with_columns(
        flag=pl.col("x") > 0, small=pl.col("key").cast(pl.UInt8), money=pl.col("x").cast(pl.Decimal(9, 3)),
        wide=pl.col("id").cast(pl.Int128), single=pl.col("x").cast(pl.Float32), day=pl.col("when").dt.date(),
        clock=pl.col("when").dt.time(), span=pl.duration(milliseconds=pl.col("id")), raw=pl.col("word").cast(pl.Binary),
        zoned=pl.col("when").dt.replace_time_zone("Europe/Paris", non_existent="null", ambiguous="earliest"),
        group=pl.col("word").cast(pl.Categorical),
    )  # fmt: skip
    table = make_table(frame, files=3)
    parameters = ask(sortColumn="x")
    monkeypatch.setattr(views_module, "MANY_PIECES", 10**9)
    parquet = views.page(table, parameters, (500, 900), (0, table.width))
    monkeypatch.setattr(views_module, "MANY_PIECES", 1)
    views.page(table, parameters, (500, 900), (0, table.width))
    wait_for_copies(views)
    monkeypatch.setattr(views._reader, "scattered", None)
    assert views.page(table, parameters, (500, 900), (0, table.width)) == parquet
    order = frame.with_row_index("i").sort("x", nulls_last=True, maintain_order=True)[500:901]
    assert parquet.index == order["i"].to_list()
    json.dumps(parquet.data, allow_nan=False)


def wait_for_copies(views):
    views._copying.submit(int).result()


@pytest.mark.parametrize("fields", [
    {"sortColumn": "key"}, {"sortColumn": "key", "sortAscending": False}, {"sortColumn": "word"},
    {"filterType": "invalid", "filterColumns": ["x"]}, {"searchQuery": "日", "searchColumns": ["word"]},
    {"searchQuery": "^a", "searchIsRegex": True, "sortColumn": "x"},
    {"filterType": "duplicates", "filterColumns": ["x", "word"]},
])  # fmt: skip
def test_the_head_is_the_beginning_of_the_whole(views, make_table, fields):
    table = make_table(big())
    parameters = ask(**fields)
    head = index(views, table, parameters, 0, 499)
    whole = views.rows_of(table, parameters)
    assert whole[:500].tolist() == head
    assert index(views, table, parameters, 0, 499) == head
    assert index(views, table, parameters, 700, 1700) == whole[700:1701].tolist()


def test_many_callers_at_once_compute_once(views, make_table, monkeypatch):
    table = make_table(big())
    counted = []
    original = views_module.order_query
    monkeypatch.setattr(views_module, "order_query", lambda *args: counted.append(1) or original(*args))
    answers = []
    threads = [
        threading.Thread(target=lambda: answers.append(index(views, table, ask(sortColumn="x"), 5, 50)))
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(answers) == 8
    assert all(answer == answers[0] for answer in answers)
    views.rows_of(table, ask(sortColumn="x"))
    assert len(counted) == 2  # the head, and all


def test_the_cache_stays_within_its_bytes(tmp_path, make_table):
    table = make_table(big())
    views = Views(tmp_path / "cache", 400_000)
    expected = {}
    for name in table.names:
        for ascending in (True, False):
            parameters = ask(sortColumn=name, sortAscending=ascending)
            expected[name, ascending] = views.rows_of(table, parameters).tolist()
            assert views._cache.size_bytes <= 400_000
    files = sum(file.stat().st_size for file in (tmp_path / "cache").rglob("*") if file.is_file())
    assert files <= 400_000
    for (name, ascending), rows in expected.items():
        assert index(views, table, ask(sortColumn=name, sortAscending=ascending), 20_000, 20_050) == rows[20_000:20_051]
    views.close()


def test_a_cache_too_small_for_anything_still_answers(tmp_path, make_table):
    views = Views(tmp_path / "cache", 1)
    table = make_table(big())
    assert index(views, table, ask(sortColumn="id", sortAscending=False), 0, 2) == [29_999, 29_998, 29_997]
    assert index(views, table, ask(sortColumn="id", sortAscending=False), 20_000, 20_001) == [9_999, 9_998]
    views.close()


def test_remains_of_a_dead_process_are_removed_and_those_of_a_living_one_are_not(tmp_path):
    living = Views(tmp_path, 1000)
    dead = tmp_path / "0123"
    dead.mkdir()
    (dead / ".lock").touch()
    other = Views(tmp_path, 1000)
    assert not dead.exists()
    assert living._cache.folder.exists()
    living.close()
    other.close()
    assert list(tmp_path.iterdir()) == []


def test_values_are_ready_for_json(views, make_table):
    frame = pl.DataFrame({
        "i": [2**53, 2**53 + 1, -(2**60), None],
        "f": [1.0, float("inf"), float("-inf"), None],
        "t": [*map(dt.datetime.fromisoformat, ["2020-01-02T03:04:05.678", "2020-01-02"]), None, None],
        "z": pl.Series([dt.datetime.fromisoformat("2020-01-02"), None, None, None], dtype=pl.Datetime("ms", "UTC")),
        "d": [dt.timedelta(hours=25), None, None, None],
        "m": pl.Series([Decimal("1.50"), None, None, None], dtype=pl.Decimal(10, 2)),
        "b": [True, False, None, None],
    })  # fmt: skip
    page = views.page(make_table(frame), ViewParameters(), (0, 1), (0, 9))
    assert page.data[0] == [2**53, 1.0, "2020-01-02T03:04:05.678", "2020-01-02T00:00:00Z", "P1DT1H", "1.50", True]
    assert page.data[1] == [str(2**53 + 1), None, "2020-01-02T00:00:00", None, None, None, False]
    assert page.data[0][6] is True


def test_windows_are_clipped(views, make_table):
    table = make_table(pl.DataFrame({"a": [1, 2, 3], "b": [4, 5, 6]}))
    page = views.page(table, ViewParameters(), (1, 99), (1, 99))
    assert (page.index, page.columns, page.data) == ([1, 2], ["b"], [[5], [6]])
    assert views.page(table, ViewParameters(), (3, 9), (0, 1)).data == []
    assert views.page(table, ViewParameters(), (2, 1), (0, 1)).index == []
    assert views.page(table, ask(sortColumnIndex=0), (2, 1), (0, 1)).index == []
    assert views.page(table, ViewParameters(), (0, 1), (2, 5)).data == [[], []]


def test_a_duplicated_column_shows_twice(views, make_table):
    table = make_table(pl.DataFrame({"a": [1, 2], "b": [3, 4]}))
    copy = type(table.columns[0])(
        "a_copy", *[getattr(table.columns[0], n) for n in ("dtype", "file", "source", "missing")]
    )
    table = table.with_columns([table.columns[0], copy, table.columns[1]])
    assert views.page(table, ViewParameters(), (0, 1), (0, 2)).data == [[1, 1, 3], [2, 2, 4]]
    assert views.page(table, ask(sortColumnIndex=1, sortAscending=False), (0, 1), (0, 2)).data == [[2, 2, 4], [1, 1, 3]]


def test_a_view_outlives_a_rename(views, make_table):
    table = make_table(big())
    before = index(views, table, ask(sortColumnIndex=2), 0, 20)
    renamed = table.with_columns([type(c)(c.name + "!", c.dtype, c.file, c.source, c.missing) for c in table.columns])
    page = views.page(renamed, ask(sortColumnIndex=2), (0, 20), (2, 2))
    assert (page.index, page.columns) == (before, ["x!"])


def test_an_error_in_a_condition_says_where_it_stands():
    with pytest.raises(InvalidRequest, match=r"where: .* the end stands at character 7"):
        ask(where="price >")


def test_a_blank_condition_is_none(views, make_table):
    assert index(views, make_table(pl.DataFrame({"a": [1, 2]})), ask(where="  ")) == [0, 1]


@pytest.mark.parametrize(
    "name", ['a "b" c', "it's", "^.*$", "*", "--", "a;b", "select", "\\", "日本", "v\n1", "x" * 300]
)
def test_hostile_names_and_values_stand_between_quotes(views, make_table, name):
    table = make_table(pl.DataFrame({"a": ["x", "y", "z"], "b": [name, "'; DROP", None]}))
    table = table.with_columns([table.columns[0], replace(table.columns[1], name=name)])
    column = '"' + name.replace('"', '""') + '"'
    one, other = ("'" + value.replace("'", "''") + "'" for value in (name, "'; DROP"))
    assert index(views, table, ask(where=f"{column} = {one}")) == [0]
    assert index(views, table, ask(where=f"{column} IN ({one}, {other})")) == [0, 1]
    assert index(views, table, ask(where=f"{column} IS NULL")) == [2]


def test_a_condition_over_a_renamed_column_is_the_same_view(views, make_table, monkeypatch):
    table = make_table(pl.DataFrame({"a": [1, 2, 3], "b": [3, 2, 1]}))
    assert index(views, table, ask(where="a >= 2 AND b < 3")) == [1, 2]
    monkeypatch.setattr(views_module, "order_query", None)  # whoever asks for another view is caught
    renamed = table.with_columns([replace(table.columns[0], name="other"), table.columns[1]])
    assert index(views, renamed, ask(where="other >= 2 AND b < 3")) == [1, 2]
    swapped = table.with_columns([replace(c, name=n) for c, n in zip(table.columns, "ba", strict=True)])
    with pytest.raises(TypeError):
        index(views, swapped, ask(where="a >= 2 AND b < 3"))


def test_a_pattern_in_a_condition_finds_the_first_rows_early(views, make_table, monkeypatch):
    monkeypatch.setattr(ordering, "PATTERN_ROWS", (3, 6))
    table = make_table(pl.DataFrame({"t": ["a1", "b", "a2", "a3", "b", "a4", "a5"]}))
    assert index(views, table, ask(where="REGEXP_LIKE(t, '^a\\d')"), 0, 4) == [0, 2, 3, 5, 6]


def test_values_of_whole_columns_are_learnt_from_all_rows(views, make_table):
    table = make_table(pl.DataFrame({"n": [1, 1, 2, None, 10], "t": ["a", "b", "b", "b", "c"]}))
    parameters = ask(filterType="duplicates", filterColumns=["t"], where="n > AVG(n) / 2")
    assert index(views, table, parameters) == [2]  # the mean of the three would let the second in


@pytest.mark.parametrize(("fields", "error"), [
    ({"filterType": "invalid"}, InvalidRequest),
    ({"filterType": "invalid", "filterColumnIndices": []}, InvalidRequest),
    ({"searchQuery": "a", "searchColumnIndices": []}, InvalidRequest),
    ({"filterType": "invalid", "filterColumnIndices": [2]}, ColumnNotFound),
    ({"filterType": "invalid", "filterColumnIndices": [-1]}, ColumnNotFound),
    ({"sortColumnIndex": 7}, ColumnNotFound),
    ({"sortColumn": "nix"}, ColumnNotFound),
    ({"searchQuery": "(", "searchIsRegex": True}, InvalidPattern),
    ({"filterType": "outliers", "filterColumnIndices": [1]}, InvalidType),
    ({"where": "b > 1"}, ColumnNotFound),
    ({"where": "a + 1"}, InvalidType),
    ({"where": "a > 'x'"}, InvalidType),
    ({"where": "NULL"}, InvalidType),
    ({"where": "REPEAT(t, a) = 'x'"}, InvalidValue),
    ({"where": "REGEXP_LIKE(t, '(')"}, InvalidPattern),
    ({"where": "NOSUCH(a)"}, InvalidRequest),
])  # fmt: skip
def test_views_that_make_no_sense_are_refused(views, make_table, fields, error):
    table = make_table(pl.DataFrame({"a": [1], "t": ["x"]}))
    with pytest.raises(error):
        views.page(table, ViewParameters.read(fields), (0, 9), (0, 9))
    with pytest.raises(error):  # the failure is not kept as an answer
        views.page(table, ViewParameters.read(fields), (0, 9), (0, 9))


@pytest.mark.parametrize("fields", [
    {"filterType": "odd"}, {"outliersStdDev": 0}, {"outliersStdDev": True}, {"outliersTrimPortion": 0.5},
    {"searchIsRegex": 1}, {"sortColumnIndex": 1.5}, {"filterColumnIndices": [True]}, {"searchQuery": 5},
    {"outliersStdDev": float("nan")}, {"where": 5}, {"where": "a >"}, {"where": "a > 1; b"}, {"where": "x" * 5_001},
])  # fmt: skip
def test_fields_of_the_wrong_type_are_refused(fields):
    with pytest.raises(InvalidRequest):
        ViewParameters.read(fields)


def test_page_parameters_need_a_window(make_table):
    table = make_table(pl.DataFrame({"a": [1], "1": [2], "b": [3]}))
    window = {"rowIndexFrom": 0, "rowIndexTo": 9, "columnIndexFrom": 1, "columnIndexTo": 2}
    page = PageParameters.read({**window, "outliersStdDev": 3})
    assert (page.rows, page.columns(table), page.outliers_std_dev) == ((0, 9), (1, 2), 3.0)
    for name in window:
        with pytest.raises(InvalidRequest, match=name):
            PageParameters.read({key: value for key, value in window.items() if key != name})
        for wrong in (True, 1.5, ["1"]) if name.startswith("column") else (True, 1.5, ["1"], "1"):
            with pytest.raises(InvalidRequest, match=name):
                PageParameters.read({**window, name: wrong})
    assert PageParameters.read({**window, "columnIndexTo": "b", "columnIndexFrom": "1"}).columns(table) == (1, 2)
    with pytest.raises(ColumnNotFound):
        PageParameters.read({**window, "columnIndexTo": "2"}).columns(table)


@pytest.mark.parametrize(
    ("given", "hint"),
    [("serchQuery", "did you mean searchQuery"), ("sort_columns", "did you mean sortColumn"), ("x", "lists those")],
)
def test_a_parameter_that_is_not_known_is_refused(given, hint):
    with pytest.raises(InvalidRequest, match=f"unknown parameter '{given}'; .*{hint}"):
        ViewParameters.read({given: "a"})


def test_windows_are_clipped_at_both_ends(make_table):
    ask_for = {"rowIndexFrom": -5, "rowIndexTo": 3, "columnIndexFrom": -1, "columnIndexTo": -1}
    page = PageParameters.read(ask_for)
    assert (page.rows, page.columns(make_table(pl.DataFrame({"a": [1]})))) == ((0, 3), (0, -1))


def test_constant_columns_have_no_outliers(views, make_table):
    table = make_table(pl.DataFrame({"c": [0.1] * 10, "one": [1, *[None] * 9], "o": [1] * 9 + [50]}))
    for column in (0, 1):
        assert index(views, table, ask(filterType="outliers", filterColumnIndices=[column])) == []
    assert index(views, table, ask(filterType="outliers", filterColumnIndices=[2], outliersTrimPortion=0.1)) == [9]


def test_a_search_that_takes_too_long_is_ended(views, make_table, monkeypatch):
    monkeypatch.setattr(ordering, "compile_pattern", partial(compile_pattern, limit_seconds=0.2))
    table = make_table(pl.DataFrame({"t": ["a" * 40 + "!"] * 3}))
    with pytest.raises(TimedOut):
        views.page(table, ask(searchQuery=r"(a+)+\1?$", searchIsRegex=True), (0, 9), (0, 0))


def test_all_that_is_absent_is_named() -> None:
    window = {"rowIndexFrom": 0, "rowIndexTo": 1, "columnIndexFrom": 0, "columnIndexTo": 1}
    for absent, sentence in (
        (["rowIndexTo"], "rowIndexTo: field required"),
        (["rowIndexFrom", "columnIndexTo"], "rowIndexFrom and columnIndexTo: fields required"),
        (
            ["rowIndexFrom", "rowIndexTo", "columnIndexTo"],
            "rowIndexFrom, rowIndexTo and columnIndexTo: fields required",
        ),
    ):
        given = {name: value for name, value in window.items() if name not in absent}
        with pytest.raises(InvalidRequest, match=f"^{sentence}$"):
            PageParameters.read(given)
    with pytest.raises(InvalidRequest, match=r"^rowIndexFrom and rowIndexTo: fields required \(and 2 more\)$"):
        PageParameters.read({"columnIndexFrom": 0, "columnIndexTo": 1.5})
    with pytest.raises(InvalidRequest, match=r"^searchColumnIndices\[1\]: input should be"):
        PageParameters.read({**window, "searchColumnIndices": [0, 1.5]})
