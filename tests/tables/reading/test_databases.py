"""SQLite databases, also those that mean harm."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import date, datetime
from pathlib import Path

import pandas as pd
import pytest

from longshore.errors import InvalidRequest, TooLarge, UnreadableFile
from longshore.tables.reading import ReadResult, databases, limits
from tables.reading.conftest import cells, codes, kinds, read_damaged

Read = Callable[..., ReadResult]


@pytest.fixture
def database(tmp_path: Path) -> Callable[..., bytes]:
    """Makes a database by statements."""

    def make(*statements: str) -> bytes:
        path = tmp_path / "made.db"
        path.unlink(missing_ok=True)
        with closing(sqlite3.connect(path)) as connection:
            for statement in statements:
                connection.execute(statement)
            connection.commit()
        return path.read_bytes()

    return make


Make = Callable[..., bytes]


@pytest.mark.parametrize("name", ["t.db", "t.sqlite", "t.csv", "t"])
def test_what_pandas_writes(read_bytes: Read, tmp_path: Path, name: str) -> None:
    frame = pd.DataFrame({"n": [1, 2], "x": [1.0, None], "t": ["007", None], "d": ["2001-02-03", "2001-02-04"]})
    with closing(sqlite3.connect(tmp_path / "made.db")) as connection:
        frame.to_sql("films", connection, index=False)
    result = read_bytes((tmp_path / "made.db").read_bytes(), name=name)
    assert cells(result) == {
        "n": [1, 2],
        "x": [1.0, None],
        "t": ["007", None],
        "d": [date(2001, 2, 3), date(2001, 2, 4)],
    }
    assert kinds(result)["x"] == "float"
    assert result.settings["sheet"] == "films"
    assert result.settings["ledger"]["unit"] == "row"


def test_values_are_exact(read_bytes: Read, database: Make) -> None:
    content = database(
        "CREATE TABLE t (big, real, digits TEXT, mixed, bytes, empty TEXT, inf, moment)",
        "INSERT INTO t VALUES (9223372036854775807, 0.1, '12', 1, x'00ff', '', 9e999, '2001-02-03 04:05:06')",
        "INSERT INTO t VALUES (-9223372036854775808, 5e-324, '013', 'a', NULL, 'x', 1.5, NULL)",
        "INSERT INTO t VALUES (NULL, 1e300, NULL, 2.5, x'61', NULL, -9e999, '2001-02-03 00:00:00')",
    )
    result = read_bytes(content)
    assert cells(result) == {
        "big": [2**63 - 1, -(2**63), None],
        "real": [0.1, 5e-324, 1e300],
        "digits": ["12", "013", None],
        "mixed": ["1", "a", "2.5"],
        "bytes": ["00ff", None, "61"],
        "empty": ["", "x", None],
        "inf": [float("inf"), 1.5, float("-inf")],
        "moment": [datetime(2001, 2, 3, 4, 5, 6), None, datetime(2001, 2, 3)],  # noqa: DTZ001
    }
    assert codes(result) == ["BytesAsText"]


def test_integers_beside_fractions(read_bytes: Read, database: Make) -> None:
    content = database("CREATE TABLE t (a, b)", "INSERT INTO t VALUES (1, 9007199254740993), (0.5, 0.5)")
    assert cells(read_bytes(content)) == {"a": [1.0, 0.5], "b": ["9007199254740993", "0.5"]}


def test_the_largest_table_is_read_and_others_can_be(read_bytes: Read, database: Make) -> None:
    content = database(
        'CREATE TABLE "a ""b" (x)',
        "CREATE TABLE large (y INTEGER PRIMARY KEY AUTOINCREMENT, z)",
        "CREATE TABLE plain (k TEXT PRIMARY KEY, v) WITHOUT ROWID",
        'INSERT INTO "a ""b" VALUES (7)',
        "INSERT INTO large (z) VALUES (1), (2), (3)",
        "INSERT INTO plain VALUES ('p', 9)",
    )
    result = read_bytes(content)
    assert cells(result) == {"y": [1, 2, 3], "z": [1, 2, 3]}
    assert codes(result) == ["OtherTables"]
    assert result.top is not None
    assert result.top.sheets == ['a "b', "large", "plain"]
    assert cells(read_bytes(content, sheet='a "b')) == {"x": [7]}
    assert cells(read_bytes(content, sheet=2)) == {"k": ["p"], "v": [9]}
    for sheet in ("sqlite_master", "sqlite_sequence", "large; DROP TABLE large", 3):
        with pytest.raises(InvalidRequest, match="there is no table"):
            read_bytes(content, sheet=sheet)


def test_types_hold_for_all_rows(read_bytes: Read, database: Make) -> None:
    content = database(
        "CREATE TABLE t (n, d)",
        "WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c WHERE i < 30000)"
        " INSERT INTO t SELECT i, '2001-02-03' FROM c",
        "INSERT INTO t VALUES ('last', 'none')",
    )
    result = read_bytes(content)
    assert kinds(result) == {"n": "string", "d": "string"}
    assert cells(result)["n"] == [*map(str, range(1, 30_001)), "last"]


def test_views_triggers_and_virtual_tables_are_never_run(read_bytes: Read, database: Make) -> None:
    statements = [
        "CREATE TABLE t (a)",
        "INSERT INTO t VALUES (1)",
        "CREATE VIEW v AS WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i FROM c) SELECT i FROM c",
        "CREATE TRIGGER g AFTER INSERT ON t BEGIN DELETE FROM t; END",
        "CREATE VIRTUAL TABLE f USING fts5(words)",
    ]
    result = read_bytes(database(*statements), sheet="t")
    assert cells(result) == {"a": [1]}
    assert result.top is not None
    assert {"v", "f"}.isdisjoint(result.top.sheets)
    with pytest.raises(UnreadableFile, match="no table that holds rows; views are not read"):
        read_bytes(database("CREATE VIEW v AS SELECT 1"))


def test_a_virtual_table_that_pretends_to_have_rows(read_bytes: Read, database: Make) -> None:
    content = database(
        "CREATE TABLE t (a)",
        "INSERT INTO t VALUES (1)",
        "CREATE VIRTUAL TABLE f USING fts5(words)",
        "PRAGMA writable_schema = ON",
        "UPDATE sqlite_master SET rootpage = 2 WHERE name = 'f'",
    )
    result = read_bytes(content, sheet="t")
    assert result.top is not None
    assert "f" not in result.top.sheets


def test_generated_columns_are_read(read_bytes: Read, database: Make) -> None:
    content = database("CREATE TABLE t (a, b AS (a * 2), c AS (a || 'x') STORED)", "INSERT INTO t VALUES (4)")
    assert cells(read_bytes(content)) == {"a": [4], "b": [8], "c": ["4x"]}


def test_a_value_that_is_made_up_and_huge(read_bytes: Read, database: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(databases, "_MAX_VALUE", 10_000)
    content = database("CREATE TABLE t (a, b AS (zeroblob(a)))", "INSERT INTO t VALUES (100000)")
    with pytest.raises(UnreadableFile, match="a value of more than 10,000 bytes"):
        read_bytes(content)


def test_text_that_is_none(read_bytes: Read, database: Make) -> None:
    content = database("CREATE TABLE t (a)", "INSERT INTO t VALUES (CAST(x'c3a9ff' AS TEXT)), ('é')")
    result = read_bytes(content)
    assert cells(result) == {"a": ["é\ufffd", "é"]}
    assert codes(result) == ["InvalidBytes"]
    wide = database("PRAGMA encoding = 'UTF-16'", "CREATE TABLE t (a)", "INSERT INTO t VALUES ('東京')")
    assert cells(read_bytes(wide)) == {"a": ["東京"]}


def test_a_journal_that_was_not_sent_is_told(read_bytes: Read, tmp_path: Path) -> None:
    path = tmp_path / "made.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("CREATE TABLE t (a)")
        connection.execute("INSERT INTO t VALUES (1)")
        connection.commit()
    result = read_bytes(path.read_bytes())
    assert cells(result) == {"a": [1]}
    assert codes(result) == ["WithoutJournal"]


def test_an_empty_table(read_bytes: Read, database: Make) -> None:
    result = read_bytes(database("CREATE TABLE t (a, b)"))
    assert (result.table.rows, result.table.names) == (0, ["a", "b"])


def test_limits(read_bytes: Read, database: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    content = database("CREATE TABLE t (a, b, c)", "INSERT INTO t VALUES (1, 2, 3), (4, 5, 6)")
    monkeypatch.setattr(limits, "MAX_COLUMNS", 2)
    with pytest.raises(TooLarge, match="more than 2 columns"):
        read_bytes(content)
    monkeypatch.undo()
    with pytest.raises(TooLarge, match="more than 5 values"):
        read_bytes(content, limit=5)


@pytest.mark.parametrize("seed", range(20))
def test_damage_gives_a_clear_error_or_a_table(read_bytes: Read, database: Make, seed: int) -> None:
    rows = ", ".join(f"({n}, 'text {n}')" for n in range(500))
    content = database("CREATE TABLE t (a, b)", f"INSERT INTO t VALUES {rows}")
    read_damaged(read_bytes, content, 16, (1, 5, 200), seed)


def test_a_database_that_is_cut_off(read_bytes: Read, database: Make) -> None:
    rows = ", ".join(f"({n}, 'text {n}')" for n in range(5000))
    content = database("CREATE TABLE t (a, b)", f"INSERT INTO t VALUES {rows}")
    with pytest.raises(UnreadableFile, match="SQLite database is damaged"):
        read_bytes(content[: len(content) // 2])


@pytest.mark.parametrize(
    ("content", "match"),
    [
        (b"\x00" * 8 + b"DUCK" + bytes(100), "a DuckDB database; export the table as Parquet"),
        (b"\x00\x01\x00\x00Standard ACE DB\x00" + bytes(100), "an Access database"),
    ],
)
def test_databases_of_other_kinds(read_bytes: Read, content: bytes, match: str) -> None:
    with pytest.raises(UnreadableFile, match=match):
        read_bytes(content)
