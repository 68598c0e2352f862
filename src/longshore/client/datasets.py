"""Datasets in the Python client: upload, change, look, export; every operation is a method."""

from __future__ import annotations

import io
import os
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from types import MethodType
from typing import IO, TYPE_CHECKING, Any
from urllib.parse import quote

from longshore.client.catalogue import Catalogue, DescribedOperation, camel_names, no_method
from longshore.client.jobs import PATH as JOBS
from longshore.client.jobs import Job
from longshore.client.transport import Transport
from longshore.errors import LongshoreError

if TYPE_CHECKING:
    import polars as pl

    from longshore.client.operation_methods import OperationMethods
else:
    OperationMethods = object  # only type checkers need to know beforehand; the rest is told by the server

CHUNK_BYTES = 2**20


class Client(Transport):
    """A connection to one server; use it as a context manager, or :meth:`close` it.

    :param url: where the server answers, such as ``http://127.0.0.1:5000``; default: the environment's
        ``LONGSHORE_URL``, else, as for a job, the server with the settings of the environment.
    :param user: name that the history keeps as who made a step, on a server that asks for no token.
    :param token: what the server lets callers in by; default: the environment's ``LONGSHORE_TOKEN``.
    :raises SettingsError: for what is no token, and for a file of ``LONGSHORE_TOKEN_FILE`` that cannot be read.
    """

    _catalogue: Catalogue | None = None

    def upload(
        self, file: str | os.PathLike[str] | IO[bytes] | bytes, name: str | None = None, **options: Any
    ) -> Dataset:
        """Upload a file and wait until it is read.

        :param file: a path, an open binary file, or the bytes.
        :param name: decides the format by its ending; a path has one already.
        :param options: ``initial_skip``, ``sample_size``, ``seed``, ``header_included``, ``sheet``, ``delimiter``,
            ``encoding``, ``date_order``; see the documentation on reading files.
        :raises UnreadableFile: (an ``InvalidValue``) when the server cannot make a table of it.
        :raises TooLarge: over the server's limit.
        """
        answer = self._send_file("/api/v1/datasets", file, name, options)
        return Dataset(self, answer["sessionID"], answer)

    def look(
        self, file: str | os.PathLike[str] | IO[bytes] | bytes, name: str | None = None, **options: Any
    ) -> dict[str, Any]:
        """How a file would be read with these options, which are those of :meth:`upload`; nothing is kept.

        :return: ``columns`` with their types, the first ``rows``, ``warnings``, ``sheets`` (or the tables of
            another file that has several), ``reading``
            with what was used and what was found of the ``structure``, and ``suggestedSkip``: how many rows or lines
            above the names were left out.
        :raises TooLarge: over 30 MB.
        """
        return self._send_file("/api/v1/look", file, name, options)

    def open_stored(self, area: str, path: str, **options: Any) -> Dataset:
        """Make a dataset of a file that lies on the server, and wait until it is read; the file stays as it is.

        :param area: ``offered``, ``partition`` or ``path``.
        :param path: the file's name there: ``sub/name``, ``partition/name`` or the path.
        :param options: those of :meth:`upload`, and ``name``, which it is to have.
        :raises NotFound: when there is no such file.
        """
        answer = self.request("POST", "/api/v1/imports", json={"area": area, "path": path, **_query(options)})
        return Dataset(self, answer["sessionID"], answer)

    def look_at_stored(self, area: str, path: str, **options: Any) -> dict[str, Any]:
        """How a file that lies on the server would be read, as :meth:`look` tells it.

        Of a text over 30 MB the beginning is looked at, and ``dataSize`` is None.

        :raises TooLarge: for other files over 30 MB.
        """
        return self.request("POST", "/api/v1/imports/look", json={"area": area, "path": path, **_query(options)})

    def _send_file(self, path: str, file: Any, name: str | None, options: Mapping[str, Any]) -> dict[str, Any]:
        with _opened(file) as (stream, found_name):
            return self.request(
                "POST",
                path,
                params={**_query(options), "name": name or found_name},
                content=_chunks(stream),
                headers={"Content-Type": "application/octet-stream"} | _length(stream),
            )

    def dataset(self, session_id: str) -> Dataset:
        """A dataset that exists, by its session id; no request is made yet."""
        return Dataset(self, session_id)

    def operations(self) -> list[dict[str, Any]]:
        """Every operation of the server, with its parameters' JSON Schema and an example.

        Datasets have them as methods; a client asks once and keeps the answer, and this asks anew.
        """
        listed: list[dict[str, Any]] = self.request("GET", "/api/v1/operations")["operations"]
        self._catalogue = Catalogue(listed)
        return listed

    @property
    def catalogue(self) -> Catalogue:
        """The server's operations as a client looks them up; asked for once.

        :raises LongshoreError: as any request.
        """
        return self._catalogue or Catalogue(self.operations())

    def job(
        self, name: str, inputs: Any = None, *, queue: str | None = None, idempotency_key: str | None = None
    ) -> Job:
        """Submit a job; it runs on the server while this program goes on.

        :param name: under which it was declared.
        :param inputs: what it takes, as JSON has it; see :meth:`job_types`.
        :param queue: instead of the declared one.
        :param idempotency_key: the same key with the same inputs gives the same job, however often it is sent.
        :raises InvalidInputs: (an ``InvalidValue``) with ``fields``, what is wrong with each.
        :raises JobNotFound: when no job is declared under this name.
        """
        headers = {"Idempotency-Key": idempotency_key} if idempotency_key is not None else {}
        body = {} if inputs is None else inputs
        path = f"{JOBS}/{quote(name, safe='')}"
        return Job(self, self.request("POST", path, json=body, params=_query({"queue": queue}), headers=headers)["id"])

    def submit_jobs(
        self, name: str, inputs: Iterable[Any], *, queue: str | None = None, idempotency_key: str | None = None
    ) -> list[Job]:
        """Submit many jobs of one type, all or none, in one request; in the order of ``inputs``.

        The parameters and errors are those of :meth:`job`; ``fields`` then names the ``item`` as well.
        """
        headers = {"Idempotency-Key": idempotency_key} if idempotency_key is not None else {}
        path = f"{JOBS}/{quote(name, safe='')}/batch"
        answer = self.request("POST", path, json=list(inputs), params=_query({"queue": queue}), headers=headers)
        return [Job(self, job_id) for job_id in answer["jobs"]]

    def find_job(self, job_id: str) -> Job:
        """A job that exists, by its id; no request is made yet."""
        return Job(self, job_id)

    def jobs(self, *, type: str | None = None, status: str | None = None) -> Iterator[Job]:  # noqa: A002
        """The server's jobs, newest first; each page is asked for when it is reached."""
        path = JOBS
        query: dict[str, Any] | None = _query({"type": type, "status": status})
        while path:
            page = self.request("GET", path, params=query)
            yield from (Job(self, state["id"], state) for state in page["jobs"])
            path, query = page["next"], None

    def job_types(self) -> list[dict[str, Any]]:
        """Every declared job with the JSON Schemas of its inputs and its result."""
        listed: list[dict[str, Any]] = self.request("GET", f"{JOBS}/types")["types"]
        return listed


