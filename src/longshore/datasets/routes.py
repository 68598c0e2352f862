"""Every HTTP route of this feature, on one page.

::

    POST   /upload                                        the contract's form upload
    POST   /upload/                                       the same; its failures have status 200
    GET    /downloadJSON/<session>, /downloadCSV/<session>
    POST   /celeryTaskCompleted                           for workers that are not ours

    POST   /api/v1/datasets                               form or raw body -> a dataset
    PUT    /api/v1/datasets/<file name>                   the same, for `curl -T`
    POST   /api/v1/look                                   how a file would be read; nothing is kept
    GET    /api/v1/datasets?id=...                        those one knows
    GET    /api/v1/datasets/<session>                     metadata
    PATCH  /api/v1/datasets/<session>                     another name
    DELETE /api/v1/datasets/<session>
    GET    /api/v1/datasets/<session>/rows                a page of a view
    GET    /api/v1/datasets/<session>/history
    GET    /api/v1/datasets/<session>/cells/<row>/<column>  where a cell's value comes from
    GET    /api/v1/datasets/<session>/set-aside           lines that were not read whole; set-aside.csv downloads them
    GET    /api/v1/datasets/<session>/export              csv json ndjson parquet arrow xlsx
    POST   /api/v1/datasets/<session>/operations/<name>   one for each operation
    GET    /api/v1/datasets/<session>/recipe              the steps as a document for other tables
    GET    /api/v1/datasets/<session>/script              the steps as a Python script
    POST   /api/v1/datasets/<session>/preview             what an operation would do
    GET    /api/v1/samples, POST /api/v1/samples/<name>   packaged tables to try things out on
    POST   /api/v1/imports, /api/v1/imports/look          of a file on this server; server/bridges/stored_files.py
    POST   /api/v1/datasets/<session>/undo, .../redo, .../goTo, .../applyRecipe, .../dropStep
    POST   /api/v1/datasets/<session>/aggregate           groups of rows as a new dataset
    GET    /api/v1/datasets/<session>/requests/<id>       how an accepted change went
    GET    /api/v1/operations                             what can be done
"""

from __future__ import annotations

import hmac
import logging
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from http import HTTPStatus
from typing import IO, Any, TypeVar

from flask import Response, jsonify, request, url_for

from longshore.access.audit import note
from longshore.access.callers import current_user
from longshore.access.gate import SHOWN_STATUS
from longshore.access.scopes import Scope, requires
from longshore.datasets import answers, mailbox, preview, records, wire
from longshore.datasets.drain import Emitter, for_wire
from longshore.datasets.envelope import open_body
from longshore.datasets.service import Asker, Datasets, parameters_of, require_session_id
from longshore.datasets.special import AGGREGATE, NEW_SESSION, SPECIAL, NoParameters
from longshore.errors import Forbidden, InvalidRequest, SessionNotFound, TimedOut, TooLarge, Unavailable, shorten
from longshore.samples import SAMPLES, require_sample
from longshore.storage.files import copy_bytes, telling_when_full
from longshore.tables.charting import VisualizeParameters
from longshore.tables.clustering import ClusterParameters
from longshore.tables.core.validation import parse_model
from longshore.tables.operations import Operation, all_operations, require_operation
from longshore.tables.operations.about import About
from longshore.tables.operations.aggregate import ABOUT, EXAMPLE, SUMMARY, AggregateParameters
from longshore.tables.reading.archives import keep_together
from longshore.tables.replay.preview import PreviewParameters
from longshore.tables.replay.recipe import Recipe
from longshore.tables.viewing import PageParameters, ViewParameters
from longshore.tables.writing import Format
from longshore.web.answer import Answer
from longshore.web.api import (
    IDEMPOTENCY_KEY,
    Api,
    Endpoint,
    answer_response,
    disposition,
    error_response,
    idempotency_key,
    read_strings,
    sends,
    takes_bodies,
    takes_form,
)
from longshore.web.request_body import read_json_object
from longshore.web.uploads import MAX_FILES, Upload, fresh_place, receive_all

logger = logging.getLogger(__name__)

