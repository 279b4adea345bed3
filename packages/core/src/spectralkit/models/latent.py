r"""Diffusion in the latent space of an autoencoder (Rombach et al. 2022).

With E and D the halves of the autoencoder, on pixels in [-1, 1], and one shift and scale per channel, measured on the
training data so that the latents the diffusion sees have mean 0 and one variance, by
default 1,

.. math::
    x = (E(2 i - 1) - m) / s, \qquad i = (D(s x + m) + 1) / 2.

A variational autoencoder gives a distribution: its ``sample`` is what Stable Diffusion is trained on and the paper's
release encodes, one draw per image, and its ``mode`` is the mean.
"""

from __future__ import annotations

from typing import Any, cast, get_args

import attrs
import torch
from torch import Tensor, nn

from spectralkit.diffusion.batch import shape_of
from spectralkit.diffusion.frozen import frozen
from spectralkit.errors import ConfigurationError
from spectralkit.inversion.noise import Noise
from spectralkit.models.card import Posterior
from spectralkit.plugins.text import brief

ONE_LATENT = frozenset({"AutoencoderDC", "AutoencoderTiny"})
"""diffusers' autoencoders that give one latent and no distribution."""


@attrs.frozen(eq=False)
class LatentCodec:
    """Pixels <-> normalised latents of one of diffusers' autoencoders: KL, DC or Tiny.

    Args:
        autoencoder: Frozen, in evaluation mode.
        shift: (1, c, 1, 1), the latents' mean.
        scale: (1, c, 1, 1), their standard deviation, > 0.
        posterior: What is taken of the distribution that a variational autoencoder gives: a seeded ``sample`` or the
            ``mode``. Others give one latent, whatever this says.

    Raises:
        ConfigurationError: If the posterior is neither, or shift and scale are no such rows.
    """

    autoencoder: Any = attrs.field(repr=lambda module: type(module).__name__)
    shift: Tensor = attrs.field(repr=shape_of)
    scale: Tensor = attrs.field(repr=shape_of)
    posterior: Posterior = "sample"

    def __attrs_post_init__(self) -> None:
        if self.posterior not in get_args(Posterior):
            raise ConfigurationError(f"posterior must be 'sample' or 'mode', got {brief(self.posterior)}")
        for name, row in (("shift", self.shift), ("scale", self.scale)):
            if row.ndim != 4 or row.shape[0] != 1 or row.shape[2:] != (1, 1) or not torch.isfinite(row).all():
                raise ConfigurationError(f"{name} must be finite numbers of shape (1, c, 1, 1), got {tuple(row.shape)}")
        if not (self.scale > 0).all():
            raise ConfigurationError("scale must be positive in every channel")

    def encode(self, images: Tensor, noise: Noise) -> Tensor:
        """(B, C, H, W) in [0, 1] -> (B, c, h, w)."""
        with torch.no_grad():
            return (self._latent(2 * images.to(self.dtype) - 1, noise).to(self.shift) - self.shift) / self.scale

    def decode(self, x: Tensor) -> Tensor:
        """(B, c, h, w) -> (B, C, H, W), clamped to [0, 1], in the precision of x."""
        with torch.no_grad():
            latent = (x.to(self.shift) * self.scale + self.shift).to(self.dtype)
            pixels = cast(Tensor, self.autoencoder.decode(latent, return_dict=False)[0])
        return ((pixels.to(x.dtype) + 1) / 2).clamp(0, 1)

    def to(self, device: torch.device | None = None) -> LatentCodec:
        """The codec on another device; this one stays as it is."""
        return attrs.evolve(
            self,
            autoencoder=frozen(cast(nn.Module, self.autoencoder), device),
            shift=self.shift.to(device),
            scale=self.scale.to(device),
        )

    @property
    def dtype(self) -> torch.dtype:
        """What the autoencoder runs in."""
        return cast(torch.dtype, self.autoencoder.dtype)

    @property
    def draws(self) -> bool:
        """Whether encoding draws anything: a sample is taken, of what may be a distribution."""
        return self.posterior == "sample" and type(self.autoencoder).__name__ not in ONE_LATENT

    def _latent(self, pixels: Tensor, noise: Noise) -> Tensor:
        encoded = self.autoencoder.encode(pixels, return_dict=False)[0]
        if isinstance(encoded, Tensor):
            return encoded
        mean = cast(Tensor, encoded.mean)
        return mean if self.posterior == "mode" else mean + encoded.std * noise.normal("posterior", mean)
