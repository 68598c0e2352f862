"""What a file may grow to; and that reading in pieces, which keeps to that, makes no difference."""

from __future__ import annotations

import gzip
import io
import zipfile
from collections.abc import Callable
from typing import Any

import openpyxl
import polars as pl
import pytest

from longshore.errors import TooLarge
from longshore.tables.reading import ReadResult, delimited, documents, limits, ndjson_validation, packing, typed

Read = Callable[..., ReadResult]


def told(result: ReadResult) -> dict[str, Any]:
    """All that a reading says, but for the names of files."""
    aside, origin = result.set_aside, result.table.origin
    assert origin is not None
    return {
        "columns": [(column.name, column.dtype, column.missing) for column in result.table.columns],
        "rows": result.table.scan().collect().rows(),
        # What a column of text might be goes by the values that were looked at, which are more or fewer.
        "settings": {name: value for name, value in result.settings.items() if name != "candidates"},
        "warnings": [warning.to_wire() for warning in result.warnings],
        "aside": None if aside is None else aside.scan().collect().rows(),
        "origin": {name: value for name, value in origin.to_record().items() if not name.endswith("_file")},
    }


@pytest.fixture
def small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    """Everything is read a few cells at a time."""
    monkeypatch.setattr(ndjson_validation, "FIRST_LINES", 2)
    monkeypatch.setattr(ndjson_validation, "MAX_LINES", 3)
    for module in (delimited, documents, typed):
        monkeypatch.setattr(module, "CELLS_AT_A_TIME", 6)
    monkeypatch.setattr(delimited, "_CELLS_OF_BLOCK", 12)


MIXED = [
    '{"n":1,"t":5,"b":true,"x":[1]}',
    '{"n":2,"t":6,"b":false}',
    "",
    '{"n":2.5,"t":"2020-01-02","b":true,"new":1}',
    '{"n":4,"t":"2020-01-03","b":1,"x":"one"}',
    "no JSON",
    '{"t":"2020-01-04","other":null}',
    '{"n":7,"other":"z"}',
]
TEXTS = {
    "mixed.ndjson": "\n".join(MIXED) + "\n",
    "texts.ndjson": "".join(f'{{"a":{n}}}\n' for n in (1, 2, 3, '"2020-01-02"', '"2020-01-03"', '"2020-01-04"')),
    "nested.ndjson": "".join(f'{{"a":{each}}}\n' for each in (1, 2, "[3]", '{"b":4}', 5, '"x"')),
    "keys.ndjson": "".join(f'{{"k{n}":{n},"all":"v{n}"}}\n' for n in range(20)),
    "records.json": "[" + ",".join(f'{{"k{n % 7}":{n},"all":{n}.5}}' for n in range(20)) + "]",
    "ragged.csv": "a,b,c,d\n" + "1\n" * 5 + "\n" * 4 + "2,3,4,5\n" * 3 + "x,y,z,2020-01-01,surplus\n" + "1,2\n" * 9,
    "one-column.csv": "a\n" + "1\n\n" * 12,
    "later-text.csv": "a,b,c,d\n" + "1,2,3,4\n" * 9 + "x,y,z,w\n",
}


@pytest.mark.parametrize("name", TEXTS)
def test_reading_in_small_pieces_makes_no_difference(
    read_bytes: Read, name: str, request: pytest.FixtureRequest
) -> None:
    whole = told(read_bytes(TEXTS[name], name))
    request.getfixturevalue("small_pieces")
    assert told(read_bytes(TEXTS[name], name)) == whole


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("t.csv", "a,b,c,d\n1,2,3,4\n"),
        ("t.ndjson", '{"a":1,"b":2}\n{"c":1,"d":2}\n'),
        ("slow.ndjson", '{"a":NaN,"b":2}\n{"c":1,"d":2}\n'),
        ("t.json", '[{"a":1,"b":2},{"c":1,"d":2}]'),
        ("rows.json", '[["a","b","c","d"],[1,2,3,4]]'),
        ("columns.json", '{"a":[1],"b":[2],"c":[3],"d":[4]}'),
        ("indexed.json", '{"a":{"0":1},"b":{"0":1},"c":{"0":1},"d":{"0":1}}'),
    ],
)
def test_more_columns_than_a_table_may_have_are_refused(
    read_bytes: Read, monkeypatch: pytest.MonkeyPatch, name: str, content: str
) -> None:
    monkeypatch.setattr(limits, "MAX_COLUMNS", 4)
    assert read_bytes(content, name).table.width == 4
    monkeypatch.setattr(limits, "MAX_COLUMNS", 3)
    with pytest.raises(TooLarge, match="more than 3 columns"):
        read_bytes(content, name)


