"""Cached responses: keys, times, what is not kept, one computation for many, several servers on one folder."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

import pytest
from flask import Flask, Response, abort, request
from flask.testing import FlaskClient

from longshore.handlers import response_files
from longshore.handlers.caching import ResponseCache, cache_my_response, current_cache
from longshore.handlers.response_files import Kept, ResponseFiles
from longshore.settings import Settings
from longshore.web.jsonp import make_my_response_json
from support.waiting import eventually

View = Callable[..., Any]


@pytest.fixture
def cache(settings: Settings) -> Iterator[ResponseCache]:
    made = ResponseCache(settings)
    current_cache.bind(made)
    yield made
    current_cache.release(made)


@pytest.fixture
def calls() -> list[str]:
    """What the view was called with, in order."""
    return []


@pytest.fixture
def served(cache: ResponseCache) -> Callable[..., FlaskClient]:
    """A client of an application that has one view at ``/v``."""

    def serve(view: View, methods: tuple[str, ...] = ("GET", "POST")) -> FlaskClient:
        app = Flask("cached")
        app.add_url_rule("/v", view_func=view, methods=list(methods))
        return app.test_client()

    return serve


@pytest.fixture
def counting(calls: list[str]) -> View:
    """Answers how often it was called."""

    def counting() -> dict[str, int]:
        calls.append(request.full_path)
        return {"n": len(calls)}

    return counting


def test_a_response_is_computed_once_for_an_address(served: Any, counting: View) -> None:
    client = served(cache_my_response()(counting))
    assert [client.get("/v").json, client.get("/v").json] == [{"n": 1}, {"n": 1}]
    assert [client.get("/v?a=1").json, client.get("/v?a=1").json, client.get("/v?a=2").json] == [
        {"n": 2}, {"n": 2}, {"n": 3},
    ]  # fmt: skip
    assert client.post("/v").json == {"n": 4}
    assert client.get("/v", base_url="http://elsewhere").json == {"n": 5}


def test_vary_by_adds_values_of_the_form_to_the_key(served: Any, counting: View) -> None:
    client = served(cache_my_response(vary_by=["user", "page"])(counting))
    assert client.post("/v", data={"user": "ada"}).json == {"n": 1}
    assert client.post("/v", data={"user": "bob"}).json == {"n": 2}
    assert client.post("/v", data={"user": "ada", "other": "x"}).json == {"n": 1}
    assert client.post("/v", data={"user": ["ada", "bob"]}).json == {"n": 3}
    assert client.post("/v", data={"user": "ada", "page": "ada"}).json == {"n": 4}


def test_one_name_may_stand_by_itself_and_so_may_the_decorator(served: Any, counting: View) -> None:
    client = served(cache_my_response("user")(counting))
    assert [client.post("/v", data={"user": name}).json["n"] for name in ("ada", "bob", "ada")] == [1, 2, 1]
    client = served(cache_my_response(counting))
    assert [client.get("/v?bare").json["n"] for _ in range(2)] == [3, 3]


def test_it_says_when_it_expires_and_then_does(served: Any, counting: View, monkeypatch: pytest.MonkeyPatch) -> None:
    client = served(cache_my_response(expiration_seconds=60)(counting))
    before = int(response_files.time.time())
    first, second = client.get("/v"), client.get("/v")
    assert "Expires" not in first.headers, "it was not kept when it was made"
    expires = parsedate_to_datetime(second.headers["Expires"]).timestamp()
    assert before <= expires - 60 <= response_files.time.time()
    real = response_files.time.time
    monkeypatch.setattr(response_files.time, "time", lambda: real() + 61)
    assert client.get("/v").json == {"n": 2}


@pytest.mark.parametrize("wrong", [-1, 10**12])
def test_a_time_that_is_none_is_refused_where_it_stands(wrong: float) -> None:
    with pytest.raises(ValueError, match="expiration_seconds"):
        cache_my_response(expiration_seconds=wrong)


def test_reload_computes_anew_and_the_new_one_stays(served: Any, counting: View) -> None:
    client = served(cache_my_response()(counting))
    assert client.get("/v?a=1").json == {"n": 1}
    assert client.get("/v?a=1&_reload_cache=1").json == {"n": 2}
    assert client.get("/v?a=1").json == {"n": 2}
    client.post("/v?a=1")
    assert client.post("/v?a=1", data={"_reload_cache": ""}).json == {"n": 4}


@pytest.mark.parametrize("status", [400, 404, 500, 503])
def test_errors_are_not_kept(served: Any, calls: list[str], status: int) -> None:
    @cache_my_response()
    def failing() -> Any:
        calls.append("")
        if len(calls) == 1:
            return {"error": "no"}, status
        if len(calls) == 2:
            abort(status)
        return {"n": len(calls)}

    client = served(failing)
    assert [client.get("/v").status_code for _ in range(4)] == [status, status, 200, 200]
    assert len(calls) == 3


def test_streams_cookies_and_partial_answers_are_not_kept(served: Any, calls: list[str]) -> None:
    answers: dict[str, Callable[[], Response]] = {
        "stream": lambda: Response(iter(["a", "b"])),
        "cookie": lambda: Response("mine", headers={"Set-Cookie": "user=ada"}),
        "partial": lambda: Response("b", status=206),
        "unchanged": lambda: Response(status=304),
    }

    @cache_my_response()
    def view() -> Response:
        calls.append(request.args["kind"])
        return answers[request.args["kind"]]()

    client = served(view)
    for kind in answers:
        for _ in range(2):
            client.get(f"/v?kind={kind}")
    assert calls == [kind for kind in answers for _ in range(2)]


def test_head_is_answered_from_what_get_kept_and_keeps_nothing_itself(served: Any, calls: list[str]) -> None:
    @cache_my_response()
    def view() -> str:
        calls.append(request.method)
        return "body" if request.method == "GET" else ""

    client = served(view)
    assert client.head("/v").status_code == 200
    assert client.get("/v").text == "body"
    again = client.head("/v")
    assert (again.headers["Content-Length"], again.text) == ("4", "")
    assert calls == ["HEAD", "GET"]


@pytest.mark.parametrize("is_outside", [True, False])
def test_together_with_json_in_either_order(served: Any, calls: list[str], is_outside: bool) -> None:
    def view() -> Any:
        calls.append("")
        return {"n": len(calls), "status_code": int(request.args.get("status", 200))}

    cached, as_json = cache_my_response(), make_my_response_json
    client = served(as_json(cached(view)) if is_outside else cached(as_json(view)))
    assert [client.get("/v").json for _ in range(2)] == [{"n": 1}] * 2
    script = [client.get("/v?callback=cb") for _ in range(2)]
    assert [each.text for each in script] == ['cb({"n": 2});'] * 2
    assert script[1].content_type == "application/javascript"
    assert client.get("/v?callback=other").text == 'other({"n": 3});'
    assert client.post("/v", data={"callback": "a"}).text == 'a({"n": 4});'
    assert client.post("/v", data={"callback": "b"}).text == 'b({"n": 5});'
    # Not found, which JSONP tells with 200, is an error all the same.
    assert [client.get("/v?status=404&callback=cb").text for _ in range(2)] == ['cb({"n": 6});', 'cb({"n": 7});']
    assert [client.get("/v?status=404").status_code for _ in range(2)] == [404, 404]


def test_headers_and_status_come_back_as_they_were(served: Any) -> None:
    @cache_my_response()
    def view() -> Response:
        response = Response(bytes(range(256)), status=203, content_type="image/x-mine")
        response.headers.add("X-Many", "1")
        response.headers.add("X-Many", "2")
        response.headers["Cache-Control"] = "no-cache"
        return response

    client = served(view)
    first, second = client.get("/v"), client.get("/v")
    assert second.data == bytes(range(256))
    assert second.status_code == 203
    assert second.headers.getlist("X-Many") == ["1", "2"]
    assert list(first.headers) == [each for each in second.headers if each[0] != "Expires"]


def test_simultaneous_requests_compute_once(served: Any, cache: ResponseCache, calls: list[str]) -> None:
    may_end = threading.Event()

    @cache_my_response()
    def slow() -> str:
        calls.append("")
        assert may_end.wait(30)
        return str(len(calls))

    app = served(slow).application
    answers: list[str] = []
    threads = [threading.Thread(target=lambda: answers.append(app.test_client().get("/v").text)) for _ in range(20)]
    for thread in threads:
        thread.start()
    eventually(lambda: calls and len(cache._flights) == 1)
    may_end.set()
    for thread in threads:
        thread.join(30)
    assert answers == ["1"] * 20
    assert (cache.misses, cache.hits) == (1, 19)
    assert cache._flights == {}
    assert not list(cache.files.folder.glob("*.lock"))


def test_who_waits_for_one_that_fails_computes_by_itself(served: Any, calls: list[str]) -> None:
    may_end = threading.Event()

    @cache_my_response()
    def failing() -> Any:
        calls.append("")
        assert may_end.wait(30)
        return {}, 500

    app = served(failing).application
    answers: list[int] = []
    threads = [
        threading.Thread(target=lambda: answers.append(app.test_client().get("/v").status_code)) for _ in range(5)
    ]
    for thread in threads:
        thread.start()
    eventually(lambda: calls)
    may_end.set()
    for thread in threads:
        thread.join(30)
    assert answers == [500] * 5


def test_a_view_that_calls_itself_does_not_wait_for_itself(served: Any, calls: list[str]) -> None:
    @cache_my_response()
    def view() -> Any:
        calls.append("")
        return view() if len(calls) < 3 else "inner"

    assert served(view).get("/v").text == "inner"


def test_another_process_computes_only_what_is_not_there(settings: Settings, served: Any, counting: View) -> None:
    client = served(cache_my_response()(counting))
    assert client.get("/v").json == {"n": 1}
    other = ResponseCache(settings)
    current_cache.bind(other)
    assert client.get("/v").json == {"n": 1}
    assert (other.hits, other.misses) == (1, 0)
    current_cache.release(other)


def test_another_process_that_computes_is_waited_for(settings: Settings, cache: ResponseCache) -> None:
    key = "a" * 64
    code = f"""
