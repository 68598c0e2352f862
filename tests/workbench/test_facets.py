"""Facets and spellings to merge: rows chosen by the values of columns, in a real browser."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from .conftest import AXE, Opened

Open = Callable[..., Opened]

MESSY = """shop,opened,price,city
North Sea Fish,2019-04-01,12.5,Lisbon
north sea fish ,2020-05-02,,lisbon
"Harbour 'Café', old",2021-06-03,8,Porto
"harbour café, old",2021-06-04,9.5,
Anchor,2022-08-05,100000,Faro
Anchor,2023-08-05,6.5,\""") OR TRUE --"
"""


def open_messy(opened: Opened) -> str:
    """A small table with the usual faults; its session id."""
    made = httpx.post(f"{opened.url}/upload", files={"file": ("shops.csv", MESSY.encode())}, timeout=60).json()
    opened.page.goto(f"{opened.url}/{made['sessionID']}")
    opened.page.locator(".cell", has_text="Faro").wait_for()
    session_id: str = made["sessionID"]
    return session_id


def facet(opened: Opened, column: str) -> Any:
    """Open the facet of a column by its menu."""
    opened.head(column).locator(".head-menu").click(force=True)
    opened.page.get_by_role("menuitem", name="Facet", exact=True).click()
    return card(opened, column)


def card(opened: Opened, column: str) -> Any:
    return opened.page.get_by_role("region", name=f"Facet of {column}")


def value(facet_card: Any, name: str) -> Any:
    return facet_card.locator(".facet-value", has=facet_card.page.get_by_text(name, exact=True))


def shows(opened: Opened, words: str) -> None:
    opened.page.locator(".rows-shown", has_text=words).wait_for()


def test_values_are_included_added_and_left_out(open_page: Open) -> None:
    opened = open_page()
    opened.open_movies()
    page = opened.page
    genres = facet(opened, "MPAA Rating")
    page.locator(".facet-name:focus", has_text="MPAA Rating").wait_for()
    value(genres, "PG").locator(".facet-pick").click()
    shows(opened, "354 of 3,201 rows")
    value(genres, "G").locator(".facet-pick").click(modifiers=["Control"])
    shows(opened, "433 of 3,201 rows")
    value(genres, "missing").get_by_role("button", name="Also missing").click()
    shows(opened, "1,038 of 3,201 rows")
    page.get_by_role("listitem").get_by_text("MPAA Rating is PG or G or missing").wait_for()
    value(genres, "R").get_by_role("button", name="All but R").click()
    shows(opened, "2,007 of 3,201 rows")
    value(genres, "R").locator(".facet-pick").press("-")
    page.locator(".rows-shown", has_text="of").wait_for(state="detached")
    value(genres, "PG").locator(".facet-pick").press("+")
    shows(opened, "354 of 3,201 rows")
    page.get_by_role("button", name="Remove: MPAA Rating is PG").click()
    page.get_by_text("3,201 rows", exact=True).wait_for()


def test_facets_narrow_together_and_count_without_themselves(open_page: Open) -> None:
    opened = open_page()
    opened.open_movies()
    page = opened.page
    rating = facet(opened, "MPAA Rating")
    page.get_by_role("button", name="Filter").click()
    page.get_by_role("menuitem", name="Facet of Creative Type").click()
    kinds = card(opened, "Creative Type")
    value(kinds, "Super Hero").locator(".facet-pick").click()
    shows(opened, "49 of 3,201 rows")
    value(rating, "PG-13").locator("b", has_text="30").wait_for()
    value(kinds, "Fantasy").locator("b", has_text="265").wait_for()  # its own choice does not count
    value(rating, "PG-13").locator(".facet-pick").click()
    shows(opened, "30 of 3,201 rows")
    value(kinds, "Super Hero").locator("b", has_text="30").wait_for()
    value(rating, "R").locator("b", has_text="6").wait_for()


