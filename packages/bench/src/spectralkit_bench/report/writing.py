"""A report on disk, whole or absent."""

from __future__ import annotations

import os
import secrets
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from spectralkit.errors import ConfigurationError, told
from spectralkit_bench.finished import Finished
from spectralkit_bench.report.content import content
from spectralkit_bench.report.page import render


def write_report(runs: Sequence[Finished], out: Path, most: int | None = None, lacking: Sequence[str] = ()) -> int:
    """Write the report of ``runs``; how many samples it shows.

    Args:
        runs: At least one, of the same data.
        out: An HTML file that does not exist.
        most: How many samples are shown; None for as many as a page bears.
        lacking: What there is no run of, and why.

    Raises:
        ConfigurationError: If ``out`` exists or cannot be written.
        DataError: If a run is damaged, or the runs cannot be compared.
    """
    check_absent(out)
    found = content(runs, most, lacking)
    partial = out.with_name(f".report.{secrets.token_hex(4)}.partial")
    try:
        with partial.open("w", encoding="utf-8", errors="xmlcharrefreplace", newline="\n") as file:
            render(found, file)
        os.link(partial, out)  # which refuses to replace what came there meanwhile
    except FileExistsError:
        check_absent(out)
        raise
    except (OSError, ValueError) as error:
        reason = told(error) if isinstance(error, OSError) else error
        raise ConfigurationError(f"cannot write report {out}: {reason}") from error
    finally:
        with suppress(OSError, ValueError):
            partial.unlink()
    return len(found.shown)


def check_absent(out: Path) -> None:
    """Refuse a place that is taken.

    Raises:
        ConfigurationError: If something is there, or the name is no page's.
    """
    if out.suffix.lower() not in (".html", ".htm"):
        raise ConfigurationError(f"a report is an HTML file, got {out}: give it a name that ends in .html")
    if os.path.lexists(out):
        raise ConfigurationError(f"report {out} already exists: choose another --out or remove it")
    if not out.parent.is_dir():
        raise ConfigurationError(f"folder {out.parent} of the report does not exist: make it or choose another --out")
