"""The web server is killed while files and values are written: each is whole then, none that was answered is lost."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import httpx
import pytest

from support.server import LongshoreServer
from support.waiting import eventually

pytestmark = pytest.mark.processes

SIZE = 3_000_000
"""Enough for a part of it to be written past the cache, and the rest after it."""
KILLS = 3


def content_of(number: int) -> bytes:
    return b"%08d" % number + bytes([number % 251]) * SIZE


class Writer(threading.Thread):
    """Writes one content after another until told to stop, and knows which was answered last."""

    def __init__(self, write: Callable[[httpx.Client, int], httpx.Response], url: str) -> None:
        super().__init__()
        self.write, self.url = write, url
        self.tried = 0
        self.answered = [0]
        self.done = threading.Event()

    def run(self) -> None:
        while not self.done.is_set():
            with suppress(httpx.HTTPError), httpx.Client(base_url=self.url, timeout=60) as client:
                while not self.done.is_set():
                    self.tried += 1
                    if self.write(client, self.tried).is_success:
                        self.answered.append(self.tried)


def put_value(client: httpx.Client, number: int) -> httpx.Response:
    return client.post("/kv/key", content=content_of(number), headers={"Content-Type": "application/x"})


def put_file(client: httpx.Client, number: int) -> httpx.Response:
    return client.put("/fs/path/file", content=content_of(number))


def add_file(client: httpx.Client, number: int) -> httpx.Response:
    return client.post("/part", files={"file": (f"{number}.bin", content_of(number))})


def test_each_is_the_old_or_the_new_one(storage: Path) -> None:
    with LongshoreServer(storage) as server:
        writers = [Writer(write, server.url) for write in (put_value, put_file, add_file)]
        for writer in writers:
            writer.start()
        for _ in range(KILLS):
            before = [len(writer.answered) for writer in writers]
            eventually(
                lambda before=before: all(len(w.answered) > old + 2 for w, old in zip(writers, before, strict=True)), 60
            )
            server.kill("web process")
        for writer in writers:
            writer.done.set()
        for writer in writers:
            writer.join()
        server.wait_until_well()
        value, kept, added = writers
        with httpx.Client(base_url=server.url, timeout=60) as client:
            for writer, address in ((value, "/kv/key"), (kept, "/fs/path/file")):
                found = client.get(address).content
                number = int(found[:8])
                assert writer.answered[-1] <= number <= writer.tried
                assert found == content_of(number)
            listed = {int(str(file["name"]).removesuffix(".bin")): file["size"] for file in listing(client)}
            assert set(listed.values()) == {SIZE + 8}
            assert set(added.answered[1:]) <= set(listed)
            for number in listed:
                assert client.get(f"/part/{number}.bin").content == content_of(number)


def listing(client: httpx.Client) -> list[dict[str, object]]:
    found: list[dict[str, object]] = client.get("/list/part").json()["files"]
    return found


@pytest.mark.parametrize("size", [200, 700_000])
def test_a_file_that_works_once_is_not_delivered_whole_twice(storage: Path, size: int) -> None:
    offered = storage / "offered"
    offered.mkdir(parents=True)
    (offered / "a.bin").write_bytes(b"x" * size)
    with LongshoreServer(storage, FILES_ROOT=str(offered)) as server:
        for _ in range(KILLS):
            address = httpx.post(f"{server.url}/file?name=a.bin", timeout=60).json()["addr"]
            with httpx.stream("GET", server.url + address, timeout=60) as answer:
                got = sum(map(len, answer.iter_raw()))
                server.kill("web process")  # before or after the delivery is written down
            assert got == size
            server.wait_until_well()
            again = eventually(lambda address=address: httpx.get(server.url + address, timeout=60))
            assert again.status_code == 404, again.text
