"""SVG elements; ElementTree escapes whatever text they hold."""

from __future__ import annotations

from xml.etree import ElementTree as ET

from markupsafe import Markup


def element(tag: str, *children: ET.Element | str | None, **attributes: object) -> ET.Element:
    """An element; ``class_`` is its class, and ``_`` in a name stands for ``-``."""
    made = ET.Element(tag, {name.rstrip("_").replace("_", "-"): _told(value) for name, value in attributes.items()})
    for child in children:
        if isinstance(child, str):
            made.text = (made.text or "") + child
        elif child is not None:
            made.append(child)
    return made


def chart(title: str, description: str, size: tuple[float, float], *children: ET.Element | None) -> Markup:
    """A drawing that a screen reader calls by ``title`` and reads as ``description``."""
    svg = element(
        "svg",
        element("title", title),
        element("desc", description),
        *children,
        class_="chart",
        role="img",
        viewBox=f"0 0 {size[0]:g} {size[1]:g}",
    )
    return Markup(ET.tostring(svg, encoding="unicode"))


def _told(value: object) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)
