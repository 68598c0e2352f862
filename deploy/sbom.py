"""What Longshore is made of, as a CycloneDX document: the Python packages it brings, and the npm packages in its wheel.

    python deploy/sbom.py [FILE, default dist/longshore.cdx.json]

Of Python what the installed environment has of Longshore's requirements, none of what its tests and tools need; of npm
what the build of the workbench took in. `make sbom` installs what this needs.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from importlib.metadata import requires
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
NOTICES = ROOT / "src/longshore/workbench/third-party-notices.txt"

Document = dict[str, Any]


def main(target: Path) -> None:
    """Write the document, which is valid; nothing of where it was made stands in it."""
    document = python_parts()
    keep(document, brought_by("longshore"), lambda part: canonicalize_name(part["name"]))
    bundled = npm_parts()
    keep(bundled, noticed(), lambda part: f"{npm_name(part)} {part['version']}")
    add(document, bundled)
    text = json.dumps(document, indent=2, ensure_ascii=False) + "\n"
    check(text)
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(text)
    in_browser = len(bundled["components"])
    print(f"{target}: {len(document['components'])} parts, {in_browser} of them in the browser application")


def check(text: str) -> None:
    """
    :raises SystemExit: when it is no valid document.
    """
    from cyclonedx.schema import SchemaVersion
    from cyclonedx.validation.json import JsonStrictValidator

    if problem := JsonStrictValidator(SchemaVersion.V1_6).validate_str(text):
        raise SystemExit(f"the document is not valid: {problem}")


def python_parts() -> Document:
    """All that is installed beside this Python, with Longshore itself as what it is about."""
    command = [sys.executable, "-m", "cyclonedx_py", "environment", sys.executable, "--pyproject", "pyproject.toml"]
    command += ["--spec-version", "1.6", "--output-reproducible"]
    return _json_of(command)


def npm_parts() -> Document:
    """All that the lock file has."""
    return _json_of(["frontend/build.sh", sys.executable, "sbom"])


def _json_of(command: list[str]) -> Document:
    told = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True).stdout
    return dict(json.loads(told))


def brought_by(distribution: str) -> set[str]:
    """The distributions that one requires on this machine, with all that those require; extras only where asked for."""
    found: set[tuple[str, str]] = set()
    waiting = [(Requirement(distribution), "")]
    while waiting:
        requirement, extra = waiting.pop()
        if requirement.marker and not requirement.marker.evaluate({"extra": extra}):
            continue
        new = {(canonicalize_name(requirement.name), each) for each in ("", *requirement.extras)} - found
        found |= new
        waiting += [(Requirement(each), extra) for name, extra in new for each in requires(name) or []]
    return {name for name, _ in found} - {distribution}


def noticed() -> set[str]:
    """Names and versions of what the workbench bundles."""
    if not NOTICES.is_file():
        raise SystemExit("the workbench was not built: what it bundles is not known. Try: make workbench")
    return set(re.findall(r"^={100}\n(\S+ \S+) \(", NOTICES.read_text(), re.MULTILINE))


def npm_name(part: Document) -> str:
    """A package's name with its scope, which is written apart by some."""
    return f"{part['group']}/{part['name']}" if part.get("group") else str(part["name"])


def add(document: Document, bundled: Document) -> None:
    """Take the parts of another document into this one, as what this one's subject depends on."""
    about, subject = (each["metadata"]["component"]["bom-ref"] for each in (document, bundled))
    document["components"] += bundled["components"]
    document["dependencies"] += [each for each in bundled["dependencies"] if each["ref"] != subject]
    of_it = next(each for each in document["dependencies"] if each["ref"] == about)
    of_it["dependsOn"] += [part["bom-ref"] for part in bundled["components"]]


def keep(document: Document, wanted: set[str], key: Any) -> None:
    """Drop all parts but the wanted ones, and what is said of how those others hang together.

    :raises SystemExit: when a wanted one is not there.
    """
    parts = {part["bom-ref"]: part for part in document["components"] if key(part) in wanted}
    if missing := wanted - {key(part) for part in parts.values()}:
        raise SystemExit(f"not among what is installed: {', '.join(sorted(missing))}")
    about = document["metadata"]["component"]["bom-ref"]
    document["components"] = [parts[ref] for ref in sorted(parts)]
    document["dependencies"] = [
        each | {"dependsOn": sorted({ref for ref in each.get("dependsOn", []) if ref in parts})}
        for each in {each["ref"]: each for each in document["dependencies"]}.values()
        if each["ref"] in parts or each["ref"] == about
    ]


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "dist/longshore.cdx.json")
