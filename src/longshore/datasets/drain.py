"""A worker's part: take a session's mailbox out in order, alone, and tell the outcome."""

from __future__ import annotations

import logging
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from longshore.database import Database
from longshore.datasets import mailbox, records
from longshore.datasets.mailbox import Entry, LeaseLost, Writer
from longshore.datasets.service import IMPORT, TIME_TRAVEL
from longshore.errors import IllegalOperation, Internal, LongshoreError, SessionNotFound, TooLarge, Unavailable
from longshore.settings import Settings
from longshore.tables import reading
from longshore.tables.changing import apply
from longshore.tables.operations import require_operation
from longshore.tables.operations.base import counted
from longshore.tables.table import Table

logger = logging.getLogger(__name__)

PROGRESS_SECONDS = 0.2
"""Least time between two progress messages of an import."""


class Emitter(Protocol):
    """Sends an event to a socket or a room through the message queue."""

    def emit(self, event: str, data: Any, room: str) -> None:
        """:raises Unavailable: when the queue cannot be reached."""


@dataclass(frozen=True)
class Drainer:
    """Drains mailboxes. One per worker process."""

    settings: Settings
    database: Database
    emitter: Emitter

    def drain(self, session_id: str) -> None:
        """Settle every waiting change of a session, unless another process is at it already.

        After giving the lease back it looks once more: a change that came in between found the session taken, and
        nobody else would come for it.
        """
        while (writer := mailbox.acquire(self.database, session_id)) is not None:
            try:
                self._drain_as(writer)
            except LeaseLost:
                logger.warning("another worker has taken a session over; leaving it to that one")
                return
            with self.database.reading() as connection:
                if not mailbox.has_waiting(connection, session_id):
                    return

    def _drain_as(self, writer: Writer) -> None:
        announced: list[int] = []
        try:
            with mailbox.renewing(writer):
                while (entry := writer.begin_next()) is not None:
                    answer = self._settle(writer, entry)
                    if announce(self.emitter, entry, answer):
                        announced.append(entry.id)
        finally:
            writer.release(announced)

    def _settle(self, writer: Writer, entry: Entry) -> dict[str, Any]:
        """Do one change and commit it with its answer; a failure is an answer too and changes nothing."""
        try:
            _refuse_killer(entry)
            if entry.operation == IMPORT:
                return self._import(writer, entry)
            if entry.operation in TIME_TRAVEL:
                return self._travel(writer, entry)
            return self._change(writer, entry)
        except LeaseLost:
            raise
        except Unavailable as error:
            if not _is_final(error):
                raise
            return self._refuse(writer, entry, error)
        except LongshoreError as error:
            return self._refuse(writer, entry, error)
        except Exception:  # whatever it is, the asker must hear of it and the mailbox go on
            internal = Internal()
            logger.exception("%s failed [%s]", entry.operation, internal.error_id)
            return self._refuse(writer, entry, internal)

    def _refuse(self, writer: Writer, entry: Entry, error: LongshoreError) -> dict[str, Any]:
        answer = _answer(entry, success=False, **error.to_wire())
        answer["status"] = error.status
        with self.database.writing() as connection:
            writer.settle(connection, entry, answer)
            if entry.operation == IMPORT:
                records.set_state(connection, entry.session_id, records.FAILED)
        if entry.operation == IMPORT:
            shutil.rmtree(self.settings.datasets_folder / entry.session_id, ignore_errors=True)
        return answer

    def _change(self, writer: Writer, entry: Entry) -> dict[str, Any]:
        version = self._version(entry)
        operation = require_operation(entry.operation).parse(entry.parameters)
        outcome = apply(version.table, operation)
        with self.database.writing() as connection:
            number = records.append_step(
                connection,
                entry.session_id,
                version.position,
                outcome.table,
                operation=operation.name,
                parameters=entry.parameters,
                facts=outcome.facts,
                sentence=outcome.sentence,
                request_id=entry.request_id,
                made_by=entry.made_by,
            )
            answer = _answer(entry, success=True, changed=outcome.changed, version=number, **outcome.answer)
            answer["sentence"] = outcome.sentence
            writer.settle(connection, entry, answer)
        return answer

    def _travel(self, writer: Writer, entry: Entry) -> dict[str, Any]:
        version = self._version(entry)
        back = entry.operation == "undo"
        if not (version.undo_available if back else version.redo_available):
            raise IllegalOperation(f"there is nothing to {entry.operation}")
        with self.database.writing() as connection:
            number = records.go_to(connection, entry.session_id, version.position + (-1 if back else 1))
            answer = _answer(entry, success=True, changed=True, version=number)
            writer.settle(connection, entry, answer)
        return answer

    def _import(self, writer: Writer, entry: Entry) -> dict[str, Any]:
        folder = self.settings.datasets_folder / entry.session_id
        _clear(folder, but="source")
        result = reading.read(
            folder / "source",
            folder,
            name=entry.parameters["name"],
            options=reading.ReadOptions.model_validate(entry.parameters["options"]),
            progress=self._progress(entry),
            max_unpacked_bytes=self.settings.max_unpacked_bytes,
        )
        warnings = [warning.to_wire() for warning in result.warnings]
        with self.database.writing() as connection:
            number = records.append_step(
                connection,
                entry.session_id,
                -1,
                result.table,
                operation=IMPORT,
                parameters=entry.parameters,
                facts=result.settings,
                sentence=_read_sentence(result.table, entry.parameters["name"]),
                request_id=entry.request_id,
                made_by=entry.made_by,
            )
            records.set_state(connection, entry.session_id, records.READY, reading=result.settings, warnings=warnings)
            answer = _answer(
                entry,
                success=True,
                version=number,
                rows=result.table.rows,
                columns=result.table.width,
                warnings=warnings,
                reading=result.settings,
            )
            writer.settle(connection, entry, answer)
        (folder / "source").unlink(missing_ok=True)
        return answer

    def _progress(self, entry: Entry) -> Callable[[str, int, int, int], None]:
        last = 0.0

        def report(phase: str, done_bytes: int, total_bytes: int, rows: int) -> None:
            nonlocal last
            now = time.monotonic()
            if now - last < PROGRESS_SECONDS:
                return
            last = now
            message = {
                "operation": "upload",
                "sessionID": entry.session_id,
                "requestID": entry.request_id,
                "phase": phase,
                "bytes": done_bytes,
                "totalBytes": total_bytes,
                "rows": rows,
            }
            try:
                self.emitter.emit("progress", message, room=entry.socket_id or entry.session_id)
            except Unavailable:
                logger.info("progress not sent, the message queue is away")

        return report

    def _version(self, entry: Entry) -> records.Version:
        folder = self.settings.datasets_folder / entry.session_id
        with self.database.reading() as connection:
            try:
                return records.require_version(connection, entry.session_id, folder)
            except IllegalOperation:
                # The import stands before this entry in the mailbox, so it must have failed.
                raise SessionNotFound.unknown() from None


