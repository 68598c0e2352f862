"""Reading a CSV against the floor: Polars' own scan and sink of the same file, in the same run.

python benchmarks/reading.py FILE.csv [repeats]

Prints the medians of both in seconds, CPU seconds, the peak resident memory, and the ratios; every run is a fresh
process.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile

FLOOR = """
import polars as pl
pl.scan_csv(source).sink_parquet(target / "floor.parquet")
"""
OURS = """
from longshore.tables.reading import read
read(source, target)
"""
FRAME = """
import resource, sys, time
from pathlib import Path
import polars
import longshore.tables.reading
source, target = Path(sys.argv[1]), Path(sys.argv[2])
start = time.perf_counter()
{work}
took = time.perf_counter() - start
used = resource.getrusage(resource.RUSAGE_SELF)
print(took, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024)
"""


def run(work: str, source: str) -> tuple[float, float, float]:
    """Seconds, CPU seconds and peak MiB of one run in a process of its own."""
    with tempfile.TemporaryDirectory(dir=".") as target:
        command = [sys.executable, "-c", FRAME.format(work=work), source, target]
        seconds, cpu, peak = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
    return float(seconds), float(cpu), float(peak)


def main() -> None:
    source = sys.argv[1]
    repeats = int(sys.argv[2]) if len(sys.argv) > 2 else 3
    # Turn about, so that what else the machine does falls on both alike.
    pairs = [(run(FLOOR, source), run(OURS, source)) for _ in range(repeats)]
    medians = []
    for name, results in (("floor", [floor for floor, _ in pairs]), ("ours", [ours for _, ours in pairs])):
        seconds, cpu, peak = (statistics.median(column) for column in zip(*results, strict=True))
        medians.append((seconds, cpu))
        print(f"{name:6} {seconds:6.2f} s  {cpu:6.2f} s CPU  {peak:6.0f} MiB peak")
    print(f"ratio  {medians[1][0] / medians[0][0]:6.2f}    {medians[1][1] / medians[0][1]:6.2f} CPU")


if __name__ == "__main__":
    main()
