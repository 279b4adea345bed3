"""What comes next, made by a thread while what is here is used: reading overlaps computing, and the order stays."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import TypeVar

T = TypeVar("T")


def ahead(items: Iterator[T]) -> Iterator[T]:
    """The same items in the same order, one of them made before it is asked for; an error comes in its turn.

    All of them are made by one thread, one after another, so that nothing random about them depends on time.
    """
    context = copy_context()

    def one() -> tuple[T] | None:
        for item in items:
            return (item,)
        return None

    with ThreadPoolExecutor(1, thread_name_prefix="ahead") as thread:
        coming = thread.submit(context.run, one)
        while (made := coming.result()) is not None:
            coming = thread.submit(context.run, one)
            yield made[0]
