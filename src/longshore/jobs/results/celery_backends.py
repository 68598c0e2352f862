"""Where Celery keeps the results of plain tasks, those of merged applications: in the same store as the jobs'.

Redis: Celery's own backend, which expires by itself. MongoDB: Celery's own, which expires only where a Celery beat
runs, so ``celery_mongo.ExpiringMongoBackend`` adds the index by which the server does it. A SQL database: ours, because
Celery's own reads pickles (who can write to the table can run code) and also expires only by beat.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from celery.backends.base import KeyValueStoreBackend

from longshore.errors import Unavailable
from longshore.jobs.results.processes import PerProcess
from longshore.jobs.results.table import EmbeddedStore, SeparateTableStore, TableStore, is_embedded
from longshore.settings import Settings
from longshore.state.database import Database

STORE_RETRIES = 16
"""How often a worker tries to write a result while the store is away: some 40 s in all."""


BACKENDS = {
    "table": f"{__name__}:TableBackend",
    "db": f"{__name__}:TableBackend",
    "mongodb": "longshore.jobs.results.celery_mongo:ExpiringMongoBackend",
}
"""By the scheme of their URLs, instead of Celery's own. Celery's loader gets them, since its command line reads
``RESULT_BACKEND`` from the environment, too, and would take its own."""


def result_options(settings: Settings) -> dict[str, Any]:
    """What Celery has to be told about results, as its configuration names it."""
    return {
        "result_backend": _backend_url(settings),
        "result_expires": timedelta(seconds=settings.result_ttl),
        "result_backend_always_retry": True,
        "result_backend_max_retries": STORE_RETRIES,
        "redis_socket_connect_timeout": 2,
        "redis_socket_timeout": 20,
        "redis_backend_health_check_interval": 10,
    }


def _backend_url(settings: Settings) -> str:
    """``RESULT_BACKEND`` as Celery reads it."""
    if settings.result_backend is None:
        return "table"
    url = settings.require_result_url()
    scheme = urlsplit(url).scheme
    if scheme == "unix":
        return "redis+socket" + url.removeprefix("unix")
    if scheme == "rediss" and "ssl_cert_reqs=" not in url:
        # Celery asks for it in words; redis-py does it anyway.
        return f"{url}{'&' if '?' in url else '?'}ssl_cert_reqs=required"
    return url


class PatientInTasks:
    """For backends: a worker that has a result waits for an absent store, a web request that asks for one does not."""

    transient: tuple[type[Exception], ...] = (Unavailable,)

    def exception_safe_to_retry(self, exc: Exception) -> bool:
        """Whether to try again after this error; Celery asks."""
        app: Any = self.app  # type: ignore[attr-defined]
        return isinstance(exc, self.transient) and app.current_worker_task is not None


class TableBackend(PatientInTasks, KeyValueStoreBackend):  # type: ignore[misc]
    """Celery's results in the table ``job_results``; the application's ``settings`` say in which database.

    They are JSON, never pickles, and expire as the jobs' do.
    """

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        settings: Settings = self.app.settings
        self.thread_safe = True
        self._stores = PerProcess(lambda: _open_table(settings), _rest)

    def get(self, key: str | bytes) -> bytes | None:
        """The record under ``key``, or None."""
        return self._stores().get(_text(key))

    def mget(self, keys: Iterable[str | bytes]) -> list[bytes | None]:
        """The record, or None, of each key."""
        return [self.get(key) for key in keys]

    def set(self, key: str | bytes, value: str | bytes) -> None:
        """Keep a record for as long as results are kept."""
        document = value.encode() if isinstance(value, str) else value
        self._stores().put(_text(key), document, time.time() + self.expires)

    def delete(self, key: str | bytes) -> None:
        """Remove the record under ``key``."""
        self._stores().forget([_text(key)])

    def close(self) -> None:
        """Close this process's connections; the next call opens new ones."""
        store = self._stores.take()
        if store is not None:
            store.close()
            _rest(store)

    def as_uri(self, include_password: bool = False) -> str:
        """What is shown of it: nothing secret."""
        return "longshore-table://"


def _open_table(settings: Settings) -> TableStore:
    if is_embedded(settings):
        return EmbeddedStore(Database(settings.database))
    return SeparateTableStore(settings.require_result_url().removeprefix("db+"))


def _rest(store: TableStore) -> None:
    """Close idle connections before a fork; a separate store sees to its own."""
    if isinstance(store, EmbeddedStore):
        store.database.close()


def _text(key: str | bytes) -> str:
    return key.decode() if isinstance(key, bytes) else key