def test_numbers_and_dates_have_a_range_that_keys_move(open_page: Open) -> None:
    opened = open_page()
    opened.open_movies()
    page = opened.page
    page.get_by_role("button", name="Filter").click()
    page.get_by_role("menuitem", name="Facet of IMDB Rating").click()
    rating = card(opened, "IMDB Rating")
    handle = rating.get_by_role("slider", name="IMDB Rating, from")
    handle.focus()
    for _ in range(4):
        page.keyboard.press("ArrowRight")
    shows(opened, "2,940 of 3,201 rows")  # 2.96 and above
    assert handle.get_attribute("aria-valuetext") == "2.96"
    rating.get_by_label("IMDB Rating from").fill("9")
    rating.get_by_label("IMDB Rating from").press("Enter")
    shows(opened, "4 of 3,201 rows")
    rating.get_by_role("checkbox", name="missing (213)").check()
    shows(opened, "217 of 3,201 rows")
    rating.get_by_role("button", name="only these").click()
    shows(opened, "213 of 3,201 rows")
    rating.get_by_role("button", name="reset IMDB Rating").click()
    page.get_by_role("button", name="Filter").click()
    page.get_by_role("menuitem", name="Facet of Release Date").click()
    dates = card(opened, "Release Date")
    dates.get_by_label("Release Date to").fill("never")
    dates.get_by_text("Write a date").wait_for()
    dates.get_by_label("Release Date to").fill("1939-12-31")
    dates.get_by_label("Release Date to").press("Enter")
    page.get_by_text("Release Date up to 1939-12-31").wait_for()
    shows(opened, "9 of 3,201 rows")


def test_a_link_shows_another_person_the_same_view(open_page: Open) -> None:
    one, other = open_page(), open_page()
    open_messy(one)
    value(facet(one, "city"), '") OR TRUE --').locator(".facet-pick").click()
    shows(one, "1 of 6 rows")
    value(card(one, "city"), "missing").get_by_role("button", name="Also missing").click()
    shows(one, "2 of 6 rows")
    shop = facet(one, "shop")
    value(shop, "Anchor").get_by_role("button", name="All but Anchor").click()
    shows(one, "1 of 6 rows")
    one.page.wait_for_url("**where**")
    other.page.goto(one.page.url)
    shows(other, "1 of 6 rows")
    assert other.page.locator(".chips .chip").all_inner_texts() == one.page.locator(".chips .chip").all_inner_texts()
    value(card(other, "shop"), "Anchor").wait_for()
    other.page.get_by_role("link", name="Profile").click()
    other.page.get_by_role("link", name="Table").click()
    shows(other, "1 of 6 rows")
    other.page.wait_for_url("**where**")


def test_a_condition_in_a_link_that_is_no_facets_stands_as_a_chip(open_page: Open) -> None:
    opened = open_page()
    session_id = open_messy(opened)
    opened.page.goto(f"{opened.url}/{session_id}?where=price+%3E+AVG(price)")
    shows(opened, "1 of 6 rows")
    opened.page.get_by_role("button", name="Remove: price > AVG(price)").click()
    opened.page.get_by_text("6 rows", exact=True).wait_for()
    assert "where" not in opened.page.url


def test_a_broken_condition_in_a_link_is_told_in_words(open_page: Open) -> None:
    opened = open_page()
    session_id = open_messy(opened)
    opened.page.goto(f"{opened.url}/{session_id}?where=prise+%3E+1")
    opened.page.locator(".toast.failed", has_text="did you mean 'price'?").wait_for()
    opened.page.get_by_text("6 rows", exact=True).wait_for()


def test_a_value_is_changed_everywhere_in_place(open_page: Open) -> None:
    opened = open_page()
    open_messy(opened)
    city = facet(opened, "city")
    value(city, "lisbon").locator(".facet-pick").press("F2")
    field = opened.page.get_by_label("New text for lisbon")
    field.fill("Lisbon")
    field.press("Enter")
    value(city, "Lisbon").locator("b", has_text="2").wait_for()
    assert value(city, "lisbon").count() == 0
    value(city, "missing").get_by_role("button", name="Change missing everywhere").click()
    opened.page.get_by_label("A value for the missing ones of city").fill("somewhere")
    opened.page.keyboard.press("Enter")
    value(city, "somewhere").wait_for()
    opened.page.locator(".toast").last.get_by_role("button", name="Undo").click()
    value(city, "missing").wait_for()


def test_what_facets_show_is_kept_for_good(open_page: Open) -> None:
    opened = open_page()
    session_id = open_messy(opened)
    shop = facet(opened, "shop")
    value(shop, "Anchor").locator(".facet-pick").click()
    shows(opened, "2 of 6 rows")
    opened.page.get_by_role("button", name="Remove these").click()
    opened.page.locator(".toast", has_text="Dropped 2 rows of 6").wait_for()
    opened.page.get_by_text("4 rows", exact=True).wait_for()
    steps = httpx.get(f"{opened.url}/api/v1/datasets/{session_id}/history").json()["steps"]
    assert steps[-1]["operation"] == "dropRows"
    assert steps[-1]["parameters"] == {"where": "\"shop\" IN ('Anchor')"}
    opened.page.locator(".toast").get_by_role("button", name="Undo").click()
    opened.page.get_by_text("6 rows", exact=True).wait_for()


