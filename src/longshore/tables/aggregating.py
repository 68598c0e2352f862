"""Aggregating, for those who use the engine as a library: :mod:`longshore.tables.operations.aggregate`."""

from longshore.tables.operations.aggregate import (
    FUNCTIONS,
    MAX_AGGREGATES,
    ROWS_NAME,
    Aggregate,
    AggregateParameters,
    Function,
    aggregate,
    describe,
)

__all__ = [
    "FUNCTIONS",
    "MAX_AGGREGATES",
    "ROWS_NAME",
    "Aggregate",
    "AggregateParameters",
    "Function",
    "aggregate",
    "describe",
]
