"""The units: verified by systemd where it is there, and hardened without keeping the server from its work."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from longshore.settings import Settings
from longshore.supervision.supervisor import WEB_STOP_SECONDS
from longshore.supervision.web_server import GRACE_SECONDS
from longshore.supervision.worker_pool import HAND_BACK_SECONDS, STOP_MARGIN_SECONDS
from support.deploying import DEPLOY, parse_command, unknown_settings

FOLDER = DEPLOY / "systemd"
UNITS = sorted(FOLDER.glob("*.service"))
ANALYZE = shutil.which("systemd-analyze")


def options(path: Path) -> dict[str, list[str]]:
    """The values of each option, in order."""
    found: dict[str, list[str]] = {}
    for name, value in re.findall(r"^(\w+)=(.*)$", path.read_text(), re.MULTILINE):
        found.setdefault(name, []).append(value)
    return found


@pytest.mark.skipif(ANALYZE is None, reason="systemd-analyze is not installed")
@pytest.mark.parametrize("path", UNITS, ids=lambda path: path.name)
@pytest.mark.parametrize("dropped_in", [False, True], ids=["as it is", "without commands"])
def test_systemd_finds_nothing(path: Path, dropped_in: bool, tmp_path: Path) -> None:
    # It looks for the program, which is where the deployer puts it.
    (tmp_path / path.name).write_text(path.read_text().replace("/opt/longshore/bin/longshore", sys.executable))
    if dropped_in:
        (tmp_path / f"{path.name}.d").mkdir()
        shutil.copy(FOLDER / "without-commands.conf", tmp_path / f"{path.name}.d")
    done = subprocess.run(
        [str(ANALYZE), "verify", str(tmp_path / path.name)], capture_output=True, text=True, check=False, timeout=60
    )
    about = [line for line in (done.stdout + done.stderr).splitlines() if path.name in line]
    assert (done.returncode, about) == (0, [])


@pytest.mark.parametrize("path", UNITS, ids=lambda path: path.name)
def test_each_is_shut_in(path: Path) -> None:
    found = options(path)
    wanted = {"ProtectSystem": "strict", "ProtectHome": "yes", "PrivateTmp": "yes", "NoNewPrivileges": "yes",
              "CapabilityBoundingSet": "", "User": "longshore"}  # fmt: skip
    assert {name: found[name][-1] for name in wanted} == wanted


@pytest.mark.parametrize("path", UNITS, ids=lambda path: path.name)
def test_the_walls_of_commands_can_be_raised(path: Path) -> None:
    found = options(path)
    # CLONE_NEWUSER, and what the sandbox takes with it: mounts, processes, network, IPC, host name.
    assert set(found["RestrictNamespaces"][-1].split()) == {"user", "mnt", "pid", "net", "ipc", "uts"}
    assert {"@mount", "unshare", "seccomp", "landlock_restrict_self"} <= set(found["SystemCallFilter"][0].split())


@pytest.mark.parametrize("path", UNITS, ids=lambda path: path.name)
def test_its_command_exists(path: Path) -> None:
    (command,) = options(path)["ExecStart"]
    program, *words = command.split()
    assert program.endswith("/longshore")
    assert parse_command(words) == words[0]


def test_the_times_to_stop_are_enough() -> None:
    worker = Settings().stop_timeout_seconds + HAND_BACK_SECONDS + STOP_MARGIN_SECONDS
    seconds = {path.stem: int(options(path)["TimeoutStopSec"][-1]) for path in UNITS}
    assert seconds["longshore-web"] > GRACE_SECONDS
    assert seconds["longshore-worker"] > worker
    assert seconds["longshore"] > WEB_STOP_SECONDS + worker


def test_variables_are_settings() -> None:
    example = (FOLDER / "longshore.env.example").read_text()
    assert unknown_settings(re.findall(r"^#?([A-Z_]+)=", example, re.MULTILINE)) == []
    for path in UNITS:
        assert unknown_settings(value.partition("=")[0] for value in options(path)["Environment"]) == []
