"""Handlers and a merged application as the users of the older systems have them, on a whole server."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pymongo
import pytest

from support.server import LongshoreServer, still_running
from support.stores import NxServer, why_no_nx
from support.waiting import eventually

pytestmark = pytest.mark.processes

EXAMPLE = Path(__file__).parents[2] / "examples" / "older"
OLDER_STORES = "pyserver.core_handlers.store_handlers"


@pytest.fixture(scope="module")
def mongo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of a server of MongoDB's protocol, with the database that the example uses."""
    if reason := why_no_nx():
        pytest.skip(reason)
    server = NxServer(tmp_path_factory.mktemp("nx"))
    server.start()
    yield f"mongodb://127.0.0.1:{server.port}/rain_flask"
    server.stop()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, mongo: str) -> Iterator[LongshoreServer]:
    environment = {
        "MOUNTS": "/=rain_flask.app:app",
        "TASK_MODULES": "rain_flask.app",
        "HANDLERS_DIR": str(EXAMPLE / "handlers"),
        "PYTHONPATH": os.pathsep.join(filter(None, [str(EXAMPLE), os.environ.get("PYTHONPATH")])),
        "RAIN_MONGODB": mongo,
        "LOCAL_EVENT_SOURCES": f"{OLDER_STORES},notes,handlers.greetings,local_publish,nots",
    }
    with LongshoreServer(tmp_path_factory.mktemp("older") / "storage", **environment) as running:
        yield running


@pytest.fixture
def http(server: LongshoreServer) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=server.url, timeout=30) as client:
        yield client


def next_events(server: LongshoreServer, count: int) -> list[dict[str, Any]]:
    """The next lines that are events; what the start says to a person stands among them."""
    found: list[dict[str, Any]] = []
    while len(found) < count:
        if (line := server.read_line(30)).startswith("{"):
            found.append(json.loads(line))
    return found


def test_a_handler_takes_the_place_of_a_demonstration(http: httpx.Client) -> None:
    assert http.get("/hello").text == "Howdy!"
    assert http.get("/echo", headers={"X-Mine": "yes"}).json()["X-Mine"] == "yes"


def test_helpers_and_events_of_a_handler(server: LongshoreServer, http: httpx.Client) -> None:
    made = http.post("/notes/tides", data={"height": "2.5", "port": ["Faro", "Lagos"]}, headers={"Uid": "ada"})
    note = {"height": 2.5, "port": ["Faro", "Lagos"]}
    assert (made.status_code, made.json()) == (201, {"topic": "tides", "note": note, "kept_in": "notes"})
    assert http.post("/notes/tides", json={"height": 3}).json()["note"] == {"height": 3}
    first, second = next_events(server, 2)
    assert first == {
        "source": "notes",
        "message": {"topic": "tides", "note": note, "by": "ada"},
        "user_token": "ada",
    }
    assert (second["message"]["by"], second["user_token"]) == ("DEFAULT", "DEFAULT")


def test_text_of_a_view_in_a_script(http: httpx.Client) -> None:
    script = http.get("/motto?callback=pants")
    assert (script.text, script.headers["content-type"]) == (
        'pants("this is a string");',
        "application/javascript",
    )
    plain = http.get("/motto")
    assert (plain.text, plain.headers["content-type"]) == ("this is a string", "application/json")


def test_only_answers_from_the_cache_say_when_they_expire(http: httpx.Client) -> None:
    fresh, kept, anew = (
        http.get(address) for address in ("/clock?zone=1", "/clock?zone=1", "/clock?zone=1&_reload_cache=1")
    )
    assert fresh.text == kept.text != anew.text
    assert ["expires" in answer.headers for answer in (fresh, kept, anew)] == [False, True, False]


def test_stores_speak_to_older_clients_as_they_expect(http: httpx.Client) -> None:
    assert http.get("/kv/absent").json() == {"message": "no data for key"}
    assert http.get("/kv/absent?callback=p").text == 'p({"message": "no data for key"});'
    assert http.get("/diagnostic/echo?callback=run_me&bare=true").text == 'run_me({"bare": "true"});'
    sent = {"file": ("mine.txt", b"contents")}
    assert http.post("/fs/root/child/mine.txt", files=sent).text == "Thanks"
    assert http.post("/fs/root/child/mine.txt", files=sent, headers={"Accept": "application/json"}).json()["size"] == 8
    assert http.get("/fs/root/child/mine.txt").text == "contents"
    failed = http.get("/diagnostic/fail")
    assert (failed.status_code, failed.headers["content-type"].partition(";")[0]) == (500, "text/html")
    assert "eid" in http.get("/diagnostic/fail", headers={"Content-Type": "application/json"}).json()


