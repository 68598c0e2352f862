"""What a view returns, as JSON and in scripts."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask, Response
from werkzeug.test import TestResponse

from longshore.handlers.older import json_response
from longshore.web.jsonp import make_my_response_json


def answer(result: Any, query: str = "") -> TestResponse:
    """What a client gets of a decorated view that returns this, or what this function returns."""
    app = Flask("responses")

    @app.get("/v")
    @make_my_response_json
    def view() -> Any:
        return result() if callable(result) and not isinstance(result, Response) else result

    app.testing = True  # errors of a view are raised
    return app.test_client().get("/v" + query)


@pytest.mark.parametrize(
    ("result", "status", "body"),
    [
        (({"a": 1}, 201), 201, {"a": 1}),
        (({"a": 1}, 201, {"X-Mine": "yes"}), 201, {"a": 1}),
        (({"a": 1}, 201, [("X-Mine", "yes")]), 201, {"a": 1}),
        (({"a": 1}, 404, None), 404, {"a": 1}),
        ((True, 200), 200, True),
        ((None, 202), 202, {}),
        (({"a": 1, "status_code": 418}, 201), 201, {"a": 1}),
    ],
)
def test_two_or_three_are_body_status_and_headers(result: Any, status: int, body: Any) -> None:
    found = answer(result)
    assert (found.status_code, found.json, found.mimetype) == (status, body, "application/json")
    has_headers = len(result) == 3 and result[2] is not None
    assert found.headers.get("X-Mine") == ("yes" if has_headers else None)


@pytest.mark.parametrize(
    "result", [("x", True), (1, 2), ("x", 600), ("x", 99), ("x", 200, "y"), ("x", 200, [1]), ("x", "y"), (1, 200, 3, 4)]
)
def test_other_tuples_are_lists(result: Any) -> None:
    found = answer(result)
    assert (found.status_code, found.json) == (200, list(result))


def test_headers_are_merged_and_none_is_lost() -> None:
    found = answer(({"a": 1}, 200, [("X-Mine", "1"), ("X-Mine", "2"), ("Cache-Control", "max-age=5")]))
    assert found.headers.getlist("X-Mine") == ["1", "2"]
    assert found.headers.getlist("Cache-Control") == ["max-age=5"]
    assert answer(({"a": 1}, 400, {"Content-Type": "application/problem+json"})).mimetype == "application/problem+json"


def test_a_response_may_be_the_first() -> None:
    found = answer(lambda: (Response("made", mimetype="text/plain"), 203, {"X-Mine": "yes"}))
    assert (found.text, found.status_code, found.mimetype, found.headers["X-Mine"]) == (
        "made",
        203,
        "text/plain",
        "yes",
    )
    assert answer(lambda: (Response("made", 418), 203)).status_code == 203


def test_the_older_helper_in_a_decorated_view() -> None:
    found = answer(lambda: json_response(a=1, status_code=201))
    assert (found.status_code, found.json, found.mimetype) == (201, {"a": 1}, "application/json")


def test_a_callback_is_called_once() -> None:
    helped = answer(lambda: json_response(a=1), "?callback=run")
    assert (helped.text, helped.mimetype) == ('run({"a": 1});', "application/javascript")
    named = answer(lambda: json_response(a=1, status_code=404, callback="mine"))
    assert (named.text, named.status_code) == ('mine({"a": 1});', 200)
    own = answer(({"a": 1}, 201, {"X-Mine": "yes", "Content-Length": "8"}), "?callback=run")
    assert (own.text, own.status_code, own.headers["X-Mine"]) == ('run({"a": 1});', 201, "yes")
    typed = answer(('{"a": 1}', 200, {"Content-Type": "application/json"}), "?callback=run")
    assert (typed.text, typed.mimetype) == ('run({"a": 1});', "application/javascript")


@pytest.mark.parametrize("number", [-1, 0, 99, 600, 999])
@pytest.mark.parametrize("shape", [int, lambda number: {"status_code": number}])
def test_a_number_that_is_no_status_is_a_mistake_of_the_view(shape: Any, number: int) -> None:
    with pytest.raises(ValueError, match=f"{number}, which is no status"):
        answer(shape(number))
