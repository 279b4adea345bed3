"""Checkpoints: what is saved is what is loaded, plain diffusers loads the parts, and damage is told in one line."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import attrs
import pytest
import torch

import spectralkit as sk
from spectralkit.diffusion.denoiser import NetworkDenoiser
from spectralkit.diffusion.flow import FlowSchedule
from spectralkit.diffusion.parameterization import (
    EDMParameterization,
    EpsParameterization,
    FlowParameterization,
    VParameterization,
)
from spectralkit.diffusion.process import Process
from spectralkit.diffusion.schedule import KarrasSchedule, Level, VPSchedule
from spectralkit.errors import DataError, SpectralkitError
from spectralkit.inversion.noise import Noise
from spectralkit.models.card import Card, Normalisation, read_card
from spectralkit.models.checkpoint import load_checkpoint, save_checkpoint
from spectralkit.models.directory import CARD
from spectralkit.models.scheduler import scheduler_for
from spectralkit.torchvision_fix import repair_torchvision

repair_torchvision()

import diffusers  # noqa: E402  (importable after the repair)

SIDE = 8


def unet(channels: int = 3) -> Any:
    return diffusers.UNet2DModel(
        sample_size=SIDE,
        in_channels=channels,
        out_channels=channels,
        block_out_channels=(8, 8),
        norm_num_groups=4,
        num_class_embeds=3,
        down_block_types=("DownBlock2D", "DownBlock2D"),
        up_block_types=("UpBlock2D", "UpBlock2D"),
    )


def dit(channels: int = 3) -> Any:
    return diffusers.DiTTransformer2DModel(
        num_attention_heads=2,
        attention_head_dim=8,
        in_channels=channels,
        num_layers=2,
        sample_size=SIDE,
        num_embeds_ada_norm=2,
    )


def vae() -> Any:
    return diffusers.AutoencoderTiny(
        encoder_block_out_channels=(8, 8),
        decoder_block_out_channels=(8, 8),
        num_encoder_blocks=(1, 1),
        num_decoder_blocks=(1, 1),
    )


def card(**changes: Any) -> Card:
    given = {
        "process": "toy",
        "process_parameters": {},
        "conditions": ("low", "high"),
        "shape": (3, SIDE, SIDE),
        "multiple": 2,
        "dataset": "toy",
        "training": {"steps": 0, "nothing": None},
        **changes,
    }
    return Card(**given)


LATENT = Normalisation(shift=(0.1, 0.2, 0.3, 0.4), scale=(1.0, 2.0, 3.0, 4.0), posterior="mode")


@pytest.fixture
def saved(toys: Path, tmp_path: Path) -> Path:
    torch.manual_seed(0)
    save_checkpoint(tmp_path / "model", unet(), card())
    return tmp_path / "model"


@pytest.mark.parametrize("build", [unet, dit])
def test_a_checkpoint_is_its_network(build: Callable[[], Any], toys: Path, tmp_path: Path) -> None:
    torch.manual_seed(0)
    network = build()
    save_checkpoint(tmp_path, network, card())
    model = load_checkpoint(tmp_path, "mine")
    # The weights are rounded; what the constructor computes (position embeddings) is not on disk.
    network.load_state_dict({name: value.half().float() for name, value in network.state_dict().items()})
    rounded = network.eval()
    x, level = torch.randn(2, 3, SIDE, SIDE), Level(500.0, 0.6, 0.8)
    with torch.no_grad():
        for index, name in enumerate(("low", "high")):
            expected = rounded(x, torch.full((2,), 500.0), class_labels=torch.tensor([index, index])).sample
            torch.testing.assert_close(model.denoiser(x, level, model.condition(name)).eps, expected)
        null = rounded(x, torch.full((2,), 500.0), class_labels=torch.tensor([2, 2])).sample
    torch.testing.assert_close(model.denoiser(x, level, model.condition("low"), 0.0).eps, null)
    assert (model.name, model.shape, model.dataset, model.multiple) == ("mine", (3, SIDE, SIDE), "toy", 2)
    assert model.provenance["training"] == {"steps": 0, "nothing": None}


def test_states_are_contiguous_whatever_the_layout_of_the_weights(saved: Path) -> None:
    """Channels last in memory is for the network alone: what a caller is given may be viewed and saved."""
    model = load_checkpoint(saved, "mine")
    assert isinstance(model.denoiser, NetworkDenoiser)
    assert any(not weight.is_contiguous() for weight in model.denoiser.network.parameters())
    x = torch.randn(2, 3, SIDE, SIDE, requires_grad=True)
    eps = model.denoiser(x, Level(500.0, 0.6, 0.8), model.condition("low")).eps
    (gradient,) = torch.autograd.grad(eps.square().sum(), x)
    assert eps.is_contiguous()
    assert gradient.is_contiguous()


def test_a_latent_checkpoint_is_its_autoencoder_too(toys: Path, tmp_path: Path) -> None:
    torch.manual_seed(0)
    autoencoder = vae()
    save_checkpoint(tmp_path, unet(4), card(latent=LATENT, shape=(3, 16, 16), multiple=4), autoencoder)
    model = load_checkpoint(tmp_path, "mine")
    images = torch.rand(2, 3, 16, 16)
    with torch.no_grad():
        latents = autoencoder.half().float().eval().encode(2 * images - 1).latents
    shift, scale = (torch.tensor(row).view(1, -1, 1, 1) for row in (LATENT.shift, LATENT.scale))
    x = model.codec.encode(images, Noise(0, ["a", "b"]))
    torch.testing.assert_close(x, (latents - shift) / scale)
    out = sk.translate(model, sk.load_method("standard"), images, source="low", target="high", steps=2)
    assert out.images.shape == images.shape
    assert out.latent.shape == (2, 4, SIDE, SIDE)


def test_plain_diffusers_loads_the_parts(toys: Path, tmp_path: Path) -> None:
    torch.manual_seed(0)
    network, autoencoder = unet(4), vae()
    save_checkpoint(tmp_path, network, card(latent=LATENT), autoencoder)
    options = {"use_safetensors": True, "torch_dtype": torch.float32}
    theirs = diffusers.UNet2DModel.from_pretrained(tmp_path, subfolder="unet", **options)
    for name, value in network.state_dict().items():
        assert torch.equal(theirs.state_dict()[name], value.half().float()), name
    decoder = diffusers.AutoencoderTiny.from_pretrained(tmp_path, subfolder="vae", **options)
    assert torch.equal(decoder.decoder.layers[0].weight, autoencoder.decoder.layers[0].weight.half().float())
    index = json.loads((tmp_path / "model_index.json").read_text())
    assert index["unet"] == ["diffusers", "UNet2DModel"]
    assert index["vae"] == ["diffusers", "AutoencoderTiny"]
    scheduler = diffusers.DDIMScheduler.from_pretrained(tmp_path, subfolder="scheduler")
    assert scheduler.config.prediction_type == "epsilon"


@pytest.mark.parametrize("final", ["level", "clean"])
@pytest.mark.parametrize("spacing", ["leading", "trailing"])
@pytest.mark.parametrize("parameterization", [EpsParameterization(), VParameterization()])
def test_the_scheduler_samples_as_the_process_does(final: Any, spacing: Any, parameterization: Any) -> None:
    """DDIM by diffusers and by ours, 10 steps, on one random network."""
    schedule = VPSchedule(final=final, spacing=spacing, offset=0 if spacing == "trailing" else 1)
    process = Process(schedule, parameterization)
    scheduler = scheduler_for(process)
    assert isinstance(scheduler, diffusers.DDIMScheduler)
    torch.manual_seed(0)
    network = unet().eval()
    model = sk.from_network(network, process=process, conditions=("low", "high"), null=2, shape=(3, SIDE, SIDE))
    x = theirs = torch.randn(1, 3, SIDE, SIDE)
    levels = schedule.levels(10)
    scheduler.set_timesteps(10)
    with torch.no_grad():
        for index, t in zip(range(10, 0, -1), scheduler.timesteps, strict=True):
            assert float(t) == levels[index].label
            theirs = scheduler.step(network(theirs, t, class_labels=torch.tensor([1])).sample, t, theirs).prev_sample
            prediction = model.denoiser(x, levels[index], model.condition("high"))
            x = levels[index - 1].alpha * prediction.x0 + levels[index - 1].sigma * prediction.eps
    torch.testing.assert_close(theirs, x, rtol=1e-4, atol=1e-4)


def test_the_other_schedulers_have_the_levels_of_the_process() -> None:
    edm = scheduler_for(Process(KarrasSchedule(0.01, 50.0), EDMParameterization(0.7)))
    assert isinstance(edm, diffusers.EDMEulerScheduler)
    x, output = torch.randn(1, 3, 4, 4), torch.randn(1, 3, 4, 4)
    affine = EDMParameterization(0.7).affine(1.0, 5.0)
    found = edm.precondition_outputs(x, output, torch.tensor(5.0))
    torch.testing.assert_close(found, affine.p * x + affine.q * output)
    flow = scheduler_for(Process(FlowSchedule(shift=3.0), FlowParameterization()))
    assert isinstance(flow, diffusers.FlowMatchEulerDiscreteScheduler)
    assert flow.config.shift == 3.0
    assert scheduler_for(Process(KarrasSchedule(label="raw"), EDMParameterization())) is None
    assert scheduler_for(Process(VPSchedule(), FlowParameterization())) is None


def test_parameters_of_the_process_take_the_place_of_the_cards(saved: Path) -> None:
    model, plain = sk.load_model(saved, beta_end=0.02), sk.load_model(saved)
    assert model.schedule == VPSchedule(beta_end=0.02) != plain.schedule
    assert model.provenance["beta_end"] == 0.02
    with pytest.raises(SpectralkitError, match="no parameter 'beta'"):
        sk.load_model(saved, beta=1)


def test_a_convolutional_model_takes_other_sizes(saved: Path) -> None:
    model = load_checkpoint(saved, "mine")
    assert model.takes((3, 16, 24))
    assert not model.takes((3, 16, 9))
    assert not model.takes((1, 16, 16))
    out = sk.translate(
        model, sk.load_method("standard"), torch.rand(1, 3, 16, 24), source="low", target="high", steps=2
    )
    assert out.images.shape == (1, 3, 16, 24)
    fixed = attrs.evolve(model, multiple=None)
    assert not fixed.takes((3, 16, 24))
    assert fixed.takes((3, SIDE, SIDE))


def test_it_is_loaded_by_its_path(saved: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(saved.parent)
    assert sk.load_model("./model").name == "model"
    with pytest.raises(DataError, match=r"no checkpoint at ./nowhere: name a directory that holds spectralkit\.json"):
        sk.load_model("./nowhere")


def changed(**values: object) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        document = json.loads((folder / CARD).read_text())
        (folder / CARD).write_text(json.dumps({k: v for k, v in {**document, **values}.items() if v is not ...}))

    return change


def piped(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


DAMAGE: list[tuple[str, Callable[[Path], object], str]] = [
    ("no JSON", lambda f: (f / CARD).write_text("{"), "corrupt checkpoint"),
    ("another format", changed(format="other"), "format is not 'spectralkit-checkpoint-2'"),
    ("unknown key", changed(extra=1), "'extra'"),
    ("missing key", changed(dataset=...), "'dataset'"),
    ("shape of two", changed(shape=[3, 8]), r"shape must be \(channels, height, width\)"),
    ("no shape", changed(shape=[]), r"shape must be \(channels, height, width\)"),
    ("negative shape", changed(shape=[3, -8, 8]), "positive whole numbers"),
    ("vast shape", changed(shape=[3, 1 << 40, 8]), "at most 16384"),
    ("no multiple of it", changed(multiple=3), "must be multiples of 3"),
    ("no conditions", changed(conditions=[]), "conditions must be different names"),
    ("equal conditions", changed(conditions=["low", "low"]), "conditions must be different names"),
    ("more conditions", changed(conditions=["low", "high", "x"]), "names 3 conditions, but its network knows 2"),
    ("dataset is a number", changed(dataset=3), "process and dataset must be names"),
    ("training is a list", changed(training=[]), "must be tables"),
    ("unknown process", changed(process="toi"), "unknown parameterization 'toi'"),
    ("process parameter", changed(process_parameters={"x": 1}), "no parameter 'x'"),
    ("latent is a list", changed(latent=[]), "latent must be a table"),
    ("latent of text", changed(latent={"shift": ["a"], "scale": [1.0]}), "latent must hold finite numbers"),
    ("latent without scale", changed(latent={"shift": [0.0]}), "latent .*'scale'"),
    ("latent flat", changed(latent={"shift": [0.0], "scale": [0.0]}), "latent.scale must be positive"),
    ("latent uneven", changed(latent={"shift": [0.0], "scale": [1.0, 1.0]}), "a shift and a scale for every channel"),
    ("latent posterior", changed(latent={"shift": [0], "scale": [1], "posterior": "x"}), "'sample' or 'mode'"),
    ("latent without vae", changed(latent={"shift": [0], "scale": [1]}), "cannot read checkpoint .*vae"),
    ("network is a pipe", lambda f: piped(f / "unet" / "config.json"), "no file but a pipe"),
    ("weights are a pipe", lambda f: piped(f / "unet" / "diffusion_pytorch_model.safetensors"), "no file but a pipe"),
    ("no network", lambda f: (f / "unet").rename(f / "net"), "needs a folder unet or transformer"),
]


@pytest.mark.parametrize(("damage", "message"), [c[1:] for c in DAMAGE], ids=[c[0] for c in DAMAGE])
def test_damage_is_told(damage: Callable[[Path], object], message: str, saved: Path) -> None:
    damage(saved)
    with pytest.raises(SpectralkitError, match=message) as caught:
        load_checkpoint(saved, "mine")
    assert str(saved) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_the_card_survives_the_disk(saved: Path) -> None:
    assert read_card(saved) == card()
