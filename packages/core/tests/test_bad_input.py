"""A table of mistakes: each is told in one clear line, ends with exit code 2, and leaves nothing behind."""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import struct
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import attrs
import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image
from safetensors.torch import load_file, save_file

from spectralkit.cli.main import main
from spectralkit.errors import DataError
from spectralkit.plugins import catalog
from spectralkit.plugins.registry import registry
from spectralkit.running.picture import read_image

OUT = ["--steps", "2", "--device", "cpu", "--out", "out"]
TOY = ["--model", "gaussian", "--set", "model.process=toy", "--dataset", "toy"]
RUN = ["run", *TOY, "--method", "toy-push", "--metrics", "toy-mse", "--samples", "2", *OUT]
MODEL = ["run", "--model", "./model", "--metrics", "toy-mse", *OUT]
TRANSLATE = ["translate", "--model", "./model", *OUT, "image.png"]
REAL = ["run", "--samples", "1", *OUT]

Prepare = Callable[[], object]


@attrs.frozen
class Case:
    """One mistake.

    Args:
        name: What is wrong.
        arguments: The whole command line.
        told: What the error must contain.
        prepare: Brings about the situation, in the current directory.
        needs: Kinds and names of this project's packages without which the case has no meaning.
    """

    name: str
    arguments: list[str]
    told: tuple[str, ...]
    prepare: Prepare = attrs.field(default=lambda: None)
    needs: tuple[tuple[str, str], ...] = ()


def run(name: str, options: list[str], *told: str, prepare: Prepare = lambda: None) -> Case:
    return Case(f"run, {name}", [*RUN, *options], told, prepare)


def translate(name: str, options: list[str], *told: str, prepare: Prepare = lambda: None) -> Case:
    return Case(f"translate, {name}", [*TRANSLATE, *options], told, prepare)


def real(name: str, needs: str, options: list[str], *told: str) -> Case:
    return Case(f"real, {name}", [*REAL, *options], told, needs=needed(needs))


def needed(words: str) -> tuple[tuple[str, str], ...]:
    """``kind:name kind:name``."""
    pairs = [word.split(":") for word in words.split()]
    return tuple((kind, name) for kind, name in pairs)


def method(expression: str, *told: str) -> Case:
    return run(f"method {expression[:40]!r}", ["--method", expression], *told)


def text(path: str, content: str | bytes) -> Prepare:
    return lambda: Path(path).write_bytes(content if isinstance(content, bytes) else content.encode())


def config(content: str, *told: str) -> Case:
    return run(
        f"config {content[:40]!r}", ["--config", "run.toml"], "run.toml", *told, prepare=text("run.toml", content)
    )


def setting(assignment: str, *told: str) -> Case:
    return run(f"--set {assignment[:40]}", ["--set", assignment], *told)


# --- images -----------------------------------------------------------------------------------------------------------


def pixels(size: int = 8, channels: int = 3) -> np.ndarray:
    shape = (size, size) if channels == 1 else (size, size, channels)
    return np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)


def picture(path: str = "image.png", size: int = 8, channels: int = 3, **options: object) -> None:
    Image.fromarray(pixels(size, channels)).save(path, **options)


def converted(path: str, mode: str) -> Prepare:
    return lambda: Image.fromarray(pixels()).convert(mode).save(path)


def png(width: int, height: int, depth: int, body: bytes) -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", width, height, depth, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(body)) + chunk(b"IEND", b"")


def deep_png() -> bytes:
    return png(8, 8, 16, (b"\0" + bytes(48)) * 8)


def deep_tiff() -> bytes:
    """8 x 8 RGB of 16 bits a channel, uncompressed, little-endian."""
    short, long = 3, 4
    bits, data = 8 + 2 + 10 * 12 + 4, 8 + 2 + 10 * 12 + 4 + 6
    fields = [
        *((256, short, 1, 8), (257, short, 1, 8), (258, short, 3, bits), (259, short, 1, 1), (262, short, 1, 2)),
        *((273, long, 1, data), (277, short, 1, 3), (278, short, 1, 8), (279, long, 1, 8 * 8 * 6), (284, short, 1, 1)),
    ]
    directory = struct.pack("<H", len(fields)) + b"".join(struct.pack("<HHII", *field) for field in fields)
    return b"II*\0" + struct.pack("<I", 8) + directory + bytes(4) + struct.pack("<HHH", 16, 16, 16) + bytes(8 * 8 * 6)


def animated(path: str) -> Prepare:
    frames = [Image.fromarray(pixels()), Image.fromarray(255 - pixels())]
    return lambda: frames[0].save(path, save_all=True, append_images=frames[1:])


def truncated(path: str) -> Prepare:
    def prepare() -> None:
        picture(path, size=64)
        os.truncate(path, Path(path).stat().st_size * 2 // 3)

    return prepare


def folder_of(*names: str) -> Prepare:
    def prepare() -> None:
        Path("folder").mkdir()
        for name in names:
            picture(f"folder/{name}")

    return prepare


def entry(make: Callable[[Path], object]) -> Prepare:
    """A folder with an image and something that is called one."""
    return lambda: (folder_of("a.png")(), make(Path("folder/b.png")))


def linked(path: Path) -> None:
    path.symlink_to("nowhere")


def socketed(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))