OLDER_UPLOAD = "/upload/"
"""The contract's form upload as the older page calls it."""
NOT_OF_THE_FILE = (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN, HTTPStatus.TOO_MANY_REQUESTS)
"""Refusals that its client cannot show to its user as something about the file."""
TAG = "Datasets"
BASE = "/api/v1/datasets"
SECRET_HEADER = "X-Internal-Secret"  # noqa: S105 - a header's name
SECRET = {"name": SECRET_HEADER, "in": "header", "required": True, "schema": {"type": "string"}}
OLDER_TAG = "Older addresses"
_BINARY = {"schema": {"type": "string", "format": "binary"}}
_TEXT = {"schema": {"type": "string"}}
_FILE_ANSWER = {"responses": {"200": {"description": "The file", "content": {"application/octet-stream": _BINARY}}}}
_UPLOAD_BODY = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {"type": "object", "properties": {"file": {"type": "string", "format": "binary"}}}
            },
            "application/octet-stream": _BINARY,
        },
    }
}


def declare_older(api: Api, service: Datasets, emitter: Emitter) -> None:
    """Put the routes of the older system on the list, paths and answers as its clients know them."""
    routes = api.group("datasets", __name__)

    @routes.endpoint(
        "POST",
        "/upload",
        tag=OLDER_TAG,
        query=wire.UploadQuery,
        raw=takes_form(file="the file; beside it any of the reading options"),
        answer=answers.Uploaded,
        accepted=answers.UploadAccepted,
        headers=(IDEMPOTENCY_KEY,),
        reads_itself=True,
        any_query=True,  # they are reading options as the form's fields are, and read with them
    )
    def upload_form() -> Response:
        """Upload a table in a form: the field `file`, and any of the reading options."""
        if request.mimetype != "multipart/form-data":
            raise InvalidRequest("send a multipart form with the file in a field called file")
        return _imported(service, _take_upload(service), 200)

    @routes.blueprint.after_request
    def answer_older_address(response: Response) -> Response:
        # Its client looks for `success` in the body, and takes any other status for a server that is away.
        if request.path == OLDER_UPLOAD:
            is_refused = HTTPStatus.BAD_REQUEST <= response.status_code < HTTPStatus.INTERNAL_SERVER_ERROR
            is_of_the_file = is_refused and response.status_code not in NOT_OF_THE_FILE
            request.environ[SHOWN_STATUS] = HTTPStatus.OK if is_of_the_file else None
        return response

    @routes.endpoint(
        "GET", "/downloadJSON/<session_id>", tag=OLDER_TAG, raw=sends("application/json"), reads_itself=True
    )
    def download_json(session_id: str) -> Response:
        """The table as a JSON array of records."""
        return _export(service, session_id, "json")

    @routes.endpoint("GET", "/downloadCSV/<session_id>", tag=OLDER_TAG, raw=sends("text/csv"), reads_itself=True)
    def download_csv(session_id: str) -> Response:
        """The table as CSV."""
        return _export(service, session_id, "csv")

    @routes.endpoint(
        "POST",
        "/celeryTaskCompleted",
        tag=OLDER_TAG,
        raw=takes_bodies("application/json", required=True),
        answer=answers.Forwarded,
        headers=(SECRET,),
        reads_itself=True,
    )
    @requires(Scope.PUBLIC)  # it asks for a secret of its own
    def celery_task_completed() -> Response:
        """Internal: a worker that is not ours hands in a finished task; needs the shared secret."""
        return _forward(service, emitter)

    @routes.blueprint.post(f"{BASE}/<session_id>/operations/<name>")
    def unknown_operation(session_id: str, name: str) -> Response:
        """Refused: no operation has this name; those there are have addresses of their own."""
        require_session_id(session_id)
        found = require_operation(name)  # raises, with the nearest name; an alias has no address of its own
        raise InvalidRequest(f"{name}: at this address the operation is called {found.name}")


