"""Whether a job's process is gone, told without comparing the clocks of two moments or two machines.

A wall clock may jump, and those of two machines differ. So a lease counts as run out when the watcher has seen it
unchanged for as long as a lease lasts, by the watcher's own monotonic clock; a process that lives renews it long
before. A process that ran on this machine and is gone is known at once.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import Any

from longshore.jobs.claims import LEASE_SECONDS
from longshore.jobs.records import Job
from longshore.leases import is_dead


class LeaseWatch:
    """Remembers the leases of running jobs; used by one thread.

    :param clock: seconds that only go forward.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._seen: dict[str, tuple[Any, float]] = {}

    def is_lost(self, job: Job) -> bool:
        """Whether the process that holds this running job's lease is gone."""
        if job.lease_owner is None:
            return False
        lease = (job.lease_owner, job.lease_until)
        known, since = self._seen.get(job.id, (None, 0.0))
        if known != lease:
            since = self._clock()
            self._seen[job.id] = (lease, since)
        return is_dead(job.lease_owner) or self._clock() - since > LEASE_SECONDS

    def keep(self, job_ids: Iterable[str]) -> None:
        """Forget all jobs but these."""
        kept = set(job_ids)
        self._seen = {job_id: seen for job_id, seen in self._seen.items() if job_id in kept}
