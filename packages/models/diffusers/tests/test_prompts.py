"""Pipelines that take prompts, against diffusers' own."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import diffusers
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file, save_file

import spectralkit as sk
from spectralkit.cli.main import main
from spectralkit.errors import ConfigurationError, DataError
from spectralkit.testing.law import natural_images

pytest.importorskip("transformers", reason="prompts need the extra [text]")
STEPS, CLOSE = 6, {"rtol": 1e-5, "atol": 1e-4}
CAT, DOG = "a cat", "a dog"
# transformers of one version and diffusers of another warn of names that are going out of use.
pytestmark = [
    pytest.mark.filterwarnings("ignore::FutureWarning"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
]


def images(side: int = 16) -> torch.Tensor:
    return natural_images(0, 2, (3, side, side))


def sampled(pipeline: Any, side: int, guidance: float, latents: torch.Tensor) -> Any:
    """What a pipeline itself makes of two latents."""
    pipeline.set_progress_bar_config(disable=True)
    return pipeline(
        [DOG, DOG],
        height=side,
        width=side,
        num_inference_steps=STEPS,
        guidance_scale=guidance,
        latents=latents,
        output_type="pt",
    ).images


@torch.no_grad()
def test_stable_diffusion_denoises_one_step_as_diffusers(save, small):
    pipeline = small.stable_diffusion(small.ddim(beta_schedule="scaled_linear", steps_offset=1, set_alpha_to_one=False))
    model = sk.load_model(save(pipeline), prompts=[CAT, DOG], negative_prompt="grey")
    assert (list(model.conditions), model.shape, model.multiple) == ([CAT, DOG], (3, 16, 16), 4)
    positive, negative = pipeline.encode_prompt([CAT], "cpu", 1, True, negative_prompt=["grey"])
    torch.testing.assert_close(model.condition(CAT).embedding, positive)
    torch.testing.assert_close(model.null, negative)
    x, level = torch.randn(2, 4, 8, 8, generator=torch.Generator().manual_seed(0)), model.schedule.levels(STEPS)[3]
    t = torch.tensor(level.label)
    told, away = (pipeline.unet(x, t, row.expand(2, -1, -1)).sample for row in (positive, negative))
    eps = model.denoiser(x, level, model.condition(CAT), 7.5).eps
    torch.testing.assert_close(eps, away + 7.5 * (told - away), **CLOSE)


@torch.no_grad()
def test_stable_diffusion_samples_as_its_pipeline(save, small):
    pipeline = small.stable_diffusion(small.ddim(beta_schedule="scaled_linear", steps_offset=1, set_alpha_to_one=False))
    model = sk.load_model(save(pipeline), prompts=[CAT, DOG])
    inverted = sk.invert(model, sk.load_method("standard"), images(), source=CAT, steps=STEPS)
    out = sk.sample(model, sk.load_method("standard"), inverted, target=DOG, guidance=3.0)
    expected = sampled(pipeline, 16, 3.0, inverted.latent)
    torch.testing.assert_close(out.images, expected, **CLOSE)


@torch.no_grad()
@pytest.mark.parametrize("third", [True, False])
def test_stable_diffusion_3_samples_as_its_pipeline(third, save, small):
    pipeline = small.stable_diffusion_3(third=third)
    model = sk.load_model(save(pipeline), prompts=[CAT, DOG])
    inverted = sk.invert(model, sk.load_method("standard"), images(), source=CAT, steps=STEPS)
    out = sk.sample(model, sk.load_method("standard"), inverted, target=DOG, guidance=3.0)
    expected = sampled(pipeline, 16, 3.0, inverted.inversion.latent)
    torch.testing.assert_close(out.images, expected, **CLOSE)


@torch.no_grad()
@pytest.mark.parametrize("guided", [True, False])
def test_flux_samples_as_its_pipeline(guided, save, small):
    scheduler = None if guided else diffusers.FlowMatchEulerDiscreteScheduler()
    pipeline = small.flux_pipeline(scheduler, guidance_embeds=guided)
    model = sk.load_model(save(pipeline), prompts=[CAT, DOG], size=32)
    assert model.multiple == (None if guided else 4)
    assert (model.null is None) == guided
    method, weight = sk.load_method("standard"), 3.5 if guided else 1.0
    inverted = sk.invert(model, method, images(32), source=CAT, steps=STEPS)
    out = sk.sample(model, method, inverted, target=DOG, guidance=weight)
    assert out.cost.forwards == STEPS
    expected = sampled(pipeline, 32, 3.5, pipeline._pack_latents(inverted.inversion.latent, 2, 4, 16, 16))
    torch.testing.assert_close(out.images, expected, **CLOSE)
    if guided:
        other = sk.sample(model, method, inverted, target=DOG, guidance=1.0)
        assert not torch.allclose(other.images, out.images)


def test_a_bare_network_of_prompts_has_one_condition(save, small):
    for network in (small.conditional_unet(), small.sd3(), small.flux()):
        scheduler = small.ddim() if network is None else diffusers.FlowMatchEulerDiscreteScheduler()
        model = sk.load_model(save(network, scheduler), size=16)
        assert list(model.conditions) == ["any"]
        assert "no text encoder" in model.told[2]
        x0 = torch.rand(1, *model.shape)
        assert torch.isfinite(sk.invert(model, sk.load_method("standard"), x0, source="any", steps=2).latent).all()


def test_no_prompt_is_the_empty_one(save, small):
    directory = save(small.stable_diffusion())
    model = sk.load_model(directory)
    assert list(model.conditions) == ["any"]
    assert "assumed because none was given" in model.told[2]
    other = sk.load_model(directory, prompts=["", CAT])
    assert list(other.conditions) == ["any", CAT]
    torch.testing.assert_close(other.condition("any").embedding, model.condition("any").embedding)


def test_what_takes_no_prompts_says_so(save, small):
    with pytest.raises(ConfigurationError, match="takes no prompts"):
        sk.load_model(save(small.unet(), small.ddim()), prompts=[CAT])
    with pytest.raises(ConfigurationError, match="takes no negative prompt"):
        sk.load_model(save(small.flux_pipeline()), negative_prompt="grey", size=16)
    with pytest.raises(ConfigurationError, match="holds no text encoder"):
        sk.load_model(save(small.conditional_unet(), small.ddim()), prompts=[CAT])


def test_a_long_prompt_is_told(save, small):
    directory = save(small.stable_diffusion())
    with pytest.warns(UserWarning, match="tokens, of which text_encoder reads 16"):
        sk.load_model(directory, prompts=["a very long prompt indeed"])


def test_a_text_encoder_as_a_pickle_is_refused(save, small):
    directory = save(small.stable_diffusion())
    (directory / "text_encoder" / "model.safetensors").rename(directory / "text_encoder" / "pytorch_model.bin")
    with pytest.raises(DataError, match=r"pytorch_model\.bin is a pickle"):
        sk.load_model(directory)


def test_a_text_encoder_that_lacks_weights_is_refused(save, small):
    """They would be random numbers."""
    directory = save(small.stable_diffusion())
    weights = directory / "text_encoder" / "model.safetensors"
    kept = load_file(weights)
    lost = max(kept)
    save_file({name: value for name, value in kept.items() if name != lost}, weights, {"format": "pt"})
    with pytest.raises(DataError, match="lacks the weight"):
        sk.load_model(directory)


@pytest.mark.parametrize("size", ["1GB", "2KB"])
def test_a_variant_of_a_text_encoder_is_read_whole_or_in_shards(size, save, small):
    pipeline = small.stable_diffusion()
    whole = sk.load_model(directory := save(pipeline), prompts=[CAT])
    (directory / "text_encoder" / "model.safetensors").unlink()
    pipeline.text_encoder.save_pretrained(directory / "text_encoder", variant="fp16", max_shard_size=size)
    assert (len(list((directory / "text_encoder").glob("*.safetensors"))) > 1) == (size == "2KB")
    assert torch.equal(sk.load_model(directory, prompts=[CAT]).condition(CAT).embedding, whole.condition(CAT).embedding)


def test_other_pipelines_and_inputs_are_refused(save, small):
    directory = save(
        small.conditional_unet(
            addition_embed_type="text_time", addition_time_embed_dim=4, projection_class_embeddings_input_dim=24
        ),
        small.ddim(),
    )
    with pytest.raises(DataError, match="addition_embed_type = 'text_time'"):
        sk.load_model(directory)
    directory = save(small.stable_diffusion())
    index = json.loads((directory / "model_index.json").read_text())
    (directory / "model_index.json").write_text(json.dumps({**index, "controlnet": ["diffusers", "ControlNetModel"]}))
    with pytest.raises(DataError, match="'controlnet'"):
        sk.load_model(directory)


def test_the_program_takes_prompts(save, small, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    directory = save(small.stable_diffusion())
    Image.effect_noise((16, 16), 50).convert("RGB").save("x.png")
    words = ["translate", "x.png", "--model", str(directory), "--steps", "2", "--guidance", "2"]
    words += ["--source-prompt", CAT, "--target-prompt", DOG, "--negative-prompt", "grey"]
    assert main([*words, "--out", "out"]) == 0
    told = capsys.readouterr()
    assert "guidance leads away from 'grey'" in told.err
    assert f"{CAT} -> {DOG}" in told.out


def test_a_run_takes_prompts_and_is_repeated_from_its_record(save, small, tmp_path, monkeypatch, capsys):
    for package in ("spectralkit_datasets_ihc", "spectralkit_metrics_image"):
        pytest.importorskip(package)
    monkeypatch.chdir(tmp_path)
    run = ["run", "--dataset", "ihc", "--samples", "1", "--metrics", "psnr", "--quiet", "--steps", "2"]
    words = ["--model", str(save(small.stable_diffusion())), "--source-prompt", CAT, "--target-prompt", DOG]
    assert main([*run, *words, "--set", "model.size=64", "--out", "run"]) == 0
    assert main(["run", "--config", "run/run.toml", "--out", "again", "--quiet"]) == 0
    pictures = [sorted(Path(out, "samples").glob("*.png"))[0].read_bytes() for out in ("run", "again")]
    assert pictures[0] == pictures[1]
    assert main([*run, "--model", "gaussian", "--source-prompt", CAT, "--out", "no"]) == 2
    assert "no parameter 'prompts'" in capsys.readouterr().err
