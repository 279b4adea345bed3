"""Own pictures: which file shows what, how it is shown, and what is refused."""

from __future__ import annotations

import json
import re
import shutil
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from spectralkit.cli.main import main
from spectralkit.data import decimate
from spectralkit.errors import ConfigurationError, DataError
from spectralkit.pictures.finding import Input
from spectralkit.testing import conformance
from spectralkit_datasets_folder import Folder, folder
from spectralkit_datasets_folder.degradation import Recipe
from spectralkit_datasets_folder.split import File, divide

COUNT = 12


def picture(path: Path, seed: int, height: int = 40, width: int = 48) -> np.ndarray:
    """Smooth random colours."""
    path.parent.mkdir(parents=True, exist_ok=True)
    coarse = np.random.default_rng(seed).integers(0, 256, (height // 4, width // 4, 3), dtype=np.uint8)
    image = Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC)
    image.save(path)
    return np.asarray(image)


def fill(root: Path) -> Path:
    for i in range(COUNT):
        picture(root / f"source/s{i:02}.png", i)
        picture(root / f"target/t{i:02}.jpg", 100 + i)
        picture(root / f"reference/s{i:02}.png", 200 + i)
    return root


@pytest.fixture(scope="session")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return fill(tmp_path_factory.mktemp("pictures"))


KEPT = fill(Path(tempfile.mkdtemp()))
"""For the tests of conformance, whose parameters are known before any fixture is."""


@pytest.fixture(scope="session", autouse=True)
def _removed() -> Any:
    yield
    shutil.rmtree(KEPT)


test_unpaired = conformance("dataset", "folder", source=str(KEPT / "source"), target=str(KEPT / "target"), size=32)
test_paired = conformance("dataset", "folder", source=str(KEPT / "source"), reference=str(KEPT / "reference"), size=32)
test_tiles = conformance("dataset", "folder", target=str(KEPT / "target"), degrade="area", fit="tile", size=16)
test_resized = conformance("dataset", "folder", source=str(KEPT / "source"), degrade="sobel", fit="resize", size=24)


def unpaired(root: Path, **options: Any) -> Folder:
    return folder(root / "source", root / "target", **{"size": 32, **options})


def stems(files: Any) -> set[str]:
    return {file.input.stem for file in files}


def test_two_folders_are_two_domains_and_the_sources_held_out(root: Path) -> None:
    data = unpaired(root)
    held = {sample.id for sample in data}
    assert held | stems(data.contents.source) == {f"s{i:02}" for i in range(COUNT)}
    assert not held & stems(data.contents.source)
    assert stems(data.contents.target) == {f"t{i:02}" for i in range(COUNT)}
    assert data[0].reference is None
    assert (data.source, data.target, data.conditions) == ("source", "target", ("source", "target"))
    middle = np.asarray(Image.open(root / f"source/{data[0].id}.png"))[4:36, 8:40]
    assert torch.equal(data[0].source, torch.from_numpy(middle.copy()).permute(2, 0, 1) / 255)


def test_references_are_those_of_the_name_and_never_trained_on(root: Path) -> None:
    data = folder(root / "source", reference=root / "reference", size=32)
    for sample in data:
        assert sample.reference is not None
        middle = np.asarray(Image.open(root / f"reference/{sample.id}.png"))[4:36, 8:40]
        assert torch.equal(sample.reference, torch.from_numpy(middle.copy()).permute(2, 0, 1) / 255)
    assert stems(data.contents.target) == {f"s{i:02}" for i in range(COUNT)} - {sample.id for sample in data}


def test_one_folder_and_a_degradation(root: Path) -> None:
    data = folder(target=root / "target", degrade="nearest", scale=4, size=32)
    parts = [stems(part) for part in (data.contents.source, data.contents.target)] + [{sample.id for sample in data}]
    assert set.union(*parts) == {f"t{i:02}" for i in range(COUNT)}
    assert sum(map(len, parts)) == COUNT
    for sample in data:
        assert sample.reference is not None
        assert torch.equal(sample.source, decimate(sample.reference, 4))
    same = folder(root / "target", degrade="nearest", scale=4, size=32)
    assert torch.equal(data[0].source, same[0].source)


places = st.lists(st.integers(0, 16**13 - 1), min_size=3, max_size=40)


@given(places=places, held_out=st.floats(0.01, 0.99) | st.just(1.0))
def test_the_parts_are_disjoint_whole_and_not_empty(places: list[int], held_out: float) -> None:
    files = [File(Input(Path(str(i)), Path(str(i))), f"{place:013x}".ljust(64, "0")) for i, place in enumerate(places)]
    for bounds in ((held_out,), (held_out, (1 + held_out) / 2)):
        parts = divide(files, bounds)
        assert sorted(file.path for part in parts for file in part) == sorted(file.path for file in files)
        contents = [{file.digest for file in part} for part in parts]
        assert sum(map(len, contents)) == len(set.union(*contents))  # disjoint by content
        if held_out < 1 and len(set(places)) >= len(parts):
            assert all(parts)


@given(places=places, more=places)
def test_a_file_stays_where_it_is_whatever_joins_it(places: list[int], more: list[int]) -> None:
    def files(given: list[int]) -> list[File]:
        made = [(Path(f"{place}"), f"{place:013x}".ljust(64, "0")) for place in given]
        return [File(Input(path, path), digest) for path, digest in made]

    def shares(given: list[int]) -> bool:
        """Whether no part had to be given a file so as not to be empty."""
        return {int(3 * place / 16**13) for place in given} == {0, 1, 2}

    if shares(places):
        before, after = (divide(files(given), (1 / 3, 2 / 3)) for given in (places, places + more))
        for few, many in zip(before, after, strict=True):
            assert {file.digest for file in few} <= {file.digest for file in many}


def test_the_split_is_of_the_content_and_not_of_names(root: Path, tmp_path: Path) -> None:
    for i, path in enumerate(sorted((root / "source").iterdir())):
        shutil.copy(path, tmp_path / f"x{99 - i}.png")
    shutil.copy(root / "source/s00.png", tmp_path / "copy.png")
    here, there = unpaired(root), folder(tmp_path, root / "target", size=32)
    for one, other in ((here.contents.source, there.contents.source),):
        assert {file.digest for file in one} == {file.digest for file in other}
    assert here.digest != there.digest or "s00" in {sample.id for sample in here}


@pytest.mark.parametrize(("fit", "count"), [("crop", 1), ("resize", 1), ("tile", 6)])
def test_pictures_meet_the_size(fit: Any, count: int, root: Path) -> None:
    data = folder(root / "source", root / "target", fit=fit, size=16, held_out=1.0)
    assert len(data) == COUNT * count
    assert {tuple(sample.source.shape) for sample in data} == {(3, 16, 16)}
    assert len({sample.id for sample in data}) == len(data)
    if fit == "tile":
        whole = torch.from_numpy(np.asarray(Image.open(root / "source/s03.png")).copy()).permute(2, 0, 1) / 255
        images = {sample.id: sample.source for sample in data}
        for tile in range(6):
            y, x = (16 * n for n in divmod(tile, 3))
            assert torch.equal(images[f"s03-tile{tile}"], whole[:, y : y + 16, x : x + 16])


@pytest.mark.parametrize("name", ["nearest", "area", "bicubic", "blur", "noise", "canny", "sobel"])
def test_every_degradation_is_an_image_and_a_function_of_the_image(name: Any) -> None:
    image = torch.rand(3, 32, 32, generator=torch.Generator().manual_seed(0))
    degrade = Recipe(name).build()
    once, again = degrade(image), degrade(image)
    assert torch.equal(once, again)
    assert once.shape == image.shape
    assert once.dtype == torch.float32
    assert 0 <= once.min() <= once.max() <= 1
    assert not torch.equal(once, image)
    flat = torch.full((3, 32, 32), 0.5)
    if name == "noise":
        assert degrade(flat).std() == pytest.approx(0.1, rel=0.1)
    else:
        torch.testing.assert_close(degrade(flat), torch.ones(3, 32, 32) if name in ("canny", "sobel") else flat)
    if name in ("area", "blur"):
        torch.testing.assert_close(degrade(image).mean(), image.mean(), atol=0.01, rtol=0)


def test_16_bit_micrographs_of_several_channels(tmp_path: Path) -> None:
    pixels = np.random.default_rng(0).integers(200, 4000, (5, 4, 40, 40), dtype=np.uint16)
    for i, image in enumerate(pixels):
        tifffile.imwrite(tmp_path / f"{i}.tif", image, imagej=True, metadata={"axes": "CYX"})
    with pytest.raises(DataError, match=r"5 of 5 images cannot be used.*has 4 channels of 16 bits: say .*intensity"):
        folder(tmp_path, degrade="area", size=32)
    assert folder(tmp_path, degrade="area", size=32, intensity="full").shape == (4, 32, 32)
    data = folder(tmp_path, degrade="area", size=32, channels=(3, 0, 1), intensity="200:4000", held_out=1.0)
    assert data.shape == (3, 32, 32)
    wanted = (torch.from_numpy(pixels[2][[3, 0, 1], 4:36, 4:36].astype(np.float32)) - 200) / 3800
    torch.testing.assert_close(data[2].reference, wanted)
    grey = folder(tmp_path, degrade="area", size=32, channels=1, intensity="1%:99%")
    assert grey.shape == (1, 32, 32)


@pytest.mark.parametrize(("n", "structure"), [(1, "masked-grey"), (2, "rgb"), (3, "masked-grey"), (4, "rgb")])
def test_edges_are_compared_by_their_shape_where_they_have_a_grey(n: int, structure: str, tmp_path: Path) -> None:
    for i in range(3):
        pixels = np.random.default_rng(i).integers(0, 256, (4, 40, 40), dtype=np.uint8)
        tifffile.imwrite(tmp_path / f"{i}.tif", pixels, imagej=True, metadata={"axes": "CYX"})
    data = folder(tmp_path, degrade="canny", size=32, channels=tuple(range(n)))
    assert (data.structure, data.shape) == (structure, (n, 32, 32))
    assert data[0].source.shape == data.shape


def test_images_have_the_channels_of_their_files(tmp_path: Path) -> None:
    """Grey folders make grey images; where the domains differ, a map makes one of them, and none loses its colours."""
    for i, (domain, mode) in enumerate([("drawn", "L"), ("real", "RGB")] * 4):
        (tmp_path / domain).mkdir(exist_ok=True)
        Image.effect_noise((32, 32), 20 + i).convert(mode).save(tmp_path / domain / f"{i}.png")
    coloured = Image.merge("RGB", [Image.new("L", (32, 32), value) for value in (255, 128, 0)])
    coloured.save(tmp_path / "real/1.png")
    drawn, real = tmp_path / "drawn", tmp_path / "real"
    assert folder(drawn, degrade="blur", size=32)[0].source.shape == (1, 32, 32)
    with pytest.raises(DataError, match=r"4 of 4 .*is greyscale of 8 bits, and RGB is wanted: .*channels, like rgb"):
        folder(drawn, real, size=32)
    data = folder(drawn, real, channels="rgb", size=32, held_out=0.5)
    assert data.shape == (3, 32, 32)
    assert any(len(set(image.mean((1, 2)).tolist())) == 3 for image in data.targets())
    assert folder(drawn, real, channels="luma", size=32).shape == (1, 32, 32)


def test_bad_files_are_named_and_counted_and_left_out_only_where_asked(root: Path, tmp_path: Path) -> None:
    shutil.copytree(root / "source", tmp_path / "source")
    for name in ("bad", "worse"):
        (tmp_path / f"source/{name}.png").write_text("no image")
    whole = (tmp_path / "source/s00.png").read_bytes()
    (tmp_path / "source/cut.png").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(DataError, match=r"2 of 15 images cannot be used: .*bad\.png is no PNG.*the same: worse\.png"):
        folder(tmp_path / "source", root / "target", size=32)
    with pytest.warns(UserWarning, match="left out") as warned:
        data = folder(tmp_path / "source", root / "target", size=32, on_error="skip", held_out=1.0)
    lines = [str(warning.message) for warning in warned]
    assert [line.partition(".png")[0].rpartition("/")[2] for line in lines[:-1]] == ["bad", "cut", "worse"]
    assert lines[-1] == "3 of 15 images left out"
    assert len(data) == COUNT


def test_missing_references_are_named(root: Path, tmp_path: Path) -> None:
    shutil.copytree(root / "reference", tmp_path / "reference")
    held = sorted(sample.id for sample in unpaired(root))
    (tmp_path / f"reference/{held[0]}.png").unlink()
    with pytest.raises(
        DataError, match=f"1 of {len(held)} held-out sources have no reference of their name .*{held[0]}"
    ):
        folder(root / "source", reference=tmp_path / "reference", size=32)
    with pytest.warns(UserWarning, match=held[0]):
        data = folder(root / "source", reference=tmp_path / "reference", size=32, on_error="skip")
    assert sorted(sample.id for sample in data) == held[1:]


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({}, "needs two folders, source and target, or one and a degradation"),
        ({"source": "source"}, "needs two folders"),
        ({"source": "source", "target": "target", "degrade": "blur"}, "give source or target alone"),
        ({"source": "source", "target": "target", "scale": 4}, "scale and sigma belong to a degradation"),
        ({"source": "source", "degrade": "canny", "scale": 4}, "scale has no meaning for degrade canny"),
        ({"source": "source", "degrade": "area", "size": 36}, "size 36 is impossible: choose a multiple of 8"),
        ({"source": "source", "degrade": "blur", "sigma": 0.0}, "sigma of degrade blur must be positive"),
        ({"source": "nowhere", "target": "target"}, "no folder at .*nowhere"),
        ({"source": "source", "target": "target", "size": 64}, "smaller than an image of 64x64: choose fit resize"),
        ({"source": "source", "target": "target", "held_out": 0.0}, "held_out must be above 0"),
        ({"source": "source", "target": "target", "target_name": "source"}, "are both 'source'"),
    ],
)
def test_what_does_not_fit_together_is_refused(options: dict[str, Any], told: str, root: Path) -> None:
    paths = {key: root / value for key, value in options.items() if key in ("source", "target", "reference")}
    with pytest.raises((ConfigurationError, DataError), match=told):
        folder(**{**options, **paths})


