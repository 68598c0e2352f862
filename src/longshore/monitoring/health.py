"""Is everything there? Checks with a time limit each, side by side; ``health_routes.py`` has the routes."""

from __future__ import annotations

import logging
import os
import shutil
import threading
import time
from collections import Counter
from collections.abc import Callable, Container
from functools import cache, partial
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any, TypedDict

from longshore.jobs.declaring import all_jobs
from longshore.monitoring.progress import ProgressWatch
from longshore.processes.heartbeat import DATASETS, IMPORTS, JOBS, connect, living_workers
from longshore.queues.unserved import describe_unserved, find_unserved
from longshore.settings import Settings
from longshore.state.database import Database
from longshore.storage.files import try_writing

log = logging.getLogger(__name__)

LIMIT_SECONDS = 1.0


class Finding(TypedDict):
    """What a check found: ``detail`` is a sentence, ``seconds`` how long it took."""

    ok: bool
    detail: str
    seconds: float


class CheckError(Exception):
    """A check found something wrong; the message is its sentence."""


Check = Callable[[Settings], str]


def checks(
    settings: Settings,
    limit_seconds: float = LIMIT_SECONDS,
    without: Container[str] = (),
    progress: ProgressWatch | None = None,
) -> dict[str, Finding]:
    """Run all checks at the same time.

    :param limit_seconds: a check that takes longer counts as failed.
    :param without: names of checks that are left out.
    :param progress: what watches the accepted changes of this server.
    """
    answers: SimpleQueue[tuple[str, Finding]] = SimpleQueue()
    known = CHECKS if progress is None else {**CHECKS, "changes": partial(check_changes, progress)}
    wanted = {name: check for name, check in known.items() if name not in without}
    for name, check in wanted.items():
        # A daemon: one that hangs, in a network file system say, must not keep the server from ending.
        threading.Thread(
            target=lambda name=name, check=check: answers.put((name, _run(name, check, settings))),
            name=f"check-{name}",
            daemon=True,
        ).start()
    deadline = time.monotonic() + limit_seconds
    found: dict[str, Finding] = {}
    while len(found) < len(wanted):
        try:
            name, finding = answers.get(timeout=max(0.0, deadline - time.monotonic()))
        except Empty:
            break
        found[name] = finding
    late = Finding(ok=False, detail=f"no answer within {limit_seconds:g} s", seconds=limit_seconds)
    return {name: found.get(name, late) for name in wanted}


def _run(name: str, check: Check, settings: Settings) -> Finding:
    began = time.monotonic()
    try:
        ok, detail = True, check(settings)
    except CheckError as error:
        ok, detail = False, str(error)
    except Exception as error:
        # Whatever is wrong is what a diagnosis is for. The error's text may hold addresses and names:
        # the log has it, the answer does not.
        log.info("check %s failed", name, exc_info=True)
        ok, detail = False, f"it does not answer ({type(error).__name__})"
    return Finding(ok=ok, detail=detail, seconds=round(time.monotonic() - began, 4))


def check_database(settings: Settings) -> str:
    """The database runs a query."""
    with open_database(settings.database).reading() as connection:
        connection.exec_driver_sql("SELECT 1")
    return "answers"


@cache
def open_database(url: str) -> Database:
    """One small pool for all diagnoses of this process."""
    return Database(url)


def check_broker(settings: Settings) -> str:
    """The broker answers."""
    if settings.redis_url is not None:
        with connect(settings.redis_url) as client:
            client.ping()
        return "answers"
    from kombu.connection import Connection

    make_connection: Any = Connection
    with make_connection(settings.kombu_url, ssl=settings.broker_tls, connect_timeout=LIMIT_SECONDS) as connection:
        connection.connect()
    return "answers"


def check_workers(settings: Settings) -> str:
    """At least one worker takes tasks; and one takes jobs, if there are any to take."""
    alive = _count_on_redis(settings.redis_url) if settings.redis_url is not None else _ask_for_workers()
    if not alive[DATASETS]:
        raise CheckError("no worker is alive")
    if settings.redis_url is not None and not alive[IMPORTS]:  # on RabbitMQ a third question would take too long
        raise CheckError("no worker for imports is alive")
    if not alive[JOBS]:
        if _has_jobs(settings):
            raise CheckError("no job worker is alive")
        return f"{alive[DATASETS]} alive"
    return f"{alive[DATASETS]} alive, and {alive[JOBS]} for jobs"


def _count_on_redis(url: str) -> Counter[str]:
    with connect(url) as client:
        return Counter(kind for each in living_workers(client).values() for kind in each.kinds)


def _ask_for_workers() -> Counter[str]:
    """Who answers on RabbitMQ: one of each kind, since waiting for all takes the whole time limit."""
    from celery import current_app

    def answers(kind: str) -> bool:
        # Several at once would each wait for the other's answers on this thread's own reply queue.
        reply = current_app.control.broadcast(
            "ping", reply=True, timeout=LIMIT_SECONDS * 0.4, limit=1, pattern=f"*{kind}*@*", matcher="glob"
        )
        return bool(reply)

    return Counter({kind: 1 for kind in (DATASETS, JOBS) if answers(kind)})


def _has_jobs(settings: Settings) -> bool:
    """Whether somebody could ask for a job or a task of a merged application."""
    return bool(settings.task_modules or all_jobs())


def check_queues(settings: Settings) -> str:
    """A worker serves every queue in which something waits."""
    unserved = find_unserved(settings, open_database(settings.database))
    if waiting := [each for each in unserved if each.waiting]:
        raise CheckError(describe_unserved(waiting))
    return describe_unserved(unserved) or "each has a worker"


def check_changes(progress: ProgressWatch, _settings: Settings) -> str:
    """Accepted changes get on."""
    seconds = progress.still_seconds()
    if seconds:
        raise CheckError(f"an accepted change has waited for {seconds:.0f} s, and no worker gets on with it")
    return "get on"


def check_disk(settings: Settings) -> str:
    """There is room for uploads."""
    free = shutil.disk_usage(settings.root_storage_path).free
    detail = f"{free // 2**20:,} MiB free"
    if free < settings.min_free_bytes:
        raise CheckError(f"{detail}, less than MIN_FREE_BYTES={settings.min_free_bytes}")
    return detail


def check_folders(settings: Settings) -> str:
    """All storage folders can be written to."""
    for folder in (settings.root_storage_path, settings.datasets_folder, settings.uploads_folder):
        if folder.exists():
            _try_writing(folder)
        elif not os.access(settings.root_storage_path, os.W_OK):
            raise CheckError(f"{folder.name} is missing and cannot be made")
    return "writable"


def _try_writing(folder: Path) -> None:
    try:
        try_writing(folder)
    except OSError as error:
        raise CheckError(f"{folder.name} cannot be written to: {error.strerror}") from None


def check_commands(settings: Settings) -> str:
    """Whether users' code may run, and what shuts it in."""
    if not settings.execute_commands:
        return "off"
    from longshore.tables import sandbox

    return sandbox.protection()


CHECKS: dict[str, Check] = {
    "database": check_database,
    "broker": check_broker,
    "workers": check_workers,
    "queues": check_queues,
    "disk": check_disk,
    "folders": check_folders,
    "commands": check_commands,
}
