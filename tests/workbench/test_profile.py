"""The profile: all columns at a glance, and one in depth, in a real browser."""

from __future__ import annotations

from collections.abc import Callable

import httpx
import pytest

from .conftest import AXE, Opened

Open = Callable[..., Opened]

ROWS = 40


def messy_csv() -> str:
    """A generated table in which each column has one fault."""
    lines = ["id;paid;sum;place;kind;note;gone"]
    for row in range(ROWS):
        paid = f"{1 + row % 28}/{1 + row % 12}/2021" if row % 3 else f"2021-0{1 + row % 9}-11"
        gap = ("N/A", "-", "unknown", "good", "bad")[row % 5]
        place = ("Oslo", "oslo", "Rome ", "Paris")[row % 4]
        lines.append(f"{row + 1};{paid};{row * 3 % 17},{row % 10};{place};same;{gap};{'x' if row == 3 else ''}")
    return "\n".join(lines) + "\n"


def open_messy(opened: Opened) -> str:
    files = {"file": ("messy.csv", messy_csv().encode())}
    made = httpx.post(f"{opened.url}/upload", files=files, timeout=60).json()
    opened.page.goto(f"{opened.url}/{made['sessionID']}?page=profile")
    opened.page.locator(".profile-row", has_text="place").wait_for()
    session_id: str = made["sessionID"]
    return session_id


def names(opened: Opened) -> list[str]:
    found: list[str] = opened.page.locator(".profile-name b").all_inner_texts()
    return found


def test_the_profile_says_what_deserves_a_look(open_page: Open) -> None:
    opened = open_page()
    open_messy(opened)
    said = {
        row.locator(".profile-name b").inner_text(): row.locator(".badge").all_inner_texts()
        for row in opened.page.locator(".profile-row").all()
    }
    assert said["id"] == ["all values differ"]
    assert said["kind"] == ["one value only"]
    assert said["note"] == ["3 spellings of missing"]
    assert "looks like dates kept as text" in said["paid"]
    assert said["place"] == ["blanks at the ends", "1 value differs only in capitals or blanks"]
    assert "98% missing" in said["gone"]


def test_columns_are_found_and_put_in_order(open_page: Open) -> None:
    opened = open_page()
    opened.open_movies()
    page = opened.page
    page.get_by_role("link", name="Profile").click()
    page.locator(".profile-row", has_text="IMDB Votes").wait_for()
    assert names(opened)[:2] == ["Title", "US Gross"]
    page.get_by_label("Order").select_option("most missing first")
    page.locator(".profile-rows li").first.get_by_text("US DVD Sales").wait_for()
    page.get_by_label("Order").select_option("by name")
    page.locator(".profile-rows li").first.get_by_text("Creative Type").wait_for()
    page.get_by_label("Find a column").fill("rating")
    page.locator(".profile-row", has_text="Title").wait_for(state="detached")
    assert names(opened) == ["IMDB Rating", "MPAA Rating", "Rotten Tomatoes Rating"]


def test_a_column_opens_in_depth_by_click_and_by_link(open_page: Open) -> None:
    opened = open_page()
    opened.open_movies()
    page = opened.page
    page.get_by_role("link", name="Profile").click()
    page.get_by_role("link", name="IMDB Rating").click()
    page.locator(".column-chart .chart svg").wait_for()
    assert page.url.endswith("?page=profile&column=IMDB%20Rating")
    numbers = page.locator(".column-numbers")
    assert numbers.locator("div", has_text="Median").locator("dd").inner_text() == "6.4"
    page.reload()
    page.get_by_role("heading", name="IMDB Rating").wait_for()
    page.get_by_role("link", name="Next").click()
    page.get_by_role("heading", name="IMDB Votes").wait_for()
    page.get_by_role("link", name="All columns").click()
    page.get_by_role("link", name="Title").wait_for()


def test_a_column_leads_to_its_rows(open_page: Open) -> None:
    opened = open_page()
    opened.open_movies()
    page = opened.page
    session = page.url
    page.goto(f"{session}?page=profile&column=IMDB+Rating")
    page.get_by_role("button", name="show 27 rows").click()
    page.get_by_text("27 of 3,201 rows").wait_for()
    page.get_by_role("link", name="Profile").click()
    page.get_by_role("link", name="MPAA Rating").click()
    page.locator(".frequent").get_by_role("button", name="NC-17").click()
    page.get_by_text("8 of 3,201 rows").wait_for()
    page.get_by_role("link", name="Profile").click()
    page.get_by_role("link", name="IMDB Rating").click()
    page.get_by_role("button", name="Show the 213 missing").click()
    page.get_by_text("213 of 3,201 rows").wait_for()
    page.get_by_role("link", name="Profile").click()
    page.get_by_role("link", name="IMDB Rating").click()
    page.get_by_role("button", name="Fill missing…").click()
    page.get_by_text("Changes 213 cells").wait_for()


def test_a_fault_leads_to_what_mends_it(open_page: Open) -> None:
    opened = open_page()
    session_id = open_messy(opened)
    page = opened.page
    page.goto(f"{opened.url}/{session_id}?page=profile&column=place")
    page.locator(".column-notices li", has_text="capitals").get_by_role("button", name="Merge spellings…").click()
    page.get_by_role("button", name="Merge 1 group").click()
    page.locator(".toast", has_text="Undo").wait_for()
    page.locator(".column-notices li", has_text="capitals").wait_for(state="detached")


def test_a_column_that_is_gone_is_told(open_page: Open) -> None:
    opened = open_page()
    session_id = open_messy(opened)
    opened.page.goto(f"{opened.url}/{session_id}?page=profile&column=nix")
    opened.page.get_by_text("There is no column “nix” any more").wait_for()


def test_thousands_of_columns_are_drawn_as_far_as_they_are_seen(open_page: Open) -> None:
    opened = open_page()
    wide = ",".join(f"c{at}" for at in range(5000)) + "\n" + ",".join("1" for _ in range(5000)) + "\n"
    made = httpx.post(f"{opened.url}/upload", files={"file": ("wide.csv", wide.encode())}, timeout=120).json()
    page = opened.page
    page.goto(f"{opened.url}/{made['sessionID']}?page=profile")
    page.locator(".profile-row", has_text="c0").first.wait_for(timeout=60_000)
    assert page.locator(".profile-row").count() < 60
    page.locator(".profile").evaluate("each => each.scrollTop = each.scrollHeight - each.clientHeight - 100")
    page.get_by_role("link", name="c4999").wait_for()
    assert page.locator(".profile-row").count() < 60


def test_numbers_are_compared_when_asked(open_page: Open) -> None:
    opened = open_page()
    opened.open_movies()
    opened.page.get_by_role("link", name="Profile").click()
    opened.page.get_by_role("button", name="Show how the numbers go together").click()
    opened.page.locator(".profile-together .chart svg", has_text="Worldwide Gross").wait_for()


@pytest.mark.parametrize("width", [1440, 390])
def test_axe_finds_nothing_serious_in_the_profile(open_page: Open, width: int) -> None:
    if not AXE.is_file():
        pytest.skip("axe-core is not installed: make workbench")
    opened = open_page(width=width)
    page = opened.page
    session_id = open_messy(opened)
    findings = {"list": opened.serious_findings()}
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    for column in ("place", "id"):
        page.goto(f"{opened.url}/{session_id}?page=profile&column={column}")
        page.locator(".column-chart .chart svg").wait_for()
        findings[column] = opened.serious_findings()
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert {name: found for name, found in findings.items() if found} == {}