import sys
from pathlib import Path
from flask import Response
from longshore.handlers.caching import ResponseCache
from longshore.settings import Settings

def compute():
    print("computing", flush=True)
    sys.stdin.readline()
    return Response("theirs")

cache = ResponseCache(Settings.from_environment(root_storage_path=Path({str(settings.root_storage_path)!r})))
cache.answer({key!r}, compute, 60)
"""
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=os.environ
    ) as process:
        assert process.stdout is not None
        assert process.stdin is not None
        assert process.stdout.readline() == "computing\n"
        answers: list[str] = []

        def ask() -> None:
            answers.append(cache.answer(key, lambda: Response("ours"), 60).get_data(as_text=True))

        thread = threading.Thread(target=ask)
        thread.start()
        eventually(lambda: key in cache._flights)
        process.stdin.write("\n")
        process.stdin.flush()
        thread.join(30)
    assert answers == ["theirs"]


def test_what_a_killed_process_locked_is_free(settings: Settings, cache: ResponseCache) -> None:
    key = "b" * 64
    code = f"""
import os, signal
from pathlib import Path
from longshore.handlers.caching import ResponseCache
from longshore.settings import Settings
cache = ResponseCache(Settings.from_environment(root_storage_path=Path({str(settings.root_storage_path)!r})))
cache.answer({key!r}, lambda: os.kill(os.getpid(), signal.SIGKILL), 60)
"""
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == -9
    assert cache.answer(key, lambda: Response("ours"), 60).get_data(as_text=True) == "ours"


class Trap:
    """Runs something when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> Any:
        return Path.touch, (self.path,)


