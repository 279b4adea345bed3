"""How the program ends: an exit code, one line on stderr, and under ``--json`` the error as a document on stdout.

Exit codes: 0 done; 1 a defect; 2 a mistake of the user's, a file's or a plugin's; 128 + n stopped by signal n (130 is
Ctrl-C); 141 the reader of a pipe is gone. ``SPECTRALKIT_DEBUG=1`` shows the traceback.
"""

from __future__ import annotations

import os
import re
import sys
import traceback
from contextlib import suppress
from typing import TextIO

import attrs

from spectralkit.errors import ConfigurationError, SpectralkitError, told
from spectralkit.plugins.text import one_line, reason
from spectralkit.running.document import as_json
from spectralkit.stops import Stopped, heard

PROGRAM = "spectralkit"
MOST_ECHOED = 120
"""Characters of one word or quoted text that a line repeats."""


@attrs.frozen
class Ending:
    """What came of the program.

    Args:
        code: The exit code.
        kind: The class of what was raised.
        message: For the user, one line.
    """

    code: int
    kind: str
    message: str

    @property
    def line(self) -> str:
        """As stderr shows it."""
        return f"{PROGRAM}: {self.message}" if self.code > 128 else f"{PROGRAM}: error: {self.message}"

    @property
    def document(self) -> str:
        """As ``--json`` shows it."""
        return as_json({"error": {"message": self.message, "kind": self.kind}})


def check_streams() -> None:
    """Refuse to begin where results or errors would go nowhere, or into the next file that is opened.

    Raises:
        ConfigurationError: If stdout or stderr is closed.
    """
    for name, stream in (("stdout", sys.stdout), ("stderr", sys.stderr)):
        if stream is None:
            raise ConfigurationError(f"{name} is closed: redirect it to a file, or to {os.devnull}")


def end(error: BaseException, json: bool) -> int:
    """Tell of ``error`` and return the exit code.

    Args:
        error: Whatever ended the program early.
        json: Whether stdout is to hold a document.
    """
    ending = _ending(error)
    fault = _write(sys.stdout, ending.document if json and ending.code != 141 else "")
    if ending.code == 141:
        return 141
    if fault is not None and isinstance(error, OSError) and error.filename is None and error.errno == fault.errno:
        ending = attrs.evolve(ending, message=f"cannot write to stdout: {told(fault)}")
    if os.environ.get("SPECTRALKIT_DEBUG", "0") not in ("", "0"):
        _write(sys.stderr, "".join(traceback.format_exception(error)))
    # Where stderr is closed, stdout is the only one left to hear of it.
    _write(sys.stderr if sys.stderr is not None or json else sys.stdout, f"{ending.line}\n")
    return ending.code


def _ending(error: BaseException) -> Ending:
    stopped = error if isinstance(error, Stopped) else Stopped() if isinstance(error, KeyboardInterrupt) else heard()
    if stopped is not None:  # an interrupted import may end in an error of any kind
        return Ending(stopped.code, "KeyboardInterrupt", str(stopped))
    kind = type(error).__name__
    if isinstance(error, BrokenPipeError):
        return Ending(141, kind, "the reader of a pipe is gone")
    if isinstance(error, SpectralkitError):
        return Ending(2, kind, _bounded(one_line(error)))
    if isinstance(error, SystemExit):
        return Ending(1, kind, _bounded(one_line(error.code)))
    if isinstance(error, OSError):  # the user's files are the user's
        where = "" if error.filename is None else f" {os.fsdecode(error.filename)}"
        return Ending(2, kind, _bounded(one_line(f"cannot read or write{where}: {told(error)}")))
    return Ending(1, kind, f"{_bounded(reason(error))} (a defect: SPECTRALKIT_DEBUG=1 shows where)")


def _bounded(line: str) -> str:
    """``line`` with the middle of very long words and quoted texts left out."""
    half = MOST_ECHOED // 2 - 2

    def bounded(found: re.Match[str]) -> str:
        return found[0] if len(found[0]) <= MOST_ECHOED else f"{found[0][:half]}...{found[0][-half:]}"

    # Short quoted texts are matched too, or what stands between two of them would be taken for one.
    return re.sub(rf"(?<!\w)'[^']*'|(?<!\w)\"[^\"]*\"|\S{{{MOST_ECHOED},}}", bounded, line)


def warn(message: object) -> None:
    """One line on stderr, where somebody may read it."""
    _write(sys.stderr, f"{PROGRAM}: warning: {_bounded(one_line(message))}\n")


def _write(stream: TextIO | None, text: str) -> OSError | None:
    """Write and flush; one that takes nothing is silenced, or Python would complain once more as it exits."""
    if stream is None:
        return None
    try:
        stream.write(text)
        stream.flush()
    except OSError as error:
        with suppress(OSError, ValueError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
        return error
    except ValueError:  # closed
        return None
    return None
