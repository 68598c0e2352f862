"""Writes the pages that are made from the code: settings, operations, routes, errors."""

from __future__ import annotations

import inspect
import json
import tempfile
from pathlib import Path
from typing import Any

import drawing
from demonstrating import Demonstration
from flask import Flask
from pydantic_core import PydanticUndefined

from longshore import errors
from longshore.server.application import Services, declare_last, declare_routes, make_application
from longshore.server.declarations import Declarations, find_declarations
from longshore.settings import Settings, file_variable, secret_fields
from longshore.tables import History, read
from longshore.tables.expressions import AGGREGATES, FUNCTIONS
from longshore.tables.operations import Operation, all_operations

NOTE = "% Made by docs/generate.py; edit the code it describes instead.\n\n"


def write_all(folder: Path) -> None:
    """Write what the pages of the reference include; what has not changed is left alone: Sphinx need not read it again.

    The pages themselves, with their titles, stand in the repository, so that links to them lead somewhere without this.
    """
    target = folder / "reference" / "made"
    target.mkdir(exist_ok=True)
    pages = {
        "settings": settings_page(),
        "operations": operations_page(),
        "expressions": expressions_page(),
        "routes": routes_page(),
        "errors": errors_page(),
        "handlers": handlers_page(find_declarations(Settings.from_environment())),
    }
    for name, text in pages.items():
        _title, _, body = text.partition("\n\n")
        path = target / f"{name}.md"
        if not path.exists() or path.read_text() != NOTE + body:
            path.write_text(NOTE + body)
    for name, package in (("rooms", "longshore"), ("engine", "longshore.tables")):
        (target / f"{name}.svg").write_text(drawing.draw(package))
    (target / "script_example.py").write_text(script_example())


def script_example() -> str:
    """A script as the export makes it, for a small file and four steps."""
    content = "name;price;bought\nCoat ;98,40;31/12/1999\nhat;;01/02/2000\nScarf;12,00;\n"
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "shop.csv"
        source.write_text(content)
        result = read(source, Path(folder) / "columns")
        history = History.start(result.table)
        history = history.apply("fillWithAverage", column="price", metric="mean")
        history = history.apply("trimText", columns=["name"])
        history = history.apply("changeCase", columns=["name"], case="title")
        history = history.apply("deduplicate", columns=["name"], keep="first")
        return history.script("shop.csv", result.settings)


def settings_page() -> str:
    """One row for each environment variable."""
    lines = [
        "# Settings",
        "",
        "All of them are environment variables. A value that cannot be used stops the start with a sentence",
        "that names the variable, the value and what is allowed.",
        "",
        f"A secret may stand in a file that {_named_variables()} name: `DATABASE_URL_FILE=/run/secrets/database-url`.",
        "",
        "| Variable | Default | Meaning |",
        "| --- | --- | --- |",
    ]
    for name, field in Settings.model_fields.items():
        default = "" if field.default in (None, PydanticUndefined, ()) else f"`{field.default}`"
        lines.append(f"| `{name.upper()}` | {default} | {_cell(field.description or '')} |")
    return "\n".join(lines) + "\n"


def _named_variables() -> str:
    *first, last = (f"`{file_variable(name)}`" for name in secret_fields())
    return f"{', '.join(first)} and {last}"


def operations_page() -> str:
    """Every operation with its parameters and an example."""
    with Demonstration() as demonstration:
        lines = [
            "# Operations", "",
            "Each is an event on Socket.IO, an address under `/api/v1/datasets/<session>/operations/` and a method",
            "of the Python client. Every one can be undone.", "",
            "The examples were run on this table when this page was made. A dot stands for a missing value; what an",
            "example changed is shown in bold.", "", *demonstration.table_lines(), "",
        ]  # fmt: skip
        for declared in all_operations():
            lines += [*_operation(declared), *demonstration.outcome_lines(declared), ""]
    return "\n".join(lines) + "\n"


def expressions_page() -> str:
    """Every function that an expression can use."""
    lines = [
        "# Functions in expressions", "",
        "What `derive` computes with; see [cleaning](../cleaning.md) for the operators. Names in any case.",
        "", "| Function | What it gives |", "| --- | --- |",
    ]  # fmt: skip
    for function in dict.fromkeys(FUNCTIONS.values()):
        names = sorted(name.upper() for name, each in FUNCTIONS.items() if each == function)
        also = [name for name in names if name != function.name]
        rest = f" Also spelt {', '.join(f'`{name}`' for name in also)}." if also else ""
        lines.append(f"| `{_cell(function.usage)}` | {_cell(function.summary)}{rest} |")
    whole = ", ".join(f"`{name.upper()}`" for name in AGGREGATES)
    lines += ["", f"{whole} take a whole column, are learnt once, and stand in every row; `COUNT(*)` counts the rows."]
    return "\n".join(lines) + "\n"


