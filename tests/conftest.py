"""Fixtures of all tests."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings as hypothesis_settings

from longshore.settings import Settings
from support.server import LongshoreServer

# Chosen with --hypothesis-profile. Where nobody is there to look at a new find, each run tries the same ones.
for profile, examples in (("quick", 50), ("thorough", 1000)):
    hypothesis_settings.register_profile(
        profile, max_examples=examples, deadline=None, print_blob=True, derandomize=bool(os.environ.get("CI"))
    )
hypothesis_settings.load_profile("quick")


@pytest.fixture(autouse=True)
def _bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No setting of whoever runs the tests reaches them."""
    for field in Settings.model_fields:
        for name in (field, field.upper()):
            if name in os.environ:
                monkeypatch.delenv(name)


@pytest.fixture
def storage(tmp_path: Path) -> Path:
    """A storage folder that does not exist yet."""
    return tmp_path / "storage"


@pytest.fixture
def settings(storage: Path) -> Settings:
    """Settings on a fresh storage folder."""
    return Settings.from_environment(root_storage_path=storage)


@pytest.fixture
def server(storage: Path) -> Iterator[LongshoreServer]:
    """A whole server, started as its user would, for one test."""
    with LongshoreServer(storage) as running:
        yield running


@pytest.fixture(scope="module")
def shared_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LongshoreServer]:
    """A whole server for the tests of one module that leave it as they found it."""
    with LongshoreServer(tmp_path_factory.mktemp("shared") / "storage") as running:
        yield running
