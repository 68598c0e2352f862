"""What the reader finds out by itself about a table's place and its header, and where it holds back."""

from __future__ import annotations

import csv
import io
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from longshore.errors import InvalidRequest
from longshore.tables.reading import ReadOptions, ReadResult, read
from tables.reading.conftest import cells, codes
from tables.reading.test_limits import workbook

Read = Callable[..., ReadResult]


def names_and_first(result: ReadResult) -> tuple[list[str], list[Any]]:
    frame = result.table.scan().collect()
    return frame.columns, list(frame.row(0)) if frame.height else []


FOUND = [
    ("titles", "Sales 2020,,\n,,\nname,x,y\nann,1,2\nbob,3,4\n", ["name", "x", "y"], ["ann", 1, 2]),
    ("blank edge above", ",,\n,,\nname,x,y\nann,1,2\nbob,3,4\n", ["name", "x", "y"], ["ann", 1, 2]),
    ("a title with delimiters", "Run 7,by Ann,May 3\nx,y\n1,2\n3,4\n5,6\n", ["x", "y"], [1, 2]),
    (
        "a title in a middle cell",
        ',,"A\n",\nno,day,sum,what\n1,2020-01-02,3.5,ab\n2,2020-01-03,4,cd\n',
        None,
        None,
    ),
    ("a date above", "Sales,,\nMade,3.4.2020,\nwho,what,paid\nann,x,yes\nbob,y,no\n", ["who", "what", "paid"], None),
    ("comments", "# made by us\n# in May\na,b\n1,2\n3,4\n", ["a", "b"], [1, 2]),
    ("names in a comment", "# made, by\n# a,b,c\n1,2,3\n4,5,6\n", ["a", "b", "c"], [1, 2, 3]),
    ("names after a mark", "#chrom\tstart\nchr1\t5\nchr2\t6\n", ["#chrom", "start"], ["chr1", 5]),
    ("a column called #", "#,name\n1,ann\n2,bob\n", ["#", "name"], [1, "ann"]),
    ("sep=", "sep=;\na;b\n1,5;x\n2,5;y\n", ["a", "b"], [1.5, "x"]),
    ("two lines", "day,where,Travel,,\n,,air,rail,taxi\n2020-01-02,Rome,1,2,3\n2020-01-03,Bonn,4,5,6\n", None, None),
    ("years", ",2019,,2020,\nRegion,Sales,Cost,Sales,Cost\nNorth,1,2,3,4\nSouth,5,6,7,8\n", None, None),
    ("units", "time,length\ns,mm\n1,2.5\n2,3.5\n3,4.5\n", ["time [s]", "length [mm]"], [1, 2.5]),
    ("no names", "1.5,2\n3.5,4\n5.5,6\n", ["column_0", "column_1"], [1.5, 2]),
    (
        "no names beside words",
        "a.wav,1,0.5\nb.wav,2,0.7\nc.wav,3,0.9\n",
        ["column_0", "column_1", "column_2"],
        ["a.wav", 1, 0.5],
    ),
    ("sparse rows", "a,1,,\nb,2,,\nc,d,e,f\ng,3,,\nh,4,,\n", [f"column_{n}" for n in range(4)], None),
    (
        "a title above years",
        "Table 3: People\n\nRegion,2018,2019\nN,1,2\nS,3,4\n",
        ["Region", "2018", "2019"],
        ["N", 1, 2],
    ),
    ("years below names", "Region,Men,,All,\n,2019,2020,2019,2020\nN,1,2,3,4\nS,5,6,7,8\n", None, None),
    ("a name above numbers", "item,,\n,red,large\nhat,5,6\ncap,7,8\n", ["item", "red", "large"], ["hat", 5, 6]),
    ("a name above none", "country,,\n,capital,lang\nFR,Paris,3\nDE,Berlin,4\n", ["country", "capital", "lang"], None),
    (
        "no names above dates",
        "Ann,2020-01-01,2020-01-05\nBob,2020-02-01,2020-02-05\nC,2020-03-01,2020-03-05\n",
        None,
        None,
    ),
    ("counted columns", "0,1,2\nann,5,x\nbob,6,y\n", ["0", "1", "2"], ["ann", 5, "x"]),
    ("apostrophes", "a,b\n'x, y',1\n'it's, z',2\n'w',3\n", ["a", "b"], ["x, y", 1]),
    ("a delimiter is missing", 'a,"b"c\n1,2,3\n4,5,6\n', ["a", "b", "c"], [1, 2, 3]),
    ("addresses", "link text\nhttp://a.b/c d\nhttp://e.f/g h\n", ["link text"], ["http://a.b/c d"]),
]
PUT_TOGETHER = {
    "two lines": ["day", "where", "Travel / air", "Travel / rail", "Travel / taxi"],
    "years": ["Region", "2019 / Sales", "2019 / Cost", "2020 / Sales", "2020 / Cost"],
    "years below names": ["Region", "Men / 2019", "Men / 2020", "All / 2019", "All / 2020"],
    "no names above dates": ["column_0", "column_1", "column_2"],
    "a title in a middle cell": ["no", "day", "sum", "what"],
}


