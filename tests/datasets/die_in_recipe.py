"""Drains a mailbox as a worker does and dies, as by kill -9, when the second step of a recipe is to be recorded."""

import os
import sys
from pathlib import Path
from typing import Any

from longshore.datasets import records
from longshore.datasets.drain import Drainer
from longshore.settings import Settings
from longshore.state.database import Database


class Silent:
    def emit(self, event: str, data: object, *, room: str) -> None:
        """Nobody listens."""


recorded = 0
append_step = records.append_step


def die_at_the_second(*about: Any, **more: Any) -> int:
    global recorded
    recorded += 1
    if recorded == 2:
        os._exit(9)
    return append_step(*about, **more)


settings = Settings.from_environment(root_storage_path=Path(sys.argv[1]))
records.append_step = die_at_the_second
Drainer(settings, Database(settings.database), Silent()).drain(sys.argv[2])
