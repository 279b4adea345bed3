"""The page of the comparison: the tables that ``spectralkit compare`` wrote, a section a model."""

from __future__ import annotations

import tomllib
from pathlib import Path

from pages.markdown import has_section, marked, with_section
from spectralkit.errors import ConfigurationError

ASKED, TABLE = "compare.toml", "table.md"
"""What a finished comparison holds of its question and of its answer."""


def with_comparison(page: str, directory: Path) -> str:
    """``page`` with the section of the model that was compared replaced, or added at the end.

    Args:
        page: The page's text.
        directory: The ``--out`` of a finished ``spectralkit compare``.

    Raises:
        ConfigurationError: If it is none.
    """
    try:
        asked = tomllib.loads((directory / ASKED).read_text(encoding="utf-8"))
        table = (directory / TABLE).read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigurationError(f"{directory} is no comparison: name the --out of a `spectralkit compare`") from error
    name, body = Path(asked["run"]["model"]).name, f"#{table}"  # its title is a heading below the page's own
    return with_section(page, name, body) if has_section(page, name) else f"{page.rstrip()}\n\n{marked(name, body)}\n"
