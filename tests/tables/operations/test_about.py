"""What operations tell of themselves: to menus, to forms, to recipes."""

from __future__ import annotations

import re
import string
import subprocess
import sys
from typing import Any, get_args

import pytest

from longshore.datasets.routes import describe_operation
from longshore.tables.core.forms import Control
from longshore.tables.operations import OneColumn, Operation, all_operations, base, require_operation
from longshore.tables.operations.about import GROUPS
from longshore.tables.operations.aggregate import ABOUT, AggregateParameters
from longshore.tables.operations.base import operation

WORDS = {
    "column", "columns", "names", "cells", "values", "kind", "place", "missing", "missingRows", "rows", "width",
    "widthLeft", "row", "selectedRows", "shownRows", "hiddenRows",
}  # fmt: skip
"""What the browser can fill in."""
MODELS = [*((each.name, each.parameters_model()) for each in all_operations()), ("aggregate", AggregateParameters)]
OF_THE_INTERFACE = re.compile(r"from 0|\bnull\b|\btrue\b|\bfalse\b|%[a-zA-Z]|strptime|[a-z][A-Z]|`|\bint\b|\bstring\b")
"""What no person has to know: positions from 0, JSON's words, date letters, names of parameters and types."""


def test_they_stand_in_one_order_whatever_was_imported_first() -> None:
    order = [each.name for each in all_operations()]
    program = (
        "from longshore.tables.operations import text, commands, all_operations\n"
        "print(*(each.name for each in all_operations()))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.split() == order
    groups = [require_operation(name).about.group for name in order]
    assert groups == sorted(groups, key=GROUPS.index)
    places = [(each.about.group, each.about.rank) for each in all_operations()]
    assert len(set(places)) == len(places), "two operations claim the same place below a heading"


@pytest.mark.parametrize("about", [*(each.about for each in all_operations()), ABOUT], ids=lambda about: about.title)
def test_every_line_can_be_filled_in(about: Any) -> None:
    assert about.lines
    for line in about.lines:
        assert {name for _, name, _, _ in string.Formatter().parse(line) if name} <= WORDS
    assert not OF_THE_INTERFACE.search(about.title)


@pytest.mark.parametrize(("name", "model"), MODELS, ids=lambda each: each if isinstance(each, str) else "")
def test_forms_speak_to_people(name: str, model: Any) -> None:
    schema = model.model_json_schema(by_alias=True)
    for part in (schema, *schema.get("$defs", {}).values()):
        for parameter, asked in part.get("properties", {}).items():
            assert "x-hint" in asked, f"{name}.{parameter} does not say what a form shows"
            said = [asked["title"], asked["x-hint"], *asked.get("x-choices", {}).values()]
            assert asked["title"][0].isupper(), parameter
            if name != "executeCommand":  # whoever writes Python is told its names
                assert not [text for text in said if OF_THE_INTERFACE.search(text)], parameter
            assert asked.get("x-control") in {None, *get_args(Control)}
            for other in asked.get("x-when", {}):
                assert other in schema["properties"]
            enumerated = {each for way in (asked, *asked.get("anyOf", ())) for each in way.get("enum", ())}
            assert set(asked.get("x-choices", {})) <= {*enumerated, *asked.get("examples", ())}
            assert enumerated <= set(asked.get("x-choices", {})), f"a choice of {name}.{parameter} has no words"


def test_an_operation_of_somebodys_own_stands_behind_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(base, "_registry", dict(base._registry))
    monkeypatch.setattr(base, "_closed", False)

    @operation
    class PaintRed(Operation):
        """Paint it red."""

        name = "paintRed"
        example = {"columnIndex": 0}  # noqa: RUF012
        parameters: OneColumn

        def transform(self, table: Any, facts: Any) -> Any:
            raise NotImplementedError

        def report(self, before: Any, after: Any, facts: Any) -> Any:
            raise NotImplementedError

    rows = [each.name for each in all_operations() if each.about.group == "Rows"]
    assert (PaintRed.about.title, rows[-1]) == ("Paint red", "paintRed")
    assert describe_operation(PaintRed).to_wire()["lines"] == []
