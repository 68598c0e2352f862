"""A worker's part: take a session's mailbox out in order, alone, and tell the outcome."""

from __future__ import annotations

import logging
import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Protocol

from sqlalchemy.engine import Connection

from longshore.datasets import answers, mailbox, records
from longshore.datasets.damage import FAILURES, find_damage
from longshore.datasets.mailbox import Entry, LeaseLost, Writer
from longshore.datasets.others import OtherSessions, with_sources
from longshore.datasets.reader import Reader, ReaderLost, process_reader
from longshore.datasets.special import AGGREGATE, APPLY_RECIPE, DROP_STEP, GO_TO, IMPORT, NEW_SESSION, REDO, UNDO
from longshore.errors import (
    IllegalOperation,
    Internal,
    InvalidValue,
    LongshoreError,
    SessionNotFound,
    TooLarge,
    Unavailable,
    shorten,
)
from longshore.processes.stop_signal import StopSignal
from longshore.settings import Settings
from longshore.state.database import Database
from longshore.storage.files import sync
from longshore.tables import reading, writing
from longshore.tables.core.table import Table
from longshore.tables.core.validation import parse_model
from longshore.tables.operations import Facts, Operation, bind, require_operation
from longshore.tables.operations.aggregate import AggregateParameters, aggregate, describe
from longshore.tables.operations.base import counted
from longshore.tables.replay.apply import Outcome, apply, what_changed
from longshore.tables.replay.drop_step import drop_step
from longshore.tables.replay.recipe import Recipe, Replay, replay
from longshore.web.answer import Answer

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
    stop: StopSignal | None = None
    """Given when the worker is to stop: nothing is begun after that."""
    imports: bool | None = None
    """Whether this worker is for imports or for all other changes; None: for both."""
    pass_on: Callable[[str], None] | None = None
    """Tells the workers of the other sort that a session has something for them."""
    reader: Reader = field(default_factory=process_reader)
    """Reads the files of imports."""

    def drain(self, session_id: str) -> None:
        """Settle every waiting change of a session, unless another process is at it already.

        After giving the lease back it looks once more: a change that came in between found the session taken, and
        nobody else would come for it.
        """
        while not self._is_stopping() and (writer := mailbox.acquire(self.database, session_id)) is not None:
            try:
                self._drain_as(writer)
            except LeaseLost:
                logger.warning("another worker has taken a session over; leaving it to that one")
                return
            with self.database.reading() as connection:
                waiting = mailbox.next_operation(connection, session_id)
            if waiting is None:
                return
            if not self._takes(waiting):
                if self.pass_on is not None:
                    self.pass_on(session_id)
                return

    def _takes(self, operation: str) -> bool:
        return self.imports is None or self.imports == (operation == IMPORT)

    def _drain_as(self, writer: Writer) -> None:
        announced: list[int] = []
        try:
            with mailbox.renewing(writer, self.stop, self.settings.stop_timeout_seconds):
                while not self._is_stopping() and (entry := writer.begin_next(self._takes)) is not None:
                    answer = self._settle(writer, entry)
                    if announce(self.emitter, writer.as_asked_now(entry), answer):
                        announced.append(entry.id)
        finally:
            writer.release(announced)

    def _is_stopping(self) -> bool:
        return self.stop is not None and self.stop.given()

    def _settle(self, writer: Writer, entry: Entry) -> dict[str, Any]:
        """Do one change and commit it with its answer; a failure is an answer too and changes nothing."""
        try:
            _refuse_killer(entry)
            return self._way_of(entry.operation)(writer, entry)
        except LeaseLost:
            raise
        except Unavailable as error:
            if not _is_final(error):
                raise
            return self._refuse(writer, entry, error)
        except LongshoreError as error:
            return self._refuse(writer, entry, error)
        except FAILURES as error:  # whatever it is, the asker must hear of it and the mailbox go on
            if (damage := find_damage(self.settings, self.database, entry.session_id)) is not None:
                logger.warning("%s failed over damaged files: %s", entry.operation, type(error).__name__)
                return self._refuse(writer, entry, damage)
            internal = Internal()
            logger.exception("%s failed [%s]", entry.operation, internal.error_id)
            return self._refuse(writer, entry, internal)

    def _way_of(self, operation: str) -> Callable[[Writer, Entry], dict[str, Any]]:
        """The method that does a change."""
        ways: dict[str, Callable[[Writer, Entry], dict[str, Any]]] = {
            IMPORT: self._import,
            UNDO: self._travel,
            REDO: self._travel,
            GO_TO: self._travel,
            APPLY_RECIPE: self._apply_recipe,
            DROP_STEP: self._drop_step,
            AGGREGATE: self._aggregate,
        }
        return ways.get(operation, self._change)

    def _carry_out(self, table: Table, operation: Operation, facts: Facts | None = None) -> Outcome:
        """One operation, asked for by itself or as a recipe's step."""
        return apply(table, operation, facts)

    def _refuse(self, writer: Writer, entry: Entry, error: LongshoreError, **fields: Any) -> dict[str, Any]:
        answer = _answer(answers.ChangeFailed, entry, success=False, **error.to_wire(), **fields)
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
        with self._others(entry) as others:
            operation = bind(operation, version.table, others.current)
            outcome = self._carry_out(version.table, operation)
        with self.database.writing() as connection:
            number = records.append_step(
                connection,
                entry.session_id,
                version.position,
                outcome.table,
                operation=operation.name,
                parameters=operation.recorded(),
                facts=outcome.facts,
                sentence=outcome.sentence,
                request_id=entry.request_id,
                made_by=entry.made_by,
            )
            told = {**outcome.answer, "sentence": outcome.sentence}
            answer = _answer(
                answers.OperationDone, entry, success=True, changed=outcome.changed, version=number, **told
            )
            writer.settle(connection, entry, answer)
        return answer

    def _travel(self, writer: Writer, entry: Entry) -> dict[str, Any]:
        version = self._version(entry)
        with self.database.writing() as connection:
            target = _target_of(connection, entry, version)
            number = records.go_to(connection, entry.session_id, target)
            answer = _answer(answers.Travelled, entry, success=True, changed=target != version.position, version=number)
            answer |= _quiet_if(target == version.position)
            writer.settle(connection, entry, answer)
        return answer

    def _apply_recipe(self, writer: Writer, entry: Entry) -> dict[str, Any]:
        """Carry a recipe out; all its steps are committed at once with the answer, or none."""
        version = self._version(entry)
        asked = entry.parameters
        recipe = Recipe.parse(asked["recipe"])
        sources = asked.get("sources") or {}
        with self._others(entry) as others:
            done = replay(
                version.table,
                with_sources(recipe.steps, sources),
                mode=asked.get("mode", "strict"),
                facts=asked.get("facts", "learn"),
                carry=self._carry_out,
                others=others.only(sources.values()),
            )
        report = {**done.to_wire(), "applies": done.failure is None}
        if asked.get("dryRun", False):
            done.discard()
            return self._tell(writer, entry, version, dryRun=True, **report)
        if done.failure is not None:
            return self._refuse(writer, entry, done.failure, **report)
        if not done.made:
            return self._tell(writer, entry, version, **report)
        with self.database.writing() as connection:
            number = self._append_replayed(connection, entry, version.position, done)
            changed = what_changed(version.table, done.table)
            report["sentence"] = f"Applied {counted(len(done.made), 'step')} of a recipe; {done.skipped:,} left out"
            answer = _answer(answers.Replayed, entry, success=True, changed=changed, version=number, **report)
            writer.settle(connection, entry, answer)
        return answer

    def _append_replayed(self, connection: Connection, entry: Entry, position: int, done: Replay) -> int:
        """Record every step of a replay; the last one's version number."""
        number = 0
        for place, step in enumerate(done.made, position):
            number = records.append_step(
                connection,
                entry.session_id,
                place,
                step.table,
                operation=step.operation.name,
                parameters=step.operation.recorded(),
                facts=step.facts,
                sentence=step.sentence,
                request_id=entry.request_id,
                made_by=entry.made_by,
            )
        return number

    def _drop_step(self, writer: Writer, entry: Entry) -> dict[str, Any]:
        """Do the later steps again without one; the result is one more step, so that undo takes it back."""
        version = self._version(entry)
        folder = self.settings.datasets_folder / entry.session_id
        with self.database.reading() as connection:
            made = records.list_made(connection, entry.session_id, folder, version.position)
        with self._others(entry) as others:
            dropped = drop_step(made, entry.parameters["version"], self._carry_out, others.recorded)
        table, report = dropped.replay.table, dropped.replay.to_wire()
        if entry.parameters.get("dryRun", False):
            dropped.replay.discard()
            return self._tell(writer, entry, version, dryRun=True, **report)
        dropped.replay.discard(keep=table)
        with self.database.writing() as connection:
            number = records.append_step(
                connection,
                entry.session_id,
                version.position,
                table,
                operation=DROP_STEP,
                parameters={"version": entry.parameters["version"]},
                facts=dropped.facts,
                sentence=dropped.sentence,
                request_id=entry.request_id,
                made_by=entry.made_by,
            )
            changed = what_changed(version.table, table)
            report["sentence"] = dropped.sentence
            answer = _answer(answers.Replayed, entry, success=True, changed=changed, version=number, **report)
            writer.settle(connection, entry, answer)
        return answer

    def _aggregate(self, writer: Writer, entry: Entry) -> dict[str, Any]:
        """Make a new dataset of the groups; this one stays as it is.

        The new dataset's id stands in the entry, and its record is written in the transaction that settles that: so
        a worker that dies leaves nothing but files, which the next one clears away.
        """
        version = self._version(entry)
        asked = {name: value for name, value in entry.parameters.items() if name != NEW_SESSION}
        parameters = parse_model(AggregateParameters, asked)
        folder = self.settings.datasets_folder / entry.parameters[NEW_SESSION]
        folder.mkdir(mode=0o700, exist_ok=True)
        sync(folder.parent)
        _clear(folder)
        try:
            table = aggregate(version.table, parameters, folder)
        except BaseException:
            _remove_empty(folder)
            raise
        with self.database.writing() as connection:
            answer = self._record_aggregate(connection, entry, version, parameters, table)
            writer.settle(connection, entry, answer)
        return answer

    def _record_aggregate(
        self,
        connection: Connection,
        entry: Entry,
        version: records.Version,
        parameters: AggregateParameters,
        table: Table,
    ) -> dict[str, Any]:
        """Write the new dataset down, with a first step that says in words where it came from; the answer."""
        new_id = entry.parameters[NEW_SESSION]
        source = records.require_dataset(connection, entry.session_id)
        groups = [column.name for column in parameters.groups(version.table)]
        name = aggregated_name(source.name, groups)
        sentence = describe(version.table, parameters, source.name)
        size = sum((table.folder / file).stat().st_size for file in table.files)
        records.create_dataset(connection, new_id, name, size)
        # Whoever is given the new dataset's id may not learn from it the one that it was made of.
        records.append_step(
            connection,
            new_id,
            -1,
            table,
            operation=AGGREGATE,
            parameters=parameters.model_dump(mode="json", by_alias=True, exclude_unset=True),
            facts={"source": {"name": source.name, "version": version.number, "rows": version.table.rows}},
            sentence=sentence,
            request_id=entry.request_id,
            made_by=entry.made_by,
        )
        records.set_state(connection, new_id, records.READY)
        answer = _answer(
            answers.Aggregated,
            entry,
            success=True,
            newSessionID=new_id,
            name=name,
            rows=table.rows,
            columns=table.width,
            changed=what_changed(version.table, version.table),
            version=version.number,
            sentence=sentence,
        )
        return answer | _quiet_if(True)

    def _tell(self, writer: Writer, entry: Entry, version: records.Version, **fields: Any) -> dict[str, Any]:
        """Settle a change that left everything as it is; only the asker hears of it."""
        nothing = what_changed(version.table, version.table)
        answer = _answer(answers.Replayed, entry, success=True, changed=nothing, version=version.number, **fields)
        answer |= _quiet_if(True)
        with self.database.writing() as connection:
            writer.settle(connection, entry, answer)
        return answer

    def _import(self, writer: Writer, entry: Entry) -> dict[str, Any]:
        folder = self.settings.datasets_folder / entry.session_id
        read = self._read_source(writer, entry, folder)
        table, facts, warnings = Table.from_record(folder, read["table"]), read["settings"], read["warnings"]
        with self.database.writing() as connection:
            number = records.append_step(
                connection,
                entry.session_id,
                -1,
                table,
                operation=IMPORT,
                parameters=entry.parameters,
                facts=facts,
                sentence=_read_sentence(table, entry.parameters["name"]),
                request_id=entry.request_id,
                made_by=entry.made_by,
            )
            records.set_state(connection, entry.session_id, records.READY, reading=facts, warnings=warnings)
            answer = _answer(
                answers.Uploaded,
                entry,
                success=True,
                version=number,
                rows=table.rows,
                columns=table.width,
                warnings=warnings,
                reading=facts,
            )
            writer.settle(connection, entry, answer)
        (folder / "source").unlink(missing_ok=True)
        return answer

    def _read_source(self, writer: Writer, entry: Entry, folder: Path) -> dict[str, Any]:
        """Have the uploaded file read into column files in the dataset's folder; what the reader tells of it.

        A reader that is killed is no fault of the file's, so the file is read again; but only so often.
        """
        options = reading.ReadOptions.from_record(entry.parameters["options"])
        request = {
            "task": "read",
            "path": str(folder / "source"),
            "folder": str(folder),
            "name": entry.parameters["name"],
            "options": options.recorded(),
            "maxUnpackedBytes": self.settings.max_unpacked_bytes,
        }
        for _ in range(mailbox.MAX_LOSSES - entry.losses):
            _clear(folder, but="source")
            try:
                return self.reader.run(
                    request,
                    memory_bytes=self.settings.import_memory_bytes,
                    stall_seconds=self.settings.import_stall_seconds,
                    progress=self._progress(entry),
                    tick=partial(self._require_wanted, writer),
                )
            except ReaderLost as error:
                logger.warning("an import lost its reader: %s", error)
        raise _given_up(mailbox.MAX_LOSSES)

    def _require_wanted(self, writer: Writer) -> None:
        """:raises LeaseLost: when the dataset was deleted meanwhile, or another worker has taken it over."""
        try:
            with self.database.reading() as connection:
                writer.require_lease(connection)
        except Unavailable:  # the commit will tell
            logger.info("the database is away during an import")

    def _others(self, entry: Entry) -> OtherSessions:
        return OtherSessions(self.database, self.settings.datasets_folder, entry.session_id)

    def _progress(self, entry: Entry) -> Callable[[str, int, int, int], None]:
        last = 0.0

        def report(phase: str, done_bytes: int, total_bytes: int, rows: int) -> None:
            nonlocal last
            now = time.monotonic()
            if now - last < PROGRESS_SECONDS:
                return
            last = now
            news = answers.Progress(
                operation="upload",
                sessionID=entry.session_id,
                requestID=entry.request_id,
                phase=phase,
                bytes=done_bytes,
                totalBytes=total_bytes,
                rows=rows,
            )
            try:
                self.emitter.emit("progress", news.to_wire(), room=entry.socket_id or entry.session_id)
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


