"""The deployer's own files (pages, scripts, pictures) as they are: ``GET /static/<path>``."""

from __future__ import annotations

import os

from flask import Blueprint, Response, request

from longshore.delivery.names import guess_type
from longshore.delivery.offered import FileNotOffered, Offered
from longshore.errors import shorten
from longshore.web.api import error_response
from longshore.web.byte_ranges import RangeNotSatisfiable
from longshore.web.file_responses import Content, respond
from longshore.web.route_marks import takes_any_query


class StaticFileNotFound(FileNotOffered):
    """The folder of static files has none of this name."""


ENDPOINT = "static_files.send_static"


def has_none(files: Offered, path: str) -> bool:
    """Whether the folder has no file of this name, so that the address may be another's."""
    try:
        files.require(path)
    except FileNotOffered:
        return True
    return False


def static_routes(files: Offered) -> Blueprint:
    """The files of a folder, read only; hidden ones and what links lead to outside of it are left out."""
    routes = Blueprint("static_files", __name__)

    @routes.get("/static/<path:path>")
    @takes_any_query  # pages write versions into addresses, such as ?v=3
    def send_static(path: str) -> Response:
        """A file of the deployer's."""
        try:
            found = files.require(path)
        except FileNotOffered:
            raise StaticFileNotFound(f"there is no file {shorten(path)!r}") from None
        file = found.open("rb", buffering=0)
        about = os.fstat(file.fileno())
        content = Content(
            path=found,
            file=file,
            size=about.st_size,
            etag=f"{about.st_ino:x}-{about.st_size:x}-{about.st_mtime_ns:x}",
            modified=about.st_mtime,
            content_type=guess_type(found.name, is_text=True),
            name=found.name,
        )
        try:
            return respond(request, content)
        except RangeNotSatisfiable as error:
            response = error_response(error)
            response.headers["Content-Range"] = f"bytes */{error.size}"
            return response

    return routes
