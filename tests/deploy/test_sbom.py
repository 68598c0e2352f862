"""The document of what Longshore is made of names what it brings and bundles, and nothing else."""

from __future__ import annotations

import runpy
from pathlib import Path
from typing import Any

import pytest

SBOM = runpy.run_path(str(Path(__file__).parents[2] / "deploy" / "sbom.py"))


def document(subject: str, /, *parts: str, **dependencies: list[str]) -> dict[str, Any]:
    return {
        "metadata": {"component": {"bom-ref": subject}},
        "components": [{"bom-ref": f"{name}==1", "name": name, "version": "1"} for name in parts],
        "dependencies": [
            {"ref": subject if ref == "subject" else ref, "dependsOn": of} for ref, of in dependencies.items()
        ],
    }


def test_what_is_required_is_followed_and_extras_that_nobody_asked_for_are_not() -> None:
    brought = SBOM["brought_by"]("longshore")
    assert {"flask", "werkzeug", "markupsafe", "polars", "redis"} <= brought
    # Of an extra, of the tests, of the linters, and itself.
    assert brought & {"psycopg", "pymongo", "pytest", "mypy", "longshore"} == set()


def test_parts_that_are_not_wanted_go_with_what_is_said_of_them() -> None:
    whole = document("us", "flask", "pytest", subject=["flask==1", "pytest==1"], **{"pytest==1": ["flask==1"]})
    SBOM["keep"](whole, {"flask"}, lambda part: part["name"])
    assert [part["name"] for part in whole["components"]] == ["flask"]
    assert whole["dependencies"] == [{"ref": "us", "dependsOn": ["flask==1"]}]


def test_a_part_that_should_be_there_and_is_not_is_named() -> None:
    with pytest.raises(SystemExit, match="not among what is installed: celery"):
        SBOM["keep"](document("us", "flask"), {"flask", "celery"}, lambda part: part["name"])


def test_what_is_bundled_is_depended_on() -> None:
    whole = document("us", "flask", subject=["flask==1"])
    SBOM["add"](whole, document("workbench", "react", subject=["react==1"], **{"react==1": []}))
    assert [part["name"] for part in whole["components"]] == ["flask", "react"]
    assert whole["dependencies"] == [
        {"ref": "us", "dependsOn": ["flask==1", "react==1"]},
        {"ref": "react==1", "dependsOn": []},
    ]


def test_a_scope_belongs_to_the_name() -> None:
    assert SBOM["npm_name"]({"group": "@radix-ui", "name": "react-tabs"}) == "@radix-ui/react-tabs"
    assert SBOM["npm_name"]({"name": "@radix-ui/react-tabs"}) == "@radix-ui/react-tabs"
