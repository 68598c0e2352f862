"""Exports read back by independent readers, and what happens when either side goes away."""

import csv
import datetime as dt
import io
import json
import math
import threading
from decimal import Decimal
from pathlib import Path

import numpy as np
import openpyxl
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from longshore.errors import InvalidRequest, TooLarge
from longshore.tables.writing import FORMATS, require_format, stream, suggest_name, xlsx
from longshore.tables.writing import channel as channel_module
from longshore.tables.writing import source as source_module

TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=6)
NASTY = st.sampled_from(
    ["", "a,b", 'q"q', "l\nf", "c\r\nr", " ", "=1+1", "https://x.org", "日本", "\ufeffx", "null", "_x0041_"]
)
ROWS = st.lists(
    st.tuples(
        st.none() | st.integers(-(2**63), 2**63 - 1),
        st.none() | st.floats(allow_nan=False),
        st.none() | TEXT | NASTY,
        st.none() | st.booleans(),
        st.none() | st.dates(dt.date(1900, 3, 1), dt.date(9999, 12, 31)),
        st.none() | st.datetimes(dt.datetime.fromisoformat("1900-03-01"), dt.datetime.fromisoformat("9999-12-30")),
    ),
    max_size=12,
)
SCHEMA = {"n,": pl.Int64, 'x"': pl.Float64, "té": pl.String, "b\nl": pl.Boolean, "d": pl.Date, "w": pl.Datetime("us")}
RANDOM = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))


def frame_of(rows):
    return pl.DataFrame(rows, schema=SCHEMA, orient="row")


def export(table, name, **options):
    return b"".join(stream(table, name, **options))


def order_of(data, height):
    rows = np.arange(height, dtype=np.uint32)
    data.draw(st.randoms(use_true_random=False)).shuffle(rows)
    return rows[: data.draw(st.integers(0, height))]


def when(value):
    return None if value is None else value.isoformat()


def test_csv_reads_back(make_table):
    @RANDOM
    @given(ROWS, st.data())
    def check(rows, data):
        table = make_table(frame_of(rows), files=data.draw(st.sampled_from([1, 3])))
        order = order_of(data, len(rows)) if data.draw(st.booleans()) else None
        content = export(table, "csv", rows=order).decode()
        header, *lines = csv.reader(io.StringIO(content, newline=""))
        assert header == list(SCHEMA)
        kept = rows if order is None else [rows[i] for i in order]
        assert len(lines) == len(kept)
        for line, (n, x, t, b, d, w) in zip(lines, kept, strict=True):
            assert line[0] == ("" if n is None else str(n))
            assert (float(line[1]) if line[1] else None) == x
            assert line[2] == (t or "")
            assert line[3] == ("" if b is None else str(b).lower())
            assert line[4] == (when(d) or "")
            assert (dt.datetime.fromisoformat(line[5]) if line[5] else None) == w
        if rows and order is None:
            back = pl.read_csv(content.encode(), infer_schema=False)
            assert back["té"].to_list() == [row[2] for row in rows]  # an empty text is not a missing one

    check()


@pytest.mark.parametrize("name", ["json", "ndjson"])
def test_json_reads_back(make_table, name):
    @RANDOM
    @given(ROWS, st.data())
    def check(rows, data):
        table = make_table(frame_of(rows))
        order = order_of(data, len(rows)) if data.draw(st.booleans()) else None
        content = export(table, name, rows=order).decode()
        records = json.loads(content) if name == "json" else [json.loads(line) for line in content.split("\n")[:-1]]
        kept = rows if order is None else [rows[i] for i in order]
        assert [list(record) for record in records] == [list(SCHEMA)] * len(kept)
        for record, (n, x, t, b, d, w) in zip(records, kept, strict=True):
            values = list(record.values())
            assert values[:5] == [n, None if x is None or math.isinf(x) else x, t, b, when(d)]
            assert (values[5] and dt.datetime.fromisoformat(values[5])) == w

    check()


def test_json_is_cut_into_chunks_at_any_place(make_table, monkeypatch):
    monkeypatch.setattr(channel_module, "CHUNK_BYTES", 1)
    frame = pl.DataFrame({"a": range(3000), "t": ["x\ny,"] * 3000})
    monkeypatch.setattr(source_module, "SPAN_ROWS", 7)
    content = export(make_table(frame), "json", rows=np.arange(3000, dtype=np.uint32))
    assert json.loads(content) == frame.to_dicts()


def test_no_rows_make_an_empty_array(make_table):
    assert export(make_table(pl.DataFrame({"a": []}, schema={"a": pl.Int64})), "json") == b"[]"


TYPES = pl.DataFrame({
    "i8": pl.Series([1, None], dtype=pl.Int8),
    "u64": pl.Series([2**64 - 1, None], dtype=pl.UInt64),
    "f32": pl.Series([0.5, None], dtype=pl.Float32),
    "money": pl.Series([Decimal("1.50"), None], dtype=pl.Decimal(10, 2)),
    "time": [dt.time(1, 2, 3), None],
    "span": [dt.timedelta(days=1, seconds=1), None],
    "zoned": pl.Series([dt.datetime.fromisoformat("2020-07-01T12:00:00"), None]).dt.replace_time_zone("Europe/Paris"),
    "group": pl.Series(["g", None], dtype=pl.Categorical),
    "raw": [b"\xff\x00", None],
    "text": ["", None],
})  # fmt: skip


