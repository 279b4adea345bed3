"""Samples of a model's prior: pure noise walked down under a condition, without any source image."""

from __future__ import annotations

import torch
from torch import Tensor

from spectralkit.errors import ConfigurationError
from spectralkit.inversion import driver
from spectralkit.inversion.context import Context, check_weight
from spectralkit.inversion.meter import Cost, Meter
from spectralkit.inversion.noise import Noise
from spectralkit.inversion.parts import Inversion, Parts
from spectralkit.models.coding import decoded, encoded
from spectralkit.models.model import Model
from spectralkit.plugins.held import held


@held
def generate(
    model: Model,
    condition: str,
    count: int,
    *,
    steps: int = 50,
    seed: int = 42,
    guidance: float = 1.0,
    sampler: Parts | None = None,
    batch_size: int = 32,
) -> Tensor:
    """Draw images that the model holds to be of a condition: what any translation into it can look like at best.

    Args:
        model: From ``sk.load_model`` or ``sk.from_network``.
        condition: Name of the condition.
        count: How many.
        steps: N, the number of transitions.
        seed: Of all noise; with it, the number of an image determines its noise.
        guidance: Guidance weight; 1 is purely conditional.
        sampler: A method whose sampler is used (``ancestral``, ``heun``); None is the deterministic one.
        batch_size: Images at a time; changes no result.

    Returns:
        (count, C, H, W) in [0, 1], on the CPU.

    Raises:
        SpectralkitError: If the condition or an option does not fit, or a state overflows.
    """
    check_weight("guidance", guidance)
    for name, value in (("count", count), ("batch_size", batch_size)):
        if value < 1:
            raise ConfigurationError(f"{name} must be at least 1, got {value}")
    levels, told = model.schedule.levels(steps), model.condition(condition)
    blank = torch.full((1, *model.shape), 0.5, device=model.device)
    shape = encoded(model, blank, Noise(seed, ["blank"])).shape[1:]
    parts, images = sampler or Parts(), []
    for first in range(0, count, batch_size):
        noise = Noise(seed, [f"prior-{i}" for i in range(first, min(first + batch_size, count))])
        x0 = torch.zeros(len(noise.ids), *shape, device=model.device, dtype=parts.dtype)
        x = model.schedule.unit_scale(levels[-1]) * noise.normal("prior", x0)
        context = Context(
            denoiser=model.denoiser,
            schedule=model.schedule,
            levels=levels,
            top=steps,
            x0=x0,
            source=told,
            target=told,
            inversion_guidance=1.0,
            sampling_guidance=guidance,
            noise=noise,
            label="current",
            meter=Meter(len(noise.ids)),
            model=model.name,
        )
        start = Inversion(x, steps, (), steps, None, Cost(), {})
        images.append(decoded(model, driver.sample(parts, start, context).x.float()).cpu())
    return torch.cat(images)
