"""The browser application's files: one page that shows every address, and assets named after their content."""

from __future__ import annotations

from pathlib import Path

from flask import Blueprint, Response, make_response, request, send_from_directory
from werkzeug.exceptions import NotFound
from werkzeug.routing import BaseConverter

from longshore.access.headers import CORP, page_nonce
from longshore.access.scopes import Scope, embeddable, requires
from longshore.web.route_marks import takes_any_query

FOLDER = Path(__file__).parents[1] / "workbench"
"""What `npm run build` made; absent in a checkout that was not built."""

OLDER_SCRIPT = "/compat/socket.io.js"
"""Where pages of the older table client find their Socket.IO script."""

NOTICES = "/assets/third-party-notices.txt"
"""Where the licences of what is bundled stand; the build collects them."""

NONCE = b"LONGSHORE-NONCE"
"""What the build writes into the page in place of the nonce that each answer has its own of."""

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
    response = make_response((FOLDER / "index.html").read_bytes().replace(NONCE, page_nonce().encode()))
    response.content_type = "text/html; charset=utf-8"
    response.headers["Cache-Control"] = "no-cache"
    # A session's id stands in the address, and who knows it may change the dataset.
    response.headers["Referrer-Policy"] = "no-referrer"
    response.vary.add("Accept")
    return response


def workbench_blueprint() -> Blueprint:
    """``/assets/<file>``, ``/compat/socket.io.js``, and ``/<session id>``, which opens a dataset in the browser."""
    blueprint = Blueprint("workbench", __name__)

    @blueprint.record
    def _add_converter(state: object) -> None:
        state.app.url_map.converters["session_id"] = SessionIdConverter  # type: ignore[attr-defined]

    @blueprint.get("/assets/<path:name>")
    @takes_any_query
    @requires(Scope.PUBLIC)  # the program itself, the same for everyone
    def asset(name: str) -> Response:
        """A script, style or picture of the workbench; its name changes with its content."""
        if not FOLDER.is_dir():
            raise NotFound("the workbench was not built here")
        response = send_from_directory(FOLDER / "assets", name, conditional=True, max_age=_ONE_YEAR_SECONDS)
        response.headers["Cache-Control"] = f"public, max-age={_ONE_YEAR_SECONDS}, immutable"
        return _smaller(response, FOLDER / "assets" / name, _ONE_YEAR_SECONDS)

    @blueprint.get(NOTICES)
    @requires(Scope.PUBLIC)  # who is handed the program is to be handed them
    def third_party_notices() -> Response:
        """The packages whose code stands in the workbench, and their licences."""
        if not (FOLDER / "third-party-notices.txt").is_file():
            raise NotFound("the workbench was not built here")
        response = send_from_directory(FOLDER, "third-party-notices.txt", conditional=True)
        # The name stays when the content changes.
        response.headers["Cache-Control"] = "public, no-cache"
        return response

    @blueprint.get(OLDER_SCRIPT)
    @takes_any_query  # older pages tell versions apart by one
    @requires(Scope.PUBLIC)  # a program, the same for everyone
    @embeddable
    def older_pages_script() -> Response:
        """The Socket.IO client of older pages, to which the event ``data`` brings JSON text."""
        folder = FOLDER / "compat"
        if not (folder / "socket.io.js").is_file():
            raise NotFound("this script was not built here; `make workbench` builds it")
        response = send_from_directory(folder, "socket.io.js", conditional=True)
        # The name stays when the content changes.
        response.headers["Cache-Control"] = "public, no-cache"
        response = _smaller(response, folder / "socket.io.js")
        response.headers[CORP] = "cross-origin"
        return response

    @blueprint.get("/<session_id:session_id>")
    @takes_any_query  # the application reads it
    def open_dataset(session_id: str) -> Response:
        """A dataset in the workbench; the page finds out whether there is one."""
        page = workbench_page()
        if page is None:
            raise NotFound("the workbench was not built here; the start page says how")
        return page

    return blueprint


def _smaller(response: Response, path: Path, max_age: int | None = None) -> Response:
    """The gzipped twin that the build laid beside a file, for browsers that take it."""
    twin = path.with_name(path.name + ".gz")
    if not request.accept_encodings["gzip"] or not twin.is_file() or response.status_code != 200:
        return response
    smaller = send_from_directory(twin.parent, twin.name, mimetype=response.mimetype, max_age=max_age)
    smaller.headers["Cache-Control"] = response.headers["Cache-Control"]
    smaller.headers["Content-Encoding"] = "gzip"
    smaller.vary.add("Accept-Encoding")
    return smaller