@pytest.mark.parametrize("rows", [None, np.array([0, 1], np.uint32)])
def test_parquet_and_arrow_keep_types_and_names(make_table, rows):
    table = make_table(TYPES, files=2)
    parquet = export(table, "parquet", rows=rows)
    assert pl.read_parquet(parquet).equals(TYPES)
    assert pl.read_parquet(parquet).schema == TYPES.schema
    assert pq.read_table(io.BytesIO(parquet)).column_names == TYPES.columns
    arrow = export(table, "arrow", rows=rows)
    assert pl.read_ipc(arrow).equals(TYPES)
    assert pa.ipc.open_file(arrow).read_all().to_pydict()["money"] == [Decimal("1.50"), None]


def test_every_type_has_a_text_form(make_table):
    table = make_table(TYPES)
    line = export(table, "csv").decode().split("\n")[1]
    zoned = "2020-07-01T10:00:00Z"  # as in every answer
    assert line == f'1,18446744073709551615,0.5,1.50,01:02:03,P1DT1S,{zoned},g,/wA=,""'
    first, second = json.loads(export(table, "json"))
    assert list(first.values()) == [1, 2**64 - 1, 0.5, "1.50", "01:02:03", "P1DT1S", zoned, "g", "/wA=", ""]
    assert set(second.values()) == {None}


def test_no_fraction_of_a_second_is_lost(make_table):
    times = pl.Series([0, 1, 3_723_500_000_000, 86_399_999_999_999, 3_723_000_001_000, None]).cast(pl.Time)
    texts = ["00:00:00", "00:00:00.000000001", "01:02:03.5", "23:59:59.999999999", "01:02:03.000001", None]
    table = make_table(pl.DataFrame({"n": range(6), "t": times}))
    assert pl.read_csv(export(table, "csv"))["t"].to_list() == texts
    assert [row["t"] for row in json.loads(export(table, "json"))] == texts
    assert pl.Series(texts).str.to_time("%H:%M:%S%.f").equals(times)


def test_rows_of_a_single_missing_value_are_not_lost(make_table):
    content = export(make_table(pl.DataFrame({"a": ["x", None, "y"]})), "csv")
    assert pd.read_csv(io.BytesIO(content)).shape == (3, 1)


def test_formulas_are_escaped_on_request(make_table):
    frame = pl.DataFrame({"=h": ["=1+1", "+a", "-2", "@x", "\tx", "\rx", "a=1", None, ""], "n": [-1] * 9})
    table = make_table(frame)
    header, *lines = csv.reader(io.StringIO(export(table, "csv", escape_formulas=True).decode(), newline=""))
    assert header == ["'=h", "n"]
    assert [line[0] for line in lines] == ["'=1+1", "'+a", "'-2", "'@x", "'\tx", "'\rx", "a=1", "", ""]
    assert {line[1] for line in lines} == {"-1"}
    assert b"'" not in export(table, "csv")


def test_xlsx_reads_back(make_table):
    @settings(RANDOM, max_examples=25)
    @given(ROWS, st.data())
    def check(rows, data):
        order = order_of(data, len(rows)) if data.draw(st.booleans()) else None
        rows = [(n, x if x is None or math.isinf(x) or abs(x) < 1e300 else 1.0, *rest) for n, x, *rest in rows]
        content = export(make_table(frame_of(rows)), "xlsx", rows=order)
        header, *lines = openpyxl.load_workbook(io.BytesIO(content)).active.iter_rows(values_only=True)
        assert list(header) == list(SCHEMA)
        kept = rows if order is None else [rows[i] for i in order]
        lines += [(None,) * 6] * (len(kept) - len(lines))  # openpyxl drops empty rows at the end
        for line, (n, x, t, b, d, w) in zip(lines, kept, strict=True):
            assert line[0] == (n if n is None or abs(n) <= 2**53 else str(n))
            # xlsxwriter writes 16 digits
            assert line[1] == (str(x) if x is not None and math.isinf(x) else x and pytest.approx(x, rel=1e-15))
            assert same_text(line[2], t)
            assert line[3] is b
            assert (line[4] and line[4].date()) == d
            assert w is None or abs(line[5] - w) < dt.timedelta(milliseconds=2)

    check()


def same_text(read, written):
    """openpyxl shows escaped control characters as they stand in the file; line ends are XML's."""
    if not written:
        return not read
    if any(ord(character) < 32 or character in "\ufffe\uffff_" for character in written):
        return read is not None
    return read == written


def test_xlsx_texts_stay_texts(make_table):
    texts = ["=1+1", "https://example.org", "007", "mailto:a@b.c", "{=1}"]
    sheet = openpyxl.load_workbook(io.BytesIO(export(make_table(pl.DataFrame({"t": texts})), "xlsx"))).active
    cells = [sheet.cell(row, 1) for row in range(2, 7)]
    assert [cell.value for cell in cells] == texts
    assert {cell.data_type for cell in cells} == {"s"}
    assert all(cell.hyperlink is None for cell in cells)


