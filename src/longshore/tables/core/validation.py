"""Requests read as models: one way for operations and views."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from longshore.errors import InvalidRequest

Model = TypeVar("Model", bound=BaseModel)


def parse_model(model: type[Model], body: Mapping[str, Any]) -> Model:
    """``body`` read as ``model``.

    :raises InvalidRequest: one sentence that names the field and what it should be, never the whole input.
    """
    try:
        return model.model_validate(dict(body))
    except ValidationError as error:
        raise InvalidRequest.from_validation(error, model) from None
