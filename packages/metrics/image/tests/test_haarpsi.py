"""HaarPSI against piq and its laws."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

import spectralkit.metric  # noqa: F401  (makes torchvision, and so piq, importable)
from spectralkit_metrics_image import haarpsi_values


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 2**31), height=st.integers(16, 45), width=st.integers(16, 45))
def test_grey_images_match_piq(seed: int, height: int, width: int) -> None:
    import piq

    generator = torch.Generator().manual_seed(seed)
    generated, reference = torch.rand(2, 2, 1, height, width, generator=generator, dtype=torch.float64)
    theirs = piq.haarpsi(generated, reference, reduction="none")
    torch.testing.assert_close(haarpsi_values(generated, reference), theirs, rtol=0, atol=1e-10)


def test_colour_images_match_piq(pair: tuple[Tensor, Tensor]) -> None:
    import piq

    theirs = piq.haarpsi(*pair, reduction="none").double()
    # piq's chroma rows carry a fourth digit: 0.5959 for 0.596
    torch.testing.assert_close(haarpsi_values(*pair), theirs, rtol=0, atol=1e-4)


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 2**31))
def test_symmetric_bounded_and_one_on_identity(seed: int) -> None:
    x, y = torch.rand(2, 1, 3, 20, 17, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    score = haarpsi_values(x, y)
    assert 0 <= score < 1
    torch.testing.assert_close(score, haarpsi_values(y, x))
    torch.testing.assert_close(haarpsi_values(x, x), torch.ones(1, dtype=torch.float64))


def test_falls_with_noise() -> None:
    generator = torch.Generator().manual_seed(0)
    image = torch.rand(1, 3, 64, 64, generator=generator)
    noise = torch.rand(1, 3, 64, 64, generator=generator)
    scores = [haarpsi_values(torch.lerp(image, noise, weight), image).item() for weight in (0.0, 0.1, 0.3, 1.0)]
    assert scores == sorted(scores, reverse=True)
    assert scores[0] == pytest.approx(1.0, abs=1e-5)


def test_chroma_counts() -> None:
    image = torch.rand(1, 3, 32, 32, generator=torch.Generator().manual_seed(1))
    grey = (image * image.new_tensor([0.299, 0.587, 0.114]).view(1, 3, 1, 1)).sum(1, keepdim=True).expand_as(image)
    assert haarpsi_values(grey, grey.contiguous()) == pytest.approx(1.0, abs=1e-5)
    assert haarpsi_values(grey.clamp(0, 1), image) < 0.95


def test_black_images_agree_and_the_mask_ignores_the_background(drawing: tuple[Tensor, Tensor]) -> None:
    black = torch.zeros(1, 3, 16, 16)
    assert haarpsi_values(black, black).item() == 1.0
    generated, reference = drawing
    spoiled = reference.clone()
    spoiled[..., :4, :4] = 0.0  # further than the coarsest filter from the square
    assert haarpsi_values(spoiled, reference, "foreground").item() == pytest.approx(1.0, abs=1e-5)
    assert haarpsi_values(spoiled, reference) < 0.99
    assert haarpsi_values(generated, reference, "foreground") < haarpsi_values(generated, reference)
