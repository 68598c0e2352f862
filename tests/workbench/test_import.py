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
    assert page.get_by_label("Rows to skip before it").input_value() == "3"
    page.get_by_text("2 rows, 3 columns").wait_for()
    page.get_by_label("Rows to skip before it").fill("0")
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
    page.get_by_role("button", name="Open the table").click()
    page.locator(".cell", has_text="n/a").wait_for()
    assert page.locator(".size", has_text="2 × 3").is_visible()


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
