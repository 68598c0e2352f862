"""How the server is, and signing in and out, in a real browser."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from longshore.access.scopes import Scope
from longshore.access.tokens import make_token
from support.server import LongshoreServer
from support.waiting import eventually

from .conftest import AXE, Opened

Open = Callable[..., Opened]


@dataclass
class Closed:
    """A server that asks for tokens, and one token of each scope."""

    server: LongshoreServer
    tokens: dict[str, str]
    lines: dict[str, str]
    path: Path

    @property
    def url(self) -> str:
        return self.server.url

    def write(self) -> None:
        """Name the tokens that hold; the server looks again within a second."""
        partial = self.path.with_suffix(".new")
        partial.write_text("".join(f"{line}\n" for line in self.lines.values()))
        partial.replace(self.path)

    def ask(self, name: str, path: str) -> httpx.Response:
        return httpx.get(self.url + path, headers={"Authorization": f"Bearer {self.tokens[name]}"})


@pytest.fixture(scope="module")
def closed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Closed]:
    folder = tmp_path_factory.mktemp("closed")
    made = {scope.word: make_token(scope.word, scope) for scope in (Scope.READ, Scope.WRITE, Scope.ADMIN)}
    offered = folder / "offered"
    offered.mkdir()
    (offered / "prices.csv").write_text("a,b\n1,2\n")
    server = LongshoreServer(folder / "storage", AUTH_TOKENS=f"@{folder / 'tokens'}", FILES_ROOT=str(offered))
    found = Closed(
        server,
        {name: shown for name, (shown, _) in made.items()},
        {name: kept.line for name, (_, kept) in made.items()},
        folder / "tokens",
    )
    found.write()
    with server:
        yield found


def sign_in(opened: Opened, closed: Closed, name: str, address: str = "/") -> None:
    page = opened.page
    page.goto(closed.url + address)
    page.get_by_label("Token").fill(closed.tokens[name])
    page.keyboard.press("Enter")
    page.wait_for_url(closed.url + address)


def test_all_is_told_and_kept_fresh(open_page: Open, shared_server: LongshoreServer) -> None:
    opened = open_page()
    page = opened.page
    page.goto(f"{opened.url}/?page=server")
    page.get_by_text("All is well").wait_for()
    for words in ("Message broker", "for tables", "free of", "Up for"):
        assert page.get_by_text(words).first.is_visible(), words
    facts = page.locator(".facts > div")
    before = int(facts.filter(has_text="Datasets").locator("dd").inner_text())
    httpx.post(f"{shared_server.url}/api/v1/samples/weather.csv").raise_for_status()
    facts.filter(has_text="Datasets").locator("dd", has_text=str(before + 1)).wait_for()
    assert page.get_by_text("asks nobody for a token").is_visible()
    assert page.get_by_role("button", name="Signed in as").count() == 0


def test_what_is_not_well_is_named(open_page: Open, server: LongshoreServer) -> None:
    opened = open_page(server.url)
    page = opened.page
    page.goto(f"{opened.url}/?page=server")
    page.get_by_text("All is well").wait_for()
    folder = server.storage / "uploads"
    folder.rmdir() if folder.is_dir() else None
    folder.write_text("in the way")
    page.get_by_text("Not well: Storage folders").wait_for()
    page.get_by_text("uploads cannot be written to").wait_for()
    folder.unlink()
    page.get_by_text("All is well").wait_for()


def test_a_server_that_goes_is_said_and_comes_back(open_page: Open, server: LongshoreServer) -> None:
    opened = open_page(server.url)
    opened.expected = "Failed to load resource"
    page = opened.page
    page.goto(f"{opened.url}/?page=server")
    page.get_by_text("All is well").wait_for()
    port = server.url.rsplit(":", 1)[1]
    server.end()
    page.get_by_text("What stands below is from before").wait_for()
    server.environment["PORT"] = port
    server.start()
    server.wait_until_ready()
    page.get_by_text("What stands below is from before").wait_for(state="detached")


def test_signing_in_leads_back_and_out_to_the_login(open_page: Open, closed: Closed) -> None:
    opened = open_page(closed.url)
    opened.expected = "Failed to load resource"
    page = opened.page
    page.goto(f"{closed.url}/?page=server")
    page.get_by_label("Token").fill("ls_wrong")
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("alert").wait_for()
    sign_in(opened, closed, "admin", "/?page=server")
    page.get_by_text("may do everything").wait_for()
    page.get_by_text("Message broker").wait_for()
    page.get_by_role("button", name="Signed in as admin").click()
    page.get_by_text("admin · administrator").wait_for()
    page.get_by_role("menuitem", name="Sign out").click()
    page.get_by_label("Token").wait_for()
    page.goto(f"{closed.url}/?page=stores")
    page.wait_for_url("**/login**")


def test_a_token_that_ends_leads_to_the_login_and_back(open_page: Open, closed: Closed) -> None:
    opened = open_page(closed.url)
    opened.expected = "Failed to load resource"
    sign_in(opened, closed, "write", "/?page=stores&list=kept")
    page = opened.page
    page.get_by_text("Nothing in this list yet").wait_for()
    line = closed.lines.pop("write")
    closed.write()
    try:
        eventually(lambda: closed.ask("write", "/api/v1/me").status_code == 401)
        page.get_by_role("button", name="Look again").click()
        page.wait_for_url("**/login?next=*")
    finally:
        closed.lines["write"] = line
        closed.write()
    eventually(lambda: closed.ask("write", "/api/v1/me").status_code == 200)
    page.get_by_label("Token").fill(closed.tokens["write"])
    page.keyboard.press("Enter")
    page.wait_for_url("**/?page=stores&list=kept")
    page.get_by_text("Nothing in this list yet").wait_for()


def test_a_socket_whose_token_ends_leads_to_the_login(open_page: Open, closed: Closed) -> None:
    opened = open_page(closed.url)
    opened.expected = "Failed to load resource"
    sign_in(opened, closed, "write")
    page = opened.page
    page.get_by_role("button", name="Films").click()
    page.locator(".cell", has_text="Casablanca").first.wait_for()
    address = page.url
    line = closed.lines.pop("write")
    closed.write()
    try:
        page.wait_for_url("**/login?next=*")
        assert address.rsplit("/", 1)[1] in page.url
    finally:
        closed.lines["write"] = line
        closed.write()
    eventually(lambda: closed.ask("write", "/api/v1/me").status_code == 200)


def test_a_token_for_reading_is_told_what_it_cannot_do(open_page: Open, closed: Closed) -> None:
    opened = open_page(closed.url)
    sign_in(opened, closed, "read", "/?page=files")
    page = opened.page
    page.get_by_role("button", name="Make a link to prices.csv").wait_for()
    assert page.get_by_role("button", name="Make a link to prices.csv").is_disabled()
    assert "reading only" in (page.get_by_role("button", name="Make a link to prices.csv").get_attribute("title") or "")
    page.goto(f"{closed.url}/?page=stores&list=x")
    page.get_by_text("Nothing in this list yet").wait_for()
    assert page.get_by_role("button", name="Add an item").is_disabled()
    page.goto(f"{closed.url}/?page=files&partition=x")
    page.get_by_text("Your token allows reading only").wait_for()
    page.goto(f"{closed.url}/?page=server")
    page.get_by_text("All is well").wait_for()
    page.get_by_text("are shown to administrators").wait_for()
    page.get_by_text("may read", exact=True).wait_for()
    assert page.get_by_text("Message broker").count() == 0
    page.goto(closed.url)
    page.get_by_role("button", name="Films").wait_for()
    assert page.get_by_role("button", name="Films").is_disabled()
    page.get_by_label("A file with a table").set_input_files(
        {"name": "t.csv", "mimeType": "text/csv", "buffer": b"a,b\n1,2\n"}
    )
    page.get_by_text("Your token allows reading only").wait_for()
    assert page.get_by_role("button", name="Open the table").is_disabled()
    writing = {"Authorization": f"Bearer {closed.tokens['write']}"}
    made = httpx.post(f"{closed.url}/api/v1/samples/films.csv", headers=writing, timeout=60).raise_for_status().json()
    page.goto(f"{closed.url}/{made['sessionID']}")
    opened.do("Title", "Trim blanks")
    page.get_by_text("Your token allows reading only").wait_for()
    assert page.get_by_role("button", name="Apply").is_disabled()


@pytest.mark.parametrize("width", [1440, 390])
@pytest.mark.parametrize("colours", ["light", "dark"])
def test_axe_finds_nothing_serious(open_page: Open, closed: Closed, width: int, colours: str) -> None:
    if not AXE.is_file():
        pytest.skip("axe-core is not installed: make workbench")
    opened = open_page(closed.url, width=width)
    page = opened.page
    page.emulate_media(color_scheme=colours)
    page.goto(f"{closed.url}/login")
    page.get_by_label("Token").wait_for()
    findings = {"login": opened.serious_findings()}
    sign_in(opened, closed, "admin", "/?page=server")
    page.get_by_text("Message broker").wait_for()
    findings["server"] = opened.serious_findings()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert {name: found for name, found in findings.items() if found} == {}
