"""The main job against its floors, in one run: upload, reads, changes, export, memory.

    python benchmarks/spine.py              1,000,000 rows
    python benchmarks/spine.py 10000000     10,000,000 rows, about 840 MB of CSV

Each line tells a figure, its floor (what the plain engine takes for the same work, measured beside it) and
the bound. Absolute times depend on the machine; the ratios are what counts.
"""

from __future__ import annotations

import os
import random
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import psutil

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "tests"))

from support.server import LongshoreServer  # noqa: E402
from support.sockets import Listener  # noqa: E402

CHUNK_BYTES = 2**20
failures: list[str] = []


def tell(what: str, figure: str, bound: str, ok: bool) -> None:
    """One line of the table."""
    print(f"{'ok  ' if ok else 'OVER'}  {what:<58} {figure:<44} {bound}", flush=True)
    if not ok:
        failures.append(what)


def against(what: str, ours: float, floor: float, factor: float) -> None:
    """A time against its floor."""
    tell(what, f"{ours:.3f} s / {floor:.3f} s = {ours / floor:.2f}", f"<= {factor} x", ours <= factor * floor)


def floor_of(code: str, *arguments: str, times: int = 1) -> float:
    """Median seconds of a piece of plain Polars in a fresh process, imports not counted."""
    script = f"import sys, time, polars as pl\nargs = sys.argv[1:]\nt = time.perf_counter()\n{code}\nprint(time.perf_counter() - t)"
    runs = [
        float(
            subprocess.run(
                [sys.executable, "-c", script, *arguments], check=True, capture_output=True, text=True
            ).stdout.split()[-1]
        )
        for _ in range(times)
    ]
    return statistics.median(runs)


class Memory:
    """Watches the memory of all of a server's processes together.

    PSS counts a page that several processes share once in all; RSS counts it for each.
    """

    def __init__(self, server: LongshoreServer) -> None:
        self.server = server
        self.peak_pss = 0.0
        self.peak_rss = 0.0

    def now(self) -> tuple[float, float]:
        """PSS and RSS in MB."""
        pss = rss = 0.0
        for process in self.server.family():
            try:
                rss += process.memory_info().rss / 1e6
                rollup = Path(f"/proc/{process.pid}/smaps_rollup").read_text()
            except (psutil.NoSuchProcess, FileNotFoundError, ProcessLookupError):
                continue
            pss += int(rollup.split("Pss:")[1].split()[0]) / 1e3
        return pss, rss

    @contextmanager
    def watching(self) -> Iterator[Memory]:
        """Keep the peaks while the body runs."""
        self.peak_pss = self.peak_rss = 0.0
        done = threading.Event()

        def look() -> None:
            while not done.wait(0.05):
                pss, rss = self.now()
                self.peak_pss, self.peak_rss = max(self.peak_pss, pss), max(self.peak_rss, rss)

        thread = threading.Thread(target=look)
        thread.start()
        try:
            yield self
        finally:
            done.set()
            thread.join()


def timed(work: Callable[[], Any]) -> float:
    """Seconds of one call."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def chunks(path: Path) -> Iterator[bytes]:
    """A file's bytes as a request body."""
    with path.open("rb") as file:
        while chunk := file.read(CHUNK_BYTES):
            yield chunk


def multipart(path: Path) -> tuple[dict[str, str], Iterator[bytes]]:
    """Headers and body of a form with one file, without holding it in memory."""
    head = f'--frontier\r\nContent-Disposition: form-data; name="file"; filename="{path.name}"\r\n\r\n'.encode()
    tail = b"\r\n--frontier--\r\n"

    def body() -> Iterator[bytes]:
        yield head
        yield from chunks(path)
        yield tail

    length = str(len(head) + path.stat().st_size + len(tail))
    return {"Content-Type": "multipart/form-data; boundary=frontier", "Content-Length": length}, body()


