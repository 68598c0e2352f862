"""Partitions over HTTP, on a whole server."""

from __future__ import annotations

import concurrent.futures
import contextlib
import socket
import threading
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote, urlsplit

import httpx
import pytest

from longshore.delivery.names import MAX_SEGMENT_BYTES, UnsafePath, safe_name
from support.server import LongshoreServer
from support.waiting import eventually

pytestmark = pytest.mark.processes

PAGE = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
JSON = {"Accept": "application/json"}


@pytest.fixture(scope="module")
def http(shared_server: LongshoreServer) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=shared_server.url, timeout=60) as client:
        yield client


@pytest.fixture
def root(shared_server: LongshoreServer) -> Path:
    return shared_server.storage / "partitions"


def send(http: httpx.Client, partition: str, name: str, content: bytes = b"x", **headers: str) -> httpx.Response:
    return http.post(f"/{partition}", files={"file": (name, content)}, headers=headers)


def arriving(root: Path) -> list[Path]:
    return list((root / ".incoming.").glob("*.upload"))


def test_a_file_goes_in_and_comes_out(http: httpx.Client) -> None:
    answer = send(http, "minecraft", "test.txt", b"hello")
    assert answer.status_code == 200
    assert [file["name"] for file in answer.json()["files"]] == ["test.txt"]
    assert answer.json()["stored"] == ["test.txt"]
    fetched = http.get("/minecraft/test.txt")
    assert (fetched.status_code, fetched.content) == (200, b"hello")
    assert http.get(answer.json()["files"][0]["address"]).content == b"hello"
    part = http.get("/minecraft/test.txt", headers={"Range": "bytes=1-2"})
    assert (part.status_code, part.content) == (206, b"el")
    assert http.get("/minecraft/test.txt", headers={"If-None-Match": fetched.headers["etag"]}).status_code == 304
    assert http.head("/minecraft/test.txt").headers["content-length"] == "5"


def test_the_same_name_again_is_refused_and_the_first_untouched(http: httpx.Client) -> None:
    assert send(http, "twice", "a.txt", b"first").status_code == 200
    second = send(http, "twice", "a.txt", b"second")
    assert second.status_code == 409
    assert "a.txt" in second.json()["errorDescription"]
    assert http.get("/twice/a.txt").content == b"first"


def test_several_files_at_once_all_or_none(http: httpx.Client) -> None:
    both = [("file", ("a", b"1")), ("file", ("b", b"2"))]
    assert http.post("/several", files=both).json()["stored"] == ["a", "b"]
    again = http.post("/several", files=[("file", ("new", b"3")), ("file", ("b", b"4"))])
    assert again.status_code == 409
    assert [file["name"] for file in http.get("/list/several").json()["files"]] == ["a", "b"]
    assert http.post("/several", files=[("file", ("c", b"1")), ("file", ("c", b"2"))]).status_code == 400


def test_of_many_at_once_exactly_one_wins(http: httpx.Client) -> None:
    barrier = threading.Barrier(50)

    def store(number: int) -> tuple[int, int]:
        with httpx.Client(base_url=http.base_url, timeout=60) as client:
            barrier.wait()
            return send(client, "race/deep", "one.bin", str(number).encode() * 1000).status_code, number

    with concurrent.futures.ThreadPoolExecutor(50) as pool:
        answers = list(pool.map(store, range(50)))
    assert sorted(status for status, _ in answers) == [200] + [409] * 49
    winner = next(number for status, number in answers if status == 200)
    assert http.get("/race/deep/one.bin").content == str(winner).encode() * 1000


def test_pages_for_browsers_and_json_for_programs(http: httpx.Client) -> None:
    form = http.get("/forms/new", headers=PAGE)
    assert form.status_code == 200
    assert 'enctype="multipart/form-data"' in form.text
    assert 'action="/forms/new"' in form.text
    assert "<form" in http.get("/forms/new").text
    assert http.get("/forms/new", headers=JSON).json()["files"] == []
    page = send(http, "forms/new", "<b>&.txt", **PAGE)
    assert page.status_code == 200
    assert "Stored _b_&amp;.txt" in page.text
    refused = send(http, "forms/new", "<b>&.txt", **PAGE)
    assert (refused.status_code, 'role="alert"' in refused.text) == (409, True)
    assert "_b_&amp;.txt" in http.get("/list/forms/new", headers=PAGE).text
    missing = http.get("/forms/missing.txt", headers=PAGE)
    assert (missing.status_code, "Not found" in missing.text) == (404, True)


def test_a_form_without_a_file_chosen(http: httpx.Client, root: Path) -> None:
    answer = http.post("/nobody", files={"file": ("", b"")})
    assert (answer.status_code, "file" in answer.json()["errorDescription"]) == (400, True)
    assert not (root / "nobody").exists()


