"""What a project needs, one requirement a line: ``requirements.py pyproject.toml [EXTRA ...]``.

An image keeps these in a layer of their own, which a change of the project's own code leaves as it is.
"""

from __future__ import annotations

import sys
import tomllib
from pathlib import Path


def requirements(pyproject: Path, extras: list[str]) -> list[str]:
    """The dependencies of a project and of some of its extras."""
    project = tomllib.loads(pyproject.read_text())["project"]
    chosen = [requirement for extra in extras for requirement in project["optional-dependencies"][extra]]
    return [*project["dependencies"], *chosen]


if __name__ == "__main__":
    print("\n".join(requirements(Path(sys.argv[1]), sys.argv[2:])))
