"""Reading what is submitted: one document of inputs, or a batch of them, checked against the job's declaration."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from typing import Any

from pydantic import ValidationError

from longshore.errors import InvalidInputs, InvalidRequest, TooLarge, list_problems
from longshore.jobs.declaring import JobType
from longshore.web.api import check_key
from longshore.web.json import read_json

MAX_BATCH = 100_000
_MAX_PROBLEMS = 100

LINES_TYPES = frozenset({"application/x-ndjson", "application/ndjson", "application/jsonl", "application/x-jsonlines"})


def check_inputs(declared: JobType, document: bytes) -> bytes:
    """``document``, which is kept as it came when it fits; an empty body is an empty object.

    :raises InvalidRequest: when it is not JSON.
    :raises InvalidInputs: naming every field that does not fit.
    """
    document = document.strip() or b"{}"
    read_json(document)
    try:
        # From the text, not the parsed value: only then are dates, sets and tuples read from what JSON has for them.
        declared.inputs.validate_json(document, extra="forbid" if declared.is_closed else None)
    except ValidationError as error:
        raise InvalidInputs.of_fields(list_problems(error, declared.model), error.error_count()) from None
    return document


def read_batch(declared: JobType, body: bytes, *, lines: bool) -> list[bytes]:
    """The documents of a batch, all of which fit.

    :param lines: whether each line of the body is a document (NDJSON); else it is one JSON array.
    :raises InvalidRequest: when something is not JSON, or the batch is empty.
    :raises InvalidInputs: naming for every problem the line, or the item (the first is 0), and the field.
    :raises TooLarge: over :data:`MAX_BATCH`.
    """
    documents = list(_lines(body) if lines else _items(body))
    if not documents:
        raise InvalidRequest("the batch is empty")
    if len(documents) > MAX_BATCH:
        raise TooLarge(f"a batch has at most {MAX_BATCH:,} jobs, and this one {len(documents):,}")
    place = "line" if lines else "item"
    checked: list[bytes] = []
    problems: list[dict[str, Any]] = []
    for number, document in documents:
        try:
            checked.append(check_inputs(declared, document))
        except InvalidInputs as error:
            problems += [{place: number, **each} for each in error.fields]
        except InvalidRequest as error:
            problems.append({place: number, "field": "", "message": error.description})
        if len(problems) >= _MAX_PROBLEMS:
            break
    if problems:
        raise InvalidInputs.of_fields(problems[:_MAX_PROBLEMS])
    return checked


def _lines(body: bytes) -> Iterator[tuple[int, bytes]]:
    for number, line in enumerate(body.split(b"\n"), 1):
        if line.strip():
            yield number, line


def _items(body: bytes) -> Iterator[tuple[int, bytes]]:
    value = read_json(body)
    if not isinstance(value, list):
        raise InvalidRequest(
            "a batch is a JSON array of inputs, or one document a line with Content-Type: application/x-ndjson"
        )
    for number, each in enumerate(value):
        yield number, json.dumps(each, separators=(",", ":"), ensure_ascii=False).encode()


def digest(queue: str, *documents: bytes) -> str:
    """SHA-256 of what was asked for, whatever its spaces and the order of its fields."""
    found = hashlib.sha256(queue.encode())
    for document in documents:
        value = read_json(document)
        found.update(b"\n" + json.dumps(value, sort_keys=True, separators=(",", ":")).encode())
    return found.hexdigest()


def own_key(key: str | None, made_by: str | None) -> str | None:
    """The ``Idempotency-Key`` as it is kept: a key is its user's own.

    :raises InvalidRequest: for one that is empty, too long, or not plain text.
    """
    return None if check_key(key) is None else f"{made_by or ''}/{key}"
