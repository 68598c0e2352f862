"""The key-value store over HTTP, and its files."""

from __future__ import annotations

import json
import os
import threading
from pathlib import Path
from typing import Any

import httpx
import pytest

from longshore.errors import InvalidRequest
from longshore.stores.value_routes import check_json
from longshore.stores.values import KeyNotFound, ValueChanged, Values
from support.server import LongshoreServer

pytestmark = pytest.mark.processes


@pytest.mark.parametrize(
    ("body", "content_type"),
    [(b'{"a": [1, 2.50]}', "application/json"), (bytes(range(256)), "application/octet-stream"), (b"", "text/plain"),
     ("größer".encode(), "text/plain; charset=utf-8"), (b"<b>hi</b>", "text/html"), (b"[1]", "application/vnd.x+json")],
)  # fmt: skip
@pytest.mark.parametrize(
    "key", ["simple", "a/b/c", "../../etc/passwd", "ü ber/ß", "a%2Fb", ".hidden", "con", "x" * 500]
)
def test_a_value_comes_back_byte_for_byte(http: httpx.Client, key: str, body: bytes, content_type: str) -> None:
    from urllib.parse import quote

    path = f"/kv/{quote(key, safe='/')}".replace("/../", "/%2e%2e/")
    stored = http.post(path, content=body, headers={"Content-Type": content_type})
    assert stored.status_code == 200, stored.text
    answer = http.get(path)
    assert answer.content == body
    assert answer.headers["content-type"] == content_type
    assert answer.headers["etag"] == stored.headers["etag"]
    assert answer.headers["content-security-policy"] == "sandbox"
    assert http.delete(path).status_code == 200
    answer = http.get(path)
    assert (answer.status_code, answer.json()) == (404, {"message": "no data for key"})
    assert http.delete(path).status_code == 200


def test_forms_become_json(http: httpx.Client) -> None:
    http.post("/kv/form?c=3", data={"a": "1", "b": ["x", "2"]})
    answer = http.get("/kv/form")
    assert answer.headers["content-type"] == "application/json"
    assert answer.json() == {"a": 1, "b": ["x", 2], "c": 3}
    http.post("/kv/form", files={"f": (None, "7")})
    assert http.get("/kv/form").json() == {"f": 7}


@pytest.mark.parametrize("body", [b"{", b"", b"[1] 2", b"{'a': 1}", b'["\xff"]', b'{"a": NaN}', b"[1,]"])
def test_json_that_is_none_is_refused_and_the_old_value_stays(http: httpx.Client, body: bytes) -> None:
    http.post("/kv/json", json={"old": True})
    answer = http.post("/kv/json", content=body, headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()["error"]) == (400, "InvalidRequest")
    assert http.get("/kv/json").json() == {"old": True}


def test_jsonp(http: httpx.Client) -> None:
    http.post("/kv/p", json={"a": 1})
    answer = http.get("/kv/p?callback=cb")
    assert (answer.text.replace(" ", ""), answer.headers["content-type"]) == ('cb({"a":1});', "application/javascript")
    missing = http.get("/kv/none?callback=cb")
    assert (missing.status_code, missing.text) == (200, 'cb({"message": "no data for key"});')
    assert http.get("/kv/p?callback=a-b").status_code == 400
    http.post("/kv/t", content=b"text", headers={"Content-Type": "text/plain"})
    assert http.get("/kv/t?callback=cb").status_code == 400


def test_safe_updates(http: httpx.Client) -> None:
    create = {"If-None-Match": "*"}
    assert http.put("/kv/safe", json=1, headers=create).status_code == 200
    refused = http.put("/kv/safe", json=2, headers=create)
    assert (refused.status_code, refused.json()["error"]) == (412, "IllegalOperation")
    etag = http.get("/kv/safe").headers["etag"]
    assert http.put("/kv/safe", json=3, headers={"If-Match": etag}).status_code == 200
    assert http.put("/kv/safe", json=4, headers={"If-Match": etag}).status_code == 412
    assert http.delete("/kv/safe", headers={"If-Match": etag}).status_code == 412
    assert http.get("/kv/safe").json() == 3
    assert http.put("/kv/unknown", json=1, headers={"If-Match": "*"}).status_code == 412


