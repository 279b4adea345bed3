"""What the image scores give images that no model has made: the yardsticks to hold a result against."""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor
from torch.nn import functional

from pages.markdown import code, table
from spectralkit import load_dataset, load_metric
from spectralkit.plugins import MetricSpec
from spectralkit.plugins.registry import registry

SCALE, SAMPLES = 16, 32
METRICS = ("s-hf", "s-lf", "s-lf-target", "psnr")


def yardsticks() -> str:
    """A row an image, a column a score."""
    dataset = load_dataset("ihc", scale=SCALE)
    samples = [dataset[i] for i in range(SAMPLES)]
    source = torch.stack([sample.source for sample in samples])
    reference = torch.stack([sample.reference for sample in samples if sample.reference is not None])
    generator = torch.Generator().manual_seed(0)
    noise = reference.mean(dim=(2, 3), keepdim=True) + 0.1 * torch.randn(reference.shape, generator=generator)
    rows = {
        "the real image": reference,
        "the source, untouched": source,
        f"the real image, averaged over {SCALE}x{SCALE} blocks and enlarged (bicubic)": blurred(reference),
        "its mean colour with white noise of standard deviation 0.1": noise.clamp(0, 1),
    }

    def score(name: str, generated: Tensor) -> str:
        metric = load_metric(name, dataset=dataset)
        inputs = {"source": source, "reference": reference, "generated": generated}
        spec = cast(MetricSpec, registry().resolve("metric", name).spec)
        metric.update(**{wanted: inputs[wanted] for wanted in spec.inputs})
        return f"{float(metric.compute()):.{1 if name == 'psnr' else 2}f}"

    made = [(told, *(score(name, image) for name in METRICS)) for told, image in rows.items()]
    return table(("image", *map(code, METRICS)), made)


def blurred(images: Tensor) -> Tensor:
    """Block means, enlarged smoothly."""
    small = functional.avg_pool2d(images, SCALE)
    return functional.interpolate(small, scale_factor=SCALE, mode="bicubic", align_corners=False).clamp(0, 1)
