"""Five small jobs to try the workbench's Jobs page with, and to copy from.

Start a server on this folder and open its Jobs page::

    HANDLERS_DIR=examples/handlers longshore serve

Each shows one thing: ``loan`` a table as its result, and a failure in words; ``birthdays`` its progress; ``route`` rows
and a nested form of inputs; ``words`` a file to download; ``dataset_summary`` a dataset as its input.
"""

from __future__ import annotations

import csv
import io
import math
import random
import re
from collections import Counter
from datetime import date
from itertools import pairwise
from typing import Any, Literal

from pydantic import BaseModel, Field

from longshore import Client, job, links
from longshore.settings import Settings


class LoanInput(BaseModel):
    """Money lent, and how it is paid back."""

    amount: float = Field(10_000, gt=0, description="what is lent")
    rate: float = Field(4.5, ge=0, le=100, description="interest a year, in per cent")
    payment: float = Field(250, gt=0, description="paid at the end of each month")
    first_month: date = Field(date(2026, 1, 1), description="any day of the month of the first payment")


@job("loan")
def loan(inputs: LoanInput) -> list[dict[str, Any]]:
    """How a loan is paid back, month by month."""
    months, owed = [], inputs.amount
    year, month = inputs.first_month.year, inputs.first_month.month
    while owed > 0.005:
        interest = owed * inputs.rate / 1200
        if interest >= inputs.payment:
            raise ValueError(
                f"a payment of {inputs.payment:,.2f} does not cover the interest of {interest:,.2f}: "
                "this loan never ends; pay more each month"
            )
        paid = min(inputs.payment, owed + interest)
        owed = owed + interest - paid
        months.append({"month": f"{year}-{month:02}-01", "interest": round(interest, 2), "owed": round(owed, 2)})
        year, month = (year + 1, 1) if month == 12 else (year, month + 1)
    return months


class Chance(BaseModel):
    """What was counted, beside what is known."""

    people: int
    trials: int
    counted: float = Field(description="share of the groups in which two people had one birthday")
    exact: float


@job("birthdays", timeout=3600)
def birthdays(progress: Any, people: int = 23, trials: int = 100_000) -> Chance:
    """How often two of a group share a birthday, by trying."""
    shared = 0
    for trial in range(trials):
        days = [random.randrange(365) for _ in range(people)]  # noqa: S311 - a game of chance, no secret
        shared += len(set(days)) < people
        if trial % 1000 == 0:
            progress(trial, trials, f"{shared:,} of {trial:,} groups so far")
    alone = math.prod((365 - taken) / 365 for taken in range(people))
    return Chance(people=people, trials=trials, counted=shared / trials, exact=1 - alone)


class Stop(BaseModel):
    """A place on a route."""

    name: str = Field(min_length=1)
    latitude: float = Field(ge=-90, le=90, description="degrees north")
    longitude: float = Field(ge=-180, le=180, description="degrees east")


class Speed(BaseModel):
    """How fast, and with what rest."""

    knots: float = Field(12, gt=0, le=60)
    hours_at_each_stop: float = Field(0, ge=0)


class RouteInput(BaseModel):
    """Where to, how, and how fast."""

    stops: list[Stop] = Field(min_length=2, description="in the order of the journey")
    unit: Literal["km", "nautical miles"] = "km"
    back_home: bool = Field(False, description="whether it ends where it began")
    speed: Speed | None = Field(None, description="to learn how long it takes")


@job("route")
def route(inputs: RouteInput) -> dict[str, Any]:
    """Distances along a sea route, over the globe."""
    stops = [*inputs.stops, inputs.stops[0]] if inputs.back_home else inputs.stops
    legs = [
        {"from": start.name, "to": end.name, inputs.unit: round(_distance_km(start, end) * _SCALES[inputs.unit], 1)}
        for start, end in pairwise(stops)
    ]
    found: dict[str, Any] = {"distance": sum(leg[inputs.unit] for leg in legs), "unit": inputs.unit, "legs": legs}
    if inputs.speed is not None:
        miles = sum(_distance_km(start, end) for start, end in pairwise(stops)) / 1.852
        found["hours"] = miles / inputs.speed.knots + inputs.speed.hours_at_each_stop * (len(stops) - 2)
    return found


_SCALES = {"km": 1.0, "nautical miles": 1 / 1.852}


def _distance_km(start: Stop, end: Stop) -> float:
    """Along the great circle, by the haversine formula."""
    north, south = math.radians(start.latitude), math.radians(end.latitude)
    across = math.radians(end.longitude - start.longitude)
    chord = math.sin((south - north) / 2) ** 2 + math.cos(north) * math.cos(south) * math.sin(across / 2) ** 2
    return 2 * 6371 * math.asin(math.sqrt(chord))


@job("words")
def words(text: str, longer_than: int = 3) -> dict[str, Any]:
    """The words of a text by how often they occur, all of them in a file."""
    counted = Counter(word for word in re.findall(r"\w+", text.lower()) if len(word) > longer_than)
    file = io.StringIO()
    csv.writer(file).writerows([("word", "count"), *counted.most_common()])
    return {
        "words": counted.total(),
        "different": len(counted),
        "file": links.register(file, file_name="words.csv"),
        "most": [{"word": word, "count": count} for word, count in counted.most_common(20)],
    }


@job("dataset_summary")
def dataset_summary(session_id: str) -> list[dict[str, Any]]:
    """The columns of a dataset, and what is missing in each."""
    settings = Settings.from_environment()
    with Client(f"http://127.0.0.1:{settings.port}") as client:
        table = client.dataset(session_id).to_polars()
    found = []
    for name in table.columns:
        column = table[name]
        missing, different = column.null_count(), column.n_unique()
        found.append({"column": name, "type": str(column.dtype), "missing": missing, "different": different})
    return found
