"""``spectralkit evaluate``: the numbers of the metrics on folders, and every file that is left out by name."""

from __future__ import annotations

import csv
import json
import os
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import save_file

from spectralkit.cli.main import main

EVALUATE = ["evaluate", "--generated", "made", "--metrics", "toy-mse"]
NAMES = ("a", "b", "c")


def draw(path: str, seed: int, size: tuple[int, int] = (8, 8)) -> None:
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.random.default_rng(seed).integers(0, 256, (*size, 3), dtype=np.uint8)).save(path)


@pytest.fixture
def folders(here: Path) -> Path:
    """Three pictures of three sizes in each of three folders."""
    for i, name in enumerate(NAMES):
        for j, (folder, suffix) in enumerate((("made", "png"), ("real", "tif"), ("drawn", "webp"))):
            draw(f"{folder}/{name}.{suffix}", 10 * i + j, (8, 8 + 2 * i))
    return here


def values(path: str) -> np.ndarray:
    with Image.open(path) as image:
        return np.asarray(image, dtype=float) / 255


def mean_square(name: str) -> float:
    return float(np.square(values(f"made/{name}.png") - values(f"real/{name}.tif")).mean())


def test_the_scores_are_those_of_the_pictures(folders: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*EVALUATE, "--reference", "real", "--out", "out", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    wanted = {name: mean_square(name) for name in NAMES}
    assert document["samples"] == 3
    assert document["scores"]["toy-mse"] == pytest.approx(np.mean(list(wanted.values())), rel=1e-5)
    with Path("out/samples.csv").open() as file:
        assert {row["id"]: float(row["toy-mse"]) for row in csv.DictReader(file)} == pytest.approx(wanted, rel=1e-5)
    assert json.loads(Path("out/metrics.json").read_text())["scores"] == document["scores"]
    assert sorted(path.name for path in Path("out").iterdir()) == ["evaluate.toml", "metrics.json", "samples.csv"]
    assert main([*EVALUATE, "--reference", "real", "--batch-size", "1", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["scores"] == pytest.approx(document["scores"], rel=1e-6)


def test_a_table_for_people(folders: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*EVALUATE, "--reference", "real"]) == 0
    out = capsys.readouterr().out
    assert out.startswith("made: 3 images\n")
    assert "toy-mse" in out
    assert sorted(path.name for path in folders.iterdir()) == ["drawn", "made", "real"]


def spoil() -> None:
    os.remove("real/a.tif")
    draw("real/d.tif", 7)
    Path("real/b.tif").write_text("no image")


def test_what_is_missing_or_unpaired_is_named(folders: Path, capsys: pytest.CaptureFixture[str]) -> None:
    spoil()
    assert main([*EVALUATE, "--reference", "real"]) == 2
    err = capsys.readouterr().err
    assert "1 generated images have no reference in real: a; 1 of real (reference) have no generated image: d" in err


@pytest.mark.filterwarnings("always")
def test_what_is_left_out_is_told(folders: Path, capsys: pytest.CaptureFixture[str]) -> None:
    spoil()
    assert main([*EVALUATE, "--reference", "real", "--on-error", "skip", "--json"]) == 0
    out, err = capsys.readouterr()
    document = json.loads(out)
    assert [row["id"] for row in document["rows"]] == ["c"]
    assert document["scores"]["toy-mse"] == pytest.approx(mean_square("c"), rel=1e-5)
    assert len(document["left_out"]) == 4
    for told in (
        "have no reference in real: a",
        "no generated image: d",
        "real/b.tif is no PNG",
        "1 of 2 images left out",
    ):
        assert told in err


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--metrics", "toy-mse"], "metric 'toy-mse' needs --reference DIR"),
        (["--metrics", "toy-mze"], "did you mean 'toy-mse'?"),
        (["--metrics", " "], "--metrics names none"),
        (["--generated", "nowhere", "--reference", "real"], "no folder at nowhere"),
        (["--reference", "real", "--latents", "nowhere"], "no file of latents at nowhere"),
        (
            ["--reference", "real", "--latents", "real/a.tif"],
            "latents real/a.tif are damaged, not finite, or no latents",
        ),
        (["--reference", "real", "--set", "toy-mze.x=1"], "'toy-mze'"),
        (["--reference", "real", "--set", "reference.depth=1"], "a folder has no parameter 'depth'"),
        (["--reference", "real", "--batch-size", "0"], "batch-size must be at least 1"),
        (["--reference", "model"], "folder model holds no image"),
    ],
)
def test_mistakes_are_told(options: list[str], told: str, folders: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("model").mkdir()
    assert main([*EVALUATE, *options]) == 2
    assert told in capsys.readouterr().err


def test_sizes_must_agree(folders: Path, capsys: pytest.CaptureFixture[str]) -> None:
    draw("real/b.tif", 1, (9, 9))
    assert main([*EVALUATE, "--reference", "real"]) == 2
    assert (
        "made/b.png and its reference real/b.tif differ in size, 8x10 and 9x9: bring all to one (--fit"
        in capsys.readouterr().err
    )


def cropped(path: str, side: int) -> np.ndarray:
    """The middle, without any code of the program."""
    image = values(path)
    y, x = ((length - side) // 2 for length in image.shape[:2])
    return image[y : y + side, x : x + side]


@pytest.mark.parametrize("fit", ["crop", "resize"])
def test_pictures_of_several_sizes_are_brought_to_one(
    fit: str, folders: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """To resize a picture whose shorter side is the size already changes nothing, so that both take its middle."""
    draw("real/b.tif", 1, (8, 21))
    assert main([*EVALUATE, "--reference", "real", "--fit", fit, "--size", "8", "--json"]) == 0
    wanted = [np.square(cropped(f"made/{name}.png", 8) - cropped(f"real/{name}.tif", 8)).mean() for name in NAMES]
    document = json.loads(capsys.readouterr().out)
    assert [row["toy-mse"] for row in document["rows"]] == pytest.approx(wanted, rel=1e-5)
    assert (document["config"]["fit"], document["config"]["size"]) == (fit, 8)


def test_a_picture_is_resized_by_its_shorter_side(folders: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Grey, its left third black, is 12x36 or 4x12: of the middle square nothing is black."""
    for folder, height, grey in (("made", 12, 200), ("real", 4, 100)):
        for name in NAMES:
            picture = np.full((height, 3 * height, 3), grey, np.uint8)
            picture[:, : height // 2] = 0
            Image.fromarray(picture).save(f"{folder}/{name}.{'png' if folder == 'made' else 'tif'}")
    assert main([*EVALUATE, "--reference", "real", "--fit", "resize", "--size", "6", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)["scores"]["toy-mse"]
    assert found == pytest.approx((100 / 255) ** 2, rel=1e-5)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--fit", "crop"], "fit and size go together"),
        (["--size", "8"], "fit and size go together"),
        (["--fit", "crop", "--size", "0"], "size must be between 1 and 8192, got 0"),
        (["--fit", "crop", "--size", "9"], "image made/a.png is 8x8, smaller than an image of 9x9: choose fit resize"),
        (["--fit", "resize", "--size", "8192"], "image made/c.png is 8x12, and would have more than 67108864 pixels"),
    ],
)
def test_sizes_that_cannot_be(options: list[str], told: str, folders: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*EVALUATE, "--reference", "real", *options]) == 2
    assert told in capsys.readouterr().err


@pytest.mark.filterwarnings("always")
def test_targets_are_looked_at_before_anything_is_scored(folders: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """All that is wrong with them is told at once, or left out; those of several sizes are brought to one."""
    for name, size in (("a", (8, 9)), ("b", (8, 8)), ("d", (8, 9))):
        draw(f"seen/{name}.png", 3, size)
    Path("seen/c.png").write_text("no image")
    evaluate = ["evaluate", "--generated", "made", "--metrics", "toy-gap", "--targets", "seen", "--json"]
    assert main(evaluate) == 2
    err = capsys.readouterr().err
    assert "image seen/b.png and the first of the targets differ in size, 8x8 and 8x9: bring all to one (--fit" in err
    assert "image seen/c.png is no PNG" in err
    assert main([*evaluate, "--on-error", "skip"]) == 0
    out, err = capsys.readouterr()
    assert "left out: image seen/b.png" in err
    assert "2 of 4 images left out" in json.loads(out)["left_out"]
    os.remove("seen/c.png")
    assert main([*evaluate, "--fit", "crop", "--size", "8"]) == 0
    found = json.loads(capsys.readouterr().out)["rows"]
    grey = np.mean([cropped(f"seen/{name}.png", 8).mean() for name in ("a", "b", "d")])
    wanted = [abs(cropped(f"made/{name}.png", 8).mean() - grey) for name in NAMES]
    assert [row["toy-gap"] for row in found] == pytest.approx(wanted, abs=1e-6)


@pytest.mark.filterwarnings("always")
def test_a_bad_first_picture_is_one_of_the_bad(folders: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """How many channels images have, the first good one tells."""
    Path("made/a.png").write_text("no image")
    assert main([*EVALUATE, "--reference", "real", "--on-error", "skip", "--json"]) == 0
    assert [row["id"] for row in json.loads(capsys.readouterr().out)["rows"]] == ["b", "c"]


def test_a_partner_that_is_no_file_is_refused(folders: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """To open a pipe would never end."""
    os.remove("real/b.tif")
    os.mkfifo("real/b.tif")
    assert main([*EVALUATE, "--reference", "real"]) == 2
    assert "real/b.tif is called an image and is a pipe: remove it" in capsys.readouterr().err


def test_one_folder_may_be_read_in_its_own_way(folders: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in NAMES:
        grey = (values(f"real/{name}.tif").mean(axis=2) * 4000).astype(np.uint16)
        os.remove(f"real/{name}.tif")
        Image.fromarray(grey).save(f"real/{name}.png")
    own = ["--set", "reference.intensity=0:4000", "--set", "reference.channels=0,0,0"]
    assert main([*EVALUATE, "--reference", "real", *own, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)["scores"]["toy-mse"]
    wanted = []
    for name in NAMES:
        with Image.open(f"real/{name}.png") as image:
            wanted.append(np.square(values(f"made/{name}.png") - np.asarray(image)[..., None] / 4000).mean())
    assert found == pytest.approx(np.mean(wanted), rel=1e-5)


def test_latents_belong_to_images_by_name(folders: Path, capsys: pytest.CaptureFixture[str]) -> None:
    save_file({f"{name}.png#0": torch.randn(3, 4, 4) for name in NAMES}, "latents.safetensors")
    assert main([*EVALUATE, "--reference", "real", "--latents", "latents.safetensors", "--quiet"]) == 0
    save_file({f"a.png#{i}": torch.randn(3, 4, 4) for i in range(2)}, "latents.safetensors")
    assert main([*EVALUATE, "--reference", "real", "--latents", "latents.safetensors"]) == 2
    assert "have several tiles of a" in capsys.readouterr().err


def test_a_run_evaluated_again(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Its pictures against themselves."""
    toy = ["--model", "gaussian", "--set", "model.process=toy", "--dataset", "toy", "--steps", "2", "--samples", "2"]
    assert main(["run", *toy, "--metrics", "toy-mse", "--save-latents", "--quiet", "--out", "run"]) == 0
    again = ["evaluate", "--generated", "run/samples", "--reference", "run/samples", "--metrics", "toy-mse", "--json"]
    assert main([*again, "--latents", "run/latents.safetensors"]) == 0
    assert json.loads(capsys.readouterr().out)["scores"] == {"toy-mse": 0.0}
