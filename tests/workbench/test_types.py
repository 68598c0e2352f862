"""The TypeScript types of the REST interface are those of this source."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from .conftest import ROOT

FRONTEND = ROOT / "frontend"


def test_the_committed_types_are_the_interfaces(tmp_path: Path) -> None:
    if not (FRONTEND / "node_modules" / ".bin" / "openapi-typescript").exists():
        pytest.skip("the workbench's packages are not installed: make workbench")
    subprocess.run([FRONTEND / "generate_types.sh", tmp_path], env=os.environ | {"PYTHON": sys.executable}, check=True)
    for name in ("generated.ts", "operations.json"):
        committed = FRONTEND / "src" / "api" / name
        made = tmp_path / name
        assert made.read_text() == committed.read_text(), "run frontend/generate_types.sh and commit what it made"


def test_nothing_committed_names_where_packages_were_fetched_from() -> None:
    lock = (FRONTEND / "package-lock.json").read_text()
    assert '"resolved"' not in lock
    assert "registry" not in (FRONTEND / ".npmrc").read_text().replace("lockfile-registry-resolved", "")
