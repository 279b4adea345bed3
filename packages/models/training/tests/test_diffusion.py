"""What a diffusion is shown, and what becomes of it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import attrs
import pytest
import torch
from torch import Tensor, nn

import spectralkit as sk
from spectralkit.data import TranslationDataset
from spectralkit.diffusion.schedule import LevelBatch
from spectralkit.errors import ConfigurationError
from spectralkit.inversion.noise import Noise
from spectralkit.models.checkpoint import NETWORKS
from spectralkit.models.latent import LatentCodec
from spectralkit.plugins.registry import register
from spectralkit.plugins.specs import DatasetSpec
from spectralkit.torchvision_fix import repair_torchvision
from spectralkit_models_training.aside import Aside
from spectralkit_models_training.assembly import assemble_diffusion, training_set
from spectralkit_models_training.autoencoder.directory import Facts
from spectralkit_models_training.average import averaged
from spectralkit_models_training.bank import Bank, fill
from spectralkit_models_training.config import DiffusionConfig
from spectralkit_models_training.diffusion import DiffusionTask
from spectralkit_models_training.source import Crops
from spectralkit_models_training.space import LatentSpace

SMALL: dict[str, Any] = {
    **{"size": 16, "widths": (8, 16), "groups": 8, "layers": 1, "hidden": 16, "depth": 2, "heads": 2, "patch": 4},
    **{"score": "none", "sample_steps": 2, "device": "cpu"},
}
BACKBONES = ("unet", "dit")


@attrs.frozen
class Greys:
    """Noise around a grey that tells the domain.

    Args:
        domains: How many.
        channels: Of an image.
        spread: Of the noise.
    """

    domains: int = 3
    channels: int = 3
    spread: float = 0.1

    @property
    def conditions(self) -> tuple[str, ...]:
        return tuple(f"grey-{i}" for i in range(self.domains))

    @property
    def digest(self) -> str:
        return "0" * 64

    def draw(self, domains: Sequence[int], size: int, generator: torch.Generator) -> Tensor:
        grey = (torch.tensor(list(domains)).float() + 1).view(-1, 1, 1, 1) / (self.domains + 1)
        noise = torch.randn(len(domains), self.channels, size, size, generator=generator)
        return (grey + self.spread * noise).clamp(0, 1)


@pytest.fixture(scope="module", autouse=True)
def greys() -> Iterator[None]:
    """A third party's data set, for as long as this file's tests run; only its training half is wanted here."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("spectralkit.plugins.registry._REGISTERED", {})
        register(DatasetSpec(name="greys", target=f"{__name__}:Greys", summary="", training=f"{__name__}:Greys"))
        yield


class Told(TranslationDataset):
    """The half that a run translates: it has an opinion of its own."""

    def __init__(self, mood: str = "good", size: int = 16) -> None:
        if mood != "good" or size % 16:
            raise ConfigurationError(f"mood {mood} is impossible at {size}")


@pytest.mark.parametrize(
    ("given", "size", "told"),
    [
        ({"mood": "good"}, 16, ""),
        ({"mood": "good", "spread": 0.3}, 16, ""),  # which is the training's alone
        ({"mood": "bad"}, 16, "mood bad is impossible at 16"),
        ({"mood": "good"}, 24, "mood good is impossible at 24"),
        ({}, 24, ""),  # a run may be given another mood
    ],
)
def test_what_a_run_would_refuse_is_refused_before_it_is_trained_on(
    given: dict[str, Any], size: int, told: str
) -> None:
    target, training = f"{__name__}:Told", f"{__name__}:Greys"
    register(DatasetSpec(name="told", target=target, summary="", training=training))
    config = DiffusionConfig(dataset="told", size=size, settings={"dataset": given})
    with pytest.raises(ConfigurationError, match=told) if told else nullcontext():
        assert isinstance(training_set(config), Greys)


def task(data: dict[str, Any] | None = None, **options: Any) -> DiffusionTask:
    """Of a small network with weights of all sizes, so that every path tells."""
    config = DiffusionConfig(**{**SMALL, "dataset": "greys", "settings": {"dataset": data or {}}, **options})
    made = assemble_diffusion(config, torch.device("cpu"), Aside(print)).task
    assert isinstance(made, DiffusionTask)
    torch.manual_seed(3)
    with torch.no_grad():
        for weight in made.module.parameters():
            weight.add_(0.1 * torch.randn_like(weight))
    return made


