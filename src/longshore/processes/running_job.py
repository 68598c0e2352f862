"""The job that this process runs, if it is a runner: what a job makes lives as long as its result, and goes with it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class RunningJob:
    """One per process, which runs one job at a time; all threads of the function belong to it.

    :param id: None while no job runs.
    :param links: addresses that it has made for files.
    """

    id: str | None = None
    links: int = 0

    def begin(self, job_id: str | None) -> None:
        """From now on this job runs."""
        self.id, self.links = job_id, 0

    def end(self) -> int:
        """No job runs any more; how many addresses the last one made."""
        links, self.id, self.links = self.links, None, 0
        return links


running_job = RunningJob()
