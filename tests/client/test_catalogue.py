"""The operations of a client are those of its server, told by a server that answers as the test says."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from longshore import Client
from longshore.client import Dataset
from longshore.client.catalogue import DescribedOperation
from longshore.datasets.routes import describe_operation
from longshore.errors import Unavailable
from longshore.tables.operations import Operation, all_operations

PAINT = {
    "name": "paintCells",
    "aliases": ["paint"],
    "summary": "Give cells a colour.",
    "ordered": False,
    "example": {"column": "price", "fillColor": "red"},
    "parameters": {
        "type": "object",
        "properties": {
            "column": {"type": "string", "description": "name of the column"},
            "fillColor": {"type": "string", "description": "what it is painted with"},
            "modelDatasetID": {"type": "string", "description": "the dataset that it is to look like"},
        },
    },
    "enabled": True,
}
"""An operation that no client of today knows."""


class NewerServer:
    """Has the operations of today and one more; keeps what it was asked."""

    def __init__(self) -> None:
        self.operations = [*(describe_operation(each).to_wire() for each in all_operations()), PAINT]
        self.asked: list[tuple[str, Any]] = []
        self.is_away = False

    def answer(self, request: httpx.Request) -> httpx.Response:
        if self.is_away:
            raise httpx.ConnectError("away")
        self.asked.append((f"{request.method} {request.url.path}", json.loads(request.content or "null")))
        if request.url.path == "/api/v1/operations":
            return httpx.Response(200, json={"operations": self.operations})
        return httpx.Response(200, json={"changed": True, "version": 1})

    @property
    def changes(self) -> list[tuple[str, Any]]:
        return [(what.rpartition("/")[2], body) for what, body in self.asked if what.startswith("POST")]


@pytest.fixture
def newer() -> NewerServer:
    return NewerServer()


@pytest.fixture
def client(newer: NewerServer) -> Client:
    made = Client("http://127.0.0.1:1")
    made._http = httpx.Client(base_url="http://127.0.0.1:1", transport=httpx.MockTransport(newer.answer))
    return made


def test_an_operation_that_only_the_server_knows_is_a_method(client: Client, newer: NewerServer) -> None:
    dataset = client.dataset("a")
    assert dataset.paint_cells(column="price", fill_color="red", if_version=3) == {"changed": True, "version": 1}
    assert newer.changes == [("paintCells", {"column": "price", "fillColor": "red", "ifVersion": 3})]
    assert dataset.paint_cells.__doc__.startswith("Give cells a colour.\n")
    assert ":param fill_color: what it is painted with" in dataset.paint_cells.__doc__
    assert dataset.paint_cells.__name__ == "paint_cells"
    assert "paint_cells" in dir(dataset)


@pytest.mark.parametrize("name", ["paintCells", "paint"])
def test_its_parameters_have_the_names_that_the_server_declares(client: Client, newer: NewerServer, name: str) -> None:
    client.dataset("a").call(name, fill_color="red", model_dataset_id=client.dataset("b"))
    assert newer.changes == [(name, {"fillColor": "red", "modelDatasetID": "b"})]


def test_what_the_server_does_not_tell_of_is_its_own_to_refuse(client: Client, newer: NewerServer) -> None:
    client.dataset("a").call("paintRows", row_index=3)
    assert newer.changes == [("paintRows", {"rowIndex": 3})]


def test_the_server_is_asked_once_and_only_when_it_is_needed(client: Client, newer: NewerServer) -> None:
    one, other = client.dataset("a"), client.dataset("b")
    one.undo()
    assert [what for what, _ in newer.asked] == ["POST /api/v1/datasets/a/undo"]
    one.fill_down(column_from=0, column_to=1)
    other.fill_down(column_from=0, column_to=1)
    assert [what for what, _ in newer.asked].count("GET /api/v1/operations") == 1


def test_asking_for_the_operations_learns_them_anew(client: Client, newer: NewerServer) -> None:
    dataset = client.dataset("a")
    newer.operations.remove(PAINT)
    with pytest.raises(AttributeError):
        dataset.paint_cells(column="price")
    newer.operations.append(PAINT)
    assert client.operations()[-1] == PAINT
    assert dataset.paint_cells(column="price")["changed"]


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("fill_donw", "did you mean 'fill_down'"),
        ("fillDown", "did you mean 'fill_down'"),
        ("paint_cell", "did you mean 'paint_cells'"),
        ("exprot", "did you mean 'export'"),
        ("shape", "the server no operation of this name"),
    ],
)
def test_an_unknown_name_is_no_attribute(client: Client, name: str, hint: str) -> None:
    dataset = client.dataset("a")
    assert not hasattr(dataset, name)
    with pytest.raises(AttributeError, match=f"'Dataset' object has no attribute '{name}'.*{hint}"):
        getattr(dataset, name)


def test_names_that_programs_look_for_are_not_asked_for(client: Client, newer: NewerServer) -> None:
    dataset = client.dataset("a")
    assert not hasattr(dataset, "_repr_html_")
    assert copy.copy(dataset).session_id == "a"
    assert not hasattr(Dataset.__new__(Dataset), "fill_down")
    assert newer.asked == []


def test_a_server_that_is_away_is_said_to_be_away(client: Client, newer: NewerServer) -> None:
    dataset = client.dataset("a")
    newer.is_away = True
    with pytest.raises(Unavailable):
        dataset.fill_down(column_from=0, column_to=1)
    assert "undo" in dir(dataset)
    newer.is_away = False
    assert dataset.fill_down(column_from=0, column_to=1)["changed"]


def test_parameters_go_by_keyword(client: Client) -> None:
    with pytest.raises(TypeError, match="positional"):
        client.dataset("a").fill_down(0, 1)


@pytest.mark.parametrize("declared", all_operations(), ids=lambda each: each.name)
def test_the_names_of_the_models_reach_the_server_as_names_that_it_takes(declared: type[Operation]) -> None:
    described = DescribedOperation(describe_operation(declared).to_wire())
    for name, field in declared.parameters_model().model_fields.items():
        (sent,) = described.to_wire({name: 1})
        extra: Any = field.json_schema_extra or {}
        assert sent in {field.alias, *extra.get("x-names", ())}
        assert set(described.to_wire({field.alias or name: 1})) == {field.alias or name}


def test_a_method_may_still_be_added_by_hand_which_is_not_needed(client: Client) -> None:
    from longshore.client import add_operation_method

    added: Callable[[str], None] = add_operation_method
    with pytest.warns(DeprecationWarning, match="not needed"):
        added("paintCells")
    assert client.dataset("a").paint_cells(column="price")["changed"]
