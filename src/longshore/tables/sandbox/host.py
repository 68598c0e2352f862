"""The server's side of the sandbox: hands a table in, waits, reads what comes back and trusts none of it."""

from __future__ import annotations

import importlib.util
import json
import logging
import math
import os
import subprocess
import sys
import sysconfig
import tempfile
import time
import weakref
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import IO, Annotated, Any

import polars as pl
from pydantic import BaseModel, Field, ValidationError

from longshore.errors import (
    Disabled,
    InvalidValue,
    LongshoreError,
    StorageFull,
    TimedOut,
    TooLarge,
    is_disk_full,
)
from longshore.tables.core import dtypes
from longshore.tables.core.column_expressions import col
from longshore.tables.core.table import Table, new_file_name

log = logging.getLogger(__name__)

_INSIDE = Path(__file__).with_name("inside")
_PROBE_SECONDS = 20
_ANSWER_BYTES = 16 * 2**20
_LIBRARIES = ("pandas", "pyarrow", "numpy")
_SYSTEM = (
    *("/lib", "/lib64", "/lib32", "/usr/lib", "/usr/lib64", "/usr/local/lib", "/etc/ld.so.cache"),
    *("/usr/share/zoneinfo", "/nix/store", "/gnu/store"),
)
# Everything a command finds in its environment. One thread: more would each claim address space.
_ENVIRONMENT = {
    "LANG": "C.UTF-8",
    "TZ": "UTC",
    "HOME": "/command",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "ARROW_IO_THREADS": "1",
    "ARROW_DEFAULT_MEMORY_POOL": "system",
    "MALLOC_ARENA_MAX": "2",
}
_UNREADABLE = "the command's result cannot be read; it may hold values of a type that tables cannot keep"
_ENDED, _OUT_OF_TIME, _KILLED = 10, 11, 12
_WORDS = {
    "namespaces": "namespaces without network, other processes or mounts of the machine",
    "root": "a root folder with nothing but Python's libraries, read-only",
    "landlock": "Landlock (only Python's libraries can be read)",
    "nobody": "an unprivileged user",
    "filter": "a filter on system calls",
}


@dataclass(frozen=True)
class Limits:
    """What one command may use.

    :param seconds: wall-clock time and processor time, each, with the start of the process (about 1 s).
    :param memory_bytes: address space; Python, pandas and Arrow take about 0.6 GB of it before any data.
    :param output_bytes: size of the changed columns as Arrow, and of any file that the command writes.
    """

    seconds: float = 60.0
    memory_bytes: int = 4 * 2**30
    output_bytes: int = 2**31


_limits: Limits | None = None


def configure(limits: Limits | None) -> None:
    """Turn commands on with these limits, or off with None, in this process and those forked from it."""
    global _limits
    _limits = limits


class _Strict(BaseModel, strict=True, extra="ignore"):
    pass


class _AnsweredColumn(_Strict):
    name: str = Field(max_length=4000)
    kept: Annotated[int, Field(ge=0)] | None


class _AnsweredError(_Strict):
    kind: str = Field(max_length=20)
    type: str = Field(max_length=200)
    message: str = Field(max_length=2000)
    line: int | None


class Answer(_Strict):
    """What the process inside says of its work. A command may have written it: it is checked like a request.

    Of one that writes a result anew only ``rows`` counts, and that is true.
    """

    active: list[str] = Field(default_factory=list, max_length=20)
    refused: list[str] = Field(default_factory=list, max_length=5)
    failed: str | None = None
    error: _AnsweredError | None = None
    rows: int | None = Field(None, ge=0, lt=2**32)
    columns: list[_AnsweredColumn] = Field(default_factory=list, max_length=20_000)
    warnings: list[Annotated[str, Field(max_length=2000)]] = Field(default_factory=list, max_length=10)
    printed: str = Field("", max_length=10_001)


@dataclass(frozen=True)
class ResultColumn:
    """One column of the result.

    :param name: as the command calls it; need be neither unique nor fit for a table.
    :param kept: index of the old column that it equals, value for value; None for a new or changed one.
    :param values: expression over :attr:`Result.frame`; None for a kept one.
    """

    name: str
    kept: int | None
    values: pl.Expr | None