def declare_api(api: Api, service: Datasets, emitter: Emitter) -> None:
    """Put the REST routes on the list that the OpenAPI document is made from."""

    @api.endpoint(
        "POST",
        BASE,
        tag=TAG,
        query=wire.UploadQuery,
        answer=answers.Uploaded,
        status=201,
        accepted=answers.UploadAccepted,
        raw=_UPLOAD_BODY,
        headers=(IDEMPOTENCY_KEY,),
    )
    def create_dataset(query: wire.UploadQuery) -> Response:
        """Upload a file and make a dataset of it.

        The body is a multipart form with the field ``file``, or the file itself with its name in the query. Several
        files, each in a field called so, become one table where they have the same columns; see the option ``append``.
        """
        return _created(service, _take_upload(service, query.name, MAX_FILES), wait=query.wait)

    @api.endpoint(
        "PUT",
        f"{BASE}/<name>",
        tag=TAG,
        query=wire.UploadQuery,
        answer=answers.Uploaded,
        status=201,
        accepted=answers.UploadAccepted,
        raw=_UPLOAD_BODY,
        headers=(IDEMPOTENCY_KEY,),
    )
    def put_dataset(name: str, query: wire.UploadQuery) -> Response:
        """Upload a file under its name, as `curl -T` does, and make a dataset of it."""
        return _created(service, _take_upload(service, name), wait=query.wait)

    @api.endpoint("POST", "/api/v1/look", tag=TAG, query=wire.LookQuery, answer=answers.Look, raw=_UPLOAD_BODY)
    def look_at_file(query: wire.LookQuery) -> answers.Look:
        """How a file would be read with these options: columns, types, the first rows; nothing is kept.

        For files of up to 30 MB, sent as an upload is.
        """
        return _look(service, query)

    @api.endpoint("GET", BASE, tag=TAG, query=wire.IdsQuery, answer=answers.DatasetList)
    def list_datasets(query: wire.IdsQuery) -> answers.DatasetList:
        """The datasets of the ids given; unknown ones are left out."""
        return answers.DatasetList(datasets=list(_known(service, query.id)))

    @api.endpoint("GET", f"{BASE}/<session_id>", tag=TAG, query=ViewParameters, answer=answers.ShownDataset)
    def show_dataset(session_id: str, query: ViewParameters) -> answers.ShownDataset:
        """Columns, types, missing values and size of a table or of a view of it."""
        return service.show(session_id, query)

    @api.endpoint("PATCH", f"{BASE}/<session_id>", tag=TAG, body=wire.RenameDataset, answer=answers.Renamed)
    def rename_dataset(session_id: str, body: dict[str, Any]) -> answers.Renamed:
        """Give a dataset another name; exports and recipes are called after it. Its table stays as it is."""
        name = parse_model(wire.RenameDataset, body).name
        before = service.rename(require_session_id(session_id), name)
        _announce_name(emitter, session_id, name)
        return answers.Renamed(success=True, name=name, before=before)

    @api.endpoint("DELETE", f"{BASE}/<session_id>", tag=TAG, answer=answers.Deleted)
    def delete_dataset(session_id: str) -> answers.Deleted:
        """Remove a dataset with its history."""
        service.delete(require_session_id(session_id))
        return answers.Deleted(success=True)

    @api.endpoint("GET", f"{BASE}/<session_id>/rows", tag=TAG, query=PageParameters, answer=answers.PageAnswer)
    def list_rows(session_id: str, query: PageParameters) -> answers.PageAnswer:
        """A page of a table or of a view of it."""
        return service.data(session_id, query)

    @api.endpoint("GET", f"{BASE}/<session_id>/history", tag=TAG, answer=answers.History)
    def list_history(session_id: str) -> answers.History:
        """The steps that made the table what it is."""
        return service.history(require_session_id(session_id))

    @api.endpoint(
        "GET", f"{BASE}/<session_id>/analyze", tag=TAG, query=wire.AnalyzeQuery, answer=answers.StatisticsAnswer
    )
    def analyze_column(session_id: str, query: wire.AnalyzeQuery) -> answers.StatisticsAnswer:
        """A column's statistics, its most frequent values and words, in all rows or in those of a view."""
        return service.analyze(session_id, query)

    @api.endpoint("GET", f"{BASE}/<session_id>/profile", tag=TAG, query=wire.ProfileQuery, answer=answers.Profile)
    def profile_dataset(session_id: str, query: wire.ProfileQuery) -> answers.Profile:
        """Statistics and a small histogram of every column or of some, in all rows or in those of a view."""
        return service.profile(session_id, query)

    @api.endpoint("GET", f"{BASE}/<session_id>/cluster", tag=TAG, query=ClusterParameters, answer=answers.Clusters)
    def cluster_values(session_id: str, query: ClusterParameters) -> answers.Clusters:
        """Near-duplicate values of a text column: different spellings of what is probably one value."""
        return service.cluster(session_id, query)

    @api.endpoint(
        "POST",
        f"{BASE}/<session_id>/visualize",
        tag=TAG,
        body=VisualizeParameters,
        answer=answers.Chart,
        scope=Scope.READ,
    )
    def draw_chart(session_id: str, body: dict[str, Any]) -> answers.Chart:
        """A chart, as a PNG in base64 or as a Vega-Lite spec with its data inside."""
        return service.visualize(session_id, parse_model(VisualizeParameters, body))

    @api.endpoint(
        "POST",
        f"{BASE}/<session_id>/preview",
        tag=TAG,
        body=PreviewParameters,
        answer=answers.PreviewAnswer,
        scope=Scope.READ,
    )
    def preview_operation(session_id: str, body: dict[str, Any]) -> answers.PreviewAnswer:
        """What an operation would do to some rows, and to how many in all; nothing is changed."""
        return service.preview(session_id, parse_model(PreviewParameters, body))

    @api.endpoint("GET", "/api/v1/samples", tag=TAG, answer=answers.SampleList)
    def list_samples() -> answers.SampleList:
        """Small real tables that come with the server, to try things out on."""
        listed = [answers.Sample(name=each.name, title=each.title, about=each.about) for each in SAMPLES]
        return answers.SampleList(samples=listed)

    @api.endpoint(
        "POST", "/api/v1/samples/<name>", tag=TAG, answer=answers.Uploaded, status=201, headers=(IDEMPOTENCY_KEY,)
    )
    def open_sample(name: str) -> Response:
        """Make a dataset of a packaged table, as an upload of it would."""
        return _opened_sample(service, name)

    @api.endpoint("GET", f"{BASE}/<session_id>/recipe", tag=TAG, answer=Recipe)
    def show_recipe(session_id: str) -> Recipe:
        """The steps up to the current one as a document that can be applied to other tables."""
        return service.recipe(require_session_id(session_id))

    @api.endpoint(
        "GET",
        f"{BASE}/<session_id>/script",
        tag=TAG,
        raw={"responses": {"200": {"description": "The script", "content": {"text/x-python": _TEXT}}}},
    )
    def show_script(session_id: str) -> Response:
        """The steps up to the current one as a Python script that needs only Polars."""
        found = service.script(require_session_id(session_id))
        response = Response(found.script, mimetype="text/x-python")
        response.headers["Content-Disposition"] = disposition(found.name)
        return response

    @api.endpoint(
        "GET",
        f"{BASE}/<session_id>/cells/<row_index>/<path:column>",
        tag=TAG,
        query=wire.CellQuery,
        answer=answers.CellExplained,
    )
    def explain_cell(session_id: str, row_index: str, column: str, query: wire.CellQuery) -> answers.CellExplained:
        """Where a cell's value comes from: the value and line in the file, and every step that changed it."""
        return service.explain_cell(session_id, _cell(service, session_id, row_index, column, query))

    @api.endpoint("GET", f"{BASE}/<session_id>/set-aside", tag=TAG, query=wire.SetAsideQuery, answer=answers.SetAside)
    def list_set_aside(session_id: str, query: wire.SetAsideQuery) -> answers.SetAside:
        """The lines of the file that were not read whole, with their text and the reason, and counts of all lines."""
        return service.set_aside(session_id, query)

    @api.endpoint("GET", f"{BASE}/<session_id>/set-aside.csv", tag=TAG, raw=_FILE_ANSWER)
    def download_set_aside(session_id: str) -> Response:
        """The lines of the file that were not read whole, as CSV; no formula is escaped in it."""
        return _download(*service.export_set_aside(session_id))

    @api.endpoint("GET", f"{BASE}/<session_id>/export", tag=TAG, query=wire.ExportQuery, raw=_FILE_ANSWER)
    def export_dataset(session_id: str, query: wire.ExportQuery) -> Response:
        """The table, or a view of it, as a file."""
        options = {"escape_formulas": True} if query.escape_formulas else {}
        return _export(service, session_id, query.format, query, **options)

    @api.endpoint(
        "GET",
        f"{BASE}/<session_id>/requests/<int:request_number>",
        tag=TAG,
        answer=answers.AnyChanged,
        accepted=answers.Accepted,
    )
    def show_request(session_id: str, request_number: str) -> Response:
        """Whether an accepted change is done, and how it went."""
        # No database numbers further.
        return _request_state(service, require_session_id(session_id), min(int(request_number), 2**63 - 1))

    @api.endpoint("GET", "/api/v1/operations", tag="Operations", answer=answers.OperationList)
    def list_operations() -> answers.OperationList:
        """Every operation with its parameters' schema and an example."""
        enabled = service.settings.execute_commands
        listed = [describe_operation(each, commands_enabled=enabled) for each in all_operations()]
        return answers.OperationList(operations=listed, newDatasets=[describe_aggregate()])

    api.add_all(_operation_endpoint(service, declared) for declared in all_operations())
    api.add_all(_special_endpoint(service, name) for name in SPECIAL)


