"""Chromium on the built workbench; skipped where one of the two is missing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from longshore.server.workbench import FOLDER
from support.chromium import CHROMIUM
from support.server import LongshoreServer

ROOT = Path(__file__).parents[2]
MOVIES = ROOT / "tests" / "data" / "movies.json"
AXE = ROOT / "frontend" / "node_modules" / "axe-core" / "axe.min.js"
ARGUMENTS = ["--no-sandbox", "--disable-features=LocalNetworkAccessChecks"]
"""The second: a page whose headers a test has changed counts as one from elsewhere."""
POLICY = (
    "default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; "
    "connect-src 'self' ws: wss:"
)
"""Stricter than any proxy in front would be: what breaks it shows up as an error on the console."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    missing = "no Chromium" if CHROMIUM is None else "make workbench" if not (FOLDER / "index.html").is_file() else None
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.workbench)
            if missing:
                item.add_marker(pytest.mark.skip(reason=f"the workbench cannot be tried: {missing}"))


@dataclass
class Opened:
    """A page and what went wrong on it."""

    page: Any
    url: str
    problems: list[str] = field(default_factory=list)
    expected: str = "\0"
    """Part of the console's messages that this test brings about."""

    def open_movies(self) -> None:
        """A fresh dataset of the movies, by its link."""
        page = self.page
        made = httpx.post(f"{self.url}/upload", files={"file": ("movies.json", MOVIES.read_bytes())}, timeout=60)
        page.goto(f"{self.url}/{made.json()['sessionID']}")
        page.locator(".cell", has_text="The Land Girls").wait_for()

    def pick(self, column: str) -> None:
        """Select a column by its header."""
        self.head(column).locator(".head-name").click()

    def head(self, column: str) -> Any:
        """A column's header."""
        return self.page.locator(".head", has=self.page.get_by_text(column, exact=True))

    def do(self, column: str, operation: str) -> None:
        """Open an operation's form on a column."""
        self.pick(column)
        self.page.get_by_role("tab", name="Do").click()
        self.page.get_by_role("button", name=operation).click()

    def serious_findings(self) -> list[str]:
        """What axe-core calls serious or worse."""
        self.page.evaluate(AXE.read_text())
        found = self.page.evaluate("() => axe.run(document, {resultTypes: ['violations']})")
        return [
            f"{each['id']}: {[(node['html'][:200], node['failureSummary']) for node in each['nodes'][:3]]}"
            for each in found["violations"]
            if each["impact"] in ("serious", "critical")
        ]


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    playwright = pytest.importorskip("playwright.sync_api")
    with playwright.sync_playwright() as started:
        opened = started.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield opened
        opened.close()


@pytest.fixture
def open_page(browser: Any, shared_server: LongshoreServer) -> Iterator[Callable[..., Opened]]:
    """Opens a browser of its own each time; at the end nothing may stand on any console."""
    made: list[Opened] = []

    def make(url: str = "", width: int = 1440, height: int = 900) -> Opened:
        context = browser.new_context(viewport={"width": width, "height": height}, accept_downloads=True)
        page = context.new_page()
        opened = Opened(page, url or shared_server.url)
        page.set_default_timeout(15_000)
        page.on("console", lambda message: message.type == "error" and opened.problems.append(message.text))
        page.on("pageerror", lambda error: opened.problems.append(str(error)))
        page.route("**/*", _with_policy)
        made.append(opened)
        return opened

    yield make
    for opened in made:
        opened.page.context.close()
    assert [each for opened in made for each in opened.problems if opened.expected not in each] == []


def _with_policy(route: Any) -> None:
    if route.request.resource_type != "document" or route.request.method != "GET":
        route.continue_()
        return
    response = route.fetch(max_redirects=0)
    if 300 <= response.status < 400:
        route.continue_()  # so that the page ends up at the other address
        return
    route.fulfill(response=response, headers={**response.headers, "content-security-policy": POLICY})
