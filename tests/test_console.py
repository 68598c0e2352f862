"""What README and docs show of a terminal is what a terminal shows: their ```console blocks are run and compared.

In an answer `...` stands for anything, and so does white space; ids are whatever they are, but the same ones each time.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from support.server import LongshoreServer

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]

CANNOT_RUN_HERE = {
    "make start": "it builds an environment of its own; its answer is compared with what a server prints when it starts"
}
"""Commands that are not run, and why: also docker, kubectl, systemctl or apt, should a block have one."""

ADDRESS = re.compile(r"(?:http://)?(?:127\.0\.0\.1|localhost):5000")
FOLDER = "/home/ada/longshore/storage"
ID = re.compile(r"\b[0-9a-f]{30}\b|\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b|\b[0-9a-f]{4}…")
ANYTHING = re.compile(r"\.\.\.|…")


@dataclass
class Command:
    """A command as it is written, and the answer that is written below it."""

    text: str
    answer: str = ""


def blocks(page: Path) -> list[list[Command]]:
    """The console blocks of a page."""
    found = []
    for block in re.findall(r"^```console\n(.*?)^```", page.read_text(), re.MULTILINE | re.DOTALL):
        commands: list[Command] = []
        for line in block.splitlines():
            if line.startswith("$ "):
                commands.append(Command(line[2:]))
            elif commands[-1].text.endswith("\\"):
                commands[-1].text += "\n" + line
            else:
                commands[-1].answer += line + "\n"
        found.append(commands)
    return found


@dataclass
class Terminal:
    """A shell beside a server, for the blocks of one page."""

    server: LongshoreServer
    folder: Path
    started: str
    """What the server printed when it started."""
    ids: dict[str, str] = field(default_factory=dict)
    """Ids as the page has them, and as they are."""

    def run(self, commands: list[Command]) -> list[str]:
        """Their answers; variables of one are known to the next."""
        answers, before = [], ""
        for command in commands:
            if command.text in CANNOT_RUN_HERE:
                answer = self.started
            else:
                answer = self._shell(before, command.text)
                before += self._here(command.text) + "\n" if re.match(r"\w+=\S+$", command.text) else ""
            answers.append(answer)
            self.learn(command, answer)
        return answers

    def learn(self, command: Command, answer: str) -> None:
        """Compare an answer with what is written of it, and take its ids for later."""
        if not command.answer:
            return
        groups: dict[str, str] = {}
        match = re.fullmatch(self._pattern(command.answer, groups), _without_space(answer), re.DOTALL)
        assert match, f"$ {command.text}\nis said to answer\n{command.answer}\nand answers\n{answer}"
        self.ids |= {written: match[group] for written, group in groups.items()}

    def _pattern(self, written: str, groups: dict[str, str]) -> str:
        pattern, end = "", 0
        text = _without_space(ADDRESS.sub(self.server.url, written).replace(FOLDER, str(self.server.storage)))
        for found in re.finditer(f"{ID.pattern}|{ANYTHING.pattern}", text):
            pattern += re.escape(text[end : found.start()])
            word, end = found[0], found.end()
            if not ID.fullmatch(word):
                pattern += ".*?"
            elif word in self.ids:
                pattern += re.escape(self.ids[word])
            elif word in groups:
                pattern += f"(?P={groups[word]})"
            else:
                groups[word] = f"id{len(groups)}"
                pattern += f"(?P<{groups[word]}>[0-9a-f-]+)"
        return pattern + re.escape(text[end:])

    def _here(self, text: str) -> str:
        for written, real in self.ids.items():
            text = text.replace(written, real)
        return ADDRESS.sub(self.server.url, text)

    def _shell(self, before: str, text: str) -> str:
        port = self.server.url.rpartition(":")[2]
        path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
        result = subprocess.run(
            ["bash", "-ec", before + self._here(text)],
            cwd=self.folder,
            env=os.environ | {"PORT": port, "PATH": path, "NO_COLOR": "1"},
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        assert result.returncode == 0, f"$ {text}\nended with {result.returncode}:\n{result.stderr}{result.stdout}"
        return result.stdout


def _without_space(text: str) -> str:
    return re.sub(r"\s+", "", text)


@pytest.fixture
def terminal(page: Path, tmp_path: Path) -> Iterator[Terminal]:
    """A shell in a folder that has the tests' data, and a server with the jobs that the page declares."""
    (tmp_path / "tests").symlink_to(ROOT / "tests")
    handlers = tmp_path / "handlers"
    handlers.mkdir()
    declared = [
        block
        for block in re.findall(r"^```python\n(.*?)^```", page.read_text(), re.MULTILINE | re.DOTALL)
        if "\n@job(" in block and "import" in block
    ]
    if declared:
        (handlers / "declared.py").write_text(declared[0])
    server = LongshoreServer(tmp_path / "storage", HANDLERS_DIR=str(handlers))
    server.start()
    try:
        lines = [server.read_line()]
        server.url = lines[0].split()[-1]
        lines.append(server.read_line())
        yield Terminal(server, tmp_path, "".join(lines))
    finally:
        server.end(gracefully=False)


@pytest.mark.processes
@pytest.mark.skipif(not shutil.which("curl") or not shutil.which("bash"), reason="curl or bash is not installed")
@pytest.mark.parametrize("page", [page for page in PAGES if blocks(page)], ids=lambda page: page.stem)
def test_a_pages_commands_answer_as_they_are_said_to(page: Path, terminal: Terminal) -> None:
    for commands in blocks(page):
        terminal.run(commands)


def test_what_cannot_run_here_is_written_somewhere() -> None:
    written = {command.text for page in PAGES for block in blocks(page) for command in block}
    assert set(CANNOT_RUN_HERE) <= written


def test_an_answer_is_compared_but_for_what_is_left_out_and_ids(tmp_path: Path) -> None:
    server = LongshoreServer(tmp_path / "storage")
    server.url = "http://127.0.0.1:1234"
    terminal = Terminal(server, tmp_path, "")
    terminal.learn(Command("one", '{"id":"2def…", "n": 1,\n ...}\n'), '{"id": "ab-12", "n": 1, "more": 2}')
    assert terminal.ids == {"2def…": "ab-12"}
    terminal.learn(Command("two", "2def… at localhost:5000\n"), "ab-12 at http://127.0.0.1:1234")
    for written in ("2def… is gone", "2def…", "3000… and 3000…"):
        with pytest.raises(AssertionError, match="is said to answer"):
            terminal.learn(Command("three", written), "ab-12 at 77-a and 77-b")
