"""The documentation's pictures of the workbench, taken from the real thing: `make pictures`.

Starts a server of its own in an empty folder, goes through the pages as `screenshots.py` does, and writes one small PNG
for each into docs/pictures. The tests take them again and compare, so that they stay true.
"""

from __future__ import annotations

import io
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from PIL import Image, ImageChops
from playwright.sync_api import Browser, sync_playwright

ROOT = Path(__file__).parent.parent
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "frontend")]

from screenshots import PAGES, SIZES  # noqa: E402

from support.server import LongshoreServer  # noqa: E402

FOLDER = ROOT / "docs" / "pictures"
BOTH = ("wide", "phone")
PICTURES = {
    "start": BOTH,
    "import": ("wide",),
    "table": BOTH,
    "preview": ("wide",),
    "facets": BOTH,
    "profile": ("wide",),
    "charts": BOTH,
    "history": ("wide",),
    "recipe": ("wide",),
    "palette": ("wide",),
    "job-result-table": BOTH,
    "files": ("wide",),
}
"""Which pages are shown, and how wide."""
COLOURS = 128
CELL = 10
"""Pictures are compared in squares of so many points: letters drawn by another version do not count, places do."""
DIFFERENT = 10
"""A square differs when its mean brightness does by so much, of 255."""
MAX_DIFFERENT = 0.02
"""Two pictures are the same page when no more of their squares differ."""


@contextmanager
def serving_examples(folder: Path) -> Iterator[LongshoreServer]:
    """A server with the examples' handlers, the samples on offer (copied now: a page tells a file's age), no more."""
    offered = folder / "offered"
    offered.mkdir()
    for sample in (ROOT / "src" / "longshore" / "samples").glob("*.csv"):
        shutil.copyfile(sample, offered / sample.name)
    environment = {"HANDLERS_DIR": str(ROOT / "examples" / "handlers"), "FILES_ROOT": str(offered)}
    with LongshoreServer(folder / "storage", **environment) as server:
        yield server


@contextmanager
def browsing() -> Iterator[Browser]:
    """A Chromium of the system's."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        yield browser
        browser.close()


def take(browser: Browser, url: str, name: str, size: str) -> Image.Image:
    """The page as it is now."""
    width, height = SIZES[size]
    context = browser.new_context(
        viewport={"width": width, "height": height}, color_scheme="light", reduced_motion="reduce", locale="en-GB"
    )
    try:
        page = context.new_page()
        page.set_default_timeout(20_000)
        PAGES[name](page, url)
        page.mouse.move(0, 0)
        page.evaluate("document.fonts.ready")
        return Image.open(io.BytesIO(page.screenshot(animations="disabled", caret="hide"))).convert("RGB")
    finally:
        context.close()


def difference(one: Image.Image, other: Image.Image) -> float:
    """The share of squares that differ, 0 to 1; all of them when the pictures are of different sizes."""
    if one.size != other.size:
        return 1.0
    squares = (one.width // CELL, one.height // CELL)
    small = [picture.convert("L").resize(squares, Image.Resampling.BOX) for picture in (one, other)]
    counts = ImageChops.difference(*small).histogram()
    return sum(counts[DIFFERENT:]) / (squares[0] * squares[1])


def path_of(name: str, size: str) -> Path:
    """Where a page's picture is kept."""
    return FOLDER / f"{name}-{size}.png"


def main() -> None:
    """Take all pictures, or those that are named."""
    FOLDER.mkdir(exist_ok=True)
    chosen = {name: sizes for name, sizes in PICTURES.items() if name in sys.argv[1:] or not sys.argv[1:]}
    with tempfile.TemporaryDirectory() as folder, serving_examples(Path(folder)) as server, browsing() as browser:
        for name, sizes in chosen.items():
            for size in sizes:
                picture = take(browser, server.url, name, size)
                picture.quantize(COLOURS, dither=Image.Dither.NONE).save(path_of(name, size), optimize=True)
                print(path_of(name, size).relative_to(ROOT))


if __name__ == "__main__":
    main()
