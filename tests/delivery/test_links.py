"""The link service by itself: what is registered, what makes room, what expires."""

from __future__ import annotations

import io
import time
from pathlib import Path

import pytest
from flask import Flask, request

from longshore.database import Database
from longshore.delivery import cache, records
from longshore.delivery import links as links_module
from longshore.delivery.links import Links
from longshore.delivery.records import LinkNotFound, LinkTaken
from longshore.errors import IllegalOperation, InvalidValue, TooLarge
from longshore.leases import new_owner
from longshore.settings import Settings

app = Flask(__name__)


def take(links: Links, address: str, **headers: str) -> tuple[int, bytes, dict[str, str]]:
    """Fetch an address as a client that reads to the end."""
    with app.test_request_context(address, headers=headers):
        response = links.open(request.args["uid"], request, download="download" in request.args)
        try:
            return response.status_code, b"".join(response.response), dict(response.headers)  # type: ignore[arg-type]
        finally:
            response.response.close()  # type: ignore[union-attr]


def body(links: Links, address: str) -> bytes:
    return take(links, address)[1]


def test_text_is_counted_in_bytes(links: Links) -> None:
    status, content, headers = take(links, links.register(io.StringIO("übergroß €"), file_name="n.txt"))
    assert (status, content.decode()) == (200, "übergroß €")
    assert headers["Content-Length"] == str(len("übergroß €".encode()))
    assert headers["Content-Type"] == "text/plain; charset=utf-8"


def test_file_objects_are_taken_from_their_beginning(links: Links, a_file: Path) -> None:
    stream = io.BytesIO(b"abcdef")
    stream.read(3)
    assert body(links, links.register(stream)) == b"abcdef"
    with a_file.open("rb") as file:
        assert (
            take(links, links.register(file, download=True))[2]["Content-Disposition"] == "attachment; filename=a.txt"
        )
    assert body(links, links.register(str(a_file))) == b"first"


def test_what_is_no_file_is_refused(links: Links, a_file: Path) -> None:
    with a_file.open() as text, pytest.raises(InvalidValue, match="binary"):
        links.register(text)
    with pytest.raises(InvalidValue):
        links.register(42)  # type: ignore[arg-type]
    with pytest.raises(FileNotFoundError):
        links.register("/nowhere")
    for seconds in (0, -1, float("nan"), float("inf")):
        with pytest.raises(InvalidValue, match="expires_in"):
            links.register(a_file, expires_in=seconds)
    with pytest.raises(InvalidValue, match="content_type"):
        links.register(a_file, content_type="text/html\r\nSet-Cookie: a=b")


@pytest.mark.parametrize(
    ("given", "kept"),
    [("../../etc/passwd", "passwd"), ("a\r\nb", "ab"), ("C:\\temp\\x.txt", "x.txt"), ("", "a.txt"), ("/", "file")],
)
def test_names_of_downloads_are_names(links: Links, a_file: Path, given: str, kept: str) -> None:
    headers = take(links, links.register(a_file, file_name=given))[2]
    assert headers["Content-Disposition"] == f"inline; filename={kept}"


def test_a_link_may_be_opened_again_and_again(links: Links, a_file: Path) -> None:
    address = links.register(a_file, one_time_service=False)
    assert [body(links, address) for _ in range(3)] == [b"first"] * 3


def test_one_file_is_kept_once_however_many_addresses_it_has(links: Links, a_file: Path, settings: Settings) -> None:
    addresses = [links.register(a_file) for _ in range(5)]
    assert len(stored(settings)) == 1
    for address in addresses:
        assert body(links, address) == b"first"
    assert stored(settings) == []