def strange(kind: str) -> tuple[str, ...]:
    return ("folder/b.png is called an image and is ", kind, "remove it")


IMAGES = [
    translate("missing image", ["nowhere.png"], "no image or folder at nowhere.png"),
    translate("name too long", ["x" * 5000], "File name too long"),
    translate("empty file", ["bad.png"], "bad.png is empty: remove it", prepare=text("bad.png", "")),
    translate(
        "text file",
        ["bad.png"],
        "bad.png is no PNG, JPEG, TIFF, BMP or WebP file",
        prepare=text("bad.png", "not an image"),
    ),
    translate("truncated png", ["bad.png"], "cannot read image bad.png", prepare=truncated("bad.png")),
    translate("truncated jpeg", ["bad.jpg"], "cannot read image bad.jpg", prepare=truncated("bad.jpg")),
    translate("truncated tiff", ["bad.tif"], "cannot read image bad.tif", prepare=truncated("bad.tif")),
    translate("corrupt png", ["bad.png"], "cannot read image bad.png", prepare=text("bad.png", png(8, 8, 8, b"\0"))),
    translate(
        "greyscale", ["bad.png"], "bad.png is greyscale of 8 bits", "RGB is wanted", prepare=converted("bad.png", "L")
    ),
    translate("one bit", ["bad.png"], "bad.png is black and white", "RGB is wanted", prepare=converted("bad.png", "1")),
    translate(
        "palette",
        ["bad.png"],
        "bad.png is in indexed colours",
        "RGB is wanted",
        prepare=converted("bad.png", "P"),
    ),
    translate(
        "RGBA",
        ["bad.png"],
        "bad.png is RGB with transparency",
        "RGB is wanted",
        prepare=converted("bad.png", "RGBA"),
    ),
    translate("grey with alpha", ["bad.png"], "is greyscale with transparency", prepare=converted("bad.png", "LA")),
    translate("CMYK", ["bad.jpg"], "bad.jpg is in printing colours", prepare=converted("bad.jpg", "CMYK")),
    translate(
        "32-bit integers", ["bad.tif"], "is greyscale in whole numbers of 32 bits", prepare=converted("bad.tif", "I")
    ),
    translate("floating point", ["bad.tif"], "greyscale in floating-point numbers", prepare=converted("bad.tif", "F")),
    translate("16-bit png", ["bad.png"], "bad.png", "of 16 bits", prepare=text("bad.png", deep_png())),
    translate("16-bit tiff", ["bad.tif"], "bad.tif", "of 16 bits", prepare=text("bad.tif", deep_tiff())),
    translate("animated png", ["bad.png"], "bad.png holds 2 images", prepare=animated("bad.png")),
    translate("animated webp", ["bad.webp"], "bad.webp holds 2 images", prepare=animated("bad.webp")),
    translate("pages", ["bad.tif"], "bad.tif holds 2 images", prepare=animated("bad.tif")),
    translate(
        "animated gif", ["bad.gif"], "bad.gif is no PNG, JPEG, TIFF, BMP or WebP file", prepare=animated("bad.gif")
    ),
    translate(
        *("enormous", ["bad.png"], "image bad.png is too large"),
        prepare=text("bad.png", png(60000, 60000, 8, b"\0")),
    ),
    translate(
        *("large", ["bad.png"], "image bad.png of 9000x9000 is too large", "crop it"),
        prepare=text("bad.png", png(9000, 9000, 8, b"\0")),
    ),
    translate("empty folder", ["folder"], "folder folder holds no image", ".png", prepare=folder_of()),
    translate(
        *("folder of other files", ["folder"], "folder folder holds no image"),
        prepare=lambda: (folder_of()(), text("folder/a.txt", "x")()),
    ),
    translate(
        *("folder of folders", ["folder"], "folder folder holds no image", "its subfolders are opened with recursive"),
        prepare=lambda: (folder_of()(), Path("folder/inner").mkdir()),
    ),
    translate(
        *("duplicate stems", ["folder"], "folder/a.jpg and folder/a.png would both become 'a'"),
        prepare=folder_of("a.png", "a.jpg"),
    ),
    translate("the same image twice", ["./image.png"], "would both become 'image'"),
    translate(
        "a pipe", ["pipe"], "pipe is a pipe, neither an image file nor a folder", prepare=lambda: os.mkfifo("pipe")
    ),
    translate("a device", ["/dev/zero"], "/dev/zero is a device, neither an image file nor a folder"),
    translate(
        *(
            "too small for tiling",
            ["small.png"],
            "small.png: an image of 5x5 is smaller than a tile of 8x8",
            "--fit resize",
        ),
        prepare=lambda: picture("small.png", 5),
    ),
    translate("no upsampling", ["--upsample", "0"], "upsample must be at least 1, got 0"),
    translate("negative upsampling", ["--upsample", "-2"], "upsample must be at least 1, got -2"),
    translate("half upsampling", ["--upsample", "1.5"], "--upsample: invalid int value: '1.5'"),
    translate("vast upsampling", ["--upsample", "100000"], "image.png", "lower --upsample"),
    translate("unknown fit", ["--fit", "crop"], "--fit: invalid choice: 'crop'"),
    translate("unknown source", ["--source", "lw"], "condition 'lw'", "did you mean 'low'?"),
    translate("unknown target", ["--target", "sketch"], "condition 'sketch'", "it knows low, high"),
    translate("a part it lacks", ["--set", "dataset.scale=2"], "'dataset'", "it has model, standard"),
    translate("no model", ["--model", "edmm"], "unknown model 'edmm'"),
    translate("no steps", ["--steps", "0"], "steps must be a whole number between 1 and 100000, got 0"),
    translate("existing output", ["--out", "model"], "output directory model already exists"),
    translate("no source", ["--source="], "source must be a condition's name, got ''", "leave it out"),
    translate("blank target", ["--target", " "], "target must be a condition's name, got ' '"),
    translate("empty name", [""], "argument IMAGE: an empty path names nothing"),
    translate(
        "broken link", ["link"], "link is a link that leads nowhere", prepare=lambda: Path("link").symlink_to("x")
    ),
    translate("a link to itself", ["link"], "leads nowhere or in", prepare=lambda: Path("link").symlink_to("link")),
    translate("folder with a broken link", ["folder"], *strange("a link that leads nowhere"), prepare=entry(linked)),
    translate("folder with a loop", ["folder"], *strange("in a circle"), prepare=entry(lambda p: p.symlink_to(p.name))),
    translate("folder with a pipe", ["folder"], *strange("a pipe"), prepare=entry(os.mkfifo)),
    translate("folder with a folder", ["folder"], *strange("a folder"), prepare=entry(Path.mkdir)),
    translate("folder with a socket", ["folder"], *strange("a socket"), prepare=entry(socketed)),
    translate("portable pixmap", ["bad.ppm"], "bad.ppm is no PNG, JPEG", prepare=lambda: picture("bad.ppm")),
    translate("postscript", ["bad.png"], "bad.png is no PNG", prepare=text("bad.png", "%!PS-Adobe-3.0 EPSF-3.0\n")),
    Case("translate, no image", ["translate", "--model", "edm"], ("arguments are required: IMAGE",)),
    translate("parameters of a checkpoint", ["--set", "model.x=1"], "no parameter 'x'"),
]

