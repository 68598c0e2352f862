"""The Jobs page, on a real server with jobs of its own."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from support.server import LongshoreServer

from .conftest import AXE, Opened

Open = Callable[..., Opened]

HANDLERS = '''
import io
import socket
from datetime import date
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, Field

from longshore import job, links


class Storm(BaseModel):
    name: str
    depth: float = Field(ge=0, le=500, description="millimetres")


class Basin(BaseModel):
    area: float = Field(5, gt=0)


class Inputs(BaseModel):
    storms: list[Storm] = Field(min_length=1)
    unit: Literal["mm", "in"] = "mm"
    basin: Basin | None = None
    begin: date | None = None
    factors: list[float] = [1.0, 2.0]
    extra: dict[str, int] = {}


@job("storm_report", queue="qed")
def storm_report(inputs: Inputs) -> dict:
    """What came down."""
    if inputs.storms[0].name == "nobody":
        raise ValueError("nobody is no storm")
    return inputs.model_dump(mode="json")


def check_even(value):
    if value % 2:
        raise ValueError("give an even number")
    return value


@job("steps")
def steps(port: int, progress, total: Annotated[int, AfterValidator(check_even)] = 4) -> str:
    """Goes a step each time it is told to, over a socket."""
    with socket.create_connection(("127.0.0.1", port)) as told:
        progress(0, total, "step 0")
        for step in range(1, total + 1):
            if not told.recv(1):
                break
            progress(step, total, f"step {step}")
    return "there"


@job("months")
def months(n: int = 3) -> list[dict]:
    """Some rows."""
    return [{"month": f"2026-{number:02}-01", "rain": number * 10.5, "note": None} for number in range(1, n + 1)]


@job("letter")
def letter(text: str) -> dict:
    """A file to take away."""
    link = links.register(io.StringIO(text), file_name="letter.txt", one_time_service=True)
    return {"letters": len(text), "file": link}


@job("picture")
def picture() -> dict:
    """A chart."""
    return {
        "$schema": "https://vega.github.io/schema/vega-lite/v5.json",
        "data": {"values": [{"a": "left", "b": 3}, {"a": "right", "b": 5}]},
        "mark": "bar",
        "encoding": {"x": {"field": "a", "type": "nominal"}, "y": {"field": "b", "type": "quantitative"}},
    }


@job("same")
def same(session_id: str) -> dict:
    """Looks at a dataset."""
    return {"made": session_id}


@job("large")
def large(n: int) -> list[int]:
    """Many numbers."""
    return list(range(n))
'''


@pytest.fixture(scope="module")
def jobs_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LongshoreServer]:
    folder = tmp_path_factory.mktemp("jobs")
    (folder / "handlers").mkdir()
    (folder / "handlers" / "some.py").write_text(HANDLERS, "utf-8")
    with LongshoreServer(folder / "storage", HANDLERS_DIR=str(folder / "handlers")) as running:
        yield running


@pytest.fixture
def open_jobs(open_page: Open, jobs_server: LongshoreServer) -> Callable[..., Opened]:
    """Opens the Jobs page of the server that has jobs, or a part of it."""

    def make(shown: str = "", **about: Any) -> Opened:
        opened = open_page(jobs_server.url, **about)
        opened.page.goto(f"{opened.url}/?page=jobs{shown}")
        return opened

    return make


class Stepper:
    """Tells the job ``steps`` when to go on."""

    def __init__(self) -> None:
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.listener.settimeout(30)
        self.port = self.listener.getsockname()[1]
        self.connection: socket.socket | None = None

    def go_on(self) -> None:
        """One step more."""
        if self.connection is None:
            self.connection, _ = self.listener.accept()
        self.connection.sendall(b".")

    def close(self) -> None:
        for each in (self.connection, self.listener):
            if each is not None:
                each.close()


@pytest.fixture
def stepper() -> Iterator[Stepper]:
    made = Stepper()
    yield made
    made.close()


def submit(server: LongshoreServer, name: str, **inputs: Any) -> str:
    answer = httpx.post(f"{server.url}/api/v1/jobs/{name}", json=inputs)
    assert answer.status_code == 202, answer.text
    return str(answer.json()["id"])


def finish(server: LongshoreServer, name: str, **inputs: Any) -> str:
    """Submit a job and wait for its end."""
    job_id = submit(server, name, **inputs)
    while httpx.get(f"{server.url}/api/v1/jobs/{job_id}?wait=30", timeout=60).json()["finished"] is None:
        pass
    return job_id


def status(server: LongshoreServer, job_id: str) -> str:
    return str(httpx.get(f"{server.url}/api/v1/jobs/{job_id}").json()["status"])


def run(page: Any) -> str:
    """Press "Run"; the new job's id."""
    page.get_by_role("button", name="Run", exact=True).click()
    page.wait_for_url("**/?page=jobs&job=*")
    return str(page.url.rsplit("=", 1)[1])


