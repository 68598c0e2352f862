"""The link service by itself: what is registered, what makes room, what expires."""

from __future__ import annotations

import io
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask, request

from longshore.delivery import cache, records
from longshore.delivery import links as links_module
from longshore.delivery.links import Links
from longshore.delivery.records import LinkNotFound, LinkTaken
from longshore.errors import IllegalOperation, InvalidValue, TooLarge
from longshore.processes.running_job import running_job
from longshore.settings import Settings
from longshore.state.database import Database
from longshore.state.leases import ExpiryDetector, new_owner
from support.leases import Clock, at, dead_owner

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
        connection.execute(records.transfers.update().values(lease_owner=dead_owner()))
        assert records.begin_transfer(connection, uid, [(0, 5)], taker="two", owner=new_owner(), **claim)


@pytest.fixture
def in_job() -> Iterator[str]:
    """As if a job ran in this process."""
    job_id = "00000000-0000-4000-8000-000000000000"
    running_job.begin(job_id)
    yield job_id
    running_job.end()


def test_what_a_job_hands_out_makes_no_room_for_others(settings: Settings, links: Links, in_job: str) -> None:
    few = Links(settings.model_copy(update={"link_cache_count": 1, "link_cache_bytes": 12}), links.database)
    of_job = [few.register(io.BytesIO(b"%d content" % number)) for number in range(3)]
    running_job.end()
    others = [few.register(io.BytesIO(b"%d other" % number)) for number in range(3)]
    assert [body(few, each) for each in of_job] == [b"0 content", b"1 content", b"2 content"]
    with pytest.raises(LinkNotFound):
        body(few, others[0])
    assert body(few, others[2]) == b"2 other"


def test_a_link_of_a_job_ends_with_its_result_and_not_later_than_it_asked_for(links: Links, in_job: str) -> None:
    now = time.time()
    kept, short = links.register(io.BytesIO(b"1")), links.register(io.BytesIO(b"2"), expires_in=5)
    with links.database.writing() as connection:
        assert records.unsettled_jobs(connection) == [in_job]
        records.end_with_job(connection, in_job, now + 60)
        assert records.unsettled_jobs(connection) == []
        ends = dict(connection.execute(sa.select(records.links.c.uid, records.links.c.expires)).all())
    assert ends[kept.partition("uid=")[2]] == now + 60
    assert ends[short.partition("uid=")[2]] < now + 10


def watch_for(links: Links, seconds: float) -> None:
    """Look at the transfers again and again for so long."""
    clock = Clock()
    links._transfer_watch = ExpiryDetector(records.GRACE_SECONDS, clock)
    links._taker_watch = ExpiryDetector(records.GRACE_SECONDS, clock)
    for _ in range(int(seconds) + 1):
        links.break_leases()
        clock.now += 1


