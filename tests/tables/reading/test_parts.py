"""Several tables below each other in one text."""

import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from longshore.errors import InvalidRequest
from longshore.tables.reading import ReadOptions, read
from longshore.tables.reading.results import ReadResult
from tables.reading.conftest import cells, codes

Read = Callable[..., ReadResult]

SALES = "month,sales\nJan,5\nFeb,6\nMar,7\n"
STAFF = "city,staff,since\nRome,3,2001\nBonn,4,2002\nOslo,5,2003\nParis,9,2004\n"


def wide(text: str, width: int) -> str:
    """Lines filled up with delimiters, as spreadsheets write them."""
    return "".join(line + "," * (width - 1 - line.count(",")) + "\n" for line in text.splitlines())


@pytest.mark.parametrize(
    "text",
    [
        f"Sales\n{SALES}\nStaff\n{STAFF}",
        f"Sales\n\n{SALES}\n\n\nStaff\n\n{STAFF}\n\n",
        wide(f"Sales\n{SALES}\nStaff\n{STAFF}", 3),
        wide(f"Sales\n{SALES}Staff\n{STAFF}", 3),
    ],
)
def test_the_one_with_the_most_values_is_read_and_the_others_are_named(read_bytes: Read, text: str) -> None:
    result = read_bytes(text)
    assert cells(result) == {
        "city": ["Rome", "Bonn", "Oslo", "Paris"],
        "staff": [3, 4, 5, 9],
        "since": [2001, 2002, 2003, 2004],
    }
    assert result.settings["sheet"] == "Staff"
    assert result.top is not None
    assert result.top.sheets == ["Sales", "Staff"]
    assert "OtherTables" in codes(result)
    other = read_bytes(text, sheet="Sales")
    assert [*cells(other).items()][:2] == [("month", ["Jan", "Feb", "Mar"]), ("sales", [5, 6, 7])]
    assert cells(read_bytes(text, sheet=0)) == cells(other)
    with pytest.raises(InvalidRequest, match="there is no table 'Profit' in the file; it has 'Sales', 'Staff'"):
        read_bytes(text, sheet="Profit")


def test_tables_without_titles_are_numbered(read_bytes: Read) -> None:
    result = read_bytes(f"{wide(SALES, 3)},,\n{STAFF}")
    assert (result.settings["sheet"], result.top.sheets) == ("table 2", ["table 1", "table 2"])  # type: ignore[union-attr]


def test_a_table_right_below_another_one(read_bytes: Read) -> None:
    text = "a,b,c\n1,2,x\n3,4,y\n5,6,z\np,q,r,s\n1,2,3,4\n5,6,7,8\n9,1,2,3\n"
    assert list(cells(read_bytes(text))) == ["p", "q", "r", "s"]
    assert list(cells(read_bytes(text, sheet="table 1"))) == ["a", "b", "c"]


def test_names_that_come_again_are_left_out(read_bytes: Read) -> None:
    result = read_bytes("month,sales\nJan,5\nFeb,\nmonth,sales\nMar,7\nmonth,sales\nmonth,sales\nApr,8\nmonth,sales\n")
    assert cells(result) == {"month": ["Jan", "Feb", "Mar", "Apr"], "sales": [5, None, 7, 8]}
    assert codes(result) == ["RepeatedNames"]
    assert (result.ledger.skipped, result.ledger.lines) == (4, 9)
    places = result.table.origin
    assert places is not None


def test_a_line_of_a_later_part_keeps_its_number(read_bytes: Read) -> None:
    result = read_bytes("m,s,t\nJan,5,1\nFeb,6,2\nm,s,t\nMar,7\n")
    (warning,) = (each for each in result.warnings if each.code == "ShortLines")
    assert warning.examples[0]["line"] == 5


@pytest.mark.parametrize(
    "text",
    [
        "a,b\n1,2\n\n3,4\n\n5,6\n",  # blank lines
        "region,n\nNorth,\nRome,3\nBonn,4\nSouth,\nOslo,5\n",  # headings of the rows below
        "a,b,c\n1,2,x\n3,4,y\nn/a,null,z\n5,6,w\n7,8,v\n",  # words for what is missing
        "a,b,c\n1,2,x\n3,4,y\nunknown,none,z\n5,6,w\n7,8,v\n",  # words in a row
        "name,town\nAnn,Rome\nBob,Bonn\nCid,Oslo\n",
        "q,a\nHow,well\nWhat,much\n\nWho,me\nWhen,now\n",
        'a,b,c\n1,2,x\n"3,4,y\n5",6,"z"\n7,8,w\n9,1,v\n',
    ],
)
def test_what_is_one_table_stays_one(read_bytes: Read, text: str) -> None:
    result = read_bytes(text)
    assert "sheet" not in result.settings
    assert {"OtherTables", "RepeatedNames"}.isdisjoint(codes(result))
    assert result.ledger.rows == result.ledger.lines - 1 - result.ledger.blank - result.ledger.continued


def test_as_it_stands_it_is_one_table(read_bytes: Read) -> None:
    assert read_bytes(f"{wide(SALES, 3)},,\n{STAFF}", structure="asItStands").table.rows == 9


def test_large_texts_are_one_table(read_bytes: Read) -> None:
    text = SALES + "Apr,8\n" * 90_000 + "\n" + STAFF
    assert read_bytes(text).table.rows == 90_008


LINE = st.sampled_from(
    ["a,b,c", "1,2,3", "4,5,6", "p,q,r,s", "1,2,3,4", "", ",,", "Title", "Title,,", "x,y,z", "x,2,z"]
)


@given(lines=st.lists(LINE, min_size=2, max_size=16))
@settings(max_examples=300, deadline=None)
def test_all_lines_are_accounted_for_and_all_tables_hold_all_rows(lines: list[str]) -> None:
    """What one table leaves out stands in another one; every value stays as it stands."""
    text = "\n".join(lines) + "\n"
    if not text.strip(",\n"):
        return
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "table.csv"
        source.write_text(text)

        def run(**options: object) -> ReadResult:
            target = Path(tempfile.mkdtemp(dir=folder))
            return read(source, target, options=ReadOptions.model_validate({"types": "text", **options}))

        first = run()
        names = first.top.sheets if first.top is not None else [None]
        rows = 0
        for name in names:
            result = run(sheet=name)
            ledger = result.ledger
            assert ledger.lines == len(lines)
            assert ledger.lines == ledger.skipped + ledger.header + ledger.blank + ledger.rows + ledger.continued
            rows += result.table.rows
        if first.top is not None:
            gone = sum(
                1 for line in lines if not line.strip(",") or line.strip(",") in ("Title", "a,b,c", "p,q,r,s", "x,y,z")
            )
            assert rows >= len(lines) - gone
