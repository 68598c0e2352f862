"""Files of any format below each other: types that agree, and values that stay what they are."""

# ruff: noqa: DTZ001 - naive moments are what files hold
from __future__ import annotations

import datetime as dt
import gzip
import io
from collections.abc import Callable
from typing import Any

import polars as pl
import pytest

from longshore.errors import TooLarge, UnreadableFile
from longshore.tables.reading import ReadResult, gathering, limits
from tables.reading.conftest import cells, codes, kinds
from tables.reading.test_archives import tarred
from tables.reading.test_formats import zipped

Read = Callable[..., ReadResult]


def parquet(**columns: Any) -> bytes:
    buffer = io.BytesIO()
    pl.DataFrame(columns).write_parquet(buffer)
    return buffer.getvalue()


def workbook(**columns: Any) -> bytes:
    buffer = io.BytesIO()
    pl.DataFrame(columns).write_excel(buffer)
    return buffer.getvalue()


def test_workbooks_of_some_months(read_bytes: Read) -> None:
    january = workbook(when=[dt.date(2024, 1, 5), dt.date(2024, 1, 9)], n=[1, 2])
    february = workbook(n=[2.5], when=[dt.date(2024, 2, 1)])
    result = read_bytes(tarred(("jan.xlsx", january), ("feb.xlsx", february)), name="t", append="same")
    assert cells(result) == {
        "file": ["jan.xlsx", "jan.xlsx", "feb.xlsx"],
        "when": [dt.date(2024, 1, 5), dt.date(2024, 1, 9), dt.date(2024, 2, 1)],
        "n": [1.0, 2.0, 2.5],
    }
    assert codes(result) == ["AppendedFiles"]
    assert (result.settings["format"], result.settings["files"]) == ("xlsx", ["jan.xlsx", "feb.xlsx"])
    told = result.settings["ledger"]
    assert (told["unit"], told["lines"], told["header"], told["rows"]) == ("row", 5, 2, 3)
    origin = result.table.origin
    assert origin is not None
    assert [origin.line_of(result.table.folder, row) for row in range(3)] == [2, 3, 2]


def test_an_archive_of_one_format_and_the_same_columns(read_bytes: Read) -> None:
    parts = [(f"part-{number}.parquet", parquet(n=[number, number * 10])) for number in range(3)]
    result = read_bytes(zipped(*parts), name="t.zip")
    assert cells(result)["n"] == [0, 0, 1, 10, 2, 20]
    assert result.top is not None
    assert result.top.sheets == [name for name, _ in parts]
    assert cells(read_bytes(zipped(*parts), name="t.zip", sheet="part-2.parquet")) == {"n": [2, 20]}


def test_files_of_several_formats(read_bytes: Read) -> None:
    files = [("a.json", b'[{"n": 1}]'), ("b.csv", b"n\n2\n"), ("c.csv.gz", gzip.compress(b"n\n3\n"))]
    result = read_bytes(tarred(*files), name="t", append="same")
    assert cells(result) == {"file": ["a.json", "b.csv", "c.csv.gz"], "n": [1, 2, 3]}
    assert result.settings["format"] == "several"
    # Of an archive nobody said that they belong together.
    assert codes(read_bytes(tarred(*files), name="t.tar")) == ["OtherTables"]


@pytest.mark.parametrize(
    ("first", "second", "kind", "together"),
    [
        ([None], [3], "int", [None, 3]),
        ([1], [2**60], "int", [1, 2**60]),
        ([2**53], [0.5], "float", [2.0**53, 0.5]),
        ([2**53 + 1], [0.5], "string", ["9007199254740993", "0.5"]),
        ([True], [1], "string", ["true", "1"]),
        ([dt.date(2024, 5, 1)], ["soon"], "string", ["2024-05-01", "soon"]),
        (
            [dt.date(2024, 5, 1)],
            [dt.datetime(2024, 5, 2, 8)],
            "datetime",
            [dt.datetime(2024, 5, 1), dt.datetime(2024, 5, 2, 8)],
        ),
        ([dt.datetime(2024, 5, 1)], [7], "string", ["2024-05-01T00:00:00", "7"]),
    ],
)
def test_types_that_agree_and_such_that_do_not(
    read_bytes: Read, first: list[Any], second: list[Any], kind: str, together: list[Any]
) -> None:
    content = tarred(("1.parquet", parquet(v=first)), ("2.parquet", parquet(v=second)))
    result = read_bytes(content, name="t", append="same")
    assert cells(result)["v"] == together
    assert kinds(result)["v"] == kind
    is_mixed = kind == "string"
    assert codes(result) == ["AppendedFiles", "DifferentTypes"][: 1 + is_mixed]


def test_whole_numbers_that_no_64_bits_hold_together(read_bytes: Read) -> None:
    large = pl.Series([2**64 - 1], dtype=pl.UInt64)
    content = tarred(("1.parquet", parquet(v=large)), ("2.parquet", parquet(v=[-1])))
    assert cells(read_bytes(content, name="t", append="same"))["v"] == [2**64 - 1, -1]


def test_columns_that_differ_and_one_that_is_called_file(read_bytes: Read) -> None:
    content = tarred(("1.parquet", parquet(file=["x"])), ("2.parquet", parquet(a=[1])))
    result = read_bytes(content, name="t", append="all")
    assert cells(result) == {"file": ["1.parquet", "2.parquet"], "file.1": ["x", None], "a": [None, 1]}
    with pytest.raises(UnreadableFile, match=r"'2\.parquet' has no 'file', and 'a' besides"):
        read_bytes(content, name="t", append="same")


def test_what_is_packed_within_what_is_packed(read_bytes: Read) -> None:
    inner = gzip.compress(tarred(("t.json", b'[{"n": 1}]')))
    content = tarred(("1.tgz", inner), ("2.tgz", inner))
    with pytest.raises(UnreadableFile, match="packed within what is packed"):
        read_bytes(content, name="t", append="same")


def test_more_files_than_can_be_open(read_bytes: Read, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gathering, "MAX_GATHERED", 2)
    content = tarred(*((f"{n}.json", b'[{"n": 1}]') for n in range(3)))
    with pytest.raises(TooLarge, match="more than 2 files"):
        read_bytes(content, name="t", append="same")


def test_many_small_files_that_grow_together(read_bytes: Read, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "FREE_CELLS", 10)
    monkeypatch.setattr(limits, "CELLS_PER_BYTE", 0)
    content = tarred(*((f"{n}.parquet", parquet(v=[1, 2, 3])) for n in range(4)))
    with pytest.raises(TooLarge, match="more than 10 cells"):
        read_bytes(content, name="t", append="same")
