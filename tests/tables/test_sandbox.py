"""Commands that really try to get out, to get at something, or to use up the machine."""

from __future__ import annotations

import datetime as dt
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest

from longshore.errors import Disabled, InvalidValue, LongshoreError, TimedOut, TooLarge
from longshore.tables import sandbox
from longshore.tables.core.table import Table
from longshore.tables.sandbox import host

LIMITS = sandbox.Limits(seconds=30, memory_bytes=3 * 2**30, output_bytes=20_000_000)

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the walls are Linux's")


@pytest.fixture(autouse=True)
def _enabled() -> Iterator[None]:
    sandbox.configure(LIMITS)
    yield
    sandbox.configure(None)


@pytest.fixture
def table(make_table) -> Table:  # type: ignore[no-untyped-def]
    return make_table(pl.DataFrame({"a": [1, 2, 3]}))


def printed(table: Table, command: str) -> str:
    return sandbox.run(table, command).printed.strip()


def refused(table: Table, command: str) -> str:
    """The sentence for a command that fails."""
    with pytest.raises(LongshoreError) as caught:
        sandbox.run(table, command)
    assert not list(table.folder.glob(".*")), "nothing may stay behind"
    return caught.value.description


def test_off_unless_the_server_says_so(table: Table) -> None:
    sandbox.configure(None)
    with pytest.raises(Disabled, match="EXECUTE_COMMANDS=true"):
        sandbox.run(table, "df")


