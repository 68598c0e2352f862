"""Jobs: what the records cost when there are many of them.

    python benchmarks/jobs.py            100,000 jobs in the table
    python benchmarks/jobs.py 1000000    more

Each line tells a figure and its bound.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from longshore.jobs import claims, records
from longshore.jobs.models import jobs
from longshore.settings import Settings
from longshore.state.database import Database, migrate

failures: list[str] = []


def tell(what: str, milliseconds: float, bound: float) -> None:
    """One line of the table."""
    ok = milliseconds <= bound
    print(f"{'ok  ' if ok else 'OVER'}  {what:<60} {milliseconds:9.2f} ms   at most {bound:g} ms", flush=True)
    if not ok:
        failures.append(what)


def median_milliseconds(work: Callable[[], Any], repeats: int = 15) -> float:
    """Of several runs, after one that does not count."""
    work()
    taken = []
    for _ in range(repeats):
        begun = time.perf_counter()
        work()
        taken.append(time.perf_counter() - begun)
    return statistics.median(taken) * 1000


def fill(database: Database, count: int) -> float:
    """Finished jobs of three types, one in a thousand failed; seconds for a batch of 10,000."""
    begun = time.perf_counter()
    longest = 0.0
    for start in range(0, count, 10_000):
        new = [
            records.NewJob(f"type{number % 3}", "jobs", b'{"rain": [1.0, 2.0, 3.0]}', 1.0, records.new_job_id())
            for number in range(start, min(start + 10_000, count))
        ]
        batch = time.perf_counter()
        with database.writing() as connection:
            records.insert(connection, new)
        longest = max(longest, time.perf_counter() - batch)
    with database.writing() as connection:
        ended = {"finished": 2.0, "expires": 2.0**40, "announced": True, "result_place": "store", "result_bytes": 20}
        connection.execute(jobs.update().values(status="SUCCESS", **ended))
        connection.execute(jobs.update().where(jobs.c.number % 1000 == 0).values(status="FAILURE", error="JobFailed"))
        connection.execute(sa.text("ANALYZE"))
    print(f"      {count:,} jobs written in {time.perf_counter() - begun:.1f} s")
    return longest


def page(database: Database, **chosen: Any) -> Callable[[], Any]:
    def read() -> None:
        with database.reading() as connection:
            records.page(connection, limit=51, **chosen)
            records.count(connection, types=chosen.get("types", ()), statuses=chosen.get("statuses", ()))

    return read


def main(count: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings.from_environment(root_storage_path=Path(folder))
        migrate(settings)
        database = Database(settings.database)
        longest = fill(database, count)
        tell("a batch of 10,000 accepted, the longest", longest * 1000, 2000)
        listings: dict[str, dict[str, Any]] = {
            "newest page": {},
            "page in the middle, as the next link asks for it": {"before": count // 2},
            "page in the middle, by offset": {"offset": count // 2},
            "by type": {"types": ["type1"]},
            "by status": {"statuses": ["FAILURE"]},
            "by type and status": {"types": ["type1"], "statuses": ["FAILURE"]},
            "by a type and status that none has": {"types": ["type1"], "statuses": ["RETRY"]},
            "by two types and two statuses": {"types": ["type1", "type2"], "statuses": ["FAILURE", "REVOKED"]},
            "by the statuses of what goes on, which none has": {"statuses": ["PENDING", "STARTED", "RETRY"]},
        }
        for what, chosen in listings.items():
            tell(f"listing: {what}", median_milliseconds(page(database, **chosen)), 20)

        def claim(queue: str = "jobs") -> None:
            with database.writing(durable=False) as connection:
                claims.claim_next(connection, queue, "benchmark")

        def look() -> None:
            with database.reading() as connection:
                records.due_queues(connection)
                records.running(connection)
                records.unannounced(connection, time.time())

        tell("a claim that finds nothing", median_milliseconds(claim), 2)
        tell("what the reconciler looks for each second", median_milliseconds(look), 5)
        with database.writing() as connection:
            connection.execute(jobs.update().values(status="PENDING", finished=None))
        tell("what the reconciler looks for while all of them wait", median_milliseconds(look), 50)
        tell("a claim in another queue meanwhile", median_milliseconds(lambda: claim("other")), 2)
        tell("a claim in their queue", median_milliseconds(claim), 5)
        database.close()
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000)
