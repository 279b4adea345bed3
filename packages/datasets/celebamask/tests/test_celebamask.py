"""CelebAMask-HQ in its own layout: photographs of 1024x1024, masks of 512x512 a part, the mapping to CelebA."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image, ImageDraw

from spectralkit.cli.main import main
from spectralkit.errors import ConfigurationError, DataError
from spectralkit.testing import conformance
from spectralkit.testing.downloads import prepared_once, silent, stopped
from spectralkit_datasets_celebamask import celebamask
from spectralkit_datasets_celebamask.faces import COLOURS, coloured, outlined
from spectralkit_datasets_celebamask.preparation import PARTS, prepare

NUMBERS = {0: 119613, 1: 99094, 2: 200121, 3: 81059, 4: 7, 5: 162769, 2001: 182637, 2002: 162770}
"""In CelebAMask-HQ and in CelebA; 2 and 2001 are of its test images, 2002 of its validation images."""

BOXES = {"skin": (120, 100, 390, 480), "hair": (100, 40, 410, 140), "l_eye": (170, 220, 220, 250)}


def face(root: Path, number: int) -> None:
    """A photograph, and three of its parts: as grey, black and white, and indexed colours."""
    random = np.random.default_rng(number)
    coarse = Image.fromarray(random.integers(0, 256, (32, 32, 3), dtype=np.uint8))
    (root / "CelebA-HQ-img").mkdir(parents=True, exist_ok=True)
    coarse.resize((1024, 1024)).save(root / f"CelebA-HQ-img/{number}.jpg")
    folder = root / f"CelebAMask-HQ-mask-anno/{number // 2000}"
    folder.mkdir(parents=True, exist_ok=True)
    for (part, box), mode in zip(BOXES.items(), ("RGB", "L", "P"), strict=True):
        mask = Image.new("L", (512, 512))
        ImageDraw.Draw(mask).rectangle([n + int(random.integers(-9, 9)) for n in box], fill=255)
        mask.convert(mode).save(folder / f"{number:05}_{part}.png")


def fill(root: Path) -> Path:
    for number in NUMBERS:
        face(root, number)
    lines = [f"{number:<12}{original:<12}{original + 1:06}.jpg" for number, original in NUMBERS.items()]
    (root / "CelebA-HQ-to-CelebA-mapping.txt").write_text("\n".join(["idx   orig_idx    orig_file", *lines]) + "\n")
    return root


KEPT = prepared_once(fill, prepare)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A download of one's own."""
    return Path(shutil.copytree(KEPT, tmp_path / "download"))


test_sketch = conformance("dataset", "celebamask", root=str(KEPT), size=64)
test_masks = conformance("dataset", "celebamask", root=str(KEPT), task="masks", size=48, held_out="val")


def test_who_shows_what() -> None:
    data = celebamask(KEPT, size=64)
    assert [sample.id for sample in data] == ["00002", "02001"]
    assert [f.number for f in data.division.source] == [0, 4]
    assert [f.number for f in data.division.target] == [1, 3, 5]
    assert [sample.id for sample in celebamask(KEPT, size=64, held_out="val")] == ["02002"]


def test_parts_lie_on_one_another_and_are_seen_in_their_colours() -> None:
    sample = celebamask(KEPT, task="masks", size=512)[0]
    found = (sample.source * 255).round().byte().permute(1, 2, 0).numpy()
    wanted = np.full((512, 512, 3), 255, np.uint8)
    for part in sorted(BOXES, key=PARTS.index):
        mask = np.asarray(Image.open(KEPT / f"CelebAMask-HQ-mask-anno/0/00002_{part}.png").convert("L")) > 127
        wanted[mask] = COLOURS[1 + PARTS.index(part)]
    assert np.array_equal(found, wanted)
    assert sample.reference is not None
    photograph = np.asarray(Image.open(KEPT / "CelebA-HQ-img/2.jpg")).astype(np.float32) / 255
    halved = photograph.reshape(512, 2, 512, 2, 3).mean(axis=(1, 3)).transpose(2, 0, 1)
    assert np.abs(sample.reference.numpy() - halved).mean() < 0.01


