"""Drains a mailbox as a worker does and dies, as by kill -9, when the new version is about to be committed."""

import os
import sys
from pathlib import Path

from longshore.datasets import records
from longshore.datasets.drain import Drainer
from longshore.settings import Settings
from longshore.state.database import Database


class Silent:
    def emit(self, event: str, data: object, *, room: str) -> None:
        """Nobody listens."""


def die(*_: object, **__: object) -> None:
    os._exit(9)


settings = Settings.from_environment(root_storage_path=Path(sys.argv[1]))
records.append_step = die
Drainer(settings, Database(settings.database), Silent()).drain(sys.argv[2])
