"""Jobs on Socket.IO: clients subscribe to jobs and are told every change of status and progress.

The room of a job is ``job:<id>``; the event is ``jobs``, with the document that ``GET /api/v1/jobs/<id>`` answers.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Any

import socketio

from longshore.errors import Expired, Internal, InvalidRequest, JobNotFound, LongshoreError, refuse_unknown
from longshore.jobs import records, wire
from longshore.jobs.announcing import MAX_DATA_BYTES, describe_event, room_of
from longshore.jobs.records import Job
from longshore.jobs.service import Jobs
from longshore.web.json import require_answerable

logger = logging.getLogger(__name__)

SUBSCRIBE, UNSUBSCRIBE = "subscribeJobs", "unsubscribeJobs"
MAX_JOBS = 1000
Refuse = Callable[[str, str, Any, LongshoreError], dict[str, Any]]


class JobSockets:
    """Handles the two events by which clients come and go.

    :param refuse: answers an event that cannot be done, as all other events are refused.
    """

    def __init__(self, server: socketio.Server, service: Jobs, refuse: Refuse) -> None:
        self.server = server
        self.service = service
        self._refuse = refuse
        server.on(SUBSCRIBE, self.subscribe)
        server.on(UNSUBSCRIBE, self.unsubscribe)

    def subscribe(self, sid: str, body: Any = None, *_: Any) -> dict[str, Any]:
        """Begin to tell a client of jobs; how each stands is sent at once."""
        return self._answer(SUBSCRIBE, sid, body, self._subscribe)

    def unsubscribe(self, sid: str, body: Any = None, *_: Any) -> dict[str, Any]:
        """Tell a client no more of jobs."""
        return self._answer(UNSUBSCRIBE, sid, body, self._unsubscribe)

    def _answer(self, event: str, sid: str, body: Any, work: Callable[[str, list[str]], None]) -> dict[str, Any]:
        try:
            ids = _read_ids(body)
            work(sid, ids)
        except LongshoreError as error:
            return self._refuse(event, sid, body, error)
        except Exception:
            internal = Internal()
            logger.exception("event failed [%s]", internal.error_id)
            return self._refuse(event, sid, body, internal)
        return wire.Subscribed(accepted=True, requestID=body.get("requestID"), job_ids=ids).to_wire()

    def _subscribe(self, sid: str, ids: list[str]) -> None:
        found = self._read(ids)
        if missing := [job_id for job_id in ids if job_id not in found]:
            raise JobNotFound(f"there is no job {missing[0]!r}; nothing was subscribed to")
        if expired := [job.id for job in found.values() if job.is_expired(time.time())]:
            raise Expired(f"the job {expired[0]!r} has expired; nothing was subscribed to")
        for job_id in ids:
            self.server.enter_room(sid, room_of(job_id))
        with self.service.database.writing(durable=False) as connection:
            records.watch(connection, ids)
        # A change that came in between was told to the room already; what is sent last has to be the newest.
        sent: dict[str, wire.JobAnswer] = {}
        while changed := [job for job in self._read(ids).values() if sent.get(job.id) != wire.describe(job)]:
            for job in changed:
                self.server.emit(wire.EVENT, describe_event(job, self._result(job)), to=sid)
                sent[job.id] = wire.describe(job)

    def _unsubscribe(self, sid: str, ids: list[str]) -> None:
        for job_id in ids:
            self.server.leave_room(sid, room_of(job_id))

    def _read(self, ids: list[str]) -> dict[str, Job]:
        with self.service.database.reading() as connection:
            return {job.id: job for job in records.find_many(connection, ids)}

    def _result(self, job: Job) -> bytes | None:
        if (job.result_bytes or 0) > MAX_DATA_BYTES:
            return None
        try:
            return self.service.inline_result(job)
        except LongshoreError as error:
            logger.warning("a result is left out of an event: %s", error.description)
            return None  # its link leads there


def _read_ids(body: Any) -> list[str]:
    """The ids that a message names, each once."""
    if not isinstance(body, dict):
        raise InvalidRequest('send one object, such as {"job_id": ...}')
    require_answerable(body)
    refuse_unknown((field for field in body if field != "requestID"), ("job_id", "job_ids"))
    one, many = body.get("job_id"), body.get("job_ids")
    if (one is None) == (many is None):
        raise InvalidRequest("job_id: name one job, or several in job_ids")
    ids = [one] if many is None else many
    if not isinstance(ids, list) or not 0 < len(ids) <= MAX_JOBS:
        raise InvalidRequest(f"job_ids: give a list of 1 to {MAX_JOBS} ids")
    if not all(isinstance(job_id, str) for job_id in ids):
        raise InvalidRequest("job_id: give the id that the server answered, as text")
    if not all(records.is_job_id(job_id) for job_id in ids):
        raise JobNotFound.unknown()
    return list(dict.fromkeys(ids))
