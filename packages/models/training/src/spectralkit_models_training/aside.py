"""What goes on beside the assembly of a task: somebody is told, and what took a while is kept."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import attrs


@attrs.frozen
class Aside:
    """Whom to tell, and where to keep.

    Args:
        tell: Told what takes a while.
        folder: Where its result is looked for; None keeps nothing.
        keep: Whether it is put there; of several processes one does.
        rehearsal: Whether a few steps are all that follows: as much is made as they need, and the rest is estimated.
    """

    tell: Callable[[str], None]
    folder: Path | None = None
    keep: bool = True
    rehearsal: bool = False
