"""The names under which handlers and applications of the older systems ask for what this package has.

``from pyserver.core import app`` finds this module, in two ways: the package ``pyserver`` that is installed with
Longshore leads here, and loading handlers puts this module under that name, so that another installed ``pyserver``
cannot take its place. Likewise ``celery_cgi``, which merged applications import their Celery application from.

``from pyserver.core import *`` gives what the older module had to offer: what the package offers, the functions below,
and the parts of Flask and of the standard library that its handlers used without importing them.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from importlib import import_module
from types import ModuleType
from typing import Any

from flask import request

from longshore.handlers.local_events import current_events, user_token
from longshore.web import jsonp

NAME = "pyserver.core"
CELERY_NAME = "celery_cgi"

# Not the newer ones, which a star would put over a handler's own names.
_OF_THE_PACKAGE = ("app", "cache_my_response", "emit_local_message", "make_my_response_json")
_MODULES = ("datetime", "json", "logging", "os", "socket", "sys")
_BORROWED = {
    "Flask": "flask",
    "Response": "flask",
    "abort": "flask",
    "g": "flask",
    "make_response": "flask",
    "redirect": "flask",
    "render_template": "flask",
    "request": "flask",
    "url_for": "flask",
    "http_date": "werkzeug.http",
    "secure_filename": "werkzeug.utils",
    "path": "os",
    "uuid4": "uuid",
    "wraps": "functools",
}
"""Where what the older module's star also gave comes from, by name."""
_FUNCTIONS = (
    "convert_into_number",
    "convert_types_in_dictionary",
    "convert_types_in_list",
    "get_storage_location",
    "get_userid",
    "json_response",
    "remove_single_element_lists",
)
__all__ = [*_OF_THE_PACKAGE, *_MODULES, *_BORROWED, *_FUNCTIONS]


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return import_module(name)
    if name in _BORROWED:
        return getattr(import_module(_BORROWED[name]), name)
    # Whatever the package offers: what handlers of the older framework use, and what they may come to use.
    package = import_module("longshore")
    if name not in package.__all__:
        raise AttributeError(f"module {NAME!r} has no attribute {name!r}")
    return getattr(package, name)


def get_storage_location(named: str) -> str:
    """The absolute path of something below the storage folder."""
    return str((current_events.get().settings.root_storage_path / named).resolve())


def get_userid() -> str:
    """Who sent the current request; ``DEFAULT`` when nobody was named."""
    return user_token(current_events.get().settings)


def convert_into_number(value: Any) -> Any:
    """The number that a text is, else the value as it came.

    >>> convert_into_number("12"), convert_into_number("1.5"), convert_into_number("007"), convert_into_number(None)
    (12, 1.5, '007', None)
    """
    return jsonp.as_number(value) if isinstance(value, str) else value


def convert_types_in_dictionary(this_dictionary: Mapping[str, Any]) -> dict[str, Any]:
    """The same with numbers for texts that are some, also in what it contains."""
    return {name: _convert(value) for name, value in this_dictionary.items()}


def convert_types_in_list(this_list: list[Any]) -> list[Any]:
    """The same with numbers for texts that are some, also in what it contains."""
    return [_convert(value) for value in this_list]


def _convert(value: Any) -> Any:
    if isinstance(value, Mapping):
        return convert_types_in_dictionary(value)
    return convert_types_in_list(value) if isinstance(value, list) else convert_into_number(value)


def remove_single_element_lists(this_dictionary: Mapping[str, Any]) -> dict[str, Any]:
    """The same with the element in place of each list that has one.

    >>> remove_single_element_lists({"a": ["1"], "b": ["1", "2"]})
    {'a': '1', 'b': ['1', '2']}
    """

    def unwrapped(value: Any) -> Any:
        return value[0] if isinstance(value, list) and len(value) == 1 else value

    return {name: unwrapped(value) for name, value in this_dictionary.items()}


def json_response(*values: Any, status_code: int = 200, callback: str | None = None, **fields: Any) -> Any:
    """A view's answer in JSON: a list, text that is JSON, or the fields that are named.

    :param callback: name of a JavaScript function, for JSONP; else that of the request.
    :return: body, status and headers, as Flask takes them.
    :raises InvalidRequest: for a callback that is no name of a function.
    """
    response = jsonp.answer_json(
        values[0] if values else fields, status_code, callback or jsonp.require_callback(request)
    )
    return response.get_data(as_text=True), response.status_code, dict(response.headers)


def answer_to_older_names() -> None:
    """Make ``import pyserver.core`` and ``import celery_cgi`` mean ours in this process, whatever else is installed."""
    package = NAME.partition(".")[0]
    try:
        parent = import_module(package)
    except ImportError:
        parent = sys.modules[package] = ModuleType(package)
        parent.__path__ = []
    here = sys.modules[__name__]
    sys.modules[NAME] = here
    parent.core = here  # type: ignore[attr-defined]
    sys.modules[CELERY_NAME] = celery_cgi


class _CeleryModule(ModuleType):
    """``celery_cgi``: this process's Celery application, found when it is asked for."""

    def __getattr__(self, name: str) -> Any:
        if name == "celery":
            return import_module("longshore").celery
        raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")


celery_cgi = _CeleryModule(CELERY_NAME)
