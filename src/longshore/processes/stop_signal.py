"""How the processes of a worker learn that it stops: through a pipe that they inherit."""

from __future__ import annotations

import os
import select
import signal
from typing import Any

NEWS_SECONDS = 1.0
"""How long the parent's wish to stop may come later than a signal to the processes below it."""


class StopSignal:
    """Given once, before or after a fork; all processes see it. Make it before the first fork."""

    def __init__(self) -> None:
        self._reading, self._writing = os.pipe()

    def give(self) -> None:
        """Tell everybody. Nobody takes the byte out, so it is there for all."""
        os.write(self._writing, b"!")

    def given(self, wait_seconds: float = 0) -> bool:
        """Whether it was given.

        :param wait_seconds: how long to wait for it.
        """
        return bool(select.select([self._reading], [], [], wait_seconds)[0])


def heed(stop: StopSignal) -> None:
    """Have this process end by SIGTERM, but not when its parent stops: that one sees to a good end.

    A service manager may signal all processes of a service at once, and what runs here would count as killed. To be
    called by the main thread when a task runs: what starts the process sets a handler of its own before that.
    """

    def end_unless_stopping(number: int, _frame: Any) -> None:
        if not stop.given(NEWS_SECONDS):
            signal.signal(number, signal.SIG_DFL)
            os.kill(os.getpid(), number)

    signal.signal(signal.SIGTERM, end_unless_stopping)
