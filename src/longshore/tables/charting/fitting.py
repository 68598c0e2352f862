"""Least-squares lines."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Fit:
    """A straight line through points.

    :param r_squared: share of the variance that the line explains.
    :param p: two-sided, for the hypothesis that the slope is 0 (t-test with n - 2 degrees of freedom, as
        :func:`scipy.stats.linregress`); None below three points.
    """

    slope: float
    intercept: float
    r_squared: float
    p: float | None
    points: int

    def at(self, x: float) -> float:
        """The line's height."""
        return self.intercept + self.slope * x

    def to_wire(self) -> dict[str, Any]:
        """The line as a field of the answer."""
        return {
            "slope": self.slope,
            "intercept": self.intercept,
            "rSquared": self.r_squared,
            "p": self.p,
            "points": self.points,
        }

    def describe(self) -> str:
        """R² and p for a legend."""
        text = f"R² = {self.r_squared:.3f}"
        if self.p is None:
            return text
        return f"{text}, p < 0.001" if self.p < 0.001 else f"{text}, p = {self.p:.3f}"


def fit_line(points: int, mean_x: float, mean_y: float, xx: float, xy: float, yy: float) -> Fit | None:
    """The line through ``points`` points, from their means and the sums of products of deviations from these.

    :return: None where no line is determined: below two points, or when all have the same x.
    """
    if points < 2 or not xx > 0 or not all(map(math.isfinite, (mean_x, mean_y, xx, xy, yy, xy / xx))):
        return None
    slope = xy / xx
    # Roots are taken apart, since a product of two small sums may vanish.
    r = max(-1.0, min(1.0, xy / math.sqrt(xx) / math.sqrt(yy))) if yy > 0 else 0.0
    return Fit(slope, mean_y - slope * mean_x, r * r, _p_value(r, points - 2), points)


def _p_value(r: float, freedom: int) -> float | None:
    """P(|T| >= |t|) for t = r sqrt(freedom / (1 - r^2)), as a regularised incomplete beta function."""
    if freedom < 1:
        return None
    from scipy.special import betainc

    return float(betainc(freedom / 2, 0.5, (1.0 - r) * (1.0 + r)))
