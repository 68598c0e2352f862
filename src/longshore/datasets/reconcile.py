"""Makes good what was lost on the way: messages, workers, announcements, leftovers on disk.

The database knows what was accepted and what was told; the broker only carries. Any number of web
processes may run this at once, since a session is drained under its lease and an answer may come twice.
"""

from __future__ import annotations

import logging
import math
import os
import shutil
import time
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from longshore.datasets import mailbox, records
from longshore.datasets.drain import Emitter, announce
from longshore.datasets.models import datasets
from longshore.datasets.service import Datasets
from longshore.processes.periodic import PeriodicThread
from longshore.state.clocks import steady
from longshore.state.leases import RENEW_SECONDS, ExpiryDetector, end_stuck, is_dead
from longshore.storage.files import age_seconds

logger = logging.getLogger(__name__)

PATIENCE_SECONDS = 1.0
"""Age at which a waiting change without a writer counts as lost; a worker usually has it within 3 ms."""
REPEAT_SECONDS = 5.0
"""Least time between two messages for one session, so that a long queue does not fill with repeats."""
GRACE_SECONDS = 3600.0
"""Age below which a column file that no version needs is left alone: a worker may be about to commit it."""


class Reconciler(PeriodicThread):
    """Looks after the sessions.

    :param server: the name of this web process, if it holds sockets.
    """

    def __init__(self, service: Datasets, emitter: Emitter, server: str | None = None) -> None:
        steps = (self.break_leases, self.requeue, self.announce_again, self.look_after_servers)
        super().__init__("reconciler", *steps)
        self.service = service
        self.emitter = emitter
        self.server = server
        self.watch = ExpiryDetector()
        self.server_watch = ExpiryDetector()
        self._asked: dict[str, float] = {}
        self._beat_at = -math.inf

    def break_leases(self) -> list[str]:
        """Take the leases that have run out from their holders; the sessions."""
        with self.service.database.reading() as connection:
            held = mailbox.held_leases(connection)
        self.watch.keep(held)
        lost = {session_id: lease for session_id, lease in held.items() if self.watch.has_run_out(session_id, lease)}
        if not lost:
            return []
        with self.service.database.writing(durable=False) as connection:
            broken = [each for each, lease in lost.items() if mailbox.break_lease(connection, each, lease)]
        if broken:
            logger.warning("%d leases of sessions had run out: no sign of life of their workers", len(broken))
        for session_id in broken:
            if end_stuck(lost[session_id].owner):
                logger.warning("a worker that stood still was killed; another goes on with what it was at")
        return broken

    def requeue(self) -> None:
        """Wake a worker for every session whose change waits without a writer."""
        now = time.monotonic()
        with self.service.database.reading() as connection:
            waiting = mailbox.waiting_sessions(connection, PATIENCE_SECONDS)
            written = self._written(connection) if waiting else set()
        self._asked = {session: when for session, when in self._asked.items() if when > now - REPEAT_SECONDS}
        for session_id in waiting:
            if session_id not in self._asked and session_id not in written:
                self._asked[session_id] = now
                self.service.enqueue(session_id)

    def _written(self, connection: Connection) -> set[str]:
        """The sessions whose holder may be alive."""
        return {each for each, lease in mailbox.held_leases(connection).items() if not is_dead(lease.owner)}

    def announce_again(self) -> None:
        """Send the answers that were committed but never handed to the message queue."""
        with self.service.database.reading() as connection:
            late = mailbox.unannounced(connection, PATIENCE_SECONDS)
            written = self._written(connection) if late else set()
        # A drain in progress notes its announcements when it ends.
        entries = [entry for entry in late if entry.session_id not in written]
        sent = [entry.id for entry in entries if announce(self.emitter, entry, entry.answer or {})]
        if sent:
            with self.service.database.writing(durable=False) as connection:
                mailbox.mark_announced(connection, sent)

    def look_after_servers(self) -> None:
        """Give a sign of life of this web process, and drop the associations of those that are gone."""
        if self.server is not None and time.monotonic() >= self._beat_at:
            self._beat_at = time.monotonic() + RENEW_SECONDS
            with self.service.database.writing(durable=False) as connection:
                records.beat_server(connection, self.server)
        with self.service.database.reading() as connection:
            leases = {name: lease for name, lease in records.server_leases(connection).items() if name != self.server}
        self.server_watch.keep(leases)
        gone = [name for name, lease in leases.items() if self.server_watch.is_lost(name, lease)]
        if gone:
            with self.service.database.writing(durable=False) as connection:
                for name in gone:
                    records.forget_server(connection, name)

    def sweep(self) -> None:
        """Remove old mailbox entries, failed imports, broken uploads and column files that no version needs."""
        now = steady.now()
        with self.service.database.writing(durable=False) as connection:
            mailbox.sweep(connection, now)
            connection.execute(
                datasets.delete().where(
                    (datasets.c.state == records.FAILED) & (datasets.c.created < now - mailbox.KEEP_SECONDS)
                )
            )
        for folder in _subfolders(self.service.settings.datasets_folder):
            self.collect(folder, now)
        for path in _files(self.service.settings.uploads_folder):
            if age_seconds(path, now) > GRACE_SECONDS:
                path.unlink(missing_ok=True)

    def collect(self, folder: Path, now: float) -> None:
        """Remove what no version of this session needs and is old enough."""
        old = [path for path in _files(folder) if age_seconds(path, now) > GRACE_SECONDS]
        held = [path for path in _subfolders(folder) if age_seconds(path, now) > GRACE_SECONDS]
        if not old and not held:
            return
        with self.service.database.reading() as connection:
            row = connection.execute(
                sa.select(datasets.c.state, datasets.c.lease_owner).where(datasets.c.id == folder.name)
            ).one_or_none()
            needed = set() if row is None else records.needed_files(connection, folder.name)
        # Whatever the clock says of their age: the files of one that is being written may be about to be needed.
        if row is not None and (row.state == records.IMPORTING or row.lease_owner is not None):
            return
        for path in held:  # links to another dataset's files, which a killed worker left
            shutil.rmtree(path, ignore_errors=True)
        for path in old:
            if path.name not in needed:
                path.unlink(missing_ok=True)
        if row is None and not any(folder.iterdir()):
            folder.rmdir()


def _subfolders(folder: Path) -> list[Path]:
    return [Path(entry.path) for entry in os.scandir(folder) if entry.is_dir()] if folder.exists() else []


def _files(folder: Path) -> list[Path]:
    return [Path(entry.path) for entry in os.scandir(folder) if entry.is_file()] if folder.exists() else []
