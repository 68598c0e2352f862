"""Pictures of the workbench as it is, 1440 and 390 points wide: `python frontend/screenshots.py URL FOLDER`.

Needs a running server with the workbench built, Chromium, and the Python package `playwright`. The tables are packaged
samples and a file of the tests.

The pages named `job-...` and `jobs-list` need a server that is started with `HANDLERS_DIR=examples/handlers`,
`jobs-empty` one without handlers.
"""

from __future__ import annotations

import json
import re
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import httpx
from playwright.sync_api import Browser, Page, sync_playwright

MOVIES = Path(__file__).parent.parent / "tests" / "data" / "movies.json"
BIRDS = Path(__file__).parent.parent / "src" / "longshore" / "samples" / "birdstrikes.csv"
GENRES = "Major Genre,Mood\nComedy,Laughs\nDrama,Tears\nHorror,Fear\nOpera,Song\n"
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


def jump(page: Page, column: str) -> None:
    """Select a column that may be out of sight."""
    page.keyboard.press("Control+K")
    page.get_by_role("combobox", name="What do you want to do?").fill(column)
    page.get_by_role("option", name=column).first.click()


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


def job_form(page: Page, url: str, name: str) -> None:
    """The form of one of the example jobs."""
    page.goto(f"{url}/?page=jobs&type={name}")
    page.get_by_role("button", name="Run", exact=True).wait_for()


def jobs_empty(page: Page, url: str) -> None:
    """No job is declared: needs a server without handlers."""
    page.goto(f"{url}/?page=jobs")
    page.get_by_text("No jobs are declared yet").wait_for()


def jobs_list(page: Page, url: str) -> None:
    """What can be run, and what ran."""
    job_failed(page, url)
    job_result(page, url)
    page.goto(f"{url}/?page=jobs")
    page.locator(".job-list .badge").first.wait_for()


def job_inputs(page: Page, url: str) -> None:
    """A form with rows, a nested form, and something wrong."""
    job_form(page, url, "route")
    for number, (name, north, east) in enumerate([("Rotterdam", "51.95", "4.14"), ("Lisbon", "138.7", "-9.14")]):
        page.locator(f'[name="stops[{number}].name"]').fill(name)
        page.locator(f'[name="stops[{number}].latitude"]').fill(north)
        page.locator(f'[name="stops[{number}].longitude"]').fill(east)
    page.get_by_label("Set speed").check()
    page.get_by_role("button", name="Run", exact=True).click()
    page.locator(".problem").first.wait_for()


def job_running(page: Page, url: str) -> None:
    """Progress; the job ends by itself within a minute."""
    job_form(page, url, "birthdays")
    page.get_by_label("Trials").fill("1000000")
    page.keyboard.press("Enter")
    page.get_by_text("groups so far").wait_for()


def job_result(page: Page, url: str) -> None:
    """A result that is a table, with its chart."""
    job_form(page, url, "loan")
    page.get_by_role("button", name="Run", exact=True).click()
    page.locator(".records td").first.wait_for()
    page.get_by_role("button", name="Chart").click()
    page.locator(".chart svg").wait_for()


def job_values(page: Page, url: str) -> None:
    """A result with values, a file and a table."""
    job_form(page, url, "words")
    page.get_by_label("Text").fill("The sea is calm tonight, the tide is full, the moon lies fair. " * 3)
    page.get_by_role("button", name="Run", exact=True).click()
    page.get_by_text("words.csv").wait_for()


def job_failed(page: Page, url: str) -> None:
    """Why a job failed."""
    job_form(page, url, "loan")
    page.get_by_label("Payment").fill("20")
    page.keyboard.press("Enter")
    page.get_by_text("The last lines it wrote").click()


MESSY = """shop,opened,price,city,note
North Sea Fish,2019-04-01,12.5,Lisbon,fresh
north sea fish ,2020-05-02,N/A,lisbon,
Harbour Café,2021-06-03,8,Porto,unknown
Harbour Cafe,2021-06-04,9.5,Porto,-
Harbour Café,2021-07-04,9,PORTO,?
Anchor,2022-08-05,100000,Faro,fresh
anchor,2022-08-09,7,Faro,fresh
Anchor,2023-08-05,6.5,Farro,frozen
"""


def open_messy(page: Page, url: str) -> None:
    """A small table with the usual faults."""
    page.goto(url)
    file = {"name": "shops.csv", "mimeType": "text/csv", "buffer": MESSY.encode()}
    page.get_by_label("A file with a table").set_input_files(file)
    page.get_by_role("button", name="Open the table").click()
    page.locator(".cell", has_text="Harbour Cafe").wait_for()


def facets(page: Page, url: str) -> None:
    """Rows chosen by the values of columns."""
    open_movies(page, url)
    where = "?where=\"MPAA+Rating\"+IN+('PG-13',+'PG')&where=\"IMDB+Rating\"+>%3D+6.5&facet=Release+Date"
    page.goto(page.url + where)
    page.get_by_role("region", name="Facet of Release Date").locator(".facet-bars").wait_for()
    page.locator(".cell").first.wait_for()


