"""Fixtures for the table engine."""

import tempfile
from collections.abc import Callable
from pathlib import Path
from uuid import uuid4

import polars as pl
import pytest

from longshore.tables.core.table import Column, Table, write_columns
from support.memory import memory_folder

MakeTable = Callable[..., Table]


@pytest.fixture(autouse=True)
def _examples_in_memory(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """The folder of each example stands in memory: the engine syncs every file, and thousands of examples waited."""
    tmp_path_factory.getbasetemp()  # chosen at the first use, for the whole run
    if folder := memory_folder():
        monkeypatch.setattr(tempfile, "tempdir", str(folder))


@pytest.fixture
def make_table(tmp_path: Path) -> MakeTable:
    """``make_table(df, files=1)`` writes a frame and returns its table, columns dealt out over several files."""

    def make(df: pl.DataFrame, files: int = 1) -> Table:
        folder = tmp_path / uuid4().hex
        folder.mkdir()
        columns: dict[str, Column] = {}
        for first in range(files):
            names = df.columns[first::files]
            if names:
                written, _ = write_columns(folder, df.lazy().select(names), names)
                columns |= {column.name: column for column in written}
        return Table(folder, tuple(columns[name] for name in df.columns), df.height)

    return make