def _target_of(connection: Connection, entry: Entry, version: records.Version) -> int:
    """The position that a step through the history leads to.

    :raises IllegalOperation: when there is nothing to undo or redo.
    :raises InvalidValue: when there is no such step.
    """
    if entry.operation != GO_TO:
        back = entry.operation == UNDO
        if not (version.undo_available if back else version.redo_available):
            raise IllegalOperation(f"there is nothing to {entry.operation}")
        return version.position + (-1 if back else 1)
    if entry.parameters.get("version") is None:
        position = int(entry.parameters["position"])
        if not 0 <= position <= version.last_position:
            raise InvalidValue(f"there is no step {position}; the steps are numbered 0 to {version.last_position}")
        return position
    number = int(entry.parameters["version"])
    found = records.position_of(connection, entry.session_id, number)
    if found is None:
        raise InvalidValue(f"there is no version {number}; the history lists those there are")
    return found


def _quiet_if(quiet: bool) -> dict[str, Any]:
    """A mark for :func:`announce`: nothing changed, so the room need not hear of it."""
    return {"quiet": True} if quiet else {}


def for_wire(answer: dict[str, Any]) -> dict[str, Any]:
    """A settled answer without what is only for ourselves."""
    return {key: value for key, value in answer.items() if key not in ("status", "quiet")}