class Dataset(OperationMethods):
    """One dataset of a server.

    Every operation of that server is a method, under its name in Python's spelling, with its parameters by keyword;
    :meth:`call` takes the names on the wire.

    :ivar session_id: 30 hexadecimal characters; whoever knows them may read and change the dataset.
    :ivar warnings: what the reader had to tell about the file, for a dataset that this client uploaded.
    """

    def __init__(self, client: Client, session_id: str, uploaded: Mapping[str, Any] | None = None) -> None:
        self.client = client
        self.session_id = session_id
        self.warnings: list[dict[str, Any]] = list((uploaded or {}).get("warnings", []))
        self._path = f"/api/v1/datasets/{quote(session_id, safe='')}"

    def __repr__(self) -> str:
        # The id is a capability: it does not belong into logs and notebooks by accident.
        return f"<Dataset {self.session_id[:4]}… on {self.client._http.base_url}>"

    def __dir__(self) -> list[str]:
        with suppress(LongshoreError):  # whoever completes a name does not want to hear of a server that is away
            return sorted({*super().__dir__(), *self.client.catalogue.method_names})
        return list(super().__dir__())

    def _operation_method(self, name: str) -> Callable[..., dict[str, Any]]:
        """The server's operation of this name as a bound method.

        :raises AttributeError: when it has none, with the nearest name as a hint.
        """
        # Copying, pickling and notebooks ask for such names, some of them before there is a client.
        if name.startswith("_") or "client" not in self.__dict__:
            raise AttributeError(f"'Dataset' object has no attribute {name!r}")
        catalogue = self.client.catalogue
        found = catalogue.find_method(name)
        if found is None:
            raise AttributeError(no_method(name, [*catalogue.method_names, *_public_names()]))
        return MethodType(_method(found), self)

    if not TYPE_CHECKING:  # a name that the stubs do not have is refused, while `call` takes every one
        __getattr__ = _operation_method

    def call(self, operation: str, *, idempotency_key: str | None = None, **parameters: Any) -> dict[str, Any]:
        """Carry an operation out and wait for it; the server's answer with ``changed`` and ``version``.

        :param operation: its name on the wire, such as ``fillWithAverage``.
        :param idempotency_key: the same key with the same parameters is done once, however often it is sent.
        :param parameters: in either spelling, ``columnIndex`` or ``column_index``; another dataset by its session
            id or as a :class:`Dataset`. ``if_version`` refuses the change when the table is another version.
        :raises LongshoreError: and then nothing was changed.
        """
        known = self.client.catalogue.find(operation)
        named = camel_names(parameters) if known is None else known.to_wire(parameters)
        body = {name: _id_of(value) for name, value in named.items()}
        headers = {} if idempotency_key is None else {"Idempotency-Key": idempotency_key}
        return self.client.request("POST", f"{self._path}/operations/{operation}", json=body, headers=headers)

    def undo(self) -> dict[str, Any]:
        """Take the last step back.

        :raises IllegalOperation: when there is none.
        """
        return self.client.request("POST", f"{self._path}/undo")

    def redo(self) -> dict[str, Any]:
        """Do the last undone step again.

        :raises IllegalOperation: when there is none.
        """
        return self.client.request("POST", f"{self._path}/redo")

    def go_to(self, version: int | None = None, *, position: int | None = None) -> dict[str, Any]:
        """Make any version the current one; undo and redo go on from there.

        :param version: its number, as :meth:`history` lists it; or give its ``position``.
        :raises InvalidValue: when there is none.
        """
        chosen = {"version": version, "position": position}
        return self._history_change("goTo", {name: value for name, value in chosen.items() if value is not None})

    def analyze(self, column: str, **view: Any) -> dict[str, Any]:
        """A column's statistics, its most frequent values and words.

        :param view: filter, condition and search whose rows count, such as ``where="price > 100"``; all by default.
        :raises ColumnNotFound: when there is no such column.
        """
        return self.client.request("GET", f"{self._path}/analyze", params=_query({**view, "column": column}))

    def profile(self, columns: Sequence[str] | None = None, **view: Any) -> dict[str, Any]:
        """Statistics of every column, with a small histogram or the most frequent values.

        :param columns: names of those that are wanted; all by default.
        :param view: filter, condition and search whose rows count, as in :meth:`analyze`; histograms then have the
            bins of all rows.
        """
        wanted = view if columns is None else {**view, "columns": list(columns)}
        found: dict[str, Any] = self.client.request("GET", f"{self._path}/profile", params=_query(wanted))["data"]
        return found

    def cluster(self, column: str, method: str = "fingerprint", **settings: Any) -> dict[str, Any]:
        """Near-duplicate values of a text column: ``clusters``, each with ``values``, ``suggested`` and ``rows``.

        What a person agrees to is carried out by ``merge_values``.

        :param method: fingerprint, ngram, phonetic or distance.
        :param settings: ``size`` for ngram, ``radius`` and ``threshold`` for distance, ``limit`` of clusters.
        :raises InvalidType: when the column holds no text.
        :raises TooLarge: for too many different values.
        """
        query = _query({"column": column, "method": method, **settings})
        return self.client.request("GET", f"{self._path}/cluster", params=query)

    def visualize(self, type: str, **settings: Any) -> dict[str, Any]:  # noqa: A002 - the wire's name
        """A chart: ``image`` (PNG in base64), or ``spec`` with ``format="vega-lite"``.

        :param type: histogram, frequency, scatter, line, date, box or correlation.
        :param settings: such as ``column_indices=[0]``, ``number_of_bins=20``.
        :raises InvalidType: when a column's type does not allow the chart.
        """
        return self.client.request("POST", f"{self._path}/visualize", json={"type": type, **camel_names(settings)})

    def recipe(self) -> dict[str, Any]:
        """The steps up to the current one as a JSON document, to be applied to other tables or replayed offline."""
        return self.client.request("GET", f"{self._path}/recipe")

    def script(self) -> str:
        """The steps up to the current one as a Python script, which needs only Polars and gives the same table.

        :raises IllegalOperation: when one of the steps cannot be exported.
        """
        with self.client.stream(f"{self._path}/script") as response:
            return response.read().decode()

    def apply_recipe(
        self,
        recipe: Mapping[str, Any],
        *,
        mode: str = "strict",
        facts: str = "learn",
        sources: Mapping[str, Dataset | str] | None = None,
        dry_run: bool = False,
    ) -> dict[str, Any]:
        """Carry a recipe out; the answer's ``steps`` tell how each step went.

        :param recipe: what :meth:`recipe` gave.
        :param mode: ``strict`` for all steps or none, ``lenient`` to leave out those that do not apply.
        :param facts: ``learn`` means, bin edges and the like from this table, or ``keep`` those of the recipe.
        :param sources: the datasets that the recipe's joins and the like read, by the names that it calls them.
        :param dry_run: change nothing, only report.
        :raises LongshoreError: of the first step that does not apply, in strict mode; nothing was changed.
        """
        body: dict[str, Any] = {"recipe": recipe, "mode": mode, "facts": facts, "dryRun": dry_run}
        if sources:
            body["sources"] = {name: _id_of(source) for name, source in sources.items()}
        return self._history_change("applyRecipe", body)

    def drop_step(self, version: int, *, dry_run: bool = False) -> dict[str, Any]:
        """Take out the step that made ``version`` and do the later ones again; :meth:`undo` brings it back.

        :return: with ``steps``, which tell of each later step whether it still applied.
        :raises InvalidValue: when no step made this version.
        :raises IllegalOperation: for the import, or a step that was dropped before.
        """
        return self._history_change("dropStep", {"version": version, "dryRun": dry_run})

    def aggregate(
        self,
        by: Sequence[str | int] = (),
        aggregates: Sequence[Mapping[str, Any]] = (),
        *,
        count_rows: bool | None = None,
    ) -> Dataset:
        """Sum the rows up by groups, as a new dataset; this one stays as it is.

        :param by: names or positions of the columns whose values make the groups; none for one row in all.
        :param aggregates: such as ``{"column": "US Gross", "function": "sum", "new_name": "total"}``.
        :param count_rows: add the number of each group's rows; by default when nothing else is asked.
        :raises InvalidType: for a function that the column's type does not have.
        """
        body: dict[str, Any] = {"by": list(by), "aggregates": [camel_names(each) for each in aggregates]}
        if count_rows is not None:
            body["countRows"] = count_rows
        answer = self._history_change("aggregate", body)
        return Dataset(self.client, answer["newSessionID"])

    def _history_change(self, name: str, body: Mapping[str, Any]) -> dict[str, Any]:
        return self.client.request("POST", f"{self._path}/{name}", json=body)

    def metadata(self, **view: Any) -> dict[str, Any]:
        """Columns, types, missing values and size, of the table or of a view of it (``where="price > 100"``)."""
        return self.client.request("GET", self._path, params=_query(view))

    def rows(self, start: int = 0, stop: int = 100, **view: Any) -> list[dict[str, Any]]:
        """Rows ``start`` to ``stop`` (exclusive) as dictionaries by column name.

        :param view: filter, condition, search and sort, such as ``where="price > 100", sort_column="price",
            sort_ascending=False``.
        """
        if stop <= start:
            return []
        window = {"row_index_from": start, "row_index_to": stop - 1, "column_index_from": 0, "column_index_to": 2**31}
        page = self.client.request("GET", f"{self._path}/rows", params=_query({**view, **window}))["data"]
        return [dict(zip(page["columns"], row, strict=True)) for row in page["data"]]

    def history(self) -> list[dict[str, Any]]:
        """The steps, oldest first, undone ones included."""
        steps: list[dict[str, Any]] = self.client.request("GET", f"{self._path}/history")["steps"]
        return steps

    def export(self, target: str | os.PathLike[str], format: str | None = None, **view: Any) -> Path:  # noqa: A002
        """Write the table, or a view of it, to a file.

        :param format: csv, json, ndjson, parquet, arrow or xlsx; by the target's ending when absent.
        """
        path = Path(target)
        chosen = format or path.suffix.lstrip(".").lower()
        return _write(path, self._exported(chosen, view))

    def link(
        self,
        format: str = "csv",  # noqa: A002
        *,
        one_time: bool = True,
        expires_in: float | None = None,
        download: bool = True,
        **view: Any,
    ) -> str:
        """An address under which the table, or a view of it, can be fetched as a file by anybody who knows it.

        The file is made of the dataset as it is when the address is opened.

        :param one_time: whether the address is used up once the whole file was delivered.
        :param expires_in: seconds; the server has a default.
        :param download: whether a browser saves the file, or shows it.
        :return: a URL.
        """
        wanted = {"format": format, "oneTime": one_time, "expiresIn": expires_in, "download": download}
        body = {**camel_names(view), **{name: value for name, value in wanted.items() if value is not None}}
        address = self.client.request("POST", f"{self._path}/links", json=body)["addr"]
        return str(self.client._http.base_url.join(address))

    def explain_cell(self, row_index: int, column: str | int) -> dict[str, Any]:
        """Where a cell's value comes from.

        :param column: its name, or its position.
        :return: the cell now; ``original``, its value and ``line`` in the file, None if a step made its row or column;
            ``steps``, every step that changed it, moved its row or renamed its column, oldest first.
        :raises RowNotFound: when there is no such row.
        :raises ColumnNotFound: when there is no such column.
        """
        path = f"{self._path}/cells/{row_index}/{quote(str(column), safe='')}"
        return self.client.request("GET", path, params={"by": "index" if isinstance(column, int) else "name"})

    def set_aside(self, start: int = 0, stop: int = 1000) -> dict[str, Any]:
        """The lines of the uploaded file that were not read whole: ``records`` ``start`` to ``stop`` (exclusive).

        :return: also with ``ledger``, the counts of what became of every line, and ``kept``, how many records there
            are to list. At most 1,000 records come at once.
        """
        window = {"from": start, "to": stop - 1}
        return self.client.request("GET", f"{self._path}/set-aside", params=window)

    def export_set_aside(self, target: str | os.PathLike[str]) -> Path:
        """Write the lines that were not read whole to a CSV file: line, row, code, reason, raw, cut."""

        def chunks() -> Iterator[bytes]:
            with self.client.stream(f"{self._path}/set-aside.csv") as response:
                yield from response.iter_bytes(CHUNK_BYTES)

        return _write(Path(target), chunks())

    def to_polars(self, **view: Any) -> pl.DataFrame:
        """The table, or a view of it, as a Polars frame with its types."""
        import polars as pl

        return pl.read_parquet(io.BytesIO(b"".join(self._exported("parquet", view))))

    def rename(self, name: str) -> str:
        """Give the dataset another name, after which exports and recipes are called; the name as it was kept."""
        return str(self.client.request("PATCH", self._path, json={"name": name})["name"])

    def delete(self) -> None:
        """Remove the dataset with its history from the server."""
        self.client.request("DELETE", self._path)

    def _exported(self, format_name: str, view: Mapping[str, Any]) -> Iterator[bytes]:
        with self.client.stream(f"{self._path}/export", params=_query({**view, "format": format_name})) as response:
            yield from response.iter_bytes(CHUNK_BYTES)


