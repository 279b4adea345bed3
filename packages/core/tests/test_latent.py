"""The latent codec: diffusers' autoencoders, normalised, seeded, and through a whole translation."""

from __future__ import annotations

from typing import Any

import attrs
import pytest
import torch
from torch import Tensor, nn

import spectralkit as sk
from spectralkit.diffusion.frozen import frozen
from spectralkit.diffusion.parameterization import EpsParameterization
from spectralkit.diffusion.process import Process
from spectralkit.diffusion.schedule import VPSchedule
from spectralkit.errors import ConfigurationError
from spectralkit.inversion.noise import Noise
from spectralkit.inversion.parts import Parts
from spectralkit.models.latent import LatentCodec
from spectralkit.torchvision_fix import repair_torchvision

repair_torchvision()

from diffusers import AutoencoderDC, AutoencoderKL, AutoencoderTiny  # noqa: E402  (importable only after the repair)

SIDE, CHANNELS = 16, 4


def kl() -> Any:
    return AutoencoderKL(
        block_out_channels=(8, 8),
        down_block_types=("DownEncoderBlock2D",) * 2,
        up_block_types=("UpDecoderBlock2D",) * 2,
        latent_channels=CHANNELS,
        norm_num_groups=4,
    )


def dc() -> Any:
    return AutoencoderDC(
        latent_channels=CHANNELS,
        encoder_block_types="ResBlock",
        decoder_block_types="ResBlock",
        encoder_block_out_channels=(8, 8),
        decoder_block_out_channels=(8, 8),
        encoder_layers_per_block=(1, 1),
        decoder_layers_per_block=(1, 1),
        encoder_qkv_multiscales=((), ()),
        decoder_qkv_multiscales=((), ()),
        encoder_out_shortcut=False,
        decoder_in_shortcut=False,
    )


def tiny() -> Any:
    return AutoencoderTiny(
        encoder_block_out_channels=(8, 8),
        decoder_block_out_channels=(8, 8),
        num_encoder_blocks=(1, 1),
        num_decoder_blocks=(1, 1),
        latent_channels=CHANNELS,
    )


def codec(build: Any = kl, **options: Any) -> LatentCodec:
    torch.manual_seed(0)
    shift, scale = torch.linspace(-1, 1, CHANNELS), torch.linspace(0.5, 2, CHANNELS)
    given = {"shift": shift.view(1, -1, 1, 1), "scale": scale.view(1, -1, 1, 1), **options}
    return LatentCodec(frozen(build()), **given)


def images(count: int = 2) -> Tensor:
    return torch.rand(count, 3, SIDE, SIDE, generator=torch.Generator().manual_seed(1))


def noise(seed: int = 0, count: int = 2) -> Noise:
    return Noise(seed, [f"s{i}" for i in range(count)])


@pytest.mark.parametrize("build", [kl, dc, tiny])
def test_it_is_the_autoencoder_normalised(build: Any) -> None:
    it = codec(build, posterior="mode")
    with torch.no_grad():
        encoded = it.autoencoder.encode(2 * images() - 1)
        latent = encoded.latent_dist.mode() if build is kl else encoded.latent if build is dc else encoded.latents
        x = it.encode(images(), noise())
        torch.testing.assert_close(x * it.scale + it.shift, latent, rtol=1e-5, atol=1e-5)
        expected = ((it.autoencoder.decode(latent).sample + 1) / 2).clamp(0, 1)
    torch.testing.assert_close(it.decode(x), expected, rtol=1e-4, atol=1e-4)


def test_a_sample_of_the_posterior_is_seeded_and_has_its_spread() -> None:
    it = codec()
    a, b, other = (it.encode(images(), noise(seed)) for seed in (0, 0, 1))
    assert torch.equal(a, b)
    assert not torch.equal(a, other)
    mode = attrs.evolve(it, posterior="mode")
    posterior = it.autoencoder.encode(2 * images() - 1).latent_dist
    drawn = torch.stack([it.encode(images(), noise(seed)) for seed in range(200)])
    torch.testing.assert_close(drawn.std(dim=0) * it.scale, posterior.std, rtol=0.3, atol=0)
    torch.testing.assert_close(drawn.mean(dim=0), mode.encode(images(), noise()), rtol=0, atol=0.5)


@pytest.mark.parametrize("posterior", ["sample", "mode"])
def test_a_sample_is_encoded_alike_alone_and_in_its_batch(posterior: str) -> None:
    it = codec(posterior=posterior)
    whole = it.encode(images(), noise())
    alone = it.encode(images()[1:], noise().select(torch.tensor([1])))
    torch.testing.assert_close(alone, whole[1:], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("posterior", ["sample", "mode"])
@pytest.mark.parametrize("build", [kl, dc, tiny])
def test_it_says_whether_it_draws(build: Any, posterior: str) -> None:
    told, it = noise(), codec(build, posterior=posterior)
    it.encode(images(), told)
    assert bool(told.drawn) is it.draws
    assert it.draws is (build is kl and posterior == "sample")


class Told(nn.Module):
    def forward(self, x: Tensor, label: Tensor, embedding: Tensor) -> Tensor:
        return 0.1 * x + embedding[:, :, None, None]


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_a_translation_goes_through_the_latents(dtype: torch.dtype) -> None:
    rows = {name: torch.full((1, CHANNELS), value) for name, value in (("low", 0.0), ("high", 0.1))}
    model = sk.from_network(
        Told(),
        process=Process(VPSchedule(), EpsParameterization()),
        conditions=rows,
        shape=(3, SIDE, SIDE),
        codec=codec(),
    )
    out = sk.translate(model, Parts(), images().to(dtype), source="low", target="high", steps=3)
    assert out.images.shape == (2, 3, SIDE, SIDE)
    assert out.images.dtype == dtype
    assert out.latent.shape == (2, CHANNELS, SIDE // 2, SIDE // 2)
    torch.testing.assert_close(sk.encode(model, images()), codec().encode(images(), Noise(42, ["0", "1"])))


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"posterior": "mean"}, "'sample' or 'mode'"),
        ({"scale": torch.zeros(1, CHANNELS, 1, 1)}, "positive in every channel"),
        ({"shift": torch.full((1, CHANNELS, 1, 1), float("nan"))}, "shift must be finite"),
        ({"scale": torch.ones(CHANNELS)}, "scale must be finite numbers of shape"),
    ],
)
def test_impossible_values_are_refused(options: dict[str, Any], told: str) -> None:
    with pytest.raises(ConfigurationError, match=told):
        codec(**options)
