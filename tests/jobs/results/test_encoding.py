"""Writing results as JSON: the same value as json.dumps, in bounded memory, with the place of what is wrong."""

from __future__ import annotations

import dataclasses
import enum
import io
import json
import subprocess
import sys
from collections import OrderedDict, namedtuple
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import PurePosixPath
from typing import Annotated, Any
from uuid import UUID

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, Field, PlainSerializer, RootModel, TypeAdapter, computed_field
from pydantic_core import to_jsonable_python

from longshore.errors import InvalidResult
from longshore.jobs.results.encoding import FEW_MEMBERS, MAX_DEPTH, MAX_MEMBERS, PIECE_CHARACTERS, write_json


def text_of(value: Any) -> str:
    file = io.BytesIO()
    written = write_json(value, file)
    assert written == len(file.getvalue())
    return file.getvalue().decode()


def read_back(value: Any) -> Any:
    return json.loads(text_of(value))


def problem_of(value: Any) -> str:
    with pytest.raises(InvalidResult) as caught:
        write_json(value, io.BytesIO())
    return caught.value.description


scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters())  # with lone surrogates
)
documents = st.recursive(
    scalars, lambda inner: st.lists(inner) | st.dictionaries(st.text(st.characters()), inner), max_leaves=60
)


@given(documents)
def test_text_means_what_that_of_json_means(value):
    assert read_back(value) == json.loads(json.dumps(value))


@given(documents)
@settings(max_examples=40)
def test_a_portion_and_single_members_give_the_same_text(value):
    # An object that pydantic converts is never part of a portion, so everything on its way is written by itself.
    class Opaque(RootModel[int]):
        pass

    mixed = [value, *[Opaque(1)] * (FEW_MEMBERS + 1), {"a": value, "b": Opaque(2)}]
    assert read_back(mixed) == json.loads(json.dumps([value, *[1] * (FEW_MEMBERS + 1), {"a": value, "b": 2}]))


