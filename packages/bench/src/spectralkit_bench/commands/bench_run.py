"""``spectralkit bench run``: run a grid into a store, or go on with it."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from spectralkit.cli.options import given, names, path
from spectralkit.cli.output import add_json, add_quiet
from spectralkit.cli.reporting import add_report
from spectralkit.errors import ConfigurationError
from spectralkit_bench.commands.failing import add_retry, exit_code
from spectralkit_bench.commands.live import followed, stoppable
from spectralkit_bench.commands.printing import print_any
from spectralkit_bench.commands.seeds import USUAL, add_seeds, seeds

if TYPE_CHECKING:
    from spectralkit_bench.grid.grid import Grid

OPTIONS = ("samples", "steps", "device", "batch_size")


def configure(parser: ArgumentParser) -> None:
    """The options of ``bench run``."""
    from spectralkit_bench.grid.presets import presets

    parser.set_defaults(act=run)
    parser.add_argument("grid", metavar="GRID", help=f"a grid file, or one of {', '.join(presets())}")
    parser.add_argument("--store", type=path, required=True, metavar="DIR", help="where cells are kept and found again")
    over = parser.add_argument_group("in the place of what the grid says")
    over.add_argument("--samples", type=int, metavar="N", help="how many samples")
    over.add_argument("--steps", type=int, metavar="N", help="transitions each way")
    add_seeds(over, f"the grid's, or {USUAL}")
    over.add_argument("--metrics", metavar="A,B", help="registered metrics")
    over.add_argument("--dataset", metavar="NAME", help="registered data set")
    over.add_argument("--model", action="append", default=[], metavar="NAME=MODEL", help="a model in another's place")
    over.add_argument("--device", metavar="NAME", help="auto, cpu, cuda, ...; changes no cell's key")
    over.add_argument("--batch-size", type=int, metavar="N", help="images at a time; changes no cell's key")
    how = parser.add_argument_group("how")
    how.add_argument(
        "--executor", choices=("local", "ray"), default="local", help="who runs the cells (default: local)"
    )
    how.add_argument("--workers", type=int, metavar="N", help="processes, or actors (default: this one, or one)")
    how.add_argument("--address", metavar="HOST:PORT", help="ray: of a cluster (default: one is started here)")
    how.add_argument("--cpus", type=float, metavar="N", help="ray: processors of a cell (default: 1)")
    how.add_argument("--gpus", type=float, metavar="N", help="ray: accelerators of a cell (default: 0)")
    how.add_argument("--shards", type=int, metavar="N", help="ray: parts of each cell's samples (default: 1)")
    add_retry(how)
    output = parser.add_argument_group("output")
    add_report(output)
    add_json(output)
    add_quiet(output)


def run(arguments: Namespace) -> int:
    """Run what is not done, then print the table; 2 if cells have failed."""
    grid = _changed(read_grid(arguments.grid), arguments)
    from spectralkit.running.loader import Keeping
    from spectralkit_bench.executors.choice import executor
    from spectralkit_bench.grid.plan import resolve
    from spectralkit_bench.report.pages import write_done
    from spectralkit_bench.store.store import Store

    loader = Keeping()
    chosen = executor(arguments, loader)
    Store.check(arguments.store)
    with followed(arguments.quiet or arguments.json) as board:
        with stoppable():
            plan, cells = resolve(grid, loader, board.tell)
        store = Store.make(arguments.store)
        store.add(cells, grid=grid.name, plan=plan.as_table())
        keys = [cell.key for cell in cells]
        if arguments.retry:
            store.retry(keys)
        with stoppable(lambda: store.counts(keys)), chosen.crew(store) as crew:
            crew.run(keys, board)
    pages = write_done(store, grid.name, loader) if arguments.report else ()
    print_any(store, grid.name, "json" if arguments.json else None, quiet=arguments.quiet, pages=pages)
    return exit_code(store, keys)


def read_grid(text: str) -> Grid:
    """A grid by the name of a preset, or of a file.

    Raises:
        ConfigurationError: If there is neither, or the file is wrong.
    """
    from spectralkit_bench.grid.grid import Grid
    from spectralkit_bench.grid.presets import presets

    known = presets()
    if text in known and not Path(text).is_file():
        return Grid.read(known[text])
    if not Path(text).exists():
        raise ConfigurationError(f"there is no grid {text!r}: name a TOML file, or one of {', '.join(known)}")
    return Grid.read(Path(text))


def _changed(grid: Grid, arguments: Namespace) -> Grid:
    """The grid with what the command line says in its place."""
    options: dict[str, Any] = given(arguments, OPTIONS)
    if arguments.metrics is not None:
        options["metrics"] = names(arguments.metrics)
    lists: dict[str, tuple[Any, ...]] = {}
    if (wanted := seeds(arguments.seeds)) is not None:
        lists["seed"] = wanted
    if arguments.dataset is not None:
        grid = grid.with_dataset(arguments.dataset)
    models = {}
    for text in arguments.model:
        name, equals, other = text.partition("=")
        if not (name and equals and other):
            raise ConfigurationError(f"malformed --model {text!r}: write NAME=MODEL, like ddim=runs/train/mine")
        models[name] = other
    return grid.with_models(models).with_options(options, lists)
