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
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Literal, TypeVar
from urllib.parse import quote

from flask import Blueprint, Flask, Request, Response, jsonify, request
from pydantic import BaseModel, ConfigDict, Field, SkipValidation, ValidationError

from longshore.access.scopes import Scope, needed_scope, requires
from longshore.errors import InvalidRequest, LongshoreError, unknown_name
from longshore.web.answer import Answer, wire_of
from longshore.web.request_body import read_json_object
from longshore.web.route_marks import DIGESTS, evaluated_headers, evaluates, takes_any_query, takes_query

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


class FieldProblem(Answer):
    """One field of what was sent, and what is wrong with it."""

    field: str
    message: str


class ErrorAnswer(Answer):
    """What every failed request is answered with, and every failed event of Socket.IO."""

    success: Literal[False]
    error: str = Field(description="a code for programs", examples=["InvalidRequest"])
    errorDescription: str = Field(description="a sentence for a person")  # noqa: N815 - the wire's name
    fields: SkipValidation[list[FieldProblem]] = Field([], description="of InvalidInputs: each field at fault")
    reason: str | None = Field(None, description="of JobFailed: the job's code for it")
    logTail: str | None = Field(None, description="of JobFailed: the last lines that the job wrote")  # noqa: N815
    wholeVersion: int | None = Field(None, description="of DamagedDataset: the last version that can be read")  # noqa: N815
    eid: str | None = Field(None, description="of Internal: under which the server's log has the details")


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
    accepted: type[BaseModel] | None = None
    """What is answered with 202 instead, when the caller does not wait or that takes too long."""
    scope: Scope | None = None
    """What a caller needs, where the method says something else."""
    raw: dict[str, Any] = field(default_factory=dict)
    headers: tuple[dict[str, Any], ...] = ()
    """Request headers that mean something here, as the OpenAPI document has them."""
    schemas: dict[str, Any] = field(default_factory=dict)
    """What ``raw`` refers to as ``#/components/schemas/<name>``."""
    reads_itself: bool = False
    """Whether the handler reads query and body itself, as the older systems' clients send them; ``query`` and ``body``
    then say what may stand there."""
    any_query: bool = False
    """Whether any word may stand in a query that the handler reads itself."""
    body_kinds: tuple[str, ...] = ("application/json",)
    """Media types of ``body``; its fields may come as a form, too."""
    failure: type[BaseModel] = ErrorAnswer

    @property
    def needed_scope(self) -> Scope:
        """What a caller needs where tokens are asked for."""
        return self.scope if self.scope is not None else needed_scope(self.handler, self.method)

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
        self.groups: list[Group] = []
        self._unregistered: list[Endpoint] = []

    def endpoint(self, method: str, path: str, *, tag: str, **about: Any) -> Callable[[Handler], Handler]:
        """Declare a handler's route; its docstring's first line is the summary.

        :raises ValueError: for a route that is declared already, a handler without docstring, or a model that does
            not refuse what it does not know.
        """

        def declare(handler: Handler) -> Handler:
            endpoint = Endpoint(method, path, handler, _summary(handler), tag, **about)
            self.add(endpoint)
            self._unregistered.append(endpoint)
            return handler

        return declare

    def add_all(self, endpoints: Iterable[Endpoint]) -> None:
        """Declare endpoints that are made one like another; raises as :meth:`add`."""
        for endpoint in endpoints:
            self.add(endpoint)
            self._unregistered.append(endpoint)

    def add(self, endpoint: Endpoint) -> None:
        """Put an endpoint on the list alone: another one's route answers at its address.

        :raises ValueError: for a route that stands there already, or a model that does not refuse what it does not
            know.
        """
        for model in (endpoint.query, endpoint.body):
            if model is not None and model.model_config.get("extra") != "forbid":
                raise ValueError(f"{endpoint.method} {endpoint.path}: {model.__name__} lets unknown parameters through")
        for other in self.endpoints:
            if other.operation_id == endpoint.operation_id:
                raise ValueError(f"two operations are called {endpoint.operation_id}")
            if (other.method, other.openapi_path) == (endpoint.method, endpoint.openapi_path):
                raise ValueError(
                    f"{endpoint.method} {endpoint.path} is declared twice: {other.handler}, {endpoint.handler}"
                )
        self.endpoints.append(endpoint)

    def group(self, name: str, module: str, *, failure: type[BaseModel] = ErrorAnswer, **options: Any) -> Group:
        """Routes that share hooks, which a Flask blueprint holds: errors of another shape, headers of every answer.

        :param name, module, options: of the blueprint.
        :param failure: what its errors look like.
        """
        group = Group(self, Blueprint(name, module, **options), failure)
        self.groups.append(group)
        return group

    def register(self, app: Flask) -> None:
        """Give every endpoint that has none its route in ``app``; of one that was added since, too."""
        for endpoint in self._unregistered:
            app.add_url_rule(
                endpoint.path,
                endpoint=f"api.{endpoint.operation_id}",
                view_func=_view(endpoint),
                methods=[endpoint.method],
            )
        for group in self.groups:
            app.register_blueprint(group.blueprint)
        self._unregistered, self.groups = [], []

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


class Group:
    """Some routes of an :class:`Api`, with hooks of their own.

    :ivar blueprint: holds the routes and the hooks; its name stands before those of the routes for ``url_for``.
    """

    def __init__(self, api: Api, blueprint: Blueprint, failure: type[BaseModel]) -> None:
        self.blueprint = blueprint
        self._api = api
        self._failure = failure

    def endpoint(self, method: str, path: str, *, tag: str, **about: Any) -> Callable[[Handler], Handler]:
        """As :meth:`Api.endpoint`; what a handler is marked with holds for its route."""

        def declare(handler: Handler) -> Handler:
            about.setdefault("failure", self._failure)
            endpoint = Endpoint(method, path, handler, _summary(handler), tag, **about)
            self._api.add(endpoint)
            self.blueprint.add_url_rule(path, endpoint.operation_id, _view(endpoint), methods=[method])
            return handler

        return declare


