"""A wall clock that is set back or forward makes nothing old, and keeps nothing waiting."""

from __future__ import annotations

import pytest

from longshore.state.clocks import SteadyClock, is_over


class Times:
    def __init__(self) -> None:
        self.wall = 1_000_000.0
        self.passed = 50.0
        self.clock = SteadyClock(lambda: self.wall, lambda: self.passed)

    def pass_by(self, seconds: float) -> None:
        self.wall += seconds
        self.passed += seconds


def test_time_that_passes_is_the_wall_clocks() -> None:
    times = Times()
    times.pass_by(10)
    assert times.clock.now() == times.wall


def test_a_clock_that_is_set_forward_does_not_make_anything_older() -> None:
    times = Times()
    times.wall += 7200
    times.pass_by(10)
    assert times.clock.now() == 1_000_010.0


def test_a_clock_that_is_set_back_is_followed() -> None:
    times = Times()
    times.wall -= 7200
    times.pass_by(10)
    assert times.clock.now() == times.wall


@pytest.mark.parametrize(("moment", "over"), [(94.0, True), (96.0, False), (100.5, False), (7300.0, True)])
def test_what_waits_since_the_future_has_waited_long_enough(moment: float, over: bool) -> None:
    assert is_over(moment, 5, now=100.0) is over
