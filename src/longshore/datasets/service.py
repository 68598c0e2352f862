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

from sqlalchemy.engine import Connection

from longshore.database import Database
from longshore.datasets import mailbox, records
from longshore.datasets.others import SourceNames, check_others
from longshore.datasets.special import AGGREGATE, IMPORT, NEW_SESSION, SPECIAL, check_special
from longshore.datasets.wire import LONGEST_NAME, AnalyzeQuery, ExplainParameters, ProfileQuery, SetAsideQuery
from longshore.errors import IllegalOperation, InvalidRequest, SessionNotFound, TimedOut, shorten
from longshore.settings import Settings
from longshore.tables import charting, profiling, writing
from longshore.tables.charting import VisualizeParameters
from longshore.tables.clustering import ClusterParameters, find_clusters
from longshore.tables.dropping import DROP_STEP, Made, effective
from longshore.tables.explaining import explain
from longshore.tables.operations import Other, find_operation, require_operation
from longshore.tables.operations.other import OTHER_FIELD
from longshore.tables.parsing import parse_model
from longshore.tables.previewing import PreviewParameters, preview
from longshore.tables.reading import ReadOptions
from longshore.tables.reading.setaside import FIELDS, list_set_aside, set_aside
from longshore.tables.recipe import Recipe, RecipeReading
from longshore.tables.scripting.script import script_of
from longshore.tables.table import Table
from longshore.tables.viewing import PageParameters, ViewParameters, Views
from longshore.tables.viewing.parameters import resolve
from longshore.uploads import require_room

logger = logging.getLogger(__name__)

LONGEST_REQUEST_ID = 200

_TABLES_KEPT = 64
STATISTICS_BYTES = 32_000_000
"""Statistics of columns kept in memory: of some ten thousand columns."""

Progress = Callable[[int, int], None]
"""Is told how much is done, and of how much."""


@dataclass(frozen=True)
class Asker:
    """Who sent a request: the socket that waits for the answer, the request's own id, the user's token."""

    request_id: Any = None
    socket_id: str | None = None
    made_by: str | None = None


def is_change(name: str) -> bool:
    """Whether a name is an operation or one of the changes of the history."""
    return name in SPECIAL or find_operation(name) is not None


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


