"""What tells the methods apart: a colour for each of six, then the same colours with other dashes and other shapes.

The colours are those of Okabe and Ito, fitted to light and dark in ``charts.css``. Of every further six methods each
has a colour again, but with the next one's dashes and a swatch of another shape, so that no two of :data:`MOST` look
alike.
"""

from __future__ import annotations

COLOURS = 6
DASHES = ("none", "9 3", "3 3", "9 3 2 3", "14 4", "5 2 2 2 2 2")
SHAPES = (
    "--corner: 50%",
    "--corner: 0",
    "--corner: 0; --turn: rotate(45deg) scale(.85)",
    "--corner: 50%; --fill: none",
    "--corner: 0; --fill: none",
    "--corner: 0; --turn: rotate(45deg) scale(.85); --fill: none",
)

MOST = COLOURS * len(SHAPES)
"""Methods that can be told apart."""


def rules(count: int) -> str:
    """The style of so many methods."""
    return "\n".join(f".of-run{i} {{ {_rule(i)} }}" for i in range(count))


def _rule(index: int) -> str:
    turn, colour = divmod(index % MOST, COLOURS)
    dashes = DASHES[(colour + turn) % len(DASHES)]
    return f"--colour: var(--run{colour}); --dash: {dashes}; {SHAPES[turn]};"
