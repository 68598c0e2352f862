"""The command's work: the table as a pandas frame, the user's code, what became of the frame.

Columns that came out as they went in are named, not written: the server keeps their files.
"""

import builtins
import io
import mmap
import os
import sys
import traceback
import warnings
from contextlib import contextmanager
from types import CodeType
from typing import TYPE_CHECKING, Any, BinaryIO

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd
    import pyarrow as pa

    from longshore.tables.sandbox.inside import conversion
else:
    import conversion

SOURCE = "<command>"
PRINTED_CHARACTERS = 10_000
MESSAGE_CHARACTERS = 500
MAX_COLUMNS = 20_000
BATCH_ROWS = 1_000_000


def prepare(job: dict[str, Any]) -> dict[str, Any]:
    """Load the libraries, so that the filter on system calls need not let that through."""
    sys.path[:] = [*sys.path[1:], *job["paths"]]  # without the folder of this program
    if not job["probe"]:
        if job["command"] is not None:
            import pandas as pd  # noqa: F401
        import numpy as np  # noqa: F401
        import pyarrow.compute
        import pyarrow.ipc

        pyarrow.set_cpu_count(1)
    return {}


def work(job: dict[str, Any], answer: dict[str, Any]) -> None:
    """Run the command; what happened goes into ``answer``."""
    import numpy as np
    import pandas as pd

    warnings.simplefilter("ignore")
    printed = Printed()
    sys.stdout = sys.stderr = printed
    try:
        code = compile_command(job["command"])
        table = read(job["input"])
        names = {"df": conversion.to_frame(table), "pd": pd, "np": np, "__name__": "__main__", "__builtins__": builtins}
        exec(code, names)  # noqa: S102 - what this process is for
        frame = require_frame(names.get("df"))
        answer |= compare(frame, table, job["output"])
        answer["warnings"] = dropped_index(frame)
    except BaseException as error:  # noqa: BLE001 - whatever the user's code throws is the user's to know
        answer["error"] = describe(error, sys.path)
    answer["printed"] = printed.text()


def rewrite(job: dict[str, Any], answer: dict[str, Any]) -> None:
    """Write anew what a command left behind, in a process of which the command knew nothing; ``answer`` has its rows.

    The command may have written the file itself, in whatever way: compressed a thousandfold, with one text that many
    rows point to, or with lengths that are not true. What is written here says nothing but what it holds.
    """
    try:
        answer["rows"] = copy_plainly(job["input"], job["output"], job["fileBytes"])
    except BaseException as error:  # noqa: BLE001 - whatever the file made of Arrow
        answer["error"] = describe(error, sys.path)


def copy_plainly(given: int, output: int, most_bytes: int) -> int:
    """Copy an Arrow file batch by batch, checked, uncompressed and without metadata; the number of its rows.

    :param most_bytes: of all values, as many as they are once each text of a category stands in its rows.
    :raises TooManyError: for more.
    :raises TypeError: for columns of types that :func:`.conversion.to_array` does not make, as views and nested ones.
    """
    import pyarrow as pa

    mapped = mmap.mmap(given, 0, prot=mmap.PROT_READ)
    reader = pa.ipc.open_file(pa.py_buffer(mapped))
    fields = [(field.name, field.type) for field in reader.schema]
    unknown = [
        str(kind)
        for _, kind in fields
        if not (conversion.is_plain(kind) or _is_category(kind) or pa.types.is_null(kind))
    ]
    if unknown:
        raise TypeError(f"a column of type {unknown[0][:100]}")
    schema, rows, size = pa.schema(fields), 0, 0
    with filling(output) as file, pa.ipc.new_file(file, schema) as writer:
        for number in range(reader.num_record_batches):
            batch = reader.get_batch(number)
            batch.validate(full=True)
            rows += batch.num_rows
            size += sum(map(_written_out, batch.columns))
            if size > most_bytes:
                raise TooManyError("its values are too many bytes once they are written out")
            writer.write_batch(pa.RecordBatch.from_arrays(batch.columns, schema=schema))
    return rows


def _is_category(kind: "pa.DataType") -> bool:
    import pyarrow as pa

    return bool(pa.types.is_dictionary(kind) and pa.types.is_large_string(kind.value_type))


def _written_out(array: "pa.Array") -> int:
    """Bytes of an array's values, each by itself; a missing one of no type counts as one of text."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if pa.types.is_null(array.type):
        return 8 * len(array)
    if not pa.types.is_dictionary(array.type):
        return int(array.nbytes)
    lengths = pc.binary_length(array.dictionary).cast(pa.int64()).take(array.indices)
    return int(array.indices.nbytes) + int(pc.sum(lengths).as_py() or 0)


def compile_command(command: str) -> CodeType:
    """The command as code; raises as :func:`compile`."""
    return compile(command, SOURCE, "exec", dont_inherit=True)


class Printed(io.TextIOBase):
    """Keeps the first characters that are printed and forgets the others."""

    def __init__(self) -> None:
        self._parts: list[str] = []
        self._room = PRINTED_CHARACTERS

    def writable(self) -> bool:
        """Yes."""
        return True

    def write(self, text: str) -> int:
        """Keep ``text`` as far as there is room."""
        if self._room > 0:
            self._parts.append(text[: self._room])
            self._room -= len(text)
        return len(text)

    def text(self) -> str:
        """What was kept."""
        return conversion.without_surrogates("".join(self._parts)) + ("…" if self._room < 0 else "")


class NoFrameError(Exception):
    """``df`` is no data frame at the end."""


class TooManyError(Exception):
    """The frame is over a limit."""


class DiskFullError(Exception):
    """The server's disk has no room for the result."""


