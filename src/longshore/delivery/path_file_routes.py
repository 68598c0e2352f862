"""The addresses of path files.

::

    GET    /fs/<path>   the file
    PUT    /fs/<path>   store the body there
    POST   /fs/<path>   the same for a form with the field `file`, or a body that is not empty
    DELETE /fs/<path>
"""

from __future__ import annotations

from flask import Blueprint, Response, jsonify, request
from werkzeug.http import quote_etag

from longshore.delivery.path_files import PathFiles, Stored
from longshore.delivery.routes import refused
from longshore.delivery.stored import send_stored
from longshore.errors import LongshoreError
from longshore.web.api import asks_for_json
from longshore.web.file_responses import FrontServer
from longshore.web.request_gate import CONDITIONS, condition_of
from longshore.web.route_marks import DIGESTS, evaluates
from longshore.web.uploads import receive, require_room

AREA = "fs"


def path_file_routes(files: PathFiles, front: FrontServer) -> Blueprint:
    """The contract's routes."""
    routes = Blueprint("path_files", __name__, url_prefix=f"/{AREA}")
    routes.register_error_handler(LongshoreError, refused)

    @routes.get("/<path:path>")
    def fetch(path: str) -> Response:
        """The file at a path."""
        found = files.tree.locate(path)
        return send_stored(request, found, front.hand_over(AREA, files.tree.root, found))

    @routes.post("/<path:path>")
    @evaluates(*CONDITIONS, *DIGESTS)
    def store_form(path: str) -> Response:
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

    @routes.put("/<path:path>")
    @evaluates(*CONDITIONS, *DIGESTS)
    def store_body(path: str) -> Response:
        """Store the body at a path, in place of what is there; 201 when nothing was."""
        stored = _put(files, path)
        return _answer(path, stored, 201 if stored.is_new else 200)

    @routes.delete("/<path:path>")
    @evaluates(*CONDITIONS, *DIGESTS)
    def remove(path: str) -> Response:
        """Remove the file at a path, and the folders that are empty then."""
        files.delete(path, condition_of(request))
        return jsonify({})

    return routes


def _put(files: PathFiles, path: str, *, may_be_empty: bool = True) -> Stored:
    settings = files.settings
    files.tree.locate(path)
    require_room(files.tree.root, request.content_length or 0, settings.min_free_bytes)
    with receive(request, files.tree.arrivals, settings.max_upload_bytes, may_be_empty=may_be_empty) as upload:
        return files.put(path, upload.path, condition_of(request))


def _answer(path: str, stored: Stored, status: int = 200) -> Response:
    response = jsonify(path=path, size=stored.size)
    response.status_code = status
    response.headers["ETag"] = quote_etag(stored.etag)
    return response
