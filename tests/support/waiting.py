"""Waiting for something to happen, with a deadline instead of a guess."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

INTERVAL_SECONDS = 0.02


def eventually(happened: Callable[[], T], seconds: float = 10, what: str = "") -> T:
    """Call ``happened`` until it returns something true, and return that.

    An exception counts as "not yet"; the last one is the cause of the failure after ``seconds``.
    """
    deadline = time.monotonic() + seconds
    last: Exception | None = None
    while True:
        try:
            if result := happened():
                return result
            last = None
        except Exception as error:
            last = error
        if time.monotonic() > deadline:
            raise AssertionError(f"{what or happened} did not happen within {seconds:g} s") from last
        time.sleep(INTERVAL_SECONDS)