# --- options of run ---------------------------------------------------------------------------------------------------

OPTIONS = [
    Case("unknown command", ["runn"], ("unknown command 'runn'", "did you mean 'run'?")),
    run("unknown option", ["--stepz", "3"], "unrecognized arguments: --stepz 3"),
    run("unknown model", ["--model", "gausian"], "unknown model 'gausian'", "did you mean 'gaussian'?"),
    run("model to be installed", ["--model", "elsewhere"], "pip install spectralkit-elsewhere"),
    run("unknown method", ["--method", "toy-pusj"], "unknown method 'toy-pusj'", "did you mean 'toy-push'?"),
    run("method to be installed", ["--method", "toy-push+elsewhere"], "pip install spectralkit-elsewhere"),
    run("unknown metric", ["--metrics", "toy-mse,toy-mze"], "unknown metric 'toy-mze'", "did you mean 'toy-mse'?"),
    run("metric to be installed", ["--metrics", "elsewhere"], "pip install spectralkit-elsewhere"),
    run("no metric", ["--metrics", " ,"], "--metrics names none"),
    run("unknown dataset", ["--dataset", "toi"], "unknown dataset 'toi'", "did you mean 'toy'?"),
    run("dataset to be installed", ["--dataset", "elsewhere"], "pip install spectralkit-elsewhere"),
    run("unknown process", ["--set", "model.process=ty"], "unknown parameterization 'ty'"),
    run("empty model", ["--model", ""], "model must be a name, got ''"),
    run("no steps", ["--steps", "0"], "steps must be a whole number between 1 and 100000, got 0"),
    run("negative steps", ["--steps", "-5"], "steps", "got -5"),
    run("steps that are no number", ["--steps", "many"], "--steps: invalid int value: 'many'"),
    run("more steps than the schedule has", ["--steps", "1001"], "steps must be between 1 and 1000, got 1001"),
    run("huge steps", ["--steps", "1" + "0" * 30], "steps must be a whole number between 1 and 100000"),
    run("no samples", ["--samples", "0"], "samples must be a whole number of at least 1, got 0"),
    run("more samples than there are", ["--samples", "7"], "data set 'toy' has 6 samples, 7 were asked for"),
    run("huge samples", ["--samples", "1" + "0" * 18], "data set 'toy' has 6 samples"),
    run("no batch", ["--batch-size", "0"], "batch-size must be a whole number of at least 1, got 0"),
    run("negative batch", ["--batch-size", "-1"], "batch-size", "got -1"),
    run("half a seed", ["--seed", "0.5"], "--seed: invalid int value: '0.5'"),
    run("guidance NaN", ["--guidance", "nan"], "guidance must be a finite number, got nan"),
    run("guidance infinite", ["--inversion-guidance", "inf"], "inversion-guidance must be a finite number, got inf"),
    run("guidance that overflows", ["--guidance", "1e300"], "gives NaN or infinity in sample 's0'", "the guidance"),
    run("unknown label", ["--label", "last"], "--label: invalid choice: 'last'"),
    run(
        "next label without meaning",
        ["--label", "next", "--set", "model.process=toy-ve"],
        "label 'next' has no meaning",
    ),
    run("unknown device", ["--device", "banana"], "device 'banana' cannot be used", "use 'auto' or 'cpu'"),
    run("absent device", ["--device", "xpu:7"], "device 'xpu:7' cannot be used"),
    run("device without memory", ["--device", "meta"], "device 'meta' cannot be used"),
    run("impossible scale", ["--scale", "3"], "scale 3 is impossible for data set toy"),
    run("no scale", ["--scale", "0"], "scale must be a whole number of at least 1, got 0"),
    run("scale twice", ["--scale", "2", "--set", "dataset.scale=4"], "scale is given twice"),
    run("a long seed", ["--seed", "9" * 400], "seed must be a whole number of at most 64 bits, got 9999"),
    run("a seed longer than Python reads", ["--seed", "9" * 5000], "--seed: invalid int value: '9999"),
    run("long steps", ["--steps", "9" * 400], "steps must be a whole number between 1 and 100000, got 9999"),
    run("a long batch", ["--batch-size", "9" * 400], "batch-size must be a whole number of at most 64 bits"),
    run("a long name", ["--model", "x" * 9000], "unknown model 'xxxx"),
    run("a long option", ["--" + "x" * 9000], "unrecognized arguments: --xxxx"),
    run("a long choice", ["--label", "x" * 9000], "invalid choice: 'xxxx"),
    run("a long path", ["--config", "x" * 9000], "cannot read configuration xxxx", "File name too long"),
    run("no value", ["--scale=--"], "argument --scale: expected a value, and '--' is none"),
    run("no setting", ["--set=--"], "argument --set: expected a value, and '--' is none"),
    Case("describe, no name", ["describe", "--", "metric", "--"], ("expected a value, and '--' is none",)),
    run("empty config", ["--config", ""], "argument --config: an empty path names nothing"),
    run("latents of an odd name", ["--save-latents=yes"], "--save-latents: ignored explicit argument 'yes'"),
]