def test_without_jobs_it_is_shown_how_to_make_one(open_page: Open, tmp_path: Path) -> None:
    opened = open_page()
    page = opened.page
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto(f"{opened.url}/?page=jobs")
    page.get_by_text("No jobs are declared yet").wait_for()
    page.get_by_role("button", name="Copy").click()
    page.locator(".toast", has_text="handlers/sums.py").wait_for()
    (tmp_path / "handlers").mkdir()
    (tmp_path / "handlers" / "sums.py").write_text(page.evaluate("navigator.clipboard.readText()"))
    with LongshoreServer(tmp_path / "storage", HANDLERS_DIR=str(tmp_path / "handlers")) as server:
        page.goto(f"{server.url}/?page=jobs")
        page.get_by_role("link", name="Add").click()
        page.get_by_label("A", exact=True).fill("2")
        page.keyboard.press("Enter")
        page.locator(".single", has_text="3").wait_for()
        opened.expected = "net::ERR_"  # that server ends before the page


def test_a_form_is_filled_in_and_read_back(open_jobs: Callable[..., Opened], jobs_server: LongshoreServer) -> None:
    page = open_jobs().page
    page.get_by_role("link", name="Storm report").click()
    page.locator('[name="storms[0].name"]').fill("Xaver")
    page.locator('[name="storms[0].depth"]').fill("12.5")
    page.get_by_role("button", name="Add a storm").click()
    page.keyboard.type("Kyrill")  # the new row has the focus
    page.locator('[name="storms[1].depth"]').fill("30")
    page.get_by_label("Unit").select_option("in")
    page.get_by_label("Set basin").check()
    page.get_by_label("Area").fill("7")
    page.get_by_label("Begin").fill("2026-03-01")
    page.get_by_label("Factors").fill("1\n3")
    page.get_by_label("Extra").fill('{"a": 1}')
    job_id = run(page)
    page.locator(".badge", has_text="Done").wait_for()
    given = {
        "storms": [{"name": "Xaver", "depth": 12.5}, {"name": "Kyrill", "depth": 30}],
        "unit": "in",
        "basin": {"area": 7},
        "begin": "2026-03-01",
        "factors": [1, 3],
        "extra": {"a": 1},
    }
    assert httpx.get(f"{jobs_server.url}/api/v1/jobs/{job_id}/inputs").json() == given
    page.get_by_role("link", name="Run again").click()
    assert page.locator('[name="storms[1].name"]').input_value() == "Kyrill"
    assert page.get_by_label("Area").input_value() == "7"
    page.get_by_role("button", name="Remove storm 1").click()
    again = run(page)
    page.locator(".badge", has_text="Done").wait_for()
    assert httpx.get(f"{jobs_server.url}/api/v1/jobs/{again}/inputs").json() == {**given, "storms": given["storms"][1:]}


