"""What clients may write otherwise than it is declared: enumerated texts in any case, a name for an index.

Clients of older systems write ``Linear`` and ``PCHIP``, and name columns where only indices stood. What comes in is
brought to the declared spelling before it is checked, so that histories and recipes hold one spelling only. A null is
as good as nothing where none is declared: their forms send one for what was left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from types import NoneType
from typing import Any, Literal, get_args, get_origin

from pydantic import BaseModel, ValidationInfo, model_validator

SYNONYMS = "x-synonyms"
"""Key in a field's ``json_schema_extra``: other texts for one that is declared, and other names of the field."""
NAMES = "x-names"
_INDEX = re.compile(r"\s*-?\d+\s*", re.ASCII)
_INDEX_NAME = re.compile(r"column_ind(ex|ices)")
_MAX_INDEX = 20
"""Characters; Python reads numbers of thousands of digits slowly, and refuses longer ones."""


@dataclass(frozen=True)
class _Field:
    """How a field may be written.

    :param keys: its names in a request.
    :param others: further names that mean it.
    :param choices: the declared text for each way to write it, in lower case.
    :param names_go_to: the field that takes names, for one that takes indices.
    :param takes_names: whether it takes names beside indices itself.
    :param null_is_nothing: it may be left out, and takes no null.
    """

    keys: tuple[str, ...]
    others: tuple[str, ...]
    choices: Mapping[str, str]
    declared: frozenset[str]
    names_go_to: tuple[str, ...]
    takes_names: bool
    null_is_nothing: bool


class Spelt(BaseModel):
    """Base of what is read from requests."""

    @model_validator(mode="before")
    @classmethod
    def _respelt(cls, given: Any, info: ValidationInfo) -> Any:
        texts = bool(info.context and info.context.get("texts"))
        return respell(cls, given, texts=texts) if isinstance(given, Mapping) else given


def respell(model: type[BaseModel], given: Mapping[str, Any], *, texts: bool = False) -> dict[str, Any]:
    """The fields of a request in the spelling that ``model`` declares.

    :param texts: whether everything came as text, as in an address: then digits are an index and no name.
    :raises ValueError: for a field that is given twice, in two spellings.
    """
    fields = dict(given)
    for each in _fields(model):
        _rename(each, fields)
        for key in each.keys:
            if key not in fields:
                continue
            value = fields[key]
            if value is None and each.null_is_nothing:
                del fields[key]
            elif each.names_go_to and _is_named(value, texts) and _give_none(fields, each.names_go_to):
                fields[each.names_go_to[0]] = fields.pop(key)
            elif each.choices:
                fields[key] = _chosen(each, value)
            elif each.takes_names and texts:
                fields[key] = _with_numbers(value)
    return fields


def _give_none(fields: dict[str, Any], names: tuple[str, ...]) -> bool:
    """Whether none of these has a value; then they are away, also where they hold null."""
    if any(fields.get(name) is not None for name in names):
        return False
    for name in names:
        fields.pop(name, None)
    return True


def _rename(each: _Field, fields: dict[str, Any]) -> None:
    given = [name for name in dict.fromkeys((*each.keys, *each.others)) if name in fields]
    if each.others and len(given) > 1:
        raise ValueError(f"{each.keys[0]}: give it once, in one spelling")
    if given and given[0] in each.others:
        fields[each.keys[0]] = fields.pop(given[0])


def _is_named(value: Any, texts: bool) -> bool:
    each = value if isinstance(value, list) else [value]
    return bool(each) and all(isinstance(one, str) and not (texts and _INDEX.fullmatch(one)) for one in each)


def _with_numbers(value: Any) -> Any:
    """Digits as the indices that they are in an address."""
    if isinstance(value, list):
        return [_with_numbers(each) for each in value]
    return int(value) if isinstance(value, str) and _INDEX.fullmatch(value) and len(value) <= _MAX_INDEX else value


def _chosen(each: _Field, value: Any) -> Any:
    if isinstance(value, list):
        return [_chosen(each, one) for one in value]
    if not isinstance(value, str) or value in each.declared:
        return value
    return each.choices.get(value.strip().casefold(), value)


@cache
def _fields(model: type[BaseModel]) -> tuple[_Field, ...]:
    return tuple(_describe(model))


def _describe(model: type[BaseModel]) -> Iterator[_Field]:
    for name, info in model.model_fields.items():
        extra = info.json_schema_extra if isinstance(info.json_schema_extra, dict) else {}
        synonyms: Any = extra.get(SYNONYMS) or {}
        others: Any = extra.get(NAMES) or []
        declared = frozenset(_texts(info.annotation))
        folded: dict[str, str] = {}
        for text in sorted(declared):
            # Two that differ in case alone stay apart.
            folded[text.casefold()] = "" if text.casefold() in folded else text
        choices = {fold: text for fold, text in folded.items() if text} | dict(synonyms)
        sibling = _sibling(model, name)
        names_go_to = _keys(model, sibling) if sibling else ()
        types = set(_types(info.annotation))
        takes_names = _INDEX_NAME.search(name) is not None and {int, str} <= types
        null_is_nothing = not info.is_required() and not types & {NoneType, Any}
        if declared or others or sibling or takes_names or null_is_nothing:
            keys = _keys(model, name)
            yield _Field(keys, tuple(others), choices, declared, names_go_to, takes_names, null_is_nothing)


def _keys(model: type[BaseModel], name: str) -> tuple[str, ...]:
    alias = model.model_fields[name].alias
    return (name,) if alias is None or alias == name else (alias, name)


def _sibling(model: type[BaseModel], name: str) -> str | None:
    """The field that takes names where ``name`` takes indices: ``columns`` for ``column_indices``."""
    if name.endswith("_indices"):
        found = f"{name.removesuffix('_indices')}s"
    elif name.endswith("_index"):
        found = name.removesuffix("_index")
    else:
        return None
    return found if found in model.model_fields else None


def _types(annotation: Any) -> Iterator[Any]:
    """The plain types in an annotation."""
    annotation = getattr(annotation, "__value__", annotation)  # what stands behind the name of a type
    inner = get_args(annotation)
    if get_origin(annotation) is Literal or not inner:
        yield annotation
        return
    for each in inner:
        yield from _types(each)


def _texts(annotation: Any) -> Iterator[str]:
    """The texts that a type enumerates."""
    if get_origin(annotation) is Literal:
        yield from (each for each in get_args(annotation) if isinstance(each, str))
        return
    for inner in get_args(annotation):
        yield from _texts(inner)