def _write(path: Path, chunks: Iterator[bytes]) -> Path:
    """Write a download to ``path``; a broken one leaves nothing."""
    partial = path.with_name(f".{path.name}.partial")
    try:
        with partial.open("wb") as file:
            for chunk in chunks:
                file.write(chunk)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
    return path


def _id_of(value: Any) -> Any:
    return value.session_id if isinstance(value, Dataset) else value


def _query(values: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: ("true" if value else "false") if isinstance(value, bool) else value
        for name, value in camel_names(values).items()
        if value is not None
    }


@contextmanager
def _opened(file: str | os.PathLike[str] | IO[bytes] | bytes) -> Iterator[tuple[IO[bytes], str | None]]:
    if isinstance(file, bytes):
        yield io.BytesIO(file), None
    elif isinstance(file, str | os.PathLike):
        with Path(file).open("rb") as opened:
            yield opened, Path(file).name
    else:
        yield file, Path(str(getattr(file, "name", ""))).name or None


def _chunks(stream: IO[bytes]) -> Iterator[bytes]:
    while chunk := stream.read(CHUNK_BYTES):
        yield chunk


def _length(stream: IO[bytes]) -> dict[str, str]:
    """The body's length where it can be known, so that the server notices a broken upload at once."""
    if not stream.seekable():
        return {}
    here = stream.tell()
    end = stream.seek(0, os.SEEK_END)
    stream.seek(here)
    return {"Content-Length": str(end - here)}


def _public_names() -> list[str]:
    return [name for name in vars(Dataset) if not name.startswith("_")]


def _method(operation: DescribedOperation) -> Callable[..., dict[str, Any]]:
    def method(self: Dataset, **parameters: Any) -> dict[str, Any]:
        return self.call(operation.name, **parameters)

    method.__doc__ = operation.docstring()
    method.__name__ = operation.method_name
    method.__qualname__ = f"Dataset.{method.__name__}"
    return method


def add_operation_method(name: str) -> None:
    """Do nothing: a dataset has every operation of its server as a method, whenever that was declared."""
    warnings.warn(
        "add_operation_method is not needed: the server tells its operations", DeprecationWarning, stacklevel=2
    )
