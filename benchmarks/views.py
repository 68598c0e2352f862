"""How long reads take, beside the plain query that a user of Polars would write, in the same run.

python benchmarks/views.py [rows, default 10,000,000] [folder for the table and the cache]
"""

from __future__ import annotations

import json
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from longshore.tables.core.table import ROW_NUMBER, Table, write_columns
from longshore.tables.viewing import ViewParameters, Views

WORDS = pl.Series(["alpha", "bravo", "charlie", "delta", "echo", "foxtrot", "golf", "hotel india", "juliet", "kilo"])


def make_table(folder: Path, rows: int) -> Table:
    rng = np.random.default_rng(1)
    parts = []
    for start in range(0, rows, 1_000_000):
        count = min(1_000_000, rows - start)
        part = folder / f"part{start:010}.parquet"
        make_part(rng, start, count).write_parquet(part, compression="lz4")
        parts.append(part)
    frame = pl.scan_parquet(parts)
    columns, _ = write_columns(folder, frame, frame.collect_schema().names())
    for part in parts:
        part.unlink()
    return Table(folder, tuple(columns), rows)


def make_part(rng: np.random.Generator, start: int, count: int) -> pl.DataFrame:
    frame = pl.DataFrame(
        {
            "id": np.arange(start, start + count),
            "date": np.datetime64("2015-01-01") + rng.integers(0, 3650, count).astype("timedelta64[D]"),
            "name": WORDS.gather(rng.integers(0, 10, count)),
            "code": pl.Series(rng.integers(0, 99_999, count)).cast(pl.String).str.zfill(5),
            "price": np.round(rng.gamma(2.0, 50.0, count), 2),
            "x": np.round(rng.normal(0, 1000, count), 4),
            "y": np.round(rng.normal(0, 1, count), 6),
            "flag": rng.random(count) < 0.5,
            "note": WORDS.gather(rng.integers(0, 10, count)),
        }
    )
    return frame.with_columns(
        pl.when(pl.col("id") % 17 != 0).then("price").alias("price"),
        (pl.col("note") + " " + pl.col("name") + " " + pl.col("id").cast(pl.String)).alias("note"),
    )


def timed(work: Callable[[], Any], times: int = 1) -> list[float]:
    taken = []
    for _ in range(times):
        started = time.perf_counter()
        work()
        taken.append((time.perf_counter() - started) * 1000)
    return taken


def show(name: str, milliseconds: list[float], floor: float | None = None) -> None:
    median, p99 = statistics.median(milliseconds), float(np.percentile(milliseconds, 99))
    ratio = f"{floor:9.1f} {median / floor:6.2f}" if floor else ""
    print(f"{name:46} {median:9.1f} {p99:9.1f} {ratio}", flush=True)


def page(views: Views, table: Table, parameters: ViewParameters, first: int) -> str:
    found = views.page(table, parameters, (first, first + 99), (0, table.width - 1))
    return json.dumps({"index": found.index, "columns": found.columns, "data": found.data})


def pages(views: Views, table: Table, parameters: ViewParameters, starts: Iterable[int]) -> list[float]:
    return [timed(partial(page, views, table, parameters, int(start)))[0] for start in starts]


def settle(views: Views) -> None:
    """Wait until what runs in the background is done."""
    views._orders.submit(int).result()
    views._copying.submit(int).result()


VIEWS: list[tuple[str, dict[str, Any], Callable[[pl.LazyFrame], pl.LazyFrame]]] = [
    ("sort x", {"sortColumn": "x"}, lambda f: f.sort("x", nulls_last=True, maintain_order=True)),
    ("sort name, many ties", {"sortColumn": "name"}, lambda f: f.sort("name", nulls_last=True, maintain_order=True)),
    (
        "sort note descending",
        {"sortColumn": "note", "sortAscending": False},
        lambda f: f.sort("note", descending=True, nulls_last=True, maintain_order=True),
    ),
    (
        "price missing",
        {"filterType": "invalid", "filterColumns": ["price"]},
        lambda f: f.filter(pl.col("price").is_null()),
    ),
    (
        "x an outlier",
        {"filterType": "outliers", "filterColumns": ["x"], "outliersStdDev": 3.0},
        lambda f: f.filter((pl.col("x") - pl.col("x").mean()).abs() >= 3 * pl.col("x").std()),
    ),
    (
        "duplicates of code",
        {"filterType": "duplicates", "filterColumns": ["code", "name"]},
        lambda f: f.filter(pl.struct("code", "name").is_duplicated()).sort(
            "code", nulls_last=True, maintain_order=True
        ),
    ),
    (
        "where price in a range, two names",
        {"where": "price BETWEEN 10 AND 60 AND name IN ('alpha', 'golf')"},
        lambda f: f.filter(pl.col("price").is_between(10, 60) & pl.col("name").is_in(["alpha", "golf"])),
    ),
    (
        "search note, one in ten",
        {"searchQuery": "golf", "searchColumns": ["note"]},
        lambda f: f.filter(pl.col("note").str.contains("golf", literal=True)),
    ),
    (
        "search note, rare",
        {"searchQuery": "999999", "searchColumns": ["note"]},
        lambda f: f.filter(pl.col("note").str.contains("999999", literal=True)),
    ),
    (
        r"search note, regex \bgolf \w+ \d*77$",
        {"searchQuery": r"\bgolf \w+ \d*77$", "searchColumns": ["note"], "searchIsRegex": True},
        lambda f: f.filter(pl.col("note").str.contains(r"\bgolf \w+ \d*77$")),
    ),
    (
        "search golf, sorted by y",
        {"searchQuery": "golf", "searchColumns": ["note"], "sortColumn": "y"},
        lambda f: f.filter(pl.col("note").str.contains("golf", literal=True)).sort("y", maintain_order=True),
    ),
]


def run(folder: Path, rows: int, floors: bool) -> None:
    started = time.perf_counter()
    table = make_table(folder, rows)
    print(f"{rows:,} rows made in {time.perf_counter() - started:.1f} s; milliseconds, pages of 100 rows as JSON")
    print(f"{'':46} {'median':>9} {'p99':>9} {'floor':>9} {'ratio':>6}")
    rng = np.random.default_rng(2)
    views = Views(folder / "cache", 4_000_000_000)
    whole = ViewParameters()
    show("whole table, page anywhere", pages(views, table, whole, rng.integers(0, rows, 200)))
    for name, fields, query in VIEWS:
        parameters = ViewParameters.read(fields)
        floor = 0.0
        if floors:
            plain = query(table.scan().with_row_index(ROW_NUMBER)).slice(0, 100)
            floor = statistics.median(timed(plain.collect, 3))
        show(f"{name}: first", pages(views, table, parameters, [0]), floor)
        views.rows_of(table, parameters)
        last = max(1, views.size(table, parameters).rows - 100)
        show("  anywhere, while columns are copied", pages(views, table, parameters, rng.integers(0, last, 10)))
        settle(views)
        show("  anywhere", pages(views, table, parameters, rng.integers(0, last, 100)))
    print(f"cache {views._cache.size_bytes / 1e6:,.0f} MB; peak memory {peak_megabytes():,.0f} MB")
    views.close()


def peak_megabytes() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000


if __name__ == "__main__":
    given = [argument for argument in sys.argv[1:] if not argument.startswith("--")]
    with tempfile.TemporaryDirectory(dir=given[1] if len(given) > 1 else None) as temporary:
        run(Path(temporary), int(given[0]) if given else 10_000_000, floors="--no-floors" not in sys.argv)
