"""A runner on the jobs of ``tests/jobs/handlers``."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from longshore.jobs.running.runner import Limits, Outcome, Runner, Stop

HANDLERS = Path(__file__).parents[1] / "handlers"


class Bench:
    """Runs jobs on one runner."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.runner = Runner(os.environ | {"HANDLERS_DIR": str(HANDLERS), "ROOT_STORAGE_PATH": str(folder)})
        self.progress: list[Any] = []
        self.reason: Stop | None = None

    def tick(self) -> Stop | None:
        return self.reason

    def run(self, name: str, seconds: float | None = None, tells_begin: bool = False, **inputs: Any) -> Outcome:
        """One job, within the limits that it declares."""
        assert self.runner.prepare(self.tick) is None
        self.runner.output.begin(name)
        self.progress.clear()
        said = self.runner.types.get(name, {})
        limits = Limits(seconds or said.get("timeout") or 60, said.get("memory") or 2**32)
        request = {"type": name, "file": str(self.folder / "result.part"), "tells_begin": tells_begin}
        return self.runner.run(request, json.dumps(inputs).encode(), limits, self.tick, self.progress.append)

    def daemons(self) -> list[int]:
        """Those of start_daemons()."""
        return [int(number) for number in (self.folder / "daemons").read_text().split()]


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    made = Bench(tmp_path)
    yield made
    made.runner.end(grace_seconds=0)
