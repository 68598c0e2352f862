"""Logging of every process of the server: to standard error, without session ids."""

from __future__ import annotations

import logging
import re
import sys

from longshore.settings import Settings

FORMAT = "%(asctime)s %(levelname)s %(name)s [%(process)d] %(message)s"

# A session id opens its dataset to whoever knows it; six digits are enough to follow one through a log.
_SESSION_ID = re.compile(r"(?<![0-9a-f])([0-9a-f]{6})[0-9a-f]{24}(?![0-9a-f])")


class DiscreetFormatter(logging.Formatter):
    """Shortens session ids in messages and tracebacks of every level above DEBUG."""

    def format(self, record: logging.LogRecord) -> str:
        """One log entry as text."""
        text = super().format(record)
        return text if record.levelno <= logging.DEBUG else hide_session_ids(text)


def hide_session_ids(text: str) -> str:
    """``text`` with each 30-digit session id cut to its first six digits.

    >>> hide_session_ids("GET /dataset/0123456789abcdef0123456789abcd/x")
    'GET /dataset/012345…/x'
    """
    return _SESSION_ID.sub(r"\1…", text)


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
