"""The datasets as the web process serves them: accept changes, answer reads, create, export, delete.

Reads answer from the newest committed version in this process; changes are checked, put into the mailbox and
left to the workers.
"""

from __future__ import annotations

import logging
import shutil
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Any

from pydantic import BaseModel
from sqlalchemy.engine import Connection
from sqlalchemy.exc import IntegrityError

from longshore.datasets import answers, mailbox, records
from longshore.datasets.damage import telling_damage
from longshore.datasets.mailbox import RequestKey
from longshore.datasets.others import SourceNames, check_others
from longshore.datasets.special import AGGREGATE, IMPORT, NEW_SESSION, SPECIAL, NoParameters, check_special
from longshore.datasets.wire import MAX_NAME, AnalyzeQuery, ExplainParameters, ProfileQuery, SetAsideQuery
from longshore.errors import (
    IllegalOperation,
    InvalidRequest,
    SessionNotFound,
    TimedOut,
    Unavailable,
    UnknownOutcome,
    shorten,
)
from longshore.settings import Settings
from longshore.state.database import Database
from longshore.state.waiting import Outcomes, OutcomeWaiter
from longshore.storage.files import file_digest
from longshore.tables import charting, profiling, writing
from longshore.tables.charting import VisualizeParameters
from longshore.tables.clustering import ClusterParameters, find_clusters
from longshore.tables.core import dtypes
from longshore.tables.core.table import Table
from longshore.tables.core.validation import parse_model
from longshore.tables.operations import TableOperand, require_operation
from longshore.tables.operations.table_operand import OTHER_FIELD
from longshore.tables.reading import ReadOptions
from longshore.tables.reading.quarantine import FIELDS, list_set_aside, set_aside
from longshore.tables.replay.drop_step import DROP_STEP, Made, effective
from longshore.tables.replay.lineage import explain
from longshore.tables.replay.preview import PreviewParameters, preview
from longshore.tables.replay.recipe import Recipe, RecipeReading
from longshore.tables.script_export.script import script_of
from longshore.tables.viewing import PageParameters, ViewParameters, Views
from longshore.tables.viewing.parameters import resolve
from longshore.web.answer import Answer
from longshore.web.uploads import require_room

logger = logging.getLogger(__name__)

UNSURE_SECONDS = 20.0
"""How long the database is asked how a commit ended in which it went away."""
UNSURE_PAUSE_SECONDS = 0.2

_TABLES_KEPT = 64
FIRST_BYTES = 1_000_000
"""Of an export, made before its answer begins."""
STATISTICS_BYTES = 32_000_000
"""Statistics of columns kept in memory: of some ten thousand columns."""

CHANGES = Outcomes(mailbox.are_settled, is_patient=True)

Progress = Callable[[int, int], None]
"""Is told how much is done, and of how much."""


@dataclass(frozen=True)
class Asker:
    """Who sent a request: the socket that waits for the answer, the request's own id, the user's token."""

    request_id: Any = None
    socket_id: str | None = None
    made_by: str | None = None
    warnings: list[dict[str, Any]] | None = None
    """About the request itself; they go into its answer."""
    asked_as: str | None = None
    """How the operation was called, where that is not its name: the answer calls it so, too."""


def parameters_of(name: str) -> type[BaseModel]:
    """The model of what a change takes.

    :raises InvalidRequest: for a name that is none, with the nearest one.
    """
    return SPECIAL[name][0] if name in SPECIAL else require_operation(name).parameters_model()


def spelling_of(name: str) -> str | None:
    """``name`` where it is not the operation's own, but another one for it; else None."""
    return None if name in SPECIAL or require_operation(name).name == name else name


