"""Logging of every process of the server: to standard error, without session ids."""

from __future__ import annotations

import logging
import sys

from longshore.access.discretion import hide_session_ids
from longshore.settings import Settings

FORMAT = "%(asctime)s %(levelname)s %(name)s [%(process)d] %(message)s"


class DiscreetFormatter(logging.Formatter):
    """Shortens session ids in messages and tracebacks of every level above DEBUG."""

    def format(self, record: logging.LogRecord) -> str:
        """One log entry as text."""
        text = super().format(record)
        return text if record.levelno <= logging.DEBUG else hide_session_ids(text)


def make_handler() -> logging.Handler:
    """A handler that writes to standard error in the project's format."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(DiscreetFormatter(FORMAT))
    return handler


def configure_logging(settings: Settings) -> None:
    """Send all of this process's log entries from ``LOG_LEVEL`` on to standard error."""
    root = logging.getLogger()
    root.handlers[:] = [make_handler()]
    root.setLevel(settings.log_number)
    # It lists its own plugins at INFO, at every start.
    logging.getLogger("alembic.runtime.plugins").setLevel(max(settings.log_number, logging.WARNING))
    logging.captureWarnings(capture=True)
