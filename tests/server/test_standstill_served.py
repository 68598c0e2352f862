"""Parts that stand still (SIGSTOP; a network that swallows packets): nobody else does."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx
import psutil
import pytest

from longshore.errors import Unavailable
from longshore.state.database import Database
from support.postgres import running_postgres, why_not
from support.server import LongshoreServer
from support.waiting import eventually

pytestmark = pytest.mark.processes


@contextmanager
def standing_still(*processes: psutil.Process) -> Iterator[None]:
    """Halts them within the block; one that ended by itself meanwhile, as PostgreSQL's helpers do, need not be."""
    halted = [process for process in processes if _signals(process, signal.SIGSTOP)]
    try:
        yield
    finally:
        for process in halted:
            _signals(process, signal.SIGCONT)


def _signals(process: psutil.Process, number: int) -> bool:
    """Whether a process was there to get a signal."""
    try:
        process.send_signal(number)
    except psutil.NoSuchProcess:
        return False
    return True


def test_a_broker_that_stands_still_holds_no_request(storage: Path) -> None:
    with LongshoreServer(storage, WEB_THREADS="8") as server, httpx.Client(base_url=server.url, timeout=10) as client:
        session_id = client.post("/upload", files={"file": ("t.csv", "a,b\n1,x\n")}).json()["sessionID"]
        dataset = f"/api/v1/datasets/{session_id}"
        with standing_still(server.parts()["broker"]):
            for number in range(20):
                body = {"columnIndex": 1, "rowIndex": 0, "newValue": f"v{number}"}
                answer = client.post(f"{dataset}/operations/newCellValue?wait=false", json=body)
                assert answer.status_code == 202
            assert client.get(dataset).status_code == 200
            assert client.put("/kv/x", content=b"y").status_code < 300
            assert client.get("/healthz").status_code == 200
            assert client.get("/readyz").status_code == 503
            assert "broker" in client.get("/diagnostic").json()["message"]
        eventually(lambda: client.get(dataset).json()["version"] == 20, 60)
        eventually(lambda: client.get("/readyz").status_code == 200)


def test_workers_that_stand_still_are_told(storage: Path) -> None:
    with ExitStack() as stack:
        server = stack.enter_context(LongshoreServer(storage, WORKER_CONCURRENCY="1"))
        with httpx.Client(base_url=server.url, timeout=10) as client:
            session_id = client.post("/upload", files={"file": ("t.csv", "a,b\n1,x\n")}).json()["sessionID"]
            body = {"columnIndex": 1, "rowIndex": 0, "newValue": "v"}
            with standing_still(*server.parts()["worker"].children()):
                path = f"/api/v1/datasets/{session_id}/operations/newCellValue?wait=false"
                assert client.post(path, json=body).status_code == 202
                eventually(lambda: client.get("/readyz").status_code == 503, 60)
                assert "no worker gets on with it" in client.get("/diagnostic").json()["message"]
            eventually(lambda: client.get("/readyz").status_code == 200, 60)


def test_a_database_server_that_stands_still_is_an_error_and_no_wait_without_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("longshore.state.database.CONNECT_SECONDS", 2)
    if reason := why_not():
        pytest.skip(reason)
    with running_postgres() as server:
        database = Database(server.database(), patience_seconds=0.5)
        with database.reading() as connection:
            connection.exec_driver_sql("SELECT 1")
        postmaster = psutil.Process(int((server.folder / "data/postmaster.pid").read_text().splitlines()[0]))
        with standing_still(postmaster, *postmaster.children()):
            for way in (database.reading, database.writing):
                with pytest.raises(Unavailable), way() as connection:
                    connection.exec_driver_sql("SELECT 1")
        with database.reading() as connection:
            assert connection.exec_driver_sql("SELECT 1").scalar_one() == 1
        database.close()