class Datasets:
    """The service. One per process; safe for threads.

    :param enqueue: hands a session to the workers; may fail, the reconciler asks again.
    """

    def __init__(self, settings: Settings, database: Database, enqueue: Callable[[str], None]) -> None:
        self.settings = settings
        self.database = database
        self.views = Views(settings.cache_folder / "views", settings.view_cache_bytes)
        self.statistics = profiling.StatisticsCache(STATISTICS_BYTES)
        self._enqueue = enqueue
        self._tables: OrderedDict[tuple[str, int], Table] = OrderedDict()
        self._tables_lock = Lock()

    # -- changes -------------------------------------------------------------------------------------------------

    def accept(self, session_id: str, name: str, body: Mapping[str, Any], asker: Asker) -> int:
        """Check a change, append it to the session's mailbox, wake a worker; the entry's id.

        Accepted means kept: when the broker is away the change waits in the database.

        :raises InvalidRequest: unknown operation or malformed parameters.
        :raises SessionNotFound: no such dataset, or none that a parameter names.
        """
        operation, parameters = _checked(name, body)
        with self.database.writing() as connection:
            records.require_dataset(connection, session_id, lock=True)
            entry_id = _put(connection, session_id, operation, parameters, asker)
        self.enqueue(session_id)
        return entry_id

    def accept_once(
        self, session_id: str, name: str, body: Mapping[str, Any], asker: Asker, if_version: int | None = None
    ) -> dict[str, Any] | None:
        """As :meth:`accept`, unless a request of the same id is known: then its answer goes to this asker too.

        :param if_version: refuse a request that is not known when the table is no longer this version.
        :return: the answer, if the request is done already.
        :raises IllegalOperation: when the table is another version, or about to be.
        """
        operation, parameters = _checked(name, body)
        with self.database.writing() as connection:
            records.require_dataset(connection, session_id, lock=True)
            known = mailbox.take_over(connection, session_id, asker.request_id, asker.socket_id)
            if known is not None:
                return known.answer
            if if_version is not None:
                _require_unchanged(connection, session_id, if_version)
            _put(connection, session_id, operation, parameters, asker)
        self.enqueue(session_id)
        return None

    def enqueue(self, session_id: str) -> None:
        """Tell the workers that a session has something to do."""
        try:
            self._enqueue(session_id)
        except Exception:  # the entry is safe in the database, whatever the broker's client raised
            logger.warning(
                "the broker is away; accepted changes wait for it", exc_info=logger.isEnabledFor(logging.DEBUG)
            )

    def wait(self, session_id: str, entry_id: int, timeout_seconds: float) -> dict[str, Any]:
        """The answer of an accepted change, once it is settled.

        :raises TimedOut: when it is not settled in time; it stays in the mailbox and will be done.
        :raises SessionNotFound: when the dataset was deleted meanwhile.
        """
        deadline = time.monotonic() + timeout_seconds
        pause = 0.002
        while True:
            with self.database.reading() as connection:
                found = mailbox.find(connection, entry_id, session_id)
            if found is None:
                raise SessionNotFound.unknown()
            entry, settled = found
            if settled:
                return entry.answer or {}
            if time.monotonic() > deadline:
                raise TimedOut("the change is still waiting or running; it will be done. Ask for the history later")
            time.sleep(pause)
            pause = min(pause * 1.3, 0.025)

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

    def metadata(self, session_id: str, view: ViewParameters) -> dict[str, Any]:
        """The contract's ``metadata``; with view parameters rows and missing counts are the view's."""
        version = self.version(session_id)
        size = self.views.size(version.table, view)
        return {
            "undoAvailable": version.undo_available,
            "redoAvailable": version.redo_available,
            "version": version.number,
            "dataSize": {"rows": size.rows, "columns": version.table.width},
            "columns": version.table.names,
            "columnInfo": {
                column.name: {"index": index, "dataType": column.kind, "invalidValues": missing}
                for index, (column, missing) in enumerate(zip(version.table.columns, size.missing, strict=True))
            },
        }

    def data(self, session_id: str, page: PageParameters) -> dict[str, Any]:
        """The contract's ``data``: one page of a view."""
        version = self.version(session_id)
        found = self.views.page(
            version.table,
            page,
            rows=page.rows,
            columns=page.columns,
        )
        return {
            "version": version.number,
            "data": {"index": found.index, "columns": found.columns, "data": found.data},
        }

    def read(
        self, name: str, session_id: str, body: Mapping[str, Any], progress: Progress = lambda done, total: None
    ) -> dict[str, Any]:
        """Answer one of :data:`READS`.

        :param progress: called with what is done and what there is in all by a read that takes long.
        """
        return READS[name].answer(self, session_id, body, progress)

    def analyze(self, session_id: str, query: AnalyzeQuery) -> dict[str, Any]:
        """The contract's ``analyze``: a column's statistics, at the top level and again under ``data``.

        Beyond the contract, view parameters count only the rows that they show.
        """
        table = self.version(session_id).table
        name = query.find(table).name
        statistics = profiling.analyze(table, name, self.statistics, self._shown(table, query))
        return {**statistics, "data": statistics}

    def profile(
        self, session_id: str, query: ProfileQuery, progress: Progress = lambda done, total: None
    ) -> dict[str, Any]:
        """Statistics of all columns, with a small histogram or the most frequent values of each."""
        version = self.version(session_id)
        shown = self._shown(version.table, query)
        found = profiling.profile(version.table, progress, self.statistics, query.columns, shown)
        return {"version": version.number, "data": found}

    def _shown(self, table: Table, view: ViewParameters) -> profiling.Shown | None:
        """The rows that a view shows, whatever their order; None for all."""
        view = view.unsorted()
        numbers = self.views.rows_of(table, view)
        return None if numbers is None else profiling.Shown(repr(resolve(table, view).key), numbers)

    def cluster(
        self, session_id: str, parameters: ClusterParameters, progress: Progress = lambda done, total: None
    ) -> dict[str, Any]:
        """Near-duplicate values of a text column, for ``mergeValues``."""
        version = self.version(session_id)
        return {"version": version.number, **find_clusters(version.table, parameters, progress)}

    def visualize(self, session_id: str, parameters: VisualizeParameters) -> dict[str, Any]:
        """The contract's ``visualize``: a chart as PNG or as a Vega-Lite spec."""
        return charting.visualize(self.version(session_id).table, parameters)

    def preview(self, session_id: str, parameters: PreviewParameters) -> dict[str, Any]:
        """What an operation would do to some rows and to how many in all; nothing is changed."""
        version = self.version(session_id)
        if isinstance(parameters.parameters.get(OTHER_FIELD), str):
            with self.database.reading() as connection:
                asked = check_others(connection, session_id, parameters.preview, parameters.parameters)
            parameters = parameters.model_copy(update={"parameters": asked})
        found = preview(version.table, parameters, self._other)
        return {
            "version": version.number,
            "columns": found.columns,
            "newColumns": found.new,
            "removedColumns": found.removed,
            "rows": found.rows,
            "changedCells": found.changed_cells,
            "data": {"index": found.index, "columns": found.touched, "data": found.data},
            "facts": found.facts,
        }

    def _other(self, session_id: str, _version: int | None) -> Other:
        """Another dataset as it is now, for an operation that is only previewed."""
        with self.database.reading() as connection:
            name = records.require_dataset(connection, session_id).name
        version = self.version(session_id)
        return Other(version.table, name, version.number)

    def history(self, session_id: str) -> dict[str, Any]:
        """The steps, oldest first, undone ones included, and which of them is current."""
        with self.database.reading() as connection:
            dataset = records.require_dataset(connection, session_id)
            steps = records.list_steps(connection, session_id)
        current = next((step for step in steps if step.position == dataset.position), None)
        dropped = _dropped(steps[: dataset.position + 1])
        names = SourceNames()
        return {
            "position": dataset.position,
            "version": current.number if current is not None else None,
            "steps": [
                {
                    "position": step.position,
                    "version": step.number,
                    "operation": step.operation,
                    "parameters": names.mask(step.operation, step.parameters, step.facts),
                    "facts": names.mask_facts(step.operation, step.facts),
                    "sentence": step.sentence,
                    "madeBy": step.made_by,
                    "created": step.created,
                    "rows": step.rows,
                    "columns": step.columns,
                    "current": step is current,
                    "dropped": step.number in dropped,
                }
                for step in steps
            ],
        }

    def recipe(self, session_id: str) -> dict[str, Any]:
        """The steps from the import to the current one as a document that can be applied to other tables."""
        dataset, made = self._made(session_id)
        # The ledger is about this one file.
        used = {name: value for name, value in (dataset.reading or {}).items() if name != "ledger"}
        reading = RecipeReading(options=made[0].parameters.get("options", {}), settings=used)
        names = SourceNames()
        steps = [names.mask_step(each.step) for each in effective(made)]
        return Recipe(name=dataset.name, reading=reading, steps=steps).to_document()

    def script(self, session_id: str) -> dict[str, str]:
        """The steps up to the current one as a Python script that needs only Polars; with a name for its file.

        :raises IllegalOperation: when one of the operations cannot be exported.
        """
        dataset, made = self._made(session_id)
        return {
            "name": (writing.base_name(dataset.name) or "table") + ".py",
            "script": script_of(made, dataset.name, dataset.reading or {}),
        }

    def _made(self, session_id: str) -> tuple[records.Dataset, list[Made]]:
        """A dataset and its steps from the import to the current one."""
        folder = self.folder(session_id)
        with self.database.reading() as connection:
            dataset = records.require_dataset(connection, session_id)
            records.require_current(connection, session_id)
            return dataset, records.list_made(connection, session_id, folder, dataset.position)

    def describe(self, session_id: str) -> dict[str, Any]:
        """What a listing shows of one dataset."""
        with self.database.reading() as connection:
            dataset = records.require_dataset(connection, session_id)
        described: dict[str, Any] = {
            "sessionID": dataset.id,
            "name": dataset.name,
            "state": dataset.state,
            "created": dataset.created,
            "sourceBytes": dataset.source_bytes,
            "reading": dataset.reading,
            "warnings": dataset.warnings or [],
        }
        if dataset.state == records.READY:
            version = self.version(session_id)
            described |= {"version": version.number, "rows": version.table.rows, "columns": version.table.width}
        return described

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
        return writing.suggest_name(name, chosen.name), chosen, writing.stream(table, chosen.name, rows=rows, **options)

    def explain_cell(self, session_id: str, cell: ExplainParameters) -> dict[str, Any]:
        """What led to a cell of the current table, back to its line in the uploaded file."""
        folder = self.folder(session_id)
        with self.database.reading() as connection:
            current = records.require_current(connection, session_id)
            made = records.list_made(connection, session_id, folder, current.position)
        return {"version": current.number, **explain(made, cell.row_index, cell.position(made[-1].table)).to_wire()}

    def set_aside(self, session_id: str, query: SetAsideQuery) -> dict[str, Any]:
        """What became of every line of the uploaded file, and a page of the records that were not read whole."""
        version = self.version(session_id)
        with self.database.reading() as connection:
            reading = records.require_dataset(connection, session_id).reading or {}
        kept, listed = list_set_aside(version.table, query.first, query.last)
        return {"ledger": reading.get("ledger"), "kept": kept, "records": listed}

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
        chunks = iter([header]) if kept is None else writing.stream(kept, chosen.name)
        return f"{Path(writing.suggest_name(name, chosen.name)).stem} set aside.csv", chosen, chunks

    # -- coming and going ----------------------------------------------------------------------------------------

    def folder(self, session_id: str) -> Path:
        """Where a session's column files lie; only an id of the right form becomes part of a path."""
        return self.settings.datasets_folder / require_session_id(session_id)

    def require_room(self, incoming_bytes: int) -> None:
        """:raises StorageFull: when an upload of this size would leave the disk without reserve."""
        require_room(self.settings.root_storage_path, incoming_bytes, self.settings.min_free_bytes)

    def create(
        self, source: Path, name: str, options: ReadOptions, asker: Asker, session_id: str | None = None
    ) -> tuple[str, int]:
        """Take an uploaded file over (it is moved) and have a worker import it; session id and mailbox entry.

        :param session_id: one that nobody else can guess and no dataset has; what a call for it that died left is
            replaced.
        """
        is_new = session_id is None
        session_id = session_id or records.new_session_id()
        folder = self.folder(session_id)
        folder.mkdir(parents=True, mode=0o700, exist_ok=not is_new)
        size = source.stat().st_size
        source.replace(folder / "source")
        try:
            with self.database.writing() as connection:
                records.create_dataset(connection, session_id, shorten(name, LONGEST_NAME), size)
                parameters = {
                    "name": name,
                    "options": options.model_dump(mode="json", by_alias=True, exclude_unset=True),
                }
                entry_id = mailbox.put(connection, session_id, IMPORT, parameters, **vars(asker))
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        self.enqueue(session_id)
        return session_id, entry_id

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


