"""The main job against its floors, in one run: upload, reads, changes, export, memory.

    python benchmarks/spine.py              1,000,000 rows
    python benchmarks/spine.py 10000000     10,000,000 rows, about 840 MB of CSV

Each line tells a figure, its floor (what the plain engine takes for the same work, measured beside it) and
the bound. Absolute times depend on the machine; the ratios are what counts.
"""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import psutil

from measuring import HERE, Report, floor_of, milliseconds, timed
from operations import measure_operations
from support.server import LongshoreServer
from support.sockets import Listener

CHUNK_BYTES = 2**20
SPINE = ("fillWithAverage", "changeColumnDataType", "findReplace", "emptyString", "newCellValue", "deleteRows")
"""Beginnings of the operations that belong here; benchmarks/operations.py has them all."""


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


def measure_upload(report: Report, server: LongshoreServer, memory: Memory, source: Path, scratch: Path) -> str:
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
        report.against("upload, multipart, to metadata", timed(form), floor, 2.0)
    report.tell(
        "  memory of all processes, peak",
        f"PSS {memory.peak_pss:.0f} MB, RSS {memory.peak_rss:.0f} MB",
        "<= 1500 MB",
        memory.peak_rss <= 1500,
    )
    with memory.watching():
        report.against("upload, raw body, to metadata", timed(raw), floor, 2.0)
    report.tell(
        "  memory of all processes, peak",
        f"PSS {memory.peak_pss:.0f} MB, RSS {memory.peak_rss:.0f} MB",
        "<= 1500 MB",
        memory.peak_rss <= 1500,
    )
    return session


def measure_reads(report: Report, client: Listener, session: str, rows: int, column_file: Path) -> None:
    """metadata and pages over Socket.IO."""
    pings = [timed(lambda: client.acknowledged("noSuchThing", {})) for _ in range(100)]
    trip, _ = milliseconds(pings)
    median, _ = milliseconds([timed(lambda: client.ask("metadata", session)) for _ in range(200)])
    report.tell(
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
    report.tell(
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
        report.tell(
            f"data {name}: first page", f"{first:.3f} s / {floor:.3f} s = {first / floor:.2f}", "<= 2 x, or 30 ms", ok
        )
        size = client.ask("metadata", session, **view)["dataSize"]["rows"]
        later = [timed(lambda view=view, n=n: page(n, **view)) for n in range(100, 1100, 100)]
        anywhere = [rng.randrange(size - 100) for _ in range(30)]
        jumps = [timed(lambda view=view, n=n: page(n, **view)) for n in anywhere]
        median, worst = milliseconds(later + jumps)
        report.tell(
            f"data {name}: later pages, jumps",
            f"median {median:.1f} ms, worst {worst:.1f} ms",
            "<= 60 ms",
            median <= 60,
        )


def measure_history(report: Report, client: Listener, session: str) -> None:
    """What writes no data."""
    quick = {
        "renameColumn": lambda: client.ask("renameColumn", session, columnIndex=0, newName=f"n{random.random()}"),
        "undo": lambda: client.ask("undo", session),
        "redo": lambda: client.ask("redo", session),
    }
    for name, work in quick.items():
        median, worst = milliseconds([timed(work) for _ in range(15)])
        report.tell(name, f"median {median:.1f} ms, worst {worst:.1f} ms", "<= 30 ms", median <= 30)


def measure_export(
    report: Report, server: LongshoreServer, memory: Memory, session: str, column_file: Path, scratch: Path
) -> None:
    """Files out, as a client sees it that does little more than to write down what comes."""
    plain, target = scratch / "floor", scratch / "ours"
    for name in ("csv", "ndjson", "parquet"):
        floor = floor_of(f"pl.scan_parquet(args[0]).sink_{name}(args[1])", str(column_file), str(plain))

        def download(name: str = name) -> None:
            address = f"{server.url}/api/v1/datasets/{session}/export?format={name}"
            with urllib.request.urlopen(address, timeout=300) as answer, target.open("wb") as file:
                shutil.copyfileobj(answer, file, CHUNK_BYTES)

        before, _ = memory.now()
        with memory.watching():
            report.against(f"export as {name}, downloaded to a file", timed(download), floor, 1.3)
        grown = memory.peak_pss - before
        report.tell("  memory beyond what was used before", f"{grown:.0f} MB", "<= 500 MB", grown <= 500)
        ours, theirs = (path.stat().st_size / 1e6 for path in (target, plain))
        report.note(f"{ours:.0f} MB, the floor's file {theirs:.0f} MB")


def main() -> int:
    """Run it all; exit code 1 when a bound was missed."""
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    report = Report()
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
            report.tell("idle memory of all processes", f"PSS {pss:.0f} MB, RSS {rss:.0f} MB", "<= 450 MB", rss <= 450)
            session = measure_upload(report, server, memory, source, scratch)
            column_file = next((server.storage / "datasets" / session).glob("*.parquet"))
            client = Listener(server.url)
            measure_reads(report, client, session, rows, column_file)
            measure_export(report, server, memory, session, column_file, scratch)  # of the same columns as its floor
            for beginning in SPINE:
                measure_operations(report, client, session, column_file, beginning)
            measure_history(report, client, session)
            client.close()
    return report.end()


if __name__ == "__main__":
    raise SystemExit(main())
