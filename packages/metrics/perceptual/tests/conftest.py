"""A small feature network and Gaussian feature sets."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import Tensor
from torch.nn.functional import adaptive_avg_pool2d

from spectralkit_metrics_perceptual import Features


class PooledFeatures(Features):
    """Twelve block means of an image: enough of a network to test what is built on one."""

    dimension = 12

    def extract(self, images: Tensor) -> Tensor:
        return adaptive_avg_pool2d(images.float() / 255, 2).flatten(1)


@pytest.fixture
def features() -> Features:
    return PooledFeatures()


@pytest.fixture
def generated() -> Tensor:
    return torch.rand(40, 3, 8, 8, generator=torch.Generator().manual_seed(0))


@pytest.fixture
def real() -> Tensor:
    return torch.rand(30, 3, 8, 8, generator=torch.Generator().manual_seed(1)) ** 1.5


@pytest.fixture
def empty_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A torch home without a single weight; returns the folder of the weights."""
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    folder = tmp_path / "hub" / "checkpoints"
    folder.mkdir(parents=True)
    return folder