def _checked(name: str, body: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    """A change as the mailbox keeps it, with what is chosen when it is accepted."""
    operation, parameters = check_change(name, body)
    if operation == AGGREGATE:
        # Chosen once, here: a worker that does a change again after another one died makes the same dataset.
        parameters |= {NEW_SESSION: records.new_session_id()}
    return operation, parameters


def _put(connection: Connection, session_id: str, operation: str, parameters: dict[str, Any], asker: Asker) -> int:
    parameters = check_others(connection, session_id, operation, parameters)
    return mailbox.put(connection, session_id, operation, parameters, **vars(asker))


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

    :param answer: takes the service, the session id, the request's body, and what to tell progress to.
    :param heavy: whether it may take long, so that a socket's thread hands it to a reader's.
    """

    answer: Callable[[Datasets, str, Mapping[str, Any], Progress], dict[str, Any]]
    heavy: bool = False


READS: dict[str, Read] = {
    "metadata": Read(lambda service, session, body, _: service.metadata(session, parse_model(ViewParameters, body))),
    "data": Read(lambda service, session, body, _: service.data(session, parse_model(PageParameters, body))),
    "analyze": Read(
        lambda service, session, body, _: service.analyze(session, parse_model(AnalyzeQuery, body)), heavy=True
    ),
    "visualize": Read(
        lambda service, session, body, _: service.visualize(session, parse_model(VisualizeParameters, body)), heavy=True
    ),
    "preview": Read(
        lambda service, session, body, _: service.preview(session, parse_model(PreviewParameters, body)), heavy=True
    ),
    "profile": Read(
        lambda service, session, body, progress: service.profile(session, parse_model(ProfileQuery, body), progress),
        heavy=True,
    ),
    "cluster": Read(
        lambda service, session, body, progress: service.cluster(
            session, parse_model(ClusterParameters, body), progress
        ),
        heavy=True,
    ),
    "history": Read(lambda service, session, *_: service.history(session)),
    "explainCell": Read(
        lambda service, session, body, _: service.explain_cell(session, parse_model(ExplainParameters, body)),
        heavy=True,
    ),
    "setAside": Read(
        lambda service, session, body, _: service.set_aside(session, parse_model(SetAsideQuery, body)), heavy=True
    ),
    "recipe": Read(lambda service, session, *_: {"recipe": service.recipe(session)}, heavy=True),
    "script": Read(lambda service, session, *_: service.script(session), heavy=True),
}
"""What can be asked, by the name on the wire."""
