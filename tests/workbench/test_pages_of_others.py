"""What a foreign page gets to see of a server, and what of its content a server's own page runs, in a real browser."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx
import pytest

from support.server import LongshoreServer

from .conftest import Opened

THIEF = """<!doctype html><title>waiting</title><script>
window.seen = []; window.steal = (data) => seen.push(JSON.stringify(data));
</script>"""

ServePage = Callable[[str], str]


@pytest.fixture
def serve_page() -> Iterator[ServePage]:
    """Serve a page of an origin of its own, on this machine under another name and port; its address."""
    pages: dict[str, str] = {}

    class Site(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(pages[self.path].encode())

        def log_message(self, *_: Any) -> None:
            """Says nothing."""

    site = ThreadingHTTPServer(("127.0.0.1", 0), Site)
    thread = threading.Thread(target=site.serve_forever, daemon=True)
    thread.start()

    def serve(page: str) -> str:
        pages[f"/{len(pages)}"] = page
        return f"http://localhost:{site.server_port}/{len(pages) - 1}"

    yield serve
    site.shutdown()
    thread.join()
    site.server_close()


def load_in_turn(addresses: list[str], element: str = "script") -> str:
    """A page that embeds one address after the other, and then has the title "done" and what happened to each."""
    return f"""{THIEF}<body><script>
    const load = ([address, ...rest]) => {{
      if (!address) return void (document.title = "done");
      const element = document.createElement("{element}");
      element.onload = () => {{ seen.push("loaded"); load(rest); }};
      element.onerror = () => {{ seen.push("kept"); load(rest); }};
      element.src = address;
      document.body.append(element);
    }};
    load({addresses!r});
    </script>"""


def what_happened(browser: Any, address: str) -> list[str]:
    """What a page of :func:`load_in_turn` saw."""
    context = browser.new_context()
    try:
        page = context.new_page()
        page.goto(address)
        page.wait_for_function("document.title === 'done'")
        found: list[str] = page.evaluate("seen")
        return found
    finally:
        context.close()


def test_a_foreign_page_cannot_read_a_store(
    browser: Any, shared_server: LongshoreServer, serve_page: ServePage
) -> None:
    httpx.post(f"{shared_server.url}/store/secret", json={"pin": 1234}).raise_for_status()
    stores = [f"{shared_server.url}/store/secret?{word}=steal" for word in ("callback", "c%61llback", "%63allback")]
    assert what_happened(browser, serve_page(load_in_turn(stores))) == ["kept"] * 3


def test_a_page_of_the_server_itself_reads_its_stores(
    browser: Any, shared_server: LongshoreServer, serve_page: ServePage
) -> None:
    httpx.post(f"{shared_server.url}/store/own", json={"pin": 1}).raise_for_status()
    page = load_in_turn([f"{shared_server.url}/store/own?callback=steal"])
    context = browser.new_context()
    context.route(f"{shared_server.url}/echo", lambda route: route.fulfill(body=page, content_type="text/html"))
    opened = context.new_page()
    opened.goto(f"{shared_server.url}/echo")
    opened.wait_for_function("document.title === 'done'")
    assert opened.evaluate("seen") == ['[{"id":1,"pin":1}]', "loaded"]
    context.close()


def test_a_foreign_page_cannot_show_a_stored_picture(
    browser: Any, shared_server: LongshoreServer, serve_page: ServePage
) -> None:
    picture = b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>'
    httpx.put(f"{shared_server.url}/kv/a.svg", content=picture, headers={"Content-Type": "image/svg+xml"})
    page = load_in_turn([f"{shared_server.url}/kv/a.svg"], element="img")
    assert what_happened(browser, serve_page(page)) == ["kept"]


@pytest.mark.parametrize("source", ["/kv/x.js", "/kv/x.json?callback=window.ran.push"])
def test_what_is_stored_here_is_no_script_of_the_workbench(
    browser: Any, shared_server: LongshoreServer, source: str
) -> None:
    stored = {"x.js": ("window.ran.push(1)", "text/javascript"), "x.json": ("1", "application/json")}
    for key, (content, kind) in stored.items():
        httpx.put(f"{shared_server.url}/kv/{key}", content=content, headers={"Content-Type": kind}).raise_for_status()
    context = browser.new_context()
    context.add_init_script("window.ran = []")

    def inject(route: Any) -> None:
        answer = route.fetch()
        written = f'<script src="{source}" onload="window.ran.push(2)"></script></body>'
        route.fulfill(response=answer, body=answer.text().replace("</body>", written))

    context.route(f"{shared_server.url}/", inject)
    page = context.new_page()
    page.goto(f"{shared_server.url}/")
    page.get_by_role("heading").first.wait_for()
    assert page.evaluate("[document.scripts.length > 1, ran]") == [True, []]
    context.close()


def test_the_workbench_runs_under_the_policy_that_it_is_served_with(
    browser: Any, shared_server: LongshoreServer
) -> None:
    context = browser.new_context()
    page = context.new_page()
    opened = Opened(page, shared_server.url)
    page.on("console", lambda message: opened.problems.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: opened.problems.append(str(error)))
    opened.open_movies()
    opened.pick("Production Budget")
    page.get_by_role("link", name="Charts").click()
    page.locator(".chart svg").wait_for()
    page.goto(f"{shared_server.url}/api/v1/docs")
    page.get_by_role("heading").first.wait_for()
    page.goto(f"{shared_server.url}/some/partition")
    page.locator("input[type=file]").wait_for()
    assert opened.problems == []
    context.close()
