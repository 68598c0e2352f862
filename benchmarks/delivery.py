"""Files in and out, against what else would do it: nginx, the older service, cp.

    python benchmarks/delivery.py                          1 GB
    python benchmarks/delivery.py 100000000 <python>       100 MB; <python> has dash-file-cache 0.2.0 and gunicorn

Needs curl; nginx and the older service are measured where they can be found. Uploads end on the disk (fsync) before they
are answered, and a copy by cp does not; a copy that does is told beside it.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import threading
import time
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx
import psutil

from measuring import Report, milliseconds, timed
from support.nginx import NGINX, free_port, serving_folder
from support.server import LongshoreServer
from support.waiting import eventually

TIMES = 5
PARTS = 8
MEMORY_MB = 64
OTHERS_MS = 50
OLDER = """
import sys
from flask import Flask
from dash_file_cache import CachePlain, ServiceData
service = ServiceData(CachePlain(1))
app = Flask("older")
service.serve(app)
app.get("/register")(lambda: service.register({path!r}, content_type="application/octet-stream"))
"""


class Watch:
    """What happens to a web process while something else goes on: its memory, and how long others wait."""

    def __init__(self, process: psutil.Process, url: str) -> None:
        self.process = process
        self.url = url
        self.grown_mb = 0.0
        self.waits: list[float] = []

    @contextmanager
    def watching(self) -> Iterator[Watch]:
        """Look until the body ends."""
        done = threading.Event()
        before = self.process.memory_info().rss

        def look() -> None:
            with httpx.Client(base_url=self.url, timeout=30) as client:
                client.get("/hello")
                while not done.wait(0.01):
                    self.waits.append(timed(lambda: client.get("/hello")))
                    self.grown_mb = max(self.grown_mb, (self.process.memory_info().rss - before) / 1e6)

        thread = threading.Thread(target=look)
        thread.start()
        try:
            yield self
        finally:
            done.set()
            thread.join()


def curl(*arguments: str) -> str:
    """Run curl quietly; what it printed."""
    command = ["curl", "-sS", "--fail", "-H", "Expect:", *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def fetch(address: Callable[[], str], size: int, *, in_parts: bool) -> float:
    """Best seconds of a download; each has an address of its own, whose making does not count."""

    def whole(url: str) -> None:
        assert int(curl("-o", "/dev/null", "-w", "%{size_download}", url)) == size

    def parts(url: str) -> None:
        step = size // PARTS + 1
        for start in range(0, size, step):
            curl("-o", "/dev/null", "-r", f"{start}-{min(start + step, size) - 1}", url)

    def once() -> float:
        url = address()
        return timed(lambda: (parts if in_parts else whole)(url))

    return min(once() for _ in range(TIMES))


@contextmanager
def older_service(python: str, path: Path, folder: Path) -> Iterator[str]:
    """The service that the links come from, under the same kind of web server."""
    (folder / "older.py").write_text(OLDER.format(path=str(path)))
    port = free_port()
    command = [python, "-m", "gunicorn", "-k", "gthread", "--threads", "8", "-b", f"127.0.0.1:{port}", "older:app"]
    process = subprocess.Popen(command, cwd=folder, stderr=subprocess.DEVNULL)
    try:
        url = f"http://127.0.0.1:{port}"
        eventually(lambda: httpx.get(f"{url}/register").status_code == 200, 30)
        yield url
    finally:
        process.terminate()
        process.wait(30)


def measure_downloads(report: Report, server: LongshoreServer, folder: Path, path: Path, python: str | None) -> None:
    """A link's file, whole and in ranges, beside the others."""
    size = path.stat().st_size
    floors: dict[bool, list[float]] = {False: [], True: []}
    with ExitStack() as stack:
        if NGINX is not None:
            alone = stack.enter_context(serving_folder(path.parent, folder / "nginx"))
            for in_parts, found in floors.items():
                found.append(fetch(lambda: f"{alone}/big", size, in_parts=in_parts))
                report.note(f"nginx {'in ranges' if in_parts else 'whole'}: {size / found[-1] / 1e6:,.0f} MB/s")
        if python is not None:
            older = stack.enter_context(older_service(python, path, folder))
            floors[False].append(
                fetch(lambda: older + httpx.get(f"{older}/register", timeout=60).text, size, in_parts=False)
            )
            report.note(f"dash-file-cache whole (it ignores ranges): {size / floors[False][-1] / 1e6:,.0f} MB/s")
        web = server.parts()["web"].children()[0]
        for in_parts, found in floors.items():
            watch = Watch(web, server.url)
            with watch.watching():
                ours = fetch(lambda: new_link(server), size, in_parts=in_parts)
            what = "download in ranges" if in_parts else "download"
            told = f"{size / ours / 1e6:,.0f} MB/s"
            report.tell(what, told, ">= 0.9 x the slower", not found or ours <= max(found) / 0.9)
            tell_watch(report, what, watch)


