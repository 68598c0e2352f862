"""The server's own pages: the start, the reference of the REST interface, and the policy that browsers are given."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

from flask import Flask, Response, current_app, g, jsonify, render_template, request
from pydantic import Field

from longshore.access.callers import current_caller
from longshore.access.headers import CSP, own_policy, page_nonce
from longshore.access.scopes import Scope, requires
from longshore.delivery.offered import Offered
from longshore.errors import LongshoreError
from longshore.handlers.local_events import user_token
from longshore.processes.version import app_version
from longshore.server.workbench import workbench_page
from longshore.settings import Settings
from longshore.web.answer import Answer
from longshore.web.api import Api, sends

TAG = "Server"


class Start(Answer):
    """Which server this is. Browsers get the workbench instead."""

    message: str
    version: str
    uid: str | None = Field(description="who the caller is taken for")
    files: list[str] = Field(description="names of the files on offer")


def add_pages(app: Flask, api: Api, settings: Settings, offered: Offered) -> None:
    """``/``, ``/api/v1/docs`` and ``/api/v1/openapi.json``, and the policy that all own pages carry."""
    app.after_request(own_pages_policy)
    app.jinja_env.globals["nonce"] = page_nonce
    # Made when it is first asked for: what deployers add is declared last.
    document = cache(api.document)

    @api.group("openapi", __name__).endpoint(
        "GET", "/api/v1/openapi.json", tag=TAG, raw=sends("application/json"), reads_itself=True
    )
    def show_openapi_document() -> Response:
        """The OpenAPI 3.1 document of the REST interface."""
        return jsonify(document())

    @api.group("reference", __name__).endpoint(
        "GET",
        "/api/v1/docs",
        tag=TAG,
        raw=sends("text/html"),
        reads_itself=True,
        any_query=True,  # it is a page, and links to pages carry words of all kinds
    )
    def show_reference() -> str:
        """The REST interface, for reading."""
        return render_template("api.html", document=document(), tags=_by_tag(document()))

    @api.group("start", __name__).endpoint(
        "GET",
        "/",
        tag=TAG,
        answer=Start,
        reads_itself=True,
        any_query=True,  # the browser application reads it
    )
    @requires(HEAD=Scope.PUBLIC)  # load balancers ask
    def start() -> Any:
        """The workbench for browsers; for programs, whether this is the server and which version."""
        best = request.accept_mimetypes.best_match(["application/json", "text/html"], default="application/json")
        if best == "text/html":
            return workbench_page() or render_template("start.html", version=app_version(), caller=current_caller())
        return Start(message="ok", version=app_version(), uid=user_token(settings), files=offered.keys())


def _by_tag(document: dict[str, Any]) -> dict[str, list[dict[str, Any]]]:
    """The document's operations under their tags, for the reference page."""
    tags: dict[str, list[dict[str, Any]]] = {}
    for path, methods in document["paths"].items():
        for method, described in methods.items():
            tags.setdefault(described["tags"][0], []).append({"path": path, "method": method.upper(), **described})
    return tags


def own_pages_policy(response: Response) -> Response:
    """Give the server's own answers its policy for pages; for ``app.after_request``."""
    view = current_app.view_functions.get(request.endpoint or "")
    if view is None or str(getattr(view, "__module__", "")).startswith("longshore."):
        nonce = g.get("page_nonce")
        # With a nonce it is another policy each time; the others are made once for each host.
        policy = own_policy(request.host) if nonce is None else own_policy.__wrapped__(request.host, nonce)
        response.headers.setdefault(CSP, policy)
    return response


def refused_page(app: Flask) -> Callable[[LongshoreError], str]:
    """What draws the page that a browser gets for a request that the gate refused."""
    # Not render_template: a refused request gets no context of the application.
    return lambda error: app.jinja_env.get_template("not_possible.html").render(error=error)
