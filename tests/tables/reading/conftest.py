"""What the tests of reading share: write bytes, read them back."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from longshore.errors import LongshoreError, TooLarge, UnreadableFile
from longshore.tables.reading import ReadOptions, ReadResult, context, read

DATA = Path(__file__).parents[2] / "data"


@pytest.fixture
def data() -> Path:
    """The folder of real tables."""
    return DATA


@pytest.fixture
def read_bytes(tmp_path: Path) -> Callable[..., ReadResult]:
    """Reads content as a file of a given name; nothing but the table's own files may stay behind."""
    count = 0

    def run(content: bytes | str, name: str = "table.csv", limit: int = 10**9, **options: Any) -> ReadResult:
        nonlocal count
        count += 1
        source = tmp_path / f"upload-{count}"
        source.write_bytes(content.encode() if isinstance(content, str) else content)
        folder = tmp_path / f"columns-{count}"
        try:
            result = read(source, folder, name=name, options=ReadOptions(**options), max_unpacked_bytes=limit)
        except BaseException:
            assert list(folder.iterdir()) == []
            raise
        assert {entry.name for entry in folder.iterdir()} == result.table.kept_files
        check(result)
        return result

    return run


@pytest.fixture
def tiny_blocks(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Makes readers work on blocks of so many bytes."""
    return lambda size: monkeypatch.setattr(context, "BLOCK_BYTES", size)


def check(result: ReadResult) -> None:
    """What holds for every table: heights, exact missing counts, unique names."""
    counts = result.settings["ledger"]
    told = ("skipped", "header", "blank", "rows", "setAside", "continued")
    assert counts["lines"] == sum(counts[name] for name in told), counts
    assert counts["rows"] == result.source_rows
    frame = result.table.scan().collect()
    assert frame.height == result.table.rows
    assert frame.columns == result.table.names
    assert [series.null_count() for series in frame] == [column.missing for column in result.table.columns]
    assert list(frame.schema.values()) == [column.dtype for column in result.table.columns]
    for series in frame:
        if series.dtype.is_float():
            assert not series.is_nan().any()


def cells(result: ReadResult) -> dict[str, list[Any]]:
    """The table as lists by name."""
    return result.table.scan().collect().to_dict(as_series=False)


def kinds(result: ReadResult) -> dict[str, str]:
    """The types by name."""
    return {column.name: column.kind for column in result.table.columns}


def codes(result: ReadResult) -> list[str]:
    """The codes of the warnings."""
    return [warning.code for warning in result.warnings]


def read_damaged(read: Callable[..., ReadResult], content: bytes, begin: int, counts: Sequence[int], seed: int) -> None:
    """Read content of which some bytes from ``begin`` on are others, by chance: a table or a clear error."""
    damaged, chance = bytearray(content), random.Random(seed)
    for _ in range(chance.choice(counts)):
        damaged[chance.randrange(begin, len(damaged))] = chance.randrange(256)
    try:
        read(bytes(damaged))
    except LongshoreError as error:
        assert isinstance(error, UnreadableFile | TooLarge), error  # noqa: PT017 - a table is as good
