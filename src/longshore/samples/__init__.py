"""Small real tables: the examples of the documentation run on them, and newcomers try things out on them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from longshore.errors import InvalidRequest, shorten

FILMS = Path(__file__).parent / "films.csv"
"""Nine films with what real files have: a doubled row, missing values, blanks at the ends, `N/A`."""
STUDIOS = Path(__file__).parent / "studios.csv"
"""Studios of some of the films, one of them spelt otherwise there: to be joined."""
LATER_FILMS = Path(__file__).parent / "later_films.csv"
"""Two more films, with a column that the others do not have: to be appended."""


@dataclass(frozen=True)
class Sample:
    """A table that newcomers are offered.

    :param about: a sentence that says what there is to do on it.
    """

    path: Path
    title: str
    about: str

    @property
    def name(self) -> str:
        """Its file's name."""
        return self.path.name


SAMPLES = (
    Sample(FILMS, "Films", "Nine films: a doubled row, blanks at the ends, missing values, studios spelt three ways"),
    Sample(
        Path(__file__).parent / "birdstrikes.csv",
        "Bird strikes",
        "2,000 reports of birds that met aircraft, 1990 to 2002: costs, species, phases of flight, with gaps",
    ),
    Sample(
        Path(__file__).parent / "weather.csv",
        "Seattle weather",
        "Four years of days: temperatures, rain and wind, made for charts over time",
    ),
)
"""The tables offered; the last two come from the npm package `vega-datasets` 3.2.1 (BSD-3-Clause)."""


def require_sample(name: str) -> Sample:
    """The sample whose file is called so.

    :raises InvalidRequest: when there is none.
    """
    for sample in SAMPLES:
        if sample.name == name:
            return sample
    known = ", ".join(sample.name for sample in SAMPLES)
    raise InvalidRequest(f"there is no sample {shorten(name)!r}, but {known}")
