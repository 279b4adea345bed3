"""``spectralkit sweep``: parameters varied, and the fronts of what is gained for what is lost."""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import attrs

from spectralkit.cli.command import Command
from spectralkit.cli.options import add_method, add_seed, model_name, path
from spectralkit.cli.output import add_json, add_quiet, print_json, print_table
from spectralkit.cli.reporting import add_report
from spectralkit.cli.run import add_run, read
from spectralkit.running.folders import check_run
from spectralkit_bench.commands.failing import add_retry, exit_code
from spectralkit_bench.commands.live import Ahead, followed, stoppable
from spectralkit_bench.commands.printing import print_pages
from spectralkit_bench.sweep.axis import axes, shown, told
from spectralkit_bench.sweep.objectives import SAMPLERS, TRIALS, sampler, scored

if TYPE_CHECKING:
    from spectralkit.running.config import RunConfig
    from spectralkit_bench.store.record import Counts
    from spectralkit_bench.sweep.axis import Axis
    from spectralkit_bench.sweep.sweep import Front
    from spectralkit_bench.sweep.trial import Trial


def configure(parser: ArgumentParser) -> None:
    """The options of ``sweep``: those of ``run``, and what is varied."""
    what, how = add_run(parser)
    add_method(what)
    what.add_argument(
        "--vary",
        action="append",
        required=True,
        metavar="PART.PARAM=V,V",
        help="a parameter and its values, like ovg.clip=0.3,1, or steps=20,50; for a search also a range, "
        "ovg.clip=0.1..1.0, steps=10..50 (whole numbers), ovg.eta_lf=1e-6..1e-2:log",
    )
    how.add_argument(
        "--sampler", choices=SAMPLERS, default="grid", help="every combination, or a search by Optuna (default: grid)"
    )
    how.add_argument("--trials", type=int, metavar="N", help=f"points of a search (default: {TRIALS})")
    add_seed(how)
    how.add_argument("--workers", type=int, metavar="N", help="processes (default: this one)")
    add_retry(how)
    output = parser.add_argument_group("output")
    output.add_argument("--store", type=path, required=True, metavar="DIR", help="where runs are kept and found again")
    add_report(output)
    add_json(output)
    add_quiet(output)


def run(arguments: Namespace) -> int:
    """Run every point that is not done, then print them, the fronts, and how to run what is chosen."""
    varied, base = axes(arguments.vary), read(arguments)
    check_run(base)
    base = scored(base)
    chooser = sampler(arguments.sampler, varied, base, arguments.trials)
    from spectralkit_bench.store.store import Store

    Store.check(arguments.store)
    from spectralkit.running.loader import Keeping
    from spectralkit_bench.executors.choice import local
    from spectralkit_bench.report.pages import write_done
    from spectralkit_bench.sweep.sweep import Sweep, fronts

    loader, name = Keeping(), _called(varied, base)
    executor = local(arguments.workers, loader)
    sweep = Sweep(name=name, base=base, sampler=chooser, loader=loader)
    with stoppable():
        under_way = sweep.propose()
    store = Store.make(arguments.store)

    def counts() -> Counts:
        return store.counts(sweep.keys).and_waiting(chooser.left)

    with (
        followed(arguments.quiet or arguments.json) as board,
        stoppable(counts),
        executor.crew(store) as crew,
    ):
        while under_way:
            sweep.keep(store)
            if arguments.retry:
                store.retry(sweep.fresh)
            crew.run(sweep.keys, Ahead(board, chooser.left))
            sweep.learn(store)
            under_way = sweep.propose()
    done, found = sweep.trials, list(fronts(sweep.trials))
    pages = write_done(store, sweep.name, loader) if arguments.report else ()
    if arguments.json:
        print_json({**_document(done, found), **({"reports": pages} if pages else {})})
    elif not arguments.quiet:
        _print(name, done, found)
        print_pages(pages)
    return max(_refused(done), exit_code(store, sweep.keys))


def _called(varied: Sequence[Axis], base: RunConfig) -> str:
    """``sweep of ovg.clip: ovg+taba on gaussian, cells, steps 20``."""
    data = "" if base.dataset is None else f", {base.dataset}"
    usual = attrs.fields_dict(type(base))
    apart = [
        f", {option} {value}"
        for option in ("scale", "steps", "samples", "seed")
        if (value := getattr(base, option)) != usual[option].default
    ]
    axes = ", ".join(axis.name for axis in varied)
    return f"sweep of {axes}: {base.method} on {model_name(base.model)}{data}{''.join(apart)}"


def _refused(trials: Sequence[Trial]) -> int:
    """2 if some points cannot be run, which a line on stderr tells, else 0."""
    refused = [trial for trial in trials if not trial.key]
    if not refused:
        return 0
    first = refused[0]
    print(
        f"{len(refused)} of {len(trials)} points cannot be run, {told(first.values)}: {first.error}",
        file=sys.stderr,
    )
    return 2


def _document(trials: Sequence[Trial], found: Sequence[Front]) -> dict[str, Any]:
    return {
        "trials": [
            {name: getattr(one, name) for name in ("values", "key", "scores", "error", "command")} for one in trials
        ],
        "fronts": [
            {
                "metrics": front.names,
                "members": [one.key for one in front.members],
                "chosen": {"key": front.chosen.key, "values": front.chosen.values, "command": front.chosen.command},
            }
            for front in found
        ],
    }


def _print(name: str, trials: Sequence[Trial], found: Sequence[Front]) -> None:
    metrics = list(dict.fromkeys(metric for trial in trials for metric in trial.scores))
    columns = (*trials[0].values, *metrics, *(" / ".join(front.names) for front in found))
    rows = []
    for trial in trials:
        scores = ["failed" if not trial.scores else _short(trial.scores.get(metric)) for metric in metrics]
        marks = ["chosen" if trial is front.chosen else "front" if trial in front.members else "" for front in found]
        rows.append((*map(shown, trial.values.values()), *scores, *marks))
    print_table(columns, rows, title=name)
    for trial in trials:
        if trial.error:
            print(f"\n{told(trial.values)} failed\n  {trial.error}")
    for front in found:
        print(f"\n{' / '.join(front.names)}: nearest to the best of both\n  {front.chosen.command}")


def _short(value: float | None) -> str:
    return "not finite" if value is None else f"{value:.4f}"


command = Command(configure, run)
