"""Crops, banks of latents, and what is measured of them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import attrs
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from spectralkit.errors import DataError
from spectralkit.inversion.noise import Noise
from spectralkit.models.latent import LatentCodec
from spectralkit_models_training.bank import Bank, digest, domains_of, fill, moments, remembered
from spectralkit_models_training.config import DiffusionConfig
from spectralkit_models_training.diffusion import shares
from spectralkit_models_training.source import Crops, spread_of


@attrs.frozen
class Flat:
    """Crops that are all of one grey, which tells their domain."""

    conditions: tuple[str, ...] = ("a", "b", "c")
    digest: str = "none"

    def draw(self, domains: Sequence[int], size: int, generator: torch.Generator) -> Tensor:
        grey = torch.tensor(list(domains)).float() / 4
        return grey.view(-1, 1, 1, 1).expand(-1, 3, size, size) + 0.01 * torch.rand(
            len(domains), 3, size, size, generator=generator
        )


@attrs.frozen
class Halver:
    """A codec that keeps every second pixel."""

    def to(self, device: torch.device | None = None) -> Halver:
        return self

    def encode(self, images: Tensor, noise: Noise) -> Tensor:
        assert len(noise.ids) == len(images)
        return images[..., ::2, ::2]


def filled(count: int) -> Bank:
    domains = domains_of(torch.tensor([0.25, 0.25, 0.5]), count)
    rows = fill(Crops(Flat(), 8), domains, Halver(), 0, torch.device("cpu"))  # type: ignore[arg-type]
    return Bank(rows, domains)


@given(
    shares=st.lists(st.floats(0, 1), min_size=1, max_size=6).filter(lambda row: sum(row) > 0.1),
    count=st.integers(1, 500),
)
def test_a_bank_has_every_domain_in_its_share(shares: list[float], count: int) -> None:
    row = torch.tensor(shares) / sum(shares)
    domains = domains_of(row, count)
    counts = torch.bincount(domains, minlength=len(row))
    assert (counts >= 1).all()
    assert ((counts - row * count).abs() <= 1).all()
    assert (domains.diff() >= 0).all()


@given(seed=st.integers(0, 2**31), asked=st.lists(st.integers(0, 2), min_size=1, max_size=40))
def test_a_bank_gives_latents_of_the_domains_that_are_asked_for(seed: int, asked: list[int]) -> None:
    drawn = BANK.draw(torch.tensor(asked), False, torch.Generator().manual_seed(seed))
    assert drawn.shape == (len(asked), 3, 4, 4)
    assert drawn.dtype == torch.float32
    assert ((drawn.mean(dim=(1, 2, 3)) * 4).floor().int() == torch.tensor(asked)).all()


BANK = filled(150)


def test_every_row_of_a_bank_is_drawn() -> None:
    bank = Bank(torch.arange(10.0).view(10, 1, 1, 1), torch.tensor([0] * 4 + [1] * 6))
    generator = torch.Generator().manual_seed(0)
    asked = torch.tensor([0, 1]).repeat(300)
    drawn = bank.draw(asked, False, generator).flatten()
    assert set(drawn[asked == 0].tolist()) == {0, 1, 2, 3}
    assert set(drawn[asked == 1].tolist()) == {4, 5, 6, 7, 8, 9}


def test_crops_are_pixels_in_minus_one_to_one_and_small_ones_half_as_wide() -> None:
    crops, generator = Crops(Flat(), 8), torch.Generator().manual_seed(0)
    assert crops.draw(torch.tensor([2]), True, generator).shape == (1, 3, 4, 4)
    x = crops.draw(torch.tensor([0, 2]), False, generator)
    assert x.shape == (2, 3, 8, 8)
    assert x[0].mean() == pytest.approx(-0.99, abs=0.01)


@given(seed=st.integers(0, 2**31))
def test_moments_make_every_channel_standard(seed: int) -> None:
    rows = torch.randn(20, 3, 4, 4, generator=torch.Generator().manual_seed(seed)) * torch.tensor([1.0, 5, 0.1]).view(
        3, 1, 1
    ) + torch.tensor([0.0, -3, 7]).view(3, 1, 1)
    shift, scale = moments(rows)
    assert shift.shape == scale.shape == (1, 3, 1, 1)
    standard = (rows - shift) / scale
    torch.testing.assert_close(standard.mean(dim=(0, 2, 3)), torch.zeros(3), atol=1e-4, rtol=0)
    torch.testing.assert_close(standard.std(dim=(0, 2, 3)), torch.ones(3), atol=1e-3, rtol=0)
    flat = torch.zeros(1, 3, 1, 1)
    LatentCodec(None, shift, scale)  # takes them
    assert flat.shape == shift.shape


def test_what_was_made_is_remembered_by_its_key(tmp_path: Path) -> None:
    made = []

    def make() -> Tensor:
        made.append(1)
        return torch.full((2, 2), float(len(made)))

    path = tmp_path / "bank.safetensors"
    assert [remembered(path, key, make)[0, 0].item() for key in "aabba"] == [1, 1, 2, 2, 3]
    path.write_bytes(b"damaged")
    assert remembered(path, "a", make)[0, 0] == 4
    assert remembered(None, "a", make)[0, 0] == 5
    assert remembered(path, "b", make, keep=False)[0, 0] == 6  # of several processes one keeps it
    assert remembered(path, "a", make, keep=False)[0, 0] == 4


def test_a_digest_is_of_names_and_values() -> None:
    ours, theirs = (torch.nn.Linear(2, 2) for _ in range(2))
    assert digest(ours) != digest(theirs)
    theirs.load_state_dict(ours.state_dict())
    assert digest(ours) == digest(theirs)


@pytest.mark.parametrize("side", [1, 3])
def test_a_digest_is_not_of_the_layout_in_memory(side: int) -> None:
    convolution = torch.nn.Conv2d(3, 5, side)
    before = digest(convolution)
    convolution.weight.data = convolution.weight.detach().contiguous(memory_format=torch.channels_last)
    assert digest(convolution) == before


@pytest.mark.parametrize("value", [0.0, float("nan")])
def test_latents_without_spread_are_refused(value: float) -> None:
    with pytest.raises(DataError, match="constant or non-finite latents"):
        moments(torch.full((4, 2, 3, 3), value))


def test_the_spread_is_that_of_all_pixels() -> None:
    """Images may be large: they are drawn a few at a time."""
    drawn = []

    def draw(count: int, generator: torch.Generator) -> Tensor:
        drawn.append(3 + 2 * torch.randn(count, 3, 8, 8, generator=generator))
        return drawn[-1]

    assert spread_of(draw, 0) == pytest.approx(2, rel=0.01)
    assert max(map(len, drawn)) <= 64
    assert spread_of(draw, 0) == pytest.approx(float(torch.cat(drawn[: len(drawn) // 2]).double().std()), abs=1e-4)


@given(p_target=st.floats(0, 1), conditions=st.integers(1, 8))
def test_domains_are_drawn_in_their_shares(p_target: float, conditions: int) -> None:
    row = shares(DiffusionConfig(p_target=p_target), conditions)
    assert float(row.sum()) == pytest.approx(1)
    if conditions > 1:
        assert float(row[-1]) == pytest.approx(p_target)
        assert float(row[:-1].max() - row[:-1].min()) == 0
