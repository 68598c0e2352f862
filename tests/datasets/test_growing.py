"""Small files that grow are read, or refused with their reason, and take little memory either way."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from longshore import errors
from longshore.datasets.reader import Reader
from support.growing import ALL, READ, Growing

MEMORY_BYTES = 1_300_000_000
"""Less than the server's own limit: what is ended only by that would take the longer, the higher it is."""


@pytest.fixture(scope="module")
def reader() -> Iterator[Reader]:
    made = Reader(2)
    yield made
    made.end()


@pytest.mark.parametrize("growing", ALL.values(), ids=ALL)
def test_a_small_file_that_grows_is_read_or_refused_in_bounded_memory(
    reader: Reader, tmp_path: Path, growing: Growing
) -> None:
    path, folder = tmp_path / growing.name, tmp_path / "columns"
    path.write_bytes(growing.make())
    folder.mkdir()
    request = {
        "task": "read",
        "path": str(path),
        "folder": str(folder),
        "name": growing.name,
        "options": {},
        "maxUnpackedBytes": 10**10,
    }
    peaks: list[int] = []

    def read() -> None:
        reader.run(request, memory_bytes=MEMORY_BYTES, stall_seconds=100, note_peak=peaks.append)

    if growing.becomes == READ:
        read()
    else:
        with pytest.raises(getattr(errors, growing.becomes)) as refused:
            read()
        assert len(refused.value.description) < 400
    assert 0 < peaks[0] < MEMORY_BYTES


def test_there_is_a_good_number_of_them() -> None:
    assert len(ALL) >= 30
