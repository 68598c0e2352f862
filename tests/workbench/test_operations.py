"""Every operation has its form; those that need more than a column, on real tables."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from .conftest import AXE, Opened

Open = Callable[..., Opened]
GENRES = "Major Genre,Mood,US Gross\nComedy,Laughs,a lot\nDrama,Tears,some\nDrama,More tears,some\nOpera,Song,none\n"


def upload(opened: Opened, name: str, content: str) -> str:
    """A dataset that no browser knows yet; its id."""
    made = httpx.post(f"{opened.url}/upload", files={"file": (name, content.encode())}, timeout=60)
    return str(made.json()["sessionID"])


def visit_genres(opened: Opened) -> str:
    """A second table, which this browser has opened; its id."""
    session = upload(opened, "genres.csv", GENRES)
    opened.page.goto(f"{opened.url}/{session}")
    opened.page.locator(".cell", has_text="Laughs").wait_for()
    return session


def find(opened: Opened, title: str) -> None:
    """Open a form by the Do tab's search."""
    opened.page.get_by_role("tab", name="Do").click()
    opened.page.get_by_label("Find something to do").fill(title)
    opened.page.get_by_role("button", name=title).first.click()
    opened.page.get_by_role("heading", name=title, exact=True).wait_for()


def jump(opened: Opened, column: str) -> None:
    """Select a column that may be out of sight."""
    opened.page.keyboard.press("Control+K")
    opened.page.get_by_role("combobox", name="What do you want to do?").fill(column)
    opened.page.get_by_role("option", name=column).first.click()


def columns(opened: Opened) -> list[str]:
    """The table's columns as the server has them."""
    session = opened.page.url.rsplit("/", 1)[1]
    return list(httpx.get(f"{opened.url}/api/v1/datasets/{session}").json()["columns"])


def test_every_operation_of_the_server_has_a_title_and_a_form(open_page: Open) -> None:
    """Asked of the real server, so that a new operation cannot be forgotten."""
    opened = open_page()
    opened.open_movies()
    page = opened.page
    known = httpx.get(f"{opened.url}/api/v1/operations").json()["operations"]
    assert len(known) > 30
    opened.pick("Title")
    missing = []
    for each in known:
        page.get_by_role("tab", name="Do").click()
        page.get_by_label("Find something to do").fill(each["name"])
        offered = page.locator(f'.offers [data-operation="{each["name"]}"]')
        if not each["enabled"]:
            assert offered.count() == 0
            continue
        title = offered.locator("strong").inner_text()
        if title.lower().replace(" ", "") == each["name"].lower() and " " not in title:
            missing.append(f"{each['name']} has no title")
        offered.click()
        page.get_by_role("heading", name=title, exact=True).wait_for()
        asked = set(page.locator(".operation").evaluate("form => [...form.dataset.fields.split(' ')]"))
        required = set(each["parameters"].get("required", []))
        missing += [f"{each['name']} does not ask for {name}" for name in required - asked]
        page.get_by_role("button", name="Back to the list").click()
    assert missing == []


def test_nothing_is_offered_that_the_server_has_turned_off(open_page: Open) -> None:
    opened = open_page()
    opened.open_movies()
    opened.page.get_by_label("Find something to do").fill("python")
    opened.page.get_by_text("Nothing is called so").wait_for()


def test_offers_stand_under_headings_and_say_what_they_do(open_page: Open) -> None:
    opened = open_page()
    opened.open_movies()
    page = opened.page
    opened.pick("US DVD Sales")
    headings = page.locator(".offer-group h3").all_inner_texts()
    assert headings == ["Missing", "Text", "Numbers and dates", "Columns", "Rows", "Other tables"]
    first = page.get_by_role("region", name="Missing").get_by_role("button").first
    assert first.inner_text().split("\n") == ["Fill missing with an average", "2,637 missing values in US DVD Sales"]


def test_a_join_is_counted_before_it_is_done(open_page: Open) -> None:
    opened = open_page()
    visit_genres(opened)
    opened.open_movies()
    page = opened.page
    jump(opened, "Major Genre")
    find(opened, "Join another table")
    page.get_by_label("The other table", exact=True).select_option(label="genres.csv (4 × 3)")
    effect = page.locator(".effect.some")
    effect.get_by_text("rows match").wait_for()
    assert page.get_by_label("Column of the other table, pair 1").input_value() == "Major Genre"
    effect.get_by_text("One key stands in several rows of genres.csv").wait_for()
    assert "Mood" not in columns(opened)
    page.get_by_role("button", name="Choose").click()
    page.get_by_label("Bring: add one").select_option("Mood")
    effect.get_by_text("Mood").wait_for()
    page.get_by_role("button", name="Apply").click()
    page.locator(".toast", has_text="Joined 1 column of genres.csv by Major Genre").wait_for()
    assert "Mood" in columns(opened)
    assert "US Gross_other" not in columns(opened)