METHODS = [
    method("", "method must be a name, got ''"),
    method("+", "malformed method '+'"),
    method("toy-push+", "malformed method 'toy-push+'"),
    method("toy-push++toy-noised", "malformed method"),
    method("toy-push-toy-noised-", "malformed method"),
    method("toy-push(", "malformed method 'toy-push('"),
    method("toy-push(0.5)", "arguments of 'toy-push' need a keyword"),
    method("toy-push(weight=x)", "the value of 'weight' must be a literal"),
    method("toy-push(weight=__import__('os').abort())", "the value of 'weight' must be a literal"),
    method("toy-push(**{})", "'**' is not allowed"),
    method("toy-push(weight=1, weight=2)", "malformed method"),
    method("toy-push.x", "'toy-push.x' is no method"),
    method("toy-push*2", "is no method"),
    method("lambda: 0", "is no method"),
    method("toy-push toy-noised", "malformed method"),
    method("toy-push; toy-noised", "malformed method"),
    method("3", "'3' is no method"),
    method("(" * 500, "malformed method"),
    method("toy-push+" * 2000 + "toy-push", "malformed method"),
    method("toy-push + toy-push", "'toy-push' appears twice"),
    method("toy-push()()", "is no method"),
    method("toy-pus\u0127", "unknown method"),
    method("toy-push\x00", "malformed method"),
    method("toy-push # a comment", "a comment ('#') has no place in it"),
    method("toy-push(weight=1 # x\n)", "a comment ('#') has no place in it"),
    method("toy-push(weight=1" + "0" * 400 + ")", "weight must be float, got 1000"),
    method("toy-push(weight=0x" + "f" * 5000 + ")", "weight must be float, got "),
    method("toy-push(wait=1)", "method 'toy-push': no parameter 'wait'", "it takes kind, weight"),
    method("toy-push(weight='1')", "method 'toy-push': weight must be float, got '1' (str)"),
    method("toy-push(weight=True)", "weight must be float, got True (bool)"),
    method("toy-push(weight=-1)", "weight of toy-push must be at least 0, got -1"),
    method("toy-push(weight=1e999)", "produced NaN or infinity", "sample 's0'"),
    method("toy-push(kind='medium')", "kind must be 'soft' | 'hard', got 'medium'"),
    method("toy-noised(x=1)", "method 'toy-noised': no parameter 'x': it takes none"),
    method("toy-noised+toy-leap", "'toy-noised' and 'toy-leap' both claim the slot 'start'"),
    method("toy-leap(depth=0)", "depth must lie in (0, 1], got 0"),
]

