r"""The network, diffusers' AutoencoderDC (Chen et al. 2025) of residual blocks alone, and how it is called in training.

With E and D its halves, noise n and a map T of the plane (a turn, a mirror image, half the resolution),

.. math:: z = E(x), \qquad \hat x = D(T(z + n)) \quad \text{is to be} \quad T(x).

A latent that follows T as its image does is smoother, and so easier to diffuse (Kouzelis et al. 2025, EQ-VAE); the
noise stands for the errors of the diffusion.
"""

from __future__ import annotations

from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d

from spectralkit.torchvision_fix import repair_torchvision
from spectralkit_models_training.autoencoder.config import AutoencoderConfig

TURNS = 8
"""Turns and mirror images of a square."""


def build_network(config: AutoencoderConfig, channels: int) -> nn.Module:
    """An AutoencoderDC for images of ``channels`` channels, with random weights that the seed determines.

    Full resolution has no blocks: the first layer folds 2 x 2 pixels into channels, the last unfolds them.
    """
    repair_torchvision()
    from diffusers import AutoencoderDC

    count = len(config.widths) + 1
    widths = (config.widths[0], *config.widths)
    with torch.random.fork_rng(devices=()):
        torch.manual_seed(config.seed)
        network = AutoencoderDC(
            in_channels=channels,
            latent_channels=config.latent_channels,
            encoder_block_types="ResBlock",
            decoder_block_types="ResBlock",
            encoder_block_out_channels=widths,
            decoder_block_out_channels=widths,
            encoder_layers_per_block=(0, *config.encoder_layers),
            decoder_layers_per_block=(0, *config.decoder_layers),
            encoder_qkv_multiscales=((),) * count,
            decoder_qkv_multiscales=((),) * count,
            encoder_out_shortcut=False,
            decoder_in_shortcut=False,
        )
    return cast(nn.Module, network)


class Reconstruction(nn.Module):
    """An autoencoder called as it is trained.

    Args:
        autoencoder: An AutoencoderDC.
    """

    def __init__(self, autoencoder: Any) -> None:
        super().__init__()
        self.autoencoder = autoencoder

    def forward(
        self, pixels: Tensor, noise: Tensor, turn: Tensor, halvings: int, encoder_learns: bool
    ) -> tuple[Tensor, Tensor]:
        """The reconstruction D(T(z + n)) and the latent z = E(x).

        Args:
            pixels: (B, C, H, H) in [-1, 1].
            noise: (B, c, h, h), added to the latent.
            turn: (B,), 0 to 7, see :func:`moved`.
            halvings: See :func:`moved`.
            encoder_learns: Whether the encoder takes gradients.
        """
        with torch.set_grad_enabled(encoder_learns and torch.is_grad_enabled()):
            latent = encoded(self.autoencoder, pixels)
        reconstruction = self.autoencoder.decode(moved(latent + noise, turn, halvings), return_dict=False)[0]
        return reconstruction, latent


def encoded(autoencoder: Any, pixels: Tensor) -> Tensor:
    """The latent of pixels (B, C, H, H) in [-1, 1]; of a variational autoencoder's the mode."""
    code = autoencoder.encode(pixels, return_dict=False)[0]
    return code if isinstance(code, Tensor) else cast(Tensor, code.mode())


def moved(images: Tensor, turn: Tensor, halvings: int) -> Tensor:
    """T: square images (B, C, H, H), each turned or mirrored in its own way, all at 1/2^halvings of the resolution.

    The three bits of ``turn`` (B,) mirror columns, rows, and the diagonal: together all the eight symmetries.
    """
    for bit, mirrored in ((1, _columns), (2, _rows), (4, _diagonal)):
        images = torch.where((turn & bit).bool()[:, None, None, None], mirrored(images), images)
    return avg_pool2d(images, 2**halvings) if halvings else images


def _columns(images: Tensor) -> Tensor:
    return images.flip(-1)


def _rows(images: Tensor) -> Tensor:
    return images.flip(-2)


def _diagonal(images: Tensor) -> Tensor:
    return images.mT
