"""People's ways through the workbench, on a real server in a real browser."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from support.server import LongshoreServer

from .conftest import AXE, Opened

Open = Callable[..., Opened]


def test_a_table_is_previewed_imported_and_found_again(open_page: Open, tmp_path: Path) -> None:
    opened = open_page()
    page = opened.page
    file = tmp_path / "prices.csv"
    file.write_text("made by hand\nname;price\n Ann;1,5\nBob;\n", "utf-8")
    page.goto(opened.url)
    page.get_by_label("A file with a table").set_input_files(file)
    page.get_by_label("Lines to skip above them").fill("1")
    page.locator(".preview th", has_text="price").wait_for()
    assert page.locator(".preview tbody tr").count() == 2
    page.get_by_role("button", name="Open the table").click()
    page.locator(".cell", has_text="Bob").wait_for()
    assert page.locator(".cell .blank", has_text="·").count() == 1
    assert page.locator(".cell .missing").count() == 1
    page.get_by_role("link", name="Datasets").click()
    page.get_by_role("link", name="prices.csv").click()
    page.locator(".cell", has_text="Bob").wait_for()


def test_a_sample_is_one_click_away(open_page: Open) -> None:
    opened = open_page()
    opened.page.goto(opened.url)
    opened.page.get_by_role("button", name="Films").click()
    opened.page.locator(".cell", has_text="Casablanca").first.wait_for()


def test_cells_are_edited_and_undone_with_keys(open_page: Open) -> None:
    opened = open_page()
    opened.open_movies()
    page = opened.page
    page.locator(".cell", has_text="Foolish").dblclick()
    page.keyboard.press("Control+A")
    page.keyboard.type("Wise")
    page.keyboard.press("Enter")
    page.locator(".cell", has_text="Wise").wait_for()
    page.keyboard.press("Control+Z")
    page.locator(".cell", has_text="Foolish").wait_for()
    page.keyboard.press("Control+Shift+Z")
    page.locator(".cell", has_text="Wise").wait_for()


def test_a_value_that_does_not_fit_is_refused_in_words(open_page: Open) -> None:
    opened = open_page()
    opened.open_movies()
    page = opened.page
    page.locator('[row-index="0"] [col-id="US Gross"]').dblclick()
    page.keyboard.press("Control+A")
    page.keyboard.type("plenty")
    page.keyboard.press("Enter")
    page.locator(".toast.failed", has_text="plenty").wait_for()
    assert page.get_by_role("button", name="Make US Gross text").is_visible()


def test_filter_search_and_sort_stand_as_chips(open_page: Open) -> None:
    opened = open_page()
    opened.open_movies()
    page = opened.page
    opened.head("US Gross").hover()
    opened.head("US Gross").locator(".head-menu").click()
    page.get_by_role("menuitem", name="Show rows where it is missing").click()
    page.get_by_text("7 of 3,201 rows").wait_for()
    page.keyboard.press("/")
    page.keyboard.type("^(Wings|Bananas)$")
    page.get_by_role("button", name="Regular expression").click()
    page.locator("#search").press("Enter")
    page.get_by_text("2 of 3,201 rows").wait_for()
    # Both in one breath: neither may bring the other one back.
    page.evaluate("document.querySelectorAll('.chip button').forEach((button) => button.click())")
    page.locator(".rows-shown", has_text=re.compile(r"^3,201 rows$")).wait_for()
    assert page.locator(".chip").count() == 0
    opened.head("Title").locator(".head-menu").click(force=True)
    page.get_by_role("menuitem", name="Smallest first").click()
    page.locator(".cell", has_text="10,000 B.C.").wait_for()


def test_an_operation_shows_its_effect_before_it_is_applied(open_page: Open) -> None:
    opened = open_page()
    opened.open_movies()
    page = opened.page
    opened.do("US DVD Sales", "Fill missing with an average")
    page.get_by_text("Changes 2,637 cells").wait_for()
    assert page.locator(".grid .changed").count() > 5
    page.get_by_role("button", name="Apply").click()
    page.locator(".toast", has_text="Filled 2,637 missing values in US DVD Sales").wait_for()
    page.get_by_role("tab", name="History").click()
    page.locator(".steps li.current", has_text="Filled 2,637").wait_for()
    page.locator(".toast").get_by_role("button", name="Undo").click()
    page.locator(".steps li.undone", has_text="Filled 2,637").wait_for()


def test_an_error_stands_beside_its_parameter(open_page: Open) -> None:
    opened = open_page()
    opened.open_movies()
    page = opened.page
    opened.do("Title", "Rename column")
    page.get_by_label("New name").fill("Director")
    page.locator(".problem", has_text="Director").wait_for()
    page.get_by_label("New name").fill("Film")
    page.keyboard.press("Enter")
    opened.head("Film").wait_for()


def test_looking_at_a_column_draws_it(open_page: Open) -> None:
    opened = open_page()
    opened.open_movies()
    opened.pick("US Gross")
    opened.page.get_by_role("tab", name="Look").click()
    opened.page.locator(".chart svg").wait_for()
    assert opened.page.locator(".statistics").get_by_text("760,167,650").is_visible()


def test_charts_can_be_taken_away(open_page: Open) -> None:
    opened = open_page()
    opened.open_movies()
    page = opened.page
    page.get_by_role("link", name="Charts").click()
    page.get_by_text("Scatter").click()
    page.get_by_label("Worldwide Gross", exact=True).check()
    page.locator(".chart svg", has_text="Worldwide Gross").wait_for()
    for name, start in (("PNG", b"\x89PNG"), ("SVG", b"<svg"), ("Vega-Lite spec", b"{")):
        with page.expect_download() as download:
            page.get_by_role("button", name=name).click()
        assert Path(download.value.path()).read_bytes().startswith(start)


def test_a_picture_taken_in_the_dark_is_for_paper(open_page: Open) -> None:
    from PIL import Image

    opened = open_page()
    opened.open_movies()
    page = opened.page
    page.get_by_role("button", name="Dark").click()
    page.get_by_role("link", name="Charts").click()
    page.locator(".chart svg").wait_for()
    with page.expect_download() as download:
        page.get_by_role("button", name="PNG").click()
    with Image.open(download.value.path()) as picture:
        assert picture.convert("RGBA").getpixel((0, 0)) == (255, 255, 255, 255)


def test_a_chart_fills_the_page(open_page: Open) -> None:
    opened = open_page()
    opened.open_movies()
    page = opened.page
    page.get_by_role("link", name="Charts").click()
    chart = page.locator(".chart svg.marks")
    chart.wait_for()

    def drawn_with(height: int, least: int, most: int) -> None:
        page.set_viewport_size({"width": 1440, "height": height})
        page.evaluate(
            """([least, most]) => new Promise((resolve) => {
                const look = () => {
                    const svg = document.querySelector(".chart svg.marks");
                    const { height } = svg ? svg.getBoundingClientRect() : { height: 0 };
                    least < height && height < most ? resolve() : requestAnimationFrame(look);
                };
                look();
            })""",
            [least, most],
        )

    drawn_with(1400, 1100, 1400)
    drawn_with(500, 340, 400)


def test_a_step_is_taken_out_after_its_consequences_were_shown(open_page: Open) -> None:
    opened = open_page()
    opened.open_movies()
    page = opened.page
    opened.do("Title", "Duplicate column")
    page.get_by_role("button", name="Apply").click()
    opened.head("Title_copy").wait_for()
    opened.do("Title_copy", "Rename column")
    page.get_by_label("New name").fill("Name")
    page.get_by_role("button", name="Apply").click()
    opened.head("Name").wait_for()
    page.get_by_role("tab", name="History").click()
    page.locator(".steps li").nth(1).get_by_role("button", name="Take out").click()
    page.get_by_role("dialog").get_by_text("no longer apply").wait_for()
    page.get_by_role("button", name="Take it out").click()
    page.locator(".head", has_text="Name").wait_for(state="detached")


def test_a_recipe_goes_to_another_table(open_page: Open, tmp_path: Path) -> None:
    opened = open_page()
    opened.open_movies()
    page = opened.page
    opened.do("US DVD Sales", "Fill missing with an average")
    page.get_by_role("button", name="Apply").click()
    page.locator(".toast", has_text="Filled").wait_for()
    page.get_by_role("tab", name="History").click()
    with page.expect_download() as download:
        page.get_by_role("button", name="Save recipe").click()
    recipe = tmp_path / "movies.recipe.json"
    download.value.save_as(recipe)
    assert json.loads(recipe.read_text())["format"] == "longshore-recipe"
    with page.expect_download() as download:
        page.get_by_role("button", name="Save as Python").click()
    assert "polars" in Path(download.value.path()).read_text()
    opened.open_movies()
    page.get_by_role("tab", name="History").click()
    page.get_by_label("Recipe file").set_input_files(recipe)
    page.get_by_role("button", name="Apply 1 step").click()
    page.locator(".steps li.current", has_text="Filled 2,637").wait_for()


def test_two_people_see_each_other(open_page: Open) -> None:
    one, other = open_page(), open_page()
    one.open_movies()
    other.page.goto(one.page.url)
    one.page.get_by_text("1 other here").wait_for()
    other.page.locator(".cell", has_text="Foolish").dblclick()
    other.page.keyboard.press("Control+A")
    other.page.keyboard.type("Wise")
    other.page.keyboard.press("Enter")
    one.page.locator(".cell", has_text="Wise").wait_for()
    one.page.locator(".toast", has_text="Somebody else").wait_for()
    other.page.goto(other.url)
    one.page.get_by_text("1 other here").wait_for(state="detached")


def test_what_is_not_there_is_said(open_page: Open) -> None:
    opened = open_page()
    opened.page.goto(f"{opened.url}/{'0' * 30}")
    opened.page.get_by_text("There is no such dataset").wait_for()
    opened.expected = "404"


@pytest.mark.parametrize("width", [1440, 390])
def test_axe_finds_nothing_serious(open_page: Open, width: int) -> None:
    if not AXE.is_file():
        pytest.skip("axe-core is not installed: make workbench")
    opened = open_page(width=width)
    page = opened.page
    page.goto(opened.url)
    page.get_by_text("Seattle weather").wait_for()
    findings = {"start": opened.serious_findings()}
    opened.open_movies()
    page.locator(".strip svg").first.wait_for()
    findings["table"] = opened.serious_findings()
    opened.pick("Title")
    if width < 900:
        page.get_by_role("button", name="Open the side panel").click()
    for tab in ("Do", "Look", "History"):
        page.get_by_role("tab", name=tab).click()
        findings[tab] = opened.serious_findings()
    page.goto(f"{page.url}?page=charts")
    page.locator(".chart svg").wait_for()
    findings["charts"] = opened.serious_findings()
    assert {name: found for name, found in findings.items() if found} == {}


def test_the_page_is_checked_for_anew_and_its_parts_never(shared_server: LongshoreServer) -> None:
    page = httpx.get(shared_server.url, headers={"Accept": "text/html"})
    assert page.headers["Cache-Control"] == "no-cache"
    script = next(piece for piece in page.text.split('"') if piece.startswith("/assets/") and piece.endswith(".js"))
    answer = httpx.get(shared_server.url + script)
    assert "immutable" in answer.headers["Cache-Control"]
    assert answer.headers["Content-Encoding"] == "gzip"
    assert answer.headers["Content-Type"].startswith("text/javascript")
    assert httpx.get(shared_server.url, headers={"Accept": "application/json"}).json()["message"] == "ok"


def test_a_restart_of_the_server_is_caught_up_with(open_page: Open, server: LongshoreServer) -> None:
    opened = open_page(server.url)
    opened.open_movies()
    page = opened.page
    address = page.url
    opened.expected = "net::ERR_"
    port = server.url.rsplit(":", 1)[1]
    server.end()
    page.get_by_text("The connection is lost").wait_for()
    server.environment["PORT"] = port
    server.start()
    server.wait_until_ready()
    session = address.rsplit("/", 1)[1]
    httpx.post(f"{server.url}/api/v1/datasets/{session}/operations/deleteColumns", json={"columns": ["IMDB Votes"]})
    page.locator(".toast", has_text="Connected again").wait_for()
    page.get_by_text("The connection is lost").wait_for(state="detached")
    page.locator(".size", has_text="× 15").wait_for()
