"""Who wrote what is bundled in the workbench is named beside it, with the licence that it was given under."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path

import pytest
from flask import Flask

from longshore.server.workbench import FOLDER, NOTICES, workbench_blueprint

FRONTEND = Path(__file__).parents[1] / "frontend"
PERMISSIVE = {"0BSD", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "ISC", "MIT", "Unlicense"}
TERMS = re.compile(
    r"permission (to use|is hereby granted)|redistribution and use|public domain|apache license", re.IGNORECASE
)

pytestmark = pytest.mark.skipif(not (FOLDER / "index.html").is_file(), reason="make workbench has built none")


@dataclass(frozen=True)
class Notice:
    name: str
    version: str
    licence: str
    text: str


def notices() -> list[Notice]:
    text = (FOLDER / "third-party-notices.txt").read_text()
    sections = re.split(r"\n={100}\n", text)[1:]
    found = [re.match(r"(\S+) (\S+) \(([^)]+)\)\n\n(.+)", section, re.DOTALL) for section in sections]
    assert all(found), sections
    return [Notice(*each.groups()) for each in found if each]


def test_what_the_workbench_is_written_with_is_named_as_it_is_locked() -> None:
    wanted = json.loads((FRONTEND / "package.json").read_text())["dependencies"]
    # Of Radix only parts are used, and they are packages of their own.
    parts = {name: version for name, version in wanted.items() if name != "radix-ui"}
    named = {each.name: each.version for each in notices()}
    assert {name: named.get(name) for name in parts} == parts
    assert any(name.startswith("@radix-ui/") for name in named)


def test_what_the_build_itself_writes_and_what_packages_hold_of_others_is_named() -> None:
    named = {each.name for each in notices()}
    assert {"vite", "rolldown", "delaunator", "robust-predicates", "engine.io-client"} <= named
    assert len(named) > 80


def test_each_has_a_licence_that_allows_it_and_its_text() -> None:
    found = notices()
    assert [(each.name, each.licence) for each in found if each.licence not in PERMISSIVE] == []
    assert [each.name for each in found if not TERMS.search(each.text)] == []


def test_each_is_one_that_the_lock_file_has() -> None:
    packages = json.loads((FRONTEND / "package-lock.json").read_text())["packages"]
    locked = {(path.rpartition("node_modules/")[2], entry["version"]) for path, entry in packages.items() if path}
    assert [each for each in notices() if (each.name, each.version) not in locked] == []


def test_a_server_hands_them_out() -> None:
    app = Flask(__name__)
    app.register_blueprint(workbench_blueprint())
    with app.test_client().get(NOTICES) as answer:
        assert answer.status_code == 200
        assert answer.content_type.startswith("text/plain")
        assert answer.headers["Cache-Control"] == "public, no-cache"
        assert "ag-grid-community" in answer.text