@pytest.mark.parametrize(("text", "expected", "first"), [pytest.param(*each[1:], id=each[0]) for each in FOUND])
def test_found(
    read_bytes: Read, request: pytest.FixtureRequest, text: str, expected: list[str] | None, first: list[Any] | None
) -> None:
    names, row = names_and_first(read_bytes(text))
    assert names == (expected or PUT_TOGETHER[request.node.callspec.id])
    assert first is None or row == first


HELD_BACK = [
    ("one name of three", "total,,\n1,2,3\n4,5,6\n", ["total", "column_1", "column_2"]),
    ("numbers as names", "Country,2019,2020\nFrance,10,20\nItaly,30,40\n", ["Country", "2019", "2020"]),
    ("counted names", "1,2,3\n0.5,0.7,0.1\n0.6,0.8,0.2\n", ["1", "2", "3"]),
    ("words only", "ann,bob\ncarl,dora\nemil,fritz\n", ["ann", "bob"]),
    ("one row", "1,2\n3,4\n", ["1", "2"]),
    ("free cells in words", "a,b,,\nx,,y,z\nv,w,,u\n", ["a", "b", "column_2", "column_3"]),
    ("units as words", "name,unit\nm,s\nkg,h\n", ["name", "unit"]),
    ("a column of marks", "#a\nb\nc\n", ["#a"]),
    (
        "wider rows below",
        "id,name\n1,Ann\n2,Bob\nunknown,Dee,no id\n3,Cem,5\n4,N,6\n5,M,7\n",
        ["id", "name", "column_2"],
    ),
    ("few names", "name,,\nBob,Oslo,unknown\nCem,Bonn,31\nDee,Wien,30\n", ["name", "column_1", "column_2"]),
    (
        "names that are absent",
        "name,,\nann,,\nbob,,\ncem,oslo,none\ndee,rome,5\neve,b,6\n",
        ["name", "column_1", "column_2"],
    ),
    ("dashes", "x,y\n-,-\n3,4\n5,6\n7,8\n", ["x", "y"]),
    ("values in brackets", "a,b\n(5),(6)\n3,4\n5,6\n", ["a", "b"]),
    ("marks", "exam1,exam2\nA,C\n90,85\n70,66\n", ["exam1", "exam2"]),
    ("tags", "#tag,n\n#a,1\nb,2\nc,3\n", ["#tag", "n"]),
    ("too many names", "a,b,c\n1,2\n4,5\n", ["a", "b", "c"]),
    ("apostrophes in words", "who,what\nit's,O'Neil\ndon't,x\n", ["who", "what"]),
    ("a word and a title", "name,,\nTea,x,\nJam,,z\n", ["name", "column_1", "column_2"]),
]


@pytest.mark.parametrize(("text", "expected"), [pytest.param(*each[1:], id=each[0]) for each in HELD_BACK])
def test_held_back(read_bytes: Read, text: str, expected: list[str]) -> None:
    result = read_bytes(text)
    assert names_and_first(result)[0] == expected
    assert "structure" not in result.settings


