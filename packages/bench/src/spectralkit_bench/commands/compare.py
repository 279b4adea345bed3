"""``spectralkit compare``: methods on one model and data set, as a table and a picture."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Iterator, Sequence

from spectralkit.cli.command import Command
from spectralkit.cli.options import add_output, destination, followed
from spectralkit.cli.output import print_json
from spectralkit.cli.reporting import add_report, print_report, reporting
from spectralkit.cli.run import add_run, directory_parts, read
from spectralkit.running.config import RunConfig
from spectralkit.running.folders import check_run
from spectralkit_bench.commands.printing import typed
from spectralkit_bench.commands.seeds import add_seeds, seeds
from spectralkit_bench.comparison.entry import Entry, entries
from spectralkit_bench.grid.block import SEEDS


def configure(parser: ArgumentParser) -> None:
    """The options of ``compare``: those of ``run``, for several methods and seeds."""
    what, how = add_run(parser)
    what.add_argument(
        "--methods",
        required=True,
        metavar="EXPR,EXPR",
        help="like 'standard,ovg(eta_lf=1e-4)+taba'; 'null-class@3' is sampled at guidance 3",
    )
    add_seeds(how)
    parser.set_defaults(method=None, seed=None)
    output = add_output(parser, "directory of the table, the picture and the runs")
    output.add_argument("--save-latents", action="store_true", help="keep the latents of every run too")
    add_report(output)


def _parts(base: RunConfig, found: Sequence[Entry], seeds: Sequence[int]) -> Iterator[str]:
    """What tells its directory from those of other comparisons, for runs that are done are kept by its name."""
    model, _, *rest, _ = directory_parts(base)
    methods = ",".join(entry.told.replace(" ", "") for entry in found)
    yield from ("compare", model, methods, *rest, f"seed{','.join(map(str, seeds))}")


def run(arguments: Namespace) -> int:
    """Compare, then print the table and where the results lie."""
    base = read(arguments)
    check_run(base)
    found = entries(arguments.methods)
    write_report = reporting(arguments.report)
    wanted = seeds(arguments.seeds) or SEEDS
    with (
        destination(arguments.out, *_parts(base, found, wanted)) as place,
        followed(arguments.quiet or arguments.json) as watch,
    ):
        from spectralkit_bench.comparison.compare import Plan, compare_into
        from spectralkit_bench.comparison.keeping import Kept
        from spectralkit_bench.tables.records import document

        command = typed()
        plan = Plan(base=base, entries=found, seeds=wanted, save_latents=arguments.save_latents, command=command)
        kept = Kept(out=place.out, save_latents=arguments.save_latents)
        try:
            table = compare_into(place.directory, plan, kept, watch)
        except KeyboardInterrupt:
            watch.tell([f"stopped, runs done: {len(kept)}; to go on: {command}"])
            raise
    kept.forget()
    page = write_report(place.out)
    if arguments.json:
        print_json({**document(table), "out": place.out, **page})
    elif not arguments.quiet:
        from spectralkit_bench.tables.plain import print_scores

        print_scores(table)
        print(f"\nresults  {place.out}\npicture  {place.out / 'grid.png'}")
        print_report(page)
    return 0


command = Command(configure, run)
