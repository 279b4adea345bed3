"""The data set: its laws, its two tasks, and what it refuses."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from spectralkit.api import load_dataset, load_model
from spectralkit.data import decimate
from spectralkit.errors import ConfigurationError, DataError
from spectralkit.testing import conformance
from spectralkit.testing.strategies import seeds
from spectralkit_datasets_ihc import Ihc, IhcTraining
from spectralkit_datasets_ihc.domains import SCALES, source_name
from spectralkit_datasets_ihc.edges import edges
from spectralkit_datasets_ihc.micrograph import load_pixels

test_ihc = conformance("dataset", "ihc")
test_small_crops = conformance("dataset", "ihc", scale=16, size=32)
test_edges = conformance("dataset", "ihc", task="edges")


@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize("size", [32, 64, 128])
def test_samples_are_decimated_crops(scale: int, size: int) -> None:
    dataset = Ihc(scale=scale, size=size)
    pixels = load_pixels()
    assert dataset.source == source_name(scale) == f"low-x{scale}"
    assert dataset.structure == "rgb"
    for i in range(0, len(dataset), 7):
        sample = dataset[i]
        assert sample.reference is not None
        y, x = (int(piece[1:]) for piece in sample.id.split("-"))
        assert torch.equal(sample.reference, pixels[:, y : y + size, x : x + size])
        assert torch.equal(sample.source, decimate(sample.reference, scale))


def test_samples_of_edges_are_the_edges_of_the_same_crops() -> None:
    drawn, low = Ihc(task="edges"), Ihc()
    assert (drawn.source, drawn.target, drawn.structure) == ("edges", "high", "masked-grey")
    assert low.source == "low-x16"
    for i in range(0, len(drawn), 7):
        sample, other = drawn[i], low[i]
        assert sample.reference is not None
        assert other.reference is not None
        assert sample.id == other.id
        assert torch.equal(sample.reference, other.reference)
        assert torch.equal(sample.source, edges(sample.reference))


def test_training_has_every_source_and_the_target_last() -> None:
    assert IhcTraining().conditions == ("low-x4", "low-x8", "low-x16", "edges", "high")


@given(seed=seeds(), scale=st.sampled_from(SCALES), size=st.sampled_from((32, 64)))
@settings(max_examples=10)
def test_a_decimated_image_is_constant_on_blocks_and_keeps_one_pixel_of_each(seed: int, scale: int, size: int) -> None:
    image = torch.rand(3, size, size, generator=torch.Generator().manual_seed(seed))
    low = decimate(image, scale)
    assert torch.equal(low[:, ::scale, ::scale], image[:, ::scale, ::scale])
    blocks = low.unfold(1, scale, scale).unfold(2, scale, scale)
    assert torch.equal(blocks.amin(dim=(-2, -1)), blocks.amax(dim=(-2, -1)))
    assert torch.equal(decimate(low, scale), low)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ({"scale": 3}, "scale 3 is impossible for data set ihc: choose one of 4, 8, 16"),
        ({"scale": 0}, "scale 0 is impossible"),
        ({"scale": 8, "size": 60}, "size 60 is impossible for data set ihc: choose a multiple of 8 up to 128"),
        ({"size": 256}, "size 256 is impossible .* a multiple of 16 up to 128"),
        ({"size": 0}, "size 0 is impossible"),
        ({"task": "edges", "size": 129}, "size 129 is impossible .* a whole number from 1 up to 128"),
        ({"task": "edges", "scale": 8}, "scale 8 has no meaning for task edges of data set ihc: leave it out, or"),
        ({"task": "inpainting"}, "task inpainting is impossible for data set ihc: choose super-resolution or edges"),
    ],
)
def test_impossible_parameters_are_refused(arguments: dict[str, Any], told: str) -> None:
    with pytest.raises(ConfigurationError, match=told) as caught:
        Ihc(**arguments)
    assert "\n" not in str(caught.value)


def test_a_model_without_the_condition_is_refused() -> None:
    fitted = load_model("gaussian", dataset=load_dataset("ihc", scale=8))
    with pytest.raises(DataError, match="translates edges into high, but model 'gaussian' knows low-x8, high and not"):
        fitted.check_fits(load_dataset("ihc", task="edges"))
