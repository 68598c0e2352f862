"""The benchmarks measure everything there is to measure."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from longshore.tables.operations import all_operations, require_operation

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"


def test_every_operation_is_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", [str(BENCHMARKS), *sys.path])
    import operations

    cases = {name: body for name, (body, _) in operations.COMPUTED.items()} | operations.QUICK | operations.UNBOUNDED
    for name, body in cases.items():
        require_operation(name.split()[0]).parse(body)
    assert {declared.name for declared in all_operations()} - {name.split()[0] for name in cases} == set()
