"""Charts: what they show against numpy, scipy and pandas, and how they look to a machine."""

import base64
import datetime as dt
import io
import json
import math
import re
import threading

import altair as alt
import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image
from scipy import stats

from longshore.errors import ColumnNotFound, InvalidRequest, InvalidType, TimedOut
from longshore.tables.charting import VisualizeParameters, batches, lines, pictures, scatter, style, thinning, visualize
from longshore.tables.charting.axes import Limits, Span
from longshore.tables.charting.boxes import measure
from longshore.tables.charting.fitting import fit_line

EVERY = [
    {"type": "histogram", "columnIndices": [0, 1], "numberOfBins": 7},
    {"type": "frequency", "columnIndex": 2},
    {"type": "frequency", "columnIndex": 2, "useWords": True, "cutoff": 3},
    {"type": "frequency", "columnIndex": 3},
    {"type": "frequency", "columnIndex": 4},
    {"type": "scatter", "xColumnIndex": 0, "yColumnIndices": [1]},
    {"type": "scatter", "xColumnIndex": 3, "yColumnIndices": [0, 1]},
    {"type": "line", "xColumnIndex": 1, "yColumnIndices": [0, 1]},
    {"type": "date", "xColumnIndex": 3, "yColumnIndices": [1]},
    {"type": "box", "columnIndices": [0, 1]},
    {"type": "correlation"},
]
SCHEMA = {"n": pl.Int64, "x": pl.Float64, "t": pl.String, "d": pl.Date, "b": pl.Boolean}
HOSTILE = ["a.b[0]", "x\"'\\\n<b>&", "日本語 😀", "datum['x'] + alert(1)", "  "]


def frame(rows, seed=0):
    rng = np.random.default_rng(seed)
    numbers = rng.integers(0, 50, rows)
    return pl.DataFrame(
        {
            "n": numbers,
            "x": np.round(numbers * 2.5 + rng.normal(0, 20, rows), 3),
            "t": [f"word{k % 7} tail" for k in range(rows)],
            "d": [dt.date(2020, 1, 1) + dt.timedelta(days=k % 900) for k in range(rows)],
            "b": (numbers % 2 == 0).tolist(),
        },
        schema=SCHEMA,
    )


def with_gaps(df):
    keep = pl.int_range(pl.len()) % 5 != 1
    return df.select(pl.when(keep).then(pl.col(name)).alias(name) for name in df.columns)


FRAMES = {
    "usual": with_gaps(frame(300)),
    "dense": frame(6_000),
    "one row": frame(1),
    "no rows": frame(0),
    "all missing": pl.DataFrame({name: [None] * 4 for name in SCHEMA}, schema=SCHEMA),
    "constant": pl.concat([frame(1)] * 9),
    "huge": pl.DataFrame(
        {**frame(3).to_dict(), "n": [2**62, 2**62 + 1, -(2**63)], "x": [1e308, -1e308, math.inf]}, schema=SCHEMA
    ),
    "hostile names": frame(40).rename(dict(zip(SCHEMA, HOSTILE, strict=True))),
}


def ask(table, fields, **more):
    return visualize(table, VisualizeParameters.read({**fields, **more}))


def spec_of(table, fields, **more):
    answer = ask(table, fields, format="vega-lite", **more)
    alt.Chart.from_dict(json.loads(json.dumps(answer["spec"], allow_nan=False)))  # validates
    assert len(json.dumps(answer)) < 1_000_000
    return answer


def rows_of(spec, layer=0):
    """The data of a chart, or of one of its layers."""
    part = spec["layer"][layer] if "layer" in spec else spec
    return spec["datasets"][part["data"]["name"]] if "name" in part["data"] else part["data"]["values"]


@pytest.mark.parametrize("kind", FRAMES)
@pytest.mark.parametrize("number", range(len(EVERY)))
def test_every_chart_of_every_table_has_a_valid_specification(make_table, kind, number):
    answer = spec_of(make_table(FRAMES[kind], files=2), EVERY[number])
    assert set(answer["axis"]) == {"x", "y"}
    assert "image" not in answer


@pytest.mark.parametrize("kind", ["usual", "dense", "no rows", "all missing", "huge", "hostile names"])
@pytest.mark.parametrize("number", range(len(EVERY)))
def test_every_chart_becomes_a_picture(make_table, kind, number):
    answer = ask(make_table(FRAMES[kind]), EVERY[number])
    image = Image.open(io.BytesIO(base64.b64decode(answer["image"])))
    image.load()
    assert image.format == "PNG"
    assert image.width >= 1000
    assert image.height >= 800
    assert len(answer["image"]) < 1_000_000
    assert "spec" not in answer


