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
import math
import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any, TypeVar
from urllib.parse import quote

from flask import Flask, Response, jsonify, request
from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError
from pydantic_core import from_json

from longshore.access.scopes import Scope, needed_scope, requires
from longshore.errors import InvalidRequest, LongshoreError, TooLarge

Handler = TypeVar("Handler", bound="Callable[..., Any]")
Model = TypeVar("Model", bound=BaseModel)

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")

TOKEN = {
    "type": "http",
    "scheme": "bearer",
    "description": "Needed where the server asks for tokens. Each operation names the scope: read, write or admin.",
}

LARGEST_JSON_BYTES = 32 * 2**20
"""Largest JSON body that is parsed."""


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

        :raises ValueError: for a route that is declared already, or a handler without docstring.
        """

        def declare(handler: Handler) -> Handler:
            self.add(Endpoint(method, path, handler, _summary(handler), tag, **about))
            return handler

        return declare

    def add(self, endpoint: Endpoint) -> None:
        """Put an endpoint on the list; raises ValueError for a route that stands there already."""
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
        if endpoint.body is not None:
            arguments["body"] = read_json_object()
        answer = endpoint.handler(**arguments)
        if isinstance(answer, Response):
            return answer
        response = jsonify(answer)
        response.status_code = endpoint.status
        return response

    view.__doc__, view.__module__ = endpoint.summary, endpoint.handler.__module__
    return view if endpoint.scope is None else requires(endpoint.scope)(view)


def read_query(model: type[BaseModel]) -> BaseModel:
    """The request's query as ``model``; a field that takes a list may be repeated or comma-separated.

    :raises InvalidRequest: naming the parameter.
    """
    values: dict[str, Any] = {}
    listed = _take_lists(model) if request.args else frozenset()
    for name in request.args:
        given = request.args.getlist(name)
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
        return model.model_validate(dict(values), strict=False)
    except ValidationError as error:
        raise InvalidRequest.from_validation(error, model) from None


def read_json_object() -> dict[str, Any]:
    """The request's body as a JSON object; an empty body counts as ``{}``.

    :raises InvalidRequest: for anything else.
    :raises TooLarge: for a body over :data:`LARGEST_JSON_BYTES`.
    """
    text = read_body()
    if not text.strip():
        return {}
    try:
        value = _ANY.validate_json(text)
    except ValidationError:
        raise InvalidRequest("the body is not valid JSON") from None
    if not isinstance(value, dict):
        raise InvalidRequest("the body must be a JSON object")
    return value


_ANY: TypeAdapter[Any] = TypeAdapter(Any)


def read_body() -> bytes:
    """The request's body as it came.

    :raises TooLarge: for a body over :data:`LARGEST_JSON_BYTES`.
    """
    if (request.content_length or 0) > LARGEST_JSON_BYTES:
        raise TooLarge(f"a JSON body has at most {LARGEST_JSON_BYTES:,} bytes")
    text = request.stream.read(LARGEST_JSON_BYTES + 1)
    if len(text) > LARGEST_JSON_BYTES:
        raise TooLarge(f"a JSON body has at most {LARGEST_JSON_BYTES:,} bytes")
    return text


def parse_json(text: bytes) -> Any:
    """A JSON document as RFC 8259 has it: without NaN and infinite numbers, nested at most 200 deep.

    :raises InvalidRequest: saying what is wrong and where.
    """
    try:
        value = from_json(text, allow_inf_nan=False)
    except ValueError as error:
        raise InvalidRequest(_json_problem(text, str(error))) from None
    if any(sign.search(text) for sign in _HUGE_NUMBER) and _is_infinite(value):
        raise InvalidRequest("the JSON holds a number that is too large for a 64-bit float")
    return value


# Two searches are four times as fast as one for either.
_HUGE_NUMBER = (re.compile(rb"[eE]\+?[0-9]{3}"), re.compile(rb"[0-9]{300}"))


def _json_problem(text: bytes, reason: str) -> str:
    if "recursion limit" in reason:
        return "the JSON is nested deeper than 200 levels"
    try:
        from_json(text)
    except ValueError:
        return f"this is not valid JSON: {reason}"
    return "this is not valid JSON, which has no NaN and no Infinity; send null for a missing number"


def _is_infinite(value: Any) -> bool:
    if isinstance(value, dict):
        return any(_is_infinite(each) for each in value.values())
    if isinstance(value, list):
        return any(_is_infinite(each) for each in value)
    return isinstance(value, float) and math.isinf(value)


def error_response(error: LongshoreError, status: int | None = None) -> Response:
    """The one JSON shape of every failure."""
    response: Response = jsonify({"success": False, **error.to_wire()})
    response.status_code = status or error.status
    return response


def disposition(name: str) -> dict[str, str]:
    """The parameters that give a download its name: plain where it is ASCII, else also RFC 6266's ``filename*``."""
    name = _CONTROL.sub("_", name)
    if name.isascii():
        return {"filename": name}
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode() or "download"
    return {"filename": plain, "filename*": f"UTF-8''{quote(name, safe='')}"}


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
        described["requestBody"] = {"required": True, "content": content}
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