def test_xlsx_keeps_what_excel_cannot_hold_as_text(make_table):
    frame = TYPES.select("zoned", "span", "time").with_columns(old=pl.lit(dt.date(1066, 10, 14)))
    sheet = openpyxl.load_workbook(io.BytesIO(export(make_table(frame), "xlsx"))).active
    assert [cell.value for cell in sheet[2]] == ["2020-07-01T10:00:00Z", "P1DT1S", dt.time(1, 2, 3), "1066-10-14"]


def test_xlsx_refuses_too_much_before_anything_is_written(make_table, monkeypatch):
    table = make_table(pl.DataFrame({"a": range(5), "t": ["x" * 32_768] * 5}))
    with pytest.raises(TooLarge, match="column 't' has 32,768"):
        stream(table, "xlsx")
    monkeypatch.setattr(xlsx, "MAX_ROWS", 4)
    with pytest.raises(TooLarge, match="these are 5"):
        stream(table, "xlsx")
    monkeypatch.setattr(xlsx, "MAX_COLUMNS", 1)
    with pytest.raises(TooLarge, match="these are 2"):
        stream(table, "xlsx", rows=np.array([1], np.uint32))


def test_xlsx_leaves_no_files(make_table, tmp_path, monkeypatch):
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    chunks = stream(make_table(pl.DataFrame({"a": range(10)})), "xlsx")
    next(chunks)
    assert list(folder.iterdir())
    chunks.close()
    assert list(folder.iterdir()) == []


def exporting():
    return [thread for thread in threading.enumerate() if thread.name == "export"]


LONG = pl.DataFrame({"i": range(300_000)}).with_columns(t=pl.lit("some text ") + pl.col("i").cast(pl.String))


@pytest.mark.parametrize("name", ["csv", "json", "ndjson", "parquet", "arrow"])
@pytest.mark.parametrize("shuffled", [False, True])
def test_a_consumer_that_leaves_ends_the_producer(make_table, name, shuffled, monkeypatch):
    monkeypatch.setattr(source_module, "PIECE_ROWS", (1000, 1000))
    monkeypatch.setattr(channel_module, "CHUNK_BYTES", 1000)
    rows = np.random.default_rng(1).permutation(300_000) if shuffled else None
    chunks = stream(make_table(LONG), name, rows=rows)
    next(chunks)
    chunks.close()
    assert exporting() == []


def test_a_consumer_that_never_starts_leaves_nothing(make_table):
    for name in FORMATS:
        stream(make_table(LONG.head(3)), name).close()
    assert exporting() == []


@pytest.mark.parametrize("name", ["csv", "json", "parquet"])
def test_a_producer_that_fails_breaks_the_export_off(make_table, name, monkeypatch):
    monkeypatch.setattr(channel_module, "CHUNK_BYTES", 1000)
    table = make_table(LONG)
    calls = []
    original = source_module.Reader.scattered

    def fail(self, *args):
        calls.append(1)
        if len(calls) == 3:
            raise ValueError("broken")
        return original(self, *args)

    monkeypatch.setattr(source_module.Reader, "scattered", fail)
    chunks = stream(table, name, rows=np.arange(300_000, dtype=np.uint32))
    with pytest.raises(Exception, match="broken"):
        list(chunks)
    assert exporting() == []


def test_a_missing_file_breaks_the_export_off(make_table):
    table = make_table(LONG)
    Path(table.folder / table.columns[0].file).unlink()
    with pytest.raises(OSError, match="No such file"):
        list(stream(table, "csv"))


def test_chunks_are_about_a_megabyte(make_table):
    sizes = [len(chunk) for chunk in stream(make_table(LONG), "csv")]
    assert max(sizes) < 8_000_000
    assert sum(sizes) == len(LONG.write_csv())


def test_unknown_formats_are_refused():
    with pytest.raises(InvalidRequest, match="did you mean 'parquet'"):
        require_format("parket")


@pytest.mark.parametrize(
    ("original", "format_name", "expected"),
    [
        ("films.csv", "json", "films.json"), ("../../etc/passwd", "csv", "passwd.csv"),
        ("C:\\a\\b.xlsx", "csv", "b.csv"),
        ("日本.csv.gz", "parquet", "日本.parquet"), ("v1.2 report.txt", "csv", "v1.2 report.csv"),
        ("", "csv", "table.csv"),
        ("..", "csv", "table.csv"), (".csv", "csv", "table.csv"),
        ("a\r\nSet-Cookie: x.csv", "csv", "aSet-Cookie: x.csv"),
        ('a"b.csv', "csv", "a'b.csv"), ("x" * 500, "csv", "x" * 120 + ".csv"), ("a\u202egpj.csv", "csv", "agpj.csv"),
    ],
)  # fmt: skip
def test_suggested_names_are_safe(original, format_name, expected):
    assert suggest_name(original, format_name) == expected
