"""Workbooks, Parquet, Arrow, archives; and files that mean harm."""

# ruff: noqa: DTZ001 - naive moments are what files hold
from __future__ import annotations

import contextlib
import gzip
import io
import random
import zipfile
from collections.abc import Callable
from datetime import UTC, date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any

import fastavro
import openpyxl
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet
import pytest
import xlwt

from longshore.errors import InvalidRequest, LongshoreError, StorageFull, TooLarge, UnreadableFile
from longshore.tables.reading import ReadOptions, ReadResult, read
from tables.reading.conftest import cells, codes, kinds

Read = Callable[..., ReadResult]
CSV = b"a,b\n1,x\n2,y\n"
TABLE = {"a": [1, 2], "b": ["x", "y"]}


def zipped(*members: tuple[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members:
            archive.writestr(name, content)
    return buffer.getvalue()


def workbook(*sheets: tuple[str, list[list[Any]]]) -> bytes:
    book = openpyxl.Workbook()
    book.remove(book.active)
    for title, rows in sheets:
        sheet = book.create_sheet(title)
        for row in rows:
            sheet.append(row)
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


CELLS: list[list[Any]] = [
    ["i", "f", "s", "d", "dt", "t", "b", "mixed", "na", "i", None],
    [1, 1.5, "007", date(2001, 1, 1), datetime(2001, 1, 1, 10, 30), time(1, 2, 3), True, 1, 1, 5, 1e25],
    [2, 2, "x", date(2001, 1, 2), datetime(2001, 1, 2), time(4, 5, 6), False, "two", "N/A", 6, 0.1],
]


def test_xlsx(read_bytes: Read) -> None:
    result = read_bytes(workbook(("One", CELLS)), name="t.xlsx")
    assert cells(result) == {
        "i": [1, 2],
        "f": [1.5, 2.0],
        "s": ["007", "x"],
        "d": [date(2001, 1, 1), date(2001, 1, 2)],
        "dt": [datetime(2001, 1, 1, 10, 30), datetime(2001, 1, 2)],
        "t": [time(1, 2, 3), time(4, 5, 6)],
        "b": [True, False],
        "mixed": ["1", "two"],
        "na": [1, None],
        "i.1": [5, 6],
        "column_10": [1e25, 0.1],
    }
    assert codes(result) == ["MissingTokens"]
    assert list(result.settings.pop("dates")) == ["d", "dt", "t"]
    assert result.settings.pop("ledger")["unit"] == "row"
    assert result.settings == {"format": "xlsx", "sheet": "One", "header": True, "skip": 0}


def test_sheets_are_chosen_by_name_or_index(read_bytes: Read) -> None:
    book = workbook(("One", [["a"], [1]]), ("Two", [["a"], [2]]), ("3", [["a"], [3]]))
    for sheet, value in ((None, 1), ("Two", 2), (1, 2), ("1", 2), ("3", 3), ("", 1)):
        assert cells(read_bytes(book, name="t.xlsx", sheet=sheet)) == {"a": [value]}
    for sheet in ("Four", 3, -1):
        with pytest.raises(InvalidRequest, match="'One', 'Two', '3'"):
            read_bytes(book, name="t.xlsx", sheet=sheet)


def test_rows_of_a_sheet_can_be_skipped(read_bytes: Read) -> None:
    book = workbook(("One", [["Report of 2020"], [None], ["a", "b"], [1, 2], [None], [3, 4]]))
    result = read_bytes(book, name="t.xlsx", initial_skip=1)
    assert cells(result) == {"a": [1, 3], "b": [2, 4]}
    assert codes(result) == ["BlankLines"]
    plain = workbook(("One", [["x", 1], ["y", 2]]))
    assert cells(read_bytes(plain, name="t.xlsx", header_included=False)) == {
        "column_0": ["x", "y"],
        "column_1": [1, 2],
    }


def test_only_a_header_in_a_sheet(read_bytes: Read) -> None:
    result = read_bytes(workbook(("One", [["a", "b"]])), name="t.xlsx")
    assert (result.table.rows, result.table.names) == (0, ["a", "b"])
    with pytest.raises(UnreadableFile, match="empty"):
        read_bytes(workbook(("One", [])), name="t.xlsx")


def test_xls(read_bytes: Read) -> None:
    book = xlwt.Workbook()
    sheet = book.add_sheet("One")
    for row, values in enumerate([["a", "b"], [1, "x"], [2, "y"]]):
        for column, value in enumerate(values):
            sheet.write(row, column, value)
    buffer = io.BytesIO()
    book.save(buffer)
    assert cells(read_bytes(buffer.getvalue(), name="t.xls")) == TABLE


def test_ods(read_bytes: Read) -> None:
    buffer = io.BytesIO()
    pd.DataFrame(TABLE).to_excel(buffer, engine="odf", index=False)
    assert cells(read_bytes(buffer.getvalue(), name="t.ods")) == TABLE


def test_a_text_called_xls_is_read_as_text(read_bytes: Read) -> None:
    assert cells(read_bytes(b"a\tb\n1\tx\n2\ty\n", name="t.xls")) == TABLE


TYPED = pl.DataFrame(
    {
        "i8": pl.Series([1, None], dtype=pl.Int8),
        "f": [1.5, float("nan")],
        "dec": pl.Series([Decimal("1.50"), None], dtype=pl.Decimal(10, 2)),
        "utc": pl.Series([datetime(2001, 1, 1, tzinfo=UTC), None]),
        "list": [[1, 2], None],
        "struct": [{"k": "x", "n": None}, {"k": None, "n": 1}],
        "cat": pl.Series(["u", "v"], dtype=pl.Categorical),
        "enum": pl.Series(["u", "v"], dtype=pl.Enum(["u", "v"])),
        "null": [None, None],
        "bytes": [b"x", None],
    }
)


def content_of(write: Callable[[Any], object]) -> bytes:
    buffer = io.BytesIO()
    write(buffer)
    return buffer.getvalue()


@pytest.mark.parametrize(
    "content",
    [content_of(TYPED.write_parquet), content_of(TYPED.write_ipc), content_of(TYPED.write_ipc_stream)],
    ids=["parquet", "arrow", "stream"],
)
def test_typed_files_keep_their_types(read_bytes: Read, content: bytes) -> None:
    result = read_bytes(content, name="whatever.csv")
    schema = dict(zip(result.table.names, (column.dtype for column in result.table.columns), strict=True))
    assert schema["i8"] == pl.Int8()
    assert schema["dec"] == pl.Decimal(10, 2)
    assert schema["utc"].time_zone == "UTC"  # type: ignore[attr-defined]
    got = cells(result)
    assert got["f"] == [1.5, None]
    assert got["list"] == ["[1,2]", None]
    assert got["struct"] == ['{"k":"x","n":null}', '{"k":null,"n":1}']
    assert (got["cat"], got["enum"], got["null"]) == (["u", "v"], ["u", "v"], [None, None])


def test_feather_of_pandas(read_bytes: Read) -> None:
    buffer = io.BytesIO()
    pd.DataFrame(TABLE).to_feather(buffer)
    assert cells(read_bytes(buffer.getvalue(), name="t.feather")) == TABLE


def test_half_floats_and_odd_names(read_bytes: Read) -> None:
    table = pa.table({"": pa.array([1.5, None], pa.float16()), " a ": pa.array([1, 2])})
    content = content_of(lambda file: pyarrow.parquet.write_table(table, file))
    assert cells(read_bytes(content, name="t.parquet")) == {"column_0": [1.5, None], "a": [1, 2]}


AVRO: dict[str, tuple[Any, list[Any], list[Any]]] = {
    "int": (["null", "int"], [1, None], [1, None]),
    "long": ("long", [2**62, -5], [2**62, -5]),
    "float": ("float", [0.5, -1.5], [0.5, -1.5]),
    "text": ("string", ["é", ""], ["é", ""]),
    "date": ({"type": "int", "logicalType": "date"}, [date(2001, 2, 3)] * 2, [date(2001, 2, 3)] * 2),
    "moment": (
        ["null", {"type": "long", "logicalType": "timestamp-micros"}],
        [datetime(2001, 2, 3, 4, 5, 6, 7, tzinfo=UTC), None],
        [datetime(2001, 2, 3, 4, 5, 6, 7, tzinfo=UTC), None],
    ),
    "decimal": (
        {"type": "bytes", "logicalType": "decimal", "precision": 10, "scale": 2},
        [Decimal("1.25"), Decimal("-3.00")],
        [Decimal("1.25"), Decimal("-3.00")],
    ),
    "enum": ({"type": "enum", "name": "e", "symbols": ["A", "B"]}, ["A", "B"], ["A", "B"]),
    "list": ({"type": "array", "items": "int"}, [[1, 2], []], ["[1,2]", "[]"]),
    "record": (
        {"type": "record", "name": "q", "fields": [{"name": "x", "type": ["null", "int"]}]},
        [{"x": 1}, {"x": None}],
        ['{"x":1}', '{"x":null}'],
    ),
}


@pytest.mark.parametrize("codec", ["null", "deflate"])
@pytest.mark.parametrize("case", AVRO)
def test_avro_of_another_library(read_bytes: Read, case: str, codec: str) -> None:
    kind, values, expected = AVRO[case]
    schema = {"type": "record", "name": "r", "fields": [{"name": "a", "type": kind}, {"name": "n", "type": "int"}]}
    buffer = io.BytesIO()
    records = [{"a": value, "n": number} for number, value in enumerate(values)]
    fastavro.writer(buffer, fastavro.parse_schema(schema), records, codec=codec)
    result = read_bytes(buffer.getvalue(), name="t.csv")
    assert cells(result) == {"a": expected, "n": [0, 1]}
    assert result.settings["format"] == "avro"
    with pytest.raises(UnreadableFile, match="Avro file is cut off, damaged, or uses a feature that is not supported"):
        read_bytes(buffer.getvalue()[:-9])


def test_avro_of_several_types_in_one_column_is_refused(read_bytes: Read) -> None:
    for kind, value in ((["int", "string"], 1), ({"type": "map", "values": "int"}, {"x": 1})):
        schema = {"type": "record", "name": "r", "fields": [{"name": "a", "type": kind}]}
        buffer = io.BytesIO()
        fastavro.writer(buffer, fastavro.parse_schema(schema), [{"a": value}])
        with pytest.raises(UnreadableFile, match="Avro file is cut off, damaged, or uses a feature"):
            read_bytes(buffer.getvalue())


def test_texts_that_begin_like_something_else(read_bytes: Read) -> None:
    for content in (b"BZhang,b\n1,2\n", b"ORCID,b\n1,2\n", b"$FL2,b\n1,2\n", b"Object,b\n1,2\n"):
        assert read_bytes(content).table.width == 2


PACKED = {
    "gz": (gzip.compress(CSV, mtime=0), "t.csv.gz"),
    "zip": (zipped(("folder/t.csv", CSV)), "t.zip"),
    "mac": (zipped(("t.csv", CSV), ("__MACOSX/._t.csv", b"junk"), (".DS_Store", b"junk")), "t.zip"),
    "traversal": (zipped(("../../../etc/t.csv", CSV)), "t.zip"),
    "gz in zip": (zipped(("t.csv.gz", gzip.compress(CSV, mtime=0))), "t.zip"),
    "json": (gzip.compress(b'[{"a": 1, "b": "x"}, {"a": 2, "b": "y"}]', mtime=0), "t.json.gz"),
    "workbook": (zipped(("t.xlsx", workbook(("One", [["a", "b"], [1, "x"], [2, "y"]])))), "t.zip"),
    "parquet": (gzip.compress(content_of(pl.DataFrame(TABLE).write_parquet)), "t.parquet.gz"),
    "members": (gzip.compress(b"a,b\n1,x\n", mtime=0) + gzip.compress(b"2,y\n"), "t.csv.gz"),
}


@pytest.mark.parametrize(("content", "name"), PACKED.values(), ids=PACKED.keys())
def test_packed(read_bytes: Read, content: bytes, name: str) -> None:
    assert cells(read_bytes(content, name=name)) == TABLE


@pytest.mark.parametrize(
    ("content", "match"),
    [
        (zipped(), "no file"),
        (zipped(("folder/", b"")), "no file"),
        (zipped(("a.zip", zipped(("b.zip", zipped(("t.csv", CSV)))))), "within an archive"),
        (gzip.compress(CSV * 100, mtime=0)[:-20], "cut off"),
        (zipped(("t.csv", CSV * 100))[:-30], "cut off or damaged"),
        (content_of(TYPED.write_parquet)[:-10], "Parquet file is cut off"),
        (b"PAR1" + random.Random(1).randbytes(500) + b"PAR1", "Parquet file is cut off"),
        (content_of(TYPED.write_ipc)[:300], "Arrow file is cut off"),
        (workbook(("One", CELLS))[:-100], "damaged"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + random.Random(1).randbytes(3000), "workbook is damaged"),
        (zipped(("[Content_Types].xml", b"x"), ("xl/workbook.xml", b"x")), "workbook is damaged"),
        (random.Random(1).randbytes(5000), "neither text nor"),
        (b"%PDF-1.7 x", "PDF"),
        (b"{\\rtf1\\ansi a,b\n1,2}", "an RTF document"),
        (b"\x89PNG\r\n", "PNG"),
    ],
)
def test_unreadable(read_bytes: Read, content: bytes, match: str) -> None:
    with pytest.raises(UnreadableFile, match=match):
        read_bytes(content, name="t.csv")


MARKUP = {
    "one line": b"<rows><row><a>1</a></row><row><a>2</a></row",
    "many lines": b"<rows>\n<row>\n<a>1</a>\n<b>2</b>\n</row>\n",
    "a paragraph": b"<p>The service is not there, try again</p>\n",
    "a heading": b"<h1>502 Bad Gateway</h1>\n<hr><center>nginx</center>\n",
    "elements": b'<div class="a">\n  <b>\n<i>a,b</i>\n</b></div>',
    "an archive": b"MIME-Version: 1.0\r\nX-Kind: W\r\nContent-Type: multipart/related;\r\n\tboundary=x\r\n",
    "an archive, saved": b"From: <Saved by Browser>\nMIME-Version: 1.0\nContent-Type: multipart/related; type=x\n",
    "UTF-16": "<rows><row/><row/>".encode("utf-16"),
    "longer than what is looked at": b"<rows>\n" + b"<a>1</a>\n" * 3000,
}


@pytest.mark.parametrize("name", ["t.xml", "t.csv", "t.xls", "t.xlsx", "t"])
@pytest.mark.parametrize("content", MARKUP.values(), ids=MARKUP.keys())
def test_markup_without_a_table_is_refused_under_any_name(read_bytes: Read, content: bytes, name: str) -> None:
    with pytest.raises(UnreadableFile, match=r"web page|the XML is malformed"):
        read_bytes(content, name=name)


@pytest.mark.parametrize(
    "content",
    [
        b"<name>,<age>\nann,3\n",
        b"<b>x</b>,1\n<i>y</i>,2\n",
        b"<5,10\n<6,11\n",
        b"<id>,name\n1,x\n",
        b"<p>,q\n1,2\n",
        b"<p>x</p>,1\n<p>y</p>,2\n",
    ],
)
def test_cells_with_tags_are_a_table(read_bytes: Read, content: bytes) -> None:
    assert read_bytes(content).table.width == 2


@pytest.mark.parametrize("name", ["t.xlsx", "t.xlsb", "t.ods", "t.parquet", "t.feather"])
@pytest.mark.parametrize("content", [b"garbage", b"this is no workbook\nat all\n", random.Random(3).randbytes(40)])
def test_garbage_with_a_workbooks_name(read_bytes: Read, content: bytes, name: str) -> None:
    with pytest.raises(UnreadableFile, match="neither text nor a known binary format"):
        read_bytes(content, name=name)


@pytest.mark.parametrize("seed", range(20))
def test_a_few_random_bytes_are_no_table(read_bytes: Read, seed: int) -> None:
    with pytest.raises(UnreadableFile, match="neither text nor"):
        read_bytes(random.Random(seed).randbytes(100))


def test_a_workbook_zipped_with_backslashes(read_bytes: Read) -> None:
    with zipfile.ZipFile(io.BytesIO(workbook(("One", [["a"], [1 / 3]])))) as archive:
        parts = [(name.replace("/", "\\"), archive.read(name)) for name in archive.namelist()]
    assert cells(read_bytes(zipped(*parts), name="t.xlsx"))["a"] == [pytest.approx(1 / 3, abs=1e-15)]


def test_an_encrypted_archive(read_bytes: Read) -> None:
    content = bytearray(zipped(("t.csv", CSV)))
    content[6] |= 1
    content[content.index(b"PK\x01\x02") + 8] |= 1
    with pytest.raises(UnreadableFile, match="encrypted"):
        read_bytes(bytes(content), name="t.zip")


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (gzip.compress(bytes(3_000_000)), "bomb.csv.gz"),
        (zipped(("bomb.csv", bytes(3_000_000))), "bomb.zip"),
        (zipped(("[Content_Types].xml", b"x"), ("xl/bomb.xml", bytes(3_000_000))), "bomb.xlsx"),
        (zipped(("mimetype", b"x"), ("content.xml", bytes(3_000_000))), "bomb.ods"),
    ],
)
def test_bombs_do_not_go_off(read_bytes: Read, content: bytes, name: str) -> None:
    with pytest.raises(TooLarge, match="1,000,000 bytes"):
        read_bytes(content, name=name, limit=1_000_000)


