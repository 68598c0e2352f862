"""Direct runoff from storm rainfall by the curve-number method of the US Soil Conservation Service.

Source: USDA-NRCS, National Engineering Handbook, part 630 (Hydrology), chapter 10, "Estimation of Direct Runoff from
Storm Rainfall"; curve numbers themselves stand in chapter 9. With rainfall P, potential maximum retention S and initial
abstraction Ia = 0.2 S, all as depths over the watershed::

    S = 1000 / CN - 10           (inches; 25.4 times that in millimetres)
    Q = (P - Ia)^2 / (P - Ia + S)    where P > Ia, else 0
"""

from __future__ import annotations

from typing import Literal, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, model_validator

Unit = Literal["in", "mm"]
Condition = Literal["I", "II", "III"]

MM_PER_INCH = 25.4
ABSTRACTION_RATIO = 0.2
LARGEST_STORM = 10_000.0

# Chapter 10 lists, for every curve number of the average antecedent runoff condition (II), those of dry ground (I) and
# of wet ground (III); here is each fifth one, and straight lines between them are within about one.
_NORMAL = tuple(range(0, 101, 5))
_ADJUSTED = {
    "I": (0, 2, 4, 6, 9, 12, 15, 18, 22, 26, 31, 35, 40, 45, 51, 57, 63, 70, 78, 87, 100),
    "III": (0, 13, 22, 30, 37, 43, 50, 55, 60, 65, 70, 74, 78, 82, 85, 88, 91, 94, 96, 98, 100),
}


class Cover(BaseModel):
    """A part of the watershed with one soil and one cover."""

    model_config = ConfigDict(extra="forbid")

    area: float = Field(gt=0, allow_inf_nan=False, description="in any unit, the same for all parts")
    curve_number: float = Field(gt=0, le=100, description="for antecedent runoff condition II")


class RunoffInput(BaseModel):
    """One storm on one watershed."""

    model_config = ConfigDict(extra="forbid")

    rainfall: float = Field(ge=0, le=LARGEST_STORM, description="depth of the storm's rain")
    unit: Unit = Field("in", description="unit of all depths: inches or millimetres")
    curve_number: float | None = Field(None, gt=0, le=100, description="of the whole watershed; or give its covers")
    covers: list[Cover] = Field([], max_length=10_000, description="parts, whose curve numbers are weighted by area")
    condition: Condition = Field("II", description="antecedent runoff condition: I dry, II average, III wet")

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if (self.curve_number is None) == (not self.covers):
            raise ValueError("give either curve_number or covers")
        return self


class RunoffOutput(BaseModel):
    """What runs off, and the quantities on the way there."""

    curve_number: float = Field(description="weighted by area and adjusted to the antecedent runoff condition")
    retention: float = Field(description="potential maximum retention S")
    initial_abstraction: float = Field(description="rain before any runoff, Ia")
    rainfall: float
    runoff: float = Field(description="depth of direct runoff Q")
    unit: Unit


def estimate(inputs: RunoffInput) -> RunoffOutput:
    """The direct runoff of one storm."""
    average = inputs.curve_number if inputs.curve_number is not None else composite(inputs.covers)
    curve_number = adjust(average, inputs.condition)
    retention = float(retention_depth(curve_number, inputs.unit))
    return RunoffOutput(
        curve_number=curve_number,
        retention=retention,
        initial_abstraction=ABSTRACTION_RATIO * retention,
        rainfall=inputs.rainfall,
        runoff=float(runoff_depth(inputs.rainfall, curve_number, inputs.unit)),
        unit=inputs.unit,
    )


def composite(covers: list[Cover]) -> float:
    """The curve number of a watershed: the mean of its parts', weighted by their areas.

    >>> composite([Cover(area=75, curve_number=61), Cover(area=175, curve_number=74)])
    70.1
    """
    return sum(cover.area * cover.curve_number for cover in covers) / sum(cover.area for cover in covers)


def adjust(curve_number: float, condition: Condition) -> float:
    """The curve number for another antecedent runoff condition than the average one.

    >>> adjust(70, "I"), adjust(70, "II"), adjust(70, "III")
    (51.0, 70, 85.0)
    """
    if condition == "II":
        return curve_number
    return float(np.interp(curve_number, _NORMAL, _ADJUSTED[condition]))


def retention_depth(curve_number: float | NDArray[np.float64], unit: Unit = "in") -> float | NDArray[np.float64]:
    """The potential maximum retention S.

    :param curve_number: above 0, at most 100.
    """
    inches = 1000.0 / curve_number - 10.0
    return inches * MM_PER_INCH if unit == "mm" else inches


def runoff_depth(
    rainfall: float | NDArray[np.float64], curve_number: float | NDArray[np.float64], unit: Unit = "in"
) -> NDArray[np.float64]:
    """The direct runoff Q, in the unit of the rainfall; NaN where an input is missing or out of its range.

    Scalars and arrays broadcast against each other.

    >>> round(float(runoff_depth(6.0, 75)), 2)
    3.28
    """
    rain = np.asarray(rainfall, dtype=np.float64)
    number = np.asarray(curve_number, dtype=np.float64)
    usable = (rain >= 0) & (rain <= LARGEST_STORM) & (number > 0) & (number <= 100)
    retention = retention_depth(np.where(usable, number, 100.0), unit)
    excess = np.maximum(np.where(usable, rain, 0.0) - ABSTRACTION_RATIO * retention, 0.0)
    # Without rain on an impervious surface both are 0.
    whole = np.where(excess > 0, excess + retention, 1.0)
    return np.where(usable, excess**2 / whole, np.nan)
