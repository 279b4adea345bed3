"""Parts of a diffusers directory: read by diffusers, written by diffusers, and damaged in every way."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from spectralkit.errors import DataError, NonFiniteError, SpectralkitError
from spectralkit.models.documents import CONFIG
from spectralkit.models.pretrained import WEIGHTS, load_part, load_tensors, save_part, save_tensors
from spectralkit.torchvision_fix import repair_torchvision

repair_torchvision()

from diffusers import AutoencoderTiny, DiTTransformer2DModel, UNet2DModel  # noqa: E402  (importable after the repair)

NETWORKS = ("UNet2DModel", "DiTTransformer2DModel")


def unet() -> Any:
    torch.manual_seed(0)
    return UNet2DModel(
        sample_size=8,
        block_out_channels=(8, 8),
        norm_num_groups=4,
        num_class_embeds=3,
        down_block_types=("DownBlock2D", "DownBlock2D"),
        up_block_types=("UpBlock2D", "UpBlock2D"),
    )


def dit() -> Any:
    torch.manual_seed(0)
    return DiTTransformer2DModel(
        num_attention_heads=2, attention_head_dim=8, in_channels=3, num_layers=2, sample_size=8, num_embeds_ada_norm=2
    )


def called(network: Any) -> torch.Tensor:
    x = torch.randn(2, 3, 8, 8, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        return network.eval()(x, torch.tensor([500.0, 20.0]), class_labels=torch.tensor([0, 1])).sample


@pytest.mark.parametrize("build", [unet, dit])
def test_what_is_written_is_read_here_and_by_diffusers(build: Callable[[], Any], tmp_path: Path) -> None:
    network = build()
    save_part(network, tmp_path / "part", torch.float32)
    ours = load_part(tmp_path / "part", NETWORKS)
    theirs = type(network).from_pretrained(tmp_path / "part", use_safetensors=True)
    assert torch.equal(called(ours), called(network))
    assert torch.equal(called(theirs), called(network))
    assert not any(tensor.is_meta for tensor in (*ours.parameters(), *ours.buffers()))
    assert not ours.training


@pytest.mark.parametrize("build", [unet, dit])
def test_what_diffusers_writes_is_read(build: Callable[[], Any], tmp_path: Path) -> None:
    network = build()
    network.save_pretrained(tmp_path)
    assert torch.equal(called(load_part(tmp_path, NETWORKS)), called(network))


def test_weights_are_halved_on_disk_and_read_in_the_precision_asked_for(tmp_path: Path) -> None:
    network = unet()
    save_part(network, tmp_path)
    assert {value.dtype for value in load_tensors(tmp_path / WEIGHTS, torch.float32).values()} == {torch.float32}
    rounded = network.half().float()
    assert torch.equal(called(load_part(tmp_path, NETWORKS)), called(rounded))
    assert load_part(tmp_path, NETWORKS, torch.bfloat16).dtype == torch.bfloat16


def changed(**values: object) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        document = json.loads((folder / CONFIG).read_text())
        (folder / CONFIG).write_text(json.dumps({**document, **values}))

    return change


def weighed(edit: Callable[[dict[str, torch.Tensor]], object]) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        tensors = load_tensors(folder / WEIGHTS, torch.float32)
        edit(tensors)
        save_tensors(tensors, folder / WEIGHTS)

    return change


NAME = "conv_in.weight"

DAMAGE: list[tuple[str, Callable[[Path], object], type[SpectralkitError], str]] = [
    ("no config", lambda f: (f / CONFIG).unlink(), DataError, "cannot read checkpoint"),
    ("no JSON", lambda f: (f / CONFIG).write_text("{"), DataError, "corrupt checkpoint"),
    ("no text", lambda f: (f / CONFIG).write_bytes(b"\xff\xfe"), DataError, "corrupt checkpoint"),
    ("deep JSON", lambda f: (f / CONFIG).write_text("[" * 100000), DataError, "corrupt checkpoint"),
    ("a list", lambda f: (f / CONFIG).write_text("[]"), DataError, "holds no table"),
    ("no class", changed(_class_name=None), DataError, "is of 'None': known here are UNet2DModel"),
    ("another class", changed(_class_name="AutoencoderKL"), DataError, "is of 'AutoencoderKL': known here"),
    ("a function", changed(_class_name="__getattr__"), DataError, "known here"),
    ("an unknown key", changed(depth=3), DataError, "sets 'depth', which diffusers does not know in a UNet2DModel"),
    ("endless layers", changed(layers_per_block=10**9), DataError, "layers_per_block is 1000000000, out of all"),
    ("vast widths", changed(block_out_channels=[10**9]), DataError, "block_out_channels is .*out of all bounds"),
    ("many blocks", changed(block_out_channels=[8] * 100), DataError, "block_out_channels is .*out of all bounds"),
    ("no number", changed(dropout=float("nan")), DataError, "dropout is nan, out of all bounds"),
    ("text for a number", changed(norm_num_groups="four"), DataError, "corrupt checkpoint"),
    ("unlike lists", changed(down_block_types=["DownBlock2D"]), DataError, "corrupt checkpoint"),
    ("an unknown block", changed(down_block_types=["Spiral", "Spiral"]), DataError, "corrupt checkpoint"),
    ("wider than its weights", changed(block_out_channels=[16, 16]), DataError, "does not fit its config.json"),
    ("huge beyond its weights", changed(block_out_channels=[8 * 10**4] * 2), DataError, "does not fit"),
    ("no weights", lambda f: (f / WEIGHTS).unlink(), DataError, "cannot read checkpoint"),
    ("empty weights", lambda f: (f / WEIGHTS).write_bytes(b""), DataError, "corrupt checkpoint"),
    ("a pickle", lambda f: (f / WEIGHTS).write_bytes(b"\x80\x04" * 99), DataError, "corrupt checkpoint"),
    ("truncated", lambda f: (f / WEIGHTS).write_bytes((f / WEIGHTS).read_bytes()[:5000]), DataError, "corrupt"),
    ("a weight missing", weighed(lambda w: w.pop(NAME)), DataError, f"does not fit its config.json: .*{NAME}"),
    ("one too many", weighed(lambda w: w.update({"../../x": w[NAME] + 0})), DataError, "does not fit its config.json"),
    ("another shape", weighed(lambda w: w.update({NAME: w[NAME][:1] + 0})), DataError, f"does not fit.*{NAME}"),
    ("NaN", weighed(lambda w: w[NAME].fill_(torch.nan)), NonFiniteError, f"NaN or infinity in '{NAME}'"),
    ("infinite", weighed(lambda w: w[NAME].fill_(-torch.inf)), NonFiniteError, f"NaN or infinity in '{NAME}'"),
    ("whole numbers", weighed(lambda w: w.update({NAME: w[NAME].int()})), DataError, "holds torch.int32"),
]


@pytest.mark.parametrize(
    ("damage", "error", "message"), [case[1:] for case in DAMAGE], ids=[case[0] for case in DAMAGE]
)
def test_damage_is_told(
    damage: Callable[[Path], object], error: type[SpectralkitError], message: str, tmp_path: Path
) -> None:
    save_part(unet(), tmp_path)
    damage(tmp_path)
    with pytest.raises(error, match=message) as caught:
        load_part(tmp_path, NETWORKS)
    assert str(tmp_path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_an_autoencoder_is_a_part_too(tmp_path: Path) -> None:
    network = AutoencoderTiny(
        encoder_block_out_channels=(8, 8),
        decoder_block_out_channels=(8, 8),
        num_encoder_blocks=(1, 1),
        num_decoder_blocks=(1, 1),
    )
    save_part(network, tmp_path, torch.float32)
    loaded = load_part(tmp_path, ("AutoencoderTiny",))
    x = torch.rand(1, 3, 8, 8)
    assert torch.equal(loaded.encode(x).latents, network.eval().encode(x).latents)


def test_weights_that_may_not_be_read_are_told_as_such(tmp_path: Path) -> None:
    """safetensors says of them that there is no such file."""
    path = tmp_path / WEIGHTS
    save_tensors({"a": torch.zeros(1)}, path)
    path.chmod(0)
    if os.access(path, os.R_OK):
        pytest.skip("this user may read everything")
    with pytest.raises(DataError, match=f"cannot read checkpoint .*{WEIGHTS}: Permission denied"):
        load_tensors(path, torch.float32)