@given(st.lists(st.text(st.characters(codec=None), max_size=3), min_size=1), st.integers(1, 9))
@settings(max_examples=20)
def test_a_long_text_is_cut_into_pieces_without_a_seam(parts, times):
    text = "".join(parts) * (times * PIECE_CHARACTERS // 40)
    assert read_back(text) == json.loads(json.dumps(text))


@pytest.mark.parametrize(
    "value",
    [
        [],
        {},
        [[]],
        [{}],
        "",
        list(range(5 * MAX_MEMBERS)),
        {str(number): number for number in range(3 * MAX_MEMBERS)},
        [["x" * 3000] * 20] * 50,
        [{"large": "y" * 1_200_000, "small": 1}, 2, "z"],
        [{"rows": [list(range(2000))] * 30}] * 20,
        {"a": {"b": {"c": ["deep" * 300_000]}}},
        [[[[number]]] for number in range(10_000)],
        [*["small"] * 5000, "l" * 2_000_000, *["small"] * 5000],
    ],
    ids=lambda value: f"{type(value).__name__}-{len(value)}",
)
def test_portions_meet_without_a_seam(value):
    assert text_of(value) == json.dumps(value, separators=(",", ":"))


class Colour(enum.Enum):
    RED = "red"


class Level(enum.IntEnum):
    HIGH = 3


Point = namedtuple("Point", "x y")


@dataclasses.dataclass
class Reading:
    flow: float
    when: datetime


class Run(BaseModel):
    name: str
    flow: float = Field(serialization_alias="flow_m3s")
    when: datetime | None = None


class Marked(BaseModel):
    tags: set[int]
    raw: bytes


class Area(BaseModel):
    side: float

    @computed_field
    def area(self) -> float:
        return self.side**2


class Rounded(BaseModel):
    values: list[Annotated[float, PlainSerializer(lambda value: round(value, 1))]]


class Open(BaseModel, extra="allow"):
    known: int


MOMENT = datetime(2026, 3, 1, 12, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (MOMENT, "2026-03-01T12:30:00Z"),
        (date(2026, 3, 1), "2026-03-01"),
        (timedelta(hours=1, seconds=2), "PT1H2S"),
        (Decimal("1.10"), "1.10"),
        (UUID(int=5), "00000000-0000-0000-0000-000000000005"),
        (PurePosixPath("a/b"), "a/b"),
        (Colour.RED, "red"),
        (Level.HIGH, 3),
        (Point(1, 2), [1, 2]),
        (OrderedDict(b=1, a=2), {"b": 1, "a": 2}),
        (Reading(1.5, MOMENT), {"flow": 1.5, "when": "2026-03-01T12:30:00Z"}),
        (Run(name="a", flow=2), {"name": "a", "flow_m3s": 2.0, "when": None}),
        (Marked(tags={1}, raw=b"ab"), {"tags": [1], "raw": "ab"}),
        (Area(side=2), {"side": 2.0, "area": 4.0}),
        (Rounded(values=[1.26]), {"values": [1.3]}),
        (Open(known=1, more="x"), {"known": 1, "more": "x"}),
        (RootModel[list[int]]([1]), [1]),
        (np.float64(1.5), 1.5),
        (np.float32(0.5), 0.5),
        (np.int8(-3), -3),
        (np.bool_(True), True),
        (np.str_("ü"), "ü"),
        (np.longdouble(1.5), 1.5),
        (np.datetime64("2026-03-01T12:30"), "2026-03-01T12:30"),
        (np.array(7), 7),
        (np.arange(6).reshape(2, 3), [[0, 1, 2], [3, 4, 5]]),
        (np.zeros((0, 3)), []),
        (np.array(["a", "ü"]), ["a", "ü"]),
        (np.array(["2026-03-01"], "datetime64[D]"), ["2026-03-01"]),
        (np.array([1, "x", None], object), [1, "x", None]),
        (np.array([1.5], np.longdouble), [1.5]),
        (pd.Timestamp("2026-03-01T12:30Z"), "2026-03-01T12:30:00Z"),
    ],
    ids=repr,
)
def test_accepted_types(value, expected):
    # Alone, in a portion, and beside something that keeps it out of one.
    assert read_back(value) == expected
    assert read_back([value, {"a": value}]) == [expected, {"a": expected}]
    assert read_back([value, RootModel[int](1)]) == [expected, 1]


@pytest.mark.parametrize("value", [MOMENT, date(2026, 1, 1), timedelta(days=400, microseconds=3), Decimal("NaN")])
def test_times_and_numbers_are_written_as_pydantic_writes_them(value):
    if value != value:
        assert "not a time or a number" in problem_of(value)
    else:
        assert read_back(value) == to_jsonable_python(value)


def test_models_are_written_under_the_names_of_their_published_schema():
    schema = TypeAdapter(Run).json_schema(mode="serialization")
    assert set(read_back(Run(name="a", flow=1))) == set(schema["properties"])


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({1: "a", 2: "b"}, {"1": "a", "2": "b"}),
        ({1.5: "a"}, {"1.5": "a"}),
        ({date(2026, 3, 1): 1.0}, {"2026-03-01": 1.0}),
        ({UUID(int=1): 1}, {"00000000-0000-0000-0000-000000000001": 1}),
        ({Colour.RED: 1}, {"red": 1}),
        ({np.int64(4): 1, "b": 2}, {"4": 1, "b": 2}),
        ([{1: {2: 3}}] * 3, [{"1": {"2": 3}}] * 3),
    ],
    ids=repr,
)
def test_keys_become_text(value, expected):
    assert read_back(value) == expected


