"""Jobs in the Python client: submit, watch with a progress bar, fetch the result, cancel."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from longshore import errors
from longshore.client.transport import Transport

PATH = "/api/v1/jobs"
POLL_SECONDS = 30.0
"""How long one request waits for news; the server answers at once when there are any."""
RECONNECT_SECONDS = 60.0
"""How long a server may be away, as in a restart, before waiting for a job fails."""
RECONNECT_PAUSE_SECONDS = 0.5

FINISHED = frozenset({"SUCCESS", "FAILURE", "REVOKED"})

Show = Callable[[dict[str, Any]], None]


class Job:
    """One job of a server.

    :ivar id: its id; whoever knows it may see and cancel the job.
    :ivar known: what the server said last, without asking again; None before it was asked.
    """

    def __init__(self, client: Transport, job_id: str, state: dict[str, Any] | None = None) -> None:
        self.client = client
        self.id = job_id
        self.known = state
        self._path = f"{PATH}/{job_id}"

    def __repr__(self) -> str:
        known = f" {self.known['type']} {self.known['status']}" if self.known else ""
        return f"<Job {self.id}{known}>"

    @property
    def status(self) -> str:
        """PENDING, STARTED, RETRY, SUCCESS, FAILURE or REVOKED, as the server says now."""
        return str(self.state()["status"])

    def state(self, wait_seconds: float = 0) -> dict[str, Any]:
        """All that the server tells of the job: status, progress, times, data, error.

        :param wait_seconds: up to 30: answer when something changes, or after this time.
        :raises JobNotFound: when there is no such job.
        :raises Expired: when its result was kept long enough.
        """
        if self.known is None or self.known["status"] not in FINISHED or "expires" not in self.known:
            self.known = self.client.request("GET", self._path, params={"wait": wait_seconds} if wait_seconds else {})
        return self.known

    def wait(self, *, progress: bool = True, timeout: float | None = None) -> Job:
        """Return when the job has ended, whichever way; see :meth:`result`.

        A server that restarts meanwhile is waited for.

        :param progress: show a bar, in a terminal or a notebook.
        :param timeout: seconds; None waits for ever.
        :raises TimedOut: when it has not ended in time; it goes on.
        """
        deadline = None if timeout is None else time.monotonic() + timeout
        with _bar(visible=progress) as show:
            for state in self._news(deadline):
                show(state)
        return self

    def _news(self, deadline: float | None) -> Iterator[dict[str, Any]]:
        state = self._patiently(0)
        yield state
        while state["status"] not in FINISHED:
            left = POLL_SECONDS if deadline is None else min(POLL_SECONDS, deadline - time.monotonic())
            if left <= 0:
                raise errors.TimedOut(f"the job is {state['status']} and goes on; wait for it again, or cancel it")
            state = self._patiently(left)
            yield state

    def _patiently(self, wait_seconds: float) -> dict[str, Any]:
        """The state, from a server that may be away for a moment."""
        deadline = time.monotonic() + RECONNECT_SECONDS
        while True:
            try:
                return self.state(wait_seconds)
            except errors.Unavailable:
                if time.monotonic() > deadline:
                    raise
                time.sleep(RECONNECT_PAUSE_SECONDS)

    def result(self, *, progress: bool = True, timeout: float | None = None) -> Any:
        """The job's result, once it has ended; the parameters are those of :meth:`wait`.

        :raises JobFailed: when it failed or was cancelled, with ``reason`` and ``log_tail``.
        :raises TimedOut: when it has not ended in time.
        """
        self.wait(progress=progress, timeout=timeout)
        state = self.state()
        if state["status"] == "SUCCESS" and "data" in state:
            return state["data"]
        return self.client.fetch("GET", f"{self._path}/result")

    def cancel(self) -> str:
        """Stop the job; its status then: REVOKED, or STARTED while its worker is still ending it.

        :raises IllegalOperation: when it has ended already.
        """
        self.known = None
        return str(self.client.request("DELETE", self._path)["status"])


@contextmanager
def _bar(*, visible: bool) -> Iterator[Show]:
    if not (visible and _is_seen()):
        yield lambda state: None
        return
    from tqdm.auto import tqdm

    with tqdm(total=None, leave=False, unit="") as bar:

        def show(state: dict[str, Any]) -> None:
            progress = state["progress"]
            bar.total = progress["total"]
            bar.n = progress["done"] or 0
            bar.set_description_str(f"{state['type']} {progress['message'] or state['status']}")

        yield show


def _is_seen() -> bool:
    """Whether somebody sees a bar: at a terminal, or in a notebook."""
    return sys.stderr.isatty() or "ipykernel" in sys.modules