def _summary(handler: Callable[..., Any]) -> str:
    text = inspect.getdoc(handler)
    if not text:
        raise ValueError(f"{handler.__name__} needs a docstring; its first line is shown to users")
    return text.partition("\n")[0]


def _view(endpoint: Endpoint) -> Callable[..., Any]:
    return _reading_view(endpoint) if endpoint.reads_itself else _checking_view(endpoint)


def _marked(endpoint: Endpoint, view: Callable[..., Any]) -> Callable[..., Any]:
    """``view`` with the handler's own marks, and those that its declaration means."""
    view.__doc__, view.__module__ = endpoint.summary, endpoint.handler.__module__
    declared = [header["name"] for header in endpoint.headers]
    takes_bytes = _BYTES in endpoint.raw.get("requestBody", {}).get("content", {})
    by_mark = evaluated_headers(endpoint.handler)
    view.__dict__.update(endpoint.handler.__dict__)
    marked = evaluates(*declared, *(DIGESTS if takes_bytes else ()), *by_mark)(view)
    return marked if endpoint.scope is None else requires(endpoint.scope)(marked)


def _reading_view(endpoint: Endpoint) -> Callable[..., Any]:
    """The view of a handler that reads for itself; the gate of requests looks at the query's words."""

    def view(**path: Any) -> Any:
        answer = endpoint.handler(**path)
        return answer_response(answer, endpoint.status) if isinstance(answer, BaseModel) else answer

    words = [] if endpoint.query is None else [info.alias or name for name, info in endpoint.query.model_fields.items()]
    return _marked(endpoint, takes_any_query(view) if endpoint.any_query else takes_query(*words)(view))


def _checking_view(endpoint: Endpoint) -> Callable[..., Any]:
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
        return answer if isinstance(answer, Response) else answer_response(_checked(endpoint, answer), endpoint.status)

    # The query is checked above, against the model.
    return _marked(endpoint, takes_any_query(view))


def _checked(endpoint: Endpoint, answer: Any) -> BaseModel:
    """:raises TypeError: for an answer that is not built from what the endpoint declares."""
    if not isinstance(answer, endpoint.answer or Answer):
        raise TypeError(f"{endpoint.operation_id} answers with {type(answer).__name__}, and declares {endpoint.answer}")
    return answer


def answer_response(answer: BaseModel, status: int = 200) -> Response:
    """An answer as JSON."""
    response = jsonify(wire_of(answer))
    response.status_code = status
    return response


FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")
"""Media types of forms."""
_BINARY = {"schema": {"type": "string", "format": "binary"}}


def takes_bodies(*kinds: str, required: bool = False) -> dict[str, Any]:
    """For ``raw``: bodies of these media types, whatever is in them; JSON is any value, all else bytes."""
    content: dict[str, Any] = {kind: {"schema": {}} if kind.endswith("json") else _BINARY for kind in kinds}
    return {"requestBody": {"required": required, "content": content}}


def takes_form(**fields: str) -> dict[str, Any]:
    """For ``raw``: a form with these fields, each with its description; files among them."""
    described = {name: {"type": "string", "format": "binary", "description": said} for name, said in fields.items()}
    schema = {"type": "object", "properties": described}
    return {"requestBody": {"required": False, "content": {"multipart/form-data": {"schema": schema}}}}


def sends(*kinds: str, status: int = 200, said: str = "Done") -> dict[str, Any]:
    """For ``raw``: an answer of these media types that is no model's, such as a file or a page."""
    content = {kind: {"schema": {"type": "string"}} if kind.startswith("text/") else _BINARY for kind in kinds}
    return {"responses": {str(status): {"description": said, "content": content}}}


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
    # Not through the model: deployers' errors may tell more, and an error must not fail. Ours are held to it by a test.
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
        "security": [] if endpoint.needed_scope is Scope.PUBLIC else [{"token": [endpoint.needed_scope.word]}],
        "parameters": _parameters(endpoint, schemas),
        "responses": {
            str(endpoint.status): _answer(endpoint.answer, schemas, "Done"),
            "default": {
                "description": "The request failed",
                "content": {"application/json": {"schema": _reference(endpoint.failure, schemas)}},
            },
        },
    }
    if endpoint.accepted is not None:
        described["responses"]["202"] = _answer(endpoint.accepted, schemas, "Accepted")
    if endpoint.body is not None:
        schema = _reference(endpoint.body, schemas)
        content = {kind: {"schema": schema} for kind in endpoint.body_kinds}
        described["requestBody"] = {"required": endpoint.body_required, "content": content}
    described["parameters"] += endpoint.headers
    responses = {**described["responses"], **endpoint.raw.get("responses", {})}
    return {**described, **endpoint.raw, "responses": responses}


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


def _answer(model: type[BaseModel] | None, schemas: dict[str, Any], description: str) -> dict[str, Any]:
    if model is None:
        return {"description": description}
    schema = _reference(model, schemas)
    return {"description": description, "content": {"application/json": {"schema": schema}}}


def _reference(model: type[BaseModel], schemas: dict[str, Any]) -> Mapping[str, Any]:
    schema = model.model_json_schema(ref_template="#/components/schemas/{model}")
    schemas.update(schema.pop("$defs", {}))
    known = schemas.setdefault(model.__name__, schema)
    if known != schema:
        raise ValueError(f"two models are called {model.__name__}")
    return {"$ref": f"#/components/schemas/{model.__name__}"}
