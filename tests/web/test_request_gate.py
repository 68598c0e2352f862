"""What a request asks for and nothing here knows is refused, on every route of the server's own."""

from __future__ import annotations

from typing import Any

import pytest
from flask.testing import FlaskClient

from longshore.server.answers import add_errors
from longshore.server.application import Services, declare_last, declare_routes, make_application
from longshore.settings import Settings
from longshore.web.request_gate import guard_requests
from longshore.web.route_marks import evaluated_headers, query_words

DATE = "Sun, 06 Nov 1994 08:49:37 GMT"
HEADERS = {
    "Content-Range": ("bytes 19000000-19999999/20000000", 400),
    "If-Match": ('"abc"', 412),
    "If-None-Match": ("*", 412),
    "If-Unmodified-Since": (DATE, 412),
    "Content-Encoding": ("gzip", 415),
    "X-HTTP-Method-Override": ("TRACE", 400),
    "Content-Digest": ("sha-256=:MV9b23bQeMQ7isAGTkoBZGErH853yGk0W/yUx1iU7dM=:", 400),
    "Content-MD5": ("1B2M2Y8AsgTpgAmY7PhCfg==", 400),
}


@pytest.fixture
def client(settings: Settings) -> FlaskClient:
    app = make_application()
    guard_requests(app)
    api = declare_routes(app, settings, Services())
    declare_last(app, api, settings, Services())
    add_errors(app)
    return app.test_client()


def writing_routes(client: FlaskClient) -> list[tuple[str, str, Any]]:
    app = client.application
    found = []
    for rule in app.url_map.iter_rules():
        address = rule.rule
        for converter in ("int:", "path:", "session_id:"):
            address = address.replace(f"<{converter}", "<")
        for part in [piece[: piece.index(">")] for piece in address.split("<")[1:]]:
            address = address.replace(f"<{part}>", "7" if part in ("number", "numbers") else "thing")
        for method in sorted((rule.methods or set()) & {"POST", "PUT", "PATCH", "DELETE"}):
            found.append((method, address, app.view_functions[rule.endpoint]))
    return found


@pytest.mark.parametrize("header", HEADERS)
def test_a_header_that_nothing_acts_on_is_refused_by_every_writing_route(client: FlaskClient, header: str) -> None:
    value, status = HEADERS[header]
    tried = 0
    for method, address, view in writing_routes(client):
        if header.casefold() in evaluated_headers(view) or address.startswith("/tus"):
            continue
        answer = client.open(address, method=method, headers={header: value}, data=b"x")
        assert (answer.status_code, header in answer.text) == (status, True), (method, address, answer.text)
        tried += 1
    assert tried > 50


def test_every_route_refuses_a_word_that_it_does_not_know_or_says_that_it_takes_any(client: FlaskClient) -> None:
    app = client.application
    free = {
        rule.rule
        for rule in app.url_map.iter_rules()
        if query_words(app.view_functions[rule.endpoint]) is None and not rule.endpoint.startswith("api.")
    }
    assert free == {
        "/", "/<session_id:session_id>", "/api/v1/docs", "/assets/<path:name>", "/static/<path:path>", "/metrics",
        "/compat/socket.io.js",  # a program, whatever word a page puts behind its name
        "/healthz", "/readyz",  # which probes ask with what they are configured with
        "/diagnostic/echo", "/echo", "/hello",  # which show what they were sent
        "/store/<name>", "/store/<name>/<int:number>", "/kv/<path:key>", "/render/<path:path>",
        "/message/local_publish",  # data
        "/upload",  # reading options, checked with those of the form
        "/file", "/cached-file",  # with methods that they do not take
        "/<path:address>",  # once it is known to be a partition's
    }  # fmt: skip
    for rule in app.url_map.iter_rules():
        words = query_words(app.view_functions[rule.endpoint])
        if words is None or rule.endpoint == "static" or "GET" not in (rule.methods or ()):
            continue
        address = rule.rule.replace("<path:path>", "a").replace("<path:address>", "a").replace("<path:key>", "a")
        address = address.replace("<name>", "a").replace("<int:number>", "1").replace("<session_id>", "a" * 30)
        if "<" not in address and not address.startswith("/tus"):
            answer = client.get(address, query_string={"fromat": "parquet"})
            assert (answer.status_code, "fromat" in answer.text) == (400, True), (address, answer.text)


@pytest.mark.parametrize(
    ("address", "hint"),
    [
        (f"/api/v1/datasets/{'a' * 30}/rows?serchQuery=x", "did you mean searchQuery?"),
        (f"/api/v1/datasets/{'a' * 30}/export?fromat=parquet", "did you mean format?"),
        ("/api/v1/jobs?made_by=ada", "unknown parameter 'made_by'"),
        ("/api/v1/jobs?queue=slow", "unknown parameter 'queue'"),
        ("/api/v1/operations?x=1", "none is taken here"),
        (f"/downloadCSV/{'a' * 30}?fromat=parquet", "none is taken here"),
        ("/file?nam=a", "did you mean name?"),
        ("/store/x?limt=3", "did you mean limit?"),
    ],
)
def test_a_misspelt_word_is_refused_with_the_nearest(client: FlaskClient, address: str, hint: str) -> None:
    answer = client.get(address)
    assert answer.status_code == 400
    assert hint in answer.json["errorDescription"]


def test_what_means_nothing_else_is_let_through(client: FlaskClient) -> None:
    assert client.get("/api/v1/openapi.json?_=1700000000000").status_code == 200, "against caches"
    answer = client.post("/api/v1/datasets", headers={"Content-Encoding": "identity", "X-HTTP-Method-Override": "POST"})
    assert answer.status_code not in (400, 412, 415)


def test_a_key_that_nothing_knows_requests_by_is_refused(client: FlaskClient) -> None:
    answer = client.post("/store/x", json={"a": 1}, headers={"Idempotency-Key": "k"})
    assert (answer.status_code, "Idempotency-Key" in answer.text) == (400, True)


@pytest.mark.parametrize(
    ("method", "address"),
    [("DELETE", f"/api/v1/datasets/{'a' * 30}"), ("DELETE", "/kv/x"), ("DELETE", "/fs/x"), ("DELETE", "/store/L/1"),
     ("POST", "/api/v1/samples/films.csv"), ("POST", "/store/L/promote")],
)  # fmt: skip
def test_a_body_that_nothing_reads_is_refused(client: FlaskClient, method: str, address: str) -> None:
    answer = client.open(address, method=method, json={"dryRun": True})
    assert (answer.status_code, "takes no body" in answer.text) == (400, True), answer.text


@pytest.mark.parametrize("address", ["/store/L?ttl=5", "/store/L/1?aftr=1", "/kv/x?If-Match=5"])
def test_words_of_the_address_beside_a_json_body_are_refused(client: FlaskClient, address: str) -> None:
    answer = client.post(address, json={"a": 1})
    assert (answer.status_code, "unknown parameter" in answer.text) == (400, True), answer.text


def test_a_word_that_is_given_twice_is_refused(client: FlaskClient) -> None:
    for address in (f"/api/v1/datasets/{'a' * 30}/rows?searchQuery=x&searchQuery=y", "/file?name=a&name=b"):
        answer = client.get(address)
        assert (answer.status_code, "give it once" in answer.text) == (400, True), answer.text


def test_an_operation_that_is_misspelt_is_told_the_nearest(client: FlaskClient) -> None:
    answer = client.post(f"/api/v1/datasets/{'a' * 30}/operations/deduplcate", json={})
    assert (answer.status_code, "did you mean 'deduplicate'?" in answer.text) == (400, True), answer.text
