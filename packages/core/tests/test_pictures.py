"""Reading pictures: every kind of pixels is read exactly as it is told to be, or refused with what to say."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from spectralkit.errors import ConfigurationError, DataError
from spectralkit.pictures import layout
from spectralkit.pictures.channels import ChannelMap
from spectralkit.pictures.finding import find_inputs
from spectralkit.pictures.intensity import Intensity
from spectralkit.pictures.reading import Reading
from spectralkit.pictures.sifting import sift

H, W = 20, 30


def noise(*shape: int, dtype: Any = np.uint16) -> np.ndarray:
    values = np.random.default_rng(0).integers(0, np.iinfo(dtype).max, shape or (H, W), endpoint=True)
    return values.astype(dtype)


def read(path: Path, wanted: int, **recipe: Any) -> np.ndarray:
    """(H, W, C)."""
    return Reading.of(**recipe).read(path, wanted).permute(1, 2, 0).numpy()


STACK = noise(4, 3, H, W)
"""Four images of three channels."""

Write = Callable[[Path], object]

ZCYX, GREYS = {"axes": "ZCYX"}, "minisblack"

SAME: list[tuple[str, Write]] = [
    # what all of them hold as their third image is STACK[2]
    ("ImageJ", lambda p: tifffile.imwrite(p, STACK, imagej=True, metadata=ZCYX)),
    ("OME", lambda p: tifffile.imwrite(p, STACK, ome=True, metadata=ZCYX)),
    ("channels last", lambda p: tifffile.imwrite(p, STACK.transpose(0, 2, 3, 1), photometric="rgb")),
    ("compressed", lambda p: tifffile.imwrite(p, STACK, compression="zlib", photometric=GREYS, metadata=ZCYX)),
    ("big-endian", lambda p: tifffile.imwrite(p, STACK, byteorder=">", imagej=True, metadata=ZCYX)),
]


@pytest.mark.parametrize("write", [case[1] for case in SAME], ids=[case[0] for case in SAME])
def test_one_image_of_a_stack_by_its_index(write: Write, tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    write(path)
    found = read(path, 3, channels="2,0,1", intensity="full", frame=2)
    np.testing.assert_allclose(found, STACK[2][[2, 0, 1]].transpose(1, 2, 0) / 65535, atol=1e-7)
    with pytest.raises(DataError, match="holds 4 images: choose one by its frame, 0 to 3"):
        read(path, 3, channels="0,1,2", intensity="full")
    with pytest.raises(DataError, match="no frame 4: choose one from 0 to 3"):
        read(path, 3, channels="0,1,2", intensity="full", frame=4)


def test_the_pages_of_a_file_may_be_channels(tmp_path: Path) -> None:
    pages = noise(5, H, W)
    tifffile.imwrite(tmp_path / "a.tif", pages, photometric="minisblack")
    found = read(tmp_path / "a.tif", 3, channels="4,-,0", intensity="full", frame="all")
    np.testing.assert_allclose(found[..., 0], pages[4] / 65535, atol=1e-7)
    assert not found[..., 1].any()
    np.testing.assert_allclose(found[..., 2], pages[0] / 65535, atol=1e-7)


def test_images_of_different_shapes_are_counted_through(tmp_path: Path) -> None:
    with tifffile.TiffWriter(tmp_path / "a.tif") as file:
        file.write(noise(H, W, dtype=np.uint8))
        file.write(small := noise(6, 7, dtype=np.uint8))
    np.testing.assert_allclose(read(tmp_path / "a.tif", 1, frame=1)[..., 0], small / 255, atol=1e-7)


GREY: list[tuple[str, str, Write]] = [
    ("16-bit PNG", "a.png", lambda p: Image.fromarray(noise()).save(p)),
    ("16-bit TIFF", "a.tif", lambda p: Image.fromarray(noise()).save(p)),
    ("LZW, without a decoder", "a.tif", lambda p: Image.fromarray(noise()).save(p, compression="tiff_lzw")),
    ("32 bits", "a.tif", lambda p: tifffile.imwrite(p, noise().astype(np.uint32))),
    ("signed", "a.tif", lambda p: tifffile.imwrite(p, noise().astype(np.int32))),
    ("floating point", "a.tif", lambda p: tifffile.imwrite(p, noise().astype(np.float32))),
    ("double", "a.tif", lambda p: tifffile.imwrite(p, noise().astype(np.float64), compression="zlib")),
    ("white is zero", "a.tif", lambda p: tifffile.imwrite(p, 65535 - noise(), photometric="miniswhite")),
    ("tiled", "a.tif", lambda p: tifffile.imwrite(p, noise(), tile=(16, 16))),
]


@pytest.mark.parametrize(("name", "write"), [case[1:] for case in GREY], ids=[case[0] for case in GREY])
def test_deep_pictures_are_scaled_as_told_and_not_at_all_untold(name: str, write: Write, tmp_path: Path) -> None:
    path = tmp_path / name
    write(path)
    with pytest.raises(DataError, match=": say how its values become"):
        read(path, 1)
    wanted = ((noise().astype(float) - 1000) / 49000).clip(0, 1)
    np.testing.assert_allclose(read(path, 1, intensity="1000:50000")[..., 0], wanted, atol=1e-6)
    low, high = np.percentile(noise(), (2, 97))
    wanted = ((noise() - low) / (high - low)).clip(0, 1)
    np.testing.assert_allclose(read(path, 1, intensity="2%:97%")[..., 0], wanted, atol=1e-6)
    np.testing.assert_allclose(read(path, 3, channels="0,0,0", intensity="2%:97%")[..., 2], wanted, atol=1e-6)


def test_16_bit_colours_of_a_png_are_exact_or_refused(tmp_path: Path) -> None:
    imagecodecs = pytest.importorskip("imagecodecs", reason="the decoder is optional")
    pixels = noise(H, W, 3)
    (tmp_path / "a.png").write_bytes(imagecodecs.png_encode(pixels))
    np.testing.assert_allclose(read(tmp_path / "a.png", 3, intensity="full"), pixels / 65535, atol=1e-7)


LOSSLESS = ("lzw", "zlib", "packbits", "lzma", "zstd", "png", "jpegxl", "jpeg2000", "lerc")


@pytest.mark.parametrize("compression", LOSSLESS)
@pytest.mark.parametrize("channels", [1, 3])
def test_every_compression_of_8_bits_is_read(compression: str, channels: int, tmp_path: Path) -> None:
    pytest.importorskip("imagecodecs", reason="the decoder is optional")
    pixels = noise(H, W, channels, dtype=np.uint8)
    kind = "rgb" if channels == 3 else GREYS
    tifffile.imwrite(tmp_path / "a.tif", np.squeeze(pixels), compression=compression, photometric=kind)
    np.testing.assert_allclose(read(tmp_path / "a.tif", channels), pixels / 255, atol=1e-7)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_every_orientation_is_that_of_a_viewer(orientation: int, tmp_path: Path) -> None:
    from PIL import ImageOps

    grey = noise(H, W, dtype=np.uint8)
    exif = Image.Exif()
    exif[0x0112] = orientation
    Image.fromarray(grey).save(tmp_path / "a.png", exif=exif)
    with Image.open(tmp_path / "a.png") as image:
        wanted = np.asarray(ImageOps.exif_transpose(image)) / 255
    np.testing.assert_allclose(read(tmp_path / "a.png", 1)[..., 0], wanted, atol=1e-7)
    deep = grey.astype(np.uint16) * 257
    tifffile.imwrite(tmp_path / "b.tif", deep, extratags=[(274, "H", 1, orientation, True)])
    np.testing.assert_allclose(read(tmp_path / "b.tif", 1, intensity="full")[..., 0], wanted, atol=1e-7)


@pytest.mark.parametrize(
    ("mode", "channels", "wanted"),
    [
        *(("L", "0,0,0", "RGB"), ("RGBA", "0,1,2", "RGB"), ("P", "0,1,2", "RGB"), ("1", "0", "L"), ("LA", "0", "L")),
        *((mode, "rgb", "RGB") for mode in ("L", "RGB", "RGBA", "P", "1", "LA")),
        *((mode, "luma", "L") for mode in ("L", "1", "LA")),
    ],
)
def test_other_pixels_by_a_choice_of_channels(mode: str, channels: str, wanted: str, tmp_path: Path) -> None:
    image = Image.fromarray(noise(H, W, 3, dtype=np.uint8)).convert(mode)
    image.save(tmp_path / "a.png")
    shown = np.atleast_3d(np.asarray(image.convert(wanted))) / 255
    found = read(tmp_path / "a.png", shown.shape[-1], channels=channels)
    np.testing.assert_allclose(found, shown, atol=1e-7)


@pytest.mark.parametrize(("name", "channels"), [("rgb", 3), ("luma", 1)])
def test_channels_of_equal_rank_are_no_colours_but_three(name: str, channels: int, tmp_path: Path) -> None:
    for n in (2, 3, 4):
        tifffile.imwrite(tmp_path / f"{n}.tif", noise(n, H, W), imagej=True, metadata={"axes": "CYX"})
    assert read(tmp_path / "3.tif", channels, channels=name, intensity="full").shape == (H, W, channels)
    for n in (2, 4):
        with pytest.raises(DataError, match=f"has {n} channels, neither grey nor RGB: choose from them by number"):
            read(tmp_path / f"{n}.tif", channels, channels=name, intensity="full")


def test_the_grey_of_colours_is_their_luma(tmp_path: Path) -> None:
    pixels = noise(H, W, 3, dtype=np.uint8)
    Image.fromarray(pixels).save(tmp_path / "a.png")
    wanted = pixels @ np.array([0.299, 0.587, 0.114]) / 255
    np.testing.assert_allclose(read(tmp_path / "a.png", 1, channels="luma")[..., 0], wanted, atol=1e-6)


def test_three_channels_are_no_colours_unless_somebody_says_so(tmp_path: Path) -> None:
    tifffile.imwrite(tmp_path / "a.tif", STACK[0], imagej=True, metadata={"axes": "CYX"})
    with pytest.raises(DataError, match=r"3 channels of 16 bits, and RGB is wanted: .*channels, like 0,1,2.*intensity"):
        read(tmp_path / "a.tif", 3)
    with pytest.raises(DataError, match="has 3 channels, no channel 3"):
        read(tmp_path / "a.tif", 3, channels="0,1,3", intensity="full")
    with pytest.raises(ConfigurationError, match="make images of 2 channels, and 3 are wanted"):
        read(tmp_path / "a.tif", 3, channels="0,1", intensity="full")


@pytest.mark.parametrize("n", [2, 4])
@pytest.mark.parametrize("kind", [{"imagej": True}, {"ome": True}, {}], ids=str)
def test_channels_of_equal_rank_serve_models_of_as_many(n: int, kind: dict[str, bool], tmp_path: Path) -> None:
    pixels = np.concatenate((STACK[0], STACK[1]))[:n]
    tifffile.imwrite(tmp_path / "a.tif", pixels, metadata={"axes": "CYX"}, photometric="minisblack", **kind)
    found = read(tmp_path / "a.tif", n, intensity="full")
    np.testing.assert_allclose(found, pixels.transpose(1, 2, 0) / 65535, atol=1e-7)
    with pytest.raises(DataError, match=f"an image of {n + 2} channels is wanted: say which channels"):
        read(tmp_path / "a.tif", n + 2, intensity="full")


@pytest.mark.parametrize(
    ("other", "intensity", "told"),
    [
        (7, "1%:99%", "in channel 1: give limits"),
        (7, "full", "values from"),
        (np.nan, "0:1", "NaN"),
        (np.nan, "1%:99%", "NaN"),
    ],
)
def test_what_a_channel_holds_that_nobody_takes_does_not_matter(
    other: float, intensity: str, told: str, tmp_path: Path
) -> None:
    pixels = np.random.default_rng(0).random((3, H, W), np.float32)
    tifffile.imwrite(tmp_path / "b.tif", pixels[[2, 0]], imagej=True, metadata={"axes": "CYX"})
    pixels[1] = other
    tifffile.imwrite(tmp_path / "a.tif", pixels, imagej=True, metadata={"axes": "CYX"})
    found = read(tmp_path / "a.tif", 3, channels="2,-,0", intensity=intensity)
    np.testing.assert_array_equal(found, read(tmp_path / "b.tif", 3, channels="0,-,1", intensity=intensity))
    with pytest.raises(DataError, match=told):
        read(tmp_path / "a.tif", 2, channels="0,1", intensity=intensity)


def test_the_transparency_of_colours_has_no_percentiles(tmp_path: Path) -> None:
    colours = noise(H, W, 3, dtype=np.uint8)
    Image.fromarray(colours).convert("RGBA").save(tmp_path / "a.png")
    Image.fromarray(colours).save(tmp_path / "b.png")
    for name, n in (("rgb", 3), ("luma", 1)):
        opaque, wanted = (read(tmp_path / f"{at}.png", n, channels=name, intensity="5%:95%") for at in "ab")
        np.testing.assert_allclose(opaque, wanted, atol=1e-6)  # sums of three in whatever order


@pytest.mark.parametrize(("mode", "n"), [("LA", 2), ("RGBA", 4)])
@pytest.mark.parametrize("suffix", ["png", "tif"])
def test_transparency_is_no_channel_unless_somebody_says_so(mode: str, n: int, suffix: str, tmp_path: Path) -> None:
    pixels = noise(H, W, n, dtype=np.uint8)
    Image.fromarray(pixels, mode).save(path := tmp_path / f"a.{suffix}")
    with pytest.raises(DataError, match=f"an image of {n} channels is wanted: say which channels"):
        read(path, n)
    np.testing.assert_allclose(read(path, n, channels=tuple(range(n))), pixels / 255, atol=1e-7)


def test_pages_are_channels_where_all_are_taken(tmp_path: Path) -> None:
    tifffile.imwrite(tmp_path / "a.tif", pages := noise(5, H, W), photometric="minisblack")
    asked = r"is greyscale of 16 bits, 5 times, 5 channels in all, and RGB is wanted: .*channels, like 0,1,2\)"
    with pytest.raises(DataError, match=asked):
        read(tmp_path / "a.tif", 3, intensity="full", frame="all")
    assert read(tmp_path / "a.tif", 3, intensity="full", frame="all", channels="0,1,2").shape == (H, W, 3)
    found = read(tmp_path / "a.tif", 5, intensity="full", frame="all")
    np.testing.assert_allclose(found, pages.transpose(1, 2, 0) / 65535, atol=1e-7)


@pytest.mark.parametrize(
    ("pixels", "intensity", "told"),
    [
        (np.full((H, W), np.nan, np.float32), "0:1", "holds NaN or infinity"),
        (np.full((H, W), 7, np.uint16), "1%:99%", "flat between percentiles"),
        (np.full((H, W), 7, np.float32), "full", "values from 7 to 7"),
        (np.full((H, W), -7, np.int16), "full", "give limits or percentiles"),
    ],
)
def test_what_cannot_be_scaled_is_refused(pixels: np.ndarray, intensity: str, told: str, tmp_path: Path) -> None:
    tifffile.imwrite(tmp_path / "a.tif", pixels)
    with pytest.raises(DataError, match=told):
        read(tmp_path / "a.tif", 1, intensity=intensity)


@pytest.mark.parametrize("text", ["", "auto", "1:0", "1:1", "5%:3%", "1%:7", "0%:101%", "nan:1", "1:2:3"])
def test_an_intensity_that_is_none(text: str) -> None:
    with pytest.raises(ConfigurationError, match="intensity cannot be"):
        Intensity.parse(text)


@pytest.mark.parametrize("given", ["", "r,g,b", "-", "-1,0,1", "0,1.5", []])
def test_a_choice_of_channels_that_is_none(given: Any) -> None:
    with pytest.raises(ConfigurationError, match="channels cannot be"):
        ChannelMap.parse(given)


@given(low=st.floats(-1e6, 1e6), span=st.floats(1e-3, 1e6))
def test_an_intensity_is_recorded_as_it_is_read(low: float, span: float) -> None:
    one = Intensity.parse(f"{low:g}:{low + span + 1:g}")
    assert Intensity.parse(str(one)) == one


def test_a_picture_of_any_kind_is_refused_by_its_size_before_it_is_decoded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The data behind the header is missing, so that decoding would tell something else."""
    tifffile.imwrite(tmp_path / "a.tif", noise(64, 64))
    tifffile.imwrite(tmp_path / "b.tif", noise(9, 64, 64), photometric="minisblack")
    for path in tmp_path.iterdir():
        path.write_bytes(path.read_bytes()[: -64 * 64])
    monkeypatch.setattr(layout, "MOST_PIXELS", 1000)
    with pytest.raises(DataError, match="64x64 is too large"):
        read(tmp_path / "a.tif", 1, intensity="full")
    monkeypatch.setattr(layout, "MOST_PIXELS", 10000)
    monkeypatch.setattr(layout, "MOST_VALUES", 20000)
    with pytest.raises(DataError, match="has 36864 values"):
        read(tmp_path / "b.tif", 1, channels="0", intensity="full", frame="all")