def _read_sentence(table: Table, name: str) -> str:
    return f"Read {counted(table.rows, 'row')} and {counted(table.width, 'column')} from {name}"


def _refuse_killer(entry: Entry) -> None:
    """:raises TooLarge: for a change over which one worker after the other has died."""
    if entry.attempts >= mailbox.MOST_ATTEMPTS:
        raise TooLarge(
            f"this change was begun {entry.attempts} times and its worker died each time, so it was given up; "
            "it may need more memory than the server has"
        )


def _clear(folder: Path, but: str) -> None:
    """Remove what an import that was killed left in its dataset's folder."""
    for path in folder.iterdir():
        if path.name != but:
            shutil.rmtree(path) if path.is_dir() else path.unlink()


def _is_final(error: Unavailable) -> bool:
    """A full disk is told to the asker; a database that is away is waited for by the next attempt."""
    return error.status != Unavailable.status


def _answer(entry: Entry, *, success: bool, **fields: Any) -> dict[str, Any]:
    standard = {
        "operation": "upload" if entry.operation == IMPORT else entry.operation,
        "sessionID": entry.session_id,
        "requestID": entry.request_id,
        "success": success,
    }
    # They come first for people who read, and win over an outcome's field of the same name.
    return standard | {name: value for name, value in fields.items() if name not in standard}


def announce(emitter: Emitter, entry: Entry, answer: dict[str, Any]) -> bool:
    """Send an answer to its asker and, after a change, the news to the room; False when the queue is away."""
    wire = {key: value for key, value in answer.items() if key != "status"}
    try:
        if entry.socket_id is not None:
            emitter.emit(answer["operation"], wire, room=entry.socket_id)
        if answer["success"]:
            news = {key: answer[key] for key in ("sessionID", "requestID", "operation", "version")}
            emitter.emit("dataChanged", news, room=entry.session_id)
    except Unavailable:
        logger.info("an answer waits for the message queue")
        return False
    return True
