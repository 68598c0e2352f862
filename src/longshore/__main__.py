"""``python -m longshore``: the same as the command ``longshore``."""

import sys
from pathlib import Path

if __name__ == "__main__":
    # Python puts the folder it is started in before its own modules; a random.py that lies there is not meant.
    if not sys.flags.safe_path and sys.path and Path(sys.path[0] or ".").resolve() == Path.cwd():
        del sys.path[0]

    from longshore.cli.main import main

    main()
