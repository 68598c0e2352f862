"""The contract on Socket.IO, spoken by a real client to a whole server."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from support.server import LongshoreServer
from support.sockets import Listener
from support.waiting import eventually

pytestmark = pytest.mark.processes

CSV = b"name,price,when\nAda,1.5,2020-01-02\nBob,,2020-01-03\nCyd,3,\nDan,1.5,2020-01-05\n"
Connect = Callable[[], Listener]


def upload(url: str, content: bytes = CSV, name: str = "t.csv", **fields: Any) -> str:
    answer = httpx.post(f"{url}/upload", files={"file": (name, content)}, data=fields, timeout=60)
    assert answer.status_code == 200, answer.text
    return str(answer.json()["sessionID"])


@pytest.fixture
def session(shared_server: LongshoreServer) -> str:
    return upload(shared_server.url)


def test_metadata(connect: Connect, session: str) -> None:
    answer = connect().ask("metadata", session)
    assert answer["success"] is True
    assert answer["operation"] == "metadata"
    assert answer["sessionID"] == session
    assert (answer["undoAvailable"], answer["redoAvailable"], answer["version"]) == (False, False, 0)
    assert answer["dataSize"] == {"rows": 4, "columns": 3}
    assert answer["columns"] == ["name", "price", "when"]
    assert answer["columnInfo"]["price"] == {
        "index": 1,
        "dataType": "float",
        "compatType": "float",
        "invalidValues": 1,
    }
    assert answer["columnInfo"]["when"] == {
        "index": 2,
        "dataType": "date",
        "compatType": "datetime",
        "invalidValues": 1,
    }


def test_data(connect: Connect, session: str) -> None:
    window = {"rowIndexFrom": 1, "rowIndexTo": 99, "columnIndexFrom": 0, "columnIndexTo": 1}
    answer = connect().ask("data", session, **window)
    assert answer["data"] == {
        "index": [1, 2, 3],
        "columns": ["name", "price"],
        "data": [["Bob", None], ["Cyd", 3.0], ["Dan", 1.5]],
    }
    whole = {"rowIndexFrom": 0, "rowIndexTo": 9, "columnIndexFrom": 0, "columnIndexTo": 9}
    sorted_down = connect().ask("data", session, **whole, sortColumnIndex=1, sortAscending=False)
    assert sorted_down["data"]["index"] == [2, 0, 3, 1]
    missing = connect().ask("data", session, **whole, filterType="invalid", filterColumnIndices=[1])
    assert missing["data"]["data"] == [["Bob", None, "2020-01-03"]]
    found = connect().ask("metadata", session, searchQuery="1.5", searchColumnIndices=[1])
    assert found["dataSize"]["rows"] == 2


def test_a_change_answers_the_asker_then_tells_the_room_and_can_be_undone(connect: Connect, session: str) -> None:
    asker, watcher, stranger = connect(), connect(), connect()
    watcher.ask("metadata", session)
    answer = asker.ask("fillWithAverage", session, columnIndex=1, metric="mean")
    assert answer["success"] is True
    assert answer["version"] == 1
    news = watcher.wait_for("dataChanged", answer["requestID"])
    assert news == {
        "sessionID": session, "requestID": answer["requestID"], "operation": "fillWithAverage", "version": 1,
    }  # fmt: skip
    asker.wait_for("dataChanged", answer["requestID"])
    order = [event for event, _ in asker.received if event in {"fillWithAverage", "dataChanged"}]
    assert order == ["fillWithAverage", "dataChanged"]
    assert watcher.events("fillWithAverage") == []
    assert stranger.events("dataChanged") == []
    assert asker.ask("metadata", session)["columnInfo"]["price"]["invalidValues"] == 0
    assert asker.ask("undo", session)["version"] == 0
    after = asker.ask("metadata", session)
    assert after["columnInfo"]["price"]["invalidValues"] == 1
    assert (after["undoAvailable"], after["redoAvailable"]) == (False, True)
    assert asker.ask("redo", session)["version"] == 1


def test_the_acknowledgement(connect: Connect, session: str) -> None:
    client = connect()
    assert client.acknowledged("undo", {"sessionID": session, "requestID": "q1"}) == {
        "accepted": True, "requestID": "q1",
    }  # fmt: skip
    refused = client.acknowledged("deleteRows", {"sessionID": session, "requestID": 7, "rowIndices": "all"})
    assert refused["accepted"] is False
    assert refused["error"] == "InvalidRequest"
    assert "rowIndices" in refused["errorDescription"]
    event = client.wait_for("deleteRows", 7)
    assert (event["success"], event["error"]) == (False, "InvalidRequest")


UNKNOWN = "0123456789abcdef0123456789abcd"
BAD = [
    ("metadata", {"sessionID": UNKNOWN}, "SessionNotFound"),
    ("metadata", {"sessionID": "../../etc/passwd"}, "SessionNotFound"),
    ("metadata", {"sessionID": 5}, "InvalidRequest"),
    ("metadata", {}, "InvalidRequest"),
    ("metadata", [], "InvalidRequest"),
    ("metadata", "junk", "InvalidRequest"),
    ("metadata", None, "InvalidRequest"),
    ("makeCoffee", {"sessionID": "SESSION"}, "InvalidRequest"),
    ("data", {"sessionID": "SESSION"}, "InvalidRequest"),
    ("data", {"sessionID": "SESSION", "rowIndexFrom": True, "rowIndexTo": 1, "columnIndexFrom": 0, "columnIndexTo": 1},
     "InvalidRequest"),
    ("metadata", {"sessionID": "SESSION", "filterType": "odd", "filterColumnIndices": [0]}, "InvalidRequest"),
    ("metadata", {"sessionID": "SESSION", "filterType": "invalid", "filterColumnIndices": [99]}, "ColumnNotFound"),
    ("metadata", {"sessionID": "SESSION", "searchQuery": "(", "searchColumnIndices": [0], "searchIsRegex": True},
     "InvalidPattern"),
    ("metadata", {"sessionID": "SESSION", "filterType": "outliers", "filterColumnIndices": [0]}, "InvalidType"),
    ("renameColumn", {"sessionID": "SESSION", "column": "nam", "newName": "x"}, "ColumnNotFound"),
    ("renameColumn", {"sessionID": "SESSION", "column": "name", "newName": "price"}, "NameTaken"),
    ("renameColumn", {"sessionID": "SESSION", "column": "name"}, "InvalidRequest"),
    ("newCellValue", {"sessionID": "SESSION", "columnIndex": 1, "rowIndex": 0, "newValue": "much"}, "InvalidValue"),
    ("newCellValue", {"sessionID": "SESSION", "columnIndex": 1, "rowIndex": 99, "newValue": 1}, "RowNotFound"),
    ("newCellValue", {"sessionID": "SESSION", "columnIndex": 1, "rowIndex": 0, "newValue": {"a": 1}}, "InvalidRequest"),
    ("deleteRows", {"sessionID": "SESSION", "rowIndices": [-1]}, "RowNotFound"),
    ("deleteColumns", {"sessionID": "SESSION", "columnIndices": [True]}, "InvalidRequest"),
    ("fillWithAverage", {"sessionID": "SESSION", "columnIndex": 0, "metric": "mean"}, "InvalidType"),
    ("changeColumnDataType", {"sessionID": "SESSION", "column": "name", "newDataType": "thing"}, "InvalidType"),
    ("findReplace", {"sessionID": "SESSION", "columnIndex": 0, "toReplace": ["("], "replaceWith": [""],
     "matchRegex": True}, "InvalidPattern"),
    ("undo", {"sessionID": "SESSION"}, "IllegalOperation"),
    ("undo", {"sessionID": "SESSION", "operation": "redo"}, "InvalidRequest"),
    ("connect", {"sessionID": "SESSION"}, None),
    ("disconnect", {"sessionID": "SESSION"}, None),
]  # fmt: skip


def test_bad_requests_get_the_contracts_errors_and_the_connection_stays_up(connect: Connect, session: str) -> None:
    client = connect()
    for number, (event, body, code) in enumerate(BAD):
        if isinstance(body, dict):
            body = {key: session if value == "SESSION" else value for key, value in body.items()}
            body["requestID"] = number
        client.client.emit(event, body)
        if code is None:
            continue
        answer = client.wait_for(event, number if isinstance(body, dict) else None, success=False, error=code)
        assert len(answer["errorDescription"]) > 10
        assert "Traceback" not in answer["errorDescription"]
    assert client.ask("metadata", session)["version"] == 0, "nothing was changed by any of them"


@pytest.mark.parametrize("transport", ["websocket", "polling"])
def test_a_message_of_30_megabytes_is_refused_and_the_connection_stays_up(
    shared_server: LongshoreServer, session: str, transport: str
) -> None:
    client = Listener(shared_server.url, (transport,))
    try:
        body = {"sessionID": session, "requestID": "big", "columnIndex": 0, "rowIndex": 0, "newValue": "x" * 30_000_000}
        refused = client.acknowledged("newCellValue", body, seconds=60)
        assert (refused["accepted"], refused["error"], refused["requestID"]) == (False, "InvalidRequest", "big")
        assert client.wait_for("newCellValue", "big")["error"] == "InvalidRequest"
        assert client.ask("metadata", session)["success"]
        assert client.events("limits") == [{"maxMessageBytes": 1_000_000}]
    finally:
        client.close()


def test_a_connection_that_begins_by_polling_goes_over_to_a_websocket(
    shared_server: LongshoreServer, session: str
) -> None:
    client = Listener(shared_server.url, ("polling", "websocket"))
    try:
        eventually(lambda: client.client.transport() == "websocket", 20, "the websocket")
        assert client.ask("metadata", session)["success"]
    finally:
        client.close()


def test_binary_and_malformed_packets_are_survived(connect: Connect, session: str) -> None:
    client = connect()
    client.client.emit("newCellValue", {"sessionID": session, "requestID": "b", "newValue": b"\x00\xff"})
    assert client.wait_for("newCellValue", "b", success=False)["error"] == "InvalidRequest"
    for packet in ("2[]", '2[{"a":1}]', "2[5]", "2{", "9", "2", "", '2["metadata"', "4"):
        client.client.eio.send(packet)
    assert client.ask("metadata", session)["success"]


@pytest.mark.parametrize("value", ["[" * 100_000 + "]" * 100_000, '{"a":' * 5000 + "1" + "}" * 5000, "[1", "nul"])
def test_what_cannot_be_read_is_answered_in_our_words(connect: Connect, session: str, value: str) -> None:
    client = connect()
    client.client.eio.send(f'2["newCellValue",{{"requestID":"deep","newValue":{value}}}]')
    answer = client.wait_for("newCellValue", "deep", success=False)
    assert answer["error"] == "InvalidRequest"
    assert "nested deeper than 200" in answer["errorDescription"] or "not valid JSON" in answer["errorDescription"]
    assert client.ask("metadata", session)["success"]


def test_two_clients_firing_200_changes_each_from_several_threads(connect: Connect, session: str) -> None:
    clients = [connect(), connect()]

    def fire(client: Listener, first: int) -> None:
        for number in range(first, first + 50):
            body = {"sessionID": session, "requestID": number, "columnIndex": 0, "rowIndex": 1, "newValue": str(number)}
            client.client.emit("newCellValue", body)

    threads = [
        threading.Thread(target=fire, args=(client, 1000 * who + 50 * part))
        for who, client in enumerate(clients)
        for part in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    def all_answered() -> bool:
        return all(len([a for a in client.events("newCellValue") if a["success"]]) == 200 for client in clients)

    eventually(all_answered, 120, "400 answers")
    versions = sorted(answer["version"] for client in clients for answer in client.events("newCellValue"))
    assert versions == list(range(1, 401))
    eventually(lambda: len(clients[0].events("dataChanged")) == 400, 30, "400 news")
    assert [news["version"] for news in clients[0].events("dataChanged")] == versions, "in the order of the commits"
    metadata = clients[0].ask("metadata", session)
    assert metadata["version"] == 400
    assert clients[0].ask("undo", session)["version"] == 399


def test_a_reconnected_client_goes_on_where_it_was(connect: Connect, session: str) -> None:
    first, other = connect(), connect()
    first.ask("renameColumn", session, column="name", newName="who")
    first.close()
    again = connect()
    assert again.ask("metadata", session)["columns"][0] == "who"
    changed = other.ask("undo", session)
    again.wait_for("dataChanged", changed["requestID"])


def test_a_large_read_does_not_hold_up_other_events_of_its_socket(
    connect: Connect, shared_server: LongshoreServer
) -> None:
    lines = "\n".join(f"{n},{'a' * 20}{n}" for n in range(200_000))
    session = upload(shared_server.url, b"n,t\n" + lines.encode())
    client = connect()
    body = {"searchQuery": "(a+)+b", "searchColumnIndices": [1], "searchIsRegex": True}
    client.client.emit("metadata", {"sessionID": session, "requestID": "slow", **body})
    assert client.ask("metadata", session)["dataSize"]["rows"] == 200_000
    client.wait_for("metadata", "slow", seconds=90)


def test_a_change_that_is_sent_again_is_done_once(connect: Connect, session: str) -> None:
    one, other = connect(), connect()
    change = {"columnIndex": 1, "metric": "mean", "requestID": "again", "once": True, "ifVersion": 0}
    first = one.ask("fillWithAverage", session, **change)
    assert first["success"] is True
    again = other.ask("fillWithAverage", session, **change)
    assert again == first
    assert one.ask("metadata", session)["version"] == 1
    late = other.ask("fillWithAverage", session, **{**change, "requestID": "late"})
    assert (late["success"], late["error"]) == (False, "IllegalOperation")
    assert one.ask("metadata", session)["version"] == 1


def test_people_are_called_by_their_names(shared_server: LongshoreServer, session: str) -> None:
    ann = Listener(shared_server.url, headers={"Uid": "Ann"})
    nobody = Listener(shared_server.url)
    try:
        assert ann.wait_for("limits")["user"] == "Ann"
        assert "user" not in nobody.wait_for("limits")
        nobody.ask("metadata", session)
        answer = ann.ask("fillWithAverage", session, columnIndex=1, metric="mean")
        assert nobody.wait_for("presence", here=2)["people"] == ["Ann"]
        news = nobody.wait_for("dataChanged", answer["requestID"])
        assert news["madeBy"] == "Ann"
    finally:
        ann.close()
        nobody.wait_for("presence", here=1, people=[])
        nobody.close()


def test_fields_that_older_clients_send_beside_are_told_and_others_refused(connect: Connect, session: str) -> None:
    client = connect()
    answer = client.ask("fillWithAverage", session, columnIndex=1, metric="mean", timestamp=1)
    assert (answer["success"], [each["code"] for each in answer["warnings"]]) == (True, ["FieldIgnored"])
    read = client.ask("metadata", session, rowIndexFrom=0, rowIndexTo=9)
    assert [each["message"].partition(":")[0] for each in read["warnings"]] == ["rowIndexFrom", "rowIndexTo"]
    assert "warnings" not in client.ask("metadata", session)
    for event, body in (("undo", {"colum": 1}), ("data", {"rowIndexForm": 0}), ("history", {"verbose": True})):
        refused = client.ask(event, session, **body)
        assert (refused["success"], refused["error"]) == (False, "InvalidRequest")
        assert "unknown parameter" in refused["errorDescription"]
    assert client.ask("metadata", session)["version"] == 1


@pytest.mark.parametrize("request_id", [float("nan"), float("inf"), True, {"a": 1}, "x" * 300])
def test_a_request_id_that_no_answer_could_hold_is_refused(connect: Connect, session: str, request_id: Any) -> None:
    client = connect()
    answer = client.acknowledged("undo", {"sessionID": session, "requestID": request_id})
    assert (answer["accepted"], answer["error"]) == (False, "InvalidRequest")
    json.dumps(answer, allow_nan=False)


def test_two_people_whose_clients_number_their_requests_alike(connect: Connect, session: str) -> None:
    ann, bob = connect(), connect()
    about = {"columnIndex": 1, "rowIndex": 0, "requestID": "r1", "once": True}
    assert ann.ask("newCellValue", session, newValue=41, **about)["version"] == 1
    assert bob.ask("newCellValue", session, newValue=42, **about)["version"] == 2
    assert bob.ask("newCellValue", session, newValue=42, **about)["version"] == 2
