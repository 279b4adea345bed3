"""Models of two and of four channels, as microscopes have them: translated, scored and read again."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import tifffile
import torch

import spectralkit as sk
from spectralkit.cli.main import main

COUNTS = (2, 4)
STEPS = ["--steps", "2", "--quiet"]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Files of four channels of 12 bits in 16, as ImageJ writes them."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "cells").mkdir()
    for i in range(4):
        pixels = np.random.default_rng(i).integers(0, 4000, (4, 16, 16), dtype=np.uint16)
        tifffile.imwrite(f"cells/{i}.tif", pixels, imagej=True, metadata={"axes": "CYX"})
    return tmp_path / "cells"


@pytest.mark.parametrize("n", COUNTS)
@pytest.mark.parametrize("depth", [8, 16])
def test_files_are_translated_channel_by_channel(n, depth, folder, save, small):
    directory = save(small.unet(in_channels=n, out_channels=n), small.ddim())
    told = ["--intensity", "0:4095", "--channels", ",".join(map(str, range(n))), "--depth", str(depth), "--out", "out"]
    assert main(["translate", "cells", "--model", str(directory), *told, *STEPS]) == 0
    model, method = sk.load_model(directory), sk.load_method("standard")
    for path in sorted(folder.iterdir()):
        pixels = torch.from_numpy(tifffile.imread(path)[:n].astype(np.float32)) / 4095
        out = sk.translate(model, method, pixels[None], source="any", target="any", steps=2, ids=[f"{path.name}#0"])
        found = tifffile.imread(f"out/{path.name}").astype(float) / (2**depth - 1)
        np.testing.assert_allclose(found, out.images[0].numpy(), atol=1.01 / (2**depth - 1))


@pytest.mark.parametrize("n", COUNTS)
def test_a_data_set_is_run_and_its_results_are_scored(n, folder, save, small, capsys):
    pytest.importorskip("spectralkit_datasets_folder")
    pytest.importorskip("spectralkit_metrics_image")
    directory = save(small.unet(in_channels=n, out_channels=n), small.ddim())
    data = {"target": "cells", "degrade": "blur", "channels": ",".join(map(str, range(n))), "intensity": "0:4095"}
    settings = [f"--set=dataset.{key}={value}" for key, value in {**data, "size": 16, "held_out": 1}.items()]
    words = ["run", "--model", str(directory), "--dataset", "folder", "--metrics", "psnr,ssim", "--out", "run"]
    assert main([*words, *settings, *STEPS]) == 0
    scores = json.loads(Path("run/metrics.json").read_text())["scores"]
    reference = [
        "--reference",
        "cells",
        "--set",
        "reference.intensity=0:4095",
        "--set",
        f"reference.channels={data['channels']}",
    ]
    assert main(["evaluate", "--generated", "run/samples", *reference, "--metrics", "psnr,ssim", "--json"]) == 0
    again = json.loads(capsys.readouterr().out)["scores"]
    assert again == pytest.approx(scores, rel=0.02)  # of the images in 8 bits
