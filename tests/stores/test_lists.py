"""List stores over HTTP, on a whole server."""

from __future__ import annotations

import json
import sqlite3
import threading
from typing import Any

import httpx
import pytest

from longshore.errors import SettingsError
from longshore.settings import Settings
from longshore.stores.lists import prepare
from support.server import LongshoreServer
from support.waiting import eventually

pytestmark = pytest.mark.processes


def items(http: httpx.Client, name: str, **headers: str) -> Any:
    return http.get(f"/store/{name}", headers=headers).json()


def test_items_are_appended_and_read_in_order(http: httpx.Client) -> None:
    assert items(http, "things") == []
    assert http.post("/store/things", json={"a": 1, "b": [1, {"c": None}]}).json() == {"id": 1}
    assert http.post("/store/things", json={"a": 2}).json() == {"id": 2}
    answer = http.get("/store/things")
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["cache-control"] == "no-cache"
    assert answer.json() == [{"id": 1, "a": 1, "b": [1, {"c": None}]}, {"id": 2, "a": 2}]
    assert "things" in http.get("/store").json()


@pytest.mark.parametrize("sent", [{"id": 99, "a": 2}, [{"a": 1}, {"id": None}], {"id": "x"}])
def test_an_items_own_id_is_refused_and_nothing_kept(http: httpx.Client, sent: Any) -> None:
    answer = http.post("/store/own", json=sent)
    assert (answer.status_code, answer.json()["error"]) == (400, "InvalidRequest")
    assert "another" in answer.json()["errorDescription"]
    assert items(http, "own") == []


def test_an_item_is_written_back_with_its_number_and_with_no_other(http: httpx.Client) -> None:
    http.post("/store/back", json={"a": 1})
    assert http.post("/store/back/1", json={**http.get("/store/back/1").json(), "a": 2}).status_code == 200
    assert http.post("/store/back/1", json={"id": 2, "a": 3}).status_code == 400
    assert items(http, "back") == [{"id": 1, "a": 2}]


def test_what_json_cannot_hold_is_not_kept(http: httpx.Client) -> None:
    headers = {"Content-Type": "application/json"}
    for document in ('{"bad": 1e999}', '{"bad": NaN}', '{"bad": "\\ud800"}'):
        assert http.post("/store/sound", content=document, headers=headers).status_code == 400
    http.post("/store/sound", json={"a": 1})
    assert items(http, "sound") == [{"id": 1, "a": 1}]


def test_a_list_that_was_poisoned_answers_again(storage: Any) -> None:
    with LongshoreServer(storage) as server, httpx.Client(base_url=server.url, timeout=60) as client:
        client.post("/store/old", json={"a": 1})
        found = [path for path in storage.rglob("*") if path.is_file() and path.read_bytes()[:15] == b"SQLite format 3"]
        for path in found:
            with sqlite3.connect(path) as connection:
                if connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'list_items'").fetchone():
                    connection.execute('UPDATE list_items SET document = \'{"a":Infinity,"b":[NaN]}\'')
        assert client.get("/store/old").json() == [{"id": 1, "a": None, "b": [None]}]
        assert client.post("/store/old/1", json={"c": 1}).status_code == 200
        assert client.get("/store/old/1").json() == {"id": 1, "a": None, "b": [None], "c": 1}


def test_numbers_beyond_all_items_are_no_error(http: httpx.Client) -> None:
    assert http.get(f"/store/things/{10**25}").status_code == 404


def test_form_and_query_data_keep_numbers(http: httpx.Client) -> None:
    http.post("/store/forms?q=7&z=007", data={"n": "1.5", "many": ["1", "x"], "e": "-2e3", "nan": "nan"})
    assert items(http, "forms") == [
        {"id": 1, "q": 7, "z": "007", "n": 1.5, "many": [1, "x"], "e": -2000.0, "nan": "nan"}
    ]


