"""People's ways through the stores: lists as tables, datasets of them, values under keys."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from support.server import LongshoreServer

from .conftest import AXE, Opened

Open = Callable[..., Opened]


def items(server: LongshoreServer, name: str) -> list[dict[str, Any]]:
    return list(httpx.get(f"{server.url}/store/{name}").json())


def fill(server: LongshoreServer, name: str, *added: dict[str, Any]) -> None:
    httpx.post(f"{server.url}/store/{name}", json=list(added)).raise_for_status()


def go_to(opened: Opened, name: str) -> Any:
    opened.page.goto(f"{opened.url}/?page=stores&list={name}")
    opened.page.get_by_role("button", name="Add an item").wait_for()
    return opened.page


def test_a_list_begins_with_an_item_and_is_found_again(open_page: Open, shared_server: LongshoreServer) -> None:
    opened = open_page()
    page = opened.page
    page.goto(f"{opened.url}/?page=stores")
    page.get_by_label("Name of a list").fill("to do")
    page.keyboard.press("Enter")
    page.get_by_text("Nothing in this list yet").wait_for()
    page.get_by_role("button", name="Add an item").click()
    page.get_by_label("Name of field 1").fill("task")
    page.get_by_label("Value of field 1").fill("wash up")
    page.get_by_role("button", name="Another field").click()
    page.get_by_label("Name of field 2").fill("minutes")
    page.get_by_label("Value of field 2").fill("20")
    page.get_by_role("button", name="Add", exact=True).click()
    page.get_by_role("cell", name="wash up").wait_for()
    assert items(shared_server, "to do") == [{"id": 1, "task": "wash up", "minutes": 20}]
    page.get_by_role("button", name="Add an item").click()
    page.get_by_label("minutes").fill("5")
    page.get_by_role("button", name="Add", exact=True).click()
    page.get_by_role("cell", name="5", exact=True).wait_for()
    page.get_by_role("button", name="Add an item").click()
    page.get_by_label("Write it as JSON").check()
    page.get_by_label("One item, or several").fill('[{"task": "cook"}, {"task": "eat"')
    page.get_by_role("button", name="Add", exact=True).click()
    page.get_by_text("This is not JSON yet").wait_for()
    page.get_by_label("One item, or several").fill('[{"task": "cook"}, {"task": "eat"}]')
    page.get_by_role("button", name="Add", exact=True).click()
    page.get_by_role("cell", name="eat", exact=True).wait_for()
    assert [item.get("task") for item in items(shared_server, "to do")] == ["wash up", None, "cook", "eat"]
    page.goto(f"{opened.url}/?page=stores")
    page.get_by_role("link", name="to do").click()
    page.get_by_role("cell", name="eat", exact=True).wait_for()


def test_cells_are_edited_with_keys(open_page: Open, shared_server: LongshoreServer) -> None:
    fill(shared_server, "edited", {"name": "Ann", "age": 3}, {"name": "007", "age": 4})
    page = go_to(open_page(), "edited")
    page.get_by_role("cell", name="Ann").dblclick()
    page.get_by_label("name, edited").fill("Anna")
    page.keyboard.press("Enter")
    page.locator("td:focus", has_text="Anna").wait_for()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.get_by_label("name, edited").fill("008")
    page.keyboard.press("Enter")
    page.locator("td:focus", has_text="008").wait_for()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    page.get_by_label("age, edited").fill("")
    page.keyboard.press("Enter")
    page.locator("td:focus", has=page.locator(".missing")).wait_for()
    page.keyboard.press("Enter")
    page.get_by_label("age, edited").fill("99")
    page.keyboard.press("Escape")
    page.get_by_label("age, edited").wait_for(state="detached")
    assert items(shared_server, "edited") == [{"id": 1, "name": "Anna", "age": 3}, {"id": 2, "name": "008"}]


def test_items_are_removed_with_a_way_back(open_page: Open, shared_server: LongshoreServer) -> None:
    fill(shared_server, "removed", *({"n": f"item {number}"} for number in range(4)))
    page = go_to(open_page(), "removed")
    page.get_by_label("Choose item 2").check()
    page.get_by_label("Choose item 3").check()
    page.get_by_role("button", name="Remove 2 items").click()
    page.get_by_role("cell", name="item 1", exact=True).wait_for(state="detached")
    assert len(items(shared_server, "removed")) == 4
    page.locator(".toast").get_by_role("button", name="Undo").click()
    page.get_by_role("cell", name="item 1", exact=True).wait_for()
    page.get_by_label("Choose item 4").check()
    page.get_by_role("button", name="Remove 1 item").click()
    with page.expect_response(lambda answer: answer.request.method == "DELETE"):
        page.get_by_role("cell", name="item 3", exact=True).wait_for(state="detached")
    assert [item["id"] for item in items(shared_server, "removed")] == [1, 2, 3]


def test_a_long_list_has_pages_and_is_followed(open_page: Open, shared_server: LongshoreServer) -> None:
    fill(shared_server, "long", *({"n": f"item {number}"} for number in range(1, 251)))
    page = go_to(open_page(), "long")
    page.get_by_role("cell", name="item 100", exact=True).wait_for()
    assert page.get_by_role("cell", name="item 101", exact=True).count() == 0
    page.get_by_role("link", name="The next 100 items").click()
    page.get_by_role("cell", name="item 101", exact=True).wait_for()
    page.get_by_role("link", name="The next 100 items").click()
    page.get_by_role("cell", name="item 250", exact=True).wait_for()
    assert "after=200" in page.url
    page.get_by_label("Follow changes").check()
    fill(shared_server, "long", {"n": "somebody else's"})
    page.get_by_role("cell", name="somebody else's").wait_for()
    page.get_by_role("link", name="To the beginning").click()
    page.get_by_role("cell", name="item 1", exact=True).wait_for()


def test_a_list_becomes_a_dataset_and_back(open_page: Open, shared_server: LongshoreServer) -> None:
    fill(shared_server, "promoted", {"title": "Alien", "year": 1979}, {"title": "Ran", "year": 1985})
    opened = open_page()
    page = go_to(opened, "promoted")
    page.get_by_role("button", name="Make a dataset of it").click()
    page.locator(".cell", has_text="Alien").wait_for()
    dataset = page.url
    assert re.search(r"/[0-9a-f]{30}$", dataset)
    page = go_to(opened, "filled")
    page.get_by_role("button", name="Fill from a dataset").click()
    page.get_by_role("button", name="Append its rows: promoted").click()
    page.locator(".toast", has_text="Added 2 rows").wait_for()
    page.get_by_role("cell", name="Ran").wait_for()
    page.get_by_role("button", name="Fill from a dataset").click()
    page.get_by_label("A dataset’s link").fill(dataset)
    page.keyboard.press("Enter")
    page.get_by_label("Choose item 4").wait_for()
    assert [item["title"] for item in items(shared_server, "filled")] == ["Alien", "Ran", "Alien", "Ran"]


def test_a_value_is_written_checked_and_removed(
    open_page: Open, shared_server: LongshoreServer, tmp_path: Path
) -> None:
    opened = open_page()
    opened.expected = "404"
    page = opened.page
    address = f"{shared_server.url}/kv/settings/colours"
    page.goto(f"{opened.url}/?page=stores")
    page.get_by_label("Key of a value").fill("settings/colours")
    page.keyboard.press("Enter")
    page.get_by_text("Nothing is kept under this key yet").wait_for()
    page.get_by_label("The value").fill('{"accent": ')
    page.get_by_text("Not JSON yet").wait_for()
    assert page.get_by_role("button", name="Save").is_disabled()
    page.get_by_label("The value").fill('{"accent": "blue"}')
    page.get_by_text("Valid JSON").wait_for()
    page.get_by_role("button", name="Save").click()
    page.get_by_text("application/json · 18 B").wait_for()
    assert httpx.get(address).json() == {"accent": "blue"}
    page.get_by_label("It is JSON").uncheck()
    page.get_by_label("The value").fill("just words")
    page.get_by_role("button", name="Save").click()
    page.get_by_text("text/plain · 10 B").wait_for()
    page.get_by_role("button", name="Remove settings/colours").click()
    page.get_by_text("Nothing is kept under this key yet").wait_for()
    page.locator(".toast", has_text="Removed").get_by_role("button", name="Undo").click()
    page.get_by_text("text/plain · 10 B").wait_for()
    assert httpx.get(address).text == "just words"
    (tmp_path / "picture.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    page.get_by_label("A file to keep under this key").set_input_files(tmp_path / "picture.png")
    page.get_by_text("Download it to look at it").wait_for()
    assert httpx.get(address).headers["Content-Type"] == "image/png"
    with page.expect_download() as download:
        page.get_by_role("button", name="Download settings/colours").click()
    assert Path(download.value.path()).read_bytes() == b"\x89PNG\r\n\x1a\n"


def test_a_value_that_somebody_wrote_meanwhile_is_not_removed(open_page: Open, shared_server: LongshoreServer) -> None:
    address = f"{shared_server.url}/kv/shared"
    httpx.put(address, json=1)
    opened = open_page()
    opened.expected = "412"
    page = opened.page
    page.goto(f"{opened.url}/?page=stores&key=shared")
    page.get_by_role("button", name="Remove shared").click()
    page.get_by_text("Nothing is kept").wait_for()
    httpx.put(address, json=2)
    with page.expect_response(lambda answer: answer.request.method == "DELETE") as removing:
        page.evaluate("dispatchEvent(new PageTransitionEvent('pagehide'))")
    assert removing.value.status == 412
    assert httpx.get(address).json() == 2


@pytest.mark.parametrize("width", [1440, 390])
def test_axe_finds_nothing_serious(open_page: Open, shared_server: LongshoreServer, width: int) -> None:
    if not AXE.is_file():
        pytest.skip("axe-core is not installed: make workbench")
    fill(shared_server, "axe", {"title": "Alien", "year": 1979, "note": "a long note that needs room " * 4}, {"n": 1})
    httpx.put(f"{shared_server.url}/kv/axe", json={"a": 1})
    opened = open_page(width=width)
    page = opened.page
    page.goto(f"{opened.url}/?page=stores&key=axe")
    page.get_by_label("The value").wait_for()
    page.get_by_role("link", name="axe").wait_for()
    findings = {"stores": opened.serious_findings()}
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    go_to(opened, "axe").get_by_role("cell", name="Alien").first.dblclick()
    findings["list"] = opened.serious_findings()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Add an item").click()
    page.get_by_role("dialog").wait_for()
    findings["add"] = opened.serious_findings()
    assert {name: found for name, found in findings.items() if found} == {}
