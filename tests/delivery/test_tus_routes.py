"""Resumable uploads: the protocol by hand, and with the client that pages use."""

from __future__ import annotations

import base64
import concurrent.futures
import contextlib
import hashlib
import json
import os
import random
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from email.utils import parsedate_to_datetime
from itertools import pairwise
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
import sqlalchemy as sa

from longshore.delivery.models import resumable
from longshore.delivery.partitions import Partitions
from longshore.delivery.path_files import PathFiles
from longshore.delivery.resumable import (
    IntoPartition,
    IntoPath,
    Resumable,
    ResumableUploads,
    UploadFailed,
    UploadNotFound,
    new_id,
)
from longshore.errors import StorageFull
from longshore.settings import Settings
from longshore.state.database import Database, migrate
from support.cutting import cutting
from support.server import LongshoreServer
from support.waiting import eventually

TUS = {"Tus-Resumable": "1.0.0"}
BYTES = {**TUS, "Content-Type": "application/offset+octet-stream"}
CLIENT = "tus-js-client@4.3.1"


@pytest.fixture(scope="module")
def http(shared_server: LongshoreServer) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=shared_server.url, timeout=60) as client:
        yield client


def described(**metadata: str) -> str:
    return ",".join(f"{name} {base64.b64encode(value.encode()).decode()}" for name, value in metadata.items())


def begin(http: httpx.Client, size: int, target: str, filename: str = "a.bin", **headers: str) -> httpx.Response:
    metadata = described(filename=filename, target=target)
    return http.post("/tus/", headers={**TUS, "Upload-Length": str(size), "Upload-Metadata": metadata, **headers})


def begun(http: httpx.Client, size: int, target: str, filename: str = "a.bin") -> str:
    answer = begin(http, size, target, filename)
    assert answer.status_code == 201, answer.text
    return str(answer.headers["location"])


def patch(http: httpx.Client, address: str, offset: int, content: bytes, **headers: str) -> httpx.Response:
    return http.patch(address, content=content, headers={**BYTES, "Upload-Offset": str(offset), **headers})


def offset(http: httpx.Client, address: str) -> int:
    return int(http.head(address, headers=TUS).headers["upload-offset"])


def result(answer: httpx.Response) -> Any:
    return json.loads(answer.headers["upload-result"])


pytestmark = pytest.mark.processes


def test_what_is_possible(http: httpx.Client) -> None:
    answer = http.options("/tus/")
    assert answer.status_code == 204
    assert answer.headers["tus-version"] == answer.headers["tus-resumable"] == "1.0.0"
    assert set(answer.headers["tus-extension"].split(",")) == {
        "creation", "creation-with-upload", "expiration", "checksum", "termination",
    }  # fmt: skip
    assert int(answer.headers["tus-max-size"]) > 0


def test_piece_by_piece_into_a_partition(http: httpx.Client) -> None:
    address = begun(http, 10, "partition:tus/deep", "Übersicht.txt")
    assert offset(http, address) == 0
    first = patch(http, address, 0, b"01234")
    assert (first.status_code, first.headers["upload-offset"]) == (204, "5")
    assert parsedate_to_datetime(first.headers["upload-expires"]).timestamp() > time.time()
    assert "upload-result" not in first.headers
    assert http.get("/list/tus/deep").json()["files"] == []
    last = patch(http, address, 5, b"56789")
    assert result(last) == {
        "kind": "partition", "partition": "tus/deep", "name": "Übersicht.txt",
        "location": "/tus/deep/%C3%9Cbersicht.txt",
    }  # fmt: skip
    assert offset(http, address) == 10
    head = http.head(address, headers=TUS).headers
    assert (head["upload-length"], head["cache-control"]) == ("10", "no-store")
    assert head["upload-metadata"] == described(filename="Übersicht.txt", target="partition:tus/deep")
    assert http.get(address).json()["result"]["name"] == "Übersicht.txt"


def test_a_partition_under_the_protocols_own_address_is_refused(http: httpx.Client) -> None:
    assert begin(http, 1, "partition:../x").status_code == 422


def test_into_a_path_file_and_with_the_first_request(http: httpx.Client) -> None:
    answer = http.post(
        "/tus/",
        content=b"hello",
        headers={**BYTES, "Upload-Length": "5", "Upload-Metadata": described(target="path:in/one.txt")},
    )
    assert (answer.status_code, answer.headers["upload-offset"]) == (201, "5")
    assert result(answer)["location"] == "/fs/in/one.txt"
    assert http.get("/fs/in/one.txt").content == b"hello"