def test_events_of_the_stores_under_their_older_name(server: LongshoreServer, http: httpx.Client) -> None:
    user = {"Uid": "bob"}
    made = http.post("/store/boats", data={"one": "1", "name": "the name"}, headers=user).json()["id"]
    http.post(f"/store/boats/{made}", json={"two": 2}, headers=user)
    http.post("/store/boats/388273", json={"one": 1}, headers=user)
    http.delete(f"/store/boats/{made},388273", headers=user)
    told = next_events(server, 5)
    assert {(each["source"], each["user_token"], each["message"]["store_name"]) for each in told} == {
        (OLDER_STORES, "bob", "boats")
    }
    assert [(each["message"]["action"], each["message"]["id"]) for each in told] == [
        ("add", made), ("update", made), ("add", 388273), ("delete", made), ("delete", 388273)
    ]  # fmt: skip
    assert told[0]["message"]["data"] == {"one": 1, "name": "the name"}
    assert told[1]["message"]["data"] == {"one": 1, "name": "the name", "two": 2}


def test_any_message_is_published_and_the_answer_says_whether_it_was(
    server: LongshoreServer, http: httpx.Client
) -> None:
    published = {"message": "ok", "published": True}
    assert http.post("/message/local_publish", json={"any": ["thing"]}).json() == published
    assert http.post("/message/local_publish", data={"n": "1"}).json() == published
    assert http.post("/message/local_publish", json={"source": "unwanted"}).json() == {**published, "published": False}
    assert [(each["source"], each["message"]) for each in next_events(server, 2)] == [
        ("local_publish", {"any": ["thing"]}),
        ("local_publish", {"n": 1}),
    ]


def test_a_source_that_nothing_has_is_warned_of_at_the_start(server: LongshoreServer) -> None:
    assert "LOCAL_EVENT_SOURCES names 'nots', and nothing here seems to emit that; did you mean 'notes'?" in server.log
    assert server.log.count("nothing here seems to emit") == 1


def test_an_application_at_the_root_has_what_the_server_has_not(http: httpx.Client) -> None:
    assert http.get("/rain/data").json() == {"error": "id provided is invalid."}
    assert http.get("/healthz").json() == {"message": "ok"}
    assert http.put("/healthz").status_code == 405, "the server's own addresses are its own with every method"
    nowhere = http.get("/no/such/thing")
    assert (nowhere.status_code, "Longshore" in nowhere.text) == (404, False)


def test_a_task_reaches_a_queue_that_is_named_only_where_it_is_sent(
    server: LongshoreServer, http: httpx.Client, mongo: str
) -> None:
    job_id = http.get("/rain?depths=2&depths=3.5").json()["job_id"]

    def ended() -> dict[str, Any]:
        answer: dict[str, Any] = http.get("/rain/data", params={"job_id": job_id}).json()
        assert answer["status"] == "SUCCESS", answer
        return answer

    assert eventually(ended, 20, "the end of the task") == {
        "id": job_id,
        "status": "SUCCESS",
        "data": {"total": 5.5, "unit": "in"},
    }
    assert server.wait_until_well()["checks"]["queues"]["detail"] == "each has a worker"
    with pymongo.MongoClient(mongo) as client:
        kept = client["rain_flask"].posts.index_information()
    assert 86400 in [each.get("expireAfterSeconds") for each in kept.values()], "results go away after a day"


def test_a_killed_job_worker_serves_the_queue_again_and_nothing_is_lost(
    server: LongshoreServer, http: httpx.Client
) -> None:
    worker = server.parts()["job worker"]
    family = [worker, *worker.children(recursive=True)]
    server.kill("job worker")
    # What reaches the broker before it has seen the end of the connection goes down it: Celery's queues on Redis.
    eventually(lambda: not still_running(family), 10, "the end of the worker")
    ids = [http.get(f"/rain?depths={number}").json()["job_id"] for number in range(3)]

    def all_done() -> bool:
        return all(http.get("/rain/data", params={"job_id": each}).json()["status"] == "SUCCESS" for each in ids)

    eventually(all_done, 30, "the end of what was sent while no worker was there")
    totals = [http.get("/rain/data", params={"job_id": each}).json()["data"]["total"] for each in ids]
    assert totals == [0, 1, 2]