def test_no_field_is_cut_where_many_lines_have_more(read_bytes: Read) -> None:
    text = "who,what\n" + "ann,x\n" * 7 + "bob,y,z\n" * 2 + "cid,u,v,w\n"
    result = read_bytes(text)
    assert result.table.names == ["who", "what", "column_2"]
    assert cells(result)["column_2"] == [None] * 7 + ["z", "z", "v"]
    assert codes(result) == ["ShortHeader", "ShortLines", "LongLines"]
    assert "of the first 10 lines 3 lines have more fields" in result.warnings[0].message
    assert read_bytes("who,what\n" + "ann,x\n" * 30 + "bob,y,z\n" * 2).table.names == ["who", "what"]
    assert read_bytes(text, structure="asItStands").table.names == ["who", "what"]


def test_decisions_are_told(read_bytes: Read) -> None:
    result = read_bytes("Report,,\n,2019,\nname,x,y\nann,1,2\nbob,3,4\n,,\n,,\n")
    assert result.settings["structure"]["above"] == {"lines": 2, "content": ["Report,,", ",2019,"]}
    assert result.settings["structure"]["below"] == {"lines": 2}
    assert codes(result) == ["TitleLines", "BlankEnd"]
    assert (result.ledger.skipped, result.ledger.blank, result.ledger.rows, result.ledger.lines) == (2, 2, 2, 7)


def test_what_stands_there_can_be_had_as_it_stands(read_bytes: Read) -> None:
    text = "Report,,\n,,\nname,x,y\nann,1,2\n,,\n"
    result = read_bytes(text, structure="asItStands")
    assert result.table.rows == 4
    assert result.table.names == ["Report", "column_1", "column_2"]
    assert "structure" not in result.settings


def test_a_header_that_is_told_is_believed(read_bytes: Read) -> None:
    assert read_bytes("1,2\n3,4\n5,6\n", header_included=True).table.names == ["1", "2"]
    assert read_bytes("a,b\n3,4\n5,6\n", header_included=False).table.rows == 3
    assert codes(read_bytes("1,2\n3,4\n5,6\n")) == ["NoHeader"]


STRAYS = [
    ('a,b,c\nx,"y,z\n1,2,3\n4,"5",6\n', {"a": ["x", "1", "4"], "b": ['"y', "2", "5"], "c": ["z", "3", "6"]}),
    ('a,b\n"5" pipe, long",x\n"q",w\n', {"a": ['5" pipe, long', "q"], "b": ["x", "w"]}),
    ('a,b\n1,"\n2,"Ann"\n3,"Bob"\n', {"a": [1, 2, 3], "b": ['"', "Ann", "Bob"]}),
]


@pytest.mark.parametrize(("text", "expected"), STRAYS)
def test_a_stray_quote_is_a_character_where_that_gives_the_record_its_width(
    read_bytes: Read, text: str, expected: dict[str, list[Any]]
) -> None:
    result = read_bytes(text)
    assert cells(result) == expected
    assert codes(result) == ["UnclosedQuote"]
    assert result.ledger.mended == 1


def test_a_field_that_goes_on_after_its_quotes_stays_as_it_is(read_bytes: Read) -> None:
    """As the csv module reads it: only another width speaks for a stray quote."""
    assert cells(read_bytes('a,b\n"x"y,1\n"z",2\n')) == {"a": ["xy", "z"], "b": [1, 2]}


def _read(text: str, **options: Any) -> tuple[ReadResult, list[list[Any]]]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "t.csv"
        path.write_bytes(text.encode())
        result = read(path, Path(folder) / "table", options=ReadOptions(**options))
        return result, [list(row) for row in result.table.scan().collect().rows()]