def test_listing_an_unknown_partition_does_not_make_it(http: httpx.Client, root: Path) -> None:
    answer = http.get("/list/never/seen")
    assert (answer.status_code, answer.json()["files"]) == (200, [])
    assert http.get("/never/seen").status_code == 200
    assert not (root / "never").exists()


def test_the_partitions_on_top_are_listed(http: httpx.Client, root: Path, tmp_path: Path) -> None:
    send(http, "on-top/below", "a.txt")
    (tmp_path / "elsewhere").mkdir()
    (root / "leading-out").symlink_to(tmp_path / "elsewhere")
    (root / ".kept").mkdir()
    for address in ("/list/", "/list"):
        answer = http.get(address, follow_redirects=True)
        assert answer.status_code == 200
        names = answer.json()["partitions"]
        assert "on-top" in names
        assert not {"on-top/below", "below", ".incoming.", ".kept", "leading-out"} & set(names)
        assert names == sorted(names)
        refused = send(http, address.strip("/"), "a.txt")
        assert refused.status_code in (404, 405)
    assert not (root / "list").exists()


def test_a_path_is_its_file_else_the_form_of_a_partition(http: httpx.Client) -> None:
    send(http, "a", "b", b"file")
    assert http.get("/a/b").content == b"file"
    assert send(http, "a/b", "c").status_code == 409
    send(http, "p/q", "r", b"deep")
    assert "<form" in http.get("/p").text
    assert http.get("/list/p").json()["partitions"] == ["q"]
    assert send(http, "p", "q").status_code == 409
    assert send(http, "p/q/", "s").status_code == 200


@pytest.mark.parametrize("path", ["/favicon.ico", "/robots.txt", "/.well-known/security.txt", "/.git/config", "/a.php"])
def test_mistyped_files_are_not_forms(http: httpx.Client, path: str) -> None:
    assert http.get(path).status_code == 404


@pytest.mark.parametrize("path", ["api", "api/v1/nothing", "upload/more", "fs", "tus/a/b", "echo/x", "file/x",
                                  "0123456789abcdef0123456789abcd/x"])  # fmt: skip
def test_the_servers_own_addresses_are_no_partitions(http: httpx.Client, root: Path, path: str) -> None:
    for answer in (send(http, path, "a.txt"), http.get(f"/{path}")):
        assert answer.status_code == 404
        assert answer.json()["error"] == "InvalidRequest"
    assert not (root / path.split("/")[0]).exists()


def test_the_script_of_older_pages_takes_no_more_than_its_own_address(http: httpx.Client, root: Path) -> None:
    """A partition of this name may be older than it."""
    assert send(http, "compat", "a.txt").status_code == 200
    assert send(http, "compat/of/old", "b.txt").status_code == 200
    assert http.get("/compat/a.txt").status_code == 200
    assert http.get("/compat", headers={"Accept": "application/json"}).json()["partitions"] == ["of"]
    assert send(http, "compat/socket.io.js", "c.txt").status_code == 405
    assert not (root / "compat" / "socket.io.js").exists()


def test_a_sessions_id_is_no_partition(http: httpx.Client, root: Path) -> None:
    """It is the browser application's address, which nothing can be posted to."""
    path = "0123456789abcdef0123456789abcd"
    assert send(http, path, "a.txt").status_code == 405
    assert not (root / path).exists()


def test_every_fixed_address_is_reserved(http: httpx.Client) -> None:
    document = http.get("/api/v1/openapi.json").json()
    firsts = {path.split("/")[1] for path in document["paths"]} | {"diagnostic", "hello", "cached-file", "downloadCSV"}
    # A partition's own, and those under which any path is somebody's.
    for first in firsts - {"", "{address}", "fs", "kv"}:
        assert send(http, f"{first}/zzz/yyy/xxx", "a").status_code in (404, 405), first
    assert send(http, "socket.io/x", "a").status_code == 400  # the sockets take all below their address


def test_other_routes_win_also_with_another_method(http: httpx.Client) -> None:
    answer = send(http, "hello", "a.txt")
    assert (answer.status_code, "GET" in answer.headers["allow"]) == (405, True)
    assert send(http, "diagnostic", "a.txt").status_code == 405
    assert http.get("/upload").status_code == 405
    assert http.get("/upload?x=1").status_code == 405
    assert (http.get("/some/part?x=1").status_code, send(http, "some/part?x=1", "a.txt").status_code) == (400, 400)
    assert http.post("/somewhere", json={"a": 1}).status_code == 404


