"""What the benchmarks share: a table of figures with bounds, and floors measured in processes of their own."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "tests"))


class Report:
    """Figures as they come, and which of them were over their bound."""

    def __init__(self) -> None:
        self.over: list[str] = []

    def tell(self, what: str, figure: str, bound: str, ok: bool) -> None:
        """One line of the table."""
        print(f"{'ok  ' if ok else 'OVER'}  {what:<58} {figure:<44} {bound}", flush=True)
        if not ok:
            self.over.append(what)

    def against(self, what: str, ours: float, floor: float, factor: float) -> None:
        """A time against its floor, both in seconds."""
        self.tell(what, f"{ours:.3f} s / {floor:.3f} s = {ours / floor:.2f}", f"<= {factor} x", ours <= factor * floor)

    def note(self, text: str) -> None:
        """A line without a bound."""
        print(f"      {text}", flush=True)

    def end(self) -> int:
        """The last line; the exit code of the benchmark."""
        print(f"\n{len(self.over)} over their bound{': ' + '; '.join(self.over) if self.over else ''}")
        return 1 if self.over and not os.environ.get("BENCHMARK_MAY_MISS") else 0


def floor_of(code: str, *arguments: str, times: int = 1) -> float:
    """Median seconds of a piece of plain Polars in a fresh process, imports not counted."""
    prelude = "import sys, time, polars as pl\nargs = sys.argv[1:]\nt = time.perf_counter()"
    script = f"{prelude}\n{code}\nprint(time.perf_counter() - t)"
    command = [sys.executable, "-c", script, *arguments]
    runs = [subprocess.run(command, check=True, capture_output=True, text=True).stdout for _ in range(times)]
    return statistics.median(float(run.split()[-1]) for run in runs)


def timed(work: Callable[[], Any]) -> float:
    """Seconds that a piece of work takes."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def milliseconds(values: list[float]) -> tuple[float, float]:
    """Median and 99th percentile of times in seconds."""
    ordered = sorted(values)
    return statistics.median(ordered) * 1e3, ordered[int(len(ordered) * 0.99)] * 1e3
