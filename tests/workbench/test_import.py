"""Files before they are imported: what is shown is what will be read."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import openpyxl

from .conftest import Opened

Open = Callable[..., Opened]
TITLES = [["Sales report, internal"], [], ["Exported", "2024-03-01"]]
ROWS = [["Region", "Amount", "Paid"], ["North", "€ 1.234,50", "yes"], ["South", "n/a", "no"]]


def test_a_workbook_is_shown_before_it_is_opened(open_page: Open, tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    for row in [*TITLES, *ROWS]:
        book.active.append(row)
    notes = book.create_sheet("Notes")
    for row in (["who", "what"], ["Ann", "late"]):
        notes.append(row)
    book.save(tmp_path / "sales.xlsx")
    opened = open_page()
    page = opened.page
    page.goto(opened.url)
    page.get_by_label("A file with a table").set_input_files(tmp_path / "sales.xlsx")
    page.locator(".preview th", has_text="Amount").wait_for()
    page.locator(".told", has_text="3 rows above the names were left out").wait_for()
    page.get_by_text("2 rows, 3 columns").wait_for()
    page.get_by_label("Take it as it stands").check()
    page.locator(".preview th", has_text="Sales report").wait_for()
    page.get_by_role("combobox", name="Sheet").select_option("Notes")
    page.locator(".preview td", has_text="late").wait_for()
    page.get_by_role("button", name="Open the table").click()
    page.locator(".cell", has_text="late").wait_for()


def test_lines_above_a_table_are_found(open_page: Open, tmp_path: Path) -> None:
    (tmp_path / "sales.csv").write_text("\n".join(";".join(row) for row in [*TITLES, *ROWS]) + "\n", "utf-8")
    opened = open_page()
    page = opened.page
    page.goto(opened.url)
    page.get_by_label("A file with a table").set_input_files(tmp_path / "sales.csv")
    page.locator(".preview th", has_text="Amount").wait_for()
    page.locator(".told", has_text="3 lines above the names were left out").wait_for()
    page.locator(".told", has_text="a comma stands before the decimals, € was taken off").wait_for()
    page.locator(".told", has_text="“Paid” says yes and no").wait_for()
    page.get_by_role("button", name="Open the table").click()
    page.locator(".cell", has_text="1234.5").wait_for()
    assert page.locator(".size", has_text="2 × 3").is_visible()


def test_of_a_large_text_the_beginning_is_shown_as_the_server_reads_it(open_page: Open, tmp_path: Path) -> None:
    lines = ["Exported, in May", "code;when", *(f"{number};0{1 + number % 9}.03.2024" for number in range(100_000))]
    (tmp_path / "large.csv").write_text("\n".join(lines) + "\n")
    opened = open_page()
    page = opened.page
    page.goto(opened.url)
    with page.expect_request("**/api/v1/look?*") as looked:
        page.get_by_label("A file with a table").set_input_files(tmp_path / "large.csv")
    assert "beginning=true" in looked.value.url
    page.locator(".preview th", has_text="when").wait_for()
    page.get_by_text("The first 30 rows, 2 columns").wait_for()
    page.get_by_label("Keep every value as text").check()
    page.locator(".preview th small", has_text="text").first.wait_for()
    page.get_by_label("Names of the columns").select_option(label="there are none")
    page.locator(".preview td", has_text="when").wait_for()
    page.get_by_role("button", name="Open the table").click()
    page.locator(".size", has_text="100,002 × 2").wait_for()


def test_what_cannot_be_read_is_said_before_it_is_sent(open_page: Open, tmp_path: Path) -> None:
    (tmp_path / "broken.xlsx").write_bytes(b"PK\x03\x04 no workbook")
    opened = open_page()
    page = opened.page
    opened.expected = "422"
    page.goto(opened.url)
    page.get_by_label("A file with a table").set_input_files(tmp_path / "broken.xlsx")
    page.locator(".problem", has_text="damaged").wait_for()
    page.get_by_role("button", name="Choose another file").click()
    page.get_by_text("Drop a file anywhere").wait_for()


def test_several_files_are_opened_as_one_table(open_page: Open, tmp_path: Path) -> None:
    for month, content in (("jan", "day;n\nMon;1\n"), ("feb", "n;day\n2;Tue\n"), ("mar", "day;m\nWed;3\n")):
        (tmp_path / f"{month}.csv").write_text(content)
    opened = open_page()
    page = opened.page
    page.goto(opened.url)
    field = page.get_by_label("A file with a table")
    field.set_input_files([tmp_path / "jan.csv", tmp_path / "feb.csv"])
    page.get_by_role("heading", name="2 files.tar").wait_for()
    page.locator(".told", has_text="the column 'file' says from which a row is").wait_for()
    page.get_by_text("2 rows, 3 columns").wait_for()
    page.locator(".preview td", has_text="feb.csv").wait_for()
    page.goto(opened.url)
    field.set_input_files([tmp_path / "jan.csv", tmp_path / "mar.csv"])
    page.get_by_text("1 row, 2 columns").wait_for()
    page.get_by_label("Put all of them below each other, also where their columns differ").check()
    page.get_by_text("2 rows, 4 columns").wait_for()
    page.get_by_role("button", name="Open the table").click()
    page.locator(".cell", has_text="Wed").wait_for()
    assert page.locator(".size", has_text="2 × 4").is_visible()
