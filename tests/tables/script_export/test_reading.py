"""A script reads its file as the reader read it: same names, types, values and gaps."""

from __future__ import annotations

import bz2
import datetime as dt
import gzip
import io
import json
import lzma
import zipfile
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from longshore.errors import LongshoreError
from longshore.tables.reading import context

from .conftest import Exporting

DATA = Path(__file__).parents[2] / "data"
ROWS = "".join(f"{i},{i / 2},n{i},{i % 28 + 1:02}/0{i % 9 + 1}/2001\n" for i in range(60))
DELIMITED: dict[str, tuple[bytes, dict[str, Any]]] = {
    "plain": (b"a,b\n1,x\n2,y\n", {}),
    "types": (
        b"i,f,t,d,dt,b,z,n\n1,1.5,x,2001-02-03,2001-02-03 04:05:06,true,007,NA\n-2,1e3,,,2001-02-03T04:05,FALSE,1,3\n",
        {},
    ),
    "many rows": (("a,b,c,d\n" + ROWS).encode(), {}),
    "zones": (b"a,b\n1,2001-02-03T04:05:06Z\n2,2001-02-03 04:05:06+02:00\n", {}),
    "times": (b"a,b\n1,12:30\n2,01:02:03.5\n", {}),
    "clock": (b"a,b\n1,3:04 pm\n2,11:59 AM\n", {}),
    "tokens and spaces": (b"a,b,c\n 1 ,nan,n/a\n2, 2.5,True\nNULL,-,false\n", {}),
    "infinite": (b"a,b\n1,inf\n2,-1.5\n", {}),
    "unsigned": (b"a,b\n18446744073709551615,1\n1,2\n", {}),
    "day first": (b"a,b\n31/12/1999,1\n01/02/2000,2\n", {}),
    "chosen order": (b"a,b\n01/12/1999,1\n01/02/2000,2\n", {"dateOrder": "mdy"}),
    "ambiguous": (b"a,b\n01/12/1999,1\n01/02/2000,2\n", {}),
    "ragged": (b"a,b,c\n1\n1,2,3,4\n1,2\n,,\n5,6,7\n", {}),
    "trailing": (b"a,b\n1,2,\n3,4,\n", {}),
    "blank lines": (b"\n\na,b\n\n1,2\r\n\r\n3,4\n\n\n", {}),
    "blank in quotes": (b'a,b\n"1\n\n2",3\n\n4,5\n', {}),
    "one column": (b"a\n1\n\n3\n", {}),
    "one column of text": (b'name\nx, y\n\n""\nz\n', {}),
    "semicolons": (b"a;b\n1,5;2\n", {}),
    "tabs": (b"a\tb\n1\t2\n", {"name": "t.tsv"}),
    "latin-1": ("näme,b\nétage,1\nà la carte déjà vu,2\n".encode("latin-1"), {}),
    "utf-16": ("näme,b\nétage,1\n".encode("utf-16"), {}),
    "byte order mark": ("a,b\n1,2\n".encode("utf-8-sig"), {}),
    "byte order mark without header": ("1,2\n3,4\n".encode("utf-8-sig"), {"headerIncluded": False}),
    "named encoding": ("a,b\nщ,1\n".encode("cp1251"), {"encoding": "cp1251"}),
    "a few bad bytes": ("é,b\n".encode() * 30 + b"a,\xff\n", {}),
    "duplicate names": (b"a,a,,a.1\n1,2,3,4\n", {}),
    "hostile names": (b'"""; import os #","x\ny","\'\\"\n1,2,3\n', {}),
    "names that are patterns": (b"*,^a.*$\n1,x\n2,\n", {}),
    "quoted header over lines": (b'"a\nb",c\n1,2\n', {}),
    "quoted and empty": (b'a,b,c\n"",,"x ""y"""\n"1,2","\n",3\n', {}),
    "odd quotes": (b'a,b\n5" pipe,1\n"x"y,2\n"z",3\n', {}),
    "unclosed quote": (b'a,b\n"x,1\ny,2\n', {}),
    "single quotes": (b"a,b\n'x,y','1'\n'z','2'\n", {}),
    "old Mac": (b"a,b\r1,x\r\r2,y\r", {}),
    "mixed line ends": (b"a,b\n1,x\r2,y\r\n3,z\n", {}),
    "end-of-file mark": (b"a,b\r\n1,2\r\n\x1a", {}),
    "no header": (b"1,x\n2,y\n", {"headerIncluded": False}),
    "skipped": (b'title\n\n"note\na,b\n1,2\n', {"initialSkip": 3}),
    "titles, and blank rows at the end": (b"Report,,\n,,\na,b,c\n1,2,x\n3,4,\n,,\n,,\n", {}),
    "blank rows alone": (b"a,b\n,\n,\n", {}),
    "comments above": (b"# made\r\n# in May\r\na,b\r\n1,2\r\n,\r\n", {}),
    "names in a comment": (b"# a,b\n1,2\n3,4\n", {}),
    "names on two lines": (b"d,Travel,\n,air,rail\nx,1,2\ny,3,4\n", {}),
    "units": (b"t,l\ns,mm\n1,2.5\n2,3.5\n3,4.5\n", {}),
    "sep": (b"sep=;\na;b\n1;2\n", {}),
    "no names": (b"1.5,2\n3.5,4\n5.5,6\n", {}),
    "stray quotes": (b'a,b\n1,"\n2,"Ann"\n"5" pipe, long",x\n', {}),
    "apostrophes": (b"a,b\n'x, y',1\n'it's, z',2\n'w',3\n", {}),
    "decimal commas": (b"a;b;c\n1.234,50;12,3 %;5 kr\n-7,0;;n/a\n", {}),
    "money": (b'a,b\n"$1,234,567",(1.5)\n$7,2\n', {}),
    "a decimal mark that is given": (b'a,b\n"1,234",1\n"5,678",2\n', {"decimal": ","}),
    "months by name": ("a;b\n3. März 2020;5 mai 2020 14:30\n5. Mai 21;6 mai 2020\n".encode(), {}),
    "lengths of time": (b"a,b\n30:15:00,2h 15min\n-1:00:00,3 days\n", {}),
    "all text": (b"a,b\n1,2\n", {"types": "text"}),
    "as it stands": (b"Report,,\n,,\na,b,c\n1,2,x\n,,\n", {"structure": "asItStands"}),
    "header only": (b"a,b\n", {}),
    "NULs": (b"a\x00,b\n1,x\x00\n", {}),
    "sample": (("a,b,c,d\n" + ROWS).encode(), {"sampleSize": 0.3, "seed": 5}),
}
JSON: dict[str, bytes] = {
    "half a character": rb'[{"a":"x\ud800","b":1},{"a":"\ud83d\ude00","b":2}]',
    "half a character in columns": rb'{"a":["x\ud800","y"],"b":[1,2]}',
    "integers that a float would change": b'[{"a":12345678901234567},{"a":0.5}]',
    "array": b'[{"a": 1, "b": "x"}, {"b": null, "c": [1, {"d": 2}]}]',
    "pretty array": json.dumps(
        [{"a": i / 3, "b": {"x": [i]}, "d": f"2001-01-0{i + 1}"} for i in range(5)], indent=2
    ).encode(),
    "lines": b'{"a": 1.50, "b": true}\n\n{"a": "1.50", "b": false}\n{"a": 1e400}\n',
    "lines with NaN": b'{"a": NaN, "x": "y"}\n{"a": 2.5, "x": 3}\n',
    "mixed": b'[{"a": 1.10, "b": 3}, {"a": "x", "b": 2.5}]',
    "huge numbers": b'[{"a": 12345678901234567890, "b": 123456789012345678901234567890}]',
    "columns": b'{"a": [1, 2], "b": ["x", null]}',
    "indexed": b'{"a": {"0": 1, "1": 2}, "b": {"0": "x"}}',
    "around": b'{"count": 2, "data": [{"a": 1}, {"a": 2}]}',
    "rows": b'[["a", "b", "a"], [1, "x", 3], [2]]',
    "split": b'{"columns": ["a", "b"], "index": ["p", "q"], "data": [[1, "x"], [2, null]]}',
    "keyed": b'{"ann": {"age": 3, "city": "x"}, "bob": {"age": 4}}',
    "wrapped twice": b'{"response": {"docs": [{"a": 1}, {"a": 2}]}}',
    "features": b'{"type": "FeatureCollection", "features": [{"type": "Feature", "properties": {"a": 1}, "geometry":'
    b' {"type": "Point", "coordinates": [1, 2.5]}}]}',
    "rows without header": b"[[1, 2], [3, 4, 5]]",
    "values": b'[1, "x", null]',
    "one object": b'{"a": 1, "b": "x"}',
    "odd names": b'[{" a ": 1, "a": 2, "": 3, "\\u0000": 4, "\\"; import os #": 5}]',
    "byte order mark": b'\xef\xbb\xbf[{"a": 1}]',
    "byte order mark in lines": b'\xef\xbb\xbf{"a": 1}\n{"a": 2}\n',
    "utf-16": '[{"ä": "ö"}]'.encode("utf-16"),
    "dates": b'[{"a": "2001-02-03", "b": "03/04/2001 10:00"}, {"a": null, "b": "31/12/2001 11:12:13"}]',
    "escapes": b'[{"a": "x]\\"}{,\\n", "b": "\\ud83d\\ude00"}, {"a": "\\\\"}]',
}