@pytest.mark.parametrize(("p_uncond", "p_target"), [(0.0, 0.5), (0.1, 0.5), (0.3, 0.8), (1.0, 0.0)])
def test_domains_and_labels_are_drawn_by_their_probabilities(p_uncond: float, p_target: float) -> None:
    ours = task(p_uncond=p_uncond, p_target=p_target)
    x0, eps, classes, label, alpha, sigma = ours.draw(0, 4000, torch.Generator().manual_seed(0))
    domains = ((x0.mean(dim=(1, 2, 3)) + 1) / 2 * 4 - 1).round().long()  # a crop tells what it is
    null = classes == 3
    assert float(null.double().mean()) == pytest.approx(p_uncond, abs=0.02)
    assert torch.equal(classes[~null], domains[~null])
    assert float((domains == 2).double().mean()) == pytest.approx(p_target, abs=0.03)
    if 0 < p_uncond < 1:  # whatever the domain
        assert float(null[domains == 2].double().mean()) == pytest.approx(p_uncond, abs=0.03)
    assert x0.shape == eps.shape == (4000, 3, 16, 16)
    assert float(eps.std()) == pytest.approx(1, abs=0.01)
    torch.testing.assert_close(alpha**2 + sigma**2, torch.ones(4000, dtype=torch.float64))
    assert label.min() >= 0
    assert label.max() == 999


class Spy(nn.Module):
    """Keeps what it is given, and answers with what it was made with."""

    def __init__(self, answer: Tensor) -> None:
        super().__init__()
        self.answer = answer

    def forward(self, x: Tensor, label: Tensor, class_labels: Tensor, return_dict: bool) -> tuple[Tensor]:
        self.given = x, label, class_labels
        return (self.answer,)


def test_a_network_is_given_the_noised_sample_its_level_and_its_class() -> None:
    ours = task()
    batch = x0, eps, classes, label, alpha, sigma = ours.draw(0, 32, torch.Generator().manual_seed(0))
    spy = Spy(eps)
    assert ours.loss(spy, batch, 0) == 0
    x, told, wanted = spy.given
    a, s = (row.float().view(-1, 1, 1, 1) for row in (alpha, sigma))
    torch.testing.assert_close(x, a * x0 + s * eps)
    assert torch.equal(told, label.float())
    assert torch.equal(wanted, classes)
    assert float(ours.loss(Spy(eps + 1), batch, 0)) == pytest.approx(1)


@pytest.mark.parametrize("backbone", BACKBONES)
def test_what_is_run_is_what_was_trained(backbone: str) -> None:
    """A condition's embedding is the row of its class, the null class's the last; no label is dropped inside."""
    ours = task(backbone=backbone)
    model = ours.model(averaged(ours.module))
    level = model.schedule.levels(4)[2]
    x = torch.randn(2, 3, 16, 16, generator=torch.Generator().manual_seed(1))
    row = torch.full((2,), level.label)
    ours.module.train()
    seen = []
    for number in range(4):
        null = number == 3
        condition = model.condition(f"grey-{0 if null else number}")
        found = model.denoiser(x, level, condition, 0.0 if null else 1.0)
        for _ in range(4):  # a label that is dropped now and then would be seen
            with torch.no_grad():
                output = ours.module(x, row, class_labels=torch.full((2,), number), return_dict=False)[0]
            torch.testing.assert_close(found.eps, output, rtol=1e-4, atol=1e-4)
        seen.append(output)
    assert all((a - b).abs().max() > 1e-3 for i, a in enumerate(seen) for b in seen[:i])


@pytest.mark.parametrize("backbone", BACKBONES)
def test_what_is_exported_is_the_average_in_half_precision(backbone: str, tmp_path: Path) -> None:
    ours = task(backbone=backbone)
    average = averaged(ours.module)
    ours.export(average, tmp_path, {})
    (folder,) = [tmp_path / name for name in NETWORKS if (tmp_path / name).exists()]
    from safetensors.torch import load_file

    stored = load_file(folder / "diffusion_pytorch_model.safetensors")
    assert stored.keys() == average.state_dict().keys()
    assert all(torch.equal(stored[name], value.half()) for name, value in average.state_dict().items())


