"""Join, append and aggregate as clients meet them: Socket.IO, REST and the Python client on a whole server."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import polars as pl
import psutil
import pytest

from longshore.client import Client
from longshore.errors import InvalidType, SessionNotFound, TooLarge
from support.server import LongshoreServer
from support.sockets import Listener
from support.waiting import eventually

pytestmark = pytest.mark.processes

PEOPLE = b"name,city\nAda,Rome\nBob,Oslo\nCid,\n"
CITIES = b"city,land\nRome,Italy\nOslo,Norway\nBonn,Germany\n"
Connect = Callable[[], Listener]


@pytest.fixture
def client(shared_server: LongshoreServer) -> Iterator[Client]:
    with Client(shared_server.url, user="ada") as made:
        yield made


def test_the_python_client(client: Client) -> None:
    people, cities = client.upload(PEOPLE, name="people.csv"), client.upload(CITIES, name="cities.csv")
    told = people.join(other_session_id=cities, keys=[{"column": "city", "other_column": "city"}])
    assert (told["matched"], told["unmatched"]) == (2, 1)
    assert people.rows(0, 1) == [{"name": "Ada", "city": "Rome", "land": "Italy"}]
    assert people.append_file(other_session_id=cities.session_id, new_columns=False)["added"] == 3
    recipe = people.recipe()
    assert cities.session_id not in json.dumps([recipe, people.history()])
    again = client.upload(PEOPLE, name="again.csv")
    with pytest.raises(SessionNotFound, match=r"'cities\.csv'"):
        again.apply_recipe(recipe)
    assert again.apply_recipe(recipe, sources={"cities.csv": cities})["applied"] == 2
    assert again.rows() == people.rows()
    people.drop_step(2)
    assert len(people.rows()) == 3
    people.undo()
    assert len(people.rows()) == 6
    lands = people.aggregate(["land"], [{"column": "name", "function": "first", "new_name": "who"}], count_rows=True)
    assert lands.rows() == [
        {"land": "Italy", "rows": 2, "who": "Ada"},
        {"land": "Norway", "rows": 2, "who": "Bob"},
        {"land": None, "rows": 1, "who": "Cid"},
        {"land": "Germany", "rows": 1, "who": None},
    ]
    assert people.session_id not in json.dumps([lands.history(), lands.metadata()])
    assert lands.history()[0]["sentence"] == "Aggregated 6 rows of people.csv by land"
    with pytest.raises(InvalidType):
        people.aggregate([], [{"column": "name", "function": "mean"}])
    many = client.upload(b"k\n" + b"1\n" * 2000, name="many.csv")
    with pytest.raises(TooLarge, match="4,000,000 rows"):
        many.join(other_session_id=many, keys=[{"column": "k"}])


def test_a_script_of_a_join_runs_with_the_exported_other(client: Client, tmp_path: Path) -> None:
    people, cities = client.upload(PEOPLE, name="people.csv"), client.upload(CITIES, name="cities.csv")
    people.join(other_session_id=cities, keys=[{"column": "city"}])
    people.append_file(other_session_id=people)
    (tmp_path / "people.csv").write_bytes(PEOPLE)
    cities.export(tmp_path / "cities.csv")
    cities.delete()
    script = people.script()
    assert cities.session_id not in script
    assert people.session_id not in script
    (tmp_path / "clean.py").write_text(script)
    command = [sys.executable, "-I", "clean.py", "--other-file", "cities.csv", "people.csv", "out.parquet"]
    subprocess.run(command, cwd=tmp_path, check=True)
    assert pl.read_parquet(tmp_path / "out.parquet").to_dicts() == people.rows()


def test_socket_io(connect: Connect, client: Client) -> None:
    people, cities = (client.upload(b, name="t.csv").session_id for b in (PEOPLE, CITIES))
    listener, neighbour = connect(), connect()
    neighbour.ask("metadata", cities)
    answer = listener.ask("join", people, otherSessionID=cities, keys=[{"column": "city"}], how="outer")
    assert (answer["success"], answer["rowsAfter"], answer["version"]) == (True, 4, 1)
    appended = listener.ask("appendFile", people, otherSessionID="itself")
    assert (appended["success"], appended["added"]) == (True, 4)
    made = listener.ask("aggregate", people, by=["city"], aggregates=[])
    assert (made["success"], made["rows"]) == (True, 4)
    assert listener.ask("metadata", made["newSessionID"])["columns"] == ["city", "rows"]
    refused = listener.acknowledged(
        "join", {"sessionID": people, "requestID": 1, "otherSessionID": "0" * 30, "keys": [{"column": "city"}]}
    )
    assert (refused["accepted"], refused["error"]) == (False, "SessionNotFound")
    assert refused["errorDescription"].startswith("otherSessionID: ")
    neighbour.ask("metadata", cities)
    assert neighbour.events("dataChanged") == [], "the other dataset was only read"


def test_rest(client: Client, shared_server: LongshoreServer) -> None:
    people, cities = client.upload(PEOPLE, name="p.csv"), client.upload(CITIES, name="c.csv")
    base = f"{shared_server.url}/api/v1/datasets/{people.session_id}"
    body = {"otherSessionID": cities.session_id, "keys": [{"column": "city"}], "how": "inner"}
    assert httpx.post(f"{base}/operations/join", json=body).json()["changed"]["rows"] == -1
    cities.delete()
    gone = httpx.post(f"{base}/operations/appendFile", json={"otherSessionID": cities.session_id})
    assert (gone.status_code, gone.json()["error"]) == (404, "SessionNotFound")
    made = httpx.post(f"{base}/aggregate", json={"by": ["land"]})
    assert (made.status_code, made.json()["rows"]) == (200, 2)
    wrong = httpx.post(f"{base}/aggregate", json={"aggregates": [{"column": "land", "function": "mean"}]})
    assert (wrong.status_code, wrong.json()["error"]) == (422, "InvalidType")
    paths = httpx.get(f"{shared_server.url}/api/v1/openapi.json").json()["paths"]
    assert "/api/v1/datasets/{session_id}/aggregate" in paths


def test_only_who_asked_learns_the_new_datasets_id(client: Client, shared_server: LongshoreServer) -> None:
    people = client.upload(PEOPLE, name="p.csv")
    with httpx.Client(base_url=shared_server.url) as http:
        address = f"/api/v1/datasets/{people.session_id}/aggregate?wait=false"
        request = http.post(address, json={"by": ["city"]}, headers={"Uid": "me"}).json()["request"]

        def answer(user: str) -> Any:
            done = eventually(lambda: (a := http.get(request, headers={"Uid": user})).status_code == 200 and [a], 30)
            return done[0].json()

        mine, others = answer("me"), answer("another")
        assert len(client.dataset(mine["newSessionID"]).rows()) == 3
        assert others == {key: value for key, value in mine.items() if key != "newSessionID"}


def test_two_datasets_joined_to_each_other_at_once(client: Client, shared_server: LongshoreServer) -> None:
    left, right = client.upload(PEOPLE, name="l.csv"), client.upload(CITIES, name="r.csv")
    failures: list[BaseException] = []

    def join(session: str, other: str) -> None:
        try:
            with Client(shared_server.url) as own:
                for _ in range(5):
                    own.dataset(session).join(other_session_id=other, keys=[{"column": "city"}], columns=["city"])
        except BaseException as error:
            failures.append(error)

    pairs = [(left.session_id, right.session_id), (right.session_id, left.session_id)]
    threads = [threading.Thread(target=join, args=pair) for pair in pairs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert [len(each.history()) for each in (left, right)] == [6, 6]


def test_a_task_process_killed_in_the_middle_of_an_aggregate(server: LongshoreServer) -> None:
    content = b"k,v,t\n" + b"".join(b"%d,%d,t%d\n" % (n % 300_007, n, n) for n in range(1_500_000))
    with Client(server.url) as client:
        dataset = client.upload(content, name="t.csv")
        known = {path.name for path in (server.storage / "datasets").iterdir()}
        functions = ["mode", "median", "countDistinct", "first", "last"]
        aggregates = [{"column": column, "function": f} for column in ("v", "k") for f in functions]
        accepted = client.request(
            "POST", f"/api/v1/datasets/{dataset.session_id}/aggregate", params={"wait": "false"},
            json={"by": ["k"], "aggregates": [*aggregates, {"column": "t", "function": "mode"}]},
        )  # fmt: skip
        kill_writer(server, dataset.session_id, known)
        answer = eventually(
            lambda: (a := client.request("GET", accepted["request"])).get("newSessionID") and a, 90, "the aggregate"
        )
        assert (answer["success"], answer["rows"]) == (True, 300_007)
        made = client.dataset(answer["newSessionID"])
        assert made.rows(0, 1)[0]["v_first"] == 0
        new = {path.name for path in (server.storage / "datasets").iterdir()} - known
        assert new == {made.session_id}, "one new dataset, however often it was begun"
        assert look(server, "SELECT attempts FROM mailbox WHERE operation = 'aggregate'") == 2
        assert [path.suffix for path in (server.storage / "datasets" / made.session_id).iterdir()] == [".parquet"]


def kill_writer(server: LongshoreServer, session_id: str, known: set[str]) -> None:
    """Kill -9 the task process that has begun the new dataset: its folder is there, and it holds the lease."""

    def holder() -> str | None:
        if not {path.name for path in (server.storage / "datasets").iterdir()} - known:
            return None
        return look(server, "SELECT lease_owner FROM datasets WHERE id = ?", session_id)

    psutil.Process(int(eventually(holder, 30, "a worker at work").rsplit("/", 4)[1])).kill()


def look(server: LongshoreServer, query: str, *values: str) -> Any:
    """One value of the server's database."""
    with closing(sqlite3.connect(server.storage / "longshore.db")) as connection:
        return connection.execute(query, values).fetchone()[0]
