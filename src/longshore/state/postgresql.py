"""A connection to PostgreSQL that does not wait for ever: a server that stands still answers nothing, ends nothing."""

from __future__ import annotations

import time
from collections.abc import Generator
from typing import Any

import psycopg

_LOOK_SECONDS = 0.5


class ImpatientConnection(psycopg.Connection[Any]):
    """psycopg's connection, each of whose waits has an end, after which the connection is closed.

    :ivar patience_seconds: the longest wait.
    """

    patience_seconds = 30.0

    def wait(self, gen: Generator[Any, Any, Any], interval: float = _LOOK_SECONDS, timeout: float | None = None) -> Any:
        """Wait for an answer; raises psycopg.OperationalError when there is none in time."""
        return super().wait(_limited(self, gen, time.monotonic() + self.patience_seconds), interval, timeout)


def _limited(
    connection: ImpatientConnection, steps: Generator[Any, Any, Any], deadline: float
) -> Generator[Any, Any, Any]:
    """What ``steps`` do, until ``deadline``: psycopg comes by now and then also when nothing happened."""
    try:
        wanted = next(steps)
        while True:
            came = yield wanted
            if not came and time.monotonic() > deadline:
                # What is on the wire belongs to a question that nobody waits for any more.
                connection.close()
                raise psycopg.OperationalError("the database server did not answer in time")
            wanted = steps.send(came)
    except StopIteration as end:
        return end.value
