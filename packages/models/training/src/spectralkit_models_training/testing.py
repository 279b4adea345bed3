"""Training commands run in the process of a test, one after another."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from accelerate.state import AcceleratorState, GradientState

from spectralkit.cli.main import main


@contextmanager
def alone() -> Iterator[None]:
    """Within, sums are on one thread, always in one order; afterwards accelerate has forgotten the training."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)
        AcceleratorState._reset_state(reset_partial_state=True)
        GradientState._reset_state()


def inside(*arguments: str) -> int:
    """The exit code of ``spectralkit`` with these arguments, run here."""
    with alone():
        return main(arguments)
