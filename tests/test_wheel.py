"""The wheel: what is in it, and what an index of packages shows of it."""

from __future__ import annotations

import re
import subprocess
import sys
from email.message import Message
from email.parser import Parser
from pathlib import Path
from zipfile import ZipFile

import pytest

from longshore.server.workbench import FOLDER

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built with what is installed here, without asking an index."""
    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(ROOT)]
    built = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert built.returncode == 0, built.stdout + built.stderr
    [path] = folder.glob("*.whl")
    return path


@pytest.fixture(scope="module")
def metadata(wheel: Path) -> Message:
    with ZipFile(wheel) as archive:
        [name] = [name for name in archive.namelist() if name.endswith(".dist-info/METADATA")]
        return Parser().parsestr(archive.read(name).decode())


def test_an_index_can_take_it(wheel: Path) -> None:
    command = [sys.executable, "-m", "twine", "--no-color", "check", "--strict", str(wheel)]
    checked = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_its_licence_is_the_file_beside_it(wheel: Path, metadata: Message) -> None:
    assert metadata["License-Expression"] == "BSD-3-Clause"
    assert metadata.get_all("License-File") == ["LICENSE"]
    # With an expression there is to be no classifier that says it once more.
    assert [each for each in metadata.get_all("Classifier", []) if each.startswith("License")] == []
    with ZipFile(wheel) as archive:
        [name] = [name for name in archive.namelist() if name.endswith(".dist-info/licenses/LICENSE")]
        text = archive.read(name).decode()
    assert text == (ROOT / "LICENSE").read_text()
    assert text.startswith("BSD 3-Clause License")


def test_no_link_in_its_description_leads_to_a_file_that_is_not_there(metadata: Message) -> None:
    description = metadata.get_payload()
    assert isinstance(description, str)
    links = re.findall(r"\]\(([^)]+)\)", description)
    assert [link for link in links if not link.startswith("https://")] == []
    assert "reading files, cleaning, joining" in description
    assert "$ make start" in description


def test_types_samples_and_the_workbench_are_in_it(wheel: Path) -> None:
    names = set(ZipFile(wheel).namelist())
    # Of what is in it and is no Python: nothing is left out by a rule of the repository's.
    files = {path.relative_to(ROOT / "src").as_posix() for path in (ROOT / "src/longshore").rglob("*.*")}
    wanted = {name for name in files if name.endswith((".py", ".typed", ".csv", ".html", ".mako"))}
    assert wanted - names == set()
    if (FOLDER / "index.html").is_file():
        assert {"longshore/workbench/index.html", "longshore/workbench/third-party-notices.txt"} <= names
