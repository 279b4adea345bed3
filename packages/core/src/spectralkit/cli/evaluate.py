"""``spectralkit evaluate``: score pictures that anything has made."""

from __future__ import annotations

import warnings
from argparse import ArgumentParser, Namespace
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

from spectralkit.cli.command import Command
from spectralkit.cli.options import add_files, add_reading, add_set, names, path, reading
from spectralkit.cli.output import add_json, add_quiet, print_json
from spectralkit.cli.scores import print_scores
from spectralkit.errors import ConfigurationError
from spectralkit.pictures.finding import check_folder
from spectralkit.plugins.text import counted
from spectralkit.running.claim import claim
from spectralkit.running.config import parse_settings
from spectralkit.running.needs import check_given, check_ready

if TYPE_CHECKING:
    from spectralkit.pictures.reading import Reading
    from spectralkit.running.evaluation import Evaluation


FOLDERS = {
    "generated": "the pictures to score",
    "source": "what they were made of, by name",
    "reference": "the real images that they should be, by name",
    "targets": "real images of their kind, paired with none",
}


OPTIONS = ("latents", "structure", "fit", "size", "batch_size", "recursive", "on_error")


def configure(parser: ArgumentParser) -> None:
    """The options of ``evaluate``."""
    what = parser.add_argument_group("what")
    for option, meaning in FOLDERS.items():
        what.add_argument(
            f"--{option}", type=path, metavar="DIR", required=option == "generated", help=f"folder: {meaning}"
        )
    what.add_argument("--latents", type=path, metavar="FILE", help="safetensors file of latents, by image")
    what.add_argument("--metrics", metavar="A,B", required=True, help="registered metrics")
    what.add_argument(
        "--structure", choices=("rgb", "masked-grey"), default="rgb", help="how structure is compared (default: rgb)"
    )
    how = add_reading(parser)
    add_files(
        how,
        "; they are part of the name",
        "files that are bad, missing or unpaired: tell all of them and stop, or leave them out",
    )
    how.add_argument(
        "--fit",
        choices=("crop", "resize"),
        help="pictures of several sizes: the middle of each, or its shorter side resized to N first (default: refused)",
    )
    how.add_argument("--size", type=int, metavar="N", help="side of the images that --fit makes")
    how.add_argument("--batch-size", type=int, default=16, metavar="N", help="images at a time (default: 16)")
    add_set(how, "PART.PARAM", "a parameter of a metric, or how one folder is read, like source.intensity=0:4095")
    output = parser.add_argument_group("output")
    output.add_argument("--out", type=path, metavar="DIR", help="write metrics.json, samples.csv, evaluate.toml")
    add_json(output)
    add_quiet(output)


def run(arguments: Namespace) -> int:
    """Evaluate, then print the scores."""
    given = {option: place for option in (*FOLDERS, "latents") if (place := getattr(arguments, option)) is not None}
    for option in (option for option in FOLDERS if option in given):  # before anything large is imported
        check_folder(given[option])
    metrics, settings = names(arguments.metrics), parse_settings(arguments.set)
    check_given(metrics, given)
    check_ready(metrics, settings)
    with nullcontext() if arguments.out is None else claim([arguments.out]) as place:
        from spectralkit.running.evaluation import ROLES, EvaluateConfig, evaluate

        config = EvaluateConfig(
            **{name: getattr(arguments, name) for name in (*ROLES, *OPTIONS)},
            metrics=metrics,
            reading={role: _read_as(arguments, settings.pop(role, {})) for role in ROLES},
            settings=settings,
        )
        done = evaluate(config)
        if place is not None:
            _write(done, place.directory)
    _tell(done, arguments)
    return 0


def _read_as(arguments: Namespace, own: dict[str, Any]) -> Reading:
    """How the folder of one role is read: by its own parameters before those of all."""
    merged = {"channels": arguments.channels, "intensity": arguments.intensity, "frame": arguments.frame} | own
    if strange := sorted(merged.keys() - {"channels", "intensity", "frame"}):
        raise ConfigurationError(f"a folder has no parameter {strange[0]!r}: set its channels, intensity or frame")
    return reading(Namespace(**merged))


def _write(done: Evaluation, directory: Path) -> None:
    from spectralkit.running.document import as_json, as_toml
    from spectralkit.running.rundir import write_csv

    write_csv(directory / "samples.csv", done.rows)
    (directory / "metrics.json").write_text(as_json(done.document()), encoding="utf-8")
    table = {"evaluate": done.config.as_table(), "left_out": {"told": done.left_out}, "versions": done.versions}
    (directory / "evaluate.toml").write_bytes(as_toml(table))


def _tell(done: Evaluation, arguments: Namespace) -> None:
    for line in done.left_out:
        warnings.warn(line, stacklevel=2)
    if arguments.json:
        print_json({**done.document(), "rows": done.rows, **({"out": arguments.out} if arguments.out else {})})
    elif not arguments.quiet:
        print_scores(f"{arguments.generated}: {counted(len(done.rows), 'image')}", done.scores, done.details)
        if arguments.out:
            print(f"results  {arguments.out}")


command = Command(configure, run)
