"""Keeping child processes running: one thread around one selector, which wakes for signals and for ended children.

It imports none of what the children need, so that it starts at once, stays small, and may fork safely.
"""

from __future__ import annotations

import logging
import selectors
import signal
import socket
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import groupby

from longshore.supervision.child_process import Child

log = logging.getLogger(__name__)

STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
IDLE_SECONDS = 30


class StartError(Exception):
    """A part did not start; the message is a sentence for a person."""


class StopRequested(Exception):
    """A stop was asked for while the server was still starting."""


class ProcessManager:
    """Starts children, starts those again that ended, and stops them the other way round."""

    def __init__(self) -> None:
        self.selector = selectors.DefaultSelector()
        self.stop_requests = 0
        self.children: list[Child] = []  # in the order of their start

    @property
    def exit_code(self) -> int:
        """That of a process that was asked to stop, once or impatiently."""
        return 0 if self.stop_requests < 2 else 130

    def start_child(self, child: Child) -> None:
        """Start it and keep it from now on."""
        self.children.append(child)
        child.start()

    def finish_child(self, child: Child, seconds: float, failure: str) -> int:
        """Wait for the end of one that does something once; its exit code.

        :raises StartError: with the sentence ``failure`` when that takes longer.
        """
        codes: list[int] = []

        def ended() -> bool:
            code = child.has_ended()
            codes.extend([] if code is None else [code])
            return code is not None

        self.wait_for(ended, seconds, failure)
        self.children.remove(child)
        return codes[0]

    def wait_for(self, happened: Callable[[], bool], seconds: float, failure: str) -> None:
        """Wait until ``happened``.

        :raises StartError: with the sentence ``failure`` when that takes longer.
        :raises StopRequested: when a signal comes first.
        """
        deadline = time.monotonic() + seconds
        while not happened():
            if self.stop_requests:
                raise StopRequested
            if time.monotonic() > deadline:
                raise StartError(f"{failure} within {seconds:g} s")
            self.sleep(0.01)

    def look_after_children(self) -> None:
        """Start those again that ended, after a pause."""
        for child in self.children:
            code = child.has_ended()
            if code is None:
                child.restart_if_due()
            else:
                self.on_end(child, code)

    def on_end(self, child: Child, code: int) -> None:
        """A child ended by itself."""
        child.schedule_restart(code)

    def patience(self) -> float:
        """Seconds to sleep, unless a signal or an answer comes first."""
        due = [child.due_at - time.monotonic() for child in self.children if child.due_at is not None]
        return max(0.0, min([IDLE_SECONDS, *due]))

    def stop_children(self) -> None:
        """Stop one after the other, the last one first, those of a group together; at once when asked a second time."""
        for _, members in groupby(reversed(self.children), key=lambda child: child.group or child.name):
            together = list(members)
            for child in together:
                child.ask_to_stop()
            asked = time.monotonic()
            for child in together:
                while child.process is not None and child.has_ended() is None:
                    if self.stop_requests > 1 or time.monotonic() > asked + child.stop_seconds:
                        log.warning("%s did not end in time and is killed", child.name)
                        break
                    self.sleep(0.1)
                child.kill()

    def sleep(self, seconds: float) -> None:
        """Sleep until a signal, the end of a child, or an answer to what else is registered."""
        for key, _ in self.selector.select(seconds):
            if key.data is not None:
                key.data()

    @contextmanager
    def signals(self) -> Iterator[None]:
        """Count the signals that ask for a stop, and wake for them and for ended children."""
        ours, kernels = socket.socketpair()
        ours.setblocking(False)
        kernels.setblocking(False)
        self.selector.register(ours, selectors.EVENT_READ, lambda: ours.recv(4096))
        before = signal.set_wakeup_fd(kernels.fileno(), warn_on_full_buffer=False)
        for number in STOP_SIGNALS:
            # nohup ignores SIGHUP for us, and means it.
            if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:
                signal.signal(number, self._on_stop)
        signal.signal(signal.SIGCHLD, lambda *_: None)  # only wakes the selector
        try:
            yield
        finally:
            for number in STOP_SIGNALS:
                # This process ends now, and an impatient Ctrl-C must not change its exit code.
                signal.signal(number, signal.SIG_IGN)
            signal.set_wakeup_fd(before)
            ours.close()
            kernels.close()

    def _on_stop(self, *_: object) -> None:
        self.stop_requests += 1


def part(name: str, *options: str) -> list[str]:
    """The command line that starts one part of the server."""
    # -P: a file such as random.py where the server is started is not Python's own module of that name.
    return [sys.executable, "-P", "-m", "longshore", name, *options]
