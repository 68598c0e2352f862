"""The tests lie as their sources do: ``tests/web/test_json.py`` tests ``longshore/web/json.py``."""

from __future__ import annotations

import re
from pathlib import Path

TESTS = Path(__file__).parent
SOURCES = TESTS.parent / "src" / "longshore"

END_TO_END = {"deploy", "examples", "found", "workbench"}
"""Folders of tests that start the whole, as somebody uses it."""
WHOLE_SERVER = re.compile(r"(.*_)?(served|killed)(_.*)?")
"""Names of tests that start a whole server for one room's sake, or kill parts of it."""
ABOUT_THE_PROJECT = {
    "test_architecture",
    "test_benchmarks",
    "test_console",
    "test_docs",
    "test_layout",
    "test_make",
    "test_notices",
    "test_routes",
    "test_schemathesis",
    "test_wheel",
}

EXCEPTIONS = {
    "client/test_users_project": "what importing the client loads, and what type checkers know of it",
    "datasets/test_accepted_once": "an intent that service, mailbox and drain carry out together",
    "datasets/test_growing": "what the reader's processes take in memory and time",
    "datasets/test_recipes": "the history as service, drain and records keep it together",
    "jobs/results/test_stores": "the one suite that every store passes",
    "server/test_tls": "every connection to a broker, whichever room makes it",
    "supervision/test_ownership": "lock, listener, back-off and the end of a parent, in a few lines each",
    "test_secret_files": "the settings that may stand in files",
    "tables/operations/test_against_pandas": "every operation against a reference",
    "tables/operations/test_hostile_names": "every operation on columns with names that mean something",
    "tables/operations/test_rows_and_text": "operations on rows and text against a reference",
    "tables/operations/test_sentences": "what people read of every operation's steps",
    "tables/reading/test_text_fuzz": "the reader of text against Python's",
    "tables/reading/test_types": "types over whole columns, whichever format",
    "tables/script_export/test_expressions": "scripts of expressions against the operations",
    "tables/script_export/test_operations": "scripts of every operation against it",
    "tables/script_export/test_others": "scripts of steps with a second table",
}
"""Tests of several modules at once, by what holds them together."""


def test_each_test_file_has_a_source_of_its_path() -> None:
    homeless = [name for name in _names() if not _has_source(name) and not _is_whole(name)]
    assert [name for name in homeless if name not in EXCEPTIONS] == []


def test_no_exception_is_stale() -> None:
    assert [name for name in EXCEPTIONS if _has_source(name) or not (TESTS / f"{name}.py").is_file()] == []


def _names() -> list[str]:
    return sorted(str(path.relative_to(TESTS).with_suffix("")) for path in TESTS.rglob("test_*.py"))


def _has_source(name: str) -> bool:
    path = SOURCES / Path(name).with_name(Path(name).name.removeprefix("test_"))
    return path.with_suffix(".py").is_file() or (path / "__init__.py").is_file()


def _is_whole(name: str) -> bool:
    """Whether a test is none of one module: of the whole, or of the project."""
    path = Path(name)
    if path.parts[0] in END_TO_END or name in ABOUT_THE_PROJECT:
        return True
    return WHOLE_SERVER.fullmatch(path.name.removeprefix("test_")) is not None
