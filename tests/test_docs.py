"""The documentation names everything there is, and its pages' facts are the code's."""

from __future__ import annotations

import importlib.util
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest
import yaml

from longshore.errors import LongshoreError
from longshore.server.declarations import find_declarations
from longshore.settings import Settings, file_variable, secret_fields
from longshore.tables.expressions import AGGREGATES, FUNCTIONS
from longshore.tables.operations import Operation, all_operations

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def generate() -> Iterator[ModuleType]:
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(ROOT / "docs")
        yield _load_generate()


def _load_generate() -> ModuleType:
    spec = importlib.util.spec_from_file_location("generate", ROOT / "docs" / "generate.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_setting_is_described(generate: ModuleType) -> None:
    page = generate.settings_page()
    for name, field in Settings.model_fields.items():
        assert f"| `{name.upper()}` |" in page
        assert field.description, f"{name} needs a description"


def test_every_secret_that_can_stand_in_a_file_is_named(generate: ModuleType) -> None:
    page = generate.settings_page()
    assert [name for name in secret_fields() if f"`{file_variable(name)}`" not in page] == []


def test_deploying_names_profiles_and_targets_that_exist() -> None:
    page = (ROOT / "docs/deploying.md").read_text()
    services = yaml.safe_load((ROOT / "deploy/compose.yaml").read_text())["services"].values()
    profiles = {profile for service in services for profile in service["profiles"]}
    assert [name for name in profiles if f"| `{name}` |" not in page] == []
    assert re.search(r"^stack:", (ROOT / "Makefile").read_text(), re.MULTILINE)
    for named in re.findall(r"deploy/[\w./-]+\w", page):
        assert (ROOT / named).exists(), named


def test_every_operation_with_every_parameter(generate: ModuleType) -> None:
    page = generate.operations_page()
    for declared in all_operations():
        assert f"## {declared.name}\n" in page
        for field in declared.parameters_model().model_fields.values():
            assert f"`{field.alias}`" in page
            assert field.description, f"{declared.name}.{field.alias} needs a description"


@pytest.mark.parametrize("declared", all_operations(), ids=lambda declared: declared.name)
def test_every_example_does_something_to_the_sample_table(generate: ModuleType, declared: type[Operation]) -> None:
    with generate.Demonstration() as demonstration:
        before = demonstration.table.scan().collect()
        after = demonstration.carry_out(declared).table.scan().collect()
    assert after.schema != before.schema or not after.equals(before)


def test_every_function_of_expressions(generate: ModuleType) -> None:
    page = generate.expressions_page()
    for name, function in FUNCTIONS.items():
        assert f"`{function.usage}` | {function.summary}" in page
        assert name == function.name.lower() or f"`{name.upper()}`" in page
        assert function.summary.endswith("."), f"{name} needs a docstring of one sentence"
    assert all(f"`{name.upper()}`" in page for name in AGGREGATES)


def test_every_error_code(generate: ModuleType) -> None:
    page = generate.errors_page()
    for found in LongshoreError.__subclasses__():
        assert f"| `{found.code}` | {found.status} |" in page


def test_every_route_has_a_line_that_says_what_it_does(generate: ModuleType) -> None:
    page = generate.routes_page()
    for path in ("/upload", "/downloadCSV/{session_id}", "/celeryTaskCompleted", "/diagnostic", "/api/v1/operations"):
        assert f"`{path}`" in page
    rows = [line for line in page.splitlines() if line.startswith("| ") and "`" in line]
    assert len(rows) > 25
    assert all(len(row.split("|")[3].strip()) > 10 for row in rows)


def test_the_example_of_a_script_is_one(generate: ModuleType) -> None:
    script = generate.script_example()
    compile(script, "script_example.py", "exec")
    assert 'pl.col("price").fill_null(55.2)' in script
    assert "reference/made/script_example.py" in (ROOT / "docs/recipes.md").read_text()


def test_every_warning_of_the_reader_is_explained() -> None:
    sources = "".join(path.read_text() for path in (ROOT / "src/longshore/tables/reading").glob("*.py"))
    codes = set(re.findall(r'ReadWarning\(\s*(?:code=)?"(\w+)"', sources))
    assert len(codes) >= 5
    page = (ROOT / "docs/reading.md").read_text()
    assert [code for code in codes if f"`{code}`" not in page] == []


def test_the_readme_names_commands_that_exist() -> None:
    readme = (ROOT / "README.md").read_text()
    makefile = (ROOT / "Makefile").read_text()
    targets = re.findall(r"\bmake (\w+)", readme)
    assert {"start", "test"} <= set(targets)
    assert [target for target in targets if not re.search(rf"^{target}:", makefile, re.MULTILINE)] == []


def test_the_pinned_versions_carry_no_addresses() -> None:
    pins = (ROOT / "constraints.txt").read_text().splitlines()[1:]
    assert len(pins) > 50
    assert [pin for pin in pins if not re.fullmatch(r"[A-Za-z0-9._-]+==[\w.+!-]+", pin)] == []


def test_a_deployers_handlers_are_shown_with_their_docstrings(generate: ModuleType, tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(
        "from longshore import app, job\n\n"
        "@app.route('/mine/<name>')\ndef mine(name):\n    '''Greets.\n\n    At length.\n    '''\n    return name\n\n"
        "@app.route('/bare')\ndef bare():\n    return ''\n\n"
        "@job('double')\ndef double(n: int) -> int:\n    '''Twice the number.'''\n    return 2 * n\n"
    )
    page = generate.handlers_page(find_declarations(Settings.from_environment(handlers_dir=tmp_path)))
    assert "## GET `/mine/{name}`\n\n```text\nGreets.\n\nAt length.\n```" in page
    assert "## GET `/bare`\n\n(It has no docstring.)" in page
    assert "## Job `double`\n\n```text\nTwice the number.\n```" in page
    none = generate.handlers_page(find_declarations(Settings.from_environment(handlers_dir=tmp_path / "none")))
    assert "There were none." in none


@pytest.mark.parametrize("package", ["longshore", "longshore.tables"])
def test_the_picture_shows_every_room_on_its_floor(generate: ModuleType, package: str) -> None:
    picture = generate.drawing.draw(package)
    folder = ROOT / "src" / package.replace(".", "/")
    rooms = {path.parent.name for path in folder.glob("*/__init__.py")}
    assert rooms <= set(re.findall(r"<text[^>]*>(\w+)</text>", picture))
    assert rooms


def test_the_picture_leaves_out_what_follows_from_other_arrows(generate: ModuleType) -> None:
    imports = {"shop": {"till", "goods"}, "till": {"goods"}, "goods": set(), "yard": {"goods"}}
    assert generate.drawing.without_detours(imports) == {
        "shop": {"till"},
        "till": {"goods"},
        "goods": set(),
        "yard": {"goods"},
    }


FENCED = re.compile(r"^```.*?^```|`[^`\n]*`", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\(<?(?!https?:|mailto:|#)([^)\s>#]+)")


def test_every_relative_link_leads_somewhere_in_a_clean_checkout() -> None:
    if not (ROOT / ".git").exists():
        pytest.skip("only a checkout tells which files are in the repository")
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines()
    files = {ROOT / name for name in listed if (ROOT / name).exists()}
    there = files | {parent for file in files for parent in file.parents}
    pages = [file for file in files if file.suffix == ".md"]
    assert ROOT / "README.md" in pages
    links = [(page, link) for page in pages for link in LINK.findall(FENCED.sub("", page.read_text()))]
    assert len(links) > 100
    assert [(page.name, link) for page, link in links if (page.parent / link).resolve() not in there] == []


@pytest.mark.parametrize("name", ["settings", "operations", "expressions", "routes", "errors", "handlers"])
def test_the_pages_of_the_reference_include_what_is_made(name: str, generate: ModuleType) -> None:
    page = (ROOT / "docs" / "reference" / f"{name}.md").read_text()
    assert f"```{{include}} made/{name}.md\n```" in page
    assert "`make docs`" in page
