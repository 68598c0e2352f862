"""How the processes of a job worker learn that it stops: through a pipe that they inherit."""

from __future__ import annotations

import os
import select


class StopSignal:
    """Given once, before or after a fork; all processes see it. Make it before the first fork."""

    def __init__(self) -> None:
        self._reading, self._writing = os.pipe()

    def give(self) -> None:
        """Tell everybody. Nobody takes the byte out, so it is there for all."""
        os.write(self._writing, b"!")

    def given(self) -> bool:
        """Whether it was given."""
        return bool(select.select([self._reading], [], [], 0)[0])