@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    st.lists(st.none() | st.floats(-100, 100) | st.sampled_from([0.1, 0.2, 0.3, 1.0]), min_size=2, max_size=60),
    st.integers(1, 12),
)
def test_a_histogram_counts_as_numpy(make_table, values, bins):
    present = [value for value in values if value is not None]
    if not present or (len(set(present)) > 1 and max(present) - min(present) < 1e-6):
        return
    table = make_table(pl.DataFrame({"x": pl.Series(values, dtype=pl.Float64)}))
    answer = spec_of(table, {"type": "histogram", "columnIndices": [0], "numberOfBins": bins})
    counts, edges = np.histogram(present, bins)
    found = {row["a"]: row["n"] for row in rows_of(answer["spec"])}
    assert list(found) == pytest.approx([edge for edge, count in zip(edges, counts, strict=False) if count])
    assert list(found.values()) == [count for count in counts if count]
    assert answer["axis"]["x"] == {"start": pytest.approx(edges[0]), "end": pytest.approx(edges[-1])}


def test_a_histogram_shows_its_window(make_table):
    table = make_table(pl.DataFrame({"n": [*range(100), None]}))
    window = {"x": {"start": 10, "end": 20}, "y": {"start": 0, "end": 4}}
    answer = spec_of(table, {"type": "histogram", "options": {"columnIndices": [0], "numberOfBins": 5, "axis": window}})
    assert [row["n"] for row in rows_of(answer["spec"])] == [2, 2, 2, 2, 3]
    assert answer["axis"] == window


def test_large_numbers_are_written_as_people_say_them(make_table):
    import vl_convert

    table = make_table(pl.DataFrame({"n": [0, 400_000_000, 1_200_000_000, 2_000_000_000]}))
    spec = spec_of(table, {"type": "histogram", "columnIndices": [0], "numberOfBins": 4})["spec"]
    words = re.findall(r">([^<>]*)</text>", vl_convert.vegalite_to_svg(spec))
    assert {"0", "400M", "1B", "1.2B", "2B"} <= set(words)


def test_frequencies_are_ordered_and_cut(make_table):
    table = make_table(FRAMES["usual"])
    answer = spec_of(table, {"type": "frequency", "columnIndex": 2, "useWords": True, "cutoff": 2})
    assert [row["v"] for row in rows_of(answer["spec"])] == ["tail", "word0"]


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.tuples(st.integers(-50, 50), st.integers(-50, 50)), min_size=3, max_size=60).filter(
        lambda points: len({x for x, _ in points}) > 1 and len({y for _, y in points}) > 1
    )
)
def test_a_line_is_fitted_as_by_scipy(points):
    x, y = (np.array(side, float) for side in zip(*points, strict=True))
    dx, dy = x - x.mean(), y - y.mean()
    fit = fit_line(len(points), x.mean(), y.mean(), (dx * dx).sum(), (dx * dy).sum(), (dy * dy).sum())
    expected = stats.linregress(x, y)
    assert fit.slope == pytest.approx(expected.slope, abs=1e-12)
    assert fit.intercept == pytest.approx(expected.intercept, abs=1e-9)
    assert fit.r_squared == pytest.approx(expected.rvalue**2, abs=1e-12)
    assert fit.p == pytest.approx(expected.pvalue, rel=1e-4, abs=1e-7)


@pytest.mark.parametrize("rows", [200, 20_000])
def test_a_scatter_chart_carries_the_lines_of_all_points(make_table, rows):
    df = with_gaps(frame(rows)).with_columns(pl.col("x").shift(1).alias("x"))
    window = {"x": {"start": 10, "end": 20}}
    answer = spec_of(
        make_table(df, files=3), {"type": "scatter", "xColumnIndex": 0, "yColumnIndices": [1], "axis": window}
    )
    both = df.select("n", "x").drop_nulls()
    expected = stats.linregress(both["n"], both["x"])
    fit = answer["fits"][0]
    assert (fit["column"], fit["points"]) == ("x", both.height)
    assert fit["slope"] == pytest.approx(expected.slope)
    assert fit["rSquared"] == pytest.approx(expected.rvalue**2)
    assert fit["p"] == pytest.approx(expected.pvalue, abs=1e-12)
    assert answer["axis"]["x"] == {"start": 10.0, "end": 20.0}


