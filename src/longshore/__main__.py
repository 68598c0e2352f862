"""``python -m longshore``: the same as the command ``longshore``."""

from longshore.server.cli import main

if __name__ == "__main__":
    main()
