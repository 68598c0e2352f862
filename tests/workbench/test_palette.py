"""The command palette: everything by a few letters, from every page, with the keyboard alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from .conftest import AXE, Opened

Open = Callable[..., Opened]


def call(opened: Opened, query: str = "") -> Any:
    """Open the palette and type; its input."""
    opened.page.get_by_role("button", name="Find commands").wait_for()
    opened.page.keyboard.press("Control+K")
    field = opened.page.get_by_role("combobox", name="What do you want to do?")
    field.fill(query)
    return field


def test_an_operation_is_found_and_its_form_opened_with_keys(open_page: Open) -> None:
    opened = open_page()
    opened.open_movies()
    page = opened.page
    opened.pick("US Gross")
    field = call(opened, "fill aver")
    option = page.get_by_role("option", name="Fill missing with an average")
    assert option.get_attribute("aria-selected") == "true"
    assert "7 missing values in US Gross" in option.inner_text()
    assert field.get_attribute("aria-activedescendant") == option.get_attribute("id")
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="Fill missing with an average").wait_for()
    page.get_by_text("Changes 7 cells").wait_for()


def test_arrows_walk_and_go_round(open_page: Open) -> None:
    opened = open_page()
    opened.open_movies()
    page = opened.page
    call(opened, "export as")
    options = page.get_by_role("option")
    assert options.count() >= 6
    names = options.all_inner_texts()
    page.keyboard.press("ArrowDown")
    assert page.locator('[role=option][aria-selected="true"]').inner_text() == names[1]
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowUp")
    assert page.locator('[role=option][aria-selected="true"]').inner_text() == names[-1]


def test_the_focus_goes_back_where_it_was(open_page: Open) -> None:
    opened = open_page()
    opened.open_movies()
    page = opened.page
    find = page.get_by_label("Find something to do")
    find.focus()
    call(opened, "nothing of the kind")
    page.get_by_text("Nothing is called so").wait_for()
    page.keyboard.press("Escape")
    page.get_by_role("dialog").wait_for(state="detached")
    assert find.evaluate("element => element === document.activeElement")
    page.get_by_role("button", name="Commands", exact=True).click()
    page.keyboard.press("Control+K")
    page.get_by_role("dialog").wait_for(state="detached")


def test_a_column_out_of_sight_is_jumped_to_and_selected(open_page: Open) -> None:
    opened = open_page()
    opened.open_movies()
    page = opened.page
    assert opened.head("IMDB Votes").count() == 0
    call(opened, "imdb vo")
    page.keyboard.press("Enter")
    opened.head("IMDB Votes").wait_for()
    page.get_by_text("Selected: IMDB Votes").wait_for()


def test_undo_and_pages_from_the_charts(open_page: Open) -> None:
    opened = open_page()
    opened.open_movies()
    page = opened.page
    opened.do("Title", "Trim blanks")
    page.get_by_role("button", name="Apply").click()
    page.locator(".toast", has_text="Trimmed").wait_for()
    page.get_by_role("link", name="Charts").click()
    call(opened, "undo")
    page.get_by_role("option", name="Undo").wait_for()
    page.keyboard.press("Enter")
    page.locator(".toast", has_text="Taken back").wait_for()
    call(opened, "sum up")
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="Sum up by groups").wait_for()
    assert "page=charts" not in page.url


def test_other_pages_have_tables_places_and_colours(open_page: Open) -> None:
    opened = open_page()
    opened.open_movies()
    page = opened.page
    page.goto(f"{opened.url}/?page=server")
    call(opened, "movies")
    page.get_by_role("option", name="movies.json").wait_for()
    page.keyboard.press("Enter")
    page.locator(".cell", has_text="The Land Girls").wait_for()
    page.goto(opened.url)
    call(opened, "dark")
    page.keyboard.press("Enter")
    page.locator('html[data-theme="dark"]').wait_for()
    call(opened, "stores")
    page.keyboard.press("Enter")
    page.wait_for_url("**/?page=stores")
    call(opened, "keys")
    page.keyboard.press("Enter")
    page.get_by_role("dialog", name="Keys").get_by_text("do anything, go anywhere").wait_for()


@pytest.mark.parametrize("width", [1440, 390])
def test_axe_finds_nothing_serious_in_the_palette(open_page: Open, width: int) -> None:
    if not AXE.is_file():
        pytest.skip("axe-core is not installed: make workbench")
    opened = open_page(width=width)
    opened.open_movies()
    call(opened)
    opened.page.get_by_role("option", name="Undo").wait_for(state="detached")
    opened.page.get_by_role("option", name="Charts").wait_for()
    assert opened.serious_findings() == []
    assert opened.page.evaluate("document.documentElement.scrollWidth") <= width
