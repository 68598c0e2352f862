"""The reader: a process that reads foreign files, each in a child of its own, and watches what those take.

``python -P -m longshore.datasets.reader_process 5 0`` takes over the inherited socket 5 one connection for each file,
on which a line of JSON says what to do; see :mod:`longshore.datasets.reader` for the other end. The child answers on
it with lines of JSON, and when it has ended the reader says how.

A child is forked, not started: all that reading needs is imported already, which takes ten times as long as to read a
small file. The reader itself never runs a query of Polars, after which a fork would hang. One child is forked ahead,
and reads a small file of its own to have the engine's threads and pages ready; it serves one file and ends.
"""

from __future__ import annotations

import json
import os
import resource
import select
import signal
import socket
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from longshore.errors import LongshoreError
from longshore.processes.parent_death import exit_with_parent
from longshore.tables.reading import Progress, ReadOptions, read
from longshore.tables.reading.preview import look

NICENESS = 10
"""A click in a table goes before an import where both want the processors."""
OOM_SCORE = 500
"""Where the machine itself runs out of memory, the kernel takes this process rather than another of the server."""
LOOK_SECONDS = 0.02
LOOK_CLOSELY_SECONDS = 0.002
"""Pauses between two looks at the memory of the children: far below their limits, and near them."""
NEAR = 0.75
ASK_PS_SECONDS = 0.2
MAX_REQUEST = 1 << 20
CUT_SHORT = b"\n"
"""Before the last line: the child may have been killed in the middle of one of its own."""

_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
_HAS_PROC = sys.platform == "linux"


class Channel:
    """Lines of JSON to whoever asked."""

    def __init__(self, connection: socket.socket) -> None:
        self.connection = connection

    def send(self, message: dict[str, Any], before: bytes = b"") -> None:
        """Send one; nobody may listen any more."""
        with suppress(BrokenPipeError, ConnectionResetError):
            self.connection.sendall(before + json.dumps(message).encode() + b"\n")

    def receive(self) -> dict[str, Any]:
        """The request, which was sent before the connection was handed over."""
        line = b""
        while not line.endswith(b"\n") and len(line) < MAX_REQUEST and (part := self.connection.recv(65536)):
            line += part
        request: dict[str, Any] = json.loads(line)
        return request


class Spare:
    """A child that waits for a file.

    :param handing: to hand it one over.
    """

    def __init__(self, pid: int, handing: socket.socket) -> None:
        self.pid = pid
        self.handing = handing

    def hand_over(self, channel: Channel, request: dict[str, Any]) -> bool:
        """Give it a file to read; False when it is gone."""
        try:
            if has_ended(self.pid):  # its other threads may still be about to end, and hold the connection open
                return False
            socket.send_fds(self.handing, [json.dumps(request).encode() + b"\n"], [channel.connection.fileno()])
        except (BrokenPipeError, ConnectionResetError):
            return False
        finally:
            self.handing.close()
        return True


class Child:
    """One file that is being read.

    :param limit_bytes: of memory.
    """

    def __init__(self, pid: int, channel: Channel, limit_bytes: int) -> None:
        self.pid = pid
        self.channel = channel
        self.limit_bytes = limit_bytes
        self.peak_bytes = 0
        self.is_over = False
        self.oom_kills = count_oom_kills()

    def watch(self) -> None:
        """Look at its memory, and end it where that is too much."""
        self.peak_bytes = max(self.peak_bytes, memory_of(self.pid))
        if self.peak_bytes > self.limit_bytes and not self.is_over:
            self.is_over = True
            self.kill()

    def kill(self) -> None:
        """End it at once; it is reaped as any other."""
        with suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)

    def reap(self) -> bool:
        """Whether it has ended; then whoever asked knows."""
        pid, status = os.waitpid(self.pid, os.WNOHANG)
        if pid == 0:
            return False
        code = os.waitstatus_to_exitcode(status)
        is_oom = code == -signal.SIGKILL and count_oom_kills() > self.oom_kills
        reason = "memory" if self.is_over else "machine memory" if is_oom else ""
        ended = {"kind": "ended", "code": code, "reason": reason, "peak": self.peak_bytes}
        self.channel.send(ended, before=CUT_SHORT)
        self.channel.connection.close()
        return True


