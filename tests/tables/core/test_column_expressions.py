"""Names from anywhere reach the engine as names."""

from __future__ import annotations

import re
from pathlib import Path

import longshore.tables

TABLES = Path(longshore.tables.__file__).parent
DIRECT = re.compile(r"\b(?:pl\.col|sort|unique|group_by|drop)\((?:\w+\.)*name\)")


def test_nobody_hands_a_users_name_to_the_engine_directly() -> None:
    found = {
        f"{path.relative_to(TABLES)}: {match[0]}"
        for path in TABLES.rglob("*.py")
        for match in DIRECT.finditer(path.read_text())
    }
    assert found == {"core/column_expressions.py: pl.col(name)"}
