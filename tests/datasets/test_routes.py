"""The contract over HTTP and the REST interface beside it, on a whole server."""

from __future__ import annotations

import csv
import io
import json
import socket
import zipfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import polars as pl
import pytest
from openapi_spec_validator import validate

from support.server import LongshoreServer
from support.sockets import Listener
from support.waiting import eventually

pytestmark = pytest.mark.processes

CSV = "name,price,when\nAda,1.5,2020-01-02\nBøb,,2020-01-03T10:00:00\nCyd,3,\n".encode()
Connect = Callable[[], Listener]


@pytest.fixture
def http(shared_server: LongshoreServer) -> Any:
    with httpx.Client(base_url=shared_server.url, timeout=60) as client:
        yield client


def upload(http: httpx.Client, content: bytes = CSV, name: str = "t.csv", **fields: Any) -> dict[str, Any]:
    answer = http.post("/upload", files={"file": (name, content)}, data=fields)
    return {"status": answer.status_code, **answer.json()}


def test_upload_answers_with_a_session_id_and_what_the_reader_has_to_tell(http: httpx.Client) -> None:
    answer = upload(http, b"a,b\n1,2\n3\n4,5,6\n")
    assert (answer["status"], answer["success"]) == (200, True)
    assert len(answer["sessionID"]) == 30
    assert {warning["count"] for warning in answer["warnings"]} == {1}
    assert "3" in json.dumps(answer["warnings"])


def test_upload_with_a_trailing_slash_and_the_fields_of_existing_clients(http: httpx.Client) -> None:
    lines = b"junk\nid,t\n" + b"".join(b"%d,x\n" % n for n in range(1000))
    fields = {"initialSkip": "1", "sampleSize": "10", "seed": "42", "headerIncluded": "true", "delimiter": ""}
    first = http.post("/upload/", files={"file": ("t.csv", lines)}, data=fields).json()
    again = http.post("/upload", files={"file": ("t.csv", lines)}, data=fields).json()
    rows = [http.get(f"/downloadCSV/{answer['sessionID']}").text for answer in (first, again)]
    assert rows[0] == rows[1], "the same seed, file and size give the same rows"
    assert 60 <= rows[0].count("\n") - 1 <= 140


@pytest.mark.parametrize(
    ("content", "name", "fields", "status", "code"),
    [
        (b"", "t.csv", {}, 422, "InvalidValue"),
        (b"PAR1 no", "t.parquet", {}, 422, "InvalidValue"),
        (CSV, "t.csv", {"initialSkip": "-1"}, 400, "InvalidRequest"),
        (CSV, "t.csv", {"sampleSize": "lots"}, 400, "InvalidRequest"),
        (CSV, "t.csv", {"headerIncluded": "perhaps"}, 400, "InvalidRequest"),
        (CSV, "t.csv", {"encoding": "utf-77"}, 400, "InvalidRequest"),
    ],
)
def test_failed_uploads(
    http: httpx.Client, content: bytes, name: str, fields: dict[str, str], status: int, code: str
) -> None:
    answer = upload(http, content, name, **fields)
    assert (answer["status"], answer["success"], answer["error"]) == (status, False, code)
    assert len(answer["errorDescription"]) > 15


def test_an_upload_without_a_file_or_with_two(http: httpx.Client) -> None:
    for answer in (
        http.post("/upload", data={"seed": "1"}, files={}),
        http.post("/upload", files={"a": ("a.csv", CSV), "b": ("b.csv", CSV)}),
        http.post("/upload", content=b"", headers={"Content-Type": "multipart/form-data"}),
        http.post("/upload", content=b"--x\r\nnonsense", headers={"Content-Type": "multipart/form-data; boundary=x"}),
    ):
        assert (answer.status_code, answer.json()["error"]) == (400, "InvalidRequest"), answer.text


def test_downloads(http: httpx.Client) -> None:
    session = upload(http, name="übersicht 1.csv")["sessionID"]
    as_csv = http.get(f"/downloadCSV/{session}")
    assert as_csv.headers["content-type"].startswith("text/csv")
    assert as_csv.headers["content-disposition"].startswith("attachment")
    assert "%C3%BCbersicht%201.csv" in as_csv.headers["content-disposition"]
    assert list(csv.reader(io.StringIO(as_csv.text)))[2] == ["Bøb", "", "2020-01-03T10:00:00"]
    as_json = http.get(f"/downloadJSON/{session}")
    assert as_json.headers["content-type"].startswith("application/json")
    records = as_json.json()
    assert records[1] == {"name": "Bøb", "price": None, "when": "2020-01-03T10:00:00"}
    assert records[0]["price"] == 1.5


