"""Names that are one short or long, names of rows, titles above the names."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from longshore.tables.reading import ReadOptions, ReadResult
from longshore.tables.reading.structure import find_structure
from tables.reading.conftest import cells, codes

Read = Callable[..., ReadResult]


@pytest.mark.parametrize("count", [2, 9, 10, 400])
@pytest.mark.parametrize("delimiter", [",", "\t", " "])
@pytest.mark.parametrize("quote", ['"', ""])
def test_names_of_rows_have_no_name(read_bytes: Read, count: int, delimiter: str, quote: str) -> None:
    header = delimiter.join(f"{quote}{name}{quote}" for name in ("mpg", "cyl"))
    rows = "".join(f"{quote}car{i}{quote}{delimiter}{20 + i}.5{delimiter}{i}\n" for i in range(count))
    result = read_bytes(f"{header}\n{rows}", name="t.txt")
    assert cells(result) == {
        "column_0": [f"car{i}" for i in range(count)],
        "mpg": [20.5 + i for i in range(count)],
        "cyl": list(range(count)),
    }
    assert codes(result) == ["ShortHeader"]


def test_numbered_rows_have_no_name_either(read_bytes: Read) -> None:
    result = read_bytes("a,b\n1,x,2.5\n2,y,3.5\n3,x,4.5\n")
    assert cells(result) == {"column_0": [1, 2, 3], "a": ["x", "y", "x"], "b": [2.5, 3.5, 4.5]}


def test_quoted_numbers_beside_plain_ones_are_names_of_rows(read_bytes: Read) -> None:
    result = read_bytes('"mpg","cyl"\n"3",21,6\n"7",22,4\n"12",25,4\n')
    assert cells(result) == {"column_0": [3, 7, 12], "mpg": [21, 22, 25], "cyl": [6, 4, 4]}
    assert "the first column was taken for the names of rows" in result.warnings[0].message


def test_different_integers_below_quoted_names_are_names_of_rows(read_bytes: Read) -> None:
    result = read_bytes('"mpg","cyl"\n3,21,6\n7,22,4\n12,25,4\n')
    assert cells(result) == {"column_0": [3, 7, 12], "mpg": [21, 22, 25], "cyl": [6, 4, 4]}


def test_rows_counted_from_0_have_no_name(read_bytes: Read) -> None:
    result = read_bytes("a,b\n" + "".join(f"{i},{i * 2},{i % 3}\n" for i in range(40)))
    assert result.table.names == ["column_0", "a", "b"]
    assert cells(result)["b"] == [i % 3 for i in range(40)]


@pytest.mark.parametrize("ragged", ["car7,27.5\n", "car7,27.5,7,x\n"])
def test_one_ragged_line_does_not_shift_the_names(read_bytes: Read, ragged: str) -> None:
    lines = [f"car{i},{20 + i}.5,{i}\n" for i in range(30)]
    lines[7] = ragged
    result = read_bytes("mpg,cyl\n" + "".join(lines))
    assert result.table.names == ["column_0", "mpg", "cyl"]
    assert cells(result)["mpg"] == [20.5 + i for i in range(30)]
    assert "most lines 3 fields" in result.warnings[0].message


def test_surplus_delimiters_add_no_column_for_one_ragged_line(read_bytes: Read) -> None:
    lines = [f"person{i},{i},\n" for i in range(30)]
    lines[7] = "person7,7\n"
    result = read_bytes("name,age\n" + "".join(lines))
    assert cells(result) == {"name": [f"person{i}" for i in range(30)], "age": list(range(30))}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("mpg,cyl\nMazda,21,6\n", {"column_0": ["Mazda"], "mpg": [21], "cyl": [6]}),
        ("a,b\n7,8,9\n", {"a": [7], "b": [8], "column_2": [9]}),
    ],
)
def test_nothing_of_a_single_row_is_cut(read_bytes: Read, text: str, expected: object) -> None:
    result = read_bytes(text)
    assert (cells(result), codes(result)) == (expected, ["ShortHeader"])


@pytest.mark.parametrize("delimiter", [",", ";", "\t", " "])
def test_one_column_with_names_of_rows(read_bytes: Read, delimiter: str) -> None:
    result = read_bytes(f'"x"\n"1"{delimiter}3\n"2"{delimiter}6\n')
    assert cells(result) == {"column_0": [1, 2], "x": [3, 6]}


def test_one_column_of_text_with_commas_stays_one(read_bytes: Read) -> None:
    result = read_bytes('"full name"\n"Lee, Ann"\n"Ray, Bob"\n')
    assert cells(result) == {"full name": ["Lee, Ann", "Ray, Bob"]}


@pytest.mark.parametrize("rows", [2, 9, 10, 40])
def test_columns_without_names_are_kept_and_told(read_bytes: Read, rows: int) -> None:
    result = read_bytes("a,b\n" + "5,6,7,8\n" * rows)
    assert cells(result) == {"a": [5] * rows, "b": [6] * rows, "column_2": [7] * rows, "column_3": [8] * rows}
    assert codes(result) == ["ShortHeader"]
    assert result.warnings[0].message == (
        "the header has 2 names and every line 4 fields: the last 2 columns were taken for unnamed ones and are called"
        " column_2, column_3"
    )


def test_a_column_without_a_name_comes_last_where_no_rows_have_names(read_bytes: Read) -> None:
    result = read_bytes("a,b\n1,2,3\n4,5,6\n")
    assert cells(result) == {"a": [1, 4], "b": [2, 5], "column_2": [3, 6]}
    assert codes(result) == ["ShortHeader"]


def test_one_long_line_is_cut(read_bytes: Read) -> None:
    result = read_bytes("a,b\nx,1\ny,2,3\n")
    assert (cells(result), codes(result)) == ({"a": ["x", "y"], "b": [1, 2]}, ["LongLines"])


@pytest.mark.parametrize("has_names", [True, False])
def test_a_first_line_longer_than_what_is_looked_at_is_read_whole(read_bytes: Read, has_names: bool) -> None:
    first = [f"name{number:045}" for number in range(25_000)]
    text = ",".join(first) + "\n" + ",".join("2" for _ in first) + "\n"
    result = read_bytes(text, types="text", header_included=has_names)
    assert (result.table.width, result.table.rows, codes(result)) == (len(first), 2 - has_names, [])
    assert not has_names or result.table.names == first


def test_a_name_too_many_is_a_column_without_values(read_bytes: Read) -> None:
    assert cells(read_bytes("a,b,c\n1,2\n4,5\n")) == {"a": [1, 4], "b": [2, 5], "c": [None, None]}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a,b\n1,2,3\n4,5,6\n7,8,9\n", 0),
        ("a,b,c\n1,2\n4,5\n7,8\n", 0),
        ("mpg,cyl\ncar0,20,4\ncar1,21,5\ncar2,22,6\n", 0),
        ("mpg\tcyl\ncar0\t20\t4\ncar1\t21\t5\n", 0),
        ("a,b\n" + "1,2,3,4\n" * 40, 0),
        ("a,b\n" + "x,y,z,w\n" * 40, 0),
        ("a,b,c\n" + "1,2,3,4,5\n" * 5, 0),
        ("a,b,c,d,e\n" + "1,2,3\n" * 5, 0),
        ("a\n" + "1,2,3\n" * 9, 0),
        ("a,b\n1,2,3,4\nx,y,z,w\n" + "5,6,7,8\n" * 9, 0),
        ("Report\na,b\n1,2,3\n4,5,6\n", 1),
        ("Exported 2024, by finance\na,b,c\n1,2,3\n4,5,6\n", 1),
        ("My cities\ncity,country\nParis,France\nRome,Italy\n", 1),
        ("Report 2020,,\n,,\nname,x,y\nann,1,2\nbob,3,4\n", 2),
        ("Report;\n\nname;x\nann;1\nbob;3\n", 2),
        ("total,,\n1,2,3\n4,5,6\n", 0),
    ],
)
def test_lines_that_seem_to_stand_above_a_table(text: str, expected: int) -> None:
    found = find_structure(text.encode(), True, ReadOptions(), None)
    assert text[: found.header.start].count("\n") == expected


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_titles_filled_up_with_delimiters_are_no_names(read_bytes: Read, newline: str) -> None:
    lines = ["Report 2020,,", '"by ""finance"", March",,', "", ",,", "name,x,y", "ann,1,2", "bob,3,4", ""]
    result = read_bytes(newline.join(lines))
    assert cells(result) == {"name": ["ann", "bob"], "x": [1, 3], "y": [2, 4]}
    assert codes(result) == ["TitleLines"]
    assert (result.warnings[0].count, result.ledger.skipped) == (4, 4)
    assert [each["content"] for each in result.warnings[0].examples] == lines[:2]


def test_rows_below_titles_know_their_lines(read_bytes: Read) -> None:
    result = read_bytes("Report,,\n,,\nname,x,y\nann,1,2\nbob,3\n")
    assert result.table.origin is not None
    assert result.table.origin.first_line == 4
    assert [each["line"] for each in result.warnings[1].examples] == [5]


@pytest.mark.parametrize(
    "text",
    ["total,,\n1,2,3\n4,5,6\n", "a,\nb,c\nd,e\n", ",a\n1,2\n", "a,,\n", "a,,\nb,,\nc,,\n", "x,,\ny,z,\nu,v,w\n"],
)
def test_a_header_with_empty_names_is_a_header(read_bytes: Read, text: str) -> None:
    first = text.split("\n", 1)[0].split(",")
    assert read_bytes(text).table.names == [name or f"column_{index}" for index, name in enumerate(first)]


def test_titles_stay_where_the_first_line_is_data(read_bytes: Read) -> None:
    result = read_bytes("Report,,\nname,x,y\nann,1,2\n", header_included=False)
    assert result.table.rows == 3


@pytest.mark.parametrize(
    ("text", "width"),
    [
        ("a b c\n1 2 3\n4 5 6\n7 8 9\n", 3),
        ("full name\nAnn Lee\nBob Ray\nCid Fox\n", 1),
        ("street address\nMain 5\nOak 7\nElm 9\n", 1),
        ("some words here\nand three more\nand three again\n", 1),
        ("a sentence of 5\nanother of 5 words here\nand one\n", 1),
    ],
)
def test_blanks_between_numbers_are_delimiters(read_bytes: Read, text: str, width: int) -> None:
    assert read_bytes(text, name="t.txt").table.width == width
