"""Messages to the broker from a thread of its own, so that nobody who has something to do waits for a broker."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

logger = logging.getLogger(__name__)

Send = Callable[[str, int], None]


class Rounds:
    """Sends what was asked for, in rounds: what is asked for several times meanwhile goes into one.

    Nothing that matters may depend on it: a broker that stands still holds its thread, and what waits is lost when the
    process ends.

    :param name: of the thread, and in the log.
    :param send: ``send(key, times)``; may raise, which is logged.
    :param pause_seconds: least time between two rounds.
    """

    def __init__(self, name: str, send: Send, pause_seconds: float = 0.0) -> None:
        self._name = name
        self._send = send
        self._pause = pause_seconds
        self._asked: dict[str, int] = {}
        self._news = threading.Condition()
        self._thread: threading.Thread | None = None
        self._is_failing = False

    def __call__(self, key: str, times: int = 1) -> None:
        """Ask for a message."""
        with self._news:
            self._asked[key] = self._asked.get(key, 0) + times
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name=self._name, daemon=True)
                self._thread.start()
            self._news.notify()

    def _run(self) -> None:
        while True:
            with self._news:
                self._news.wait_for(lambda: self._asked)
                asked, self._asked = self._asked, {}
            begun = time.monotonic()
            for key, times in asked.items():
                try:
                    self._send(key, times)
                    self._is_failing = False
                except Exception as error:  # noqa: BLE001 - the thread must outlive whatever the broker's client raises
                    self._complain(error)
            time.sleep(max(0.0, begun + self._pause - time.monotonic()))

    def _complain(self, error: Exception) -> None:
        if not self._is_failing:
            logger.warning("%s: the broker is away; what was accepted waits for it (%s)", self._name, error)
        self._is_failing = True
        logger.debug("%s: a message could not be sent", self._name, exc_info=True)
