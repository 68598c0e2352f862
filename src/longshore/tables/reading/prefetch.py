"""Run an iterator one step ahead in a thread, so that reading overlaps with parsing."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator
from typing import TypeVar

T = TypeVar("T")

_POLL_SECONDS = 0.1


def prefetch(items: Iterator[T], depth: int = 1) -> Iterator[T]:
    """The same items, made in a thread up to ``depth`` ahead; its exceptions are raised here.

    The thread ends when the consumer stops, whether at the end or by closing this iterator.
    """
    ahead: queue.Queue[tuple[bool, T | BaseException | None]] = queue.Queue(depth)
    stopped = threading.Event()

    def offer(last: bool, item: T | BaseException | None) -> None:
        while not stopped.is_set():
            try:
                ahead.put((last, item), timeout=_POLL_SECONDS)
            except queue.Full:
                continue
            return

    def produce() -> None:
        try:
            for item in items:
                offer(False, item)
                if stopped.is_set():
                    return
        except BaseException as error:  # noqa: BLE001 - raised again in the consumer
            offer(True, error)
        else:
            offer(True, None)

    thread = threading.Thread(target=produce, name="prefetch", daemon=True)
    thread.start()
    try:
        while True:
            last, item = ahead.get()
            if isinstance(item, BaseException):
                raise item
            if last:
                return
            yield item  # type: ignore[misc]
    finally:
        stopped.set()
        thread.join()
