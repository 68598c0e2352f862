"""Scripts of steps that read a second table ask for its file, and give the same table."""

from __future__ import annotations

import datetime as dt
import gzip
import subprocess
import sys
from itertools import product
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from longshore.errors import LongshoreError
from longshore.tables import writing
from longshore.tables.operations import ITSELF
from support.drawing import cells

from .conftest import Exporting

HOSTILE = '"; import\nos #'
OURS = pl.DataFrame(
    {
        "key": [1, 2, None, 3, 1],
        "*": ["a", "b", None, "a", ""],
        HOSTILE: [0.5, 1.0, 2.0, None, 1.0],
        "day": [dt.date(2001, 5, 3), None, dt.date(1999, 1, 1), None, None],
        "moment": pl.Series([1, None, 3, 2_000_000, 5], dtype=pl.Datetime("us")),
        "kind": pl.Series(["a", "b", None, "", "b"], dtype=pl.Categorical),
    }
)
THEIRS = pl.DataFrame(
    {
        "key": pl.Series([1, 1, 4, None], dtype=pl.Int32),
        "*": ["a", "b", "x", ""],
        "value": [1.0, 2.5, None, 1e300],
        HOSTILE: [1, 0, None, 5],
        "moment": pl.Series([3_000, 2_000_000_000, None, 7], dtype=pl.Datetime("ns")),
        "zoned": pl.Series([dt.datetime(2001, 5, 3, 4, tzinfo=dt.UTC), None, None, None]).dt.convert_time_zone(
            "Asia/Tokyo"
        ),
        "utc": pl.Series([None, dt.datetime(2001, 5, 3, 4, 5, 6, 70, tzinfo=dt.UTC), None, None]),
        "time": [dt.time(1, 2, 3), None, dt.time(4, 5, 6), None],
        "flag": [True, None, False, True],
        "binary": [b"\x00\xff", None, b"", b"x"],
        "decimal": pl.Series([1, None, 3, 4]).cast(pl.Decimal(10, 2)),
        "kind": pl.Series(["b", "a", None, "q"], dtype=pl.Categorical),
        "text": ["", None, 'say "x"\n', "1"],
    }
)
KEYS: list[list[dict[str, str]]] = [
    [{"column": "key"}],
    [{"column": "*"}],
    [{"column": HOSTILE}],
    [{"column": "key"}, {"column": "*"}],
    [{"column": "key", "otherColumn": HOSTILE}, {"column": HOSTILE, "otherColumn": "value"}],
    [{"column": "key", "otherColumn": "key"}, {"column": "key", "otherColumn": HOSTILE}],
    [{"column": "moment"}],
    [{"column": "kind"}],
    [{"column": "*", "otherColumn": "kind"}],
]


@pytest.mark.parametrize("how", ["left", "inner", "outer"])
@pytest.mark.parametrize("format_name", ["parquet", "csv"])
def test_joins(how: str, format_name: str, bare: Exporting) -> None:
    started, other = bare.read(OURS, "ours.parquet"), bare.read(THEIRS, "theirs.parquet").history.table
    file = bare.export(other, format_name)
    brought: list[list[str | int] | None] = [None, ["text", "key"], []]
    for keys, columns in product(KEYS, brought):
        body: dict[str, Any] = {"otherSessionID": "it's", "keys": keys, "how": how, "columns": columns}
        script = started.check(("join", body), others={"it's": other}, files=[file])
        assert "--other-file FILE" in script
        assert "the dataset it's as it was for this step" in script
        assert "import os" not in [line.strip() for line in script.splitlines()]


@pytest.mark.parametrize("format_name", ["parquet", "csv"])
def test_appended_rows(format_name: str, bare: Exporting) -> None:
    started, other = bare.read(OURS, "ours.parquet"), bare.read(THEIRS, "theirs.parquet").history.table
    file = bare.export(other, format_name)
    for new in (True, False):
        body: dict[str, Any] = {"otherSessionID": "it", "newColumns": new}
        started.check(("appendFile", body), others={"it": other}, files=[file])


def test_a_table_with_itself_needs_no_file(bare: Exporting) -> None:
    started = bare.read(OURS, "ours.parquet")
    script = started.check(
        ("appendFile", {"otherSessionID": ITSELF}),
        ("join", {"otherSessionID": ITSELF, "keys": [{"column": "key"}], "columns": ["*"]}),
    )
    assert "--other" not in script


def test_several_steps_ask_for_a_file_each(bare: Exporting) -> None:
    started, other = bare.read(OURS, "ours.parquet"), bare.read(THEIRS, "theirs.parquet").history.table
    script = started.check(
        ("join", {"otherSessionID": "it", "keys": [{"column": "key"}]}),
        ("trimText", {"columns": ["*"]}),
        ("appendFile", {"otherSessionID": "it"}),
        others={"it": other},
        files=[bare.export(other, "csv"), bare.export(other, "parquet")],
    )
    assert "--other-file-1 FILE --other-file-3 FILE" in script


def test_durations_need_parquet(bare: Exporting) -> None:
    ours, theirs = pl.DataFrame({"a": [1]}), pl.DataFrame({"a": [1, 2], "span": [dt.timedelta(1), None]})
    started, other = bare.read(ours, "ours.parquet"), bare.read(theirs, "theirs.parquet").history.table
    step = ("join", {"otherSessionID": "it", "keys": [{"column": "a"}]})
    started.check(step, others={"it": other}, files=[bare.export(other, "parquet")])
    with pytest.raises(AssertionError, match="export as Parquet"):
        started.check(step, others={"it": other}, files=[bare.export(other, "csv")])


