"""Pictures of the workbench as it is, 1440 and 390 points wide: `python frontend/screenshots.py URL FOLDER`.

Needs a running server with the workbench built, Chromium, and the Python package `playwright`. The tables are packaged
samples and a file of the tests.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

MOVIES = Path(__file__).parent.parent / "tests" / "data" / "movies.json"
BIRDS = Path(__file__).parent.parent / "src" / "longshore" / "samples" / "birdstrikes.csv"
SIZES = {"wide": (1440, 900), "phone": (390, 844)}


def open_movies(page: Page, url: str) -> None:
    """A fresh dataset of the movies."""
    page.goto(url)
    page.get_by_label("A file with a table").set_input_files(MOVIES)
    page.get_by_role("button", name="Open the table").click()
    page.locator(".head-name", has_text="Title").first.wait_for()
    page.locator(".strip svg").first.wait_for()
    page.locator(".cell", has_text="The Land Girls").wait_for()


def pick(page: Page, column: str) -> None:
    """Select a column by its header."""
    page.locator(".head", has=page.get_by_text(column, exact=True)).locator(".head-name").click()


def show_panel(page: Page, tab: str) -> None:
    """Open the side panel at a tab."""
    if not page.get_by_role("tab", name=tab).is_visible():
        page.get_by_role("button", name="Open the side panel").click()
    page.get_by_role("tab", name=tab).click()


def start(page: Page, url: str) -> None:
    """The first page."""
    page.goto(url)
    page.get_by_text("Seattle weather").wait_for()


def importing(page: Page, url: str) -> None:
    """A file's options and first rows."""
    page.goto(url)
    page.get_by_label("A file with a table").set_input_files(BIRDS)
    page.locator(".preview td").first.wait_for()


def table(page: Page, url: str) -> None:
    """The grid."""
    open_movies(page, url)


def doing(page: Page, url: str) -> None:
    """What fits a column."""
    open_movies(page, url)
    pick(page, "US Gross")
    show_panel(page, "Do")


def previewing(page: Page, url: str) -> None:
    """New columns before they are made."""
    open_movies(page, url)
    pick(page, "Title")
    show_panel(page, "Do")
    page.get_by_role("button", name="Split column").click()
    page.locator(".effect.some").wait_for()


def filling(page: Page, url: str) -> None:
    """Changed cells before they are changed."""
    open_movies(page, url)
    pick(page, "US Gross")
    page.locator(".head", has=page.get_by_text("US Gross", exact=True)).locator(".head-menu").click()
    page.get_by_role("menuitem", name="Show rows where it is missing").click()
    page.get_by_text("7 of 3,201 rows").wait_for()
    show_panel(page, "Do")
    page.get_by_role("button", name="Fill missing with an average").click()
    page.locator(".becomes").first.wait_for()


def looking(page: Page, url: str) -> None:
    """A column's statistics."""
    open_movies(page, url)
    pick(page, "US Gross")
    show_panel(page, "Look")
    page.locator(".chart svg").wait_for()


def history(page: Page, url: str) -> None:
    """The steps."""
    open_movies(page, url)
    pick(page, "US Gross")
    show_panel(page, "Do")
    page.get_by_role("button", name="Fill missing with an average").click()
    page.locator(".effect.some").wait_for()
    page.get_by_role("button", name="Apply").click()
    page.locator(".toast").wait_for()
    show_panel(page, "History")
    page.locator(".steps li").nth(1).wait_for()


def charts(page: Page, url: str) -> None:
    """The chart builder."""
    open_movies(page, url)
    page.get_by_role("link", name="Charts").click()
    page.get_by_text("Scatter").click()
    page.locator(".series label", has_text="Worldwide Gross").click()
    page.locator(".chart svg").wait_for()
    page.wait_for_load_state("networkidle")


def explaining(page: Page, url: str) -> None:
    """Where a cell comes from."""
    history(page, url)
    page.locator('[row-index="2"] [col-id="US Gross"]').click(button="right")
    page.get_by_role("menuitem", name="Where does this come from?").click()
    page.locator(".way li").first.wait_for()


def setting_aside(page: Page, url: str) -> None:
    """Lines that were not read whole."""
    ragged = {
        "name": "prices.csv",
        "mimeType": "text/csv",
        "buffer": b"name,price\nAda,1\nBob,2,half,old\nCyd\nDan,4\n",
    }
    page.goto(url)
    page.get_by_label("A file with a table").set_input_files(ragged)
    page.get_by_role("button", name="Open the table").click()
    page.locator(".aside-note").click()
    page.locator(".aside-records .reason").first.wait_for()


def together(page: Page, url: str) -> None:
    """Two people at one table, and what the other one changed."""
    open_movies(page, url)
    context = page.context.browser.new_context(extra_http_headers={"Uid": "Ann Miller"})
    other = context.new_page()
    other.goto(page.url)
    other.locator(".cell", has_text="Foolish").dblclick()
    other.keyboard.press("Control+A")
    other.keyboard.type("Wise")
    other.keyboard.press("Enter")
    page.locator(".toast", has_text="Ann Miller").wait_for()


PAGES: dict[str, Callable[[Page, str], None]] = {
    "start": start,
    "import": importing,
    "table": table,
    "do": doing,
    "split": previewing,
    "preview": filling,
    "look": looking,
    "history": history,
    "charts": charts,
    "explain": explaining,
    "set-aside": setting_aside,
    "together": together,
}


def take(browser: Browser, url: str, folder: Path, names: list[str]) -> None:
    """Write one picture for each page, width and colours."""
    for size, (width, height) in SIZES.items():
        for colours in ("light", "dark"):
            for name in names or PAGES:
                if colours == "dark" and name not in ("start", "preview", "charts"):
                    continue
                context = browser.new_context(viewport={"width": width, "height": height}, color_scheme=colours)
                page = context.new_page()
                page.on("console", lambda message: message.type in ("error", "warning") and print(message.text[:500]))
                page.on("pageerror", lambda error: print("page error:", error))
                page.set_default_timeout(5000)
                try:
                    PAGES[name](page, url)
                except Exception as error:  # noqa: BLE001 - the picture shows how far it came
                    print(f"{name} {size}: {str(error).splitlines()[:8]}")
                page.wait_for_timeout(300)
                page.screenshot(path=folder / f"{name}-{size}-{colours}.png")
                context.close()


def main() -> None:
    """Take all pictures, or those named after the folder."""
    url, folder = sys.argv[1], Path(sys.argv[2])
    folder.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        take(browser, url, folder, sys.argv[3:])
        browser.close()


if __name__ == "__main__":
    main()
