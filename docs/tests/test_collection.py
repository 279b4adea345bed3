"""All registered metrics in one torchmetrics collection: each scores as it does alone."""

from __future__ import annotations

from typing import cast

import pytest
import torch
from torch import Tensor

import spectralkit as sk
from spectralkit.metric import Score
from spectralkit.plugins import MetricSpec
from spectralkit.plugins.registry import registry
from spectralkit.testing.law import natural_images

# torchmetrics imports only after the repair that spectralkit.metric makes.
from torchmetrics import MetricCollection, MetricTracker  # isort: skip

SHAPE = (3, 176, 176)
REAL = natural_images(0, 4, SHAPE)
PARAMETERS = {"s-dc": {"k": 3}, "psnr": {"pooled": True}, "ssim": {"mask": "foreground"}, "s-lf": {"kappa": 0.2}}
"""Of a second metric of the same name beside the first."""

UNPLACED = {"lpips", "fid", "kid"}

pytestmark = pytest.mark.filterwarnings("ignore:.*rank-deficient")


def load(name: str, **parameters: object) -> Score:
    facts = {"targets": REAL, "structure": "rgb"}
    needed = cast(MetricSpec, registry().resolve("metric", name).spec).facts
    return sk.load_metric(name, **{fact: facts[fact] for fact in needed}, **parameters)  # type: ignore[arg-type]


def all_metrics() -> dict[str, Score]:
    """Everything that can be built without weights placed by hand."""
    names = set(registry().names("metric")) - UNPLACED
    twice = {f"{name}-again": load(name, **parameters) for name, parameters in PARAMETERS.items()}
    return {name: load(name) for name in names} | twice


def batch(seed: int) -> dict[str, Tensor]:
    """The first holds what makes states alike: perfect images, blank latents."""
    source = natural_images(seed, 3, SHAPE)
    noise = torch.randn(3, 4, 16, 16, generator=torch.Generator().manual_seed(seed))
    generated = source if seed == 1 else (source + 0.1 * torch.randn_like(source)).clamp(0, 1)
    return {"source": source, "reference": source, "generated": generated, "latent": noise * (seed > 1)}


def test_each_metric_scores_as_it_does_alone() -> None:
    metrics, batches = all_metrics(), [batch(seed) for seed in (1, 2, 3)]
    alone = {name: metric.clone() for name, metric in metrics.items()}
    collection = MetricCollection(metrics)
    for inputs in batches:
        collection.update(**inputs)
    found = collection.compute()
    for name, metric in alone.items():
        spec = cast(MetricSpec, registry().resolve("metric", name.removesuffix("-again")).spec)
        for inputs in batches:
            metric.update(*(inputs[key] for key in spec.inputs))
        assert found[name] == metric.compute(), name
    collection.reset()
    forwarded = collection(**batches[1])
    assert forwarded.keys() == found.keys()


def test_a_tracker_of_all_metrics_knows_every_direction() -> None:
    collection = MetricCollection(all_metrics())
    directions = dict(zip(collection.keys(), MetricTracker(collection).maximize, strict=True))
    assert (directions["s-dc"], directions["autocorrelated-ratio"], directions["kd-lite0"]) == (True, False, False)