TWO_LINES = b'{"status": 200, "headers": [["A", "b\\r\\nSet-Cookie: x=1"]], "made": 1, "expires": 9e9}'


@pytest.mark.parametrize("head", [b"", b"[]", TWO_LINES, b'{"status": "x"}', b"[" * 60_000])
def test_a_file_that_somebody_else_wrote_runs_nothing(
    served: Any, cache: ResponseCache, counting: View, tmp_path: Path, head: bytes
) -> None:
    client = served(cache_my_response()(counting))
    client.get("/v")
    (path,) = cache.files.folder.iterdir()
    forged = head + b"\n" if head else pickle.dumps(Trap(tmp_path / "ran"))
    path.write_bytes(path.read_bytes()[:4] + forged)
    answer = client.get("/v")
    assert answer.json == {"n": 2}
    assert "Set-Cookie" not in answer.headers
    assert not (tmp_path / "ran").exists()
    assert client.get("/v").json == {"n": 2}


def test_a_folder_that_cannot_be_made_costs_the_cache_only(
    settings: Settings, served: Any, counting: View, caplog: pytest.LogCaptureFixture
) -> None:
    settings.root_storage_path.write_text("a file where a folder should be")
    client = served(cache_my_response()(counting))
    assert [client.get("/v").json, client.get("/v").json] == [{"n": 1}, {"n": 2}]
    assert "the response cache cannot be" in caplog.text


