"""Messages from a thread of their own."""

from __future__ import annotations

import threading

from longshore.processes.rounds import Rounds
from support.waiting import eventually


def test_nobody_waits_for_a_broker_that_stands_still_and_what_is_asked_meanwhile_goes_into_one_round() -> None:
    sent: list[tuple[str, int]] = []
    gate = threading.Event()

    def send(key: str, times: int) -> None:
        sent.append((key, times))
        gate.wait(30)

    rounds = Rounds("test", send)
    rounds("first")
    eventually(lambda: len(sent) == 1)
    for _ in range(5):
        rounds("a")
    rounds("b", 3)
    assert sent == [("first", 1)]
    gate.set()
    eventually(lambda: sorted(sent[1:]) == [("a", 5), ("b", 3)])


def test_a_message_that_fails_does_not_end_the_thread() -> None:
    sent: list[str] = []

    def send(key: str, _times: int) -> None:
        if key == "bad":
            raise ConnectionError("away")
        sent.append(key)

    rounds = Rounds("test", send)
    rounds("bad")
    rounds("good")
    eventually(lambda: sent == ["good"])