def test_what_is_wrong_stands_beside_its_field(open_jobs: Callable[..., Opened]) -> None:
    opened = open_jobs("&type=storm_report")
    page = opened.page
    page.locator('[name="storms[0].depth"]').fill("501")
    page.get_by_label("Extra").fill("{")
    page.locator(".form-row", has_text="Extra").get_by_text("This is not JSON").wait_for()
    page.get_by_role("button", name="Run", exact=True).click()
    page.get_by_text("Give at most 500").wait_for()
    assert page.evaluate("document.activeElement.name") == "storms[0].name"
    assert (
        page.locator(".form-row", has=page.locator('[name="storms[0].name"]')).locator(".problem").inner_text()
        == "Fill this in"
    )
    page.get_by_label("Extra").fill('{"a": "much"}')
    page.locator('[name="storms[0].name"]').fill("Xaver")
    page.locator('[name="storms[0].depth"]').fill("1")
    opened.expected = "422"
    page.get_by_role("button", name="Run", exact=True).click()
    page.locator(".form-row", has_text="Extra").locator(
        ".problem", has_text="A: input should be a valid integer"
    ).wait_for()
    assert page.evaluate("document.activeElement.name") == "extra"


def test_what_only_the_server_knows_to_be_wrong_is_said(open_jobs: Callable[..., Opened]) -> None:
    opened = open_jobs("&type=steps")
    opened.expected = "422"
    page = opened.page
    page.get_by_label("Port").fill("1")
    page.get_by_label("Total").fill("3")
    page.get_by_role("button", name="Run", exact=True).click()
    page.locator(".form-row", has_text="Total").locator(".problem", has_text="Give an even number").wait_for()
    assert page.evaluate("document.activeElement.name") == "total"


def test_a_job_is_run_with_the_keyboard_alone(open_jobs: Callable[..., Opened]) -> None:
    page = open_jobs().page
    link = page.get_by_role("link", name="Months")
    link.wait_for()
    for _ in range(30):
        if link.evaluate("each => each === document.activeElement"):
            break
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.get_by_label("N", exact=True).wait_for()
    for _ in range(30):
        if page.evaluate("document.activeElement.name") == "n":
            break
        page.keyboard.press("Tab")
    page.keyboard.press("Control+A")
    page.keyboard.type("5")
    page.keyboard.press("Enter")
    page.get_by_text("5 rows").wait_for()


def test_two_people_see_the_same_progress(
    open_jobs: Callable[..., Opened], jobs_server: LongshoreServer, stepper: Stepper
) -> None:
    job_id = submit(jobs_server, "steps", port=stepper.port)
    one, other, listing = open_jobs(f"&job={job_id}"), open_jobs(f"&job={job_id}"), open_jobs()
    for step in range(1, 4):
        stepper.go_on()
        for opened in (one, other):
            opened.page.locator(".job-running", has_text=f"step {step}").get_by_text(f"{step} of 4").wait_for()
            assert opened.page.get_by_role("progressbar").get_attribute("aria-valuenow") == str(25 * step)
        listing.page.locator(".rows li", has_text=f"{step} of 4 · step {step}").wait_for()
    stepper.go_on()
    for opened in (one, other):
        opened.page.locator(".single", has_text="there").wait_for()
        assert opened.page.get_by_text("Kept until").is_visible()
    row = listing.page.locator(".rows li", has=listing.page.locator(f'a[href$="{job_id}"]'))
    row.locator(".badge", has_text="Done").wait_for()


def test_progress_goes_on_when_the_connection_is_refused(
    open_page: Open, jobs_server: LongshoreServer, stepper: Stepper
) -> None:
    opened = open_page(jobs_server.url)
    opened.expected = "ERR_FAILED"
    opened.page.route("**/socket.io/**", lambda route: route.abort())
    opened.page.route_web_socket("**/socket.io/**", lambda ws: ws.close())
    job_id = submit(jobs_server, "steps", port=stepper.port)
    opened.page.goto(f"{opened.url}/?page=jobs&job={job_id}")
    stepper.go_on()
    opened.page.get_by_text("1 of 4").wait_for()
    for _ in range(3):
        stepper.go_on()
    opened.page.locator(".single", has_text="there").wait_for()


def test_a_running_job_is_cancelled(
    open_jobs: Callable[..., Opened], jobs_server: LongshoreServer, stepper: Stepper
) -> None:
    page = open_jobs("&type=steps").page
    page.get_by_label("Port").fill(str(stepper.port))
    job_id = run(page)
    stepper.go_on()
    page.get_by_text("1 of 4").wait_for()
    page.get_by_role("button", name="Cancel").click()
    page.locator(".badge", has_text="Cancelled").wait_for()
    assert status(jobs_server, job_id) == "REVOKED"
    page.locator(".toast").get_by_role("button", name="Run again").click()
    page.locator(f'[name="port"][value="{stepper.port}"]').wait_for()


