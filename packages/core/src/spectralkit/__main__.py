"""The program as ``spectralkit`` and ``python -m spectralkit`` start it: signals are heard from the first moment."""

from __future__ import annotations

import sys

from spectralkit.stops import Stopped, ignore, listen


def main() -> int:
    """Run the program and return its exit code."""
    try:
        listen()
        from spectralkit.cli.main import main as program  # torch, which takes seconds, comes later still

        code = program()
        ignore()
    except KeyboardInterrupt as stop:  # while the above was imported
        ignore()
        told = stop if isinstance(stop, Stopped) else Stopped()
        if sys.stderr is not None:
            print(f"spectralkit: {told}", file=sys.stderr)
        code = told.code
    return code


if __name__ == "__main__":
    sys.exit(main())
