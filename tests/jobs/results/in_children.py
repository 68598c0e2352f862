"""Uses one store in a process and in children that it forks, as Celery's worker does; exits with 0 if all was right."""

from __future__ import annotations

import os
import sys
import time

from longshore.jobs.results import ResultStore, open_store
from longshore.jobs.results.processes import PerProcess
from longshore.jobs.results.table import is_embedded
from longshore.settings import Settings
from longshore.state.database import Database

CHILDREN = 3
TIMES = 40


def work(store: ResultStore, name: str) -> None:
    """Put and get; an answer that belongs to another process would show."""
    for number in range(TIMES):
        document = f'"{name} {number} {"x" * 5000}"'.encode()
        store.put(name, document, time.time() + 600)
        if store.get(name) != document:
            raise AssertionError(f"{name} got another's document")


def main() -> int:
    settings = Settings.from_environment()
    # As Celery's table backend: the embedded store's database is closed before a fork, too.
    databases = PerProcess(lambda: Database(settings.database), Database.close)

    def store() -> ResultStore:
        return open_store(settings, databases())

    shared = store()
    own = store if is_embedded(settings) else lambda: shared
    work(own(), "parent")
    children = []
    for number in range(CHILDREN):
        pid = os.fork()
        if pid == 0:
            work(own(), f"child {number}")
            own().close()
            os._exit(0)
        children.append(pid)
    work(own(), "parent")
    codes = [os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) for pid in children]
    work(own(), "parent")
    for number in range(CHILDREN):
        if own().get(f"child {number}") is None:
            return 3
    own().close()
    return max(codes, key=abs)


if __name__ == "__main__":
    sys.exit(main())
