"""Data sets of files over the smallest shipped model: how many times what its training consumes do they feed?"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import attrs
import numpy as np
import tifffile
import torch
from PIL import Image

from benchmarks.measure import Row, Work, compare, device
from benchmarks.smallest import SMALLEST
from spectralkit.pictures.keeping import Kept
from spectralkit.pictures.unpaired import Unpaired
from spectralkit_datasets_bbbc021 import bbbc021
from spectralkit_datasets_bbbc021 import preparation as bbbc021_preparation
from spectralkit_datasets_bbbc021.table import IMAGES as TABLE
from spectralkit_datasets_bbbc021.table import MECHANISMS
from spectralkit_datasets_celebamask import celebamask
from spectralkit_datasets_celebamask import preparation as celebamask_preparation
from spectralkit_datasets_celebamask.preparation import IMAGES, MAPPING, MASKS, PARTS
from spectralkit_datasets_edges2shoes import edges2shoes
from spectralkit_datasets_edges2shoes import preparation as edges2shoes_preparation
from spectralkit_models_training.assembly import Aside, assemble_diffusion
from spectralkit_models_training.journal import Silent
from spectralkit_models_training.optimisation import optimiser
from spectralkit_models_training.trial import Choice, placed

FILES = 12


def rows() -> Iterator[Row]:
    """One comparison a data set; nothing that was read is kept, as of a download that is larger than memory."""
    step, random = _step(), np.random.default_rng(0)
    for name, make in (("bbbc021", _bbbc021), ("edges2shoes", _edges2shoes), ("celebamask", _celebamask)):
        with tempfile.TemporaryDirectory() as folder:
            yield _row(name, make(Path(folder), random), step)


def _row(name: str, data: Unpaired[Any], step: Work) -> Row:
    generator, domains = torch.Generator().manual_seed(0), [0, 1] * (SMALLEST.batch // 2)

    def draw() -> None:
        data.draw(domains, SMALLEST.size, generator)

    return compare(f"{name}: images fed / those that training takes", draw, step, ">= 3", speedup=True, rounds=5)


def _step() -> Work:
    """A bare step on one batch."""
    task: Any = assemble_diffusion(SMALLEST, device(), Aside(Silent().tell)).task
    module = Choice("float32", "channels-last", "no").arranged(task.module.to(device()).train())
    made = optimiser(module, SMALLEST)
    batch = placed(task.draw(0, SMALLEST.batch, torch.Generator().manual_seed(0)), device())

    def step() -> None:
        task.loss(module, batch, 0).backward()
        made.step()
        made.zero_grad()

    return step


def _silent(line: str) -> None:
    """Nobody is told."""


def _bbbc021(root: Path, random: np.random.Generator) -> Unpaired[Any]:
    """Fields as large as the real ones, a well each."""
    plate, lines = "Week1_22123", []
    (root / plate).mkdir()
    for i in range(FILES):
        well = f"B{i + 2:02}"
        for number in (1, 2, 4):
            pixels = random.gamma(2, 400, (1024, 1280)).astype(np.uint16)
            tifffile.imwrite(root / plate / f"{well}_s1_w{number}.tif", pixels)
        files = ",".join(f"{well}_s1_w{number}.tif,Week1/{plate}" for number in (1, 2, 4))
        lines.append(f"1,{i},{files},{plate},{well},1,DMSO,0")
    stains = ",".join(f"Image_FileName_{s},Image_PathName_{s}" for s in ("DAPI", "Tubulin", "Actin"))
    head = f"TableNumber,ImageNumber,{stains},Image_Metadata_Plate_DAPI,Image_Metadata_Well_DAPI,Replicate,"
    head += "Image_Metadata_Compound,Image_Metadata_Concentration"
    (root / TABLE).write_text("\n".join([head, *lines]))
    (root / MECHANISMS).write_text("compound,concentration,moa\nDMSO,0,DMSO\n")
    bbbc021_preparation.prepare(root, _silent)
    return bbbc021(root)


def _smooth(random: np.random.Generator, size: tuple[int, int]) -> Image.Image:
    coarse = random.integers(0, 256, (16, 16, 3), dtype=np.uint8)
    return Image.fromarray(coarse).resize(size, Image.Resampling.BICUBIC)


def _edges2shoes(root: Path, random: np.random.Generator) -> Unpaired[Any]:
    for folder in ("train", "val"):
        (root / folder).mkdir()
        for number in range(1, FILES + 1):
            _smooth(random, (512, 256)).save(root / folder / f"{number}_AB.jpg", quality=95)
    edges2shoes_preparation.prepare(root, _silent)
    return _forgetful(edges2shoes(root))


def _celebamask(root: Path, random: np.random.Generator) -> Unpaired[Any]:
    (root / IMAGES).mkdir()
    (root / MASKS / "0").mkdir(parents=True)
    for number in range(FILES):
        _smooth(random, (1024, 1024)).save(root / IMAGES / f"{number}.jpg", quality=95)
        for part in PARTS[:12]:  # about as many as a face has
            mask = np.zeros((512, 512), np.uint8)
            y, x = random.integers(0, 256, 2)
            mask[y : y + 200, x : x + 200] = 255
            Image.fromarray(mask).save(root / MASKS / "0" / f"{number:05}_{part}.png")
    numbers = [f"{number} {number if number else 190_000} x.jpg" for number in range(FILES)]
    (root / MAPPING).write_text("\n".join(["idx orig_idx orig_file", *numbers]))
    celebamask_preparation.prepare(root, _silent)
    return _forgetful(celebamask(root))


def _forgetful(data: Unpaired[Any]) -> Unpaired[Any]:
    """The same, without keeping what it has read."""
    scenes: Any = data.scenes
    return attrs.evolve(data, scenes=attrs.evolve(scenes, kept=Kept(0)))
