"""One-time addresses opened in a real Chromium."""

from __future__ import annotations

import wave
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from support.chromium import CHROMIUM
from support.server import LongshoreServer
from support.waiting import eventually

NAME = "Übersicht 日本.wav"
SECONDS = 600
RATE = 44_100
PATIENCE_MS = 60_000
# What has happened is asked for, not listened for: an event may be over before anybody listens.
PLAYABLE = "() => document.querySelector('audio').readyState >= HTMLMediaElement.HAVE_FUTURE_DATA"
JUMP = "media => { media.currentTime = media.duration - 5 }"
JUMPED = """() => {
    const media = document.querySelector('audio')
    return !media.seeking && media.currentTime > media.duration - 6 && media.readyState >= 2
}"""

pytestmark = [pytest.mark.processes, pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium")]


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A recording of ten minutes, 106 MB: more than a browser takes in advance."""
    path = tmp_path_factory.mktemp("offered") / NAME
    with wave.open(str(path), "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(2)
        file.setframerate(RATE)
        for _ in range(SECONDS):
            file.writeframes(bytes(4 * RATE))
    return path


@pytest.fixture(scope="module")
def serving(recording: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LongshoreServer]:
    with LongshoreServer(tmp_path_factory.mktemp("browser") / "storage", FILES_ROOT=str(recording.parent)) as server:
        yield server


@pytest.fixture
def page() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser.new_context(accept_downloads=True).new_page()
        browser.close()


def test_a_preview_leaves_the_address_valid_and_the_download_uses_it_up(
    serving: LongshoreServer, recording: Path, page: Any, tmp_path: Path
) -> None:
    address = serving.url + httpx.post(f"{serving.url}/file", params={"name": NAME}).json()["addr"]
    ranges: list[str | None] = []
    page.on("request", lambda asked: ranges.append(asked.headers.get("range")))
    page.goto(f"{serving.url}/hello")
    page.set_content(f'<audio controls preload="auto" src="{address}"></audio>')
    page.wait_for_function(PLAYABLE, timeout=PATIENCE_MS)
    assert page.eval_on_selector("audio", "media => media.duration") == pytest.approx(SECONDS)
    page.eval_on_selector("audio", JUMP)  # which asks for a range near the end
    page.wait_for_function(JUMPED, timeout=PATIENCE_MS)
    assert page.eval_on_selector("audio", "media => media.error") is None
    assert ranges, "the browser asked by itself"
    page.goto(f"{serving.url}/hello")
    assert page.request.head(address).status == 200

    with page.expect_download(timeout=60_000) as awaited:
        page.evaluate("address => { location.href = address }", f"{address}&download=true")
    download = awaited.value
    assert download.suggested_filename == NAME
    saved = tmp_path / "saved"
    download.save_as(saved)
    assert saved.read_bytes() == recording.read_bytes()
    eventually(lambda: httpx.head(address).status_code == 404, 30, "the address to be used up")


def test_a_picture_is_shown_once(serving: LongshoreServer, recording: Path, page: Any) -> None:
    picture = recording.with_name("Punkt ö.png")
    page.goto(f"{serving.url}/hello")
    picture.write_bytes(page.screenshot())
    address = serving.url + httpx.post(f"{serving.url}/file", params={"name": picture.name}).json()["addr"]
    shown = page.goto(address)
    assert (shown.status, shown.headers["content-type"]) == (200, "image/png")
    assert quote(picture.name) in shown.headers["content-disposition"]
    assert page.eval_on_selector("img", "picture => picture.naturalWidth") > 0
    eventually(lambda: httpx.head(address).status_code == 404, 30, "the address to be used up")


def test_who_jumps_while_the_first_answer_still_comes_is_the_same_taker(serving: LongshoreServer) -> None:
    address = httpx.post(f"{serving.url}/file", params={"name": NAME}).json()["addr"]
    near_the_end = {"Range": "bytes=104955904-"}
    with httpx.Client(base_url=serving.url) as player, player.stream("GET", address, headers={"Range": "bytes=0-"}):
        assert player.get(address, headers=near_the_end).status_code == 206
        assert httpx.get(serving.url + address, headers=near_the_end).status_code == 409, "a stranger is not"