def test_a_job_is_cancelled_from_the_list(
    open_jobs: Callable[..., Opened], jobs_server: LongshoreServer, stepper: Stepper
) -> None:
    job_id = submit(jobs_server, "steps", port=stepper.port)
    page = open_jobs().page
    stepper.go_on()
    row = page.locator(".rows li", has=page.locator(f'a[href$="{job_id}"]'))
    row.get_by_role("button", name="Cancel Steps").click()
    row.locator(".badge", has_text="Cancelled").wait_for()
    assert status(jobs_server, job_id) == "REVOKED"


def test_a_table_is_charted_and_opened_as_a_dataset(open_jobs: Callable[..., Opened]) -> None:
    page = open_jobs("&type=months").page
    page.get_by_role("button", name="Run", exact=True).click()
    page.locator(".records td", has_text="2026-02-01").wait_for()
    page.get_by_role("button", name="Chart").click()
    page.locator(".chart svg", has_text="rain").wait_for()
    page.get_by_role("combobox", name="Across").select_option("Row")
    page.get_by_label("rain across rows").wait_for()
    page.get_by_role("button", name="Open as a table").click()
    page.locator(".cell", has_text="31.5").wait_for()
    page.locator("h1", has_text="months").wait_for()


def test_a_chart_is_drawn(open_jobs: Callable[..., Opened], jobs_server: LongshoreServer) -> None:
    page = open_jobs(f"&job={finish(jobs_server, 'picture')}").page
    page.locator(".chart svg", has_text="left").wait_for()


def test_a_file_is_downloaded_by_its_link(open_jobs: Callable[..., Opened], jobs_server: LongshoreServer) -> None:
    page = open_jobs(f"&job={finish(jobs_server, 'letter', text='Dear sea')}").page
    link = page.get_by_role("link", name="letter.txt")
    assert "8 B" in link.inner_text()
    with page.expect_download() as download:
        link.click()
    assert Path(download.value.path()).read_text() == "Dear sea"
    assert download.value.suggested_filename == "letter.txt"


def test_a_link_that_was_used_says_so(open_jobs: Callable[..., Opened], jobs_server: LongshoreServer) -> None:
    job_id = finish(jobs_server, "letter", text="once")
    file = httpx.get(f"{jobs_server.url}/api/v1/jobs/{job_id}").json()["data"]["file"]
    assert httpx.get(jobs_server.url + file).text == "once"
    opened = open_jobs(f"&job={job_id}")
    opened.expected = "Failed to load resource"
    opened.page.get_by_text("its link was used or has expired").wait_for()


def test_a_dataset_is_chosen_by_name_and_opened_from_the_result(open_jobs: Callable[..., Opened]) -> None:
    opened = open_jobs()
    page = opened.page
    opened.open_movies()
    session = page.url.rsplit("/", 1)[1]
    page.goto(f"{opened.url}/?page=jobs&type=same")
    page.get_by_label("Session id").select_option(label="movies.json, 3,201 × 16")
    run(page)
    page.get_by_role("region", name="Result").get_by_role("link", name="Open the dataset").click()
    page.locator(".cell", has_text="The Land Girls").wait_for()
    assert page.url.endswith(session)


def test_a_large_result_waits_to_be_asked_for(open_jobs: Callable[..., Opened], jobs_server: LongshoreServer) -> None:
    page = open_jobs().page
    fetched: list[str] = []
    page.on("request", lambda request: fetched.append(request.url))
    page.goto(f"{jobs_server.url}/?page=jobs&job={finish(jobs_server, 'large', n=400_000)}")
    page.get_by_text("This result has 2.7 MB").wait_for()
    with page.expect_download() as download:
        page.get_by_role("button", name="JSON, 2.7 MB").click()
    assert len(json.loads(Path(download.value.path()).read_bytes())) == 400_000
    assert not [each for each in fetched if each.endswith("/result") and "download" not in each][1:]
    page.get_by_role("button", name="Show it").click()
    page.get_by_text("400,000 rows").wait_for()


