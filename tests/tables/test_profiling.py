"""Statistics of columns against pandas and counters, whichever way the values are counted."""

import datetime as dt
import json
import math
import tempfile
from collections import Counter
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from longshore.errors import ColumnNotFound
from longshore.tables import profiling
from longshore.tables.core.table import Table, write_columns
from longshore.tables.profiling import analysis, columns, hashing, whole
from longshore.tables.profiling import shown as shown_module
from longshore.tables.profiling import tally as tally_module

EXAMPLES = settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
SPACES = " \t\n\x0b\x0c\r\x1c\x1d\x1e\x1f\x85\xa0\u1680\u2003\u2028\u202f\u205f\u3000"
TEXT = st.text(st.sampled_from("ab é日😀\u200b" + SPACES), max_size=12)
FLOATS = st.floats(-1e6, 1e6, allow_nan=False, width=32).map(lambda x: round(float(x), 3))
ISO = "%Y-%m-%dT%H:%M:%S.%f"


@pytest.fixture(params=["grouped", "sorted", "parts"])
def _way(request, monkeypatch):
    """The ways of counting: by groups, by sorting, and in several scans that remember nothing."""
    if request.param != "sorted":
        monkeypatch.setattr(tally_module, "SORTED_AT_ONCE", -1)
    if request.param == "grouped":
        return
    monkeypatch.setattr(tally_module, "FEW", -1)
    monkeypatch.setattr(analysis, "SAMPLED_FEW", -1)
    if request.param == "parts":
        monkeypatch.setattr(hashing, "HASHES_AT_ONCE", 10)
        monkeypatch.setattr(hashing, "KNOWN_FREQUENT", 0)
        monkeypatch.setattr(hashing, "KNOWN_SMALLEST", 1)
        monkeypatch.setattr(tally_module, "KEYS_AT_ONCE", 1)


every_way = pytest.mark.usefixtures("_way")


def analyze(values, dtype):
    df = pl.DataFrame({"a.b [c]": pl.Series(values, dtype=dtype)})
    with tempfile.TemporaryDirectory() as name:
        columns, rows = write_columns(Path(name), df.lazy(), df.columns)
        found = profiling.analyze(Table(Path(name), tuple(columns), rows), "a.b [c]")
    json.dumps(found, allow_nan=False)
    return found


def check_frequencies(found, values, shown, prefix=""):
    counts = Counter(values)
    assert found[f"{prefix}unique_count"] == len(counts)
    ranked = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    assert found[f"{prefix}frequencies"] == [[shown(value), count] for value, count in ranked[:50]]
    highest = max(counts.values(), default=None)
    assert found[f"{prefix}mode_frequency"] == highest
    if not counts or (len(counts) > 1 and len(set(counts.values())) == 1):
        assert found.get(f"{prefix}mode") == ([] if prefix else None), "that of words is always a list"
    else:
        assert found[f"{prefix}mode"] == [shown(value) for value, count in sorted(counts.items()) if count == highest]


def check_base(found, values, shown=lambda value: value):
    present = [value for value in values if value is not None]
    assert found["invalid"] == len(values) - len(present)
    assert found["mode_count"] == found["mode_frequency"]
    check_frequencies(found, present, shown)
    return present


def check_numbers(found, values):
    present = check_base(found, values)
    series = pd.Series(present, dtype=float)
    expected = {
        "mean": series.mean(), "std": series.std(), "min": series.min(), "max": series.max(),
        **{name: series.quantile(q) for name, q in {"25%": 0.25, "50%": 0.5, "75%": 0.75}.items()},
    }  # fmt: skip
    expected["range"] = expected["max"] - expected["min"]
    for name, value in expected.items():
        assert (found[name] is None) == math.isnan(value), name
        if found[name] is not None:
            assert found[name] == pytest.approx(value, rel=1e-9, abs=1e-6), name


@every_way
@EXAMPLES
@given(st.lists(st.none() | st.integers(-9, 9) | st.integers(-(10**9), 10**9), max_size=80))
def test_integers_have_pandas_statistics(values):
    check_numbers(analyze(values, pl.Int64()), values)


@every_way
@EXAMPLES
@given(st.lists(st.none() | st.sampled_from([0.0, 1.5, -2.25]) | FLOATS, max_size=80))
def test_floats_have_pandas_statistics(values):
    check_numbers(analyze(values, pl.Float64()), values)


