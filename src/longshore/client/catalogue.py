"""The operations of one server, as it tells of them: their names in Python's spelling, their parameters, their docs.

Nothing here knows an operation by itself, so that a client offers what its server can do, be it older or newer.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import Any

from pydantic.alias_generators import to_camel

from longshore.errors import shorten


class DescribedOperation:
    """An operation as ``GET /api/v1/operations`` describes it.

    :ivar name: on the wire, such as ``fillWithAverage``.
    :ivar method_name: in Python's spelling, such as ``fill_with_average``.
    """

    def __init__(self, described: Mapping[str, Any]) -> None:
        self.name: str = described["name"]
        self.names: tuple[str, ...] = (self.name, *described.get("aliases", ()))
        self.method_name = snake_name(self.name)
        self._summary: str = described.get("summary", "")
        self._properties: Mapping[str, Mapping[str, Any]] = described.get("parameters", {}).get("properties", {})

    def docstring(self) -> str:
        """What it does, and what each parameter means."""
        lines = [f":param {snake_name(name)}: {part.get('description', '')}" for name, part in self._properties.items()]
        return "\n".join([self._summary, "", *lines])

    def to_wire(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """Parameters in either spelling under their names on the wire; what it does not declare, in capital humps."""
        return camel_names({self._wire_names.get(name, name): value for name, value in parameters.items()})

    @cached_property
    def _wire_names(self) -> dict[str, str]:
        return {snake_name(name): name for name in self._properties}


class Catalogue:
    """The operations of a server, by their names on the wire and by those of their methods.

    :param described: the entries of ``GET /api/v1/operations``.
    """

    def __init__(self, described: Iterable[Mapping[str, Any]]) -> None:
        operations = [DescribedOperation(each) for each in described]
        self._by_name = {name: each for each in operations for name in each.names}
        self._by_method = {each.method_name: each for each in operations}

    @property
    def method_names(self) -> list[str]:
        """One for each operation, in the server's order."""
        return list(self._by_method)

    def find(self, name: str) -> DescribedOperation | None:
        """The operation of this name or alias on the wire, if the server has one."""
        return self._by_name.get(name)

    def find_method(self, method_name: str) -> DescribedOperation | None:
        """The operation of this name in Python's spelling, if the server has one."""
        return self._by_method.get(method_name)


def no_method(name: str, known: Iterable[str]) -> str:
    """The sentence for a method that neither a dataset nor its server has, with the nearest there is as a hint.

    >>> no_method("fill_donw", ["fill_down", "undo"])
    "'Dataset' object has no attribute 'fill_donw'; did you mean 'fill_down'?"
    >>> no_method("shape", ["fill_down", "undo"])
    "'Dataset' object has no attribute 'shape', and the server no operation of this name"
    """
    near = difflib.get_close_matches(name, list(known), n=1)
    hint = f"; did you mean {near[0]!r}?" if near else ", and the server no operation of this name"
    return f"'Dataset' object has no attribute {shorten(name)!r}{hint}"


def snake_name(name: str) -> str:
    """A name on the wire as Python spells it.

    >>> snake_name("emptyStringToNaN"), snake_name("otherSessionID"), snake_name("column")
    ('empty_string_to_nan', 'other_session_id', 'column')
    """
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name.replace("NaN", "Nan")).lower()


def camel_names(values: Mapping[str, Any]) -> dict[str, Any]:
    """Values under the names that they have on the wire, where nothing else is declared.

    >>> camel_names({"sort_column": "price", "limit": 3})
    {'sortColumn': 'price', 'limit': 3}
    """
    return {to_camel(name) if "_" in name else name: value for name, value in values.items()}
