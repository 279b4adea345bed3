"""Edges2Shoes in pix2pix's layout: JPEG files of 512x256, edges beside their photograph."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw

from spectralkit.cli.main import main
from spectralkit.errors import ConfigurationError, DataError
from spectralkit.pictures.dividing import digest_of_name
from spectralkit.testing import conformance
from spectralkit.testing.downloads import prepared_once, silent, stopped
from spectralkit_datasets_edges2shoes import edges2shoes
from spectralkit_datasets_edges2shoes.edges2shoes import _division
from spectralkit_datasets_edges2shoes.preparation import Picture, prepare

TRAINED, HELD = 9, 4


def pair(path: Path, seed: int) -> None:
    """A box in outline, and filled with colours."""
    path.parent.mkdir(parents=True, exist_ok=True)
    random = np.random.default_rng(seed)
    box = (*random.integers(20, 100, 2), *random.integers(140, 240, 2))
    edges = Image.new("RGB", (256, 256), "white")
    ImageDraw.Draw(edges).rectangle([int(n) for n in box], outline="black", width=2)
    photo = Image.new("RGB", (256, 256), "white")
    coarse = Image.fromarray(random.integers(0, 200, (16, 16, 3), dtype=np.uint8))
    photo.paste(coarse.resize((int(box[2] - box[0]), int(box[3] - box[1]))), (int(box[0]), int(box[1])))
    both = Image.new("RGB", (512, 256))
    both.paste(edges, (0, 0))
    both.paste(photo, (256, 0))
    both.save(path, quality=95)


def fill(root: Path) -> Path:
    for number in range(1, TRAINED + 1):
        pair(root / f"train/{number}_AB.jpg", number)
    for number in range(1, HELD + 1):
        pair(root / f"val/{number}_AB.jpg", 100 + number)
    return root


KEPT = prepared_once(fill, prepare)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A download of one's own."""
    return Path(shutil.copytree(KEPT, tmp_path / "download"))


test_whole = conformance("dataset", "edges2shoes", root=str(KEPT))
test_small = conformance("dataset", "edges2shoes", root=str(KEPT), size=48)


def test_the_left_half_is_the_source_and_the_right_one_the_reference() -> None:
    data = edges2shoes(KEPT)
    assert [sample.id for sample in data] == [f"val-{number}" for number in range(1, HELD + 1)]
    pixels = torch.from_numpy(np.asarray(Image.open(KEPT / "val/1_AB.jpg")).copy()).permute(2, 0, 1) / 255
    assert torch.equal(data[0].source, pixels[:, :, :256])
    assert torch.equal(data[0].reference, pixels[:, :, 256:])
    small = edges2shoes(KEPT, size=64)[0].reference
    assert small.shape == (3, 64, 64)
    torch.testing.assert_close(small.mean(), pixels[:, :, 256:].mean(), atol=0.01, rtol=0)


def test_training_is_unpaired_by_parity() -> None:
    division = edges2shoes(KEPT).division
    assert [picture.number for picture in division.source] == [1, 3, 5, 7, 9]
    assert [picture.number for picture in division.target] == [2, 4, 6, 8]
    low, high = edges2shoes(KEPT).draw([0, 1], 256, torch.Generator().manual_seed(0))
    assert low.mean() > 0.95  # lines on white
    assert high.mean() < 0.9


pictures = st.lists(st.tuples(st.sampled_from(["train", "val"]), st.integers(1, 40), st.integers(0, 12)), max_size=40)


@settings(deadline=None)
@given(drawn=pictures)
@pytest.mark.filterwarnings("ignore:left out")
def test_no_content_is_in_two_parts(drawn: list[tuple[str, int, int]]) -> None:
    held = Picture("val", 0, "0_AB.jpg", digest_of_name("held"))
    made = [Picture(folder, n, f"{n}_AB.jpg", digest_of_name(str(c))) for folder, n, c in drawn]
    division = _division([held, *made], Path())
    parts = [{p.content for p in part} for part in (division.samples, division.source, division.target)]
    assert sum(map(len, parts)) == len(set.union(*parts))
    assert {p.content for p in (held, *made)} == set.union(*parts)  # none is left out everywhere
    again = _division([held, *made], Path())
    assert [p.id for p in again.samples] == [p.id for p in division.samples]
    assert (again.source, again.target) == (division.source, division.target)


