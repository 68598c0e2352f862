"""Celery's MongoDB backend, with results that the server itself removes when they expire."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Any

from celery.backends.mongodb import MongoBackend
from pymongo import MongoClient
from pymongo.collection import Collection
from pymongo.errors import ConnectionFailure

from longshore.jobs.results.celery_backends import PatientInTasks
from longshore.jobs.results.mongo import (
    DATABASE_NAME,
    EXPIRES,
    TASK_COLLECTIONS,
    client_options,
    moment,
    with_expiry,
)
from longshore.jobs.results.processes import PerProcess


class ExpiringMongoBackend(PatientInTasks, MongoBackend):  # type: ignore[misc]
    """Each document says when it is forgotten, and an index in the collection that has the documents makes it so.

    Not on Celery's own field ``date_done``: it is null for a task that only started, and Celery indexes it already,
    without an expiry.
    """

    transient = (ConnectionFailure,)
    database_name = DATABASE_NAME
    taskmeta_collection, groupmeta_collection = TASK_COLLECTIONS

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._clients: PerProcess[MongoClient[Any]] = PerProcess(self._connect)
        self._tasks = PerProcess(lambda: with_expiry(self.database[self.taskmeta_collection]))
        self._groups = PerProcess(lambda: with_expiry(self.database[self.groupmeta_collection]))

    def _prepare_client_options(self) -> dict[str, Any]:
        return {**super()._prepare_client_options(), **client_options(self.url or "")}

    def _connect(self) -> MongoClient[Any]:
        # Celery's own method keeps what it made, also across a fork.
        self._connection = None
        return super()._get_connection()  # type: ignore[no-any-return]

    def _get_connection(self) -> MongoClient[Any]:
        return self._clients()

    @property
    def database(self) -> Any:
        """This process's own connection to the database."""
        return self._get_database()

    @property
    def collection(self) -> Collection[Any]:
        """Results of tasks."""
        return self._tasks()

    @property
    def group_collection(self) -> Collection[Any]:
        """Groups of tasks."""
        return self._groups()

    def close(self) -> None:
        """Close this process's connections; the next call opens new ones."""
        self._tasks.take()
        self._groups.take()
        client = self._clients.take()
        if client is not None:
            client.close()

    def _expires(self) -> Any:
        return moment(time.time() + self.expires)

    def _get_result_meta(self, *arguments: Any, **named: Any) -> dict[str, Any]:
        return {**super()._get_result_meta(*arguments, **named), EXPIRES: self._expires()}

    def _save_group(self, group_id: str, result: Any) -> Any:
        members = self.encode([each.id for each in result])
        record = {"_id": group_id, "result": members, "date_done": datetime.now(UTC), EXPIRES: self._expires()}
        self.group_collection.replace_one({"_id": group_id}, record, upsert=True)
        return result