@every_way
@EXAMPLES
@given(st.lists(st.none() | st.sampled_from(["", "a", "b a", "a  b"]) | TEXT, max_size=80))
def test_texts_have_the_words_that_python_splits(values):
    found = analyze(values, pl.String())
    present = check_base(found, values)
    rows = [text.split() for text in present]
    words = [word for row in rows for word in row]
    check_frequencies(found, words, str, "word_")
    assert found["word_total"] == len(words)
    for name, numbers in (("count", list(map(len, rows))), ("length", list(map(len, words)))):
        assert found[f"word_{name}_min"] == min(numbers, default=None)
        assert found[f"word_{name}_max"] == max(numbers, default=None)
        assert found[f"word_{name}_average"] == (pytest.approx(np.mean(numbers)) if numbers else None)


@every_way
@EXAMPLES
@given(st.lists(st.none() | st.dates(dt.date(1900, 1, 1), dt.date(2100, 1, 1)), max_size=40))
def test_dates_have_moments(values):
    found = analyze(values, pl.Date())
    present = check_base(found, values, dt.date.isoformat)
    check_moments(found, pd.Series([pd.Timestamp(value) for value in present], dtype="datetime64[us]"))


@every_way
@EXAMPLES
@given(st.lists(st.none() | st.datetimes(dt.datetime(1900, 1, 1), dt.datetime(2100, 1, 1)), max_size=40))  # noqa: DTZ001
def test_datetimes_have_moments_of_wall_time(values):
    found = analyze(values, pl.Datetime("us"))
    check_moments(found, pd.Series([value for value in values if value is not None], dtype="datetime64[us]"))
    assert found["unique_count"] == len({value for value in values if value is not None})


def check_moments(found, series):
    for name, moment in (("min", series.min()), ("median", series.median()), ("max", series.max())):
        if len(series) == 0:
            assert found[name] is None
        else:
            difference = pd.Timestamp(found[name]) - moment  # which fails for one with a zone
            assert abs(difference) <= pd.Timedelta(1, "us")


@EXAMPLES
@given(st.lists(st.none() | st.booleans(), max_size=12))
def test_booleans_are_counted(values):
    found = analyze(values, pl.Boolean())
    check_base(found, values)
    assert set(found) <= {"invalid", "unique_count", "mode", "mode_frequency", "mode_count", "frequencies"}


def test_a_datetime_in_a_zone_is_shown_in_utc():
    moment = dt.datetime(2024, 7, 1, 12, tzinfo=dt.UTC)
    found = analyze([moment], pl.Datetime("ms", "Europe/Paris"))
    assert found["min"] == found["median"] == found["max"] == "2024-07-01T12:00:00Z"


def test_statistics_are_written_as_the_columns_values_are():
    noon = dt.datetime(2024, 7, 1, 12)  # noqa: DTZ001
    wall, instant = analyze([noon], pl.Datetime("us")), analyze([noon], pl.Datetime("us", "UTC"))
    assert wall["min"] == wall["frequencies"][0][0] == wall["mode"][0] == "2024-07-01T12:00:00"
    assert instant["min"] == instant["frequencies"][0][0] == instant["mode"][0] == "2024-07-01T12:00:00Z"
    days = analyze([dt.date(2024, 7, 1), dt.date(2024, 7, 2)], pl.Date())
    assert (days["min"], days["median"], days["max"]) == ("2024-07-01", "2024-07-01T12:00:00", "2024-07-02")


def test_huge_integers_keep_their_digits():
    found = analyze([2**63 - 1, -(2**63), 2**63 - 1], pl.Int64())
    assert found["max"] == str(2**63 - 1)
    assert found["range"] == str(2**64 - 1)
    assert found["mode"] == [str(2**63 - 1)]


def test_infinities_are_null():
    found = analyze([math.inf, 1.0, 2.0], pl.Float64())
    assert (found["max"], found["mean"], found["std"], found["range"], found["min"]) == (None, None, None, None, 1.0)
    assert found["50%"] == 2.0


def test_a_constant_column_has_no_deviation():
    found = analyze([0.1] * 7, pl.Float64())
    assert (found["mean"], found["std"], found["mode"], found["range"]) == (0.1, 0.0, [0.1], 0.0)


def test_decimals_keep_their_digits():
    found = analyze([Decimal("1.10"), Decimal("2.30")], pl.Decimal(10, 2))
    assert (found["min"], found["max"], found["range"], found["50%"]) == ("1.10", "2.30", "1.20", pytest.approx(1.7))


def test_times_and_durations_have_ends_and_a_middle():
    found = analyze([dt.time(1), dt.time(3)], pl.Time())
    assert (found["min"], found["median"], found["max"]) == ("01:00:00", "02:00:00", "03:00:00")
    found = analyze([dt.timedelta(hours=1), dt.timedelta(hours=2)], pl.Duration("us"))
    assert (found["min"], found["median"], found["max"]) == ("PT1H", "PT1H30M", "PT2H")


