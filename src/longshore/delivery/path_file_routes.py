"""The addresses of path files.

::

    GET    /fs/<path>   the file
    PUT    /fs/<path>   store the body there
    POST   /fs/<path>   the same for a form with the field `file`, or a body that is not empty
    DELETE /fs/<path>
"""

from __future__ import annotations

from flask import Response, request
from werkzeug.http import quote_etag

from longshore.delivery.path_files import PathFiles, Stored
from longshore.delivery.routes import BYTES, TAG, DeliveryFailed, refused
from longshore.delivery.stored import send_stored
from longshore.errors import LongshoreError
from longshore.web.answer import Answer
from longshore.web.api import Api, answer_response, asks_for_json, sends, takes_bodies, takes_form
from longshore.web.file_responses import FrontServer
from longshore.web.request_gate import CONDITION_HEADERS, condition_of
from longshore.web.route_marks import DIGESTS, evaluates
from longshore.web.uploads import receive, require_room

AREA = "fs"
ADDRESS = f"/{AREA}/<path:path>"


class StoredAtPath(Answer):
    """A file lies there now."""

    path: str
    size: int


class Nothing(Answer):
    """It is done, and there is nothing to say."""


def declare_path_files(api: Api, files: PathFiles, front: FrontServer) -> None:
    """Put the contract's routes on the list."""
    routes = api.group("path_files", __name__, failure=DeliveryFailed)
    routes.blueprint.register_error_handler(LongshoreError, refused)

    @routes.endpoint("GET", ADDRESS, tag=TAG, raw=sends(BYTES), reads_itself=True)
    def fetch_path_file(path: str) -> Response:
        """The file at a path."""
        found = files.tree.locate(path)
        return send_stored(request, found, front.hand_over(AREA, files.tree.root, found))

    @routes.endpoint(
        "POST",
        ADDRESS,
        tag=TAG,
        raw=takes_form(file="the file") | sends("text/html", "application/json", said="`Thanks`, or path and size"),
        headers=CONDITION_HEADERS,
        reads_itself=True,
    )
    @evaluates(*DIGESTS)
    def post_path_file(path: str) -> Response:
        """Store a form's field `file`, or the body, at a path, in place of what is there; the answer is `Thanks`.

        A request that brings neither is refused: an empty file is stored by PUT. Clients that ask for JSON are told
        path and size.
        """
        stored = _put(files, path, may_be_empty=False)
        if asks_for_json(request):
            return _answer(path, stored)
        thanks = Response("Thanks", mimetype="text/html")
        thanks.headers["ETag"] = quote_etag(stored.etag)
        return thanks

    @routes.endpoint(
        "PUT",
        ADDRESS,
        tag=TAG,
        raw=takes_bodies(BYTES),
        answer=StoredAtPath,
        headers=CONDITION_HEADERS,
        reads_itself=True,
    )
    def put_path_file(path: str) -> Response:
        """Store the body at a path, in place of what is there; 201 when nothing was."""
        stored = _put(files, path)
        return _answer(path, stored, 201 if stored.is_new else 200)

    @routes.endpoint("DELETE", ADDRESS, tag=TAG, answer=Nothing, headers=CONDITION_HEADERS, reads_itself=True)
    @evaluates(*DIGESTS)
    def delete_path_file(path: str) -> Nothing:
        """Remove the file at a path, and the folders that are empty then."""
        files.delete(path, condition_of(request))
        return Nothing()


def _put(files: PathFiles, path: str, *, may_be_empty: bool = True) -> Stored:
    settings = files.settings
    files.tree.locate(path)
    require_room(files.tree.root, request.content_length or 0, settings.min_free_bytes)
    with receive(request, files.tree.arrivals, settings.max_upload_bytes, may_be_empty=may_be_empty) as upload:
        return files.put(path, upload.path, condition_of(request))


def _answer(path: str, stored: Stored, status: int = 200) -> Response:
    response = answer_response(StoredAtPath(path=path, size=stored.size), status)
    response.headers["ETag"] = quote_etag(stored.etag)
    return response
