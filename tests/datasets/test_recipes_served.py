"""History and recipes as clients meet them: Socket.IO, REST and the Python client on a whole server."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import httpx
import pytest

from longshore.client import Client
from longshore.errors import ColumnNotFound, IllegalOperation, InvalidRequest, InvalidValue
from support.server import LongshoreServer
from support.sockets import Listener

pytestmark = pytest.mark.processes

CSV = b"name,price,count\na,1.5,1\nb,,2\na,2.5,3\n"
OTHER = b"count,name,price\n5,x,10\n6,y,\n"
Connect = Callable[[], Listener]


@pytest.fixture
def client(shared_server: LongshoreServer) -> Iterator[Client]:
    with Client(shared_server.url, user="ada") as made:
        yield made


def test_the_python_client(client: Client) -> None:
    first = client.upload(CSV, name="first.csv")
    first.fill_with_average(column="price", metric="mean")
    first.rename_column(column="name", new_name="who")
    recipe = first.recipe()
    assert [step["operation"] for step in recipe["steps"]] == ["fillWithAverage", "renameColumn"]
    other = client.upload(OTHER, name="other.csv")
    assert other.apply_recipe(recipe, dry_run=True)["applied"] == 2
    assert other.metadata()["version"] == 0
    assert other.apply_recipe(recipe)["version"] == 2
    assert other.rows() == [{"count": 5, "who": "x", "price": 10}, {"count": 6, "who": "y", "price": 10}]
    assert [step["madeBy"] for step in other.history()] == ["ada"] * 3
    with pytest.raises(ColumnNotFound, match="step 2 of the recipe"):
        other.apply_recipe(recipe)
    assert other.apply_recipe(recipe, mode="lenient")["skipped"] == 1
    assert other.go_to(1)["version"] == 1
    assert other.go_to(position=2)["version"] == 2
    assert other.drop_step(1, dry_run=True)["steps"][0]["outcome"] == "applied"
    assert other.drop_step(1)["applied"] == 1
    assert other.rows()[1]["price"] is None
    other.undo()
    assert other.rows()[1]["price"] == 10
    with pytest.raises(InvalidValue):
        other.go_to(99)
    with pytest.raises(InvalidRequest):
        other.apply_recipe({"steps": []})
    with pytest.raises(IllegalOperation):
        other.drop_step(0)


def test_socket_io(connect: Connect, client: Client) -> None:
    session = client.upload(CSV, name="first.csv").session_id
    listener = connect()
    listener.ask("fillWithAverage", session, columnIndex=1, metric="mean")
    history = listener.ask("history", session)
    assert (history["success"], history["position"], history["version"]) == (True, 1, 1)
    assert history["steps"][1]["operation"] == "fillWithAverage"
    recipe = listener.ask("recipe", session)["recipe"]
    other = client.upload(OTHER, name="other.csv").session_id
    answer = listener.ask("applyRecipe", other, recipe=recipe)
    assert (answer["success"], answer["version"], answer["steps"][0]["outcome"]) == (True, 1, "applied")
    assert listener.ask("goTo", other, version=0)["version"] == 0
    assert listener.ask("redo", other)["version"] == 1
    assert listener.ask("dropStep", other, version=1)["version"] == 2
    refused = listener.ask("applyRecipe", other, recipe="nonsense")
    assert (refused["success"], refused["error"]) == (False, "InvalidRequest")
    assert listener.ask("goTo", other)["error"] == "InvalidRequest"


def test_rest(client: Client, shared_server: LongshoreServer) -> None:
    session = client.upload(CSV, name="first.csv").session_id
    base = f"{shared_server.url}/api/v1/datasets/{session}"
    assert httpx.post(f"{base}/operations/normalize", json={"column": "count"}).status_code == 200
    recipe = httpx.get(f"{base}/recipe").json()
    assert recipe["formatVersion"] == 1
    assert httpx.post(f"{base}/goTo", json={"version": 0}).json()["version"] == 0
    answer = httpx.post(f"{base}/applyRecipe", json={"recipe": recipe, "mode": "lenient"})
    assert answer.json()["applied"] == 1
    missing = {**recipe, "steps": [{"operation": "normalize", "parameters": {"column": "nope"}}]}
    refused = httpx.post(f"{base}/applyRecipe", json={"recipe": missing})
    assert (refused.status_code, refused.json()["error"]) == (422, "ColumnNotFound")
    assert refused.json()["steps"][0]["reason"] == "missingColumn"
    assert httpx.post(f"{base}/dropStep", json={"version": 7}).status_code == 422
    assert httpx.post(f"{base}/undo").status_code == 200
    unknown = f"{shared_server.url}/api/v1/datasets/{'0' * 30}"
    assert httpx.get(f"{unknown}/recipe").status_code == 404
    described = httpx.get(f"{shared_server.url}/api/v1/openapi.json").json()["paths"]
    assert "/api/v1/datasets/{session_id}/applyRecipe" in described


def test_the_script_over_every_interface(connect: Connect, client: Client, shared_server: LongshoreServer) -> None:
    dataset = client.upload(CSV, name="die\u202e ärgsten\n.csv")
    dataset.fill_with_average(column="price", metric="mean")
    script = dataset.script()
    assert 'pl.col("price").fill_null(2.0)' in script
    answer = connect().ask("script", dataset.session_id)
    assert (answer["success"], answer["script"], answer["name"]) == (True, script, "die ärgsten.py")
    response = httpx.get(f"{shared_server.url}/api/v1/datasets/{dataset.session_id}/script")
    assert (response.status_code, response.text) == (200, script)
    assert response.headers["Content-Type"].startswith("text/x-python")
    assert response.headers["Content-Disposition"].startswith("attachment; filename")
    unknown = httpx.get(f"{shared_server.url}/api/v1/datasets/{'0' * 30}/script")
    assert (unknown.status_code, unknown.json()["error"]) == (404, "SessionNotFound")