def test_a_stack_larger_than_memory_costs_one_image(tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    tifffile.memmap(path, shape=(40, 1024, 1024), dtype=np.uint16, photometric="minisblack").flush()
    import tracemalloc

    tracemalloc.start()
    read(path, 1, intensity="full", frame=39)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 40 * 2**20  # of 80 MB in the file; one image is 2 MB there and 4 MB as float32, in a few copies


def test_a_part_is_that_of_the_whole(tmp_path: Path) -> None:
    Image.fromarray(noise(H, W, 3, dtype=np.uint8)).save(tmp_path / "a.png")
    opened = Reading().open(tmp_path / "a.png", 3)
    assert opened.size == (H, W)
    assert torch.equal(opened.image(3, 5, (7, 8)), opened.image()[:, 3:10, 5:13])


def test_subfolders_are_kept_and_loops_told(tmp_path: Path) -> None:
    for name in ("a.png", "one/a.png", "one/two/b.png", "not/c.txt"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (4, 4)).save(tmp_path / name, format="PNG")
    found = find_inputs([tmp_path], recursive=True)
    assert [str(one.place) for one in found] == ["a.png", "one/a.png", "one/two/b.png"]
    assert [one.stem for one in find_inputs([tmp_path])] == ["a"]
    (tmp_path / "one/two/loop").symlink_to(tmp_path / "one")
    *good, loop = find_inputs([tmp_path], recursive=True)
    assert good == found
    assert str(loop.place) == "one/two/loop"
    with pytest.raises(DataError, match="loop is a link that leads back to a folder above it"):
        sift([*good, loop], lambda one: one, "stop")
    assert list(sift([*good, loop], lambda one: one, "skip").good) == good


def test_names_that_would_be_one_are_told_all_at_once(tmp_path: Path) -> None:
    for name in ("a.png", "a.tif", "b.bmp", "b.png", "b.tif", "c.png"):
        (tmp_path / name).touch()
    with pytest.raises(DataError) as refused:
        find_inputs([tmp_path])
    pairs = [("a.png", "a.tif", "a"), ("b.bmp", "b.png", "b"), ("b.bmp", "b.tif", "b")]
    told = [f"{tmp_path / one} and {tmp_path / other} would both become '{stem}'" for one, other, stem in pairs]
    assert str(refused.value) == f"{', '.join(told)}: rename one of each two"


def test_a_reason_is_told_once_with_all_files_that_have_it(tmp_path: Path) -> None:
    for name in ("a.png", "b.png", "c.png"):
        (tmp_path / name).write_text("no picture")
    (tmp_path / "d.png").write_text("")
    (tmp_path / "._a.tif").write_text("no picture")
    with pytest.raises(DataError) as refused:
        sift(find_inputs([tmp_path]), lambda one: Reading().look(one.path, 3), "stop")
    why = "is no PNG, JPEG, TIFF, BMP or WebP file: convert it first"
    macos = f"image {tmp_path / '._a.tif'} is what macOS keeps beside a picture, no picture: remove it"
    told = f"image {tmp_path / 'a.png'} {why} (the same: b.png, c.png); image {tmp_path / 'd.png'} is empty: remove it"
    assert str(refused.value) == f"5 of 5 images cannot be used: {macos}; {told}"


STORED: list[Write] = [
    lambda p: tifffile.imwrite(p, STACK, imagej=True, metadata=ZCYX),
    lambda p: tifffile.imwrite(p, STACK, compression="zlib", photometric=GREYS, metadata=ZCYX),
    lambda p: tifffile.imwrite(p, noise().astype(np.float32), tile=(16, 16)),
    lambda p: Image.fromarray(noise()).save(p, format="PNG"),
]


@settings(max_examples=120, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    write=st.sampled_from(STORED),
    changes=st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255)), max_size=8),
    early=st.booleans(),
    kept=st.floats(0, 1),
)
def test_damaged_deep_files_are_read_or_refused(
    *, write: Write, changes: list[tuple[float, int]], early: bool, kept: float, tmp_path: Path, caplog: Any
) -> None:
    path = tmp_path / "a.tif"
    write(path)
    content = bytearray(path.read_bytes())
    for where, byte in changes:
        content[int(where * min(len(content), 400 if early else 1 << 30))] = byte  # where most of the headers lie
    path.write_bytes(content[: round(kept * len(content)) if kept < 0.5 else len(content)])
    try:
        image = read(path, 1, channels="0", intensity="0:65535", frame=0)
    except DataError as error:
        told = str(error)
    else:
        told = str(path)
        assert 0 <= image.min() <= image.max() <= 1
    assert str(path) in told
    assert not caplog.records
