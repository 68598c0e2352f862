"""REST endpoints declared once: the route, the checks and the OpenAPI document come from the same declaration.

::

    api = Api("Longshore", "1.0")

    @api.endpoint("GET", "/api/v1/things/<thing_id>", query=Filter, answer=Thing, tag="Things")
    def show(thing_id: str, query: Filter) -> dict: ...

Small on purpose: the models are pydantic's, the routes Flask's; the libraries that join the two bring an
error shape, a validation format and a documentation page of their own, and ours are contracts.
"""

from __future__ import annotations

import inspect
import re
import unicodedata
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any, TypeVar
from urllib.parse import quote

from flask import Flask, Request, Response, jsonify, request
from pydantic import BaseModel, ConfigDict, ValidationError

from longshore.access.scopes import Scope, needed_scope, requires
from longshore.errors import InvalidRequest, LongshoreError, unknown_name
from longshore.web.request_body import read_json_object
from longshore.web.route_marks import DIGESTS, evaluates, takes_any_query

Handler = TypeVar("Handler", bound="Callable[..., Any]")
Model = TypeVar("Model", bound=BaseModel)

FROM_TEXTS = {"texts": True}
"""Context of a model's validation: its fields came as text, so that digits are a number and no name."""
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
# Fewer characters than RFC 9110 allows in a token: none that a file system or a naive parser takes for something else.
_TOKEN = re.compile(r"[A-Za-z0-9_+-][A-Za-z0-9._+-]*")
_NO_TOKEN = re.compile(r"[^A-Za-z0-9._+-]")

TOKEN = {
    "type": "http",
    "scheme": "bearer",
    "description": "Needed where the server asks for tokens. Each operation names the scope: read, write or admin.",
}

_BYTES = "application/octet-stream"
KEY_HEADER = "Idempotency-Key"
MAX_KEY = 255
IDEMPOTENCY_KEY = {
    "name": KEY_HEADER,
    "in": "header",
    "required": False,
    "schema": {"type": "string", "maxLength": MAX_KEY},
    "description": "the same key with the same request is done once and answered alike, however often it is sent; "
    "with another request it is refused (422)",
}
"""The header in the OpenAPI document of whatever takes it."""


class Query(BaseModel):
    """Base of what a query says: unknown words are refused."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)


class ErrorAnswer(BaseModel):
    """What every failed request is answered with."""

    model_config = ConfigDict(json_schema_extra={"required": ["success", "error", "errorDescription"]})

    success: bool = False
    error: str = "InvalidRequest"
    errorDescription: str = "a sentence for a person"  # noqa: N815 - the wire's name


@dataclass(frozen=True)
class Endpoint:
    """One declared route."""

    method: str
    path: str
    handler: Callable[..., Any]
    summary: str
    tag: str
    query: type[BaseModel] | None = None
    body: type[BaseModel] | None = None
    body_required: bool = True
    answer: type[BaseModel] | None = None
    status: int = 200
    scope: Scope | None = None
    """What a caller needs, where the method says something else."""
    raw: dict[str, Any] = field(default_factory=dict)
    headers: tuple[dict[str, Any], ...] = ()
    """Request headers that mean something here, as the OpenAPI document has them."""
    schemas: dict[str, Any] = field(default_factory=dict)
    """What ``raw`` refers to as ``#/components/schemas/<name>``."""

    @property
    def needed_scope(self) -> Scope:
        """What a caller needs where tokens are asked for."""
        return self.scope if self.scope is not None else needed_scope(None, self.method)

    @property
    def operation_id(self) -> str:
        """The handler's name, which is unique in the document."""
        return self.handler.__name__.strip("_")

    @property
    def openapi_path(self) -> str:
        """Flask's ``<converter:name>`` as OpenAPI's ``{name}``."""
        return re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", self.path)

    @property
    def path_parameters(self) -> list[str]:
        """Names in the path, in order."""
        return re.findall(r"<(?:\w+:)?(\w+)>", self.path)