class OutputFile:
    """A file that goes with this object."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / f".{new_file_name()}.command"
        self.descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        self._finalizer = weakref.finalize(self, _remove, self.path, self.descriptor)

    def close(self) -> None:
        """Remove the file now."""
        self._finalizer()


def _remove(path: Path, descriptor: int) -> None:
    os.close(descriptor)
    path.unlink(missing_ok=True)


@dataclass(frozen=True)
class Result:
    """What ``df`` is at the end of a command.

    :param frame: the new and changed columns; its file lasts as long as this object.
    :param printed: the first 10,000 characters that the command printed.
    """

    columns: list[ResultColumn]
    rows: int
    frame: pl.LazyFrame
    printed: str
    warnings: list[str]
    file: OutputFile | None = field(default=None, repr=False)


def run(table: Table, command: str) -> Result:
    """Run Python code with the table as the pandas data frame ``df``, and tell what ``df`` is then.

    :raises Disabled: where commands are turned off, or this machine cannot shut them in.
    :raises InvalidValue: when the code fails, with its line; or leaves no data frame behind.
    :raises TimedOut: over the limit of time.
    :raises TooLarge: over the limit of memory or output.
    """
    limits = require_enabled()
    if sys.platform != "linux":
        raise Disabled("running Python code needs a server on Linux, which can shut it in")
    output = OutputFile(table.folder)
    try:
        with _input_file(table) as given:
            answer = _execute(limits, command, given.fileno(), output.descriptor)
        if any(column.kept is None for column in answer.columns):
            output = _rewritten(limits, answer, output)
        return _result(table, answer, output)
    except BaseException:
        output.close()
        raise


def require_enabled() -> Limits:
    """The limits in force.

    :raises Disabled: where commands are turned off.
    """
    if _limits is None:
        raise Disabled(
            "running Python code is turned off; the server's operator can set EXECUTE_COMMANDS=true, "
            "which lets everyone who may change a dataset run code on the server's machine, "
            "shut in a process without network, secrets or files"
        )
    return _limits


def _input_file(table: Table) -> IO[bytes]:
    """The table as an Arrow file without a name: it goes when it is closed, or when this process dies."""
    path = table.folder / f".{new_file_name()}.command"
    frame = table.scan()
    schema = {column.name: column.dtype for column in table.columns}
    # Arrow has no integers of 128 bits.
    frame = frame.with_columns(col(name).cast(pl.String) for name, dtype in schema.items() if dtype == pl.Int128())
    try:
        frame.sink_ipc(path, compat_level=pl.CompatLevel.oldest(), compression="uncompressed")
        return path.open("rb")
    except (OSError, pl.exceptions.PolarsError) as error:
        if is_disk_full(error):
            raise StorageFull.now() from error
        raise
    finally:
        path.unlink(missing_ok=True)


@dataclass(frozen=True)
class _Ended:
    """How the process ended: its exit code, None when time ran out, and the bytes of its report."""

    code: int | None
    report: bytes


def _start(job: dict[str, Any], descriptors: tuple[int, ...], seconds: float) -> _Ended:
    """Run the program inside to its end. It learns its job from standard input."""
    with tempfile.TemporaryFile() as report:
        job |= {"report": report.fileno(), "libraries": list(libraries()), "paths": list(_paths())}
        process = subprocess.Popen(
            [sys.executable, "-I", "-S", "-B", "-X", "utf8", str(_INSIDE)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=_ENVIRONMENT,
            cwd="/",
            pass_fds=(*descriptors, report.fileno()),
            start_new_session=True,
        )
        try:
            process.communicate(json.dumps(job).encode(), timeout=seconds)
            code: int | None = process.returncode
        except subprocess.TimeoutExpired:
            code = None
        finally:
            # The kernel then ends the process inside, and with it everything that it has started.
            process.kill()
            process.wait()
        report.seek(0)
        return _Ended(code, report.read(_ANSWER_BYTES))


def _execute(limits: Limits, command: str | None, given: int, output: int) -> Answer:
    """:param command: None to write anew what a command has left behind."""
    job = {
        "probe": False,
        "command": command,
        "input": given,
        "output": output,
        "memoryBytes": limits.memory_bytes,
        "cpuSeconds": math.ceil(limits.seconds) + 1,
        "fileBytes": limits.output_bytes,
    }
    ended = _start(job, (given, output), limits.seconds)
    if ended.code is None or ended.code == _OUT_OF_TIME:
        raise TimedOut(f"the command took longer than {limits.seconds:g} seconds and was stopped")
    if ended.code != 0:
        raise _ended_badly(ended.code)
    answer = _read(ended.report)
    if answer.error is not None:
        raise _explain(answer.error, limits)
    return answer


def _rewritten(limits: Limits, answer: Answer, left: OutputFile) -> OutputFile:
    """The file with the result as a process wrote it that ran nothing of the user's; ``left`` is gone then.

    Reading what a command left behind takes whatever that says it takes, so it is read within the command's limits.

    :raises InvalidValue: where it is malformed, or holds other rows than the answer says.
    :raises TooLarge: when its values are more than it may have.
    """
    plain = OutputFile(left.path.parent)
    try:
        copied = _execute(limits, None, left.descriptor, plain.descriptor)
    except InvalidValue:
        plain.close()
        raise InvalidValue(_UNREADABLE) from None
    except BaseException:
        plain.close()
        raise
    left.close()
    if copied.rows != answer.rows:
        plain.close()
        raise InvalidValue(_UNREADABLE)
    return plain


def _ended_badly(code: int) -> LongshoreError:
    if code == _KILLED:
        return TooLarge("the command was killed by the system; it may have needed more memory than the machine has")
    if code == _ENDED:
        return InvalidValue("the command ended its own process, so there is no result; let it run to its end")
    return InvalidValue("the command crashed its process, so there is no result")


def _read(report: bytes) -> Answer:
    """:raises InvalidValue: for a report that our program did not write."""
    if not report:
        raise InvalidValue("the command ended its own process, so there is no result; let it run to its end")
    try:
        answer = Answer.model_validate_json(report)
    except ValidationError:
        raise InvalidValue("the command tampered with its process, so there is no result") from None
    if answer.refused:
        raise Disabled(f"this machine cannot shut Python code in: {' and '.join(answer.refused)} would be open to it")
    if answer.failed is not None:
        log.error("the process for a command could not be set up: %r", answer.failed[-2000:])
        raise Disabled(
            "this machine cannot run Python code: its process could not be set up; the server's log says why"
        )
    return answer


def _explain(error: _AnsweredError, limits: Limits) -> LongshoreError:
    line = "" if error.line is None else f" in line {error.line}"
    if error.kind == "memory":
        return TooLarge(f"the command needs more than {limits.memory_bytes / 1e9:.3g} GB of memory{line}")
    if error.kind == "size":
        most = f"{limits.output_bytes / 1e9:.3g} GB"
        return TooLarge(f"the command's result or one of its files is too large{line}; at most {most} are allowed")
    if error.kind == "full":
        return StorageFull.now()
    if error.kind == "result":
        return InvalidValue(error.message)
    message = f": {error.message}" if error.message else ""
    return InvalidValue(f"the command failed{line} with {error.type}{message}")


def _result(table: Table, answer: Answer, output: OutputFile) -> Result:
    """:raises InvalidValue: where the file does not hold what the answer says."""
    if answer.rows is None or not answer.columns:
        raise InvalidValue("the command tampered with its process, so there is no result")
    made = [column for column in answer.columns if column.kept is None]
    for column in answer.columns:
        if column.kept is not None and (column.kept >= table.width or answer.rows != table.rows):
            raise InvalidValue("the command tampered with its process, so there is no result")
    frame = _open(output.path, len(made), answer.rows) if made else pl.LazyFrame()
    schema = frame.collect_schema()
    values = iter(_storable(name, dtype) for name, dtype in schema.items())
    columns = [ResultColumn(c.name, c.kept, None if c.kept is not None else next(values)) for c in answer.columns]
    return Result(columns, answer.rows, frame, answer.printed, answer.warnings, output)


def _open(path: Path, width: int, rows: int) -> pl.LazyFrame:
    try:
        frame = pl.scan_ipc(path, glob=False)
        fits = frame.collect_schema().names() == [f"c{i}" for i in range(width)]
        # Decodes every value, too: what is malformed is found here and not while the table is written.
        if fits and frame.select(pl.len(), pl.all().null_count()).collect().item(0, 0) == rows:
            return frame
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError):
        pass
    raise InvalidValue(_UNREADABLE)


def _storable(name: str, dtype: pl.DataType) -> pl.Expr:
    if isinstance(dtype, pl.Categorical | pl.Enum):
        return col(name).cast(pl.Categorical())
    return col(name) if dtypes.is_storable(dtype) else col(name).cast(pl.String)


@cache
def libraries() -> tuple[str, ...]:
    """The folders and files that Python, pandas, Arrow and the system's loader read."""
    standard = (
        sysconfig.get_path("stdlib"),
        sysconfig.get_config_var("DESTSHARED"),
        str(Path(sys.base_prefix) / "lib"),
    )
    places = {*_SYSTEM, *_paths(), *(place for place in standard if place)}
    return tuple(sorted(place for place in places if Path(place).exists()))