def measure_upload(server: LongshoreServer, memory: Memory, source: Path, scratch: Path) -> str:
    """Both ways to upload, to the moment when metadata answers."""
    copy = (
        "with open(args[0], 'rb') as a, open(args[1], 'wb') as b:\n"
        "    while chunk := a.read(1 << 20): b.write(chunk)\n"
        "pl.scan_csv(args[1]).sink_parquet(args[2])"
    )
    floor = floor_of(copy, str(source), str(scratch / "copy.csv"), str(scratch / "floor.parquet"))
    (scratch / "copy.csv").unlink()
    session = ""

    def raw() -> None:
        nonlocal session
        headers = {"Content-Length": str(source.stat().st_size)}
        answer = httpx.put(
            f"{server.url}/api/v1/datasets/{source.name}", content=chunks(source), headers=headers, timeout=600
        )
        session = answer.json()["sessionID"]
        assert httpx.get(f"{server.url}/api/v1/datasets/{session}").json()["dataSize"]["rows"] > 0

    def form() -> None:
        headers, body = multipart(source)
        answer = httpx.post(f"{server.url}/upload", content=body, headers=headers, timeout=600)
        made = answer.json()["sessionID"]
        assert httpx.get(f"{server.url}/api/v1/datasets/{made}").json()["dataSize"]["rows"] > 0
        httpx.delete(f"{server.url}/api/v1/datasets/{made}")

    with memory.watching():
        against("upload, multipart, to metadata", timed(form), floor, 2.0)
    tell(
        "  memory of all processes, peak",
        f"PSS {memory.peak_pss:.0f} MB, RSS {memory.peak_rss:.0f} MB",
        "<= 1500 MB",
        memory.peak_rss <= 1500,
    )
    with memory.watching():
        against("upload, raw body, to metadata", timed(raw), floor, 2.0)
    tell(
        "  memory of all processes, peak",
        f"PSS {memory.peak_pss:.0f} MB, RSS {memory.peak_rss:.0f} MB",
        "<= 1500 MB",
        memory.peak_rss <= 1500,
    )
    return session


def milliseconds(values: list[float]) -> tuple[float, float]:
    """Median and 99th percentile in ms."""
    ordered = sorted(values)
    return 1e3 * statistics.median(ordered), 1e3 * ordered[min(len(ordered) - 1, int(len(ordered) * 0.99))]


def measure_reads(client: Listener, session: str, rows: int, column_file: Path) -> None:
    """metadata and pages over Socket.IO."""
    pings = [timed(lambda: client.acknowledged("noSuchThing", {})) for _ in range(100)]
    trip, _ = milliseconds(pings)
    median, _ = milliseconds([timed(lambda: client.ask("metadata", session)) for _ in range(200)])
    tell(
        "metadata over Socket.IO, median",
        f"{median:.1f} ms, round trip {trip:.1f} ms",
        "<= trip + 5 ms",
        median <= trip + 5,
    )
    rng = random.Random(1)

    def page(first: int, **view: Any) -> None:
        window = {"rowIndexFrom": first, "rowIndexTo": first + 99, "columnIndexFrom": 0, "columnIndexTo": 8}
        answer = client.ask("data", session, **window, **view)
        assert answer["success"] and len(answer["data"]["data"]) == 100, answer

    median, worst = milliseconds([timed(lambda: page(rng.randrange(rows - 100))) for _ in range(200)])
    tell(
        "data, 100 rows anywhere",
        f"median {median:.1f} ms, p99 {worst:.1f} ms",
        "<= 30, 80 ms",
        median <= 30 and worst <= 80,
    )
    base = "f = pl.scan_parquet(args[0]).with_row_index()"
    views = {
        "sorted by a float": (
            {"sortColumnIndex": 5},
            f"{base}.sort('c5', nulls_last=True, maintain_order=True).head(100).collect()",
        ),
        "sorted by text, down": (
            {"sortColumnIndex": 8, "sortAscending": False},
            f"{base}.sort('c8', descending=True, nulls_last=True, maintain_order=True).head(100).collect()",
        ),
        "rows with missing values": (
            {"filterType": "invalid", "filterColumnIndices": [4]},
            f"{base}.filter(pl.col('c4').is_null()).head(100).collect()",
        ),
        "searched for text": (
            {"searchQuery": "hotel", "searchColumnIndices": [8]},
            f"{base}.filter(pl.col('c8').str.contains('hotel', literal=True)).head(100).collect()",
        ),
        "outliers": (
            {"filterType": "outliers", "filterColumnIndices": [5]},
            "s = pl.scan_parquet(args[0]).select(m=pl.col('c5').mean(), s=pl.col('c5').std()).collect().row(0)\n"
            + f"{base}.filter((pl.col('c5') - s[0]).abs() >= 2 * s[1]).head(100).collect()",
        ),
    }
    for name, (view, code) in views.items():
        floor = floor_of(code, str(column_file), times=3)
        first = timed(lambda view=view: page(0, **view))
        ok = first <= max(2 * floor, 0.03)
        tell(f"data {name}: first page", f"{first:.3f} s / {floor:.3f} s = {first / floor:.2f}", "<= 2 x, or 30 ms", ok)
        size = client.ask("metadata", session, **view)["dataSize"]["rows"]
        later = [timed(lambda view=view, n=n: page(n, **view)) for n in range(100, 1100, 100)]
        anywhere = [rng.randrange(size - 100) for _ in range(30)]
        jumps = [timed(lambda view=view, n=n: page(n, **view)) for n in anywhere]
        median, worst = milliseconds(later + jumps)
        tell(
            f"data {name}: later pages, jumps",
            f"median {median:.1f} ms, worst {worst:.1f} ms",
            "<= 60 ms",
            median <= 60,
        )


