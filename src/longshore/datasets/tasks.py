"""The Celery tasks of this feature: only a session's id travels through the broker."""

from __future__ import annotations

from functools import cache
from typing import Any

from celery import current_app, shared_task

from longshore.database import Database
from longshore.datasets import QUEUE
from longshore.datasets.drain import Drainer
from longshore.messages import emitter
from longshore.settings import Settings

DRAIN = "longshore.datasets.drain"


@cache
def drainer() -> Drainer:
    """This worker process's drainer; made on first use, after the fork."""
    settings: Settings = current_app.settings
    return Drainer(settings, Database(settings.database), emitter(settings))


@shared_task(name=DRAIN, ignore_result=True)  # type: ignore[untyped-decorator]
def drain(session_id: str) -> None:
    """Settle what waits in a session's mailbox."""
    drainer().drain(session_id)


def make_enqueue(celery: Any) -> Any:
    """A function that hands a session to the workers; it fails at once when the broker is away."""

    def enqueue(session_id: str) -> None:
        # Said here, since a merged application may replace Celery's routes.
        celery.send_task(DRAIN, args=[session_id], queue=QUEUE, ignore_result=True, retry=False)

    return enqueue
