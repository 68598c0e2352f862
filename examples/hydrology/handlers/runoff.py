"""The same model without an application around it: two declared jobs, each with its REST endpoint and its form."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from hms_flask.curve_number import RunoffInput, RunoffOutput, Unit, estimate, runoff_depth
from pydantic import BaseModel, ConfigDict, Field

from longshore import Client, job

ROWS_AT_ONCE = 100_000


class TableInput(BaseModel):
    """A dataset of this server with a storm in each row."""

    model_config = ConfigDict(extra="forbid")

    session_id: str = Field(pattern="^[0-9a-f]{30}$", description="the dataset to read; it is not changed")
    rainfall_column: str = Field("P", description="column with the depths of rain")
    curve_number_column: str = Field("CN", description="column with the curve numbers")
    result_column: str = Field("Q", description="name of the new column with the depths of runoff")
    unit: Unit = Field("in", description="unit of all depths")


class TableOutput(BaseModel):
    """Where the result is, and what is in it."""

    session_id: str = Field(description="the new dataset: the old columns and the runoff")
    rows: int
    left_empty: int = Field(description="rows whose rainfall or curve number is missing or out of range")
    mean_runoff: float | None
    largest_runoff: float | None
    unit: Unit


@job("runoff", queue="qed", timeout=600)
def runoff(inputs: RunoffInput) -> RunoffOutput:
    """Direct runoff of a storm by the curve-number method."""
    return estimate(inputs)


@job("runoff_table", queue="qed", timeout=3600)
def runoff_table(inputs: TableInput, progress: Any) -> TableOutput:
    """Direct runoff for each row of a dataset; makes a new dataset."""
    with Client() as client, tempfile.TemporaryDirectory() as folder:
        progress(0, message="reading the dataset")
        source = client.dataset(inputs.session_id).export(Path(folder) / "storms.parquet")
        table = pl.read_parquet(source)
        depths = _depths(table, inputs, progress)
        progress(table.height, table.height, "writing the result")
        target = Path(folder) / "runoff.parquet"
        column = pl.Series(inputs.result_column, depths).fill_nan(None)
        table.with_columns(column).write_parquet(target)
        made = client.upload(target)
    found = depths[~np.isnan(depths)]
    return TableOutput(
        session_id=made.session_id,
        rows=len(depths),
        left_empty=len(depths) - len(found),
        mean_runoff=float(found.mean()) if len(found) else None,
        largest_runoff=float(found.max()) if len(found) else None,
        unit=inputs.unit,
    )


def _depths(table: pl.DataFrame, inputs: TableInput, progress: Any) -> np.ndarray:
    rain = _numbers(table, inputs.rainfall_column)
    numbers = _numbers(table, inputs.curve_number_column)
    pieces = []
    for start in range(0, table.height, ROWS_AT_ONCE):
        part = slice(start, start + ROWS_AT_ONCE)
        pieces.append(runoff_depth(rain[part], numbers[part], inputs.unit))
        progress(min(start + ROWS_AT_ONCE, table.height), table.height, "rows calculated")
    return np.concatenate(pieces) if pieces else np.empty(0)


def _numbers(table: pl.DataFrame, name: str) -> np.ndarray:
    if name not in table.columns:
        raise ValueError(f"the dataset has no column {name!r}; it has {', '.join(table.columns[:20])}")
    if not table[name].dtype.is_numeric():
        raise ValueError(f"the column {name!r} holds no numbers but {table[name].dtype}")
    return table[name].cast(pl.Float64).to_numpy()
