"""``spectralkit translate``: translate image files or a folder of them."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Iterator

from spectralkit.cli.command import Command
from spectralkit.cli.options import (
    add_how,
    add_output,
    add_what,
    destination,
    followed,
    given,
    model_name,
    path,
    unusual,
)
from spectralkit.cli.output import print_json
from spectralkit.pictures.finding import find_images
from spectralkit.running.config import RunConfig, parse_settings

OPTIONS = ("steps", "batch_size", "seed", "guidance", "inversion_guidance", "label", "device", "model", "method")


def configure(parser: ArgumentParser) -> None:
    """The options of ``translate``."""
    parser.add_argument(
        "inputs",
        nargs="+",
        type=path,
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
    paths = find_images(arguments.inputs)
    with (
        destination(arguments.out, *_name(options, arguments)) as place,
        followed(arguments.quiet or arguments.json) as watch,
    ):
        from spectralkit.running.translation import TranslateConfig, translate_into

        config = TranslateConfig(options, arguments.source, arguments.target, arguments.fit, arguments.upsample)
        done = translate_into(place.directory, paths, config, watch)
    out = place.out
    if arguments.json:
        print_json({"out": out, "images": [out / name for name in done.images], **done.config.as_table()})
    elif not arguments.quiet:
        how = f"{options.model}, {options.method}, {done.config.source} -> {done.config.target}, {options.steps} steps"
        print(f"{len(done.images)} images in {done.tiles} tiles: {how}, seed {options.seed}")
        print(f"results  {out}")
    return 0


def _name(options: RunConfig, arguments: Namespace) -> Iterator[str]:
    """What tells the directory from those of other translations."""
    yield from ("translate", model_name(options.model), options.method.replace(" ", ""))
    yield from (arguments.source or "", (arguments.target and f"to-{arguments.target}") or "")
    yield "" if arguments.upsample == 1 else f"x{arguments.upsample}"
    yield "" if arguments.fit == "tile" else arguments.fit
    yield from unusual(options, ("steps", "guidance", "inversion_guidance", "label", "seed"))


command = Command(configure, run)
