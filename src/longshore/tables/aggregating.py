"""Aggregating, for those who use the engine as a library: :mod:`longshore.tables.operations.aggregate`."""

from longshore.tables.operations.aggregate import (
    FUNCTIONS,
    MOST_AGGREGATES,
    ROWS_NAME,
    Aggregate,
    AggregateParameters,
    Function,
    aggregate,
    describe,
)

__all__ = [
    "FUNCTIONS",
    "MOST_AGGREGATES",
    "ROWS_NAME",
    "Aggregate",
    "AggregateParameters",
    "Function",
    "aggregate",
    "describe",
]