@pytest.mark.parametrize("path", ["/downloadCSV/", "/downloadJSON/", "/api/v1/datasets/"])
@pytest.mark.parametrize("session", ["0123456789abcdef0123456789abcd", "..%2f..%2fetc", "x", "%00"])
def test_unknown_sessions_are_404_with_the_json_error_body(http: httpx.Client, path: str, session: str) -> None:
    answer = http.get(path + session)
    assert answer.status_code == 404
    assert answer.json()["success"] is False


def test_celery_task_completed_needs_the_secret_and_reaches_the_client(
    http: httpx.Client, shared_server: LongshoreServer, connect: Connect
) -> None:
    session = upload(http)["sessionID"]
    client = connect()
    client.ask("metadata", session)
    task = {"sessionID": session, "requestID": "r9", "operation": "analyze", "success": True, "extra": [1, None]}
    for headers in ({}, {"X-Internal-Secret": "guess"}, {"X-Internal-Secret": "ü".encode()}):
        assert http.post("/celeryTaskCompleted", json=task, headers=headers).status_code == 403
    secret = (shared_server.storage / "internal-secret").read_text()
    for path in ("/celeryTaskCompleted", "/celeryTaskCompleted/"):
        assert http.post(path, json=task, headers={"X-Internal-Secret": secret}).status_code == 200
    assert client.wait_for("analyze", "r9") == task
    bad = http.post("/celeryTaskCompleted", json={"sessionID": session}, headers={"X-Internal-Secret": secret})
    assert bad.status_code == 400


def test_rest_from_upload_to_delete(http: httpx.Client) -> None:
    made = http.post("/api/v1/datasets", params={"name": "t.csv"}, content=CSV)
    assert made.status_code == 201
    where = made.headers["Location"]
    shown = http.get(where).json()
    assert (shown["name"], shown["dataSize"]) == ("t.csv", {"rows": 3, "columns": 3})
    changed = http.post(f"{where}/operations/fillWithAverage", json={"column": "price", "metric": "mean"})
    assert changed.status_code == 200
    assert changed.json()["version"] == 1
    page = http.get(
        f"{where}/rows",
        params={"rowIndexFrom": 0, "rowIndexTo": 9, "columnIndexFrom": 1, "columnIndexTo": 1, "sortColumn": "price"},
    ).json()
    assert page["data"]["data"] == [[1.5], [2.25], [3.0]]
    assert http.post(f"{where}/undo").json()["version"] == 0
    assert http.post(f"{where}/undo").status_code == 409
    assert http.post(f"{where}/redo").json()["version"] == 1
    history = http.get(f"{where}/history").json()
    assert [step["operation"] for step in history["steps"]] == ["import", "fillWithAverage"]
    assert history["steps"][1]["sentence"] == "Filled 1 missing value in price with the mean (2.25)"
    listed = http.get("/api/v1/datasets", params={"id": [shown["sessionID"], "0" * 30]}).json()["datasets"]
    assert [dataset["rows"] for dataset in listed] == [3]
    assert http.delete(where).status_code == 200
    assert http.get(where).status_code == 404


def test_put_as_curl_does(http: httpx.Client) -> None:
    made = http.put("/api/v1/datasets/t.tsv", content=CSV.replace(b",", b"\t"))
    assert (made.status_code, made.json()["columns"]) == (201, 3)


def test_a_change_that_is_not_waited_for(http: httpx.Client) -> None:
    where = http.post("/api/v1/datasets", params={"name": "t.csv"}, content=CSV).headers["Location"]
    accepted = http.post(f"{where}/operations/deleteRows", params={"wait": "false"}, json={"rowIndices": [0]})
    assert accepted.status_code == 202
    done = eventually(lambda: (a := http.get(accepted.json()["request"])).status_code == 200 and a.json(), 20)
    assert done["version"] == 1
    assert http.get(f"{where}/requests/999999").status_code == 404


