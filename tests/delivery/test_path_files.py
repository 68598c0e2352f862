"""Path files over HTTP, and the service by itself."""

from __future__ import annotations

import concurrent.futures
import errno
import os
import secrets
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from longshore.delivery.path_files import FileChanged, PathFiles
from longshore.delivery.trees import PathTaken
from longshore.errors import StorageFull
from longshore.settings import Settings
from support.server import LongshoreServer


@pytest.fixture(scope="module")
def http(shared_server: LongshoreServer) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=shared_server.url, timeout=60) as client:
        yield client


served = pytest.mark.processes


@served
def test_store_fetch_replace_remove(http: httpx.Client, shared_server: LongshoreServer) -> None:
    assert http.post("/fs/a/b/one.txt", files={"file": ("other.txt", b"first")}).status_code == 200
    first = http.get("/fs/a/b/one.txt")
    assert (first.content, first.headers["content-type"]) == (b"first", "text/plain")
    replaced = http.put("/fs/a/b/one.txt", content=b"second")
    assert (replaced.status_code, replaced.json()) == (200, {"path": "a/b/one.txt", "size": 6})
    assert replaced.headers["etag"] != first.headers["etag"]
    assert http.get("/fs/a/b/one.txt", headers={"Range": "bytes=-3"}).content == b"ond"
    assert http.delete("/fs/a/b/one.txt").status_code == 200
    assert not (shared_server.storage / "fs" / "a").exists()


@served
@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_what_is_not_there(http: httpx.Client, method: str) -> None:
    http.put("/fs/folder/file", content=b"x")
    for path in ("none", "folder", "folder/file/below", "folder/none"):
        answer = http.request(method, f"/fs/{path}")
        assert answer.status_code == 404
        assert "No file by that name" in answer.text


@served
def test_a_folder_where_a_file_should_go(http: httpx.Client) -> None:
    http.put("/fs/way/file", content=b"x")
    for path in ("way", "way/file/below", "way/file/far/below"):
        assert http.put(f"/fs/{path}", content=b"y").status_code == 409
    assert http.get("/fs/way/file").content == b"x"


@served
def test_an_empty_file(http: httpx.Client) -> None:
    assert http.put("/fs/empty", content=b"").status_code == 201
    assert http.get("/fs/empty").content == b""


@served
def test_a_post_that_brings_nothing_replaces_nothing(http: httpx.Client) -> None:
    http.put("/fs/kept", content=b"old")
    for nothing in ({}, {"data": {}}, {"content": b"", "headers": {"Content-Type": "text/plain"}}):
        assert http.post("/fs/kept", **nothing).status_code == 400
    assert http.get("/fs/kept").content == b"old"
    assert http.post("/fs/kept", content=b"new").text == "Thanks"


@served
def test_conditions(http: httpx.Client) -> None:
    def put(content: bytes, **headers: str) -> int:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return http.put("/fs/condition", content=content, headers=named).status_code

    assert put(b"0", If_Match="*") == 412
    assert put(b"1", If_None_Match="*") == 201
    assert put(b"2", If_None_Match="*") == 412
    etag = http.head("/fs/condition").headers["etag"]
    assert put(b"3", If_Match='"other"') == 412
    assert put(b"4", If_Match=etag) == 200
    assert put(b"5", If_Match=etag) == 412
    assert http.delete("/fs/condition", headers={"If-Match": etag}).status_code == 412
    assert http.get("/fs/condition").content == b"4"


@served
def test_of_many_that_create_one_does(http: httpx.Client) -> None:
    def create(number: int) -> int:
        return httpx.put(
            f"{http.base_url}/fs/first", content=b"%d" % number, headers={"If-None-Match": "*"}
        ).status_code

    with concurrent.futures.ThreadPoolExecutor(20) as pool:
        assert sorted(pool.map(create, range(20))) == [201] + [412] * 19


