"""What every metric of the package promises: its spec is true, and two processes give the value of one."""

from __future__ import annotations

import inspect
from importlib import import_module

import pytest
import torch
from torch import Tensor

from spectralkit.metric import Score
from spectralkit.testing import conformance
from spectralkit.testing.processes import across_processes
from spectralkit_metrics_spectral._plugin import spectralkit_metrics

SPECS = {spec.name: spec for spec in spectralkit_metrics()}

test_gaussianity, test_decorrelation, test_ratio, test_high, test_low, test_low_target = (
    conformance("metric", name) for name in SPECS
)
test_standardised = conformance("metric", "s-dc", k=3, standardise=True)
test_masked = conformance("metric", "s-hf", pixel_range=1.0)


@pytest.fixture(scope="module")
def inputs(photographs: Tensor) -> dict[str, Tensor]:
    latent = torch.randn(5, 4, 16, 16, generator=torch.Generator().manual_seed(0))
    latent[:2] *= 0.8
    return {"latent": latent, "source": photographs[:5], "reference": photographs[5:10], "generated": photographs[7:]}


def build(name: str, photographs: Tensor) -> Score:
    spec = SPECS[name]
    module, _, attribute = spec.target.partition(":")
    facts = {"targets": lambda: iter(photographs), "structure": "rgb"}
    score: Score = getattr(import_module(module), attribute)(**{fact: facts[fact] for fact in spec.facts})
    return score


def test_registered_names() -> None:
    assert {"s-g", "s-dc", "autocorrelated-ratio", "s-hf", "s-lf"} <= set(SPECS)


@pytest.mark.parametrize("name", SPECS)
def test_spec_is_true(name: str, photographs: Tensor, inputs: dict[str, Tensor]) -> None:
    spec, metric = SPECS[name], build(name, photographs)
    metric.update(**{key: inputs[key] for key in spec.inputs})
    low, high = spec.range
    value = metric.compute()
    assert low <= float(value) <= high
    assert metric.details()["N"] == 5
    assert all(isinstance(number, float | str) for number in metric.details().values())
    documented = inspect.getdoc(type(metric)) or ""
    assert all(f"{parameter}:" in documented for parameter in inspect.signature(type(metric)).parameters)
    if metric.values is not None:
        torch.testing.assert_close(metric.values.double().mean(), value)
    metric.reset()
    metric.update(**{key: inputs[key][:1] for key in spec.inputs})
    assert low <= float(metric.compute()) <= high  # one sample has an answer


@pytest.mark.parametrize("name", SPECS)
@pytest.mark.parametrize("shares", [(slice(0, 1), slice(1, 5)), (slice(0, 5), None)], ids=["unequal", "idle process"])
def test_two_processes_give_the_value_of_one(
    name: str, shares: tuple[slice, slice | None], photographs: Tensor, inputs: dict[str, Tensor]
) -> None:
    mine = {key: inputs[key] for key in SPECS[name].inputs}
    alone = build(name, photographs)
    alone.update(**mine)
    metric = build(name, photographs)

    def value(rank: int) -> Tensor:
        share = shares[rank]
        if share is None:
            metric._update_count = 1  # an idle process would be warned that it computes before any update
        else:
            metric.update(**{key: values[share] for key, values in mine.items()})
        result: Tensor = metric.compute()
        return result

    for result in across_processes(value):
        torch.testing.assert_close(result, alone.compute(), rtol=1e-7, atol=0)