def test_a_link_is_bound_to_who_takes_it_only_for_a_while_whatever_the_clock_says(
    links: Links, a_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    uid = links.register(a_file).partition("uid=")[2]
    claim = {"size": 5, "owner": new_owner(), "taker": "one"}
    with links.database.writing() as connection:
        number = records.begin_transfer(connection, uid, [(0, 2)], address="10.0.0.1", **claim)
        records.end_transfer(connection, number, uid, [(0, 2)], [], 5)
    real = time.time
    monkeypatch.setattr(time, "time", lambda: real() - 7200)
    watch_for(links, records.GRACE_SECONDS)
    with links.database.writing() as connection, pytest.raises(LinkTaken):
        records.begin_transfer(connection, uid, [(0, 5)], address="10.0.0.2", **claim)
    watch_for(links, records.GRACE_SECONDS + 2)
    with links.database.writing() as connection:
        assert records.begin_transfer(connection, uid, [(0, 5)], address="10.0.0.2", **claim)


def test_a_stalled_transfer_is_taken_over_and_then_ends(links: Links, a_file: Path) -> None:
    uid = links.register(a_file).partition("uid=")[2]
    claim = {"address": "10.0.0.1", "size": 5, "owner": new_owner()}
    with links.database.writing() as connection:
        first = records.begin_transfer(connection, uid, [(0, 5)], taker="one", **claim)
    watch_for(links, records.GRACE_SECONDS + 2)
    with links.database.writing() as connection:
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
    monkeypatch.setattr(links_module, "steady", at(time.time() + links_module.GRACE_SECONDS + 10))
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


def one_time(links: Links, a_file: Path) -> str:
    """A one-time address of the five bytes "hello", by its uid."""
    return links.register(a_file).partition("uid=")[2].partition("&")[0]


CLAIM = {"address": "10.0.0.1", "size": 5}


def leave(links: Links, uid: str, spans: list[tuple[int, int]], sent: list[tuple[int, int]] | None) -> None:
    """A process dies that had set out to send ``spans``; ``sent`` had gone out before its last piece was to leave."""
    with links.database.writing() as connection:
        number = records.begin_transfer(connection, uid, spans, taker="dead", owner=new_owner(), **CLAIM)
        if sent is not None:
            assert records.note_last_piece(connection, number, sent)
        mine = records.transfers.c.id == number
        connection.execute(records.transfers.update().where(mine).values(lease_owner=dead_owner()))


def claim(links: Links, uid: str, spans: list[tuple[int, int]], taker: str = "two") -> int:
    with links.database.writing() as connection:
        return records.begin_transfer(connection, uid, spans, taker=taker, owner=new_owner(), **CLAIM)


def test_a_file_whose_last_piece_was_leaving_is_not_given_out_whole_again(links: Links, a_file: Path) -> None:
    uid = one_time(links, a_file)
    leave(links, uid, [(0, 5)], [(0, 3)])
    for spans in ([(0, 5)], [(2, 5)], [(0, 1)]):
        with pytest.raises(LinkNotFound):
            claim(links, uid, spans)
    assert claim(links, uid, [(3, 5)]), "what had not left may be fetched"
    with pytest.raises(LinkNotFound):
        claim(links, uid, [(0, 5)])


def test_a_file_of_one_piece_that_was_leaving_is_used_up(links: Links, a_file: Path) -> None:
    uid = one_time(links, a_file)
    leave(links, uid, [(0, 5)], [])
    for spans in ([(0, 5)], [(4, 5)]):
        with pytest.raises(LinkNotFound):
            claim(links, uid, spans)


def test_a_download_that_broke_off_before_its_last_piece_may_begin_again(links: Links, a_file: Path) -> None:
    uid = one_time(links, a_file)
    leave(links, uid, [(0, 5)], None)
    assert claim(links, uid, [(0, 5)])


def test_a_part_that_was_leaving_is_no_whole_file(links: Links, a_file: Path) -> None:
    uid = one_time(links, a_file)
    leave(links, uid, [(0, 3)], [(0, 1)])
    assert claim(links, uid, [(0, 5)])


def test_parts_of_several_that_were_leaving_are_the_whole_file(links: Links, a_file: Path) -> None:
    uid = one_time(links, a_file)
    leave(links, uid, [(0, 3)], [(0, 1)])
    with links.database.writing() as connection:
        number = records.begin_transfer(connection, uid, [(3, 5)], taker="dead", owner=new_owner(), **CLAIM)
        records.end_transfer(connection, number, uid, [(3, 5)], [], 5)
    # Begun after the first had died, so that one is settled by now: nothing says that its part went out.
    assert claim(links, uid, [(0, 5)])


def test_a_transfer_that_stalls_over_its_last_piece_counts_as_one_that_died(links: Links, a_file: Path) -> None:
    uid = one_time(links, a_file)
    number = claim(links, uid, [(0, 5)], "one")
    with links.database.writing() as connection:
        records.note_last_piece(connection, number, [(0, 4)])
        records.break_transfer(connection, number, records.transfer_leases(connection)[number])
        assert not records.note_last_piece(connection, number, [(0, 4)]), "it has lost its place"
    with pytest.raises(LinkNotFound):
        claim(links, uid, [(0, 5)], "one")
    assert claim(links, uid, [(4, 5)], "one")
