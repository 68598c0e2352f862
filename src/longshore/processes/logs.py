"""Logging of every process of the server: to standard error, without what opens something to its reader."""

from __future__ import annotations

import logging
import re
import sys
import time

from longshore.processes.own_log import keep
from longshore.processes.redaction import hide_openers
from longshore.settings import Settings

FORMAT = "%(asctime)s %(levelname)s %(name)s [%(process)d] %(message)s"


_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029]")
"""What moves a terminal's cursor, or ends a line for some reader; the line feed itself is seen to apart."""
_CONTINUED = "\n  "


class DiscreetFormatter(logging.Formatter):
    """Shortens session ids, links' ids and tokens in messages and tracebacks of every level above DEBUG.

    Names and texts of clients stand in some of them. An entry begins at the first column and its further lines do not,
    so no text can pass for an entry of its own; control characters become escapes.
    """

    def format(self, record: logging.LogRecord) -> str:
        """One log entry as text."""
        text = _CONTROL.sub(_escaped, super().format(record)).replace("\n", _CONTINUED)
        return text if record.levelno <= logging.DEBUG else hide_openers(text)

    def formatTime(self, record: logging.LogRecord, datefmt: str | None = None) -> str:  # noqa: N802 - logging's name
        """The local time, and how far it is from UTC: logs of several machines are read side by side."""
        return super().formatTime(record, datefmt) + time.strftime("%z", time.localtime(record.created))


def _escaped(found: re.Match[str]) -> str:
    """A control character as Python writes it."""
    return repr(found[0])[1:-1]


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
    keep(root.handlers, settings.log_number)
    # It lists its own plugins at INFO, at every start.
    logging.getLogger("alembic.runtime.plugins").setLevel(max(settings.log_number, logging.WARNING))
    logging.captureWarnings(capture=True)