OPERATIONS: dict[str, tuple[dict[str, Any], str]] = {
    "fillWithAverage": (
        {"columnIndex": 4, "metric": "mean"},
        "s = pl.scan_parquet(args[0]).select('c4'); m = s.select(pl.all().mean()).collect().item(); s.with_columns(pl.col('c4').fill_null(m)).sink_parquet(args[1], row_group_size=20000)",
    ),
    "changeColumnDataType": (
        {"columnIndex": 0, "newDataType": "float"},
        "pl.scan_parquet(args[0]).select(pl.col('c0').cast(pl.Float64)).sink_parquet(args[1], row_group_size=20000)",
    ),
    "changeColumnDataType to text": (
        {"columnIndex": 5, "newDataType": "string"},
        "pl.scan_parquet(args[0]).select(pl.col('c5').cast(pl.String)).sink_parquet(args[1], row_group_size=20000)",
    ),
    "findReplace": (
        {"columnIndex": 2, "toReplace": ["alpha", "golf"], "replaceWith": ["ALPHA", "GOLF"]},
        "pl.scan_parquet(args[0]).select(pl.col('c2').replace(['alpha', 'golf'], ['ALPHA', 'GOLF'])).sink_parquet(args[1], row_group_size=20000)",
    ),
    "findReplace by pattern": (
        {"columnIndex": 8, "toReplace": [r"no\. (\d+)"], "replaceWith": [r"#\1"], "matchRegex": True},
        "pl.scan_parquet(args[0]).select(pl.col('c8').str.replace_all(r'no\\. (\\d+)', '#${1}')).sink_parquet(args[1], row_group_size=20000)",
    ),
    "emptyStringToNaN": (
        {"columnIndex": 2},
        "pl.scan_parquet(args[0]).select(pl.when(pl.col('c2') != '').then(pl.col('c2'))).sink_parquet(args[1], row_group_size=20000)",
    ),
    "newCellValue": (
        {"columnIndex": 5, "rowIndex": 12345, "newValue": 1.5},
        "pl.scan_parquet(args[0]).select('c5').with_row_index().select(pl.when(pl.col('index') == 12345).then(1.5).otherwise(pl.col('c5'))).sink_parquet(args[1], row_group_size=20000)",
    ),
    "deleteRows": (
        {"rowIndices": [5, 500_000]},
        "pl.scan_parquet(args[0]).with_row_index().filter(~pl.col('index').is_in([5, 500000])).drop('index').sink_parquet(args[1], row_group_size=20000)",
    ),
    "fillDown": (
        {"columnFrom": 4, "columnTo": 4, "method": "pad"},
        "pl.scan_parquet(args[0]).select(pl.col('c4').forward_fill()).sink_parquet(args[1], row_group_size=20000)",
    ),
    "fillDown from below": (
        {"columnFrom": 4, "columnTo": 4, "method": "bfill"},
        "pl.scan_parquet(args[0]).select(pl.col('c4').backward_fill()).sink_parquet(args[1], row_group_size=20000)",
    ),
    "interpolate": (
        {"columnIndex": 4, "method": "linear"},
        "pl.scan_parquet(args[0]).select(pl.col('c4').interpolate().forward_fill()).sink_parquet(args[1], row_group_size=20000)",
    ),
    "fillWithCustomValue": (
        {"columnIndex": 4, "newValue": 1.5},
        "pl.scan_parquet(args[0]).select(pl.col('c4').fill_null(1.5)).sink_parquet(args[1], row_group_size=20000)",
    ),
    "deleteRowsWithNA": (
        {"columnIndex": 4},
        "pl.scan_parquet(args[0]).filter(pl.col('c4').is_not_null()).sink_parquet(args[1], row_group_size=20000)",
    ),
    "splitColumn": (
        {"columnIndex": 8, "delimiter": " "},
        "s = pl.scan_parquet(args[0]).select('c8'); n = s.select(pl.all().str.count_matches(' ', literal=True).max()).collect().item() + 1; s.select(pl.col('c8').str.splitn(' ', n)).unnest('c8').select(pl.when(pl.all() != '').then(pl.all())).sink_parquet(args[1], row_group_size=20000)",
    ),
    "splitColumn by pattern": (
        {"columnIndex": 8, "delimiter": r"\s+", "regex": True},
        "s = pl.scan_parquet(args[0]).select(pl.col('c8').str.replace_all(r'\\s+', '|')); n = s.select(pl.all().str.count_matches('|', literal=True).max()).collect().item() + 1; s.select(pl.col('c8').str.splitn('|', n)).unnest('c8').select(pl.when(pl.all() != '').then(pl.all())).sink_parquet(args[1], row_group_size=20000)",
    ),
    "combineColumns": (
        {"columnsToCombine": [2, 3], "seperator": " ", "newName": "both"},
        "pl.scan_parquet(args[0]).select(pl.concat_str('c2', 'c3', separator=' ', ignore_nulls=True)).sink_parquet(args[1], row_group_size=20000)",
    ),
    "generateDummies": (
        {"columnIndex": 2},
        "s = pl.scan_parquet(args[0]).select('c2'); v = s.unique().collect().to_series().drop_nulls().sort(); s.select(pl.col('c2').eq_missing(pl.lit(x)).cast(pl.Int64).alias(x) for x in v).sink_parquet(args[1], row_group_size=20000)",
    ),
    "normalize": (
        {"columnIndex": 5},
        "s = pl.scan_parquet(args[0]).select('c5'); a, b = s.select(pl.col('c5').min(), b=pl.col('c5').max()).collect().row(0); s.select((pl.col('c5') - a) / (b - a)).sink_parquet(args[1], row_group_size=20000)",
    ),
    "standardize": (
        {"columnIndex": 5},
        "s = pl.scan_parquet(args[0]).select('c5'); a, b = s.select(pl.col('c5').mean(), b=pl.col('c5').std()).collect().row(0); s.select((pl.col('c5') - a) / b).sink_parquet(args[1], row_group_size=20000)",
    ),
    "discretize": (
        {"columnIndex": 5, "cutMode": "discretization", "numberOfBins": 10},
        "s = pl.scan_parquet(args[0]).select('c5'); a, b = s.select(pl.col('c5').min(), b=pl.col('c5').max()).collect().row(0); e = [a + (b - a) * i / 10 for i in range(1, 10)]; s.select(pl.lit(pl.Series([f'bin {i}' for i in range(10)])).gather(pl.lit(pl.Series(e)).search_sorted(pl.col('c5')))).sink_parquet(args[1], row_group_size=20000)",
    ),
    "discretize by quantiles": (
        {"columnIndex": 5, "cutMode": "quantiling", "numberOfBins": 4},
        "s = pl.scan_parquet(args[0]).select('c5'); e = s.select(pl.col('c5').sort().gather([int(i / 4 * 999_999) for i in range(1, 4)])).collect().to_series(); s.select(pl.lit(pl.Series([f'bin {i}' for i in range(4)])).gather(pl.lit(e).search_sorted(pl.col('c5')))).sink_parquet(args[1], row_group_size=20000)",
    ),
}


