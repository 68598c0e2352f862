"""Finishes a resumable upload and dies, as by kill -9, when it is about to write to the database for the nth time."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy.engine import Connection

from longshore.datasets.resumed import IntoDataset
from longshore.datasets.service import Datasets
from longshore.delivery.resumable import ResumableUploads
from longshore.settings import Settings
from longshore.state.database import Database

left = int(sys.argv[3])
writing = Database.writing


@contextmanager
def die(self: Database, *, durable: bool = True) -> Iterator[Connection]:
    global left
    left -= 1
    if not left:
        os._exit(9)
    with writing(self, durable=durable) as connection:
        yield connection


settings = Settings.from_environment(root_storage_path=Path(sys.argv[1]))
database = Database(settings.database)
uploads = ResumableUploads(
    settings, database, {"dataset": IntoDataset(Datasets(settings, database, lambda _: None), "/api/v1/datasets")}
)
upload = uploads.require(sys.argv[2])
Database.writing = die  # type: ignore[method-assign, assignment]
uploads.finish(upload)
