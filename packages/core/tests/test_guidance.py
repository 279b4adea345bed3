"""Classifier-free guidance: conditional at 1, unconditional at 0, affine in between and beyond."""

from __future__ import annotations

import attrs
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from spectralkit.diffusion.denoiser import Condition, Denoiser, NetworkDenoiser, evaluations
from spectralkit.diffusion.parameterization import EDMParameterization
from spectralkit.diffusion.prediction import Prediction
from spectralkit.diffusion.schedule import Level
from spectralkit.testing.oracle import one_hot, random_denoiser, random_gaussian
from spectralkit.testing.strategies import VP_PARAMETERIZATIONS, normal, seeds, ve_levels, vp_levels

DENOISERS = (*VP_PARAMETERIZATIONS, EDMParameterization(), None)


def build(kind: object, seed: int) -> Denoiser:
    return random_gaussian(seed) if kind is None else random_denoiser(seed, kind)  # type: ignore[arg-type]


def both(prediction: Prediction) -> Tensor:
    return torch.cat((prediction.x0, prediction.eps))


@pytest.mark.parametrize("kind", DENOISERS, ids=lambda kind: type(kind).__name__)
@settings(max_examples=25)
@given(seed=seeds(), w=st.floats(-3, 8), level=st.one_of(vp_levels(), ve_levels()))
def test_guidance_is_affine_in_its_weight(kind: object, seed: int, w: float, level: Level) -> None:
    denoiser = build(kind, seed % 1000)
    x, condition = normal(seed, 2, 3, 8, 8), one_hot(0)
    null = both(denoiser(x, level, condition, 0.0))
    conditional = both(denoiser(x, level, condition, 1.0))
    assert torch.equal(null, both(denoiser(x, level, Condition(condition.null, condition.null), 1.0)))
    guided = both(denoiser(x, level, condition, w))
    # x0_hat and eps_hat grow by 1 / alpha and 1 / sigma, up to 500.
    torch.testing.assert_close(guided, null + w * (conditional - null), rtol=1e-9, atol=1e-9)


@given(seed=seeds(), w=st.floats(-3, 8), level=vp_levels())
@settings(max_examples=25)
def test_a_null_condition_cannot_be_guided(seed: int, w: float, level: Level) -> None:
    denoiser = random_denoiser(seed % 1000)
    x, null = normal(seed, 2, 3, 8, 8), one_hot(0).null
    torch.testing.assert_close(
        both(denoiser(x, level, Condition(null, null), w)), both(denoiser(x, level, Condition(null, null), 1.0))
    )


class Blind(nn.Module):
    """Passes no gradient on."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, x: Tensor, label: Tensor, embedding: Tensor) -> Tensor:
        output: Tensor = self.network(x, label, embedding)
        return output.detach()


@pytest.mark.parametrize("kind", DENOISERS[:-1], ids=lambda kind: type(kind).__name__)
def test_a_gradient_goes_through_the_network_or_nowhere(kind: object) -> None:
    denoiser = build(kind, 0)
    assert isinstance(denoiser, NetworkDenoiser)
    blind = attrs.evolve(denoiser, network=Blind(denoiser.network))
    x, level = normal(0, 2, 3, 8, 8).requires_grad_(), Level(1.0, 0.8, 0.6)
    assert both(denoiser(x, level, one_hot(0))).requires_grad
    assert not both(blind(x, level, one_hot(0))).requires_grad


class Recorder(nn.Module):
    """Counts the rows it is given, and remembers their embeddings."""

    def __init__(self) -> None:
        super().__init__()
        self.rows = 0

    def forward(self, x: Tensor, label: Tensor, embedding: Tensor) -> Tensor:
        assert x.shape[0] == label.shape[0] == embedding.shape[0]
        self.rows += x.shape[0]
        return x * embedding[:, :1, None, None]


@pytest.mark.parametrize(("w", "rows"), [(1.0, 1), (0.0, 1), (2.0, 2), (0.5, 2), (-1.0, 2)])
def test_guidance_costs_what_it_says(w: float, rows: int) -> None:
    network = Recorder()
    denoiser = NetworkDenoiser(network, VP_PARAMETERIZATIONS[0], torch.float64)
    denoiser(normal(0, 3, 1, 4, 4), Level(0.0, 0.8, 0.6), one_hot(0), w)
    assert network.rows == 3 * rows == 3 * evaluations(w, one_hot(0))


@given(seed=seeds(), w=st.sampled_from((0.0, 1.0, 3.0)))
@settings(max_examples=10)
def test_per_sample_conditions_act_on_their_own_sample(seed: int, w: float) -> None:
    denoiser, level = random_gaussian(seed), Level(100.0, 0.8, 0.6)
    x = normal(seed, 2, 3, 8, 8)
    rows = [one_hot(0), one_hot(1)]
    batch = Condition(torch.cat([c.embedding for c in rows]), torch.cat([c.null for c in rows]))
    together = denoiser(x, level, batch, w).x0
    for i, condition in enumerate(rows):
        torch.testing.assert_close(together[i : i + 1], denoiser(x[i : i + 1], level, condition, w).x0)


def test_only_the_network_runs_in_low_precision() -> None:
    precise = random_denoiser(0)
    coarse = attrs.evolve(precise, network=random_denoiser(0).network.float(), dtype=torch.float32)
    x, level = normal(0, 2, 3, 8, 8), Level(100.0, 0.8, 0.6)
    prediction = coarse(x, level, one_hot(0))
    assert prediction.x0.dtype == prediction.eps.dtype == torch.float64
    torch.testing.assert_close(level.alpha * prediction.x0 + level.sigma * prediction.eps, x, rtol=0, atol=1e-14)
    torch.testing.assert_close(prediction.x0, precise(x, level, one_hot(0)).x0, rtol=1e-4, atol=1e-5)
