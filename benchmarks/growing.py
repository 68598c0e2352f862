"""Small files that grow, uploaded to a server of its own, while somebody else changes another dataset.

python benchmarks/growing.py [name ...]

For each file of ``tests/support/growing.py`` (or those that are named): what became of it and in how many seconds, the
most memory of the processes that import, and the longest that a change of another dataset took meanwhile.
"""

from __future__ import annotations

import sys
import tempfile
import threading
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import psutil

from longshore.client import Client, Dataset
from longshore.errors import LongshoreError
from measuring import Report
from support.growing import ALL, READ
from support.server import LongshoreServer

SECONDS = 20.0
MEMORY_BYTES = 2 * 2**30
CHANGE_SECONDS = 1.0
PAUSE_SECONDS = 0.02


class Beside:
    """What happens while a file is read: changes of another dataset, and the memory of the processes that import."""

    def __init__(self, server: LongshoreServer, dataset: Dataset) -> None:
        self.server = server
        self.dataset = dataset
        self.changes: list[float] = []
        self.peak = 0
        self._over = threading.Event()
        self._threads = [threading.Thread(target=each) for each in (self._change, self._measure)]

    def __enter__(self) -> Beside:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join()

    def _change(self) -> None:
        while not self._over.wait(PAUSE_SECONDS):
            began = time.perf_counter()
            self.dataset.call("newCellValue", column="t", rowIndex=0, newValue=str(len(self.changes)))
            self.changes.append(time.perf_counter() - began)

    def _measure(self) -> None:
        worker = self.server.parts()["import worker"]
        while not self._over.wait(PAUSE_SECONDS):
            self.peak = max(self.peak, sum(_resident(each) for each in worker.children(recursive=True)))


def _resident(process: psutil.Process) -> int:
    try:
        return int(process.memory_info().rss)
    except psutil.NoSuchProcess:
        return 0


def upload(client: Client, name: str, content: bytes) -> str:
    """What became of a file."""
    try:
        made: Any = client.upload(content, name=name)
    except LongshoreError as error:
        return f"{error.code}: {error.description[:60]}"
    size = made.metadata()["dataSize"]
    return f"{READ}: {size['rows']:,} x {size['columns']:,}"


def main() -> int:
    wanted = sys.argv[1:] or list(ALL)
    report = Report()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(dir="."))).resolve()
        server = stack.enter_context(LongshoreServer(folder / "storage"))
        client, other = (stack.enter_context(Client(server.url, timeout_seconds=300)) for _ in range(2))
        dataset = other.upload(b"t\nx\n", name="t.csv")
        for name in wanted:
            content = ALL[name].make()
            with Beside(server, dataset) as beside:
                began = time.perf_counter()
                became = upload(client, name, content)
                took = time.perf_counter() - began
            worst = max(beside.changes, default=0.0)
            figure = f"{took:.1f} s, {beside.peak / 1e6:,.0f} MB, change {worst * 1e3:.0f} ms; {became}"
            ok = took <= SECONDS and beside.peak <= MEMORY_BYTES and worst <= CHANGE_SECONDS
            report.tell(f"{name} ({len(content):,} bytes)", figure, "20 s, 2 GiB, 1 s", ok)
    return report.end()


if __name__ == "__main__":
    sys.exit(main())
