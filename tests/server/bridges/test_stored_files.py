"""Datasets of files that lie on the server: by name, within their folders, under the limits of an upload."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from longshore.client import Client
from support.server import LongshoreServer

pytestmark = pytest.mark.processes

TABLE = b"a;b\n1;x\n2;y\n"
LIMIT = 1000


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LongshoreServer]:
    """A whole server with one table in each place, and things beside them that are nobody's."""
    folder = tmp_path_factory.mktemp("stored")
    offered = folder / "offered"
    (offered / "sub").mkdir(parents=True)
    (offered / "sub" / "t.csv").write_bytes(TABLE)
    (offered / ".hidden.csv").write_bytes(TABLE)
    (offered / "large.csv").write_bytes(b"a\n" * LIMIT)
    (folder / "secret.csv").write_bytes(TABLE)
    (offered / "out.csv").symlink_to(folder / "secret.csv")
    os.mkfifo(offered / "pipe.csv")
    with LongshoreServer(folder / "storage", FILES_ROOT=str(offered), MAX_UPLOAD_BYTES=str(LIMIT)) as started:
        httpx.post(f"{started.url}/reports/2024", files={"file": ("t.csv", TABLE)}).raise_for_status()
        httpx.put(f"{started.url}/fs/deep/t.csv", content=TABLE).raise_for_status()
        (started.storage / "partitions" / "out").symlink_to(folder)
        yield started


def ask(server: LongshoreServer, area: object, path: object, **more: object) -> httpx.Response:
    return httpx.post(f"{server.url}/api/v1/imports", json={"area": area, "path": path, **more}, timeout=60)


def uploads(server: LongshoreServer) -> list[Path]:
    return list((server.storage / "uploads").glob("*.upload"))


@pytest.mark.parametrize(
    ("area", "path"), [("offered", "sub/t.csv"), ("partition", "reports/2024/t.csv"), ("path", "deep/t.csv")]
)
def test_a_stored_file_becomes_a_dataset_and_stays(server: LongshoreServer, area: str, path: str) -> None:
    for _ in range(2):
        answer = ask(server, area, path)
        assert answer.status_code == 201, answer.text
        made = answer.json()
        assert (made["rows"], made["columns"]) == (2, 2)
        assert answer.headers["Location"].endswith(made["sessionID"])
        about = httpx.get(f"{server.url}/api/v1/datasets/{made['sessionID']}").json()
        assert (about["name"], about["sourceBytes"]) == ("t.csv", len(TABLE))
    assert uploads(server) == []


def test_it_is_read_with_the_options_of_an_upload(server: LongshoreServer) -> None:
    made = ask(server, "offered", "sub/t.csv", headerIncluded=False, delimiter="x", name="other.csv").json()
    about = httpx.get(f"{server.url}/api/v1/datasets/{made['sessionID']}").json()
    assert (about["name"], about["rows"]) == ("other.csv", 3)
    later = ask(server, "offered", "sub/t.csv", wait=False)
    assert later.status_code == 202
    assert later.json()["request"].startswith("/api/v1/datasets/")


def test_it_can_be_looked_at_before(server: LongshoreServer) -> None:
    asked = {"area": "partition", "path": "reports/2024/t.csv", "headerIncluded": False}
    answer = httpx.post(f"{server.url}/api/v1/imports/look", json=asked, timeout=60)
    assert answer.status_code == 200, answer.text
    found = answer.json()
    assert found["rows"] == [["a", "b"], ["1", "x"], ["2", "y"]]
    assert (found["reading"]["delimiter"], found["dataSize"]) == (";", {"rows": 3, "columns": 2})
    assert uploads(server) == []
    with Client(server.url) as client:
        assert client.look_at_stored("path", "deep/t.csv", initial_skip=1)["dataSize"] == {"rows": 1, "columns": 2}
        assert client.open_stored("offered", "sub/t.csv", initial_skip=1).metadata()["columns"] == ["1", "x"]


@pytest.mark.parametrize(
    ("area", "path"),
    [
        ("offered", "../secret.csv"),
        ("offered", "sub/../../secret.csv"),
        ("offered", "/etc/passwd"),
        ("offered", ".hidden.csv"),
        ("offered", "out.csv"),
        ("offered", "pipe.csv"),
        ("offered", "sub"),
        ("offered", "sub/t.csv\0"),
        ("partition", "../offered/sub/t.csv"),
        ("partition", "reports/../../longshore.db"),
        ("partition", "/etc/passwd"),
        ("partition", "out/secret.csv"),
        ("partition", ".incoming./lock"),
        ("partition", "reports/2024"),
        ("partition", "reports/2024/none.csv"),
        ("partition", "\ud800"),
        ("path", "../longshore.db"),
        ("path", "deep"),
        ("path", "."),
    ],
)
def test_nothing_else_can_be_reached(server: LongshoreServer, area: str, path: str) -> None:
    body = json.dumps({"area": area, "path": path})  # not by the client, which refuses half a surrogate pair
    for address in ("imports", "imports/look"):
        answer = httpx.post(f"{server.url}/api/v1/{address}", content=body)
        assert answer.status_code in (400, 404, 422), answer.text
        assert answer.json()["success"] is False
        assert "secret" not in answer.json()["errorDescription"].replace(path, "")
        assert str(server.storage) not in answer.text
    assert uploads(server) == []


@pytest.mark.parametrize("body", [{}, {"area": "offered"}, {"area": "disk", "path": "x"}, {"area": "path", "path": ""}])
def test_what_is_missing_is_named(server: LongshoreServer, body: dict[str, str]) -> None:
    answer = httpx.post(f"{server.url}/api/v1/imports", json=body)
    assert answer.status_code == 400
    assert "area" in answer.json()["errorDescription"] or "path" in answer.json()["errorDescription"]


def test_the_limit_of_uploads_is_its_limit(server: LongshoreServer) -> None:
    answer = ask(server, "offered", "large.csv")
    assert answer.status_code == 413
    assert "1,000 bytes" in answer.json()["errorDescription"]


def test_an_address_that_works_more_than_once(server: LongshoreServer) -> None:
    asked = {"name": "sub/t.csv", "one_time": "false", "expires_in": "60"}
    address = httpx.post(f"{server.url}/file", params=asked).json()["addr"]
    for _ in range(2):
        assert httpx.get(server.url + address).content == TABLE
    for wrong in ("x", "-1", "0", "nan", "inf", "1e99"):
        answer = httpx.post(f"{server.url}/file", params={**asked, "expires_in": wrong})
        assert answer.status_code in (400, 422), wrong
        assert "expires_in" in answer.json()["errorDescription"]
