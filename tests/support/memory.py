"""Room for files that last no longer than an example."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

MEMORY = Path("/dev/shm")
ENOUGH_BYTES = 2**30  # containers often have 64 MB


def memory_folder() -> Path | None:
    """A folder whose files stand in memory, where this machine has one of a fair size."""
    if not MEMORY.is_dir() or not os.access(MEMORY, os.W_OK) or shutil.disk_usage(MEMORY).free < ENOUGH_BYTES:
        return None
    return MEMORY
