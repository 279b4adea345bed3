"""The program as ``spectralkit`` and ``python -m spectralkit`` start it: signals are heard from the first moment."""

import os
import sys


def main() -> int:
    """Run the program and return its exit code."""
    try:
        from spectralkit.stops import ignore, listen

        listen()
        # Threads that wait by spinning slow a run four times on a machine with other work, and win 8 % on one without.
        os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
        from spectralkit.cli.main import main as program  # torch, which takes seconds, comes later still

        code = program()
        ignore()
    except KeyboardInterrupt as stop:  # while the above was imported: Python's own, or one of stops.py
        if sys.stderr is not None:
            print(f"spectralkit: {stop or 'interrupted'}", file=sys.stderr)
        code = getattr(stop, "code", 130)
    return code


if __name__ == "__main__":
    sys.exit(main())
