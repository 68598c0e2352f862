"""Where the time of a run of tests went, folder by folder: a plugin of pytest."""

from __future__ import annotations

from collections import Counter

import pytest


class FolderTimes:
    """Adds up what setup, call and teardown of each test took, and tells it by folder at the end.

    With several workers the controller is told each report, too: the times of all workers are added up.
    """

    def __init__(self) -> None:
        self.seconds: Counter[str] = Counter()
        self.tests: Counter[str] = Counter()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        folder = folder_of(report.nodeid)
        self.seconds[folder] += report.duration
        self.tests[folder] += report.when == "call"

    @pytest.hookimpl(trylast=True)  # behind the slowest
    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        terminalreporter.section("time by folder")
        for folder, seconds in self.seconds.most_common():
            terminalreporter.write_line(f"{seconds:8.1f}s {self.tests[folder]:6} {folder}")
        total = f"{sum(self.seconds.values()):8.1f}s {sum(self.tests.values()):6} together, in all processes"
        terminalreporter.write_line(total)


def folder_of(nodeid: str) -> str:
    """``tests/web`` for all that lies in it or deeper; ``tests`` for what lies beside the folders.

    >>> folder_of("tests/jobs/results/test_stores.py::test_it[a/b]")
    'tests/jobs'
    >>> folder_of("tests/test_make.py::test_it")
    'tests'
    """
    return "/".join(nodeid.split("::")[0].split("/")[:-1][:2]) or "."
