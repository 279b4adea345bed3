"""The micrograph: its laws, and that what is evaluated was never trained on."""

from __future__ import annotations

import hashlib

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from spectralkit.data import decimate
from spectralkit.errors import ConfigurationError
from spectralkit.testing import conformance
from spectralkit.testing.strategies import seeds
from spectralkit_datasets_ihc.ihc import BAND, SCALES, SPLIT, Ihc, IhcTraining, load_pixels, source_name

test_ihc = conformance("dataset", "ihc")
test_small_crops = conformance("dataset", "ihc", scale=16, size=32)


def test_the_pixels_are_those_of_scikit_image() -> None:
    pixels = load_pixels()
    assert pixels.shape == (3, 512, 512)
    digest = hashlib.sha256((pixels * 255).round().byte().numpy().tobytes()).hexdigest()
    assert digest == IhcTraining().digest
    # Haematoxylin is blue, DAB brown: a real stain is neither grey nor flat.
    assert float((pixels[0] - pixels[2]).abs().mean()) > 0.05
    assert float(pixels.std()) > 0.1


@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize("size", [32, 64, 128])
def test_samples_are_decimated_crops_of_the_held_out_strip(scale: int, size: int) -> None:
    dataset = Ihc(scale=scale, size=size)
    pixels = load_pixels()
    assert dataset.source == source_name(scale) == f"low-x{scale}"
    for i in range(0, len(dataset), 7):
        sample = dataset[i]
        assert sample.reference is not None
        y, x = (int(piece[1:]) for piece in sample.id.split("-"))
        assert x >= SPLIT
        assert torch.equal(sample.reference, pixels[:, y : y + size, x : x + size])
        assert torch.equal(sample.source, decimate(sample.reference, scale))


def test_the_first_samples_spread_over_the_strip() -> None:
    tops = [int(Ihc()[i].id.split("-")[0][1:]) for i in range(4)]
    assert max(tops) - min(tops) > 300


@given(seed=seeds(), scale=st.sampled_from(SCALES), size=st.sampled_from((32, 64)))
@settings(max_examples=10)
def test_a_decimated_image_is_constant_on_blocks_and_keeps_one_pixel_of_each(seed: int, scale: int, size: int) -> None:
    image = torch.rand(3, size, size, generator=torch.Generator().manual_seed(seed))
    low = decimate(image, scale)
    assert torch.equal(low[:, ::scale, ::scale], image[:, ::scale, ::scale])
    blocks = low.unfold(1, scale, scale).unfold(2, scale, scale)
    assert torch.equal(blocks.amin(dim=(-2, -1)), blocks.amax(dim=(-2, -1)))
    assert torch.equal(decimate(low, scale), low)


def marked() -> torch.Tensor:
    """The micrograph's shape with every pixel's own position in it: channel 0 its row, channel 1 its column."""
    rows, columns = torch.meshgrid(torch.arange(512.0), torch.arange(512.0), indexing="ij")
    return torch.stack((rows, columns, torch.zeros(512, 512))) / 512


@given(seed=seeds(), size=st.sampled_from((16, 64, 128)))
@settings(max_examples=15)
def test_training_never_sees_the_strip_nor_a_pixel_in_both_domains(seed: int, size: int) -> None:
    training = IhcTraining()
    object.__setattr__(training, "pixels", marked())
    domains = list(range(len(training.conditions))) * 2
    batch = training.draw(domains, size, torch.Generator().manual_seed(seed)) * 512
    for domain, crop in zip(domains, batch, strict=True):
        rows, columns = crop[0].round(), crop[1].round()
        assert float(columns.max()) < SPLIT
        bands = set((rows // BAND).flatten().int().tolist())
        assert len(bands) == 1
        assert bands <= ({0, 2} if training.conditions[domain] == "high" else {1, 3})


def test_metrics_learn_the_target_from_the_training_part() -> None:
    dataset = Ihc()
    object.__setattr__(dataset, "pixels", marked())
    for stream, bands in ((dataset.targets, {0, 2}), (dataset.sources, {1, 3})):
        images = torch.stack(list(stream())) * 512
        assert float(images[:, 1].max()) < SPLIT
        assert set((images[:, 0] // BAND).flatten().int().tolist()) <= bands


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ({"scale": 3}, "4, 8, 16"),
        ({"scale": 8, "size": 60}, "multiple of 8"),
        ({"size": 256}, "up to 128"),
        ({"size": 0}, "size"),
    ],
)
def test_impossible_parameters_are_refused(arguments: dict[str, int], told: str) -> None:
    with pytest.raises(ConfigurationError, match=told):
        Ihc(**arguments)
