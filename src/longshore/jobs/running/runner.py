"""The executor's handle on its runner: starts it, gives it jobs, watches over it, ends it with all that it started."""

from __future__ import annotations

import logging
import os
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from longshore.jobs.running.frames import Frame, FrameError, FrameReader, pack
from longshore.jobs.running.limits import MARK, ask_to_end, descendants, kill_below, kill_marked, memory_of, resident
from longshore.jobs.running.output import Output
from longshore.processes.parent_death import exit_with_parent
from longshore.state.leases import new_owner

log = logging.getLogger(__name__)

GRACE_SECONDS = 2.0
"""Time between SIGTERM and SIGKILL."""
LOAD_SECONDS = 120.0
"""Longest time that handlers and task modules take to load."""
SEND_SECONDS = 60.0
TICK_SECONDS = 0.1
ENDING_SECONDS = 2.0
"""How long a runner that closed its socket may take to end."""
READ_BYTES = 1 << 16
MAX_ANSWERED_BYTES = 2**24
"""Of what a runner says at once: results over a megabyte are files, and a function may speak in its place."""

Stop = Literal["cancelled", "timed out", "too large", "stopping", "lost"]
"""Why a job is ended before its time; ``lost``: another has taken it over."""


@dataclass
class Limits:
    """What one attempt of one job may take."""

    seconds: float
    memory_bytes: int


@dataclass
class Outcome:
    """How an attempt ended.

    :param kind: ``done``, ``failed`` (the runner says so), ``died`` (the runner ended by itself), ``unready`` (it could
        not load what is declared), or the reason for which it was ended.
    :param head: what the runner said at the end.
    :param document: the result, unless it is in a file.
    :param peak_bytes: most resident memory that was seen.
    :param end: how the runner ended, in words, when it died.
    :param begun: whether the function was begun, as far as the runner had to tell.
    """

    kind: Literal["done", "failed", "died", "unready"] | Stop
    head: dict[str, Any] = field(default_factory=dict)
    document: bytes = b""
    peak_bytes: int = 0
    end: str = ""
    begun: bool = True


class Died(Exception):
    """The runner ended by itself."""


class Stopped(Exception):
    """The attempt has to be ended."""

    def __init__(self, reason: Stop) -> None:
        super().__init__(reason)
        self.reason: Stop = reason


