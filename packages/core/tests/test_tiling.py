"""Cutting and blending: what the tiles agree on is left as it is."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from spectralkit.errors import DataError
from spectralkit.running.tiling import Resizing, Tiling, fit_to
from spectralkit.testing.strategies import seeds

EXACT = 1e-6  # a mean of at most 16 equal float32 numbers, weighted

sides = st.integers(1, 20)


@st.composite
def tilings(draw: st.DrawFn) -> Tiling:
    tile = draw(sides), draw(sides)
    return Tiling((tile[0] + draw(st.integers(0, 50)), tile[1] + draw(st.integers(0, 50))), tile)


def image_of(seed: int, height: int, width: int) -> torch.Tensor:
    return torch.rand(3, height, width, generator=torch.Generator().manual_seed(seed))


@given(tiling=tilings(), seed=seeds())
def test_blending_the_tiles_of_an_image_gives_the_image(tiling: Tiling, seed: int) -> None:
    image = image_of(seed, *tiling.image)
    tiles = tiling.cut(image)
    assert tiles.shape == (len(tiling), 3, *tiling.tile)
    torch.testing.assert_close(tiling.join(tiles), image, rtol=0, atol=EXACT)


@given(tiling=tilings())
def test_every_tile_lies_inside_and_every_pixel_in_a_tile(tiling: Tiling) -> None:
    covered = torch.zeros(tiling.image, dtype=torch.int)
    for y, x in tiling.corners:
        assert 0 <= y <= tiling.image[0] - tiling.tile[0]
        assert 0 <= x <= tiling.image[1] - tiling.tile[1]
        covered[y : y + tiling.tile[0], x : x + tiling.tile[1]] += 1
    assert covered.min() >= 1
    assert len(set(tiling.corners)) == len(tiling)


@given(tiling=tilings(), seed=seeds())
def test_a_blend_lies_between_its_tiles(tiling: Tiling, seed: int) -> None:
    tiles = torch.rand(len(tiling), 1, *tiling.tile, generator=torch.Generator().manual_seed(seed))
    least, most = torch.ones(tiling.image), torch.zeros(tiling.image)
    for tile, (y, x) in zip(tiles, tiling.corners, strict=True):
        window = (slice(y, y + tiling.tile[0]), slice(x, x + tiling.tile[1]))
        least[window], most[window] = least[window].minimum(tile[0]), most[window].maximum(tile[0])
    blend = tiling.join(tiles)[0]
    assert (blend >= least - EXACT).all()
    assert (blend <= most + EXACT).all()


@pytest.mark.parametrize("scale", [4, 8, 16])
@pytest.mark.parametrize("length", [64, 80, 112, 144, 512])
def test_tiles_stay_aligned_with_the_blocks_of_a_decimated_image(scale: int, length: int) -> None:
    assert all(y % scale == 0 and x % scale == 0 for y, x in Tiling((length, length), (64, 64)).corners)


def test_neighbours_share_a_quarter() -> None:
    assert [y for y, _ in Tiling((160, 64), (64, 64)).corners] == [0, 48, 96]


def test_the_blend_falls_linearly_across_the_overlap() -> None:
    """Two tiles of 8 in 14 columns share 2: weights 2/2 and 1/2 against 1/2 and 2/2."""
    tiling = Tiling((8, 14), (8, 8))
    tiles = torch.stack([torch.zeros(1, 8, 8), torch.ones(1, 8, 8)])
    row = tiling.join(tiles)[0, 4]
    torch.testing.assert_close(row[5:9], torch.tensor([0.0, 1 / 3, 2 / 3, 1.0]))


def test_an_image_smaller_than_a_tile_is_refused() -> None:
    with pytest.raises(DataError, match="an image of 100x63 is smaller than a tile of 64x64"):
        fit_to((100, 63), (64, 64), "tile")


@given(seed=seeds(), height=sides, width=sides)
def test_an_image_of_the_models_size_is_left_as_it_is(seed: int, height: int, width: int) -> None:
    image = image_of(seed, height, width)
    for fit in ("tile", "resize"):
        fitting = fit_to((height, width), (height, width), fit)
        assert torch.equal(fitting.cut(image)[0], image)
        torch.testing.assert_close(fitting.join(fitting.cut(image)), image, rtol=0, atol=EXACT)


@given(height=sides, width=sides, grey=st.floats(0, 1))
def test_resizing_keeps_a_constant_and_the_size(height: int, width: int, grey: float) -> None:
    fitting = Resizing((height, width), (8, 12))
    tiles = fitting.cut(torch.full((3, height, width), grey))
    assert tiles.shape == (1, 3, 8, 12)
    whole = fitting.join(tiles)
    assert whole.shape == (3, height, width)
    torch.testing.assert_close(whole, torch.full_like(whole, grey), rtol=0, atol=EXACT)