def test_names_that_are_no_ids_are_told_apart(root: Path, tmp_path: Path) -> None:
    for name in ("a b", "a_b", "ä", ".x", "deep/a_b"):
        picture(tmp_path / f"{name}.png", len(name) + ord(name[-1]))
    data = folder(tmp_path, root / "target", size=32, held_out=1.0, recursive=True)
    ids = [sample.id for sample in data]
    assert len(set(ids)) == 5
    assert all(name.isascii() and not name.startswith(".") and "/" not in name for name in ids)


def test_a_run_and_a_training_on_own_pictures(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    settings = [f"--set=dataset.{part}={root / part}" for part in ("source", "target")]
    common = ["run", "--dataset", "folder", *settings, "--set", "dataset.size=32", "--quiet", "--steps", "2"]
    assert main([*common, "--model", "gaussian", "--out", "out"]) == 0
    assert len(list(Path("out/samples").iterdir())) == len(unpaired(root))


def test_a_training_on_own_pictures_and_a_run_on_the_same(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A run of the model shows it the pictures it was made with, read in the same way, unless others are named."""
    training = pytest.importorskip("spectralkit_models_training.testing", reason="another package")
    monkeypatch.chdir(tmp_path)
    Path("own").symlink_to(root / "source")
    settings = ["--set=dataset.source=own", "--set=dataset.degrade=nearest", "--set=dataset.channels=rgb"]
    network = ["--size=16", "--widths=16,16", "--layers=1", "--device=cpu"]
    small = [*network, "--steps=1", "--batch=2", "--score=none", "--sample-steps=1", "--quiet"]
    assert training.inside("train", "--dataset", "folder", *settings, *small, "--out", "model") == 0
    run = ["run", "--model", "./model", "--steps", "1", "--samples", "1", "--out"]
    assert main([*run, "out"]) == 0
    told = "folder as the model was trained on it: size 16, source own, degrade nearest, channels rgb"
    assert told in "".join(capsys.readouterr())
    config = json.loads(Path("out/metrics.json").read_text())["config"]
    trained = {"size": 16, "source": "own", "degrade": "nearest", "channels": "rgb"}
    assert (config["dataset"], config["settings"]["dataset"]) == ("folder", trained)
    assert main([*run, "scaled", "--scale=4", f"--set=dataset.source={root / 'target'}", "--quiet"]) == 0
    config = json.loads(Path("scaled/metrics.json").read_text())["config"]
    assert (config["scale"], config["settings"]["dataset"]) == (4, {**trained, "source": str(root / "target")})
    Path("own").unlink()
    assert main([*run, "gone"]) == 2
    assert "no folder at own: model ./model was trained on it, give the one to use" in capsys.readouterr().err


def test_what_is_held_out_wholly_is_looked_at_and_scored_all_the_same(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    settings = [
        f"--set=dataset.{part}" for part in (f"target={root / 'target'}", "degrade=area", "size=32", "held_out=1")
    ]
    assert main(["datasets", "preview", "folder", *settings, "--samples", "2", "--out", "all.png"]) == 0
    with Image.open("all.png") as picture:
        assert 2 * 192 < picture.width < 3 * 192  # samples and references, no training images
    assert main(["describe", "dataset", "folder", *settings, "--json"]) == 0
    measured = json.loads(capsys.readouterr().out.partition("\n")[2])["measured"]
    assert (measured["samples"], measured["trained"], measured["spectral slope"]) == (COUNT, [], {})
    assert main(["describe", "dataset", "folder", *settings]) == 0
    assert re.search(r"^training +yes$", capsys.readouterr().out, re.MULTILINE)  # not where its code lies


@pytest.mark.filterwarnings("always")
def test_what_is_left_out_is_told_once(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """By the data set, though its training half has looked at the same files."""
    shutil.copytree(root / "target", tmp_path / "target")
    (tmp_path / "target/bad.png").write_text("no image")
    monkeypatch.chdir(tmp_path)
    settings = [f"--set=dataset.{part}" for part in ("target=target", "degrade=area", "size=32", "on_error=skip")]
    assert main(["datasets", "preview", "folder", *settings, "--samples", "2", "--out", "all.png"]) == 0
    reason = "left out: image target/bad.png is no PNG, JPEG, TIFF, BMP or WebP file: convert it first"
    lines = [reason, f"1 of {COUNT + 1} images left out"]
    assert capsys.readouterr().err == "".join(f"spectralkit: warning: {line}\n" for line in lines)
