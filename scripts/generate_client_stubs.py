"""Writes what type checkers and editors know of the client's operations: ``longshore/client/operation_methods.pyi``.

Run it when an operation or its parameters have changed, and commit what it made::

    python scripts/generate_client_stubs.py

With an argument the stubs are written there. The text is as ``ruff format`` would have it.
"""

from __future__ import annotations

import json
import sys
import textwrap
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from longshore.client.catalogue import snake_name
from longshore.tables.operations import Operation, all_operations

TARGET = Path(__file__).parents[1] / "src" / "longshore" / "client" / "operation_methods.pyi"

HEAD = '''\
"""The operations as methods of a dataset, for type checkers and editors; at run time the server tells them.

Made by scripts/generate_client_stubs.py from the operations; do not edit it.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from longshore.client.datasets import Dataset

class OperationMethods:
'''
WIDTH = 120
PLAIN = {"integer": "int", "number": "float", "string": "str", "boolean": "bool", "null": "None"}
ENVELOPE = {
    "if_version": ("int | None", "None", "refuse the change when the table is another version."),
    "idempotency_key": ("str | None", "None", "the same key with the same parameters is done once."),
}
"""What stands beside every operation's own parameters: type, default and meaning."""


def make_stubs() -> str:
    """The text of the stub file."""
    return HEAD + "\n".join("\n".join(_method(each)) + "\n" for each in all_operations())


def _method(declared: type[Operation]) -> Iterator[str]:
    model = declared.parameters_model()
    schema = model.model_json_schema(by_alias=True)
    names = {field.alias or name: name for name, field in model.model_fields.items()}
    required = schema.get("required", ())
    parameters = [(names[wire], part, wire in required) for wire, part in schema["properties"].items()]
    yield f"    def {snake_name(declared.name)}("
    yield "        self,"
    yield "        *,"
    for name, part, is_required in parameters:
        default = "" if is_required else f" = {_literal(part['default']) if 'default' in part else '...'}"
        yield from _parameter(name, part, default)
    for name, (written, default, _) in ENVELOPE.items():
        yield f"        {name}: {written} = {default},"
    yield "    ) -> dict[str, Any]:"
    yield from _wrapped(f'"""{declared.summary()}', indent=0)
    yield ""
    for name, part, _ in parameters:
        yield from _described(name, part.get("description", ""))
    for name, (_, _, meaning) in ENVELOPE.items():
        yield from _described(name, meaning)
    yield '        """'


def _parameter(name: str, part: Mapping[str, Any], default: str) -> Iterator[str]:
    line = f"        {name}: {_type(part)}{default},"
    if len(line) <= WIDTH:
        yield line
        return
    yield f"        {name}: Literal["
    yield from (f"            {_literal(value)}," for value in _texts(part))
    yield f"        ]{default},"


def _type(part: Mapping[str, Any]) -> str:
    """A JSON Schema as Python's type."""
    if part.get("x-control") == "session":
        return "Dataset | str"
    if "anyOf" in part:
        return " | ".join(dict.fromkeys(_type(each) for each in part["anyOf"]))
    if "enum" in part:
        return f"Literal[{', '.join(map(_literal, _texts(part)))}]"
    if "$ref" in part or part.get("type") == "object":
        return "Mapping[str, Any]"
    if part.get("type") == "array":
        return f"Sequence[{_type(part.get('items', {}))}]"
    return PLAIN.get(part.get("type", ""), "Any")


def _texts(part: Mapping[str, Any]) -> list[str]:
    """Those that are declared, and then those that mean one of them."""
    return [*part["enum"], *part.get("x-synonyms", ())]


def _literal(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False) if isinstance(value, str) else repr(value)


def _described(name: str, meaning: str) -> list[str]:
    return _wrapped(f":param {name}: {meaning}", indent=4)


def _wrapped(text: str, indent: int) -> list[str]:
    """Lines of a docstring; ``indent`` is that of all but the first, in addition to the method's own."""
    first = " " * 8
    return textwrap.wrap(
        text.replace("\\", "\\\\"),
        WIDTH,
        initial_indent=first,
        subsequent_indent=first + " " * indent,
        break_long_words=False,
        break_on_hyphens=False,
    )


if __name__ == "__main__":
    (Path(sys.argv[1]) if len(sys.argv) > 1 else TARGET).write_text(make_stubs())
