"""What every model obeys, of the shipped checkpoints, and what their cards promise."""

from __future__ import annotations

import json
from importlib.resources import files
from pathlib import Path

import pytest
import torch

import spectralkit as sk
from spectralkit.testing import conformance

CONVOLUTIONAL = ("ddim-latent", "edm-latent")
NAMES = (*CONVOLUTIONAL, "dit-latent")
CHECKPOINTS = Path(str(files("spectralkit_models_latent"))) / "checkpoints"

test_ddim_latent = conformance("model", "ddim-latent")
test_edm_latent = conformance("model", "edm-latent")
test_dit_latent = conformance("model", "dit-latent")


@pytest.mark.parametrize("name", NAMES)
def test_the_card_says_what_made_it(name: str) -> None:
    card = json.loads((CHECKPOINTS / name / "spectralkit.json").read_text())
    assert card["conditions"] == ["low-x4", "low-x8", "low-x16", "edges", "high"]
    assert {"data_sha256", "autoencoder_sha256", "seed", "steps", "seconds", "machine", "versions"} <= set(
        card["training"]
    )
    assert (CHECKPOINTS / name / "README.md").read_text().startswith("# A model trained by `spectralkit train`")


@pytest.mark.parametrize("name", NAMES)
def test_weights_are_half_precision_and_small(name: str) -> None:
    weights = list((CHECKPOINTS / name).rglob("*.safetensors"))
    assert len(weights) == 2
    assert all(path.stat().st_size <= 10_000_000 for path in weights)


@pytest.mark.parametrize("name", NAMES)
def test_the_autoencoder_gives_held_out_crops_back(name: str) -> None:
    """At 33 dB, the bar it was trained to; latents are standardised."""
    model, data = sk.load_model(name), sk.load_dataset("ihc")
    references = [data[i].reference for i in range(8)]
    images = torch.stack([image for image in references if image is not None])
    latents = sk.encode(model, images)
    assert latents.shape == (8, 8, 16, 16)
    assert latents.std() == pytest.approx(1.0, abs=0.25)
    error = (sk.decode(model, latents) - images).square().mean(dim=(1, 2, 3))
    assert (-10 * error.log10()).mean() >= 33


@pytest.mark.parametrize("name", CONVOLUTIONAL)
def test_crops_of_another_size_fit(name: str) -> None:
    """Both networks are convolutional."""
    model, data = sk.load_model(name), sk.load_dataset("ihc", size=128, scale=16)
    out = sk.translate(
        model, sk.load_method("standard"), data[0].source[None], source="low-x16", target="high", steps=2
    )
    assert out.images.shape == (1, 3, 128, 128)
