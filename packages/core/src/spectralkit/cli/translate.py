"""``spectralkit translate``: translate image files or a folder of them."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path

from spectralkit.cli.command import Command
from spectralkit.cli.options import add_translation, default_out, followed, given
from spectralkit.cli.output import print_json

OPTIONS = ("steps", "batch_size", "seed", "guidance", "inversion_guidance", "label", "device", "model", "method")


def configure(parser: ArgumentParser) -> None:
    """The options of ``translate``."""
    parser.add_argument("inputs", nargs="+", type=Path, metavar="IMAGE", help="8-bit RGB image files, or folders of them")
    add_translation(parser)
    parser.add_argument("--source", metavar="NAME", help="condition of the inputs (default: the model's first)")
    parser.add_argument("--target", metavar="NAME", help="condition to translate into (default: the model's last)")
    parser.add_argument(
        "--fit",
        choices=("tile", "resize"),
        default="tile",
        help="images of another size than the model's: overlapping blended tiles, or resize and back (default: tile)",
    )
    parser.add_argument(
        "--upsample",
        type=int,
        default=1,
        metavar="S",
        help="enlarge the inputs S times by nearest neighbour first: 8 for low-x8 (default: 1)",
    )
    parser.add_argument("--out", type=Path, metavar="DIR", help="output directory, must not exist (default: under runs/)")


def run(arguments: Namespace) -> int:
    """Translate, then print where the images lie."""
    from spectralkit.config import RunConfig, parse_settings
    from spectralkit.translation import TranslateConfig, translate_files

    options = RunConfig(**given(arguments, OPTIONS), settings=parse_settings(arguments.set))  # type: ignore[arg-type]
    config = TranslateConfig(options, arguments.source, arguments.target, arguments.fit, arguments.upsample)
    out = arguments.out or default_out("translate", options.model.strip("/").rpartition("/")[2], options.method)
    with followed(arguments.quiet or arguments.json) as watch:
        written = translate_files(arguments.inputs, out, config, watch)
    if arguments.json:
        print_json({"out": str(out), "images": [str(out / name) for name in written]})
    elif not arguments.quiet:
        print(f"{len(written)} images: {out}")
    return 0


command = Command(configure, run)
