"""The page generator, importable, and a small model of every kind with a closed form behind it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import cast

import pytest
import torch
from torch import Tensor

from spectralkit.diffusion.denoiser import NetworkDenoiser
from spectralkit.diffusion.process import Process
from spectralkit.models.model import Model, PixelCodec
from spectralkit.plugins.registry import registry
from spectralkit.testing.oracle import OracleNetwork, random_gaussian
from spectralkit_metrics_spectral.cache import forget

DOCS = Path(__file__).parents[1]
STEPS = 6

sys.path.insert(0, str(DOCS))  # where `python docs/generate.py` finds its modules


@pytest.fixture(scope="session")
def model_of() -> Callable[[str], Model]:
    """A model of a parameterization by name: its network is what a perfectly trained one would be."""

    def build(name: str) -> Model:
        process = cast(Process, registry().build("parameterization", name))
        data = random_gaussian(0)
        network = OracleNetwork(data, process.parameterization, process.schedule.levels(STEPS))
        rows = torch.eye(3)
        return Model(
            name=name,
            denoiser=NetworkDenoiser(network, process.parameterization, torch.float64),
            schedule=process.schedule,
            codec=PixelCodec(),
            conditions={"low": rows[:1], "high": rows[1:2]},
            null=rows[2:],
            shape=(3, 8, 8),
            dataset="toy",
        )

    return build


@pytest.fixture(scope="session")
def images() -> Tensor:
    """(2, 3, 8, 8) in [0, 1], smooth, with a little of every frequency."""
    generator = torch.Generator().manual_seed(0)
    smooth = torch.rand(2, 3, 1, 1, generator=generator).expand(2, 3, 8, 8)
    return (0.9 * smooth + 0.1 * torch.rand(2, 3, 8, 8, generator=generator)).clone()


@pytest.fixture(scope="module", autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Calibrations of S_DC's null, kept from the user's own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("spectralkit_metrics_spectral.cache.user_cache_path", lambda _: tmp_path_factory.getbasetemp())
        forget()
        yield
    forget()
