"""The shape of a directory's images is told before torch is imported, and is the model's."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

import spectralkit as sk
from spectralkit.models.shape import shape_of

ASKED = (
    "import sys; from spectralkit.models.shape import shape_of; told = shape_of(sys.argv[1], {}); "
    "sys.exit(f'{told} with torch' if 'torch' in sys.modules else f'{told}')"
)


@pytest.mark.parametrize("kind", ["pixels", "latents", "prompts"])
def test_the_shape_is_the_models(kind: str, save, small) -> None:
    if kind == "pixels":
        directory = save(small.unet(in_channels=2, out_channels=2, sample_size=(16, 32)), small.ddim())
    elif kind == "latents":
        import diffusers

        directory = save(diffusers.DiTPipeline(small.dit(), small.vae(), small.ddim()))
    else:
        directory = save(small.stable_diffusion())
    told = subprocess.run([sys.executable, "-c", ASKED, str(directory)], capture_output=True, text=True, check=False)
    assert told.stderr.strip() == str(sk.load_model(directory).shape)


@pytest.mark.parametrize("size", [32, (16, 32)])
def test_the_size_that_is_asked_for_is_the_shapes(size: int | tuple[int, int], save, small) -> None:
    directory = save(small.unet(), small.ddim())
    assert shape_of(str(directory), {"size": size, "clip": False}) == sk.load_model(directory, size=size).shape


def test_what_is_no_size_is_left_to_loading(save, small) -> None:
    assert shape_of(str(save(small.unet(), small.ddim())), {"size": "large"}) is None


def test_a_default_that_was_left_out_is_looked_up(save, small) -> None:
    directory = save(small.unet(), small.ddim())
    path = next(directory.rglob("config.json"))
    document = json.loads(path.read_text())
    for key in ("in_channels", "out_channels"):
        del document[key]
    path.write_text(json.dumps(document))
    assert shape_of(str(directory), {}) == (3, 16, 16)
