"""The table engine: reads files, keeps versioned columns, applies operations, answers views. Needs no server.

>>> import tempfile
>>> from pathlib import Path
>>> from longshore import tables
>>> folder = Path(tempfile.mkdtemp())
>>> _ = (folder / "prices.csv").write_text("name,price\\nAda,1.5\\nBob,\\n")
>>> history = tables.History.start(tables.read(folder / "prices.csv", folder / "work").table)
>>> history = history.apply("fillWithAverage", column="price", metric="mean")
>>> history.steps[-1].sentence
'Filled 1 missing value in price with the mean (1.5)'
>>> history.table.scan().collect().rows()
[('Ada', 1.5), ('Bob', 1.5)]
"""

from longshore.tables.core.table import Column, Table
from longshore.tables.history import History
from longshore.tables.operations import all_operations, require_operation
from longshore.tables.operations.aggregate import aggregate
from longshore.tables.reading import ReadOptions, read
from longshore.tables.replay.apply import apply

__all__ = [
    "Column",
    "History",
    "ReadOptions",
    "Table",
    "aggregate",
    "all_operations",
    "apply",
    "read",
    "require_operation",
]