@pytest.mark.parametrize("backbone", BACKBONES)
@pytest.mark.parametrize("process", ["ddim", "ddim-x0", "ddim-v", "edm", "flow"])
@pytest.mark.parametrize("loss", ["output", "min-snr", "middle"])
def test_every_process_trains_and_loads_and_runs(process: str, backbone: str, loss: str, tmp_path: Path) -> None:
    """The loss falls on a batch that is seen again and again; the model is loaded and translates."""
    ours = task(process=process, backbone=backbone, loss=loss)
    batch = ours.draw(0, 8, torch.Generator().manual_seed(0))
    optimiser = torch.optim.Adam(ours.module.parameters(), 3e-3)
    losses = []
    for _ in range(12):
        value = ours.loss(ours.module, batch, 0)
        optimiser.zero_grad()
        value.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        losses.append(float(value.detach()))
    assert losses[-1] < 0.9 * losses[0]
    ours.export(averaged(ours.module), tmp_path, {})
    model = sk.load_model(str(tmp_path))
    assert tuple(model.conditions) == ("grey-0", "grey-1", "grey-2")
    images = Greys().draw([0, 1], 16, torch.Generator().manual_seed(0))
    done = sk.translate(model, sk.load_method("standard"), images, source="grey-0", target="grey-2", steps=2)
    assert torch.isfinite(done.images).all()


@pytest.mark.parametrize(("domains", "channels"), [(1, 1), (1, 3), (2, 4), (5, 1)])
def test_data_of_a_third_party_have_their_own_domains_and_channels(domains: int, channels: int) -> None:
    ours = task(data={"domains": domains, "channels": channels})
    x0, _, classes, *_ = ours.draw(0, 64, torch.Generator().manual_seed(0))
    assert x0.shape == (64, channels, 16, 16)
    assert 0 <= int(classes.min()) <= int(classes.max()) == domains  # the null class among them
    assert torch.isfinite(ours.loss(ours.module, (x0, *ours.draw(0, 64, torch.Generator().manual_seed(0))[1:]), 0))
    shown = ours.show(averaged(ours.module))
    assert shown.images.shape == (8 * domains, channels, 16, 16)


@pytest.mark.parametrize("attention", [(0,), (1,), (2,), (1, 2)])
def test_the_middle_attends_where_any_resolution_does(attention: tuple[int, ...]) -> None:
    repair_torchvision()
    from diffusers.models.attention_processor import Attention

    parts: Any = task(attention=attention).module
    found = [any(isinstance(layer, Attention) for layer in part.modules()) for part in parts.down_blocks]
    assert found == [level in attention for level in (1, 2)]
    assert any(isinstance(layer, Attention) for layer in parts.mid_block.modules()) is any(found)


def test_sigma_data_is_measured_unless_given() -> None:
    """With the domains in the shares of the batches, pixels in [-1, 1]."""
    measured = task(process="edm", p_target=0.5).card.process_parameters["sigma_data"]
    shares, means = torch.tensor([0.25, 0.25, 0.5]), 2 * torch.tensor([1, 2, 3]) / 4 - 1
    variance = (shares * (means - (shares * means).sum()) ** 2).sum() + 0.2**2
    assert measured == pytest.approx(float(variance.sqrt()), rel=0.02)
    config = {"dataset": "greys", "process": "edm", "settings": {"process": {"sigma_data": 0.7}}}
    given = assemble_diffusion(DiffusionConfig(**SMALL, **config), torch.device("cpu"), Aside(print)).task
    assert isinstance(given, DiffusionTask)
    assert given.card.process_parameters["sigma_data"] == 0.7
    parameterization: Any = given.objective.process.parameterization
    assert parameterization.sigma_data == 0.7


def test_latents_are_learned_with_mean_0_and_variance_1_as_the_codec_gives_them() -> None:
    repair_torchvision()
    from diffusers import AutoencoderTiny

    torch.manual_seed(0)
    network = AutoencoderTiny(encoder_block_out_channels=(8,) * 4, decoder_block_out_channels=(8,) * 4).eval()
    config = DiffusionConfig(**SMALL, dataset="greys", bank=200)
    space = LatentSpace(config, Greys(spread=0.2), network, Facts(factor=8, channels=4, dataset="greys"))
    supply = space.supply(torch.device("cpu"), Aside(lambda line: None))
    assert isinstance(supply.source, Bank)
    rows = supply.source.rows.double()
    torch.testing.assert_close(rows.mean(dim=(0, 2, 3)), torch.zeros(4).double(), atol=2e-3, rtol=0)
    torch.testing.assert_close(rows.std(dim=(0, 2, 3)), torch.ones(4).double(), atol=2e-3, rtol=0)
    crop = Greys(spread=0.2).draw([0], 16, torch.Generator().manual_seed(0))
    latent = supply.codec.encode(crop, Noise(0, ["crop"]))
    assert supply.normalisation is not None
    shift, scale = (
        torch.tensor(row).view(1, 4, 1, 1) for row in (supply.normalisation.shift, supply.normalisation.scale)
    )
    raw = LatentCodec(network, torch.zeros(1, 4, 1, 1), torch.ones(1, 4, 1, 1)).encode(crop, Noise(0, ["crop"]))
    torch.testing.assert_close(latent, (raw - shift) / scale)


