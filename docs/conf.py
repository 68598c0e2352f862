"""Sphinx configuration. Pages that list things are made from what they list, each time the site is built."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import generate

from longshore.processes.version import app_version

project = "Longshore"
release = version = app_version()
copyright = "the Longshore developers"
extensions = ["myst_parser", "sphinx.ext.autodoc"]
myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3
exclude_patterns = ["_build", "reference/made"]
html_theme = "furo"
html_title = f"Longshore {release}"
autodoc_member_order = "bysource"
autodoc_typehints = "description"
nitpicky = False

generate.write_all(Path(__file__).parent)
