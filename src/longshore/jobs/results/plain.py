"""What a job may return besides JSON's own values, and what becomes of it: the same text as pydantic writes.

=====================================================  =======================================================
returned                                               written
=====================================================  =======================================================
str, int, float, bool, None, and what derives of them  as JSON; NaN and infinities are refused
list, tuple, named tuple                               array
dict                                                   object; keys are text, or numbers, dates, UUIDs,
                                                       enumeration members and paths, which become text
pydantic model, dataclass                              object, under the names of the published schema
datetime, date, time, timedelta                        ISO 8601
Decimal, UUID, path                                    text
enumeration member                                     its value
numpy scalar, numpy array                              numbers, text; times as ISO 8601; arrays in arrays
=====================================================  =======================================================

Everything else is refused: sets, bytes, generators, data frames, objects of other classes. A set or bytes in a field
that a pydantic model declares as such is written as its schema promises.
"""

from __future__ import annotations

import dataclasses
import enum
import math
import sys
from datetime import date, time, timedelta
from decimal import Decimal
from pathlib import PurePath
from typing import Any
from uuid import UUID

from pydantic import BaseModel, RootModel, TypeAdapter
from pydantic_core import PydanticSerializationError, to_jsonable_python

from longshore.errors import shorten


class Kind(enum.Enum):
    """How a value is written."""

    TEXT = "text"
    ATOM = "atom"
    LEAF = "leaf"
    LIST = "list"
    DICT = "dict"
    RECORD = "record"
    ARRAY = "array"
    OPAQUE = "opaque"
    REFUSED = "refused"


class NotPlain(Exception):
    """A value that is not written; the text continues a sentence that begins with where it stands."""


_LEAVES = (date, time, timedelta, Decimal, UUID, PurePath, enum.Enum)  # a datetime is a date
_KEYS = (str, int, float, date, time, Decimal, UUID, PurePath, enum.Enum)
_NUMPY_LEAVES = "biufM"
_NUMPY_ARRAYS = "biufUMO"

_OWN_SERIALIZATION = frozenset(
    {"serialization", "computed_fields", "serialization_exclude", "serialization_exclude_if"}
    | {"ser_json_timedelta", "ser_json_temporal", "ser_json_bytes", "ser_json_inf_nan"}
)
_OWN_TYPES = frozenset({"set", "frozenset", "bytes", "generator", "complex"})


def kind_of(type_: type) -> Kind:
    """How values of exactly this type are written."""
    kind = _kinds.get(type_)
    if kind is None:
        kind = _kinds[type_] = _find_kind(type_)
    return kind


_kinds: dict[type, Kind] = {}


def _find_kind(type_: type) -> Kind:
    if issubclass(type_, str):
        return Kind.TEXT
    if issubclass(type_, int | float) or type_ is type(None):
        return Kind.ATOM
    if issubclass(type_, dict):
        return Kind.DICT
    if issubclass(type_, list | tuple):
        return Kind.LIST
    if issubclass(type_, _LEAVES):
        return Kind.LEAF
    if issubclass(type_, BaseModel) or dataclasses.is_dataclass(type_):
        return Kind.RECORD if _writes_plainly(type_) else Kind.OPAQUE
    return _numpy_kind(type_)


def _numpy_kind(type_: type) -> Kind:
    numpy = sys.modules.get("numpy")  # without it there are no such values
    if numpy is not None and issubclass(type_, numpy.ndarray):
        return Kind.ARRAY
    if numpy is not None and issubclass(type_, numpy.generic) and numpy.dtype(type_).kind in _NUMPY_LEAVES:
        return Kind.LEAF
    return Kind.REFUSED


def _writes_plainly(type_: type) -> bool:
    """Whether writing a model field by field gives what pydantic would write."""
    if issubclass(type_, RootModel):
        return False
    schema = getattr(type_, "__pydantic_core_schema__", None)
    return schema is None or not _serializes_itself(schema)


def _serializes_itself(schema: Any) -> bool:
    if isinstance(schema, list | tuple):
        return any(map(_serializes_itself, schema))
    if not isinstance(schema, dict):
        return False
    if schema.get("type") in _OWN_TYPES or any(schema.get(key) for key in _OWN_SERIALIZATION):
        return True
    # A default is the user's own value, and may be anything.
    return any(_serializes_itself(part) for key, part in schema.items() if key not in ("default", "metadata", "cls"))


