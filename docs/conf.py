"""How Sphinx builds these pages: `nox -s docs`."""

from __future__ import annotations

project = "spectralkit"
author = "the spectralkit authors"
extensions = ["myst_parser"]
html_theme = "furo"
html_title = "spectralkit"
exclude_patterns = ["_build", "tests", "pages"]
myst_heading_anchors = 3