def test_a_dense_scatter_chart_counts_every_point_once(make_table):
    answer = spec_of(make_table(frame(50_000)), {"type": "scatter", "xColumnIndex": 0, "yColumnIndices": [0, 1]})
    rows = rows_of(answer["spec"])
    assert len(rows) <= scatter.MAX_CELLS
    assert sum(row["n"] for row in rows) == 100_000


def test_a_scatter_chart_of_few_points_shows_each(make_table):
    answer = spec_of(make_table(frame(50)), {"type": "scatter", "xColumnIndex": 0, "yColumnIndices": [1]})
    shown = sorted((row["x"], row["y"]) for row in rows_of(answer["spec"]))
    assert shown == sorted(frame(50).select("n", "x").rows())


@pytest.mark.parametrize(("kind", "x"), [("line", 0), ("date", 1)])
def test_a_long_line_keeps_the_extremes_of_every_pixel(make_table, kind, x):
    rows = 100_000
    noise = np.random.default_rng(1).normal(0, 1, rows)
    noise[12_345] = 99.0
    start = dt.datetime(2020, 1, 1)  # noqa: DTZ001
    times = pl.datetime_range(start, start + dt.timedelta(minutes=rows - 1), "1m", eager=True)
    table = make_table(pl.DataFrame({"k": np.arange(rows), "t": times, "y": noise}))
    answer = spec_of(table, {"type": kind, "xColumnIndex": x, "yColumnIndices": [2]})
    shown = rows_of(answer["spec"])
    assert len(shown) <= lines.MAX_POINTS
    assert [row["x"] for row in shown] == sorted(row["x"] for row in shown)
    columns = np.array_split(noise, style.WIDTH)
    kept = {row["y"] for row in shown}
    assert all(column.min() in kept and column.max() in kept for column in columns)
    assert {noise[0], noise[-1]} <= kept


@pytest.mark.parametrize("few_runs", [0, thinning.FEW_RUNS])
@pytest.mark.parametrize("order", ["ascending", "descending", "shuffled"])
def test_a_thinned_line_has_four_points_a_pixel_column(monkeypatch, order, few_runs):
    monkeypatch.setattr(thinning, "FEW_RUNS", few_runs)
    rng = np.random.default_rng(5)
    x, y = np.arange(9_000.0), rng.permutation(9_000) * 1.0
    places = {"ascending": np.arange(9_000), "descending": np.arange(9_000)[::-1], "shuffled": rng.permutation(9_000)}
    thinned = thinning.Thinning(Span(0.0, 9_000.0), 30)
    for part in np.array_split(places[order], 7):
        thinned.add(x[part], y[part])
    expected = set()
    for start in range(0, 9_000, 300):
        column = y[start : start + 300]
        kept = (0, 299, int(column.argmin()), int(column.argmax()))
        expected |= {(float(start + at), float(column[at])) for at in kept}
    assert set(thinned.found()) == expected


@pytest.mark.parametrize("cells", [0, batches.HELD_CELLS])
def test_charts_are_the_same_whether_or_not_the_columns_are_held(make_table, monkeypatch, cells):
    table = make_table(with_gaps(frame(20_000)))
    asked = [{"type": "histogram", "columnIndices": [0, 1]}, {"type": "line", "xColumnIndex": 0, "yColumnIndices": [1]}]
    expected = [spec_of(table, chart) for chart in asked]
    monkeypatch.setattr(batches, "HELD_CELLS", cells)
    monkeypatch.setattr(batches, "ROWS_AT_ONCE", 1_000)
    assert [spec_of(table, chart) for chart in asked] == expected


def test_correlations_bear_a_first_batch_unlike_the_rest(make_table, monkeypatch):
    monkeypatch.setattr(batches, "ROWS_AT_ONCE", 100)
    rng = np.random.default_rng(3)
    a = rng.normal(1e6, 1, 5_000)
    a[:100] = 0.0
    b = np.where(np.arange(5_000) < 100, np.nan, a * 2 + rng.normal(0, 1, 5_000))
    df = pd.DataFrame({"a": a, "b": b})
    found = spec_of(make_table(pl.from_pandas(df)), {"type": "correlation"})["correlation"]
    assert found["r"][0][1] == pytest.approx(df.corr()["a"]["b"], abs=1e-6)


def test_correlations_of_values_without_squares_are_found(make_table, monkeypatch):
    monkeypatch.setattr(batches, "ROWS_AT_ONCE", 10)
    small = np.zeros(10)
    values = np.concatenate([small, np.linspace(0, 1e200, 50)])
    found = spec_of(make_table(pl.DataFrame({"a": values, "b": values * -2})), {"type": "correlation"})["correlation"]
    assert found["r"][0][1] == pytest.approx(-1.0)