@pytest.fixture
def latents() -> Callable[..., LatentSpace]:
    """Of grey crops, by a small autoencoder."""
    repair_torchvision()
    from diffusers import AutoencoderTiny

    def build(**options: Any) -> LatentSpace:
        torch.manual_seed(0)
        network = AutoencoderTiny(encoder_block_out_channels=(8,) * 4, decoder_block_out_channels=(8,) * 4).eval()
        config = DiffusionConfig(**SMALL, dataset="greys", space="latent", autoencoder="x", **options)
        return LatentSpace(config, Greys(spread=0.2), network, Facts(factor=8, channels=4, dataset="greys"))

    return build


@pytest.mark.parametrize("spread", [0.5, 1.14])
def test_latents_have_the_spread_that_is_asked_for(spread: float, latents: Callable[..., LatentSpace]) -> None:
    """By what the checkpoint says of them, so that a run encodes and decodes them alike."""
    cpu, quiet = torch.device("cpu"), Aside(lambda line: None)
    plain, ours = (latents(bank=200, **more).supply(cpu, quiet) for more in ({}, {"latent_spread": spread}))
    assert isinstance(ours.source, Bank)
    rows = ours.source.rows.double()
    torch.testing.assert_close(rows.std(dim=(0, 2, 3)), torch.full((4,), spread).double(), atol=2e-3, rtol=0)
    assert ours.spread == spread  # which EDM takes for its sigma_data
    assert plain.normalisation is not None
    assert ours.normalisation is not None
    assert ours.normalisation.shift == plain.normalisation.shift
    assert [scale * spread for scale in ours.normalisation.scale] == pytest.approx(plain.normalisation.scale)
    crop = Greys(spread=0.2).draw([0], 16, torch.Generator().manual_seed(0))
    latent, wanted = (supply.codec.encode(crop, Noise(0, ["crop"])) for supply in (ours, plain))
    torch.testing.assert_close(latent, spread * wanted)
    torch.testing.assert_close(ours.codec.decode(latent), plain.codec.decode(wanted))


def test_a_rehearsal_encodes_a_few_crops_and_says_how_long_all_would_take(
    latents: Callable[..., LatentSpace], monkeypatch: pytest.MonkeyPatch
) -> None:
    encoded: list[int] = []

    def slow(crops: Crops, domains: Tensor, *more: Any) -> Tensor:
        encoded.append(len(domains))
        time.sleep(0.001 * len(domains))
        return fill(crops, domains, *more)

    monkeypatch.setattr("spectralkit_models_training.space.fill", slow)
    supply = latents(bank=1000).supply(torch.device("cpu"), Aside(print, rehearsal=True))
    assert sum(encoded) < 70
    assert isinstance(supply.source, Bank)
    assert torch.equal(supply.source.domains, torch.tensor([0, 1, 2]).repeat_interleave(torch.tensor([250, 250, 500])))
    assert len(supply.source.rows) == 1000  # it needs the memory of the bank
    ((told, seconds),) = supply.ahead.items()
    assert told == "encoding 1000 crops"
    assert 1 < seconds < 30


def test_levels_keep_their_meaning_in_single_precision() -> None:
    """A batch on a device is of float32: problem and weight hardly differ from those in float64."""
    ours = task(loss="min-snr")
    x0, eps, _, *levels = ours.draw(0, 64, torch.Generator().manual_seed(0))
    exact = ours.objective.problem(x0.double(), eps.double(), LevelBatch(*levels))
    rounded = ours.objective.problem(x0, eps, LevelBatch(*(row.float() for row in levels)))
    torch.testing.assert_close(rounded.weight.double(), exact.weight, rtol=1e-4, atol=1e-6)
    torch.testing.assert_close(rounded.scaled.double(), exact.scaled, rtol=1e-4, atol=1e-5)