def test_another_table_is_taken_by_its_link(open_page: Open) -> None:
    opened = open_page()
    session = upload(opened, "far.csv", "Title,Note\nSlam,good\n")
    opened.open_movies()
    page = opened.page
    find(opened, "Join another table")
    page.get_by_label("The other table", exact=True).select_option("link")
    page.get_by_label("Link of the other table").fill("somewhere")
    page.get_by_text("ends with 30 letters and digits").wait_for()
    page.get_by_label("Link of the other table").fill(f"{opened.url}/{session}")
    page.locator(".effect.some", has_text="1 of 3,201 rows match").wait_for()


def test_an_append_tells_how_the_tables_differ(open_page: Open) -> None:
    opened = open_page()
    visit_genres(opened)
    opened.open_movies()
    page = opened.page
    find(opened, "Append another table")
    page.get_by_label("The other table", exact=True).select_option(label="genres.csv (4 × 3)")
    effect = page.locator(".effect.some")
    effect.get_by_text("Adds 4 rows").wait_for()
    effect.get_by_text("Only in genres.csv: Mood").wait_for()
    effect.get_by_text("US Gross is whole number here and text there; it becomes text").wait_for()
    page.get_by_role("button", name="Apply").click()
    page.locator(".size", has_text="3,205").wait_for()


def test_groups_become_another_table_that_opens(open_page: Open) -> None:
    opened = open_page()
    opened.open_movies()
    page = opened.page
    before = page.url
    jump(opened, "Major Genre")
    find(opened, "Sum up by groups")
    page.get_by_role("button", name="Compute something").click()
    page.get_by_label("Function 1", exact=True).select_option("mean")
    page.get_by_label("Column of function 1").select_option("IMDB Rating")
    page.get_by_role("button", name="Make the table").click()
    page.locator(".toast", has_text="13 rows, 3 columns").get_by_role("button", name="Open it").click()
    page.locator(".head", has_text="IMDB Rating_mean").wait_for()
    assert page.url != before
    assert columns(opened) == ["Major Genre", "rows", "IMDB Rating_mean"]


def test_values_are_merged(open_page: Open) -> None:
    opened = open_page()
    opened.open_movies()
    page = opened.page
    jump(opened, "Major Genre")
    find(opened, "Merge values")
    for value in ("Comedy", "Romantic Comedy"):
        page.get_by_label("Value to merge, group 1").fill(value)
        page.keyboard.press("Enter")
    assert page.get_by_label("Becomes, group 1").input_value() == "Comedy"
    page.get_by_label("Becomes, group 1").fill("Funny")
    page.locator(".effect.some", has_text="Changes 812 cells").wait_for()
    page.keyboard.press("Enter")
    page.locator(".toast", has_text="Major Genre").wait_for()


def test_a_row_is_inserted_and_rows_are_pasted(open_page: Open) -> None:
    opened = open_page()
    opened.open_movies()
    page = opened.page
    find(opened, "Insert a row")
    page.get_by_label("Above row").fill("1")
    page.get_by_label("Title", exact=True).fill("Nosferatu")
    page.get_by_label("US Gross", exact=True).fill("plenty")
    page.locator(".problem", has_text="plenty").wait_for()
    page.get_by_label("US Gross", exact=True).fill("5")
    page.locator(".effect.some", has_text="Adds 1 row").wait_for()
    page.keyboard.press("Enter")
    page.locator('[row-index="0"] .cell', has_text="Nosferatu").wait_for()
    find(opened, "Add rows")
    page.get_by_label("Rows", exact=True).fill("Title\tUS Gross\nRan\t1\nIkiru\t2\n")
    page.get_by_role("button", name="Apply").click()
    page.locator(".size", has_text="3,204").wait_for()


def test_an_expression_is_written_with_help(open_page: Open) -> None:
    opened = open_page()
    opened.open_movies()
    page = opened.page
    find(opened, "Compute a column")
    field = page.get_by_label("Expression", exact=True)
    assert field.evaluate("element => element === document.activeElement")
    # Whoever writes fast has typed on before the page is drawn again: what waits for that comes late here.
    page.evaluate(
        "() => { window.late = []; window.soon = requestAnimationFrame;"
        " window.requestAnimationFrame = (draw) => window.late.push(draw); }"
    )
    page.keyboard.type("rou")
    page.get_by_role("option", name="ROUND(").wait_for()
    page.keyboard.press("Tab")
    page.keyboard.type('"US')
    page.evaluate("() => window.late.splice(0).forEach((draw) => draw(performance.now()))")
    page.keyboard.type(" G")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    assert field.input_value() == 'ROUND("US Gross"'
    page.evaluate("() => { window.requestAnimationFrame = window.soon; window.late.forEach((draw) => soon(draw)); }")
    page.locator(".expression .hint", has_text="ROUND(").first.wait_for()
    page.keyboard.type(" / 1000000, 1)")
    page.get_by_label("New name").fill("Millions")
    page.locator(".effect.some", has_text="Makes Millions").wait_for()
    page.keyboard.press("Enter")
    page.locator(".toast", has_text="Computed Millions").wait_for()
    assert "Millions" in columns(opened)


