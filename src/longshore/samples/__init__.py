"""Small real tables: the examples of the documentation run on them, and newcomers try things out on them."""

from __future__ import annotations

from pathlib import Path

FILMS = Path(__file__).parent / "films.csv"
"""Nine films with what real files have: a doubled row, missing values, blanks at the ends, `N/A`."""
