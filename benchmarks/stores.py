"""List stores under many clients: appending and reading 1:1, beside a view that does nothing, on one server.

    python benchmarks/stores.py              200 clients, 5 seconds each way
    python benchmarks/stores.py 50 10        50 clients, 10 seconds

Every append is on disk before it is answered. Absolute figures depend on the machine; the ratio to ``GET /hello`` in the
same run is what counts. The clients are one process of their own with plain sockets, so that they take little from the
server's processors.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from measuring import Report, milliseconds
from support.server import LongshoreServer

ROUNDS = 3


async def client(host: str, port: int, kind: str, until: float, times: list[float], errors: list[str]) -> None:
    """One connection that asks until the time is up; for a store it appends, then reads what it appended."""
    reader, writer = await asyncio.open_connection(host, port)
    body = json.dumps({"title": "Alien", "year": 1979, "rating": 8.5}).encode()
    number = 0
    while time.perf_counter() < until:
        if kind == "hello":
            text = request("GET", "/hello")
        elif kind == "get" or (kind == "mixed" and number):
            text = request("GET", f"/store/films/{number or 1}")
        else:
            text = request("POST", "/store/films", body)
        begun = time.perf_counter()
        writer.write(text)
        status, answer = await read_answer(reader)
        times.append(time.perf_counter() - begun)
        if status != 200:
            errors.append(f"{status} {answer[:80]!r}")
        elif kind == "mixed":
            found = json.loads(answer)
            if number and found != {"id": number, **json.loads(body)}:
                errors.append(f"another item: {answer[:80]!r}")
            number = 0 if number else found["id"]
    writer.close()


def request(method: str, path: str, body: bytes = b"") -> bytes:
    head = f"{method} {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


async def read_answer(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    head = await reader.readuntil(b"\r\n\r\n")
    length = int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0])
    return int(head[9:12]), await reader.readexactly(length)


async def load(host: str, port: int, kind: str, clients: int, seconds: float) -> dict[str, object]:
    """What all clients did."""
    times: list[float] = []
    errors: list[str] = []
    begun = time.perf_counter()
    until = begun + seconds
    await asyncio.gather(*(client(host, port, kind, until, times, errors) for _ in range(clients)))
    taken = time.perf_counter() - begun
    median, worst = milliseconds(times)
    return {"rate": len(times) / taken, "count": len(times), "median": median, "p99": worst, "errors": errors[:5]}


def measure(url: str, kind: str, clients: int, seconds: float) -> dict[str, object]:
    """Run :func:`load` in a process of its own."""
    host, port = url.removeprefix("http://").split(":")
    command = [sys.executable, __file__, "--load", host, port, kind, str(clients), str(seconds)]
    answer: dict[str, object] = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    return answer


def main(clients: int, seconds: float) -> int:
    report = Report()
    report.note(f"load average at the start: {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors")
    with tempfile.TemporaryDirectory() as folder, LongshoreServer(Path(folder) / "storage") as server:
        for kind in ("hello", "mixed"):
            measure(server.url, kind, clients, 1)
        rates: dict[str, list[float]] = {"hello": [], "mixed": []}
        for _ in range(ROUNDS):
            for kind, seen in rates.items():
                found = measure(server.url, kind, clients, seconds)
                seen.append(float(str(found["rate"])))
                times = f"median {found['median']:.0f} ms, 99th percentile {found['p99']:.0f} ms"
                report.tell(
                    f"{kind}, {clients} clients: no errors", times, f"{found['errors'] or 'none'}", not found["errors"]
                )
        best = {kind: max(seen) for kind, seen in rates.items()}
        ratio = best["mixed"] / best["hello"]
        figure = f"{best['mixed']:,.0f} / {best['hello']:,.0f} a second = {ratio:.2f}"
        report.tell("append and get, durable, against /hello", figure, ">= 0.4 x", ratio >= 0.4)
    report.note(f"load average at the end: {os.getloadavg()[0]:.1f}")
    return report.end()


if __name__ == "__main__":
    if sys.argv[1:2] == ["--load"]:
        host, port, kind, clients, seconds = sys.argv[2:]
        print(json.dumps(asyncio.run(load(host, int(port), kind, int(clients), float(seconds)))))
    else:
        given = sys.argv[1:]
        sys.exit(main(int(given[0]) if given else 200, float(given[1]) if len(given) > 1 else 5.0))
