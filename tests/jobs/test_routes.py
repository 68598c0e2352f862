"""Jobs over HTTP, with a worker that does as the test says."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from openapi_spec_validator import validate
from pydantic import BaseModel, SecretStr

from longshore.errors import LongshoreError
from longshore.jobs import claims, records
from longshore.jobs.claims import AttemptEnd, Claimed
from longshore.jobs.declaring import job
from longshore.jobs.records import Job
from longshore.jobs.results import open_store
from longshore.jobs.routes import declare_jobs_api, document_declared_jobs
from longshore.jobs.service import Jobs
from longshore.settings import Settings
from longshore.state.database import Database
from longshore.web.api import Api, error_response
from support.databases import prepare
from support.waiting import eventually

BASE = "/api/v1/jobs"
LATER = 2.0**40


class Place:
    """The service with its routes, what it told whom, and a worker by hand."""

    def __init__(self, settings: Settings) -> None:
        prepare(settings)
        self.settings = settings
        self.woken: list[tuple[str, int]] = []
        self.announced: list[Job] = []
        self.broker_away = False
        self.database = Database(settings.database)
        self.store = open_store(settings, self.database)
        self.service = Jobs(settings, self.database, self.store, self._wake, self._announce)
        app = Flask("test")
        self.api = Api("test", "1")
        declare_jobs_api(self.api, self.service)
        self.api.register(app)
        document_declared_jobs(self.api, self.service)
        app.register_error_handler(LongshoreError, error_response)
        self.http: FlaskClient = app.test_client()
        self.new_http = app.test_client

    def _wake(self, queue: str, count: int) -> None:
        if self.broker_away:
            raise ConnectionError
        self.woken.append((queue, count))

    def _announce(self, job: Job) -> bool:
        self.announced.append(job)
        return True

    def close(self) -> None:
        self.service.close()
        self.database.close()

    def submit(self, name: str = "add", inputs: Any = None, **about: Any) -> str:
        answer = self.http.post(f"{BASE}/{name}", json=inputs or {}, **about)
        assert answer.status_code == 202, answer.text
        return str(answer.get_json()["job_id"])

    def change(self, step: Callable[..., Any], *arguments: Any, **about: Any) -> Any:
        with self.database.writing() as connection:
            return step(connection, *arguments, **about)

    def claim(self, queue: str = "jobs") -> Claimed:
        claimed = self.change(claims.claim_next, queue, "worker")
        assert claimed is not None
        return claimed

    def succeed(self, job_id: str, document: bytes, expires: float = LATER) -> None:
        self.claim()
        self.store.put(job_id, document, expires)
        about = {"result_place": "store", "result_bytes": len(document)}
        self.change(claims.succeed, job_id, "worker", AttemptEnd(expires), **about)

    def fail(self, job_id: str, error: str = "JobFailed", message: str = "no", log_tail: str | None = None) -> None:
        self.change(claims.fail, job_id, "worker", AttemptEnd(LATER, log_tail), error=error, message=message)


@pytest.fixture
def place(settings: Settings, declared: None) -> Iterator[Place]:
    @job("add", timeout=60)
    def add(a: int = 1, b: int = 1) -> int:
        """Add two numbers.

        And no more.
        """
        return a + b

    @job("on.qed", queue="qed", result_ttl=5)
    def on_qed() -> None:
        return None

    made = Place(settings)
    yield made
    made.close()


def test_a_submitted_job_is_kept_and_its_queue_woken(place: Place) -> None:
    answer = place.http.post(f"{BASE}/add", json={"a": 2}, headers={"Uid": "ann"})
    found = answer.get_json()
    assert answer.status_code == 202
    assert (found["status"], found["id"]) == ("PENDING", found["job_id"])
    assert answer.headers["Location"] == found["links"]["self"] == f"{BASE}/{found['job_id']}"
    assert place.woken == [("jobs", 1)]
    shown = place.http.get(found["links"]["self"]).get_json()
    assert (shown["type"], shown["queue"], shown["made_by"]) == ("add", "jobs", "ann")
    assert shown["progress"] == {"done": None, "total": None, "message": None}
    assert "data" not in shown
    assert place.claim().inputs == b'{"a": 2}'


def test_a_job_is_accepted_while_the_broker_is_away(place: Place) -> None:
    place.broker_away = True
    job_id = place.submit()
    assert place.http.get(f"{BASE}/{job_id}").get_json()["status"] == "PENDING"


def test_the_result_comes_along_and_by_itself(place: Place) -> None:
    job_id = place.submit()
    early = place.http.get(f"{BASE}/{job_id}/result")
    assert (early.status_code, early.get_json()["error"]) == (409, "IllegalOperation")
    place.succeed(job_id, b'{"x": [1.50, null]}')
    shown = place.http.get(f"{BASE}/{job_id}")
    assert shown.get_json()["data"] == {"x": [1.5, None]}
    assert shown.get_json()["result_bytes"] == 19
    result = place.http.get(f"{BASE}/{job_id}/result")
    assert (result.data, result.mimetype) == (b'{"x": [1.50, null]}', "application/json")


def test_a_large_result_is_a_file(place: Place) -> None:
    job_id = place.submit()
    place.claim()
    about = {"result_place": "file", "result_bytes": 3}
    place.change(claims.succeed, job_id, "worker", AttemptEnd(LATER), **about)
    assert place.http.get(f"{BASE}/{job_id}/result").status_code == 410  # somebody removed it
    folder: Path = place.settings.results_folder
    folder.mkdir(parents=True)
    (folder / f"{job_id}.json").write_bytes(b"[1]")
    with place.http.get(f"{BASE}/{job_id}/result") as whole:
        assert whole.get_json() == [1]
    with place.http.get(f"{BASE}/{job_id}/result", headers={"Range": "bytes=1-1"}) as part:
        assert part.data == b"1"
    shown = place.http.get(f"{BASE}/{job_id}").get_json()
    assert (shown["status"], "data" in shown) == ("SUCCESS", False)


def test_a_failed_job_says_why(place: Place) -> None:
    job_id = place.submit()
    place.claim()
    place.fail(job_id, "TimedOut", "it took longer than 60 s", log_tail="line 1\nline 2")
    shown = place.http.get(f"{BASE}/{job_id}").get_json()
    assert (shown["status"], shown["error"], shown["log_tail"]) == ("FAILURE", "TimedOut", "line 1\nline 2")
    result = place.http.get(f"{BASE}/{job_id}/result")
    assert result.status_code == 409
    assert result.get_json() == {
        "success": False,
        "error": "JobFailed",
        "errorDescription": "it took longer than 60 s",
        "reason": "TimedOut",
        "logTail": "line 1\nline 2",
    }


def test_unknown_jobs_types_and_ids(place: Place) -> None:
    answers = [
        place.http.post(f"{BASE}/ad", json={}),
        place.http.post(f"{BASE}/types", json={}),
        place.http.post(f"{BASE}/ad/batch", json=[{}]),
        place.http.get(f"{BASE}/types/ad"),
        place.http.get(f"{BASE}/{records.new_job_id()}"),
        place.http.get(f"{BASE}/..%2f..%2fpasswd/result"),
        place.http.get(f"{BASE}/x"),
        place.http.delete(f"{BASE}/{records.new_job_id()}"),
    ]
    assert {answer.status_code for answer in answers} == {404}
    assert "did you mean 'add'?" in answers[0].get_json()["errorDescription"]
    assert place.woken == []


def test_an_expired_job_is_gone_until_its_record_is(place: Place) -> None:
    job_id = place.submit()
    place.succeed(job_id, b"1", expires=1.0)
    for path in (f"{BASE}/{job_id}", f"{BASE}/{job_id}/result", f"{BASE}/{job_id}/inputs"):
        answer = place.http.get(path)
        assert (answer.status_code, answer.get_json()["error"]) == (410, "Expired")
    assert place.http.delete(f"{BASE}/{job_id}").status_code == 410
    place.change(records.mark_expired, [job_id])
    assert place.http.get(f"{BASE}/{job_id}").status_code == 410
    place.change(records.remove_old)
    assert place.http.get(f"{BASE}/{job_id}").status_code == 404


def test_the_inputs_are_shown_as_they_came(place: Place) -> None:
    answer = place.http.get(f"{BASE}/{place.submit(inputs={'b': 2})}/inputs")
    assert (answer.status_code, answer.data, answer.mimetype) == (200, b'{"b": 2}', "application/json")


class Account(BaseModel):
    token: SecretStr


def test_secret_inputs_are_shown_to_nobody(place: Place) -> None:
    @job("log.in")
    def log_in(accounts: list[Account]) -> None:
        return None

    answer = place.http.get(f"{BASE}/{place.submit('log.in', {'accounts': [{'token': 'deep'}]})}/inputs")
    assert (answer.status_code, "deep" in answer.text) == (409, False)


def test_bad_inputs_are_not_kept(place: Place) -> None:
    answer = place.http.post(f"{BASE}/add", json={"a": "x", "c": 1})
    assert answer.status_code == 422
    assert {each["field"] for each in answer.get_json()["fields"]} == {"a", "c"}
    assert place.http.get(BASE).get_json()["total"] == 0
    assert place.woken == []


def test_another_queue_has_to_be_served(place: Place) -> None:
    place.submit(query_string={"queue": "qed"})
    assert place.woken == [("qed", 1)]
    refused = place.http.post(f"{BASE}/add?queue=nobody", json={})
    assert refused.status_code == 422
    assert refused.get_json()["fields"][0]["field"] == "queue"
    assert "there are jobs, qed" in refused.get_json()["errorDescription"]


def test_a_key_gives_the_same_job(place: Place) -> None:
    key = {"Idempotency-Key": "k"}
    first = place.submit("add", {"a": 1, "b": 2}, headers=key)
    assert place.submit("add", {"b": 2, "a": 1}, headers=key) == first
    assert place.woken == [("jobs", 1)]
    assert place.submit("add", {"a": 1, "b": 2}, headers={**key, "Uid": "bob"}) != first
    assert place.submit("on.qed", {}, headers=key) != first
    other = place.http.post(f"{BASE}/add", json={"a": 2}, headers=key)
    assert (other.status_code, other.get_json()["error"]) == (422, "InvalidValue")
    place.succeed(first, b"3")
    again = place.http.post(f"{BASE}/add", json={"a": 1, "b": 2}, headers=key)
    assert (again.status_code, again.get_json()["job_id"]) == (200, first)


def test_a_key_whose_job_expired_gives_a_new_one(place: Place) -> None:
    key = {"Idempotency-Key": "k"}
    first = place.submit(headers=key)
    place.succeed(first, b"3", expires=1.0)
    second = place.submit("add", {"a": 7}, headers=key)
    assert second != first
    assert place.submit("add", {"a": 7}, headers=key) == second


def test_many_at_once_with_one_key_make_one_job(place: Place) -> None:
    got: list[str] = []
    together = threading.Barrier(6)

    def send() -> None:
        together.wait()
        got.append(place.new_http().post(f"{BASE}/add", json={}, headers={"Idempotency-Key": "k"}).get_json()["id"])

    threads = [threading.Thread(target=send) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(got) == 6
    assert len(set(got)) == 1
    assert place.http.get(BASE).get_json()["total"] == 1


def test_a_batch_is_kept_whole_or_not_at_all(place: Place) -> None:
    refused = place.http.post(f"{BASE}/add/batch", json=[{"a": 1}, {"a": "x"}])
    assert (refused.status_code, refused.get_json()["fields"][0]["item"]) == (422, 1)
    assert place.http.get(BASE).get_json()["total"] == 0
    lines = "\n".join(json.dumps({"a": number}) for number in range(5))
    about: dict[str, Any] = {"data": lines, "content_type": "application/x-ndjson"}
    answer = place.http.post(f"{BASE}/add/batch", **about)
    assert answer.status_code == 202
    ids = answer.get_json()["jobs"]
    assert len(set(ids)) == 5
    assert place.woken == [("jobs", 5)]
    claimed = [place.claim() for _ in ids]
    assert [each.job.id for each in claimed] == ids
    assert [json.loads(each.inputs)["a"] for each in claimed] == [0, 1, 2, 3, 4]


def test_a_batch_with_a_key_is_kept_once(place: Place) -> None:
    about: dict[str, Any] = {"headers": {"Idempotency-Key": "k"}}
    ids = place.http.post(f"{BASE}/add/batch", json=[{"a": 1}, {"a": 2}], **about).get_json()["jobs"]
    assert place.http.post(f"{BASE}/add/batch", json=[{"a": 1}, {"a": 2}], **about).get_json()["jobs"] == ids
    assert place.http.post(f"{BASE}/add/batch", json=[{"a": 1}], **about).status_code == 422
    assert place.http.get(BASE).get_json()["total"] == 2


def test_the_listing_is_filtered_and_goes_on(place: Place) -> None:
    ids = [place.submit("add" if number % 2 else "on.qed") for number in range(5)]
    page = place.http.get(f"{BASE}?limit=2").get_json()
    assert [each["id"] for each in page["jobs"]] == ids[:2:-1]
    assert (page["total"], page["total_is_exact"]) == (5, True)
    place.submit()  # what comes in meanwhile does not move the pages
    seen = [each["id"] for each in page["jobs"]]
    while page["next"]:
        page = place.http.get(page["next"]).get_json()
        seen += [each["id"] for each in page["jobs"]]
    assert seen == ids[::-1]
    assert [each["id"] for each in place.http.get(f"{BASE}?type=on.qed&offset=1").get_json()["jobs"]] == [
        ids[2],
        ids[0],
    ]
    assert place.http.get(f"{BASE}?status=SUCCESS,FAILURE").get_json()["jobs"] == []
    assert place.http.get(f"{BASE}?status=PENDING&type=add,on.qed").get_json()["total"] == 6
    for wrong in ("status=DONE", "type=%00", "limit=0", "limit=5000", "before=-1"):
        assert place.http.get(f"{BASE}?{wrong}").status_code == 400


def test_a_waiting_job_is_cancelled_at_once_and_announced(place: Place) -> None:
    job_id = place.submit()
    answer = place.http.delete(f"{BASE}/{job_id}")
    assert (answer.status_code, answer.get_json()["status"]) == (200, "REVOKED")
    assert [(each.id, each.status) for each in place.announced] == [(job_id, "REVOKED")]
    with place.database.reading() as connection:
        assert records.unannounced(connection, -60) == []
    assert place.change(claims.claim_next, "jobs", "worker") is None
    again = place.http.delete(f"{BASE}/{job_id}")
    assert (again.status_code, again.get_json()["status"]) == (200, "REVOKED")
    assert place.http.get(f"{BASE}/{job_id}/result").get_json()["reason"] == "Revoked"


def test_cancelling_a_running_job_waits_for_its_worker(place: Place) -> None:
    job_id = place.submit()
    place.claim()

    def worker() -> None:
        eventually(lambda: place.change(claims.is_cancelling, job_id, "worker"))
        place.change(claims.revoke, job_id, "worker", AttemptEnd(LATER))

    thread = threading.Thread(target=worker)
    thread.start()
    answer = place.http.delete(f"{BASE}/{job_id}")
    thread.join()
    assert (answer.status_code, answer.get_json()["status"]) == (200, "REVOKED")


def test_cancelling_a_job_whose_worker_does_not_answer(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    job_id = place.submit()
    place.claim()
    found = place.service.cancel(job_id, wait_seconds=0.05)
    assert (found.status, found.cancelling) == ("STARTED", True)
    monkeypatch.setattr(Jobs.cancel, "__defaults__", (0.05,))
    assert place.http.delete(f"{BASE}/{job_id}").status_code == 202


def test_a_job_that_has_ended_is_not_cancelled(place: Place) -> None:
    job_id = place.submit()
    place.succeed(job_id, b"2")
    answer = place.http.delete(f"{BASE}/{job_id}")
    assert (answer.status_code, answer.get_json()["error"]) == (409, "IllegalOperation")
    assert place.http.get(f"{BASE}/{job_id}").get_json()["status"] == "SUCCESS"


def test_a_request_waits_for_the_next_change(place: Place) -> None:
    job_id = place.submit()
    answers: list[str] = []
    asking = threading.Thread(
        target=lambda: answers.append(place.new_http().get(f"{BASE}/{job_id}?wait=30").get_json()["status"])
    )
    asking.start()
    eventually(lambda: place.service.waiter.count)
    place.claim()
    asking.join(10)
    assert answers == ["STARTED"]
    assert place.http.get(f"{BASE}/{job_id}?wait=0.05").get_json()["status"] == "STARTED"
    place.fail(job_id)
    assert place.http.get(f"{BASE}/{job_id}?wait=30").get_json()["status"] == "FAILURE"
    for wrong in ("31", "-1", "nan", "x"):
        assert place.http.get(f"{BASE}/{job_id}?wait={wrong}").status_code == 400


def test_whoever_waits_goes_on_when_the_server_stops(place: Place) -> None:
    job_id = place.submit()
    asking = threading.Thread(target=lambda: place.service.show(job_id, 30))
    asking.start()
    eventually(lambda: place.service.waiter.count)
    place.service.close()
    asking.join(10)
    assert not asking.is_alive()


def test_types_with_their_schemas(place: Place) -> None:
    types = {each["name"]: each for each in place.http.get(f"{BASE}/types").get_json()["types"]}
    add = types["add"]
    assert (add["summary"], add["queue"], add["timeout"]) == ("Add two numbers.", "jobs", 60)
    assert add["inputs"]["properties"]["a"]["default"] == 1
    assert add["outputs"] == {"type": "integer"}
    assert types["on.qed"]["result_ttl"] == 5
    assert place.http.get(f"{BASE}/types/add").get_json() == add


def test_the_openapi_document_is_valid_and_has_each_type(place: Place) -> None:
    document = place.api.document()
    validate(document)
    described = document["paths"][f"{BASE}/add"]["post"]
    assert set(described["requestBody"]["content"]["application/json"]["schema"]["properties"]) == {"a", "b"}
    assert [(each["name"], each["in"]) for each in described["parameters"]] == [
        ("queue", "query"),
        ("Idempotency-Key", "header"),
    ]


def test_a_body_over_the_limit(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("longshore.web.request_body.MAX_JSON_BYTES", 100)
    answer = place.http.post(f"{BASE}/add", data=b" " * 101)
    assert (answer.status_code, answer.get_json()["error"]) == (413, "TooLarge")
