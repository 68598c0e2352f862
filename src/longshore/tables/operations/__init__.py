"""The operations: declared once each, in one small module a family, and found through one registry."""

from longshore.tables.operations import cells, columns, conversion, missing, replacing
from longshore.tables.operations.base import (
    Change,
    Computed,
    Facts,
    OneColumn,
    Operation,
    Parameters,
    Report,
    SeveralColumns,
    all_operations,
    close_registry,
    find_operation,
    operation,
    require_operation,
)

__all__ = [
    "Change",
    "Computed",
    "Facts",
    "OneColumn",
    "Operation",
    "Parameters",
    "Report",
    "SeveralColumns",
    "all_operations",
    "cells",
    "close_registry",
    "columns",
    "conversion",
    "find_operation",
    "missing",
    "operation",
    "replacing",
    "require_operation",
]
