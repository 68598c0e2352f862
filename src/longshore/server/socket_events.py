"""The events of Socket.IO as schemas, from the models that they are built of: the browser's types come from here."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel

from longshore.datasets import answers
from longshore.datasets.service import READS
from longshore.datasets.special import SPECIAL
from longshore.jobs.wire import EVENT, JobAnswer
from longshore.tables.operations import all_operations
from longshore.web.answer import Answer

READ_ANSWERS, CHANGE_ANSWERS, NEWS = "SocketReads", "SocketChanges", "SocketNews"
"""Names of the schemas: of objects with a property for each event, which is what the event carries."""


def socket_schemas() -> dict[str, Any]:
    """The three schemas, and all that they refer to, for ``#/components/schemas``."""
    # Which fields an operation tells of itself is for whoever knows which one it was.
    changes: dict[str, list[type[Answer]]] = {each.name: [answers.AnyChanged] for each in all_operations()}
    groups: dict[str, dict[str, list[type[Answer]]]] = {
        READ_ANSWERS: {name: [answers.Answered, answers.ReadNote, read.model] for name, read in READS.items()},
        CHANGE_ANSWERS: {**changes, **{name: [answers.SPECIAL[name]] for name in SPECIAL}},
        NEWS: {**{name: [model] for name, model in answers.NEWS.items()}, EVENT: [JobAnswer]},
    }
    schemas: dict[str, Any] = {}
    for title, events in groups.items():
        properties = {event: _all_of(models, schemas) for event, models in events.items()}
        schemas[title] = {"type": "object", "properties": properties, "required": list(properties)}
    return schemas


def _all_of(models: list[type[Answer]], schemas: dict[str, Any]) -> dict[str, Any]:
    references = [_reference(model, schemas) for model in models]
    return references[0] if len(references) == 1 else {"allOf": references}


def _reference(model: type[BaseModel], schemas: dict[str, Any]) -> dict[str, str]:
    schema = model.model_json_schema(ref_template="#/components/schemas/{model}")
    schemas.update(schema.pop("$defs", {}))
    schemas[model.__name__] = schema
    return {"$ref": f"#/components/schemas/{model.__name__}"}
