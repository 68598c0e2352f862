"""Tables and their columns, for those who use the engine as a library: :mod:`longshore.tables.core.table`."""

from longshore.tables.core.table import (
    COLUMN_FILE_SUFFIX,
    PAGE_BYTES,
    PARQUET,
    ROW_GROUP_CELLS,
    ROW_GROUP_ROWS,
    ROW_NUMBER,
    Column,
    Table,
    new_file_name,
    parquet_for,
    placing,
    scan_columns,
    write_columns,
)

__all__ = [
    "COLUMN_FILE_SUFFIX",
    "PAGE_BYTES",
    "PARQUET",
    "ROW_GROUP_CELLS",
    "ROW_GROUP_ROWS",
    "ROW_NUMBER",
    "Column",
    "Table",
    "new_file_name",
    "parquet_for",
    "placing",
    "scan_columns",
    "write_columns",
]
