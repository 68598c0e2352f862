"""Fixtures of handlers: a folder to drop them into, and applications that load it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from werkzeug.test import Client

from longshore.handlers.application import Application
from longshore.handlers.mounting import Dispatcher
from longshore.server.declarations import find_declarations
from longshore.settings import Settings

Write = Callable[[str, str], Path]
MakeApp = Callable[..., Application]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An empty handlers folder."""
    made = tmp_path / "handlers"
    made.mkdir()
    return made


@pytest.fixture
def write(folder: Path) -> Write:
    """Drops a file into the handlers folder."""

    def write(name: str, text: str) -> Path:
        path = folder / name
        path.write_text(text)
        return path

    return write


@pytest.fixture
def make_app(storage: Path, folder: Path) -> MakeApp:
    """Makes the application with the server's own routes (which lead to no service), the handlers and the mounts."""

    def make_app(**chosen: Any) -> Application:
        settings = Settings.from_environment(root_storage_path=storage, handlers_dir=folder, **chosen)
        found = find_declarations(settings)
        application = found.application
        application.wsgi_app = Dispatcher(  # type: ignore[method-assign]
            application.wsgi_app, found.mounts, application.url_map
        )
        return found.application

    return make_app


@pytest.fixture
def client(make_app: MakeApp) -> Callable[..., Client]:
    """Makes such an application and a client of it."""
    return lambda **chosen: Client(make_app(**chosen))
