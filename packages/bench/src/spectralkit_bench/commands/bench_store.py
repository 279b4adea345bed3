"""``spectralkit bench ls``, ``show``, ``table`` and ``rm``: what is in a store."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Callable
from typing import TYPE_CHECKING

from spectralkit.cli.options import path
from spectralkit.cli.output import add_json, print_json, print_table
from spectralkit.errors import ConfigurationError
from spectralkit_bench.commands.printing import print_any

if TYPE_CHECKING:
    from spectralkit_bench.store.record import Record
    from spectralkit_bench.store.store import Store

STATES = ("waiting", "running", "done", "failed")
LETTERS = 12
"""Of a key that are shown."""


def _configure(parser: ArgumentParser, act: Callable[[Namespace], int]) -> None:
    parser.set_defaults(act=act)
    parser.add_argument("--store", type=path, required=True, metavar="DIR", help="the store")


def configure_ls(parser: ArgumentParser) -> None:
    """The options of ``bench ls``."""
    _configure(parser, ls)
    parser.add_argument("--state", choices=STATES, help="only cells in this state")
    add_json(parser)


def configure_show(parser: ArgumentParser) -> None:
    """The options of ``bench show``."""
    _configure(parser, show)
    parser.add_argument("cell", metavar="KEY", help="the beginning of its key")
    add_json(parser)


def configure_table(parser: ArgumentParser) -> None:
    """The options of ``bench table``."""
    _configure(parser, table)
    parser.add_argument("--grid", metavar="NAME", help="of a store with several grids")
    forms = parser.add_mutually_exclusive_group()
    for form, told in (("csv", "comma-separated values"), ("tex", "a LaTeX tabular")):
        forms.add_argument(f"--{form}", dest="form", action="store_const", const=form, help=told)
    add_json(forms)


def configure_rm(parser: ArgumentParser) -> None:
    """The options of ``bench rm``."""
    _configure(parser, rm)
    parser.add_argument("cells", nargs="*", metavar="KEY", help="the beginning of a key")
    parser.add_argument("--state", choices=STATES, help="all cells in this state")


def _opened(arguments: Namespace) -> Store:
    from spectralkit_bench.store.store import Store

    return Store.open(arguments.store)


def ls(arguments: Namespace) -> int:
    """List the cells."""
    records = [one for one in _opened(arguments).records() if arguments.state in (None, one.state)]
    if arguments.json:
        print_json([_told(record) for record in records])
        return 0
    columns = ("cell", "state", "method", "model", "dataset", "scale", "seed", "seconds", "error")
    print_table(columns, [_row(record) for record in records])
    return 0


def _row(record: Record) -> tuple[object, ...]:
    config = record.config
    seconds = "" if record.seconds is None else f"{record.seconds:.1f}"
    where = (config["method"], config["model"], config["dataset"], config.get("scale", ""), config["seed"])
    return (record.key[:LETTERS], record.state, *where, seconds, record.error or "")


def _told(record: Record) -> dict[str, object]:
    names = ("key", "state", "config", "versions", "weights", "worker", "error", "seconds")
    return {name: getattr(record, name) for name in names}


def show(arguments: Namespace) -> int:
    """Show all that is known of a cell."""
    store = _opened(arguments)
    record = store.find(arguments.cell)
    document = store.documents([record.key]).get(record.key, {})
    facts = {**_told(record), "scores": document.get("scores", {}), "directory": store.place(record.key)}
    if arguments.json:
        print_json(facts)
        return 0
    rows = [(name, value) for name, value in facts.items() if value is not None and not isinstance(value, dict)]
    for name, value in facts.items():
        if isinstance(value, dict):
            rows += [(f"{name} {key}", inner) for key, inner in value.items()]
    print_table(("fact", "value"), rows)
    return 0


def table(arguments: Namespace) -> int:
    """Print the table of a grid: Markdown, or another form."""
    store = _opened(arguments)
    name = arguments.grid
    if name is None:
        name, *others = store.grids or (None,)
        if name is None:
            raise ConfigurationError(f"store {arguments.store} has no grid yet: `spectralkit bench run` puts one there")
        if others:
            known = ", ".join((name, *others))
            raise ConfigurationError(f"store {arguments.store} has several grids: name one with --grid ({known})")
    print_any(store, name, "json" if arguments.json else arguments.form or "md")
    return 0


def rm(arguments: Namespace) -> int:
    """Remove cells."""
    store = _opened(arguments)
    if not arguments.cells and arguments.state is None:
        raise ConfigurationError("bench rm needs a cell's KEY, or --state: `spectralkit bench ls` lists them")
    keys = [store.find(prefix).key for prefix in arguments.cells]
    if arguments.state is not None:
        keys += [record.key for record in store.records() if record.state == arguments.state]
    for key in dict.fromkeys(keys):
        store.remove(key)
    return 0
