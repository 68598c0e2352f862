"""What the server clears away by itself, each at its own pace, by one process of however many there are."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from sqlalchemy.engine import Connection

from longshore.datasets.retention import remove_unchanged
from longshore.handlers.caching import ResponseCache
from longshore.processes.schedule import Interval, PeriodicTask
from longshore.settings import Settings
from longshore.state.clocks import steady
from longshore.state.database import Database

RESPONSES_SECONDS = 600
MAX_RETENTION_SECONDS = 3600
"""Longest pause between two looks for datasets that are to go; a short DATASET_TTL makes it shorter."""


def clearing(settings: Settings, database: Database, responses: ResponseCache) -> Iterable[PeriodicTask]:
    """The periodic tasks to clear away expired responses, and datasets that nobody changed for long."""
    yield _every("responses", RESPONSES_SECONDS, responses.files.sweep)
    ttl = settings.dataset_ttl
    if ttl is not None:
        folder = settings.datasets_folder
        pause = int(min(max(ttl / 10, 1), MAX_RETENTION_SECONDS))
        yield _every("datasets", pause, lambda: remove_unchanged(database, folder, ttl, steady.now()))


def _every(name: str, seconds: int, work: Callable[[], object]) -> PeriodicTask:
    def begin(_: Connection) -> Callable[[], object]:
        return work

    return PeriodicTask(f"longshore.clear.{name}", Interval(seconds), begin)