def require_frame(value: object) -> "pd.DataFrame":
    """``value`` itself; raises :class:`NoFrameError` with a hint, :class:`TooManyError`."""
    import pandas as pd

    if isinstance(value, pd.Series):
        raise NoFrameError("df is a Series at the end, not a DataFrame; df.to_frame() makes it one")
    if value is None:
        raise NoFrameError(
            "df is None at the end; methods with inplace=True return None, so do not assign their result"
        )
    if not isinstance(value, pd.DataFrame):
        raise NoFrameError(f"df is of type {type(value).__name__} at the end, not a DataFrame")
    if value.shape[1] == 0:
        raise NoFrameError("df has no columns at the end; a table keeps at least one")
    if value.shape[1] > MAX_COLUMNS:
        raise TooManyError(f"df has {value.shape[1]:,} columns at the end; at most {MAX_COLUMNS:,} are allowed")
    return value


def dropped_index(frame: "pd.DataFrame") -> list[str]:
    """A sentence when the index that goes has a name, as after a group-by."""
    named = [str(name) for name in frame.index.names if name is not None]
    return [f"the index {', '.join(named)} was dropped; df.reset_index() makes it a column"] if named else []


def describe(error: BaseException, paths: list[str]) -> dict[str, Any]:
    """The error for its author: kind, type, message, and the line of their code."""
    import errno

    kind = "code"
    if isinstance(error, MemoryError):
        kind = "memory"
    elif isinstance(error, TooManyError) or (isinstance(error, OSError) and error.errno == errno.EFBIG):
        kind = "size"
    elif isinstance(error, NoFrameError):
        kind = "result"
    elif isinstance(error, DiskFullError):
        kind = "full"
    try:
        message = str(error.msg if isinstance(error, SyntaxError) else error)
    except BaseException:  # noqa: BLE001 - an exception of the user's own making
        message = ""
    for path in sorted(filter(None, paths), key=len, reverse=True):
        message = message.replace(path, "…")
    message = message if len(message) <= MESSAGE_CHARACTERS else message[: MESSAGE_CHARACTERS - 1] + "…"
    return {
        "kind": kind,
        "type": conversion.without_surrogates(type(error).__name__[:100]),
        "message": conversion.without_surrogates(message),
        "line": _line(error),
    }


def _line(error: BaseException) -> int | None:
    if isinstance(error, SyntaxError) and error.filename == SOURCE:
        return error.lineno
    lines = [line for frame, line in traceback.walk_tb(error.__traceback__) if frame.f_code.co_filename == SOURCE]
    return lines[-1] if lines else None


def read(descriptor: int) -> "pa.Table":
    """The Arrow file behind a descriptor, mapped into memory."""
    import pyarrow as pa

    if os.fstat(descriptor).st_size == 0:
        return pa.table({})
    mapped = mmap.mmap(descriptor, 0, prot=mmap.PROT_READ)
    return pa.ipc.open_file(pa.py_buffer(mapped)).read_all()


def compare(frame: "pd.DataFrame", table: "pa.Table", output: int) -> dict[str, Any]:
    """Write the columns that changed as an Arrow file, called ``c0``, ``c1`` ..., and list all of them.

    :return: ``rows`` and ``columns``: name, and under ``kept`` the index of the old column that it equals.
    """
    import pyarrow as pa

    before = {name: index for index, name in enumerate(table.column_names)}
    columns, changed = [], []
    for position in range(frame.shape[1]):
        label = frame.columns[position]
        # pandas builds one column after the other here; all at once would double the memory.
        array = conversion.to_array(frame.iloc[:, position])
        index = before.get(label) if isinstance(label, str) else None
        if index is None and position < table.num_columns:
            index = position  # perhaps the same column under another name
        old = None if index is None else table.column(index)
        array = array if old is None else conversion.as_before(array, old.type)
        kept = index if old is not None and conversion.are_equal(array, old) else None
        if kept is None:
            changed.append(array)
        columns.append({"name": conversion.to_name(label), "kept": kept})
    if changed:
        _write(pa.table(changed, names=[f"c{index}" for index in range(len(changed))]), output)
    return {"rows": len(frame), "columns": columns}


def _write(table: "pa.Table", output: int) -> None:
    import pyarrow as pa

    with filling(output) as file, pa.ipc.new_file(file, table.schema) as writer:
        writer.write_table(table, max_chunksize=BATCH_ROWS)


@contextmanager
def filling(output: int) -> "Iterator[BinaryIO]":
    """The file of the result, for writing; raises :class:`DiskFullError` when the server's disk has no room for it."""
    import errno

    try:
        with os.fdopen(output, "wb", closefd=False) as file:
            yield file
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise DiskFullError from None
        raise
