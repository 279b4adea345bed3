"""``spectralkit sweep``: parameters varied, and the fronts of what is gained for what is lost."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from typing import TYPE_CHECKING, Any

import attrs

from spectralkit.cli.command import Command
from spectralkit.cli.options import add_method, add_seed, path
from spectralkit.cli.output import add_json, add_quiet, print_json, print_table
from spectralkit.cli.run import add_run, read
from spectralkit.running.config import DEFAULT_METRICS
from spectralkit.running.folders import check_run
from spectralkit_bench.commands.live import carry_out, followed
from spectralkit_bench.sweep.axis import Axis, varied

if TYPE_CHECKING:
    from spectralkit_bench.sweep.sweep import Front, Trial


def configure(parser: ArgumentParser) -> None:
    """The options of ``sweep``: those of ``run``, and what is varied."""
    what, how = add_run(parser)
    add_method(what)
    what.add_argument(
        "--vary",
        action="append",
        required=True,
        metavar="PART.PARAM=V,V",
        help="a parameter and its values, like ovg.eta_hf=10,100,1000, or steps=20,50; every combination is run",
    )
    add_seed(how)
    how.add_argument("--workers", type=int, metavar="N", help="processes (default: this one)")
    output = parser.add_argument_group("output")
    output.add_argument("--store", type=path, required=True, metavar="DIR", help="where runs are kept and found again")
    add_json(output)
    add_quiet(output)


def run(arguments: Namespace) -> int:
    """Run every point that is not done, then print them, the fronts, and how to run what is chosen."""
    axes = [Axis.read(text) for text in arguments.vary]
    base = read(arguments)
    check_run(base)
    points = varied(_scored(base), axes)
    from spectralkit.running.loader import Keeping
    from spectralkit_bench.executors.choice import local
    from spectralkit_bench.store.store import Store
    from spectralkit_bench.sweep.sweep import fronts, plan_of

    loader, name = Keeping(), f"sweep of {', '.join(axis.name for axis in axes)}"
    executor = local(arguments.workers, loader)
    plan, cells, trials = plan_of(name, points, loader)
    store, keys = Store.make(arguments.store), [cell.key for cell in cells]
    store.add(cells, grid=name, plan=plan.as_table())
    with followed(arguments.quiet or arguments.json) as board:
        carry_out(executor, store, keys, board)
    documents = store.documents(keys)
    done = [attrs.evolve(trial, scores=documents.get(trial.key, {}).get("scores", {})) for trial in trials]
    found = list(fronts(done))
    if arguments.json:
        print_json(_document(done, found))
    elif not arguments.quiet:
        _print(name, done, found)
    return 2 if store.counts(keys).failed else 0


def _scored(base: Any) -> Any:
    """With the metrics of the fronts, where others are not asked for."""
    from spectralkit.plugins.registry import registry

    installed = registry().names("metric")
    wanted = tuple(name for name in (*DEFAULT_METRICS, "kd-lite0") if name in installed)
    return base if base.metrics is not None else attrs.evolve(base, metrics=wanted)


def _document(trials: list[Trial], found: list[Front]) -> dict[str, Any]:
    return {
        "trials": [
            {"values": one.values, "key": one.key, "scores": one.scores, "command": one.command} for one in trials
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


def _print(name: str, trials: list[Trial], found: list[Front]) -> None:
    parameters = list(trials[0].values)
    metrics = list(dict.fromkeys(metric for trial in trials for metric in trial.scores))
    columns = (*parameters, *metrics, *(" / ".join(front.names) for front in found))
    rows = []
    for trial in trials:
        scores = ["failed" if not trial.scores else _short(trial.scores.get(metric)) for metric in metrics]
        marks = ["chosen" if trial is front.chosen else "front" if trial in front.members else "" for front in found]
        rows.append((*trial.values.values(), *scores, *marks))
    print_table(columns, rows, title=name)
    for front in found:
        print(f"\n{' / '.join(front.names)}: nearest to the best of both\n  {front.chosen.command}")


def _short(value: float | None) -> str:
    return "not finite" if value is None else f"{value:.4f}"


command = Command(configure, run)
