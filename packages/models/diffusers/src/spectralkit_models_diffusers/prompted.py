r"""Networks that are told prompts: ``UNet2DConditionModel``, ``SD3Transformer2DModel``, ``FluxTransformer2DModel``.

A condition here is one tensor, so that a method can optimise it or mix two. Where a network takes tokens (L, D) and a
pooled vector (P,), the row is both, one after the other: (L D + P,).

Flux was distilled to take its guidance weight as a number (``guidance_embeds``). There the weight of a run is that
number, in one evaluation, and there is no null.
"""

from __future__ import annotations

from typing import Any, cast

import attrs
import torch
from torch import Tensor, nn

from spectralkit.diffusion.denoiser import Condition, NetworkDenoiser
from spectralkit.diffusion.prediction import Prediction
from spectralkit.diffusion.schedule import Level
from spectralkit_models_diffusers.text import Told


def packed(told: Told) -> Tensor:
    """(n, L, D), or (n, L D + P) with the pooled vectors behind."""
    return told.tokens if told.pooled is None else torch.cat((told.tokens.flatten(1), told.pooled), dim=1)


class Prompted(nn.Module):
    """A U-Net that attends to tokens."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, x: Tensor, label: Tensor, embedding: Tensor) -> Tensor:
        """(B, C, H, W), (B,), (B, L, D) -> (B, C, H, W)."""
        return cast(Tensor, self.network(x, label, encoder_hidden_states=embedding, return_dict=False)[0])


class Joint(nn.Module):
    """A transformer of Stable Diffusion 3."""

    def __init__(self, network: Any) -> None:
        super().__init__()
        self.network = network
        self.width, self.pooled = network.config.joint_attention_dim, network.config.pooled_projection_dim

    def forward(self, x: Tensor, label: Tensor, embedding: Tensor) -> Tensor:
        """(B, C, H, W), (B,), (B, L D + P) -> (B, C, H, W)."""
        tokens, pooled = _unpacked(embedding, self.width, self.pooled)
        told = {"encoder_hidden_states": tokens, "pooled_projections": pooled, "timestep": label}
        return cast(Tensor, self.network(hidden_states=x, **told, return_dict=False)[0])


class Flux(nn.Module):
    """Flux: four neighbours of a latent make a token, and their places are told beside them."""

    def __init__(self, network: Any) -> None:
        super().__init__()
        self.network = network
        self.width, self.pooled = network.config.joint_attention_dim, network.config.pooled_projection_dim
        self.guided = bool(network.config.guidance_embeds)

    def forward(self, x: Tensor, label: Tensor, embedding: Tensor) -> Tensor:
        """(B, C, H, W), (B,), (B, L D + P), or (B, L D + P + 1) with the weight of guidance -> (B, C, H, W)."""
        guidance = embedding[:, -1].float() if self.guided else None
        tokens, pooled = _unpacked(embedding[:, :-1] if self.guided else embedding, self.width, self.pooled)
        height, width = x.shape[-2] // 2, x.shape[-1] // 2
        output = self.network(
            hidden_states=nn.functional.pixel_unshuffle(x, 2).flatten(2).transpose(1, 2),
            encoder_hidden_states=tokens,
            pooled_projections=pooled,
            timestep=label / 1000,
            guidance=guidance,
            txt_ids=x.new_zeros(tokens.shape[1], 3),
            img_ids=_places(height, width, x),
            return_dict=False,
        )[0]
        return nn.functional.pixel_shuffle(output.transpose(1, 2).reshape(len(x), -1, height, width), 2)


def _unpacked(embedding: Tensor, width: int, pooled: int) -> tuple[Tensor, Tensor]:
    """(B, L, D) and (B, P)."""
    count = (embedding.shape[1] - pooled) // width
    return embedding[:, : count * width].reshape(-1, count, width), embedding[:, count * width :]


def _places(height: int, width: int, like: Tensor) -> Tensor:
    """(H W, 3): 0, row, column."""
    rows, columns = torch.meshgrid(torch.arange(height), torch.arange(width), indexing="ij")
    return torch.stack((torch.zeros_like(rows), rows, columns), dim=-1).flatten(0, 1).to(like)


@attrs.frozen(eq=False)
class DistilledDenoiser:
    """A network that is told the weight of guidance.

    Args:
        denoiser: Whose network takes it as the last number of the embedding.
    """

    denoiser: NetworkDenoiser

    def __call__(self, x: Tensor, level: Level, condition: Condition, guidance: float = 1.0) -> Prediction:
        """``x0_hat`` and ``eps_hat`` at x, in one evaluation."""
        weight = condition.embedding.new_full((len(condition.embedding), 1), guidance)
        told = Condition(torch.cat((condition.embedding, weight), dim=1), None)
        return self.denoiser(x, level, told)

    def to(self, device: torch.device | None = None, dtype: torch.dtype | None = None) -> DistilledDenoiser:
        """The denoiser on another device or in another precision."""
        return attrs.evolve(self, denoiser=self.denoiser.to(device, dtype))
