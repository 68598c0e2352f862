"""Who holds a lease, and whether that process still lives.

A lease is a row in the database that names its holder and the time until which it holds. One whose process has died on
this machine can be taken over at once, one from another machine when its time has run out.
"""

from __future__ import annotations

import os
import secrets
import socket
from pathlib import Path

_HOST = socket.gethostname()


def new_owner() -> str:
    """A name for a holder of leases: this machine, this process and its beginning, and a random part."""
    return f"{_HOST}/{os.getpid()}/{_birth(os.getpid())}/{secrets.token_hex(4)}"


def is_dead(owner: str) -> bool:
    """Whether a lease's holder ran on this machine and is gone; False when that cannot be known."""
    if owner.count("/") < 3:
        return False
    host, pid, birth, _ = owner.rsplit("/", 3)
    if host != _HOST:
        return False
    return _birth(int(pid)) != birth


def _birth(pid: int) -> str:
    """When a process began, in the kernel's own count; "" if there is none.

    Process numbers are used again, and the pair of number and beginning is not.
    """
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        if Path("/proc/self/stat").exists():
            return ""
    except OSError:
        return ""
    else:
        state, *fields = stat.rpartition(")")[2].split()
        return "" if state in "ZX" else fields[18]
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return ""
    except PermissionError:
        return "alive"
    return "alive"
