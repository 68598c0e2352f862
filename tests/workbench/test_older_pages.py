"""A page of the older table client, whose one change is where its Socket.IO script comes from."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from support.server import LongshoreServer

PAGE = """<!doctype html><title>older</title>
<script src="{server}/compat/socket.io.js?v=2"></script>
<script>
  var told = {{}}, socket = {connect};
  socket.on("connect", function () {{
    socket.emit("metadata", {{sessionID: "{session}", requestID: 1}});
    socket.emit("data", {{sessionID: "{session}", requestID: 2,
                          rowIndexFrom: 0, rowIndexTo: 1, columnIndexFrom: 0, columnIndexTo: 1}});
  }});
  socket.on("metadata", function (answer) {{ told.size = answer.dataSize; }});
  socket.on("data", function (answer) {{ told.rows = JSON.parse(answer.data).data; }});
</script>"""


@pytest.mark.parametrize("connect", ["io()", "io.connect('{server}')", "io('{server}', {{query: 'page=1'}})"])
def test_an_older_page_loads_its_table(browser: Any, shared_server: LongshoreServer, connect: str) -> None:
    url = shared_server.url
    made = httpx.post(f"{url}/upload", files={"file": ("t.csv", b"a,b\n1,x\n2,y\n")}, timeout=60)
    page_text = PAGE.format(server=url, session=made.json()["sessionID"], connect=connect.format(server=url))
    context = browser.new_context()
    context.route(f"{url}/older.html", lambda route: route.fulfill(body=page_text, content_type="text/html"))
    page = context.new_page()
    page.goto(f"{url}/older.html")
    page.wait_for_function("told.size && told.rows", timeout=15_000)
    assert page.evaluate("told") == {"size": {"rows": 2, "columns": 2}, "rows": [[1, "x"], [2, "y"]]}
    context.close()


def test_the_script_is_checked_for_anew_and_may_be_loaded_by_any_page(shared_server: LongshoreServer) -> None:
    address = f"{shared_server.url}/compat/socket.io.js"
    answer = httpx.get(address, headers={"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"})
    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith("text/javascript")
    assert answer.headers["Cache-Control"] == "public, no-cache"
    assert answer.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
    assert answer.headers["Content-Encoding"] == "gzip"
    again = httpx.get(address, headers={"If-None-Match": answer.headers["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert httpx.head(address).headers["ETag"] == answer.headers["ETag"]
    assert "Permission is hereby granted" in answer.text
    assert all(f"{name} " in answer.text for name in ("socket.io-client", "engine.io-client", "socket.io-parser"))
