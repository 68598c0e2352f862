"""Looking at a file before it is imported."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from flask.testing import FlaskClient

from longshore.datasets import preview
from longshore.errors import TooLarge
from longshore.server.answers import add_errors
from longshore.server.application import Services, declare_routes, make_application
from longshore.settings import Settings

ABOVE: list[list[Any]] = [["Sales, internal"], [], ["Exported", "2024"]]
ROWS = [*ABOVE, ["Region", "Amount", "Day"], ["North", 12, "2024-01-03"], ["South", None, "x"]]


class Service:
    """What looking needs of the datasets."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    def require_room(self, incoming_bytes: int) -> None:
        """There is room."""


@pytest.fixture
def client(settings: Settings) -> FlaskClient:
    app = make_application()
    declare_routes(app, settings, Services(datasets=Service(settings)))
    add_errors(app)
    return app.test_client()


def workbook() -> bytes:
    book = openpyxl.Workbook()
    for row in ROWS:
        book.active.append(row)
    book.create_sheet("Second").append(["a", "b"])
    written = io.BytesIO()
    book.save(written)
    return written.getvalue()


def look(client: FlaskClient, data: bytes, name: str, status: int = 200, **options: Any) -> dict[str, Any]:
    answer = client.post("/api/v1/look", data=data, query_string={"name": name, **options})
    assert answer.status_code == status, answer.text
    return dict(answer.json or {})


def test_a_workbook_tells_its_sheets_and_what_stands_above(client: FlaskClient) -> None:
    found = look(client, workbook(), "sales.xlsx")
    assert found["sheets"] == ["Sheet", "Second"]
    assert found["suggestedSkip"] == 3
    found = look(client, workbook(), "sales.xlsx", initialSkip=3)
    types = {column["name"]: column["dataType"] for column in found["columns"]}
    assert types == {"Region": "string", "Amount": "int", "Day": "string"}
    assert found["rows"] == [["North", 12, "2024-01-03"], ["South", None, "x"]]
    assert found["dataSize"] == {"rows": 2, "columns": 3}
    assert look(client, workbook(), "sales.xlsx", sheet="Second", headerIncluded="false")["rows"] == [["a", "b"]]


def test_what_is_packed_is_looked_into(client: FlaskClient) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("a.csv", "n;m\n1;x\n")
    found = look(client, packed.getvalue(), "a.zip")
    assert (found["rows"], found["sheets"], found["reading"]["delimiter"]) == ([[1, "x"]], [], ";")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_lines_above_the_names_of_a_text_are_told(client: FlaskClient, encoding: str) -> None:
    text = "Bericht für März\nvon Hand\n\nName;Größe;Tag\nA;1;2\nB;3;4\n".encode(encoding)
    found = look(client, text, "t.csv")
    assert found["suggestedSkip"] == 3
    names = [column["name"] for column in look(client, text, "t.csv", initialSkip=3)["columns"]]
    assert names == ["Name", "Größe", "Tag"]
    assert look(client, b"a,b\n1,2\n", "t.csv")["suggestedSkip"] == 0
    assert look(client, b"only\none\n", "t.csv")["suggestedSkip"] == 0


def test_options_that_do_not_fit_are_refused_in_words(client: FlaskClient) -> None:
    assert "Sheet" in look(client, workbook(), "s.xlsx", 400, sheet="Third")["errorDescription"]
    assert look(client, b"PK\x03\x04broken", "s.xlsx", 422)["error"] == "InvalidValue"
    assert look(client, b"", "s.csv", 400)["error"] == "InvalidRequest"


def test_a_form_is_taken_as_well(client: FlaskClient) -> None:
    form = {"file": (io.BytesIO(b"a,b\n1,2\n"), "x.csv"), "headerIncluded": "false"}
    assert client.post("/api/v1/look", data=form).json["dataSize"] == {"rows": 2, "columns": 2}  # type: ignore[index]


def test_nothing_is_kept(client: FlaskClient, settings: Any) -> None:
    look(client, b"a,b\n1,2\n", "x.csv")
    look(client, b"PK\x03\x04broken", "s.xlsx", 422)
    assert [path for path in settings.uploads_folder.rglob("*") if path.is_file()] == []
    assert not settings.datasets_folder.exists() or list(settings.datasets_folder.iterdir()) == []


def test_larger_files_are_refused(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(preview, "LIMIT_BYTES", 10)
    assert look(client, b"a" * 200_000, "x.csv", 413)["error"] == "TooLarge"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16-le"])
@pytest.mark.parametrize("line", ["1;ä\n", '{"a":1,"b":"ä"}\n'])
def test_the_beginning_of_a_large_file_is_looked_at(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, encoding: str, line: str
) -> None:
    monkeypatch.setattr(preview, "LIMIT_BYTES", 500)
    monkeypatch.setattr(preview, "BEGINNING_BYTES", 401)
    path = tmp_path / "large"
    path.write_bytes((("" if line.startswith("{") else "a;b\n") + line * 200).encode(encoding))
    with path.open("rb", buffering=0) as file:
        found = preview.look_at_copy(file, settings, "large", preview.ReadOptions()).to_wire()
    assert found["dataSize"] is None
    assert found["rows"][0] == found["rows"][-1] == [1, "ä"]
    assert found["warnings"] == []
    assert list(settings.uploads_folder.iterdir()) == []


@pytest.mark.parametrize(
    "content", [b"[" + b'{"a":1},' * 100, b"PAR1" + b"x" * 600, b"a" * 600, b"PK\x03\x04" + b"x\n" * 400]
)
def test_what_tells_nothing_by_its_beginning_is_too_large(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes
) -> None:
    monkeypatch.setattr(preview, "LIMIT_BYTES", 500)
    (tmp_path / "large").write_bytes(content)
    with (tmp_path / "large").open("rb", buffering=0) as file, pytest.raises(TooLarge, match="before its import"):
        preview.look_at_copy(file, settings, "large.json", preview.ReadOptions())
