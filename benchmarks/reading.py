"""Reading files against the floor: Polars' own reading of the same file into Parquet, in the same run.

python benchmarks/reading.py                     all shapes below, made anew; takes some minutes
python benchmarks/reading.py json dates          those whose names begin so
python benchmarks/reading.py FILE.csv [pairs]    a file of your own against scan_csv().sink_parquet()

Prints the medians of both in seconds, CPU seconds and peak resident memory, and the medians of the ratios of pairs;
every run is a fresh process, and the two of a pair follow each other, so that what else the machine does falls on both.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
import xlsxwriter

import make_table
from measuring import Report

CSV = 'pl.scan_csv(source).sink_parquet(target / "floor.parquet")'
OURS = """
from longshore.tables.reading import read
read(source, target)
"""
FRAME = """
import resource, sys, time
from pathlib import Path
import polars as pl
import longshore.tables.reading
source, target = Path(sys.argv[1]), Path(sys.argv[2])
before = resource.getrusage(resource.RUSAGE_SELF)
start = time.perf_counter()
{work}
took = time.perf_counter() - start
used = resource.getrusage(resource.RUSAGE_SELF)
peak = int(Path("/proc/self/status").read_text().partition("VmHWM:")[2].split()[0])  # ru_maxrss begins with the parent's
print(took, used.ru_utime + used.ru_stime - before.ru_utime - before.ru_stime, peak / 1024)
"""


@dataclass(frozen=True)
class Shape:
    """A file to be read.

    :param make: writes it.
    :param floor: reads it with plain Polars into ``target``.
    :param bound: of the ratio.
    """

    make: Callable[[Path], None]
    floor: str
    bound: float


def wide(rows: int, columns: int) -> Callable[[Path], None]:
    """CSV with integers, floats and texts by turns."""

    def make(path: Path) -> None:
        generator = np.random.default_rng(1)
        step = max(1, 5_000_000 // columns)
        with path.open("wb") as file:
            for first in range(0, rows, step):
                height = min(step, rows - first)
                kinds = (
                    lambda height: generator.integers(0, 1_000_000, height),
                    lambda height: np.round(generator.normal(0, 1000, height), 3),
                    lambda height: generator.choice(make_table.WORDS, height),
                )
                frame = pl.DataFrame({f"column {i}": kinds[i % 3](height) for i in range(columns)})
                frame.write_csv(file, include_header=first == 0)

    return make


def table(rows: int) -> pl.DataFrame:
    """Ten columns: the benchmark's own nine and one more of floats."""
    frame = make_table.block(np.random.default_rng(1), 0, rows)
    return frame.with_columns(pl.col("date").cast(pl.String), z=pl.col("x") * 2)


def dates(path: Path) -> None:
    """A column of days as they are written with dots."""
    days = np.datetime64("2015-01-01") + np.random.default_rng(1).integers(0, 3650, 1_000_000).astype("timedelta64[D]")
    pl.DataFrame({"day": days}).select(pl.col("day").dt.to_string("%d.%m.%Y")).write_csv(path)


def workbook(path: Path) -> None:
    """A sheet with typed cells, without formulas."""
    frame = table(200_000)
    with xlsxwriter.Workbook(str(path), {"constant_memory": True}) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, frame.columns)
        for number, row in enumerate(frame.iter_rows(), 1):
            sheet.write_row(number, 0, row)


SHAPES: dict[str, Shape] = {
    "csv 10,000,000 x 9": Shape(lambda path: make_table.make(10_000_000, path), CSV, 1.25),
    "csv 1,000,000 x 30": Shape(wide(1_000_000, 30), CSV, 1.3),
    "csv 50,000 x 300": Shape(wide(50_000, 300), CSV, 1.4),
    "csv 2,000 x 5,000": Shape(wide(2_000, 5_000), CSV, 1.4),
    "csv with quotes 1,000,000 x 10": Shape(
        lambda path: table(1_000_000).write_csv(path, quote_style="non_numeric"), CSV, 2
    ),
    "dates 1,000,000 as dd.mm.yyyy": Shape(
        dates,
        'pl.scan_csv(source).with_columns(pl.col("day").str.to_date("%d.%m.%Y")).sink_parquet(target / "floor.parquet")',
        2,
    ),
    "ndjson 300,000 x 10": Shape(
        lambda path: table(300_000).write_ndjson(path), 'pl.read_ndjson(source).write_parquet(target / "f.parquet")', 2
    ),
    "json 300,000 x 10": Shape(
        lambda path: table(300_000).write_json(path), 'pl.read_json(source).write_parquet(target / "f.parquet")', 2
    ),
    "xlsx 200,000 x 10": Shape(workbook, 'pl.read_excel(source).write_parquet(target / "f.parquet")', 1.5),
}
"""By name; the first word is also the ending of the file."""


def run(work: str, source: Path) -> tuple[float, float, float]:
    """Seconds, CPU seconds and peak MiB of one run in a process of its own."""
    with tempfile.TemporaryDirectory(dir=source.parent) as target:
        command = [sys.executable, "-c", FRAME.format(work=work), str(source), target]
        seconds, cpu, peak = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout.split()
    return float(seconds), float(cpu), float(peak)


def compare(report: Report, name: str, source: Path, floor: str, bound: float, times: int) -> None:
    """Some pairs of runs, the floor first and ours second."""
    pairs = [(run(floor, source), run(OURS, source)) for _ in range(times)]
    for who, results in (("floor", [pair[0] for pair in pairs]), ("ours", [pair[1] for pair in pairs])):
        seconds, cpu, peak = map(statistics.median, zip(*results, strict=True))
        report.note(f"{who:6} {seconds:6.2f} s  {cpu:6.2f} s CPU  {peak:6.0f} MiB peak")
    wall, cpu = (statistics.median(ours[i] / floor[i] for floor, ours in pairs) for i in (0, 1))
    report.tell(name, f"{wall:.2f} x by the clock, {cpu:.2f} x CPU", f"<= {bound} x", wall <= bound)


def main(arguments: list[str]) -> int:
    """Compare what is asked for; the exit code."""
    report = Report()
    if arguments and Path(arguments[0]).is_file():
        source = Path(arguments[0]).absolute()
        compare(report, source.name, source, CSV, 1.25, int(arguments[1]) if len(arguments) > 1 else 3)
        return report.end()
    chosen = {name: shape for name, shape in SHAPES.items() if not arguments or name.startswith(tuple(arguments))}
    with tempfile.TemporaryDirectory(dir=os.environ.get("BENCHMARK_FOLDER")) as folder:
        for name, shape in chosen.items():
            kind = name.split()[0]
            source = Path(folder, "table." + ("csv" if kind == "dates" else kind))
            shape.make(source)
            compare(report, name, source, shape.floor, shape.bound, 3)
            source.unlink()
    return report.end()


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
