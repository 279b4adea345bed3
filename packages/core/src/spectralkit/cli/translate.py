"""``spectralkit translate``: translate image files or a folder of them."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from spectralkit.cli.command import Command
from spectralkit.cli.options import (
    add_files,
    add_how,
    add_method,
    add_output,
    add_reading,
    add_seed,
    add_what,
    destination,
    followed,
    given,
    model_name,
    path,
    reading,
    unusual,
)
from spectralkit.cli.output import print_json
from spectralkit.cli.prompts import add_prompts, prompted
from spectralkit.pictures.finding import find_inputs
from spectralkit.plugins.text import counted
from spectralkit.running.config import RunConfig, parse_settings

if TYPE_CHECKING:
    from spectralkit.running.translation import Translated

OPTIONS = ("steps", "batch_size", "seed", "guidance", "inversion_guidance", "label", "device", "model", "method")


def configure(parser: ArgumentParser) -> None:
    """The options of ``translate``."""
    parser.add_argument(
        "inputs",
        nargs="+",
        type=path,
        metavar="IMAGE",
        help="image files (PNG, JPEG, TIFF, WebP, BMP), or folders of them",
    )
    what = add_what(parser)
    add_method(what)
    what.add_argument("--source", metavar="NAME", help="condition of the inputs (default: the model's first)")
    what.add_argument("--target", metavar="NAME", help="condition to translate into (default: the model's last)")
    add_prompts(parser)
    how = add_how(parser)
    add_seed(how)
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
    add_files(
        how,
        ", and keep them",
        "inputs that cannot be translated: tell all of them and do nothing, or leave them out",
    )
    add_reading(parser)
    output = add_output(parser, "output directory")
    output.add_argument(
        "--depth",
        type=int,
        choices=(8, 16),
        default=8,
        help="bits a channel: PNG of 8 (TIFF of 2 channels, or of more than 3), or TIFF of 16 (default: 8)",
    )
    output.add_argument("--save-latents", action="store_true", help="write latents.safetensors too, by image and tile")


def run(arguments: Namespace) -> int:
    """Translate, then print where the images lie."""
    options = RunConfig(**prompted(arguments, {**given(arguments, OPTIONS), "settings": parse_settings(arguments.set)}))
    arguments.source, arguments.target = options.source or arguments.source, options.target or arguments.target
    found = find_inputs(arguments.inputs, recursive=arguments.recursive)
    with (
        destination(arguments.out, *_name(options, arguments)) as place,
        followed(arguments.quiet or arguments.json) as watch,
    ):
        from spectralkit.running.inputs import TranslateConfig, early  # with numpy behind it

        config = TranslateConfig(
            options,
            **{name: getattr(arguments, name) for name in ("source", "target", "fit", "upsample", "depth")},
            reading=reading(arguments),
            recursive=arguments.recursive,
            on_error=arguments.on_error,
            save_latents=arguments.save_latents,
        )
        checked = early(found, config)  # before torch is imported
        from spectralkit.running.translation import translate_into

        done = translate_into(place.directory, found, config, watch, checked)
    if arguments.json:
        print_json(_document(done, place.out))
    elif not arguments.quiet:
        _print(done, place.out)
    return 0


def _document(done: Translated, out: Path) -> dict[str, object]:
    skipped = {"skipped": done.skipped} if done.skipped else {}
    return {"out": out, "images": [out / name for name in done.images], **done.config.as_table(), **skipped}


def _print(done: Translated, out: Path) -> None:
    config, options = done.config, done.config.options
    how = f"{options.model}, {options.method}, {config.source} -> {config.target}, {counted(options.steps, 'step')}"
    print(f"{counted(len(done.images), 'image')} in {counted(done.tiles, 'tile')}: {how}, seed {options.seed}")
    if (intensity := config.reading.intensity) is not None:
        lows, highs = zip(*(pair for pairs in done.limits.values() for pair in pairs), strict=True)
        span = f"from {min(lows):g} to {max(highs):g} as [0, 1]"
        print(f"values   {intensity}: {span}; each file's own are in translate.toml")
    print(f"results  {out}")


def _name(options: RunConfig, arguments: Namespace) -> Iterator[str]:
    """What tells the directory from those of other translations."""
    yield from ("translate", model_name(options.model), options.method.replace(" ", ""))
    yield from (arguments.source or "", (arguments.target and f"to-{arguments.target}") or "")
    yield "" if arguments.upsample == 1 else f"x{arguments.upsample}"
    yield "" if arguments.fit == "tile" else arguments.fit
    yield "" if arguments.depth == 8 else "deep"
    yield from unusual(options, ("steps", "guidance", "inversion_guidance", "label", "seed"))


command = Command(configure, run)
