"""``spectralkit run``: translate a data set with a model and a method, and score the result."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace, _ArgumentGroup
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from spectralkit.cli.command import Command
from spectralkit.cli.options import (
    add_how,
    add_method,
    add_output,
    add_seed,
    add_what,
    destination,
    followed,
    given,
    model_name,
    names,
    path,
    unusual,
)
from spectralkit.cli.output import print_json
from spectralkit.cli.prompts import add_prompts, prompted
from spectralkit.cli.reporting import add_report, print_report, reporting
from spectralkit.cli.scores import print_diagnostics, print_scores
from spectralkit.plugins.text import counted
from spectralkit.running.config import DEFAULT_METRICS, DEFAULT_SAMPLES, RunConfig, parse_settings, read_config
from spectralkit.running.folders import check_run

if TYPE_CHECKING:
    from spectralkit.running.run import Report

OPTIONS = (
    "model",
    "method",
    "dataset",
    "scale",
    "source",
    "target",
    "steps",
    "samples",
    "batch_size",
    "seed",
    "guidance",
    "inversion_guidance",
    "label",
    "device",
)


def configure(parser: ArgumentParser) -> None:
    """The options of ``run``."""
    what, how = add_run(parser)
    add_method(what)
    add_seed(how)
    output = add_output(parser, "run directory")
    output.add_argument("--save-latents", action="store_true", help="write latents.safetensors too")
    add_report(output)


def add_run(parser: ArgumentParser) -> tuple[_ArgumentGroup, _ArgumentGroup]:
    """What runs of several methods and seeds have in common: the groups of what is run, and how."""
    what = add_what(parser)
    what.add_argument("--dataset", metavar="NAME", help="registered data set (default: what the model was trained on)")
    what.add_argument("--scale", type=int, metavar="S", help="degradation of the source (default: the data set's)")
    what.add_argument(
        "--source", metavar="NAME", help="the model's condition for the source domain (default: its name)"
    )
    what.add_argument(
        "--target", metavar="NAME", help="the model's condition for the target domain (default: its name)"
    )
    what.add_argument(
        "--samples", type=int, metavar="N", help=f"how many samples (default: {DEFAULT_SAMPLES}, or all if fewer)"
    )
    what.add_argument(
        "--metrics",
        metavar="A,B",
        help=f"registered metrics (default: {','.join(DEFAULT_METRICS)} as far as installed and meaningful here)",
    )
    add_prompts(parser)
    how = add_how(parser)
    how.add_argument("--config", type=path, metavar="FILE", help="a run.toml; options given here win over it")
    return what, how


def run(arguments: Namespace) -> int:
    """Run, then print the scores and where the results lie."""
    config, write_report = read(arguments), reporting(arguments.report)
    check_run(config)
    with (
        destination(arguments.out, *directory_parts(config)) as place,
        followed(arguments.quiet or arguments.json) as watch,
    ):
        from spectralkit.running.run import run_into

        report = run_into(place.directory, config, save_latents=arguments.save_latents, watch=watch)
    page = write_report(place.out)
    if arguments.json:
        print_json({**report.document(), "out": place.out, **page})
    elif not arguments.quiet:
        _print(report, place.out)
        print_report(page)
    return 0


def directory_parts(config: RunConfig) -> Iterator[str]:
    """What tells the run's directory from those of other runs."""
    yield from (model_name(config.model), config.method.replace(" ", ""), config.dataset or "")
    yield f"x{config.scale}" if config.scale else ""
    yield from unusual(config, ("source", "target", "steps", "samples", "guidance", "inversion_guidance", "label"))
    yield f"seed{config.seed}"


def read(arguments: Namespace) -> RunConfig:
    """The configuration file's options, overridden by the command line's."""
    options: dict[str, Any] = read_config(arguments.config) if arguments.config else {}
    options.update(given(arguments, OPTIONS))
    if arguments.metrics is not None:
        options["metrics"] = names(arguments.metrics)
    settings = {part: dict(values) for part, values in options.get("settings", {}).items()}
    for part, values in parse_settings(arguments.set).items():
        settings.setdefault(part, {}).update(values)
    return RunConfig(**prompted(arguments, {**options, "settings": settings}))


def _print(report: Report, out: Path) -> None:
    config = report.config
    what = f"{config.model}, {config.method} on {config.dataset}"
    title = f"{what}: {counted(report.samples, 'sample')}, {counted(config.steps, 'step')}, seed {config.seed}"
    print_scores(title, report.scores, report.details)
    if report.diagnostics:
        print()
        print_diagnostics(config.method, report.diagnostics)
    cost = f"{report.cost.forwards:.4g} forwards and {report.cost.backwards:.4g} backwards a sample"
    print(f"\ncost     {cost}; {report.seconds:.1f} s on {report.device}")
    print(f"results  {out}")
    print(f"picture  {out / 'grid.png'}")


command = Command(configure, run)