def clusters(page: Page, url: str) -> None:
    """Spellings that are probably one value."""
    open_messy(page, url)
    page.locator(".head", has=page.get_by_text("shop", exact=True)).locator(".head-menu").click(force=True)
    page.get_by_role("menuitem", name="Merge spellings…").click()
    page.locator(".cluster").first.wait_for()


def profile(page: Page, url: str) -> None:
    """All columns at a glance."""
    open_movies(page, url)
    page.get_by_role("link", name="Profile").click()
    page.locator(".profile-row b").first.wait_for()


def profile_column(page: Page, url: str) -> None:
    """One column in depth."""
    open_movies(page, url)
    page.goto(f"{page.url}?page=profile&column=IMDB+Rating")
    page.locator(".column-chart .chart svg").wait_for()


def open_genres(page: Page, url: str) -> None:
    """A second table, known to this browser, and then the movies."""
    page.goto(url)
    page.get_by_label("A file with a table").set_input_files(
        {"name": "genres.csv", "mimeType": "text/csv", "buffer": GENRES.encode()}
    )
    page.get_by_role("button", name="Open the table").click()
    page.locator(".cell", has_text="Laughs").wait_for()
    open_movies(page, url)


def palette(page: Page, url: str) -> None:
    """The command palette, searched."""
    open_genres(page, url)
    pick(page, "US Gross")
    page.keyboard.press("Control+K")
    page.get_by_role("combobox", name="What do you want to do?").fill("fill")
    page.get_by_role("option").first.wait_for()


def palette_open(page: Page, url: str) -> None:
    """The command palette as it opens."""
    open_genres(page, url)
    page.keyboard.press("Control+K")
    page.get_by_role("option", name="genres.csv").wait_for()


def joining(page: Page, url: str) -> None:
    """Match counts before anything is joined."""
    open_genres(page, url)
    jump(page, "Major Genre")
    show_panel(page, "Do")
    page.get_by_role("button", name="Join another table").click()
    page.get_by_label("The other table").select_option(label="genres.csv (4 × 2)")
    page.locator(".effect.some li").first.wait_for()


def deriving(page: Page, url: str) -> None:
    """A computed column with names completed."""
    open_movies(page, url)
    pick(page, "US Gross")
    show_panel(page, "Do")
    page.get_by_role("button", name="Compute a column").click()
    page.get_by_label("Expression", exact=True).fill('ROUND("US Gross" / "Produ')
    page.get_by_role("option").first.wait_for()


def summing(page: Page, url: str) -> None:
    """Groups and measures."""
    open_movies(page, url)
    jump(page, "Major Genre")
    show_panel(page, "Do")
    page.get_by_role("button", name="Sum up by groups").click()
    page.get_by_role("button", name="Compute something").click()


def recipe(page: Page, url: str) -> None:
    """What each step of a recipe would do here, one of them open to be changed."""
    open_genres(page, url)
    steps = [
        {"operation": "fillWithAverage", "parameters": {"column": "US DVD Sales", "metric": "mean"}},
        {"operation": "trimText", "parameters": {"columns": ["Title"]}},
        {"operation": "renameColumn", "parameters": {"column": "Studio", "newName": "Maker"}},
        {"operation": "join", "parameters": {"otherSessionID": "genres.csv", "keys": [{"column": "Major Genre"}]}},
    ]
    text = json.dumps({"format": "longshore-recipe", "formatVersion": 1, "name": "films.csv", "steps": steps})
    show_panel(page, "History")
    page.get_by_label("Recipe file").set_input_files(
        {"name": "films.recipe.json", "mimeType": "application/json", "buffer": text.encode()}
    )
    page.get_by_role("dialog").get_by_text("Filled 2,637").wait_for()
    page.get_by_label("genres.csv", exact=True).select_option(label="genres.csv (4 × 2)")
    page.get_by_role("dialog").get_by_text("Joined").wait_for()
    page.get_by_role("button", name="Change step 1").click()
    page.get_by_role("form", name="Step 1").wait_for()


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
    "jobs-empty": jobs_empty,
    "jobs-list": jobs_list,
    "job-form": job_inputs,
    "job-running": job_running,
    "job-result-table": job_result,
    "job-result-values": job_values,
    "job-failed": job_failed,
    "facets": facets,
    "clusters": clusters,
    "profile": profile,
    "profile-column": profile_column,
    "palette": palette,
    "palette-open": palette_open,
    "join": joining,
    "derive": deriving,
    "aggregate": summing,
    "recipe": recipe,
    "files": files,
    "link": link,
    "partition": partition,
    "stores": stores,
    "list": list_page,
    "server": server,
    "login": login,
    "explain": explaining,
    "set-aside": setting_aside,
    "together": together,
}


DARK = (
    "start",
    "preview",
    "charts",
    "facets",
    "profile",
    "jobs-list",
    "job-result-table",
    "job-form",
    "palette",
    "partition",
    "list",
    "server",
    "login",
)


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
