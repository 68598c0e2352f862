"""Driving the jobs of a whole server."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import httpx
import psutil

from support.server import LongshoreServer
from support.waiting import eventually

HANDLERS = Path(__file__).parents[1] / "jobs" / "handlers"
FINISHED = {"SUCCESS", "FAILURE", "REVOKED"}


class JobsAPI:
    """What a client of ``server`` does."""

    def __init__(self, server: LongshoreServer) -> None:
        self.server = server

    def request(self, method: str, path: str, **options: Any) -> httpx.Response:
        return httpx.request(method, f"{self.server.url}/api/v1/jobs{path}", timeout=30, **options)

    def submit(self, name: str, **inputs: Any) -> str:
        answer = self.request("POST", f"/{name}", json=inputs)
        assert answer.status_code == 202, answer.text
        return str(answer.json()["job_id"])

    def submit_batch(self, name: str, inputs: list[dict[str, Any]]) -> list[str]:
        answer = self.request("POST", f"/{name}/batch", json=inputs)
        assert answer.status_code == 202, answer.text
        return list(answer.json()["jobs"])

    def show(self, job_id: str) -> dict[str, Any]:
        answer = self.request("GET", f"/{job_id}")
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    def wait(self, job_id: str, seconds: float = 30) -> dict[str, Any]:
        """The job once it has ended."""

        def ended() -> dict[str, Any]:
            job = self.show(job_id)
            assert job["status"] in FINISHED, job
            return job

        return eventually(ended, seconds, "the end of the job")

    def cancel(self, job_id: str) -> dict[str, Any]:
        answer = self.request("DELETE", f"/{job_id}")
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    def wait_until(self, job_id: str, status: str, seconds: float = 30) -> dict[str, Any]:
        """The job once it has this status."""

        def there() -> dict[str, Any]:
            job = self.show(job_id)
            assert job["status"] == status, job
            return job

        return eventually(there, seconds, f"{status} of the job")

    def newest(self, limit: int) -> list[dict[str, Any]]:
        """The newest jobs."""
        return list(self.request("GET", "", params={"limit": limit}).json()["jobs"])


def executors(server: LongshoreServer) -> list[psutil.Process]:
    """The processes of the job worker that run jobs."""
    return server.parts()["job worker"].children()


def runners(server: LongshoreServer) -> list[psutil.Process]:
    """The processes in which functions run."""
    return [
        process
        for executor in executors(server)
        for process in executor.children()
        if "longshore.jobs.running.child" in process.cmdline()
    ]


def marks(folder: Path) -> Counter[int]:
    """How often each job ``mark`` ran."""
    path = folder / "marks"
    return Counter(map(int, path.read_text().split())) if path.exists() else Counter()
