"""The addresses of path files.

::

    GET    /fs/<path>   the file
    PUT    /fs/<path>   store the body there
    POST   /fs/<path>   the same, also for a form with the field `file`
    DELETE /fs/<path>
"""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Request, Response, jsonify, request
from werkzeug.http import quote_etag

from longshore.bodies import draining
from longshore.delivery.path_files import Condition, PathFiles, Stored
from longshore.delivery.routes import refused
from longshore.delivery.stored import send_stored
from longshore.errors import LongshoreError
from longshore.serving import FrontServer
from longshore.uploads import receive, require_room

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
    def store_form(path: str) -> Response:
        """Store a form's field `file`, or the body, at a path, in place of what is there."""
        return _answer(path, _put(files, path))

    @routes.put("/<path:path>")
    def store_body(path: str) -> Response:
        """Store the body at a path, in place of what is there; 201 when nothing was."""
        stored = _put(files, path)
        return _answer(path, stored, 201 if stored.is_new else 200)

    @routes.delete("/<path:path>")
    def remove(path: str) -> Response:
        """Remove the file at a path, and the folders that are empty then."""
        files.delete(path, condition_of(request))
        return jsonify({})

    return routes


def _put(files: PathFiles, path: str) -> Stored:
    settings = files.settings
    with draining(request):
        files.tree.locate(path)
        require_room(files.tree.root, request.content_length or 0, settings.min_free_bytes)
        with receive(request, files.tree.arrivals, settings.max_upload_bytes, may_be_empty=True) as upload:
            return files.put(path, upload.path, condition_of(request))


def _answer(path: str, stored: Stored, status: int = 200) -> Response:
    response = jsonify(path=path, size=stored.size)
    response.status_code = status
    response.headers["ETag"] = quote_etag(stored.etag)
    return response


def condition_of(asked: Request) -> Condition:
    """The request's ``If-Match`` and ``If-None-Match`` (RFC 9110, section 13.1), for one that changes something."""
    required: Any = asked.if_match if "If-Match" in asked.headers else None
    excluded: Any = asked.if_none_match if "If-None-Match" in asked.headers else None

    def allowed(etag: str | None) -> bool:
        if required is not None and (etag is None or not required.contains(etag)):
            return False
        return excluded is None or etag is None or not excluded.contains_weak(etag)

    return allowed
