"""``spectralkit evaluate`` on two folders against scikit-image's own numbers."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from skimage.metrics import peak_signal_noise_ratio

from spectralkit.cli.main import main


def test_psnr_of_two_folders(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    noise, wanted = np.random.default_rng(0), []
    for i in range(5):
        real = noise.integers(0, 256, (32, 32, 3), dtype=np.uint8)
        made = (real + noise.normal(0, 20, real.shape)).clip(0, 255).astype(np.uint8)
        for folder, pixels in (("real", real), ("made", made)):
            (tmp_path / folder).mkdir(exist_ok=True)
            Image.fromarray(pixels).save(tmp_path / folder / f"{i}.png")
        wanted.append(peak_signal_noise_ratio(real, made))
    folders = ["--generated", str(tmp_path / "made"), "--reference", str(tmp_path / "real")]
    assert main(["evaluate", *folders, "--metrics", "psnr", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["scores"]["psnr"] == pytest.approx(np.mean(wanted), rel=1e-5)
    assert [row["psnr"] for row in document["rows"]] == pytest.approx(wanted, rel=1e-5)
