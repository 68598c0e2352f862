"""Celery's pool of processes, which ends as soon as nothing is left to wait for.

The library's takes a second and a half to stop when nothing runs: each process sleeps for a second when it is done, so
that what it has said is heard before it is gone, and the thread that keeps connections alive meanwhile looks only twice
a second whether it is over.
"""

from __future__ import annotations

import os
from typing import Any

from celery.concurrency import asynpool, prefork
from celery.worker import state


class QuickWorker(asynpool.Worker):  # type: ignore[misc]
    """A process that leaves when all that it has said was heard, which the library makes sure of anyway."""

    _is_heard = False

    def _ensure_messages_consumed(self, completed: int) -> bool:
        self._is_heard = completed == 0 or super()._ensure_messages_consumed(completed=completed)
        return self._is_heard

    def _do_exit(self, pid: int, exitcode: int | None, exc: BaseException | None = None) -> None:
        if exc is None and self._is_heard:
            code = os.EX_OK if exitcode is None else exitcode
            try:
                if self.on_exit is not None:
                    self.on_exit(pid, code)
            finally:
                os._exit(code)
        super()._do_exit(pid, exitcode, exc)


class QuickAsynPool(asynpool.AsynPool):  # type: ignore[misc]
    """Of such processes."""

    Worker = QuickWorker


class QuickPool(prefork.TaskPool):  # type: ignore[misc]
    """The pool that a worker is given."""

    Pool = QuickAsynPool
    _pool: Any

    def on_stop(self) -> None:
        """Stop; while tasks still run, the library keeps the connections alive and sees to what they acknowledge."""
        if self._pool is not None and not state.reserved_requests:
            self._pool.close()
            self._pool.join()
            self._pool = None
        super().on_stop()
