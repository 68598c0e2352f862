"""The browser application's files: one page that shows every address, and assets named after their content."""

from __future__ import annotations

from pathlib import Path

from flask import Blueprint, Response, make_response, request, send_from_directory
from werkzeug.exceptions import NotFound
from werkzeug.routing import BaseConverter

import longshore
from longshore.access.scopes import Scope, requires

FOLDER = Path(longshore.__file__).parent / "workbench"
"""What `npm run build` made; absent in a checkout that was not built."""

_ONE_YEAR_SECONDS = 365 * 24 * 3600


class SessionIdConverter(BaseConverter):
    """A session's id in a path: such an address is a dataset, whatever else is offered under names."""

    regex = "[0-9a-f]{30}"
    # Before the routes that take any name.
    weight = 50


def workbench_page() -> Response | None:
    """The application's page, never from a cache without asking; None when it was not built."""
    if not (FOLDER / "index.html").is_file():
        return None
    response = make_response((FOLDER / "index.html").read_bytes())
    response.content_type = "text/html; charset=utf-8"
    response.headers["Cache-Control"] = "no-cache"
    # A session's id stands in the address, and who knows it may change the dataset.
    response.headers["Referrer-Policy"] = "no-referrer"
    response.vary.add("Accept")
    return response


def workbench_blueprint() -> Blueprint:
    """``/assets/<file>``, and ``/<session id>``, which opens a dataset in the browser."""
    blueprint = Blueprint("workbench", __name__)

    @blueprint.record
    def _add_converter(state: object) -> None:
        state.app.url_map.converters["session_id"] = SessionIdConverter  # type: ignore[attr-defined]

    @blueprint.get("/assets/<path:name>")
    @requires(Scope.PUBLIC)  # the program itself, the same for everyone
    def asset(name: str) -> Response:
        """A script, style or picture of the workbench; its name changes with its content."""
        if not FOLDER.is_dir():
            raise NotFound("the workbench was not built here")
        response = send_from_directory(FOLDER / "assets", name, conditional=True, max_age=_ONE_YEAR_SECONDS)
        response.headers["Cache-Control"] = f"public, max-age={_ONE_YEAR_SECONDS}, immutable"
        return _smaller(response, FOLDER / "assets" / name)

    @blueprint.get("/<session_id:session_id>")
    def open_dataset(session_id: str) -> Response:
        """A dataset in the workbench; the page finds out whether there is one."""
        page = workbench_page()
        if page is None:
            raise NotFound("the workbench was not built here; the start page says how")
        return page

    return blueprint


def _smaller(response: Response, path: Path) -> Response:
    """The gzipped twin that the build laid beside a file, for browsers that take it."""
    twin = path.with_name(path.name + ".gz")
    if not request.accept_encodings["gzip"] or not twin.is_file() or response.status_code != 200:
        return response
    smaller = send_from_directory(twin.parent, twin.name, mimetype=response.mimetype, max_age=_ONE_YEAR_SECONDS)
    smaller.headers["Cache-Control"] = response.headers["Cache-Control"]
    smaller.headers["Content-Encoding"] = "gzip"
    smaller.vary.add("Accept-Encoding")
    return smaller