@served
def test_readers_see_one_version_whole(http: httpx.Client) -> None:
    http.put("/fs/whole", content=b"0" * 300_000)

    def write(number: int) -> None:
        for _ in range(20):
            content = b"%d" % number * (300_000 + number)
            assert httpx.put(f"{http.base_url}/fs/whole", content=content).status_code == 200

    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        writers = [pool.submit(write, number) for number in (1, 2)]
        while not all(writer.done() for writer in writers):
            answer = http.get("/fs/whole")
            assert len(set(answer.content)) == 1
            assert len(answer.content) - 300_000 == int(answer.content[:1])
        for writer in writers:
            writer.result()


@served
def test_removing_and_storing_side_by_side(http: httpx.Client) -> None:
    def store(number: int) -> set[int]:
        url = f"{http.base_url}/fs/busy/folder/{number}"
        seen = set()
        for _ in range(15):
            seen |= {httpx.put(url, content=b"x").status_code, httpx.delete(url).status_code}
        return seen

    with concurrent.futures.ThreadPoolExecutor(6) as pool:
        assert set.union(*pool.map(store, range(6))) == {200, 201}


@served
def test_both_unicode_forms_of_a_path_are_one_file(http: httpx.Client) -> None:
    http.put("/fs/käse/é", content=b"first")
    other = quote(unicodedata.normalize("NFD", "käse/é"))
    assert http.get(f"/fs/{other}").content == b"first"
    assert http.put(f"/fs/{other}", content=b"second").status_code == 200
    assert http.get("/fs/käse/é").content == b"second"


@served
def test_links_out_of_the_root(http: httpx.Client, shared_server: LongshoreServer, tmp_path: Path) -> None:
    http.put("/fs/linked/file", content=b"x")
    root = shared_server.storage / "fs"
    (tmp_path / "secret").write_text("secret")
    (root / "linked" / "out").symlink_to(tmp_path)
    for method in ("GET", "PUT", "DELETE"):
        content = b"y" if method == "PUT" else None
        assert http.request(method, "/fs/linked/out/secret", content=content).status_code == 422
    assert (tmp_path / "secret").read_text() == "secret"


# -- the service by itself ----------------------------------------------------------------------------------------


@pytest.fixture
def files(settings: Settings) -> PathFiles:
    return PathFiles(settings)


def arrived(files: PathFiles, content: bytes) -> Path:
    files.tree.arrivals.mkdir(parents=True, exist_ok=True)
    path = files.tree.arrivals / f"{secrets.token_hex(4)}.upload"
    path.write_bytes(content)
    return path


def test_a_disk_that_is_full_leaves_the_old_file(files: PathFiles, monkeypatch: pytest.MonkeyPatch) -> None:
    files.put("a", arrived(files, b"old"))

    def full(*_: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    for name in ("link", "fsync"):
        with monkeypatch.context() as patched:
            patched.setattr(os, name, full)
            with pytest.raises(StorageFull):
                files.put("a", arrived(files, b"new"))
        assert (files.tree.root / "a").read_bytes() == b"old"


def test_file_systems_without_links(files: PathFiles, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any) -> None:
        raise OSError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "link", refuse)
    target = files.tree.root / "a"
    files.tree.add(arrived(files, b"first"), target)
    with pytest.raises(PathTaken):
        files.tree.add(arrived(files, b"second"), target)
    assert target.read_bytes() == b"first"


def test_a_condition_is_asked_before_anything_changes(files: PathFiles) -> None:
    files.put("a", arrived(files, b"old"))
    with pytest.raises(FileChanged):
        files.put("a", arrived(files, b"new"), lambda etag, _: etag is None)
    with pytest.raises(FileChanged):
        files.delete("a", lambda *_: False)
    assert (files.tree.root / "a").read_bytes() == b"old"


def test_what_broken_uploads_left_is_swept(files: PathFiles) -> None:
    old = arrived(files, b"old")
    os.utime(old, (0, 0))
    fresh = old.with_name("y.upload")
    fresh.touch()
    files.sweep()
    assert (old.exists(), fresh.exists()) == (False, True)
