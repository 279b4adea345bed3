"""``spectralkit translate`` on what people have: deep files, several channels, subfolders, bad files among them."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import tifffile
import torch
from PIL import Image
from safetensors.torch import load_file

import spectralkit as sk
from spectralkit.cli.main import main
from spectralkit.models.card import Card

TRANSLATE = ["translate", "--model", "./model", "--method", "toy-noised", "--steps", "2", "--out", "out"]

CARD = Card(process="toy", process_parameters={}, conditions=("low",), shape=(3, 8, 8), dataset="toy", training={})


@pytest.fixture
def here(here: Path, written: Callable[..., Path]) -> Path:
    written(here / "model")
    return here


def draw(path: str, seed: int = 0, size: tuple[int, int] = (8, 8)) -> np.ndarray:
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng(seed).integers(0, 256, (*size, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(path)
    return pixels


def record() -> dict:
    return tomllib.loads(Path("out/translate.toml").read_text())


def directly(image: np.ndarray, name: str) -> sk.Output:
    """(H, W, C) in [0, 1]."""
    images = torch.from_numpy(image.astype(np.float32)).permute(2, 0, 1)[None]
    model, method = sk.load_model("./model"), sk.load_method("toy-noised")
    return sk.translate(model, method, images, source="low", target="high", steps=2, ids=[f"{name}#0"])


def test_channels_of_16_bits_in_and_16_bits_out(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pixels = np.random.default_rng(0).integers(100, 3000, (4, 8, 8), dtype=np.uint16)
    tifffile.imwrite("a.tif", pixels, imagej=True, metadata={"axes": "CYX"})
    told = ["--channels", "3,0,1", "--intensity", "200:2500", "--depth", "16"]
    assert main([*TRANSLATE, "a.tif", *told]) == 0
    image = ((pixels[[3, 0, 1]].transpose(1, 2, 0).astype(float) - 200) / 2300).clip(0, 1)
    wanted = directly(image, "a.tif").images[0].permute(1, 2, 0).numpy()
    found = tifffile.imread("out/a.tif")
    assert found.dtype == np.uint16
    np.testing.assert_allclose(found / 65535, wanted, atol=1e-4)  # float32 through the network, and half a level
    assert (found % 257 != 0).mean() > 0.5  # not 8 bits spread over 16
    assert "values   200:2500: from 200 to 2500 as [0, 1]" in capsys.readouterr().out
    written = record()
    assert {key: written["translate"][key] for key in ("channels", "intensity", "depth")} == {
        "channels": "3,0,1",
        "intensity": "200:2500",
        "depth": 16,
    }
    assert written["intensity"] == {"a.tif": [[200.0, 2500.0]]}


def test_the_limits_that_percentiles_gave_are_recorded_by_file(here: Path) -> None:
    for i in range(2):
        Image.fromarray(np.arange(64, dtype=np.uint16).reshape(8, 8) * (i + 1)).save(f"{i}.png")
    told = ["--channels", "0,0,0", "--intensity", "0%:100%", "--quiet"]
    assert main([*TRANSLATE, "0.png", "1.png", *told]) == 0
    assert record()["intensity"] == {"0.png": [[0.0, 63.0]], "1.png": [[0.0, 126.0]]}


def test_each_channel_has_limits_of_its_own(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pixels = np.arange(64, dtype=np.uint16).reshape(8, 8) * np.array([1, 9, 5, 2], np.uint16)[:, None, None] + 3
    tifffile.imwrite("a.tif", pixels, imagej=True, metadata={"axes": "CYX"})
    assert main([*TRANSLATE, "a.tif", "--channels", "3,0,2", "--intensity", "0%:100%"]) == 0
    assert record()["intensity"] == {"a.png": [[3.0, 66.0], [3.0, 318.0], [3.0, 129.0]]}  # channels 0, 2 and 3
    assert "values   0%:100%: from 3 to 318 as [0, 1]" in capsys.readouterr().out


def test_latents_are_written_by_image_and_tile(here: Path) -> None:
    pixels = draw("deep/a.png")
    draw("deep/b.png", 1, (8, 14))
    assert main([*TRANSLATE, "deep", "--save-latents", "--quiet"]) == 0
    latents = load_file("out/latents.safetensors")
    assert set(latents) == {"a.png#0", "b.png#0", "b.png#1"}
    torch.testing.assert_close(latents["a.png#0"], directly(pixels / 255, "a.png").latent[0])


def test_subfolders_are_kept(here: Path) -> None:
    for seed, path in enumerate(("in/a.png", "in/one/a.png", "in/one/two/b.jpg")):
        draw(path, seed)
    assert main([*TRANSLATE, "in", "--recursive", "--quiet"]) == 0
    made = {str(path.relative_to("out")) for path in Path("out").rglob("*.png")}
    assert made == {"a.png", "one/a.png", "one/two/b.png"} == set(record()["translate"]["images"])


def spoil() -> None:
    draw("in/a.png")
    draw("in/small.png", 1, (5, 5))
    Path("in/text.png").write_text("no image")
    Image.new("L", (8, 8)).save("in/grey.png")


def test_bad_files_are_all_told_before_any_work(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    spoil()
    assert main([*TRANSLATE, "in"]) == 2
    err = capsys.readouterr().err
    assert err.count("\n") == 1
    assert err.startswith("spectralkit: error: 3 of 4 images cannot be used: ")
    for reason in ("small.png: an image of 5x5 is smaller", "text.png is no PNG", "grey.png is greyscale of 8 bits"):
        assert reason in err
    assert not Path("out").exists()


def test_no_reason_is_cut_out_of_the_middle(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Each says 'all', and between two of these there is more than a long value."""
    names = [f"in/a-rather-long-name-of-a-stack-{i}.tif" for i in range(4)]
    Path("in").mkdir()
    for i, name in enumerate(names):
        tifffile.imwrite(name, np.zeros((2 + i, 8, 8), np.uint8), photometric="minisblack")
    assert main([*TRANSLATE, "in"]) == 2
    err = capsys.readouterr().err
    for i in range(4):
        assert f"holds {2 + i} images: choose one by its frame, 0 to {1 + i}, take 'all' as channels" in err
    assert all(name in err for name in names)


