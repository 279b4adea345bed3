"""What every model obeys, and what is promised of the shipped checkpoints."""

from __future__ import annotations

import pytest
import torch

import spectralkit as sk
from spectralkit.testing import conformance
from spectralkit.testing.shipped import shipped

NAMES = ("ddim-latent", "edm-latent", "dit-latent")

test_ddim_latent = conformance("model", "ddim-latent")
test_edm_latent = conformance("model", "edm-latent")
test_dit_latent = conformance("model", "dit-latent")
test_the_checkpoint_of_ddim_latent = shipped("spectralkit_models_latent", "ddim-latent")
test_the_checkpoint_of_edm_latent = shipped("spectralkit_models_latent", "edm-latent")
test_the_checkpoint_of_dit_latent = shipped("spectralkit_models_latent", "dit-latent")


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


def test_edm_is_edm_latent() -> None:
    short, long = sk.load_model("edm"), sk.load_model("edm-latent")
    level = short.schedule.levels(4)[2]
    x = torch.randn(1, 8, 16, 16, generator=torch.Generator().manual_seed(0))
    ours, theirs = (model.denoiser(x, level, model.condition("high")) for model in (short, long))
    assert (short.name, long.name) == ("edm", "edm-latent")
    assert short.schedule == long.schedule
    assert torch.equal(ours.x0, theirs.x0)
