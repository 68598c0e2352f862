"""A server in front that sends the files: a real nginx with the shipped configuration."""

from __future__ import annotations

import random
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.cookiejar import CookieJar, DefaultCookiePolicy
from pathlib import Path
from typing import Any

import httpx
import pytest
from flask import Flask, request

from longshore.delivery.links import Links
from longshore.settings import Settings
from longshore.state.database import Database, migrate
from longshore.web.file_responses import FrontServer
from support.nginx import NGINX, nginx_before
from support.server import LongshoreServer
from support.sockets import Listener

PEOPLE = 16
SMALL = random.Random(6).randbytes(50_000)
BIG = random.Random(5).randbytes(5_000_000)

needs_nginx = pytest.mark.skipif(NGINX is None, reason="needs nginx")


@pytest.fixture(scope="module")
def behind(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[LongshoreServer, str]]:
    folder = tmp_path_factory.mktemp("front")
    offered = folder / "offered"
    offered.mkdir()
    (offered / "big.bin").write_bytes(BIG)
    settings = {"SEND_FILE_HEADER": "X-Accel-Redirect", "FILES_ROOT": str(offered), "MAX_UPLOAD_BYTES": "20000000"}
    with (
        LongshoreServer(folder / "storage", **settings) as server,
        nginx_before(server.url, folder / "storage", folder / "nginx") as address,
    ):
        yield server, address


@pytest.fixture
def http(behind: tuple[LongshoreServer, str]) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=behind[1], timeout=60) as client:
        yield client


@pytest.fixture
def direct(behind: tuple[LongshoreServer, str]) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=behind[0].url, timeout=60) as client:
        yield client


@needs_nginx
@pytest.mark.processes
def test_nginx_sends_stored_files_with_our_headers(http: httpx.Client, direct: httpx.Client) -> None:
    address = "/fs/Über sicht%2520/50%25.html"
    stored = http.put(address, content=BIG)
    assert stored.status_code == 201
    assert direct.get(address).headers["x-accel-redirect"].startswith("/longshore-files/fs/%C3%9C")
    assert direct.get(address).content == b""
    answer = http.get(address)
    assert answer.content == BIG
    assert answer.headers["etag"] == stored.headers["etag"]
    assert answer.headers["content-disposition"].startswith("attachment")
    assert answer.headers["content-security-policy"] == "sandbox"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "x-accel-redirect" not in answer.headers
    assert http.head(address).headers["content-length"] == str(len(BIG))


@needs_nginx
@pytest.mark.processes
def test_ranges_and_conditions_through_nginx(http: httpx.Client) -> None:
    http.put("/fs/ranged.bin", content=BIG)
    etag = http.head("/fs/ranged.bin").headers["etag"]

    def status(**headers: str) -> int:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return http.get("/fs/ranged.bin", headers=named).status_code

    part = http.get("/fs/ranged.bin", headers={"Range": "bytes=100-199"})
    assert (part.status_code, part.content) == (206, BIG[100:200])
    assert status(Range="bytes=1-2", If_Range=etag) == 206
    assert status(Range="bytes=1-2", If_Range='"other"') == 200
    assert status(If_None_Match=etag) == 304
    assert status(If_None_Match='"other"') == 200
    assert status(If_Match=etag) == 200
    assert status(If_Match='"other"') == 412
    assert status(Range=f"bytes={len(BIG)}-") == 416


@needs_nginx
@pytest.mark.processes
def test_partitions_and_missing_files_through_nginx(http: httpx.Client) -> None:
    assert http.post("/part", files={"file": ("日本.bin", BIG)}).status_code == 200
    assert http.get("/part/日本.bin").content == BIG
    assert http.get("/part/none.bin").status_code == 404
    assert http.get("/longshore-files/fs/ranged.bin").status_code == 404
    assert http.put("/fs/large", content=b"x" * 21_000_000).status_code == 413


@needs_nginx
@pytest.mark.processes
def test_one_time_links_are_counted_by_the_server_itself(http: httpx.Client, direct: httpx.Client) -> None:
    address = http.post("/file", params={"name": "big.bin"}).json()["addr"]
    assert "x-accel-redirect" not in direct.head(address).headers
    assert http.get(address).content == BIG


@needs_nginx
@pytest.mark.processes
def test_hundreds_of_links_at_once_each_exactly_once(behind: tuple[LongshoreServer, str]) -> None:
    """Each one-time link is asked for by three people at once, and then once more: one of them gets it, whole."""
    (Path(behind[0].environment["FILES_ROOT"]) / "small.bin").write_bytes(SMALL)
    strangers = CookieJar(DefaultCookiePolicy(allowed_domains=[]))  # with its cookie each would be the same person
    with (
        httpx.Client(base_url=behind[1], timeout=60, cookies=strangers) as http,
        ThreadPoolExecutor(PEOPLE) as pool,
    ):
        addresses = [http.post("/file", params={"name": "small.bin"}).json()["addr"] for _ in range(200)]
        answers = list(pool.map(http.get, [address for address in addresses for _ in range(3)]))
        again = list(pool.map(http.get, addresses))
    for number, last in enumerate(again):
        three = answers[3 * number : 3 * number + 3]
        assert [answer.content for answer in (*three, last) if answer.status_code == 200] == [SMALL]
        assert {answer.status_code for answer in three} <= {200, 404, 409}


@needs_nginx
@pytest.mark.processes
def test_hundreds_of_downloads_that_nginx_sends(behind: tuple[LongshoreServer, str], http: httpx.Client) -> None:
    assert http.put("/fs/many.bin", content=BIG).status_code == 201
    with ThreadPoolExecutor(PEOPLE) as pool:
        answers = pool.map(lambda _: http.get("/fs/many.bin").content == BIG, range(300))
        assert all(answers)


@needs_nginx
@pytest.mark.processes
def test_sockets_through_nginx(behind: tuple[LongshoreServer, str]) -> None:
    listener = Listener(behind[1])
    try:
        assert listener.client.transport() == "websocket"
    finally:
        listener.close()


def test_links_that_are_not_one_time_are_handed_over(settings: Settings, tmp_path: Path) -> None:
    settings = settings.model_copy(update={"send_file_header": "X-Accel-Redirect"})
    migrate(settings)
    database = Database(settings.database)
    links = Links(settings, database)
    (tmp_path / "a.txt").write_text("hello")

    def headers(**about: Any) -> dict[str, str]:
        address = links.register(tmp_path / "a.txt", **about)
        with Flask(__name__).test_request_context(address):
            response = links.open(request.args["uid"], request, download=False)
            response.close()
            return dict(response.headers)

    assert headers(one_time_service=False)["X-Accel-Redirect"].startswith("/longshore-files/links/")
    assert "X-Accel-Redirect" not in headers()
    database.close()


def test_what_the_header_says(tmp_path: Path) -> None:
    path = tmp_path / "a b" / "ü.txt"
    assert FrontServer().hand_over("fs", tmp_path, path) == {}
    assert FrontServer("X-Accel-Redirect", "/in").hand_over("fs", tmp_path, path) == {
        "X-Accel-Redirect": "/in/fs/a%20b/%C3%BC.txt"
    }
    assert FrontServer("X-Sendfile").hand_over("fs", tmp_path, path) == {"X-Sendfile": f"{tmp_path}/a%20b/%C3%BC.txt"}