@pytest.mark.parametrize("case", DELIMITED)
def test_delimited_text(case: str, bare: Exporting, full: Exporting) -> None:
    content, options = DELIMITED[case]
    exporting = full if "sampleSize" in options else bare
    name = options.get("name", "t.csv")
    started = exporting.read(content, name, **{key: value for key, value in options.items() if key != "name"})
    script = started.check()
    if "sampleSize" in options:
        assert "# Reading needs numpy as well." in script


BROKEN_LINES = {
    "no JSON": b'{"a": 1, "b": "x"}\n{"a": 2,\n\n[1, 2]\n  {"a": 3}\nnull\n{"a": NaN}{}\n{"b": "y"}\r\n',
    "with NaN": b'{"a": 1e400}\noops\n{"a": NaN, "b": "x"}\n',
    "no text": b'{"a": "\xff"}\n{"a": "x\xfe",\n{"a": "z"}\n' + '{"a": "é"}\n'.encode() * 30,
    "last": b'{"a": 1}\noops',
    "byte order marks": b'\xef\xbb\xbf{"a": 1}\nx\n\xef\xbb\xbf{"a": 2}\n',
}


@pytest.mark.parametrize("case", BROKEN_LINES)
def test_lines_that_were_set_aside_are_left_out(case: str, bare: Exporting) -> None:
    started = bare.read(BROKEN_LINES[case], "t.ndjson")
    assert started.result.ledger.set_aside > 0
    assert "is_object(line)" in started.check()