def test_an_import_in_the_background_reports_progress_to_who_asked(http: httpx.Client, connect: Connect) -> None:
    client = connect()
    eventually(lambda: client.client.get_sid(), 5)
    lines = b"a,b,c\n" + b"".join(b"%d,%d,some text here\n" % (n, n * 7) for n in range(600_000))
    accepted = http.post(
        "/api/v1/datasets",
        params={"name": "big.csv", "wait": "false", "socketID": client.client.get_sid(), "requestID": "up1"},
        content=lines,
    )
    assert accepted.status_code == 202
    done = client.wait_for("upload", "up1", 60)
    assert (done["success"], done["rows"]) == (True, 600_000)
    progress = client.events("progress")
    assert progress
    assert all(report["totalBytes"] >= report["bytes"] >= 0 for report in progress)
    assert {report["requestID"] for report in progress} == {"up1"}


@pytest.mark.parametrize("name", ["csv", "json", "ndjson", "parquet", "arrow", "xlsx"])
def test_exports(http: httpx.Client, name: str) -> None:
    where = http.post("/api/v1/datasets", params={"name": "t.csv"}, content=CSV).headers["Location"]
    answer = http.get(f"{where}/export", params={"format": name})
    assert answer.status_code == 200, answer.text
    readers: dict[str, Callable[[io.BytesIO], pl.DataFrame]] = {
        "csv": pl.read_csv, "json": pl.read_json, "ndjson": pl.read_ndjson, "parquet": pl.read_parquet,
        "arrow": pl.read_ipc, "xlsx": partial(pl.read_excel, engine="openpyxl"),
    }  # fmt: skip
    frame = readers[name](io.BytesIO(answer.content))
    assert frame["name"].to_list() == ["Ada", "Bøb", "Cyd"]
    assert answer.headers["content-disposition"] == f"attachment; filename=t.{name}"
    filtered = http.get(f"{where}/export", params={"format": "csv", "filterType": "invalid", "filterColumns": "price"})
    assert filtered.text.count("\n") == 2


def test_export_in_an_unknown_format(http: httpx.Client) -> None:
    where = http.post("/api/v1/datasets", params={"name": "t.csv"}, content=CSV).headers["Location"]
    answer = http.get(f"{where}/export", params={"format": "docx"})
    assert (answer.status_code, answer.json()["error"]) == (400, "InvalidRequest")


def test_the_openapi_document_is_valid_and_names_every_operation(http: httpx.Client) -> None:
    document = http.get("/api/v1/openapi.json").json()
    validate(document)
    operations = http.get("/api/v1/operations").json()["operations"]
    for operation in operations:
        path = document["paths"][f"/api/v1/datasets/{{session_id}}/operations/{operation['name']}"]
        assert path["post"]["summary"] == operation["summary"]
    page = http.get("/api/v1/docs").text
    assert all(path.replace("{", "{") in page for path in document["paths"])


def test_hostile_names_and_contents_stay_data(http: httpx.Client, shared_server: LongshoreServer) -> None:
    before = {path for path in shared_server.storage.rglob("*") if "cache" not in path.parts}
    answer = http.post("/upload", files={"file": ("../../../tmp/evil.csv", b"=cmd|'/c calc'!A0,../../etc\n1,2\n")})
    session = answer.json()["sessionID"]
    new = {path for path in shared_server.storage.rglob("*") if "cache" not in path.parts} - before
    assert all(session in str(path) for path in new if path.is_file() and "longshore.db" not in path.name)
    download = http.get(f"/downloadCSV/{session}")
    assert ".." not in download.headers["content-disposition"]
    assert "/" not in download.headers["content-disposition"]
    assert download.text.startswith("=cmd|'/c calc'!A0,../../etc")
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("../../../../tmp/escaped.csv", "a,b\n1,2\n")
    assert upload(http, packed.getvalue(), "x.zip")["success"]
    assert not Path("/tmp/escaped.csv").exists()


def test_an_upload_that_breaks_off_leaves_nothing_behind(shared_server: LongshoreServer) -> None:
    uploads = shared_server.storage / "uploads"
    sessions = set((shared_server.storage / "datasets").glob("*"))
    host, port = shared_server.url.removeprefix("http://").split(":")
    for head in (
        b"POST /api/v1/datasets?name=x.csv HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000\r\n\r\na,b\n1,2\n",
        b"POST /upload HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000\r\n"
        b"Content-Type: multipart/form-data; boundary=q"
        b'\r\n\r\n--q\r\nContent-Disposition: form-data; name="file"; filename="x.csv"\r\n\r\na,b\n1,2\n',
    ):
        with socket.create_connection((host, int(port))) as connection:
            connection.sendall(head)
            eventually(lambda: list(uploads.glob("*")), 10, "the upload's beginning")
    eventually(lambda: not list(uploads.glob("*")), 10, "the leftover's removal")
    assert set((shared_server.storage / "datasets").glob("*")) == sessions


