"""What is written can be read, appears at once or not at all, and lies where it should."""

from __future__ import annotations

import json
import math
import os
import socket
import stat
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Literal

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from PIL import Image

from spectralkit.errors import ConfigurationError, DataError
from spectralkit.pictures.colours import shown
from spectralkit.pictures.reading import Reading
from spectralkit.running.claim import claim, numbered
from spectralkit.running.config import RunConfig, parse_settings, read_config
from spectralkit.running.document import as_json, as_toml
from spectralkit.running.picture import CAPTION, grid, read_image, shorten, suffix, to_pil, write_image
from spectralkit.running.rundir import fresh_directory, safe_name
from spectralkit.whole import write_whole

names = st.from_regex(r"[a-z][a-z0-9-]{0,8}", fullmatch=True)
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
scalars = st.one_of(st.booleans(), st.integers(-(2**63) + 1, 2**63 - 1), st.floats(allow_nan=False), texts)
values = st.recursive(scalars, lambda inner: st.lists(inner, max_size=3), max_leaves=6)

same_folder = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
"""Examples of one test may share its folder."""


# --- directories ------------------------------------------------------------------------------------------------------


def test_a_directory_appears_when_complete(tmp_path: Path) -> None:
    out = tmp_path / "a" / "b" / "out"
    with fresh_directory(out) as partial:
        (partial / "file").write_text("x")
        assert not out.exists()
        assert partial.parent.parent == out.parent
    assert [path.name for path in out.parent.iterdir()] == ["out"]
    assert (out / "file").read_text() == "x"