def test_an_empty_upload_is_whole_at_once(http: httpx.Client) -> None:
    answer = begin(http, 0, "path:in/empty")
    assert result(answer)["path"] == "in/empty"
    assert http.get("/fs/in/empty").content == b""


def test_into_a_dataset(http: httpx.Client) -> None:
    content = b"a;b\n1;2\n3;4\n"
    metadata = described(filename="t.csv", delimiter=";", filetype="text/csv")
    answer = http.post("/tus/", headers={**TUS, "Upload-Length": str(len(content)), "Upload-Metadata": metadata})
    done = patch(http, answer.headers["location"], 0, content)
    found = result(done)
    assert found["kind"] == "dataset"
    eventually(lambda: http.get(found["request"]).status_code == 200)
    table = http.get(found["location"]).json()
    assert (table["columns"], table["dataSize"]["rows"]) == (["a", "b"], 2)


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Tus-Resumable": "0.2.2"}, 412),
        ({"Upload-Length": "-1"}, 400),
        ({"Upload-Length": "x"}, 400),
        ({"Upload-Length": "9" * 19}, 400),
        ({"Upload-Length": "999999999999"}, 413),
        ({"Upload-Length": ""}, 400),
        ({"Upload-Metadata": "filename !"}, 400),
        ({"Upload-Metadata": described(target="nothing:x")}, 400),
        ({"Upload-Metadata": described(target="partition:")}, 400),
        ({"Upload-Metadata": described(target="path:../x")}, 422),
        ({"Upload-Metadata": described(target="path:a/../../x")}, 422),
        ({"Upload-Metadata": described(target="partition:.x")}, 422),
        ({"Upload-Metadata": described(target="partition:p", filename="..")}, 422),
        ({"Upload-Metadata": described(target="dataset:x")}, 400),
        ({"Upload-Metadata": described(target="path:" + "x" * 4000)}, 422),
        ({"Upload-Metadata": described(target="dataset", delimiter="long")}, 400),
    ],
)
def test_what_cannot_begin(http: httpx.Client, headers: dict[str, str], status: int) -> None:
    answer = begin(http, 1, "partition:p", **headers)
    assert answer.status_code == status, answer.text
    assert answer.headers["tus-resumable"] == "1.0.0"
    assert ("tus-version" in answer.headers) == (status == 412)


def test_a_name_that_is_taken_is_refused_before_any_byte_is_sent(http: httpx.Client) -> None:
    http.post("/tustaken", files={"file": ("a.bin", b"first")})
    assert begin(http, 5, "partition:tustaken").status_code == 409


def test_a_name_that_is_taken_meanwhile_is_told_and_the_first_untouched(http: httpx.Client) -> None:
    address = begun(http, 5, "partition:tusrace")
    http.post("/tusrace", files={"file": ("a.bin", b"first")})
    assert patch(http, address, 0, b"later").status_code == 410
    assert http.head(address, headers=TUS).status_code == 410
    assert http.get("/tusrace/a.bin").content == b"first"


def test_bytes_must_follow_those_that_are_there(http: httpx.Client) -> None:
    address = begun(http, 10, "path:in/order")
    assert patch(http, address, 3, b"x").status_code == 409
    assert patch(http, address, 0, b"01234").status_code == 204
    assert patch(http, address, 0, b"01234").status_code == 409
    assert patch(http, address, 5, b"567890").status_code == 413
    assert offset(http, address) == 5
    wrong = http.patch(address, content=b"5", headers={**TUS, "Upload-Offset": "5", "Content-Type": "text/plain"})
    assert wrong.status_code == 415
    assert patch(http, address, 5, b"56789").status_code == 204
    assert patch(http, address, 10, b"").status_code == 204
    assert patch(http, address, 0, b"01234").status_code == 413


def test_more_bytes_than_announced_in_an_endless_body(http: httpx.Client) -> None:
    address = begun(http, 10, "path:in/endless")
    patch(http, address, 0, b"012")
    answer = http.patch(address, content=iter([b"34567", b"89abc"]), headers={**BYTES, "Upload-Offset": "3"})
    assert answer.status_code == 413
    assert offset(http, address) == 3


