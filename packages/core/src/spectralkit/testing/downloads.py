"""Small downloads for the tests of a data set that is prepared: laid out and indexed once, and copied to be changed."""

from __future__ import annotations

import atexit
import shutil
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from spectralkit.data import Preparation


def silent(line: str) -> None:
    """Nobody is told."""


def prepared_once(fill: Callable[[Path], object], prepare: Preparation) -> Path:
    """A download without problems, until Python ends: conformance's parameters are known before any fixture is.

    Args:
        fill: Lays it out in a folder.
        prepare: Indexes it.
    """
    root = Path(tempfile.mkdtemp())
    atexit.register(shutil.rmtree, root)
    fill(root)
    problems = prepare(root, silent).problems
    assert not problems, problems
    return root


def stopped(prepare: Preparation, root: Path) -> None:
    """Index a download anew, and stop at the first that is told."""

    def stop(line: str) -> None:
        raise KeyboardInterrupt

    shutil.rmtree(root / ".spectralkit")
    with suppress(KeyboardInterrupt):
        prepare(root, stop)
