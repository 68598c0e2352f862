"""Column files that are damaged or gone: one error that names a way out, and no answer that only looks whole."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import polars as pl
import pytest

from longshore.tables.core.damage import damaged_columns, is_whole
from longshore.tables.core.table import Table, write_columns
from support.server import LongshoreServer

Damage = Callable[[Path], None]


def remove(path: Path) -> None:
    path.unlink()


def cut_short(path: Path) -> None:
    with path.open("r+b") as file:
        file.truncate(path.stat().st_size // 2)


def empty(path: Path) -> None:
    path.write_bytes(b"")


def overwrite(path: Path) -> None:
    """Values in the middle, not the head and not the end that tells where all is."""
    with path.open("r+b") as file:
        file.seek(8)
        file.write(b"\xa5" * (path.stat().st_size // 2))


DAMAGES = [remove, cut_short, empty, overwrite]
ROWS = "".join(f"{n},x{n}\n" for n in range(3000))


@pytest.fixture
def client(shared_server: LongshoreServer) -> Any:
    with httpx.Client(base_url=shared_server.url, timeout=60) as made:
        yield made


@pytest.fixture
def session(client: httpx.Client) -> str:
    """A table whose column b was changed once, so that version 0 has another file of it."""
    session: str = client.post("/upload", files={"file": ("t.csv", f"a,b\n{ROWS}")}).json()["sessionID"]
    changed = client.post(f"/api/v1/datasets/{session}/operations/newCellValue", json=cell(1, "A"))
    assert changed.json()["version"] == 1
    return session


def cell(column: int, value: Any) -> dict[str, Any]:
    return {"columnIndex": column, "rowIndex": 0, "newValue": value}


def newest_file(server: LongshoreServer, session: str) -> Path:
    folder = server.storage / "datasets" / session
    return max(folder.glob("*.parquet"), key=lambda path: path.stat().st_mtime_ns)


PAGE = "rows?rowIndexFrom=0&rowIndexTo=2999&columnIndexFrom=0&columnIndexTo=1"
READS = [PAGE, "export?format=csv", "export?format=parquet", "export?format=xlsx", "profile", "analyze?columnIndex=1"]


@pytest.mark.processes
@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_file_is_told_with_the_last_version_that_is_whole(
    shared_server: LongshoreServer, client: httpx.Client, session: str, damage: Damage
) -> None:
    base = f"/api/v1/datasets/{session}"
    damage(newest_file(shared_server, session))
    answers = {read: client.get(f"{base}/{read}") for read in READS}
    answers["downloadCSV"] = client.get(f"/downloadCSV/{session}")
    answers["change"] = client.post(f"{base}/operations/newCellValue", json=cell(1, "B"))
    for name, answer in answers.items():
        told = answer.json()
        assert (answer.status_code, told["error"], told["wholeVersion"]) == (500, "DamagedData", 0), name
        assert "'b' is damaged or gone" in told["errorDescription"]
        assert "go to version 0" in told["errorDescription"]
    assert client.get(base).json()["version"] == 1
    assert client.post(f"{base}/goTo", json={"version": 0}).json()["success"]
    assert client.get(f"{base}/{PAGE}").json()["data"]["data"][0] == [0, "x0"]
    assert client.get(f"{base}/export?format=csv").text.splitlines()[1] == "0,x0"


@pytest.mark.processes
def test_where_no_version_is_whole_only_a_backup_helps(
    shared_server: LongshoreServer, client: httpx.Client, session: str
) -> None:
    for path in (shared_server.storage / "datasets" / session).glob("*.parquet"):
        cut_short(path)
    told = client.get(f"/api/v1/datasets/{session}/export?format=csv").json()
    assert (told["error"], told["wholeVersion"]) == ("DamagedData", None)
    assert "'a', 'b' is damaged" in told["errorDescription"]
    assert told["errorDescription"].endswith("restore it from a backup")


EVERY_TYPE = pl.DataFrame(
    {
        "int": [1, None, 2**60 + 1],
        "i128": pl.Series([1, None, 2**100], dtype=pl.Int128),
        "float": [1.5, None, float("inf")],
        "text": ["x", None, "日本"],
        "none": pl.Series([None] * 3, dtype=pl.String),
        "bool": [True, None, False],
        "date": [dt.date(1600, 1, 1), None, dt.date(2021, 1, 1)],
        "zoned": pl.Series([dt.datetime(2020, 1, 1)] * 3, dtype=pl.Datetime("ms", "Europe/Berlin")),  # noqa: DTZ001
        "time": [dt.time(1, 2, 3), None, dt.time(3)],
        "duration": [dt.timedelta(1), None, dt.timedelta(microseconds=1)],
        "category": pl.Series(["u", None, "v"], dtype=pl.Categorical),
        "decimal": pl.Series([Decimal("1.20"), None, Decimal("3.00")], dtype=pl.Decimal(10, 2)),
        "binary": [b"x", None, b"\x00"],
    }
)


@pytest.mark.parametrize("rows", [0, 1, 3])
def test_columns_of_every_type_are_whole(tmp_path: Path, rows: int) -> None:
    columns, count = write_columns(tmp_path, EVERY_TYPE.head(rows).lazy(), EVERY_TYPE.columns)
    assert damaged_columns(Table(tmp_path, tuple(columns), count)) == []


@pytest.mark.parametrize("damage", DAMAGES)
def test_only_the_columns_of_the_damaged_file_are_named(tmp_path: Path, damage: Damage) -> None:
    first, rows = write_columns(tmp_path, pl.LazyFrame({"a": range(50_000), "b": range(50_000)}), ["a", "b"])
    second, _ = write_columns(tmp_path, pl.LazyFrame({"c": [f"text {n}" for n in range(50_000)]}), ["c"])
    table = Table(tmp_path, (*first, *second), rows)
    assert is_whole(tmp_path / second[0].file)
    damage(tmp_path / second[0].file)
    assert damaged_columns(table) == ["c"]