@pytest.mark.parametrize(
    ("value", "place", "reason"),
    [
        (float("nan"), "output ", "is NaN"),
        ({"runs": [1, 2, 3, {"flow": float("nan")}]}, "output.runs[3].flow ", "is NaN"),
        ({"runs": [0] * 20_000 + [{"flow": float("-inf")}]}, "output.runs[20000].flow ", "is -inf"),
        (np.array([[1.0, 2.0], [3.0, np.nan]]), "output[1][1] ", "is NaN"),
        (np.append(np.zeros(100_000), np.inf), "output[100000] ", "is inf"),
        ([np.float32("nan")], "output[0] ", "is NaN"),
        ({"a b": {1, 2}}, 'output["a b"] ', "is a set, which JSON cannot hold; return a list"),
        ([b"ab"], "output[0] ", "is a bytes"),
        ([object()], "output[0] ", "is an object"),
        ((number for number in range(3)), "output ", "is a generator"),
        ([pd.DataFrame({"a": [1]})], "output[0] ", "to_dict('records')"),
        ([1, pd.NaT], "output[1] ", "not a time"),
        ([pd.NA], "output[0] ", "is a NAType"),
        (np.array(["NaT"], "datetime64[D]"), "output ", "NaT"),
        ([np.array([1j])], "output[0] ", "complex128"),
        ([{"flow": Reading(float("nan"), MOMENT)}], "output[0].flow.flow ", "is NaN"),
        (Run(name="a", flow=float("nan")), "output.flow_m3s ", "is NaN"),
        (Area(side=float("inf")), "output.side ", "is inf"),
        ([10**5000], "output[0] ", "too many digits"),
        ({"a": {None: 1}}, "output.a ", "has the key None"),
        ({"a": [{True: 1}]}, "output.a[0] ", "has the key True"),
        ({(1, 2): 1}, "output ", "has the key (1, 2)"),
        ({float("nan"): 1}, "output ", "has the key nan"),
        ({1: "a", "1": "b"}, "output ", "two keys that both become '1'"),
    ],
    ids=lambda value: str(value)[:40] if isinstance(value, str) else "",
)
def test_what_is_not_json_is_refused_with_its_place(value, place, reason):
    problem = problem_of(value)
    assert problem.startswith(place)
    assert reason in problem


def nested(depth: int) -> list[Any]:
    value: list[Any] = []
    for _ in range(depth - 1):
        value = [value]
    return value


def test_depth_has_a_limit():
    assert read_back(nested(MAX_DEPTH)) == nested(MAX_DEPTH)
    assert "more than 200 levels" in problem_of(nested(MAX_DEPTH + 1))
    assert "more than 200 levels" in problem_of({"a": nested(MAX_DEPTH)})
    assert "more than 200 levels" in problem_of(nested(100_000))


def test_what_contains_itself_is_refused():
    value: dict[str, Any] = {"name": "loop"}
    value["children"] = [value]
    problem = problem_of(value)
    assert "contains itself" in problem
    assert problem.startswith("output.children[0].children[0]")
    assert len(problem) < 400


def test_wide_and_shared_values_are_no_portion():
    """A few objects that stand for an enormous text: ten levels of ten references each would be 40 GB."""
    value: Any = "leaf" * 10
    for _ in range(5):
        value = [value] * 10

    class Counting:
        largest = 0

        def write(self, data: bytes) -> int:
            self.largest = max(self.largest, len(data))
            return len(data)

    file = Counting()
    write_json(value, file)
    assert file.largest < 4 * 2**20


MEMORY = """
import resource, sys
from longshore.jobs.results.encoding import write_json

class Sink:
    def write(self, data):
        return len(data)

values = {
    "rows": lambda: [{"id": each, "flow": each * 0.5, "name": "station", "ok": True} for each in range(1_000_000)],
    "text": lambda: "x" * 100_000_000,
    "deep": lambda: {"a": [{"b": {"c": [{"d": "x" * 50_000_000}, list(range(2_000_000))]}}]},
    "array": lambda: __import__("numpy").arange(5e6).reshape(5, -1),
}
value = values[sys.argv[1]]()
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
written = write_json(value, Sink())
print(written, (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="ru_maxrss is in KiB on Linux only")
@pytest.mark.parametrize("what", ["rows", "text", "deep", "array"])
def test_memory_is_bounded(what):
    answer = subprocess.run([sys.executable, "-c", MEMORY, what], capture_output=True, text=True, check=True).stdout
    written, extra = map(int, answer.split())
    assert written > 40_000_000
    assert extra < 64 * 2**20