@given(found=arrays(np.uint8, (9, 7), elements=st.integers(0, len(PARTS))))
def test_a_line_is_where_a_part_ends(found: np.ndarray) -> None:
    drawn = outlined(found)
    assert drawn.shape == (3, 9, 7)
    assert set(drawn.unique().tolist()) <= {0.0, 1.0}
    for y, x in np.ndindex(9, 7):
        neighbours = [found[v, u] for v, u in ((y + 1, x), (y, x + 1)) if v < 9 and u < 7]
        assert bool(drawn[0, y, x] == 0) == any(other != found[y, x] for other in neighbours)
    left, right = PARTS.index("l_eye") + 1, PARTS.index("r_eye") + 1
    other = np.where(found == left, right, np.where(found == right, left, found))
    assert torch.equal(coloured(found), coloured(other))


def test_everything_that_is_wrong_is_told_by_its_file(root: Path) -> None:
    images, masks = root / "CelebA-HQ-img", root / "CelebAMask-HQ-mask-anno/0"
    (images / "0.jpg").unlink()
    (images / "1.jpg").write_bytes((images / "1.jpg").read_bytes()[:3000])
    Image.new("L", (1024, 1024)).save(images / "2.jpg")
    for part in BOXES:
        (masks / f"00003_{part}.png").unlink()
    Image.new("L", (256, 512)).save(masks / "00004_skin.png")
    (masks / "00005_hair.png").write_bytes(b"no picture")
    (masks / "00005_moustache.png").write_bytes(b"")
    (masks / "02001_hat.png").write_bytes(b"")
    found = prepare(root, silent)
    assert found.counts == {"faces of 8": 2, "masks": 6}
    for file, reason in (
        (images / "0.jpg", "No such file"),
        (images / "1.jpg", "damaged"),
        (images / "2.jpg", "RGB is wanted"),
        (images / "3.jpg", "has no mask in"),
        (masks / "00004_skin.png", "is 256x512"),
        (masks / "00005_hair.png", "is no PNG"),
        (masks / "00005_moustache.png", "is not called like"),
        (masks / "02001_hat.png", "lies in the wrong folder: move it to 1"),
    ):
        (line,) = (problem for problem in found.problems if str(file) in problem)
        assert reason in line
    assert len(found.problems) == 8
    with pytest.raises(DataError, match="8 problems: "):
        celebamask(root)
    with pytest.warns(UserWarning, match="left out: "):
        assert [sample.id for sample in celebamask(root, on_error="skip", size=16)] == ["02001"]


def test_a_folder_of_masks_that_is_missing_or_a_loop_is_told(root: Path) -> None:
    shutil.rmtree(root / "CelebAMask-HQ-mask-anno/1")
    (root / "CelebAMask-HQ-mask-anno/1").symlink_to(root / "CelebAMask-HQ-mask-anno/1")
    problems = prepare(root, silent).problems
    assert any("mask-anno/1 with the masks of 2000 faces" in problem for problem in problems)
    assert len(problems) == 3  # and the two faces without masks


def test_a_mapping_that_is_missing_or_none_is_refused(root: Path) -> None:
    table = root / "CelebA-HQ-to-CelebA-mapping.txt"
    for text, told in (("idx orig_idx\n", "is empty"), ("idx orig_idx\n1\n", "is damaged"), (None, "No such file")):
        if text is None:
            table.unlink()
        else:
            table.write_text(text)
        with pytest.raises(DataError, match=told):
            prepare(root, silent)


def test_a_preparation_that_was_stopped_goes_on(root: Path) -> None:
    stopped(prepare, root)
    lines: list[str] = []
    prepare(root, lines.append)
    assert lines == ["faces-1 (2 of 2): 2 good, 0 problems"]


@pytest.mark.parametrize(
    ("options", "told"), [({"size": 600}, "choose 8 to 512"), ({"compared": 0}, "compared must be at least 1")]
)
def test_what_does_not_fit_is_refused(options: dict[str, Any], told: str) -> None:
    with pytest.raises(ConfigurationError, match=told):
        celebamask(KEPT, **options)


def test_a_run_and_a_training(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("spectralkit_models_ddim", reason="another package")
    monkeypatch.chdir(tmp_path)
    data = ["--dataset", "celebamask", f"--set=dataset.root={KEPT}", "--set=dataset.size=16"]
    run = ["run", "--model", "gaussian", *data, "--steps", "1", "--samples", "1", "--quiet", "--out", "out"]
    assert main(run) == 0
    training = pytest.importorskip("spectralkit_models_training.testing", reason="another package")
    network = ["--size=16", "--widths=16,16", "--layers=1", "--device=cpu"]
    small = [*network, "--steps=2", "--batch=2", "--score=none", "--sample-steps=1", "--quiet"]
    assert training.inside("train", *data, *small, "--out", "model") == 0