class Runner:
    """One runner after the other; at most one lives.

    :param environment: variables of its process.
    """

    def __init__(self, environment: Mapping[str, str]) -> None:
        self.environment = environment
        self.output = Output()
        self.types: dict[str, Any] = {}
        self.jobs = 0
        self.peak_bytes = 0
        self.ready_bytes = 0
        self.started_at = 0.0
        self.mark = ""
        self._process: subprocess.Popen[bytes] | None = None
        self._tick_at = 0.0
        self._begun = False
        self._surplus_bytes = 0

    @property
    def pid(self) -> int | None:
        """Its process, while it lives."""
        return None if self._process is None else self._process.pid

    @property
    def resident_bytes(self) -> int:
        """Its memory at the moment; 0 without one."""
        return 0 if self._process is None else resident(self._process.pid)

    def prepare(self, tick: Callable[[], Stop | None]) -> Outcome | None:
        """Have a runner that is ready; an outcome when that fails.

        :param tick: called about every :data:`TICK_SECONDS` meanwhile; a reason ends it.
        """
        if self._process is not None and not self._has_ended():
            return None
        if self._process is not None:  # while it waited for a job, which is no loss of one
            self._bury([])
        try:
            self._start()
        except OSError as error:
            return Outcome("unready", {"message": f"its process cannot be started: {error.strerror}"}, begun=False)
        try:
            head, _ = self._wait(tick, None, time.monotonic() + LOAD_SECONDS)
        except Died:
            return replace(self._died(), kind="unready", begun=False)
        except Stopped as stop:
            self.end(grace_seconds=0)
            if stop.reason == "timed out":
                message = f"handlers and task modules did not load in {LOAD_SECONDS:g} s"
                return Outcome("unready", {"message": message}, begun=False)
            return Outcome(stop.reason, begun=False)
        if head["kind"] == "unready":
            self.end(grace_seconds=0)
            return Outcome("unready", head, begun=False)
        self.types = head["types"]
        self.ready_bytes = self.resident_bytes
        return None

    def run(
        self,
        request: dict[str, Any],
        inputs: bytes,
        limits: Limits,
        tick: Callable[[], Stop | None],
        progress: Callable[[list[Any]], None],
    ) -> Outcome:
        """Carry out one job on a runner that was prepared; afterwards there may be none.

        :param request: with ``tells_begin`` when the runner is to say that it begins the function.
        :param tick: as above; the time and memory limits are watched here.
        :param progress: called with done, total and message.
        """
        self.peak_bytes = 0
        self.jobs += 1
        # Of modules that earlier jobs imported, and the like: no job is charged with the memory of another.
        self._surplus_bytes = max(0, self.resident_bytes - self.ready_bytes)
        self._begun = not request.get("tells_begin", False)
        try:
            self._send(request, inputs)
            head, document = self._wait(tick, limits, time.monotonic() + limits.seconds, progress)
        except Died:
            return self._died()
        except Stopped as stop:
            self.end()
            return Outcome(stop.reason, peak_bytes=self.peak_bytes, begun=self._begun)
        self._note_peak(head.get("peak", 0))
        self._read_output(READ_BYTES * 16)
        left = head.get("left", [])
        if descendants(self._living.pid):
            # A job's processes end with the job. One that another job could miss, such as a pool's, would be broken
            # for it.
            left = [*left, "a process"]
        if left:
            log.info("job %s left %s; the next one gets a fresh process", request.get("id"), ", ".join(left))
            self.end(grace_seconds=0)
        return Outcome(head["kind"], head, document, self.peak_bytes, begun=self._begun)

    def end(self, grace_seconds: float = GRACE_SECONDS) -> None:
        """End it and everything below it: SIGTERM first, then SIGKILL."""
        if self._process is None:
            return
        below = descendants(self._process.pid)
        if grace_seconds:
            ask_to_end(self._process.pid)
            self._await_end(grace_seconds)
        if self._process.returncode is None:
            kill_below(self._process.pid)
            self._process.kill()
            self._await_end(None)
        self._bury(below)

    # -- talking

    @property
    def _living(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            raise Died
        return self._process

    def _start(self) -> None:
        ours, its = socket.socketpair()
        reading, writing = os.pipe()
        self.mark = new_owner()
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", "longshore.jobs.running.child", str(its.fileno())],
                env={**self.environment, MARK: self.mark, "PYTHONUNBUFFERED": "1"},
                stdin=subprocess.DEVNULL,
                stdout=writing,
                stderr=writing,
                pass_fds=[its.fileno()],
                start_new_session=True,
                preexec_fn=exit_with_parent,
            )
        except BaseException:
            ours.close()
            os.close(reading)
            raise
        finally:
            its.close()
            os.close(writing)
        os.set_blocking(reading, False)
        ours.settimeout(SEND_SECONDS)
        self._channel, self._reading, self._frames = ours, reading, FrameReader(MAX_ANSWERED_BYTES)
        self._pending: list[Frame] = []
        self._prints = True
        self._poll = select.poll()
        self._poll.register(ours, select.POLLIN)
        self._poll.register(reading, select.POLLIN)
        self.jobs, self.started_at = 0, time.monotonic()
        self.output.begin("")
        log.info("runner is process %d", self._process.pid)

    def _send(self, head: dict[str, Any], body: bytes) -> None:
        try:
            self._channel.sendall(pack(head, body))
        except OSError as error:
            raise Died from error

    def _wait(
        self,
        tick: Callable[[], Stop | None],
        limits: Limits | None,
        deadline: float,
        progress: Callable[[list[Any]], None] | None = None,
    ) -> Frame:
        """The next frame that is no progress.

        :raises Died: when the runner ended.
        :raises Stopped: when it has to be ended.
        """
        self._tick_at = time.monotonic() + TICK_SECONDS
        while True:
            now = time.monotonic()
            if now >= deadline:
                raise Stopped("timed out")
            if now >= self._tick_at:
                self._tick_at = now + TICK_SECONDS
                self._look(tick, limits)
            pause = min(self._tick_at, deadline) - now
            # Rounded up: a poll of 0 ms would turn round and round in the last millisecond.
            for number, _ in self._poll.poll(int(pause * 1000) + 1):
                if number == self._reading:
                    self._read_output(READ_BYTES)
                else:
                    self._receive()
            while self._pending:
                head, body = self._pending.pop(0)
                if head["kind"] == "begun":
                    self._begun = True
                elif head["kind"] != "progress":
                    return head, body
                elif progress is not None:
                    progress(head["progress"])

    def _look(self, tick: Callable[[], Stop | None], limits: Limits | None) -> None:
        pid = self._living.pid
        if limits is not None:
            size = memory_of(pid, limits.memory_bytes + self._surplus_bytes) - self._surplus_bytes
            self.peak_bytes = max(self.peak_bytes, size)
            if size > limits.memory_bytes:
                raise Stopped("too large")
        # What it said last may still have to be read: that it was done, or had begun.
        if self._has_ended() and not select.select([self._channel], [], [], 0)[0]:
            raise Died
        if (reason := tick()) is not None:
            raise Stopped(reason)

    def _receive(self) -> None:
        try:
            data = self._channel.recv(READ_BYTES * 4)
            self._pending += self._frames.feed(data)
        except (OSError, FrameError) as error:
            log.warning("the runner is not to be understood: %s", error)
            raise Died from error
        if not data:
            raise Died

    def _read_output(self, most_bytes: int) -> None:
        """Read what was printed, a bounded amount: one that prints without end must not keep us from the rest."""
        while most_bytes > 0 and self._prints:
            try:
                data = os.read(self._reading, READ_BYTES)
            except BlockingIOError:
                return
            if not data:
                self._prints = False
                self._poll.unregister(self._reading)
                return
            self.output.feed(data)
            most_bytes -= len(data)

    # -- ending

    def _died(self) -> Outcome:
        """Gather what there is to know of a runner that ended by itself."""
        process = self._living
        below = descendants(process.pid)
        if not self._await_end(ENDING_SECONDS):
            # It lives, but closed its socket: nothing can be learned from it any more.
            kill_below(process.pid)
            process.kill()
            self._await_end(None)
        self._read_output(READ_BYTES * 64)
        end = _describe(process.returncode)
        self._bury(below)
        return Outcome("died", peak_bytes=self.peak_bytes, end=end, begun=self._begun)

    def _has_ended(self) -> bool:
        """Whether the process has ended; notes its exit code and greatest memory."""
        process = self._living
        if process.returncode is not None:
            return True
        pid, status, usage = os.wait4(process.pid, os.WNOHANG)
        if pid == 0:
            return False
        process.returncode = os.waitstatus_to_exitcode(status)
        if self.jobs == 1:  # it tells of the process's whole life
            self._note_peak(usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024))
        return True

    def _note_peak(self, size: int) -> None:
        self.peak_bytes = max(self.peak_bytes, size - self._surplus_bytes)

    def _await_end(self, seconds: float | None) -> bool:
        deadline = None if seconds is None else time.monotonic() + seconds
        while not self._has_ended():
            if deadline is not None and time.monotonic() > deadline:
                return False
            time.sleep(0.01)
        return True

    def _bury(self, below: list[int]) -> None:
        """Kill what outlived it and close our ends."""
        for pid in below:
            try:
                os.kill(pid, signal.SIGKILL)
            except (ProcessLookupError, PermissionError):
                continue
        kill_marked(self.mark)
        self._channel.close()
        os.close(self._reading)
        self._process = None


def _describe(code: int) -> str:
    """An exit code in words, for the sentence of a failure.

    >>> _describe(-11)
    'was ended by SIGSEGV'
    """
    if code >= 0:
        return f"ended itself with code {code}"
    try:
        return f"was ended by {signal.Signals(-code).name}"
    except ValueError:
        return f"was ended by signal {-code}"