@pytest.mark.parametrize("block", [16, 1 << 20])
def test_comments_between_rows(
    read_bytes: Callable[..., ReadResult], tiny_blocks: Callable[[int], None], block: int
) -> None:
    tiny_blocks(block)
    text = '# made in May\na,b,c\n1,2,x\n# station 2, north\n3,4,"y\n# z"\n#5,6,w\n\n7,8,v\n# end\n'
    result = read_bytes(text)
    assert cells(result) == {"a": ["1", "3", "#5", "7"], "b": [2, 4, 6, 8], "c": ["x", "y\n# z", "w", "v"]}
    ledger = result.ledger
    assert (ledger.lines, ledger.skipped, ledger.blank, ledger.continued) == (10, 3, 1, 1)
    assert codes(result) == ["TitleLines", "Comments", "BlankLines"]
    assert read_bytes(text.replace("# made in May\n", "")).table.rows == 6
    said = read_bytes("a;b\n1;2\n%3;4\n5;6\n", comment="%")
    assert cells(said) == {"a": [1, 5], "b": [2, 6]}


PART = st.sampled_from(
    ["Report", "by Ann, x", "", ",,", "a,b,c", "1,2,3", "x,,z", ",,Total", "4,5", "7,8,9,0", '"q,r",s,t']
)


@given(lines=st.lists(PART, min_size=2, max_size=12), newline=st.sampled_from(["\n", "\r\n"]))
@settings(max_examples=400, deadline=None)
def test_every_line_is_above_a_name_a_row_or_blank(lines: list[str], newline: str) -> None:
    """Nothing is taken away that is not told, and no row is another than as it stands."""
    text = newline.join(lines) + newline
    if not text.strip(",\r\n"):
        return
    found, ours = _read(text, types="text", delimiter=",")
    ledger, why = found.ledger, found.settings.get("structure", {})
    assert ledger.lines == ledger.skipped + ledger.header + ledger.blank + ledger.rows + ledger.continued
    assert ledger.lines == len(lines)
    if "sheet" in found.settings or "repeated" in why:
        return  # of several tables, see test_parts.py
    assert ledger.skipped == why.get("above", {}).get("lines", 0)
    below = why.get("below", {}).get("lines", 0)
    width, read_lines = found.table.width, list(lines)
    while not read_lines[-1]:
        read_lines.pop()
    records = [next(csv.reader([line]), [""]) for line in read_lines[: len(read_lines) - below] if line or width == 1]
    whole = [[cell or None for cell in (record + [""] * width)[:width]] for record in records]
    assert ours == whole[len(whole) - len(ours) :]


def test_sheets_are_understood_alike(read_bytes: Read) -> None:
    cells_of_sheet = {
        "A1": "Sales", "B3": 2019, "D3": 2020, "A4": "Region", "B4": "Sales", "C4": "Cost", "D4": "Sales", "E4": "Cost",
        "A5": "North", "B5": 1, "C5": 2, "D5": 3, "E5": 4, "A6": "South", "B6": 5, "C6": 6, "D6": 7, "E6": 8,
    }  # fmt: skip
    result = read_bytes(workbook(cells_of_sheet), "t.xlsx")
    assert result.table.names == PUT_TOGETHER["years"]
    assert cells(result)["2020 / Cost"] == [4, 8]
    assert result.settings["structure"]["above"]["content"] == ["Sales"]
    assert (result.ledger.lines, result.ledger.skipped, result.ledger.header, result.ledger.rows) == (6, 2, 2, 2)


def test_the_first_sheet_that_is_seen_and_not_empty_is_read(read_bytes: Read) -> None:
    book = openpyxl.load_workbook(filename=io.BytesIO(workbook({"A1": "hidden"})))
    book.worksheets[0].sheet_state = "hidden"
    book.create_sheet("Empty")
    full = book.create_sheet("Full")
    full["A1"], full["A2"] = "a", 1
    out = io.BytesIO()
    book.save(out)
    result = read_bytes(out.getvalue(), "t.xlsx")
    assert (result.settings["sheet"], cells(result)) == ("Full", {"a": [1]})


def test_types_that_are_asked_for(read_bytes: Read) -> None:
    text = "code,n,when\n1,2,2020-01-02\n3,4,x\n"
    assert cells(read_bytes(text, types="text"))["n"] == ["2", "4"]
    asked = read_bytes(text, types={"code": "text", "n": "float"})
    assert [column.kind for column in asked.table.columns] == ["string", "float", "string"]
    with pytest.raises(InvalidRequest, match="'id', which the file has not"):
        read_bytes(text, types={"id": "text"})