def measure_changes(client: Listener, session: str, column_file: Path, scratch: Path) -> None:
    """Every operation against reading, computing and writing its columns; each is undone again."""
    for name, (body, code) in OPERATIONS.items():
        floor = floor_of(code, str(column_file), str(scratch / "out.parquet"), times=3)
        runs = []
        for _ in range(3):
            start = time.perf_counter()
            answer = client.ask(name.split()[0], session, **body, seconds=300)
            runs.append(time.perf_counter() - start)
            assert answer["success"], answer
            client.ask("undo", session)
        against(name, statistics.median(runs), floor, 2.0)
    quick = {
        "renameColumn": lambda: client.ask("renameColumn", session, columnIndex=0, newName=f"n{random.random()}"),
        "undo": lambda: client.ask("undo", session),
        "redo": lambda: client.ask("redo", session),
    }
    for name, work in quick.items():
        median, worst = milliseconds([timed(work) for _ in range(15)])
        tell(name, f"median {median:.1f} ms, worst {worst:.1f} ms", "<= 30 ms", median <= 30)


def measure_export(server: LongshoreServer, memory: Memory, session: str, column_file: Path, scratch: Path) -> None:
    """CSV out, as a client sees it."""
    floor = floor_of("pl.scan_parquet(args[0]).sink_csv(args[1])", str(column_file), str(scratch / "floor.csv"))
    target = scratch / "ours.csv"

    def download() -> None:
        with (
            httpx.stream("GET", f"{server.url}/downloadCSV/{session}", timeout=300) as answer,
            target.open("wb") as file,
        ):
            for chunk in answer.iter_raw(CHUNK_BYTES):
                file.write(chunk)

    before, _ = memory.now()
    with memory.watching():
        against("CSV export, downloaded to a file", timed(download), floor, 1.5)
    grown = memory.peak_pss - before
    tell("  memory beyond what was used before", f"{grown:.0f} MB", "<= 500 MB", grown <= 500)
    print(
        f"      {target.stat().st_size / 1e6:.0f} MB, the floor's file {(scratch / 'floor.csv').stat().st_size / 1e6:.0f} MB"
    )