def _read_sentence(table: Table, name: str) -> str:
    return f"Read {counted(table.rows, 'row')} and {counted(table.width, 'column')} from {name}"


def _refuse_killer(entry: Entry) -> None:
    """:raises TooLarge: for a change over which one worker after the other has died."""
    if entry.losses >= mailbox.MAX_LOSSES:
        raise _given_up(entry.losses)


def _given_up(losses: int) -> TooLarge:
    return TooLarge(
        f"{losses} workers died over this change, so it was given up; it may need more memory than the server has"
    )


def aggregated_name(name: str, groups: Sequence[str]) -> str:
    """What a new dataset is called that was made of another's groups.

    >>> aggregated_name("movies.json", ["Genre"]), aggregated_name("movies.json", [])
    ('movies by Genre', 'movies in one row')
    """
    how = f"by {', '.join(groups)}" if groups else "in one row"
    return shorten(f"{writing.base_name(name)} {how}", 500)


def _clear(folder: Path, but: str | None = None) -> None:
    """Remove what a change that was killed left in the folder of the dataset it was making.

    A reader dies a moment after its worker, and may write until then: what it adds behind our back is collected later.
    """
    for path in folder.iterdir():
        if path.name != but:
            shutil.rmtree(path, ignore_errors=True) if path.is_dir() else path.unlink(missing_ok=True)