def test_a_failure_says_why(open_jobs: Callable[..., Opened]) -> None:
    page = open_jobs("&type=storm_report").page
    page.locator('[name="storms[0].name"]').fill("nobody")
    page.locator('[name="storms[0].depth"]').fill("1")
    page.get_by_role("button", name="Run", exact=True).click()
    page.locator(".job-failure .sentence", has_text="nobody is no storm").wait_for()
    assert not page.get_by_text("Traceback").is_visible()
    page.get_by_text("The last lines it wrote").click()
    page.get_by_text("Traceback").wait_for()


def test_the_list_is_filtered_and_goes_back(open_jobs: Callable[..., Opened], jobs_server: LongshoreServer) -> None:
    httpx.post(f"{jobs_server.url}/api/v1/jobs/months/batch", json=[{}] * 30)
    newest = finish(jobs_server, "large", n=1)
    opened = open_jobs()
    page = opened.page
    page.locator(".rows a").first.wait_for()
    assert page.locator(".rows a").first.get_attribute("href").endswith(newest)
    page.get_by_role("group", name="Which jobs").get_by_role("button", name="Months").click()
    page.get_by_role("group", name="How they stand").get_by_role("button", name="Done").click()
    page.locator(".rows a", has_text="Large").wait_for(state="detached")
    assert "only=months&status=done" in page.url
    page.get_by_role("link", name="Older").click()
    page.get_by_role("link", name="Newest").wait_for()
    page.locator(".rows a", has_text="Months").first.wait_for()
    assert page.locator(".rows .badge", has_not_text="Done").count() == 0
    page.reload()
    page.get_by_role("link", name="Newest").click()
    page.get_by_role("link", name="Older").wait_for()
    assert page.get_by_role("button", name="Months", pressed=True).is_visible()
    page.get_by_role("button", name="Done").click()
    page.get_by_role("button", name="Cancelled").click()
    page.get_by_text("No run is like this").wait_for()
    page.get_by_role("link", name="Show all").click()
    page.locator(".rows a", has_text="Large").first.wait_for()


def test_what_is_not_there_is_said(open_jobs: Callable[..., Opened]) -> None:
    opened = open_jobs("&job=7")
    opened.expected = "404"
    opened.page.get_by_text("There is no such job").wait_for()
    opened.page.goto(f"{opened.url}/?page=jobs&type=nothing")
    opened.page.get_by_text("No job is called nothing").wait_for()


@pytest.mark.parametrize("width", [1440, 390])
def test_axe_finds_nothing_serious(
    open_jobs: Callable[..., Opened], jobs_server: LongshoreServer, stepper: Stepper, width: int
) -> None:
    if not AXE.is_file():
        pytest.skip("axe-core is not installed: make workbench")
    failed = finish(jobs_server, "storm_report", storms=[{"name": "nobody", "depth": 1}])
    shown = {
        "list": ("", ".rows .badge"),
        "form": ("&type=storm_report", ".form-foot"),
        "table": (f"&job={finish(jobs_server, 'months')}", ".records td"),
        "values": (f"&job={finish(jobs_server, 'letter', text='x')}", ".file-link"),
        "failure": (f"&job={failed}", ".job-failure"),
        "running": (f"&job={submit(jobs_server, 'steps', port=stepper.port)}", ".job-running"),
    }
    opened = open_jobs(width=width)
    page = opened.page
    stepper.go_on()
    findings = {}
    for name, (query, seen) in shown.items():
        page.goto(f"{opened.url}/?page=jobs{query}")
        page.locator(seen).first.wait_for()
        if name == "form":
            page.get_by_label("Set basin").check()
            page.get_by_role("button", name="Run", exact=True).click()
            page.locator(".problem").first.wait_for()
        findings[name] = opened.serious_findings()
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"{name} scrolls sideways"
    assert {name: found for name, found in findings.items() if found} == {}
