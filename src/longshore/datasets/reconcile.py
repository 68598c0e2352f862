"""Makes good what was lost on the way: messages, workers, announcements, leftovers on disk.

The database knows what was accepted and what was told; the broker only carries. Any number of web
processes may run this at once, since a session is drained under its lease and an answer may come twice.
"""

from __future__ import annotations

import os
import shutil
import time
from pathlib import Path

import sqlalchemy as sa

from longshore.datasets import mailbox, records
from longshore.datasets.drain import Emitter, announce
from longshore.datasets.models import datasets
from longshore.datasets.service import Datasets
from longshore.disk import age_seconds
from longshore.looking import Lookout

PATIENCE_SECONDS = 1.0
"""Age at which a waiting change without a writer counts as lost; a worker usually has it within 3 ms."""
REPEAT_SECONDS = 5.0
"""Least time between two messages for one session, so that a long queue does not fill with repeats."""
SWEEP_SECONDS = 300.0
GRACE_SECONDS = 3600.0
"""Age below which a column file that no version needs is left alone: a worker may be about to commit it."""


class Reconciler(Lookout):
    """Looks after the sessions."""

    def __init__(self, service: Datasets, emitter: Emitter) -> None:
        super().__init__("reconciler", self.requeue, self.announce_again, self.sweep_at_times)
        self.service = service
        self.emitter = emitter
        self._asked: dict[str, float] = {}
        self._swept = 0.0

    def sweep_at_times(self) -> None:
        """Sweep, unless that was done a moment ago."""
        if time.monotonic() - self._swept > SWEEP_SECONDS:
            self._swept = time.monotonic()
            self.sweep()

    def requeue(self) -> None:
        """Wake a worker for every session whose change waits without a writer."""
        now = time.time()
        with self.service.database.reading() as connection:
            orphaned = mailbox.orphaned_sessions(connection, now - PATIENCE_SECONDS)
        self._asked = {session: when for session, when in self._asked.items() if when > now - REPEAT_SECONDS}
        for session_id in orphaned:
            if session_id not in self._asked:
                self._asked[session_id] = now
                self.service.enqueue(session_id)

    def announce_again(self) -> None:
        """Send the answers that were committed but never handed to the message queue."""
        with self.service.database.reading() as connection:
            late = mailbox.unannounced(connection, time.time() - PATIENCE_SECONDS)
            held = set(mailbox.held_sessions(connection))
        # A drain in progress notes its announcements when it ends.
        entries = [entry for entry in late if entry.session_id not in held]
        sent = [entry.id for entry in entries if announce(self.emitter, entry, entry.answer or {})]
        if sent:
            with self.service.database.writing(durable=False) as connection:
                mailbox.mark_announced(connection, sent)

    def sweep(self) -> None:
        """Remove old mailbox entries, failed imports, broken uploads and column files that no version needs."""
        now = time.time()
        with self.service.database.writing(durable=False) as connection:
            mailbox.sweep(connection, now)
            records.forget_dead_servers(connection)
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
            exists = connection.execute(
                sa.select(datasets.c.state).where(datasets.c.id == folder.name)
            ).scalar_one_or_none()
            needed = records.needed_files(connection, folder.name) if exists else set()
        if exists == records.IMPORTING:
            return
        for path in held:  # links to another dataset's files, which a killed worker left
            shutil.rmtree(path, ignore_errors=True)
        for path in old:
            if path.name not in needed:
                path.unlink(missing_ok=True)
        if not exists and not any(folder.iterdir()):
            folder.rmdir()


def _subfolders(folder: Path) -> list[Path]:
    return [Path(entry.path) for entry in os.scandir(folder) if entry.is_dir()] if folder.exists() else []


def _files(folder: Path) -> list[Path]:
    return [Path(entry.path) for entry in os.scandir(folder) if entry.is_file()] if folder.exists() else []
