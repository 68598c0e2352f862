"""Where the results of jobs are kept until they expire, chosen by one URL (``RESULT_BACKEND``).

A store keeps small documents, JSON as bytes, under a job's id. Larger ones (over :data:`INLINE_BYTES`) are files, see
:mod:`longshore.jobs.results.files`, whatever the store. What each store does and why:
``docs/decisions/0007-results.md``.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Protocol
from urllib.parse import urlsplit

from longshore.settings import Settings

if TYPE_CHECKING:  # SQLAlchemy takes longer to import than all else that a runner needs, and it needs none
    from longshore.state.database import Database

INLINE_BYTES = 2**20
"""Largest document that a store is given; larger ones become files."""


class ResultStore(Protocol):
    """Documents by id, each with the moment at which it is forgotten.

    Threads may share a store. It opens its connections on first use, in each process its own, so it survives a fork.
    Every method raises :class:`~longshore.errors.Unavailable` when the store cannot be reached; nothing was changed
    then, or a repetition does no harm.
    """

    def put(self, job_id: str, document: bytes, expires: float) -> None:
        """Keep ``document`` until ``expires`` (seconds since 1970); replaces an earlier one of this id.

        :raises InvalidValue: for an id that no job or task has (see :func:`~longshore.jobs.results.ids.is_usable`).
        """

    def get(self, job_id: str) -> bytes | None:
        """The document as it was put; None if there is none, or it has expired."""

    def forget(self, ids: Iterable[str]) -> None:
        """Remove these documents; an id without one is no error."""

    def sweep(self, now: float) -> int:
        """Remove what expired before ``now``; how many. 0 from a store that does it by itself."""

    def close(self) -> None:
        """Close this process's connections; the next call opens new ones."""


def open_store(settings: Settings, database: Database) -> ResultStore:
    """The store that ``RESULT_BACKEND`` names; without one a table beside the other state.

    Only an :class:`~longshore.jobs.results.table.EmbeddedStore` can join a transaction of ``database``.

    :param database: the state; the embedded store uses its connections.
    :raises SettingsError: when a library that the store needs is not installed.
    """
    from longshore.jobs.results.table import EmbeddedStore, SeparateTableStore, is_embedded

    if is_embedded(settings):
        return EmbeddedStore(database)
    url = settings.require_result_url()
    kind = urlsplit(url).scheme.partition("+")[0]
    if kind == "mongodb":
        from longshore.jobs.results.mongo import MongoStore

        return MongoStore(url)
    if kind == "db":
        return SeparateTableStore(url.removeprefix("db+"))
    from longshore.jobs.results.redis import RedisStore

    return RedisStore(url)
