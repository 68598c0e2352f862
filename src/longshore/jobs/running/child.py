"""The runner's own side: a process that has loaded all declared jobs and runs one at a time for its executor.

``python -m longshore.jobs.running.child 5`` talks over the inherited socket 5. What the function prints goes to the
executor through a pipe that is both standard output and standard error.
"""

from __future__ import annotations

import faulthandler
import math
import os
import signal
import socket
import sys
import threading
import time
import traceback
from contextlib import suppress
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from longshore.errors import InvalidResult, LoadError, StorageFull, shorten
from longshore.handlers.loading import load_declarations
from longshore.jobs.declaring import JobType, all_jobs, find_job
from longshore.jobs.results.outputs import encode_output
from longshore.jobs.running.frames import FrameReader, pack, receive
from longshore.jobs.running.leftovers import Baseline, Status, Surroundings, open_stream, read_status
from longshore.jobs.running.limits import adopt_orphans, forget_peak, own_peak
from longshore.processes.running_job import running_job
from longshore.processes.singleton import forget_all_made
from longshore.settings import Settings

PROGRESS_SECONDS = 0.1
"""Least time between two progress messages."""
MESSAGE_CHARACTERS = 2000
PROGRESS_CHARACTERS = 500


class Channel:
    """The socket to the executor; several threads may send, only the process that opened it does."""

    def __init__(self, connection: socket.socket) -> None:
        self.connection = connection
        self.reader = FrameReader()
        self.sending = threading.Lock()
        self.pid = os.getpid()

    @property
    def is_ours(self) -> bool:
        """False in a process that the function forked."""
        return os.getpid() == self.pid

    def send(self, head: dict[str, Any], body: bytes = b"") -> None:
        """Send one frame."""
        with self.sending:
            self.connection.sendall(pack(head, body))


class ProgressSender:
    """The ``progress`` of a function: sends ten messages a second at most, and always the newest.

    A call within the pause only notes its values; a thread sends them when the pause is over, should no later call
    have done so. Calls in a process that the function forked lead nowhere.
    """

    def __init__(self, channel: Channel) -> None:
        self.channel = channel
        self._sent_at = -math.inf
        self._newest: tuple[Any, Any, Any] | None = None
        self._late = threading.Event()
        self._thread: threading.Thread | None = None
        self._over = False

    def __call__(self, done: float, total: float | None = None, message: str = "") -> None:
        """Say how much is done."""
        self._newest = (done, total, message)
        if time.monotonic() - self._sent_at >= PROGRESS_SECONDS:
            self.flush()
        elif not self._late.is_set() and self.channel.is_ours:
            self._late.set()
            if self._thread is None:
                self._thread = threading.Thread(target=self._send_late, name="progress", daemon=True)
                self._thread.start()

    def flush(self) -> None:
        """Send what was noted last, if it was not sent yet.

        :raises TypeError: when it is not a number, which only then comes to light.
        """
        newest, self._newest = self._newest, None
        if newest is None or not self.channel.is_ours:
            return
        self._sent_at = time.monotonic()
        done, total, message = newest
        values = [_finite(done), None if total is None else _finite(total), shorten(str(message), PROGRESS_CHARACTERS)]
        self.channel.send({"kind": "progress", "progress": values})

    def finish(self) -> None:
        """Send what is left and end the thread."""
        self._over = True
        self._late.set()
        if self._thread is not None and self._thread.is_alive() and self.channel.is_ours:
            self._thread.join()
        with suppress(TypeError, ValueError):  # the function is over; a last value of no meaning is not worth failing
            self.flush()

    def _send_late(self) -> None:
        while not self._over:
            self._late.wait()
            pause = self._sent_at + PROGRESS_SECONDS - time.monotonic()
            if pause > 0 and not self._over:
                time.sleep(pause)
            self._late.clear()
            try:
                self.flush()
            except (TypeError, ValueError) as error:
                print(f"progress was called with something else than numbers: {error}", file=sys.stderr)


def _finite(value: Any) -> float | None:
    number = float(value)
    return number if math.isfinite(number) else None


def _flush_streams() -> None:
    for stream in (sys.stdout, sys.stderr):
        with suppress(Exception):  # the function may have closed or replaced it
            stream.flush()


