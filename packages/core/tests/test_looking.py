"""A data set before it is used: its preview, its facts, the slope of its spectrum."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from spectralkit.cli.main import main
from spectralkit.running.looking import spectral_slope


@pytest.mark.parametrize("slope", [0.0, 1.5, 3.0])
@pytest.mark.parametrize("size", [(64, 64), (48, 96)])
def test_the_slope_of_a_power_law_is_found(slope: float, size: tuple[int, int]) -> None:
    height, width = size
    frequency = torch.hypot(torch.fft.fftfreq(height)[:, None], torch.fft.fftfreq(width)[None])
    amplitude = torch.where(frequency > 0, frequency.clamp(min=1e-9) ** (-slope / 2), 0.0)
    generator = torch.Generator().manual_seed(0)
    fields = (
        torch.fft.ifft2(torch.fft.fft2(torch.randn(3, *size, generator=generator)) * amplitude) for _ in range(64)
    )
    assert spectral_slope(field.real for field in fields) == pytest.approx(slope, abs=0.1)


def test_images_too_small_have_no_slope() -> None:
    assert spectral_slope([torch.rand(3, 6, 6)]) is None


def test_a_preview_shows_every_domain(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["datasets", "preview", "toy", "--out", "toy.png", "--samples", "3"]) == 0
    assert capsys.readouterr().out == "picture  toy.png\n"
    with Image.open("toy.png") as image:
        assert image.height > 3 * 192
        assert np.asarray(image).std() > 20
    assert sorted(path.name for path in here.iterdir()) == ["toy.png"]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["preview"], "a preview needs a data set and a file"),
        (["preview", "toy"], "a preview needs a data set and a file"),
        (["preview", "toi", "--out", "a.png"], "did you mean 'toy'?"),
        (["preview", "toy", "--out", "a.jpg"], "a preview is a PNG file"),
        (["preview", "toy", "--out", "there.png"], "file there.png already exists"),
        (["preview", "toy", "--out", "no/a.png"], "cannot write preview no/a.png: No such file"),
        (["preview", "toy", "--out", "a.png", "--samples", "0"], "samples must be at least 1"),
        (["preview", "toy", "--out", "a.png", "--set", "model.x=1"], "'model'"),
        (["preview", "toy", "--out", "a.png", "--set", "dataset.x=1"], "x"),
        (["--out", "a.png"], "belong to a preview"),
        (["show", "toy"], "invalid choice: 'show'"),
    ],
)
def test_mistakes_are_told(arguments: list[str], told: str, here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("there.png").write_text("")
    assert main(["datasets", *arguments]) == 2
    err = capsys.readouterr().err
    assert told in err
    assert err.count("\n") == 1
    assert sorted(path.name for path in here.iterdir()) == ["there.png"]


def test_the_description_of_a_data_set_is_of_what_it_is(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["describe", "dataset", "toy", "--json"]) == 0
    measured = json.loads(capsys.readouterr().out)["measured"]
    assert measured["shape"] == [3, 8, 8]
    assert measured["conditions"] == "low -> high"
    assert main(["describe", "dataset", "toy", "--set", "dataset.height=4"]) == 0
    assert "3, 4, 8" in capsys.readouterr().out
    assert main(["describe", "dataset", "toy", "--set", "dataset.heigth=4"]) == 2
    assert main(["describe", "method", "standard", "--set", "dataset.height=4"]) == 2
    assert "leave it out" in capsys.readouterr().err