LONG = "ü" * 2000
BAD_PATHS = [
    "..",
    "../x",
    "a/../x",
    "a/..",
    "a//b",
    "./a",
    "%2e%2e/x",
    "a/%2e%2e/%2e%2e/x",
    "a%00b",
    "a/%5c..%5cx",
    "C:/x",
    "a/nul",
    "con.txt/x",
    "a/b.",
    "a/ b",
    "a /b",
    "a/.incoming./x",
    ".incoming.",
    "%E2%80%AEx",
    "a/" + quote(LONG),
    "a/" * 40 + "b",
    "%ED%B3%BF",
    "%FF",
    "a/%C3%28",
    "a/" + quote("ü" * 150),
    "a/*",
    "a/b%0d%0ac",
]


def test_hidden_folders_are_no_partitions(http: httpx.Client, root: Path) -> None:
    assert send(http, ".hidden/x", "a.txt").status_code == 422
    assert send(http, "a/.hidden", "a.txt").status_code == 422
    assert not (root / ".hidden").exists()


def raw(server: LongshoreServer, method: str, path: str, body: bytes = b"") -> int:
    """The status of a request whose path nobody tidies."""
    parts = urlsplit(server.url)
    boundary = b"--X\r\nContent-Disposition: form-data; name=file; filename=t.txt\r\n\r\n" + body + b"\r\n--X--\r\n"
    with socket.create_connection((parts.hostname, parts.port), timeout=30) as connection:
        connection.sendall(
            f"{method} {path} HTTP/1.1\r\nHost: localhost\r\nAccept: application/json\r\nConnection: close\r\n"
            f"Content-Type: multipart/form-data; boundary=X\r\nContent-Length: {len(boundary)}\r\n\r\n".encode()
            + boundary
        )
        answer = b""
        while piece := connection.recv(65536):
            answer += piece
    return int(answer.split(b" ", 2)[1])


@pytest.mark.parametrize("prefix", ["/", "/fs/", "/list/"])
@pytest.mark.parametrize("path", BAD_PATHS, ids=lambda path: path[:20])
def test_paths_that_lead_elsewhere_are_refused(shared_server: LongshoreServer, prefix: str, path: str) -> None:
    before = outside(shared_server)
    for method in ["GET"] if prefix == "/list/" else ["GET", "POST", "DELETE"]:
        # Slashes that stand twice make a redirection to the tidy address.
        assert raw(shared_server, method, prefix + path) in {308, 400, 404, 405, 414, 422}, method
    assert outside(shared_server) == before


def outside(server: LongshoreServer) -> set[str]:
    """Everything near the storage but the log and what the server's own parts write."""
    storage = server.storage
    near = {path.name for path in storage.parent.iterdir()} | {path.name for path in storage.iterdir()}
    inside = {str(path) for folder in ("partitions", "fs") for path in (storage / folder).rglob("*")}
    return {name for name in near if not name.startswith(("longshore.db", "longshore.lock"))} | {
        path for path in inside if ".incoming." not in path
    }


def test_double_encoding_is_taken_as_it_stands(http: httpx.Client, root: Path) -> None:
    assert send(http, "double/%252e%252e", "a.txt").status_code == 200
    assert (root / "double" / "%2e%2e" / "a.txt").is_file()


def test_links_out_of_the_root_are_not_followed(http: httpx.Client, root: Path, tmp_path: Path) -> None:
    (tmp_path / "secret.txt").write_text("secret")
    send(http, "linked", "a.txt")
    (root / "linked" / "out").symlink_to(tmp_path)
    (root / "linked" / "secret.txt").symlink_to(tmp_path / "secret.txt")
    (root / "linked" / "around").symlink_to(root / "linked" / "around")
    for path in ("linked/secret.txt", "linked/out/secret.txt", "linked/out", "linked/around", "linked/around/x"):
        assert http.get(f"/{path}").status_code == 404, path
    assert send(http, "linked/out", "b.txt").status_code == 422
    assert send(http, "linked", "secret.txt").status_code == 409
    assert [file["name"] for file in http.get("/list/linked").json()["files"]] == ["a.txt"]
    assert [path.name for path in tmp_path.iterdir()] == ["secret.txt"]


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("Übersicht 2024.csv", "Übersicht 2024.csv"), ("日本.csv", "日本.csv"), ("../../etc/passwd", "passwd"),
        ("C:\\Daten\\x.csv", "x.csv"), ("a:b?.txt", "a_b_.txt"), (" a.txt ", "a.txt"), ("a.txt..", "a.txt"),
        ("x\u202egnp.exe", "x_gnp.exe"), ("a\tb", "a_b"), (unicodedata.normalize("NFD", "é.txt"), "é.txt"),
        (".profile", ".profile"), ("\udcff.txt", "_.txt"),
    ],
)  # fmt: skip
def test_names_are_made_safe_and_keep_their_letters(given: str, kept: str) -> None:
    assert safe_name(given) == kept


@pytest.mark.parametrize("name", ["", "..", "/", "a/", "nul", "COM1.txt", "a\0b", " ", "..."])
def test_names_that_cannot_be_made_safe(name: str) -> None:
    with pytest.raises(UnsafePath):
        safe_name(name)