def test_lists_belong_to_users(http: httpx.Client) -> None:
    http.post("/store/mine", json={"x": 1}, headers={"Uid": "ada"})
    assert items(http, "mine", Uid="ada") == [{"id": 1, "x": 1}]
    assert items(http, "mine", Uid="bob") == []
    assert items(http, "mine") == []


def test_merging_into_an_item(http: httpx.Client) -> None:
    http.post("/store/merged", json={"a": 1, "b": 2, "c": 3})
    assert http.post("/store/merged/1", json={"a": 10, "b": None, "d": 4}).json() == {}
    assert http.get("/store/merged/1").json() == {"id": 1, "a": 10, "c": 3, "d": 4}
    http.post("/store/merged/1", data={"c": "null", "e": "5"})
    assert http.get("/store/merged/1").json() == {"id": 1, "a": 10, "d": 4, "e": 5}


def test_merging_makes_an_item_that_is_not_there_and_its_number_is_not_given_again(http: httpx.Client) -> None:
    assert http.post("/store/made/7", json={"a": 1}).json() == {}
    assert http.get("/store/made/7").json() == {"id": 7, "a": 1}
    assert http.post("/store/made", json={"b": 1}).json() == {"id": 8}


def test_what_is_not_there(http: httpx.Client) -> None:
    answer = http.get("/store/absent/3")
    assert (answer.status_code, answer.json()) == (404, {})
    answer = http.get("/store/absent/3?callback=cb")
    assert (answer.status_code, answer.text) == (200, "cb({});")
    assert answer.headers["content-type"] == "application/javascript"
    assert http.delete("/store/absent/3").status_code == 200


def test_deleting_items(http: httpx.Client) -> None:
    for number in range(5):
        http.post("/store/deleted", json={"n": number})
    assert http.delete("/store/deleted/2").json() == {}
    assert http.delete("/store/deleted/1,4,77").status_code == 200
    assert [item["id"] for item in items(http, "deleted")] == [3, 5]
    assert http.post("/store/deleted", json={}).json() == {"id": 6}


def test_many_items_at_once_and_pages_of_them(http: httpx.Client) -> None:
    answer = http.post("/store/bulk", json=[{"n": n} for n in range(1000)]).json()
    assert (answer["ids"][0], answer["ids"][-1], answer["id"]) == (1, 1000, 1000)
    assert [i["n"] for i in http.get("/store/bulk?after=10&limit=3").json()] == [10, 11, 12]
    assert http.post("/store/bulk", json=[{"n": 1}, "no object"]).status_code == 400
    assert len(items(http, "bulk")) == 1000


@pytest.mark.parametrize("body", ['"text"', "5", "null", "{", "", '{"a": NaN}', "[" * 100_000, '{"a": 1} x', "\xff"])
def test_what_is_no_item_is_refused(http: httpx.Client, body: str) -> None:
    for path in ("/store/refused", "/store/refused/1"):
        answer = http.post(path, content=body.encode("latin-1"), headers={"Content-Type": "application/json"})
        assert answer.status_code == 400, answer.text
        assert answer.json()["error"] == "InvalidRequest"
    assert items(http, "refused") == []


@pytest.mark.parametrize("path", ["/store/x/1,a", "/store/x/,", "/store/x/1.5", "/store/x/-1", "/store/x/" + "9" * 20])
def test_what_is_no_number_is_refused(http: httpx.Client, path: str) -> None:
    assert http.delete(path).status_code == 400


@pytest.mark.parametrize(
    "callback", ["a-b", "alert(1)", "1a", "a..b", "", "x" * 300, "a;b", "<script>", "a b", "été", "a\n"]
)
def test_hostile_callbacks(http: httpx.Client, callback: str) -> None:
    answer = http.get("/store/any", params={"callback": callback})
    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/json"


