"""A join of 10 million rows with a table of 100,000 keys, and an aggregate, beside the engine's own floor.

    python benchmarks/joining.py            # rows default to 10,000,000

Each case runs in a process of its own, whose peak memory is told; the floor is the plain query with the same settings
of the written file, on files laid out as ours.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

CASES = ["floor-lookup", "lookup", "floor-left", "left", "floor-outer", "outer", "floor-aggregate", "aggregate"]
AGGREGATES = [{"column": "x", "function": name} for name in ("mean", "sum", "max")]


def make(folder: Path, rows: int) -> None:
    import numpy as np
    import polars as pl

    from longshore.tables.core.table import write_columns

    random = np.random.default_rng(0)
    left = pl.DataFrame(
        {"k": random.integers(0, 120_000, rows), "x": random.random(rows), "y": random.integers(0, 1000, rows)}
    ).with_columns(t=pl.col("y").cast(pl.String))
    keys = np.arange(100_000)
    right = pl.DataFrame({"k": keys, "v": random.random(len(keys))}).with_columns(w=pl.col("k").cast(pl.String))
    for name, frame in {"left": left, "right": right, "twice": pl.concat([right, right.head(1000)])}.items():
        written, _ = write_columns(folder / name, frame.lazy(), frame.columns)
        (folder / name / written[0].file).rename(folder / name / "table.parquet")


def run(case: str, folder: Path) -> None:
    import polars as pl

    from longshore.tables import Table, aggregate, apply, require_operation
    from longshore.tables.core.table import PARQUET, Column
    from longshore.tables.operations import among, bind

    def table(name: str) -> Table:
        schema = pl.read_parquet_schema(folder / name / "table.parquet")
        names = {"left": ["k", "x", "y", "t"]}.get(name, ["k", "v", "w"])
        rows = pl.scan_parquet(folder / name / "table.parquet").select(pl.len()).collect().item()
        columns = [
            Column(column, dtype, "table.parquet", source, 0)
            for column, (source, dtype) in zip(names, schema.items(), strict=True)
        ]
        return Table(folder / name, tuple(columns), rows)

    left, other = table("left"), table("right" if "lookup" in case else "twice")
    target = folder / "floor.parquet"
    begun = time.perf_counter()
    if case == "floor-lookup":
        joined = left.scan(["k"]).join(other.scan(), on="k", how="left", maintain_order="left")
        joined.select("v", "w").sink_parquet(target, **PARQUET)
    elif case in ("floor-left", "floor-outer"):
        how = "left" if case == "floor-left" else "full"
        left.scan().join(other.scan(), on="k", how=how, coalesce=True).sink_parquet(target, **PARQUET)
    elif case == "floor-aggregate":
        values = pl.col("x")
        grouped = left.scan().group_by("k").agg(values.mean(), values.sum().alias("s"), values.max().alias("m"))
        grouped.sink_parquet(target, **PARQUET)
    elif case == "aggregate":
        aggregate(left, {"by": ["k"], "aggregates": AGGREGATES}, folder / "made")
    else:
        how = "outer" if case == "outer" else "left"
        join = require_operation("join").parse({"otherSessionID": "o", "keys": [{"column": "k"}], "how": how})
        apply(left, bind(join, left, among({"o": other})))
    seconds = time.perf_counter() - begun
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{case:<16} {seconds:6.2f} s   peak {peak:6.0f} MB")


def main() -> None:
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000_000
    with tempfile.TemporaryDirectory() as name:
        subprocess.run([sys.executable, __file__, "make", name, str(rows)], check=True)
        for case in CASES:
            subprocess.run([sys.executable, __file__, "run", name, case], check=True)


if __name__ == "__main__":
    if sys.argv[1:2] == ["make"]:
        make(Path(sys.argv[2]), int(sys.argv[3]))
    elif sys.argv[1:2] == ["run"]:
        run(sys.argv[3], Path(sys.argv[2]))
    else:
        main()
