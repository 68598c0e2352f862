"""Statistics and charts as clients get them, on a whole server and a real table."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from longshore.client import Client, Dataset
from longshore.errors import ColumnNotFound, InvalidRequest, InvalidType
from support.server import LongshoreServer
from support.sockets import Listener

pytestmark = pytest.mark.processes

Connect = Callable[[], Listener]


@pytest.fixture(scope="module")
def movies(shared_server: LongshoreServer) -> Iterator[Dataset]:
    with Client(shared_server.url) as client:
        yield client.upload(Path(__file__).parents[1] / "data" / "movies.json")


def png_size(image: str) -> tuple[int, int]:
    data = base64.b64decode(image)
    assert data.startswith(b"\x89PNG")
    return int.from_bytes(data[16:20], "big"), int.from_bytes(data[20:24], "big")


def test_analyze_over_the_socket_stands_at_the_top_and_under_data(connect: Connect, movies: Dataset) -> None:
    client = connect()
    answer = client.ask("analyze", movies.session_id, column="IMDB Rating")
    assert answer["success"]
    assert (answer["invalid"], answer["min"], answer["max"]) == (213, 1.4, 9.2)
    assert answer["data"]["mean"] == answer["mean"] == pytest.approx(6.283467)
    text = client.ask("analyze", movies.session_id, column="MPAA Rating")
    assert text["mode"] == ["R"]
    assert text["frequencies"][0] == ["R", text["mode_frequency"]]
    assert client.ask("analyze", movies.session_id, column="Rating")["error"] == "ColumnNotFound"
    assert client.ask("analyze", movies.session_id)["error"] == "InvalidRequest"


def test_visualize_over_the_socket_in_both_spellings_of_its_settings(connect: Connect, movies: Dataset) -> None:
    client = connect()
    top = client.ask("visualize", movies.session_id, type="histogram", columnIndices=[14], numberOfBins=5)
    assert top["success"], top
    width, height = png_size(top["image"])
    assert width >= 1000
    assert height >= 800
    assert set(top["axis"]) == {"x", "y"}
    under = client.ask(
        "visualize", movies.session_id, type="scatter", options={"xColumnIndex": 1, "yColumnIndices": [2]}
    )
    assert under["success"], under
    spec = client.ask("visualize", movies.session_id, type="frequency", columnIndex=6, format="vega-lite")
    assert "vega-lite" in spec["spec"]["$schema"]
    assert client.ask("visualize", movies.session_id, type="pie", columnIndex=6)["error"] == "InvalidRequest"
    wrong = client.ask("visualize", movies.session_id, type="histogram", columnIndices=[0])
    assert wrong["error"] == "InvalidType"


def test_profile_tells_its_progress(connect: Connect, movies: Dataset) -> None:
    client = connect()
    answer = client.ask("profile", movies.session_id)
    assert [column["name"] for column in answer["data"]["columns"]] == movies.metadata()["columns"]
    reports = client.events("progress")
    assert reports
    assert {report["operation"] for report in reports} == {"profile"}
    assert reports[-1]["done"] == reports[-1]["total"]


def test_clusters_are_found_and_merged(connect: Connect, shared_server: LongshoreServer) -> None:
    names = ["Paris"] * 3 + ["paris", "PARIS ", "Rome"]
    with Client(shared_server.url) as client:
        cities = client.upload("\n".join(["city", *names]).encode(), name="cities.csv")
        socket = connect()
        answer = socket.ask("cluster", cities.session_id, column="city")
        assert answer["success"], answer
        found = cities.cluster("city", "distance", radius=1, threshold=0.5)
        assert answer["clusters"][0]["rows"] == 5 == found["clusters"][0]["rows"]
        assert {report["operation"] for report in socket.events("progress")} == {"cluster"}
        group = answer["clusters"][0]
        merged = cities.merge_values(
            column="city", merges=[{"from": [value for value, _ in group["values"]], "to": group["suggested"]}]
        )
        assert merged["changedRows"] == 5 - group["values"][0][1]
        assert cities.cluster("city")["clusters"] == []
        cities.undo()
        assert len(cities.cluster("city")["clusters"]) == 1
        assert socket.ask("cluster", cities.session_id, column="city", method="x")["error"] == "InvalidRequest"
        with pytest.raises(ColumnNotFound):
            cities.cluster("town")


def test_a_condition_is_the_same_view_everywhere(
    movies: Dataset, connect: Connect, shared_server: LongshoreServer, tmp_path: Path
) -> None:
    where = "\"IMDB Rating\" >= 9 AND Title LIKE '%The%'"
    with Client(shared_server.url) as client:
        dataset = client.dataset(movies.session_id)
        rows = dataset.rows(where=where)
        assert len(rows) == dataset.metadata(where=where)["dataSize"]["rows"] > 2
        assert all(row["IMDB Rating"] >= 9 and "The" in row["Title"] for row in rows)
        assert len(dataset.export(tmp_path / "some.csv", where=where).read_text().splitlines()) == len(rows) + 1
        link = httpx.get(dataset.link(where=where))
        assert len(link.text.splitlines()) == len(rows) + 1
        assert dataset.analyze("IMDB Rating", where=where)["min"] >= 9
        found = dataset.profile(["Title", "IMDB Rating"], where=where)
        assert (found["rows"], [each["name"] for each in found["columns"]]) == (len(rows), ["Title", "IMDB Rating"])
        with pytest.raises(InvalidRequest, match="character"):
            dataset.rows(where="Title =")
    socket = connect()
    window = {"rowIndexFrom": 0, "rowIndexTo": 99, "columnIndexFrom": 0, "columnIndexTo": 0}
    answer = socket.ask("data", movies.session_id, where=where, **window)
    assert answer["data"]["data"] == [[row["Title"]] for row in rows]
    assert socket.ask("metadata", movies.session_id, where=where)["dataSize"]["rows"] == len(rows)
    assert socket.ask("analyze", movies.session_id, column="Title", where=where)["unique_count"] == len(rows)
    assert socket.ask("metadata", movies.session_id, where="Title")["error"] == "InvalidType"


def test_the_same_by_rest_and_client(movies: Dataset, shared_server: LongshoreServer) -> None:
    with Client(shared_server.url) as client:
        dataset = client.dataset(movies.session_id)
        assert dataset.analyze("IMDB Rating")["max"] == 9.2
        assert dataset.profile()["rows"] == 3201
        assert "spec" in dataset.visualize("box", column_indices=[14], format="vega-lite")
        with pytest.raises(ColumnNotFound):
            dataset.analyze("nope")
        with pytest.raises(InvalidType):
            dataset.visualize("histogram", column_indices=[0])
    bad = httpx.post(f"{shared_server.url}/api/v1/datasets/{movies.session_id}/visualize", json={"type": "histogram"})
    assert (bad.status_code, bad.json()["error"]) == (400, "InvalidRequest")
