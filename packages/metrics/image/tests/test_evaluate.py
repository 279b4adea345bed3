"""``spectralkit evaluate`` on two folders against the libraries' own numbers."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from skimage.metrics import peak_signal_noise_ratio

from spectralkit.cli.main import main
from spectralkit.torchvision_fix import repair_torchvision

repair_torchvision()
from torchmetrics.functional.image import structural_similarity_index_measure  # noqa: E402  (after the repair)


def test_pairs_of_two_folders(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    noise, psnr, ssim = np.random.default_rng(0), [], []
    for i in range(5):
        real = noise.integers(0, 256, (32, 32, 3), dtype=np.uint8)
        made = (real + noise.normal(0, 20, real.shape)).clip(0, 255).astype(np.uint8)
        for folder, pixels in (("real", real), ("made", made)):
            (tmp_path / folder).mkdir(exist_ok=True)
            Image.fromarray(pixels).save(tmp_path / folder / f"{i}.png")
        psnr.append(peak_signal_noise_ratio(real, made))
        pair = (torch.from_numpy(pixels).permute(2, 0, 1)[None].double() / 255 for pixels in (made, real))
        ssim.append(float(structural_similarity_index_measure(*pair, data_range=1.0)))
    folders = ["--generated", str(tmp_path / "made"), "--reference", str(tmp_path / "real")]
    assert main(["evaluate", *folders, "--metrics", "psnr,ssim", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    for name, wanted in (("psnr", psnr), ("ssim", ssim)):
        assert document["scores"][name] == pytest.approx(np.mean(wanted), rel=1e-5)
        assert [row[name] for row in document["rows"]] == pytest.approx(wanted, rel=1e-5)
