"""The client in a program of its users: what importing it loads, and what type checkers know of it."""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
STUBS = ROOT / "src" / "longshore" / "client" / "operation_methods.pyi"

RIGHT_USE = """\
from typing import Any

from longshore import Client
from longshore.client import Dataset, Job
from longshore.errors import ColumnNotFound


def clean(path: str) -> list[dict[str, Any]]:
    with Client("http://127.0.0.1:5000", user="ada") as client:
        movies = client.upload(path, delimiter=";")
        movies.fill_with_average(column="IMDB Rating", metric="mean", if_version=0)
        movies.interpolate(column="IMDB Rating", method="ffill")
        movies.find_replace(column_index=3, to_replace=["Open"], replace_with=[None], idempotency_key="k")
        movies.sort_rows(sort_by=[{"column": "IMDB Rating", "ascending": False}])
        movies.combine_columns(columns_to_combine=["a", 1], separator=" ")
        movies.append_file(other_session_id=movies)
        movies.call("anOperationOfNextYear", any_parameter=1)
        try:
            version: int = movies.derive(expression="1", new_name="one")["version"]
        except ColumnNotFound as error:
            print(error.description)
        return movies.rows(0, 10)


def ran(client: Client) -> tuple[Job, Dataset]:
    return client.job("runoff", {"rain": 3.5}), client.dataset("a").aggregate(["a"])
"""

WRONG_USE = {
    'movies.fill_with_average(column="a", metric="average")': (
        r'incompatible type "Literal\[\'average\'\]"; expected "Literal\[\'mean\', \'median\', \'mode\'\]"'
    ),
    'movies.fill_with_average(column="a")': r'Missing named argument "metric"',
    'movies.fill_donw(column_from="a", column_to="b")': r'"Dataset" has no attribute "fill_donw"',
    'movies.fill_down("a", "b")': r"Too many positional arguments",
    "movies.delete_rows(row_indices=3)": r'"int"; expected "Sequence\[int\]"',
    'movies.rename_column(column="a", new_nam="b")': r'Unexpected keyword argument "new_nam"',
    'movies.rows("0", 3)': r'"rows" of "Dataset" has incompatible type "str"; expected "int"',
    'movies.derive(expression="1").version': r'"dict\[str, Any\]" has no attribute "version"',
}
"""Lines, and what mypy says of each."""


def test_importing_the_client_loads_no_engine() -> None:
    program = (
        "import sys; from longshore import Client; Client('http://127.0.0.1:1').dataset('a');"
        "heavy = ('altair', 'celery', 'flask', 'numpy', 'pandas', 'polars', 'pyarrow', 'redis', 'scipy', 'sqlalchemy');"
        "print([name for name in sys.modules if name.split('.')[0] in heavy"
        " or (name + '.').startswith(('longshore.tables.', 'longshore.storage.', 'longshore.state.'))])"
    )
    result = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True, timeout=60)
    assert result.stdout == "[]\n"


def test_the_stubs_are_those_of_the_operations() -> None:
    spec = importlib.util.spec_from_file_location("client_stubs", ROOT / "scripts" / "generate_client_stubs.py")
    assert spec is not None
    assert spec.loader is not None
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    assert script.make_stubs() == STUBS.read_text(), "run scripts/generate_client_stubs.py and commit what it made"


def test_mypy_finds_wrong_uses_and_no_others(tmp_path: Path) -> None:
    pytest.importorskip("mypy")
    (tmp_path / "right.py").write_text(RIGHT_USE)
    head = "from longshore.client import Dataset\n\n\ndef wrong(movies: Dataset) -> None:\n"
    (tmp_path / "wrong.py").write_text(head + "".join(f"    {line}\n" for line in WRONG_USE))
    # The server's side, which the client does not use, would be looked through for half a minute.
    rooms = ["delivery", "handlers", "jobs", "queues", "server", "web"]
    unused = ",".join([*(f"longshore.{room}.*" for room in rooms), "polars.*"])
    (tmp_path / "mypy.ini").write_text(f"[mypy]\nstrict = true\n[mypy-{unused}]\nfollow_imports = skip\n")
    result = subprocess.run(
        [sys.executable, "-m", "mypy", "--no-error-summary", "right.py", "wrong.py"],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(ROOT / "src")},
        capture_output=True,
        text=True,
        timeout=250,
    )
    found = re.findall(r"^(\S+?): error: (.*)$", result.stdout, re.MULTILINE)
    first = head.count("\n") + 1
    assert [place for place, _ in found] == [f"wrong.py:{first + at}" for at in range(len(WRONG_USE))], result
    for (_, said), expected in zip(found, WRONG_USE.values(), strict=True):
        assert re.search(expected, said)


def test_type_checkers_are_told_that_there_are_types() -> None:
    assert (ROOT / "src" / "longshore" / "py.typed").is_file()
    assert STUBS.is_file()
