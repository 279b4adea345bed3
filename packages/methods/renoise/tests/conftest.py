"""ReNoise once more: one sample at a time, in plain loops, with the losses differentiated by autograd.

The random numbers are part of the contract, so they are asked for under the same purposes.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from types import SimpleNamespace

import pytest
import torch
from torch import Tensor

from spectralkit.diffusion.schedule import Level
from spectralkit.inversion.context import Context
from spectralkit.inversion.noise import Noise


def kl_loss(e: Tensor, r: Tensor) -> Tensor:
    """(C, H, W) each; a sum over channels and whole 4 x 4 patches."""
    total = e.new_zeros(())
    for c in range(e.shape[0]):
        for i in range(0, e.shape[1] - 3, 4):
            for j in range(0, e.shape[2] - 3, 4):
                a, b = e[c, i : i + 4, j : j + 4].reshape(-1), r[c, i : i + 4, j : j + 4].reshape(-1)
                v_a = ((a - a.sum() / 16) ** 2).sum() / 15
                v_b = ((b - b.sum() / 16) ** 2).sum() / 15
                ratio = torch.log((v_b + 1e-6) / (v_a + 1e-6))
                total = total + (ratio + (v_a + ((a - b).sum() / 16) ** 2) / (v_b + 1e-6) - 1).abs()
    return total


def ac_loss(e: Tensor, shifts: list[list[int]]) -> Tensor:
    """(C, H, W), one shift per scale and channel."""
    total = e.new_zeros(())
    for c in range(e.shape[0]):
        x = e[c]
        for scale in shifts:
            s = scale[c]
            total = total + (x * torch.roll(x, s, 0)).mean() ** 2 + (x * torch.roll(x, s, 1)).mean() ** 2
            x = torch.nn.functional.avg_pool2d(x[None, None], 2)[0, 0] if x.shape[0] > 8 else x
    return total


def descend(
    e: Tensor, loss: Callable[..., Tensor], r: object, size: float, *, clip: float = math.inf, reach: float = math.inf
) -> Tensor:
    """One gradient step, with its entries clipped, or cut to the norm of e where it is ``reach`` times as long."""
    with torch.enable_grad():
        point = e.detach().clone().requires_grad_()
        gradient = torch.autograd.grad(loss(point, r), point)[0]
    step = size * gradient.clamp(-clip, clip)
    length, most = float(step.norm()), float(e.norm())
    return e - (step * most / length if length > reach * most else step)


def regularise(e: Tensor, r: Tensor, noise: Noise, purpose: str, options: dict[str, float]) -> Tensor:
    """The published rounds on one sample."""
    kl, ac = options.get("lambda_kl", 0.065), options.get("lambda_ac", 20.0)
    rounds, rolls, C = int(options.get("rounds", 4)), int(options.get("rolls", 5)), e.shape[0]
    sizes = [e.shape[1]]
    while sizes[-1] > 8:
        sizes.append(sizes[-1] // 2)
    drawn = [noise.integers(f"{purpose}/{n}", 1, n // 2, rounds * rolls * C)[0].tolist() for n in sizes]
    position = 0
    for _ in range(rounds):
        e = descend(e, kl_loss, r, kl, clip=100.0)
        for _ in range(rolls):
            shifts = [row[position : position + C] for row in drawn]
            e = descend(e, ac_loss, shifts, ac / rolls, reach=2.0)
            position += C
    return e


def eps(context: Context, z: Tensor, level: Level) -> Tensor:
    """The guided estimate of one sample."""
    return context.denoiser(z[None], level, context.source, context.inversion_guidance).eps[0]


def invert(
    context: Context, row: int, iterations: int, averaging: str, reference: str = "noised", **options: float
) -> Tensor:
    """The latent of one sample, (C, H, W)."""
    image, noise = context.x0[row], context.noise.select(torch.tensor([row]))
    n = noise.normal("renoise", image[None])[0]
    levels, x = context.levels, image
    for index in range(context.top):
        here, there = levels[index], levels[index + 1]

        start = Level(there.label, here.alpha, here.sigma)  # x is here, but the network is told there
        A = there.alpha / here.alpha
        B = there.sigma - there.alpha * here.sigma / here.alpha
        K, lo, hi = (min(iterations, 5), 0, 5) if there.label < 250 else (iterations, 8, 10)
        if averaging == "always":
            lo, hi = 0, K + 1
        r = eps(context, image if reference == "clean" else there.alpha * image + there.sigma * n, there)
        z, raw = x, []
        for k in range(K + 1):
            e = eps(context, z, start if k == 0 else there)
            if lo <= k < hi and averaging != "off":
                raw.append(e)
            if (k >= lo or (averaging == "off" and k >= 1)) and options.get("rounds", 4):
                e = regularise(e, r, noise, f"renoise/{index}/{k}", options)
            z = A * x + B * e
        if raw:
            mean = sum(raw[1:], raw[0]) / len(raw)
            if options.get("rounds", 4):
                mean = regularise(mean, r, noise, f"renoise/{index}/mean", options)
            z = A * x + B * mean
        x = z
    return x


@pytest.fixture(scope="session")
def naive() -> SimpleNamespace:
    """The functions above."""
    return SimpleNamespace(kl_loss=kl_loss, ac_loss=ac_loss, invert=invert)
