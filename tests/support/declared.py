"""A fixture of tests that declare jobs."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from longshore.jobs import declaring


@pytest.fixture
def declared() -> Iterator[None]:
    """What a test declares is forgotten after it."""
    before = dict(declaring._types)
    yield
    declaring._types.clear()
    declaring._types.update(before)
