"""The handshake field by which older clients ask for the table as JSON text."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import httpx
import pytest
import socketio
from socketio.exceptions import ConnectionError as NotConnected

from support.server import LongshoreServer
from support.sockets import Listener

pytestmark = pytest.mark.processes

CSV = 'name,price\n"Ö ""quoted""",1.5\nBob,\n'.encode()
WHOLE = {"rowIndexFrom": 0, "rowIndexTo": 9, "columnIndexFrom": 0, "columnIndexTo": 9}
TABLE = {"index": [0, 1], "columns": ["name", "price"], "data": [['Ö "quoted"', 1.5], ["Bob", None]]}


@pytest.fixture
def session(shared_server: LongshoreServer) -> str:
    answer = httpx.post(f"{shared_server.url}/upload", files={"file": ("t.csv", CSV)}, timeout=60)
    return str(answer.raise_for_status().json()["sessionID"])


@pytest.fixture(params=["query", "auth"])
def reader(request: pytest.FixtureRequest, shared_server: LongshoreServer) -> Iterator[Listener]:
    """A client that asked for text, in either place."""
    in_query = request.param == "query"
    address = f"{shared_server.url}?dataFormat=text" if in_query else shared_server.url
    with closing(Listener(address, auth=None if in_query else {"dataFormat": "Text"})) as listener:
        yield listener


def test_a_client_that_asks_for_text_parses_the_table(reader: Listener, session: str) -> None:
    answer = reader.ask("data", session, **WHOLE)
    assert isinstance(answer["data"], str)
    assert json.loads(answer["data"]) == TABLE
    assert answer["success"] is True


def test_views_that_are_read_beside_the_socket_come_as_text(reader: Listener, session: str) -> None:
    answer = reader.ask("data", session, **WHOLE, searchQuery="Bob")
    assert json.loads(answer["data"])["data"] == [["Bob", None]]


def test_answers_of_other_events_stay_objects(reader: Listener, session: str) -> None:
    assert reader.ask("analyze", session, column="price")["data"]["mean"] == 1.5
    assert reader.ask("metadata", session)["columns"] == ["name", "price"]


def test_others_in_the_room_read_objects(reader: Listener, session: str, shared_server: LongshoreServer) -> None:
    reader.ask("data", session, **WHOLE)
    with closing(Listener(shared_server.url)) as other:
        assert other.ask("data", session, **WHOLE)["data"] == TABLE


def test_what_auth_says_counts_before_the_address(shared_server: LongshoreServer, session: str) -> None:
    with closing(Listener(f"{shared_server.url}?dataFormat=text", auth={"dataFormat": "json"})) as listener:
        assert listener.ask("data", session, **WHOLE)["data"] == TABLE


@pytest.mark.parametrize("asked", ["xml", "", 1, ["text"]])
def test_an_unknown_format_is_refused_with_those_that_there_are(shared_server: LongshoreServer, asked: Any) -> None:
    refusals: list[Any] = []
    client = socketio.Client(reconnection=False)
    client.on("connect_error", refusals.append)
    with pytest.raises(NotConnected):
        client.connect(shared_server.url, auth={"dataFormat": asked}, transports=["websocket"])
    assert "dataFormat is one of json, text" in str(refusals[0])
