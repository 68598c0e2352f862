"""Where a cell comes from, as clients ask it, on a history with undone, dropped and replayed steps."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from datasets.conftest import Bench
from longshore.client import Client, Dataset
from longshore.errors import ColumnNotFound, RowNotFound
from support.server import LongshoreServer
from support.sockets import Listener

pytestmark = pytest.mark.processes

CSV = b"name,price,7/b\nb,1.5,x\n\na,,y\nc,2.5,z\n"


def explain(bench: Bench, session: str, **cell: Any) -> dict[str, Any]:
    return bench.service.read("explainCell", session, cell).to_wire()


def told(found: dict[str, Any]) -> list[tuple[int, str, tuple[str, ...]]]:
    return [(step["version"], step["operation"], tuple(step["what"])) for step in found["steps"]]


@pytest.fixture
def worked(bench: Bench) -> str:
    session = bench.upload(CSV)
    bench.change(session, "sortRows", sortBy=[{"column": "name"}])
    bench.change(session, "fillWithAverage", column="price", metric="mean")
    bench.change(session, "renameColumn", column="price", newName="cost")
    bench.change(session, "deleteRows", rowIndices=[1])
    return session


def test_back_to_the_line_of_the_file(bench: Bench, worked: str) -> None:
    found = explain(bench, worked, rowIndex=0, column="cost")
    assert (found["value"], found["version"]) == (2.0, 4)
    assert found["original"] == {
        "value": None, "dataType": "float", "column": "price", "rowIndex": 1, "line": 4, "unit": "line",
    }  # fmt: skip
    assert told(found) == [
        (1, "sortRows", ("moved",)),
        (2, "fillWithAverage", ("changed",)),
        (3, "renameColumn", ("renamed",)),
    ]
    assert told(explain(bench, worked, rowIndex=1, columnIndex=1))[-1] == (4, "deleteRows", ("moved",))


def test_undone_steps_do_not_count(bench: Bench, worked: str) -> None:
    bench.change(worked, "goTo", version=1)
    found = explain(bench, worked, rowIndex=0, column="price")
    assert (found["value"], told(found)) == (None, [(1, "sortRows", ("moved",))])


def test_steps_done_again_without_a_dropped_one(bench: Bench, worked: str) -> None:
    assert bench.change(worked, "dropStep", version=1)["success"]
    found = explain(bench, worked, rowIndex=1, column="cost")
    assert found["original"]["line"] == 5
    assert told(found) == [(3, "renameColumn", ("renamed",)), (4, "deleteRows", ("moved",))]
    bench.change(worked, "undo")
    assert told(explain(bench, worked, rowIndex=0, column="cost"))[0] == (1, "sortRows", ("moved",))


def test_steps_of_a_recipe(bench: Bench, worked: str) -> None:
    other = bench.upload(CSV)
    bench.change(other, "applyRecipe", recipe=bench.service.recipe(worked).to_document())
    assert told(explain(bench, other, rowIndex=0, column="cost")) == told(
        explain(bench, worked, rowIndex=0, column="cost")
    )


@pytest.fixture(scope="module")
def dataset(shared_server: LongshoreServer) -> Iterator[Dataset]:
    with Client(shared_server.url) as client:
        made = client.upload(CSV, name="t.csv")
        made.new_cell_value(column="7/b", row_index=1, new_value="Y")
        made.rename_column(column="name", new_name="2")
        yield made


def test_by_client(dataset: Dataset) -> None:
    found = dataset.explain_cell(1, "7/b")
    assert (found["value"], found["original"]["value"], found["original"]["line"]) == ("Y", "y", 4)
    assert dataset.explain_cell(1, 2) == found
    assert dataset.explain_cell(1, "2")["column"] == "2"
    with pytest.raises(ColumnNotFound):
        dataset.explain_cell(0, "nope")
    with pytest.raises(ColumnNotFound):
        dataset.explain_cell(0, 9)
    with pytest.raises(RowNotFound):
        dataset.explain_cell(3, 0)


def test_by_rest(dataset: Dataset, shared_server: LongshoreServer) -> None:
    cells = f"{shared_server.url}/api/v1/datasets/{dataset.session_id}/cells"
    assert httpx.get(f"{cells}/1/7/b").json()["column"] == "7/b"
    assert httpx.get(f"{cells}/1/1").json()["column"] == "price", "no column is called 1"
    assert httpx.get(f"{cells}/1/2").json()["column"] == "2", "a name goes before a position"
    assert httpx.get(f"{cells}/1/2?by=index").json()["column"] == "7/b"
    for path in ("x/1", "-1/1", "1/x?by=index", "1/1?by=guess"):
        refused = httpx.get(f"{cells}/{path}")
        assert (refused.status_code, refused.json()["error"]) == (400, "InvalidRequest"), path
    assert httpx.get(f"{cells}/{'9' * 100}/price").json()["error"] == "RowNotFound"
    assert httpx.get(f"{shared_server.url}/api/v1/datasets/{'0' * 30}/cells/0/1").status_code == 404


def test_over_the_socket(connect: Callable[[], Listener], dataset: Dataset) -> None:
    client = connect()
    answer = client.ask("explainCell", dataset.session_id, rowIndex=1, columnIndex=2)
    assert answer["success"]
    assert told(answer) == [(1, "newCellValue", ("changed",))]
    assert client.ask("explainCell", dataset.session_id, rowIndex=9, columnIndex=2)["error"] == "RowNotFound"
    assert client.ask("explainCell", dataset.session_id, rowIndex=True, columnIndex=2)["error"] == "InvalidRequest"
    assert client.ask("explainCell", dataset.session_id, rowIndex=0)["error"] == "InvalidRequest"