def test_values_that_are_not_shown_are_searched_for(open_page: Open) -> None:
    opened = open_page()
    opened.open_movies()
    titles = facet(opened, "Title")
    titles.get_by_text("3,126 more; search to find them").wait_for()
    titles.get_by_label("Search the values of Title").fill("land girls")
    value(titles, "The Land Girls").locator(".facet-pick").click()
    shows(opened, "1 of 3,201 rows")


def test_a_facet_goes_with_its_column(open_page: Open) -> None:
    opened = open_page()
    session_id = open_messy(opened)
    value(facet(opened, "city"), "Faro").locator(".facet-pick").click()
    shows(opened, "1 of 6 rows")
    httpx.post(f"{opened.url}/api/v1/datasets/{session_id}/operations/deleteColumns", json={"columns": ["city"]})
    opened.page.get_by_text("6 rows", exact=True).wait_for()
    assert card(opened, "city").count() == 0


def test_spellings_are_merged_in_one_step(open_page: Open) -> None:
    opened = open_page()
    session_id = open_messy(opened)
    page = opened.page
    opened.head("shop").locator(".head-menu").click(force=True)
    page.get_by_role("menuitem", name="Merge spellings…").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_text("2 spellings in 2 rows will change").wait_for()
    dialog.get_by_label("Merge the spellings of North Sea Fish").uncheck()
    dialog.get_by_text("1 spelling in 1 row will change").wait_for()
    dialog.get_by_label("2 groups of alike spellings").check()
    dialog.get_by_role("textbox", name="New text for the spellings of North Sea Fish").fill("Sea Fish")
    dialog.get_by_text("3 spellings in 3 rows will change").wait_for()
    dialog.get_by_role("button", name="Merge 2 groups").click()
    # Exactly: before the step it stands in "North Sea Fish".
    page.locator(".cell").get_by_text("Sea Fish", exact=True).first.wait_for()
    step = httpx.get(f"{opened.url}/api/v1/datasets/{session_id}/history").json()["steps"][-1]
    assert step["operation"] == "mergeValues"
    assert len(step["parameters"]["merges"]) == 2
    page.locator(".toast").last.get_by_role("button", name="Undo").click()
    page.locator(".cell").get_by_text("North Sea Fish", exact=True).wait_for()


def test_other_ways_of_comparing_find_other_spellings(open_page: Open) -> None:
    opened = open_page()
    made = httpx.post(
        f"{opened.url}/upload", files={"file": ("t.json", json.dumps([{"t": t} for t in ("Lisbon", "Lisbn", "Oslo")]))}
    ).json()
    opened.page.goto(f"{opened.url}/{made['sessionID']}")
    opened.head("t").locator(".head-menu").click(force=True)
    opened.page.get_by_role("menuitem", name="Merge spellings…").click()
    dialog = opened.page.get_by_role("dialog")
    dialog.get_by_text("No two spellings look alike").wait_for()
    dialog.get_by_text("Few letters differ").click()
    dialog.get_by_role("button", name="Lisbn").wait_for()
    dialog.get_by_label("How alike").select_option("strict")
    dialog.get_by_text("No two spellings look alike").wait_for()


@pytest.mark.parametrize("width", [1440, 390])
def test_axe_finds_nothing_serious_in_facets(open_page: Open, width: int) -> None:
    if not AXE.is_file():
        pytest.skip("axe-core is not installed: make workbench")
    opened = open_page(width=width)
    page = opened.page
    session_id = open_messy(opened)
    page.goto(f"{opened.url}/{session_id}?where=%22shop%22+NOT+IN+('Anchor')&facet=price&facet=opened&facet=city")
    value(card(opened, "shop"), "Anchor").wait_for()
    card(opened, "opened").locator(".facet-bars").wait_for()
    findings = {"facets": opened.serious_findings()}
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.get_by_role("button", name="Hide the facets").click()
    opened.head("shop").locator(".head-menu").click(force=True)
    page.get_by_role("menuitem", name="Merge spellings…").click()
    page.locator(".cluster").first.wait_for()
    findings["clusters"] = opened.serious_findings()
    assert {name: found for name, found in findings.items() if found} == {}
