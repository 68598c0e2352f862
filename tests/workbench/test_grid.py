"""The grid in a real browser: every row within reach, keys and clipboard, a cell's story, lines not read whole."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from support.server import LongshoreServer

from .conftest import AXE, Opened

Open = Callable[..., Opened]
ROWS = 1_300_000
"""More than a browser can make a page high for."""


def upload(url: str, content: bytes, name: str = "t.csv") -> str:
    answer = httpx.post(f"{url}/upload", files={"file": (name, content)}, timeout=120)
    assert answer.status_code == 200, answer.text
    return str(answer.json()["sessionID"])


@pytest.fixture(scope="module")
def long_table(shared_server: LongshoreServer) -> str:
    lines = "\n".join(f"{number},{number * 7 % 1000}" for number in range(ROWS))
    return upload(shared_server.url, f"number,rest\n{lines}\n".encode(), "long.csv")


def open_table(opened: Opened, session: str, text: str) -> None:
    opened.page.goto(f"{opened.url}/{session}")
    opened.page.locator(".cell", has_text=text).first.wait_for()


def cell(page: Any, row: int, column: str) -> Any:
    return page.locator(f'[row-index="{row}"] [col-id="{column}"]')


def focused(page: Any, row: int, column: str) -> None:
    page.locator(f'[row-index="{row}"] [col-id="{column}"].ag-cell-focus').wait_for()


def pasted(page: Any) -> str:
    """What the clipboard holds, by way of the search box."""
    page.locator("#search").fill("")
    page.locator("#search").press("Control+V")
    return str(page.locator("#search").input_value())


def first_row(page: Any) -> int:
    """Number of the first row that is wholly in view."""
    return int(
        page.evaluate("""() => {
          const edge = document.querySelector('.grid .ag-header').getBoundingClientRect().bottom;
          const rows = [...document.querySelectorAll('.grid .ag-row[row-index]')];
          const seen = rows.filter((row) => row.getBoundingClientRect().top >= edge - 1);
          return Math.min(...seen.map((row) => Number(row.getAttribute('row-index'))));
        }""")
    )


def test_the_last_of_a_million_rows_is_reached_by_keys(open_page: Open, long_table: str) -> None:
    opened = open_page()
    open_table(opened, long_table, "0")
    page = opened.page
    cell(page, 0, "number").click()
    page.keyboard.press("Control+End")
    focused(page, ROWS - 1, "rest")
    cell(page, ROWS - 1, "number").get_by_text(str(ROWS - 1), exact=True).wait_for()
    assert cell(page, ROWS - 1, "number").is_visible()
    page.keyboard.press("ArrowUp")
    focused(page, ROWS - 2, "rest")
    page.keyboard.press("Control+Home")
    focused(page, 0, "number")
    page.keyboard.press("Control+G")
    page.get_by_label(f"Row, 1 to {ROWS:,}").fill("650,001")
    page.keyboard.press("Enter")
    focused(page, 650_000, "number")
    cell(page, 650_000, "number").get_by_text("650000", exact=True).wait_for()
    page.keyboard.press("ArrowDown")
    focused(page, 650_001, "number")


def test_the_wheel_moves_row_by_row_where_the_page_is_squeezed(open_page: Open, long_table: str) -> None:
    opened = open_page()
    open_table(opened, long_table, "0")
    page = opened.page
    height = page.evaluate("document.querySelector('.ag-grid-viewport').scrollHeight")
    assert height < ROWS * 28, "this table is not squeezed, the test tests nothing"
    cell(page, 3, "number").hover()
    page.mouse.wheel(0, 280)
    page.wait_for_function("() => document.querySelector('.ag-grid-viewport').scrollTop > 0")
    assert first_row(page) in (10, 11)
    page.mouse.wheel(0, -280)
    page.wait_for_function("() => document.querySelector('.ag-grid-viewport').scrollTop === 0")


def test_cells_and_rows_are_copied_and_one_value_is_pasted(open_page: Open) -> None:
    opened = open_page()
    open_table(opened, upload(opened.url, b"name,price\nAda,1.50\nBob,12345678.9\n"), "Ada")
    page = opened.page
    cell(page, 1, "price").click()
    page.keyboard.press("Control+C")
    assert pasted(page) == "12345678.9"
    cell(page, 0, "name").click()
    page.keyboard.press("Control+C")
    cell(page, 1, "name").click()
    page.keyboard.press("Control+V")
    cell(page, 1, "name").get_by_text("Ada", exact=True).wait_for()
    focused(page, 1, "name")
    page.keyboard.press("Space")
    page.locator(".rows-shown", has_text="1 selected").wait_for()
    page.keyboard.press("Control+C")
    page.locator(".toast", has_text="The row is copied").wait_for()
    assert pasted(page) == "Ada\t12345678.9"


def test_typing_edits_and_the_cell_keeps_the_focus(open_page: Open) -> None:
    opened = open_page()
    open_table(opened, upload(opened.url, b"name,town,price\nAda,Rome,1\nBob,Oslo,2\n"), "Ada")
    page = opened.page
    cell(page, 0, "name").click()
    page.keyboard.type("Eve")
    page.keyboard.press("Enter")
    cell(page, 0, "name").get_by_text("Eve", exact=True).wait_for()
    page.locator(".toast").first.wait_for()
    focused(page, 0, "name")
    page.keyboard.press("End")
    focused(page, 0, "price")
    page.keyboard.press("Home")
    page.keyboard.press("Tab")
    focused(page, 0, "town")
    page.keyboard.press("Control+ArrowDown")
    focused(page, 1, "town")


def test_a_cell_tells_where_it_comes_from(open_page: Open) -> None:
    opened = open_page()
    session = upload(opened.url, b"name,price\nBob,2\nAda,\n", "prices.csv")
    base = f"{opened.url}/api/v1/datasets/{session}/operations"
    httpx.post(f"{base}/sortRows", json={"sortBy": [{"column": "name"}]}).raise_for_status()
    httpx.post(f"{base}/fillWithAverage", json={"column": "price", "metric": "mean"}).raise_for_status()
    open_table(opened, session, "Ada")
    page = opened.page
    cell(page, 0, "price").click(button="right")
    page.get_by_role("menuitem", name="Where does this come from?").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_text("Line 3 of prices.csv, column price: missing.").wait_for()
    dialog.get_by_text("It stood in row 2 before, now in row 1.").wait_for()
    dialog.get_by_text("It was missing and became 2.").wait_for()
    if AXE.is_file():
        assert opened.serious_findings() == []
    page.keyboard.press("Escape")
    focused(page, 0, "price")
    page.keyboard.press("Shift+F10")
    page.get_by_role("menuitem", name="Show the rows with this value").click()
    page.locator(".rows-shown", has_text="2 of 2 rows").wait_for()


def test_what_was_not_read_whole_is_listed_and_saved(open_page: Open) -> None:
    opened = open_page()
    open_table(opened, upload(opened.url, b"a,b\n1,2\n3,4,5,6\n7,8\n", "ragged.csv"), "7")
    page = opened.page
    page.get_by_role("button", name="1 line not read whole").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_text("3,4,5,6").wait_for()
    assert dialog.locator("td.number").first.inner_text() == "3"
    if AXE.is_file():
        assert opened.serious_findings() == []
    with page.expect_download() as download:
        dialog.get_by_role("button", name="Save as CSV").click()
    assert "3,4,5,6" in Path(download.value.path()).read_text()


def test_widths_follow_the_content_and_are_remembered(open_page: Open) -> None:
    opened = open_page()
    session = upload(opened.url, b"a,b\nx," + b"long words " * 6 + b"\ny,z\n")
    open_table(opened, session, "long words")
    page = opened.page
    narrow, wide = (cell(page, 0, name).bounding_box()["width"] for name in "ab")
    assert narrow < 120 < 300 < wide
    handle = page.locator('.ag-header-cell[col-id="b"] .ag-header-cell-resize').bounding_box()
    at = (handle["x"] + handle["width"] / 2, handle["y"] + 20)
    page.mouse.move(*at)
    page.mouse.down()
    page.mouse.move(at[0] - 100, at[1], steps=4)
    page.mouse.up()
    dragged = cell(page, 0, "b").bounding_box()["width"]
    assert dragged == pytest.approx(wide - 100, abs=3)
    page.reload()
    page.locator(".cell", has_text="long words").wait_for()
    assert cell(page, 0, "b").bounding_box()["width"] == pytest.approx(dragged, abs=1)
    page.locator('.ag-header-cell[col-id="b"] .ag-header-cell-resize').dblclick()
    page.wait_for_function(
        '(than) => document.querySelector(\'[row-index="0"] [col-id="b"]\').clientWidth > than + 100', arg=wide
    )


def test_a_long_value_is_shown_whole(open_page: Open) -> None:
    opened = open_page()
    opened.page.context.grant_permissions(["clipboard-write"])
    text = " ".join(f"word{number}" for number in range(200))
    open_table(opened, upload(opened.url, f"a,b\n1,{text}\n".encode()), "word0")
    page = opened.page
    cell(page, 0, "b").click(button="right")
    page.get_by_role("menuitem", name="Show the whole value").click()
    page.get_by_role("region", name="The whole value").get_by_text("word199").wait_for()
    page.get_by_role("button", name="Copy").click()
    page.locator(".toast", has_text="copied").wait_for()


def test_frequent_values_show_exactly_their_rows(open_page: Open) -> None:
    opened = open_page()
    content = b"genre,day\nDrama,2020-01-01\nDrama,2020-05-05\nMelodrama,2021-01-01\nDrama (old),2021-02-02\n"
    open_table(opened, upload(opened.url, content), "Melodrama")
    page = opened.page
    opened.pick("genre")
    page.get_by_role("tab", name="Look").click()
    page.locator(".frequent").first.get_by_role("button", name="Drama").first.click()
    page.locator(".rows-shown", has_text="2 of 4 rows").wait_for()
    page.locator(".tab-body select").select_option("day")
    page.locator(".look-chart .chart svg", has_text="2021").wait_for()
    page.locator(".statistics", has_text="Latest").wait_for()


def values_of(url: str, session: str) -> list[list[Any]]:
    window = {"rowIndexFrom": 0, "rowIndexTo": 99, "columnIndexFrom": 0, "columnIndexTo": 99}
    rows: list[list[Any]] = httpx.get(f"{url}/api/v1/datasets/{session}/rows", params=window).json()["data"]["data"]
    return rows


def steps_of(url: str, session: str) -> list[str]:
    steps = httpx.get(f"{url}/api/v1/datasets/{session}/history").json()["steps"]
    return [step["operation"] for step in steps]


def test_keys_of_the_page_write_nothing_into_the_cell(open_page: Open) -> None:
    opened = open_page()
    session = upload(opened.url, b"name,note\nAnna,x\nBert,y\n")
    open_table(opened, session, "Anna")
    page = opened.page
    cell(page, 0, "name").click()
    page.keyboard.press("?")
    page.get_by_role("dialog").wait_for()
    page.keyboard.press("Escape")
    page.get_by_role("dialog").wait_for(state="detached")
    cell(page, 1, "name").click()
    page.keyboard.press("/")
    page.wait_for_function("document.activeElement.id === 'search'")
    cell(page, 0, "note").click()  # whatever was being edited would be written now
    page.keyboard.type("new")
    page.keyboard.press("Enter")
    page.locator(".toast", has_text="Set row 0").wait_for()
    assert steps_of(opened.url, session) == ["import", "newCellValue"]
    assert values_of(opened.url, session) == [["Anna", "new"], ["Bert", "y"]]
    assert opened.problems == []


def test_the_lines_of_a_cell_stay_lines(open_page: Open) -> None:
    opened = open_page()
    session = upload(opened.url, b'name,note\nAnna,"a\r\nb"\nBert,"c\nd"\n')
    before = values_of(opened.url, session)
    open_table(opened, session, "Anna")
    page = opened.page
    cell(page, 1, "note").dblclick()
    editor = page.locator(".ag-large-text textarea")
    editor.wait_for()
    editor.press("Escape")
    editor.wait_for(state="detached")
    cell(page, 0, "note").dblclick()
    editor.wait_for()
    editor.press("Control+End")
    page.keyboard.type("!")
    page.keyboard.press("Enter")
    page.locator(".toast", has_text="Set row 0").wait_for()
    assert values_of(opened.url, session) == [["Anna", "a\r\nb!"], before[1]]
    assert opened.problems == []
