"""Wall-clock times of different moments, compared so that a clock that is set does no harm.

Expiry is a matter of the wall clock: a result kept for a day is kept until tomorrow. But a clock that is set forward by
hours must not make what was written a minute ago look old enough to be removed, and one that is set back must not keep
what waits waiting for as long.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

SLACK_SECONDS = 1.0
"""By how much the clocks of machines that share a database may differ."""


class SteadyClock:
    """The time of day, which never runs ahead of the time that has passed since this was made.

    For deciding what is old enough to be removed: whichever way the clock is set, that is found too young, not too old.

    :param wall: seconds since 1970.
    :param monotonic: seconds that only go forward.
    """

    def __init__(self, wall: Callable[[], float] = time.time, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._wall = wall
        self._monotonic = monotonic
        self._ahead = wall() - monotonic()

    def now(self) -> float:
        """Seconds since 1970."""
        return min(self._wall(), self._monotonic() + self._ahead)


steady = SteadyClock()
"""This process's own, which began with it."""


def is_over(moment: Any, seconds: float, now: float) -> Any:
    """Whether ``moment`` lies at least ``seconds`` back, or in a future that the clock has been set back from.

    For deciding that what waits has waited long enough.

    :param moment: seconds since 1970; or a column of such, for a condition of SQL.

    >>> is_over(100, 5, now=103), is_over(100, 5, now=106), is_over(7300, 5, now=100)
    (False, True, True)
    """
    return (moment < now - seconds) | (moment > now + SLACK_SECONDS)
