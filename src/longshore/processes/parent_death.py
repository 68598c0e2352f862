"""No process outlives the one that started it, not even after a kill -9 of that one.

On Linux the kernel sees to it (``PR_SET_PDEATHSIG``). Elsewhere a thread waits for the end of file on a pipe whose
other end only the supervisor holds: when it dies, however it dies, the pipe closes.
"""

from __future__ import annotations

import ctypes
import os
import select
import signal
import sys
import threading
from collections.abc import Callable

PR_SET_PDEATHSIG = 1

# Loaded once here: between fork and exec nothing may import or allocate much.
_libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


def exit_with_parent(death_signal: int = signal.SIGKILL) -> bool:
    """Ask the kernel for ``death_signal`` when the parent ends; False where it cannot do that.

    The setting survives ``exec``, but is lost in this process's own children: each has to call it for itself.
    """
    return _libc is not None and _libc.prctl(PR_SET_PDEATHSIG, int(death_signal)) == 0


def exit_with_supervisor(lifeline: int | None, end: Callable[[], None] | None = None) -> None:
    """Tie this process to its parent and, through the pipe ``lifeline``, to the supervisor, where there is one.

    :param end: what to do when the pipe closes, where the kernel does not do it; default: kill the process group.
    """
    if lifeline is None:
        return  # started by hand: it outlives the shell, as nohup and service managers want it
    tied = exit_with_parent()
    end = end or _kill_group
    if _is_closed(lifeline):  # the supervisor died before we asked the kernel
        end()
    if not tied:
        threading.Thread(target=watch, args=(lifeline, end), name="lifeline", daemon=True).start()


def watch(lifeline: int, end: Callable[[], None]) -> None:
    """Block until the pipe ``lifeline`` closes, then call ``end``."""
    while os.read(lifeline, 1):
        pass
    end()


def _is_closed(lifeline: int) -> bool:
    readable, _, _ = select.select([lifeline], [], [], 0)
    return bool(readable)


def _kill_group() -> None:
    os.killpg(0, signal.SIGKILL)
