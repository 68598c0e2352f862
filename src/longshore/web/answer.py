"""Answers are built from their models, on REST and on Socket.IO: what is not declared cannot be sent.

::

    class Renamed(Answer):
        name: str
        before: str = Field(description="the name until now")

    Renamed(name="prices.csv", before="a.csv").to_wire()

The models check names and types when an answer is built, and cost next to nothing when it is sent: what the engine has
made ready for JSON, such as the rows of a page, is declared as ``SkipValidation[...]`` and goes out as it is.

Without Flask, since workers settle changes with answers, too.
"""

from __future__ import annotations

from functools import cache
from typing import Any, get_args

from pydantic import BaseModel, ConfigDict, SkipValidation
from pydantic.fields import FieldInfo


def _as_sent(schema: dict[str, Any]) -> None:
    """In the OpenAPI document: a field that is not sent has no value, and others may come one day."""
    schema.pop("additionalProperties", None)
    for described in schema.get("properties", {}).values():
        described.pop("default", None)


class Answer(BaseModel):
    """Base of every answer: names as on the wire; a field that is not given is not sent."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True, json_schema_extra=_as_sent)

    def to_wire(self) -> dict[str, Any]:
        """The fields that were given, as what JSON is made of."""
        held, given = self.__dict__, self.model_fields_set
        declared = {
            wire: wire_of(held[name]) if may_nest else held[name]
            for name, wire, may_nest in _fields(type(self))
            if name in given
        }
        return declared | (self.model_extra or {})


class OpenAnswer(Answer):
    """An answer to which an operation or an error of somebody's own may add; what ours tell is declared."""

    model_config = ConfigDict(extra="allow")


@cache
def _fields(model: type[BaseModel]) -> tuple[tuple[str, str, bool], ...]:
    """Each field's name, its name on the wire, and whether models may stand in it."""
    return tuple((name, info.alias or name, _is_walked(info)) for name, info in model.model_fields.items())


def _is_walked(field: FieldInfo) -> bool:
    is_prepared = any(type(each) is SkipValidation for each in field.metadata)
    return not is_prepared and _may_nest(field.annotation)


def _may_nest(annotation: Any) -> bool:
    if isinstance(annotation, type) and not get_args(annotation):
        return issubclass(annotation, BaseModel)
    return any(_may_nest(part) for part in get_args(annotation))


def wire_of(value: Any) -> Any:
    """What JSON is made of: the models in ``value`` as their fields, all else as it is."""
    if isinstance(value, Answer):
        return value.to_wire()
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json", by_alias=True)
    if isinstance(value, list):
        return [wire_of(each) for each in value]
    if isinstance(value, dict):
        return {key: wire_of(each) for key, each in value.items()}
    return value
