"""Several browsers on one table, and a line that breaks while somebody works."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx

from support.server import LongshoreServer

from .conftest import Opened

Open = Callable[..., Opened]
CSV = b"name,price\n" + b"".join(b"n%d,%d\n" % (number, number) for number in range(500))


def upload(url: str) -> str:
    return str(httpx.post(f"{url}/upload", files={"file": ("t.csv", CSV)}, timeout=60).json()["sessionID"])


def open_table(opened: Opened, session: str) -> None:
    opened.page.goto(f"{opened.url}/{session}")
    opened.page.locator(".cell", has_text="n0").first.wait_for()


def cell(page: Any, row: int, column: str) -> Any:
    return page.locator(f'[row-index="{row}"] [col-id="{column}"]')


def write(page: Any, row: int, column: str, text: str) -> None:
    cell(page, row, column).click()
    page.keyboard.type(text)
    page.keyboard.press("Enter")


def sentences(url: str, session: str) -> list[str]:
    """The steps of the table, by the operation's name and new value."""
    steps = httpx.get(f"{url}/api/v1/datasets/{session}/history").json()["steps"]
    return [str(step["parameters"].get("newValue")) for step in steps if step["operation"] == "newCellValue"]


def test_people_see_each_others_names_and_changes(open_page: Open) -> None:
    ann, bob = open_page(), open_page()
    session = upload(ann.url)
    for opened, name in ((ann, "Ann Miller"), (bob, "Bob")):
        opened.page.context.set_extra_http_headers({"Uid": name})
        open_table(opened, session)
    ann.page.locator(".presence", has_text="BO").wait_for()
    bob.page.locator(".presence", has_text="AM").wait_for()
    write(bob.page, 0, "price", "777")
    ann.page.locator(".ag-cell.fresh", has_text="777").wait_for()
    ann.page.locator(".toast", has_text="Bob: ").wait_for()
    bob.page.goto(bob.url)
    ann.page.locator(".presence").wait_for(state="detached")


def test_a_change_of_somebody_else_leaves_place_and_selection(open_page: Open) -> None:
    opened = open_page()
    session = upload(opened.url)
    open_table(opened, session)
    page = opened.page
    cell(page, 0, "name").click()
    page.keyboard.press("Control+G")
    page.get_by_label("Row, 1 to 500").fill("300")
    page.keyboard.press("Enter")
    cell(page, 299, "name").get_by_text("n299", exact=True).wait_for()
    page.keyboard.press("Space")
    page.locator(".rows-shown", has_text="1 selected").wait_for()
    top = page.evaluate("document.querySelector('.ag-grid-viewport').scrollTop")
    base = f"{opened.url}/api/v1/datasets/{session}/operations"
    httpx.post(f"{base}/newCellValue", json={"column": "price", "rowIndex": 300, "newValue": "9"}).raise_for_status()
    page.locator(".toast", has_text="Somebody else").wait_for()
    cell(page, 300, "price").get_by_text("9", exact=True).wait_for()
    assert page.evaluate("document.querySelector('.ag-grid-viewport').scrollTop") == top
    assert page.locator(".rows-shown", has_text="1 selected").is_visible()
    page.locator('[row-index="299"] [col-id="name"].ag-cell-focus').wait_for()
    httpx.post(f"{base}/deleteRows", json={"rowIndices": [0]}).raise_for_status()
    page.locator(".rows-shown", has_text="499 rows").wait_for()
    assert "selected" not in page.locator(".rows-shown").inner_text()


def restart(server: LongshoreServer, port: str) -> None:
    server.environment["PORT"] = port
    server.start()
    server.wait_until_ready()


def test_changes_wait_while_the_server_is_away_and_are_done_once(open_page: Open, server: LongshoreServer) -> None:
    opened, other = open_page(server.url), open_page(server.url)
    opened.expected = other.expected = "net::ERR_"
    session = upload(server.url)
    open_table(opened, session)
    open_table(other, session)
    page, port = opened.page, server.url.rsplit(":", 1)[1]
    server.end()
    page.get_by_text("The connection is lost").wait_for()
    write(page, 0, "name", "first")
    page.get_by_text("1 change waits").wait_for()
    write(page, 1, "name", "second")
    page.get_by_text("2 changes wait").wait_for()
    restart(server, port)
    cell(page, 0, "name").get_by_text("first", exact=True).wait_for()
    cell(page, 1, "name").get_by_text("second", exact=True).wait_for()
    page.locator(".toast", has_text="2 waiting changes sent").wait_for()
    page.get_by_text("The connection is lost").wait_for(state="detached")
    cell(other.page, 1, "name").get_by_text("second", exact=True).wait_for()
    assert sentences(server.url, session) == ["first", "second"]


