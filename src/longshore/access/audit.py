"""The audit log: a line of JSON for every change, whoever made it and however it went.

It has a handler of its own: ``LOG_LEVEL`` says how talkative the server is, not whether changes are on record.
"""

from __future__ import annotations

import json
import logging
import os
import sys
from datetime import UTC, datetime
from logging.handlers import WatchedFileHandler
from pathlib import Path
from typing import Any

from longshore.access.callers import Caller, current_caller
from longshore.errors import SettingsError, shorten
from longshore.processes.own_log import put_back
from longshore.processes.redaction import hide_secrets

NAME = "longshore.audit"
MAX_OBJECT = 300


class AuditLog:
    """Writes the lines.

    :param path: file to append to, which may be moved away at any time; None: standard error.
    :raises SettingsError: when the file cannot be written to.
    """

    def __init__(self, path: Path | None) -> None:
        self._logger = logging.getLogger(NAME)
        self._logger.propagate = False
        self._logger.setLevel(logging.INFO)
        for handler in self._logger.handlers[:]:
            self._logger.removeHandler(handler)
            handler.close()
        self._logger.addHandler(_handler(path))

    def write(self, caller: Caller, action: str, about: str, outcome: str, **more: Any) -> None:
        """Write a line.

        :param action: method and route, or the event's name.
        :param about: what it was done to; secrets in it are cut.
        :param outcome: ``done``, ``refused`` or ``failed``.
        """
        line = {
            "time": datetime.now(UTC).isoformat(timespec="milliseconds"),
            "user": caller.user,
            "token": caller.token.name if caller.token else None,
            "address": caller.address,
            "action": action,
            "object": about,
            "outcome": outcome,
            **more,
            **caller.notes,
        }
        put_back()
        line["object"] = shorten(hide_secrets(str(line["object"])), MAX_OBJECT)
        self._logger.info("%s", json.dumps(line, ensure_ascii=False, default=str))


def note(**fields: Any) -> None:
    """Add to the audit line of the current request, such as ``object`` for what it made; nothing outside of one."""
    caller = current_caller()
    if caller is not None:
        caller.notes.update(fields)


def outcome_of(status: int) -> str:
    """An HTTP status in the audit log's words."""
    if status < 400:
        return "done"
    return "refused" if status in (401, 403, 429) else "failed"


def _handler(path: Path | None) -> logging.Handler:
    handler: logging.Handler
    if path is None:
        handler = logging.StreamHandler(sys.stderr)
    else:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600))  # private from the first byte on
            # Half a surrogate pair, which JSON can bring, becomes its escape in JSON; else its line would be lost.
            handler = WatchedFileHandler(path, encoding="utf-8", errors="backslashreplace")
        except OSError as error:
            raise SettingsError(f"AUDIT_LOG={str(path)!r} cannot be used: {error.strerror}") from None
    handler.setFormatter(logging.Formatter("%(message)s"))
    return handler