class Reader:
    """Takes requests, forks, watches, reaps: one thread around one poll.

    :param control: over which connections come; its end is the reader's.
    :param idle_seconds: without work, after which it ends by itself; None: never.
    """

    def __init__(self, control: socket.socket, idle_seconds: float | None) -> None:
        self.control = control
        self.idle_seconds = idle_seconds
        # This process and the child that waits are part of what a file costs.
        self.standing_bytes = 2 * own_peak()
        self.children: dict[int, Child] = {}
        self.spare: Spare | None = None
        self.poll = select.poll()
        self.poll.register(control, select.POLLIN)
        # A signal writes a byte here, so that the end of a child is seen at once.
        self.woken, self._waking = os.pipe()
        os.set_blocking(self.woken, False)
        os.set_blocking(self._waking, False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(self._waking, warn_on_full_buffer=False)
        self.poll.register(self.woken, select.POLLIN)

    def serve(self) -> None:
        """Until whoever started it is gone, or it was idle for too long."""
        while True:
            self._prepare()
            events = self.poll.poll(self._pause())
            if not events and not self.children:
                return
            for number, _ in events:
                if number == self.control.fileno():
                    if not self._take():
                        return
                elif number == self.woken:
                    self._drain_woken()
                elif number in self.children:  # it hung up: nobody wants the answer any more
                    self.poll.unregister(number)
                    self.children[number].kill()
            for number, child in list(self.children.items()):
                child.watch()
                if child.reap():
                    del self.children[number]
                    with suppress(KeyError):
                        self.poll.unregister(number)

    def _pause(self) -> float | None:
        """Milliseconds until the next look."""
        if not self.children:
            return None if self.idle_seconds is None else self.idle_seconds * 1000
        if not _HAS_PROC:
            return ASK_PS_SECONDS * 1000
        is_near = any(child.peak_bytes > NEAR * child.limit_bytes for child in self.children.values())
        return (LOOK_CLOSELY_SECONDS if is_near else LOOK_SECONDS) * 1000

    def _drain_woken(self) -> None:
        with suppress(BlockingIOError):
            while os.read(self.woken, 4096):
                continue

    def _take(self) -> bool:
        """Begin what comes next; False when nothing comes any more."""
        data, numbers, _, _ = socket.recv_fds(self.control, 1, 1)
        if not data:
            return False
        for number in numbers:
            channel = Channel(socket.socket(fileno=number))
            self._begin(channel, channel.receive())
        return True

    def _begin(self, channel: Channel, request: dict[str, Any]) -> None:
        spare, self.spare = self.spare, None
        try:
            while spare is None or not spare.hand_over(channel, request):
                if spare is not None:  # somebody killed it while it waited
                    os.waitpid(spare.pid, 0)
                spare = self._fork()
        except OSError as error:
            channel.send({"kind": "ended", "code": error.errno, "reason": "not begun", "peak": 0})
            channel.connection.close()
            return
        self.children[channel.connection.fileno()] = Child(
            spare.pid, channel, request["memoryBytes"] - self.standing_bytes
        )
        self.poll.register(channel.connection, 0)

    def _fork(self) -> Spare:
        """A child that waits for a file.

        :raises OSError: when there can be no further process.
        """
        ours, its = socket.socketpair()
        parent = os.getpid()
        with its:
            pid = os.fork()
            if pid == 0:
                try:
                    ours.close()
                    self._become_child(parent)
                    wait_for_file(its)
                finally:
                    os._exit(0)
        return Spare(pid, ours)

    def _become_child(self, parent: int) -> None:
        exit_with_parent()
        if os.getppid() != parent:  # it died before the kernel was asked
            os._exit(1)
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        for number in (self.control.fileno(), self.woken, self._waking, *self.children):
            os.close(number)
        os.nice(NICENESS)
        with suppress(OSError):
            Path("/proc/self/oom_score_adj").write_text(str(OOM_SCORE))

    def _prepare(self) -> None:
        """Have a spare child, also while another reads: one file may follow the other at once."""
        if self.spare is None:
            with suppress(OSError):  # the next file's own attempt tells of it
                self.spare = self._fork()


def has_ended(pid: int) -> bool:
    """Whether a child of this process, not yet reaped, is known to be at its end."""
    if not _HAS_PROC:
        return False
    state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    return state in ("Z", "X")


def memory_of(pid: int) -> int:
    """Resident bytes of a process, without those pages of mapped files that the system can take back at any time."""
    if not _HAS_PROC:
        told = subprocess.run(["ps", "-o", "rss=", "-p", str(pid)], capture_output=True, text=True, check=False).stdout
        return int(told.strip() or 0) * 1024
    try:
        with open(f"/proc/{pid}/statm", "rb", buffering=0) as file:  # noqa: PTH123 - hundreds of times a second
            _, resident, shared, *_ = file.read(200).split()
    except (FileNotFoundError, ProcessLookupError, ValueError):
        return 0
    return (int(resident) - int(shared)) * _PAGE_BYTES


def count_oom_kills() -> int:
    """How often this machine's kernel has killed a process for want of memory; 0 where it does not say."""
    try:
        text = Path("/proc/vmstat").read_text()
    except OSError:
        return 0
    return int(text.partition("\noom_kill ")[2].partition("\n")[0] or 0)


def own_peak() -> int:
    """Most resident bytes of this process."""
    try:
        return int(Path("/proc/self/status").read_text().partition("VmHWM:")[2].split(None, 1)[0]) * 1024
    except (OSError, IndexError):
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


# -- in the child ----------------------------------------------------------------------------------------------------


def wait_for_file(handing: socket.socket) -> None:
    """Get ready, wait for a file, and read it."""
    with handing:
        warm_up()
        data, numbers, _, _ = socket.recv_fds(handing, MAX_REQUEST, 1)
        while data and not data.endswith(b"\n"):
            data += handing.recv(MAX_REQUEST)
    for number in numbers:
        carry_out(Channel(socket.socket(fileno=number)), json.loads(data))


def warm_up() -> None:
    """Read a small file: the first query starts the engine's threads, and touches what it needs of the memory."""
    with suppress(OSError, LongshoreError), tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "t.csv")
        path.write_bytes(b"a,b,c\n1,x,2020-01-02\n2,y,2020-01-03\n")
        read(path, Path(folder))


