"""``spectralkit translate``: translate image files or a folder of them."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path

from spectralkit.cli.command import Command
from spectralkit.cli.options import add_how, add_output, add_what, default_out, followed, given, model_name
from spectralkit.cli.output import print_json
from spectralkit.running.config import RunConfig, parse_settings

OPTIONS = ("steps", "batch_size", "seed", "guidance", "inversion_guidance", "label", "device", "model", "method")


def configure(parser: ArgumentParser) -> None:
    """The options of ``translate``."""
    parser.add_argument(
        "inputs",
        nargs="+",
        type=Path,
        metavar="IMAGE",
        help="8-bit image files of the model's colours, or folders of them",
    )
    what = add_what(parser)
    what.add_argument("--source", metavar="NAME", help="condition of the inputs (default: the model's first)")
    what.add_argument("--target", metavar="NAME", help="condition to translate into (default: the model's last)")
    how = add_how(parser)
    how.add_argument(
        "--upsample",
        type=int,
        default=1,
        metavar="S",
        help="enlarge the inputs S times by nearest neighbour first: 8 for low-x8 (default: 1)",
    )
    how.add_argument(
        "--fit",
        choices=("tile", "resize"),
        default="tile",
        help="images of another size than the model's: overlapping blended tiles, or resize and back (default: tile)",
    )
    add_output(parser, "output directory")


def run(arguments: Namespace) -> int:
    """Translate, then print where the images lie."""
    options = RunConfig(**given(arguments, OPTIONS), settings=parse_settings(arguments.set))
    out = arguments.out or default_out("translate", model_name(options.model), options.method.replace(" ", ""))
    from spectralkit.running.translation import TranslateConfig, translate_files

    config = TranslateConfig(options, arguments.source, arguments.target, arguments.fit, arguments.upsample)
    with followed(arguments.quiet or arguments.json) as watch:
        done = translate_files(arguments.inputs, out, config, watch)
    if arguments.json:
        print_json({"out": out, "images": [out / name for name in done.images], **done.config.as_table()})
    elif not arguments.quiet:
        how = f"{options.model}, {options.method}, {done.config.source} -> {done.config.target}, {options.steps} steps"
        print(f"{len(done.images)} images in {done.tiles} tiles: {how}, seed {options.seed}")
        print(f"results  {out}")
    return 0


command = Command(configure, run)
