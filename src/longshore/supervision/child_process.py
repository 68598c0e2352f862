"""Starting, stopping and restarting one child process."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

from longshore.processes.parent_death import exit_with_parent

log = logging.getLogger(__name__)


@dataclass
class Backoff:
    """How long to wait before the next restart: doubling, and from the beginning after a steady time."""

    first_seconds: float = 0.2
    longest_seconds: float = 30
    steady_seconds: float = 30
    _next: float | None = None

    def after(self, lived_seconds: float) -> float:
        """Seconds to wait after a life of ``lived_seconds``."""
        if self._next is None or lived_seconds >= self.steady_seconds:
            self._next = self.first_seconds
        delay, self._next = self._next, min(self._next * 2, self.longest_seconds)
        return delay


@dataclass
class Child:
    """A process with a name, in a session of its own: a Ctrl-C in the terminal reaches only the supervisor.

    :param stop_seconds: how long :meth:`stop` waits before it kills.
    :param death_signal: what the kernel sends when the supervisor dies.
    :param group: those of one group that follow each other are stopped together.
    """

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    inherited: Sequence[int] = ()
    stop_seconds: float = 5
    death_signal: int = signal.SIGKILL
    group: str = ""
    backoff: Backoff = field(default_factory=Backoff)
    process: subprocess.Popen[bytes] | None = None
    started_at: float = 0
    due_at: float | None = None

    def start(self) -> None:
        """Start the process."""
        self.due_at = None
        self.started_at = time.monotonic()
        self.process = subprocess.Popen(
            self.command,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            pass_fds=self.inherited,
            start_new_session=True,
            # Safe although it runs between fork and exec: the supervisor has one thread, and the library is loaded.
            preexec_fn=partial(exit_with_parent, self.death_signal),
        )
        log.info("%s is process %d", self.name, self.process.pid)

    def has_ended(self) -> int | None:
        """The exit code of a process that ended (negative: the signal), else None."""
        if self.process is None:
            return None
        code = self.process.poll()
        if code is not None:
            self._sweep()
        return code

    def schedule_restart(self, code: int) -> None:
        """Note when to start again after an end with ``code``."""
        delay = self.backoff.after(time.monotonic() - self.started_at)
        pid = self.process.pid if self.process else 0
        log.warning("%s (process %d) %s; starting it again in %.1f s", self.name, pid, describe_exit(code), delay)
        self.process = None
        self.due_at = time.monotonic() + delay

    def restart_if_due(self) -> None:
        """Start again once the wait is over."""
        if self.due_at is not None and time.monotonic() >= self.due_at:
            self.start()

    def ask_to_stop(self) -> None:
        """Send SIGTERM, which every part takes as the wish to end in order."""
        self.due_at = None
        if self.process is not None:
            self.process.terminate()

    def kill(self) -> None:
        """End the process and all that it started, at once."""
        self.due_at = None
        if self.process is None:
            return
        self._sweep()
        self.process.wait()
        self.process = None

    def _sweep(self) -> None:
        """Kill what is left of the process group, whose number is the process's own."""
        if self.process is not None:
            try:
                os.killpg(self.process.pid, signal.SIGKILL)
            except (ProcessLookupError, PermissionError):  # macOS: EPERM for a group of zombies
                log.debug("nothing is left of %s", self.name)


def describe_exit(code: int) -> str:
    """An exit code in words.

    >>> describe_exit(-9), describe_exit(3)
    ('was ended by SIGKILL', 'ended with code 3')
    """
    if code < 0:
        return f"was ended by {signal.Signals(-code).name}"
    return f"ended with code {code}"
