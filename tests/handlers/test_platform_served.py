"""What handlers and jobs get by name, on a whole server: links, caches, templates, static files, events, figures."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

import longshore
from longshore import Client
from longshore.errors import LongshoreError
from support.server import LongshoreServer
from support.sockets import Listener
from support.waiting import eventually

pytestmark = pytest.mark.processes

HANDLER = """
import io
from pathlib import Path
from flask import abort
from pyserver.core import app, cache_my_response, emit_local_message, make_my_response_json
from longshore import job, links

calls = []

@app.route("/mine/cached")
@cache_my_response(vary_by=["who"])
@make_my_response_json
def cached():
    calls.append(1)
    return {"n": len(calls)}

@app.route("/mine/link")
def link():
    path = Path(__file__).with_name("made-by-a-handler.txt")
    path.write_text("from a handler")
    return links.register(path, download=True)

@app.route("/mine/tell", methods=["POST"])
def tell():
    return {"written": emit_local_message("mine", {"a": "ü\\nsecond line"})}

@job("make_file")
def make_file(text: str) -> str:
    path = Path(__file__).with_name("made-by-a-job.txt")
    path.write_text(text)
    emit_local_message("mine", "from a job")
    return links.register(path, one_time_service=True)
"""


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LongshoreServer]:
    folder = tmp_path_factory.mktemp("platform")
    for name in ("handlers", "templates", "static/sub"):
        (folder / name).mkdir(parents=True)
    (folder / "handlers" / "mine.py").write_text(HANDLER)
    (folder / "templates" / "hello.html").write_text("Hello {{ name }}!")
    (folder / "static" / "sub" / "style.css").write_text("p { color: red }")
    (folder / "static" / ".secret").write_text("secret")
    (folder / "outside.txt").write_text("secret")
    (folder / "static" / "out.txt").symlink_to(folder / "outside.txt")
    with LongshoreServer(
        folder / "storage",
        HANDLERS_DIR=str(folder / "handlers"),
        TEMPLATE_DIR=str(folder / "templates"),
        STATIC_DIR=str(folder / "static"),
        LOCAL_EVENT_SOURCES="mine, client",
        USER_HEADER_NAME="X-Who",
    ) as server:
        assert server.read_line().startswith("It keeps its data in")
        yield server


@pytest.fixture
def http(platform: LongshoreServer) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=platform.url, timeout=60) as client:
        yield client


def test_the_older_name_gives_the_same_objects() -> None:
    from pyserver import core

    for name in longshore.__all__:
        assert getattr(core, name) is getattr(longshore, name)
    with pytest.raises(AttributeError, match="no_such"):
        _ = core.no_such


def test_a_cached_view(http: httpx.Client) -> None:
    first, second = (http.get("/mine/cached") for _ in range(2))
    assert first.json() == second.json()
    assert "expires" not in first.headers, "only what comes from the cache says until when"
    assert "expires" in second.headers
    assert http.get("/mine/cached?callback=cb").text.startswith('cb({"n": ')
    assert http.get("/mine/cached?_reload_cache=1").json() != first.json()


def test_a_handler_gives_a_file_an_address(http: httpx.Client) -> None:
    address = http.get("/mine/link").text
    answer = http.get(address)
    assert answer.text == "from a handler"
    assert answer.headers["content-disposition"] == "attachment; filename=made-by-a-handler.txt"
    assert eventually(lambda: http.get(address).status_code == 404)


def test_a_job_gives_a_file_an_address_that_serves_it_once(platform: LongshoreServer, http: httpx.Client) -> None:
    with Client(platform.url) as client:
        address = client.job("make_file", {"text": "from a job: ü"}).result()
    assert http.get(address).text == "from a job: ü"
    assert eventually(lambda: http.get(address).status_code == 404)


def test_templates(http: httpx.Client) -> None:
    assert http.get("/template/hello.html").text == "Hello {{ name }}!"
    assert http.get("/render/hello.html", params={"name": "<Ada>"}).text == "Hello &lt;Ada&gt;!"
    assert http.post("/render/hello.html", json={"name": "Bob"}).text == "Hello Bob!"
    missing = http.get("/render/no.html")
    assert (missing.status_code, missing.json()["error"]) == (404, "InvalidValue")


def test_static_files(http: httpx.Client) -> None:
    answer = http.get("/static/sub/style.css")
    assert answer.text == "p { color: red }"
    assert answer.headers["content-type"] == "text/css; charset=utf-8"
    assert http.get("/static/sub/style.css", headers={"If-None-Match": answer.headers["etag"]}).status_code == 304
    assert http.get("/static/sub/style.css", headers={"Range": "bytes=0-0"}).text == "p"
    beyond = http.get("/static/sub/style.css", headers={"Range": "bytes=999-"})
    assert (beyond.status_code, beyond.headers["content-range"]) == (416, "bytes */16")
    assert http.head("/static/sub/style.css").headers["content-length"] == "16"
    for path in (
        "no.css",
        ".secret",
        "out.txt",
        "sub",
        "..%2foutside.txt",
        "%00",
        "sub%5cstyle.css",
        "%2fetc%2fpasswd",
    ):
        answer = http.get(f"/static/{path}", follow_redirects=True)
        # Where no route takes it, a partition of this name could be written to.
        assert answer.status_code in (404, 405), path
        assert "secret" not in answer.text.replace(".secret", "")


def events_until(server: LongshoreServer, count: int) -> list[dict[str, Any]]:
    return [json.loads(server.read_line(30)) for _ in range(count)]


def test_events_are_lines_of_json(platform: LongshoreServer, http: httpx.Client) -> None:
    assert http.post("/mine/tell", headers={"X-Who": "ada"}).json() == {"written": True}
    assert http.post("/message/local_publish", json={"source": "client", "message": {"b": [1]}}).json() == {
        "message": "ok",
        "published": True,
    }
    assert http.post("/message/local_publish", data={"source": "client", "message": "2"}).json()["published"]
    unwanted = http.post("/message/local_publish", json={"source": "unwanted", "message": 1})
    assert (unwanted.status_code, unwanted.json()["published"]) == (200, False)
    assert http.post("/store/quiet", json={"x": 1}).status_code == 200
    assert events_until(platform, 3) == [
        {"source": "mine", "message": {"a": "ü\nsecond line"}, "user_token": "ada"},
        {"source": "client", "message": {"b": [1]}, "user_token": "DEFAULT"},
        {"source": "client", "message": 2, "user_token": "DEFAULT"},
    ]
    assert http.post("/message/local_publish", content=b"{", headers={"Content-Type": "application/json"}).is_error


# -- diagnostics, sentence by sentence


def test_the_diagnosis(http: httpx.Client) -> None:
    answer = http.get("/diagnostic", headers={"X-Who": "ada"})
    assert answer.status_code == 200
    body = answer.json()
    assert set(body) == {"message", "version", "uid", "checks"}
    assert (body["message"], body["uid"], body["version"]) == ("ok", "ada", answer.headers["x-app-version"])
    assert {"database", "broker", "workers", "disk", "folders"} <= set(body["checks"])
    head = http.head("/diagnostic")
    assert (head.status_code, head.text) == (200, "")


def test_echoes(http: httpx.Client) -> None:
    assert http.get("/diagnostic/echo?a=1&b=x&b=y").json() == {"a": "1", "b": ["x", "y"]}
    assert http.get("/hello").text == "World!"
    for method in ("GET", "POST"):
        assert http.request(method, "/echo", headers={"X-Mine": "yes"}).json()["X-Mine"] == "yes"
    assert http.post("/echo", content=b"x" * 1000).status_code == 200


def test_a_failure_as_a_page_and_as_json(platform: LongshoreServer, http: httpx.Client) -> None:
    page = http.get("/diagnostic/fail", headers={"Accept": "text/html"})
    assert page.status_code == 500
    assert page.headers["content-type"].startswith("text/html")
    found = re.search(r"<code>(\w+)</code>", page.text)
    assert found
    told = http.get("/diagnostic/fail", headers={"Accept": "application/json"})
    assert (told.status_code, told.json()["success"]) == (500, False)
    for error_id in (found[1], told.json()["eid"]):
        eventually(lambda error_id=error_id: f"[{error_id}]" in platform.log)
    assert "Traceback" not in page.text + told.text
    assert http.head("/diagnostic/fail").status_code == 500


@pytest.mark.parametrize("path", ["/hello", "/diagnostic/fail", "/no/such/thing", "/static/no", "/", "/metrics"])
def test_every_answer_says_who_gave_it(http: httpx.Client, path: str) -> None:
    headers = http.get(path).headers
    assert headers["x-hostname"]
    assert re.fullmatch(r"\d+\.\d+.*", headers["x-app-version"])


# -- figures


def figures(http: httpx.Client) -> dict[str, float]:
    answer = http.get("/metrics")
    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    lines = [line for line in answer.text.splitlines() if not line.startswith("#")]
    return {line.rpartition(" ")[0]: float(line.rpartition(" ")[2]) for line in lines}


def test_requests_are_counted_by_pattern_and_never_by_address(http: httpx.Client) -> None:
    secret = "0123456789abcdef0123456789abcd"
    before = figures(http)
    assert http.get(f"/api/v1/datasets/{secret}").status_code == 404
    http.request("BREW", "/hello")
    after = figures(http)
    pattern = 'longshore_http_requests_total{method="GET",route="/api/v1/datasets/<session_id>",status="404"}'
    assert after[pattern] == before.get(pattern, 0) + 1
    assert after['longshore_http_requests_total{method="other",route="(none)",status="405"}'] >= 1
    assert secret not in str(after)
    assert "BREW" not in str(after)
    assert after['longshore_http_request_seconds_count{method="GET",route="/metrics"}'] >= 1


def test_figures_of_the_parts(platform: LongshoreServer, http: httpx.Client) -> None:
    listener = Listener(platform.url)
    try:
        found = figures(http)
        assert found["longshore_sockets"] == 1
    finally:
        listener.close()
    assert found["longshore_uptime_seconds"] > 0
    assert found['longshore_workers{kind="datasets"}'] == 1
    assert found['longshore_workers{kind="jobs"}'] == 1
    assert found["longshore_disk_free_bytes"] > 0
    assert found["longshore_response_cache_misses_total"] + found["longshore_response_cache_hits_total"] >= 0
    for status in ("PENDING", "STARTED", "SUCCESS", "FAILURE"):
        assert f'longshore_jobs{{status="{status}"}}' in found
    assert 'longshore_storage_bytes{part="datasets"}' in found


def test_an_address_of_a_view(platform: LongshoreServer, http: httpx.Client) -> None:
    with Client(platform.url) as client:
        dataset = client.upload(b"a,b\n3,x\n1,=y\n2,z\n", "t.csv")
        once = dataset.link(sort_column="a", escape_formulas=True)
        answer = httpx.get(once)
        assert answer.text == "a,b\n1,'=y\n2,z\n3,x\n"
        assert answer.headers["content-disposition"] == "attachment; filename=t.csv"
        assert eventually(lambda: httpx.get(once).status_code == 404)
        often = dataset.link("json", one_time=False, search_query="x", download=False, expires_in=60)
        assert httpx.get(often).json() == [{"a": 3, "b": "x"}]
        dataset.rename_column(column="a", new_name="c")
        assert httpx.get(often).json() == [{"c": 3, "b": "x"}]
        for wrong in ({"format": "doc"}, {"sort_column": "q"}, {"expires_in": -1}, {"one_time": "x"}):
            with pytest.raises(LongshoreError, match=r"format|column|expiresIn|oneTime"):
                dataset.link(**wrong)  # type: ignore[arg-type]
        dataset.delete()
        assert httpx.get(often).json()["error"] == "SessionNotFound"
        assert http.post(f"/api/v1/datasets/{dataset.session_id}/links", json={}).status_code == 404