@pytest.mark.parametrize("callback", ["cb", "my.lib.cb", "$", "_x1", "a[0].b"])
def test_callbacks(http: httpx.Client, callback: str) -> None:
    http.post("/store/called", json={"s": "</script>\u2028"})
    answer = http.get("/store/called", params={"callback": callback})
    assert answer.text.startswith(f"{callback}([{{")
    assert answer.text.endswith(");")
    assert "\u2028" not in answer.text
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_events_of_the_lists_are_lines_of_json(http: httpx.Client, storing: LongshoreServer) -> None:
    http.post("/store/told", json={"a": 1}, headers={"Uid": "ada"})
    http.post("/store/told/1", json={"a": 2}, headers={"Uid": "ada"})
    http.delete("/store/told/1", headers={"Uid": "ada"})
    http.post("/message/local_publish", json={"source": "client", "message": {"hello": 1}})
    http.post("/message/local_publish", json={"source": "unwanted", "message": 1})
    lines: list[Any] = []
    while not any(line["source"] == "client" for line in lines):
        text = storing.read_line()
        if text.startswith("{"):
            lines.append(json.loads(text))
    told = [line for line in lines if line["message"].get("store") == "told"]
    assert [line["message"]["action"] for line in told] == ["add", "update", "delete"]
    assert told[0] == {
        "source": "store",
        "message": {"action": "add", "store": "told", "data": {"a": 1, "id": 1}},
        "user_token": "ada",
    }
    assert lines[-1] == {"source": "client", "message": {"hello": 1}, "user_token": "DEFAULT"}


def test_two_hundred_threads_on_one_list(http: httpx.Client, storing: LongshoreServer) -> None:
    failures: list[Any] = []
    numbers: list[int] = []
    http.post("/store/shared/1", json={})

    def work(thread: int) -> None:
        try:
            with httpx.Client(base_url=storing.url, timeout=60) as client:
                for turn in range(3):
                    numbers.append(
                        client.post("/store/crowd", json={"t": thread, "n": turn}).raise_for_status().json()["id"]
                    )
                    client.post("/store/shared/1", json={f"t{thread}": turn}).raise_for_status()
                    client.get("/store/crowd?limit=5").raise_for_status()
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(200)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert sorted(numbers) == list(range(1, 601))
    assert len(items(http, "crowd")) == 600
    assert http.get("/store/shared/1").json() == {"id": 1} | {f"t{thread}": 2 for thread in range(200)}


def test_a_list_becomes_a_dataset_and_back(http: httpx.Client) -> None:
    assert http.post("/store/nothing/promote").status_code == 409
    http.post("/store/source", json=[{"a": n, "b": f"t{n}"} for n in range(30)])
    made = http.post("/store/source/promote").json()
    assert (made["rows"], made["columns"]) == (30, 3)
    answer = http.post("/store/copy/fill", json={"sessionID": made["sessionID"]})
    # An item's id is its number in the list, so the column of that name is called otherwise, and that is told.
    assert answer.json() == {"added": 30, "ids": [1, 30], "renamed": {"id": "id.1"}}
    assert items(http, "copy")[3] == {"id": 4, "id.1": 4, "a": 3, "b": "t3"}
    assert http.post("/store/copy/fill", json={"sessionID": "0" * 30}).status_code == 404
    assert http.post("/store/copy/fill", json={}).status_code == 400


def test_items_survive_a_killed_server(storage: Any) -> None:
    with LongshoreServer(storage) as server:
        with httpx.Client(base_url=server.url, timeout=60) as client:
            for number in range(20):
                client.post("/store/kept", json={"n": number}).raise_for_status()
        server.kill("web server")
        server.wait_until_well()
        answer = eventually(lambda: httpx.get(f"{server.url}/store/kept"))
        assert [item["n"] for item in answer.json()] == list(range(20))


def test_locks_that_this_sqlite_does_not_have_are_told_with_those_it_has(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("longshore.stores.lists._has_vfs", lambda name: name in ("unix", "unix-none"))
    chosen = Settings.from_environment(root_storage_path=settings.root_storage_path, sqlite_vfs="unix-namedsem")
    with pytest.raises(SettingsError, match=r"SQLITE_VFS='unix-namedsem' .* has unix, unix-none"):
        prepare(chosen)
