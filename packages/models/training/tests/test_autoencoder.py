"""The autoencoder: its configuration, what it is trained on, and its directory."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import attrs
import pytest
import torch
from torch import Tensor, nn

from spectralkit.data import decimate
from spectralkit.errors import ConfigurationError, DataError, SpectralkitError
from spectralkit.torchvision_fix import repair_torchvision
from spectralkit_models_training.autoencoder import losses
from spectralkit_models_training.autoencoder.config import AutoencoderConfig
from spectralkit_models_training.autoencoder.directory import FILE, Facts, read_autoencoder, save_autoencoder
from spectralkit_models_training.autoencoder.network import TURNS, Reconstruction, build_network, encoded, moved
from spectralkit_models_training.autoencoder.perceptual import Perceptual
from spectralkit_models_training.autoencoder.task import SHOWN, AutoencoderTask
from spectralkit_models_training.options import preset, presets

TINY: dict[str, Any] = {
    "size": 16,
    "steps": 10,
    "latent_channels": 2,
    "widths": (8, 8),
    "encoder_layers": (1, 1),
    "decoder_layers": (1, 1),
    "perceptual": 0.0,
    "finish_perceptual": 0.0,
}


@attrs.frozen
class Waves:
    """Random waves, and the same decimated."""

    channels: int = 3
    conditions: tuple[str, ...] = ("low", "high")
    digest: str = "0" * 64

    def draw(self, domains: Sequence[int], size: int, generator: torch.Generator) -> Tensor:
        places = torch.arange(size) / size
        images = []
        for domain in domains:
            k, phase = 6 * torch.rand(2, self.channels, 1, 1, generator=generator)
            image = (k * places + k * places[:, None] + phase).sin() / 2 + 0.5
            images.append(image if domain == len(self.conditions) - 1 else decimate(image, 4))
        return torch.stack(images)


class Identity(nn.Module):
    """Reconstructs perfectly, whatever is asked for."""

    def forward(
        self, pixels: Tensor, noise: Tensor, turn: Tensor, halvings: int, learns: bool
    ) -> tuple[Tensor, Tensor]:
        return moved(pixels, turn, halvings), torch.zeros_like(noise)


class Squares(nn.Module):
    """A distance without a network."""

    def forward(self, reconstruction: Tensor, pixels: Tensor) -> Tensor:
        return losses.mean((reconstruction - pixels).square())


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def tiny(data: Waves | None = None, **options: Any) -> AutoencoderTask:
    return AutoencoderTask.build(AutoencoderConfig(**{**TINY, "score": "none", **options}), data or Waves())


def test_the_network_has_the_size_that_its_configuration_says() -> None:
    config = AutoencoderConfig()
    network: Any = build_network(config, 3)
    assert sum(weight.numel() for weight in network.parameters()) == pytest.approx(1.07e6, rel=0.01)
    latent = network.encode(torch.zeros(1, 3, 64, 32), return_dict=False)[0]
    assert latent.shape == (1, config.latent_channels, 64 // config.factor, 32 // config.factor)


def test_the_seed_makes_the_weights_and_leaves_other_draws_alone() -> None:
    torch.manual_seed(7)
    first = build_network(AutoencoderConfig(**TINY), 3).state_dict()
    after = torch.rand(3)
    torch.manual_seed(7)
    assert torch.equal(after, torch.rand(3))
    again, other = (build_network(AutoencoderConfig(**TINY, seed=seed), 3).state_dict() for seed in (0, 1))
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert not all(torch.equal(first[name], other[name]) for name in first)


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"widths": (48, 90)}, "widths 48,90 do not fit"),
        ({"widths": (8, 64)}, "widths 8,64 do not fit"),
        ({"encoder_layers": (2,)}, "encoder-layers must hold one number for each of the 2 widths"),
        ({"decoder_layers": (1, 0)}, "decoder-layers must be whole numbers of at least 1"),
        ({"size": 20}, "size 20 must be a multiple of 8"),
        ({"size": 18, "halve_every": 0}, "size 18 must be a multiple of 4"),
        ({"finish": 1.0}, "finish must be a number of at least 0 and at most 0.9"),
        ({"noise": -0.1}, "noise must be a number of at least 0"),
    ],
)
def test_impossible_configurations_are_refused(wrong: dict[str, Any], told: str) -> None:
    with pytest.raises(ConfigurationError, match=told):
        AutoencoderConfig(**{**TINY, **wrong})


def test_a_configuration_survives_its_table() -> None:
    config = AutoencoderConfig(**TINY)
    assert AutoencoderConfig(**config.as_table()) == config


@pytest.mark.parametrize("name", presets("train-autoencoder"))
def test_presets_are_configurations(name: str) -> None:
    assert AutoencoderConfig(**preset("train-autoencoder", name, AutoencoderConfig)).dataset == name.partition("-")[0]


def test_turns_are_the_eight_symmetries_of_a_square() -> None:
    image = torch.arange(9.0).view(1, 1, 3, 3)
    turned = moved(image.expand(TURNS, 1, 3, 3), torch.arange(TURNS), 0)
    symmetries = [torch.rot90(mirrored, k, (-2, -1)) for mirrored in (image, image.flip(-1)) for k in range(4)]
    assert {tuple(t.flatten().tolist()) for t in turned} == {tuple(s.flatten().tolist()) for s in symmetries}
    assert torch.equal(turned[0], image[0])


def test_halving_takes_the_mean_of_four() -> None:
    images = torch.rand(2, 3, 8, 8, generator=seeded())
    halved = moved(images, torch.zeros(2, dtype=torch.long), 1)
    torch.testing.assert_close(halved[:, :, 1, 2], images[:, :, 2:4, 4:6].mean((-2, -1)))


def test_a_latent_is_turned_with_its_target() -> None:
    """Of an autoencoder of single pixels, which no turn disturbs, the reconstruction lies on the target."""

    class Pixels(nn.Module):
        def encode(self, pixels: Tensor, return_dict: bool) -> tuple[Tensor]:
            return (2 * pixels,)

        def decode(self, latent: Tensor, return_dict: bool) -> tuple[Tensor]:
            return (latent / 2,)

    pixels, turn = torch.rand(TURNS, 3, 8, 8, generator=seeded()), torch.arange(TURNS)
    for halvings in (0, 1):
        output, _ = Reconstruction(Pixels())(pixels, torch.zeros_like(pixels), turn, halvings, True)
        torch.testing.assert_close(output, moved(pixels, turn, halvings))


def test_a_draw_is_made_by_its_generator_alone() -> None:
    task = tiny()
    torch.manual_seed(1)
    first = task.draw(3, 8, seeded())
    torch.manual_seed(2)
    again, other = task.draw(3, 8, seeded()), task.draw(3, 8, seeded(1))
    assert all(torch.equal(a, b) for a, b in zip(first, again, strict=True))
    assert all(len(row) == 8 for row in first)
    assert not torch.equal(first[0], other[0])


def test_a_batch_has_its_share_of_the_target_in_the_range_of_the_network() -> None:
    pixels, degraded, noise, turn = tiny().draw(0, 8, seeded())
    assert int(degraded.sum()) == 3
    blocks = pixels - decimate(pixels, 4)
    assert torch.equal(blocks.flatten(1).abs().amax(1) == 0, degraded)
    assert -1 <= pixels.min() < -0.5
    assert 0.5 < pixels.max() <= 1
    assert noise.shape == (8, 2, 4, 4)
    assert 0 < int((turn > 0).sum()) < 8


def test_data_without_sources_show_the_target_alone() -> None:
    _, degraded, *_ = tiny(Waves(conditions=("high",))).draw(0, 8, seeded())
    assert not degraded.any()


@pytest.mark.parametrize("step", [0, 4, 9])
def test_what_reconstructs_perfectly_has_no_loss(step: int) -> None:
    task = tiny()
    assert task.loss(Identity(), task.draw(step, 8, seeded()), step).item() == 0


@pytest.mark.parametrize("step", [0, 4, 9])
def test_a_loss_is_the_mean_over_the_rows(step: int) -> None:
    """So that it does not matter how rows are shared by processes."""
    task = tiny()
    task = attrs.evolve(
        task, perceptual=Squares(), config=attrs.evolve(task.config, perceptual=0.1, finish_perceptual=0.2)
    )
    batch = task.draw(step, 8, seeded())
    rows = [task.loss(task.module, tuple(row[i : i + 1] for row in batch), step) for i in range(8)]
    torch.testing.assert_close(torch.stack(rows).mean(), task.loss(task.module, batch, step))


def test_the_encoder_rests_in_the_last_part() -> None:
    task = tiny()
    halves: Any = task.module.autoencoder
    for step, learns in ((0, True), (6, True), (7, False), (9, False)):
        task.module.zero_grad()
        task.loss(task.module, task.draw(step, 4, seeded()), step).backward()  # type: ignore[no-untyped-call]
        assert all((weight.grad is not None) is learns for weight in halves.encoder.parameters())
        assert all(weight.grad is not None for weight in halves.decoder.parameters())


STARTED: dict[str, Any] = {"size": 16, "steps": 10, "dataset": "ihc", "finish_perceptual": 0.0, "score": "none"}


def test_the_decoder_of_another_autoencoder_is_trained_on_while_its_encoder_stays(tmp_path: Path) -> None:
    start = small_directory(tmp_path / "start")
    task = AutoencoderTask.build(AutoencoderConfig(**STARTED, start=str(start)), Waves())
    assert task.perceptual is None
    before = {name: weight.clone() for name, weight in task.module.autoencoder.state_dict().items()}
    optimiser = torch.optim.AdamW(task.module.parameters(), lr=1e-3, weight_decay=0.1)
    for step in (0, 1):
        optimiser.zero_grad()
        task.loss(task.module, task.draw(step, 4, seeded(step)), step).backward()  # type: ignore[no-untyped-call]
        optimiser.step()
    after = task.module.autoencoder.state_dict()
    assert {name.split(".")[0] for name in after if not torch.equal(after[name], before[name])} == {"decoder"}
    task.export(task.module, tmp_path / "made", {})
    made, facts = read_autoencoder(tmp_path / "made")
    assert (facts.factor, facts.channels) == (4, 2)
    pixels = 2 * torch.rand(1, 3, 16, 16, generator=seeded()) - 1
    told = [encoded(network, pixels) for network in (made, read_autoencoder(start)[0])]
    assert torch.equal(*told)


def test_a_variational_autoencoder_is_trained_on_at_its_mode(tmp_path: Path) -> None:
    variational(tmp_path)
    task = AutoencoderTask.build(AutoencoderConfig(**STARTED, start=str(tmp_path)), Waves())
    task.loss(task.module, task.draw(0, 4, seeded()), 0).backward()  # type: ignore[no-untyped-call]
    halves: Any = task.module.autoencoder
    assert all(weight.grad is not None for weight in halves.decoder.parameters())
    assert not any(weight.grad is not None for weight in halves.encoder.parameters())


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"widths": (8, 8), "noise": 0.2}, "widths, noise cannot be chosen with start, whose encoder rests"),
        ({"size": 20}, "size 20 is no multiple of 8, the factor of autoencoder"),
        ({"dataset": "cells"}, "was trained on data set 'ihc', not 'cells'"),
        ({"start": "ddim"}, "model 'ddim' works on pixels and has no autoencoder"),
        ({"start": "./nowhere"}, "no autoencoder at nowhere"),
    ],
)
def test_an_autoencoder_that_does_not_fit_is_refused(tmp_path: Path, options: dict[str, Any], told: str) -> None:
    start = {"start": str(small_directory(tmp_path / "start", factor=8 if "size" in options else 4))}
    with pytest.raises(SpectralkitError, match=told):
        AutoencoderTask.build(AutoencoderConfig(**{**STARTED, **start, **options}), Waves())


def test_steps_on_a_batch_lower_its_loss() -> None:
    task = tiny()
    optimiser = torch.optim.AdamW(task.module.parameters(), lr=5e-3)
    batch, seen = task.draw(0, 8, seeded()), []
    for _ in range(40):
        loss = task.loss(task.module, batch, 0)
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        seen.append(loss.item())
    assert seen[-1] < 0.6 * seen[0]


def test_latents_are_drawn_back_from_beyond_the_bound() -> None:
    inside, outside = (losses.bound(torch.full((1, 2, 3, 3), value)).item() for value in (3.0, 4.5))
    assert inside == pytest.approx(9.0)
    assert outside == pytest.approx(4.5**2 + 10)


def test_the_spectrum_of_noise_knows_its_amplitude_and_not_its_place() -> None:
    noise = torch.randn(2, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    assert losses.spectrum(noise.roll((3, 5), (-2, -1)), noise).max() < 1e-3
    torch.testing.assert_close(losses.spectrum(noise / 2, noise), torch.full((2,), math.log(4)), rtol=1e-4, atol=0)
    assert losses.fine_power(noise).mean().item() == pytest.approx(1, abs=0.1)  # white noise, all rings alike


@pytest.mark.parametrize(("cycles", "is_fine"), [(2, False), (3, False), (4, True), (9, True), (16, True)])
def test_the_spectrum_is_of_the_two_finest_octaves(cycles: int, is_fine: bool) -> None:
    wave = torch.cos(2 * math.pi * cycles * torch.arange(32) / 32).expand(1, 1, 32, 32)
    rings = losses.fine_power(wave)[0, 0]
    assert rings.shape == (13,)
    assert (rings.max().item() > 1) is is_fine
    if is_fine:
        assert rings.argmax().item() == cycles - 4


def test_the_spectrum_is_compared_in_full_precision() -> None:
    """bfloat16 knows logarithms of this size to a percent, which is what the last steps are about."""
    noise = torch.randn(2, 3, 32, 32, generator=seeded())
    with torch.autocast("cpu", torch.bfloat16):
        found = losses.spectrum(1.002 * noise, noise)
    torch.testing.assert_close(found, torch.full((2,), 2 * math.log(1.002)), rtol=1e-2, atol=0)


def test_texture_is_amplitude_wherever_it_lies() -> None:
    noise = torch.randn(1, 3, 64, 64, generator=seeded())
    still = torch.zeros_like(noise)
    displaced = losses.texture(noise.roll(1, -1), noise)
    blurred = losses.texture(noise / 2, noise)
    assert displaced < 0.2 * blurred < losses.texture(still, noise)
    assert losses.texture(noise + 1, noise).item() == pytest.approx(0, abs=1e-5)  # what a blur leaves does not count


def test_the_perceptual_distance_is_a_distance_with_gradients() -> None:
    pytest.importorskip("spectralkit_metrics_perceptual")
    perceptual = Perceptual()
    pixels = 2 * Waves().draw([1, 1], 32, seeded()) - 1
    near, far = ((pixels + s * torch.randn(pixels.shape, generator=seeded(1))).requires_grad_() for s in (0.02, 0.3))
    assert torch.equal(perceptual(pixels, pixels), torch.zeros(2))
    assert (perceptual(near, pixels) < perceptual(far, pixels)).all()
    perceptual(far, pixels).sum().backward()
    assert far.grad is not None
    assert far.grad.abs().sum() > 0
    assert not any(weight.requires_grad for weight in perceptual.parameters())
    assert perceptual(pixels[:, :1], pixels[:, :1]).shape == (2,)


def test_a_missing_feature_network_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "spectralkit_metrics_perceptual.lite0", None)
    with pytest.raises(ConfigurationError, match="pip install spectralkit-metrics-perceptual, or set perceptual and"):
        tiny(perceptual=0.1)
    tiny(finish=0.0, finish_perceptual=0.2)  # which no step would weigh


def test_images_of_other_channels_have_no_perceptual_distance() -> None:
    with pytest.raises(ConfigurationError, match="data set 'ihc' has 2: set perceptual"):
        tiny(Waves(channels=2), perceptual=0.1)
    assert tiny(Waves(channels=2)).crops.shape[1] == 2


def test_pictures_show_originals_above_reconstructions() -> None:
    task = tiny()
    shown, again = task.show(task.module), task.show(task.module)
    assert shown.columns == SHOWN + 1
    assert len(shown.images) == 2 * shown.columns
    assert torch.equal(shown.images[: shown.columns], torch.cat([task.crops[:SHOWN], task.crops[-1:]]))
    assert torch.equal(shown.images, again.images)
    assert 0 < shown.scores["psnr"] < 30
    assert set(shown.scores) == {"psnr"}


def test_what_is_exported_is_read_again(tmp_path: Path) -> None:
    task = tiny(size=32)
    task.export(task.module, tmp_path, {"seed": 0, "versions": {"python": "3"}})
    network, facts = read_autoencoder(tmp_path)
    assert facts == Facts(
        factor=4,
        channels=2,
        shape=(3, 32, 32),
        dataset="ihc",
        digest="0" * 64,
        training={"seed": 0, "versions": {"python": "3"}},
    )
    assert not network.training
    assert not any(weight.requires_grad for weight in network.parameters())
    rounded = {name: weight.half().float() for name, weight in task.module.autoencoder.state_dict().items()}
    assert all(torch.equal(weight, rounded[name]) for name, weight in network.state_dict().items())


def test_diffusers_reads_what_is_exported(tmp_path: Path) -> None:
    repair_torchvision()
    from diffusers import AutoencoderDC

    task = tiny()
    task.export(task.module, tmp_path, {})
    theirs, (ours, _) = AutoencoderDC.from_pretrained(tmp_path), read_autoencoder(tmp_path)
    pixels = torch.rand(1, 3, 16, 16, generator=seeded())
    with torch.no_grad():
        assert torch.equal(*(network.encode(pixels, return_dict=False)[0] for network in (theirs.eval(), ours)))


@pytest.mark.parametrize(
    ("kind", "options", "expected"),
    [
        ("AutoencoderKL", {"block_out_channels": (8,) * 2, "norm_num_groups": 4, "latent_channels": 3}, (2, 3)),
        (
            "AutoencoderTiny",
            {f"{half}coder_block_out_channels": (8, 8) for half in ("en", "de")}
            | {"num_encoder_blocks": (1, 1), "num_decoder_blocks": (1, 1), "latent_channels": 5},
            (2, 5),
        ),
    ],
)
def test_of_an_unknown_autoencoder_factor_and_channels_are_tried(
    tmp_path: Path, kind: str, options: dict[str, Any], expected: tuple[int, int]
) -> None:
    repair_torchvision()
    import diffusers

    if kind == "AutoencoderKL":
        options = options | {
            "down_block_types": ("DownEncoderBlock2D",) * 2,
            "up_block_types": ("UpDecoderBlock2D",) * 2,
        }
    getattr(diffusers, kind)(**options).save_pretrained(tmp_path)
    _, facts = read_autoencoder(tmp_path)
    assert facts == Facts(factor=expected[0], channels=expected[1])


def variational(directory: Path) -> None:
    """Save one of diffusers' own."""
    repair_torchvision()
    from diffusers import AutoencoderKL

    widths = {"block_out_channels": (8, 8), "norm_num_groups": 4, "latent_channels": 2}
    blocks = {"down_block_types": ("DownEncoderBlock2D",) * 2, "up_block_types": ("UpDecoderBlock2D",) * 2}
    AutoencoderKL(**widths, **blocks).save_pretrained(directory)


