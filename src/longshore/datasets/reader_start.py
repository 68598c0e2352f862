"""The reader before it has anything to do: it stands ready in a moment, and gets ready for files a little later.

``python -P -m longshore.datasets.reader_start 5 0`` becomes :mod:`longshore.datasets.reader_process` with the first
file, or once whatever else a server does at its start is over: what reading needs takes a second of a processor.
"""

from __future__ import annotations

import select
import sys

from longshore.processes.loading import loading

QUIET_SECONDS = 3.0


def main() -> None:
    """Wait, then read."""
    select.select([int(sys.argv[1])], [], [], QUIET_SECONDS)
    with loading():
        from longshore.datasets.reader_process import main as serve
    serve()


if __name__ == "__main__":
    main()
