"""Small real tables: the examples of the documentation run on them, and newcomers try things out on them."""

from __future__ import annotations

from pathlib import Path

FILMS = Path(__file__).parent / "films.csv"
"""Nine films with what real files have: a doubled row, missing values, blanks at the ends, `N/A`."""
STUDIOS = Path(__file__).parent / "studios.csv"
"""Studios of some of the films, one of them spelt otherwise there: to be joined."""
LATER_FILMS = Path(__file__).parent / "later_films.csv"
"""Two more films, with a column that the others do not have: to be appended."""