def _cell(
    service: Datasets, session_id: str, row_index: str, column: str, query: wire.CellQuery
) -> wire.ExplainParameters:
    """The cell that a path names; a column called by a number goes before the one at that position."""
    is_index = query.by == "index" or (
        query.by is None and column.isdecimal() and not service.version(session_id).table.has(column)
    )
    named = {"columnIndex" if is_index else "column": column, "rowIndex": row_index}
    for name, value in named.items():
        if name != "column" and not value.isdecimal():
            raise InvalidRequest(f"{name}: {shorten(value)!r} is no number from 0 on")
    cell = {name: value if name == "column" else int(value[:18]) for name, value in named.items()}
    return parse_model(wire.ExplainParameters, cell)


def _announce_name(emitter: Emitter, session_id: str, name: str) -> None:
    """Tell the session's room; the name is kept already, so a broker that is away costs only the news."""
    try:
        news = answers.RenamedNews(sessionID=session_id, name=name)
        emitter.emit("renamed", news.to_wire(), room=session_id)
    except Unavailable:
        logger.warning("the broker is away; nobody is told of a dataset's new name")


def describe_operation(declared: type[Operation], *, commands_enabled: bool = False) -> answers.OperationInfo:
    """An operation as programs read it: forms, documentation and clients are made from this.

    :param commands_enabled: whether the settings let code that users send run.
    """
    return _described(
        declared.about,
        name=declared.name,
        aliases=list(declared.aliases),
        summary=declared.summary(),
        ordered=declared.ordered,
        keepsRows=declared.keeps_rows,
        makesDataset=False,
        hasPreview=not declared.opaque,
        example=declared.example,
        parameters=declared.parameters_model().model_json_schema(by_alias=True),
        enabled=commands_enabled or not declared.opaque,
    )


