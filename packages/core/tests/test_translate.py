"""``spectralkit translate``: image files of any size in, images of the same size out."""

from __future__ import annotations

import json
import os
import tomllib
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

import spectralkit as sk
from spectralkit.cli.main import main
from spectralkit.pictures.finding import find_inputs
from spectralkit.running.inputs import TranslateConfig
from spectralkit.running.picture import read_image
from spectralkit.running.tiling import Tiling
from spectralkit.running.translation import translate_files

OPTIONS = ["--model", "./model", "--method", "toy-noised", "--steps", "2", "--quiet"]
LEVEL = 1.01 / 255  # float32 rounding may move a value across the boundary between two 8-bit levels

Translate = Callable[..., dict[str, torch.Tensor]]


@pytest.fixture
def here(here: Path, written: Callable[..., Path]) -> Path:
    written(here / "model")
    return here


@pytest.fixture
def translated(here: Path) -> Translate:
    """Translates into a new folder; the output images by name."""

    def _translated(*arguments: str, channels: int = 3) -> dict[str, torch.Tensor]:
        out = f"out{len(list(here.glob('out*')))}"
        assert main(["translate", *OPTIONS, "--out", out, *arguments]) == 0
        return {path.stem: read_image(path, channels) for path in Path(out).glob("*.png")}

    return _translated


def draw(path: str, height: int, width: int, seed: int = 0, channels: int = 3) -> torch.Tensor:
    """Writes an image of smooth random colours and returns it."""
    Path(path).parent.mkdir(exist_ok=True)
    grey = np.random.default_rng(seed).integers(0, 256, (height, width, channels), dtype=np.uint8)
    Image.fromarray(grey if channels == 3 else grey[..., 0]).save(path)
    return read_image(Path(path), channels)


def directly(images: torch.Tensor, ids: list[str], source: str = "low", target: str = "high") -> torch.Tensor:
    model, method = sk.load_model("./model"), sk.load_method("toy-noised")
    return sk.translate(model, method, images, source=source, target=target, steps=2, ids=ids).images


def close(one: torch.Tensor, other: torch.Tensor) -> None:
    torch.testing.assert_close(one, other, rtol=0, atol=LEVEL)


def test_an_image_of_the_models_size(translated: Translate) -> None:
    image = draw("a.png", 8, 8)
    close(translated("a.png")["a"], directly(image[None], ["a.png#0"])[0])


def test_a_larger_image_is_cut_and_blended(translated: Translate) -> None:
    image, tiling = draw("a.png", 19, 11), Tiling((19, 11), (8, 8))
    tiles = directly(tiling.cut(image), [f"a.png#{i}" for i in range(len(tiling))])
    close(translated("a.png")["a"], tiling.join(tiles))


@pytest.mark.parametrize("size", [(5, 3), (8, 3), (20, 9), (1, 1)])
def test_resizing_takes_any_size(size: tuple[int, int], translated: Translate) -> None:
    draw("a.png", *size)
    assert translated("a.png", "--fit", "resize")["a"].shape[-2:] == size


def test_upsampling_is_that_of_the_pixels(translated: Translate) -> None:
    image = draw("a.png", 3, 4)
    large = image.repeat_interleave(4, -1).repeat_interleave(4, -2)
    Path("large").mkdir()
    Image.fromarray((large * 255).round().byte().permute(1, 2, 0).numpy()).save("large/a.png")
    one, other = translated("a.png", "--upsample", "4")["a"], translated("large/a.png")["a"]
    assert one.shape == (3, 12, 16)
    assert torch.equal(one, other)


@pytest.mark.parametrize("size", ["1", "2", "5", "1" + "0" * 18])
def test_order_batch_size_and_company_change_no_image(size: str, translated: Translate) -> None:
    names = ["a.png", "b.png", "c.png"]
    for seed, name in enumerate(names):
        draw(name, 8 + 5 * seed, 8, seed)
    together = translated(*names)
    for order in (names[::-1], names[1:]):
        for stem, image in translated(*order, "--batch-size", size).items():
            close(image, together[stem])


def test_a_folder_is_its_images(translated: Translate) -> None:
    draw("folder/a.png", 8, 8, 1)
    draw("folder/b.JPG", 8, 8, 2)
    draw("folder/deeper/c.png", 8, 8, 3)
    Path("folder/notes.txt").write_text("no image")
    whole, single = translated("folder"), translated("folder/b.JPG", "folder/a.png")
    assert whole.keys() == single.keys() == {"a", "b"}
    for name, image in whole.items():
        close(image, single[name])


def test_noise_belongs_to_the_name_and_not_to_the_folder(translated: Translate) -> None:
    for path in ("one/a.png", "two/a.png", "one/b.png"):
        draw(path, 8, 8)
    first, second, other = translated("one/a.png")["a"], translated("two/a.png")["a"], translated("one/b.png")["b"]
    assert torch.equal(first, second)
    assert not torch.equal(first, other)


def test_the_conditions_default_to_the_models_first_and_last(translated: Translate) -> None:
    image = draw("a.png", 8, 8)
    back = translated("a.png", "--source", "high", "--target", "low")["a"]
    close(back, directly(image[None], ["a.png#0"], "high", "low")[0])
    assert torch.equal(translated("a.png")["a"], translated("a.png", "--source", "low", "--target", "high")["a"])
    assert not torch.equal(translated("a.png")["a"], back)


