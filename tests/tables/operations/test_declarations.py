"""What every operation's declaration must say, so that recipes and forms find its columns."""

from __future__ import annotations

import re

import pytest

from longshore.tables.operations import Operation, all_operations

CONTROLS = {"column", "columns", "column-index", "column-indices"}
PLACES = {"insertIndex", "toIndex"}
"""Positions of columns to come, which name none."""


@pytest.mark.parametrize("declared", all_operations(), ids=lambda declared: declared.name)
def test_parameters_that_name_columns_say_so(declared: type[Operation]) -> None:
    for name, field in declared.parameters_model().model_fields.items():
        wire = field.alias or name
        extra = field.json_schema_extra if isinstance(field.json_schema_extra, dict) else {}
        names_columns = re.search(r"column", wire, re.IGNORECASE) is not None and wire not in PLACES
        assert names_columns == (extra.get("x-control") in CONTROLS), f"{declared.name}.{wire}"
