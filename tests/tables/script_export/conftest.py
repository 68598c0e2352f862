"""Scripts run where Longshore is not, and what they gave is compared with what the engine gave."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from uuid import uuid4

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from longshore.tables import writing
from longshore.tables.core.table import Table
from longshore.tables.history import History
from longshore.tables.reading import ReadOptions, ReadResult, read

RUNNER = Path(__file__).with_name("runner.py")
PACKAGES = Path(pl.__file__).parents[1]


class Runner:
    """A Python without Longshore."""

    def __init__(self, work: Path, folder: Path) -> None:
        self.work = work
        command = [sys.executable, "-I", "-S", "-W", "error", str(RUNNER), str(folder)]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def run(self, script: str, source: Path, others: Sequence[Path] = ()) -> pl.DataFrame:
        """What a script makes of a file, with the other files that it asks for."""
        output = self.work / f"{uuid4().hex}.parquet"
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        job = {"script": script, "input": str(source), "output": str(output), "others": list(map(str, others))}
        self.process.stdin.write(json.dumps(job) + "\n")
        self.process.stdin.flush()
        error = json.loads(self.process.stdout.readline())
        assert error is None, f"{error}\n{script}"
        frame = pl.read_parquet(output)
        output.unlink()
        return frame

    def close(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        with self.process:
            self.process.wait(30)


class Exporting:
    """Reads files, does things to them, exports the history and compares."""

    def __init__(self, runner: Runner) -> None:
        self.runner = runner

    def read(self, content: bytes | pl.DataFrame, name: str = "table.csv", **options: object) -> Started:
        source = self.runner.work / uuid4().hex
        if isinstance(content, pl.DataFrame):
            content.write_parquet(source)
        else:
            source.write_bytes(content)
        return Started(self, source, read(source, source.with_suffix(".d"), name=name, options=ReadOptions(**options)))

    def check(self, history: History, started: Started, name: str = "table", others: Sequence[Path] = ()) -> str:
        script = history.script(name, started.result.settings)
        made = self.runner.run(script, started.source, others)
        # Dividing by one number, Polars' last digit depends on where a value stands in memory.
        assert_frame_equal(made, history.table.scan().collect(), rel_tol=1e-15, abs_tol=0)
        return script

    def export(self, table: Table, format_name: str) -> Path:
        """A table as a file that its owner has downloaded."""
        path = self.runner.work / f"{uuid4().hex}.{format_name}"
        path.write_bytes(b"".join(writing.stream(table, format_name)))
        return path


class Started:
    """A file that was read."""

    def __init__(self, exporting: Exporting, source: Path, result: ReadResult) -> None:
        self.exporting, self.source, self.result = exporting, source, result
        self.history = History.start(result.table)

    def check(
        self,
        *steps: tuple[str, dict[str, object]],
        others: Mapping[str, Table] | None = None,
        files: Sequence[Path] = (),
    ) -> str:
        """The script after some steps, which gives the same table as they did.

        :param others: tables that the steps may name.
        :param files: these as files, one for each step that reads one.
        """
        history = self.history
        for operation, parameters in steps:
            history = history.apply(operation, others, **parameters)
        return self.exporting.check(history, self, others=files)


@pytest.fixture(scope="session")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Exporting]:
    """Scripts run with Polars alone."""
    work = tmp_path_factory.mktemp("bare")
    packages = work / "packages"
    packages.mkdir()
    for package in PACKAGES.glob("*polars*"):
        (packages / package.name).symlink_to(package)
    runner = Runner(work, packages)
    yield Exporting(runner)
    runner.close()


@pytest.fixture(scope="session")
def full(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Exporting]:
    """Scripts run with all packages but Longshore."""
    runner = Runner(tmp_path_factory.mktemp("full"), PACKAGES)
    yield Exporting(runner)
    runner.close()