def test_a_parquet_file_of_more_columns_is_refused(read_bytes: Read, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MAX_COLUMNS", 1)
    with pytest.raises(TooLarge, match="more than 1 columns"):
        read_bytes(parquet({"a": [1], "b": [2]}), "t.parquet")


def test_a_line_of_nothing_but_delimiters_ends_where_it_has_too_many(
    read_bytes: Read, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "MAX_COLUMNS", 1500)
    seen: list[int] = []
    require = limits.require_columns

    def note(count: int) -> None:
        seen.append(count)
        require(count)

    monkeypatch.setattr(delimited, "require_columns", note)
    with pytest.raises(TooLarge, match="more than 1,500 columns"):
        read_bytes(b"," * 1_000_000, "t.csv")
    assert max(seen) == 2000, "the rest of the line is not looked at"


def parquet(columns: dict[str, Any]) -> bytes:
    out = io.BytesIO()
    pl.DataFrame(columns).write_parquet(out)
    return out.getvalue()


def test_cells_out_of_proportion_to_the_file_are_refused(read_bytes: Read, monkeypatch: pytest.MonkeyPatch) -> None:
    content = gzip.compress(b"a,b\n" + b"1,2\n" * 50_000)
    monkeypatch.setattr(limits, "FREE_CELLS", 100_000)
    assert read_bytes(content, "t.csv.gz").table.rows == 50_000
    monkeypatch.setattr(limits, "FREE_CELLS", 99_999)
    monkeypatch.setattr(limits, "CELLS_PER_BYTE", 1)
    with pytest.raises(TooLarge, match=r"of [\d,]+ bytes holds more than 99,999 cells"):
        read_bytes(content, "t.csv.gz")


def test_what_has_a_byte_for_each_cell_is_never_out_of_proportion(
    read_bytes: Read, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "FREE_CELLS", 0)
    monkeypatch.setattr(limits, "FREE_UNPACKED_BYTES", 0)
    monkeypatch.setattr(limits, "FREE_DENSE_CELLS", 0)
    assert read_bytes(b"," * 99 + b"\n" + (b"," * 99 + b"\n") * 50).table.width == 100
    assert read_bytes('{"a":[1,2],"b":[3,4]}', "t.json").table.rows == 2
    assert read_bytes(parquet({"a": range(1000)}), "t.parquet").table.rows == 1000
    assert read_bytes(gzip.compress(b"a,b\n1,2\n"), "t.csv.gz").table.rows == 1


def test_bytes_out_of_proportion_to_the_packed_file_are_refused(
    read_bytes: Read, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = gzip.compress(b"a,b\n" + b"1,2\n" * 300_000)
    assert read_bytes(content, "t.csv.gz").table.rows == 300_000
    monkeypatch.setattr(limits, "FREE_UNPACKED_BYTES", 1_000_000)
    monkeypatch.setattr(limits, "UNPACKED_PER_BYTE", 10)
    with pytest.raises(TooLarge, match="unpacks to more than 1,000,000, nearly all of it repeated"):
        read_bytes(content, "t.csv.gz")


def test_a_filled_up_document_is_refused(read_bytes: Read, monkeypatch: pytest.MonkeyPatch) -> None:
    content = "{" + ",".join(f'"c{n}":{{"r{n}":1}}' for n in range(40)) + "}"
    assert read_bytes(content, "t.json").table.rows == 40
    monkeypatch.setattr(limits, "FREE_DENSE_CELLS", 100)
    monkeypatch.setattr(limits, "DENSE_CELLS_PER_BYTE", 1)
    with pytest.raises(TooLarge, match="of which hardly any is filled"):
        read_bytes(content, "t.json")


def workbook(cells: dict[str, Any]) -> bytes:
    book = openpyxl.Workbook()
    for place, value in cells.items():
        book.active[place] = value
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def test_cells_far_apart_are_refused_and_a_filled_sheet_is_not(
    read_bytes: Read, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(packing, "FREE_SPAN_CELLS", 99)
    filled = {f"{column}{row}": 1 for column in "ABCDEFGHIJ" for row in range(1, 31)}
    assert read_bytes(workbook(filled), "t.xlsx").table.rows == 30
    far = workbook({"A1": "a", "A2": 1, "Z9000": 2})
    with pytest.raises(TooLarge, match=r"spans 234,000 cells .*hardly any is filled"):
        read_bytes(far, "t.xlsx")
    monkeypatch.setattr(packing, "FREE_SPAN_CELLS", 234_000)
    assert read_bytes(far, "t.xlsx").table.rows == 2


def test_a_long_cell_of_a_workbook_is_refused_wherever_its_pieces_end(
    read_bytes: Read, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(packing, "CHUNK_BYTES", 64)
    content = workbook({"A1": "a", "A2": "x" * 30_000})
    assert read_bytes(content, "t.xlsx").table.rows == 1
    monkeypatch.setattr(packing, "MAX_CELL_BYTES", 29_000)
    with pytest.raises(TooLarge, match="more than 29,000 characters"):
        read_bytes(content, "t.xlsx")


def test_texts_of_a_small_parquet_file_count_as_often_as_they_stand(read_bytes: Read) -> None:
    content = parquet({"a": pl.Series(["x" * 1000] * 20_000, dtype=pl.Categorical)})
    assert len(content) < 10_000
    assert read_bytes(content, "t.parquet", limit=20_000_000).table.rows == 20_000
    with pytest.raises(TooLarge, match="texts have more than 19,999,999 bytes"):
        read_bytes(content, "t.parquet", limit=19_999_999)


def test_a_packed_part_that_is_no_sheet_counts_as_well(read_bytes: Read, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packing, "CHUNK_BYTES", 64)
    monkeypatch.setattr(packing, "MAX_CELL_BYTES", 29_000)
    out = io.BytesIO(workbook({"A1": "a", "A2": 1}))
    with zipfile.ZipFile(out, "a") as archive:
        archive.writestr("xl/extra.xml", "<a>" + "y" * 30_000 + "</a>")
    with pytest.raises(TooLarge, match="characters"):
        read_bytes(out.getvalue(), "t.xlsx")
