"""Where the results of jobs are kept until they expire, chosen by one URL (``RESULT_BACKEND``).

A store keeps small documents, JSON as bytes, under a job's id. Larger ones (over :data:`INLINE_BYTES`) are files, see
:mod:`longshore.jobs.results.files`, whatever the store.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from longshore.database import Database
from longshore.settings import Settings

INLINE_BYTES = 2**20
"""Largest document that a store is given; larger ones become files."""


class ResultStore(Protocol):
    """Documents by id, each with the moment at which it is forgotten.

    Threads may share a store. It opens its connections on first use: make one in each process, after the fork.
    Every method raises :class:`~longshore.errors.Unavailable` when the store cannot be reached; nothing was changed
    then, or a repetition does no harm.
    """

    def put(self, job_id: str, document: bytes, expires: float) -> None:
        """Keep ``document`` until ``expires`` (seconds since 1970); replaces an earlier one of this id."""

    def get(self, job_id: str) -> bytes | None:
        """The document as it was put; None if there is none, or it has expired."""

    def forget(self, ids: Iterable[str]) -> None:
        """Remove these documents; an id without one is no error."""

    def sweep(self, now: float) -> int:
        """Remove what expired before ``now``; how many. 0 from a store that does it by itself."""

    def close(self) -> None:
        """Close the connections; the next call opens new ones."""


def open_store(settings: Settings, database: Database) -> ResultStore:
    """The store that ``RESULT_BACKEND`` names; without one a table beside the other state.

    :param database: the state; the embedded store uses its connections and can join its transactions.
    """
    from longshore.jobs.results.table import TableStore

    return TableStore(database)
