"""``make``, the one interface for people."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

pytestmark = pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")


def make(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["make", "-C", str(ROOT), *words], capture_output=True, text=True, check=False, timeout=60)


def test_make_alone_prints_the_commands() -> None:
    printed = make().stdout
    for command in ("build", "start", "debug", "test", "bench", "lint", "docs", "clean"):
        assert f"  make {command} " in printed


def test_whoever_asks_for_the_slowest_tests_is_told_the_time_by_folder() -> None:
    command = [sys.executable, "-m", "pytest", "tests/test_layout.py", "--durations=1", "-p", "no:cacheprovider"]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=120)
    slowest, by_folder = result.stdout.split(" time by folder ")
    assert "slowest durations" in slowest or "slowest 1 durations" in slowest
    assert re.search(r"^ +[\d.]+s +2 tests$", by_folder, re.MULTILINE), by_folder


def test_an_old_python_is_refused_with_a_sentence(tmp_path: Path) -> None:
    old = tmp_path / "old"
    old.write_text('#!/bin/sh\n[ "$1" = -c ] && exit 1\necho Python 3.9.2\n')
    old.chmod(0o755)
    result = make(f"PYTHON={old}", "build")
    assert result.returncode != 0
    assert f"Longshore needs Python 3.11 or newer; {old} is Python 3.9.2." in result.stderr


def test_no_python_at_all_is_refused_with_a_sentence() -> None:
    result = make("PYTHON=no-such-python", "build")
    assert result.returncode != 0
    assert "there is no no-such-python" in result.stderr


def test_the_constraints_are_exact_versions_only() -> None:
    lines = [line for line in (ROOT / "constraints.txt").read_text().splitlines() if not line.startswith("#")]
    assert len(lines) > 50
    assert [line for line in lines if line.count("==") != 1 or "@" in line or "/" in line] == []


PIP = """#!/bin/sh
# Notes each call, and whether another one was under way.
mkdir "{folder}/under-way" || echo overlap >> "{folder}/calls"
echo "$*" >> "{folder}/calls"
rmdir "{folder}/under-way"
"""


def test_several_at_once_build_once(tmp_path: Path) -> None:
    checkout = tmp_path / "checkout"
    checkout.mkdir()
    for name in ("Makefile", "pyproject.toml", "constraints.txt"):
        shutil.copy(ROOT / name, checkout / name)
    pip = tmp_path / "pip"
    pip.write_text(PIP.format(folder=tmp_path))
    pip.chmod(0o755)
    command = ["make", "-C", str(checkout), f"PYTHON={sys.executable}", f"PIP={pip}", "build"]
    builds = [subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) for _ in range(4)]
    outputs = [build.communicate(timeout=240)[0] for build in builds]
    assert [build.returncode for build in builds] == [0] * 4, outputs
    calls = (tmp_path / "calls").read_text().splitlines()
    assert calls == ["install --upgrade pip>=25.1", "install --constraint constraints.txt --editable ."]
    assert sum(b"Installing Longshore" in output for output in outputs) == 1
