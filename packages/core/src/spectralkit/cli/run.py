"""``spectralkit run``: translate a data set with a model and a method, and score the result."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from spectralkit.cli.command import Command
from spectralkit.cli.options import add_translation, default_out, followed, given
from spectralkit.cli.output import print_json, print_table

if TYPE_CHECKING:
    from spectralkit.config import RunConfig
    from spectralkit.runner import Report

OPTIONS = (
    "model",
    "method",
    "dataset",
    "scale",
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
    add_translation(parser)
    parser.add_argument("--dataset", metavar="NAME", help="registered data set (default: what the model was trained on)")
    parser.add_argument("--scale", type=int, metavar="S", help="degradation of the source (default: the data set's)")
    parser.add_argument("--samples", type=int, metavar="N", help="how many samples (default: 16)")
    parser.add_argument(
        "--metrics", metavar="A,B", help="registered metrics (default: s-g,s-dc,s-hf,s-lf,psnr as far as installed)"
    )
    parser.add_argument("--config", type=Path, metavar="FILE", help="a run.toml; options given here win over it")
    parser.add_argument("--out", type=Path, metavar="DIR", help="run directory, must not exist (default: under runs/)")
    parser.add_argument("--save-latents", action="store_true", help="write latents.safetensors too")


def run(arguments: Namespace) -> int:
    """Run, then print the scores and where the results lie."""
    config = read(arguments)
    out = arguments.out or default_out(
        config.model.strip("/").rpartition("/")[2],
        config.method.replace(" ", ""),
        config.dataset or "",
        f"x{config.scale}" if config.scale else "",
        f"seed{config.seed}",
    )
    from spectralkit.runner import run as execute

    with followed(arguments.quiet or arguments.json) as watch:
        report = execute(config, out, save_latents=arguments.save_latents, watch=watch)
    if arguments.json:
        print_json({**_document(report), "seed": config.seed, "config": config.as_toml(), "out": str(out)})
    elif not arguments.quiet:
        _print(config, report, out)
    return 0


def read(arguments: Namespace) -> RunConfig:
    """The configuration file's options, overridden by the command line's."""
    from spectralkit.config import RunConfig, parse_settings, read_config

    options: dict[str, Any] = read_config(arguments.config) if arguments.config else {}
    options.update(given(arguments, OPTIONS))
    if arguments.metrics is not None:
        options["metrics"] = tuple(name.strip() for name in arguments.metrics.split(",") if name.strip())
    settings = {part: dict(values) for part, values in options.get("settings", {}).items()}
    for part, values in parse_settings(arguments.set).items():
        settings.setdefault(part, {}).update(values)
    options["settings"] = settings
    return RunConfig(**options)


def _document(report: Report) -> dict[str, Any]:
    import attrs

    return attrs.asdict(report)


def _print(config: RunConfig, report: Report, out: Path) -> None:
    rows = []
    for name, score in report.scores.items():
        beside = ", ".join(f"{key} {_short(value)}" for key, value in report.details[name].items())
        rows.append((name, f"{score:.4f}", beside))
    title = f"{config.model}, {config.method}: {report.samples} samples, {config.steps} steps, seed {config.seed}"
    print_table(("metric", "score", "details"), rows, title=title)
    for name, value in report.diagnostics.items():
        print(f"{name}: {value:.4g}")
    cost = f"{report.cost.forwards:g} forwards and {report.cost.backwards:g} backwards a sample"
    print(f"cost: {cost}, {report.seconds:.1f} s")
    print(f"results: {out}  (look at {out / 'grid.png'})")


def _short(value: float | str) -> str:
    return value if isinstance(value, str) else f"{value:.4g}"


command = Command(configure, run)