@pytest.mark.parametrize("case", JSON)
def test_json(case: str, bare: Exporting) -> None:
    bare.read(JSON[case], "t.json").check()


@pytest.mark.parametrize(
    "name", sorted(path.name for path in DATA.iterdir() if path.suffix in (".csv", ".tsv", ".json"))
)
def test_real_files(name: str, bare: Exporting) -> None:
    bare.read((DATA / name).read_bytes(), name).check()


def test_archives(bare: Exporting) -> None:
    content = b"a,b\n1,x\n2,\n"
    bare.read(gzip.compress(content), "t.csv.gz").check()
    bare.read(bz2.compress(content), "t.csv.bz2").check()
    bare.read(lzma.compress(content), "t.csv.xz").check()
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("__MACOSX/._t.csv", b"junk")
        archive.writestr("folder/t.csv", content)
    bare.read(packed.getvalue(), "t.zip").check()
    bare.read(gzip.compress(packed.getvalue()), "t.zip.gz").check()
    frame = io.BytesIO()
    pl.DataFrame({"a": [1.5, None]}).write_parquet(frame)
    bare.read(gzip.compress(frame.getvalue()), "t.parquet.gz").check()


def test_what_polars_cannot_read_is_given_as_an_export(bare: Exporting) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("1.csv", b"a,b\n1,2001-02-03\n")
        archive.writestr("2.csv", b"a,b\n2,\n")
    started = bare.read(packed.getvalue(), "t.zip")
    export = io.BytesIO()
    started.result.table.scan().collect().write_parquet(export)
    started.source.write_bytes(export.getvalue())
    script = started.check()
    assert "exported as Parquet or CSV, in its place" in script