def _remove_empty(folder: Path) -> None:
    """Remove a folder, unless another worker, which has taken over, writes there already."""
    try:
        folder.rmdir()
    except OSError as error:
        logger.info("a new dataset's folder stays for the reconciler: %s", error.strerror)


def _is_final(error: Unavailable) -> bool:
    """A full disk is told to the asker; a database that is away is waited for by the next attempt."""
    return error.status != Unavailable.status


def _answer(model: type[Answer], entry: Entry, **fields: Any) -> dict[str, Any]:
    """The answer of a change, as its entry keeps it: of the model, and so of nothing else."""
    standard = {
        "operation": "upload" if entry.operation == IMPORT else entry.asked_as or entry.operation,
        "sessionID": entry.session_id,
        "requestID": entry.request_id,
    }
    warnings = {"warnings": [*fields.pop("warnings", []), *entry.warnings]} if entry.warnings else {}
    # They win over an outcome's field of the same name.
    told = {name: value for name, value in fields.items() if name not in standard}
    return model(**standard, **told, **warnings).to_wire()


def announce(emitter: Emitter, entry: Entry, answer: dict[str, Any]) -> bool:
    """Send an answer to its asker and, after a change, the news to the room; False when the queue is away."""
    wire = for_wire(answer)
    try:
        if entry.socket_id is not None:
            emitter.emit(answer["operation"], wire, room=entry.socket_id)
        if answer["success"] and not answer.get("quiet"):
            # Others know it by its own name.
            operation = answer["operation"] if entry.asked_as is None else entry.operation
            news = answers.DataChanged(
                sessionID=entry.session_id,
                requestID=answer["requestID"],
                operation=operation,
                version=answer["version"],
                **({} if entry.made_by is None else {"madeBy": entry.made_by}),
            )
            emitter.emit("dataChanged", news.to_wire(), room=entry.session_id)
    except Unavailable:
        logger.info("an answer waits for the message queue")
        return False
    return True
