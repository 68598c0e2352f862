"""From a producer that writes to a file to a consumer that asks for chunks."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator
from typing import IO, Any, cast

CHUNK_BYTES = 1_000_000
WAITING_CHUNKS = 4
"""How far the producer may be ahead."""


Produce = Callable[[IO[bytes], threading.Event], None]
"""Writes to the file; the event says that nobody wants the rest, for while it does not write."""


class ConsumerGone(Exception):
    """Nobody wants the rest."""


class Channel:
    """A binary file for the producer, an iterator of chunks for the consumer, each in a thread of its own."""

    def __init__(self) -> None:
        self.closed = threading.Event()
        self._buffer = bytearray()
        self._chunks: deque[bytes] = deque()
        self._changed = threading.Condition()
        self._finished = False
        self._error: BaseException | None = None

    def write(self, data: Any) -> int:
        """Hand over bytes; waits while the consumer is behind.

        :raises ConsumerGone: when it has closed.
        """
        if len(data) >= CHUNK_BYTES:
            self.flush()
            self._hand_over(bytes(data))  # as it is where it is bytes already: to gather would copy it twice
            return len(data)
        self._buffer += data
        if len(self._buffer) >= CHUNK_BYTES:
            self.flush()
        return len(data)

    def flush(self) -> None:
        """Hand over what has been written so far."""
        if self._buffer:
            self._hand_over(bytes(self._buffer))
            self._buffer.clear()

    def _hand_over(self, chunk: bytes) -> None:
        with self._changed:
            self._changed.wait_for(lambda: len(self._chunks) < WAITING_CHUNKS or self.closed.is_set())
            if self.closed.is_set():
                raise ConsumerGone
            self._chunks.append(chunk)
            self._changed.notify_all()

    def run(self, produce: Produce) -> None:
        """The producer's thread: whatever goes wrong in it is raised at the consumer."""
        error: BaseException | None = None
        try:
            produce(cast("IO[bytes]", self), self.closed)
            self.flush()
        except BaseException as caught:  # noqa: BLE001 - the engine's panics are no Exceptions
            error = caught
        with self._changed:
            self._finished, self._error = True, error
            self._changed.notify_all()

    def chunks(self) -> Iterator[bytes]:
        """What is written, as it comes; ends with the producer's error if it had one."""
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._chunks or self._finished)
                if not self._chunks:
                    break
                chunk = self._chunks.popleft()
                self._changed.notify_all()
            yield chunk
        if self._error is not None:
            raise self._error

    def close(self) -> None:
        """Tell the producer to stop."""
        with self._changed:
            self.closed.set()
            self._changed.notify_all()


def streamed(produce: Produce) -> Iterator[bytes]:
    """The bytes that ``produce`` writes, while it writes them, in chunks of about 1 MB, or of what it writes at once.

    The producer's thread starts with the first chunk asked for, and has ended when the generator has,
    whether exhausted, closed or collected. If the producer fails, so does the generator: a response made
    of it breaks off instead of looking complete.
    """
    channel = Channel()
    thread = threading.Thread(target=channel.run, args=(produce,), name="export", daemon=True)
    thread.start()
    try:
        yield from channel.chunks()
    finally:
        channel.close()
        thread.join()