SETTINGS = [
    setting("toy-push", "malformed setting 'toy-push'", "--set part.param=value"),
    setting("toy-push.weight", "malformed setting"),
    setting("weight=1", "malformed setting 'weight=1'"),
    setting("=", "malformed setting '='"),
    setting(".weight=1", "malformed setting"),
    setting("toy-push.we ight=1", "malformed setting"),
    setting("toy-push.weight=", "weight must be float, got ''"),
    setting("toy-push.weight=much", "weight must be float, got 'much'"),
    setting("toy-push.weight=-1", "at least 0"),
    setting("toy-push.weight=None", "setting toy-push.weight cannot be None"),
    setting("toy-push.weight=1j", "setting toy-push.weight cannot be 1j"),
    setting("toy-push.weight={1}", "setting toy-push.weight cannot be {1}"),
    setting("toy-push.weigth=1", "no parameter 'weigth'", "did you mean 'weight'?"),
    setting("toy-pusj.weight=1", "'toy-pusj', which is no part of this run", "did you mean 'toy-push'?"),
    setting("toy-gap.x=1", "'toy-gap', which is no part of this run", "dataset, model, toy-mse, toy-push"),
    setting("toy-mse.power=3", "metric 'toy-mse': power must be 1 | 2, got 3"),
    setting("toy-mse.name=x", "metric 'toy-mse': no parameter 'name'"),
    setting("toy-mse.kind=x", "metric 'toy-mse': no parameter 'kind'"),
    setting("dataset.height=tall", "dataset 'toy': height must be int, got 'tall'"),
    setting("dataset.height=8.5", "dataset 'toy': height must be int, got 8.5"),
    setting("dataset.name=x", "dataset 'toy': no parameter 'name'"),
    setting("dataset.scale=5", "scale 5 is impossible for data set toy"),
    setting("dataset.count=0", "data set 'toy' has no sample"),
    setting("dataset.fault=hostile", "sample id '../evil' cannot be a file name"),
    setting("dataset.fault=twice", "two samples of the id 'same'"),
    setting("dataset.fault=nan", "image 's1' holds NaN or infinity"),
    setting("dataset.fault=range", "image 's1' must lie in [0, 1], got [", "1.5]"),
    setting("dataset.fault=shape", "breaks its contract", "the source of sample 's1' the shape (3, 7, 8)", "(3, 8, 8)"),
    setting("dataset.fault=bare", "metric 'toy-mse' compares with references, which data set 'toy' lacks"),
    setting("dataset.fault=mixed", "sample 's1' of data set 'toy' has no reference"),
    setting("dataset.fault=untrained", "data set 'toy' has no training image of 'low'"),
    setting("model.dataset=toy", "model 'gaussian': 'dataset' comes from the data set and cannot be set"),
    setting("model.device=cuda", "model 'gaussian': no parameter 'device'"),
    setting("model.floor=0", "floor of gaussian must be a positive number, got 0"),
    setting("toy-push.weight=1" + "0" * 400, "setting toy-push.weight cannot be 1000", "64 bits"),
    setting("toy-push.weight=0x" + "f" * 5000, "setting toy-push.weight cannot be", "64 bits"),
    setting("toy-push.kind=" + "x" * 9000, "kind must be 'soft' | 'hard', got 'xxx"),
    setting("x" * 9000 + ".y=1", "--set names the part 'xxx"),
    setting("dataset.scale=1" + "0" * 18, "scale 1000000000000000000 is impossible for data set toy"),
    setting("model.floor=1e308", "floor of gaussian must be at most 1e+09, got 1e+308"),
    setting("model.floor=1e999", "floor of gaussian must be a positive number, got inf"),
    setting("model.process=[1]", "model 'gaussian': process must be str, got [1]"),
    setting("model.x=\udcff", "model.x cannot be '\\udcff': it is not UTF-8"),
    run(
        *("a fact set as a parameter", ["--metrics", "toy-gap", "--set", "toy-gap.targets=1"]),
        "metric 'toy-gap': 'targets' comes from the data set and cannot be set",
    ),
]

CONFIGS = [
    run("missing config", ["--config", "nowhere.toml"], "cannot read configuration nowhere.toml: No such file"),
    run("config is a folder", ["--config", "model"], "cannot read configuration model: Is a directory"),
    config("", "has no table [run]"),
    config("run = 3", "has no table [run]"),
    config("[run", "is no valid TOML"),
    config("[run]\nsteps = ", "is no valid TOML"),
    run("config in latin", ["--config", "c"], "no valid TOML", prepare=text("c", b"[run]\nmodel = '\xe9'")),
    config("x = " + "[" * 20000, "is no valid TOML"),
    config("[run]\nstep = 3", "unknown option 'step'", "steps"),
    config("[run]\nsteps = '3'", "steps must be a whole number, got '3'"),
    config("[run]\nsteps = true", "steps must be a whole number, got True"),
    config("[run]\nsteps = 0", "steps", "got 0"),
    config("[run]\nguidance = nan", "guidance must be a finite number, got nan"),
    config("[run]\nguidance = 'strong'", "guidance must be a finite number, got 'strong'"),
    config(f"[run]\nguidance = 1{'0' * 400}", "guidance must be a finite number, got inf"),
    config(f"[run]\nseed = 1{'0' * 400}", "seed must be a whole number of at most 64 bits, got 1000"),
    run("config of many digits", ["--config", "c"], "no valid TOML", prepare=text("c", f"x = 1{'0' * 5000}")),
    config(f"[run.settings.toy-push]\nweight = 1{'0' * 400}", "setting toy-push.weight cannot be 1000"),
    config(f"[run]\n{'x' * 9000} = 3", "unknown option 'xxx"),
    run("config is a pipe", ["--config", "pipe"], "pipe is no file but a pipe", prepare=lambda: os.mkfifo("pipe")),
    run("config is endless", ["--config", "/dev/zero"], "/dev/zero is no file but a pipe or a device"),
    config("[run]\nmodel = 3", "model must be a name, got 3"),
    config("[run]\nlabel = 'last'", "label must be 'current' or 'next', got 'last'"),
    config("[run]\nmetrics = 's-g'", "metrics must be a list of names, got 's-g'"),
    config("[run]\nmetrics = [1]", "metrics must be a list of names"),
    config("[run]\nsettings = 3", "settings must be tables of parameters by part, got 3"),
    config("[run.settings]\nmodel = 3", "settings must be tables of parameters by part"),
    config("[run.settings.model]\nprocess = {a = 1}", "setting model.process cannot be {'a': 1}"),
    run(
        *("odd setting", ["--config", "c"], "model 'gaussian': no parameter 'odd name'"),
        prepare=text("c", "[run.settings.model]\n'odd name' = 1"),
    ),
]

