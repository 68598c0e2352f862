"""Drains a mailbox as a worker does and dies, as by kill -9, at a moment of an aggregate that the caller names."""

import os
import sys
from pathlib import Path
from typing import Any

from longshore.datasets import drain, records
from longshore.datasets.drain import Drainer
from longshore.settings import Settings
from longshore.state.database import Database
from longshore.tables.operations.aggregate import aggregate


class Silent:
    def emit(self, event: str, data: object, *, room: str) -> None:
        """Nobody listens."""


def die(*_: Any, **_more: Any) -> Any:
    os._exit(9)


def die_when_written(*about: Any) -> Any:
    aggregate(*about)
    (about[2] / ".half.partial").write_bytes(b"PAR1")
    os._exit(9)


settings = Settings.from_environment(root_storage_path=Path(sys.argv[1]))
if sys.argv[3] == "written":
    drain.aggregate = die_when_written
else:
    records.set_state = die  # the last thing that is recorded, inside the transaction
Drainer(settings, Database(settings.database), Silent()).drain(sys.argv[2])
