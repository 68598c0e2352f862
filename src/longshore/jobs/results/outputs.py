"""From what a job's function returned to its document, by the annotation of the function."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from longshore.errors import InvalidResult, shorten
from longshore.jobs.results.encoding import path_text
from longshore.jobs.results.files import EncodedResult, encode_result
from longshore.jobs.results.plain import NotPlain, as_declared

NAME = "output"
"""What a result is called in errors."""


def encode_output(output: Any, outputs: TypeAdapter[Any], part: Path) -> EncodedResult:
    """Check a result against its annotation, if it has one, and write it as JSON.

    What is annotated with a type of its own is copied while it is checked, as pydantic does; a function that returns
    very much without an annotation, or as ``Any``, spares that memory.

    :param part: file for a large one; see :meth:`~longshore.jobs.results.files.ResultFiles.new_part`.
    :raises InvalidResult: for what is not as declared, or not JSON, saying where it stands.
    :raises StorageFull: when the disk has no room.
    """
    if outputs.core_schema["type"] != "any":
        try:
            output = as_declared(outputs.validate_python(output), outputs)
        except ValidationError as error:
            raise InvalidResult(_first_problem(error)) from error
        except NotPlain as problem:
            raise InvalidResult(f"{NAME} {problem}") from problem
    return encode_result(output, part)


def _first_problem(error: ValidationError) -> str:
    problems: list[ErrorDetails] = error.errors(include_url=False, include_context=False, include_input=False)
    first = problems[0]
    message = first["msg"].removeprefix("Value error, ")
    more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
    sentence = f"{path_text(NAME, first['loc'])} is not as declared: {message[:1].lower()}{message[1:]}"
    return shorten(sentence, 300) + more