@pytest.mark.parametrize("algorithm", ["sha1", "sha256", "sha512", "md5"])
def test_a_checksum_that_is_wrong_discards_its_piece_only(http: httpx.Client, algorithm: str) -> None:
    address = begun(http, 8, f"path:in/{algorithm}")
    patch(http, address, 0, b"0123")

    def checked(content: bytes) -> int:
        digest = base64.b64encode(hashlib.new(algorithm, b"4567").digest()).decode()
        return patch(http, address, 4, content, **{"Upload-Checksum": f"{algorithm} {digest}"}).status_code

    assert checked(b"45x7") == 460
    assert offset(http, address) == 4
    assert checked(b"4567") == 204
    assert http.get(f"/fs/in/{algorithm}").content == b"01234567"


@pytest.mark.parametrize("value", ["crc32 AAAA", "sha1 !", "sha1"])
def test_checksums_that_are_none(http: httpx.Client, value: str) -> None:
    address = begun(http, 8, "path:in/none")
    assert patch(http, address, 0, b"0123", **{"Upload-Checksum": value}).status_code in {400, 460}
    assert offset(http, address) == 0


def test_giving_up(http: httpx.Client, shared_server: LongshoreServer) -> None:
    address = begun(http, 8, "partition:given-up")
    patch(http, address, 0, b"0123")
    assert http.delete(address, headers=TUS).status_code == 204
    assert http.head(address, headers=TUS).status_code == 404
    assert patch(http, address, 4, b"4567").status_code == 404
    name = address.rpartition("/")[2]
    assert not list((shared_server.storage / "partitions" / ".incoming.").glob(f"{name}*"))


def test_methods_by_another_name(http: httpx.Client) -> None:
    address = begun(http, 4, "path:in/override")
    headers = {**BYTES, "Upload-Offset": "0", "X-HTTP-Method-Override": "PATCH"}
    assert http.post(address, content=b"0123", headers=headers).status_code == 204
    assert http.post(address, headers={**TUS, "X-HTTP-Method-Override": "DELETE"}).status_code == 204
    assert http.get(address).status_code == 404


def open_patch(
    server: LongshoreServer, address: str, at: int, length: int, content: bytes, more: str = ""
) -> socket.socket:
    """A PATCH that does not come to its end."""
    parts = urlsplit(server.url)
    connection = socket.create_connection((parts.hostname, parts.port))
    connection.sendall(
        f"PATCH {address} HTTP/1.1\r\nHost: localhost\r\nTus-Resumable: 1.0.0\r\nUpload-Offset: {at}\r\n{more}"
        f"Content-Type: application/offset+octet-stream\r\nContent-Length: {length}\r\n\r\n".encode()
        + content
    )
    return connection


def test_what_arrived_before_a_break_stays(http: httpx.Client, shared_server: LongshoreServer) -> None:
    content = random.Random(1).randbytes(3_000_000)
    address = begun(http, len(content), "path:in/broken")
    with open_patch(shared_server, address, 0, len(content), content[:2_345_678]):
        pass
    assert eventually(lambda: offset(http, address) == 2_345_678)
    assert patch(http, address, 2_345_678, content[2_345_678:]).status_code == 204
    assert http.get("/fs/in/broken").content == content


def test_a_piece_with_a_checksum_counts_whole_or_not_at_all(http: httpx.Client, shared_server: LongshoreServer) -> None:
    address = begun(http, 3_000_000, "path:in/half")
    patch(http, address, 0, b"x" * 1000)
    sums = f"Upload-Checksum: sha1 {base64.b64encode(b'x' * 20).decode()}\r\n"
    path = shared_server.storage / "fs" / ".incoming." / f"{address.rpartition('/')[2]}.growing"
    with open_patch(shared_server, address, 1000, 2_999_000, b"y" * 2_000_000, sums):
        assert eventually(lambda: path.stat().st_size > 500_000)
        assert offset(http, address) == 1000
    assert eventually(lambda: path.stat().st_size == 1000)


def test_a_client_that_comes_back_takes_over_from_its_stalled_connection(
    http: httpx.Client, shared_server: LongshoreServer
) -> None:
    address = begun(http, 2_000_000, "path:in/taken-over")
    with open_patch(shared_server, address, 0, 2_000_000, b"old" * 100_000) as stalled:
        there = eventually(lambda: offset(http, address))
        assert patch(http, address, there, b"N" * (2_000_000 - there)).status_code == 204
        stalled.sendall(b"old" * 100_000)
    content = http.get("/fs/in/taken-over").content
    assert content == (b"old" * 100_000)[:there] + b"N" * (2_000_000 - there)


