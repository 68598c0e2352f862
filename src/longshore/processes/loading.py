"""Importing a program without looking for garbage in it.

An import makes a hundred thousand objects that stay for ever. Python's collector of cycles goes through them dozens of
times meanwhile, again with every later collection, and once more at the end of the process: a fifth of the time that
loading the server takes, half a second at its end, and copies of pages that forked processes would go on sharing.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def loading() -> Iterator[None]:
    """Do not collect while the body loads what stays, and never look at that again.

    The few cycles that an import leaves behind (some hundred objects) stay, too.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        if was_enabled:
            gc.enable()