def _operation(declared: type[Operation]) -> list[str]:
    also = f" (also spelt {', '.join(f'`{alias}`' for alias in declared.aliases)})" if declared.aliases else ""
    lines = [
        f"## {declared.name}",
        "",
        f"{declared.summary()}{also}",
        "",
        f"In the browser: **{declared.about.title}**, below *{declared.about.group}*.",
        "",
        "| Parameter | Type | Meaning |",
        "| --- | --- | --- |",
    ]
    schema = declared.parameters_model().model_json_schema(by_alias=True)
    for name, part in schema["properties"].items():
        required = " (required)" if name in schema.get("required", []) else ""
        lines.append(f"| `{name}`{required} | {_type(part)} | {_cell(part.get('description', ''))} |")
    return [*lines, "", "```json", json.dumps(declared.example), "```", ""]


def _type(part: dict[str, Any]) -> str:
    if "anyOf" in part:
        return " or ".join(_type(one) for one in part["anyOf"] if one.get("type") != "null")
    if "enum" in part:
        return ", ".join(f"`{value}`" for value in part["enum"])
    if part.get("type") == "array":
        return f"list of {_type(part.get('items', {}))}"
    return str(part.get("type", "any"))


def routes_page() -> str:
    """Every address, the REST ones after the others; refusals are left out."""
    app = make_application()
    settings = Settings.from_environment()
    api = declare_routes(app, settings, Services())
    declare_last(app, api, settings, Services())
    lines = [
        "# Addresses", "",
        "A running server shows the REST ones with every parameter at `/api/v1/docs`, and as an OpenAPI 3.1",
        "document at `/api/v1/openapi.json`.", "", "| Method | Address | What it does |", "| --- | --- | --- |",
    ]  # fmt: skip
    rows = [(endpoint.method, endpoint.openapi_path, endpoint.summary) for endpoint in api.endpoints]
    others = other_routes(app, {endpoint.path for endpoint in api.endpoints})
    others += [row for row in rows if not row[1].startswith("/api/")]
    rest = [row for row in rows if row[1].startswith("/api/")]
    for method, address, summary in [*sorted(others, key=lambda row: row[1]), *rest]:
        lines.append(f"| {method} | `{address}` | {_cell(summary)} |")
    return "\n".join(lines) + "\n"


def other_routes(app: Flask, declared: set[str]) -> list[tuple[str, str, str]]:
    """Method, address and first line of the docstring of the routes that nothing declares, without refusals."""
    found = []
    for rule in app.url_map.iter_rules():
        methods = ", ".join(sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}))
        summary = (app.view_functions[rule.endpoint].__doc__ or "").partition("\n")[0]
        if rule.rule not in declared and not summary.startswith("Refused"):
            found.append((methods, rule.rule.replace("<", "{").replace(">", "}"), summary))
    return sorted(found, key=lambda row: row[1])


def handlers_page(declared: Declarations) -> str:
    """What the deployer added, with the docstrings of its views and jobs."""
    lines = ["# Handlers here", "", "What was found in `HANDLERS_DIR` and `TASK_MODULES` when this site was built.", ""]
    routes = [route for route in declared.application.url_map.routes if not route.built_in]
    for route in sorted(routes, key=lambda route: route.rule.rule):
        view = declared.application.view_functions.get(str(route.rule.endpoint))
        address = route.rule.rule.replace("<", "{").replace(">", "}")
        lines += [f"## {', '.join(route.methods)} `{address}`", "", *_docstring(view), ""]
    for job in declared.jobs:
        lines += [f"## Job `{job.name}`", "", *_docstring(job.function), ""]
    if not routes and not declared.jobs:
        lines += ["There were none. [Handlers](../handlers.md) tells how to add some.", ""]
    return "\n".join(lines)


def _docstring(described: Any) -> list[str]:
    """As it stands: it may be in any markup, or none."""
    text = inspect.getdoc(described) or ""
    fence = "`" * 3
    return [f"{fence}text", *text.replace(fence, "'''").splitlines(), fence] if text else ["(It has no docstring.)"]


def errors_page() -> str:
    """Every error a client can see."""
    lines = [
        "# Errors",
        "",
        "Every failed request answers with `success: false`, one of these codes as `error`, and a sentence for a",
        "person as `errorDescription`.",
        "",
        "| Code | HTTP status | When |",
        "| --- | --- | --- |",
    ]
    for found in _all_errors(errors.LongshoreError):
        lines.append(f"| `{found.code}` | {found.status} | {_cell((found.__doc__ or '').partition(chr(10))[0])} |")
    return "\n".join(lines) + "\n"


def _all_errors(base: type[errors.LongshoreError]) -> list[type[errors.LongshoreError]]:
    found = []
    for child in base.__subclasses__():
        found += [child, *_all_errors(child)]
    return found


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")
