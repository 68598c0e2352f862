"""What a form says about a parameter, declared with the parameter, for people who never read its description.

A description is the interface's: it names types, positions from 0 and other parameters. What a person reads instead
stands beside it in the JSON Schema, so that every form, of whatever client, is made from the server's declaration::

    delimiter: StrictStr = Field(description="the text between two parts", json_schema_extra=shown("Cut at", start=" "))
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

Control = Literal[
    "code", "column", "column-index", "column-indices", "columns", "expression", "keys", "lines", "measures", "merges",
    "new-rows", "other-column", "other-column-index", "other-columns", "place", "record", "row", "rows", "session",
    "sort", "type", "value",
]  # fmt: skip
"""Controls that no JSON type tells: numbers, choices and switches need none."""

Help = Literal["patterns", "dates", "dates and epochs"]


def shown(
    title: str,
    hint: str = "",
    *,
    control: Control | None = None,
    choices: Mapping[str, str] | None = None,
    start: object = None,
    starts_with: Literal["first", "last"] = "first",
    when: Mapping[str, Sequence[str]] | None = None,
    help_on: Help | None = None,
    help_when: str | None = None,
    required: bool = False,
    may_be_empty: bool = False,
    pairs_with: str | None = None,
    more: Mapping[str, object] | None = None,
) -> dict[str, Any]:
    """A parameter's ``json_schema_extra``.

    :param title: its label.
    :param hint: a sentence below the control; empty where the control says it all.
    :param control: which control, where the type alone does not tell.
    :param choices: what the enumerated texts are called.
    :param start: what stands in the control at first, where the parameter has no default.
    :param starts_with: which of the selected columns stands there at first.
    :param when: another parameter with the values for which this one matters; else it is not shown.
    :param help_on: a table of what can be written, folded below the control.
    :param help_when: the switch with which that table matters.
    :param required: whether it has to be filled in although the schema, which names it in two ways, cannot say so.
    :param may_be_empty: whether empty text is an answer.
    :param pairs_with: the other list of which each entry belongs to one of this list.
    :param more: further keys of the schema, such as ``examples``.
    """
    said = {
        "x-hint": hint,
        "x-control": control,
        "x-choices": dict(choices) if choices else None,
        "x-start": start,
        "x-starts-with": starts_with if starts_with != "first" else None,
        "x-when": {name: list(values) for name, values in when.items()} if when else None,
        "x-help": {"on": help_on, "when": help_when} if help_on else None,
        "x-required": required or None,
        "x-may-be-empty": may_be_empty or None,
        "x-pairs-with": pairs_with,
    }
    return {"title": title, **{key: value for key, value in said.items() if value is not None}, **(more or {})}
