"""Counting a column's values, and putting those together that are nearly the same."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

import polars as pl
from pydantic import Field, StrictInt

from longshore.errors import InvalidType, TooLarge
from longshore.tables.clustering.distance import neighbours, stars
from longshore.tables.clustering.keys import fingerprint, ngrams, phonetic, plain
from longshore.tables.core import dtypes
from longshore.tables.core.column_expressions import col
from longshore.tables.core.table import Column, Table
from longshore.tables.operations import OneColumn

MAX_DISTINCT = 2_000_000
"""Different values that keys are made of: some seconds, half a gigabyte."""
MAX_COMPARED = 100_000
"""Different values that are compared by their distance."""
MAX_VALUE = 1_000
"""Characters; longer texts are no spellings of a name, and are left out."""
MAX_VALUES_SHOWN = 10_000
"""Values in an answer, all clusters together; a cluster shows at most 1,000."""
MAX_VALUES_EACH = 1_000
_ESTIMATE_ERROR = 1.1

Progress = Callable[[int, int], None]


class ClusterParameters(OneColumn):
    """Which column, and what counts as nearly the same."""

    method: Literal["fingerprint", "ngram", "phonetic", "distance"] = Field(
        "fingerprint",
        description="fingerprint: the same words, whatever their order, accents, capitals and punctuation; ngram: the "
        "same sequences of characters; phonetic: the same sound in English; distance: few different characters",
    )
    size: StrictInt = Field(2, ge=1, le=10, description="ngram: characters in a sequence")
    radius: StrictInt = Field(2, ge=1, le=5, description="distance: the greatest number of different characters")
    threshold: float = Field(
        0.75, ge=0, le=1, description="distance: the least portion of characters that are the same, from 0 to 1"
    )
    limit: StrictInt = Field(200, ge=1, le=1_000, description="clusters in the answer; the largest come first")


def find_clusters(
    table: Table, parameters: ClusterParameters, progress: Progress = lambda done, total: None
) -> dict[str, Any]:
    """Groups of values that are nearly the same, those with the most rows first, ready for JSON.

    ::

        {"clusters": [{"values": [["Paris", 12], ["paris", 1]], "suggested": "Paris", "rows": 13, "valueCount": 2}],
         "clusterCount": 1, "rowCount": 13, "valueCount": 2, "distinct": 40, "tooLong": 0, "method": "fingerprint"}

    Counts beside ``clusters`` are of all clusters, also those that the limits keep out of the answer. ``tooLong``
    counts values that were left out for their length.

    :param progress: told how many values are done, and of how many.
    :raises ColumnNotFound: when there is no such column.
    :raises InvalidType: when it holds no text.
    :raises TooLarge: for too many different values.
    """
    column = parameters.find(table)
    if not dtypes.is_text(column.dtype):
        raise InvalidType(f"column {column.name!r} holds {column.kind} values; spellings are compared in text")
    counted, too_long = _count_values(table, column, parameters.method)
    progress(0, counted.height)
    if parameters.method == "distance":
        grouped = _near(counted, parameters, lambda done: progress(done, counted.height))
    else:
        grouped = _keyed(counted, parameters, lambda done: progress(done, counted.height))
    progress(counted.height, counted.height)
    return {
        **_answer(grouped, parameters.limit),
        "distinct": counted.height + too_long,
        "tooLong": too_long,
        "method": parameters.method,
    }


def _count_values(table: Table, column: Column, method: str) -> tuple[pl.DataFrame, int]:
    """The different values with their numbers of rows, the most frequent first; how many were too long."""
    most = MAX_COMPARED if method == "distance" else MAX_DISTINCT
    frame = table.scan([column.name]).select(col(column.name).cast(pl.String).alias("value")).drop_nulls()
    # An estimate first: to count ten million different texts takes more than a gigabyte.
    estimate = frame.select(pl.col("value").approx_n_unique()).collect(engine="streaming").item()
    if estimate <= most * _ESTIMATE_ERROR:
        counted = frame.group_by("value").agg(rows=pl.len().cast(pl.Int64)).collect(engine="streaming")
        if counted.height <= most:
            fits = counted.filter(pl.col("value").str.len_chars() <= MAX_VALUE)
            # Of equally frequent values, the one without stray spaces is the better suggestion.
            stray = pl.col("value") != pl.col("value").str.strip_chars(dtypes.SPACES)
            ordered = fits.sort(["rows", stray, "value"], descending=[True, False, False])
            return ordered, counted.height - fits.height
        estimate = counted.height
    hint = "; the method fingerprint takes more" if method == "distance" else ""
    raise TooLarge(
        f"column {column.name!r} has about {estimate:,} different values; at most {most:,} are compared{hint}"
    )


def _keyed(counted: pl.DataFrame, parameters: ClusterParameters, done: Callable[[int], None]) -> pl.DataFrame:
    """The values that share their key with another one, with the key as ``cluster``."""
    values = counted["value"]
    if parameters.method == "fingerprint":
        keys = fingerprint(values)
    elif parameters.method == "ngram":
        keys = ngrams(values, parameters.size, done)
    else:
        keys = phonetic(values, done)
    keyed = counted.with_columns(keys.alias("cluster")).filter(pl.col("cluster") != "")
    return keyed.filter(pl.len().over("cluster") > 1)


def _near(counted: pl.DataFrame, parameters: ClusterParameters, done: Callable[[int], None]) -> pl.DataFrame:
    """The values near the most frequent one of their cluster, by distance of their plain spellings."""
    spelt = counted.with_columns(plain(pl.col("value")).alias("spelt")).filter(pl.col("spelt") != "")
    texts = spelt["spelt"].unique(maintain_order=True)
    near = neighbours(texts.to_list(), parameters.radius, parameters.threshold, done)
    clusters = stars(near, range(len(texts)))
    members = [member for cluster in clusters for member in cluster]
    numbers = [number for number, cluster in enumerate(clusters) for _ in cluster]
    found = pl.DataFrame({"spelt": texts.gather(members), "found": pl.Series(numbers, dtype=pl.Int64)})
    # Values with the same plain spelling belong together, whether something else is near or not.
    joined = spelt.join(found, on="spelt", how="left", maintain_order="left")
    key = pl.coalesce("#" + pl.col("found").cast(pl.String), "=" + pl.col("spelt"))
    return joined.select("value", "rows", key.alias("cluster")).filter(pl.len().over("cluster") > 1)


def _answer(grouped: pl.DataFrame, limit: int) -> dict[str, Any]:
    """The largest clusters with their values, the most frequent value first, and the counts of all."""
    clusters = (
        grouped.group_by("cluster", maintain_order=True)
        .agg(
            pl.col("value").head(MAX_VALUES_EACH),
            pl.col("rows").head(MAX_VALUES_EACH).alias("counts"),
            pl.col("rows").sum(),
            pl.len().alias("size"),
        )
        .sort(["rows", pl.col("value").list.first()], descending=[True, False])
    )
    shown = clusters.head(limit).with_columns(pl.col("value").list.len().cum_sum().alias("total"))
    shown = shown.filter((pl.col("total") <= MAX_VALUES_SHOWN) | (pl.int_range(pl.len()) == 0))
    return {
        "clusters": [
            {
                "values": [list(pair) for pair in zip(row["value"], row["counts"], strict=True)],
                "suggested": row["value"][0],
                "rows": row["rows"],
                "valueCount": row["size"],
            }
            for row in shown.iter_rows(named=True)
        ],
        "clusterCount": clusters.height,
        "rowCount": int(clusters["rows"].sum()),
        "valueCount": int(clusters["size"].sum()),
    }
