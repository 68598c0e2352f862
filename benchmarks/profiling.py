"""How long statistics and charts take beside their floor: what a user of Polars would write for the same figures.

python benchmarks/profiling.py [rows, default 10,000,000] [folder for the table] [case ...]

The floor reads the needed columns and computes the one unavoidable aggregate: of numbers the moments and quartiles, of
other columns the counts of the values (and of the words), of a chart its bins. Each case runs in a process of its own,
ours and the floor in turn, the best of several runs each; CPU seconds are user and system together. The bare read of
the columns stands beside as information.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any

import altair  # noqa: F401 - a server has it loaded after its first chart
import polars as pl

from longshore.tables import profiling
from longshore.tables.charting import VisualizeParameters, visualize
from longshore.tables.core import dtypes
from longshore.tables.core.table import Table
from longshore.tables.profiling.analysis import is_number
from longshore.tables.profiling.words import split_words
from measuring import Report
from views import make_table

BOUND = 1.5
RUNS = 5
MOST_TEXT_MB = 600
MOST_CHART_BYTES = 1_000_000
CHARTS: list[dict[str, Any]] = [
    {"type": "histogram", "columnIndices": [5]},
    {"type": "histogram", "columnIndices": [0, 4, 5]},
    {"type": "frequency", "columnIndex": 2},
    {"type": "scatter", "xColumnIndex": 4, "yColumnIndices": [5]},
    {"type": "line", "xColumnIndex": 0, "yColumnIndices": [5]},
    {"type": "date", "xColumnIndex": 1, "yColumnIndices": [4]},
    {"type": "box", "columnIndices": [4]},
    {"type": "correlation"},
]


def open_table(folder: Path, rows: int) -> Table:
    """The table in ``folder``, made if it is not there."""
    record = folder / "rec.json"
    if not record.exists():
        record.write_text(json.dumps(make_table(folder, rows).to_record()))
    return Table.from_record(folder, json.loads(record.read_text()))


@dataclass
class Case:
    """Something to measure.

    :param names: the columns it needs.
    """

    name: str
    names: list[str]
    ours: Callable[[], Any]
    floor: Callable[[], Any]


def cases_of(table: Table) -> list[Case]:
    """All of them, in the order in which they are shown."""
    found = [analyzing(table, name) for name in table.names]
    found.append(
        Case("profile", table.names, lambda: profiling.profile(table), lambda: [c.floor() for c in found[:-1]])
    )
    return found + [charting(table, chart) for chart in CHARTS]


def analyzing(table: Table, name: str) -> Case:
    """One column's statistics."""
    return Case(f"analyze {name}", [name], lambda: profiling.analyze(table, name), lambda: plain(table, name))


def charting(table: Table, chart: dict[str, Any]) -> Case:
    """One chart as a specification."""
    parameters = VisualizeParameters.read({**chart, "format": "vega-lite"})
    indices = chart.get("columnIndices", [0, 4, 5, 6] if chart["type"] == "correlation" else [])
    indices += [chart[key] for key in ("columnIndex", "xColumnIndex") if key in chart] + chart.get("yColumnIndices", [])
    names = [table.names[index] for index in dict.fromkeys(indices)]
    title = f"{chart['type']} of {', '.join(names)}"
    return Case(title, names, lambda: visualize(table, parameters), lambda: FLOORS[chart["type"]](table, names))


def run(*queries: pl.LazyFrame) -> list[pl.DataFrame]:
    """Collect in a stream."""
    return pl.collect_all(list(queries), engine="streaming")


def counts(frame: pl.LazyFrame, name: str) -> pl.LazyFrame:
    """The 50 most frequent values."""
    return frame.group_by(name).agg(pl.len().alias("#")).sort(["#", name], descending=[True, False]).head(50)


def plain(table: Table, name: str) -> None:
    """Floor of a column's statistics."""
    frame, dtype = table.scan([name]), table.columns[table.index_of(name)].dtype
    if is_number(dtype):
        spread(table, [name])
        return
    run(counts(frame, name))
    if dtypes.is_text(dtype):
        run(counts(frame.select(split_words(pl.col(name)).list.explode()), name))


def spread(table: Table, names: list[str]) -> None:
    """Floor of a box plot, and of a number column's statistics."""
    value = pl.col(names[0])
    quartiles = {str(q): value.quantile(q, "linear") for q in (0.25, 0.5, 0.75)}
    run(table.scan(names).select(value.mean(), std=value.std(), low=value.min(), high=value.max(), **quartiles))


def bins(table: Table, names: list[str]) -> None:
    """Floor of a histogram."""
    ends = {f"{name} {end}": getattr(pl.col(name), end)() for name in names for end in ("min", "max")}
    run(
        *(table.scan([name]).select(pl.col(name).hist(bin_count=10)) for name in names),
        table.scan(names).select(**ends),
    )


def _pair(table: Table, names: list[str]) -> tuple[pl.LazyFrame, dict[str, float]]:
    frame = table.scan(names).select(x=pl.col(names[0]).to_physical(), y=pl.col(names[1])).drop_nulls()
    ends = {f"{name}_{end}": getattr(pl.col(name), end)() for name in "xy" for end in ("min", "max")}
    return frame, run(frame.select(**ends))[0].row(0, named=True)