@pytest.mark.parametrize("make", [os.mkfifo, lambda path: os.symlink("nowhere", path), os.mkdir])
@pytest.mark.filterwarnings("always:.*left out")
def test_what_is_called_an_image_and_is_none_is_a_bad_file_too(
    make: Callable[[str], object], here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    spoil()
    make("in/strange.png")
    assert main([*TRANSLATE, "in"]) == 2
    err = capsys.readouterr().err
    assert "4 of 5 images cannot be used" in err
    assert "in/strange.png is called an image and is a " in err
    assert main([*TRANSLATE, "in", "--on-error", "skip"]) == 0
    assert "4 of 5 images left out" in capsys.readouterr().err
    assert "in/strange.png" in record()["skipped"]


@pytest.mark.filterwarnings("always:.*left out")
def test_bad_files_are_left_out_on_request_and_told(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    spoil()
    assert main([*TRANSLATE, "in", "--on-error", "skip", "--json"]) == 0
    out, err = capsys.readouterr()
    assert err.count("left out: ") == 3
    assert err.splitlines()[-1].endswith("3 of 4 images left out")
    assert [Path(path).name for path in json.loads(out)["images"]] == ["a.png"]
    skipped = {f"in/{name}.png" for name in ("grey", "small", "text")}
    assert set(json.loads(out)["skipped"]) == set(record()["skipped"]) == skipped
    Path("in/a.png").unlink()
    shutil.rmtree("out")
    assert main([*TRANSLATE, "in", "--on-error", "skip"]) == 2
    assert "3 of 3 images cannot be used" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["translate", "nowhere.png"], "no image or folder at nowhere.png"),
        (["translate", "a.png", "--model", "./nowhere"], "no checkpoint at ./nowhere"),
        (["translate", "a.png", "--model", "model"], "of the directory of that name write ./model"),
        (["run", "--model", "./nowhere"], "no checkpoint at ./nowhere"),
        (["translate", "a.png", "--model", "nobodys"], "unknown model 'nobodys'"),
        (["translate", "four.tif", "--model", "./model"], "four.tif has 4 channels of 8 bits, and RGB is wanted"),
        (["translate", "four.tif", "--model", "./card"], "four.tif has 4 channels of 8 bits, and RGB is wanted"),
        (["translate", "four.tif", "--model", "edm"], "four.tif has 4 channels of 8 bits, and RGB is wanted"),
        (["translate", "a.png", "--model", "edm"], "a.png: an image of 8x8 is smaller than a tile of 64x64"),
        (["translate", "a.png", "--model", "./model", "--upsample", "0"], "upsample must be at least 1"),
        (["evaluate", "--generated", "nowhere", "--metrics", "toy-mse"], "no folder at nowhere"),
        (["evaluate", "--generated", ".", "--targets", "nowhere", "--metrics", "toy-mse"], "no folder at nowhere"),
        (["evaluate", "--generated", ".", "--metrics", "nobodys"], "unknown metric 'nobodys'"),
    ],
    ids=str,
)
def test_what_is_missing_or_does_not_fit_is_told_without_torch(words: list[str], told: str, here: Path) -> None:
    """Which takes seconds to import; so is a picture that does not fit the model, whose shape is known without it."""
    if "edm" in words:
        pytest.importorskip("spectralkit_models_latent", reason="another package")
    draw("a.png")
    tifffile.imwrite("four.tif", np.zeros((4, 8, 8), np.uint8), imagej=True, metadata={"axes": "CYX"})
    Path("card").mkdir()
    Path("card/spectralkit.json").write_text(json.dumps(CARD.document()))
    program = (
        f"import sys; from spectralkit.cli.main import main; code = main({words!r}); "
        "sys.exit(99 if 'torch' in sys.modules else code)"
    )
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert told in ended.stderr