def describe_aggregate() -> answers.OperationInfo:
    """Summing up, as :func:`describe_operation` tells of an operation."""
    return _described(
        ABOUT,
        name=AGGREGATE,
        aliases=[],
        summary=SUMMARY,
        ordered=True,
        keepsRows=False,
        makesDataset=True,
        hasPreview=False,
        example=EXAMPLE,
        parameters=AggregateParameters.model_json_schema(by_alias=True),
        enabled=True,
    )


def _described(about: About, **rest: Any) -> answers.OperationInfo:
    told = asdict(about)
    del told["rank"]  # the list is in its order
    return answers.OperationInfo(**told, **rest)


def _operation_endpoint(service: Datasets, declared: type[Operation]) -> Endpoint:
    def change(session_id: str, query: wire.ChangeQuery, body: dict[str, Any]) -> Response:
        return _change(service, session_id, declared.name, body, query)

    change.__name__ = declared.name
    return Endpoint(
        "POST",
        f"{BASE}/<session_id>/operations/{declared.name}",
        change,
        declared.summary(),
        "Operations",
        query=wire.ChangeQuery,
        body=wire.with_envelope(declared.parameters_model()),
        answer=answers.OperationDone,
        accepted=answers.Accepted,
        headers=(IDEMPOTENCY_KEY,),
    )


def _special_endpoint(service: Datasets, name: str) -> Endpoint:
    parameters, summary = SPECIAL[name]

    def change(session_id: str, query: wire.ChangeQuery, body: dict[str, Any]) -> Response:
        return _change(service, session_id, name, body, query)

    change.__name__ = name
    return Endpoint(
        "POST",
        f"{BASE}/<session_id>/{name}",
        change,
        summary,
        TAG,
        query=wire.ChangeQuery,
        body=wire.with_envelope(parameters),
        body_required=parameters is not NoParameters,
        answer=answers.SPECIAL[name],
        accepted=answers.Accepted,
        headers=(IDEMPOTENCY_KEY,),
    )


