"""Pictures of the workbench as it is, 1440 and 390 points wide: `python frontend/screenshots.py URL FOLDER`.

Needs a running server with the workbench built, Chromium, and the Python package `playwright`. The tables are packaged
samples and a file of the tests.
"""

from __future__ import annotations

import re
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import httpx
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


def put_into(url: str, partition: str, file: Path) -> None:
    """Store a file in a partition, unless it is there."""
    httpx.post(f"{url}/{partition}", files={"file": (file.name, file.read_bytes())})


def files(page: Page, url: str) -> None:
    """Files on offer, partitions."""
    put_into(url, "reports/2024", BIRDS)
    put_into(url, "minecraft", MOVIES)
    page.goto(f"{url}/?page=files")
    page.get_by_text("minecraft").wait_for()


def link(page: Page, url: str) -> None:
    """The window that makes a link to the first file on offer; with FILES_ROOT set to a folder with files."""
    files(page, url)
    page.get_by_role("button", name="Make a link to").first.click()
    page.get_by_role("dialog").wait_for()


def partition(page: Page, url: str) -> None:
    """A partition, with one file on its way and one that is refused."""
    for file in (BIRDS, BIRDS.with_name("films.csv"), MOVIES):
        put_into(url, "reports", file)
    put_into(url, "reports/2024", BIRDS)
    page.goto(f"{url}/?page=files&partition=reports")
    page.get_by_text("films.csv").wait_for()
    page.route(re.compile("/tus/[0-9a-f]+"), lambda route: route.abort())
    page.get_by_label("Files to store").set_input_files([BIRDS, MOVIES.with_name("airports.csv")])
    page.get_by_text("The connection broke").wait_for()


def stores(page: Page, url: str) -> None:
    """Lists, and a value."""
    httpx.put(f"{url}/kv/settings/colours", json={"accent": "#14517f", "quiet": "#546372"})
    for name in ("films", "to-do", "readings"):
        httpx.post(f"{url}/store/{name}", json={"title": "Alien", "year": 1979})
    page.goto(f"{url}/?page=stores&key=settings/colours")
    page.get_by_label("The value").wait_for()


def list_page(page: Page, url: str) -> None:
    """A list as a table."""
    items = [{"title": title, "year": 1970 + at, "seen": at % 3 == 0} for at, title in enumerate(FILMS)]
    httpx.delete(f"{url}/store/watched/{','.join(map(str, range(1, 200)))}")
    httpx.post(f"{url}/store/watched", json=[*items, {"title": "Ran", "rating": 9.5}])
    page.goto(f"{url}/?page=stores&list=watched")
    page.get_by_text("Ran", exact=True).wait_for()


def server(page: Page, url: str) -> None:
    """How the server is."""
    page.goto(f"{url}/?page=server")
    page.get_by_text("All is well").wait_for()


def login(page: Page, url: str) -> None:
    """The page that asks for a token; of a server that asks for one."""
    page.goto(f"{url}/login")
    page.get_by_label("Token").wait_for()


FILMS = ("Solaris", "Alien", "Stalker", "The Conversation", "Chinatown", "Barry Lyndon", "Nashville", "Network")
DARK = ("start", "preview", "charts", "partition", "list", "server", "login")
"""Pages of which there is a picture in dark colours as well."""

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
    "files": files,
    "link": link,
    "partition": partition,
    "stores": stores,
    "list": list_page,
    "server": server,
    "login": login,
}


def take(browser: Browser, url: str, folder: Path, names: list[str]) -> None:
    """Write one picture for each page, width and colours."""
    for size, (width, height) in SIZES.items():
        for colours in ("light", "dark"):
            for name in names or PAGES:
                if colours == "dark" and name not in DARK:
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
