"""The steps: who and when, there and back, copied, taken over to another table with changes."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from .conftest import AXE, Opened

Open = Callable[..., Opened]
STEPS = [
    {"operation": "fillWithAverage", "parameters": {"column": "US DVD Sales", "metric": "mean"}},
    {"operation": "renameColumn", "parameters": {"column": "Studio", "newName": "Maker"}},
    {"operation": "trimText", "parameters": {"columns": ["Title"]}},
]
JOIN = {"operation": "join", "parameters": {"otherSessionID": "genres.csv", "keys": [{"column": "Major Genre"}]}}


def recipe_of(*steps: dict[str, Any]) -> dict[str, Any]:
    return {"format": "longshore-recipe", "formatVersion": 1, "name": "films.csv", "steps": list(steps)}


def change(opened: Opened, operation: str, **parameters: Any) -> None:
    """A change by somebody else."""
    session = opened.page.url.rsplit("/", 1)[1]
    address = f"{opened.url}/api/v1/datasets/{session}/operations/{operation}"
    answer = httpx.post(address, json=parameters, headers={"Uid": "ada"}, timeout=60)
    assert answer.json()["success"], answer.text


def load(opened: Opened, recipe: dict[str, Any], tmp_path: Path) -> Any:
    """Open the recipe's dialog; it."""
    file = tmp_path / "films.recipe.json"
    file.write_text(json.dumps(recipe))
    page = opened.page
    page.get_by_role("tab", name="History").click()
    page.get_by_label("Recipe file").set_input_files(file)
    return page.get_by_role("dialog")


def test_a_step_says_what_who_and_when(open_page: Open) -> None:
    opened = open_page()
    opened.open_movies()
    page = opened.page
    change(opened, "fillWithAverage", column="US Gross", metric="mean")
    page.get_by_role("tab", name="History").click()
    step = page.locator(".steps li.current")
    step.get_by_text("Filled 7 missing values in US Gross with the mean (44,002,100)").wait_for()
    assert "ada" in step.inner_text()
    exact = step.locator(".when").get_attribute("title")
    assert exact is not None
    assert str(datetime.now().year) in exact  # noqa: DTZ005 - as the browser shows it, in local time
    page.locator(".toast", has_text="ada: Filled 7").wait_for()


def test_steps_are_walked_with_keys(open_page: Open) -> None:
    opened = open_page()
    opened.open_movies()
    page = opened.page
    page.get_by_role("tab", name="History").click()
    change(opened, "trimText", columns=["Title"])
    change(opened, "deleteColumns", columns=["Source"])
    page.locator(".steps li.current", has_text="Source").wait_for()
    page.locator(".steps .step").last.focus()
    page.keyboard.press("Home")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.locator(".steps li.current", has_text="Trimmed").wait_for()
    page.locator(".steps li.undone", has_text="Source").wait_for()
    page.locator(".step:focus", has_text="Trimmed").wait_for()
    page.keyboard.press("Delete")
    page.get_by_role("dialog", name="Take this step out?").wait_for()
    page.keyboard.press("Escape")
    page.get_by_role("dialog").wait_for(state="detached")


def test_a_step_is_copied_and_pasted_into_another_table(open_page: Open) -> None:
    opened = open_page()
    opened.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    opened.open_movies()
    page = opened.page
    page.get_by_role("tab", name="History").click()
    change(opened, "deleteColumns", columns=["Source"])
    change(opened, "trimText", columns=["Title"])
    page.locator(".steps li.current", has_text="Trimmed").wait_for()
    page.get_by_role("button", name="Copy all").click()
    page.locator(".toast", has_text="2 steps are copied").wait_for()
    assert len(json.loads(page.evaluate("navigator.clipboard.readText()"))["steps"]) == 2
    page.locator(".steps li", has_text="Source").last.get_by_title("Copy this step").click()
    page.locator(".toast", has_text="The step is copied").wait_for()
    opened.open_movies()
    page.get_by_role("tab", name="History").click()
    page.keyboard.press("Control+V")
    dialog = page.get_by_role("dialog", name="Apply 1 step of movies.json")
    dialog.get_by_role("button", name="Apply 1 step").click()
    page.locator(".steps li.current", has_text="Source").wait_for()