def test_categories_count_as_text():
    found = analyze(["b a", "b a", None], pl.Categorical())
    assert (found["mode"], found["word_total"], found["invalid"]) == (["b a"], 4, 1)


def test_binary_values_are_counted():
    assert analyze([b"ab", b"ab", b"c"], pl.Binary())["frequencies"] == [["YWI=", 2], ["Yw==", 1]]


@every_way
@pytest.mark.parametrize("kind", [pl.Int64(), pl.Float64(), pl.String(), pl.Date(), pl.Boolean(), pl.Time()])
@pytest.mark.parametrize("rows", [0, 3])
def test_nothing_but_missing_values(kind, rows):
    found = analyze([None] * rows, kind)
    assert (found["invalid"], found["unique_count"], found["frequencies"]) == (rows, 0, [])
    assert "mode" not in found
    assert found["mode_frequency"] is None


def test_most_modes_are_cut_to_a_thousand():
    found = analyze([*range(5_000), *range(5_000), -1], pl.Int64())
    assert found["mode"] == list(range(1_000))


def test_an_unknown_column_is_refused(make_table):
    with pytest.raises(ColumnNotFound, match="did you mean 'price'"):
        profiling.analyze(make_table(pl.DataFrame({"price": [1]})), "prise")


MIXED = pl.DataFrame(
    {
        "n": [1, 2, None, 4],
        "x": [0.5, 0.5, 2.0, None],
        "t": ["a b", "a", None, "a"],
        "d": [dt.date(2020, 1, 1), dt.date(2020, 1, 21), None, None],
        "b": [True, False, True, None],
        "e": pl.Series([None] * 4, dtype=pl.Float64),
        "c": [7] * 4,
    }
)


@pytest.mark.parametrize("cells", [0, 10**6])
def test_a_profile_has_the_statistics_of_each_column(make_table, monkeypatch, cells):
    monkeypatch.setattr(whole, "CELLS_IN_MEMORY", cells)
    monkeypatch.setattr(whole, "COLUMNS_AT_ONCE", 3)
    table = make_table(MIXED, files=2)
    seen = []
    found = profiling.profile(table, lambda done, total: seen.append((done, total)))
    json.dumps(found, allow_nan=False)
    assert seen == [(index, 7) for index in range(1, 8)]
    for index, column in enumerate(found["columns"]):
        assert (column["index"], column["name"]) == (index, MIXED.columns[index])
        assert column["statistics"] == profiling.analyze(table, column["name"])
    by_name = {column["name"]: column for column in found["columns"]}
    assert by_name["t"]["top"] == [["a", 2], ["a b", 1]]
    assert by_name["e"]["histogram"] is None
    assert sum(by_name["c"]["histogram"]["counts"]) == 4
    assert by_name["d"]["histogram"]["edges"][:2] == ["2020-01-01", "2020-01-02"]
    counts, edges = np.histogram([1, 2, 4], 20)
    assert by_name["n"]["histogram"] == {"edges": pytest.approx(edges.tolist()), "counts": counts.tolist()}


@pytest.mark.parametrize("in_memory", [0, 2_000_000])
def test_the_statistics_of_a_view_are_those_of_a_table_of_its_rows(make_table, monkeypatch, in_memory):
    monkeypatch.setattr(shown_module, "ROWS_IN_MEMORY", in_memory)
    table, rows, cache = make_table(MIXED, files=2), [3, 0, 1], profiling.StatisticsCache(1_000_000)
    shown = profiling.Shown("some rows", np.array(rows, dtype=np.uint32))
    alone = make_table(MIXED[sorted(rows)], files=2)
    whole_table = profiling.profile(table, cache=cache)
    for _ in range(2):  # computed, and kept
        found = profiling.profile(table, cache=cache, shown=shown)
        assert found["rows"] == 3
        assert [c["statistics"] for c in found["columns"]] == [
            c["statistics"] for c in profiling.profile(alone)["columns"]
        ]
        assert profiling.analyze(table, "n", cache, shown) == profiling.analyze(alone, "n")
    assert profiling.profile(table, cache=cache) == whole_table  # a view's answer is no answer for all rows
    other = profiling.profile(table, cache=cache, shown=profiling.Shown("no rows", np.array([], dtype=np.uint32)))
    assert [c["statistics"]["unique_count"] for c in other["columns"]] == [0] * 7


def test_the_histogram_of_a_view_has_the_bins_of_all_rows(make_table):
    days = [dt.date(2020, 1, 1) + dt.timedelta(days) for days in range(41)]
    moments = pl.Series(days).cast(pl.Datetime("ns", "Asia/Tokyo"))
    table = make_table(pl.DataFrame({"n": range(41), "d": days, "u": moments}))
    rows = [0, 1, 2, 20, 40]
    shown = profiling.Shown("some", np.array(rows, np.uint32))
    of_all, of_some = profiling.profile(table)["columns"], profiling.profile(table, shown=shown)["columns"]
    for all_rows, some in zip(of_all, of_some, strict=True):
        assert some["histogram"]["edges"] == all_rows["histogram"]["edges"]
        assert some["histogram"]["counts"] == np.histogram(rows, 20, (0, 40))[0].tolist()


