"""What a process and all that it started hold in memory, and how to end them all.

On Linux the kernel is asked through ``/proc``. A runner is made the sub-reaper of what it starts, so a daemon that
cuts itself loose stays below it; and its environment carries a mark that everything below inherits, by which those are
found whose runner died. Elsewhere (macOS) ``ps`` is asked, and a daemon that left its process group is not found.
"""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from longshore.state.leases import is_dead

MARK = "LONGSHORE_RUNNER"
"""Environment variable of a runner and all below it: the lease owner of its executor."""

PR_SET_CHILD_SUBREAPER = 36
LOOK_AGAIN_SECONDS = 0.02
MAX_KILL_SECONDS = 5.0
PROC = Path("/proc")
HAS_PROC = sys.platform == "linux"

_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


def adopt_orphans() -> None:
    """Make this process the parent of all below it whose own parent ends; only Linux can."""
    if HAS_PROC:
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def descendants(pid: int) -> list[int]:
    """The living processes below ``pid``, parents before children."""
    found: list[int] = []
    waiting = _children(pid)
    while waiting:
        child = waiting.pop()
        if _runs(child):
            found.append(child)
        waiting += _children(child)
    return found


def _children(pid: int) -> list[int]:
    if not HAS_PROC:
        return [child for child, parent, _ in _ask_ps() if parent == pid]
    found = []
    try:
        for task in os.scandir(f"/proc/{pid}/task"):
            found += [int(number) for number in Path(task.path, "children").read_text().split()]
    except (FileNotFoundError, ProcessLookupError):  # ended meanwhile
        return found
    return found


def _runs(pid: int) -> bool:
    """Whether it lives and is no zombie."""
    if not HAS_PROC:
        return True
    try:
        return (PROC / str(pid) / "stat").read_bytes().rpartition(b")")[2].split()[0] not in (b"Z", b"X")
    except (FileNotFoundError, ProcessLookupError):
        return False


def _ask_ps() -> list[tuple[int, int, int]]:
    """Number, parent and resident bytes of every process, where there is no /proc."""
    listed = subprocess.run(["ps", "-axo", "pid=,ppid=,rss="], capture_output=True, text=True, check=False).stdout
    rows = (line.split() for line in listed.splitlines())
    return [(int(pid), int(parent), int(kibibytes) * 1024) for pid, parent, kibibytes in rows]


def memory_of(pid: int, limit_bytes: int) -> int:
    """Resident bytes of a process and all below it.

    A page that several of them share counts once for each; only a sum above ``limit_bytes`` is found out precisely,
    which takes the kernel milliseconds.
    """
    family = [pid, *descendants(pid)]
    if not HAS_PROC:
        return sum(size for process, _, size in _ask_ps() if process in family)
    rough = sum(resident(process) for process in family)
    return rough if rough <= limit_bytes or len(family) == 1 else sum(_proportional(process) for process in family)


def resident(pid: int) -> int:
    """Resident bytes of one process; 0 when it has ended, or where there is no /proc."""
    try:
        return int((PROC / str(pid) / "statm").read_bytes().split()[1]) * _PAGE_BYTES
    except (FileNotFoundError, ProcessLookupError):
        return 0


def _proportional(pid: int) -> int:
    """Its own pages and its share of the common ones."""
    try:
        text = (PROC / str(pid) / "smaps_rollup").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return 0
    except PermissionError:  # of another user, by a setuid program
        return resident(pid)
    return int(text.partition("\nPss:")[2].split()[0]) * 1024


def forget_peak() -> None:
    """Begin to measure this process's :func:`own_peak` anew, where the kernel can."""
    try:
        with open("/proc/self/clear_refs", "wb", buffering=0) as file:  # noqa: PTH123 - once for each job
            file.write(b"5")
    except OSError:
        return


def own_peak() -> int:
    """Most resident bytes of this process, since :func:`forget_peak` where the kernel can tell."""
    try:
        with open("/proc/self/status", "rb", buffering=0) as file:  # noqa: PTH123 - once for each job
            return int(file.read(8192).partition(b"VmHWM:")[2].split(None, 1)[0]) * 1024
    except (OSError, IndexError):
        import resource

        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def ask_to_end(pid: int) -> None:
    """SIGTERM to a process and all below it."""
    for process in [*descendants(pid), pid]:
        _send(process, signal.SIGTERM)


def kill_below(pid: int) -> None:
    """SIGKILL to all below ``pid``, which is halted meanwhile, so that nothing new appears behind our back."""
    _send(pid, signal.SIGSTOP)
    deadline = time.monotonic() + MAX_KILL_SECONDS
    while (below := descendants(pid)) and time.monotonic() < deadline:
        for process in below:
            _send(process, signal.SIGSTOP)
        for process in below:
            _send(process, signal.SIGKILL)
        time.sleep(LOOK_AGAIN_SECONDS)


def kill_marked(mark: str) -> int:
    """SIGKILL to every process with this mark; how many there were."""
    return _kill_each(lambda found: found == mark)


def kill_strays() -> int:
    """SIGKILL to every process whose mark names an executor that is dead; how many there were."""
    return _kill_each(_names_a_dead)


def _names_a_dead(mark: str) -> bool:
    try:
        return is_dead(mark)
    except ValueError:  # no mark of ours
        return False


def _kill_each(is_meant: Callable[[str], bool]) -> int:
    killed = 0
    deadline = time.monotonic() + MAX_KILL_SECONDS
    while time.monotonic() < deadline:
        found = [pid for pid, mark in _marks() if is_meant(mark) and _runs(pid)]
        if not found:
            break
        killed += len(found)
        for pid in found:
            _send(pid, signal.SIGKILL)
        time.sleep(LOOK_AGAIN_SECONDS)
    return killed


def _marks() -> Iterator[tuple[int, str]]:
    """The marked processes of this user."""
    prefix = f"{MARK}=".encode()
    for entry in os.scandir(PROC) if HAS_PROC else ():
        if not entry.name.isdigit():
            continue
        try:
            variables = Path(entry.path, "environ").read_bytes()
        except OSError:  # ended, or somebody else's
            continue
        begin = variables.find(prefix)
        if begin == 0 or (begin > 0 and variables[begin - 1] == 0):
            yield int(entry.name), variables[begin + len(prefix) :].partition(b"\0")[0].decode(errors="replace")


def _send(pid: int, number: int) -> None:
    try:
        os.kill(pid, number)
    except (ProcessLookupError, PermissionError):
        return