def _bin(name: str, ends: dict[str, float], number: int) -> pl.Expr:
    low, high = ends[f"{name}_min"], ends[f"{name}_max"]
    return ((pl.col(name) - low) / (high - low) * number).cast(pl.Int64).clip(0, number - 1)


def cells(table: Table, names: list[str]) -> None:
    """Floor of a scatter chart: how many points a cell has, and the fitted line."""
    frame, ends = _pair(table, names)
    grouped = frame.group_by(_bin("x", ends, 115).alias("i"), _bin("y", ends, 77).alias("j")).agg(pl.len())
    x, y = pl.col("x"), pl.col("y")
    run(grouped, frame.select(x.mean(), y.mean(), cov=pl.cov("x", "y"), xx=x.var(), yy=y.var()))


def pixels(table: Table, names: list[str]) -> None:
    """Floor of a line: four points in each column of pixels."""
    frame, ends = _pair(table, names)
    x, y = pl.col("x"), pl.col("y")
    run(
        frame.group_by(_bin("x", ends, 1000).alias("i")).agg(
            x.min(), last=x.max(), low=y.min(), high=y.max(), at_low=x.min_by(y), at_high=x.max_by(y),
            first_y=y.min_by(x), last_y=y.max_by(x),
        )
    )  # fmt: skip


def correlations(table: Table, names: list[str]) -> None:
    """Floor of a correlation matrix."""
    pairs = {f"{a} {b}": pl.corr(a, b) for a, b in combinations(names, 2)}
    run(table.scan(names).select(**pairs))


FLOORS: dict[str, Callable[[Table, list[str]], None]] = {
    "histogram": bins,
    "frequency": lambda table, names: plain_counts(table, names[0]),
    "scatter": cells,
    "line": pixels,
    "date": pixels,
    "box": spread,
    "correlation": correlations,
}


def plain_counts(table: Table, name: str) -> None:
    """Floor of a chart of frequencies."""
    run(counts(table.scan([name]), name))


def cpu_seconds() -> float:
    """Of this process, user and system."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def measured(work: Callable[[], Any]) -> tuple[float, float]:
    """Wall and CPU seconds."""
    wall, cpu = time.perf_counter(), cpu_seconds()
    work()
    return time.perf_counter() - wall, cpu_seconds() - cpu


def best(runs: list[tuple[float, float]]) -> list[float]:
    """The least of each."""
    return [min(column) for column in zip(*runs, strict=True)]


def measure(table: Table, case: Case, times: int) -> dict[str, Any]:
    """One case; ours goes first, so that the peak of memory is its own."""
    answer, start = case.ours(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    ours, floor, bare = [], [], []
    for _ in range(times):
        ours.append(measured(case.ours))
        floor.append(measured(case.floor))
        bare.append(measured(lambda: run(table.scan(case.names).select(pl.all().null_count()))))
    return {
        "ours": best(ours), "floor": best(floor), "bare": best(bare), "peak_mb": start // 1024,
        "bytes": len(json.dumps(answer)),
    }  # fmt: skip


def show(report: Report, case: Case, found: dict[str, Any]) -> None:
    """A case's lines."""
    for index, unit in enumerate(("wall", "CPU")):
        report.against(f"{case.name}, {unit}", found["ours"][index], found["floor"][index], BOUND)
    report.note(f"bare read {found['bare'][0]:.3f} s, CPU {found['bare'][1]:.3f} s; peak {found['peak_mb']} MB")
    if case.name == "analyze note":
        report.tell(
            "memory of ten million texts",
            f"{found['peak_mb']} MB",
            f"<= {MOST_TEXT_MB} MB",
            found["peak_mb"] <= MOST_TEXT_MB,
        )
    if " of " in case.name:
        size = found["bytes"]
        report.tell(f"{case.name}, answer", f"{size / 1000:.0f} kB", "<= 1 MB", size <= MOST_CHART_BYTES)


def show_cached(report: Report, table: Table) -> None:
    """A profile that is asked for again."""
    cache = profiling.StatisticsCache(10_000_000)
    first, _ = measured(lambda: profiling.profile(table, cache=cache))
    again, _ = min(measured(lambda: profiling.profile(table, cache=cache)) for _ in range(RUNS))
    report.tell("profile asked for again", f"{again * 1000:.1f} ms after {first:.1f} s", "<= 50 ms", again <= 0.05)


def main(rows: int, folder: Path, wanted: list[str]) -> int:
    """Measure each case in a process of its own."""
    table, report = open_table(folder, rows), Report()
    for case in cases_of(table):
        if wanted and not any(case.name.startswith(name) for name in wanted):
            continue
        command = [sys.executable, __file__, "--case", str(folder), case.name]
        output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        show(report, case, json.loads(output))
    if not wanted:
        show_cached(report, table)
    return report.end()


def child(folder: Path, name: str) -> None:
    """Measure one case and print it as JSON."""
    table = open_table(folder, 0)
    case = next(case for case in cases_of(table) if case.name == name)
    print(json.dumps(measure(table, case, 1 if name in ("profile", "analyze note") else RUNS)))


if __name__ == "__main__":
    arguments = sys.argv[1:]
    if arguments[:1] == ["--case"]:
        child(Path(arguments[1]), arguments[2])
        sys.exit()
    with tempfile.TemporaryDirectory() as temporary:
        where = Path(arguments[1] if len(arguments) > 1 else temporary)
        sys.exit(main(int(arguments[0]) if arguments else 10_000_000, where, arguments[2:]))
