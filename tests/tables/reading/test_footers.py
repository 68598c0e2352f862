"""Totals and notes in a table's last rows."""

from collections.abc import Callable

import pytest

from longshore.tables.reading.results import ReadResult
from tables.reading.conftest import cells, kinds
from tables.reading.test_sheets import xls

Read = Callable[..., ReadResult]

ROWS = "Region;Sales;Cost\nNorth;1;2\nSouth;3;4\nEast;5;6\n"


def told(result: ReadResult) -> list[tuple[str, list[int]]]:
    return [
        (each.code, [example["row"] for example in each.examples])
        for each in result.warnings
        if each.code in ("TotalRows", "NoteRows")
    ]


def test_they_stay_and_are_told(read_bytes: Read) -> None:
    result = read_bytes(f"{ROWS}Total;9;12\n\nSource: Ministry;;\n* provisional;;\n")
    assert cells(result)["Region"][3:] == ["Total", "Source: Ministry", "* provisional"]
    assert cells(result)["Sales"] == [1, 3, 5, 9, None, None]
    assert told(result) == [("TotalRows", [3]), ("NoteRows", [4, 5])]


@pytest.mark.parametrize("word", ["total", "Grand Total", "Subtotal", "Summe", "Gesamtergebnis", "Somme", "Average"])
def test_words_for_totals(read_bytes: Read, word: str) -> None:
    assert told(read_bytes(f"{ROWS}{word};9;12\n")) == [("TotalRows", [3])]


@pytest.mark.parametrize(
    "text",
    [
        ROWS,
        f"{ROWS}West;7;\n",
        f"{ROWS}Totalitaria;7;8\n",
        "Kind;n\nTotal;1\nOther;2\nTotal;3\n",  # a column of such words
        "name;note\nAnn;\nBob;\nCid;\n",
        "a;b\nTotal;5\n",
    ],
)
def test_rows_that_only_resemble_them(read_bytes: Read, text: str) -> None:
    assert told(read_bytes(text)) == []


def test_in_a_workbook(read_bytes: Read) -> None:
    content = xls(["Region", "Sales", "Cost"], ["N", 1, 2], ["S", 3, 4], ["E", 5, 6], ["Total", 9, 12])
    assert told(read_bytes(content, name="t.xls")) == [("TotalRows", [3])]


def test_left_out_they_decide_no_types(read_bytes: Read) -> None:
    rows = "Day;Sales;Cost\n2024-01-01;1;2\n2024-01-02;3;4\n2024-01-03;5;6\n"
    text = f"{rows}Total;9;12\n\nSource: Ministry;;\n\n"
    assert kinds(read_bytes(text)) == {"Day": "string", "Sales": "int", "Cost": "int"}
    result = read_bytes(text, footer="leaveOut")
    assert kinds(result) == {"Day": "date", "Sales": "int", "Cost": "int"}
    assert (result.table.rows, result.ledger.skipped, result.ledger.lines) == (3, 3, 8)
    (warning,) = result.warnings
    assert (warning.code, warning.count) == ("FooterLines", 3)
    assert [example["content"] for example in warning.examples] == ["Total;9;12", "Source: Ministry;;"]
    plain = read_bytes(rows, footer="leaveOut")
    assert (plain.table.rows, plain.warnings) == (3, [])


def test_left_out_of_a_long_text(read_bytes: Read) -> None:
    rows = "".join(f"2024-01-01,{number},{number}\n" for number in range(20_000))
    result = read_bytes(f"a,b,c\n{rows}Total,1,2\nNote,,\n", footer="leaveOut")
    assert (result.table.rows, kinds(result)["a"], result.ledger.skipped) == (20_000, "date", 2)


def test_left_out_of_a_workbook(read_bytes: Read) -> None:
    content = xls(["Region", "S", "C"], [1, 1, 2], [2, 3, 4], [3, 5, 6], ["Total", 9, 12], [], ["Source: us"])
    result = read_bytes(content, name="t.xls", footer="leaveOut")
    assert (result.table.rows, kinds(result)["Region"]) == (3, "int")
    assert (result.ledger.skipped, result.ledger.lines) == (3, 7)