KINDS = {
    "int": st.integers(-3, 3), "float": st.sampled_from([0.0, -0.0, 1.0, 2.5]), "text": st.sampled_from(["", "a", "1"]),
}  # fmt: skip


@st.composite
def tables(draw: st.DrawFn) -> pl.DataFrame:
    rows = draw(st.integers(0, 8))
    kinds = [draw(st.sampled_from([*KINDS])) for _ in range(3)]
    types = {"int": pl.Int64(), "float": pl.Float64(), "text": pl.String()}
    names = ["a", "b", draw(st.sampled_from(["c", "d"]))]
    values = {
        name: pl.Series(draw(cells(KINDS[kind], rows)), dtype=types[kind])
        for name, kind in zip(names, kinds, strict=True)
    }
    return pl.DataFrame(values)


@settings(
    max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
)
@given(
    ours=tables(),
    theirs=tables(),
    keys=st.lists(st.sampled_from(["a", "b"]), min_size=1, max_size=2),
    how=st.sampled_from(["left", "inner", "outer"]),
    new=st.booleans(),
    format_name=st.sampled_from(["csv", "parquet"]),
)
def test_random_tables(
    ours: pl.DataFrame, theirs: pl.DataFrame, keys: list[str], how: str, new: bool, format_name: str, bare: Exporting
) -> None:
    started, other = bare.read(ours, "ours.parquet"), bare.read(theirs, "theirs.parquet").history.table
    file = bare.export(other, format_name)
    for step in (
        ("join", {"otherSessionID": "it", "keys": [{"column": key} for key in keys], "how": how}),
        ("appendFile", {"otherSessionID": "it", "newColumns": new}),
    ):
        try:
            history = started.history.apply(step[0], {"it": other}, **step[1])
        except LongshoreError:
            continue
        bare.check(history, started, others=[file])


OTHER_FILES: list[tuple[bytes | None, str]] = [
    (None, "No such file or directory: "),
    (b"", "is not the dataset of this step as Longshore exports it (Parquet or CSV): empty "),
    (b"key;value\n1;2\n", '(Parquet or CSV): "key" not found\n'),
    (b"key,value\none,2.5\n", "(Parquet or CSV): conversion from `str` to `i32` failed"),
    (b'"key\n', "(Parquet or CSV): "),
    (b"\xff\xfe\x00k", "(Parquet or CSV): "),
    (b"PAR1 but cut", "(Parquet or CSV): "),
    (b"PK\x03\x04workbook", "(Parquet or CSV): "),
]


def run_script(script: Path, *arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, script, *map(str, arguments)], capture_output=True, text=True, check=False)


@pytest.mark.parametrize(("content", "sentence"), OTHER_FILES)
def test_a_file_that_is_not_the_other_table_is_told_in_a_sentence(
    content: bytes | None, sentence: str, tmp_path: Path, bare: Exporting
) -> None:
    started = bare.read(OURS, "ours.parquet")
    other = bare.read(THEIRS, "theirs.parquet").history.table
    step = ("join", {"otherSessionID": "it", "keys": [{"column": "key"}], "columns": ["value"]})
    script = tmp_path / "clean.py"
    script.write_text(started.check(step, others={"it": other}, files=[bare.export(other, "csv")]))
    file = tmp_path / "other.csv"
    if content is not None:
        file.write_bytes(content)
    done = run_script(script, "--other-file", file, started.source, tmp_path / "out.csv")
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert done.stderr.startswith(f"the steps cannot be carried out on {started.source}: ")
    assert sentence in done.stderr


@pytest.mark.parametrize("format_name", ["csv", "json", "xlsx", "parquet", "zip"])
def test_an_input_that_cannot_be_read_is_told_in_a_sentence(format_name: str, tmp_path: Path, bare: Exporting) -> None:
    frame = pl.DataFrame({"a": [1, 2], "b": ["x", "y"]})
    whole = bare.read(frame, "t.parquet").history.table
    content = b"a,b\n1,x\n" if format_name == "zip" else b"".join(writing.stream(whole, format_name))
    if format_name == "zip":
        content = gzip.compress(content)
    started = bare.read(content, f"t.{format_name}")
    history = started.history.apply("renameColumn", column="a", newName="c")
    script = tmp_path / "clean.py"
    script.write_text(history.script("t", started.result.settings))
    (broken := tmp_path / "broken").write_bytes(content[:2] + b"\x00\xff" * 40)
    bad = [tmp_path / "absent", tmp_path] + ([] if format_name == "csv" else [broken])
    for source in bad:
        done = run_script(script, source, tmp_path / "out.csv")
        assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1), done.stderr
        assert done.stderr.startswith(f"{source} cannot be read as the file of this script: ")
    done = run_script(script, started.source, tmp_path / "no folder" / "out.csv")
    assert (done.returncode, done.stderr.count("\n")) == (2, 1), done.stderr
    assert "out.csv cannot be written: " in done.stderr


def test_an_input_of_other_columns_is_told_in_a_sentence(tmp_path: Path, bare: Exporting) -> None:
    started = bare.read(OURS, "t.parquet")
    script = tmp_path / "clean.py"
    history = started.history.apply("deleteColumns", columns=["key"])
    script.write_text(history.script("t.parquet", started.result.settings))
    pl.DataFrame({"other": [1]}).write_parquet(tmp_path / "in.parquet")
    done = run_script(script, tmp_path / "in.parquet", tmp_path / "out.csv")
    assert (done.returncode, done.stderr.count("\n")) == (2, 1), done.stderr
