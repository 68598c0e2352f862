"""A fixture for whatever declares jobs."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from longshore.jobs import declaring


@pytest.fixture(autouse=True)
def declared() -> Iterator[None]:
    """What a test declares is forgotten after it: other files of the same process list all jobs there are."""
    before = dict(declaring._types)
    yield
    declaring._types.clear()
    declaring._types.update(before)
