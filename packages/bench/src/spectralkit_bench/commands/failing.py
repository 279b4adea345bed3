"""Cells that have failed: the option ``--retry``, and the line that tells of them."""

from __future__ import annotations

import sys
from argparse import ArgumentParser, _ArgumentGroup
from collections.abc import Sequence
from typing import TYPE_CHECKING

from spectralkit_bench.reproducing import line

if TYPE_CHECKING:
    from spectralkit_bench.store.store import Store


def add_retry(group: ArgumentParser | _ArgumentGroup) -> None:
    """The option."""
    group.add_argument("--retry", action="store_true", help="run cells that have failed once more")


def exit_code(store: Store, keys: Sequence[str]) -> int:
    """2 if some of ``keys`` have failed, which a line on stderr tells, else 0."""
    failed = store.counts(keys).failed
    if not failed:
        return 0
    words = ["spectralkit", "bench", "ls", "--state", "failed", "--store", str(store.directory)]
    print(
        f"{failed} of {len(keys)} cells have failed: `{line(words)}` says why, --retry runs them once more",
        file=sys.stderr,
    )
    return 2
