"""Large files on their way to disk."""

from __future__ import annotations

import errno
import fcntl
import os
import random
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from longshore.storage import direct_writer
from longshore.storage.direct_writer import ALIGNMENT, BUFFER_BYTES, FileWriter, write_at

SIZES = [0, 1, ALIGNMENT, BUFFER_BYTES - 1, BUFFER_BYTES, BUFFER_BYTES + 1, 3 * BUFFER_BYTES + 12345]


@contextmanager
def opened(path: Path) -> Iterator[int]:
    handle = os.open(path, os.O_RDWR | os.O_CREAT)
    try:
        yield handle
    finally:
        os.close(handle)


@pytest.mark.parametrize("start", [0, 7, ALIGNMENT, BUFFER_BYTES + 100])
@pytest.mark.parametrize("size", SIZES)
def test_every_byte_in_its_place(tmp_path: Path, size: int, start: int) -> None:
    before, more = os.urandom(start), os.urandom(size)
    path = tmp_path / "file"
    path.write_bytes(before)
    dice = random.Random(size + start)
    with opened(path) as handle, FileWriter(handle, start) as writer:
        at = 0
        while at < size:
            piece = dice.randint(1, 2 * BUFFER_BYTES)
            writer.write(more[at : at + piece])
            at += piece
        writer.flush()
        assert path.read_bytes() == before + more


def test_a_flush_in_between(tmp_path: Path) -> None:
    path = tmp_path / "file"
    content = os.urandom(5 * BUFFER_BYTES)
    with opened(path) as handle, FileWriter(handle) as writer:
        for start, end in [(0, 10), (10, 2 * BUFFER_BYTES), (2 * BUFFER_BYTES, 5 * BUFFER_BYTES)]:
            writer.write(content[start:end])
            writer.flush()
            assert path.read_bytes() == content[:end]


def test_large_pieces_pass_the_cache_and_the_rest_does_not(tmp_path: Path) -> None:
    seen: list[tuple[int, bool]] = []

    def put(handle: int, data: memoryview, at: int) -> None:
        seen.append((at, bool(fcntl.fcntl(handle, fcntl.F_GETFL) & os.O_DIRECT)))
        write_at(handle, data, at)

    with opened(tmp_path / "file") as handle:
        try:
            fcntl.fcntl(handle, fcntl.F_SETFL, fcntl.fcntl(handle, fcntl.F_GETFL) | os.O_DIRECT)
        except OSError:
            pytest.skip("the file system of the tests cannot do that")
        fcntl.fcntl(handle, fcntl.F_SETFL, fcntl.fcntl(handle, fcntl.F_GETFL) & ~os.O_DIRECT)
        with FileWriter(handle, 5, put) as writer:
            writer.write(bytes(2 * BUFFER_BYTES))
            writer.flush()
    assert seen == [(5, False), (BUFFER_BYTES, True), (2 * BUFFER_BYTES, False)]


@pytest.mark.parametrize("refuses", ["the flag", "the write"])
def test_a_disk_that_cannot_do_without_the_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, refuses: str) -> None:
    path = tmp_path / "file"
    really, tried = fcntl.fcntl, []

    def refuse_flag(handle: int, command: int, value: int = 0) -> int:
        if command == fcntl.F_SETFL and value & os.O_DIRECT:
            tried.append("flag")
            raise OSError(errno.EINVAL, "no")
        return int(really(handle, command, value))

    def refuse_write(handle: int, data: memoryview, at: int) -> None:
        if really(handle, fcntl.F_GETFL) & os.O_DIRECT:
            tried.append("write")
            raise OSError(errno.EINVAL, "no")
        write_at(handle, data, at)

    if refuses == "the flag":
        monkeypatch.setattr(direct_writer.fcntl, "fcntl", refuse_flag)
    content = os.urandom(3 * BUFFER_BYTES + 5)
    with opened(path) as handle, FileWriter(handle, 0, refuse_write) as writer:
        writer.write(content)
        writer.flush()
    assert path.read_bytes() == content
    assert len(tried) <= 1  # it does not ask again, if the file system of the tests can do it at all


def test_nothing_is_written_after_a_failure(tmp_path: Path) -> None:
    path = tmp_path / "file"

    def put(handle: int, data: memoryview, at: int) -> None:
        if at == BUFFER_BYTES:
            raise OSError(errno.ENOSPC, "full")
        write_at(handle, data, at)

    with opened(path) as handle, FileWriter(handle, 0, put) as writer:
        with pytest.raises(OSError, match="full"):
            writer.write(bytes(4 * BUFFER_BYTES))
        writer.write(b"more")
        writer.flush()
    assert path.read_bytes() == bytes(BUFFER_BYTES)


def test_what_was_not_flushed_is_left_out(tmp_path: Path) -> None:
    path = tmp_path / "file"
    with opened(path) as handle:
        writer = FileWriter(handle)
        writer.write(bytes(BUFFER_BYTES + 5))
        writer.close()
        writer.flush()
    assert path.read_bytes() == bytes(BUFFER_BYTES)