def test_a_body_over_the_limit_is_refused(tmp_path: Path) -> None:
    with LongshoreServer(tmp_path / "storage", MAX_UPLOAD_BYTES="1000") as server:
        for answer in (
            httpx.post(f"{server.url}/upload", files={"file": ("t.csv", b"a\n" * 600)}, timeout=30),
            httpx.put(f"{server.url}/api/v1/datasets/t.csv", content=b"a\n" * 600, timeout=30),
            httpx.put(f"{server.url}/api/v1/datasets/t.csv", content=iter([b"a\n" * 600]), timeout=30),
        ):
            assert (answer.status_code, answer.json()["error"]) == (413, "TooLarge")
        assert list((server.storage / "uploads").glob("*")) == []


def test_ten_thousand_columns(http: httpx.Client, connect: Connect) -> None:
    width = 10_000
    header = ",".join(f"c{n}" for n in range(width))
    rows = "\n".join(",".join(str(n + r) for n in range(width)) for r in range(5))
    session = upload(http, f"{header}\n{rows}\n".encode())["sessionID"]
    client = connect()
    assert client.ask("metadata", session)["dataSize"] == {"rows": 5, "columns": width}
    window = {"rowIndexFrom": 0, "rowIndexTo": 1, "columnIndexFrom": 9_998, "columnIndexTo": 20_000}
    assert client.ask("data", session, **window)["data"]["data"] == [[9998, 9999], [9999, 10000]]
    assert client.ask("renameColumn", session, column="c9999", newName="last")["success"]
    assert client.ask("fillWithAverage", session, column="c17", metric="mean")["success"]


JSON = {"Accept": "application/json"}


def test_errors_and_headers(http: httpx.Client) -> None:
    for answer in (http.get("/api/nowhere"), http.put("/upload"), http.get("/diagnostic/fail", headers=JSON)):
        assert answer.is_error
        assert answer.headers["X-APP-VERSION"]
        assert answer.headers["X-HOSTNAME"]
        body = answer.json()
        assert (body["success"], isinstance(body["error"], str)) == (False, True)
        assert "Traceback" not in answer.text
    assert len(http.get("/diagnostic/fail", headers=JSON).json()["eid"]) == 8
    assert "<h1>" in http.get("/diagnostic/fail").text
    assert http.get("/").json()["message"] == "ok"
    assert "<title>" in http.get("/", headers={"Accept": "text/html"}).text
    assert http.head("/").status_code == 200


def test_a_dataset_is_renamed_and_its_room_is_told(http: httpx.Client, connect: Connect) -> None:
    session = upload(http)["sessionID"]
    listener = connect()
    listener.ask("metadata", session)
    address = f"/api/v1/datasets/{session}"
    answer = http.patch(address, json={"name": " prices\u202e\n of 2024.csv "})
    assert (answer.status_code, answer.json()) == (
        200,
        {"success": True, "name": "prices of 2024.csv", "before": "t.csv"},
    )
    assert listener.wait_for("renamed")["name"] == "prices of 2024.csv"
    assert http.get(address).json()["name"] == "prices of 2024.csv"
    exported = http.get(f"{address}/export").headers["Content-Disposition"]
    assert exported == "attachment; filename*=UTF-8''prices%20of%202024.csv; filename=prices_of_2024.csv"
    assert http.get(f"{address}/history").json()["position"] == 0, "a name is no step"


@pytest.mark.parametrize("body", [{}, {"name": " \n"}, {"name": 3}, {"name": "x" * 501}])
def test_a_name_that_is_none_is_refused(http: httpx.Client, body: dict[str, Any]) -> None:
    address = f"/api/v1/datasets/{upload(http)['sessionID']}"
    answer = http.patch(address, json=body)
    assert (answer.status_code, answer.json()["error"]) == (400, "InvalidRequest")
    assert "name" in answer.json()["errorDescription"]
    assert http.get(address).json()["name"] == "t.csv"


