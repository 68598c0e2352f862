"""The client's handle of a job, against a server that answers as the test says."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from longshore import errors
from longshore.client import jobs
from longshore.client.jobs import Job


def state(status: str, **about: Any) -> dict[str, Any]:
    progress = {"done": None, "total": None, "message": None}
    return {"id": "a", "type": "sum", "status": status, "progress": progress, "expires": None, **about}


class FakeClient:
    """Answers in turn; an exception is raised."""

    def __init__(self, *answers: Any) -> None:
        self.answers: Iterator[Any] = iter(answers)
        self.asked: list[tuple[str, Any]] = []

    def request(self, method: str, path: str, **about: Any) -> Any:
        self.asked.append((f"{method} {path}", about.get("params")))
        answer = next(self.answers)
        if isinstance(answer, Exception):
            raise answer
        return answer

    fetch = request


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs, "RECONNECT_PAUSE_SECONDS", 0)


def job(*answers: Any) -> tuple[Job, FakeClient]:
    client = FakeClient(*answers)
    return Job(client, "a"), client  # type: ignore[arg-type]


def test_a_server_that_restarts_is_waited_for() -> None:
    away = errors.Unavailable("no answer")
    watched, _ = job(state("PENDING"), away, away, state("STARTED"), away, state("SUCCESS", data=7))
    assert watched.result() == 7


def test_a_server_that_stays_away_is_not_waited_for_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs, "RECONNECT_SECONDS", -1)
    watched, _ = job(errors.Unavailable("no answer"))
    with pytest.raises(errors.Unavailable):
        watched.wait()


def test_a_finished_job_is_not_asked_for_again() -> None:
    watched, client = job(state("SUCCESS", data=None))
    assert watched.status == "SUCCESS"
    assert watched.result() is None
    assert client.asked == [("GET /api/v1/jobs/a", {})]
    assert repr(watched) == "<Job a sum SUCCESS>"


def test_a_large_result_is_fetched_by_itself() -> None:
    watched, client = job(state("STARTED"), state("SUCCESS"), [1, 2])
    assert watched.result() == [1, 2]
    assert client.asked[1:] == [("GET /api/v1/jobs/a", {"wait": 30.0}), ("GET /api/v1/jobs/a/result", None)]


def test_no_bar_without_anybody_to_see_it(capsys: pytest.CaptureFixture[str]) -> None:
    watched, _ = job(state("STARTED"), state("SUCCESS", data=1))
    watched.wait()
    assert capsys.readouterr().err == ""