def run_job(channel: Channel, request: dict[str, Any], inputs: bytes) -> tuple[dict[str, Any], bytes]:
    """Carry out one job; the answer's head and the result's bytes, if they are not in a file."""
    declared = find_job(request["type"])
    if declared is None:
        return _failed("Unavailable", f"this worker knows no job of the type {request['type']!r}", again=False), b""
    try:
        value = declared.inputs.validate_json(inputs)
    except ValidationError as error:
        # They were checked when the job was accepted, by another version of the declaration.
        return _failed("InvalidRequest", f"the inputs do not fit the job as it is declared now: {error}"), b""
    progress = ProgressSender(channel)
    if request.get("tells_begin"):
        channel.send({"kind": "begun"})
    try:
        output = declared.call(value, progress)
    except BaseException as error:  # noqa: BLE001 - sys.exit() and KeyboardInterrupt, too, end only the job
        return _raised(error), b""
    finally:
        if channel.is_ours:
            progress.finish()
    return _encode(declared, output, Path(request["file"]))


def _encode(declared: JobType, output: Any, part: Path) -> tuple[dict[str, Any], bytes]:
    try:
        result = encode_output(output, declared.outputs, part)
    except (InvalidResult, StorageFull) as error:
        return _failed(error.code, error.description), b""
    except BaseException as error:  # noqa: BLE001 - the methods of the deployer's own classes ran
        return _raised(error), b""
    place = "store" if result.document is not None else "file"
    return {"kind": "done", "place": place, "bytes": result.size}, result.document or b""


def _raised(error: BaseException) -> dict[str, Any]:
    # The first two calls are ours, this module's and the declaration's.
    trace = error.__traceback__
    for _ in range(2):
        trace = trace.tb_next if trace is not None and trace.tb_next is not None else trace
    traceback.print_exception(error.with_traceback(trace))
    try:
        text = str(error)
    except Exception:  # noqa: BLE001 - the deployer's own class
        text = "its message could not be made"
    name = type(error).__name__
    return _failed("JobFailed", f"{name}: {text}" if text else name, again=True)


def _failed(code: str, message: str, *, again: bool = False) -> dict[str, Any]:
    """:param again: whether another attempt may end otherwise."""
    return {"kind": "failed", "error": code, "message": shorten(message, MESSAGE_CHARACTERS), "again": again}


def serve(channel: Channel) -> None:
    """Answer requests until the executor closes the socket."""
    surroundings, baseline = Surroundings(), Baseline()
    channel.send({"kind": "ready", "types": describe_types()})
    while (frame := receive(channel.connection, channel.reader)) is not None:
        request, inputs = frame
        forget_peak()
        running_job.begin(request.get("id"))
        head, body = run_job(channel, request, inputs)
        _flush_streams()
        if not channel.is_ours:
            # The function forked and came back here in both processes; only the first one answers.
            os._exit(0)
        links = running_job.end()
        status, left = _tidy_up(surroundings, baseline)
        peak = status.peak_bytes or own_peak()
        channel.send({**head, "peak": peak, "links": links, "left": left}, body)


def _tidy_up(surroundings: Surroundings, baseline: Baseline) -> tuple[Status, list[str]]:
    """Put back what a job changed; how the process is then, and what is left all the same, in words."""
    status = Status()
    try:
        forget_all_made()
        surroundings.restore()
        status = read_status()
        return status, baseline.leftovers(status)
    except Exception as error:  # noqa: BLE001 - the doing of a job, whose end must not be lost over it
        return status, [f"a process that cannot be looked at ({type(error).__name__})"]


def describe_types() -> dict[str, dict[str, Any]]:
    """What the executor has to know of each declared job."""
    return {
        declared.name: {
            "timeout": declared.timeout_seconds,
            "memory": declared.memory_bytes,
            "retries": declared.retries,
            "retry_delay": declared.retry_delay_seconds,
            "rerun_if_lost": declared.rerun_if_lost,
            "fresh": declared.fresh,
            "result_ttl": declared.result_ttl_seconds,
        }
        for declared in all_jobs()
    }


def main() -> None:
    """Load all that is declared and serve."""
    channel = Channel(socket.socket(fileno=int(sys.argv[1])))
    channel.connection.set_inheritable(False)
    adopt_orphans()
    signal.signal(signal.SIGINT, signal.default_int_handler)  # our executor ignores it; functions need not
    faulthandler.enable()  # a segmentation fault leaves its place in the log
    sys.stdout, sys.stderr = open_stream(1), open_stream(2)
    try:
        load_declarations(Settings.from_environment())
    except LoadError as error:
        channel.send({"kind": "unready", "message": str(error)})
        return
    serve(channel)
    _flush_streams()
    # Threads that functions left behind must not keep the process.
    os._exit(0)


if __name__ == "__main__":
    main()
