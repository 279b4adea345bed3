"""``spectralkit weights list|check|where``: the files of pretrained weights, without downloading any."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from spectralkit.cli.command import Command
from spectralkit.cli.output import add_json, print_json, print_table
from spectralkit.errors import DataError
from spectralkit_metrics_perceptual.weights import KNOWN, Weights, checkpoints


def configure(parser: ArgumentParser) -> None:
    """Add the three actions."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    add_json(actions.add_parser("list", help="which files are needed by what, and which are there"))
    add_json(actions.add_parser("check", help="the same, comparing SHA-256; exit code 2 unless all are intact"))
    actions.add_parser("where", help="the folder the files go to")


def document(weights: Weights, status: str) -> dict[str, str]:
    """One file, for JSON."""
    return {
        "file": weights.file,
        "metric": weights.metric,
        "status": status,
        "path": str(weights.path),
        "source": weights.source,
    }


def show(documents: list[dict[str, str]], json: bool) -> None:
    """Print the files, as one JSON document or as a table."""
    if json:
        print_json(documents)
    else:
        columns = ("file", "metric", "status", "source")
        print_table(columns, [[entry[column] for column in columns] for entry in documents], f"in {checkpoints()}")


def run(args: Namespace) -> int:
    """Do the chosen action.

    Raises:
        DataError: From ``check``, if a file is absent or corrupt.
    """
    if args.action == "where":
        print(checkpoints())
    elif args.action == "list":
        show([document(each, "present" if each.path.is_file() else "absent") for each in KNOWN], args.json)
    else:
        found = {each.file: each.status() for each in KNOWN}
        show([document(each, found[each.file]) for each in KNOWN], args.json)
        bad = [f"{file} ({status})" for file, status in found.items() if status != "present"]
        if bad:
            raise DataError(f"{len(bad)} of {len(KNOWN)} files are not usable: {', '.join(bad)}; see weights list")
    return 0


weights = Command(configure, run)