def test_pieces_at_once_do_not_mix(http: httpx.Client) -> None:
    size = 400_000
    address = begun(http, size, "path:in/mixed")
    barrier = threading.Barrier(8)

    def bring(number: int) -> int:
        with httpx.Client(base_url=http.base_url, timeout=60) as client:
            barrier.wait()
            return patch(client, address, 0, bytes([number]) * size).status_code

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        statuses = list(pool.map(bring, range(8)))
    assert set(statuses) <= {204, 409, 413}
    at = offset(http, address)
    if at < size:
        assert patch(http, address, at, b"z" * (size - at)).status_code == 204
    content = http.get("/fs/in/mixed").content
    assert len(content) == size
    # Each byte was written by whoever held the file then: pieces follow each other, none lies inside another.
    edges = sum(1 for left, right in pairwise(content) if left != right)
    assert edges <= 8


# -- the service by itself ----------------------------------------------------------------------------------------


@pytest.fixture
def uploads(settings: Settings) -> Iterator[ResumableUploads]:
    migrate(settings)
    database = Database(settings.database)
    partitions, files = Partitions(settings), PathFiles(settings)
    yield ResumableUploads(settings, database, {"partition": IntoPartition(partitions), "path": IntoPath(files)})
    database.close()


def an_upload(uploads: ResumableUploads, kind: str, path: str, content: bytes, size: int | None = None) -> Resumable:
    now = time.time()
    upload = Resumable(
        new_id(), len(content) if size is None else size, "a.txt", kind, path, "", {}, None, now, now + 60
    )
    uploads.begin(upload)
    with uploads.bytes_of(upload).extending(0, checked=False) as extension:
        extension.write(content)
    return upload


def test_a_finished_upload_is_finished_once_by_however_many(uploads: ResumableUploads) -> None:
    upload = an_upload(uploads, "partition", "p", b"hello")
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        results = list(pool.map(lambda _: uploads.finish(uploads.require(upload.id)).result, range(8)))
    assert {json.dumps(found) for found in results} == {json.dumps(results[0])}
    assert (uploads.settings.partitions_folder / "p" / "a.txt").read_bytes() == b"hello"


