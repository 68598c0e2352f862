"""Which Chromium drives the pages."""

from __future__ import annotations

import shutil

# The first is the same engine without a window of its own, whose tool bar costs a second of processor time a page.
NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
CHROMIUM = next(filter(None, map(shutil.which, NAMES)), None)
