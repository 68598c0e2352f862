"""What a running stack has to do right: each trial says in a sentence what it saw, or raises."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import shutil
import subprocess
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import httpx
from machine import ROOT, CommandError
from project import HYDROLOGY, Project

from longshore.client import Client, Dataset

T = TypeVar("T")
STORMS = 200_000
CHANGES = 8
README_RUNOFF_INCHES = 2.814
IMAGE_USER = 10001


class TrialError(Exception):
    """Something is not right; the message says what."""


def until(happened: Callable[[], T], seconds: float, what: str) -> T:
    """Ask again and again until the answer is true."""
    deadline = time.monotonic() + seconds
    last: Exception | None = None
    while time.monotonic() < deadline:
        try:
            if found := happened():
                return found
        except (httpx.HTTPError, CommandError, OSError, KeyError, ValueError) as error:
            last = error
        time.sleep(0.1)
    raise TrialError(f"{what}: not within {seconds:g} s{f'; {last}' if last else ''}") from last


def require(holds: bool, what: str) -> None:
    """See that something holds."""
    if not holds:
        raise TrialError(what)


def headers(project: Project) -> dict[str, str]:
    """What every request shows."""
    return {"Authorization": f"Bearer {project.token}"}


def becomes_well(project: Project, began: float) -> str:
    """It answers, and everything is there."""
    until(lambda: httpx.get(f"{project.address}/hello", timeout=5).text == "World!", 120, "the first answer")
    answered = time.monotonic() - began

    def diagnosis() -> bool:
        answer = httpx.get(f"{project.address}/diagnostic", headers=headers(project), timeout=5)
        return bool(answer.status_code == 200)

    until(diagnosis, 120, "a good diagnosis")
    well = time.monotonic() - began
    for service in project.services():
        until(lambda service=service: project.require_health(service), 60, f"a good health check of {service}")
    return f"first answer {answered:.1f} s and all well {well:.1f} s after `up`; every health check passes"


def asks_for_a_token(project: Project) -> str:
    """Without a token nothing is told."""
    status = httpx.get(f"{project.address}/api/v1/jobs", timeout=10).status_code
    require(status == 401, f"a request without a token was answered with {status}")
    return "a request without a token is answered with 401"


def _with_twice(client: Client) -> Dataset:
    """The example's storms, with a column computed."""
    dataset = client.upload(HYDROLOGY / "storms.csv")
    dataset.call("derive", expression="P * 2", new_name="twice")
    return dataset


def works(project: Project) -> str:
    """Upload, change, link."""
    with Client(project.address, token=project.token) as client:
        dataset = _with_twice(client)
        rows = dataset.rows(0, 5)
        require(all(row["twice"] == row["P"] * 2 for row in rows if row["P"] is not None), f"wrong rows: {rows}")
        address = dataset.link("csv")
    first, second = httpx.get(address, timeout=60), httpx.get(address, timeout=60)
    lines = len(list(csv.reader(io.StringIO(first.text))))
    stored = len((HYDROLOGY / "storms.csv").read_text().splitlines())
    require(lines == stored, f"the link gave {lines} lines instead of {stored}")
    require(second.status_code in (404, 410), f"a link that works once was answered again with {second.status_code}")
    return "uploaded, changed, fetched by a link once and no second time"


def survives_a_killed_worker(project: Project) -> str:
    """The worker's container dies in the middle of changes and a job: all are done in the end, each once."""
    rain = [index % 97 / 10 for index in range(STORMS)]
    content = io.StringIO()
    csv.writer(content, lineterminator="\n").writerows([("P", "CN"), *((depth, 70) for depth in rain)])
    with Client(project.address, token=project.token) as client, ThreadPoolExecutor(CHANGES) as threads:
        dataset = client.upload(content.getvalue().encode(), "storms.csv")
        job = client.job("runoff_table", {"session_id": dataset.session_id})
        changes = [
            threads.submit(dataset.call, "derive", expression=f"P * {number}", new_name=f"x{number}",
                           idempotency_key=f"stack-{number}")
            for number in range(CHANGES)
        ]  # fmt: skip
        until(lambda: any(change.done() for change in changes), 60, "the first of the changes")
        waiting = sum(not change.done() for change in changes)
        killed = project.kill("worker")
        began = time.monotonic()
        until(lambda: project.init_of("worker") not in (0, killed), 60, "another container of the worker")
        for change in changes:
            change.result(300)
        found = job.result()
        seconds = time.monotonic() - began
        names = [each["operation"] for each in dataset.history()]
        require(names.count("derive") == CHANGES, f"{names.count('derive')} changes in the history, not {CHANGES}")
        rows = dataset.rows(STORMS - 100, STORMS)
        for offset, row in enumerate(rows):
            expected = rain[STORMS - 100 + offset]
            wrong = [number for number in range(CHANGES) if abs(row[f"x{number}"] - expected * number) > 1e-9]
            require(not wrong, f"row {offset}: {row}")
    mean = sum(map(runoff_inches, rain)) / STORMS
    require(found["rows"] == STORMS, f"the job saw {found['rows']} rows")
    require(abs(found["mean_runoff"] - mean) < 1e-9, f"the job found {found['mean_runoff']} instead of {mean}")
    until(lambda: project.require_health("worker"), 60, "a good health check of the worker")
    return f"killed with {waiting} of {CHANGES} changes and a job to do: all done once and right {seconds:.1f} s later"