def carry_out(channel: Channel, request: dict[str, Any]) -> None:
    """Do what is asked for and say how it ended."""

    def tell(phase: str, done_bytes: int, total_bytes: int, rows: int) -> None:
        channel.send({"kind": "progress", "progress": [phase, done_bytes, total_bytes, rows]})

    try:
        ended = {"kind": "done", "answer": _TASKS[request["task"]](request, tell)}
    except LongshoreError as error:
        # By a class that whoever asked knows: a reader may have kinds of its own.
        known = next(each for each in type(error).__mro__ if each.__module__ == LongshoreError.__module__)
        ended = {"kind": "failed", "error": known.__name__, "description": error.description}
    except MemoryError:
        ended = {"kind": "failed", "error": "MemoryError", "description": ""}
    except BaseException:  # noqa: BLE001 - of a panic in Rust, too, whoever asked has to hear
        ended = {"kind": "crashed", "trace": traceback.format_exc()}
    channel.send({**ended, "peak": own_peak()})


def _read(request: dict[str, Any], progress: Progress) -> dict[str, Any]:
    result = read(
        Path(request["path"]),
        Path(request["folder"]),
        name=request["name"],
        options=ReadOptions.model_validate(request["options"]),
        progress=progress,
        max_unpacked_bytes=request["maxUnpackedBytes"],
    )
    warnings = [warning.to_wire() for warning in result.warnings]
    return {"table": result.table.to_record(), "settings": result.settings, "warnings": warnings}


def _look(request: dict[str, Any], _progress: Progress) -> dict[str, Any]:
    return look(
        Path(request["path"]),
        Path(request["folder"]),
        name=request["name"],
        options=ReadOptions.model_validate(request["options"]),
        max_unpacked_bytes=request["maxUnpackedBytes"],
        is_whole=request["isWhole"],
    )


_TASKS: dict[str, Callable[[dict[str, Any], Progress], dict[str, Any]]] = {"read": _read, "look": _look}


def main() -> None:
    """Serve over the socket and with the idle seconds that the arguments name; 0 is for ever."""
    control = socket.socket(fileno=int(sys.argv[1]))
    control.set_inheritable(False)
    # A service manager may signal all processes at once; this one ends when its parent does.
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    Reader(control, float(sys.argv[2]) or None).serve()
    os._exit(0)


if __name__ == "__main__":
    main()
