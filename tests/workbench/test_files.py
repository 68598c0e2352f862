"""People's ways through the page of files, on real servers: links, partitions, uploads that break off."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from support.cutting import cutting
from support.server import LongshoreServer

from .conftest import AXE, MOVIES, Opened

Open = Callable[..., Opened]
SIZE = 30_000_000
CUT_AFTER = 9_000_000


@pytest.fixture(scope="module")
def offering(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LongshoreServer]:
    """A server with files on offer."""
    folder = tmp_path_factory.mktemp("offering")
    offered = folder / "offered"
    (offered / "2024").mkdir(parents=True)
    (offered / "2024" / "prices.csv").write_text("name;price\nAnn;1,5\nBob;2\n")
    (offered / "movies.json").write_bytes(MOVIES.read_bytes())
    (offered / "model.bin").write_bytes(b"\0\1" * 500)
    with LongshoreServer(folder / "storage", FILES_ROOT=str(offered)) as server:
        yield server


@pytest.fixture
def large(tmp_path: Path) -> Path:
    """A file that is on its way for a while."""
    path = tmp_path / "readings.bin"
    path.write_bytes(b"0123456789abcdef" * (SIZE // 16))
    return path


def go_to(opened: Opened, partition: str) -> Any:
    opened.page.goto(f"{opened.url}/?page=files&partition={partition}")
    opened.page.get_by_label("Files to store").wait_for(state="attached")
    return opened.page


def test_a_link_is_made_copied_and_works_once(open_page: Open, offering: LongshoreServer) -> None:
    opened = open_page(offering.url)
    page = opened.page
    page.context.grant_permissions(["clipboard-read", "clipboard-write"], origin=offering.url)
    page.goto(f"{opened.url}/?page=files")
    page.get_by_text("1.4 MB · application/json").wait_for()
    page.get_by_role("button", name="Make a link to 2024/prices.csv").click()
    page.get_by_label("For at most").select_option(label="1 day")
    page.get_by_role("button", name="Make the link").click()
    address = page.get_by_label("The link").input_value()
    page.get_by_text("It works once, within 1 day").wait_for()
    page.locator(".toast", has_text="made and copied").wait_for()
    assert page.evaluate("navigator.clipboard.readText()") == address
    taken = httpx.get(address)
    assert taken.content == b"name;price\nAnn;1,5\nBob;2\n"
    assert "attachment" in taken.headers["Content-Disposition"]
    opened.expected = "404"
    page.goto(address)
    page.get_by_text("it may have been used, or its time is up").wait_for()


def test_a_link_for_everyone_is_shown_in_the_browser(open_page: Open, offering: LongshoreServer) -> None:
    opened = open_page(offering.url)
    page = opened.page
    page.goto(f"{opened.url}/?page=files")
    page.get_by_role("button", name="Make a link to movies.json").click()
    page.get_by_label("for everyone who has it").check()
    page.get_by_label("shows it, where it can").check()
    page.get_by_role("button", name="Make the link").click()
    address = page.get_by_label("The link").input_value()
    for _ in range(2):
        taken = httpx.get(address)
        assert taken.status_code == 200
        assert "attachment" not in taken.headers.get("Content-Disposition", "")


def test_a_file_on_offer_becomes_a_dataset(open_page: Open, offering: LongshoreServer) -> None:
    opened = open_page(offering.url)
    page = opened.page
    page.goto(f"{opened.url}/?page=files")
    page.get_by_role("button", name="Open as a table: 2024/prices.csv").click()
    page.get_by_role("region", name="The first rows").get_by_text("Bob").wait_for()
    page.get_by_role("button", name="Open the table").click()
    page.locator(".cell", has_text="Bob").wait_for()
    assert re.search(r"/[0-9a-f]{30}$", page.url)
    assert page.get_by_role("heading", name="prices.csv").is_visible()


def test_a_stored_file_is_looked_at_with_its_options_before(open_page: Open, offering: LongshoreServer) -> None:
    text = "Verkäufe, intern\n\nName;Größe\nÄnne;1,5\nBob;2\n"
    httpx.put(f"{offering.url}/fs/mess/v.csv", content=text.encode("cp1252")).raise_for_status()
    opened = open_page(offering.url)
    page = opened.page
    page.goto(f"{opened.url}/?page=files&path=mess/v.csv")
    page.get_by_role("button", name="Open as a table: mess/v.csv").click()
    page.get_by_role("columnheader", name="Größe").wait_for()
    page.locator(".told", has_text="2 lines above the names were left out").wait_for()
    page.get_by_label("Names of the columns").select_option(label="there are none")
    page.get_by_role("columnheader", name="column_0").wait_for()
    page.get_by_role("button", name="Open the table").click()
    page.locator(".cell", has_text="Größe").wait_for()
    page.go_back()
    page.get_by_role("columnheader", name="Größe").wait_for()
    page.get_by_role("button", name="Choose another file").click()
    page.get_by_role("button", name="Open as a table: mess/v.csv").wait_for()


def test_a_stored_file_that_is_gone_is_told(open_page: Open, offering: LongshoreServer) -> None:
    opened = open_page(offering.url)
    opened.expected = "404"
    opened.page.goto(f"{opened.url}/?open=path&path=mess/none.csv")
    opened.page.get_by_role("alert").get_by_text("no").wait_for()


def test_files_on_offer_are_downloaded(open_page: Open, offering: LongshoreServer) -> None:
    opened = open_page(offering.url)
    page = opened.page
    page.goto(f"{opened.url}/?page=files")
    with page.expect_download() as download:
        page.get_by_role("button", name="Download model.bin").click()
    assert Path(download.value.path()).read_bytes() == b"\0\1" * 500
    assert download.value.suggested_filename == "model.bin"


def test_a_partition_begins_with_its_first_file(open_page: Open, offering: LongshoreServer, tmp_path: Path) -> None:
    opened = open_page(offering.url)
    page = opened.page
    page.goto(f"{opened.url}/?page=files")
    page.get_by_label("Name of a partition").fill("reports / 2024")
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="Nothing here yet").wait_for()
    assert "partition=reports%2F2024" in page.url
    chosen = [tmp_path / "Übersicht.csv", tmp_path / "notes.txt"]
    chosen[0].write_text("a,b\n1,2\n")
    chosen[1].write_text("hello")
    page.get_by_label("Files to store").set_input_files(chosen)
    page.get_by_role("heading", name="2 files").wait_for()
    assert httpx.get(f"{opened.url}/reports/2024/Übersicht.csv").text == "a,b\n1,2\n"
    assert page.get_by_text(f"curl -F file=@name {opened.url}/reports/2024").is_visible()
    page.locator(".trail").get_by_role("link", name="reports").click()
    page.get_by_role("link", name="2024").click()
    page.get_by_role("button", name="Open as a table: Übersicht.csv").click()
    page.get_by_role("button", name="Open the table").click()
    page.locator(".head", has_text="b").first.wait_for()
    page.goto(f"{opened.url}/?page=files")
    page.get_by_role("link", name="reports", exact=True).wait_for()


def test_a_name_that_is_taken_is_said_and_the_first_stays(
    open_page: Open, offering: LongshoreServer, tmp_path: Path
) -> None:
    httpx.post(f"{offering.url}/taken", files={"file": ("a.txt", b"first")}).raise_for_status()
    opened = open_page(offering.url)
    opened.expected = "409"
    page = go_to(opened, "taken")
    (tmp_path / "a.txt").write_text("second")
    page.get_by_label("Files to store").set_input_files(tmp_path / "a.txt")
    page.get_by_role("alert").filter(has_text="there is a file called 'a.txt' already").wait_for()
    assert httpx.get(f"{offering.url}/taken/a.txt").text == "first"
    page.get_by_role("button", name="Take a.txt off this list").click()
    page.get_by_role("alert").wait_for(state="detached")


def test_an_upload_goes_on_after_the_connection_was_cut(
    open_page: Open, offering: LongshoreServer, large: Path
) -> None:
    with cutting(offering.url, CUT_AFTER) as url:
        opened = open_page(url)
        opened.expected = "Failed to load resource"
        page = go_to(opened, "cut")
        offsets: list[int] = []
        page.on("request", lambda each: each.method == "PATCH" and offsets.append(int(each.headers["upload-offset"])))
        page.get_by_label("Files to store").set_input_files(large)
        page.get_by_text("stored, 30.0 MB").wait_for()
        page.get_by_role("heading", name="1 file").wait_for()
    assert offsets[0] == 0
    assert offsets[-1] >= CUT_AFTER // 2, "it began anew"
    assert httpx.get(f"{offering.url}/cut/readings.bin").content == large.read_bytes()


def test_an_upload_goes_on_after_a_reload(open_page: Open, offering: LongshoreServer, large: Path) -> None:
    is_cut = threading.Event()
    with cutting(offering.url, CUT_AFTER, is_cut.set) as url:
        opened = open_page(url)
        opened.expected = "Failed to load resource"
        page = go_to(opened, "later")
        down = re.compile("/tus/[0-9a-f]+$")
        page.route(down, lambda route: route.abort() if is_cut.is_set() else route.fallback())
        page.get_by_label("Files to store").set_input_files(large)
        page.get_by_text("The connection broke; it goes on as soon as it is back").wait_for()
        page.unroute(down)
        page.reload()
        page.get_by_text("arrived before. Choose the same file again").wait_for()
        offsets: list[int] = []
        page.on("request", lambda each: each.method == "PATCH" and offsets.append(int(each.headers["upload-offset"])))
        page.get_by_label("Files to store").set_input_files(large)
        page.get_by_text("stored, 30.0 MB").wait_for()
        page.get_by_text("arrived before").wait_for(state="detached")
    assert offsets[0] >= CUT_AFTER // 2, "it began anew"
    assert httpx.get(f"{offering.url}/later/readings.bin").content == large.read_bytes()


def test_an_upload_is_paused_and_goes_on_or_is_given_up(
    open_page: Open, offering: LongshoreServer, large: Path
) -> None:
    is_cut = threading.Event()
    with cutting(offering.url, CUT_AFTER, is_cut.set) as url:
        opened = open_page(url)
        opened.expected = "Failed to load resource"
        page = go_to(opened, "paused")
        down = re.compile("/tus/[0-9a-f]+$")
        page.route(down, lambda route: route.abort() if is_cut.is_set() else route.fallback())
        page.get_by_label("Files to store").set_input_files(large)
        page.get_by_text("The connection broke").wait_for()
        page.get_by_role("button", name="Pause readings.bin").click()
        page.get_by_text("paused at").wait_for()
        page.unroute(down)
        page.get_by_role("button", name="Go on with readings.bin").click()
        page.get_by_text("stored, 30.0 MB").wait_for()


def test_a_broken_upload_is_given_up(open_page: Open, offering: LongshoreServer, large: Path) -> None:
    opened = open_page(offering.url)
    opened.expected = "Failed to load resource"
    page = go_to(opened, "given-up")
    down = re.compile("/tus/[0-9a-f]+$")
    with page.expect_response(lambda answer: answer.url.endswith("/tus/")) as begun:
        page.route(down, lambda route: route.abort())
        page.get_by_label("Files to store").set_input_files(large)
    address = offering.url + begun.value.headers["location"].removeprefix(offering.url)
    page.get_by_text("The connection broke").wait_for()
    page.reload()
    page.unroute(down)
    page.reload()
    with page.expect_response(lambda answer: answer.request.method == "DELETE"):
        page.get_by_role("button", name="Give it up").click()
    page.get_by_text("arrived before").wait_for(state="detached")
    assert httpx.get(address).status_code == 404


def test_a_file_at_a_path_is_stored_replaced_and_removed_with_a_way_back(
    open_page: Open, offering: LongshoreServer, tmp_path: Path
) -> None:
    opened = open_page(offering.url)
    opened.expected = "404"
    page = opened.page
    page.goto(f"{opened.url}/?page=files")
    page.get_by_label("Path of a file").fill("models/new.csv")
    page.keyboard.press("Enter")
    page.get_by_text("No file is here yet").wait_for()
    (tmp_path / "x.csv").write_text("a\n1\n")
    page.get_by_label("A file to store at this path").set_input_files(tmp_path / "x.csv")
    page.get_by_text("4 B · text/csv").wait_for()
    assert httpx.get(f"{opened.url}/fs/models/new.csv").text == "a\n1\n"
    page.get_by_role("button", name="Remove models/new.csv").click()
    page.get_by_text("No file is here yet").wait_for()
    page.locator(".toast", has_text="Removed").get_by_role("button", name="Undo").click()
    page.get_by_text("4 B · text/csv").wait_for()
    page.get_by_role("button", name="Remove models/new.csv").click()
    with page.expect_response(lambda answer: answer.request.method == "DELETE"):
        page.evaluate("dispatchEvent(new PageTransitionEvent('pagehide'))")  # what waits is done when the page goes
    assert httpx.get(f"{opened.url}/fs/models/new.csv").status_code == 404


def test_what_cannot_be_a_partition_is_said(open_page: Open, offering: LongshoreServer) -> None:
    opened = open_page(offering.url)
    page = opened.page
    page.goto(f"{opened.url}/?page=files&partition=a/../b")
    page.get_by_text("This partition cannot be opened").wait_for()
    page.goto(f"{opened.url}/?page=files")
    page.get_by_label("Name of a partition").fill(".git")
    page.get_by_text("No part of the name begins with a dot").wait_for()


@pytest.mark.parametrize("width", [1440, 390])
def test_axe_finds_nothing_serious(open_page: Open, offering: LongshoreServer, width: int) -> None:
    if not AXE.is_file():
        pytest.skip("axe-core is not installed: make workbench")
    httpx.post(f"{offering.url}/axe/below", files={"file": ("a.csv", b"a\n1\n")})
    httpx.post(f"{offering.url}/axe", files={"file": ("b.csv", b"a\n1\n")})
    opened = open_page(offering.url, width=width)
    page = opened.page
    page.goto(f"{opened.url}/?page=files")
    page.get_by_text("1.4 MB · application/json").wait_for()
    page.get_by_role("link", name="axe", exact=True).wait_for()
    findings = {"files": opened.serious_findings()}
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.get_by_role("button", name="Make a link to model.bin").click()
    page.get_by_role("button", name="Make the link").wait_for()
    findings["link"] = opened.serious_findings()
    go_to(opened, "axe")
    page.get_by_text("b.csv").first.wait_for()
    findings["partition"] = opened.serious_findings()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert {name: found for name, found in findings.items() if found} == {}
