"""Small functions that only scripts need."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import polars as pl

from longshore.tables.core.free_names import free_names
from longshore.tables.core.portable import portable
from longshore.tables.sandbox.inside.conversion import are_equal, as_before, to_array, to_frame, to_name


@portable
def insert_columns(df: pl.DataFrame, at: int, new: pl.DataFrame) -> pl.DataFrame:
    """``df`` with the columns of ``new`` from position ``at`` on.

    >>> insert_columns(pl.DataFrame({"a": [1], "b": [2]}), 1, pl.DataFrame({"x": [3]})).columns
    ['a', 'x', 'b']
    """
    columns = df.get_columns()
    return pl.DataFrame([*columns[:at], *new.get_columns(), *columns[at:]])


@portable
def rows_like(df: pl.DataFrame, count: int, given: Sequence[pl.Series]) -> pl.DataFrame:
    """So many rows with the columns of ``df``: those that are given, the others missing."""
    empty = df.clear(count)
    return empty.with_columns(given)


@portable
def without_blank_lines(text: bytes, quote: bytes, newline: bytes) -> bytes:
    r"""Text with regular quoting, less its empty lines outside quotes.

    >>> without_blank_lines(b'a\n\n"b\n\nc"\n', b'"', b"\n")
    b'a\n"b\n\nc"\n'
    """
    quoted = b"(" + quote + b"[^" + quote + b"]*" + quote + b")"
    return re.sub(quoted + rb"|(?<![^" + newline + rb"])\r?" + newline, rb"\1", text)


@portable
def without_blank_end(text: bytes, delimiter: bytes, newline: bytes) -> bytes:
    r"""Text less the lines at its end on which nothing but delimiters stands.

    >>> without_blank_end(b"1,2\n3,\n,\n,", b",", b"\n")
    b'1,2\n3,'
    """
    kept = text.rstrip(b"\r\n \t" + delimiter)
    end = text.find(newline, len(kept))
    return text[:end].removesuffix(b"\r") if kept and end != -1 else text if kept else b""


@portable
def after_lines(text: bytes, count: int, newline: bytes) -> bytes:
    r"""What follows so many physical lines.

    >>> after_lines(b"a\nb\nc", 2, b"\n"), after_lines(b"a", 1, b"\n")
    (b'c', b'')
    """
    return newline.join(text.split(newline, count)[count:])


@portable
def json_lines(text: str) -> bytes:
    r"""The records of a JSON array as they are written, one a line.

    >>> json_lines('[{"a": 1.50},\n {"a":\n2}]')
    b'{"a": 1.50}\n{"a": 2}\n'
    """
    lines: list[str] = []
    at = text.index("{") if "{" in text else len(text)
    while at < len(text) and text[at] != "]":
        _, end = json.JSONDecoder().raw_decode(text, at)
        lines.append(text[at:end].replace("\r", " ").replace("\n", " ") + "\n")
        at = end
        while at < len(text) and text[at] in " \t\r\n,":
            at += 1
    return "".join(lines).encode("utf-8", "replace")


@portable
def what_is_wrong(error: Exception) -> str:
    r"""What an exception says of a file, in one line.

    >>> what_is_wrong(FileNotFoundError(2, "No such file or directory", "a.csv"))
    'No such file or directory: a.csv'
    >>> what_is_wrong(ValueError("no number\nhint: none")), what_is_wrong(EOFError())
    ('no number', 'EOFError')
    """
    if isinstance(error, OSError) and error.strerror:
        return f"{error.strerror}: {error.filename}"
    return next((line for line in str(error).splitlines() if line.strip()), type(error).__name__)


@portable
def read_export(path: str, types: dict[str, pl.DataType]) -> pl.DataFrame:
    """Columns of a table that Longshore exported as Parquet or as CSV, in their types.

    :raises ValueError: for a file that is none of this table, such as the one it was imported from.
    """
    data = Path(path).read_bytes()
    try:
        is_parquet = data.startswith(b"PAR1")
        exported = pl.read_parquet(data) if is_parquet else read_csv_texts(data)
        columns = [(exported.get_column(name), dtype) for name, dtype in types.items()]
        made = [values.cast(dtype) if is_parquet else read_texts(values, dtype) for values, dtype in columns]
    except (ValueError, csv.Error, pl.exceptions.PolarsError) as error:
        wanted = f"{path} is not the dataset of this step as Longshore exports it (Parquet or CSV)"
        raise ValueError(f"{wanted}: {what_is_wrong(error)}") from error
    return pl.DataFrame(made)


@portable
def read_csv_texts(data: bytes) -> pl.DataFrame:
    """A CSV file whose columns are all text."""
    exported = pl.read_csv(data, infer_schema=False)
    # Polars leaves doubled quotes in names as they are.
    exported.columns = next(csv.reader(io.TextIOWrapper(io.BytesIO(data), encoding="utf-8", newline="")))
    return exported


@portable
def read_texts(texts: pl.Series, dtype: pl.DataType) -> pl.Series:
    """Values of ``dtype`` from the texts that CSV has for them."""
    if isinstance(dtype, pl.Datetime):
        zone = "%:z" if dtype.time_zone else ""
        texts, layout = texts.str.replace("Z$", "+00:00"), f"%Y-%m-%dT%H:%M:%S%.f{zone}"
        moments = texts.str.to_datetime(layout, time_unit=dtype.time_unit)
        return moments.dt.convert_time_zone(dtype.time_zone) if dtype.time_zone else moments
    if dtype == pl.Duration:
        raise ValueError(f"CSV has no durations that could be read again, as in {texts.name!r}; export as Parquet")
    if dtype == pl.Date:
        return texts.str.to_date("%Y-%m-%d")
    if dtype == pl.Time:
        return texts.str.to_time("%H:%M:%S%.f")
    if dtype == pl.Boolean:
        return texts == "true"
    return texts.str.decode("base64") if dtype == pl.Binary else texts.cast(dtype)


@portable
def run_command(df: pl.DataFrame, command: str) -> pl.DataFrame:
    """What the frame is after code that finds it as the pandas frame ``df``; columns keep their types if they can."""
    import numpy as np
    import pandas as pd

    before = df.to_arrow(compat_level=pl.CompatLevel.oldest())
    names: dict[str, Any] = {"df": to_frame(before), "pd": pd, "np": np, "__name__": "__main__"}
    exec(command, names)  # noqa: S102
    frame, columns, wanted = names["df"], [], []
    for position, label in enumerate(frame.columns):
        old = df.columns.index(label) if isinstance(label, str) and label in df.columns else position
        array = to_array(frame.iloc[:, position])
        if old < df.width:
            array = as_before(array, before.column(old).type)
            kept = are_equal(array, before.column(old))
        made = df.to_series(old) if old < df.width and kept else pl.Series(pl.from_arrow(array))
        if isinstance(made.dtype, pl.Enum):
            made = made.cast(pl.Categorical)
        columns.append(made.fill_nan(None) if made.dtype.is_float() else made)
        wanted.append(to_name(label) or f"column_{position}")
    unique = free_names(wanted, set())
    return pl.DataFrame([made.alias(name) for made, name in zip(columns, unique, strict=True)])
