"""Per-sample noise: a function of (seed, sample id, purpose) and of nothing else."""

from __future__ import annotations

import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from spectralkit.inversion.noise import Noise
from spectralkit.testing.strategies import seeds

ids = st.lists(st.text(min_size=1, max_size=8), min_size=1, max_size=5, unique=True)
SHAPE = (2, 4, 4)


def draw(noise: Noise, purpose: str = "p") -> torch.Tensor:
    return noise.normal(purpose, torch.empty(len(noise.ids), *SHAPE))


@given(seed=seeds(), ids=ids, data=st.data())
def test_a_sample_is_the_same_in_any_batch_and_any_order(seed: int, ids: list[str], data: st.DataObject) -> None:
    whole = dict(zip(ids, draw(Noise(seed, ids)), strict=True))
    some = data.draw(st.lists(st.sampled_from(ids), min_size=1))
    for name, drawn in zip(some, draw(Noise(seed, some)), strict=True):
        assert torch.equal(drawn, whole[name])


@given(seed=seeds(), ids=ids, data=st.data())
def test_selection_is_the_noise_of_the_rows(seed: int, ids: list[str], data: st.DataObject) -> None:
    rows = torch.tensor(data.draw(st.lists(st.integers(0, len(ids) - 1), min_size=1)))
    assert torch.equal(draw(Noise(seed, ids).select(rows)), draw(Noise(seed, ids))[rows])


@given(seed=seeds(), ids=ids)
def test_draws_do_not_depend_on_earlier_draws(seed: int, ids: list[str]) -> None:
    noise = Noise(seed, ids)
    first = draw(noise)
    draw(noise, "other")
    torch.randn(3)
    assert torch.equal(draw(noise), first)


@given(seed=seeds(), ids=ids)
def test_seed_sample_and_purpose_all_matter(seed: int, ids: list[str]) -> None:
    drawn = [draw(Noise(seed, ids)), draw(Noise(seed + 1, ids)), draw(Noise(seed, ids), "q")]
    rows = torch.cat(drawn).flatten(1)
    assert len({tuple(row.tolist()) for row in rows}) == 3 * len(ids)


@given(parts=st.tuples(st.text(max_size=4), st.text(max_size=4), st.text(max_size=4)))
def test_the_key_separates_its_parts(parts: tuple[str, str, str]) -> None:
    """No pair of (id, purpose) shares a generator by running into one another: (a, bc) is not (ab, c)."""
    a, b, c = (part.replace("\0", "") for part in parts)
    like = torch.empty(1, *SHAPE)
    if b:
        assert not torch.equal(Noise(0, [a]).normal(b + c, like), Noise(0, [a + b]).normal(c, like))


@given(seed=seeds())
@settings(max_examples=5)
def test_the_numbers_are_standard_normal_and_independent(seed: int) -> None:
    drawn = Noise(seed, ["a", "b"]).normal("p", torch.empty(2, 1, 128, 128)).double()
    count = drawn[0].numel()
    # Six standard errors throughout.
    assert float(drawn.mean().abs()) < 6 / (2 * count) ** 0.5
    assert abs(float(drawn.var()) - 1) < 6 * (2 / (2 * count)) ** 0.5
    assert abs(float((drawn[0] * drawn[1]).mean())) < 6 / count**0.5


def test_precision_and_integers() -> None:
    noise = Noise(3, ["a", "b"])
    single, double = (noise.normal("p", torch.empty(2, 3, dtype=kind)) for kind in (torch.float32, torch.float64))
    assert double.dtype == torch.float64
    assert torch.equal(double, single.double())  # the same run in either precision starts from the same numbers
    integers = noise.integers("p", 2, 5, 1000)
    assert integers.shape == (2, 1000)
    assert set(integers.flatten().tolist()) == {2, 3, 4}
    assert torch.equal(noise.select(torch.tensor([1])).integers("p", 2, 5, 1000)[0], integers[1])