def test_what_an_expression_gets_wrong_stands_beside_it_and_esc_leaves(open_page: Open) -> None:
    opened = open_page()
    opened.open_movies()
    page = opened.page
    find(opened, "Compute a column")
    page.get_by_label("Expression", exact=True).fill("Titel || 'x' ")
    page.locator(".form-row", has=page.get_by_label("Expression", exact=True)).locator(
        ".problem", has_text="Title"
    ).wait_for()
    page.keyboard.press("Escape")
    page.locator(".find .field:focus").wait_for()


def test_patterns_and_dates_have_help(open_page: Open) -> None:
    opened = open_page()
    opened.open_movies()
    page = opened.page
    opened.pick("Title")
    find(opened, "Extract with a pattern")
    page.get_by_text("How patterns are written").click()
    page.get_by_text("a group with a name").wait_for()
    find_dates(opened)
    page.get_by_text("How dates can be written").click()
    page.get_by_role("button", name="%d/%m/%Y", exact=True).click()
    assert page.get_by_label("Formats").input_value() == "%d/%m/%Y"


def find_dates(opened: Opened) -> None:
    opened.page.get_by_role("button", name="Back to the list").click()
    find(opened, "Read as dates")


def test_a_name_is_changed_where_it_stands_seen_by_others_and_undone(open_page: Open) -> None:
    one, other = open_page(), open_page()
    one.open_movies()
    other.page.goto(one.page.url)
    other.page.locator(".cell", has_text="The Land Girls").wait_for()
    page = one.page
    page.get_by_role("button", name="movies.json, rename").click()
    page.keyboard.type("films")
    page.keyboard.press("Escape")
    page.get_by_role("button", name="movies.json, rename").click()
    page.keyboard.type("films")
    page.keyboard.press("Enter")
    other.page.get_by_role("button", name="films.json, rename").wait_for()
    assert page.title() == "films.json · Longshore"
    page.locator(".dataset-name:focus").wait_for()
    page.locator(".toast", has_text="Renamed movies.json to films.json").get_by_role("button", name="Undo").click()
    other.page.get_by_role("button", name="movies.json, rename").wait_for()


@pytest.mark.parametrize("width", [1440, 390])
def test_axe_finds_nothing_serious_in_the_forms(open_page: Open, width: int, tmp_path: Path) -> None:
    if not AXE.is_file():
        pytest.skip("axe-core is not installed: make workbench")
    opened = open_page(width=width)
    visit_genres(opened)
    opened.open_movies()
    page = opened.page
    if width < 900:
        page.get_by_role("button", name="Open the side panel").click()
    findings: dict[str, Any] = {"offers": opened.serious_findings()}
    for title in (
        "Join another table",
        "Sum up by groups",
        "Merge values",
        "Insert a row",
        "Compute a column",
        "Sort for good",
    ):
        find(opened, title)
        if title.startswith("Join"):
            page.get_by_label("The other table", exact=True).select_option(label="genres.csv (4 × 3)")
            page.get_by_label("Column of this table, pair 1").wait_for()
        if title.startswith("Compute"):
            page.get_by_label("Expression", exact=True).fill("UPPER(ti")
            page.get_by_role("option").first.wait_for()
        findings[title] = opened.serious_findings()
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        page.get_by_role("button", name="Back to the list").click()
    assert {name: found for name, found in findings.items() if found} == {}


def test_the_functions_of_groups_are_the_servers(open_page: Open) -> None:
    opened = open_page()
    document = httpx.get(f"{opened.url}/api/v1/openapi.json").json()
    known = document["components"]["schemas"]["Aggregate"]["properties"]["function"]["enum"]
    opened.open_movies()
    page = opened.page
    opened.pick("US Gross")
    find(opened, "Sum up by groups")
    page.get_by_role("button", name="Compute something").click()
    offered = (
        page.get_by_label("Function 1", exact=True).locator("option").evaluate_all("each => each.map(one => one.value)")
    )
    assert sorted(offered) == sorted(known), json.dumps(offered)


def test_a_change_of_type_shows_what_is_lost_in_red_and_the_rest_as_it_is(open_page: Open) -> None:
    opened = open_page()
    session = upload(opened, "prices.csv", "price,n\n5,a\nfree,b\n7,c\n05,d\n")
    page = opened.page
    page.goto(f"{opened.url}/{session}")
    page.locator(".cell", has_text="free").wait_for()
    opened.do("price", "Change type")
    page.get_by_label("New type").select_option("int")
    effect = page.locator(".effect.some")
    effect.get_by_text("Changes price from text to whole number.").wait_for()
    assert effect.locator(".loss").all_inner_texts() == ["1 cell becomes missing"]
    lost = page.locator(".grid .lost")
    lost.wait_for()
    assert lost.locator(".was").all_inner_texts() == ["free"]
    assert page.locator(".grid .was").all_inner_texts() == ["free", "05"]
    assert page.locator(".grid .changed .becomes").all_inner_texts() == ["5"]