@cache
def _paths() -> tuple[str, ...]:
    """What the process inside adds to its ``sys.path``: the folders that hold pandas and what it needs."""
    return tuple(dict.fromkeys(str(_folder_of(name)) for name in _LIBRARIES))


def _folder_of(module: str) -> Path:
    """Its parent; raises :class:`Disabled` where it is not installed."""
    found = importlib.util.find_spec(module)  # finds a package without importing it
    if found is None or not found.submodule_search_locations:
        raise Disabled(
            f"running Python code needs {module}, which is not installed on the server: "
            "pip install 'longshore[commands]'"
        )
    return Path(next(iter(found.submodule_search_locations))).parent


@cache
def protection() -> str:
    """What shuts commands in on this machine, as a sentence: found out by raising the walls once, in about 0.1 s.

    Says nothing of whether commands are turned on.
    """
    began = time.monotonic()
    job = {"probe": True, "memoryBytes": 0, "cpuSeconds": _PROBE_SECONDS, "fileBytes": 2**20}
    try:
        ended = _start(job, (), _PROBE_SECONDS)
        answer = Answer.model_validate_json(ended.report)
    except Disabled as error:
        return f"no command is run: {error.description}"
    except (OSError, ValidationError):
        return "commands cannot be shut in here: the process for them does not start, so none is run"
    if answer.failed is not None or time.monotonic() - began > _PROBE_SECONDS:
        return f"commands cannot be shut in here ({answer.failed}), so none is run"
    walls = ", ".join(_WORDS[name] for name in answer.active if name in _WORDS)
    if answer.refused:
        gaps = " and ".join(answer.refused)
        return f"commands cannot be kept from {gaps} here, so none is run (there is: {walls or 'nothing'})"
    return f"commands are shut in by: a process without the server's environment, resource limits, {walls}"
