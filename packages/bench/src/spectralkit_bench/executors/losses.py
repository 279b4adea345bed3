"""Workers that are lost: killed for memory, crashed in a driver, on a machine that went away."""

from __future__ import annotations

LOSSES = 3
"""Workers that one cell may cost; then it is recorded as failed, and the rest goes on."""


def lost_too_often(why: str) -> str:
    """What is recorded of such a cell."""
    return f"its worker was lost {LOSSES} times, at last for this: {why}; it may need more memory"
