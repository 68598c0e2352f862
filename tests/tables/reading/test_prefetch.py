"""One step ahead in a thread, and not two."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from longshore.tables.reading.prefetch import prefetch
from support.waiting import eventually


def test_the_same_items_in_order_and_its_errors() -> None:
    assert list(prefetch(iter(range(100)))) == list(range(100))

    def failing() -> Iterator[int]:
        yield 1
        raise KeyError("2")

    ahead = prefetch(failing())
    assert next(ahead) == 1
    with pytest.raises(KeyError):
        next(ahead)


def test_only_one_item_is_made_ahead() -> None:
    made: list[int] = []
    asked = threading.Semaphore(0)

    def items() -> Iterator[int]:
        for number in range(10):
            made.append(number)
            yield number
            asked.release()  # the next one is asked for

    ahead = prefetch(items())
    assert next(ahead) == 0
    eventually(lambda: made == [0, 1])
    assert asked.acquire(timeout=10)
    assert not asked.acquire(blocking=False)
    assert next(ahead) == 1
    eventually(lambda: made == [0, 1, 2])
    ahead.close()  # type: ignore[attr-defined]
    assert not [thread for thread in threading.enumerate() if thread.name == "prefetch"]