def _change(service: Datasets, session_id: str, name: str, body: dict[str, Any], query: wire.ChangeQuery) -> Response:
    require_session_id(session_id)
    opened = open_body(name, session_id, body, parameters_of(name), query.request_id, query.if_version)
    asker = Asker(opened.request_id, made_by=_user(service))
    entry_id = service.accept(
        session_id, name, opened.parameters, asker, if_version=opened.if_version, key=idempotency_key(request)
    )
    address = url_for("api.show_request", session_id=session_id, request_number=entry_id)
    accepted = answers.Accepted(accepted=True, requestID=asker.request_id, request=address)
    if not query.wait:
        return _accepted(accepted)
    try:
        answer = service.wait(session_id, entry_id, service.settings.change_timeout_seconds)
    except TimedOut:
        # It is accepted and will be done: an error would have clients send it again.
        return _accepted(accepted)
    return _answer_response(answer)


def _accepted(answer: Answer) -> Response:
    return answer_response(answer, 202)


def _answer_response(answer: dict[str, Any], status: int = 200) -> Response:
    """A settled change's answer, as its entry has it, with the status that its error would have had."""
    response = jsonify(for_wire(answer))
    response.status_code = status if answer.get("success") else answer.get("status", 500)
    return response


def _request_state(service: Datasets, session_id: str, entry_id: int) -> Response:
    with service.database.reading() as connection:
        found = mailbox.find(connection, entry_id, session_id)
    if found is None:
        return error_response(InvalidRequest("no such request, or it was answered more than an hour ago"), 404)
    entry, settled = found
    if not settled:
        return _accepted(answers.Accepted(accepted=True, requestID=entry.request_id))
    answer = dict(entry.answer or {})
    if entry.made_by != _user(service):
        # Numbers can be tried, and whoever works on this dataset may not learn of another that somebody made of it.
        answer.pop(NEW_SESSION, None)
    return _answer_response(answer)


@dataclass(frozen=True)
class Taken:
    """An upload that arrived whole and was handed to the workers."""

    session_id: str
    entry_id: int
    options: wire.UploadQuery


def _take_upload(service: Datasets, name: str | None = None, most_files: int = 1) -> Taken:
    """Receive the request's file, or its files together, and hand it to the workers."""
    settings = service.settings
    with ExitStack() as stack:
        key = idempotency_key(request)
        service.require_room(request.content_length or 0)
        upload = stack.enter_context(_received(service, settings.max_upload_bytes, most_files))
        options = _options(upload, wire.UploadQuery)
        file_name = upload.name or name or options.name or "upload"
        asker = Asker(options.request_id, options.socket_id, _user(service))
        session_id, entry_id = service.create(upload.path, file_name, options, asker, key=key)
        note(object=session_id)
    return Taken(session_id, entry_id, options)


def _look(service: Datasets, query: wire.LookQuery) -> answers.Look:
    """Receive a file, look at it, and let go of it."""
    service.require_room(request.content_length or 0)
    with _received(service, preview.LIMIT_BYTES, MAX_FILES) as upload:
        name = upload.name or query.name or "upload"
        options = _options(upload, wire.LookQuery)
        return preview.look_at(upload.path, service.settings, name, options, is_whole=not options.beginning)


@contextmanager
def _received(service: Datasets, limit_bytes: int, most_files: int) -> Iterator[Upload]:
    """The file of a request; several become one that holds them all, as an archive does."""
    folder = service.settings.uploads_folder
    with ExitStack() as stack:
        uploads = stack.enter_context(receive_all(request, folder, limit_bytes, most_files=most_files))
        if len(uploads) == 1:
            yield uploads[0]
            return
        together = stack.enter_context(fresh_place(folder))
        keep_together([(upload.name, upload.path) for upload in uploads], together)
        yield Upload(together, f"{len(uploads)} files.tar", uploads[0].fields)


Query = TypeVar("Query", bound=wire.FileQuery)


def _options(upload: Upload, query: type[Query]) -> Query:
    """Reading options from the query and from the form's fields; existing clients send empty fields for absent ones."""
    for name in request.args.keys() & upload.fields.keys():
        if request.args[name] != upload.fields[name]:
            raise InvalidRequest(f"{name}: the address and the form must agree; give it once")
    given = {**request.args.to_dict(), **upload.fields}
    return read_strings(query, {key: value for key, value in given.items() if value not in _NOT_GIVEN})


