"""Local events: one JSON line each on standard output, for a program that listens there."""

from __future__ import annotations

import json
import logging
import queue
import sys
import threading
from collections.abc import Collection
from typing import IO, Any

from longshore.access.callers import current_user
from longshore.processes.singleton import ProcessSingleton
from longshore.settings import Settings

DEFAULT_USER = "DEFAULT"
HANDLERS_PACKAGE = "longshore_handlers"
"""The package that the modules of the handlers folder belong to."""
OLDER_PACKAGE = "handlers"
"""What the older framework called it."""

MAX_WAITING = 10_000

logger = logging.getLogger(__name__)


def user_token(settings: Settings) -> str:
    """Who sent the current request; ``DEFAULT`` when nobody was named, and outside of a request."""
    return current_user(settings) or DEFAULT_USER


class Events:
    """Writes events of the chosen sources, from a thread of its own.

    Whoever emits never waits for whoever reads: when the reader is slow and :data:`MAX_WAITING` lines wait already,
    further ones are dropped, which the log says.

    :param stream: where to, standard output when absent.
    """

    def __init__(self, settings: Settings, stream: IO[str] | None = None) -> None:
        self.settings = settings
        self.sources: Collection[str] = frozenset(settings.local_event_sources)
        self._stream = stream or sys.stdout
        self._lines: queue.Queue[str] = queue.Queue(MAX_WAITING)
        self._dropped = 0
        if self.sources:
            threading.Thread(target=self._write, name="events", daemon=True).start()

    def wants(self, source: str) -> bool:
        """Whether somebody asked for this source."""
        return source in self.sources

    def emit(self, source: str, message: Any = None) -> bool:
        """Write one line ``{"source", "message", "user_token"}``; False when nobody asked for this source."""
        if not self.wants(source):
            return False
        line = json.dumps({"source": source, "message": message, "user_token": user_token(self.settings)}, default=str)
        try:
            self._lines.put_nowait(line)
        except queue.Full:
            self._dropped += 1
            if self._dropped % MAX_WAITING == 1:
                logger.warning("nobody reads the local events; %d were dropped so far", self._dropped)
        return True

    def _write(self) -> None:
        while True:
            line = self._lines.get()
            self._stream.write(line + "\n")
            if self._lines.empty():
                self._stream.flush()


current_events: ProcessSingleton[Events] = ProcessSingleton(Events)


def emit_local_message(source: str, message: Any = None) -> bool:
    """Write an event, see :meth:`Events.emit`; for handlers, mounted applications and jobs.

    A handler that gives its module's name has the older framework's, too: ``handlers.tides`` for ``tides.py``.
    """
    events = current_events.get()
    written = events.emit(source, message)
    package, _, module = source.partition(".")
    if package == HANDLERS_PACKAGE and module:
        return events.emit(f"{OLDER_PACKAGE}.{module}", message) or written
    return written