def test_what_is_not_installed_is_named(table: Table, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    for cached in (host._paths, host.protection):
        cached.cache_clear()
    try:
        with pytest.raises(Disabled, match=r"needs \w+, which is not installed .* pip install 'longshore\[commands\]'"):
            sandbox.run(table, "df")
        assert sandbox.protection().startswith("no command is run: running Python code needs")
    finally:
        for cached in (host._paths, host.protection):
            cached.cache_clear()


def test_protection_is_told_plainly() -> None:
    sentence = sandbox.protection()
    assert sentence.startswith("commands")
    assert "filter on system calls" in sentence


@pytest.mark.parametrize("path", ["/etc/passwd", "/etc/hostname", "/proc/1/environ", "/proc/self/environ", "/root"])
def test_the_machines_files_are_not_there(table: Table, path: str) -> None:
    assert "Error" in refused(table, f"open({path!r}).read()")


def test_the_servers_files_are_not_there(table: Table) -> None:
    secret = table.folder / "secret"
    secret.write_text("hunter2")
    secret.chmod(0o644)
    message = refused(table, f"print(open({str(secret)!r}).read())")
    assert "FileNotFoundError" in message or "PermissionError" in message


def test_files_are_not_reached_through_what_is_open(table: Table) -> None:
    """Open descriptors lead to no folder, and /proc is not there."""
    found = printed(
        table,
        "import os\n"
        "for fd in range(256):\n"
        "    try: os.listdir(fd); print('a folder', fd)\n"
        "    except OSError: pass\n"
        "print(os.path.exists('/proc/self'))",
    )
    assert found == "False"


def test_library_folders_are_read_only(table: Table) -> None:
    written = printed(
        table,
        "import os, sys\n"
        "for place in [*sys.path, '/', '/usr/lib', '/dev', '/etc']:\n"
        "    try: open(os.path.join(place, 'x'), 'w'); print('wrote', place)\n"
        "    except OSError: pass",
    )
    assert written == ""


def test_the_folder_is_its_own_empty_and_small(table: Table) -> None:
    code = "import os\nprint(os.listdir('.'))\nopen('x', 'w').write('y')\nprint(os.listdir('.'))"
    assert printed(table, code).splitlines() == ["[]", "['x']"]
    assert "OSError" in refused(
        table, "for i in range(100):\n    with open(str(i), 'wb') as f:\n        f.write(bytes(10_000_000))"
    )
    assert "OSError" in refused(table, "for i in range(100_000): open(str(i), 'w').close()")


@pytest.mark.parametrize(
    "code",
    [
        "import socket; socket.create_connection(('127.0.0.1', {port}), 2)",
        "import socket; socket.socket(socket.AF_UNIX)",
        "import socket; socket.socketpair()",
        "import urllib.request; urllib.request.urlopen('http://127.0.0.1:{port}/')",
    ],
)
def test_no_network(table: Table, code: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        message = refused(table, code.format(port=server.getsockname()[1]))
        server.settimeout(0.05)
        with pytest.raises(TimeoutError):
            server.accept()
    assert "PermissionError" in message or "URLError" in message


def test_no_secrets_in_the_environment(table: Table, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INTERNAL_SECRET", "hunter2-hunter2-hunter2")
    told = printed(table, "import os; print(dict(os.environ))")
    assert "hunter2" not in told
    assert "ROOT_STORAGE_PATH" not in told


def test_no_privileges(table: Table) -> None:
    told = printed(table, "import os; print(os.getresuid(), os.getgroups())")
    assert told.startswith("(0") is False
    assert "PermissionError" in refused(table, "import os; os.setuid(0)")


@pytest.mark.parametrize(
    "code",
    [
        "import os\nwhile True: os.fork()",
        "import subprocess; subprocess.run(['/bin/sh'])",
        "import os; os.execv('/usr/lib/x', ['x'])",
        "import os; os.kill(os.getppid(), 9)",
        "import os; os.kill(1, 9)",
        "import os; os.kill(-1, 9)",
        "import os; os.killpg(0, 9)",
        "import os; os.memfd_create('x')",
        "import multiprocessing as m; m.Process(target=print).start()",
    ],
)
def test_no_other_processes(table: Table, code: str) -> None:
    message = refused(table, code)
    assert "PermissionError" in message or "FileNotFoundError" in message


def test_raw_system_calls_are_refused(table: Table) -> None:
    """ptrace, unshare, mount, bpf, io_uring_setup, setns, process_vm_readv by number."""
    numbers = [101, 272, 165, 321, 425, 308, 310] if os.uname().machine == "x86_64" else [117, 97, 40, 280, 425, 268]
    told = printed(
        table,
        "import ctypes\n"
        "libc = ctypes.CDLL(None, use_errno=True)\n"
        f"print([(libc.syscall(n, 0, 0, 0, 0), ctypes.get_errno()) for n in {numbers}])",
    )
    assert told == str([(-1, 1)] * len(numbers))


def test_a_thread_bomb_ends_in_an_error(table: Table) -> None:
    code = "import threading, time\nfor i in range(10_000): threading.Thread(target=time.sleep, args=(60,)).start()"
    assert "RuntimeError" in refused(table, code)


def test_memory(table: Table) -> None:
    assert "memory in line 2" in refused(table, "import os\nx = bytearray(10 * 2**30)")
    assert "memory" in refused(table, "x = np.ones(10 * 2**27)")
    assert "memory" in refused(table, "x = []\nwhile True: x.append(bytearray(10_000_000))")


@pytest.mark.parametrize(
    "code",
    [
        "while True: pass",
        "import time; time.sleep(60)",
        "'a' * 30 + 'b'; import re; re.match('(a+)+$', 'a' * 40 + 'b')",
    ],
)
def test_time(table: Table, code: str) -> None:
    sandbox.configure(sandbox.Limits(seconds=1.5))
    began = time.monotonic()
    with pytest.raises(TimedOut, match=r"1\.5 seconds"):
        sandbox.run(table, code)
    assert time.monotonic() - began < 4


def test_nothing_runs_on_after_the_limit(table: Table) -> None:
    sandbox.configure(sandbox.Limits(seconds=1.5))
    with pytest.raises(TimedOut):
        sandbox.run(table, "import signal, time\nfor s in (1, 2, 15): signal.signal(s, signal.SIG_IGN)\ntime.sleep(60)")
    deadline = time.monotonic() + 2
    while _running() and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not _running()


def _running() -> list[str]:
    inside = str(Path(host.__file__).with_name("inside")).encode()
    found = []
    for path in Path("/proc").glob("[0-9]*"):
        try:
            if inside in (path / "cmdline").read_bytes() and (path / "stat").read_text().split(") ")[1][0] != "Z":
                found.append(path.name)
        except OSError:
            continue
    return found


def test_output(table: Table) -> None:
    with pytest.raises(TooLarge, match=r"0\.02 GB"):
        sandbox.run(table, "df = pd.DataFrame({'x': np.arange(3_000_000)})")
    assert "in line 3; at most 0.02 GB" in refused(table, "f = open('x', 'wb')\nwhile True:\n    f.write(bytes(10**6))")


def test_halves_of_characters_are_replaced(table: Table) -> None:
    assert printed(table, "print('\\ud800')") == "?"
    assert "with ValueError: ?" in refused(table, "raise ValueError('\\ud800')")


def test_endless_printing_is_cut(table: Table) -> None:
    assert len(sandbox.run(table, "for i in range(10_000): print('x' * 1000)").printed) == 10_001


@pytest.mark.parametrize(
    ("code", "sentence"),
    [
        ("import os; os._exit(0)", "ended its own process"),
        ("import os; os._exit(3)", "ended its own process"),
        ("import os; os.abort()", "crashed its process"),
        ("import ctypes; ctypes.string_at(0)", "crashed its process"),
        ("import sys; sys.exit(3)", "the command failed in line 1 with SystemExit: 3"),
        ("df = 3", "df is of type int at the end"),
        ("df = df['a']", "df is a Series at the end"),
        ("df = df.dropna(inplace=True)\ndf = None", "df is None"),
        ("del df", "df is None"),
        ("df = df[[]]", "df has no columns"),
        ("df = pd.DataFrame([range(20_001)])", "at most"),
        ("x = 1\n\ny = 1 / 0", "in line 3 with ZeroDivisionError: division by zero"),
        ("def f():\n    return df['b']\nf()", "in line 2 with KeyError: 'b'"),
        ("x = (\n1", "in line 1 with SyntaxError: '(' was never closed"),
        ("from pandas import nothing", "cannot import name 'nothing' from 'pandas' (…"),
        ("raise Exception('x' * 10_000)", "…"),
        ("class E(Exception):\n    def __str__(self): raise ValueError\nraise E", "with E"),
    ],
)
def test_what_the_author_is_told(table: Table, code: str, sentence: str) -> None:
    message = refused(table, code)
    assert sentence in message
    assert sys.prefix not in message
    assert len(message) < 700


@pytest.mark.parametrize(
    "body",
    [b"", b"{}", b"[" * 100_000, b'{"rows": 3, "columns": [{"name": "a", "kept": 5}]}', b'{"rows": 9, "columns": []}',
     b'{"rows": 4, "columns": [{"name": "a", "kept": 0}]}', b'{"rows": 3, "columns": [{"name": "a", "kept": null}]}',
     b'{"rows": -1}', b"\xff\xfe"],
)  # fmt: skip
def test_a_forged_report_is_found_out(table: Table, body: bytes) -> None:
    code = (
        f"import os\nfor fd in range(3, 256):\n    try: os.write(fd, {body!r})\n    except OSError: pass\nos._exit(0)"
    )
    with pytest.raises(InvalidValue):
        sandbox.run(table, code)


FORGED = """
import json, os, sys
import pyarrow as pa
job = sys._getframe(1).f_locals["job"]

def write(schema, batches, compression=None, times=1):
    options = pa.ipc.IpcWriteOptions(compression=compression)
    with os.fdopen(job["output"], "wb", closefd=False) as file, pa.ipc.new_file(file, schema, options=options) as made:
        for batch in batches:
            made.write_batch(pa.record_batch(batch, schema=schema))

def end(rows, width=1):
    columns = [{{"name": f"n{{i}}", "kept": None}} for i in range(width)]
    os.write(job["report"], json.dumps({{"rows": rows, "columns": columns}}).encode())
    os._exit(0)

{body}
"""

TOO_MUCH = {
    "compressed": """
schema = pa.schema([("c0", pa.int64())])
write(schema, [[pa.nulls(2_000_000, pa.int64()).fill_null(7)] for _ in range(50)], "zstd")
end(100_000_000)
""",
    "compressed in one piece": """
schema = pa.schema([("c0", pa.int64())])
write(schema, [[pa.nulls(20_000_000, pa.int64()).fill_null(7)]], "lz4")
end(20_000_000)
""",
    "one text of many rows": """
kind = pa.dictionary(pa.int32(), pa.large_string())
texts = pa.array(["x" * 1_000_000], pa.large_string())
column = pa.DictionaryArray.from_arrays(pa.array([0] * 100_000, pa.int32()), texts)
write(pa.schema([("c0", kind)]), [[column]])
end(100_000)
""",
    "rows of nothing": """
write(pa.schema([("c0", pa.null())]), [[pa.nulls(2**31 - 1)]] * 2)
end(2**32 - 2)
""",
}

UNREADABLE = {
    "views of one text": """
column = pa.array(["x" * 1000] * 10_000).cast(pa.string_view())
write(pa.schema([("c0", pa.string_view())]), [[column]])
end(10_000)
""",
    "lists of nothing": """
kind = pa.list_(pa.null(), 1_000_000)
column = pa.FixedSizeListArray.from_arrays(pa.nulls(1_000_000_000), 1_000_000)
write(pa.schema([("c0", column.type)]), [[column]])
end(1000)
""",
    "structures": """
column = pa.array([{{"a": 1}}] * 10)
write(pa.schema([("c0", column.type)]), [[column]])
end(10)
""",
    "other rows than were said": """
write(pa.schema([("c0", pa.int64())]), [[pa.array([1, 2, 3])]])
end(4)
""",
    "other columns than were said": """
write(pa.schema([("c0", pa.int64())]), [[pa.array([1, 2, 3])]])
end(3, width=2)
""",
    "columns under other names": """
write(pa.schema([("x", pa.int64())]), [[pa.array([1, 2, 3])]])
end(3)
""",
    "texts that are none": """
offsets, bytes_ = pa.py_buffer(bytes(16)), pa.py_buffer(b"\\xff\\xfe" * 9)
column = pa.Array.from_buffers(pa.large_string(), 1, [None, pa.array([0, 9], pa.int64()).buffers()[1], bytes_])
write(pa.schema([("c0", pa.large_string())]), [[column]])
end(1)
""",
    "a part of a file": """
write(pa.schema([("c0", pa.int64())]), [[pa.array([1, 2, 3])]])
os.ftruncate(job["output"], 100)
end(3)
""",
}


def most_memory_of(do: Callable[[], object]) -> int:
    """Bytes by which this process grew at most, while it did something, as the kernel counts them."""
    Path("/proc/self/clear_refs").write_text("5")
    before = resident("VmRSS")
    do()
    return resident("VmHWM") - before


def resident(name: str) -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(f"{name}:"))


@pytest.mark.parametrize("body", TOO_MUCH.values(), ids=TOO_MUCH)
def test_a_result_that_grows_when_it_is_read_is_refused(table: Table, body: str) -> None:
    def command() -> None:
        with pytest.raises(TooLarge):
            sandbox.run(table, FORGED.format(body=body.replace("{{", "{").replace("}}", "}")))

    assert most_memory_of(command) < 100_000_000
    assert not list(table.folder.glob(".*"))


@pytest.mark.parametrize("body", UNREADABLE.values(), ids=UNREADABLE)
def test_a_result_that_our_program_did_not_write_is_refused(table: Table, body: str) -> None:
    def command() -> None:
        message = refused(table, FORGED.format(body=body.replace("{{", "{").replace("}}", "}")))
        assert "the command's result cannot be read" in message

    assert most_memory_of(command) < 100_000_000


def test_a_forged_file_that_holds_what_a_table_keeps_is_read(table: Table) -> None:
    body = 'write(pa.schema([("c0", pa.int64())]), [[pa.array([1, 2, 3])]], "zstd")\nend(3)'
    result = sandbox.run(table, FORGED.format(body=body))
    assert result.frame.collect().to_dict(as_series=False) == {"c0": [1, 2, 3]}


def test_a_report_without_end_is_not_read(table: Table) -> None:
    body = "os.write(job['report'], b'[' + b'1,' * 30_000_000)\nos._exit(0)"
    limits = sandbox.Limits(seconds=30, memory_bytes=3 * 2**30, output_bytes=100_000_000)
    sandbox.configure(limits)
    with pytest.raises(InvalidValue, match="tampered"):
        sandbox.run(table, FORGED.format(body=body))


def test_the_given_table_cannot_be_written_to(table: Table) -> None:
    before = table.scan().collect()
    printed(table, "import os\nfor fd in range(3, 9):\n    try: os.ftruncate(fd, 0)\n    except OSError: pass")
    assert table.scan().collect().equals(before)


EVERY_TYPE = pl.DataFrame(
    {
        "int": [1, None, 2**60 + 1],
        "full": [1, 2, 3],
        "u8": pl.Series([1, None, 255], dtype=pl.UInt8),
        "i128": pl.Series([1, None, 2**100], dtype=pl.Int128),
        "float": [1.5, None, float("inf")],
        "f32": pl.Series([1.5, None, 0.1], dtype=pl.Float32),
        "text": ["x", None, "日本"],
        "none": pl.Series([None] * 3, dtype=pl.String),
        "bool": [True, None, False],
        "date": [dt.date(1600, 1, 1), None, dt.date(2021, 1, 1)],
        "datetime": [dt.datetime(1600, 1, 1, 1, 2, 3, 4), None, dt.datetime(2021, 1, 1)],  # noqa: DTZ001
        "zoned": pl.Series([dt.datetime(2020, 1, 1)] * 3, dtype=pl.Datetime("ms", "Europe/Berlin")),  # noqa: DTZ001
        "time": [dt.time(1, 2, 3), None, dt.time(3)],
        "duration": [dt.timedelta(1), None, dt.timedelta(microseconds=1)],
        "category": pl.Series(["u", None, "v"], dtype=pl.Categorical),
        "decimal": pl.Series([Decimal("1.20"), None, Decimal("3.00")], dtype=pl.Decimal(10, 2)),
        "binary": [b"x", None, b"\x00"],
    }
)


def test_untouched_columns_are_kept(make_table) -> None:  # type: ignore[no-untyped-def]
    table = make_table(EVERY_TYPE)
    result = sandbox.run(table, "df = df.copy()")
    assert [column.kept for column in result.columns] == list(range(table.width))


def test_types_survive_fewer_rows(make_table) -> None:  # type: ignore[no-untyped-def]
    table = make_table(EVERY_TYPE)
    result = sandbox.run(table, "df = df.iloc[[2, 1]]")
    after = result.frame.select(c.values.alias(c.name) for c in result.columns if c.values is not None).collect()
    expected = EVERY_TYPE[[2, 1]].with_columns(pl.col("i128").cast(pl.String))
    assert after.schema == expected.schema
    assert after.equals(expected)


def test_what_pandas_users_expect(make_table) -> None:  # type: ignore[no-untyped-def]
    told = printed(make_table(EVERY_TYPE), "print(dict(df.dtypes.astype(str)))")
    assert "'int': 'Int64', 'full': 'int64', 'u8': 'UInt8'" in told
    assert "'text': 'str', 'none': 'str', 'bool': 'boolean', 'date': 'datetime64" in told


def test_landlock_where_mounts_are_refused(tmp_path: Path) -> None:
    """The walls' second choice for files, by itself: nothing can be opened but the libraries, nothing written."""
    (tmp_path / "secret").write_text("hunter2")
    code = (
        "import os, sys\n"
        f"sys.path.insert(0, {str(Path(host.__file__).with_name('inside'))!r})\n"
        "import isolation\n"
        "isolation.drop_privileges()\n"
        f"try: isolation.allow_reading_only({list(host.libraries())!r})\n"
        "except OSError: print('no Landlock'); sys.exit()\n"
        "def can(path, mode):\n"
        "    try: open(path, mode); return True\n"
        "    except PermissionError: return False\n"
        "import json, wave\n"  # the standard library stays readable
        f"print(can({str(tmp_path / 'secret')!r}, 'r'), can({str(tmp_path / 'new')!r}, 'w'), can('/etc/passwd', 'r'),\n"
        "      can('/tmp/longshore-new', 'w'), can(os.path.join(os.path.dirname(os.__file__), 'new'), 'w'))"
    )
    done = subprocess.run([sys.executable, "-I", "-S", "-c", code], capture_output=True, text=True, check=True)
    if done.stdout.strip() == "no Landlock":
        pytest.skip("this kernel has no Landlock")
    assert done.stdout.split() == ["False"] * 5


@pytest.mark.skipif(shutil.which("setpriv") is None or os.geteuid() != 0, reason="gives up root's rights to try this")
def test_a_user_namespace_where_the_server_may_not_mount() -> None:
    code = "from longshore.tables import sandbox; print(sandbox.protection())"
    command = ["setpriv", "--bounding-set=-sys_admin,-setuid,-setgid", sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "a root folder with nothing but" in done.stdout or "Landlock" in done.stdout


def test_no_pandas_in_this_process() -> None:
    """The server's own processes load neither pandas nor Arrow for this."""
    code = (
        "import sys, longshore.tables.operations, longshore.tables.sandbox as s\n"
        "s.protection(); print('pandas' in sys.modules, 'pyarrow' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False"]