def test_parts_of_a_value(http: httpx.Client) -> None:
    http.post("/kv/parts", content=bytes(range(100)), headers={"Content-Type": "application/x"})
    answer = http.get("/kv/parts", headers={"Range": "bytes=10-19"})
    assert (answer.status_code, answer.content) == (206, bytes(range(10, 20)))
    head = http.head("/kv/parts")
    assert (head.headers["content-length"], head.content) == ("100", b"")
    assert http.get("/kv/parts", headers={"Range": "bytes=100-"}).status_code == 416


def test_a_hundred_megabytes(http: httpx.Client, tmp_path: Path) -> None:
    big = tmp_path / "big.json"
    with big.open("w") as file:
        file.write("[" + ",".join('"' + "x" * 999_997 + '"' for _ in range(100)) + "]")
    size = big.stat().st_size

    def pieces() -> Any:
        with big.open("rb") as file:
            while piece := file.read(2**20):
                yield piece

    headers = {"Content-Type": "application/json", "Content-Length": str(size)}
    assert http.post("/kv/big", content=pieces(), headers=headers).status_code == 200
    with http.stream("GET", "/kv/big") as answer:
        assert sum(len(piece) for piece in answer.iter_bytes()) == size
    http.delete("/kv/big")


def test_a_broken_body_leaves_the_old_value(http: httpx.Client, storing: LongshoreServer) -> None:
    import socket
    from urllib.parse import urlsplit

    http.post("/kv/broken", json="old")
    parts = urlsplit(storing.url)
    with socket.create_connection((parts.hostname, parts.port)) as connection:
        connection.sendall(
            b"POST /kv/broken HTTP/1.1\r\nHost: localhost\r\n"
            b"Content-Type: text/plain\r\nContent-Length: 1000\r\n\r\nhalf"
        )
    assert http.get("/kv/broken").json() == "old"


def test_no_half_value_is_ever_read(http: httpx.Client, storing: LongshoreServer) -> None:
    http.post("/kv/crowd", json=[0] * 5000)
    failures: list[Any] = []

    def work(number: int) -> None:
        try:
            with httpx.Client(base_url=storing.url, timeout=60) as client:
                for _ in range(3):
                    client.post("/kv/crowd", json=[number] * 5000).raise_for_status()
                    found = client.get("/kv/crowd").raise_for_status().json()
                    if len(found) != 5000 or len(set(found)) != 1:
                        failures.append(found[:3])
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(200)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []


def test_counters_under_if_match_lose_no_step(tmp_path: Path) -> None:
    values, source = Values(tmp_path / "kv"), tmp_path / "v"
    source.write_text("0")
    values.put("n", source, "text/plain")

    def count(number: int) -> None:
        mine = tmp_path / f"v{number}"
        done = 0
        while done < 20:
            found = values.open("n")
            mine.write_text(str(int(found.read()) + 1))
            try:
                values.put(
                    "n", mine, "text/plain", lambda now, etag=found.value.etag: now is not None and now.etag == etag
                )
            except ValueChanged:
                continue
            done += 1

    threads = [threading.Thread(target=count, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert values.open("n").read() == b"80"


def test_a_full_disk_leaves_the_old_value(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import errno

    from longshore.errors import StorageFull

    values, source = Values(tmp_path / "kv"), tmp_path / "v"
    source.write_text("old")
    values.put("k", source, "text/plain")

    def full(_handle: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    source.write_text("new")
    with pytest.raises(StorageFull):
        values.put("k", source, "text/plain")
    assert values.open("k").read() == b"old"
    assert [path.name for path in (tmp_path / "kv").rglob(".*partial")] == []


def test_keys_have_limits(tmp_path: Path) -> None:
    values = Values(tmp_path / "kv")
    for key in ("", "x" * 2001):
        with pytest.raises(InvalidRequest):
            values.open(key)
    with pytest.raises(KeyNotFound):
        values.open("absent")
    assert not values.delete("absent")


def test_json_is_checked_as_the_standard_has_it(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    for value in ([], {"a": [None, True, -1.5e3, "ü\u2028"]}, "text", 1):
        path.write_text(json.dumps(value))
        check_json(path)
    path.write_text("[" * 50)
    with pytest.raises(InvalidRequest, match="nothing was kept"):
        check_json(path)
