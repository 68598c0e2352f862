"""The jobs to try the workbench with, on a whole server."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from longshore.client import Client
from longshore.errors import JobFailed
from support.nginx import free_port
from support.server import LongshoreServer

HANDLERS = Path(__file__).parents[2] / "examples" / "handlers"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LongshoreServer]:
    storage = tmp_path_factory.mktemp("example") / "storage"
    # A port of its own: one of the jobs asks the server that it is run by.
    with LongshoreServer(storage, HANDLERS_DIR=str(HANDLERS), PORT=str(free_port())) as running:
        yield running


@pytest.fixture
def client(server: LongshoreServer) -> Iterator[Client]:
    with Client(server.url) as made:
        yield made


def test_a_loan_is_paid_back(client: Client) -> None:
    months = client.job("loan", {"amount": 100, "rate": 12, "payment": 50}).result()
    assert [(each["month"], each["interest"], each["owed"]) for each in months] == [
        ("2026-01-01", 1, 51),
        ("2026-02-01", 0.51, 1.51),
        ("2026-03-01", 0.02, 0),
    ]
    with pytest.raises(JobFailed, match="this loan never ends"):
        client.job("loan", {"payment": 1}).result()


def test_birthdays_are_shared_as_often_as_is_known(client: Client) -> None:
    found = client.job("birthdays", {"trials": 20_000}).result()
    assert found["exact"] == pytest.approx(0.507297, abs=1e-6)  # the birthday problem's well-known figure
    assert found["counted"] == pytest.approx(found["exact"], abs=0.03)  # eight standard errors


def test_a_quarter_of_the_equator_is_as_long_as_it_is(client: Client) -> None:
    stops = [{"name": "a", "latitude": 0, "longitude": 0}, {"name": "b", "latitude": 0, "longitude": 90}]
    found = client.job("route", {"stops": stops, "back_home": True, "speed": {"knots": 10}}).result()
    assert [leg["km"] for leg in found["legs"]] == [pytest.approx(10007.5, abs=0.1)] * 2
    assert found["hours"] == pytest.approx(2 * 10007.5 / 1.852 / 10, abs=0.1)


def test_words_are_counted_into_a_file(client: Client, server: LongshoreServer) -> None:
    found = client.job("words", {"text": "Sea, sea, the calm sea", "longer_than": 2}).result()
    assert (found["words"], found["different"]) == (5, 3)
    assert httpx.get(f"{server.url}{found['file']}").text.split() == ["word,count", "sea,3", "the,1", "calm,1"]


def test_a_dataset_is_summed_up(client: Client) -> None:
    table = client.upload(b"name,price\nAnn,1\nBob,\n", name="prices.csv")
    found = client.job("dataset_summary", {"session_id": table.session_id}).result()
    assert [(each["column"], each["missing"]) for each in found] == [("name", 0), ("price", 1)]
