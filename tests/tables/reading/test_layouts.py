"""Texts that no single character delimits."""

import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from longshore.tables.reading import ReadOptions, layouts
from longshore.tables.reading.results import ReadResult
from tables.reading.conftest import cells, kinds

Read = Callable[..., ReadResult]


@pytest.mark.parametrize("delimiter", ["||", "::", ";;", "|~|", "~|~", "#|#"])
def test_several_characters(read_bytes: Read, delimiter: str) -> None:
    rows = [["a", "b", "c"], ["1", "x|y; z: w", "2"], ["3", "", "5"], ["", "u", "7"]]
    text = "\n".join(delimiter.join(row) for row in rows) + "\n"
    result = read_bytes(text)
    assert cells(result) == {"a": [1, 3, None], "b": ["x|y; z: w", None, "u"], "c": [2, 5, 7]}
    assert result.settings["delimiter"] == delimiter
    assert cells(read_bytes(text, delimiter=delimiter)) == cells(result)


def test_what_stands_within_quotes_stays(read_bytes: Read) -> None:
    result = read_bytes('a||b||c\n1||"x||y\nz||""w"""||2\n3||u||4\n5||v||6\n')
    assert cells(result) == {"a": [1, 3, 5], "b": ['x||y\nz||"w"', "u", "v"], "c": [2, 4, 6]}


def test_quotes_out_of_order(read_bytes: Read) -> None:
    result = read_bytes('a||b\n1||x\n2||5" pipe\n3||z\n')
    assert result.table.rows == 3
    assert result.settings["delimiter"] == "|"


def test_a_comma_and_a_blank(read_bytes: Read) -> None:
    assert cells(read_bytes("name, pop\nRome, 1,234\nBonn, 300\nOslo, 2,000,000\n")) == {
        "name": ["Rome", "Bonn", "Oslo"],
        "pop": [1234, 300, 2_000_000],
    }
    spaced = read_bytes("name, town\nAnn, Rome\nBob, Bonn\nCid,Oslo\n", types="text")
    assert cells(spaced) == {"name": ["Ann", "Bob", "Cid"], "town": [" Rome", " Bonn", "Oslo"]}


@pytest.mark.parametrize(
    "text",
    [
        "said\nHello, world\nGood morning\nWell, well, well\nYes\n",
        "a,b\nx, y\nz,w\nu, v\n",
        "what,n\nstd::vector,1\nstd::map,2\nstd::set,3\n",
        "a;b\n1;x, y\n2;z, w\n3;u, v\n",
        "name,b\nx; y,1\nz; w,2\nu; v,3\n",
        "one: two\nthree: four\nfive: six\n",
    ],
)
def test_several_characters_that_delimit_nothing(read_bytes: Read, text: str) -> None:
    assert len(read_bytes(text).settings["delimiter"] or "") < 2


FIXED = (
    "name      age  city\n--------- ---- --------\nAnn        31  Rome\nBob         7  New York\n"
    "Cid        12  Oslo\n\nDée             Bonn\n"
)


def test_fixed_widths(read_bytes: Read) -> None:
    result = read_bytes(FIXED)
    assert cells(result) == {
        "name": ["Ann", "Bob", "Cid", "Dée"],
        "age": [31, 7, 12, None],
        "city": ["Rome", "New York", "Oslo", "Bonn"],
    }
    assert (result.settings["fixed"], result.ledger.lines, result.ledger.blank) == ([10, 15], 7, 2)
    titled = read_bytes(f"Report of  2020\n\n{FIXED}")
    assert cells(titled) == cells(result)
    assert titled.settings["structure"]["above"]["content"] == ["Report of  2020"]
    latin = read_bytes(FIXED.encode("latin-1"))
    assert cells(latin) == cells(result)
    assert cells(read_bytes(("\ufeff" + FIXED).encode())) == cells(result)


def test_a_line_further_down_that_leaves_no_gap(read_bytes: Read) -> None:
    rows = "".join(f"{'abc':8}  {number:5}\n" for number in range(1000))
    assert kinds(read_bytes(f"{'name':8}  {'n':>5}\n{rows}")) == {"name": "string", "n": "int"}
    assert read_bytes(f"{'name':8}  {'n':>5}\n{rows}a very long name  5\n").table.width == 1


