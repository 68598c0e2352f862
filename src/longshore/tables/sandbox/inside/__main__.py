"""The process that a user's command runs in: raises the walls, then works. Imports nothing of the project.

Started as ``python -I -S <this folder>`` with a job as JSON on standard input. Two processes: this one waits and
tells by its exit code how the other ended; the other is process 1 of its namespaces, so that whatever it starts
ends with it. What is said on the report's descriptor is JSON, see :class:`longshore.tables.sandbox.host.Answer`.
"""

import json
import os
import resource
import signal
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from longshore.tables.sandbox.inside import calls, isolation, work
else:
    import calls
    import isolation
    import work

ENDED, OUT_OF_TIME, KILLED, CRASHED = 10, 11, 12, 13


def main() -> None:
    """Do the job that stands on standard input."""
    job = json.load(sys.stdin.buffer)
    isolation.exit_with_parent()
    active: list[str] = []
    in_user_namespace = False
    try:
        in_user_namespace = isolation.enter_namespaces()
        active.append("namespaces")
    except OSError:
        pass
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(writing)
        try:
            inside(job, active, in_user_namespace, reading)
        finally:
            os._exit(1)
    os.close(reading)
    _, status, usage = os.wait4(child, 0)
    os._exit(_exit_code(status, usage.ru_utime + usage.ru_stime >= job["cpuSeconds"] - 1))


def _exit_code(status: int, is_out_of_time: bool) -> int:
    if os.WIFEXITED(status):
        return 0 if os.WEXITSTATUS(status) == 0 else ENDED
    if os.WTERMSIG(status) in (signal.SIGKILL, signal.SIGXCPU):
        return OUT_OF_TIME if is_out_of_time else KILLED
    return CRASHED


def inside(job: dict[str, Any], active: list[str], in_user_namespace: bool, parent_is_alive: int) -> None:
    """Close the walls around this process, run the command or write its result anew, end."""
    try:
        raise_walls(job, active, in_user_namespace, parent_is_alive)
        answer = work.prepare(job)
        try:
            calls.refuse_calls()
            active.append("filter")
        except OSError:
            pass
        answer["active"] = active
        missing = _missing(active)
        if missing:
            answer["refused"] = missing
        elif not job["probe"]:
            (work.rewrite if job["command"] is None else work.work)(job, answer)
    except BaseException as error:  # noqa: BLE001 - our own fault or the system's: the server's log shall have it
        answer = {"active": active, "failed": f"{type(error).__name__}: {error}"}
    body = json.dumps(answer).encode()
    with os.fdopen(job["report"], "wb") as report:
        report.write(body)
    os._exit(0)


def raise_walls(job: dict[str, Any], active: list[str], in_user_namespace: bool, parent_is_alive: int) -> None:
    """All that can be done before the libraries are loaded; what worked is added to ``active``."""
    is_root = os.geteuid() == 0 and not in_user_namespace
    if "namespaces" in active:
        try:
            isolation.enter_own_root(job["libraries"], isolation.NOBODY if is_root else os.geteuid())
            active.append("root")
        except OSError:
            pass
    isolation.limit(
        memory_bytes=job["memoryBytes"] or resource.RLIM_INFINITY,
        cpu_seconds=job["cpuSeconds"],
        file_bytes=job["fileBytes"],
    )
    if is_root:
        isolation.become_nobody()
        active.append("nobody")
    if is_root or in_user_namespace:
        isolation.limit_processes()
    isolation.drop_privileges()
    isolation.exit_with_parent(parent_is_alive)
    if "root" not in active:
        try:
            isolation.allow_reading_only(job["libraries"])
            active.append("landlock")
        except OSError:
            pass


def _missing(active: list[str]) -> list[str]:
    """What nothing here keeps a command from; nothing is run then."""
    files, network = {"root", "landlock"}, {"namespaces", "filter"}
    found = set(active)
    return [what for what, walls_for in (("files", files), ("network", network)) if not found & walls_for]


if __name__ == "__main__":
    main()
