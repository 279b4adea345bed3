"""Batches by their step: the next one is drawn by a thread while this one is learned from.

A batch is a function of its step alone, so it does not matter who draws it, nor when.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

import attrs

from spectralkit_models_training.task import Batch


@attrs.define(eq=False)
class Batches:
    """The batches of a training.

    Args:
        draw: Draws that of a step; one at a time, always in the same thread.
        steps: How many there are; none is drawn beyond.
    """

    draw: Callable[[int], Batch]
    steps: int
    thread: ThreadPoolExecutor = attrs.field(
        factory=lambda: ThreadPoolExecutor(1, thread_name_prefix="batches"), init=False, repr=False
    )
    coming: dict[int, Future[Batch]] = attrs.field(factory=dict, init=False, repr=False)

    def of(self, step: int) -> Batch:
        """The batch of a step; what failed while it was drawn is raised here."""
        batch = self.coming.pop(step, None) or self.thread.submit(self.draw, step)
        following = step + 1
        self.coming = {following: self.thread.submit(self.draw, following)} if following < self.steps else {}
        return batch.result()

    def close(self) -> None:
        """Draw no more."""
        self.coming = {}
        self.thread.shutdown(cancel_futures=True)