class Api:
    """The list of all REST endpoints of one application."""

    def __init__(self, title: str, version: str) -> None:
        self.title = title
        self.version = version
        self.endpoints: list[Endpoint] = []

    def endpoint(self, method: str, path: str, *, tag: str, **about: Any) -> Callable[[Handler], Handler]:
        """Declare a handler's route; its docstring's first line is the summary.

        :raises ValueError: for a route that is declared already, a handler without docstring, or a model that does
            not refuse what it does not know.
        """

        def declare(handler: Handler) -> Handler:
            self.add(Endpoint(method, path, handler, _summary(handler), tag, **about))
            return handler

        return declare

    def add(self, endpoint: Endpoint) -> None:
        """Put an endpoint on the list; raises ValueError for a route that stands there already."""
        for model in (endpoint.query, endpoint.body):
            if model is not None and model.model_config.get("extra") != "forbid":
                raise ValueError(f"{endpoint.method} {endpoint.path}: {model.__name__} lets unknown parameters through")
        for other in self.endpoints:
            if (other.method, other.openapi_path) == (endpoint.method, endpoint.openapi_path):
                raise ValueError(
                    f"{endpoint.method} {endpoint.path} is declared twice: {other.handler}, {endpoint.handler}"
                )
        self.endpoints.append(endpoint)

    def register(self, app: Flask) -> None:
        """Give every endpoint its route in ``app``."""
        for endpoint in self.endpoints:
            app.add_url_rule(
                endpoint.path,
                endpoint=f"api.{endpoint.operation_id}",
                view_func=_view(endpoint),
                methods=[endpoint.method],
            )

    def document(self) -> dict[str, Any]:
        """The OpenAPI 3.1 document."""
        schemas: dict[str, Any] = {}
        paths: dict[str, Any] = {}
        for endpoint in self.endpoints:
            described = _describe(endpoint, schemas)
            paths.setdefault(endpoint.openapi_path, {})[endpoint.method.lower()] = described
        return {
            "openapi": "3.1.0",
            "info": {"title": self.title, "version": self.version},
            "paths": paths,
            "components": {"schemas": dict(sorted(schemas.items())), "securitySchemes": {"token": TOKEN}},
        }


def _summary(handler: Callable[..., Any]) -> str:
    text = inspect.getdoc(handler)
    if not text:
        raise ValueError(f"{handler.__name__} needs a docstring; its first line is shown to users")
    return text.partition("\n")[0]


def _view(endpoint: Endpoint) -> Callable[..., Any]:
    def view(**path: str) -> Any:
        arguments: dict[str, Any] = dict(path)
        if endpoint.query is not None:
            arguments["query"] = read_query(endpoint.query)
        else:
            refuse_query(request)
        if endpoint.body is not None:
            arguments["body"] = read_json_object()
        elif endpoint.method != "GET" and "requestBody" not in endpoint.raw:
            refuse_body(request)
        answer = endpoint.handler(**arguments)
        if isinstance(answer, Response):
            return answer
        response = jsonify(answer)
        response.status_code = endpoint.status
        return response

    view.__doc__, view.__module__ = endpoint.summary, endpoint.handler.__module__
    # The query is checked above, against the model.
    files = DIGESTS if _BYTES in endpoint.raw.get("requestBody", {}).get("content", {}) else ()
    marked = evaluates(*(header["name"] for header in endpoint.headers), *files)(takes_any_query(view))
    return marked if endpoint.scope is None else requires(endpoint.scope)(marked)


def refuse_query(asked: Request, known: Collection[str] = (), unless: str | None = None) -> None:
    """Refuse a word in the query that is not among those that are known.

    :param unless: a word that is let through, and means nothing.
    :raises InvalidRequest: naming it.
    """
    for name in asked.args:
        if name not in known and name != unless:
            raise InvalidRequest(unknown_name(name, known))
        _require_once(name, asked.args.getlist(name))


def refuse_body(asked: Request) -> None:
    """:raises InvalidRequest: for a body that says something to a request that takes none; ``{}`` says nothing."""
    declared = asked.content_length or 0
    if declared > _NOTHING_BYTES or asked.stream.read(_NOTHING_BYTES + 1).strip() not in (b"", b"{}"):
        raise InvalidRequest(f"{asked.method} takes no body at this address, so nothing was done; leave it out")


_NOTHING_BYTES = 100


def _require_once(name: str, given: list[str]) -> None:
    """:raises InvalidRequest: for a word that is given twice with different values: which one is meant?"""
    if len(set(given)) > 1:
        raise InvalidRequest(
            f"{name}: give it once; it stands {len(given)} times in the address, with different values"
        )


def idempotency_key(asked: Request) -> str | None:
    """The request's ``Idempotency-Key``; raises as :func:`check_key`."""
    return check_key(asked.headers.get(KEY_HEADER))


def check_key(key: str | None) -> str | None:
    """An ``Idempotency-Key`` itself.

    :raises InvalidRequest: for one that is empty, too long, or not plain text.
    """
    if key is not None and (not key or len(key) > MAX_KEY or not key.isprintable()):
        raise InvalidRequest(f"{KEY_HEADER}: send 1 to {MAX_KEY} printable characters, such as a UUID")
    return key


def read_query(model: type[BaseModel]) -> BaseModel:
    """The request's query as ``model``; a field that takes a list may be repeated or comma-separated.

    :raises InvalidRequest: naming the parameter.
    """
    values: dict[str, Any] = {}
    listed = _take_lists(model) if request.args else frozenset()
    for name in request.args:
        given = request.args.getlist(name)
        if name not in listed:
            _require_once(name, given)
        values[name] = [part for text in given for part in text.split(",")] if name in listed else given[-1]
    return read_strings(model, values)