# --- output directories -----------------------------------------------------------------------------------------------

OUTPUTS = [
    run("existing output", ["--out", "model"], "output directory model already exists: choose another --out"),
    run("output is a file", ["--out", "image.png"], "output directory image.png already exists"),
    run(
        "output is a dangling link",
        ["--out", "link"],
        "link already exists",
        prepare=lambda: Path("link").symlink_to("x"),
    ),
    run("output is here", ["--out", "."], "output directory . already exists"),
    run("empty output", ["--out", ""], "argument --out: an empty path names nothing"),
    run("output under a file", ["--out", "image.png/out"], "cannot write to output directory image.png/out"),
    run("output deep under a file", ["--out", "image.png/a/b"], "cannot write to output directory image.png/a/b"),
    run("unwritable output", ["--out", "/proc/spectralkit/out"], "cannot write to output directory /proc/spectralkit"),
    run("output name too long", ["--out", "x" * 300], "File name too long"),
    run("output with a null", ["--out", "a\0b"], "cannot write to output directory a", "null"),
    run("failure in new folders", ["--out", "new/folders/out", "--guidance", "1e300"], "gives NaN"),
    run("failure after a sample", ["--batch-size", "1", "--set", "dataset.fault=nan"], "image 's1' holds NaN"),
    Case("default output", [*RUN[:-2], "--guidance", "1e300"], ("gives NaN",)),
]

# --- checkpoints ------------------------------------------------------------------------------------------------------


def checkpoint(name: str, change: Prepare, *told: str, needs: str = "") -> Case:
    """A run with the checkpoint directory ``model`` after ``change``."""
    return Case(f"checkpoint, {name}", MODEL, told, change, needed(needs))


def unfit(name: str, setting: str, *told: str) -> Case:
    """A run with data that do not fit the checkpoint."""
    return Case(f"data of {name}", [*MODEL, "--set", f"dataset.{setting}"], told)


def edited(path: str, changes: dict[str, object]) -> Prepare:
    """Changes a JSON file of ``model``; None removes a key."""

    def prepare() -> None:
        document = json.loads(Path(path).read_text()) | changes
        kept = {key: value for key, value in document.items() if value is not None}
        Path(path).write_text(json.dumps(kept))

    return prepare


def card(**changes: object) -> Prepare:
    return edited(CARD, changes)


def network(**changes: object) -> Prepare:
    return edited(NETWORK, changes)


def weighed(change: Callable[[dict[str, torch.Tensor]], object]) -> Prepare:
    def prepare() -> None:
        tensors = {name: tensor.clone() for name, tensor in load_file(WEIGHTS).items()}
        change(tensors)
        save_file(tensors, WEIGHTS)

    return prepare


def without(path: str) -> Prepare:
    return lambda: Path(path).unlink()


CARD, NETWORK = "model/spectralkit.json", "model/unet/config.json"
WEIGHTS = "model/unet/diffusion_pytorch_model.safetensors"
TABLE = "class_embedding.weight"
CORRUPT, CORRUPT_NETWORK = f"corrupt checkpoint {CARD}", f"corrupt checkpoint {NETWORK}"