def test_long_names_are_cut_and_stay_different() -> None:
    one, other = safe_name("ü" * 2000 + "1.csv"), safe_name("ü" * 2000 + "2.csv")
    assert one != other
    assert {name[-4:] for name in (one, other)} == {".csv"}
    assert max(len(name.encode()) for name in (one, other)) <= MAX_SEGMENT_BYTES


def test_two_names_that_become_one_are_told_apart(http: httpx.Client) -> None:
    send(http, "collide", "a_b.txt", b"first")
    answer = send(http, "collide", "a?b.txt")
    assert answer.status_code == 409
    assert "a?b.txt" in answer.json()["errorDescription"]
    assert http.get("/collide/a_b.txt").content == b"first"


def test_both_unicode_forms_of_a_name_are_one_file(http: httpx.Client) -> None:
    send(http, "näh", "é.txt", b"first")
    decomposed = unicodedata.normalize("NFD", "é.txt")
    assert send(http, unicodedata.normalize("NFD", "näh"), decomposed).status_code == 409
    assert http.get(f"/{quote(unicodedata.normalize('NFD', 'näh'))}/{quote(decomposed)}").content == b"first"


@pytest.mark.parametrize("name", ["x.html", "x.svg", "x.xml", "x.js", "x.xhtml", "x.unknown", "x.mhtml", "x.htm.gz"])
def test_what_could_run_in_our_name_is_only_a_download(http: httpx.Client, name: str) -> None:
    send(http, "active", name, b"<script>alert(1)</script>")
    headers = http.get(f"/active/{name}").headers
    assert headers["content-disposition"].startswith("attachment")
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["content-security-policy"] == "sandbox"


@pytest.mark.parametrize("name", ["x.txt", "x.csv", "x.png", "x.pdf", "x.mp4", "x.json"])
def test_what_cannot_is_shown(http: httpx.Client, name: str) -> None:
    send(http, "passive", name)
    assert http.get(f"/passive/{name}").headers["content-disposition"].startswith("inline")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"nonsense",
        b"--X\r\n",
        b"--X\r\nContent-Disposition: form-data; name=file; filename=a\r\n\r\nabc",
        b"--X\r\nContent-Disposition: form-data; name=file; filename=a\r\n\r\nabc\r\n--Y--\r\n",
        b"--X\r\n\r\nabc\r\n--X--\r\n",
        b"--X\r\nContent-Disposition: form-data; name=text\r\n\r\nabc\r\n--X--\r\n",
    ],
)
def test_a_broken_form_leaves_nothing(http: httpx.Client, root: Path, body: bytes) -> None:
    answer = http.post("/broken", content=body, headers={"Content-Type": "multipart/form-data; boundary=X"})
    assert answer.status_code == 400
    assert not (root / "broken").exists()
    assert arriving(root) == []


def test_an_upload_that_breaks_off_leaves_nothing(shared_server: LongshoreServer, root: Path) -> None:
    with begun(shared_server, "/brokenoff"):
        assert eventually(lambda: arriving(root))
    assert eventually(lambda: not arriving(root))
    assert not (root / "brokenoff").exists()


def test_slow_bodies_hold_nobody_else_up(shared_server: LongshoreServer, http: httpx.Client, root: Path) -> None:
    with contextlib.ExitStack() as stack:
        for _ in range(40):
            stack.enter_context(begun(shared_server, "/slow"))
        assert eventually(lambda: len(arriving(root)) == 40)
        assert send(http, "quick", "a.txt").status_code == 200
    assert eventually(lambda: not arriving(root))


@contextlib.contextmanager
def begun(server: LongshoreServer, path: str) -> Iterator[socket.socket]:
    """A form whose file has begun and does not come on."""
    parts = urlsplit(server.url)
    with socket.create_connection((parts.hostname, parts.port)) as connection:
        connection.sendall(
            f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: multipart/form-data; boundary=X\r\n"
            "Content-Length: 1000000\r\n\r\n"
            "--X\r\nContent-Disposition: form-data; name=file; filename=a\r\n\r\n".encode()
            + b"x" * 100_000
        )
        yield connection


def test_over_the_limit(storage: Path) -> None:
    with LongshoreServer(storage, MAX_UPLOAD_BYTES="1000") as server, httpx.Client(base_url=server.url) as http:
        assert send(http, "big", "a", b"x" * 1000).status_code == 200
        assert send(http, "big", "b", b"x" * 300_000).status_code == 413
        halves = [("file", ("c", b"x" * 600)), ("file", ("d", b"x" * 600))]
        assert http.post("/big", files=halves).status_code == 413
        assert [file["name"] for file in http.get("/list/big").json()["files"]] == ["a"]
        assert http.put("/fs/big", content=b"x" * 300_000).status_code == 413
        assert http.get("/fs/big").status_code == 404
