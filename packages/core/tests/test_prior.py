"""Prior samples: of Gaussian data they have its mean and its spectrum, and they depend on nothing but their number."""

from __future__ import annotations

import attrs
import pytest
import torch
from torch import Tensor

import spectralkit as sk
from spectralkit.diffusion.gaussian import GaussianDenoiser, Sums
from spectralkit.diffusion.schedule import KarrasSchedule, Schedule, VPSchedule
from spectralkit.errors import ConfigurationError, UnknownNameError
from spectralkit.inversion.noise import Noise
from spectralkit.models.model import Model, PixelCodec

SHAPE, CONTRAST = (1, 8, 8), 0.05


@attrs.frozen
class FaintCodec(PixelCodec):
    """Data of unit variance as faint pictures, so that nothing is clamped at the ends of [0, 1]."""

    def encode(self, images: Tensor, noise: Noise) -> Tensor:
        return (images - 0.5) / CONTRAST

    def decode(self, x: Tensor) -> Tensor:
        return CONTRAST * x + 0.5


def model(schedule: Schedule) -> Model:
    """Two classes of Gaussian images."""
    means = torch.stack([torch.full(SHAPE, value) for value in (-2.0, 2.0, 0.0)])
    frequency = torch.fft.fftfreq(8).abs()
    radius = frequency[:, None] + frequency[None, :]
    powers = torch.stack([torch.exp(-slope * radius).expand(SHAPE) for slope in (2.0, 0.0, 1.0)])
    rows = torch.eye(3)
    return Model(
        name="toy",
        denoiser=GaussianDenoiser(means, powers.log()),
        schedule=schedule,
        codec=FaintCodec(),
        conditions={"smooth": rows[:1], "rough": rows[1:2]},
        null=rows[2:],
        shape=SHAPE,
        dataset="toy",
    )


@pytest.mark.parametrize("schedule", [VPSchedule(), KarrasSchedule()])
@pytest.mark.parametrize(("name", "mean"), [("smooth", -2.0), ("rough", 2.0)])
def test_samples_have_the_moments_of_the_data(schedule: Schedule, name: str, mean: float) -> None:
    it = model(schedule)
    images = sk.generate(it, name, 600, batch_size=600)
    assert images.shape == (600, *SHAPE)
    x = it.codec.encode(images, Noise(0, []))
    # Sampling begins without the trace of the mean that the noisiest level has, and 50 steps are of first order.
    assert float(x.mean()) == pytest.approx(mean, rel=0.1)
    expected = it.denoiser.log_powers[list(it.conditions).index(name)]  # type: ignore[attr-defined]
    # 600 samples know a power to 6 %; 50 steps of the solver lose up to 5 % of the norm, 10 % of the power.
    assert float((Sums.of(x).moments(floor=1e-6)[1] - expected).abs().mean()) < 0.16


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
