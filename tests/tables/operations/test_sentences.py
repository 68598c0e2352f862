"""What steps say of themselves is for people: counted nouns, types and formats in words."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import longshore.tables.operations
from longshore.tables.core.dtypes import KINDS, in_words
from longshore.tables.formats.date_inference import EPOCHS, in_letters, known_styles
from longshore.tables.operations import require_operation
from longshore.tables.replay.apply import apply
from tables.conftest import MakeTable


def test_every_format_of_dates_is_told_without_letters_of_programs() -> None:
    assert [text for text in [*known_styles(), *EPOCHS] if re.search("%|epoch", in_letters(text))] == []


@pytest.mark.parametrize(
    ("operation", "values", "parameters", "sentence"),
    [
        ("changeColumnDataType", ["1", "x"], {"newDataType": "int"}, "text to whole number; 1 value did not fit"),
        ("changeColumnDataType", ["x", "y"], {"newDataType": "float"}, "text to number; 2 values did not fit"),
        ("changeColumnDataType", [1], {"newDataType": "string"}, "Changed c from whole number to text"),
        ("parseDates", ["31/12/1999"], {}, "Read c as date, written DD/MM/YYYY"),
        ("parseDates", ["1999-12-31 23:59:00"], {}, "Read c as date and time, written YYYY-MM-DD hh:mm:ss"),
    ],
)
def test_types_and_formats_are_words(
    operation: str, values: list[Any], parameters: dict[str, Any], sentence: str, make_table: MakeTable
) -> None:
    table = make_table(pl.DataFrame({"c": values}))
    outcome = apply(table, require_operation(operation).parse({"column": "c", **parameters}))
    assert sentence in outcome.sentence


def test_the_words_of_types_are_those_of_the_workbench() -> None:
    source = (Path(__file__).parents[3] / "frontend/src/parts/format.ts").read_text()
    words = re.search(r"typeName = .*?\{(.*?)\}", source, re.DOTALL)
    assert words is not None
    shown = dict(re.findall(r'(\w+): "([^"]+)"', words[1]))
    assert {kind: in_words(kind) for kind in KINDS} == {kind: shown.get(kind, kind) for kind in KINDS}


def test_no_number_stands_before_a_plural_by_itself() -> None:
    number = re.compile(r"\{[^{}]*:,\} (?:rows|values|columns|cells|steps|groups)\b")
    of_limits = re.compile(r"at most|more than|would have|MAX_|columns: ")
    folder = Path(longshore.tables.operations.__file__).parent
    lines = [line.strip() for path in folder.glob("*.py") for line in path.read_text().splitlines()]
    assert [line for line in lines if number.search(line) and not of_limits.search(line)] == []
