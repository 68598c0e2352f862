"""The image's recipe: linted, and what it copies and starts exists."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from longshore.settings import Settings
from support.deploying import DEPLOY, parse_command, unknown_settings

ROOT = DEPLOY.parent
DOCKERFILE = (DEPLOY / "Dockerfile").read_text()
HADOLINT = shutil.which("hadolint", path=str(Path(sys.executable).parent)) or shutil.which("hadolint")


@pytest.mark.skipif(HADOLINT is None, reason="hadolint is not installed")
@pytest.mark.parametrize("name", ["Dockerfile", "stack/Dockerfile.stores"])
def test_hadolint_finds_nothing(name: str) -> None:
    command = [str(HADOLINT), "--config", str(DEPLOY / "hadolint.yaml"), str(DEPLOY / name)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stdout) == (0, ""), done.stderr


def test_the_base_image_can_be_another() -> None:
    assert re.search(r"^ARG BASE=\S+\n\nFROM \$\{BASE\} AS ", DOCKERFILE, re.MULTILINE)
    stages = {"python", "builder", "workbench", "wheel", "packages", "longshore"}
    assert set(re.findall(r"^FROM \S+ AS (\w+)$", DOCKERFILE, re.MULTILINE)) == stages
    used = set(re.findall(r"^FROM (\w+) AS", DOCKERFILE, re.MULTILINE)) | set(re.findall(r"--from=(\w+)", DOCKERFILE))
    assert used < stages


def test_what_is_copied_is_let_through_to_the_build() -> None:
    allowed = [line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")]
    copied = re.findall(r"^COPY (?!--from)(.+) \S+$", DOCKERFILE, re.MULTILINE)
    for source in " ".join(copied).split():
        assert (ROOT / source).exists(), source
        assert any(source.rstrip("/").startswith(each.removesuffix("/**")) for each in allowed), source


def test_secrets_and_storage_are_not_let_through() -> None:
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    assert "*" in lines
    assert not [line for line in lines if line.startswith(("!deploy/secrets", "!deploy/.env", "!storage"))]


def test_it_does_not_run_as_root() -> None:
    last = DOCKERFILE.rsplit("\nFROM ", 1)[1]
    assert re.search(r"^USER [1-9]\d*:[1-9]\d*$", last, re.MULTILINE)


def test_its_command_and_its_health_check_are_commands_of_longshore() -> None:
    entry = re.findall(r'^ENTRYPOINT \["tini", "--", "longshore"\]$', DOCKERFILE, re.MULTILINE)
    default = re.findall(r'^CMD \["(\w+)"\]$', DOCKERFILE, re.MULTILINE)
    check = re.findall(r'^HEALTHCHECK .* CMD \["longshore", "(\w+)"\]$', DOCKERFILE, re.MULTILINE)
    assert (len(entry), default, check) == (1, ["serve"], ["healthcheck"])
    assert [parse_command([name]) for name in (*default, *check)] == ["serve", "healthcheck"]


def test_its_variables_are_settings() -> None:
    block = re.search(r"^ENV PATH=/opt/longshore/bin:\$PATH \\\n((?:    .+\n)+)", DOCKERFILE, re.MULTILINE)
    assert block is not None
    names = re.findall(r"^    (\w+)=", block[1], re.MULTILINE)
    assert {"BIND_INTERFACE", "ROOT_STORAGE_PATH"} <= set(names)
    assert unknown_settings(names) == ["PYTHONDONTWRITEBYTECODE"]
    assert str(Settings().port) in re.findall(r"^EXPOSE (\d+)$", DOCKERFILE, re.MULTILINE)


def test_what_it_installs_first_is_what_the_project_needs() -> None:
    command = [sys.executable, str(DEPLOY / "requirements.py"), str(ROOT / "pyproject.toml"), "postgresql", "mongodb"]
    printed = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout.splitlines()
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    assert printed == [*project["dependencies"], *extras["postgresql"], *extras["mongodb"]]


@pytest.mark.parametrize("name", ["Dockerfile", "stack/Dockerfile.stores", "stack/machine.py"])
def test_no_registry_is_named(name: str) -> None:
    addresses = re.findall(r"https?://\S+", (DEPLOY / name).read_text())
    assert addresses == []
