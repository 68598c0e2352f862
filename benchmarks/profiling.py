"""How long statistics and charts take, beside the Polars queries that compute the same, in the same run.

python benchmarks/profiling.py [rows, default 10,000,000] [folder for the table] [column ...]

Run it for one column at a time to see the memory of each: the peak is that of the whole process.
"""

from __future__ import annotations

import json
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl

from longshore.tables import dtypes, profiling
from longshore.tables.charting import VisualizeParameters, visualize
from longshore.tables.profiling.analysis import is_number
from longshore.tables.table import Table
from views import make_table

WORD = r"[^\s\x1c-\x1f]+"
CHARTS: list[dict[str, Any]] = [
    {"type": "histogram", "columnIndices": [5]},
    {"type": "frequency", "columnIndex": 2},
    {"type": "scatter", "xColumnIndex": 4, "yColumnIndices": [5]},
    {"type": "line", "xColumnIndex": 0, "yColumnIndices": [5]},
    {"type": "date", "xColumnIndex": 1, "yColumnIndices": [4]},
    {"type": "box", "columnIndices": [4]},
    {"type": "correlation"},
]


def open_table(folder: Path, rows: int) -> Table:
    record = folder / "rec.json"
    if not record.exists():
        record.write_text(json.dumps(make_table(folder, rows).to_record()))
    return Table.from_record(folder, json.loads(record.read_text()))


def plain(table: Table, name: str) -> None:
    """What a user of Polars would write for the same figures."""
    frame, dtype = table.scan([name]), table.columns[table.index_of(name)].dtype
    value = pl.col(name)
    counts = frame.group_by(name).agg(pl.len().alias("#")).sort(["#", name], descending=[True, False])
    wanted = [counts.head(50), frame.select(value.n_unique(), missing=value.null_count())]
    if is_number(dtype):
        quantiles = {str(q): value.quantile(q, "linear") for q in (0.25, 0.5, 0.75)}
        wanted.append(frame.select(value.mean(), std=value.std(), low=value.min(), high=value.max(), **quantiles))
    elif dtypes.is_text(dtype):
        words = value.str.extract_all(WORD)
        number = words.list.len()
        wanted.append(frame.select(number.min(), high=number.max(), mean=number.mean()))
        each = frame.select(words.list.explode())
        wanted.append(each.group_by(name).agg(pl.len().alias("#")).sort("#", descending=True))
        length = value.str.len_chars()
        wanted.append(each.select(length.min(), high=length.max(), mean=length.mean()))
    pl.collect_all(wanted, engine="streaming")


def seconds(work: Callable[[], Any]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def peak_mb() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def main(rows: int, folder: Path, names: list[str]) -> None:
    table = open_table(folder, rows)
    print(f"{table.rows:,} rows{'ours s':>30}{'peak MB':>9}{'Polars s':>9}{'peak MB':>9}{'ratio':>7}")
    for name in names or table.names:
        ours, peak = seconds(lambda name=name: profiling.analyze(table, name)), peak_mb()
        floor = seconds(lambda name=name: plain(table, name))
        print(f"analyze {name:33}{ours:8.2f}{peak:9}{floor:9.2f}{peak_mb():9}{ours / floor:7.2f}", flush=True)
    if names:
        return
    print(f"profile of all columns {seconds(lambda: profiling.profile(table)):26.2f}", flush=True)
    for chart in CHARTS:
        spec = VisualizeParameters.read({**chart, "format": "vega-lite"})
        size = len(json.dumps(visualize(table, spec)))
        taken = seconds(lambda spec=spec: visualize(table, spec))
        picture = seconds(lambda chart=chart: visualize(table, VisualizeParameters.read(chart)))
        print(f"{chart['type']:20} spec {taken:6.2f} s, {size / 1000:7.0f} kB; picture {picture:6.2f} s", flush=True)


if __name__ == "__main__":
    arguments = sys.argv[1:]
    with tempfile.TemporaryDirectory() as temporary:
        main(
            int(arguments[0]) if arguments else 10_000_000,
            Path(arguments[1] if len(arguments) > 1 else temporary),
            arguments[2:],
        )