@pytest.mark.parametrize("kind", ["partition", "path"])
def test_killed_between_the_file_and_its_record(
    uploads: ResumableUploads, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    upload = an_upload(uploads, kind, "p/x", b"hello")

    def die(*_: Any, **__: Any) -> Any:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(uploads.database, "writing", die)
        with pytest.raises(KeyboardInterrupt):
            uploads.finish(upload)
    assert uploads.require(upload.id).result is None
    done = uploads.finish(uploads.require(upload.id))
    assert done.result is not None
    assert uploads.offset(done) == 5


def test_a_full_disk_can_be_tried_again(uploads: ResumableUploads, monkeypatch: pytest.MonkeyPatch) -> None:
    upload = an_upload(uploads, "path", "x", b"hello")

    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(os, "link", full)
        with pytest.raises(StorageFull):
            uploads.finish(upload)
    assert uploads.offset(upload) == 5
    assert uploads.finish(upload).result is not None


def test_a_target_that_refuses_for_good(uploads: ResumableUploads) -> None:
    upload = an_upload(uploads, "path", "x", b"hello")
    (uploads.settings.path_files_folder / "x").mkdir()
    for _ in range(2):
        with pytest.raises(UploadFailed, match="folder"):
            uploads.finish(upload)
    assert not uploads.bytes_of(upload).path.exists()


def test_what_has_expired_is_swept(uploads: ResumableUploads) -> None:
    over, going = (an_upload(uploads, "path", name, b"hello", size=9) for name in ("a", "b"))
    orphan = uploads.bytes_of(over).path.with_name(f"{'0' * 32}.growing")
    orphan.write_bytes(b"x")
    for path in orphan.parent.iterdir():
        os.utime(path, (0, 0))
    with uploads.database.writing() as connection:
        connection.execute(sa.update(resumable).where(resumable.c.id == over.id).values(expires=1.0))
    uploads.sweep()
    with pytest.raises(UploadNotFound):
        uploads.require(over.id)
    assert not uploads.bytes_of(over).path.exists()
    assert not orphan.exists()
    assert uploads.offset(uploads.require(going.id)) == 5


# -- on a small disk, and with the real client --------------------------------------------------------------------


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "small"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=20m", "tmpfs", str(folder)]
    if subprocess.run(command, check=False, capture_output=True).returncode:
        pytest.skip("mounting a small disk needs root")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_a_full_disk_is_told_and_leaves_nothing_half(storage: Path, small_disk: Path) -> None:
    folders = {"UPLOAD_FOLDER": str(small_disk / "p"), "FSTORE_ROOT": str(small_disk / "f"), "MIN_FREE_BYTES": "0"}
    big = b"x" * 30_000_000
    with LongshoreServer(storage, **folders) as server, httpx.Client(base_url=server.url, timeout=60) as http:
        assert begin(http, len(big), "path:x").status_code == 507
        http.put("/fs/kept", content=b"before")
        assert http.post("/full", files={"file": ("a", big)}).status_code == 507
        assert http.put("/fs/kept", content=iter([big[:15_000_000], big[15_000_000:]])).status_code == 507
        assert http.get("/fs/kept").content == b"before"
        assert http.get("/list/full").json()["files"] == []
        address = begun(http, 15_000_000, "path:late")
        with contextlib.suppress(OSError):
            (small_disk / "filler").write_bytes(b"x" * 10_000_000)
        assert patch(http, address, 0, b"y" * 15_000_000).status_code == 507
        there = offset(http, address)
        assert 0 < there < 15_000_000
        (small_disk / "filler").unlink()
        assert patch(http, address, there, b"y" * (15_000_000 - there)).status_code == 204
        assert http.get("/fs/late").content == b"y" * 15_000_000


@pytest.fixture(scope="module")
def modules(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the client of the protocol's own authors."""
    if not (shutil.which("node") and shutil.which("npm")):
        pytest.skip("needs node and npm")
    folder = tmp_path_factory.mktemp("modules")
    command = ["npm", "install", "--no-audit", "--no-fund", "--prefix", str(folder), CLIENT]
    if subprocess.run(command, check=False, capture_output=True, timeout=120).returncode:
        pytest.skip(f"npm cannot give {CLIENT}")
    return folder


@pytest.fixture
def a_file(tmp_path: Path) -> Path:
    path = tmp_path / "big.bin"
    path.write_bytes(random.Random(7).randbytes(20_000_000))
    return path


def upload_with_client(modules: Path, path: Path, url: str, chunk_bytes: int, **metadata: str) -> Any:
    script = Path(__file__).parents[1] / "support" / "upload.mjs"
    command = ["node", str(script), str(modules), str(path), f"{url}/tus/", json.dumps(metadata), str(chunk_bytes)]
    done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=120)
    return json.loads(done.stdout)


def test_the_real_client(modules: Path, a_file: Path, shared_server: LongshoreServer, http: httpx.Client) -> None:
    found = upload_with_client(
        modules, a_file, shared_server.url, 6_000_000, filename="日本.bin", target="partition:real"
    )
    assert json.loads(found["result"])["name"] == "日本.bin"
    assert found["retries"] == 0
    assert http.get("/real/日本.bin").content == a_file.read_bytes()
    again = upload_with_client(
        modules, a_file, shared_server.url, 6_000_000, filename="日本.bin", target="partition:real"
    )
    assert "409" in again["error"]


def test_the_real_client_goes_on_after_a_break(
    modules: Path, a_file: Path, shared_server: LongshoreServer, http: httpx.Client
) -> None:
    with cutting(shared_server.url, 9_000_000) as url:
        found = upload_with_client(modules, a_file, url, 10**9, filename="x", target="path:client/broken")
    assert (found["retries"] > 0, found.get("error")) == (True, None)
    assert http.get("/fs/client/broken").content == a_file.read_bytes()


def test_the_real_client_goes_on_after_the_server_was_killed(modules: Path, a_file: Path, storage: Path) -> None:
    with (
        LongshoreServer(storage) as server,
        cutting(server.url, 9_000_000, lambda: server.kill("web process")) as url,
    ):
        found = upload_with_client(modules, a_file, url, 10**9, filename="x", target="path:client/killed")
        assert (found["retries"] > 0, found.get("error")) == (True, None)
        assert httpx.get(f"{server.url}/fs/client/killed").content == a_file.read_bytes()
