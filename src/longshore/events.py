"""Local events: one JSON line each on standard output, for a program that listens there."""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Collection
from typing import IO, Any

from flask import current_app

from longshore.access.callers import current_user
from longshore.settings import Settings

DEFAULT_USER = "DEFAULT"

_writing = threading.Lock()


def user_token(settings: Settings) -> str:
    """Who sent the current request; ``DEFAULT`` when nobody was named, and outside of a request."""
    return current_user(settings) or DEFAULT_USER


class Events:
    """Writes events of the chosen sources.

    :param sources: the others are dropped.
    """

    def __init__(self, settings: Settings, stream: IO[str] | None = None) -> None:
        self.settings = settings
        self.sources: Collection[str] = frozenset(settings.local_event_sources)
        self._stream = stream

    def emit(self, source: str, message: Any) -> bool:
        """Write one line ``{"source", "message", "user_token"}``; False when nobody asked for this source."""
        if source not in self.sources:
            return False
        line = json.dumps({"source": source, "message": message, "user_token": user_token(self.settings)}, default=str)
        stream = self._stream or sys.stdout
        with _writing:  # a line is never mixed with another's
            stream.write(line + "\n")
            stream.flush()
        return True


def emit_local_message(source: str, message: Any) -> bool:
    """Write an event of the running server, see :meth:`Events.emit`; for handlers."""
    events: Events = current_app.extensions["longshore-events"]
    return events.emit(source, message)
