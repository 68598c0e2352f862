"""A whole application in this process, open or with tokens; nothing listens and no broker runs."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from longshore.access.scopes import Scope
from longshore.access.tokens import Token, make_token
from longshore.server.application import create_app
from longshore.settings import Settings
from support.databases import prepare


@dataclass
class Served:
    """An application and what its audit log says."""

    app: Flask
    settings: Settings

    @property
    def client(self) -> FlaskClient:
        return self.app.test_client()

    @property
    def bare_client(self) -> FlaskClient:
        """One that sends the cookies it is told to, and keeps none."""
        return self.app.test_client(use_cookies=False)

    @property
    def audit(self) -> list[dict[str, Any]]:
        assert self.settings.audit_log is not None
        return [json.loads(line) for line in self.settings.audit_log.read_text().splitlines()]


@dataclass
class Tokens:
    """One token of each scope, and the file that names them."""

    path: Path
    shown: dict[str, str]
    kept: dict[str, Token]

    def bearer(self, name: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.shown[name]}"}

    def withdraw(self, name: str) -> None:
        del self.kept[name]
        self.write()

    def write(self) -> None:
        partial = self.path.with_suffix(".new")
        partial.write_text("# who may come in\n" + "".join(f"{kept.line}\n" for kept in self.kept.values()))
        partial.replace(self.path)


@pytest.fixture
def tokens(tmp_path: Path) -> Tokens:
    """Tokens for ``rita`` (read), ``will`` (write) and ``ada`` (admin)."""
    made = {
        name: make_token(name, scope)
        for name, scope in {"rita": Scope.READ, "will": Scope.WRITE, "ada": Scope.ADMIN}.items()
    }
    found = Tokens(
        tmp_path / "tokens", {n: shown for n, (shown, _) in made.items()}, {n: k for n, (_, k) in made.items()}
    )
    found.write()
    return found


Serve = Callable[..., Served]


@pytest.fixture
def serve(storage: Path, tmp_path: Path) -> Iterator[Serve]:
    """Make an application with the settings given."""
    made: list[Served] = []

    def make(**chosen: Any) -> Served:
        settings = Settings.from_environment(
            root_storage_path=storage, audit_log=tmp_path / "audit.log", handlers_dir=tmp_path / "handlers", **chosen
        )
        prepare(settings)
        served = Served(create_app(settings), settings)
        made.append(served)
        return served

    yield make
    for served in made:
        served.app.extensions["longshore"].close()


@pytest.fixture
def closed(serve: Serve, tokens: Tokens) -> Served:
    """An application that asks for tokens."""
    return serve(auth_tokens=f"@{tokens.path}")


@pytest.fixture
def opened(serve: Serve) -> Served:
    """An application on loopback that asks nobody."""
    return serve()
