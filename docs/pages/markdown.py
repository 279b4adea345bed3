"""Pages with generated sections, and tables in Markdown.

A section stands between ``<!-- begin generated: NAME -->`` and ``<!-- end generated: NAME -->``; everything else of a
page is written by hand and left alone.
"""

from __future__ import annotations

from spectralkit_bench.tables.markdown import pipes as table

__all__ = ["code", "has_section", "marked", "table", "with_section"]


def code(text: object) -> str:
    """``text`` as code."""
    return f"`{text}`"


def marked(name: str, body: str) -> str:
    """A section with its markers."""
    begin, end = _markers(name)
    return f"{begin}\n\n{body.strip()}\n\n{end}"


def has_section(page: str, name: str) -> bool:
    """Whether ``page`` has a section ``name``."""
    return all(marker in page for marker in _markers(name))


def with_section(page: str, name: str, body: str) -> str:
    """``page`` with the content of section ``name`` replaced by ``body``.

    Raises:
        ValueError: If the page has no such section.
    """
    if not has_section(page, name):
        raise ValueError(f"the page has no section '{name}': write {' and '.join(_markers(name))} into it")
    begin, end = _markers(name)
    before, _, rest = page.partition(begin)
    return before + marked(name, body) + rest.partition(end)[2]


def _markers(name: str) -> tuple[str, str]:
    return f"<!-- begin generated: {name} -->", f"<!-- end generated: {name} -->"
