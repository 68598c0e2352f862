"""Run an iterator one step ahead in a thread, so that reading overlaps with parsing."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator
from typing import TypeVar

T = TypeVar("T")


def prefetch(items: Iterator[T], depth: int = 1) -> Iterator[T]:
    """The same items, made in a thread up to ``depth`` ahead; its exceptions are raised here.

    The thread ends when the consumer stops, whether at the end or by closing this iterator.
    """
    ahead: queue.SimpleQueue[tuple[bool, T | BaseException | None]] = queue.SimpleQueue()
    room = threading.Semaphore(depth)
    stopped = threading.Event()

    def produce() -> None:
        try:
            while True:
                # First the room, then the item: large ones would stand in memory while they wait for it.
                room.acquire()
                if stopped.is_set():
                    return
                ahead.put((False, next(items)))
        except StopIteration:
            ahead.put((True, None))
        except BaseException as error:  # noqa: BLE001 - raised again in the consumer
            ahead.put((True, error))

    thread = threading.Thread(target=produce, name="prefetch", daemon=True)
    thread.start()
    try:
        while True:
            last, item = ahead.get()
            if isinstance(item, BaseException):
                raise item
            if last:
                return
            room.release()
            yield item  # type: ignore[misc]
            del item
    finally:
        stopped.set()
        room.release()
        thread.join()
