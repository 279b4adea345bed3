"""The split: what is evaluated was never trained on, and its parts hold the same tissue."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from spectralkit.errors import ConfigurationError
from spectralkit.testing.strategies import seeds
from spectralkit_datasets_ihc import Ihc, IhcTraining
from spectralkit_datasets_ihc.micrograph import HELD_OUT, HIGH, LOW, TILE, Place, crops, load_pixels, tile

sizes = st.integers(1, TILE)


def marked() -> torch.Tensor:
    """The micrograph's shape with every pixel's own position in it: channel 0 its row, channel 1 its column."""
    rows, columns = torch.meshgrid(torch.arange(512.0), torch.arange(512.0), indexing="ij")
    return torch.stack((rows, columns, torch.zeros(512, 512))) / 512


def places(image: torch.Tensor) -> set[Place]:
    """The tiles from which the pixels of a marked image come."""
    rows, columns = (image[:2].reshape(2, -1) * 512).round().int() // TILE
    return set(zip(rows.tolist(), columns.tolist(), strict=True))


def test_the_pixels_are_a_real_stain() -> None:
    pixels = load_pixels()
    assert pixels.shape == (3, 512, 512)
    # Haematoxylin is blue, DAB brown: a real stain is neither grey nor flat.
    assert float((pixels[0] - pixels[2]).abs().mean()) > 0.05
    assert float(pixels.std()) > 0.1


def test_every_tile_is_in_one_part_and_one_of_every_row_and_column_is_held_out() -> None:
    parts = HELD_OUT + HIGH + LOW
    assert sorted(parts) == [(row, column) for row in range(4) for column in range(4)]
    assert len(HIGH) == len(LOW) == 6
    assert sorted(row for row, _ in HELD_OUT) == sorted(column for _, column in HELD_OUT) == [0, 1, 2, 3]


def test_the_parts_have_the_same_share_of_stroma() -> None:
    def share(part: tuple[Place, ...]) -> float:
        tissue = torch.stack([tile(load_pixels(), place) for place in part])
        return float((tissue.amax(dim=1) - tissue.amin(dim=1) < 0.22).float().mean())

    shares = [share(part) for part in (HELD_OUT, HIGH, LOW)]
    assert max(shares) - min(shares) < 0.03, shares  # the README says 65, 67 and 67 %


@given(size=sizes)
def test_a_crop_lies_inside_one_tile_and_the_tiles_take_turns(size: int) -> None:
    pixels = marked()
    found = list(crops(HELD_OUT, size))
    assert len(set(found)) == len(found)
    for i, crop in enumerate(found):
        assert crop.of(pixels).shape == (3, size, size)
        assert places(crop.of(pixels)) == {HELD_OUT[i % 4]}


@pytest.mark.parametrize(("size", "count"), [(1, 64), (64, 64), (125, 64), (126, 36), (127, 16), (128, 4)])
def test_there_are_64_held_out_crops_until_a_tile_has_no_room(size: int, count: int) -> None:
    dataset = Ihc(task="edges", size=size)
    assert len(dataset) == len({dataset[i].id for i in range(count)}) == count


def test_the_offsets_of_64_pixels_span_the_tile() -> None:
    found = list(crops(HELD_OUT, 64))
    assert {crop.y % TILE for crop in found} == {crop.x % TILE for crop in found} == {0, 21, 43, 64}


@given(seed=seeds(), size=sizes.map(lambda size: -(-size // 16) * 16))
@settings(max_examples=25)
def test_training_draws_every_domain_from_its_own_tiles(seed: int, size: int) -> None:
    training = IhcTraining()
    object.__setattr__(training, "pixels", marked())
    kept = [i for i, name in enumerate(training.conditions) if name != "edges"]  # edges do not show a position
    batch = training.draw(kept * 4, size, torch.Generator().manual_seed(seed))
    for domain, crop in zip(kept * 4, batch, strict=True):
        assert len(places(crop)) == 1
        assert places(crop) <= set(HIGH if training.conditions[domain] == "high" else LOW)


def painted(part: tuple[Place, ...], value: float) -> IhcTraining:
    """The training set of a micrograph with other pixels in the tiles of ``part``."""
    training, pixels = IhcTraining(), load_pixels()
    for place in part:
        tile(pixels, place).fill_(value)
    object.__setattr__(training, "pixels", pixels)
    return training


@given(seed=seeds(), value=st.floats(0, 1))
@settings(max_examples=10)
def test_no_domain_depends_on_a_held_out_pixel_nor_on_the_tiles_of_the_other_side(seed: int, value: float) -> None:
    training = IhcTraining()
    target = training.conditions.index("high")
    sources = [i for i in range(len(training.conditions)) if i != target] * 2
    for part, domains in ((HELD_OUT, [*sources, target]), (HIGH, sources), (LOW, [target] * 4)):
        drawn, other = (
            t.draw(domains, 64, torch.Generator().manual_seed(seed)) for t in (training, painted(part, value))
        )
        assert torch.equal(drawn, other)
    assert training.digest == painted(HELD_OUT, value).digest


@pytest.mark.parametrize("place", HIGH + LOW)
def test_the_digest_depends_on_every_trained_tile(place: Place) -> None:
    assert painted((place,), 0.5).digest != IhcTraining().digest


@given(seed=seeds())
@settings(max_examples=5)
def test_every_offset_and_orientation_is_drawn(seed: int) -> None:
    training = IhcTraining()
    object.__setattr__(training, "pixels", marked())
    drawn = training.draw([training.conditions.index("high")] * 400, 126, torch.Generator().manual_seed(seed))
    corners = {tuple((512 * crop[:2, 0, 0]).round().int().tolist()) for crop in drawn}
    # A crop of 126 has 9 places in each of 6 tiles and 4 corners; each is missed with probability exp(-400 / 216).
    assert {y % TILE for y, _ in corners} == {x % TILE for _, x in corners} == {0, 1, 2, 125, 126, 127}
    assert {(y // TILE, x // TILE) for y, x in corners} == set(HIGH)
    steps = {tuple((512 * (crop[:2, 0, 1] - crop[:2, 0, 0])).round().int().tolist()) for crop in drawn}
    assert steps == {(0, 1), (0, -1), (1, 0), (-1, 0)}


def test_metrics_learn_a_domain_from_its_training_tiles() -> None:
    dataset = Ihc()
    object.__setattr__(dataset, "pixels", marked())
    for stream, part in ((dataset.targets, HIGH), (dataset.sources, LOW)):
        images = list(stream())
        assert len(images) == 96
        assert set().union(*map(places, images)) == set(part)


@pytest.mark.parametrize("size", [0, -1, 129])
def test_training_refuses_a_crop_larger_than_a_tile(size: int) -> None:
    with pytest.raises(ConfigurationError, match=f"size {size} is impossible for data set ihc: choose a whole number"):
        IhcTraining().draw([0], size, torch.Generator())