def new_link(server: LongshoreServer) -> str:
    """A one-time address of its own for the big file."""
    return str(server.url + httpx.post(f"{server.url}/file", params={"name": "big"}, timeout=60).json()["addr"])


def tell_watch(report: Report, what: str, watch: Watch) -> None:
    """What others noticed of it."""
    report.tell(f"{what}: memory", f"{watch.grown_mb:.0f} MB more", f"< {MEMORY_MB} MB", watch.grown_mb < MEMORY_MB)
    _, late = milliseconds(watch.waits)
    told = f"99 of 100 under {late:.0f} ms, worst {max(watch.waits) * 1e3:.0f} ms"
    report.tell(f"{what}: others wait", told, f"<= {OTHERS_MS} ms", late <= OTHERS_MS)


def measure_uploads(report: Report, server: LongshoreServer, folder: Path, path: Path) -> None:
    """A raw body, a form, and a resumable upload in one piece, against copies on the same disk."""
    size = path.stat().st_size
    copy = folder / "copy"

    def cp() -> None:
        copy.unlink(missing_ok=True)  # to write over a file costs less
        subprocess.run(["cp", path, copy], check=True)

    plain = best(cp)
    synced = best(
        lambda: subprocess.run(["dd", f"if={path}", f"of={copy}", "bs=1M", "conv=fsync", "status=none"], check=True)
    )
    report.note(f"cp: {size / plain / 1e6:,.0f} MB/s; a copy that ends on the disk: {size / synced / 1e6:,.0f} MB/s")
    copy.unlink()
    web = server.parts()["web"].children()[0]
    # Under a new name each: giving back the blocks of the one before is no part of storing, as little as with cp.
    number = iter(range(1000))

    def raw() -> None:
        curl("-T", str(path), f"{server.url}/fs/raw{next(number)}")

    def form() -> None:
        curl("-F", f"file=@{path}", f"{server.url}/form{next(number)}")

    def tus() -> None:
        with httpx.Client(base_url=server.url, timeout=60) as client:
            target = b64encode(f"path:tus{next(number)}".encode()).decode()
            metadata = {"Tus-Resumable": "1.0.0", "Upload-Length": str(size), "Upload-Metadata": f"target {target}"}
            address = client.post("/tus/", headers=metadata).headers["location"]
        named = ["Tus-Resumable: 1.0.0", "Upload-Offset: 0", "Content-Type: application/offset+octet-stream"]
        headers = [part for header in named for part in ("-H", header)]
        curl("-X", "PATCH", *headers, "-T", str(path), f"{server.url}{address}")

    for what, work, share in (("raw body", raw, 0.5), ("form", form, 0.28), ("resumable", tus, 0.4)):
        watch = Watch(web, server.url)
        with watch.watching():
            ours = best(work)
        told = f"{size / ours / 1e6:,.0f} MB/s = {plain / ours:.2f} x cp, {synced / ours:.2f} x the synced copy"
        report.tell(f"upload, {what}", told, f">= {share} x cp", plain / ours >= share)
        tell_watch(report, f"upload, {what}", watch)


def best(work: Callable[[], object]) -> float:
    """Least seconds of some runs."""
    return min(timed(work) for _ in range(TIMES))


def main() -> int:
    """Measure; the exit code."""
    size = int(sys.argv[1]) if len(sys.argv) > 1 else 10**9
    python = sys.argv[2] if len(sys.argv) > 2 else None
    report = Report()
    report.note(f"load average {os.getloadavg()[0]:.1f}, {os.cpu_count()} processors, {time.strftime('%H:%M')}")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        path = folder / "offered" / "big"
        path.parent.mkdir()
        with path.open("wb") as file:
            for start in range(0, size, 2**20):
                file.write(os.urandom(min(2**20, size - start)))
        settings = {"FILES_ROOT": str(path.parent), "MAX_UPLOAD_BYTES": str(2 * size)}
        with LongshoreServer(folder / "storage", **settings) as server:
            measure_downloads(report, server, folder, path, python)
            measure_uploads(report, server, folder, path)
    report.note(f"load average {os.getloadavg()[0]:.1f}")
    return report.end()


if __name__ == "__main__":
    sys.exit(main())
