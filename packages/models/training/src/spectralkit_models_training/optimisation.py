r"""Optimisers, and how the learning rate runs.

* ``adamw`` (Loshchilov & Hutter 2019).
* ``muon`` (Jordan et al. 2024): the momentum of every weight matrix is brought to orthogonality before it is followed,
  so that all directions learn at one pace; convolutions are matrices of shape (out, in k k). Embeddings, the first and
  the last convolution of what is trained, and vectors are left to AdamW with Nesterov momentum, at a third of the rate.

The factor on the rate rises linearly over the warm-up, stays at 1, and falls over the last part of the steps, the
cool-down: linearly to 0, or as half a cosine.
"""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor, nn

from spectralkit.torchvision_fix import repair_torchvision
from spectralkit_models_training.config import TrainingConfig

SLOWER = 1 / 3
"""Rate of what Muon leaves to AdamW, over its own: matrices move by a root mean square of 0.2 times the rate."""


def optimiser(module: nn.Module, config: TrainingConfig) -> torch.optim.Optimizer:
    """The optimiser that a configuration asks for."""
    weights = [weight for weight in module.parameters() if weight.requires_grad]
    if config.optimiser == "adamw":
        return torch.optim.AdamW(
            weights, lr=config.learning_rate, betas=(config.beta1, config.beta2), weight_decay=config.weight_decay
        )
    repair_torchvision()
    from timm.optim.muon import Muon

    inner = set(map(id, _matrices(module)))
    groups: list[dict[str, Any]] = [
        {"params": [weight for weight in weights if id(weight) in inner]},
        {"params": [weight for weight in weights if id(weight) not in inner], "use_fallback": True},
    ]
    made: torch.optim.Optimizer = Muon(
        groups,
        lr=config.learning_rate,
        momentum=0.95,
        nesterov=True,
        weight_decay=config.weight_decay,
        betas=(config.beta1, config.beta2),
        fallback_lr_scale=SLOWER,
    )
    return made


def _matrices(module: nn.Module) -> list[Tensor]:
    """Weights of linear and convolution layers, all but the first and the last convolution."""
    layers = [layer for layer in module.modules() if isinstance(layer, nn.Linear | nn.Conv2d)]
    ends = [layer for layer in layers if isinstance(layer, nn.Conv2d)]
    outer = {id(layer) for layer in (ends[:1] + ends[-1:])}
    return [layer.weight for layer in layers if id(layer) not in outer]


def rate(config: TrainingConfig, step: int) -> float:
    """The factor on the learning rate at step 0, 1, ..., in (0, 1]."""
    rising = (step + 1) / config.warmup if config.warmup else 1.0
    if config.schedule == "constant":
        return min(1.0, rising)
    left = (config.steps - step) / max(1, round(config.cooldown * config.steps))
    falling = min(1.0, left) if config.schedule == "linear" else (1 - math.cos(math.pi * min(1.0, left))) / 2
    return min(1.0, rising, falling)
