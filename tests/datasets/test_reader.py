"""Foreign files are read in processes of their own, and what happens to those is told in words."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from longshore.datasets.reader import Reader, ReaderLost
from longshore.datasets.reader_process import Channel, Spare, has_ended
from longshore.errors import InvalidRequest, TimedOut, TooLarge, UnreadableFile
from support.waiting import eventually

MEMORY_BYTES = 2 * 10**9
ROWS = 1_500_000


@pytest.fixture(scope="module")
def reader() -> Iterator[Reader]:
    made = Reader(2)
    yield made
    made.end()


def ask(reader: Reader, path: Path, folder: Path, memory_bytes: int = MEMORY_BYTES, **watch: Any) -> dict[str, Any]:
    folder.mkdir()
    request = {
        "task": "read",
        "path": str(path),
        "folder": str(folder),
        "name": path.name,
        "options": watch.pop("options", {}),
        "maxUnpackedBytes": 10**10,
    }
    return reader.run(request, memory_bytes=memory_bytes, **{"stall_seconds": 100, **watch})


@pytest.fixture
def large(tmp_path: Path) -> Path:
    path = tmp_path / "large.csv"
    path.write_bytes(b"n,t\n" + b"".join(b"%d,v%d\n" % (n, n) for n in range(ROWS)))
    return path


@pytest.fixture
def endless(tmp_path: Path) -> Path:
    """A file that never comes to an end: whoever opens it waits."""
    path = tmp_path / "endless.csv"
    os.mkfifo(path)
    return path


@pytest.fixture
def small(tmp_path: Path) -> Path:
    path = tmp_path / "small.csv"
    path.write_text("a\n1\n")
    return path


def child_of(reader: Reader) -> psutil.Process:
    """The child that reads, or the spare one while nothing is read."""
    process = reader.process
    assert process is not None
    return eventually(lambda: psutil.Process(process.pid).children()[0], 10, "a child")


def test_a_file_is_read_in_another_process(reader: Reader, tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("a,b\n1,x\n2,y\n")
    told: list[int] = []
    answer = ask(reader, path, tmp_path / "out", note_peak=told.append)
    assert [column[:2] for column in answer["table"]["columns"]] == [["a", "int64"], ["b", "string"]]
    assert answer["table"]["rows"] == 2
    assert [file.suffix for file in (tmp_path / "out").iterdir()] == [".parquet"]
    assert 0 < told[0] < MEMORY_BYTES


def test_progress_comes_through(reader: Reader, large: Path, tmp_path: Path) -> None:
    told: list[tuple[Any, ...]] = []
    ask(reader, large, tmp_path / "out", progress=lambda *each: told.append(each))
    total = large.stat().st_size - len("n,t\n") - len("\n")
    assert told[-1] == ("read", total, total, ROWS)


def test_the_childs_error_is_raised_here(reader: Reader, small: Path, tmp_path: Path) -> None:
    with pytest.raises(InvalidRequest, match="encoding"):
        ask(reader, small, tmp_path / "out", options={"encoding": "klingon"})


def test_a_child_over_its_memory_is_ended_with_the_setting_named(reader: Reader, large: Path, tmp_path: Path) -> None:
    told: list[int] = []
    with pytest.raises(TooLarge, match=r"more than 250,000,000 bytes of memory.*IMPORT_MEMORY_BYTES"):
        ask(reader, large, tmp_path / "out", memory_bytes=250_000_000, note_peak=told.append)
    assert 0 < told[0] < 250_000_000


def test_a_child_that_stands_still_is_ended(reader: Reader, endless: Path, tmp_path: Path) -> None:
    seen: list[psutil.Process] = []
    with pytest.raises(TimedOut, match=r"stood still for 0.2 s \(IMPORT_STALL_SECONDS\)"):
        ask(reader, endless, tmp_path / "out", stall_seconds=0.2, tick=lambda: seen.append(child_of(reader)))
    eventually(lambda: not seen[0].is_running(), 10, "the child's end")


def test_what_is_not_wanted_any_more_is_not_read_on(reader: Reader, endless: Path, tmp_path: Path) -> None:
    class NotWanted(Exception):
        pass

    seen: list[psutil.Process] = []

    def tick() -> None:
        seen.append(child_of(reader))
        raise NotWanted

    with pytest.raises(NotWanted):
        ask(reader, endless, tmp_path / "out", tick=tick)
    eventually(lambda: not seen[0].is_running(), 10, "the child's end")


def test_a_child_that_somebody_kills_is_lost_and_the_next_file_is_read(
    reader: Reader, endless: Path, small: Path, tmp_path: Path
) -> None:
    with pytest.raises(ReaderLost):
        ask(reader, endless, tmp_path / "out", tick=lambda: child_of(reader).kill())
    assert ask(reader, small, tmp_path / "again")["table"]["rows"] == 1


def test_a_child_that_its_file_brings_down_is_told_as_such(reader: Reader, endless: Path, tmp_path: Path) -> None:
    with pytest.raises(UnreadableFile, match="brought its reader down"):
        ask(reader, endless, tmp_path / "out", tick=lambda: child_of(reader).send_signal(signal.SIGSEGV))


def test_a_reader_that_somebody_kills_takes_its_child_along_and_is_started_again(
    reader: Reader, endless: Path, small: Path, tmp_path: Path
) -> None:
    seen: list[psutil.Process] = []

    def tick() -> None:
        seen.append(child_of(reader))
        seen[0].parent().kill()

    with pytest.raises(ReaderLost):
        ask(reader, endless, tmp_path / "out", tick=tick)
    eventually(lambda: not seen[0].is_running(), 10, "the child's end")
    assert ask(reader, small, tmp_path / "again")["table"]["rows"] == 1


def test_a_spare_child_that_somebody_kills_is_replaced(reader: Reader, small: Path, tmp_path: Path) -> None:
    ask(reader, small, tmp_path / "out")
    spare = child_of(reader)
    spare.kill()
    eventually(lambda: not spare.is_running() or spare.status() == psutil.STATUS_ZOMBIE, 10, "its end")
    assert ask(reader, small, tmp_path / "again")["table"]["rows"] == 1


HALF_ENDED = """
import ctypes, platform, threading, time
threading.Thread(target=time.sleep, args=(60,)).start()
ctypes.CDLL(None).syscall(60 if platform.machine() == "x86_64" else 93, 0)
"""
"""Ends its first thread alone, as a process is for a moment that somebody killed."""


@pytest.mark.skipif(sys.platform != "linux", reason="only there can a process be seen at its end")
def test_a_spare_child_that_is_at_its_end_is_given_nothing() -> None:
    ours, its = socket.socketpair()
    with its, subprocess.Popen([sys.executable, "-c", HALF_ENDED], pass_fds=[its.fileno()]) as process:
        eventually(lambda: has_ended(process.pid), 10, "the end of its first thread")
        try:
            assert not Spare(process.pid, ours).hand_over(Channel(its), {})
        finally:
            process.kill()


def test_a_service_managers_signal_leaves_it_alone(reader: Reader, small: Path, tmp_path: Path) -> None:
    ask(reader, small, tmp_path / "out")
    process = reader.process
    spare = child_of(reader)
    for each in (spare, spare.parent()):
        each.terminate()
    assert ask(reader, small, tmp_path / "again")["table"]["rows"] == 1
    assert reader.process is process


def test_two_files_are_read_at_the_same_time(reader: Reader, endless: Path, small: Path, tmp_path: Path) -> None:
    answers: list[dict[str, Any]] = []

    class Enough(Exception):
        pass

    def tick() -> None:
        answers.append(ask(reader, small, tmp_path / "beside"))
        raise Enough

    with pytest.raises(Enough):
        ask(reader, endless, tmp_path / "out", tick=tick)
    assert answers[0]["table"]["rows"] == 1


def test_an_idle_reader_ends_and_comes_back(small: Path, tmp_path: Path) -> None:
    reader = Reader(1, idle_seconds=0.2)
    ask(reader, small, tmp_path / "out")
    first = reader.process
    assert first is not None
    assert first.wait(20) == 0
    assert ask(reader, small, tmp_path / "again")["table"]["rows"] == 1
    reader.end()