def test_a_directory_is_as_readable_as_any_other(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    with fresh_directory(tmp_path / "out"):
        pass
    assert (tmp_path / "out").stat().st_mode == (tmp_path / "other").stat().st_mode


@pytest.mark.parametrize("failure", [KeyboardInterrupt(), OSError(5, "Input/output error"), ValueError("x")])
def test_a_failure_inside_is_itself_and_leaves_nothing(failure: BaseException, tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()

    def work() -> None:
        with fresh_directory(tmp_path / "a" / "b" / "c" / "out") as partial:
            (partial / "file").write_text("x")
            raise failure

    with pytest.raises(type(failure)) as caught:
        work()
    assert caught.value is failure
    assert list(tmp_path.rglob("*")) == [tmp_path / "a"]


@pytest.mark.parametrize("filled", [True, False])
def test_what_another_run_wrote_meanwhile_is_not_overwritten(filled: bool, tmp_path: Path) -> None:
    out = tmp_path / "out"

    def work() -> None:
        with fresh_directory(out):
            out.mkdir()
            if filled:
                (out / "theirs").write_text("x")

    with pytest.raises(ConfigurationError, match="already exists"):
        work()
    assert sorted(tmp_path.rglob("*")) == ([out, out / "theirs"] if filled else [out])


def test_a_new_folder_that_another_run_uses_is_kept(tmp_path: Path) -> None:
    def work() -> None:
        with fresh_directory(tmp_path / "runs" / "mine"):
            (tmp_path / "runs" / "theirs").mkdir()
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        work()
    assert [path.name for path in (tmp_path / "runs").iterdir()] == ["theirs"]


@pytest.mark.parametrize("name", ["x" * 255, "\u00e4" * 127])
def test_any_name_a_file_system_takes_is_taken(name: str, tmp_path: Path) -> None:
    with fresh_directory(tmp_path / name):
        pass
    assert (tmp_path / name).is_dir()


def test_names_are_numbered_past_results_links_and_work_in_progress(tmp_path: Path) -> None:
    path = tmp_path / "run"
    with claim(numbered(path)) as place:
        assert place.out == path
    (tmp_path / "run-2").symlink_to("nowhere")
    with fresh_directory(tmp_path / "run-3"), claim(numbered(path)) as place:
        assert place.out == tmp_path / "run-4"


@given(identifier=st.text(max_size=12))
def test_a_safe_name_stays_in_its_folder(identifier: str) -> None:
    try:
        name = safe_name(identifier)
    except DataError:
        return
    path = Path(os.path.normpath(Path("/folder") / f"{name}.png"))
    assert path.parent == Path("/folder")
    assert path.name == f"{identifier}.png"


@pytest.mark.parametrize(
    "identifier", ["", ".", "..", "../x", "a/b", "/x", ".x", "-x", "a\n", "a b", "\u00e4", "a" * 201]
)
def test_hostile_names_are_refused(identifier: str) -> None:
    with pytest.raises(DataError, match="cannot be a file name"):
        safe_name(identifier)


# --- documents --------------------------------------------------------------------------------------------------------


@given(document=st.dictionaries(texts, values, max_size=4))
def test_toml_brings_back_what_it_was_given(document: dict) -> None:
    assert tomllib.loads(as_toml(document).decode()) == document


@given(document=st.dictionaries(texts, st.one_of(values, st.just(math.nan), st.none()), max_size=4))
def test_json_is_strict(document: dict) -> None:
    def refuse(constant: str) -> None:
        raise AssertionError(constant)

    read = json.loads(as_json(document), parse_constant=refuse)
    assert read.keys() == document.keys()


configs = st.builds(
    RunConfig,
    steps=st.integers(1, 1000),
    guidance=st.floats(allow_nan=False, allow_infinity=False),
    scale=st.none() | st.integers(1, 2**63 - 1),
    metrics=st.none() | st.lists(names, min_size=1, max_size=3).map(tuple),
    settings=st.dictionaries(names.filter("dataset".__ne__), st.dictionaries(names, values, max_size=2), max_size=2),
)


@given(config=configs)
@same_folder
def test_a_configuration_comes_back_from_its_file(config: RunConfig, tmp_path: Path) -> None:
    path = tmp_path / "run.toml"
    path.write_bytes(as_toml({"run": config.as_table(), "versions": {}}))
    assert RunConfig(**read_config(path)) == config


def test_a_mark_in_front_of_a_configuration_is_no_part_of_it(tmp_path: Path) -> None:
    path = tmp_path / "run.toml"
    path.write_bytes(b"\xef\xbb\xbf[run]\r\nsteps = 7\r\n")
    assert read_config(path) == {"steps": 7}


@given(part=names, value=values)
def test_a_setting_is_what_python_would_write(part: str, value: object) -> None:
    assume("inf" not in repr(value))  # no literal
    assert parse_settings([f"{part}.x={value!r}"]) == {part: {"x": value}}


@given(text=st.text(max_size=20))
def test_any_other_setting_is_text(text: str) -> None:
    (value,) = parse_settings([f"part.x={text}"])["part"].values()
    assert value == text.strip() or repr(value) != repr(text)


# --- pictures ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("channels", [1, 2, 3, 4, 7])
@pytest.mark.parametrize("depth", [8, 16])
def test_an_image_comes_back_channel_by_channel(channels: int, depth: Literal[8, 16], tmp_path: Path) -> None:
    top = 2**depth - 1
    whole = torch.randint(top + 1, (channels, 5, 7), generator=torch.Generator().manual_seed(0))
    write_image((whole.double() / top).float(), path := tmp_path / f"a{suffix(channels, depth)}", depth)
    found = Reading.of(intensity="full").read(path, channels)
    assert torch.equal((found.double() * top).round().long(), whole)
    assert path.suffix == (".png" if depth == 8 and channels in (1, 3) else ".tif")


def test_two_channels_are_shown_in_magenta_and_green() -> None:
    a, b = torch.rand(2, 4, 4, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(shown(torch.stack((a, b))), torch.stack((a, b, a)))


@given(channels=st.sampled_from((2, 4, 5, 9)), seed=st.integers(0, 99))
def test_false_colours_stay_in_range_and_none_is_hidden(channels: int, seed: int) -> None:
    image = torch.rand(channels, 3, 3, generator=torch.Generator().manual_seed(seed)).double()
    before = shown(image)
    assert before.min() >= 0
    assert before.max() <= 1
    for c in range(channels):
        brighter = image.clone()
        brighter[c] += (1 - brighter[c]) / 2
        rise = shown(brighter) - before
        assert rise.min() > -1e-12
        assert (rise.amax(dim=0) > 1e-9).all()
    assert not shown(torch.zeros_like(image)).any()


@pytest.mark.parametrize("channels", [1, 3])
def test_grey_and_rgb_are_shown_as_they_are(channels: int) -> None:
    image = torch.rand(channels, 4, 4)
    assert torch.equal(shown(image), image)


@pytest.mark.parametrize("size", [(64, 64), (300, 200), (4, 4), (2, 64), (64, 2), (192, 192)])
@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_the_grid_holds_every_image_enlarged(size: tuple[int, int], channels: int) -> None:
    columns = ["source: low-x16", "translated: high", "reference"]
    rows = [[torch.rand(channels, *size) for _ in columns] for _ in range(3)]
    picture = np.asarray(grid("a title", columns, rows, ["a", "b" * 200, "c-1"]).convert("RGB"))
    zoom = max(1, 192 // max(size))
    for row in rows:
        for image in row:
            large = np.asarray(to_pil(image).convert("RGB")).repeat(zoom, 0).repeat(zoom, 1)
            corner = (picture[: -large.shape[0] + 1 or None, : -large.shape[1] + 1 or None] == large[0, 0]).all(-1)
            assert any(
                np.array_equal(picture[y : y + large.shape[0], x : x + large.shape[1]], large)
                for y, x in np.argwhere(corner)
            )


@pytest.mark.parametrize("title", ["", "x", "method " * 200])
def test_any_title_fits(title: str) -> None:
    picture = grid(title, ["source"], [[torch.zeros(3, 8, 8)]], ["a"])
    assert picture.width < 300
    assert np.asarray(picture)[:18, -4:].min() == 255  # the margin is free


@given(text=st.text(max_size=60), most=st.integers(5, 40))
def test_shortening_keeps_both_ends(text: str, most: int) -> None:
    short = shorten(text, most)
    assert len(short) <= most
    assert short[0:1] == text[0:1]
    assert short[-1:] == text[-1:]
    assert short == text or "..." in short


def test_a_caption_is_bounded() -> None:
    images = [[torch.zeros(3, 8, 8)]]
    wide, wider = grid("", ["a"], images, ["b" * CAPTION]), grid("", ["a"], images, ["b" * 200])
    assert wider.width <= wide.width


def test_an_image_file_is_closed(tmp_path: Path) -> None:
    """Otherwise a warning, which is an error in tests."""
    Image.new("RGB", (4, 4)).save(tmp_path / "a.png")
    read_image(tmp_path / "a.png")
    (tmp_path / "a.png").unlink()


def test_a_link_stays_and_what_it_leads_to_is_written(tmp_path: Path) -> None:
    (tmp_path / "far").mkdir()
    (tmp_path / "far/there").write_bytes(b"before")
    for name, target in (("near", "far/there"), ("dangling", "far/new")):
        (tmp_path / name).symlink_to(target)
        write_whole(tmp_path / name, b"after")
        assert (tmp_path / name).is_symlink()
        assert (tmp_path / target).read_bytes() == b"after"
    assert sorted(path.name for path in (tmp_path / "far").iterdir()) == ["new", "there"]


def listening(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as one:
        one.bind(str(path))


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir, listening, lambda path: path.symlink_to("/dev/full")])
def test_nothing_takes_the_place_of_what_is_no_regular_file(make: Callable[[Path], object], tmp_path: Path) -> None:
    path = tmp_path / "out"
    make(path)
    kind = stat.S_IFMT(path.stat().st_mode)
    with pytest.raises(OSError, match=r"Not a regular file|Is a directory") as refused:
        write_whole(path, b"data")
    assert refused.value.filename == str(path)
    assert stat.S_IFMT(path.stat().st_mode) == kind
    assert list(tmp_path.iterdir()) == [path]