CHECKPOINTS = [
    checkpoint("no directory", lambda: shutil.rmtree("model"), "no checkpoint at ./model", "spectralkit.json"),
    checkpoint("a file", lambda: (shutil.rmtree("model"), Path("model").touch()), "no checkpoint at ./model"),
    checkpoint("no JSON", text(CARD, "{"), CORRUPT),
    checkpoint("no text", text(CARD, b"\xff\xfe"), CORRUPT),
    checkpoint("a list", text(CARD, "[]"), CORRUPT, "it holds no table"),
    checkpoint("deep JSON", text(CARD, "[" * 100000), CORRUPT),
    checkpoint("another format", card(format="other"), CORRUPT, "'spectralkit-checkpoint-2'"),
    checkpoint("no format", card(format=None), CORRUPT, "written by another version"),
    checkpoint("unknown key", card(extra=1), CORRUPT, "'extra'"),
    checkpoint("missing key", card(dataset=None), CORRUPT, "'dataset'"),
    checkpoint("no shape", card(shape=[]), CORRUPT, "shape must be (channels, height, width), got []"),
    checkpoint("shape is a number", card(shape=3), CORRUPT),
    checkpoint("shape of two", card(shape=[3, 8]), CORRUPT, "shape must be (channels, height, width)"),
    checkpoint("negative shape", card(shape=[3, -8, 8]), CORRUPT, "positive whole numbers"),
    checkpoint("vast shape", card(shape=[3, 10**9, 10**9]), CORRUPT, "at most 16384"),
    checkpoint("shape and multiple", card(multiple=3), CORRUPT, "must be multiples of 3"),
    checkpoint("latent is a number", card(latent=3), CORRUPT, "latent must be a table, got 3"),
    checkpoint(
        *("vast process", card(process="ddim", process_parameters={"timesteps": 10**9})),
        *(CARD, "timesteps must be at most 1000000, got 1000000000"),
        needs="parameterization:ddim",
    ),
    checkpoint("no conditions", card(conditions=[]), CORRUPT, "conditions must be different names"),
    checkpoint("equal conditions", card(conditions=["low", "low"]), CORRUPT, "conditions must be different names"),
    checkpoint("more conditions than rows", card(conditions=["low", "high", "x"]), CARD, "names 3 conditions", "2 and"),
    checkpoint("dataset is a number", card(dataset=3), CORRUPT, "process and dataset must be names"),
    checkpoint("training is a list", card(training=[]), CORRUPT, "must be tables"),
    checkpoint("unknown process", card(process="toi"), f"{CARD}: unknown parameterization 'toi'"),
    checkpoint("process leaves the folder", card(process="../../toy"), "unknown parameterization '../../toy'"),
    checkpoint("process parameter", card(process_parameters={"x": 1}), CARD, "no parameter 'x'"),
    checkpoint("no network", lambda: shutil.rmtree("model/unet"), "model holds no network", "unet or transformer"),
    checkpoint("no configuration", without(NETWORK), f"cannot read checkpoint {NETWORK}"),
    checkpoint("network of no class", network(_class_name=None), NETWORK, "UNet2DModel"),
    checkpoint("network of another class", network(_class_name="VQModel"), NETWORK, "VQModel", "UNet2DModel"),
    checkpoint("unknown network key", network(depth=3), NETWORK, "depth"),
    checkpoint("widths are text", network(block_out_channels="wide"), CORRUPT_NETWORK),
    checkpoint("no widths", network(block_out_channels=[]), CORRUPT_NETWORK),
    checkpoint("endless blocks", network(layers_per_block=10**9), CORRUPT_NETWORK, "out of all bounds"),
    checkpoint("vast widths", network(block_out_channels=[8 * 10**4]), WEIGHTS, "does not fit"),
    checkpoint("widths and groups", network(block_out_channels=[6]), CORRUPT_NETWORK),
    checkpoint("no weights", without(WEIGHTS), f"cannot read checkpoint {WEIGHTS}"),
    checkpoint("empty weights", text(WEIGHTS, ""), f"corrupt checkpoint {WEIGHTS}"),
    checkpoint("pickled weights", text(WEIGHTS, b"\x80\x04" * 99), f"corrupt checkpoint {WEIGHTS}"),
    checkpoint("truncated weights", lambda: os.truncate(WEIGHTS, 5000), f"corrupt checkpoint {WEIGHTS}"),
    checkpoint("a weight missing", weighed(lambda w: w.pop(TABLE)), f"{WEIGHTS} does not fit", TABLE),
    checkpoint(
        *("a weight that leaves the folder", weighed(lambda w: w.update({"../../evil": w[TABLE].clone()}))),
        *(f"{WEIGHTS} does not fit", "../../evil"),
    ),
    checkpoint(
        *("a weight of another shape", weighed(lambda w: w.update({TABLE: w[TABLE][:1].clone()}))),
        *(f"{WEIGHTS} does not fit", TABLE, "[1, 32]", "[3, 32]"),
    ),
    checkpoint("NaN weights", weighed(lambda w: w[TABLE][0].fill_(torch.nan)), f"NaN or infinity in '{TABLE}'"),
    checkpoint("infinite weights", weighed(lambda w: w[TABLE][0].fill_(torch.inf)), "NaN or infinity", TABLE),
    checkpoint(
        *("whole-numbered weights", weighed(lambda w: w.update({TABLE: w[TABLE].int()}))),
        *(TABLE, "torch.int32"),
    ),
    checkpoint("data of another kind", card(conditions=["low", "fine"]), "translates low into high", "low, fine"),
    checkpoint("trained on what is not there", card(dataset="../../etc"), "unknown dataset '../../etc'"),
    unfit("another height", "height=4", "'toy' has images of 3x4x8", "model 'model' takes 3x8x8"),
    unfit("another width", "width=16", "'toy' has images of 3x8x16", "model 'model' takes 3x8x8"),
    unfit("other channels", "channels=1", "'toy' has images of 1x8x8", "model 'model' takes 3x8x8"),
    unfit("other conditions", "fault=conditions", "translates low into sketch", "knows low, high"),
]

# --- this project's own plugins ---------------------------------------------------------------------------------------