def test_some_columns_are_asked_for(make_table):
    seen = []
    found = profiling.profile(make_table(MIXED), lambda *told: seen.append(told), columns=["t", "n", "t"])
    assert [(column["name"], column["index"]) for column in found["columns"]] == [
        (name, MIXED.columns.index(name)) for name in ("t", "n")
    ]
    assert seen == [(1, 2), (2, 2)]
    with pytest.raises(ColumnNotFound):
        profiling.profile(make_table(MIXED), columns=["nix"])


@pytest.mark.parametrize("values", [[1e308, -1e308], [1.0, np.nextafter(1, 2)], [5e-324, 1e-323], [math.inf, 1.0, 2.0]])
def test_extreme_numbers_do_not_break_a_profile(make_table, values):
    json.dumps(profiling.profile(make_table(pl.DataFrame({"x": values}))), allow_nan=False)


def test_texts_that_stay_unknown_are_looked_up(make_table, monkeypatch):
    monkeypatch.setattr(tally_module, "FEW", -1)
    monkeypatch.setattr(analysis, "SAMPLED_FEW", -1)
    texts = [f"{number % 3_000:05}" for number in range(9_000)] + ["00000", "99999", "99999"] + ["é"] * 4
    table = make_table(pl.DataFrame({"t": texts}))
    expected = profiling.analyze(table, "t")
    check_frequencies(expected, texts, str)
    monkeypatch.setattr(hashing, "KNOWN_FREQUENT", 0)
    monkeypatch.setattr(hashing, "KNOWN_SMALLEST", 1)
    monkeypatch.setattr(hashing, "HASHES_AT_ONCE", 100)
    assert profiling.analyze(table, "t") == expected


def test_texts_that_only_look_few_are_still_counted(make_table, monkeypatch):
    monkeypatch.setattr(tally_module, "FEW", -1)
    monkeypatch.setattr(analysis, "SAMPLED_ROWS", 2)
    texts = ["same"] * 500 + [str(number) for number in range(50)] + ["same"] * 500
    check_frequencies(profiling.analyze(make_table(pl.DataFrame({"t": texts})), "t"), texts, str)


def test_statistics_are_kept_by_column_file(make_table, monkeypatch):
    table = make_table(MIXED, files=2)
    cache = profiling.StatisticsCache(1_000_000)
    first = profiling.profile(table, cache=cache)
    monkeypatch.setattr(columns, "count", None)
    monkeypatch.setattr(whole, "count_frame", None)  # nothing may be counted any more
    renamed = table.with_columns([replace(column, name=f"new {column.name}") for column in reversed(table.columns)])
    again = profiling.profile(renamed, cache=cache)
    assert [column["name"] for column in again["columns"]] == [f"new {name}" for name in reversed(table.names)]
    assert [c["statistics"] for c in again["columns"]] == [c["statistics"] for c in reversed(first["columns"])]
    assert profiling.analyze(table, "t", cache) == first["columns"][2]["statistics"]
    again["columns"][0]["statistics"].clear()
    assert profiling.profile(table, cache=cache) == first


def test_only_a_changed_column_is_counted_again(make_table, monkeypatch):
    table = make_table(MIXED)
    cache = profiling.StatisticsCache(1_000_000)
    first = profiling.profile(table, cache=cache)
    (changed,), _ = write_columns(table.folder, pl.LazyFrame({"n": [5, 5, 5, None]}), ["n"])
    counted = []
    count = whole.count_frame
    monkeypatch.setattr(whole, "count_frame", lambda *rest: counted.append(rest[1].name) or count(*rest))
    found = profiling.profile(table.with_columns([changed, *table.columns[1:]]), cache=cache)
    assert counted == ["n"]
    assert found["columns"][0]["statistics"]["mode"] == [5]
    assert found["columns"][1:] == first["columns"][1:]


def test_kept_statistics_stay_within_their_limit(make_table):
    table = make_table(MIXED)
    cache = profiling.StatisticsCache(3_000)
    profiling.profile(table, cache=cache)
    assert 0 < cache.size_bytes <= 3_000
    assert cache.get(table, table.columns[0]) is None
    assert cache.get(table, table.columns[-1]) is not None


def test_a_profile_of_no_columns_is_empty(tmp_path):
    assert profiling.profile(Table(tmp_path, (), 0)) == {"rows": 0, "columns": []}