@pytest.mark.parametrize(
    "text",
    [
        "Dear all,\n\nthis is  a text that\nhas no   columns at\nall, but blanks  here\n",
        "a,b\n1 ,  2\n3 ,  4\n5 ,  6\n",
        "words\none  two\nthree  four\nfive  six\n",
        "n\n1\n2\n3\n",
    ],
)
def test_blanks_that_are_no_fixed_widths(read_bytes: Read, text: str) -> None:
    assert "fixed" not in read_bytes(text).settings


CELL = st.text("abcxyz0123456789é", max_size=6)


@given(st.lists(st.tuples(CELL, CELL, st.integers(0, 9999)), min_size=4, max_size=30))
def test_any_cells_in_fixed_widths_come_back(rows: list[tuple[str, str, int]]) -> None:
    records = [("first", "other", 1), *rows]
    lines = [f"{one:6}  {other:6}  {number:4}" for one, other, number in records]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "text"
        path.write_text("\n".join(lines) + "\n")
        layout = layouts.find_layout(path, ReadOptions(), path.read_bytes(), True)
        if not isinstance(layout, layouts.Fixed):
            return  # a column in which nothing stands, or a gap that is too narrow
        text = b"".join(layout.chunks(path, ReadOptions())).decode()
    found = [[cell for cell in line.split("\x1e") if cell] for line in text.split("\n")[:-1]]
    assert found == [[cell for cell in (one, other, str(number)) if cell] for one, other, number in records]


def test_a_text_with_the_very_character_is_left_alone(read_bytes: Read) -> None:
    result = read_bytes("a||b\n1||x\x1ey\n2||z\n3||w\n")
    assert result.settings["delimiter"] == "|"
    assert cells(result)["b"] == ["x\x1ey", "z", "w"]


def test_lines_that_are_told_of_stand_as_in_the_file(read_bytes: Read) -> None:
    result = read_bytes("a||b||c\n1||x||2\n3||y\n4||z||5\n6||u||7\n")
    (warning,) = result.warnings
    assert (warning.code, warning.examples[0]["content"]) == ("ShortLines", "3||y")
    kept = result.set_aside
    assert kept is not None
    assert kept.scan().collect()["raw"].to_list() == ["3||y"]


@pytest.mark.parametrize(
    "text",
    [
        "| name | n |\n|:-----|--:|\n| Ann \\| Bob | 5 |\n| \"Cid\" | 1200 |\n",
        "# Report\n\nSome words, and more.\n\n| name | n |\n| --- | --- |\n| Ann \\| Bob | 5 |\n| \"Cid\" | 1200 |\n",
        ' name        |   n   \n-------------+-------\n Ann \\| Bob  |     5 \n "Cid"       | 1200 \n(2 rows)\n\n',
        '+-------------+-------+\n| name        | n     |\n+-------------+-------+\n| Ann \\| Bob  |     5 |\n'
        '| "Cid"       | 1200 |\n+-------------+-------+\n2 rows in set (0.00 sec)\n',
    ],
)  # fmt: skip
def test_tables_drawn_with_bars(read_bytes: Read, text: str) -> None:
    result = read_bytes(text, name="t.md")
    assert cells(result) == {"name": ["Ann | Bob", '"Cid"'], "n": [5, 1200]}
    assert result.settings["drawn"] is True
    assert result.ledger.lines == len(text.splitlines())


@pytest.mark.parametrize("text", ["a|b\n-|-\n1|2\n3|4|5\n", "a|b\n1|2\n3|4\n", "a,b\n-,-\n1,2\n", "- x | y\n- z | w\n"])
def test_bars_that_draw_no_table(read_bytes: Read, text: str) -> None:
    assert "drawn" not in read_bytes(text).settings


def test_rows_of_dashes_are_rows(read_bytes: Read) -> None:
    drawn = read_bytes("| a | b |\n|---|---|\n| - | - |\n| x | 1 |\n", types="text")
    assert cells(drawn) == {"a": ["-", "x"], "b": ["-", "1"]}
    fixed = read_bytes("name    n\n-----   --\nAnn     5\n-       -\nBob     7\n", types="text")
    assert cells(fixed) == {"name": ["Ann", "-", "Bob"], "n": ["5", "-", "7"]}