def check_change(name: str, body: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    """The operation's proper name and its parameters as the mailbox keeps them.

    :raises InvalidRequest: for an unknown operation, or naming the field at fault.
    """
    if name in SPECIAL:
        return name, check_special(name, body)
    checked = require_operation(name).parse(body)
    return checked.name, checked.recorded()


def require_session_id(value: Any) -> str:
    """``value`` itself when it has the form of a session id.

    :raises InvalidRequest: when it is absent or no text.
    :raises SessionNotFound: when it is text of another form, which no dataset has.
    """
    if not isinstance(value, str):
        raise InvalidRequest("sessionID: give the id that the upload answered, as text")
    if not records.is_session_id(value):
        raise SessionNotFound.unknown()
    return value


def _begun(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """``chunks``, of which the first megabyte has been made: what cannot be read is an error, not half an answer."""
    first = bytearray()
    for chunk in chunks:
        first += chunk
        if len(first) >= FIRST_BYTES:
            break

    def all_of_them() -> Iterator[bytes]:
        yield bytes(first)
        yield from chunks

    return all_of_them()


class Datasets:
    """The service. One per process; safe for threads.

    :param enqueue: hands a session to the workers; may fail, the reconciler asks again.
    :param enqueue_import: the same for one whose file is still to be read; default: ``enqueue``, whose workers pass
        it on.
    :param waiter: waits for the outcomes of all that this process serves; default: one of its own.
    """

    def __init__(
        self,
        settings: Settings,
        database: Database,
        enqueue: Callable[[str], None],
        enqueue_import: Callable[[str], None] | None = None,
        waiter: OutcomeWaiter | None = None,
    ) -> None:
        self.settings = settings
        self.database = database
        self.views = Views(settings.cache_folder / "views", settings.view_cache_bytes)
        self.statistics = profiling.StatisticsCache(STATISTICS_BYTES)
        self.waiter = waiter if waiter is not None else OutcomeWaiter(database)
        self._enqueue = enqueue
        self._enqueue_import = enqueue_import
        self._tables: OrderedDict[tuple[str, int], Table] = OrderedDict()
        self._tables_lock = Lock()

    # -- changes -------------------------------------------------------------------------------------------------

    def accept(
        self,
        session_id: str,
        name: str,
        parameters: Mapping[str, Any],
        asker: Asker,
        *,
        if_version: int | None = None,
        key: str | None = None,
    ) -> int:
        """Check a change, append it to the session's mailbox, wake a worker; the entry's id.

        Accepted means kept: when the broker is away the change waits in the database.

        :param if_version: refuse the change when the table is no longer this version, or about to be another.
        :param key: a request that comes again under the same one is not done again: its entry is that of the first.
        :raises InvalidRequest: unknown operation or malformed parameters.
        :raises SessionNotFound: no such dataset, or none that a parameter names.
        :raises IllegalOperation: when the table is another version than ``if_version``.
        :raises InvalidValue: when the key was used for another request.
        """
        operation, checked = check_change(name, parameters)
        asked = {"operation": operation, "parameters": checked, "ifVersion": if_version}
        known_by = _request_key(key, asker, session_id, asked)
        return self._accept(session_id, operation, checked, asker, if_version, known_by)[0]

    def accept_once(
        self,
        session_id: str,
        name: str,
        parameters: Mapping[str, Any],
        asker: Asker,
        if_version: int | None = None,
    ) -> dict[str, Any] | None:
        """As :meth:`accept`, unless the same asker sent the same request before: then its answer goes to this socket.

        A request is the same when its id, the operation and the parameters are; so two people whose clients number
        their requests alike are not taken for one.

        :return: the answer, if the request is done already.
        :raises IllegalOperation: for a new request when the table is another version than ``if_version``.
        """
        operation, checked = check_change(name, parameters)
        apart = ["once", session_id, asker.made_by, asker.request_id, operation, checked]
        return self._accept(session_id, operation, checked, asker, if_version, RequestKey.of(apart, ""))[1]

    def _accept(
        self,
        session_id: str,
        operation: str,
        parameters: dict[str, Any],
        asker: Asker,
        if_version: int | None,
        key: RequestKey | None,
    ) -> tuple[int, dict[str, Any] | None]:
        """Put a change into the mailbox, unless its key is known: then its entry, and its answer if it has one."""

        def put(connection: Connection, ticket: str) -> tuple[int, dict[str, Any] | None]:
            records.require_dataset(connection, session_id, lock=True)
            known = mailbox.find_accepted(connection, key) if key is not None else None
            if known is not None:
                if asker.socket_id is not None:
                    mailbox.answer_to(connection, known.id, asker.socket_id)
                return known.id, known.answer
            if if_version is not None:
                _require_unchanged(connection, session_id, if_version)
            found = check_others(connection, session_id, operation, _with_choices(operation, parameters))
            entry_id = mailbox.put(connection, session_id, operation, found, ticket=ticket, **vars(asker))
            if key is not None:
                mailbox.remember(connection, key, entry_id)
            return entry_id, None

        accepted = self._commit(put)
        self.enqueue(session_id)
        return accepted

    def _commit(
        self, put: Callable[[Connection, str], tuple[int, dict[str, Any] | None]]
    ) -> tuple[int, dict[str, Any] | None]:
        """Run ``put`` in a transaction, and find out how that ended when the database went away in its last moment.

        :raises Unavailable: when nothing was accepted.
        :raises UnknownOutcome: when nobody can tell.
        """
        ticket = mailbox.new_ticket()
        is_written = False
        try:
            with self.database.writing() as connection:
                accepted = put(connection, ticket)
                is_written = True
        except Unavailable as error:
            if not is_written:
                raise
            logger.warning("the database went away during a commit; asking it how that ended")
            entry_id = self._how_it_ended(ticket, error)
            return entry_id, None
        return accepted

    def _how_it_ended(self, ticket: str, error: Unavailable) -> int:
        """The entry that a broken commit left.

        :raises Unavailable: ``error`` itself, if it left none.
        :raises UnknownOutcome: when the database does not come back in time.
        """
        deadline = time.monotonic() + UNSURE_SECONDS
        while True:
            try:
                with self.database.reading() as connection:
                    found = mailbox.find_ticket(connection, ticket)
            except Unavailable:
                if time.monotonic() > deadline:
                    raise UnknownOutcome.now() from error
                time.sleep(UNSURE_PAUSE_SECONDS)
                continue
            if found is None:
                raise error
            return found

    def enqueue(self, session_id: str, *, is_import: bool = False) -> None:
        """Tell the workers that a session has something to do."""
        send = self._enqueue_import if is_import and self._enqueue_import is not None else self._enqueue
        try:
            send(session_id)
        except Exception:  # the entry is safe in the database, whatever the broker's client raised
            logger.warning(
                "the broker is away; accepted changes wait for it", exc_info=logger.isEnabledFor(logging.DEBUG)
            )

    def wait(self, session_id: str, entry_id: int, timeout_seconds: float) -> dict[str, Any]:
        """The answer of an accepted change, once it is settled.

        A database that is away meanwhile is waited for: the change is accepted, whatever happens to it.

        :raises TimedOut: when it is not settled in time; it stays in the mailbox and will be done.
        :raises SessionNotFound: when the dataset was deleted meanwhile.
        """
        deadline = time.monotonic() + timeout_seconds
        while True:
            answer = self._answer_of(session_id, entry_id)
            if answer is not None:
                return answer
            left = deadline - time.monotonic()
            if left <= 0 or not self.waiter.wait(CHANGES, entry_id, bool, left):
                break
        # It may have been settled in the last moment.
        answer = self._answer_of(session_id, entry_id)
        if answer is None:
            raise TimedOut("the change is still waiting or running; it will be done. Ask for the history later")
        return answer

    def _answer_of(self, session_id: str, entry_id: int) -> dict[str, Any] | None:
        """A settled change's answer; None while it waits, or while nobody can tell.

        :raises SessionNotFound: when the dataset was deleted meanwhile.
        """
        try:
            with self.database.reading() as connection:
                found = mailbox.find(connection, entry_id, session_id)
        except Unavailable:
            return None
        if found is None:
            raise SessionNotFound.unknown()
        entry, settled = found
        return (entry.answer or {}) if settled else None

    # -- reads ---------------------------------------------------------------------------------------------------

    def version(self, session_id: str) -> records.Version:
        """The newest committed version; its table comes from memory when it was used lately."""
        folder = self.folder(session_id)
        with self.database.reading() as connection:
            current = records.require_current(connection, session_id)
            key = (session_id, current.number)
            table = self._remembered(key)
            if table is None:
                table = records.read_table(connection, session_id, current.number, folder)
                self._remember(key, table)
        return current.with_table(table)

    def _remembered(self, key: tuple[str, int]) -> Table | None:
        with self._tables_lock:
            table = self._tables.get(key)
            if table is not None:
                self._tables.move_to_end(key)
            return table

    def _remember(self, key: tuple[str, int], table: Table) -> None:
        with self._tables_lock:
            self._tables[key] = table
            while len(self._tables) > _TABLES_KEPT:
                self._tables.popitem(last=False)

    @telling_damage
    def metadata(self, session_id: str, view: ViewParameters) -> answers.Metadata:
        """The contract's ``metadata``; with view parameters rows and missing counts are the view's."""
        version = self.version(session_id)
        return answers.Metadata(**self._metadata_of(version, view))

    def _metadata_of(self, version: records.Version, view: ViewParameters) -> dict[str, Any]:
        """The fields of :class:`~longshore.datasets.answers.Metadata`."""
        size = self.views.size(version.table, view)
        return {
            "undoAvailable": version.undo_available,
            "redoAvailable": version.redo_available,
            "version": version.number,
            "dataSize": answers.DataSize(rows=size.rows, columns=version.table.width),
            "columns": version.table.names,
            "columnInfo": {
                column.name: answers.ColumnInfo(
                    index=index,
                    dataType=column.kind,
                    compatType=dtypes.compat_kind(column.dtype),
                    invalidValues=missing,
                )
                for index, (column, missing) in enumerate(zip(version.table.columns, size.missing, strict=True))
            },
        }

    @telling_damage
    def data(self, session_id: str, page: PageParameters) -> answers.PageAnswer:
        """The contract's ``data``: one page of a view."""
        version = self.version(session_id)
        found = self.views.page(
            version.table,
            page,
            rows=page.rows,
            columns=page.columns(version.table),
        )
        rows = answers.PageData(index=found.index, columns=found.columns, data=found.data)
        return answers.PageAnswer(version=version.number, data=rows)

    def read(
        self, name: str, session_id: str, body: Mapping[str, Any], progress: Progress = lambda done, total: None
    ) -> Answer:
        """Answer one of :data:`READS`.

        :param progress: called with what is done and what there is in all by a read that takes long.
        :raises InvalidRequest: for malformed parameters, and for any that it does not take.
        """
        read = READS[name]
        return read.answer(self, session_id, parse_model(read.parameters, body), progress)

    @telling_damage
    def analyze(self, session_id: str, query: AnalyzeQuery) -> answers.StatisticsAnswer:
        """The contract's ``analyze``: a column's statistics, at the top level and again under ``data``.

        Beyond the contract, view parameters count only the rows that they show.
        """
        table = self.version(session_id).table
        name = query.find(table).name
        statistics = profiling.analyze(table, name, self.statistics, self._shown(table, query))
        return answers.StatisticsAnswer(**statistics, data=answers.Statistics(**statistics))

    @telling_damage
    def profile(
        self, session_id: str, query: ProfileQuery, progress: Progress = lambda done, total: None
    ) -> answers.Profile:
        """Statistics of all columns, with a small histogram or the most frequent values of each."""
        version = self.version(session_id)
        shown = self._shown(version.table, query)
        found = profiling.profile(version.table, progress, self.statistics, query.columns, shown)
        return answers.Profile(version=version.number, data=answers.ProfileData(**found))

    def _shown(self, table: Table, view: ViewParameters) -> profiling.Shown | None:
        """The rows that a view shows, whatever their order; None for all."""
        view = view.unsorted()
        numbers = self.views.rows_of(table, view)
        return None if numbers is None else profiling.Shown(repr(resolve(table, view).key), numbers)

    @telling_damage
    def cluster(
        self, session_id: str, parameters: ClusterParameters, progress: Progress = lambda done, total: None
    ) -> answers.Clusters:
        """Near-duplicate values of a text column, for ``mergeValues``."""
        version = self.version(session_id)
        return answers.Clusters(version=version.number, **find_clusters(version.table, parameters, progress))

    @telling_damage
    def visualize(self, session_id: str, parameters: VisualizeParameters) -> answers.Chart:
        """The contract's ``visualize``: a chart as PNG or as a Vega-Lite spec."""
        found = charting.visualize(self.version(session_id).table, parameters)
        return answers.Chart(**found, **({"warnings": parameters.warnings} if parameters.warnings else {}))

    @telling_damage
    def preview(self, session_id: str, parameters: PreviewParameters) -> answers.PreviewAnswer:
        """What an operation would do to some rows and to how many in all; nothing is changed."""
        version = self.version(session_id)
        if isinstance(parameters.parameters.get(OTHER_FIELD), str):
            with self.database.reading() as connection:
                asked = check_others(connection, session_id, parameters.preview, parameters.parameters)
            parameters = parameters.model_copy(update={"parameters": asked})
        found = preview(version.table, parameters, self._other)
        return answers.PreviewAnswer(
            version=version.number,
            columns=found.columns,
            newColumns=found.new,
            removedColumns=found.removed,
            rows=found.rows,
            changedCells=found.changed_cells,
            lostCells=found.lost_cells,
            retypedColumns=[
                answers.RetypedColumn(column=each.column, before=each.before, after=each.after)
                for each in found.retyped
            ],
            data=answers.PageData(index=found.index, columns=found.touched, data=found.data),
            facts=found.facts,
        )

    def _other(self, session_id: str, _version: int | None) -> TableOperand:
        """Another dataset as it is now, for an operation that is only previewed."""
        with self.database.reading() as connection:
            name = records.require_dataset(connection, session_id).name
        version = self.version(session_id)
        return TableOperand(version.table, name, version.number)

    def history(self, session_id: str) -> answers.History:
        """The steps, oldest first, undone ones included, and which of them is current."""
        with self.database.reading() as connection:
            dataset = records.require_dataset(connection, session_id)
            steps = records.list_steps(connection, session_id)
        current = next((step for step in steps if step.position == dataset.position), None)
        dropped = _dropped(steps[: dataset.position + 1])
        names = SourceNames()
        return answers.History(
            position=dataset.position,
            version=current.number if current is not None else None,
            steps=[
                answers.HistoryStep(
                    position=step.position,
                    version=step.number,
                    operation=step.operation,
                    parameters=names.mask(step.operation, step.parameters, step.facts),
                    facts=names.mask_facts(step.operation, step.facts),
                    sentence=step.sentence,
                    madeBy=step.made_by,
                    created=step.created,
                    rows=step.rows,
                    columns=step.columns,
                    current=step is current,
                    dropped=step.number in dropped,
                )
                for step in steps
            ],
        )

    def recipe(self, session_id: str) -> Recipe:
        """The steps from the import to the current one as a document that can be applied to other tables."""
        dataset, made = self._made(session_id)
        # The ledger is about this one file.
        used = {name: value for name, value in (dataset.reading or {}).items() if name != "ledger"}
        reading = RecipeReading(options=made[0].parameters.get("options", {}), settings=used)
        names = SourceNames()
        steps = [names.mask_step(each.step) for each in effective(made)]
        return Recipe(name=dataset.name, reading=reading, steps=steps)

    @telling_damage
    def script(self, session_id: str) -> answers.Script:
        """The steps up to the current one as a Python script that needs only Polars; with a name for its file.

        :raises IllegalOperation: when one of the operations cannot be exported.
        """
        dataset, made = self._made(session_id)
        return answers.Script(
            name=(writing.base_name(dataset.name) or "table") + ".py",
            script=script_of(made, dataset.name, dataset.reading or {}),
        )

    def _made(self, session_id: str) -> tuple[records.Dataset, list[Made]]:
        """A dataset and its steps from the import to the current one."""
        folder = self.folder(session_id)
        with self.database.reading() as connection:
            dataset = records.require_dataset(connection, session_id)
            records.require_current(connection, session_id)
            return dataset, records.list_made(connection, session_id, folder, dataset.position)

    def describe(self, session_id: str) -> answers.DatasetSummary:
        """What a listing shows of one dataset."""
        with self.database.reading() as connection:
            dataset = records.require_dataset(connection, session_id)
        if dataset.state != records.READY:
            return answers.DatasetSummary(**_kept_of(dataset))
        version = self.version(session_id)
        size = {"rows": version.table.rows, "columns": version.table.width}
        return answers.DatasetSummary(**_kept_of(dataset), version=version.number, **size)

    @telling_damage
    def show(self, session_id: str, view: ViewParameters) -> answers.ShownDataset:
        """A dataset with its metadata.

        :raises IllegalOperation: while its file is still being read.
        """
        with self.database.reading() as connection:
            dataset = records.require_dataset(connection, session_id)
        version = self.version(session_id)
        kept = _kept_of(dataset)
        return answers.ShownDataset(**kept, **self._metadata_of(version, view), rows=version.table.rows)

    @telling_damage
    def export(
        self, session_id: str, format_name: str, view: ViewParameters | None = None, **options: Any
    ) -> tuple[str, writing.Format, Iterator[bytes]]:
        """The table, or a view of it, as a file: its name, its format, its bytes as they are made.

        :raises InvalidRequest: for an unknown format.
        :raises TooLarge: when the format cannot hold the table.
        """
        chosen = writing.require_format(format_name)
        with self.database.reading() as connection:
            name = records.require_dataset(connection, session_id).name
        table = self.version(session_id).table
        rows = self.views.rows_of(table, view) if view is not None else None
        chunks = _begun(writing.stream(table, chosen.name, rows=rows, **options))
        return writing.suggest_name(name, chosen.name), chosen, chunks

    @telling_damage
    def explain_cell(self, session_id: str, cell: ExplainParameters) -> answers.CellExplained:
        """What led to a cell of the current table, back to its line in the uploaded file."""
        folder = self.folder(session_id)
        with self.database.reading() as connection:
            current = records.require_current(connection, session_id)
            made = records.list_made(connection, session_id, folder, current.position)
        explained = explain(made, cell.row_index, cell.position(made[-1].table))
        return answers.CellExplained(version=current.number, **explained.to_wire())

    @telling_damage
    def set_aside(self, session_id: str, query: SetAsideQuery) -> answers.SetAside:
        """What became of every line of the uploaded file, and a page of the records that were not read whole."""
        version = self.version(session_id)
        with self.database.reading() as connection:
            reading = records.require_dataset(connection, session_id).reading or {}
        kept, listed = list_set_aside(version.table, query.first, query.last)
        found = [answers.SetAsideRecord(**each) for each in listed]
        return answers.SetAside(ledger=reading.get("ledger"), kept=kept, records=found)

    @telling_damage
    def export_set_aside(self, session_id: str) -> tuple[str, writing.Format, Iterator[bytes]]:
        """All records that are kept because they were not read whole, as CSV; see :meth:`export`.

        Texts are written as they stood in the file: no formula is escaped.
        """
        table = self.version(session_id).table
        with self.database.reading() as connection:
            name = records.require_dataset(connection, session_id).name
        chosen = writing.require_format("csv")
        kept = set_aside(table)
        header = (",".join(FIELDS) + "\n").encode()
        chunks = iter([header]) if kept is None else _begun(writing.stream(kept, chosen.name))
        return f"{Path(writing.suggest_name(name, chosen.name)).stem} set aside.csv", chosen, chunks

    # -- coming and going ----------------------------------------------------------------------------------------

    def folder(self, session_id: str) -> Path:
        """Where a session's column files lie; only an id of the right form becomes part of a path."""
        return self.settings.datasets_folder / require_session_id(session_id)

    def require_room(self, incoming_bytes: int) -> None:
        """:raises StorageFull: when an upload of this size would leave the disk without reserve."""
        require_room(self.settings.root_storage_path, incoming_bytes, self.settings.min_free_bytes)

    def create(
        self,
        source: Path,
        name: str,
        options: ReadOptions,
        asker: Asker,
        session_id: str | None = None,
        key: str | None = None,
    ) -> tuple[str, int]:
        """Take an uploaded file over (it is moved) and have a worker import it; session id and mailbox entry.

        :param session_id: one that nobody else can guess and no dataset has; what a call for it that died left is
            replaced.
        :param key: the same file with the same name and options under the same key is the same dataset.
        :raises InvalidValue: when the key was used for another request.
        """
        is_new = session_id is None
        session_id = session_id or records.new_session_id()
        parameters = {"name": name, "options": options.recorded()}
        known_by = None
        if key is not None:
            known_by = _request_key(key, asker, "upload", {**parameters, "file": file_digest(source)})
        folder = self.folder(session_id)
        folder.mkdir(parents=True, mode=0o700, exist_ok=not is_new)
        size = source.stat().st_size
        source.replace(folder / "source")

        def put(connection: Connection, ticket: str) -> tuple[int, dict[str, Any] | None]:
            known = mailbox.find_accepted(connection, known_by) if known_by is not None else None
            if known is not None:
                return known.id, {"sessionID": known.session_id}
            records.create_dataset(connection, session_id, shorten(name, MAX_NAME), size)
            entry_id = mailbox.put(connection, session_id, IMPORT, parameters, ticket=ticket, **vars(asker))
            if known_by is not None:
                mailbox.remember(connection, known_by, entry_id)
            return entry_id, None

        try:
            entry_id, known = self._commit_new(put)
        except UnknownOutcome:
            raise  # the file stays: should the dataset be there after all, a worker needs it
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        if known is not None:
            shutil.rmtree(folder, ignore_errors=True)
            return known["sessionID"], entry_id
        self.enqueue(session_id, is_import=True)
        return session_id, entry_id

    def _commit_new(
        self, put: Callable[[Connection, str], tuple[int, dict[str, Any] | None]]
    ) -> tuple[int, dict[str, Any] | None]:
        """As :meth:`_commit`; of two that came under one key at the same time the later finds the earlier."""
        try:
            return self._commit(put)
        except IntegrityError:
            return self._commit(put)

    def find_import(self, session_id: str) -> int | None:
        """The mailbox entry of a dataset's import; None when that was over long ago.

        :raises SessionNotFound: if there is no such dataset.
        """
        with self.database.reading() as connection:
            records.require_dataset(connection, session_id)
            return mailbox.find_first(connection, session_id, IMPORT)

    def rename(self, session_id: str, name: str) -> str:
        """Give a dataset another name; the one it had. Its table and its history stay as they are.

        :raises SessionNotFound: if there is none.
        """
        with self.database.writing() as connection:
            before = records.require_dataset(connection, session_id, lock=True).name
            records.rename_dataset(connection, session_id, name)
        return before

    def delete(self, session_id: str) -> None:
        """Remove a dataset with its history and its files.

        :raises SessionNotFound: if there is none.
        """
        with self.database.writing() as connection:
            records.require_dataset(connection, session_id)
            records.delete_dataset(connection, session_id)
        # Readers that have the files open finish with them; the row is gone, so nobody new comes.
        shutil.rmtree(self.folder(session_id), ignore_errors=True)


def _kept_of(dataset: records.Dataset) -> dict[str, Any]:
    """What is on record of a dataset, as its answers have it."""
    return {
        "sessionID": dataset.id,
        "name": dataset.name,
        "state": dataset.state,
        "created": dataset.created,
        "sourceBytes": dataset.source_bytes,
        "reading": dataset.reading,
        "warnings": dataset.warnings or [],
    }


def _with_choices(operation: str, parameters: dict[str, Any]) -> dict[str, Any]:
    """A change's parameters with what is chosen when it is accepted."""
    if operation == AGGREGATE:
        # Chosen once, here: a worker that does a change again after another one died makes the same dataset.
        return parameters | {NEW_SESSION: records.new_session_id()}
    return parameters


def _request_key(key: str | None, asker: Asker, where: str, content: dict[str, Any]) -> RequestKey | None:
    """The ``Idempotency-Key`` of a request, which is its asker's own, for one address."""
    return None if key is None else RequestKey.of(["Idempotency-Key", asker.made_by, where, key], content)


def _require_unchanged(connection: Connection, session_id: str, version: int) -> None:
    current = records.require_current(connection, session_id)
    if current.number != version or mailbox.has_waiting(connection, session_id):
        raise IllegalOperation("the table has been changed since this was asked for; look at it and do it again")


def _dropped(steps: Sequence[records.Step]) -> set[int]:
    """Version numbers of the steps that the current table does without, since a later step dropped them."""
    dropped: set[int] = set()
    seen: list[int] = []
    for step in steps:
        if step.operation == DROP_STEP:
            later = {each["version"] for each in step.facts["later"]}
            dropped |= {number for number in seen if number >= step.parameters["version"]} - later
        else:
            seen.append(step.number)
    return dropped


@dataclass(frozen=True)
class Read:
    """A question that is answered at once, from the newest committed version.

    :param parameters: what it takes.
    :param model: what it is answered with.
    :param answer: takes the service, the session id, the parameters, and what to tell progress to.
    :param heavy: whether it may take long, so that a socket's thread hands it to a reader's.
    """

    parameters: type[BaseModel]
    model: type[Answer]
    answer: Callable[[Datasets, str, Any, Progress], Answer]
    heavy: bool = False


READS: dict[str, Read] = {
    "metadata": Read(
        ViewParameters, answers.Metadata, lambda service, session, asked, _: service.metadata(session, asked)
    ),
    "data": Read(PageParameters, answers.PageAnswer, lambda service, session, asked, _: service.data(session, asked)),
    "analyze": Read(
        AnalyzeQuery,
        answers.StatisticsAnswer,
        lambda service, session, asked, _: service.analyze(session, asked),
        heavy=True,
    ),
    "visualize": Read(
        VisualizeParameters,
        answers.Chart,
        lambda service, session, asked, _: service.visualize(session, asked),
        heavy=True,
    ),
    "preview": Read(
        PreviewParameters,
        answers.PreviewAnswer,
        lambda service, session, asked, _: service.preview(session, asked),
        heavy=True,
    ),
    "profile": Read(ProfileQuery, answers.Profile, lambda service, *asked: service.profile(*asked), heavy=True),
    "cluster": Read(ClusterParameters, answers.Clusters, lambda service, *asked: service.cluster(*asked), heavy=True),
    "history": Read(NoParameters, answers.History, lambda service, session, *_: service.history(session)),
    "explainCell": Read(
        ExplainParameters,
        answers.CellExplained,
        lambda service, session, asked, _: service.explain_cell(session, asked),
        heavy=True,
    ),
    "setAside": Read(
        SetAsideQuery,
        answers.SetAside,
        lambda service, session, asked, _: service.set_aside(session, asked),
        heavy=True,
    ),
    "recipe": Read(
        NoParameters,
        answers.RecipeAnswer,
        lambda service, session, *_: answers.RecipeAnswer(recipe=service.recipe(session)),
        heavy=True,
    ),
    "script": Read(NoParameters, answers.Script, lambda service, session, *_: service.script(session), heavy=True),
}
"""What can be asked, by the name on the wire."""