def test_a_copy_that_goes_away_meanwhile_is_made_again(
    links: Links, a_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = links.register(a_file)
    keep, calls = links._keep, []

    def keep_and_lose(file: object) -> object:
        kept = keep(file)
        if not calls:
            calls.append(body(links, first))
        return kept

    monkeypatch.setattr(links, "_keep", keep_and_lose)
    assert body(links, links.register(a_file)) == b"first"
    assert calls == [b"first"]


def stored(settings: Settings) -> list[str]:
    return [path.name for path in settings.links_folder.rglob("*") if path.is_file()]


def test_a_file_written_to_in_place_is_another_file(links: Links, a_file: Path) -> None:
    first = links.register(a_file)
    with a_file.open("r+b") as file:
        file.write(b"FIRST")
    second = links.register(a_file)
    assert (body(links, first), body(links, second)) == (b"first", b"FIRST")


def test_a_file_that_is_being_written_is_refused(links: Links, a_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = cache._pieces

    def growing(source: io.FileIO) -> object:
        with a_file.open("ab") as file:
            file.write(b"more")
        return whole(source)

    monkeypatch.setattr(cache, "_pieces", growing)
    with pytest.raises(IllegalOperation, match="written"):
        links.register(a_file)


def test_an_address_expires(links: Links, a_file: Path, monkeypatch: pytest.MonkeyPatch, settings: Settings) -> None:
    address = links.register(a_file, expires_in=100)
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + 101)
    with pytest.raises(LinkNotFound):
        body(links, address)
    links.sweep()
    assert stored(settings) == []


def test_the_least_recently_used_makes_room(settings: Settings, links: Links, a_file: Path) -> None:
    few = Links(settings.model_copy(update={"link_cache_count": 3}), links.database)
    addresses = [few.register(a_file, one_time_service=False) for _ in range(3)]
    body(few, addresses[0])
    addresses.append(few.register(a_file, one_time_service=False))
    assert body(few, addresses[0]) == b"first"
    with pytest.raises(LinkNotFound):
        body(few, addresses[1])
    assert body(few, addresses[3]) == b"first"


def test_the_cache_is_bounded_in_bytes(settings: Settings, links: Links) -> None:
    small = Links(settings.model_copy(update={"link_cache_bytes": 1000}), links.database)
    with pytest.raises(TooLarge):
        small.register(io.BytesIO(b"x" * 1001))
    assert stored(settings) == []
    addresses = [small.register(io.BytesIO(bytes([number]) * 400)) for number in range(50)]
    with links.database.reading() as connection:
        assert cache.total_bytes(connection) <= 1000
    assert body(small, addresses[-1]) == bytes([49]) * 400


def test_a_transfer_of_a_dead_process_does_not_hold_the_file(links: Links, a_file: Path) -> None:
    address = links.register(a_file)
    uid = address.partition("uid=")[2]
    claim = {"address": "10.0.0.1", "size": 5}
    with links.database.writing() as connection:
        records.begin_transfer(connection, uid, [(0, 5)], taker="one", owner=new_owner(), **claim)
        with pytest.raises(LinkTaken):
            records.begin_transfer(connection, uid, [(0, 5)], taker="two", owner=new_owner(), **claim)
        with pytest.raises(LinkTaken):  # bound to the address that took bytes first
            records.begin_transfer(
                connection, uid, [(0, 5)], taker="one", owner=new_owner(), address="10.0.0.2", size=5
            )
        dead = new_owner().split("/")
        dead[1:3] = ["999999", "1"]
        connection.execute(records.transfers.update().values(lease_owner="/".join(dead)))
        assert records.begin_transfer(connection, uid, [(0, 5)], taker="two", owner=new_owner(), **claim)


def test_a_stalled_transfer_is_taken_over_and_then_ends(
    links: Links, a_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    uid = links.register(a_file).partition("uid=")[2]
    claim = {"address": "10.0.0.1", "size": 5, "owner": new_owner()}
    now = time.time()
    with links.database.writing() as connection:
        first = records.begin_transfer(connection, uid, [(0, 5)], taker="one", **claim)
        monkeypatch.setattr(time, "time", lambda: now + records.GRACE_SECONDS + 1)
        second = records.begin_transfer(connection, uid, [(0, 5)], taker="two", **claim)
        assert not records.touch_transfer(connection, first, uid)
        assert records.touch_transfer(connection, second, uid)
        assert not records.end_transfer(connection, first, uid, [], [(0, 5)], 5)
        assert records.end_transfer(connection, second, uid, [(0, 5)], [], 5)


def test_files_without_a_link_are_swept_when_they_are_old(
    links: Links, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    links.cache.keep_stream(io.BytesIO(b"left by a killed process"))
    links.sweep()
    assert len(stored(settings)) == 1
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + links_module.GRACE_SECONDS + 10)
    links.sweep()
    assert stored(settings) == []


def test_other_processes_serve_the_same_links(settings: Settings, links: Links, a_file: Path) -> None:
    address = links.register(a_file)
    database = Database(settings.database)
    try:
        assert body(Links(settings, database), address) == b"first"
    finally:
        database.close()
    with pytest.raises(LinkNotFound):
        body(links, address)