PLUGINS = [
    real("misspelt method", "method:ovg dataset:ihc", ["--method", "ovgg+taba"], "'ovgg'", "did you mean 'ovg'?"),
    real("clip", "method:ovg dataset:ihc", ["--method", "ovg(clip=0)"], "clip of ovg must be positive, got 0"),
    real("weight", "method:ovg dataset:ihc", ["--method", "ovg(eta_hf=-1)"], "eta_hf of ovg"),
    real("weight infinite", "method:ovg dataset:ihc", ["--method", "ovg(eta_hf=1e999)"], "eta_hf of ovg", "inf"),
    real("variant", "method:ovg dataset:ihc", ["--method", "ovg(variant='best')"], "variant must be", "'best'"),
    real("slots", "method:taba method:sdedit dataset:ihc", ["--method", "taba+sdedit"], "both claim the slot 'start'"),
    real(
        "strength", "method:sdedit dataset:ihc", ["--method", "sdedit", "--set", "sdedit.strength=2"], "(0, 1], got 2"
    ),
    real(
        *("scale", "dataset:ihc parameterization:ddim", ["--model", "gaussian", "--scale", "3"]),
        *("scale 3 is impossible for data set ihc", "4, 8, 16"),
    ),
    real(
        *("scale of edges", "dataset:ihc parameterization:ddim"),
        ["--model", "gaussian", "--set", "dataset.task=edges", "--scale", "8"],
        "scale 8 has no meaning for task edges of data set ihc",
    ),
    real(
        *("size", "dataset:ihc parameterization:ddim", ["--model", "gaussian", "--set", "dataset.size=63"]),
        "size 63 is impossible for data set ihc",
    ),
    real(
        "label", "model:edm dataset:ihc", ["--model", "edm", "--label", "next"], "label 'next' has no meaning", "'edm'"
    ),
    real("data", "model:edm", ["--model", "edm", "--dataset", "toy"], "low into high", "model 'edm' knows low-x4"),
    real(
        *("metric's parameter", "metric:s-hf dataset:ihc parameterization:ddim"),
        ["--model", "gaussian", "--metrics", "s-hf", "--set", "s-hf.pixel_range=wide"],
        "metric 's-hf': pixel_range must be float, got 'wide'",
    ),
]

CASES = [*IMAGES, *OPTIONS, *METHODS, *SETTINGS, *CONFIGS, *OUTPUTS, *CHECKPOINTS, *PLUGINS]


@pytest.fixture
def here(toys: Path, written: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current directory, with ``image.png`` and ``model``."""
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    elsewhere = dict.fromkeys(("method", "metric", "model", "dataset"), ("elsewhere",))
    monkeypatch.setitem(catalog._PROVIDES, "spectralkit-elsewhere", elsewhere)
    written(folder / "model")
    picture()
    return folder


def contents(folder: Path) -> dict[str, bytes | None]:
    """Everything in a folder, hidden files included."""
    found = sorted(folder.rglob("*"))
    return {str(path): path.read_bytes() if path.is_file() else None for path in found}


def test_the_table_is_long_and_its_names_are_different() -> None:
    assert len(CASES) >= 60
    assert len({case.name for case in CASES}) == len(CASES)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_mistake_is_told_in_one_line(case: Case, here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for kind, name in case.needs:
        if name not in registry().names(kind):
            pytest.skip(f"needs the {kind} {name}")
    case.prepare()
    before = contents(here)
    code = main(case.arguments)
    out, err = capsys.readouterr()
    assert code == 2, err
    assert out == ""
    assert err.startswith("spectralkit: error: ")
    assert err.count("\n") == 1
    assert err.endswith("\n")
    assert err[:-1].isprintable()
    assert re.search(r"(.)\1{120}", err) is None, "a long value is echoed"
    for told in case.told:
        assert told in err
    assert contents(here) == before


@pytest.mark.parametrize("arguments", [RUN, TRANSLATE, MODEL], ids=["run", "translate", "model"])
def test_without_the_mistake_there_is_no_error(arguments: list[str], here: Path, capsys) -> None:
    """The table's cases fail for their own reason."""
    assert main(arguments) == 0
    assert capsys.readouterr().err == ""
    assert sorted(path.name for path in here.iterdir()) == ["image.png", "model", "out"]


def test_a_process_of_its_own_says_no_more(here: Path, started: Callable[..., Any]) -> None:
    """Nothing of torch or diffusers leaks onto stderr."""
    with started("spectralkit", *RUN, "--metrics", "toy-mze") as running:
        code, out, err = running.ended()
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert err.startswith("spectralkit: error: unknown metric 'toy-mze'")


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    form=st.sampled_from(["PNG", "JPEG", "TIFF", "BMP", "WEBP", "GIF"]),
    changes=st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255)), max_size=8),
    kept=st.floats(0, 1),
)
def test_damaged_images_are_read_or_refused(
    form: str, changes: list[tuple[float, int]], kept: float, tmp_path: Path
) -> None:
    path = tmp_path / "image"
    Image.fromarray(pixels()).save(path, format=form)
    content = bytearray(path.read_bytes())
    for where, byte in changes:
        content[int(where * len(content))] = byte
    path.write_bytes(content[: round(kept * len(content)) if kept < 0.5 else len(content)])
    try:
        image = read_image(path)
    except DataError as error:
        told = str(error)
    else:
        told = f"{path} of the shape {tuple(image.shape)}"
        assert 0 <= image.min() <= image.max() <= 1
    assert str(path) in told