def test_dates_stand_at_their_moments_in_utc(make_table):
    noon = dt.datetime(2024, 1, 1, 12, tzinfo=dt.UTC)
    table = make_table(
        pl.DataFrame({"t": pl.Series([noon, noon + dt.timedelta(1)]).dt.convert_time_zone("Asia/Tokyo"), "y": [1, 2]})
    )
    answer = spec_of(table, {"type": "date", "xColumnIndex": 0, "yColumnIndices": [1]})
    assert rows_of(answer["spec"])[0]["x"] == noon.timestamp() * 1000
    assert answer["axis"]["x"] == {"start": "2024-01-01T12:00:00Z", "end": "2024-01-02T12:00:00Z"}
    assert answer["spec"]["encoding"]["x"]["scale"]["type"] == "utc"


def test_a_date_axis_takes_iso_dates(make_table):
    window = {"x": {"start": "2020-02-01", "end": "2020-02-10T12:00:00+01:00"}, "y": {"start": -5}}
    answer = spec_of(
        make_table(frame(900)), {"type": "date", "xColumnIndex": 3, "yColumnIndices": [1], "options": {"axis": window}}
    )
    assert answer["axis"]["x"] == {"start": "2020-02-01T00:00:00", "end": "2020-02-10T11:00:00"}
    assert answer["axis"]["y"]["start"] == -5
    assert len(rows_of(answer["spec"])) <= 10


@pytest.mark.parametrize("number", range(len(EVERY)))
def test_a_window_without_data_is_an_empty_chart(make_table, number):
    on_dates = EVERY[number].get("xColumnIndex") == 3
    ends = {"start": "1800-01-01", "end": "1800-02-01"} if on_dates else {"start": -9e9, "end": -8e9}
    spec_of(make_table(FRAMES["usual"]), EVERY[number], axis={"x": ends, "y": {"start": -9e9, "end": -8e9}})


def test_a_box_has_tukeys_numbers(make_table):
    values = [*range(1, 101), 500, -500]
    box = measure(table := make_table(pl.DataFrame({"n": [*values, None]})), table.columns[0])
    assert (box.first, box.median, box.third) == tuple(np.quantile(values, [0.25, 0.5, 0.75]))
    assert (box.low, box.high, box.outliers) == (1.0, 100.0, [-500.0, 500.0])


def test_the_outliers_of_a_box_are_thinned_out(make_table):
    values = np.random.default_rng(0).standard_cauchy(50_000)
    box = measure(table := make_table(pl.DataFrame({"x": values})), table.columns[0])
    assert len(box.outliers) <= 200
    assert (box.outliers[0], box.outliers[-1]) == (values.min(), values.max())


def test_correlations_are_those_of_pandas(make_table):
    rng = np.random.default_rng(3)
    df = pd.DataFrame(rng.normal(1e6, 1, (500, 4)), columns=list("abcd"))
    df["b"] = df["a"] * -2 + rng.normal(0, 1, 500)
    df = df.mask(rng.random(df.shape) < 0.1)
    df["constant"] = 0.1
    found = spec_of(make_table(pl.from_pandas(df), files=2), {"type": "correlation"})["correlation"]
    expected = df[list("abcd")].corr().to_numpy()
    assert np.array(found["r"], float)[:4, :4] == pytest.approx(expected, abs=1e-9)
    assert found["r"][4] == [None] * 5


LINE = {"type": "line", "xColumnIndex": 0, "yColumnIndices": [1]}
DATES = {"type": "date", "xColumnIndex": 3, "yColumnIndices": [1]}


