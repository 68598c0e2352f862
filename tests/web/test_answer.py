"""Answers are built from their models: what is not declared is refused, and what is prepared goes out as it is."""

from __future__ import annotations

import inspect
from typing import Any

import pytest
from pydantic import BaseModel, Field, SkipValidation, ValidationError

import longshore.errors
from longshore.errors import Internal, LongshoreError
from longshore.web.answer import Answer
from longshore.web.api import Api, Endpoint, ErrorAnswer, _checked


class Part(Answer):
    """A part."""

    size: int


class Whole(Answer):
    """All of it."""

    parts: list[Part]
    rows: SkipValidation[list[list[Any]]] = Field([])
    quarter: float | None = Field(None, alias="25%")


def test_a_field_that_is_not_declared_is_refused() -> None:
    with pytest.raises(ValidationError, match="extra_forbidden"):
        Part(size=1, colour="red")  # type: ignore[call-arg]


def test_only_what_was_given_is_sent_under_its_name_on_the_wire() -> None:
    assert Whole(parts=[Part(size=1)]).to_wire() == {"parts": [{"size": 1}]}
    assert Whole(parts=[], **{"25%": 2.5}).to_wire() == {"parts": [], "25%": 2.5}


def test_what_is_prepared_is_neither_looked_at_nor_copied() -> None:
    rows: list[list[Any]] = [[1, "a"], [object(), None]]
    assert Whole(parts=[], rows=rows).to_wire()["rows"] is rows


def test_the_document_promises_no_value_for_what_is_not_sent() -> None:
    schema = Whole.model_json_schema()
    assert "additionalProperties" not in schema
    assert "default" not in schema["properties"]["rows"]
    assert schema["required"] == ["parts"]


def test_an_endpoint_answers_with_what_it_declares() -> None:
    endpoint = Endpoint("GET", "/", test_an_endpoint_answers_with_what_it_declares, "It.", "T", answer=Whole)
    assert isinstance(_checked(endpoint, Whole(parts=[])), BaseModel)
    for other in ({"parts": []}, Part(size=1)):
        with pytest.raises(TypeError, match="declares"):
            _checked(endpoint, other)
    Api("a", "1").add(endpoint)


ERRORS = [each for _, each in inspect.getmembers(longshore.errors, inspect.isclass) if issubclass(each, LongshoreError)]


@pytest.mark.parametrize("error", ERRORS)
def test_an_error_tells_nothing_that_is_not_declared(error: type[LongshoreError]) -> None:
    told = {word for word in _words_of(error.to_wire) if word in inspect.getsource(error.to_wire)}
    assert told <= ErrorAnswer.model_fields.keys()
    assert Internal("ab").to_wire().keys() <= ErrorAnswer.model_fields.keys()


def _words_of(function: Any) -> set[str]:
    """The texts in a function, its docstring aside: the names of the fields that it returns."""
    texts = {text for text in function.__code__.co_consts if isinstance(text, str)} - {function.__doc__}
    tuples = {text for each in function.__code__.co_consts if isinstance(each, tuple) for text in each}
    return texts | {text for text in tuples if isinstance(text, str)}