def runoff_inches(rain: float, curve_number: float = 70) -> float:
    """The curve-number method as its handbook has it."""
    retained = 1000 / curve_number - 10
    return 0.0 if rain <= 0.2 * retained else (rain - 0.2 * retained) ** 2 / (rain + 0.8 * retained)


def readme_runs(project: Project) -> str:
    """The commands of the merged application's README do what it says there, typed as they stand."""
    if shutil.which("curl") is None:
        return "skipped: curl is missing"
    (project.folder / ".curlrc").write_text(f'header = "Authorization: Bearer {project.token}"\n')
    answers: list[dict[str, object]] = []
    commands = _commands((HYDROLOGY / "README.md").read_text())
    for command in commands:
        known = {name: value for answer in answers for name, value in answer.items()}

        def answer(command: str = command, known: dict[str, object] = known) -> dict[str, object]:
            text = command.replace("localhost:5000", project.address.removeprefix("http://"))
            text = re.sub(r"\bID\b", str(known.get("job_id")), text)
            text = re.sub(r"\bSESSION\b", str(known.get("sessionID")), text)
            done = subprocess.run(
                ["bash", "-c", text], cwd=HYDROLOGY, capture_output=True, text=True, check=False, timeout=120,
                env=os.environ | {"CURL_HOME": str(project.folder)},
            )  # fmt: skip
            found = json.loads(done.stdout)
            return {} if found.get("status") in ("STARTED", "RETRY") or _waits(command, found) else dict(found)

        answers.append(until(answer, 60, command))
    require(len(answers) >= 6, f"the README has only {len(answers)} commands")
    data = [each["data"] for each in answers if isinstance(each.get("data"), dict)]
    runoff = [each["runoff"] for each in data if "runoff" in each]
    require(any(abs(value - README_RUNOFF_INCHES) < 1e-3 for value in runoff), f"other results: {answers}")
    require({"error": "id provided is invalid."} in answers, f"no answer to a request without an id: {answers}")
    return f"{len(answers)} commands of {(HYDROLOGY / 'README.md').relative_to(ROOT)} were answered as it says"


def _waits(command: str, found: dict[str, object]) -> bool:
    """Whether the answer is one that is asked for again: the state of a job, which has not ended."""
    return "ID" in command and found.get("status") == "PENDING"


def _commands(readme: str) -> list[str]:
    """The commands with curl in a text, without the answers that stand below them as comments."""
    blocks = re.findall(r"^```sh\n(.*?)^```", readme, re.MULTILINE | re.DOTALL)
    lines = [line for block in blocks for line in block.splitlines() if not line.startswith("#")]
    return re.findall(r"^curl .*?(?=^curl |\Z)", "\n".join(lines), re.MULTILINE | re.DOTALL)


def keeps_over_a_restart(project: Project) -> str:
    """What was there is there after ``down`` and ``up``."""
    with Client(project.address, token=project.token) as client:
        dataset = client.upload(HYDROLOGY / "storms.csv")
        before = dataset.rows(0, 5)
        project.compose("stop", "--timeout", "45")
        project.compose("start")
        becomes_well(project, time.monotonic())
        require(dataset.rows(0, 5) == before, "other rows after a restart")
    return "stopped and started again, with everything still there"


def is_backed_up_and_restored(project: Project) -> str:
    """A backup of the running server, restored into empty volumes, is what was there."""
    with Client(project.address, token=project.token) as client:
        dataset = _with_twice(client)
        before = dataset.rows(0, 5)
        backups = project.folder / "backups"
        backups.mkdir()
        os.chown(backups, IMAGE_USER, IMAGE_USER)
        project.run_beside("backup", "/backups", volume=f"{backups}:/backups")
        project.compose("down", "--volumes", "--timeout", "45")
        project.run_beside("restore", "/backups", volume=f"{backups}:/backups:ro")
        project.compose("up", "--detach", "--no-build")
        becomes_well(project, time.monotonic())
        require(dataset.rows(0, 5) == before, "other rows after the restore")
    return "backed up while it ran, restored into empty volumes, with the same rows"
