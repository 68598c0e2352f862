"""Several files as one table: those of an archive, of whatever format."""

from __future__ import annotations

import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from longshore.errors import TooLarge, UnreadableFile
from longshore.tables.reading import ReadResult
from longshore.tables.reading.archives import keep_together
from support.growing import zipped
from tables.reading.conftest import cells, codes, kinds
from tables.reading.test_sheets import sheets

Read = Callable[..., ReadResult]


def book(*rows: list[Any]) -> bytes:
    return sheets(One=list(rows))


def packed(**files: bytes) -> bytes:
    return zipped({name.replace("_", "."): content for name, content in files.items()})


def test_workbooks_of_the_same_columns_are_one_table(read_bytes: Read) -> None:
    content = packed(jan_xlsx=book(["day", "n"], ["a", 1]), feb_xlsx=book(["n", "day"], [2.5, "b"], [3, "c"]))
    result = read_bytes(content, name="year.zip")
    assert cells(result) == {
        "file": ["jan.xlsx", "feb.xlsx", "feb.xlsx"],
        "day": ["a", "b", "c"],
        "n": [1.0, 2.5, 3.0],
    }
    assert codes(result) == ["AppendedFiles"]
    assert (result.ledger.lines, result.ledger.rows, result.ledger.header) == (5, 3, 2)


def test_columns_that_differ_are_told_before_anything_is_put_together(read_bytes: Read) -> None:
    content = packed(a_csv=b"x,y\n1,2\n", b_csv=b"x,z\n3,4\n5,6\n")
    free = read_bytes(content, name="t.zip")
    assert (codes(free), free.settings["member"]) == (["OtherTables"], "b.csv")
    with pytest.raises(UnreadableFile, match=r"'b\.csv' has no 'y', and 'z' besides\. Send each by itself"):
        read_bytes(content, name="t.zip", append="same")
    every = read_bytes(content, name="t.zip", append="all")
    assert cells(every) == {
        "file": ["a.csv", "b.csv", "b.csv"],
        "x": [1, 3, 5],
        "y": [2, None, None],
        "z": [None, 4, 6],
    }
    assert codes(every) == ["AppendedFiles", "DifferentColumns"]
    assert cells(read_bytes(content, name="t.zip", append="none")) == {"x": [3, 5], "z": [4, 6]}
    assert cells(read_bytes(content, name="t.zip", sheet="a.csv")) == {"x": [1], "y": [2]}


def test_files_of_several_formats_are_put_together_where_that_is_asked_for(read_bytes: Read) -> None:
    content = packed(a_csv=b"x,d\n1,2024-01-01\n", b_xlsx=book(["x", "d"], [2, "2024-01-02"]), c_json=b'[{"x": 2.5}]')
    assert "OtherTables" in codes(read_bytes(content, name="t.zip"))
    every = read_bytes(content, name="t.zip", append="all")
    assert cells(every)["x"] == [1.0, 2.0, 2.5]
    assert kinds(every)["d"] == "date"


def test_types_that_do_not_agree_become_text(read_bytes: Read) -> None:
    content = packed(a_xlsx=book(["x"], [1]), b_xlsx=book(["x"], ["word"]), c_xlsx=book(["x"], [2.5]))
    result = read_bytes(content, name="t.zip")
    assert cells(result)["x"] == ["1", "word", "2.5"]
    assert codes(result) == ["AppendedFiles", "DifferentTypes"]


def test_a_file_that_cannot_be_read_spoils_only_what_was_asked_for(read_bytes: Read) -> None:
    content = packed(a_xlsx=book(["x"], [1], [2]), b_xlsx=book(["x"], [1])[:-40])
    with pytest.raises(UnreadableFile):
        read_bytes(content, name="t.zip", append="same")


def test_a_difference_far_below_the_beginning_of_a_file(read_bytes: Read) -> None:
    # Beyond what is peeked at, so that it shows only while it is read.
    content = packed(a_csv=b"n,place\n1,Bonn\n", b_csv=b'n,"' + b"x" * 300_000 + b'"\n1,2\n')
    with pytest.raises(UnreadableFile, match=r"'b\.csv' has no 'place'"):
        read_bytes(content, name="t.zip", append="same")


def test_limits_hold_for_all_files_together(read_bytes: Read) -> None:
    files = {f"n{number}_json": b'[{"n": "' + b"x" * 400_000 + b'"}]' for number in range(4)}
    with pytest.raises(TooLarge, match="unpacks to more than 1,000,000 bytes"):
        read_bytes(packed(**files), name="t.zip", append="same", limit=1_000_000)


def test_files_are_kept_together_under_names_of_their_own(tmp_path: Path) -> None:
    for name, content in (("one", b"a\n1\n"), ("two", b"a\n2\n"), ("three", b"")):
        (tmp_path / name).write_bytes(content)
    target = tmp_path / "all"
    keep_together(
        [("t.csv", tmp_path / "one"), ("../../t.csv", tmp_path / "two"), ("", tmp_path / "three")],
        target,
    )
    with tarfile.open(target) as archive:
        assert archive.getnames() == ["t.csv", "t (2).csv", "file"]
    assert [path.name for path in tmp_path.iterdir()] == ["all"]


def test_what_is_left_out_of_several_texts_is_counted_as_of_one(read_bytes: Read) -> None:
    first = b"# made\na,b,c\n1,2,3\n# note\n4,5,6\nTotal,9,9\n"
    second = b"# made\na,b,c\n7,8,9\na,b,c\n1,1,1\nTotal,9,9\n"
    result = read_bytes(packed(a_csv=first, b_csv=second), name="t.zip", footer="leaveOut")
    alone = [read_bytes(content, footer="leaveOut").ledger for content in (first, second)]
    assert (result.ledger.skipped, result.ledger.blank) == (6, 0)
    assert result.ledger.skipped == sum(ledger.skipped for ledger in alone)
    assert result.ledger.lines == sum(ledger.lines for ledger in alone)
    assert {"Comments", "FooterLines", "RepeatedNames"} <= set(codes(result))
    long = b"a||b\n" + b"1||2\n" * 30 + b"3||\n4||5||6\n"
    bars = read_bytes(packed(a_csv=long, b_csv=b"a||b\n6||7\n8||9\n"), name="t.zip")
    assert bars.set_aside is not None
    assert bars.set_aside.scan().collect()["raw"].to_list() == ["4||5||6"]
    assert bars.ledger.lines == 36