def test_avro(bare: Exporting) -> None:
    buffer = io.BytesIO()
    pl.DataFrame({" a ": [1.5, None], "list": [[1], None], "t": ["x", None]}).write_avro(buffer)
    bare.read(buffer.getvalue(), "t.avro").check()
    bare.read(gzip.compress(buffer.getvalue()), "t.avro.gz").check()


NESTED = pl.DataFrame(
    {
        " a ": pl.Series([1.5, float("nan"), None]),
        "a": [1, 2, 3],
        "list": [[1, 2], None, []],
        "struct": [{"x": 1, "y": "é"}, {"x": None, "y": '"'}, None],
        "array": pl.Series([[1, 2], None, [3, 4]], dtype=pl.Array(pl.Int64, 2)),
        "null": [None, None, None],
        "enum": pl.Series(["a", None, "b"], dtype=pl.Enum(["b", "a"])),
        "category": pl.Series(["a", None, "b"], dtype=pl.Categorical),
        "when": pl.Series([dt.datetime(2001, 1, 1), None, None]),  # noqa: DTZ001
    }
)


def test_parquet_and_arrow_with_types_that_become_text(bare: Exporting) -> None:
    for write in ("write_parquet", "write_ipc", "write_ipc_stream"):
        buffer = io.BytesIO()
        getattr(NESTED, write)(buffer)
        bare.read(buffer.getvalue(), "t").check()


CELLS = {
    "i": [1, 2, None],
    "f": [1.5, 2.0, 3.25],
    "s": ["007", None, "x"],
    "d": [dt.date(2001, 1, 1), None, dt.date(2001, 1, 2)],
    "dt": [dt.datetime(2001, 1, 1, 10, 30), dt.datetime(2001, 1, 2), None],  # noqa: DTZ001
    "b": [True, False, None],
    "mixed": [1, "two", "N/A"],
    "na": [1, "N/A", 3],
    "texts": ["2001-01-01", "2002-02-02", None],
    "third": [1 / 3, 3.2e-11, 1e300],
    "long": [dt.timedelta(hours=30), None, dt.timedelta(minutes=90)],
    "err": ["#N/A", 0.5, "#DIV/0!"],
    "unsaved": ["=1+1", 1, "=SUM(A1:A2)"],
    "clock": [0.25, 1.25, -0.25],
}


@pytest.mark.parametrize("options", [{}, {"headerIncluded": False}, {"initialSkip": 2}, {"sheet": "Two"}], ids=str)
def test_workbooks_need_their_parser_and_say_so(options: dict[str, Any], full: Exporting) -> None:
    import openpyxl

    book = openpyxl.Workbook()
    book.active.title = "One"
    for sheet in (book.active, book.create_sheet("Two")):
        sheet.append([])
        sheet.append(list(CELLS))
        for row in zip(*CELLS.values(), strict=True):
            sheet.append(row)
            sheet.cell(sheet.max_row, len(row)).number_format = "h:mm:ss"
            sheet.append([])
    buffer = io.BytesIO()
    book.save(buffer)
    script = full.read(buffer.getvalue(), "t.xlsx", **options).check()
    assert "# Reading needs olefile and python_calamine" in script


def test_a_file_in_many_blocks(bare: Exporting, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(context, "BLOCK_BYTES", 200)
    rows = "".join(f'{i},"x\n{i}",{i}" pipe\n\n' for i in range(100))
    bare.read(f"a,b,c\n{rows}".encode(), "t.csv").check()
    bare.read(json.dumps([{"a": i, "b": "x" * i} for i in range(100)]).encode(), "t.json").check()
    lines = (json.dumps({"a": i, f"k{i % 7}": "x" * i}) + "\n" + "{" * (i % 9 == 4) + "\n" for i in range(100))
    bare.read("".join(lines).encode(), "t.ndjson").check()


PIECES = st.sampled_from(
    ["a", "1", "2.5", "x y", '"', '""', '"q"', ",", ";", "\n", "\r\n", "\r", "\t", "é", " ", "NA", "2001-01-01"]
)


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
)
@given(pieces=st.lists(PIECES, max_size=40), encoding=st.sampled_from(["utf-8", "utf-8-sig", "latin-1"]))
def test_any_text_at_all(pieces: list[str], encoding: str, bare: Exporting) -> None:
    try:
        started = bare.read("".join(["h,k\n", *pieces]).encode(encoding), "t.csv")
    except LongshoreError:
        return
    started.check()
