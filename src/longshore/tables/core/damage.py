"""Finds out whether column files are whole: after something went wrong, not before each read, which would be slow.

A file may be gone (a database restored without its files, a lost disk), cut short, or overwritten in between.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import polars as pl

from longshore.tables.core.table import Table


def damaged_columns(table: Table) -> list[str]:
    """Names of the columns, in order, whose files cannot be read from front to back or are gone."""
    bad = {file for file in sorted(table.files) if not is_whole(table.folder / file)}
    return [column.name for column in table.columns if column.file in bad]


def is_whole(path: Path) -> bool:
    """Whether every value of a column file can be read; found out once for a file as it is."""
    try:
        about = path.stat()
        path.open("rb").close()
    except OSError:
        return False
    return _can_be_read(path, about.st_ino, about.st_size, about.st_mtime_ns)


@lru_cache(maxsize=4096)
def _can_be_read(path: Path, _inode: int, _size: int, _modified: int) -> bool:
    try:
        # A sum over all values: counts alone the engine takes from the file's end.
        pl.scan_parquet(path, glob=False).select(pl.all().hash().max()).collect(engine="streaming")
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError):
        return False
    return True


def failure_kinds() -> tuple[type[BaseException], ...]:
    """What reading a damaged file may raise."""
    return (Exception, pl.exceptions.PanicException)
