"""Standard output kept for what a command prints on purpose; what its plugins, libraries and children write is moved.

``print`` follows ``sys.stdout``; ``os.write(1, …)``, a C library's ``printf`` and a child process follow the descriptor
1. Both are pointed at stderr while foreign code runs.
"""

from __future__ import annotations

import atexit
import ctypes
import os
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, redirect_stdout, suppress
from typing import TextIO


@contextmanager
def diverted() -> Iterator[TextIO | None]:
    """Within, everything written to stdout goes to stderr; yields the stream that still leads there, or None."""
    with ExitStack() as undo:
        stream = undo.enter_context(_elsewhere(sys.stdout)) if _is_descriptor(sys.__stdout__, 1) else sys.stdout
        undo.enter_context(redirect_stdout(sys.stderr))
        yield stream


def divert_at_exit() -> None:
    """Point descriptor 1 at stderr before anything that plugins leave for the end of the process is done."""
    atexit.unregister(_leave)
    atexit.register(_leave)  # the last one registered is called first


def _leave() -> None:
    with suppress(OSError, ValueError):
        _flush()
        os.dup2(2, 1)


def _is_descriptor(stream: TextIO | None, number: int) -> bool:
    """Whether ``stream`` writes to the descriptor; a closed stdout's may have become any file's."""
    try:
        return stream is not None and stream.fileno() == number
    except (OSError, ValueError):  # no file behind it, or closed
        return False


@contextmanager
def _elsewhere(stream: TextIO | None) -> Iterator[TextIO | None]:
    """Within, descriptor 1 is stderr's; yields ``stream``, or its like on a copy of the descriptor where it uses it."""
    _flush()
    with ExitStack() as undo:
        kept = os.dup(1)
        undo.callback(os.close, kept)
        undo.callback(os.dup2, kept, 1)
        undo.callback(_flush)
        os.dup2(2 if _is_descriptor(sys.__stderr__, 2) else undo.enter_context(open(os.devnull, "w")).fileno(), 1)
        if stream is not None and _is_descriptor(stream, 1):
            with open(kept, "w", encoding=stream.encoding, errors=stream.errors, closefd=False) as copy:
                yield copy
        else:
            yield stream


def _flush() -> None:
    """Empty the buffers of Python and of C, so that nothing written before or within comes out on the other side."""
    for stream in (sys.stdout, sys.__stdout__):
        if stream is not None:
            with suppress(ValueError):  # closed
                stream.flush()
    with suppress(OSError, TypeError, AttributeError):  # no such C library here
        ctypes.CDLL(None).fflush(None)