def leaf(value: Any) -> Any:
    """JSON's value for a :attr:`Kind.LEAF`.

    :raises NotPlain: for what is not a time or a number (NaT, a NaN of :mod:`decimal`).
    """
    if isinstance(value, enum.Enum):
        return value.value
    if isinstance(value, PurePath):
        return str(value)
    numpy = sys.modules.get("numpy")
    if numpy is not None and isinstance(value, numpy.generic) and value.dtype.kind != "M":
        found = value.item()
        # A long double has no Python number.
        return float(found) if isinstance(found, numpy.generic) else found
    if value != value:  # true of nothing else
        raise NotPlain("is not a time or a number; return None where something is missing")
    if numpy is not None and isinstance(value, numpy.generic):
        return str(numpy.datetime_as_string(value))
    return to_jsonable_python(value)


def fields(record: Any) -> dict[str, Any]:
    """A model's or dataclass's values by the names of its published schema, not copied."""
    declared = _names(type(record))
    found = {name: getattr(record, attribute) for attribute, name in declared}
    return found | (getattr(record, "__pydantic_extra__", None) or {})


_named: dict[type, tuple[tuple[str, str], ...]] = {}


def _names(type_: type) -> tuple[tuple[str, str], ...]:
    """Attribute and published name of each field."""
    names = _named.get(type_)
    if names is None:
        declared = getattr(type_, "__pydantic_fields__", None)
        if declared is None:
            names = tuple((field.name, field.name) for field in dataclasses.fields(type_))
        else:
            names = tuple((name, field.serialization_alias or name) for name, field in declared.items())
        _named[type_] = names
    return names


def dump(model: Any) -> Any:
    """JSON's value for a :attr:`Kind.OPAQUE`, made by pydantic in one piece.

    :raises NotPlain: when pydantic cannot write it.
    """
    try:
        return type(model).__pydantic_serializer__.to_python(model, mode="json", by_alias=True, warnings=False)
    except PydanticSerializationError as error:
        raise NotPlain(f"cannot be written: {shorten(str(error), 200)}") from error


def as_declared(value: Any, outputs: TypeAdapter[Any]) -> Any:
    """A validated result, ready to be written as the schema of ``outputs`` says.

    It is the value itself, unless the annotation asks for a way of writing that only pydantic knows.

    :raises NotPlain: when pydantic cannot write it.
    """
    if not _serializes_itself(outputs.core_schema) or kind_of(type(value)) in (Kind.RECORD, Kind.OPAQUE):
        return value
    try:
        return outputs.dump_python(value, mode="json", by_alias=True, warnings=False)
    except PydanticSerializationError as error:
        raise NotPlain(f"cannot be written: {shorten(str(error), 200)}") from error


def unroll(array: Any) -> Any:
    """A numpy array as lists of plain values (those of an object array as they are).

    :raises NotPlain: for dtypes that JSON has no values for.
    """
    numpy = sys.modules["numpy"]
    if array.dtype.kind not in _NUMPY_ARRAYS:
        raise NotPlain(f"is an array of {array.dtype}, which JSON cannot hold; return numbers or text")
    if array.dtype.kind != "M":
        # A long double stays numpy's own number otherwise.
        return (array.astype(float) if array.dtype.char == "g" else array).tolist()
    if numpy.isnat(array).any():
        raise NotPlain("has a time that is missing (NaT); return a list with None in its place")
    return numpy.datetime_as_string(array).tolist()


def key_text(key: Any) -> str:
    """The text that an object's key becomes.

    :raises NotPlain: for keys whose text would be a guess: None, booleans, tuples, NaN.
    """
    numpy = sys.modules.get("numpy")
    if numpy is not None and isinstance(key, numpy.integer):
        return str(int(key))
    if not isinstance(key, _KEYS) or isinstance(key, bool) or (isinstance(key, float) and not math.isfinite(key)):
        raise NotPlain(f"has the key {shorten(repr(key))}, and JSON's keys are text; write str(key) yourself")
    if isinstance(key, enum.Enum):
        return key_text(key.value)
    if isinstance(key, str):
        return str(key)
    if isinstance(key, int | float):
        return repr(float(key)) if isinstance(key, float) else int.__repr__(key)
    return str(leaf(key))


def refusal(value: Any) -> str:
    """Why a :attr:`Kind.REFUSED` is, and what to return instead; it continues a sentence."""
    name = type(value).__name__
    article = "an" if name[:1].lower() in "aeiou" else "a"
    return f"is {article} {name}, which JSON cannot hold; {_HINTS.get(name, 'return numbers, text, lists and dicts')}"


_HINTS = {
    "set": "return a list",
    "frozenset": "return a list",
    "bytes": "return text, such as base64.b64encode(...).decode()",
    "bytearray": "return text, such as base64.b64encode(...).decode()",
    "generator": "return a list",
    "DataFrame": "return frame.to_dict('records')",
    "Series": "return series.tolist()",
    "complex": "return its real and imaginary parts",
}