def test_a_sheet_with_one_cell_in_the_last_corner(read_bytes: Read) -> None:
    book = openpyxl.Workbook()
    book.active["A1"] = "a"  # type: ignore[index]
    book.active["XFD1048576"] = 1  # type: ignore[index]
    with pytest.raises(TooLarge, match="cells"):
        read_bytes(content_of(book.save), name="t.xlsx")


def test_a_parquet_file_of_nothing_but_repetition(read_bytes: Read) -> None:
    content = content_of(pl.DataFrame({"a": pl.repeat(1, 2_000_000, eager=True)}).write_parquet)
    assert len(content) < 100_000
    with pytest.raises(TooLarge, match="values"):
        read_bytes(content, name="t.parquet", limit=1_000_000)


def test_a_lie_about_the_size_does_not_help(read_bytes: Read) -> None:
    content = bytearray(zipped(("bomb.csv", b"a," * 1_000_000)))
    place = content.index(b"PK\x01\x02") + 24
    content[place : place + 4] = (10).to_bytes(4, "little")
    with pytest.raises((TooLarge, UnreadableFile)):
        read_bytes(bytes(content), name="bomb.zip", limit=1_000_000)


@pytest.mark.parametrize("seed", range(40))
def test_random_damage_gives_a_clear_error_or_a_table(read_bytes: Read, seed: int) -> None:
    """Whatever the bytes: never an engine's exception."""
    chance = random.Random(seed)
    sources = [
        content_of(TYPED.write_parquet),
        content_of(TYPED.write_ipc),
        workbook(("One", CELLS)),
        gzip.compress(CSV, mtime=0),
    ]
    content = bytearray(sources[seed % len(sources)])
    for _ in range(chance.randint(1, 20)):
        content[chance.randrange(8, len(content))] = chance.randrange(256)
    with contextlib.suppress(LongshoreError):
        read_bytes(bytes(content), name="t")