_NOT_GIVEN = frozenset({"", "null", "undefined"})
"""What the older system's page sends in fields that nobody filled in."""


def _imported(service: Datasets, taken: Taken, status: int) -> Response:
    """The answer of an upload, once its import is done; when that takes too long, where it will be."""
    try:
        answer = service.wait(taken.session_id, taken.entry_id, service.settings.import_timeout_seconds)
    except TimedOut:
        return _import_accepted(taken)
    return _answer_response({key: value for key, value in answer.items() if key != "operation"}, status)


def _import_accepted(taken: Taken) -> Response:
    address = url_for("api.show_request", session_id=taken.session_id, request_number=taken.entry_id)
    return _accepted(
        answers.UploadAccepted(
            accepted=True,
            success=True,
            sessionID=taken.session_id,
            requestID=taken.options.request_id,
            request=address,
        )
    )


def _created(service: Datasets, taken: Taken, *, wait: bool) -> Response:
    response = _imported(service, taken, 201) if wait else _import_accepted(taken)
    if response.status_code < 300:
        response.headers["Location"] = url_for("api.show_dataset", session_id=taken.session_id)
    return response


def _opened_sample(service: Datasets, name: str) -> Response:
    """Import a copy of a packaged table; waits for it."""
    path = require_sample(name).path
    with path.open("rb", buffering=0) as file:
        return import_copy(service, file, path.name, wire.UploadQuery())


def import_copy(service: Datasets, file: IO[bytes], name: str, options: wire.UploadQuery) -> Response:
    """Import a copy of a file that lies on this server, under the limits of an upload, and answer as one does.

    :raises TooLarge: over ``MAX_UPLOAD_BYTES``.
    :raises StorageFull: when the disk has no room for the copy.
    """
    size, limit = os.fstat(file.fileno()).st_size, service.settings.max_upload_bytes
    if size > limit:
        raise TooLarge(f"a table's file has at most {limit:,} bytes, and this one {size:,}")
    service.require_room(size)
    with fresh_place(service.settings.uploads_folder) as copy:
        with telling_when_full(), copy.open("xb") as target:
            copy_bytes(file, target)
        asker = Asker(options.request_id, options.socket_id, _user(service))
        session_id, entry_id = service.create(copy, name, options, asker, key=idempotency_key(request))
    note(object=session_id)
    return _created(service, Taken(session_id, entry_id, options), wait=options.wait)


def _known(service: Datasets, session_ids: list[str]) -> Iterator[answers.DatasetSummary]:
    for session_id in dict.fromkeys(session_ids):
        try:
            yield service.describe(require_session_id(session_id))
        except SessionNotFound:
            continue  # the listing tells which of the ids still lead somewhere


def _export(
    service: Datasets, session_id: str, format_name: str, view: ViewParameters | None = None, **options: Any
) -> Response:
    return _download(*service.export(require_session_id(session_id), format_name, view, **options))


def _download(name: str, chosen: Format, chunks: Iterator[bytes]) -> Response:
    response = Response(chunks, mimetype=chosen.media_type)
    response.headers["Content-Disposition"] = disposition(name)
    response.headers["Cache-Control"] = "no-store"
    return response


def _forward(service: Datasets, emitter: Emitter) -> Response:
    """Hand a foreign worker's finished task to the client that asked, else to the session's room."""
    given = request.headers.get(SECRET_HEADER, "")
    if not hmac.compare_digest(given.encode(), service.settings.require_internal_secret().encode()):
        raise Forbidden(f"this address is for the server's own workers; they show the shared secret in {SECRET_HEADER}")
    task = read_json_object()
    session_id, operation = require_session_id(task.get("sessionID")), task.get("operation")
    if not isinstance(operation, str) or not operation or "requestID" not in task:
        raise InvalidRequest("a finished task names its sessionID, requestID and operation")
    with service.database.reading() as connection:
        records.require_dataset(connection, session_id)
        asker = mailbox.asker_of(connection, session_id, task["requestID"])
    emitter.emit(operation, task, room=asker or session_id)
    return answer_response(answers.Forwarded(success=True))


def _user(service: Datasets) -> str | None:
    return current_user(service.settings)
