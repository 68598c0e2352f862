"""The documentation's pictures show the workbench as it is: `make pictures` takes them anew."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from support.server import LongshoreServer

FRONTEND = Path(__file__).parents[2] / "frontend"


@pytest.fixture(scope="module")
def pictures() -> Iterator[ModuleType]:
    pytest.importorskip("playwright.sync_api")
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(FRONTEND)
        import pictures

        yield pictures
    for name in ("pictures", "screenshots"):
        sys.modules.pop(name, None)


@pytest.fixture(scope="module")
def examples(pictures: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LongshoreServer]:
    with pictures.serving_examples(tmp_path_factory.mktemp("pictures")) as server:
        yield server


def test_pictures_are_of_the_pages_as_they_are(
    pictures: ModuleType, examples: LongshoreServer, browser: Any, tmp_path: Path
) -> None:
    from PIL import Image

    found = {}
    for name, sizes in pictures.PICTURES.items():
        for size in sizes:
            now = pictures.take(browser, examples.url, name, size)
            kept = Image.open(pictures.path_of(name, size)).convert("RGB")
            share = pictures.difference(now, kept)
            if share > pictures.MAX_DIFFERENT:
                now.save(tmp_path / f"{name}-{size}.png")
                found[f"{name}-{size}"] = f"{share:.1%} differ, see {tmp_path}"
    assert found == {}, "the pages changed: look at them, then make pictures"


def test_a_page_without_its_panel_is_another(pictures: ModuleType) -> None:
    from PIL import Image, ImageDraw

    whole = Image.open(pictures.path_of("history", "wide")).convert("RGB")
    without = whole.copy()
    ImageDraw.Draw(without).rectangle((whole.width - 320, 48, whole.width, whole.height), fill="white")
    assert pictures.difference(whole, whole) == 0
    assert pictures.difference(whole, without) > pictures.MAX_DIFFERENT


def test_each_kept_picture_is_taken_and_shown(pictures: ModuleType) -> None:
    taken = {pictures.path_of(name, size).name for name, sizes in pictures.PICTURES.items() for size in sizes}
    assert {path.name for path in pictures.FOLDER.iterdir()} == taken
