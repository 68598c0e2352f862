"""The server in a folder whose files are named like modules: only what settings name is taken from there, and last."""

from __future__ import annotations

import sys
from pathlib import Path

import httpx
import pytest

from support.jobs import JobsAPI
from support.server import LongshoreServer

pytestmark = pytest.mark.processes

NAMED_LIKE_MODULES = (
    "random", "json", "typing", "logging", "polars", "limits", "redis", "celery", "flask", "celeryconfig",
    "sitecustomize",
)  # fmt: skip
HANDLER = """
import random, limits, beside
from longshore import job

@job("tells")
def tells() -> list[str]:
    \"\"\"Where its modules lie.\"\"\"
    return [random.__file__, limits.__file__, beside.__file__]
"""


def test_files_named_like_modules_are_not_taken_for_them(tmp_path: Path, storage: Path) -> None:
    folder = tmp_path / "work"
    (folder / "handlers").mkdir(parents=True)
    (folder / "handlers" / "own.py").write_text(HANDLER)
    (folder / "beside.py").write_text("")
    for name in NAMED_LIKE_MODULES:
        (folder / f"{name}.py").write_text("raise RuntimeError(__file__)")
    server = LongshoreServer(storage)
    server.folder = folder
    server.program = [str(Path(sys.executable).with_name("longshore"))]  # as the README has it
    with server:
        answer = httpx.post(f"{server.url}/upload", files={"file": ("t.csv", b"a,b\n1,2\n")}, timeout=60).json()
        assert answer["success"], answer
        assert httpx.post(f"{server.url}/api/v1/look?name=t.csv", content=b"a,b\n1,2\n", timeout=60).status_code == 200
        api = JobsAPI(server)
        places = [Path(place) for place in api.wait(api.submit("tells"))["data"]]
        assert [place.parent == folder for place in places] == [False, False, True]
