"""Names of holders of leases, and clocks that a test sets."""

from __future__ import annotations

from longshore.state.clocks import SteadyClock
from longshore.state.leases import MAX_LOOK_SECONDS, ExpiryDetector, Lease, new_owner


def dead_owner() -> str:
    """The name of a process that ran here and is gone."""
    host, _, _, where, random = new_owner().rsplit("/", 4)
    return f"{host}/4194305/1/{where}/{random}"  # beyond the highest process number


def at(moment: float) -> SteadyClock:
    """A clock that stands at ``moment``."""
    return SteadyClock(wall=lambda: moment, monotonic=lambda: 0.0)


class Clock:
    """Seconds that go forward when a test says so."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now

    def watch(self, watch: ExpiryDetector, key: object, lease: Lease, seconds: float) -> bool:
        """Look at a lease again and again for so long; whether it has run out in the end."""
        until = self.now + seconds
        while self.now < until:
            self.now = min(self.now + MAX_LOOK_SECONDS, until)
            lost = watch.has_run_out(key, lease)
        return lost