def test_copies_are_left_out_and_counted(root: Path) -> None:
    shutil.copy(root / "val/2_AB.jpg", root / "train/3_AB.jpg")
    shutil.copy(root / "train/5_AB.jpg", root / "train/6_AB.jpg")
    assert prepare(root, silent).problems == []
    with pytest.warns(UserWarning, match="left out: 2 training pictures that are copies"):
        division = edges2shoes(root).division
    assert [picture.number for picture in division.source] == [1, 5, 7, 9]
    assert [picture.number for picture in division.target] == [2, 4, 8]


def test_everything_that_is_wrong_is_told_by_its_file(root: Path) -> None:
    (root / "train/2_AB.jpg").unlink()
    for number in (4, 5, 6):
        (root / f"train/{number}_AB.jpg").unlink()
    whole = (root / "train/7_AB.jpg").read_bytes()
    (root / "train/7_AB.jpg").write_bytes(whole[: len(whole) // 2])
    Image.new("L", (512, 256)).save(root / "train/8_AB.jpg")
    Image.new("RGB", (256, 256)).save(root / "train/9_AB.jpg")
    Image.new("RGB", (512, 256)).save(root / "val/01_AB.jpg")
    Image.new("RGB", (512, 256)).save(root / "val/shoe.jpg")
    (root / "val/4_AB.jpg").unlink()
    (root / "val/4_AB.jpg").symlink_to(root / "val/4_AB.jpg")
    found = prepare(root, silent)
    assert found.counts == {"train of 49825": 2, "val of 200": 3}
    for file, reason in (
        ("val/1_AB.jpg", "has the number of 01_AB.jpg"),
        ("train/2_AB.jpg", "is missing"),
        ("train/4_AB.jpg", "to 6_AB.jpg are missing, 3 files"),
        ("val/shoe.jpg", "is not called like"),
        ("val/4_AB.jpg", "circle"),
        ("train/7_AB.jpg", "damaged"),
        ("train/8_AB.jpg", "RGB is wanted"),
        ("train/9_AB.jpg", "is 256x256, and 512x256 is wanted"),
    ):
        (told,) = (line for line in found.problems if str(root / file) in line)
        assert reason in told
    assert len(found.problems) == 8
    with pytest.raises(DataError, match="8 problems: "):
        edges2shoes(root)
    with pytest.warns(UserWarning, match="left out: "):
        assert len(edges2shoes(root, on_error="skip")) == 3


def test_a_picture_that_would_be_too_large_is_never_decoded(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Image.new("1", (9000, 9000)).save(root / "val/5_AB.jpg")  # 81 million pixels

    def decoded(*arguments: Any) -> None:
        raise AssertionError("it was decoded")

    monkeypatch.setattr("spectralkit.pictures.pillow._plain", decoded)
    for number in range(1, HELD + 1):
        (root / f"val/{number}_AB.jpg").unlink()
    (problem,) = (line for line in prepare(root, silent).problems if "too large" in line)
    assert "5_AB.jpg of 9000x9000 is too large" in problem


def test_a_preparation_that_was_stopped_goes_on(root: Path) -> None:
    stopped(prepare, root)
    lines: list[str] = []
    prepare(root, lines.append)
    assert lines == [f"val-0 (2 of 2): {HELD} good, 0 problems"]


def test_what_does_not_fit_is_refused(root: Path, tmp_path: Path) -> None:
    for options, told in (({"size": 300}, "choose 8 to 256"), ({"compared": 0}, "at least 1")):
        with pytest.raises(ConfigurationError, match=told):
            edges2shoes(root, **options)
    with pytest.raises(DataError, match=r"cannot look into folder .*train: No such file"):
        prepare(tmp_path, silent)
    with pytest.raises(DataError, match="no folder at"):
        edges2shoes(tmp_path / "nowhere")


def test_a_run_and_a_training(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("spectralkit_models_ddim", reason="another package")
    monkeypatch.chdir(tmp_path)
    data = ["--dataset", "edges2shoes", f"--set=dataset.root={KEPT}", "--set=dataset.size=16"]
    run = ["run", "--model", "gaussian", *data, "--steps", "1", "--samples", "1", "--quiet", "--out", "out"]
    assert main(run) == 0
    training = pytest.importorskip("spectralkit_models_training.testing", reason="another package")
    network = ["--size=16", "--widths=16,16", "--layers=1", "--device=cpu"]
    small = [*network, "--steps=2", "--batch=2", "--score=none", "--sample-steps=1", "--quiet"]
    assert training.inside("train", *data, *small, "--out", "model") == 0
