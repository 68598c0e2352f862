"""Work that each process does for itself, again and again; what one of them does for all is a ``PeriodicTask``."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from longshore.errors import LongshoreError

logger = logging.getLogger(__name__)

LOOK_SECONDS = 1.0


class PeriodicThread:
    """Carries its steps out once a second, each whatever became of the others.

    :param name: of the thread, and in the log.
    :param pause_seconds: between two rounds, and before the first.
    """

    def __init__(self, name: str, *steps: Callable[[], object], pause_seconds: float = LOOK_SECONDS) -> None:
        self.name = name
        self.pause_seconds = pause_seconds
        self.steps = steps
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        """Begin to look."""
        self._thread.start()

    def stop(self) -> None:
        """End and wait for it."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        while not self._stop.wait(self.pause_seconds):
            # One by one: a broker that is away must not keep schedules from their time.
            for step in self.steps:
                try:
                    step()
                except LongshoreError as error:
                    logger.warning("%s: %s", self.name, error.description)
                except Exception:  # the thread must outlive any single failure; each is logged whole
                    logger.exception("%s: a step failed; it is tried again at the next look", self.name)