@pytest.mark.parametrize("content", [CSV * 5000, gzip.compress(CSV * 5000, mtime=0)])
def test_a_full_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes) -> None:
    source = tmp_path / "t.csv"
    source.write_bytes(content)
    folder = tmp_path / "columns"

    def full(*args: object, **kwargs: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(pl.LazyFrame, "sink_parquet", full)
    with pytest.raises(StorageFull):
        read(source, folder)
    assert list(folder.iterdir()) == []


def test_samples(read_bytes: Read) -> None:
    content = "n,x\n" + "".join(f"{i},v\n" for i in range(1000))
    one = read_bytes(content, sample_size=0.1, seed=5)
    assert (one.table.rows, one.source_rows, one.settings["seed"]) == (100, 1000, 5)
    rows = cells(one)["n"]
    assert rows == sorted(set(rows))
    assert cells(read_bytes(content, sample_size=10, seed=5))["n"] == rows
    assert cells(read_bytes(content, sample_size=0.1, seed=6))["n"] != rows
    free = read_bytes(content, sample_size=0.1)
    assert cells(read_bytes(content, sample_size=0.1, seed=free.settings["seed"])) == cells(free)
    assert read_bytes(content, sample_size=1).table.rows == 1000
    assert read_bytes("a,b\n", sample_size=0.5).table.rows == 0


def test_samples_do_not_depend_on_blocks(read_bytes: Read, tiny_blocks: Callable[[int], None]) -> None:
    content = "n,x\n" + "".join(f"{i},v\n" for i in range(500))
    one = read_bytes(content, sample_size=0.3, seed=1)
    tiny_blocks(50)
    assert cells(read_bytes(content, sample_size=0.3, seed=1)) == cells(one)


def test_samples_of_typed_files(read_bytes: Read) -> None:
    result = read_bytes(content_of(pl.DataFrame({"n": range(100)}).write_parquet), name="t.parquet", sample_size=0.25)
    assert result.table.rows == 25


def test_the_name_is_never_a_path(tmp_path: Path) -> None:
    source = tmp_path / "0f3a"
    source.write_bytes(CSV)
    result = read(source, tmp_path / "columns", name="../../outside/日本.csv", options=ReadOptions())
    assert cells(result) == TABLE
    assert kinds(result) == {"a": "int", "b": "string"}