def test_steps_of_a_recipe_are_changed_and_skipped(open_page: Open, tmp_path: Path) -> None:
    opened = open_page()
    opened.open_movies()
    page = opened.page
    dialog = load(opened, recipe_of(*STEPS), tmp_path)
    rows = dialog.locator("tbody tr")
    rows.nth(0).get_by_text("Filled 2,637 missing values in US DVD Sales with the mean").wait_for()
    rows.nth(1).get_by_text("no column 'Studio'").wait_for()
    dialog.get_by_text("1 step that does not apply is left out").wait_for()
    dialog.get_by_role("button", name="Change step 2").click()
    dialog.get_by_label("Column", exact=True).select_option("Distributor")
    dialog.get_by_role("button", name="Take this").click()
    rows.nth(1).get_by_text("Maker").wait_for()
    dialog.get_by_role("button", name="Change step 1").click()
    dialog.get_by_label("Average").select_option("median")
    dialog.get_by_role("button", name="Take this").click()
    rows.nth(0).get_by_text("with the median").wait_for()
    dialog.get_by_role("checkbox", name="Do step 3").uncheck()
    rows.nth(2).get_by_text("Skipped").wait_for()
    dialog.get_by_role("button", name="Apply 2 steps").click()
    page.locator(".steps li.current", has_text="Maker").wait_for()
    sentences = page.locator(".steps .sentence").all_inner_texts()
    assert len(sentences) == 3
    assert "median" in sentences[1]


def test_a_recipe_asks_which_other_tables_it_reads(open_page: Open, tmp_path: Path) -> None:
    opened = open_page()
    page = opened.page
    content = b"Major Genre,Mood\nComedy,Laughs\nDrama,Tears\n"
    made = httpx.post(f"{opened.url}/upload", files={"file": ("moods.csv", content)}, timeout=60).json()
    page.goto(f"{opened.url}/{made['sessionID']}")
    page.locator(".cell", has_text="Laughs").wait_for()
    opened.open_movies()
    dialog = load(opened, recipe_of(JOIN), tmp_path)
    dialog.locator("tbody .loss").wait_for()
    assert dialog.get_by_role("button", name="Apply 0 steps").is_disabled()
    dialog.get_by_label("genres.csv", exact=True).select_option(label="moods.csv (2 × 2)")
    dialog.get_by_text("Joined 1 column of moods.csv by Major Genre").wait_for()
    dialog.get_by_role("button", name="Apply 1 step").click()
    page.locator(".steps li.current", has_text="Joined 1 column of moods.csv").wait_for()


def test_what_is_no_recipe_is_said(open_page: Open, tmp_path: Path) -> None:
    opened = open_page()
    opened.open_movies()
    load(opened, {"steps": []}, tmp_path)
    opened.page.locator(".toast.failed", has_text="films.recipe.json is no recipe").wait_for()


@pytest.mark.parametrize("width", [1440, 390])
def test_axe_finds_nothing_serious_in_the_recipe(open_page: Open, width: int, tmp_path: Path) -> None:
    if not AXE.is_file():
        pytest.skip("axe-core is not installed: make workbench")
    opened = open_page(width=width)
    opened.open_movies()
    page = opened.page
    if width < 900:
        page.get_by_role("button", name="Open the side panel").click()
    dialog = load(opened, recipe_of(*STEPS, JOIN), tmp_path)
    dialog.get_by_text("Filled 2,637").wait_for()
    dialog.get_by_role("button", name="Change step 1").click()
    dialog.get_by_role("form", name="Step 1").wait_for()
    assert opened.serious_findings() == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