def test_a_waiting_change_is_refused_when_the_table_is_another_one(open_page: Open, server: LongshoreServer) -> None:
    opened = open_page(server.url)
    opened.expected = "net::ERR_"
    session = upload(server.url)
    open_table(opened, session)
    page, port = opened.page, server.url.rsplit(":", 1)[1]
    server.end()
    page.get_by_text("The connection is lost").wait_for()
    # The page may not find the server before somebody else has changed the table.
    page.context.set_offline(True)
    write(page, 0, "name", "mine")
    page.get_by_text("1 change waits").wait_for()
    restart(server, port)
    base = f"{server.url}/api/v1/datasets/{session}/operations"
    httpx.post(f"{base}/deleteRows", json={"rowIndices": [0]}, headers={"Uid": "Ann"}).raise_for_status()
    opened.expected = "net::ERR_"
    page.context.set_offline(False)
    page.locator(".toast.failed", has_text="Not done").wait_for()
    page.locator(".toast", has_text="Meanwhile Ann").wait_for()
    cell(page, 0, "name").get_by_text("n1", exact=True).wait_for()
    assert sentences(server.url, session) == []


def test_a_change_whose_answer_got_lost_is_not_done_again(open_page: Open) -> None:
    opened = open_page()
    session = upload(opened.url)
    page = opened.page
    lost: list[str] = []

    def relay(ws: Any) -> None:
        upstream = ws.connect_to_server()
        cut = False

        def down(message: Any) -> None:
            nonlocal cut
            if isinstance(message, str) and '["newCellValue"' in message and not lost:
                lost.append(message)
                cut = True
                ws.close()
            if not cut:  # nothing arrives on a line that is cut, whatever the server still sends
                ws.send(message)

        upstream.on_message(down)

    page.route_web_socket("**/socket.io/**", relay)
    open_table(opened, session)
    write(page, 0, "name", "once")
    page.locator(".toast", has_text="Connected again").wait_for()
    cell(page, 0, "name").get_by_text("once", exact=True).wait_for()
    assert len(lost) == 1
    assert sentences(opened.url, session) == ["once"]
    page.keyboard.press("Control+Z")
    cell(page, 0, "name").get_by_text("n0", exact=True).wait_for()


def test_a_notes_undo_takes_back_its_own_step_and_no_other(open_page: Open) -> None:
    ann = open_page()
    session = upload(ann.url)
    open_table(ann, session)
    write(ann.page, 0, "name", "mine")
    note = ann.page.locator(".toast", has_text="Set row 0")
    note.wait_for()
    theirs = {"columnIndex": 0, "rowIndex": 1, "newValue": "theirs"}
    httpx.post(f"{ann.url}/api/v1/datasets/{session}/operations/newCellValue", json=theirs).raise_for_status()
    cell(ann.page, 1, "name").get_by_text("theirs").wait_for()
    note.get_by_role("button", name="Undo").click()
    cell(ann.page, 0, "name").get_by_text("n0").wait_for()
    assert cell(ann.page, 1, "name").inner_text() == "theirs"
    assert ann.problems == []


def test_a_notes_undo_of_the_last_step_is_an_undo(open_page: Open) -> None:
    ann = open_page()
    session = upload(ann.url)
    open_table(ann, session)
    write(ann.page, 0, "name", "mine")
    ann.page.locator(".toast", has_text="Set row 0").get_by_role("button", name="Undo").click()
    cell(ann.page, 0, "name").get_by_text("n0").wait_for()
    history = httpx.get(f"{ann.url}/api/v1/datasets/{session}/history").json()
    assert (history["position"], len(history["steps"])) == (0, 2)
