"""Parquet and Arrow: typed already; only what cannot be kept becomes text."""

from __future__ import annotations

from collections.abc import Callable

import polars as pl

from longshore.errors import TooLarge, UnreadableFile, is_disk_full
from longshore.tables.core import dtypes
from longshore.tables.core.column_expressions import col
from longshore.tables.core.portable import portable
from longshore.tables.core.table import Table, write_columns
from longshore.tables.reading import names
from longshore.tables.reading.avro import require_bounded_avro
from longshore.tables.reading.context import Reading
from longshore.tables.reading.ledger import ImportAudit
from longshore.tables.reading.limits import require_cells, require_columns
from longshore.tables.reading.results import ReadWarning

_WRAP = '{"v":'
_TEXT_GROWS = 1000
"""Files of a thousandth of the limit are looked through; what grows more is no data."""


def read_parquet(reading: Reading) -> tuple[Table, list[ReadWarning]]:
    """Read a Parquet file in a stream."""
    return _keep(reading, "Parquet", lambda: pl.scan_parquet(reading.path, glob=False))


def read_arrow_file(reading: Reading) -> tuple[Table, list[ReadWarning]]:
    """Read an Arrow IPC (Feather 2) file in a stream."""
    return _keep(reading, "Arrow", lambda: pl.scan_ipc(reading.path, glob=False))


def read_arrow_stream(reading: Reading) -> tuple[Table, list[ReadWarning]]:
    """Read an Arrow IPC stream; the whole of it stands in memory."""
    return _keep(reading, "Arrow", lambda: pl.read_ipc_stream(reading.path).lazy())


def read_avro(reading: Reading) -> tuple[Table, list[ReadWarning]]:
    """Read an Avro file; the whole of it stands in memory."""
    require_bounded_avro(reading)
    return _keep(reading, "Avro", lambda: pl.read_avro(reading.path).lazy())


def _keep(reading: Reading, what: str, scan: Callable[[], pl.LazyFrame]) -> tuple[Table, list[ReadWarning]]:
    """Write the frame that ``scan`` opens; the engine's errors become sentences.

    :raises UnreadableFile: if the file is damaged or has no columns.
    """
    total = reading.path.stat().st_size
    reading.report("read", 0, total, 0)
    try:
        frame = scan()
        schema = frame.collect_schema()
        if not schema:
            raise UnreadableFile(f"the {what} file has no columns")
        require_columns(len(schema))
        require_cells(reading, frame.select(pl.len()).collect().item(), len(schema))
        _require_bounded(reading, frame, schema)
        storable = frame.select(keepable(col(name), dtype) for name, dtype in schema.items())
        unique = names.make_unique(schema.names())
        columns, rows = write_columns(reading.scratch, storable, unique)
    except pl.exceptions.PolarsError as error:
        raise _damaged(what) from error
    except pl.exceptions.PanicException as error:
        raise _damaged(what) from error
    except OSError as error:
        if is_disk_full(error):
            raise
        raise _damaged(what) from error
    reading.report("read", total, total, rows)
    converted = {name: _conversion(dtype) for name, dtype in schema.items() if not dtypes.is_storable(dtype)}
    reading.settings |= {"keys": schema.names()} if unique != schema.names() else {}
    reading.settings |= {"converted": converted} if converted else {}
    reading.books = ImportAudit.of_rows(rows, "row")
    return Table(reading.scratch, tuple(columns), rows), []


def _require_bounded(reading: Reading, frame: pl.LazyFrame, schema: pl.Schema) -> None:
    """A few bytes of Parquet can stand for any number of equal texts; a large file's cannot be far from its size.

    :raises TooLarge: if the texts have more bytes than are allowed.
    """
    if reading.size > reading.unpacked_limit / _TEXT_GROWS:
        return
    # Of what stands in a dictionary the texts are not made for this.
    lengths = [col(name).str.len_bytes() for name, dtype in schema.items() if dtype == pl.String()]
    lengths += [col(name).cat.len_bytes() for name, dtype in schema.items() if dtype == pl.Categorical()]
    if not lengths:
        return
    sizes = frame.select(length.cast(pl.UInt64).sum() for length in lengths).collect(engine="streaming")
    if sum(size or 0 for size in sizes.row(0)) > reading.unpacked_limit:
        raise TooLarge(f"the file's texts have more than {reading.unpacked_limit:,} bytes, which is the limit")


def _damaged(what: str) -> UnreadableFile:
    return UnreadableFile(f"the {what} file is cut off, damaged, or uses a feature that is not supported")


def _conversion(dtype: pl.DataType) -> str:
    """What becomes of a column that cannot be kept as it is; see :func:`keepable`."""
    if dtype.is_nested():
        return "array" if isinstance(dtype, pl.Array) else "nested"
    return "float" if dtype.is_float() else "text"


def keepable(column: pl.Expr, dtype: pl.DataType) -> pl.Expr:
    """The column in a dtype that a table can keep: nested values become JSON text, what is left becomes text."""
    if dtypes.is_storable(dtype):
        return column
    match _conversion(dtype):
        case "array":
            return json_text(column.arr.to_list())
        case "nested":
            return json_text(column)
        case "float":
            return column.cast(pl.Float32)
    return column.cast(pl.String, strict=False)


@portable
def json_text(column: pl.Expr) -> pl.Expr:
    """Lists and structs as JSON."""
    # Polars encodes structs only, so the value is wrapped in one and unwrapped as text.
    wrapped = pl.struct(column.alias("v")).struct.json_encode()
    unwrapped = wrapped.str.slice(len(_WRAP)).str.strip_suffix("}")
    return pl.when(column.is_not_null()).then(unwrapped).alias(column.meta.output_name())
