"""What changes and reads answer fits what is declared, whatever the operation and the chart."""

from __future__ import annotations

import json
from typing import Any, ClassVar

import pytest
from pydantic import ValidationError

from datasets.conftest import Bench
from longshore.datasets.answers import OperationDone, Travelled
from longshore.datasets.service import READS
from longshore.errors import InvalidValue
from longshore.samples import FILMS, LATER_FILMS, STUDIOS
from longshore.tables.core.table import Table
from longshore.tables.operations import Change, OneColumn, Operation, Report, all_operations, base
from longshore.tables.operations.facts import NoFacts

CHARTS: list[dict[str, Any]] = [
    {"type": "histogram", "columnIndices": [0]},
    {"type": "frequency", "columnIndex": 2, "cutoff": 99},
    {"type": "scatter", "xColumnIndex": 0, "yColumnIndices": [1]},
    {"type": "line", "xColumnIndex": 0, "yColumnIndices": [1]},
    {"type": "box", "columnIndices": [0, 1]},
    {"type": "correlation", "columnIndices": [0, 1]},
]
TABLE = b"a,b,t,d\n1,2.5,x,2024-01-01\n2,,y,2024-01-02\n3,1.5,x,\n"


PLAIN = [declared for declared in all_operations() if not declared.opaque]
OTHERS = {"appendFile": LATER_FILMS, "join": STUDIOS}


@pytest.mark.parametrize("declared", PLAIN, ids=lambda each: each.name)
def test_an_operation_tells_only_what_is_declared(bench: Bench, declared: type[Operation]) -> None:
    films = bench.upload(FILMS.read_bytes(), FILMS.name, types={"Gross": "text"})
    example = dict(declared.example)
    if declared.name in OTHERS:
        other = OTHERS[declared.name]
        example["otherSessionID"] = bench.upload(other.read_bytes(), other.name)
    answer = bench.change(films, declared.name, **example)
    assert answer["success"], answer
    assert answer.keys() <= OperationDone.model_fields.keys()
    json.dumps(answer)


def test_an_operation_of_somebodys_own_may_tell_more() -> None:
    told = {"requestID": 1, "sessionID": "a", "operation": "mine", "success": True, "version": 2, "mood": "fine"}
    changed = {"columns": [], "removedColumns": [], "rows": 0}
    assert OperationDone(**told, changed=changed).to_wire() == {**told, "changed": changed}
    with pytest.raises(ValidationError):
        Travelled(**told, changed=True)


class TooDark(InvalidValue):
    """An error of somebody's own, with a field of its own."""

    code = "TooDark"

    def to_wire(self) -> dict[str, Any]:
        return {**super().to_wire(), "lux": 3}


class Paint(Operation[NoFacts]):
    """Paint a column."""

    name = "paint"
    example: ClassVar[dict[str, Any]] = {"columnIndex": 0}
    parameters: OneColumn

    def transform(self, table: Table, facts: NoFacts) -> Change:
        if self.parameters.column_index == 1:
            raise TooDark("nobody sees it")
        return Change.nothing(table)

    def report(self, before: Table, after: Table, facts: NoFacts) -> Report:
        return Report("Painted it", {"mood": "fine", "operation": "another", "requestID": "another"})


def test_an_operation_of_somebodys_own_is_done_and_refused_as_ours(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(base._registry, "paint", Paint)
    session = bench.upload(TABLE)
    done = bench.change(session, "paint", columnIndex=0)
    assert (done["success"], done["mood"], done["operation"]) == (True, "fine", "paint")
    assert done["requestID"] != "another"
    refused = bench.change(session, "paint", columnIndex=1)
    assert (refused["success"], refused["error"], refused["lux"]) == (False, "TooDark", 3)


@pytest.mark.parametrize("chart", CHARTS, ids=lambda each: each["type"])
def test_a_chart_tells_only_what_is_declared(bench: Bench, chart: dict[str, Any]) -> None:
    answer = bench.service.read("visualize", bench.upload(TABLE), {**chart, "format": "vega-lite"})
    assert json.loads(json.dumps(answer.to_wire()))["type"] == chart["type"]


def test_every_read_answers_with_its_model(bench: Bench) -> None:
    session = bench.upload(TABLE)
    asked: dict[str, dict[str, Any]] = {
        "data": {"rowIndexFrom": 0, "rowIndexTo": 9, "columnIndexFrom": 0, "columnIndexTo": 9},
        "analyze": {"column": "b"},
        "visualize": {**CHARTS[0], "format": "vega-lite"},
        "preview": {"preview": "sortRows", "parameters": {"sortBy": [{"column": "a"}]}, "rowIndices": [0]},
        "cluster": {"column": "t"},
        "explainCell": {"rowIndex": 0, "column": "a"},
    }
    for name, read in READS.items():
        answer = bench.service.read(name, session, asked.get(name, {}))
        assert type(answer) is read.model
        json.dumps(answer.to_wire())
