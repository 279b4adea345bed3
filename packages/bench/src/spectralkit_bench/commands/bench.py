"""``spectralkit bench``: grids of runs in a store, and what is in it."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from spectralkit.cli.command import Command
from spectralkit_bench.commands import bench_run, bench_store

ACTIONS = {
    "run": (bench_run.configure, "run a grid, or go on with it"),
    "ls": (bench_store.configure_ls, "list the cells of a store"),
    "show": (bench_store.configure_show, "show one cell"),
    "table": (bench_store.configure_table, "print the table of a grid"),
    "rm": (bench_store.configure_rm, "remove cells, so that they are run anew"),
}


def configure(parser: ArgumentParser) -> None:
    """The actions of ``bench``."""
    actions = parser.add_subparsers(title="actions", metavar="ACTION", required=True)
    for name, (fill, told) in ACTIONS.items():
        fill(actions.add_parser(name, help=told, description=told))


def run(arguments: Namespace) -> int:
    """Do what was asked for."""
    code: int = arguments.act(arguments)
    return code


command = Command(configure, run)