@cache
def _take_lists(model: type[BaseModel]) -> frozenset[str]:
    """The fields that take a list."""
    fields = model.model_fields.items()
    return frozenset(info.alias or name for name, info in fields if "list" in str(info.annotation).lower())


def read_strings(model: type[Model], values: Mapping[str, Any]) -> Model:
    """Fields that came as text (a query, a form) as ``model``, numbers and booleans read from it.

    :raises InvalidRequest: naming the field.
    """
    try:
        # A strict model would refuse text for numbers, which is all that a query or a form can carry.
        return model.model_validate(dict(values), strict=False, context=FROM_TEXTS)
    except ValidationError as error:
        raise InvalidRequest.from_validation(error, model) from None


def asks_for_json(asked: Request) -> bool:
    """Whether a client says that it understands JSON: as what it accepts, or as what it sends.

    Older addresses answered with a word or a page to whoever does not, and still do.
    """
    kinds = (kind for kind, quality in asked.accept_mimetypes if quality > 0)
    return "json" in (asked.content_type or "") or any("json" in kind for kind in kinds)


def error_response(error: LongshoreError, status: int | None = None) -> Response:
    """The one JSON shape of every failure."""
    response: Response = jsonify({"success": False, **error.to_wire()})
    response.status_code = status or error.status
    return response


def disposition(name: str, *, download: bool = True) -> str:
    """The value of ``Content-Disposition`` (RFC 6266).

    A name that is no plain token comes first as ``filename*``, and last as the token that is nearest to it: who splits
    the header at ``filename=`` reads that, quotes and semicolons never stand in its way.

    >>> disposition("a.csv"), disposition("Preise 2024.csv", download=False)
    ('attachment; filename=a.csv', "inline; filename*=UTF-8''Preise%202024.csv; filename=Preise_2024.csv")
    """
    kind = "attachment" if download else "inline"
    name = _CONTROL.sub("_", name)
    if _TOKEN.fullmatch(name):
        return f"{kind}; filename={name}"
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    token = _NO_TOKEN.sub("_", plain).strip("_")
    token = token if _TOKEN.fullmatch(token) else f"download{token}"
    return f"{kind}; filename*=UTF-8''{quote(name, safe='')}; filename={token}"


def _describe(endpoint: Endpoint, schemas: dict[str, Any]) -> dict[str, Any]:
    schemas.update(endpoint.schemas)
    described: dict[str, Any] = {
        "operationId": endpoint.operation_id,
        "summary": endpoint.summary,
        "tags": [endpoint.tag],
        "security": [{"token": [endpoint.needed_scope.word]}],
        "parameters": _parameters(endpoint, schemas),
        "responses": {
            str(endpoint.status): _answer(endpoint, schemas),
            "default": {
                "description": "The request failed",
                "content": {"application/json": {"schema": _reference(ErrorAnswer, schemas)}},
            },
        },
    }
    if endpoint.body is not None:
        content = {"application/json": {"schema": _reference(endpoint.body, schemas)}}
        described["requestBody"] = {"required": endpoint.body_required, "content": content}
    described["parameters"] += endpoint.headers
    return {**described, **endpoint.raw}


def _parameters(endpoint: Endpoint, schemas: dict[str, Any]) -> list[dict[str, Any]]:
    parameters: list[dict[str, Any]] = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
        for name in endpoint.path_parameters
    ]
    if endpoint.query is not None:
        schema = endpoint.query.model_json_schema(ref_template="#/components/schemas/{model}")
        schemas.update(schema.get("$defs", {}))
        required = schema.get("required", [])
        for name, part in schema.get("properties", {}).items():
            described: dict[str, Any] = {"name": name, "in": "query", "required": name in required, "schema": part}
            if "description" in part:
                described["description"] = part["description"]
            parameters.append(described)
    return parameters


def _answer(endpoint: Endpoint, schemas: dict[str, Any]) -> dict[str, Any]:
    if endpoint.answer is None:
        return {"description": "Done"}
    schema = _reference(endpoint.answer, schemas)
    return {"description": "Done", "content": {"application/json": {"schema": schema}}}


def _reference(model: type[BaseModel], schemas: dict[str, Any]) -> Mapping[str, Any]:
    schema = model.model_json_schema(ref_template="#/components/schemas/{model}")
    schemas.update(schema.pop("$defs", {}))
    known = schemas.setdefault(model.__name__, schema)
    if known != schema:
        raise ValueError(f"two models are called {model.__name__}")
    return {"$ref": f"#/components/schemas/{model.__name__}"}