def test_renaming_what_is_not_there(http: httpx.Client) -> None:
    assert http.patch(f"/api/v1/datasets/{'0' * 30}", json={"name": "x"}).status_code == 404


def test_operations_tell_whether_they_are_on(http: httpx.Client) -> None:
    off = {each["name"] for each in http.get("/api/v1/operations").json()["operations"] if not each["enabled"]}
    assert off == {"executeCommand"}


# -- what is not known, what comes again -----------------------------------------------------------------------------

ADD = {"rows": [["new", 9, None]]}


@pytest.fixture
def address(http: httpx.Client) -> str:
    """Where a fresh dataset is."""
    return f"/api/v1/datasets/{upload(http)['sessionID']}"


def rows_of(http: httpx.Client, address: str) -> int:
    return int(http.get(address).json()["dataSize"]["rows"])


@pytest.mark.parametrize(
    ("path", "body", "hint"),
    [
        ("operations/deduplicate", {"column": "name"}, "did you mean columns?"),
        ("operations/trimText", {"columns": ["name"], "bogus": 1}, "unknown parameter 'bogus'"),
        ("operations/sortRows", {"sortBy": [{"column": "name", "asc": False}]}, "sortBy[0].asc"),
        ("dropStep", {"version": 1, "dryrun": True}, "did you mean dryRun?"),
        ("undo", {"version": 1}, "unknown parameter 'version'"),
        ("undo?ifversion=1", {}, "did you mean ifVersion?"),
        ("undo", {"operation": "redo"}, "operation: the body and the address must agree"),
        ("visualize", {"type": "histogram", "options": {"columnIndicies": [1]}}, "did you mean columnIndices?"),
        (
            "preview",
            {"preview": "trimText", "parameters": {"column": "name"}, "rowIndices": [0]},
            "did you mean columns?",
        ),
    ],
)
def test_what_a_change_or_a_read_does_not_take_is_refused_and_nothing_done(
    http: httpx.Client, address: str, path: str, body: dict[str, Any], hint: str
) -> None:
    answer = http.post(f"{address}/{path}", json=body)
    assert (answer.status_code, answer.json()["error"]) == (400, "InvalidRequest"), answer.text
    assert hint in answer.json()["errorDescription"]
    assert http.get(address).json()["version"] == 0


@pytest.mark.parametrize("where", ["recipe", "steps", "reading", "columns"])
def test_a_recipe_with_a_field_that_nothing_reads_is_refused(http: httpx.Client, address: str, where: str) -> None:
    http.post(f"{address}/operations/renameColumn", json={"column": "name", "newName": "who"})
    recipe = http.get(f"{address}/recipe").json()
    places = {"recipe": recipe, "steps": recipe["steps"][0], "reading": recipe["reading"]}
    places["columns"] = recipe["steps"][0]["columns"][0]
    places[where]["opperation"] = "x"
    answer = http.post(f"{address}/applyRecipe", json={"recipe": recipe, "mode": "lenient"})
    assert (answer.status_code, "opperation" in answer.text) == (400, True)


@pytest.mark.parametrize("fields", [{"delimeter": ";"}, {"inital_skip": "1"}])
def test_a_misspelt_reading_option_is_refused(http: httpx.Client, fields: dict[str, str]) -> None:
    refused = upload(http, **fields)
    assert (refused["status"], "did you mean" in refused["errorDescription"]) == (400, True)
    answer = http.post("/api/v1/datasets", params={"name": "t.csv", **fields}, content=CSV)
    assert answer.status_code == 400


def test_fields_that_nobody_filled_in_were_not_given(http: httpx.Client) -> None:
    assert upload(http, seed="null", sampleSize="undefined", sheet="")["success"]


def test_a_change_under_a_key_is_done_once_and_answered_alike(http: httpx.Client, address: str) -> None:
    asked = {"json": {**ADD, "requestID": "r1"}, "headers": {"Idempotency-Key": "k1"}}
    first, again = (http.post(f"{address}/operations/addRows", **asked) for _ in range(2))
    assert (first.status_code, again.json()) == (200, first.json())
    assert rows_of(http, address) == 4
    other = http.post(f"{address}/operations/addRows", json={"rows": [["x", 1, None]]}, headers=asked["headers"])
    assert (other.status_code, other.json()["error"]) == (422, "InvalidValue")
    back = [http.post(f"{address}/undo", headers={"Idempotency-Key": "k2"}).json() for _ in range(2)]
    assert back[0] == back[1]
    assert rows_of(http, address) == 3