@pytest.mark.parametrize(
    ("fields", "error", "words"),
    [
        ({"type": "pie"}, InvalidRequest, "type"),
        ({}, InvalidRequest, "type"),
        ({"type": "histogram"}, InvalidRequest, "columnIndices"),
        ({"type": "histogram", "columnIndices": []}, InvalidRequest, "columnIndices"),
        ({"type": "histogram", "columnIndices": [0], "numberOfBins": 0}, InvalidRequest, "numberOfBins"),
        ({"type": "histogram", "columnIndices": [0], "numberOfBins": True}, InvalidRequest, "numberOfBins"),
        ({"type": "histogram", "columnIndices": [0], "numberOfBins": "10"}, InvalidRequest, "numberOfBins"),
        ({"type": "histogram", "columnIndices": [2]}, InvalidType, "'t' holds string"),
        ({"type": "histogram", "columnIndices": [9]}, ColumnNotFound, "9"),
        ({"type": "histogram", "columnIndices": [-1]}, ColumnNotFound, "-1"),
        ({"type": "histogram", "options": 5}, InvalidRequest, "options"),
        ({"type": "frequency"}, InvalidRequest, "columnIndex"),
        ({"type": "frequency", "columnIndex": 0, "useWords": True}, InvalidType, "words"),
        ({"type": "frequency", "columnIndex": 0, "cutoff": 0}, InvalidRequest, "cutoff"),
        ({"type": "scatter", "xColumnIndex": 2, "yColumnIndices": [0]}, InvalidType, "x axis"),
        ({"type": "scatter", "xColumnIndex": 0, "yColumnIndices": [2]}, InvalidType, "needs numbers"),
        ({"type": "scatter", "xColumnIndex": 0}, InvalidRequest, "yColumnIndices"),
        ({"type": "date", "xColumnIndex": 0, "yColumnIndices": [1]}, InvalidType, "dates along x"),
        ({"type": "correlation", "columnIndices": [2]}, InvalidType, "needs numbers"),
        ({**LINE, "axis": {"x": {"start": "a"}}}, InvalidRequest, "axis.x.start"),
        ({**LINE, "axis": {"x": {"start": 2, "end": 1}}}, InvalidRequest, "after"),
        ({**LINE, "axis": {"y": {"end": 10**400}}}, InvalidRequest, "large"),
        ({**LINE, "axis": [1]}, InvalidRequest, "axis"),
        ({**DATES, "axis": {"x": {"end": "soon"}}}, InvalidRequest, "ISO date"),
        ({**DATES, "axis": {"x": {"end": 5}}}, InvalidRequest, "date axis"),
    ],
)  # fmt: skip
def test_a_wrong_request_says_what_is_wrong(make_table, fields, error, words):
    with pytest.raises(error, match=words):
        ask(make_table(FRAMES["usual"]), fields, format="vega-lite")


def test_too_many_series_are_refused(make_table):
    table = make_table(pl.DataFrame({f"c{k}": [1] for k in range(20)}))
    with pytest.raises(InvalidRequest, match="at most 12"):
        ask(table, {"type": "box", "columnIndices": list(range(20))})


@settings(max_examples=200, deadline=None)
@given(st.none() | st.floats(-1e300, 1e300), st.none() | st.floats(-1e300, 1e300))
def test_a_span_always_has_a_width(low, high):
    if low is not None and high is not None and low > high:
        low, high = high, low
    span = Limits(None, None).over(low, high, 0.03)
    assert math.isfinite(span.low)
    assert math.isfinite(span.high)
    assert span.low < span.high


def test_names_are_only_data_and_titles(make_table):
    df = frame(20).rename(dict(zip(SCHEMA, HOSTILE, strict=True)))
    spec = spec_of(make_table(df), {"type": "line", "xColumnIndex": 0, "yColumnIndices": [1, 0]})["spec"]
    assert {spec["encoding"][channel]["field"] for channel in ("x", "y", "color")} == {"x", "y", "s"}
    assert {row["s"] for row in rows_of(spec)} == {style.label(HOSTILE[0]), style.label(HOSTILE[1])}


def test_names_that_shorten_to_the_same_stay_apart():
    assert len(set(style.labels(["a" * 100 + "1", "a" * 100 + "2", "", " "]))) == 4


def test_a_specification_may_not_fetch_anything():
    painter = pictures.Painter()
    spec = {"data": {"url": "http://127.0.0.1:9/x.csv"}, "mark": "point", "encoding": {"x": {"field": "x"}}}
    with pytest.raises(RuntimeError, match="not allowed"):
        painter.render(spec)
    painter.end()


SMALL = {"data": {"values": [{"x": 1}]}, "mark": "point", "encoding": {"x": {"field": "x", "type": "quantitative"}}}


def test_a_painter_that_died_or_slept_is_replaced():
    painter = pictures.Painter(idle_seconds=0.01)
    first = painter.render(SMALL)
    painter._process.wait(30)
    assert painter.render(SMALL) == first
    painter.end()


def test_threads_share_a_painter():
    painter, made = pictures.Painter(), []
    threads = [threading.Thread(target=lambda: made.append(painter.render(SMALL))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 4
    assert len(set(made)) == 1
    painter.end()


def test_a_painter_that_is_too_slow_is_ended():
    painter = pictures.Painter(limit_seconds=0.0)
    with pytest.raises(TimedOut):
        painter.render(SMALL)
    painter.end()
