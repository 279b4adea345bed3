"""What asks a process to end and lets it tidy up: Ctrl-C, SIGTERM and SIGHUP.

The program turns the first of them into an exception, as Python does with Ctrl-C alone, so that whatever is half done
is undone on the way out; those that follow at once would only disturb that, and are not heard. This module imports next
to nothing, for it is the first that the program runs.
"""

from __future__ import annotations

import signal
import sys
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from types import FrameType

NAMES = {"SIGINT": "interrupted", "SIGTERM": "terminated", "SIGHUP": "hung up"}
"""The signals and what they do to a program."""

STOPS = {getattr(signal, name): told for name, told in NAMES.items() if hasattr(signal, name)}

PATIENCE = 5.0
"""Seconds for which further signals are not heard; after that, whatever hangs can be stopped again."""


class Stopped(KeyboardInterrupt):
    """A signal asked the process to end.

    Args:
        number: Of the signal.
    """

    def __init__(self, number: int = signal.SIGINT) -> None:
        super().__init__(STOPS.get(number, f"stopped by signal {number}"))
        self.number = number

    @property
    def code(self) -> int:
        """The exit code that tells of the signal."""
        return 128 + self.number


class _Handler:
    """Raises at the first signal, and again only after a while."""

    def __init__(self) -> None:
        self.heard: Stopped | None = None
        self.since = -PATIENCE

    def __call__(self, number: int, frame: FrameType | None) -> None:
        now = time.monotonic()
        if now - self.since < PATIENCE:
            return
        self.heard, self.since = Stopped(number), now
        raise self.heard


_handler = _Handler()


def heard() -> Stopped | None:
    """The signal that has asked this process to end, whatever became of its exception."""
    return _handler.heard


def listen() -> None:
    """From now on signals raise :class:`Stopped`; those that the caller of the program ignores stay ignored."""
    sys.unraisablehook = _again
    for stop in STOPS:
        if signal.getsignal(stop) not in (signal.SIG_IGN, None):
            signal.signal(stop, _handler)


def _again(lost: sys.UnraisableHookArgs) -> None:
    """A signal that fell where no exception can be raised (a callback of the garbage collector) is sent once more."""
    if not isinstance(lost.exc_value, Stopped):
        sys.__unraisablehook__(lost)
        return
    from threading import Timer

    _handler.since = -PATIENCE
    Timer(0.01, signal.raise_signal, (lost.exc_value.number,)).start()


def ignore() -> None:
    """From now on nothing stops the process: all is done, it is about to exit by itself."""
    for stop in STOPS:
        signal.signal(stop, signal.SIG_IGN)


@contextmanager
def deferred() -> Iterator[Collection[int]]:
    """Within, signals that would raise wait until the block ends; other threads than the first never hear any.

    Yields the numbers of those that wait.
    """
    waiting: dict[int, None] = {}
    saved = {}
    try:
        for stop in STOPS:
            handler = signal.getsignal(stop)
            if callable(handler):
                saved[stop] = signal.signal(stop, lambda number, frame: waiting.setdefault(number))
    except ValueError:  # not the main thread
        saved.clear()
    try:
        yield waiting.keys()
    finally:
        for stop, handler in saved.items():
            signal.signal(stop, handler)
        for number in waiting:
            signal.raise_signal(number)
