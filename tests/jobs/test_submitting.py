"""What may be submitted, and what is said about the rest."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from pydantic import BaseModel, Field

from longshore.errors import InvalidInputs, InvalidRequest, TooLarge
from longshore.jobs import submitting
from longshore.jobs.declaring import JobType, find_job, job
from longshore.jobs.submitting import check_inputs, digest, own_key, read_batch


class Storm(BaseModel):
    rain: float = Field(gt=0)
    day: date


class Basin(BaseModel):
    curve_number: float = Field(ge=1, le=100)
    storms: list[Storm]


@pytest.fixture
def basin(declared: None) -> JobType:
    @job("basin")
    def run(inputs: Basin) -> int:
        return len(inputs.storms)

    found = find_job("basin")
    assert found is not None
    return found


@pytest.fixture
def add(declared: None) -> JobType:
    @job("add")
    def run(a: int = 1, b: int | None = None) -> int:
        return a + (b or 0)

    found = find_job("add")
    assert found is not None
    return found


GOOD = b'{"curve_number": 80, "storms": [{"rain": 2.5, "day": "2024-05-01"}]}'


def test_good_inputs_are_kept_as_they_came(basin: JobType) -> None:
    assert check_inputs(basin, b"  " + GOOD + b"\n") == GOOD


def test_no_body_is_an_empty_object(add: JobType) -> None:
    assert check_inputs(add, b" \n") == b"{}"


def test_every_field_at_fault_is_named(basin: JobType) -> None:
    with pytest.raises(InvalidInputs) as caught:
        check_inputs(basin, b'{"curve_number": 200, "storms": [{"rain": 1, "day": "2024-05-01"}, {"rain": -1}]}')
    assert [each["field"] for each in caught.value.fields] == ["curve_number", "storms[1].rain", "storms[1].day"]
    assert caught.value.status == 422
    assert caught.value.to_wire()["fields"] == caught.value.fields
    assert caught.value.description.startswith("curve_number: input should be less than or equal to 100 (and 2 more)")


def test_an_unknown_field_is_named_and_its_value_is_not_sent_back(add: JobType) -> None:
    with pytest.raises(InvalidInputs) as caught:
        check_inputs(add, b'{"c": "secret"}')
    assert [each["field"] for each in caught.value.fields] == ["c"]
    assert "secret" not in str(caught.value.to_wire())


def test_of_thousands_of_problems_a_hundred_are_sent(basin: JobType) -> None:
    body = b'{"curve_number": 80, "storms": [' + b",".join([b"{}"] * 5000) + b"]}"
    with pytest.raises(InvalidInputs) as caught:
        check_inputs(basin, body)
    assert len(caught.value.fields) == 100
    assert "(and 9,999 more)" in caught.value.description


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b'{"a": NaN}', "no NaN"),
        (b'{"a": [1, -Infinity]}', "no NaN"),
        (b'{"a": {"b": [1e999]}}', "too large"),
        (b'{"a": ' + b"9" * 400 + b".0}", "too large"),
        (b"[" * 300 + b"]" * 300, "200 levels"),
        (b'{"a": 1', "not valid JSON"),
        (b'{"a": "\xff"}', "not valid JSON"),
        (b"{'a': 1}", "not valid JSON"),
    ],
)
def test_what_is_not_json_is_refused_with_the_reason(add: JobType, body: bytes, said: str) -> None:
    with pytest.raises(InvalidRequest, match=said):
        check_inputs(add, body)


def test_large_whole_numbers_and_text_that_looks_like_an_exponent_pass(declared: None) -> None:
    @job("any")
    def run(inputs: object) -> None:
        return None

    found = find_job("any")
    assert found is not None
    for body in (b"9" * 400, b'"e999"', b"1e300", b"1e-999"):
        assert check_inputs(found, body) == body


def test_a_batch_as_array_and_as_lines(add: JobType) -> None:
    assert read_batch(add, b'[{"a": 1}, {"b": 2}]', lines=False) == [b'{"a":1}', b'{"b":2}']
    assert read_batch(add, b'{"a": 1}\r\n\n{"b": 2}', lines=True) == [b'{"a": 1}', b'{"b": 2}']


def test_a_batch_names_the_item_or_the_line_of_every_problem(add: JobType) -> None:
    with pytest.raises(InvalidInputs) as caught:
        read_batch(add, b'[{"a": 1}, {"a": "x"}, 7]', lines=False)
    assert [(each["item"], each["field"]) for each in caught.value.fields] == [(1, "a"), (2, "")]
    with pytest.raises(InvalidInputs) as caught:
        read_batch(add, b'{"a": 1}\n\n{"a": "x"}\n{"a": \n', lines=True)
    assert [(each["line"], each["field"]) for each in caught.value.fields] == [(3, "a"), (4, "")]
    assert caught.value.description.startswith("line 3: a: ")


def test_a_batch_that_is_none(add: JobType, monkeypatch: pytest.MonkeyPatch) -> None:
    for body, lines in ((b"[]", False), (b"\n \n", True), (b'{"a": 1}', False), (b"", False)):
        with pytest.raises(InvalidRequest):
            read_batch(add, body, lines=lines)
    monkeypatch.setattr(submitting, "MAX_BATCH", 2)
    with pytest.raises(TooLarge):
        read_batch(add, b"[{}, {}, {}]", lines=False)


def test_the_digest_is_of_the_meaning() -> None:
    assert digest("q", b'{"a": 1, "b": 2}') == digest("q", b'{"b":2,"a":1}')
    different = {digest("q", b"1"), digest("r", b"1"), digest("q", b"2"), digest("q", b"1", b"1")}
    assert len(different) == 4


def test_a_key_is_its_users_own() -> None:
    assert own_key(None, "ann") is None
    assert len({own_key("k", "ann"), own_key("k", "bob"), own_key("k", None)}) == 3
    for bad in ("", "x" * 256, "a\tb"):
        with pytest.raises(InvalidRequest, match="Idempotency-Key"):
            own_key(bad, None)


class Open(BaseModel, extra="allow"):
    rain: float = 1.0


class Lenient(BaseModel, extra="ignore"):
    rain: float = 1.0


class Holding(BaseModel):
    storm: Lenient = Lenient()


@pytest.mark.parametrize(
    ("document", "field", "hint"),
    [
        (b'{"curve_numbr": 80, "curve_number": 80, "storms": []}', "curve_numbr", "did you mean curve_number?"),
        (
            b'{"curve_number": 80, "storms": [{"rain": 1, "day": "2024-05-01", "dai": 1}]}',
            "storms[0].dai",
            "did you mean day?",
        ),
    ],
)
def test_an_input_that_nothing_takes_is_refused_with_the_nearest(
    basin: JobType, document: bytes, field: str, hint: str
) -> None:
    with pytest.raises(InvalidInputs) as caught:
        check_inputs(basin, document)
    assert [problem["field"] for problem in caught.value.fields] == [field]
    assert hint in caught.value.fields[0]["message"]


@pytest.mark.parametrize("model", [Open, Lenient, Holding])
def test_a_model_that_says_what_becomes_of_other_fields_decides(declared: None, model: type[BaseModel]) -> None:
    def run(inputs: Any) -> None:
        return None

    run.__annotations__["inputs"] = model
    job("decides")(run)
    found = find_job("decides")
    assert found is not None
    assert check_inputs(found, b'{"other": 1}')