def main() -> int:
    """Run it all; exit code 1 when a bound was missed."""
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    with tempfile.TemporaryDirectory(dir=os.environ.get("BENCHMARK_FOLDER")) as name:
        scratch = Path(name)
        source = scratch / "table.csv"
        subprocess.run([sys.executable, str(HERE / "make_table.py"), str(rows), str(source)], check=True)
        print(f"{rows:,} rows, {source.stat().st_size / 1e6:.0f} MB of CSV, {os.cpu_count()} processors\n")
        with LongshoreServer(scratch / "storage") as server:
            memory = Memory(server)
            print(f"      ready after {server.ready_after_seconds:.2f} s")
            time.sleep(2)
            pss, rss = memory.now()
            tell("idle memory of all processes", f"PSS {pss:.0f} MB, RSS {rss:.0f} MB", "<= 450 MB", rss <= 450)
            session = measure_upload(server, memory, source, scratch)
            column_file = next((server.storage / "datasets" / session).glob("*.parquet"))
            client = Listener(server.url)
            measure_reads(client, session, rows, column_file)
            measure_changes(client, session, column_file, scratch)
            measure_export(server, memory, session, column_file, scratch)
            client.close()
    print(f"\n{len(failures)} over their bound{': ' + '; '.join(failures) if failures else ''}")
    return 1 if failures else 0


if __name__ == "__main__":
    raise SystemExit(main())