def small_directory(directory: Path, factor: int = 4) -> Path:
    facts = Facts(factor=factor, channels=2, shape=(3, 16, 16), dataset="ihc", digest="", training={})
    layers = dict.fromkeys(("encoder_layers", "decoder_layers"), (1,) * (factor // 4 + 1))
    config = AutoencoderConfig(**{**TINY, **layers, "widths": (8,) * (factor // 4 + 1)})
    save_autoencoder(build_network(config, 3), facts, directory)
    return directory


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"format": "other"}, "its format is not 'spectralkit-autoencoder-1'"),
        ({"factor": 8}, "its network has factor 4 and 2 channels"),
        ({"channels": "2"}, "must be positive whole numbers"),
        ({"shape": [3, 16]}, "must be positive whole numbers"),
        ({"shape": "3x16x16"}, "must be positive whole numbers"),
        ({"dataset": 3}, "dataset and digest must be texts"),
        ({"training": []}, "training must be a table"),
        ({"colour": 1}, "it got an unexpected keyword argument 'colour'"),
    ],
)
def test_corrupt_facts_are_told(tmp_path: Path, change: dict[str, Any], told: str) -> None:
    path = small_directory(tmp_path) / FILE
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(DataError, match="corrupt autoencoder") as caught:
        read_autoencoder(tmp_path)
    assert told in str(caught.value)
    assert str(path) in str(caught.value)


def test_missing_and_foreign_directories_are_told(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"no autoencoder at .*absent: name a directory that holds config\.json"):
        read_autoencoder(tmp_path / "absent")
    (tmp_path / "config.json").write_text('{"_class_name": "UNet2DModel"}')
    with pytest.raises(DataError, match="is of 'UNet2DModel': known here are AutoencoderKL"):
        read_autoencoder(tmp_path)


def test_a_broken_file_of_facts_is_told(tmp_path: Path) -> None:
    (small_directory(tmp_path) / FILE).write_text("{")
    with pytest.raises(DataError, match=rf"corrupt checkpoint .*{FILE}"):
        read_autoencoder(tmp_path)
