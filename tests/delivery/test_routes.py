"""Files on offer and one-time addresses over HTTP, on a whole server."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable
from email.utils import formatdate
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from delivery.conftest import BIG
from support.server import LongshoreServer
from support.waiting import eventually

pytestmark = pytest.mark.processes

Address = Callable[..., str]


def test_the_root_lists_what_is_on_offer(http: httpx.Client) -> None:
    listed = http.get("/", headers={"Uid": "ada"}).json()
    assert listed["message"] == "ok"
    assert listed["uid"] == "ada"
    assert listed["files"] == ["big.bin", "empty.txt", "sub/Übersicht 2024.csv"]
    assert http.get("/").json()["uid"] == "DEFAULT"
    assert http.head("/").status_code == 200


def test_metadata_without_the_servers_own_path(http: httpx.Client) -> None:
    found = http.get("/file", params={"name": "sub/Übersicht 2024.csv"}).json()
    assert found["name"] == "Übersicht 2024.csv"
    assert found["path"] == "sub/Übersicht 2024.csv"
    assert (found["content_type"], found["mime_type"], found["size"]) == ("text/csv", "text/csv", 8)
    assert found["modified"] > 0
    assert len(found["etag"]) == 32


@pytest.mark.parametrize(
    "name",
    ["nothing", "../secret.txt", "/etc/passwd", "sub/../../secret.txt", "out.txt", ".hidden", "sub", "big.bin/", "a\0b",
     "%2e%2e/secret.txt", "x" * 3900, "\udcff".encode("utf-8", "surrogatepass").decode("latin-1"), "sub//x", "C:\\x"],
)  # fmt: skip
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_what_is_not_on_offer_is_not_found(http: httpx.Client, method: str, name: str) -> None:
    answer = http.request(method, "/file", params={"name": name})
    assert answer.status_code == 404
    body = answer.json()
    assert (body["code"], body["error"]) == (404, "InvalidValue")
    assert "secret" not in body["message"] or "secret" in name


@pytest.mark.parametrize(("method", "path"), [("GET", "/file"), ("POST", "/file"), ("GET", "/cached-file")])
def test_a_parameter_that_is_missing(http: httpx.Client, method: str, path: str) -> None:
    answer = http.request(method, path)
    assert answer.status_code == 422
    assert answer.json()["code"] == 422


@pytest.mark.parametrize(("path", "method"), [("/file", "DELETE"), ("/file", "PUT"), ("/cached-file", "POST")])
def test_another_method_is_refused_as_json(http: httpx.Client, path: str, method: str) -> None:
    for query in ("", "?name=a", "?uid=a&unknown=b"):
        answer = http.request(method, path + query)
        assert (answer.status_code, answer.json()["code"]) == (405, 405)
        assert "GET" in answer.headers["allow"]


def test_an_address_serves_once(http: httpx.Client, address: Address) -> None:
    addr = address()
    assert addr.startswith("/cached-file?uid=")
    answer = http.get(addr)
    assert answer.status_code == 200
    assert answer.content == BIG
    assert answer.headers["content-disposition"].startswith("inline")
    assert eventually(lambda: http.get(addr).status_code == 404)
    assert http.get("/cached-file", params={"uid": "unknown"}).json()["code"] == 404


@pytest.mark.parametrize(("value", "kind"), [("true", "attachment"), ("1", "attachment"), ("no", "inline")])
def test_a_download_says_so_in_its_address_and_its_answer(
    address: Address, http: httpx.Client, value: str, kind: str
) -> None:
    addr = address("sub/Übersicht 2024.csv", download=value)
    assert addr.endswith("&download=true") == (kind == "attachment")
    disposition = http.get(addr).headers["content-disposition"]
    assert disposition.startswith(kind)
    assert "filename*=UTF-8''%C3%9Cbersicht%202024.csv" in disposition


def test_an_empty_file_is_delivered_once(http: httpx.Client, address: Address) -> None:
    addr = address("empty.txt")
    assert http.get(addr).content == b""
    assert http.get(addr).status_code == 404


def test_looking_does_not_use_an_address_up(http: httpx.Client, address: Address) -> None:
    addr = address()
    head = http.head(addr)
    assert (head.status_code, head.headers["content-length"], head.content) == (200, str(len(BIG)), b"")
    assert head.headers["accept-ranges"] == "bytes"
    etag = head.headers["etag"]
    assert http.get(addr, headers={"If-None-Match": etag}).status_code == 304
    assert http.get(addr, headers={"If-Match": '"other"'}).status_code == 412
    assert http.get(addr, headers={"Range": f"bytes={len(BIG)}-"}).status_code == 416
    assert http.get(addr, headers={"Range": "bytes=0-1023"}).status_code == 206
    assert http.get(addr).content == BIG


def test_ranges_that_together_are_the_file_use_it_up(http: httpx.Client, address: Address) -> None:
    addr = address()
    parts = []
    for first, last in ((1_000_000, 1_999_999), (0, 999_999), (2_000_000, len(BIG) - 1)):
        answer = http.get(addr, headers={"Range": f"bytes={first}-{last}"})
        assert answer.status_code == 206
        assert answer.headers["content-range"] == f"bytes {first}-{last}/{len(BIG)}"
        parts.append((first, answer.content))
    assert b"".join(content for _, content in sorted(parts)) == BIG
    assert http.get(addr, headers={"Range": "bytes=0-0"}).status_code == 404


def test_several_ranges_in_one_answer(http: httpx.Client, address: Address) -> None:
    answer = http.get(address(), headers={"Range": "bytes=0-9,100-109,-5"})
    assert answer.status_code == 206
    assert len(answer.content) == int(answer.headers["content-length"])
    boundary = answer.headers["content-type"].partition("boundary=")[2].encode()
    parts = [part.partition(b"\r\n\r\n")[2].removesuffix(b"\r\n") for part in answer.content.split(b"--" + boundary)]
    assert parts[1:-1] == [BIG[:10], BIG[100:110], BIG[-5:]]


def test_if_range_asks_for_the_rest_only_of_the_same_file(http: httpx.Client, address: Address) -> None:
    addr = address()
    head = http.head(addr).headers
    part = {"Range": "bytes=0-9"}
    assert http.get(addr, headers={**part, "If-Range": head["etag"]}).status_code == 206
    assert http.get(addr, headers={**part, "If-Range": head["last-modified"]}).status_code == 206
    with http.stream("GET", addr, headers={**part, "If-Range": '"other"'}) as answer:
        assert answer.status_code == 200
    later = address()
    with http.stream("GET", later, headers={**part, "If-Range": formatdate(0, usegmt=True)}) as answer:
        assert answer.status_code == 200


def test_a_broken_download_can_be_resumed_and_then_the_file_is_used_up(
    http: httpx.Client, address: Address, delivering: LongshoreServer
) -> None:
    addr = address()
    got = take_some(delivering, addr, 200_000)
    rest = eventually(lambda: resume(http, addr, len(got)))
    assert got + rest == BIG
    assert eventually(lambda: http.get(addr, headers={"Range": "bytes=0-0"}).status_code == 404)


def resume(http: httpx.Client, addr: str, start: int) -> bytes | None:
    """The rest of the file; None while the broken transfer still holds it."""
    answer = http.get(addr, headers={"Range": f"bytes={start}-"})
    return answer.content if answer.status_code == 206 else None


def take_some(server: LongshoreServer, addr: str, least: int) -> bytes:
    """Begin a download by hand and break it off."""
    parts = urlsplit(server.url)
    with socket.create_connection((parts.hostname, parts.port)) as connection:
        connection.sendall(f"GET {addr} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        data = b""
        while b"\r\n\r\n" not in data or len(data.partition(b"\r\n\r\n")[2]) < least:
            data += connection.recv(65536)
    return data.partition(b"\r\n\r\n")[2]


def test_a_client_that_goes_away_without_reading_leaves_the_address_valid(
    http: httpx.Client, address: Address, delivering: LongshoreServer
) -> None:
    addr = address()
    parts = urlsplit(delivering.url)
    with socket.create_connection((parts.hostname, parts.port)) as connection:
        connection.sendall(f"GET {addr} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        assert connection.recv(10)
    assert eventually(lambda: whole(http, addr)) == BIG


def whole(http: httpx.Client, addr: str) -> bytes | None:
    answer = http.get(addr)
    return answer.content if answer.status_code == 200 else None


def test_of_many_takers_at_once_one_gets_the_whole_file(address: Address, delivering: LongshoreServer) -> None:
    for _ in range(5):
        addr, answers = address(), []
        barrier = threading.Barrier(8)

        def take(addr: str = addr, answers: list[Any] = answers, barrier: threading.Barrier = barrier) -> None:
            with httpx.Client(base_url=delivering.url, timeout=60) as client:
                barrier.wait()
                answers.append(client.get(addr))

        threads = [threading.Thread(target=take) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert [answer.content for answer in answers if answer.status_code == 200] == [BIG]
        assert {answer.status_code for answer in answers} <= {200, 404, 409}


def test_a_stalled_taker_does_not_stop_others_from_being_served(
    http: httpx.Client, address: Address, delivering: LongshoreServer
) -> None:
    addr = address()
    parts = urlsplit(delivering.url)
    with contextlib.closing(socket.create_connection((parts.hostname, parts.port))) as stalled:
        stalled.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        stalled.sendall(f"GET {addr} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        assert stalled.recv(10)
        assert http.get(addr).status_code == 409
        assert http.get("/hello").text == "World!"
    assert eventually(lambda: whole(http, addr)) == BIG


def test_the_address_keeps_what_the_file_was(http: httpx.Client, address: Address, delivering: LongshoreServer) -> None:
    path = delivering.storage.parent / "offered" / "changing.txt"
    path.write_text("before")
    first = address("changing.txt")
    path.write_text("after!")
    second = address("changing.txt")
    path.unlink()
    assert (http.get(first).text, http.get(second).text) == ("before", "after!")
    assert http.get("/file", params={"name": "changing.txt"}).status_code == 404


def test_addresses_survive_a_restart(delivering: LongshoreServer, address: Address) -> None:
    addr = address()
    delivering.kill("web server")
    delivering.wait_until_well()
    with httpx.Client(base_url=delivering.url, timeout=60) as client:
        assert client.get(addr).content == BIG
