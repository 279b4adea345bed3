"""Foreign code, contained: whatever it raises becomes an ordinary exception, and the user's signals stay the user's.

A plugin may raise anything: ``SystemExit`` would end the program with the exit code of success, ``KeyboardInterrupt``
would look like the user's Ctrl-C. Which of the two a ``KeyboardInterrupt`` is, only the signal tells: a real one is
raised by the handler of a signal, so the handlers are listened to while foreign code runs. What a handler raises is
the user's word and is raised again, even where the foreign code swallowed it or made something else of it.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import chdir, contextmanager, redirect_stderr, redirect_stdout
from types import FrameType
from typing import Any

from spectralkit.errors import SpectralkitError

_SIGNALS = tuple(number for number in signal.Signals if number.name in ("SIGINT", "SIGTERM", "SIGHUP"))

Handler = Callable[[int, FrameType | None], Any]


@contextmanager
def contained(told: Callable[[BaseException], SpectralkitError]) -> Iterator[None]:
    """Within, an exception of any kind becomes ``told(exception)``; a :class:`SpectralkitError` passes.

    Raises:
        SpectralkitError: Whatever was raised, as one.
        BaseException: What the handler of a signal raised.
    """
    with _listening() as heard:
        try:
            yield
        except BaseException as error:
            if heard:
                raise heard[0] from None
            if isinstance(error, SpectralkitError):
                raise
            raise told(error) from error
        if heard:
            raise heard[0]


@contextmanager
def undisturbed() -> Iterator[None]:
    """Within, stdout is stderr; streams, warnings, working directory and recursion limit are afterwards as before."""
    depth = sys.getrecursionlimit()
    with warnings.catch_warnings(), redirect_stderr(sys.stderr), redirect_stdout(sys.stderr), _staying():
        try:
            yield
        finally:
            sys.setrecursionlimit(depth)


@contextmanager
def _staying() -> Iterator[None]:
    """The working directory is the same afterwards, where there is one."""
    try:
        folder = os.getcwd()
    except OSError:  # it has been deleted
        yield
        return
    with chdir(folder):
        yield


@contextmanager
def _listening() -> Iterator[list[BaseException]]:
    """What the handlers of signals raise within, in order; Python runs them in the main thread only."""
    heard: list[BaseException] = []
    if threading.current_thread() is not threading.main_thread():
        yield heard
        return

    def listen(handler: Handler) -> Handler:
        def listener(number: int, frame: FrameType | None) -> None:
            try:
                handler(number, frame)
            except BaseException as error:
                heard.append(error)
                raise

        return listener

    handlers = {number: signal.getsignal(number) for number in _SIGNALS}
    before = {number: handler for number, handler in handlers.items() if callable(handler)}
    during = {number: listen(handler) for number, handler in before.items()}
    for number, listener in during.items():
        signal.signal(number, listener)
    try:
        yield heard
    finally:
        for number, handler in before.items():
            # Foreign code may not keep a signal to itself; a handler that was called may have put another in place.
            if not heard or signal.getsignal(number) is during[number]:
                signal.signal(number, handler)
