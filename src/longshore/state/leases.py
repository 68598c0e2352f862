"""Leases: who may work on something, and how it is told that its holder is gone.

A lease is two columns of a row: the name of its holder, and a count that goes up with each sign of life. Nothing in it
is a time of day: a wall clock may jump, and those of two machines differ. A holder is gone in one of two ways:

- its process ran where this one runs, and is there no more: known at once, see :func:`is_dead`;
- a watcher has seen the lease unchanged for as long as a lease lasts, by its own monotonic clock: see
  :class:`ExpiryDetector`. That is all that can be known of a process in another namespace or on another machine.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

LEASE_SECONDS = 20.0
"""How long a lease lasts without a sign of life."""
RENEW_SECONDS = 5.0
"""Time between two signs of life."""
MAX_LOOK_SECONDS = 3.0
"""Most that counts of the time between two looks: a watcher that stood still meanwhile has not watched."""

_HOST = socket.gethostname()
_PROC = Path("/proc")


@dataclass(frozen=True)
class Lease:
    """A lease as its row says.

    :param owner: the holder's name, see :func:`new_owner`.
    :param beat: signs of life that it gave.
    """

    owner: str
    beat: int | None


class ExpiryDetector:
    """Tells which of the leases that it is shown again and again have run out; used by one thread.

    :param seconds: how long a lease lasts.
    :param clock: seconds that only go forward.
    """

    def __init__(self, seconds: float = LEASE_SECONDS, clock: Callable[[], float] = time.monotonic) -> None:
        self.seconds = seconds
        self._clock = clock
        self._seen: dict[Hashable, _Seen] = {}

    def is_lost(self, key: Hashable, lease: Lease | None) -> bool:
        """Whether the holder is gone.

        :param key: of the row.
        :param lease: as it is now; None for a row that nobody holds.
        """
        if lease is None:
            self._seen.pop(key, None)
            return False
        return self.has_run_out(key, lease) or is_dead(lease.owner)

    def has_run_out(self, key: Hashable, lease: Lease) -> bool:
        """Whether the lease was seen unchanged for as long as it lasts."""
        now = self._clock()
        seen = self._seen.get(key)
        if seen is None or seen.lease != lease:
            self._seen[key] = _Seen(lease, now)
            return False
        seen.watched_seconds += min(now - seen.at, MAX_LOOK_SECONDS)
        seen.at = now
        return seen.watched_seconds > self.seconds

    def keep(self, keys: Iterable[Hashable]) -> None:
        """Forget all rows but these."""
        kept = set(keys)
        self._seen = {key: seen for key, seen in self._seen.items() if key in kept}


@dataclass
class _Seen:
    lease: Lease
    at: float
    watched_seconds: float = 0.0


def new_owner() -> str:
    """A name for a holder of leases.

    Host, process, its beginning, where it runs (:func:`place`), and a random part, with slashes between.
    """
    pid = os.getpid()
    return f"{_HOST}/{pid}/{_birth(pid)}/{place()}/{secrets.token_hex(4)}"


def is_dead(owner: str) -> bool:
    """Whether a lease's holder ran where this process runs, and is gone; False when that cannot be known.

    It cannot of a process in another container or on another machine, whatever it calls itself, nor of one that was
    named by a version that did not write down where it ran.
    """
    found = _process_here(owner)
    return found is not None and _birth(found[0]) != found[1]


def end_stuck(owner: str) -> bool:
    """Kill the process that held a lease until it ran out, if that ran where this one runs, and still does.

    It stands still, or it would have given a sign of life; what it was at, it could not commit any more. Dead, it makes
    room for another.
    """
    found = _process_here(owner)
    if found is None or found[0] == os.getpid() or _birth(found[0]) != found[1]:
        return False
    try:
        os.kill(found[0], signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        return False
    return True


def _process_here(owner: str) -> tuple[int, str] | None:
    """Number and beginning of a holder that ran where this process runs; None where that cannot be known."""
    if owner.count("/") < 4:
        return None
    _, pid, birth, where, _ = owner.rsplit("/", 4)
    if not where or where != place() or not pid.isdigit():
        return None
    return int(pid), birth


def place() -> str:
    """What the processes have in common that can see each other by their numbers; "" where nothing tells.

    A digest of the boot of the machine and, on Linux, the PID namespace. The host's name says neither: containers may
    share it, and so do machines that are copies of one.
    """
    parts = _linux_place() if sys.platform == "linux" else (_boot_session(),)
    if not all(parts):
        return ""
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]


def _linux_place() -> tuple[str, str]:
    """The boot's id, and the namespace's if ``/proc`` shows that one and not another."""
    try:
        if (_PROC / "self").readlink().name != str(os.getpid()):
            return "", ""
        return (_PROC / "sys/kernel/random/boot_id").read_text().strip(), str((_PROC / "self/ns/pid").readlink())
    except OSError:
        return "", ""


@cache
def _boot_session() -> str:
    """The boot's id on macOS."""
    return _ask("sysctl", "-n", "kern.bootsessionuuid")


def _birth(pid: int) -> str:
    """When a process began, in the kernel's own count; "" if there is none.

    Process numbers are used again, and the pair of number and beginning is not.
    """
    if sys.platform != "linux":
        return _ask("ps", "-o", "lstart=", "-p", str(pid))
    try:
        stat = (_PROC / str(pid) / "stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return ""
    state, *fields = stat.rpartition(")")[2].split()
    return "" if state in "ZX" else fields[18]


def _ask(*command: str) -> str:
    """What a program of the system prints; "" when there is no such program, or it fails."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except OSError:
        return ""
    return done.stdout.strip().replace("/", "-") if done.returncode == 0 else ""
