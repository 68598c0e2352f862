"""A Celery worker with plain tasks, as a merged application has them; the environment says with which settings."""

from __future__ import annotations

import os
import sys

from longshore.queues.celery_app import make_celery
from longshore.settings import Settings

app = make_celery(Settings.from_environment())


@app.task(name="plain.add")
def add(left: int, right: int) -> dict[str, object]:
    return {"sum": left + right, "text": "日本"}


@app.task(name="plain.fail")
def fail() -> None:
    raise ValueError("no such station")


@app.task(name="plain.quiet", ignore_result=True)
def quiet() -> int:
    return 1


@app.task(name="plain.die", acks_late=False)
def die() -> None:
    os._exit(9)


if __name__ == "__main__":
    app.worker_main(["worker", "--pool=prefork", "--concurrency=2", "--loglevel=WARNING", "-Q", sys.argv[1]])
