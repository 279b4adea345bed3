"""Prior samples: of Gaussian data they have its mean and its spectrum, and they depend on nothing but their number."""

from __future__ import annotations

import pytest
import torch

import spectralkit as sk
from spectralkit.diffusion.gaussian import GaussianDenoiser, fit_moments
from spectralkit.diffusion.schedule import KarrasSchedule, Schedule, VPSchedule
from spectralkit.errors import ConfigurationError, UnknownNameError
from spectralkit.models.model import Model, PixelCodec

SHAPE = (1, 8, 8)


def model(schedule: Schedule) -> Model:
    """Two classes of Gaussian images, of small variance, so that nothing is clamped at the ends of [0, 1]."""
    means = torch.stack([torch.full(SHAPE, value) for value in (-0.5, 0.5, 0.0)])
    frequency = torch.fft.fftfreq(8).abs()
    radius = frequency[:, None] + frequency[None, :]
    powers = torch.stack([(0.01 * torch.exp(-slope * radius)).expand(SHAPE) for slope in (2.0, 0.5, 1.0)])
    rows = torch.eye(3)
    return Model(
        name="toy",
        denoiser=GaussianDenoiser(means, powers.log()),
        schedule=schedule,
        codec=PixelCodec(),
        conditions={"smooth": rows[:1], "rough": rows[1:2]},
        null=rows[2:],
        shape=SHAPE,
        dataset="toy",
    )


# Ending at timestep 0, a variance-preserving process would leave noise of a power of 9e-4 on every mode.
@pytest.mark.parametrize("schedule", [VPSchedule(final="clean"), KarrasSchedule()])
@pytest.mark.parametrize(("name", "mean"), [("smooth", 0.25), ("rough", 0.75)])
def test_samples_have_the_moments_of_the_data(schedule: Schedule, name: str, mean: float) -> None:
    it = model(schedule)
    images = sk.generate(it, name, 600, steps=50, batch_size=600)
    assert images.shape == (600, *SHAPE)
    assert float(images.mean()) == pytest.approx(mean, abs=0.01)
    found = fit_moments(2 * images - 1)[1].exp()
    index = list(it.conditions).index(name)
    expected = it.denoiser.log_powers[index].exp()  # type: ignore[attr-defined]
    # 600 samples know a power to 6 %; the solver's first order and a top level with a little signal cost as much again.
    assert float((found / expected).log().abs().mean()) < 0.15


def test_neither_the_count_nor_the_batch_changes_an_image() -> None:
    it = model(VPSchedule())
    whole = sk.generate(it, "rough", 5, steps=4)
    torch.testing.assert_close(sk.generate(it, "rough", 3, steps=4, batch_size=2), whole[:3])
    assert not torch.equal(sk.generate(it, "rough", 5, steps=4, seed=1), whole)
    assert len({tuple(image.flatten().tolist()) for image in whole}) == 5


def test_what_does_not_fit_is_refused() -> None:
    it = model(VPSchedule())
    with pytest.raises(UnknownNameError, match="did you mean 'rough'"):
        sk.generate(it, "rouhg", 1)
    for options in ({"count": 0}, {"count": 1, "batch_size": 0}, {"count": 1, "guidance": float("nan")}):
        with pytest.raises(ConfigurationError):
            sk.generate(it, "rough", **options)  # type: ignore[arg-type]
