"""Results in MongoDB, or in any server that speaks its protocol.

The server forgets them by itself: each document says in ``expires`` when, and the index on that field in that
collection tells it to obey (``expireAfterSeconds: 0``; MongoDB looks once a minute). Servers without such a thread are
swept.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from longshore.errors import SettingsError, TooLarge, Unavailable
from longshore.jobs.results.ids import LATEST, is_usable, portions, require_usable
from longshore.jobs.results.processes import PerProcess

try:
    from pymongo import MongoClient
    from pymongo.collection import Collection
    from pymongo.database import Database
    from pymongo.errors import DocumentTooLarge, OperationFailure, PyMongoError
except ImportError as error:
    raise SettingsError(
        "RESULT_BACKEND names MongoDB, whose library is not installed here: pip install 'longshore[mongodb]'"
    ) from error

DATABASE_NAME = "longshore"
"""Taken when the URL names none."""
COLLECTION = "job_results"
TASK_COLLECTIONS = ("celery_taskmeta", "celery_groupmeta")
"""Where Celery keeps the results of plain tasks."""
EXPIRES = "expires"

OPTIONS = {"serverSelectionTimeoutMS": 3000, "connectTimeoutMS": 3000, "socketTimeoutMS": 20_000}
"""So that an absent server is an error in seconds; the URL may say otherwise."""

Document = Mapping[str, Any]


class MongoStore:
    """Results as documents with an expiry; a :class:`~longshore.jobs.results.ResultStore`.

    :param url: ``mongodb://`` or ``mongodb+srv://``; its path names the database.
    """

    def __init__(self, url: str) -> None:
        self._databases: PerProcess[Database[Any]] = PerProcess(lambda: _connect(url))
        self._collections: PerProcess[Collection[Any]] = PerProcess(self._prepare)

    def _prepare(self) -> Collection[Any]:
        return with_expiry(self._databases()[COLLECTION])

    def put(self, job_id: str, document: bytes, expires: float) -> None:
        """Keep it, as text: so it can be read with MongoDB's own tools.

        :raises TooLarge: over MongoDB's 16 MB for a document.
        """
        require_usable(job_id)
        record = {"_id": job_id, EXPIRES: moment(expires), "document": document.decode()}
        with translated():
            self._collections().replace_one({"_id": job_id}, record, upsert=True)

    def get(self, job_id: str) -> bytes | None:
        """The document, unless it has expired: the server removes it up to a minute late."""
        if not is_usable(job_id):
            return None
        with translated():
            record = self._collections().find_one({"_id": job_id, EXPIRES: {"$gt": moment(time.time())}})
        return None if record is None else str(record["document"]).encode()

    def forget(self, ids: Iterable[str]) -> None:
        """Remove them."""
        for part in portions(ids):
            with translated():
                self._collections().delete_many({"_id": {"$in": part}})

    def sweep(self, now: float) -> int:
        """Remove what has expired and the server has not removed yet, Celery's results with it."""
        expired = {EXPIRES: {"$lte": moment(now)}}
        with translated():
            self._collections()
            database = self._databases()
            return sum(database[name].delete_many(expired).deleted_count for name in (COLLECTION, *TASK_COLLECTIONS))

    def close(self) -> None:
        """Close this process's connections."""
        self._collections.take()
        database = self._databases.take()
        if database is not None:
            database.client.close()


def with_expiry(collection: Collection[Any]) -> Collection[Any]:
    """The same collection, once the server knows that its documents expire."""
    collection.create_index(EXPIRES, expireAfterSeconds=0)
    return collection


def moment(seconds: float) -> datetime:
    """Seconds since 1970 as the server's expiry reads them; it keeps milliseconds."""
    return datetime.fromtimestamp(min(seconds, LATEST), UTC)


def client_options(url: str) -> dict[str, Any]:
    """Those of :data:`OPTIONS` that the URL does not set."""
    return {name: value for name, value in OPTIONS.items() if f"{name.lower()}=" not in url.lower()}


def _connect(url: str) -> Database[Any]:
    # Threads that watch the servers start with the first command, not here.
    client: MongoClient[Any] = MongoClient(url, connect=False, tz_aware=True, **client_options(url))
    return client.get_default_database(DATABASE_NAME)


@contextmanager
def translated() -> Iterator[None]:
    """Say MongoDB's errors in ours.

    :raises Unavailable: when it cannot be reached or refuses.
    :raises TooLarge: for a document over its limit.
    """
    try:
        yield
    except DocumentTooLarge as error:
        raise TooLarge("this result is larger than the 16 MB that MongoDB takes for one document") from error
    except OperationFailure as error:
        raise Unavailable(
            f"the result store (MongoDB) refuses to work: error {error.code}; its log says why"
        ) from error
    except PyMongoError as error:
        raise Unavailable("the result store (MongoDB) cannot be reached at the moment; try again shortly") from error
