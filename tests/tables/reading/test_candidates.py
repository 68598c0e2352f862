"""What a column of text might be."""

from collections.abc import Callable
from typing import Any

import pytest

from longshore.tables.reading.results import ReadResult

Read = Callable[..., ReadResult]


def told(read: Read, values: list[str], **options: Any) -> list[dict[str, Any]]:
    rows = "".join(f'"{value}",word\n' for value in values)
    found = read(f"x,other\n{rows}", **options).settings.get("candidates", {})
    assert found.keys() <= {"x"}
    return list(found.get("x", []))


def test_types_that_most_values_fit_with_the_first_that_does_not(read_bytes: Read) -> None:
    assert told(read_bytes, ["1", "2,5", "n.v.", "", "$4", "n/a"]) == [
        {"type": "float", "fits": 3, "of": 4, "first": {"row": 2, "value": "n.v."}}
    ]
    assert told(read_bytes, ["2020-01-01", "2020-01-02", "soon", "2020-01-04"]) == [
        {"type": "date", "fits": 3, "of": 4, "first": {"row": 2, "value": "soon"}}
    ]
    assert told(read_bytes, ["2020-01-01 10:00", "2020-01-02", "soon", "2020-01-04"])[0]["type"] == "datetime"


@pytest.mark.parametrize(
    ("values", "words"),
    [
        (["yes", "no", "Yes"], ["yes", "no"]),
        (["Ja", "", "nein"], ["ja", "nein"]),
        (["Y", "N"], ["y", "n"]),
        (["да", "нет"], ["да", "нет"]),
    ],
)
def test_booleans_in_words(read_bytes: Read, values: list[str], words: list[str]) -> None:
    filled = sum(value != "" for value in values)
    assert told(read_bytes, values) == [{"type": "boolean", "fits": filled, "of": filled, "words": words}]


@pytest.mark.parametrize(
    "values", [["1", "2"], ["a1", "b2", "c3"], ["yes", "no", "maybe"], ["1", "x", "y"], ["", ""], ["007", "08"]]
)
def test_nothing_to_tell(read_bytes: Read, values: list[str]) -> None:
    assert told(read_bytes, values) == []


def test_text_by_wish_has_none(read_bytes: Read) -> None:
    assert told(read_bytes, ["1", "2", "x"], types="text") == []