def test_an_upload_under_a_key_is_one_dataset(http: httpx.Client) -> None:
    def send(content: bytes, key: str = "up") -> httpx.Response:
        return http.post("/api/v1/datasets?name=t.csv", content=content, headers={"Idempotency-Key": key})

    first = send(CSV)
    assert first.status_code == 201
    assert send(CSV).json() == first.json()
    assert send(CSV, "other").json()["sessionID"] != first.json()["sessionID"]
    assert send(CSV + b"more,1,\n").status_code == 422


def test_an_aggregate_under_a_key_is_one_dataset(http: httpx.Client, address: str) -> None:
    asked = {"json": {"by": ["name"]}, "headers": {"Idempotency-Key": "k"}}
    made = {http.post(f"{address}/aggregate", **asked).json()["newSessionID"] for _ in range(2)}
    assert len(made) == 1


def test_every_change_takes_a_version_and_says_the_requests_id_again(http: httpx.Client, address: str) -> None:
    added = http.post(f"{address}/operations/addRows", json={**ADD, "ifVersion": 0, "requestID": "a"}).json()
    assert (added["success"], added["requestID"]) == (True, "a")
    late = http.post(f"{address}/undo", json={"ifVersion": 0})
    assert (late.status_code, late.json()["error"]) == (409, "IllegalOperation")
    for change, version in (("undo", 1), ("redo", 0), ("undo", 1)):
        answer = http.post(f"{address}/{change}", json={"ifVersion": version, "requestID": change}).json()
        assert (answer["success"], answer["requestID"]) == (True, change)
    assert http.post(f"{address}/redo?ifVersion=0&requestID=q").json()["requestID"] == "q"


def test_a_change_that_takes_long_is_accepted_and_its_address_told(storage: Path) -> None:
    with LongshoreServer(storage, CHANGE_TIMEOUT_SECONDS="0.05") as server, httpx.Client(timeout=60) as client:
        client.base_url = httpx.URL(server.url)
        session = upload(client)["sessionID"]
        workers = server.parts()["worker"].children()
        for worker in workers:
            worker.suspend()
        answer = client.post(f"/api/v1/datasets/{session}/operations/addRows", json={**ADD, "requestID": 5})
        assert answer.status_code == 202
        assert (answer.json()["accepted"], answer.json()["requestID"]) == (True, 5)
        for worker in workers:
            worker.resume()
        done = eventually(lambda: (told := client.get(answer.json()["request"])).status_code == 200 and told)
        assert done.json()["success"] is True


def several(http: httpx.Client, path: str, *files: tuple[str, str], **fields: str) -> httpx.Response:
    return http.post(path, files=[("file", (name, content)) for name, content in files], data=fields)


MONTHS = [("jan.csv", "day,n\na,1\n"), ("feb.csv", "n,day\n2,b\n"), ("feb.csv", "day,n\nc,3\n")]


def test_several_files_become_one_table(http: httpx.Client) -> None:
    looked = several(http, "/api/v1/look", *MONTHS).json()
    assert looked["rows"] == [["jan.csv", "a", 1], ["feb.csv", "b", 2], ["feb (2).csv", "c", 3]]
    made = several(http, "/api/v1/datasets", *MONTHS)
    assert made.status_code == 201, made.text
    session = made.json()["sessionID"]
    assert http.get(f"/downloadCSV/{session}").text == "file,day,n\njan.csv,a,1\nfeb.csv,b,2\nfeb (2).csv,c,3\n"
    assert http.get("/api/v1/datasets", params={"id": session}).json()["datasets"][0]["name"] == "3 files.tar"


def test_several_files_whose_columns_differ(http: httpx.Client) -> None:
    files = [("a.csv", "x,y\n1,2\n"), ("b.csv", "x,z\n3,4\n")]
    refused = several(http, "/api/v1/look", *files, append="same")
    assert refused.status_code == 422, refused.text
    assert "'b.csv' has no 'y', and 'z' besides" in refused.json()["errorDescription"]
    every = several(http, "/api/v1/look", *files, append="all").json()
    assert [column["name"] for column in every["columns"]] == ["file", "x", "y", "z"]


def test_the_older_address_takes_one_file(http: httpx.Client) -> None:
    assert "send one file at a time" in several(http, "/upload", *MONTHS).text
