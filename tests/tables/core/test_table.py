"""What the files of a table promise."""

from __future__ import annotations

import os
from pathlib import Path

import polars as pl
import pytest

from longshore.tables.core.table import write_columns
from longshore.tables.reading import read

DISK = os.fsync


@pytest.fixture
def synced(monkeypatch: pytest.MonkeyPatch) -> dict[Path, set[str]]:
    """What stood in each folder when its names were last made to outlive a power cut."""
    kept: dict[Path, set[str]] = {}

    def sync(handle: int) -> None:
        DISK(handle)
        path = Path(f"/proc/self/fd/{handle}").readlink()
        if path.is_dir():
            kept[path] = {each.name for each in path.iterdir()}

    monkeypatch.setattr(os, "fsync", sync)
    return kept


def test_the_names_of_column_files_outlive_a_power_cut(tmp_path: Path, synced: dict[Path, set[str]]) -> None:
    columns, _ = write_columns(tmp_path, pl.LazyFrame({"a": [1, 2]}), ["a"])
    assert synced[tmp_path] == {columns[0].file}


def test_the_names_of_a_read_file_outlive_a_power_cut(tmp_path: Path, synced: dict[Path, set[str]]) -> None:
    source, folder = tmp_path / "a.csv", tmp_path / "dataset"
    source.write_text("a,b\n1,2\n")
    table = read(source, folder).table
    assert set(table.kept_files) <= synced[folder]
    assert folder.name in synced[tmp_path]
