"""Procedural cells: a data set by all its laws, of any size and number of channels."""

from __future__ import annotations

from itertools import pairwise

import pytest
import torch

from spectralkit.errors import ConfigurationError
from spectralkit.testing import conformance
from spectralkit_datasets_cells import Cells, CellsTraining

test_cells = conformance("dataset", "cells", count=14)
test_grey = conformance("dataset", "cells", size=40, channels=1, count=6)
test_all_stains = conformance("dataset", "cells", size=32, channels=4, count=6, seed=3)


def test_a_sketch_is_of_its_micrograph() -> None:
    """Nuclei are bright inside the lines of their own scene, and not of another's."""
    data = Cells(size=96, channels=1, count=6)

    def inside(lines: torch.Tensor, image: torch.Tensor) -> float:
        """How much the brightness changes across lines: the mean gradient on them over that elsewhere."""
        down, right = image[0].diff(dim=0)[:, 1:].abs(), image[0].diff(dim=1)[1:].abs()
        change, on = down + right, lines[0, 1:, 1:] == 0
        return float(change[on].mean() / change[~on].mean())

    samples = list(data)
    own = [inside(sample.source, sample.reference) for sample in samples]
    other = [inside(sample.source, next_.reference) for sample, next_ in pairwise(samples)]
    assert min(own) > 1.5 * max(other)


def test_the_sketch_is_black_on_white_and_thin() -> None:
    for sample in Cells(count=4):
        assert sample.source.unique().tolist() == [0, 1]
        assert 0.05 < 1 - float(sample.source.mean()) < 0.35
        assert torch.equal(sample.source[0], sample.source[2])


def test_fields_of_any_size_are_equally_full() -> None:
    def brightness(size: int) -> float:
        """Over about as many pixels, whatever the size; a fifth of it is chance."""
        data = Cells(size=size, channels=1, count=400**2 // size**2)
        return float(torch.stack([sample.reference.mean() for sample in data]).mean())

    whole = brightness(200)
    assert [brightness(8), brightness(33)] == pytest.approx([whole, whole], rel=0.2)


def test_seeds_give_other_scenes_and_uses_never_share_one() -> None:
    one, other = Cells(count=4), Cells(count=4, seed=1)
    assert not any(torch.equal(a.reference, b.reference) for a in one for b in other)
    assert CellsTraining().digest != CellsTraining(seed=1).digest
    targets = list(one.targets())
    assert not any(torch.equal(sample.reference, image) for sample in one for image in targets)


def test_channels_are_those_of_the_same_scene() -> None:
    """Filaments and cytoplasm surround nuclei: where one is bright, the other is not."""
    image = Cells(size=128, count=1)[0].reference
    nuclei = image[2] > 0.4
    assert float(image[1][nuclei].mean()) < 0.7 * float(image[1][~nuclei].mean())


@pytest.mark.parametrize("options", [{"size": 7}, {"channels": 5}, {"channels": 0}, {"count": 0}])
def test_what_is_impossible_is_refused(options: dict[str, int]) -> None:
    with pytest.raises(ConfigurationError, match="cells"):
        Cells(**options)