def test_the_seed_and_settings_reach_the_method(translated: Translate) -> None:
    draw("a.png", 8, 8)
    plain = translated("a.png")["a"]
    assert not torch.equal(plain, translated("a.png", "--seed", "7")["a"])
    pushed = translated("a.png", "--method", "toy-push(weight=0.5)")["a"]
    assert torch.equal(pushed, translated("a.png", "--method", "toy-push", "--set", "toy-push.weight=0.5")["a"])


@pytest.mark.parametrize(("channels", "height", "width"), [(1, 8, 8), (3, 8, 4), (3, 2, 1)])
def test_models_of_other_shapes(
    channels: int, height: int, width: int, translated: Translate, written: Callable[..., Path]
) -> None:
    written(Path("other"), shape=(channels, height, width))
    draw("a.png", 13, 9, channels=channels)
    for fit in ("tile", "resize"):
        assert translated("a.png", "--model", "./other", "--fit", fit, channels=channels)["a"].shape == (
            channels,
            13,
            9,
        )


def test_the_record_tells_how_it_was_made(here: Path) -> None:
    draw("a.png", 8, 8)
    assert main(["translate", "a.png", *OPTIONS, "--set", "toy-noised.x=1", "--out", "out"]) == 2
    assert main(["translate", "a.png", *OPTIONS, "--seed", "3", "--out", "out"]) == 0
    assert {path.name for path in Path("out").iterdir()} == {"a.png", "translate.toml"}
    record = tomllib.loads(Path("out/translate.toml").read_text())
    assert record["translate"] == {
        "images": ["a.png"],
        "model": "./model",
        "method": "toy-noised",
        "steps": 2,
        "batch_size": 16,
        "seed": 3,
        "guidance": 1.0,
        "inversion_guidance": 1.0,
        "label": "current",
        "device": "auto",
        "settings": {},
        "source": "low",
        "target": "high",
        "fit": "tile",
        "upsample": 1,
    }
    assert record["model"]["process"] == "toy"
    assert "torch" in record["versions"]
    assert record["versions"]["acme-toy"] == "1.0"  # the method's and the process's


def test_what_a_person_and_a_program_see(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    draw("a.png", 8, 14)
    loud = ["translate", "a.png", *OPTIONS[:-1]]
    assert main(loud) == 0
    told = "1 image in 2 tiles: ./model, toy-noised, low -> high, 2 steps, seed 42\n"
    assert capsys.readouterr() == (f"{told}results  runs/translate-model-toy-noised-steps2\n", "")
    assert main([*loud, "--json"]) == 0
    out, err = capsys.readouterr()
    document = json.loads(out)
    assert err == ""
    assert document["out"] == "runs/translate-model-toy-noised-steps2-2"
    assert document["images"] == ["runs/translate-model-toy-noised-steps2-2/a.png"]
    assert (document["source"], document["target"]) == ("low", "high")
    assert main(["translate", "a.png", *OPTIONS]) == 0
    assert capsys.readouterr() == ("", "")


def test_a_name_that_is_no_text_is_translated(here: Path) -> None:
    draw("a.png", 8, 8)
    os.rename(b"a.png", b"\xff.png")
    translate_files([Path(os.fsdecode(b"\xff.png"))], Path("out"), config_here())
    assert set(os.listdir(b"out")) == {b"\xff.png", b"translate.toml"}
    record = tomllib.loads(Path("out/translate.toml").read_text(encoding="utf-8"))
    assert record["translate"]["images"] == [r"\udcff.png"]


def config_here() -> TranslateConfig:
    from spectralkit.running.config import RunConfig

    return TranslateConfig(RunConfig(model="./model", steps=2))


def test_the_bar_ends_full(here: Path) -> None:
    draw("a.png", 8, 20)
    draw("b.png", 8, 8)
    counts: list[int] = []

    class Watch:
        expected = 0

        def tell(self, lines: Sequence[str]) -> None:
            pass

        def expect(self, transitions: int) -> None:
            self.expected = transitions

        def advance(self) -> None:
            counts.append(1)

    watch = Watch()
    done = translate_files([Path("a.png"), Path("b.png")], Path("out"), config_here(), watch)
    assert done.tiles == 4
    assert len(counts) == watch.expected == 4


def test_images_are_found_in_order(here: Path) -> None:
    for path in ("folder/b.png", "folder/a.png", "z.png"):
        draw(path, 2, 2)
    found = [one.path for one in find_inputs([Path("z.png"), Path("folder")])]
    assert found == [Path("z.png"), Path("folder/a.png"), Path("folder/b.png")]


def test_a_photograph_is_read_upright(here: Path) -> None:
    image = Image.fromarray(np.arange(18, dtype=np.uint8).reshape(2, 3, 3))
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned a quarter clockwise
    image.save("a.png", exif=exif)
    upright = torch.from_numpy(np.rot90(np.asarray(image), -1).copy()).permute(2, 0, 1) / 255
    assert torch.equal(read_image(Path("a.png")), upright)


def test_a_phones_photograph_is_its_first_picture(here: Path) -> None:
    """JPEG files with further pictures behind the one that a viewer shows."""
    first, second = (Image.fromarray(np.full((8, 8, 3), grey, dtype=np.uint8)) for grey in (50, 200))
    first.save("a.jpg", format="MPO", save_all=True, append_images=[second])
    with Image.open("a.jpg") as image:
        assert image.n_frames == 2
    assert torch.equal(read_image(Path("a.jpg")), torch.full((3, 8, 8), 50 / 255))
