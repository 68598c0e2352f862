"""The table service's older client: how it speaks, and what it reads."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from support.server import LongshoreServer
from support.sockets import Listener
from support.waiting import eventually

TABLE = (
    b"name,size,when,is_new,part\nmole,1.5,2024-01-02,true,a b\npier,,2024-01-04,false,a c\nquay,4.5,2024-01-09,true,\n"
)


@pytest.fixture
def session(shared_server: LongshoreServer) -> str:
    answer = httpx.post(f"{shared_server.url}/upload", files={"file": ("t.csv", TABLE)}, timeout=60).json()
    return str(answer["sessionID"])


@pytest.fixture
def client(shared_server: LongshoreServer) -> Iterator[Listener]:
    listener = Listener(shared_server.url)
    yield listener
    listener.close()


def column(client: Listener, session: str, index: int) -> list[Any]:
    window = {"rowIndexFrom": 0, "rowIndexTo": 9, "columnIndexFrom": index, "columnIndexTo": index}
    return [row[0] for row in client.ask("data", session, **window)["data"]["data"]]


def test_a_null_is_not_given_either(client: Listener, session: str) -> None:
    window = {"rowIndexFrom": 0, "rowIndexTo": 0, "columnIndexFrom": 1, "columnIndexTo": 1}
    nulls = dict.fromkeys(("sortAscending", "searchIsRegex", "outliersStdDev", "filterType", "sortColumn"))
    assert client.ask("data", session, **window, **nulls, sortColumnIndex=1)["data"]["data"] == [[1.5]]
    assert client.ask("interpolate", session, columnIndex=1, method=None)["success"]
    refused = client.ask("renameColumn", session, column="size", newName=None)
    assert (refused["success"], refused["error"]) == (False, "InvalidRequest")


@pytest.mark.parametrize("nothing", ["null", "undefined", ""])
def test_fields_that_hold_nothing_were_not_given(shared_server: LongshoreServer, nothing: str) -> None:
    fields = dict.fromkeys(("seed", "sampleSize", "initialSkip", "headerIncluded", "sheet", "delimiter"), nothing)
    answer = httpx.post(f"{shared_server.url}/upload/", data=fields, files={"file": ("t.csv", TABLE)}, timeout=60)
    assert (answer.status_code, answer.json()["success"], answer.json()["rows"]) == (200, True, 3)


def test_the_older_address_tells_of_failures_in_its_body(shared_server: LongshoreServer) -> None:
    for files, data, code in (
        ({}, {"x": "1"}, "InvalidRequest"),
        ({"file": ("t.csv", b"")}, {}, "InvalidValue"),
        ({"file": ("t.csv", TABLE)}, {"seed": "many"}, "InvalidRequest"),
    ):
        older, newer = (
            httpx.post(f"{shared_server.url}{path}", files=files or None, data=data, timeout=60)
            for path in ("/upload/", "/upload")
        )
        assert (older.status_code, older.json()["success"], older.json()["error"]) == (200, False, code)
        assert older.json()["errorDescription"]
        assert 400 <= newer.status_code < 500
        assert newer.json()["error"] == code


def test_an_answer_is_called_as_it_was_asked(client: Listener, session: str) -> None:
    for name in ("emptyStringToNan", "emptyStringToNaN"):
        acknowledged = client.acknowledged(name, {"sessionID": session, "requestID": name, "columnIndex": 0})
        assert acknowledged == {"accepted": True, "requestID": name}
        answer = client.wait_for(name, name)
        assert (answer["operation"], answer["success"]) == (name, True)
        assert client.wait_for("dataChanged", name)["operation"] == "emptyStringToNaN"
        refused = client.ask(name, session, columnIndex=99, requestID=f"{name} refused")
        assert (refused["operation"], refused["error"]) == (name, "ColumnNotFound")
    once = {"sessionID": session, "requestID": "again", "columnIndex": 0, "once": True}

    def answers() -> list[str]:
        return [each["operation"] for each in client.events("emptyStringToNan") if each["requestID"] == "again"]

    for times in (1, 2):
        client.client.emit("emptyStringToNan", once)
        eventually(lambda times=times: len(answers()) == times, 20, "an answer each time")
    assert answers() == ["emptyStringToNan"] * 2


@pytest.mark.parametrize(
    ("event", "body"),
    [
        ("interpolate", {"columnIndex": 1, "method": "Linear"}),
        ("interpolate", {"columnIndex": 1, "method": "PCHIP"}),
        ("interpolate", {"columnIndex": 1, "method": "Polynomial", "order": 1}),
        ("interpolate", {"columnIndex": "size", "method": "Time"}),
        ("interpolate", {"columnIndex": 1, "method": "pad"}),
        ("fillWithAverage", {"columnIndex": 1, "metric": "Mean"}),
        ("fillDown", {"columnFrom": "size", "columnTo": "size", "method": "FFILL"}),
        ("discretize", {"columnIndex": 1, "cutMode": "Quantiling", "numberOfBins": 1}),
        ("normalize", {"columnIndex": 1, "rangeStart": 0, "rangeEnd": 2}),
        ("deleteColumns", {"columnIndices": ["size", "part"]}),
        ("deleteColumns", {"columnIndices": [0, "part"]}),
        ("deduplicate", {"columnIndices": ["size", 1, 0], "keep": "Last"}),
        ("keepRows", {"searchQuery": "pier", "searchColumnIndices": [4, "name"], "searchColumns": None}),
        ("sortRows", {"sortBy": [{"columnIndex": "size", "column": None}]}),
        ("combineColumns", {"columnsToCombine": ["name", 4], "seperator": "-"}),
        ("generateDummies", {"columnIndex": "name", "inplace": True}),
    ],
)
def test_spellings_of_changes(client: Listener, session: str, event: str, body: dict[str, Any]) -> None:
    answer = client.ask(event, session, **body)
    assert answer["success"], answer


def test_what_was_meant_stands_in_the_history(client: Listener, session: str, shared_server: LongshoreServer) -> None:
    client.ask("interpolate", session, columnIndex="size", method="Values")
    client.ask("normalize", session, column="size", rangeStart=0, rangeEnd=2)
    steps = httpx.get(f"{shared_server.url}/api/v1/datasets/{session}/history").json()["steps"]
    assert [step["parameters"] for step in steps if step["operation"] in ("interpolate", "normalize")] == [
        {"column": "size", "method": "linear"},
        {"column": "size", "rangeFrom": 0.0, "rangeTo": 2.0},
    ]
    assert column(client, session, 1) == [0.0, 1.0, 2.0]


@pytest.mark.parametrize("given", [{"rangeStart": 0, "rangeFrom": 0}, {"rangeStrat": 0}])
def test_a_spelling_is_given_once_and_right(client: Listener, session: str, given: dict[str, Any]) -> None:
    assert client.ask("normalize", session, columnIndex=1, **given)["error"] == "InvalidRequest"


@pytest.mark.parametrize(
    "view",
    [
        {"filterType": "Invalid", "filterColumnIndices": ["size"]},
        {"searchQuery": "pier", "searchColumnIndices": ["name"]},
        {"searchQuery": "pier", "searchColumnIndices": [0]},
        {"filterType": "invalid", "filterColumnIndices": [1, "size"]},
        {"searchQuery": "pier", "searchColumnIndices": ["size", 0], "searchColumns": None},
    ],
)
def test_spellings_of_views(client: Listener, session: str, view: dict[str, Any]) -> None:
    found = client.ask("metadata", session, **view)
    assert found["dataSize"]["rows"] == 1, found


def test_a_view_is_sorted_by_a_name(client: Listener, session: str) -> None:
    window = {"rowIndexFrom": 0, "rowIndexTo": 9, "columnIndexFrom": 0, "columnIndexTo": 0}
    found = client.ask("data", session, sortColumnIndex="when", sortAscending=False, **window)
    assert found["data"]["index"] == [2, 1, 0]
    found = client.ask("data", session, sortColumnIndex="when", sortColumn=None, sortAscending=False, **window)
    assert found["data"]["index"] == [2, 1, 0]


def test_a_page_reaches_from_a_name_to_a_name(client: Listener, session: str, shared_server: LongshoreServer) -> None:
    rows = {"rowIndexFrom": 0, "rowIndexTo": 0}
    found = client.ask("data", session, columnIndexFrom="size", columnIndexTo="is_new", **rows)
    assert found["data"]["columns"] == ["size", "when", "is_new"]
    assert client.ask("data", session, columnIndexFrom=0, columnIndexTo="nope", **rows)["error"] == "ColumnNotFound"
    assert client.ask("data", session, columnIndexFrom=True, columnIndexTo=1, **rows)["error"] == "InvalidRequest"
    address = f"{shared_server.url}/api/v1/datasets/{session}/rows"
    window = {"columnIndexFrom": "1", "columnIndexTo": "when", "filterType": "INVALID"}
    found = httpx.get(address, params={**rows, **window, "filterColumnIndices": ["1", "size"]}).json()
    assert (found["data"]["columns"], len(found["data"]["index"])) == (["size", "when"], 1)
    assert httpx.get(address, params={**rows, **window, "columnIndexFrom": "9" * 500}).status_code == 422


def test_a_list_of_both_stands_in_a_recipe(client: Listener, session: str, shared_server: LongshoreServer) -> None:
    assert client.ask("deleteColumns", session, columnIndices=[0, "part"])["success"]
    recipe = httpx.get(f"{shared_server.url}/api/v1/datasets/{session}/recipe").raise_for_status().json()
    assert [(each["name"], each["index"]) for each in recipe["steps"][0]["columns"]] == [("name", 0), ("part", 4)]
    sent = {"file": ("b.csv", "part,x,name\na,2,b\n")}
    other = httpx.post(f"{shared_server.url}/upload", files=sent).raise_for_status().json()["sessionID"]
    replayed = client.ask("applyRecipe", other, recipe=recipe)
    assert replayed["success"], replayed
    assert client.ask("metadata", other)["columns"] == ["x"]


def test_how_a_file_is_read_in_any_case(client: Listener, shared_server: LongshoreServer) -> None:
    sent = {"file": ("d.csv", "day,n\n1/2/2001,1\n3/4/2001,2\n")}
    answer = httpx.post(f"{shared_server.url}/upload", files=sent, data={"dateOrder": "DMY"}).raise_for_status().json()
    window = {"rowIndexFrom": 0, "rowIndexTo": 0, "columnIndexFrom": 0, "columnIndexTo": 0}
    assert client.ask("data", answer["sessionID"], **window)["data"]["data"] == [["2001-02-01"]]
    cell = f"{shared_server.url}/api/v1/datasets/{answer['sessionID']}/cells/0"
    assert httpx.get(f"{cell}/day", params={"by": "Name"}).raise_for_status().json()["column"] == "day"


@pytest.mark.parametrize(
    "chart",
    [
        {"type": "Histogram", "columnIndices": ["size"]},
        {"type": "Scatter", "xColumnIndex": "size", "yColumnIndices": ["size"]},
        {"type": "date", "options": {"xColumnIndex": "when", "yColumnIndices": ["size"]}},
        {"type": "frequency", "columnIndex": "is_new"},
    ],
)
def test_spellings_of_charts(client: Listener, session: str, chart: dict[str, Any]) -> None:
    found = client.ask("visualize", session, format="VEGA-LITE", **chart)
    assert found["success"], found
    assert found["spec"]


def test_a_cutoff_beyond_what_is_shown_is_clipped_with_a_warning(client: Listener, session: str) -> None:
    body = {"type": "frequency", "columnIndex": 0, "format": "vega-lite", "timestamp": 5}
    found = client.ask("visualize", session, options={"cutoff": 100}, **body)
    assert [each["code"] for each in found["warnings"]] == ["Clipped", "FieldIgnored"]
    assert "at most 50" in found["warnings"][0]["message"]
    assert client.ask("visualize", session, cutoff=0, **body)["error"] == "InvalidRequest"
    assert "warnings" not in client.ask("visualize", session, type="frequency", columnIndex=0, format="vega-lite")


def test_types_for_clients_that_know_four(client: Listener, session: str) -> None:
    info = client.ask("metadata", session)["columnInfo"]
    assert {name: (about["dataType"], about["compatType"]) for name, about in info.items()} == {
        "name": ("string", "string"),
        "size": ("float", "float"),
        "when": ("date", "datetime"),
        "is_new": ("boolean", "string"),
        "part": ("string", "string"),
    }
    assert client.ask("changeColumnDataType", session, column="when", newDataType="datetime")["success"]
    assert client.ask("changeColumnDataType", session, column="is_new", newDataType="string")["success"]
    info = client.ask("metadata", session)["columnInfo"]
    assert (info["when"]["dataType"], info["is_new"]["dataType"]) == ("datetime", "string")


@pytest.mark.parametrize(
    ("spelling", "kind"),
    [("<f4", "float"), (">f8", "float"), ("f", "float"), ("U10", "string"), ("|S5", "string"), ("O", "string")],
)
def test_types_as_numpy_spells_them(client: Listener, session: str, spelling: str, kind: str) -> None:
    assert client.ask("changeColumnDataType", session, column="size", newDataType=spelling)["success"]
    assert client.ask("metadata", session)["columnInfo"]["size"]["dataType"] == kind


@pytest.mark.parametrize(("spelling", "kind"), [("M8[D]", "date"), ("M8[ns]", "datetime"), ("datetime64", "datetime")])
def test_moments_as_numpy_spells_them(client: Listener, session: str, spelling: str, kind: str) -> None:
    assert client.ask("changeColumnDataType", session, column="when", newDataType=spelling)["success"]
    assert client.ask("metadata", session)["columnInfo"]["when"]["dataType"] == kind


@pytest.mark.parametrize(
    "spelling", ["c8", "i4,i4", "V8", "m8[s]", "money", "U" * 100, "M8[D/0]", "datetime64[ns/0]", "\x00"]
)
def test_types_that_are_none_here(client: Listener, session: str, spelling: str) -> None:
    assert client.ask("changeColumnDataType", session, column="size", newDataType=spelling)["error"] == "InvalidType"


def test_the_most_frequent_words_are_always_a_list(client: Listener, session: str) -> None:
    assert client.ask("analyze", session, column="part")["word_mode"] == ["a"]
    assert client.ask("analyze", session, column="name")["word_mode"] == []


def test_a_range_that_is_named_stands_in_a_recipe(
    client: Listener, session: str, shared_server: LongshoreServer
) -> None:
    assert client.ask("fillDown", session, columnFrom="size", columnTo="is_new")["success"]
    base = f"{shared_server.url}/api/v1/datasets/{session}"
    recipe = httpx.get(f"{base}/recipe").raise_for_status().json()
    assert [each["name"] for each in recipe["steps"][0]["columns"]] == ["size", "is_new", "when"]
    assert client.ask("dropStep", session, version=1)["success"]
