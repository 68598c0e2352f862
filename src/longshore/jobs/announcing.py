"""Telling those who watch a job what became of it; any process may, through the message queue."""

from __future__ import annotations

import json
import logging
from typing import Any

from longshore.errors import Unavailable
from longshore.jobs.records import SUCCESS, Job
from longshore.jobs.wire import EVENT, describe
from longshore.processes.message_queue import Emitter

log = logging.getLogger(__name__)

MAX_DATA_BYTES = 65_536
"""Larger results are fetched by their link."""


def room_of(job_id: str) -> str:
    """The room of those who watch a job."""
    return f"job:{job_id}"


def describe_event(job: Job, document: bytes | None = None) -> dict[str, Any]:
    """A job as its watchers get it.

    :param document: its result as JSON; a small one rides along as ``data``.
    """
    if document is not None and job.status == SUCCESS and len(document) <= MAX_DATA_BYTES:
        return describe(job, data=json.loads(document)).to_wire()
    return describe(job).to_wire()


def announce(emitter: Emitter, job: Job, document: bytes | None = None) -> bool:
    """Send a job's state to its room; False when nobody watches it, or the message queue is away.

    :param document: its result as JSON, which rides along if it is small.
    """
    if not job.is_watched:
        return False
    try:
        emitter.emit(EVENT, describe_event(job, document), room=room_of(job.id))
    except Unavailable:
        log.debug("a job's state waits for the message queue")
        return False
    return True
