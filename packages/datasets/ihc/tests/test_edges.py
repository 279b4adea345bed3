"""Edge maps."""

from __future__ import annotations

import torch
from hypothesis import given
from hypothesis import strategies as st

from spectralkit.data import TranslationDataset
from spectralkit_datasets_ihc import Ihc, IhcTraining
from spectralkit_datasets_ihc.edges import edges


def test_edges_are_thin_black_lines_on_white() -> None:
    dataset: TranslationDataset = Ihc(task="edges")
    for i in range(len(dataset)):
        source = dataset[i].source
        assert set(source.unique().tolist()) == {0.0, 1.0}
        assert torch.equal(source, source[:1].expand_as(source))
        assert 0.05 < float((source == 0).float().mean()) < 0.35


@given(position=st.integers(6, 25), level=st.floats(0.5, 1.0), turned=st.booleans())
def test_a_step_leaves_one_line_where_it_is(position: int, level: float, turned: bool) -> None:
    image = torch.zeros(3, 32, 32)
    image[:, :, position] = level / 2  # the step is there, and not between two pixels, which would be a tie
    image[:, :, position + 1 :] = level
    lines = edges(image.mT if turned else image)[0] == 0
    inside = (lines.mT if turned else lines)[3:-3].nonzero()  # near the frame Canny lacks the neighbours
    assert inside[:, 0].tolist() == list(range(26))
    assert set(inside[:, 1].tolist()) == {position}


@given(grey=st.floats(0, 1))
def test_a_flat_image_leaves_the_paper_white(grey: float) -> None:
    assert torch.equal(edges(torch.full((3, 16, 16), grey)), torch.ones(3, 16, 16))


def test_training_draws_edges_too() -> None:
    training = IhcTraining()
    drawn = training.draw([training.conditions.index("edges")] * 4, 64, torch.Generator().manual_seed(0))
    assert set(drawn.unique().tolist()) == {0.0, 1.0}
    assert len({image.numpy().tobytes() for image in drawn}) == 4