def kept(body: bytes, seconds: float = 60, now: float | None = None) -> Kept:
    begun = response_files.time.time() if now is None else now
    return Kept(200, (("Content-Type", "text/plain"),), body, begun, begun + seconds)


def test_the_cache_stays_within_its_room(tmp_path: Path) -> None:
    files = ResponseFiles(tmp_path / "cache", 100_000)
    for number in range(100):
        assert files.put(f"k{number}", kept(b"x" * 5_000))
        assert files.total_bytes() <= 100_000
    assert files.get("k99") is not None
    assert files.get("k0") is None


def test_the_number_of_files_is_limited(tmp_path: Path) -> None:
    files = ResponseFiles(tmp_path / "cache", 10**6, most_files=50)
    for number in range(200):
        files.put(f"k{number}", kept(b"x"))
    assert len(list(files.folder.iterdir())) <= 50
    assert files.get("k199") is not None


def test_what_is_too_large_is_not_kept_and_no_room_keeps_nothing(tmp_path: Path) -> None:
    files = ResponseFiles(tmp_path / "cache", 1000)
    assert not files.put("k", kept(b"x" * 101))
    assert files.put("k", kept(b"x" * 100))
    nothing = ResponseFiles(tmp_path / "none", 0)
    assert not nothing.put("k", kept(b"x"))


def test_sweeping_removes_what_has_expired_and_what_was_left_behind(tmp_path: Path) -> None:
    files = ResponseFiles(tmp_path / "cache", 10**6)
    files.put("old", kept(b"x", seconds=10))
    files.put("new", kept(b"x"))
    left = files.folder / f"tmp{response_files.PARTIAL}"
    left.write_bytes(b"half")
    os.utime(left, (1, 1))
    (old,) = [path for path in files.folder.iterdir() if path != left and _ends_before(path, 30)]
    old.write_bytes((1).to_bytes(4, sys.byteorder) + old.read_bytes()[4:])
    assert files.sweep() == 2
    assert files.get("new") is not None
    assert files.get("old") is None


def _ends_before(path: Path, seconds: float) -> bool:
    return int.from_bytes(path.read_bytes()[:4], sys.byteorder) < response_files.time.time() + seconds
