"""The worked example: its model against published numbers, and its routes; on a server: test_hydrology_served.py."""

from __future__ import annotations

import importlib
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError
from werkzeug.test import Client

# Celery 5 has announced the end of a task's `queue`; it is how the applications of today name it.
pytestmark = pytest.mark.filterwarnings("ignore:[\\s\\S]*The 'queue' task attribute")

EXAMPLE = Path(__file__).parents[2] / "examples" / "hydrology"


@pytest.fixture
def model(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(EXAMPLE)
    return importlib.import_module("hms_flask.curve_number")


@pytest.fixture
def client(monkeypatch: pytest.MonkeyPatch, model: ModuleType) -> Client:
    """The mounted application; what it would have sent to the workers is in ``sent``."""
    application = importlib.import_module("hms_flask.flask_hms")
    sent: list[Any] = []

    class Sent:
        id = "8f14e45f-ceea-467f-9a6b-0b1d5f0e7c2a"

    monkeypatch.setattr(application.hms_runoff, "delay", lambda inputs: (sent.append(inputs), Sent)[1])
    client = Client(application.app)
    client.sent = sent  # type: ignore[attr-defined]
    return client


# -- the model


def test_the_pasture_of_technical_release_55(model: ModuleType) -> None:
    """TR-55 (1986), example 2-1: 75 acres of group B and 175 of group C, pasture in good condition, 6 inches."""
    covers = [{"area": 75, "curve_number": 61}, {"area": 175, "curve_number": 74}]
    found = model.estimate(model.RunoffInput(rainfall=6, covers=covers))
    assert found.curve_number == pytest.approx(70.1)
    # The worksheet goes on with the rounded number.
    assert float(model.runoff_depth(6, round(found.curve_number))) == pytest.approx(2.81, abs=0.005)


def test_the_houses_of_technical_release_55(model: ModuleType) -> None:
    """TR-55 (1986), examples 2-2 and 4-1: the same land with half-acre lots has 75, and 3.28 inches run off."""
    covers = [(75, 70), (100, 80), (75, 74)]
    found = model.composite([model.Cover(area=area, curve_number=number) for area, number in covers])
    assert round(found) == 75
    result = model.estimate(model.RunoffInput(rainfall=6, curve_number=75))
    assert result.retention == pytest.approx(3.33, abs=0.005)
    assert result.initial_abstraction == pytest.approx(0.667, abs=0.0005)
    assert result.runoff == pytest.approx(3.28, abs=0.005)


def test_the_table_of_technical_release_55(model: ModuleType) -> None:
    """TR-55 (1986), table 2-1, the row of 6 inches of rain."""
    numbers = [40, 45, 50, 55, 60, 65, 70, 75, 80, 85, 90, 95, 98]
    published = [0.50, 0.80, 1.14, 1.52, 1.92, 2.35, 2.81, 3.28, 3.78, 4.30, 4.85, 5.41, 5.76]
    assert model.runoff_depth(6.0, np.array(numbers)) == pytest.approx(np.array(published), abs=0.006)


@pytest.mark.parametrize(
    ("number", "dry", "wet"),
    [
        (100, 100, 100),
        (95, 87, 98),
        (90, 78, 96),
        (85, 70, 94),
        (80, 63, 91),
        (75, 57, 88),
        (70, 51, 85),
        (60, 40, 78),
        (50, 31, 70),
        (40, 22, 60),
        (30, 15, 50),
        (20, 9, 37),
        (10, 4, 22),
        (5, 2, 13),
    ],
)
def test_the_antecedent_runoff_condition(model: ModuleType, number: int, dry: int, wet: int) -> None:
    """NEH part 630, chapter 10, table 10-1."""
    assert (model.adjust(number, "I"), model.adjust(number, "II"), model.adjust(number, "III")) == (dry, number, wet)


def test_millimetres_and_inches_agree(model: ModuleType) -> None:
    rain = np.linspace(0, 10, 50)
    in_mm = model.runoff_depth(rain * 25.4, 72.0, "mm")
    assert in_mm == pytest.approx(model.runoff_depth(rain, 72.0) * 25.4)


def test_runoff_is_between_nothing_and_all_rain_and_grows_with_it(model: ModuleType) -> None:
    rain = np.linspace(0, 30, 301)
    for number in (1, 30, 75, 99, 100):
        depths = model.runoff_depth(rain, float(number))
        assert (depths >= 0).all()
        assert (depths <= rain + 1e-12).all()
        assert (np.diff(depths) >= 0).all()
    assert model.runoff_depth(rain, 100.0) == pytest.approx(rain)


def test_what_is_missing_or_out_of_range_has_no_runoff(model: ModuleType) -> None:
    assert np.isnan(model.runoff_depth([np.nan, -1.0, 5.0, 5.0, np.inf], [70, 70, 0, 101, 70])).all()


@pytest.mark.parametrize(
    "inputs",
    [
        {"rainfall": 1},
        {"rainfall": 1, "curve_number": 70, "covers": [{"area": 1, "curve_number": 70}]},
        {"rainfall": -1, "curve_number": 70},
        {"rainfall": "nan", "curve_number": 70},
        {"rainfall": 1, "curve_number": 0},
        {"rainfall": 1, "covers": [{"area": 0, "curve_number": 70}]},
        {"rainfall": 1, "curve_number": 70, "unit": "cm"},
        {"rainfall": 1, "curve_number": 70, "extra": 1},
    ],
)
def test_bad_inputs_are_refused(model: ModuleType, inputs: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        model.RunoffInput.model_validate(inputs)


# -- the routes


def test_a_calculation_is_started(client: Client) -> None:
    answer = client.post("/runoff", json={"rainfall": 6, "curve_number": 75})
    assert (answer.status_code, answer.json) == (202, {"job_id": "8f14e45f-ceea-467f-9a6b-0b1d5f0e7c2a"})
    assert client.sent[0]["rainfall"] == 6  # type: ignore[attr-defined]


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b'{"rainfall": 6}'])
def test_a_bad_request_is_told_what_is_wrong(client: Client, body: bytes) -> None:
    answer = client.post("/runoff", data=body, content_type="application/json")
    assert answer.status_code == 400
    assert answer.json is not None
    assert [sentence for sentence in answer.json["error"] if sentence and not sentence.startswith("Value error")]
    assert client.sent == []  # type: ignore[attr-defined]


@pytest.mark.parametrize("query", ["", "?job_id=", "?job_id=../etc", "?job_id=1"])
def test_no_id_or_none_that_could_be_one(client: Client, query: str) -> None:
    assert client.get(f"/data{query}").json == {"error": "id provided is invalid."}
